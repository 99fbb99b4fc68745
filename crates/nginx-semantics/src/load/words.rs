//! Whether a text of any kind holds nginx configuration: a page, a script, a chart, a template.
//!
//! Such texts are not parsed: what stands around is another language. Only their statements are looked at, one by one,
//! for names that nothing but nginx has.

use crate::catalogue::{DirectiveName, lookup};

/// Lines longer than this are data, not text that people write.
const LONGEST_LINE: usize = 4_096;

/// Whether the text has lines of nginx: two directives with names of its own, or one beside a block of nginx, or one
/// that takes a variable of a request.
pub(super) fn holds_nginx(text: &[u8]) -> bool {
    seen(text, Seen::is_enough).is_enough()
}

/// Whether a template of what may be anything has a line of nginx at all: the head of a block that nginx has, or a
/// directive with a name of its own.
pub(super) fn hints_at_nginx(text: &[u8]) -> bool {
    let is_any = |seen: &Seen| seen.directives + seen.blocks + seen.heads > 0;
    is_any(&seen(text, is_any))
}

/// Whether a file that is a template by its name, of what may be anything, is one of nginx: as [`hints_at_nginx`], but a
/// head that others have too needs a directive of nginx beside it.
pub(super) fn is_of_template(text: &[u8]) -> bool {
    let is_enough = |seen: &Seen| seen.directives + seen.blocks > 0 || (seen.heads > 0 && seen.common > 0);
    is_enough(&seen(text, is_enough))
}

fn seen(text: &[u8], is_enough: impl Fn(&Seen) -> bool) -> Seen {
    let mut seen = Seen::default();
    for line in text.split(|byte| *byte == b'\n').filter(|line| line.len() <= LONGEST_LINE) {
        if memchr::memchr3(b';', b'{', b'}', line).is_none() {
            continue;
        }
        let (mut start, mut at) = (0, 0);
        while let Some(next) = line.get(at..).and_then(|rest| memchr::memchr3(b';', b'{', b'}', rest)) {
            let end = at + next;
            at = end + 1;
            if let Some(length) = placeholder(line, end) {
                at = end + length;
                continue;
            }
            let end_byte = line.get(end).copied().unwrap_or_default();
            seen.statement(line.get(start..end).unwrap_or_default(), end_byte);
            start = at;
        }
        if is_enough(&seen) {
            break;
        }
    }
    seen
}

/// The length of `{{ x }}`, `{% x %}` or the braces of `${x}` at a brace: they are parts of a word.
fn placeholder(line: &[u8], at: usize) -> Option<usize> {
    let rest = line.get(at..)?;
    let close: &[u8] = match rest {
        [b'{', b'{', ..] => b"}}",
        [b'{', b'%', ..] => b"%}",
        [b'{', ..] if at > 0 && line.get(at - 1) == Some(&b'$') => b"}",
        _ => return None,
    };
    memchr::memmem::find(rest, close).map(|length| length + close.len())
}

/// What was found so far.
#[derive(Debug, Default)]
struct Seen {
    first: Option<DirectiveName>,
    directives: usize,
    blocks: usize,
    /// Heads of blocks that other languages have too.
    heads: usize,
    /// Directives with names that other programs have too.
    common: usize,
    /// `listen 80`: the address of a server.
    listens: usize,
    has_variable: bool,
}

impl Seen {
    fn is_enough(&self) -> bool {
        let has_more = self.blocks > 0 || self.has_variable;
        self.directives > 1
            || (self.directives > 0 && has_more)
            || self.blocks > 1
            || (self.heads + self.blocks > 0 && self.listens > 0)
    }

    /// Takes the text before a `;`, `{` or `}`.
    fn statement(&mut self, text: &[u8], end: u8) {
        let quote = text.iter().rposition(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let quoted = quote.and_then(|at| text.get(at + 1..)).filter(|inner| !inner.is_empty());
        self.plain(written(text), end);
        // `echo 'server_name a;'`
        quoted.into_iter().for_each(|inner| self.plain(written(inner), end));
    }

    fn plain(&mut self, text: &[u8], end: u8) {
        let length = text.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
        let (name, rest) = text.split_at(length);
        let arguments = rest.trim_ascii();
        let is_apart = rest.first().is_none_or(u8::is_ascii_whitespace);
        if name.len() < 4 || !is_apart {
            return;
        }
        match end {
            b'{' => {
                self.blocks += usize::from(is_block(name, arguments));
                let is_head =
                    matches!(name, b"server" | b"http" | b"events" | b"stream") && arguments.is_empty();
                self.heads += usize::from(is_head || name == b"upstream" || name == b"location");
            }
            b';' if !name.contains(&b'_') => {
                let is_known = lookup(name) != DirectiveName::UNKNOWN;
                self.common += usize::from(is_known && !starts_expression(arguments));
                self.listens += usize::from(name == b"listen" && starts_address(arguments));
            }
            b';' if !arguments.is_empty() && !starts_expression(arguments) => {
                let name = lookup(name);
                if name == DirectiveName::UNKNOWN {
                    return;
                }
                // One name alone, however often, may be somebody else's.
                if self.first.is_none_or(|first| first != name) {
                    self.directives += 1;
                    self.first.get_or_insert(name);
                }
                self.has_variable |= arguments.contains(&b'$');
            }
            _ => {}
        }
    }
}

/// A block that only nginx writes so.
fn is_block(name: &[u8], arguments: &[u8]) -> bool {
    let mut words = arguments.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    match (name, words.next(), words.next()) {
        (b"location", Some(b"=" | b"~" | b"~*" | b"^~"), Some(_)) => true,
        (b"location", Some(path), None) => path.starts_with(b"/") || path.starts_with(b"@"),
        _ => false,
    }
}

/// A port, an address, a socket, or a placeholder for one.
fn starts_address(arguments: &[u8]) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_digit() || b"[*{$<".contains(byte);
    arguments.first().is_some_and(is_first) || arguments.starts_with(b"unix:")
}

/// `a = b`, `a(b)`: an expression of a program.
fn starts_expression(arguments: &[u8]) -> bool {
    matches!(
        arguments.first(),
        Some(b'=' | b'(' | b':' | b'+' | b'-' | b'*' | b'&' | b'|' | b'<' | b'>' | b'?' | b',')
    ) && !arguments.starts_with(b"<%")
}

/// A statement without what the language around puts before it: blanks, quotes, comment marks, `\n` and `\t` in a
/// string.
fn written(text: &[u8]) -> &[u8] {
    let mut text = text;
    loop {
        let before = text.len();
        text = text.trim_ascii_start();
        for mark in
            [&b"\\n"[..], b"\\t", b"\\r", b"\"", b"'", b"`", b"#", b"//", b">", b"+", b"-", b"*", b"|", b"\\"]
        {
            text = text.strip_prefix(mark).unwrap_or(text);
        }
        if text.len() == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{holds_nginx, is_of_template};

    #[test]
    fn nginx_in_other_languages() {
        for text in [
            "server {\n    location /ws {\n        proxy_pass http://a;\n    }\n}\n",
            "proxy_set_header Upgrade $http_upgrade;",
            "data:\n  nginx.conf: |\n    worker_processes 1;\n    error_log stderr;\n",
            "RUN echo 'server_name a; proxy_pass http://b;' > /etc/nginx/x\n",
            "{\"conf\": \"location / {\\n  proxy_pass http://a;\\n}\"}",
            "# server {\n#   location / {\n#     proxy_pass http://a;\n#   }\n# }\n",
            "> location = /ws { proxy_pass http://{{ backend }}; }",
            "server {\n\tlisten 8000 default_server;\n\t{{ if .Tls }}\n\treturn 301 https://a;\n\t{{ end }}\n}",
            "upstream <%= name %> {\n<% if x %>\nlocation ~ ^/a {\n<% end %>\nfastcgi_pass <%= x %>;",
        ] {
            assert!(holds_nginx(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn templates_need_more_than_a_head() {
        for text in ["server {\n  listen {{ .Port }};\n}", "proxy_pass {{ x }};", "location / {"] {
            assert!(is_of_template(text.as_bytes()), "{text}");
        }
        for text in ["server {\n  port = {{ .Port }}\n}", "upstream {{ x }} {", "listen {{ x }};"] {
            assert!(!is_of_template(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn other_languages_alone() {
        for text in [
            "fn main() { let server_name = 1; proxy_pass(http); }",
            "int proxy_pass = 0; error_log (\"x\"); access_log->x;",
            "#!/bin/bash\nif [[ -f x ]]; then nginx -g 'daemon off;'; fi",
            "The location is known; use proxy_pass to forward, see error_log.",
            "fn server() { let server {\n listen(80); listen = 80; return 1; }",
            "server { port = 80; }\nupstream x { a; }",
            "a { location: here; server_name: b; }",
            "access_log /x;\naccess_log /y;\n",
        ] {
            assert!(!holds_nginx(text.as_bytes()), "{text}");
        }
    }
}
