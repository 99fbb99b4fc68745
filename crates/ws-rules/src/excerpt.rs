//! What people write in documentation in place of lines and words that they leave out: `...`, `<your name>`, `(…)`.
//!
//! nginx cannot read it, and nobody who copies the rest will leave it there: an excerpt is not a broken configuration.

use nginx_semantics::dispatch::RefusalKind;
use nginx_semantics::{Configuration, ContextId, ContextKind, Directive, DirectiveName, SourceFile};
use nginx_syntax::{Leaf, LeafKind};

/// Whether the statement before an offset leaves something out.
pub(crate) fn leaves_out_before(file: &SourceFile, offset: u32) -> bool {
    let text = file.bytes();
    let before = text.get(..offset as usize).unwrap_or(text);
    // A `;` in quotes ends no statement.
    let ends = |leaf: &Leaf| matches!(leaf.kind, LeafKind::Semicolon | LeafKind::Open | LeafKind::Close);
    let start = file.tree.leaves_before(offset).find(ends).map_or(0, |leaf| leaf.span.end as usize);
    leaves_out(before.get(start..).unwrap_or_default())
}

/// Whether the text line at an offset has words that stand for others.
pub(crate) fn leaves_out_at(file: &SourceFile, offset: u32) -> bool {
    has_angle_brackets(&words_of(file.source.line_span(file.source.line(offset)).of(file.bytes())))
}

/// Whether a line of nginx has words that stand for others: `proxy_pass http://<your back end>;`. What is to be filled in
/// may hold a `;` itself, so all of the text line counts.
pub(crate) fn has_words_to_fill_in(directive: &Directive<'_>) -> bool {
    let Some(file) = directive.file() else { return false };
    let head = file.tree.head_span(directive.reference.node);
    let line = |offset| file.source.line_span(file.source.line(offset));
    let lines = line(head.start).to(line(head.end.saturating_sub(1)));
    leaves_out(head.of(file.bytes())) || has_angle_brackets(&words_of(lines.of(file.bytes())))
}

/// Whether lines are left out anywhere in a file, so that it does not show all that there is.
pub(crate) fn is_excerpt(file: &SourceFile) -> bool {
    let words = file.tree.leaves().filter(|leaf| leaf.kind == LeafKind::Word);
    let words: Vec<&[u8]> = words.map(|leaf| leaf.span.of(file.bytes())).collect();
    words.iter().any(|word| is_ellipsis(word)) || words.windows(3).any(is_spaced_ellipsis)
}

/// What is said where a page of documentation shows what belongs into `http` beside it, as two files in one; `None`
/// elsewhere. nginx needs `events` beside `http`, and nothing is included that could have it.
pub(crate) fn beside_http(
    configuration: Configuration<'_>,
    context: ContextId,
    directive: &Directive<'_>,
    kind: &RefusalKind,
) -> Option<String> {
    let has = |name| configuration.named(context, name).next().is_some();
    let this = configuration.context(context);
    let shows_two_files = matches!(kind, RefusalKind::NotAllowedHere(_))
        && this.kind == ContextKind::Main
        && this.gaps.is_empty()
        && has(DirectiveName::HTTP)
        && !has(DirectiveName::EVENTS);
    let name = directive.name();
    shows_two_files.then(|| {
        format!(
            "`{}` is next to `http`, and there is no `events`: two files seem to be shown as one",
            name.as_str()
        )
    })
}

fn words_of(text: &[u8]) -> Vec<&[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect()
}

fn leaves_out(statement: &[u8]) -> bool {
    let lines = statement.split(|byte| *byte == b'\n');
    let code = |line: &'_ [u8]| -> Vec<u8> {
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        if is_comment { Vec::new() } else { line.trim_ascii().to_vec() }
    };
    let mut is_first = true;
    lines.map(code).filter(|line| !line.is_empty()).any(|line| {
        let words = words_of(&line);
        let is_remark = std::mem::take(&mut is_first) && is_in_brackets(&line);
        is_remark
            || words.iter().any(|word| is_ellipsis(word))
            || words.windows(3).any(is_spaced_ellipsis)
            || has_angle_brackets(&words)
            || has_host_in_brackets(&line)
    })
}

/// `...`, `…`, `[...]`, `(…)`, `...rest`.
fn is_ellipsis(word: &[u8]) -> bool {
    let inner = word.trim_ascii_start();
    let inner = inner.iter().position(|byte| !b"([<{".contains(byte)).and_then(|at| inner.get(at..));
    inner.is_some_and(|inner| inner.starts_with(b"...") || inner.starts_with("\u{2026}".as_bytes()))
}

/// `. . .`
fn is_spaced_ellipsis(words: &[&[u8]]) -> bool {
    words.iter().all(|word| *word == b".")
}

/// `(your settings)`, `[ the rest ]` at the start of a statement.
fn is_in_brackets(line: &[u8]) -> bool {
    matches!((line.first(), line.last()), (Some(b'('), Some(b')')) | (Some(b'['), Some(b']')))
        && line.contains(&b' ')
        && !line.contains(&b'=')
}

/// `http://(your back end):80`: no host is written so.
fn has_host_in_brackets(line: &[u8]) -> bool {
    let at = line.windows(4).position(|bytes| bytes == b"://(");
    at.and_then(|at| line.get(at..)).is_some_and(|rest| rest.contains(&b')'))
}

/// `<two words>`, alone or inside `http://<two words>/`, and `<name>` as a whole word: not the `(?<name>…)` of a pattern.
fn has_angle_brackets(words: &[&[u8]]) -> bool {
    let is_whole = |word: &&[u8]| {
        let inner = word.trim_ascii_end();
        let inner = inner.strip_suffix(b";").unwrap_or(inner);
        let inner = inner.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
        inner.is_some_and(|inner| {
            inner.first().is_some_and(u8::is_ascii_alphabetic)
                && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        })
    };
    let opens = |word: &[u8]| {
        let at = word.iter().rposition(|byte| *byte == b'<')?;
        let is_pattern = at > 0 && matches!(word.get(at - 1), Some(b'?' | b'P'));
        let inner = word.get(at + 1..)?;
        let is_word = inner.first().is_some_and(u8::is_ascii_alphabetic);
        (!is_pattern && is_word && !inner.contains(&b'>')).then_some(())
    };
    if words.iter().any(is_whole) {
        return true;
    }
    let Some(first) = words.iter().position(|word| opens(word).is_some()) else { return false };
    words.iter().skip(first + 1).any(|word| word.contains(&b'>'))
}

#[cfg(test)]
mod tests {
    use lint_finding::Severity;

    use super::leaves_out;
    use crate::testing::{Options, check_with, found};

    #[test]
    fn what_stands_for_something_else() {
        for text in [
            "...",
            "\n    …\n",
            "[...]",
            "(…)",
            "proxy_pass http://(your back end):80",
            "... other locations ...",
            "(your settings here)",
            "proxy_pass http://<your back end>",
            "server_name <the name>",
            "# a comment\n  ...",
            "\n    . . .\n\n  location /tea",
            "listen <port>",
            "~[*]<regex> \"found: <value to set>;\n default \"",
        ] {
            assert!(leaves_out(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "# ...",
            "location ~ ^/(?<name>[a-z]+) b>c",
            "proxy_pass http://<host>",
            "if ($a < b)",
            "server_name a",
            "autoindex . ..",
            "log_format x (a b)",
        ] {
            assert!(!leaves_out(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn an_excerpt_is_not_a_broken_configuration() {
        let texts = [
            "server {\n    listen 80;\n    ...\n}\n",
            "server {\n    listen 80;\n    location /a { root /srv; }\n    [...]\n}\n",
            "server {\n    listen 80;\n    (…)\n}\n",
            "server {\n    location / {\n        root /srv;\n        ... more of these ...\n    }\n}\n",
            "server {\n    location / {\n        proxy_pass http://<your back end>;\n    }\n}\n",
            "server {\n    server_name <your name>\n    location / {\n        root /srv;\n    }\n}\n",
            "events {}\nhttp {\n    ...\n    include parts/x.conf;\n    server { location / { return 200 $made_elsewhere; } }\n}\n",
            "server {\n    listen 80;\n    ...\n",
            ". . .\n\nserver {\n    listen 80;\n    . . .\n    location /a {\n        root /srv;\n        . . .\n    }\n}\n",
            "server {\n    listen 80;\n    . . .\n",
            "map $uri $b {\n    ~[*]<regex> \"found: <a value>;\n    default \"no\";\n}\n",
            "server {\n    listen <port>;\n    ssl_certificate :link:`/x.pem <The file; use a real path>`;\n}\n",
            "server {\n    ssl_verify_client <on or off; both work>;\n    location / { root /srv; }\n}\n",
        ];
        for text in texts {
            for finding in found(text) {
                assert!(!finding.message.contains("refuses to start"), "{text}{}", finding.message);
                assert!(finding.severity < Severity::Error, "{text}{}", finding.message);
            }
        }
    }

    #[test]
    fn a_mistake_beside_it_is_one_all_the_same() {
        check_with(
            Options::bare(),
            r#"
server {
    listen 80;
    ...
 }
#^ info: something is left out here, so nginx cannot read the rest
server {
    location /a {
        root /srv
    }
   #^ error: nginx refuses to start: unexpected "}"
}
"#,
        );
    }

    #[test]
    fn two_files_shown_as_one() {
        let expected = |level: &str, says: &str| {
            format!(" server {{\n#^^^^^^ {level}: {says}\n    location / {{ root /srv; }}\n}}\n")
        };
        let said = "`server` is next to `http`, and there is no `events`: two files seem to be shown as one";
        check_with(Options::bare(), &format!("http {{ gzip on; }}\n{}", expected("info", said)));
        let said = "nginx refuses to start: \"server\" directive is not allowed here";
        for more in ["events {}", "include /opt/elsewhere.conf;"] {
            check_with(Options::bare(), &format!("{more}\nhttp {{ gzip on; }}\n{}", expected("error", said)));
        }
    }
}
