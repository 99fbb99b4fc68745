//! `# nginx-ws-lint: ignore[rule, group] reason`: findings that the author has looked at.
//!
//! On the line itself, on the line before, or on the line that opens a block, for all of the block. Without a reason a
//! comment suppresses nothing: in a year nobody knows why it is there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use lint_finding::{FileId, Finding, Notice, NoticeCode, Place};
use nginx_semantics::{Loaded, SourceFile};
use nginx_syntax::{NodeId, Span};

use crate::settings::Selector;

/// What begins every comment that is for this program.
const MARK: &[u8] = b"nginx-ws-lint:";

/// What the comments of all judged files suppress.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    /// By file and what comments of it name: where a finding begins that is suppressed, disjoint and in order.
    covered: BTreeMap<(FileId, Selector), Vec<Span>>,
    /// Comments that say less than they must.
    pub(crate) notices: Vec<Notice>,
}

impl Suppressions {
    /// Reads the comments of the files that are judged.
    pub(crate) fn of(loaded: &Loaded) -> Self {
        let mut this = Self::default();
        let judged = loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id));
        for (id, file) in judged {
            if memchr::memmem::find(file.bytes(), MARK).is_some() {
                this.file(id, file);
            }
        }
        this.covered.values_mut().for_each(join);
        this
    }

    /// Whether a finding is one of those.
    pub(crate) fn cover(&self, finding: &Finding) -> bool {
        let Place { file, span } = finding.primary.place;
        [Selector::Rule(finding.rule.name), Selector::Group(finding.rule.group)].into_iter().any(|selector| {
            let Some(covered) = self.covered.get(&(file, selector)) else { return false };
            let behind = covered.partition_point(|covered| covered.start <= span.start);
            let last = behind.checked_sub(1).and_then(|last| covered.get(last));
            last.is_some_and(|covered| span.start < covered.end)
        })
    }

    fn file(&mut self, id: FileId, file: &SourceFile) {
        let mut lines = Lines::new(file);
        // Many comments may speak about one line, and many directives may stand on it.
        let mut named: BTreeMap<Span, BTreeSet<Selector>> = BTreeMap::new();
        for comment in file.tree.comments() {
            match parse(comment.of(file.bytes())) {
                None => {}
                Some(Ok(selectors)) => named.entry(lines.covered(comment)).or_default().extend(selectors),
                Some(Err(message)) => self.notices.push(Notice {
                    code: NoticeCode::Suppression,
                    message,
                    place: Some(Place { file: id, span: comment }),
                    path: None,
                    incomplete: false,
                }),
            }
        }
        if named.is_empty() {
            return;
        }
        // The heads of directives lie one behind the other, so the first one on a line is found by halving.
        let nodes = file.tree.nodes();
        let directives: Vec<(Span, Span)> =
            nodes.map(|node| (head(file, node), file.tree.span(node))).collect();
        for (line, selectors) in named {
            let first = directives.partition_point(|(head, _)| head.end <= line.start);
            let on_line = directives.iter().skip(first).take_while(|(head, _)| head.start < line.end);
            for selector in selectors {
                let covered = self.covered.entry((id, selector)).or_default();
                covered.push(line);
                covered.extend(on_line.clone().map(|(_, whole)| *whole));
            }
        }
    }
}

/// Makes spans disjoint and puts them in order.
fn join(spans: &mut Vec<Span>) {
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let is_joined = next.start <= last.end;
        if is_joined {
            last.end = last.end.max(next.end);
        }
        is_joined
    });
}

/// The comments of a file that are for this program, without the mark that says so.
pub(crate) fn comments_for_us(file: &SourceFile) -> impl Iterator<Item = &str> {
    let has_mark = memchr::memmem::find(file.bytes(), MARK).is_some();
    let comments = has_mark.then(|| file.tree.comments()).into_iter().flatten();
    comments.filter_map(|comment| for_us(comment.of(file.bytes())))
}

/// What a comment says to this program.
fn for_us(comment: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(comment).ok()?;
    Some(text.trim_start_matches('#').trim().strip_prefix("nginx-ws-lint:")?.trim())
}

/// A directive's words with the `;` or `{` behind them.
fn head(file: &SourceFile, node: NodeId) -> Span {
    let end =
        file.tree.terminator(node).map_or_else(|| file.tree.head_span(node).end, |terminator| terminator.end);
    Span::new(file.tree.name_span(node).start, end)
}

/// The rules that a comment names; `None` for one that is not for us, `Err` for one that says too little.
fn parse(comment: &[u8]) -> Option<Result<Vec<Selector>, String>> {
    let rest = for_us(comment)?.strip_prefix("ignore")?;
    if rest.starts_with(|next: char| next.is_alphanumeric() || next == '-') {
        return None;
    }
    let Some((names, reason)) = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'))
    else {
        return Some(Err(
            "this comment suppresses nothing: name the rules, as in `ignore[short-read-timeout] why`"
                .to_owned(),
        ));
    };
    let mut selectors = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name.parse() {
            Ok(selector) => selectors.push(selector),
            Err(error) => return Some(Err(format!("this comment suppresses nothing: {error}"))),
        }
    }
    if selectors.is_empty() {
        return Some(Err("this comment suppresses nothing: no rule stands between the brackets".to_owned()));
    }
    if reason.trim().is_empty() {
        return Some(Err("this comment suppresses nothing: say why behind the `]`".to_owned()));
    }
    Some(Ok(selectors))
}

/// Which line a comment speaks about.
struct Lines<'f> {
    file: &'f SourceFile,
    /// Lines of comments, after which the same line comes.
    above: Range<u32>,
}

impl<'f> Lines<'f> {
    fn new(file: &'f SourceFile) -> Self {
        Self { file, above: 0..0 }
    }

    /// Its own where something stands before it, else the next that is no comment.
    fn covered(&mut self, comment: Span) -> Span {
        let source = &self.file.source;
        let line = source.line(comment.start);
        let before = Span::new(source.line_span(line).start, comment.start);
        if !source.slice(before).trim_ascii().is_empty() {
            return source.line_span(line);
        }
        // A thousand comments in a row are not read a thousand times.
        if !self.above.contains(&line) {
            let is_comment =
                |line: u32| source.slice(source.line_span(line)).trim_ascii_start().starts_with(b"#");
            let last = source.line_count();
            let next = (line.saturating_add(1)..last).find(|line| !is_comment(*line));
            self.above = line..next.unwrap_or(last);
        }
        source.line_span(self.above.end.max(line))
    }
}
