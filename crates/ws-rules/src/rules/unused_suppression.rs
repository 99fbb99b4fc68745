//! `unused-suppression`: a comment suppresses findings that are not there.

use lint_finding::{Applicability, Edit, FixKind, Group, Place, RuleMeta, Severity, Tells};
use nginx_syntax::{Source, Span};

use crate::{FindingBuilder, Findings, Rule, UnusedNames};

pub(super) struct UnusedSuppression;

const META: RuleMeta = RuleMeta {
    name: "unused-suppression",
    group: Group::Configuration,
    severity: Severity::Info,
    summary: "a comment suppresses findings that are not there",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/unused-suppression.md"),
};

impl Rule for UnusedSuppression {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn suppression(&self, comment: &UnusedNames<'_>, out: &mut Findings) {
        let UnusedNames { source, is_in_text, comment: place, names, unused } = *comment;
        let name = |at: &Span| format!("`{}`", String::from_utf8_lossy(at.of(source.bytes())));
        let list: Vec<String> = unused.iter().map(name).collect();
        let is_whole = unused.len() == names.len();
        let (message, help, edit) = if is_whole {
            let message = format!("this comment suppresses nothing: {} finds nothing here", list.join(", "));
            (message, "remove the comment", whole(source, place))
        } else {
            let message = format!("{} finds nothing here that this comment could suppress", list.join(", "));
            (message, "remove the name from the brackets", kept(source, place, names, unused))
        };
        let line = source.line_span(source.line(place.span.start)).of(source.bytes());
        let edit = edit.filter(|_| is_in_text);
        let finding = FindingBuilder::at(&META, place, message)
            .fingerprinted([line.trim_ascii()])
            .help(help)
            .fix(help, Applicability::Unsafe, edit.into_iter().collect::<Vec<_>>().into());
        out.push(finding);
    }
}

/// Removes a comment: with its line where nothing else stands there, else with the blanks before it.
fn whole(source: &Source, Place { file: id, span }: Place) -> Option<Edit> {
    let number = source.line(span.start);
    let start = source.line_span(number).start;
    let before = Span::new(start, span.start).of(source.bytes());
    let kept = before.trim_ascii_end().len();
    let removed = if kept == 0 {
        // With its line break.
        Span::new(start, source.line_span(number.saturating_add(1)).start.max(span.end))
    } else {
        // A CR is a part of the comment, and of the line's end.
        let is_crlf = span.of(source.bytes()).ends_with(b"\r");
        Span::new(start.saturating_add(u32::try_from(kept).ok()?), span.end - u32::from(is_crlf))
    };
    Some(Edit { place: Place { file: id, span: removed }, replacement: Vec::new() })
}

/// Writes the names that suppress something in place of all.
fn kept(source: &Source, Place { file: id, .. }: Place, names: &[Span], unused: &[Span]) -> Option<Edit> {
    let span = Span::new(names.first()?.start, names.last()?.end);
    let kept = names.iter().filter(|name| !unused.contains(name)).map(|name| name.of(source.bytes()));
    Some(Edit { place: Place { file: id, span }, replacement: kept.collect::<Vec<_>>().join(&b", "[..]) })
}
