//! A comment on a pull request: a table of findings, each folded, in GitHub's and GitLab's Markdown.
//!
//! GitHub takes 65,536 characters (`IssueComment` body); what does not fit is counted.

use std::io::{self, Write};

use lint_finding::{Finding, Outcome, Severity};

use crate::human::by_severity;
use crate::position::{Position, path_line};
use crate::summary::{count, found};
use crate::{escape, escape_bytes, remedy};

/// The longest comment, in characters.
const LONGEST: usize = 65_536;

/// What is kept for the last lines.
const REST: usize = 1024;

/// The longest excerpt, in bytes.
const LONGEST_LINE: usize = 400;

pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let findings = by_severity(outcome);
    let mut text = heading(outcome);
    let mut length = text.chars().count();
    let mut left = 0;
    for finding in findings {
        let one = block(outcome, finding);
        let with_it = length + one.chars().count();
        // One that is too long keeps no other from being shown.
        if with_it + REST > LONGEST {
            left += 1;
        } else {
            length = with_it;
            text.push_str(&one);
        }
    }
    if left > 0 {
        let verb = if left == 1 { "does" } else { "do" };
        text.push_str(&format!(
            "\n… and {}, which {verb} not fit into one comment.\n",
            count(left, "finding")
        ));
    }
    let incomplete: Vec<_> = outcome.notices.iter().filter(|notice| notice.incomplete).collect();
    if !incomplete.is_empty() {
        text.push_str(&format!("\n**Not all was judged**: {}.\n", count(incomplete.len(), "problem")));
    }
    out.write_all(text.as_bytes())
}

fn heading(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    let found = found(summary);
    format!(
        "### nginx-ws-lint: {found}\n\n{} judged, {}.\n",
        count(summary.files, "file"),
        count(summary.endpoints, "WebSocket endpoint")
    )
}

fn block(outcome: &Outcome, finding: &Finding) -> String {
    let Position { path, start, .. } = Position::of(outcome, finding.primary.place);
    let mark = match finding.severity {
        Severity::Error => "🔴 error",
        Severity::Warning => "🟠 warning",
        Severity::Info | Severity::Pedantic => "🔵 info",
    };
    let mut text = format!(
        "\n<details><summary>{mark} <code>{}:{}</code> {}</summary>\n\n",
        html(path),
        start.line,
        html(&finding.message)
    );
    if let Some(file) = outcome.file(finding.primary.place.file).filter(|file| file.may_be_shown) {
        let line = file.source.slice(file.source.line_span(start.line));
        if line.len() <= LONGEST_LINE {
            text.push_str(&fenced("nginx", &escape_bytes(line.trim_ascii())));
        }
    }
    for label in std::iter::once(&finding.primary).chain(&finding.labels) {
        if !label.message.is_empty() {
            let place = path_line(outcome, label.place);
            text.push_str(&format!("- <code>{}</code>: {}\n", html(&place), html(&label.message)));
        }
    }
    if let Some(help) = remedy::text(outcome, finding) {
        text.push_str(&self::help(&help));
    }
    text.push_str(&format!("\nRule <code>{}</code>\n</details>\n", finding.rule.name));
    text
}

/// A remedy: prose as it is, indented lines as code to copy.
fn help(help: &str) -> String {
    let mut text = String::from("\n");
    let mut code = String::new();
    for line in help.lines() {
        if let Some(line) = line.strip_prefix("    ") {
            code.push_str(&escape(line));
            code.push('\n');
            continue;
        }
        flush(&mut code, &mut text);
        text.push_str(&html(line));
        text.push_str("\n\n");
    }
    flush(&mut code, &mut text);
    text
}

fn flush(code: &mut String, text: &mut String) {
    if !code.is_empty() {
        text.push_str(&fenced("", code.trim_end()));
        code.clear();
    }
}

/// A block of code, in a fence that is longer than any in it (CommonMark section 4.5).
fn fenced(language: &str, code: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in code.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{code}\n{fence}\n\n")
}

/// Text that Markdown and HTML leave as it is, with what stands between two backticks as code. Nobody is mentioned by it,
/// and no issue is linked.
fn html(text: &str) -> String {
    // No text becomes a link by itself (GitHub Flavored Markdown section 6.9).
    let text = escape(text).replace("://", ":\u{2060}//").replace("www.", "www\u{2060}.");
    let is_paired = text.matches('`').count() % 2 == 0;
    let mut plain = String::with_capacity(text.len() + 16);
    let mut is_code = false;
    for character in text.chars() {
        match character {
            '\u{2060}' => plain.push_str("&#8288;"),
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '`' if is_paired => {
                plain.push_str(if is_code { "</code>" } else { "<code>" });
                is_code = !is_code;
            }
            // As HTML's own references, which Markdown does not read as marks (CommonMark section 2.5).
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' | '@' => {
                plain.push_str(&format!("&#{};", character as u32));
            }
            character => plain.push(character),
        }
    }
    plain
}
