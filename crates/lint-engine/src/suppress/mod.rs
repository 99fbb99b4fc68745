//! `# nginx-ws-lint: ignore[rule, group] until=DATE reason`: findings that the author has looked at.
//!
//! On the line itself, on the line before, or on the line that opens a block, for all of the block; `ignore-file` for all of
//! the file. In a file that holds texts of nginx it may also stand outside of them: `ignore-file` is about all texts then,
//! and `ignore` about the lines of the file on disk. Without a reason a comment suppresses nothing: in a year nobody knows why it is there. What nginx refuses to
//! start with is only suppressed by a comment at its own line that names the rule: hidden by a group or for a whole file,
//! the next deployment would fail unseen.

mod cover;
mod hosts;
mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use lint_finding::{File, FileId, Finding, Notice, NoticeCode, Place, RuleMeta};
use nginx_semantics::{Hosted, Loaded, SourceFile};
use nginx_syntax::{NodeId, Source, Span};
use time::{Date, OffsetDateTime};
use ws_rules::{Findings, RULES, Rule, UnusedNames};

use self::cover::Cover;
use self::hosts::Host;
pub use self::parse::is_reason;
use crate::settings::Selector;

/// What the comments of all judged files suppress.
#[derive(Debug, Default)]
pub(crate) struct Suppressions<'a> {
    comments: Vec<Comment>,
    /// By file and what comments of it name: which comment a finding that begins there belongs to.
    covered: BTreeMap<(FileId, Selector), Cover>,
    /// For texts of files that have comments outside of them: the number of that file, and the way to it.
    hosts: BTreeMap<FileId, (FileId, &'a Hosted)>,
    /// Of these numbers, a text with its file.
    texts: BTreeMap<FileId, &'a SourceFile>,
    /// The files that have these numbers, which lie behind those of all files that were read.
    pub(crate) host_files: Vec<File>,
    /// Comments that say less than they must.
    pub(crate) notices: Vec<Notice>,
}

/// A comment that suppresses findings.
#[derive(Debug)]
struct Comment {
    place: Place,
    is_for_file: bool,
    /// Whether nothing else can be meant if it suppresses nothing.
    may_be_unused: bool,
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

impl<'a> Suppressions<'a> {
    /// Reads the comments of the files that are judged; `now` is the time in seconds since 1970, by which some have expired.
    pub(crate) fn of(loaded: &'a Loaded, now: Option<i64>) -> Self {
        let today =
            now.and_then(|now| OffsetDateTime::from_unix_timestamp(now).ok()).map(OffsetDateTime::date);
        let mut reading = Reading { this: Self::default(), spans: BTreeMap::new(), today };
        let judged = loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id));
        for (id, file) in judged {
            if parse::has_mark(file.bytes()) {
                reading.file(id, file);
            }
        }
        for host in hosts::hosts(loaded) {
            reading.host(&host);
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
        used.names.extend(self.naming(finding).map(|(number, selector, ..)| (number, selector)));
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
        let naming = self.naming(finding);
        let mut all = naming.map(|(number, selector, comment, at)| {
            let is_at_line = (comment.line.start..comment.line.end).contains(&at);
            let is_precise = !comment.is_for_file && is_at_line && matches!(selector, Selector::Rule(_));
            (is_precise, (number, selector, comment))
        });
        all.find(|(is_precise, _)| *is_precise || !finding.is_refusal()).map(|(_, found)| found)
    }

    /// The comments that speak about a finding, the one that names its rule first, each with where the finding begins in the
    /// comment's file.
    fn naming(&self, finding: &Finding) -> impl Iterator<Item = (usize, Selector, &Comment, u32)> {
        let Place { file, span } = finding.primary.place;
        let has_any = !self.covered.is_empty();
        let host = self.hosts.get(&file).map(|(host, hosted)| (*host, hosted.on_disk(span).start));
        let places = move || std::iter::once((file, span.start)).chain(host);
        let selectors = [Selector::Rule(finding.rule.name), Selector::Group(finding.rule.group)];
        let all = selectors.into_iter().filter(move |_| has_any);
        let all = all.flat_map(move |selector| places().map(move |place| (selector, place)));
        all.filter_map(move |(selector, (in_file, at))| {
            let number = self.covered.get(&(in_file, selector))?.owner(at)?;
            let comment = self.comments.get(number)?;
            // One outside of the text may cover lines of it.
            let at = host.filter(|(host, _)| *host == comment.place.file).map_or(at, |(_, at)| at);
            Some((number, selector, comment, at))
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
            let outside = self.texts.get(&first.place.file).copied();
            let Some(file) = outside.or_else(|| loaded.sources.get(first.place.file)) else { continue };
            let source: &Source = if outside.is_some() { file.on_disk() } else { &file.source };
            let (ran, off): (Vec<&dyn Rule>, Vec<&dyn Rule>) =
                RULES.iter().copied().partition(|rule| ran(file, rule.meta()));
            for comment in comments.iter().filter(|comment| comment.may_be_unused) {
                let is_unused = |(selector, _): &&(Selector, Span)| {
                    let is_used = used.contains(&(on_disk(comment.place), *selector));
                    !is_used && !off.iter().any(|rule| selector.matches(rule.meta()))
                };
                let unused: Vec<Span> = comment.names.iter().filter(is_unused).map(|(_, at)| *at).collect();
                if unused.is_empty() {
                    continue;
                }
                let names: Vec<Span> = comment.names.iter().map(|(_, at)| *at).collect();
                let (place, is_in_text) = (comment.place, outside.is_none());
                let unused =
                    UnusedNames { source, is_in_text, comment: place, names: &names, unused: &unused };
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
struct Reading<'a> {
    this: Suppressions<'a>,
    spans: BTreeMap<(FileId, Selector), Vec<(Span, usize)>>,
    today: Option<Date>,
}

/// By the line that comments speak about: their numbers, and what they name.
type ByLine = BTreeMap<Span, Vec<(usize, Selector)>>;

impl<'a> Reading<'a> {
    /// The comments of nginx's text.
    fn file(&mut self, id: FileId, file: &SourceFile) {
        let mut lines = Lines::new(&file.source, |line| line.trim_ascii_start().starts_with(b"#"));
        // Many comments may speak about one line, and many directives may stand on it.
        let mut named = ByLine::new();
        for comment in file.tree.comments() {
            let place = Place { file: id, span: comment };
            let line = lines.covered(comment);
            let Some(number) = self.comment(place, comment.of(file.bytes()), line, true) else { continue };
            named.entry(line).or_default().extend(self.lined(number));
        }
        self.cover(id, file, named);
    }

    /// Those of a file that holds such texts, outside of them.
    fn host(&mut self, host: &Host<'a>) {
        let (Some(source), Some(listed)) = (host.source(), host.listed()) else { return };
        let mut lines = Lines::new(source, hosts::is_comment);
        let mut in_texts: BTreeMap<FileId, (&SourceFile, ByLine)> = BTreeMap::new();
        for outside in &host.comments {
            let place = Place { file: host.id, span: outside.span };
            let line = match outside.is_behind {
                true => source.line_span(source.line(outside.span.start)),
                false => lines.next(source.line(outside.span.start)),
            };
            let text = source.slice(outside.span);
            if let Some(word) = parse::declaration(text) {
                let message = format!(
                    "this comment does nothing: `{word}` counts in nginx's own text only, and this is outside of it"
                );
                self.notice(place, message);
                continue;
            }
            let Some(number) = self.comment(place, text, line, !outside.is_between) else { continue };
            let lined: Vec<(usize, Selector)> = self.lined(number).collect();
            for (_, selector) in &lined {
                self.spans.entry((host.id, *selector)).or_default().push((line, number));
            }
            for (id, file, line) in host.line_of_text(line).filter(|_| !lined.is_empty()) {
                let (_, named) = in_texts.entry(id).or_insert_with(|| (file, ByLine::new()));
                named.entry(line).or_default().extend(&lined);
            }
        }
        for (id, (file, named)) in in_texts {
            self.cover(id, file, named);
        }
        self.this.hosts.extend(host.texts.iter().map(|(id, _, hosted)| (*id, (host.id, *hosted))));
        self.this.texts.extend(host.texts.first().map(|(_, file, _)| (host.id, *file)));
        self.this.host_files.push(listed);
    }

    /// Keeps a comment that suppresses something, and says what is wrong with one that should.
    fn comment(&mut self, place: Place, text: &[u8], line: Span, may_be_unused: bool) -> Option<usize> {
        let ignore = match parse::ignore(text)? {
            Ok(ignore) => ignore,
            Err(message) => {
                self.notice(place, message);
                return None;
            }
        };
        if let Some((until, _)) = ignore.until.zip(self.today).filter(|(until, today)| until < today) {
            let message = format!("this comment suppresses nothing any more: it expired on {until}");
            self.notice(place, message);
            return None;
        }
        let at = |range: &Range<usize>| {
            let from =
                |offset: usize| place.span.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
            Span::new(from(range.start), from(range.end))
        };
        let names: Vec<(Selector, Span)> =
            ignore.names.iter().map(|(selector, range)| (*selector, at(range))).collect();
        let number = self.this.comments.len();
        for (selector, _) in names.iter().filter(|_| ignore.is_for_file) {
            let whole = Span::new(0, u32::MAX);
            self.spans.entry((place.file, *selector)).or_default().push((whole, number));
        }
        let (is_for_file, reason) = (ignore.is_for_file, ignore.reason.to_owned());
        self.this.comments.push(Comment { place, is_for_file, may_be_unused, line, names, reason });
        Some(number)
    }

    /// What a comment names for its line; nothing for one that is for its whole file.
    fn lined(&self, number: usize) -> impl Iterator<Item = (usize, Selector)> + use<'_, 'a> {
        let comment = self.this.comments.get(number).filter(|comment| !comment.is_for_file);
        comment.into_iter().flat_map(move |comment| comment.names.iter().map(move |(one, _)| (number, *one)))
    }

    /// Lines of a text, and the blocks that they open, belong to comments.
    fn cover(&mut self, id: FileId, file: &SourceFile, named: ByLine) {
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
    source: &'f Source,
    /// Whether a line is nothing but a comment.
    is_comment: fn(&[u8]) -> bool,
    /// Lines of comments, after which the same line comes.
    above: Range<u32>,
}

impl<'f> Lines<'f> {
    fn new(source: &'f Source, is_comment: fn(&[u8]) -> bool) -> Self {
        Self { source, is_comment, above: 0..0 }
    }

    /// Its own where something stands before it, else the next that is no comment.
    fn covered(&mut self, comment: Span) -> Span {
        let line = self.source.line(comment.start);
        let before = Span::new(self.source.line_span(line).start, comment.start);
        if !self.source.slice(before).trim_ascii().is_empty() {
            return self.source.line_span(line);
        }
        self.next(line)
    }

    /// The next line that is no comment.
    fn next(&mut self, line: u32) -> Span {
        // A thousand comments in a row are not read a thousand times.
        if !self.above.contains(&line) {
            let is_comment = |line: u32| (self.is_comment)(self.source.slice(self.source.line_span(line)));
            let last = self.source.line_count();
            let next = (line.saturating_add(1)..last).find(|line| !is_comment(*line));
            self.above = line..next.unwrap_or(last);
        }
        self.source.line_span(self.above.end.max(line))
    }
}
