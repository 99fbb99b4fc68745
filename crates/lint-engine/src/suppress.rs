//! `# nginx-ws-lint: ignore[rule, group] reason`: findings that the author has looked at.
//!
//! On the line itself, on the line before, or on the line that opens a block, for all of the block. Without a reason a
//! comment suppresses nothing: in a year nobody knows why it is there.

use lint_finding::{Finding, Notice, NoticeCode, Place};
use nginx_semantics::{FileId, Loaded, SourceFile};
use nginx_syntax::Span;

use crate::settings::Selector;

/// What begins every comment that is for this program.
const MARK: &[u8] = b"nginx-ws-lint:";

/// What the comments of all judged files suppress.
#[derive(Debug, Default)]
pub(crate) struct Suppressions {
    all: Vec<Suppression>,
    /// Comments that say less than they must.
    pub(crate) notices: Vec<Notice>,
}

#[derive(Debug)]
struct Suppression {
    selectors: Vec<Selector>,
    /// What begins in one of these is suppressed.
    covers: Vec<Place>,
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
        this
    }

    /// Whether a finding is one of those.
    pub(crate) fn cover(&self, finding: &Finding) -> bool {
        let place = finding.primary.place;
        let is_inside = |covered: &Place| {
            covered.file == place.file && (covered.span.start..covered.span.end).contains(&place.span.start)
        };
        self.all.iter().any(|suppression| {
            suppression.selectors.iter().any(|selector| selector.matches(finding.rule))
                && suppression.covers.iter().any(is_inside)
        })
    }

    fn file(&mut self, id: FileId, file: &SourceFile) {
        // The heads of directives lie one behind the other, so the first one on a line is found by halving.
        let mut heads: Vec<Span> = Vec::new();
        let mut wholes: Vec<Span> = Vec::new();
        for node in file.tree.nodes() {
            heads.push(Span::new(file.tree.name_span(node).start, end_of_head(file, node)));
            wholes.push(file.tree.span(node));
        }
        for comment in file.tree.comments() {
            let place = ws_rules::place(nginx_semantics::At { file: id, span: comment });
            let selectors = match parse(comment.of(file.bytes())) {
                None => continue,
                Some(Ok(selectors)) => selectors,
                Some(Err(message)) => {
                    self.notices.push(Notice {
                        code: NoticeCode::Suppression,
                        message,
                        place: Some(place),
                        path: None,
                        incomplete: false,
                    });
                    continue;
                }
            };
            let line = covered_line(file, comment);
            let mut covers = vec![line];
            let first = heads.partition_point(|head| head.end <= line.start);
            let on_line = heads.iter().zip(&wholes).skip(first);
            covers.extend(on_line.take_while(|(head, _)| head.start < line.end).map(|(_, whole)| *whole));
            let covers = covers.into_iter().map(|span| Place { span, ..place }).collect();
            self.all.push(Suppression { selectors, covers });
        }
    }
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

/// The end of a directive's words and of the `;` or `{` behind them.
fn end_of_head(file: &SourceFile, node: nginx_syntax::NodeId) -> u32 {
    file.tree.terminator(node).map_or_else(|| file.tree.head_span(node).end, |terminator| terminator.end)
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

/// The line that a comment speaks about: its own where something stands before it, else the next that is no comment.
fn covered_line(file: &SourceFile, comment: Span) -> Span {
    let source = &file.source;
    let mut line = source.line(comment.start);
    let before = Span::new(source.line_span(line).start, comment.start);
    if !before.of(file.bytes()).trim_ascii().is_empty() {
        return source.line_span(line);
    }
    while line < source.line_count() {
        line += 1;
        let text = source.line_span(line).of(file.bytes()).trim_ascii();
        if !text.starts_with(b"#") {
            break;
        }
    }
    source.line_span(line)
}
