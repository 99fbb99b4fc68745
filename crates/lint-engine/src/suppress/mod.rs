//! `# nginx-ws-lint: ignore[rule, group] until=DATE reason`: findings that the author has looked at.
//!
//! On the line itself, on the line before, or on the line that opens a block, for all of the block; `ignore-file` for all of
//! the file. Without a reason a comment suppresses nothing: in a year nobody knows why it is there. What nginx refuses to
//! start with is only suppressed by a comment at its own line that names the rule: hidden by a group or for a whole file,
//! the next deployment would fail unseen.

mod cover;
mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use lint_finding::{FileId, Finding, Notice, NoticeCode, Place, RuleMeta};
use nginx_semantics::{Loaded, SourceFile};
use nginx_syntax::{NodeId, Span};
use time::{Date, OffsetDateTime};
use ws_rules::{Findings, RULES, Rule, UnusedNames};

use self::cover::Cover;
use crate::settings::Selector;

/// What the comments of all judged files suppress.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    comments: Vec<Comment>,
    /// By file and what comments of it name: which comment a finding that begins there belongs to.
    covered: BTreeMap<(FileId, Selector), Cover>,
    /// Comments that say less than they must.
    pub(crate) notices: Vec<Notice>,
}

/// A comment that suppresses findings.
#[derive(Debug)]
struct Comment {
    place: Place,
    is_for_file: bool,
    /// The line that it speaks about.
    line: Span,
    /// What it names, with the bytes of the file where that stands.
    names: Vec<(Selector, Span)>,
    reason: String,
}

/// What comments did.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// The names that suppressed something, or would have.
    names: BTreeSet<(usize, Selector)>,
    /// The comments that would have hidden what nginx refuses.
    denied: BTreeSet<usize>,
}

impl Suppressions {
    /// Reads the comments of the files that are judged; `now` is the time in seconds since 1970, by which some have expired.
    pub(crate) fn of(loaded: &Loaded, now: Option<i64>) -> Self {
        let today =
            now.and_then(|now| OffsetDateTime::from_unix_timestamp(now).ok()).map(OffsetDateTime::date);
        let mut reading = Reading { this: Self::default(), spans: BTreeMap::new(), today };
        let judged = loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id));
        for (id, file) in judged {
            let has = |mark: &str| memchr::memmem::find(file.bytes(), mark.as_bytes()).is_some();
            if has(parse::MARK) || has(parse::OTHER_MARK) {
                reading.file(id, file);
            }
        }
        let Reading { mut this, spans, .. } = reading;
        this.covered = spans.into_iter().map(|(key, spans)| (key, Cover::new(spans))).collect();
        this
    }

    /// Whether a finding is suppressed.
    pub(crate) fn cover(&self, finding: &Finding) -> bool {
        self.by(finding).is_some()
    }

    /// The reason why a finding is suppressed, and the comment that gives it.
    pub(crate) fn apply(&self, finding: &Finding, used: &mut Used) -> Option<(String, Place)> {
        used.names.extend(self.naming(finding).map(|(number, selector, _)| (number, selector)));
        let Some((.., comment)) = self.by(finding) else {
            used.denied.extend(self.naming(finding).map(|(number, ..)| number));
            return None;
        };
        Some((comment.reason.clone(), comment.place))
    }

    /// What is said of the comments that hide less than they seem to.
    pub(crate) fn denied(&self, used: &Used) -> impl Iterator<Item = Notice> {
        let comments = used.denied.iter().filter_map(|number| self.comments.get(*number));
        comments.map(|comment| {
            let message = "this comment does not hide what nginx refuses to start with: only a comment at the line itself does, \
                           with the name of the rule";
            notice(comment.place, message.to_owned())
        })
    }

    /// The comment that suppresses a finding, with its number and what it names for that.
    fn by(&self, finding: &Finding) -> Option<(usize, Selector, &Comment)> {
        let at = finding.primary.place.span.start;
        self.naming(finding).find(|(_, selector, comment)| {
            let is_at_line = (comment.line.start..comment.line.end).contains(&at);
            let is_precise = !comment.is_for_file && is_at_line && matches!(selector, Selector::Rule(_));
            is_precise || !finding.is_refusal()
        })
    }

    /// The comments that speak about a finding: the one that names its rule first.
    fn naming(&self, finding: &Finding) -> impl Iterator<Item = (usize, Selector, &Comment)> {
        let Place { file, span } = finding.primary.place;
        let has_any = !self.covered.is_empty();
        let selectors = [Selector::Rule(finding.rule.name), Selector::Group(finding.rule.group)];
        selectors.into_iter().filter(move |_| has_any).filter_map(move |selector| {
            let number = self.covered.get(&(file, selector))?.owner(span.start)?;
            Some((number, selector, self.comments.get(number)?))
        })
    }

    /// What rules say of the comments of which some names suppress nothing, though their rules ran in the file.
    pub(crate) fn unused(
        &self,
        used: &Used,
        loaded: &Loaded,
        ran: impl Fn(&SourceFile, &RuleMeta) -> bool,
        on_disk: impl Fn(Place) -> Place,
        out: &mut Findings,
    ) {
        // One comment of a template stands on several ways through its branches.
        let used: BTreeSet<(Place, Selector)> = used
            .names
            .iter()
            .filter_map(|(number, selector)| Some((on_disk(self.comments.get(*number)?.place), *selector)))
            .collect();
        // The comments of a file lie one behind the other, and the same rules ran for all of them.
        for comments in self.comments.chunk_by(|one, other| one.place.file == other.place.file) {
            let Some(first) = comments.first() else { continue };
            let Some(file) = loaded.sources.get(first.place.file) else { continue };
            let (ran, off): (Vec<&dyn Rule>, Vec<&dyn Rule>) =
                RULES.iter().copied().partition(|rule| ran(file, rule.meta()));
            for comment in comments {
                let is_unused = |(selector, _): &&(Selector, Span)| {
                    let is_used = used.contains(&(on_disk(comment.place), *selector));
                    !is_used && !off.iter().any(|rule| selector.matches(rule.meta()))
                };
                let unused: Vec<Span> = comment.names.iter().filter(is_unused).map(|(_, at)| *at).collect();
                if unused.is_empty() {
                    continue;
                }
                let names: Vec<Span> = comment.names.iter().map(|(_, at)| *at).collect();
                let unused = UnusedNames { file, comment: comment.place, names: &names, unused: &unused };
                let is_hushed = |rule: &RuleMeta| {
                    comment.names.iter().any(|(selector, _)| *selector == Selector::Rule(rule.name))
                };
                let speaking = ran.iter().filter(|rule| !is_hushed(rule.meta()));
                speaking.for_each(|rule| rule.suppression(&unused, out));
            }
        }
    }
}

/// Comments as they are read.
struct Reading {
    this: Suppressions,
    spans: BTreeMap<(FileId, Selector), Vec<(Span, usize)>>,
    today: Option<Date>,
}

impl Reading {
    fn file(&mut self, id: FileId, file: &SourceFile) {
        let mut lines = Lines::new(file);
        // Many comments may speak about one line, and many directives may stand on it.
        let mut named: BTreeMap<Span, Vec<(usize, Selector)>> = BTreeMap::new();
        for comment in file.tree.comments() {
            let place = Place { file: id, span: comment };
            let ignore = match parse::ignore(comment.of(file.bytes())) {
                None => continue,
                Some(Ok(ignore)) => ignore,
                Some(Err(message)) => {
                    self.notice(place, message);
                    continue;
                }
            };
            if let Some((until, _)) = ignore.until.zip(self.today).filter(|(until, today)| until < today) {
                let message = format!("this comment suppresses nothing any more: it expired on {until}");
                self.notice(place, message);
                continue;
            }
            let at = |range: &Range<usize>| {
                let from =
                    |offset: usize| comment.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
                Span::new(from(range.start), from(range.end))
            };
            let names: Vec<(Selector, Span)> =
                ignore.names.iter().map(|(selector, range)| (*selector, at(range))).collect();
            let (number, line) = (self.this.comments.len(), lines.covered(comment));
            for (selector, _) in &names {
                if ignore.is_for_file {
                    let whole = Span::new(0, u32::MAX);
                    self.spans.entry((id, *selector)).or_default().push((whole, number));
                } else {
                    named.entry(line).or_default().push((number, *selector));
                }
            }
            let (is_for_file, reason) = (ignore.is_for_file, ignore.reason.to_owned());
            self.this.comments.push(Comment { place, is_for_file, line, names, reason });
        }
        if named.is_empty() {
            return;
        }
        // The heads of directives lie one behind the other, so the first one on a line is found by halving.
        let nodes = file.tree.nodes();
        let directives: Vec<(Span, Span)> =
            nodes.map(|node| (head(file, node), file.tree.span(node))).collect();
        for (line, mut named) in named {
            // Of a thousand comments at one line that name the same the first counts.
            named.sort_by_key(|(number, selector)| (*selector, *number));
            named.dedup_by_key(|(_, selector)| *selector);
            let first = directives.partition_point(|(head, _)| head.end <= line.start);
            let on_line = directives.iter().skip(first).take_while(|(head, _)| head.start < line.end);
            for (number, selector) in named {
                let covered = self.spans.entry((id, selector)).or_default();
                covered.push((line, number));
                covered.extend(on_line.clone().map(|(_, whole)| (*whole, number)));
            }
        }
    }

    fn notice(&mut self, place: Place, message: String) {
        self.this.notices.push(notice(place, message));
    }
}

/// What is said of a comment.
fn notice(place: Place, message: String) -> Notice {
    Notice { code: NoticeCode::Suppression, message, place: Some(place), path: None, incomplete: false }
}

/// The comments of a file that are for this program, without the mark that says so.
pub(crate) fn comments_for_us(file: &SourceFile) -> impl Iterator<Item = &str> {
    let has_mark = memchr::memmem::find(file.bytes(), parse::MARK.as_bytes()).is_some();
    let comments = has_mark.then(|| file.tree.comments()).into_iter().flatten();
    comments.filter_map(|comment| parse::for_us(comment.of(file.bytes())))
}

/// A directive's words with the `;` or `{` behind them.
fn head(file: &SourceFile, node: NodeId) -> Span {
    let end =
        file.tree.terminator(node).map_or_else(|| file.tree.head_span(node).end, |terminator| terminator.end);
    Span::new(file.tree.name_span(node).start, end)
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
