//! `unused-suppression`: a comment suppresses findings that are not there.

use lint_finding::{Applicability, Edit, FixKind, Group, Place, RuleMeta, Severity, Tells};
use nginx_semantics::SourceFile;
use nginx_syntax::Span;

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
        let UnusedNames { file, comment: place, names, unused } = *comment;
        let name = |at: &Span| format!("`{}`", String::from_utf8_lossy(at.of(file.bytes())));
        let list: Vec<String> = unused.iter().map(name).collect();
        let is_whole = unused.len() == names.len();
        let (message, help, edit) = if is_whole {
            let message = format!("this comment suppresses nothing: {} finds nothing here", list.join(", "));
            (message, "remove the comment", whole(file, place))
        } else {
            let message = format!("{} finds nothing here that this comment could suppress", list.join(", "));
            (message, "remove the name from the brackets", kept(file, place, names, unused))
        };
        let line = file.source.line_span(file.source.line(place.span.start)).of(file.bytes());
        let finding = FindingBuilder::at(&META, place, message)
            .fingerprinted([line.trim_ascii()])
            .help(help)
            .fix(help, Applicability::Unsafe, edit.into_iter().collect::<Vec<_>>().into());
        out.push(finding);
    }
}

/// Removes a comment: with its line where nothing else stands there, else with the blanks before it.
fn whole(file: &SourceFile, Place { file: id, span }: Place) -> Option<Edit> {
    let number = file.source.line(span.start);
    let start = file.source.line_span(number).start;
    let before = Span::new(start, span.start).of(file.bytes());
    let kept = before.trim_ascii_end().len();
    let removed = if kept == 0 {
        // With its line break.
        Span::new(start, file.source.line_span(number.saturating_add(1)).start.max(span.end))
    } else {
        // A CR is a part of the comment, and of the line's end.
        let is_crlf = span.of(file.bytes()).ends_with(b"\r");
        Span::new(start.saturating_add(u32::try_from(kept).ok()?), span.end - u32::from(is_crlf))
    };
    Some(Edit { place: Place { file: id, span: removed }, replacement: Vec::new() })
}

/// Writes the names that suppress something in place of all.
fn kept(file: &SourceFile, Place { file: id, .. }: Place, names: &[Span], unused: &[Span]) -> Option<Edit> {
    let span = Span::new(names.first()?.start, names.last()?.end);
    let kept = names.iter().filter(|name| !unused.contains(name)).map(|name| name.of(file.bytes()));
    Some(Edit { place: Place { file: id, span }, replacement: kept.collect::<Vec<_>>().join(&b", "[..]) })
}
