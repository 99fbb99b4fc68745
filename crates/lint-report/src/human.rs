//! The format for a person at a terminal: excerpts drawn by miette, then notices and a summary.

use std::cmp::Reverse;
use std::fmt;
use std::io::{self, Write};

use lint_finding::{Finding, Notice, Outcome, Severity};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, SourceSpan};

use crate::clip::Room;
use crate::excerpt::{Excerpt, Mark};
use crate::position::{Position, path_line, place_of_notice};
use crate::wrap::wrap;
use crate::{Style, endpoints, escape, files, fixes, remedy, silenced, summary};

/// Beyond this, lines are not read but searched.
const WIDEST: usize = 200;
const NARROWEST: usize = 40;

/// The least room for the text of a label.
const LABEL: usize = 32;

pub(crate) fn write(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    write_all(outcome, by_severity(outcome), style, out)
}

/// The same with the findings in an order of the caller's.
pub(crate) fn write_all(
    outcome: &Outcome,
    findings: Vec<&Finding>,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let style = &Style { width: style.width.clamp(NARROWEST, WIDEST), ..*style };
    let is_followed = style.summary || style.verbose || shown_notices(outcome).next().is_some();
    let (lines, drawn_ones): (Vec<&Finding>, Vec<&Finding>) =
        findings.into_iter().partition(|finding| is_one_line(finding, style));
    let is_followed = is_followed || !lines.is_empty();
    let last = drawn_ones.len().saturating_sub(1);
    for (index, finding) in drawn_ones.into_iter().enumerate() {
        out.write_all(drawn(outcome, finding, style).map_err(io::Error::other)?.as_bytes())?;
        if index < last || is_followed {
            writeln!(out)?;
        }
    }
    for finding in &lines {
        write_line(outcome, finding, style, out)?;
    }
    if style.verbose {
        endpoints::write(outcome, style, out)?;
    }
    notices(outcome, style, out)?;
    let is_preceded = shown_notices(outcome).next().is_some() || !lines.is_empty();
    if is_preceded && style.summary {
        writeln!(out)?;
    }
    if style.summary {
        let mut lines = Vec::new();
        fixes::write(outcome, &mut lines)?;
        summary::write(outcome, outcome.fixes.is_some(), &mut lines)?;
        silenced::write_below_summary(outcome, &mut lines)?;
        fold(&lines, style, out)?;
    }
    Ok(())
}

/// Lines as they are, or folded.
pub(crate) fn fold(lines: &[u8], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    if !style.folds {
        return out.write_all(lines);
    }
    let text = String::from_utf8_lossy(lines);
    for line in text.lines() {
        for (number, part) in wrap(line, style.width.saturating_sub(INDENT.len())).iter().enumerate() {
            writeln!(out, "{}{part}", if number == 0 { "" } else { INDENT })?;
        }
    }
    Ok(())
}

/// What was not read or done, a line each.
pub(crate) fn notices(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    shown_notices(outcome).try_for_each(|notice| write_notice(outcome, notice, style, out))
}

/// What stands below a page: notices, what was not judged, and what settings and comments hide.
pub(crate) fn below(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    notices(outcome, style, out)?;
    skipped(outcome, style, out)?;
    if silenced::line(outcome).is_some() {
        writeln!(out)?;
    }
    silenced::write(outcome, out)
}

/// All but those that say no more than that a file is not judged: these are counted.
fn shown_notices(outcome: &Outcome) -> impl Iterator<Item = &Notice> {
    outcome.notices.iter().filter(|notice| !notice.is_of_skipped_file())
}

/// How many files were not judged and how many folders were not looked into, where no summary says so.
pub(crate) fn skipped(outcome: &Outcome, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    match files::unsaid(outcome) {
        Some(line) => writeln!(out, "{} {line}", style.painted("note:", CYAN)),
        None => Ok(()),
    }
}

/// What people read first comes first: the worst, and in the order of places what is as bad.
pub(crate) fn by_severity(outcome: &Outcome) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = outcome.findings.iter().collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// Whether a line is enough for it: it costs something and breaks nothing.
fn is_one_line(finding: &Finding, style: &Style) -> bool {
    !style.verbose && finding.severity <= Severity::Info
}

fn write_line(outcome: &Outcome, finding: &Finding, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let place = path_line(outcome, finding.primary.place);
    let text = format!("{} ({place})", escape(&finding.message));
    out.write_all(folded((finding.severity.name(), finding.rule.name), CYAN, &text, style).as_bytes())
}

/// What miette draws: the excerpt. It would say the severity as a sign, and wrap the footer in the middle of code.
#[derive(Debug)]
struct Report {
    excerpt: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Display for Report {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn drawn(outcome: &Outcome, finding: &Finding, style: &Style) -> Result<String, fmt::Error> {
    let file = finding.primary.place.file;
    let labels = || std::iter::once(&finding.primary).chain(&finding.labels).enumerate();
    let excerpt = outcome.file(file).filter(|file| file.may_be_shown).map(|shown| {
        let spans = labels().filter(|(_, label)| label.place.file == file);
        let mark = if style.unicode { "\u{2026}" } else { "..." };
        let room = Room { columns: style.width, mark };
        Excerpt::new(&shown.source, spans.map(|(number, label)| (number, label.place.span)), room)
    });

    let mut text = headline(finding, style);
    if excerpt.is_none() {
        let Position { path, start, .. } = Position::of(outcome, finding.primary.place);
        text.push_str(&format!("  at {}:{}:{} (not shown)\n", escape(path), start.line, start.column));
    }

    let marks = excerpt.as_ref().map(Excerpt::marks).unwrap_or_default();
    let (mut spans, mut in_footer) = (Vec::new(), Vec::new());
    for (number, label) in labels() {
        match marks.iter().find(|mark| mark.label == number) {
            Some(mark) => {
                // miette draws a stem to every label on a line with texts, so there has to be one at its end.
                let same_line = marks.iter().filter(|other| other.start.line == mark.start.line);
                let shares_line = !mark.is_bracket && same_line.count() > 1;
                let message = if label.message.is_empty() && shares_line { "here" } else { &label.message };
                spans.push(span(mark, message, style));
            }
            None => in_footer.push(label),
        }
    }
    spans.sort_by_key(LabeledSpan::offset);

    let mut drawing = String::new();
    let handler = handler(finding.severity, spans.iter().map(LabeledSpan::primary), style);
    handler.render_report(&mut drawing, &Report { excerpt, labels: spans })?;
    // The first line is the sign and an empty message.
    for line in drawing.lines().skip(1) {
        text.push_str(line.trim_end());
        text.push('\n');
    }

    if let Some(help) = remedy::of(outcome, finding) {
        push_footer(&mut text, "help", &help, style);
    }
    for label in in_footer {
        if !label.message.is_empty() {
            let note = format!("{}: {}", path_line(outcome, label.place), escape(&label.message));
            push_footer(&mut text, "note", &note, style);
        }
    }
    Ok(text)
}

fn span(mark: &Mark, message: &str, style: &Style) -> LabeledSpan {
    let columns = style.width.saturating_sub(mark.column + 14).max(LABEL);
    let text = Some(wrap(&escape(message), columns).join("\n")).filter(|text| !text.is_empty());
    let range = SourceSpan::from((mark.range.start, mark.range.len()));
    match mark.label {
        0 => LabeledSpan::new_primary_with_span(text, range),
        _ => LabeledSpan::new_with_span(text, range),
    }
}

/// `error[rule]: message`, in lines.
fn headline(finding: &Finding, style: &Style) -> String {
    let color = match finding.severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info | Severity::Pedantic => CYAN,
    };
    let style = &Style { folds: true, ..*style };
    folded((finding.severity.name(), finding.rule.name), color, &escape(&finding.message), style)
}

/// `error[rule]: text`, in several lines where lines are folded.
fn folded((severity, name): (&str, &str), color: &str, text: &str, style: &Style) -> String {
    let plain = format!("{severity}[{name}]:");
    let width = if style.folds { style.width.saturating_sub(INDENT.len()) } else { usize::MAX };
    let mut folded = String::new();
    for (number, line) in wrap(&format!("{plain} {text}"), width).iter().enumerate() {
        match line.strip_prefix(&*plain).filter(|_| number == 0) {
            Some(rest) => folded.push_str(&format!("{}{rest}\n", style.painted(&plain, color))),
            None => folded.push_str(&format!("{INDENT}{line}\n")),
        }
    }
    folded
}

/// The primary label has the colour of the severity, the others that of advice.
fn handler(
    severity: Severity,
    is_primary: impl Iterator<Item = bool>,
    style: &Style,
) -> GraphicalReportHandler {
    let mut theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme::ascii(),
        (false, false) => GraphicalTheme::none(),
    };
    let primary = match severity {
        Severity::Error => theme.styles.error,
        Severity::Warning => theme.styles.warning,
        Severity::Info | Severity::Pedantic => theme.styles.highlights.first().copied().unwrap_or_default(),
    };
    let other = theme.styles.advice;
    theme.styles.highlights = is_primary.map(|is_primary| if is_primary { primary } else { other }).collect();
    GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_wrap_lines(false)
        .without_cause_chain()
        .without_syntax_highlighting()
}

/// `text` may have several lines, each of which is wrapped and escaped.
fn push_footer(text: &mut String, tag: &str, content: &str, style: &Style) {
    let indent = tag.len() + 4;
    let lines = content.lines().flat_map(|line| wrap(&escape(line), style.width - indent));
    for (index, line) in lines.enumerate() {
        let start = match index {
            0 => format!("  {} ", style.painted(&format!("{tag}:"), CYAN)),
            _ => " ".repeat(indent),
        };
        text.push_str(&start);
        text.push_str(&line);
        text.push('\n');
    }
}

/// Before the further lines of a headline.
const INDENT: &str = "  ";

const RED: &str = "31";
const YELLOW: &str = "33";
const CYAN: &str = "36";

fn write_notice(outcome: &Outcome, notice: &Notice, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let (word, color) = if notice.incomplete { ("warning", YELLOW) } else { ("note", CYAN) };
    let place = place_of_notice(outcome, notice).map(|place| format!(" ({place})")).unwrap_or_default();
    let text = format!("{}{place}", escape(&notice.message));
    out.write_all(folded((word, notice.code.name()), color, &text, style).as_bytes())
}
