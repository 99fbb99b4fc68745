//! What people write in documentation in place of lines and words that they leave out: `...`, `<your name>`, `(…)`.
//!
//! nginx cannot read it, and nobody who copies the rest will leave it there: an excerpt is not a broken configuration.

use nginx_semantics::{Directive, SourceFile};
use nginx_syntax::LeafKind;

/// Whether the statement before an offset leaves something out.
pub(crate) fn leaves_out_before(file: &SourceFile, offset: u32) -> bool {
    let text = file.bytes();
    let before = text.get(..offset as usize).unwrap_or(text);
    let start = before.iter().rposition(|byte| b";{}".contains(byte)).map_or(0, |at| at + 1);
    leaves_out(before.get(start..).unwrap_or_default())
}

/// Whether a line of nginx has words that stand for others: `proxy_pass http://<your back end>;`.
pub(crate) fn has_words_to_fill_in(directive: &Directive<'_>) -> bool {
    let Some(file) = directive.file() else { return false };
    leaves_out(file.tree.head_span(directive.reference.node).of(file.bytes()))
}

/// Whether lines are left out anywhere in a file, so that it does not show all that there is.
pub(crate) fn is_excerpt(file: &SourceFile) -> bool {
    let words = file.tree.leaves().filter(|leaf| leaf.kind == LeafKind::Word);
    words.map(|leaf| leaf.span.of(file.bytes())).any(is_ellipsis)
}

fn leaves_out(statement: &[u8]) -> bool {
    let lines = statement.split(|byte| *byte == b'\n');
    let code = |line: &'_ [u8]| -> Vec<u8> {
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        if is_comment { Vec::new() } else { line.trim_ascii().to_vec() }
    };
    let mut is_first = true;
    lines.map(code).filter(|line| !line.is_empty()).any(|line| {
        let words: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
        let is_remark = std::mem::take(&mut is_first) && is_in_brackets(&line);
        is_remark || words.iter().any(|word| is_ellipsis(word)) || has_angle_brackets(&words)
    })
}

/// `...`, `…`, `[...]`, `(…)`, `...rest`.
fn is_ellipsis(word: &[u8]) -> bool {
    let inner = word.trim_ascii_start();
    let inner = inner.iter().position(|byte| !b"([<{".contains(byte)).and_then(|at| inner.get(at..));
    inner.is_some_and(|inner| inner.starts_with(b"...") || inner.starts_with("\u{2026}".as_bytes()))
}

/// `(your settings)`, `[ the rest ]` at the start of a statement.
fn is_in_brackets(line: &[u8]) -> bool {
    matches!((line.first(), line.last()), (Some(b'('), Some(b')')) | (Some(b'['), Some(b']')))
        && line.contains(&b' ')
        && !line.contains(&b'=')
}

/// `<two words>`, alone or inside `http://<two words>/`: not the `(?<name>…)` of a pattern.
fn has_angle_brackets(words: &[&[u8]]) -> bool {
    let opens = |word: &[u8]| {
        let at = word.iter().rposition(|byte| *byte == b'<')?;
        let is_pattern = at > 0 && matches!(word.get(at - 1), Some(b'?' | b'P'));
        let inner = word.get(at + 1..)?;
        let is_word = inner.first().is_some_and(u8::is_ascii_alphabetic);
        (!is_pattern && is_word && !inner.contains(&b'>')).then_some(())
    };
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
            "... other locations ...",
            "(your settings here)",
            "proxy_pass http://<your back end>",
            "server_name <the name>",
            "# a comment\n  ...",
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
#^ info: something is left out here, and nginx cannot read the rest as it stands
server {
    location /a {
        root /srv
    }
   #^ error: nginx refuses to start: unexpected "}"
}
"#,
        );
    }
}
