//! `syntax-error`: what nginx's lexer refuses, in its words and at its line.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{FileId, Place, SourceFile};
use nginx_syntax::{Hint, Span, SyntaxError, SyntaxErrorKind};

use crate::excerpt::{is_excerpt, leaves_out_at, leaves_out_before};
use crate::{FindingBuilder, Findings, Rule};

pub(super) struct SyntaxErrorRule;

const META: RuleMeta = RuleMeta {
    name: "syntax-error",
    group: Group::Configuration,
    severity: Severity::Error,
    summary: "nginx cannot read the file",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/syntax-error.md"),
};

impl Rule for SyntaxErrorRule {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn file(&self, id: FileId, file: &SourceFile, out: &mut Findings) {
        for error in file.tree.errors() {
            let is_open_end = error.kind == SyntaxErrorKind::EndInBlock && is_excerpt(file);
            // A quote that is not closed takes in what follows its line.
            let is_left_out = is_open_end
                || leaves_out_before(file, error.at.start)
                || error.hints.iter().any(|(span, _)| leaves_out_at(file, span.start));
            // The words of a file that may not be shown stay out of the message too.
            let message = if is_left_out {
                "something is left out here, so nginx cannot read the rest".to_owned()
            } else if file.may_be_shown {
                format!("nginx refuses to start: {error}")
            } else {
                "nginx refuses to start: the file has a syntax error".to_owned()
            };
            let name = file.path.file_name().unwrap_or_default().as_encoded_bytes();
            let line =
                file.source.slice(file.source.line_span(file.source.line(error.at.start))).trim_ascii();
            let mut finding = FindingBuilder::at(&META, at(id, error.at), message)
                .fingerprinted([name, line])
                .primary("nginx stops reading here");
            for (span, hint) in &error.hints {
                finding = finding.label_at(at(id, *span), hint.to_string());
            }
            out.push(if is_left_out {
                finding.at_most(Severity::Info).help("fill in what the excerpt leaves out".to_owned())
            } else {
                finding.help(remedy(error))
            });
        }
    }
}

fn at(file: FileId, span: Span) -> Place {
    Place { file, span }
}

fn remedy(error: &SyntaxError) -> String {
    match &error.kind {
        SyntaxErrorKind::UnexpectedClose if error.hints.is_empty() => {
            "remove this `}`, or open its block before it"
        }
        SyntaxErrorKind::UnexpectedClose
        | SyntaxErrorKind::TooManyWords(_)
        | SyntaxErrorKind::NotTerminated(_) => "end the previous directive with `;`",
        SyntaxErrorKind::UnexpectedSemicolon => {
            "remove this `;`: a block ends with `}` alone, and a directive cannot be empty"
        }
        SyntaxErrorKind::UnexpectedOpen => "name the block before its `{`",
        SyntaxErrorKind::UnexpectedByte(_) => {
            "put a space or `;` after the closing quote, or quote the whole word"
        }
        SyntaxErrorKind::EndInDirective
            if error.hints.iter().any(|(_, hint)| *hint == Hint::UnclosedQuote) =>
        {
            "close the quote"
        }
        SyntaxErrorKind::EndInDirective if error.hints.iter().any(|(_, hint)| *hint == Hint::StartsHere) => {
            "save the file without a byte order mark"
        }
        SyntaxErrorKind::EndInDirective => "end the last directive with `;`",
        SyntaxErrorKind::EndInBlock => {
            "close the block with `}`; a word such as `^/a{2}$` needs quotes, because its `{` opens a block"
        }
        SyntaxErrorKind::TooLong(_) => {
            "shorten it: a word or a comment must fit in nginx's buffer of 4096 bytes"
        }
        SyntaxErrorKind::TooLongQuoted(_) => {
            "close the quote: a quoted word must fit in nginx's buffer of 4096 bytes"
        }
        SyntaxErrorKind::ByteOrderMark => "save the file without a byte order mark",
        SyntaxErrorKind::LuaNotClosed => "balance the braces of the Lua block",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, help, labels};

    #[test]
    fn a_missing_semicolon_at_the_end_of_a_block() {
        let findings = check(
            r#"
    location / {
        root /srv
    }
   #^ error: nginx refuses to start: unexpected "}"
"#,
        );
        assert_eq!(labels(&findings[0]), ["a `;` is most likely missing here"]);
        assert_eq!(help(&findings[0]), "end the previous directive with `;`");
    }

    #[test]
    fn the_rest_of_the_file_is_judged() {
        check(
            r#"
    location / {
        root /srv
    }
   #^ error: nginx refuses to start: unexpected "}"
    location /ws/ {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`, so…
        proxy_read_timeout 3600s;
    }
"#,
        );
    }

    #[test]
    fn a_semicolon_behind_a_block() {
        check(
            r#"
    location / {
        root /srv;
    };
    #^ error: nginx refuses to start: unexpected ";"
"#,
        );
    }

    #[test]
    fn a_block_that_is_not_closed() {
        let text = "events {}\nhttp {\n server {\n location / { root /srv;\n }\n}\n";
        let findings = check_with_one(text);
        assert_eq!(findings.message, "nginx refuses to start: unexpected end of file, expecting \"}\"");
    }

    #[test]
    fn a_quote_that_is_not_closed() {
        let findings = check_with_one("events {}\nhttp { server { root \"/srv; } }\n");
        assert_eq!(help(&findings), "close the quote");
    }

    fn check_with_one(text: &str) -> lint_finding::Finding {
        let mut findings = found(text);
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    #[test]
    fn a_byte_order_mark() {
        let findings = check_with(
            Options::bare(),
            "\u{feff}events {}\n         #^ error: nginx refuses to start: unknown directive…\nhttp {}\n",
        );
        assert_eq!(findings.len(), 1);
    }
}
