//! Whether a text of any kind holds nginx configuration: a page, a script, a chart, a template.
//!
//! Such texts are not parsed: what stands around is another language. Only their statements are looked at, one by one,
//! for names that nothing but nginx has.

use crate::catalogue::{DirectiveName, lookup};

/// As much of a line is kept until the next part of its text is there.
const LONGEST_REST: usize = 4_096;

/// What stands where a text of another kind begins to show lines of nginx, if it names nginx: the fence of a code block, an
/// annotation of an ingress.
const FENCES: [&[u8]; 10] = [
    b"-snippet: |",
    b"-snippets: |",
    b"```nginx",
    b"``` nginx",
    b"~~~nginx",
    b"~~~ nginx",
    b":: nginx",
    b"[source,nginx",
    b"language-nginx",
    b"{.nginx",
];

/// How much of nginx a text has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Two directives with names of nginx's own, or one beside a block of nginx, beside its name, or with a variable of a
    /// request; or a block that nothing else writes so.
    Lines,
    /// Any: the head of a block that nginx has, or a directive with a name of its own.
    Hint,
    /// The same, but a head that others have too needs a directive of nginx beside it: for templates of what may be
    /// anything.
    Template,
}

/// A search through a text that is read part by part.
#[derive(Debug)]
pub(super) struct Search {
    measure: Measure,
    seen: Seen,
    /// The start of the line that the last part ends in.
    rest: Vec<u8>,
}

impl Search {
    pub(super) fn new(measure: Measure) -> Self {
        Self { measure, seen: Seen::default(), rest: Vec::new() }
    }

    /// Whether enough was found.
    pub(super) fn is_enough(&self) -> bool {
        self.seen.is_enough(self.measure)
    }

    /// Whether anything was found that a directive of nginx may be.
    pub(super) fn has_any(&self) -> bool {
        let Seen { directives, blocks, heads, common, .. } = self.seen;
        directives + blocks + heads + common > 0
    }

    /// Looks at the next part.
    pub(super) fn take(&mut self, part: &[u8]) {
        let end = memchr::memrchr(b'\n', part).map_or(0, |at| at + 1);
        let (whole, rest) = part.split_at_checked(end).unwrap_or((part, b""));
        let first = memchr::memchr(b'\n', whole).map_or(0, |at| at + 1);
        let (first, others) = if self.rest.is_empty() { (&b""[..], whole) } else { whole.split_at(first) };
        if !first.is_empty() {
            let mut line = std::mem::take(&mut self.rest);
            line.extend_from_slice(first);
            self.lines(&line);
        }
        self.lines(others);
        self.rest.extend_from_slice(rest);
        if self.rest.len() > LONGEST_REST {
            let line = std::mem::take(&mut self.rest);
            self.lines(&line);
        }
    }

    /// Looks at the last line.
    pub(super) fn end(&mut self) {
        let line = std::mem::take(&mut self.rest);
        self.lines(&line);
    }

    fn lines(&mut self, text: &[u8]) {
        if self.is_enough() {
            return;
        }
        let seen = &mut self.seen;
        if memchr::memmem::find(text, b"nginx").is_some() {
            seen.has_name = true;
            seen.has_fence |= FENCES.iter().any(|fence| memchr::memmem::find(text, fence).is_some());
        }
        let mut line_start = 0;
        for line in text.split(|byte| *byte == b'\n') {
            let above = text.get(..line_start).unwrap_or_default();
            seen.is_openbsds |= line.trim_ascii_start().starts_with(b"listen on ");
            line_start += line.len() + 1;
            let (mut start, mut at) = (0, 0);
            while let Some(next) = line.get(at..).and_then(|rest| memchr::memchr3(b';', b'{', b'}', rest)) {
                let end = at + next;
                at = end + 1;
                if let Some(length) = placeholder(line, end) {
                    at = end + length;
                    continue;
                }
                let end_byte = line.get(end).copied().unwrap_or_default();
                let statement = line.get(start..end).unwrap_or_default();
                // `server` in a line, `{` in the next.
                let is_alone = end_byte == b'{' && start == 0 && statement.trim_ascii().is_empty();
                seen.statement(if is_alone { last_line(above) } else { statement }, end_byte);
                start = at;
            }
            if start > 0 && seen.is_enough(self.measure) {
                break;
            }
        }
    }
}

/// What a text of several lines ends in that says something.
fn last_line(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_end();
    memchr::memrchr(b'\n', text).and_then(|at| text.get(at + 1..)).unwrap_or(text)
}

/// Whether a text holds as much of nginx.
pub(super) fn holds(text: &[u8], measure: Measure) -> bool {
    let mut search = Search::new(measure);
    search.take(text);
    search.end();
    search.is_enough()
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
    /// Those of them that no other language has.
    sure_blocks: usize,
    /// Heads of blocks that other languages have too.
    heads: usize,
    /// Directives with names that other programs have too.
    common: usize,
    /// `listen 80`: the address of a server.
    listens: usize,
    has_variable: bool,
    /// Whether the text names nginx.
    has_name: bool,
    /// Whether it says that lines of nginx come.
    has_fence: bool,
    /// `upstream x {`, and `server a:1;`.
    has_upstream: bool,
    has_server: bool,
    has_http: bool,
    has_events: bool,
    /// `listen on egress`: OpenBSD's httpd, whose blocks look like nginx's.
    is_openbsds: bool,
}

impl Seen {
    fn is_enough(&self, measure: Measure) -> bool {
        let of_nginx = self.directives + self.blocks;
        match measure {
            _ if self.is_openbsds => self.directives > 1,
            Measure::Hint => of_nginx + self.heads > 0,
            Measure::Template => of_nginx > 0 || (self.heads > 0 && self.common > 0),
            Measure::Lines => {
                let has_more =
                    self.blocks + self.listens > 0 || self.has_variable || self.has_name || self.has_fence;
                self.directives > 1
                    || (self.directives > 0 && has_more)
                    || self.blocks > 1
                    || self.sure_blocks > 0
                    || (self.heads + self.blocks > 0 && self.listens > 0)
                    || (self.has_upstream && self.has_server)
                    || (self.has_http && self.has_events && self.common + self.directives > 0)
                    || (self.has_fence && of_nginx + self.heads + self.common > 0)
            }
        }
    }

    /// Takes the text before a `;`, `{` or `}`.
    fn statement(&mut self, text: &[u8], end: u8) {
        let quote = text.iter().rposition(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let quoted = quote.and_then(|at| text.get(at + 1..)).filter(|inner| !inner.is_empty());
        self.plain(written(text), end);
        // `echo 'server_name a;'`, and a text that another program only compares with.
        let sure_blocks = self.sure_blocks;
        quoted.into_iter().for_each(|inner| self.plain(written(inner), end));
        self.sure_blocks = sure_blocks;
    }

    fn plain(&mut self, text: &[u8], end: u8) {
        let length = text.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
        let (name, rest) = text.split_at(length);
        let arguments = rest.trim_ascii();
        let is_apart = rest.first().is_none_or(u8::is_ascii_whitespace);
        if name.len() < 3 || !is_apart {
            return;
        }
        match end {
            b'{' => {
                if let Some(is_sure) = is_block(name, arguments) {
                    self.blocks += 1;
                    self.sure_blocks += usize::from(is_sure);
                }
                let is_head = matches!(name, b"server" | b"http" | b"events" | b"stream" | b"types")
                    && arguments.is_empty();
                self.heads += usize::from(is_head || name == b"upstream" || name == b"location");
                self.has_upstream |= name == b"upstream";
                self.has_http |= is_head && name == b"http";
                self.has_events |= is_head && name == b"events";
            }
            b';' if !name.contains(&b'_') => {
                let is_known = lookup(name) != DirectiveName::UNKNOWN;
                self.common += usize::from(is_known && !starts_expression(arguments));
                self.listens += usize::from(name == b"listen" && starts_address(arguments));
                self.has_server |= name == b"server" && is_known && arguments.contains(&b':');
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

/// Whether a block is one that nginx writes so, and if it is, whether nothing else does.
fn is_block(name: &[u8], arguments: &[u8]) -> Option<bool> {
    let mut words = arguments.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    match (name, words.next(), words.next(), words.next()) {
        (b"location", Some(b"=" | b"~" | b"~*" | b"^~"), Some(path), more) => {
            Some(more.is_none() && path.iter().any(|byte| b"/\\^".contains(byte)))
        }
        (b"location", Some(path), None, _) if path.starts_with(b"/") => Some(true),
        (b"location", Some(path), None, _) if path.starts_with(b"@") => Some(false),
        (b"map", Some(_), Some(variable), None) if variable.starts_with(b"$") => Some(true),
        _ => None,
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
        for mark in [
            &b"echo "[..],
            b"\\n",
            b"\\t",
            b"\\r",
            b"\"",
            b"'",
            b"`",
            b"#",
            b"//",
            b">",
            b"+",
            b"-",
            b"*",
            b"|",
            b"\\",
        ] {
            text = text.strip_prefix(mark).unwrap_or(text);
        }
        if text.len() == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Measure, Search, holds};

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
            "server\n{\n    listen 80;\n}\n",
            "events {\n}\nhttp {\n    include conf.d/*.conf;\n}\n",
            "location /ws {\n}\n",
            "location ~* \\.php$ {",
            "conf = server { listen 80; proxy_pass http://a; }",
            "```nginx\nproxy_read_timeout 1h;\n```\n",
            "```nginx\nlisten 80;\n```\n",
            "nginx.org/server-snippets: |\n  proxy_buffering off;\n",
            "map $http_upgrade $connection_upgrade {\n  default upgrade;\n}\n",
            "upstream live {\n    server a:1;\n}\n",
            "nginx.ingress.kubernetes.io/server-snippet: |\n  deny all;\n",
            "echo server { >> x\necho listen 80; >> x\n",
            "upstream <%= name %> {\n<% if x %>\nlocation ~ ^/a {\n<% end %>\nfastcgi_pass <%= x %>;",
        ] {
            assert!(holds(text.as_bytes(), Measure::Lines), "{text}");
        }
    }

    #[test]
    fn parts_are_one_text() {
        let text = "x\n".repeat(3_000) + &"y".repeat(9_000) + " {\nserver_name a;\n  proxy_pass http://b;\nz";
        for size in [1, 7, 100, 5_000, 100_000] {
            let mut search = Search::new(Measure::Lines);
            text.as_bytes().chunks(size).for_each(|part| search.take(part));
            search.end();
            assert!(search.is_enough(), "{size}");
        }
        let mut search = Search::new(Measure::Lines);
        (0..1_000).for_each(|_| search.take(&[b'a'; 100]));
        assert!(search.rest.len() <= super::LONGEST_REST + 100);
    }

    #[test]
    fn templates_need_more_than_a_head() {
        for text in ["server {\n  listen {{ .Port }};\n}", "proxy_pass {{ x }};", "location / {"] {
            assert!(holds(text.as_bytes(), Measure::Template), "{text}");
        }
        for text in ["server {\n  port = {{ .Port }}\n}", "upstream {{ x }} {", "listen {{ x }};"] {
            assert!(!holds(text.as_bytes(), Measure::Template), "{text}");
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
            "```nginx\n$ nginx -t\n```\n",
            "val location = Place {\n}\nlocation @escaping {",
            "proxy_buffering off;\n",
            "upstream x {\n server here;\n}\nmap { $_ => 1 }",
        ] {
            assert!(!holds(text.as_bytes(), Measure::Lines), "{text}");
        }
    }
}
