//! Writes the comments that suppress what is found now, so that a tree with old findings starts clean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use lint_finding::{FileId, Outcome};
use nginx_semantics::{Files, Scope};
use nginx_syntax::{BYTE_ORDER_MARK, NoVocabulary, Source, parse};

use crate::fix::{Changed, MayEdit};
use crate::session::Session;
use crate::settings::Settings;

/// What adding comments comes to.
#[derive(Debug)]
pub struct Ignored {
    /// The files that change, sorted by path.
    pub texts: Vec<Changed>,
    /// How many findings the comments suppress.
    pub suppressed: usize,
    /// The files that may not be edited, as they are shown, and why.
    pub refused: BTreeMap<String, String>,
    /// What is said of the files afterwards.
    pub outcome: Outcome,
}

/// Adds a comment with this reason above each line with findings. What nginx refuses to start with gets none: that is to be
/// mended, or hidden by somebody who has looked at it.
pub fn add_ignores(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    reason: &str,
    may_edit: MayEdit<'_>,
) -> Ignored {
    let mut session = Session::new(files, arguments, scope, settings);
    let before = session.outcome().findings.len();
    let mut by_file: BTreeMap<FileId, Lines> = BTreeMap::new();
    let outcome = session.outcome();
    for finding in outcome.findings.iter().filter(|finding| !finding.is_refusal()) {
        let place = finding.primary.place;
        let Some(file) = outcome.file(place.file) else { continue };
        let line = file.source.line(place.span.start);
        // A comment speaks of the next line that is none, not of another comment.
        if file.source.slice(file.source.line_span(line)).trim_ascii_start().starts_with(b"#") {
            continue;
        }
        let (rules, findings) = by_file.entry(place.file).or_default().entry(line).or_default();
        rules.insert(finding.rule.name);
        *findings += 1;
    }
    let mut changes: Vec<Change> = Vec::new();
    let mut refused = BTreeMap::new();
    for (id, mut lines) in by_file {
        let (Some((path, is_hosted)), Some(file)) = (session.opened(id), outcome.file(id)) else { continue };
        let allowed = match (file.may_be_shown, is_hosted) {
            (true, false) => may_edit(&path, file.source.bytes()),
            (true, true) => Err("comments are added to files of nginx alone, not inside others".to_owned()),
            (false, _) => Err("it lies outside the given paths".to_owned()),
        };
        match allowed {
            Ok(()) => {
                if keep_outside_words(&file.source, &mut lines) {
                    let why = "at some lines, because a word or a block of Lua goes on there".to_owned();
                    refused.insert(file.source.path().to_owned(), why);
                }
                if !lines.is_empty() {
                    changes.push(Change {
                        path,
                        old: Arc::clone(&file.source),
                        new: with_comments(&file.source, &lines, reason),
                        findings: lines.values().map(|(_, findings)| findings).sum(),
                    });
                }
            }
            Err(why) => _ = refused.insert(file.source.path().to_owned(), why),
        }
    }
    let mut texts = Vec::new();
    apply(&mut session, changes, &mut texts, &mut refused);
    texts.sort_by(|one, other| one.old.path().cmp(other.old.path()));
    let outcome = session.outcome().clone();
    Ignored { texts, suppressed: before.saturating_sub(outcome.findings.len()), refused, outcome }
}

/// A file with comments to add.
struct Change {
    path: PathBuf,
    old: Arc<Source>,
    new: Vec<u8>,
    /// How many findings these are for.
    findings: usize,
}

/// The rules that find something and how much they find, by line.
type Lines = BTreeMap<u32, (BTreeSet<&'static str>, usize)>;

/// Takes away the lines that begin inside a word of several lines or a block of Lua, where a comment would be a part of it;
/// whether there were any.
fn keep_outside_words(source: &Source, lines: &mut Lines) -> bool {
    let tree = parse(source.bytes(), &NoVocabulary);
    let before = lines.len();
    lines.retain(|number, _| {
        let start = source.line_span(*number).start;
        tree.leaf_at(start).is_none_or(|leaf| leaf.span.start >= start)
    });
    lines.len() < before
}

/// Makes changes together, for each judging costs as much as a run; where one of them does no good, each half by itself.
fn apply(
    session: &mut Session<'_>,
    mut changes: Vec<Change>,
    texts: &mut Vec<Changed>,
    refused: &mut BTreeMap<String, String>,
) {
    if changes.is_empty() {
        return;
    }
    let (before, refused_before) = (session.outcome().findings.len(), refusals(session.outcome()));
    let edits = changes.iter().map(|Change { path, new, .. }| (path.as_path(), new.clone()));
    let is_made = session.edit_all(edits).is_ok();
    // Inside a word of several lines a comment is none, and the findings are still there.
    let hidden: usize = changes.iter().map(|change| change.findings).sum();
    let is_hidden = session.outcome().findings.len() + hidden <= before;
    if is_made && is_hidden && refusals(session.outcome()) <= refused_before {
        for Change { path, old, new, .. } in changes {
            if let Ok(new) = Source::new(old.path(), new) {
                texts.push(Changed { path, old, new: Arc::new(new) });
            }
        }
        return;
    }
    if is_made {
        let back = changes.iter().map(|Change { path, old, .. }| (path.as_path(), old.bytes().to_vec()));
        _ = session.edit_all(back);
    }
    if let [Change { old, .. }] = changes.as_slice() {
        let why = "a comment would suppress nothing at some of its lines".to_owned();
        refused.insert(old.path().to_owned(), why);
        return;
    }
    let others = changes.split_off(changes.len() / 2);
    apply(session, changes, texts, refused);
    apply(session, others, texts, refused);
}

fn refusals(outcome: &Outcome) -> usize {
    outcome.findings.iter().filter(|finding| finding.is_refusal()).count()
}

/// The text of a file with a comment above each of these lines, indented like it and with its line break.
fn with_comments(source: &Source, lines: &Lines, reason: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(source.bytes().len() + 80 * lines.len());
    let mut from = 0;
    for (number, (rules, _)) in lines {
        let span = source.line_span(*number);
        let line = span.of(source.bytes());
        // A byte order mark is one at the very beginning alone.
        let mark =
            if span.start == 0 && line.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let line = line.get(mark..).unwrap_or_default();
        let start = span.start as usize + mark;
        text.extend_from_slice(source.bytes().get(from..start).unwrap_or_default());
        let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        text.extend_from_slice(line.get(..blanks).unwrap_or_default());
        let names: Vec<&str> = rules.iter().copied().collect();
        text.extend_from_slice(format!("# nginx-ws-lint: ignore[{}] {reason}", names.join(", ")).as_bytes());
        text.extend_from_slice(if line.ends_with(b"\r") { b"\r\n" } else { b"\n" });
        from = start;
    }
    text.extend_from_slice(source.bytes().get(from..).unwrap_or_default());
    text
}
