//! Comments of a file that holds texts of nginx, outside of these texts: above a key of YAML, in a script, or in a comment of
//! a template, which nginx never sees.

use std::collections::BTreeMap;

use lint_finding::{File, FileId};
use nginx_semantics::{Hosted, Loaded, SourceFile};
use nginx_syntax::{Source, Span};

use super::parse;

/// What a comment outside of nginx's text may begin with, the longest first: of YAML, shells and Dockerfiles, of Terraform,
/// and of template engines.
const OPENERS: [&str; 8] = ["<%#", "{{/*", "{{!--", "{#", "<!--", "//", "/*", "#"];

/// What may end it on the same line.
const CLOSERS: [&str; 6] = ["--}}", "*/}}", "*/", "#}", "%>", "-->"];

/// A file on disk that holds texts of nginx and has the program's mark outside of them.
pub(super) struct Host<'a> {
    /// Its number: behind those of all files that were read.
    pub(super) id: FileId,
    /// Its texts that are judged, on all ways through the branches of templates.
    pub(super) texts: Vec<(FileId, &'a SourceFile, &'a Hosted)>,
    /// Where the comments stand, from the mark on.
    pub(super) comments: Vec<Outside>,
}

/// A comment outside of nginx's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outside {
    /// From the mark to its last word.
    pub(super) span: Span,
    /// Whether something stands before it on its line.
    pub(super) is_behind: bool,
    /// Whether it is between the lines of a text: in a comment of a template, or on a way through its branches that is not
    /// judged.
    pub(super) is_between: bool,
}

impl<'a> Host<'a> {
    pub(super) fn source(&self) -> Option<&'a Source> {
        self.texts.first().map(|(_, _, hosted)| hosted.source().as_ref())
    }

    /// As outcomes list it.
    pub(super) fn listed(&self) -> Option<File> {
        let (_, _, hosted) = self.texts.first()?;
        let path = hosted.path();
        Some(File {
            source: hosted.source().clone(),
            may_be_shown: self.texts.iter().all(|(_, file, _)| file.may_be_shown),
            view: None,
            raw_path: path.to_str().is_none().then(|| path.as_os_str().as_encoded_bytes().into()),
        })
    }

    /// The line of a text that has the first word of a line of the host.
    pub(super) fn line_of_text(&self, line: Span) -> impl Iterator<Item = (FileId, &'a SourceFile, Span)> {
        let start = self.source().map_or(line.start, |source| {
            let blank = source.slice(line).iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            line.start.saturating_add(u32::try_from(blank).unwrap_or(u32::MAX))
        });
        // What a controller writes has no lines of the host.
        let texts = self.texts.iter().filter(|(.., hosted)| hosted.view().rendered().is_none());
        texts.filter_map(move |(id, file, hosted)| {
            let at = hosted.view().of_host(start)?;
            Some((*id, *file, file.source.line_span(file.source.line(at))))
        })
    }
}

/// The files on disk that have comments for this program outside of nginx's text.
pub(super) fn hosts(loaded: &Loaded) -> Vec<Host<'_>> {
    let mut by_path: BTreeMap<&str, Vec<(FileId, &SourceFile, &Hosted)>> = BTreeMap::new();
    for (id, file) in loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id)) {
        // A page shows what it likes, and what `nginx -T` prints has its comments in its files.
        let hosted = file.hosted().filter(|hosted| !hosted.is_documentation() && !hosted.is_dump());
        if let Some(hosted) = hosted {
            by_path.entry(hosted.source().path()).or_default().push((id, file, hosted));
        }
    }
    let mut id = u32::try_from(loaded.sources.iter().count()).unwrap_or(u32::MAX);
    let mut all = Vec::new();
    for texts in by_path.into_values() {
        let mut host = Host { id: FileId(id), texts, comments: Vec::new() };
        host.comments = host.source().map(|source| outside(source, &host.texts)).unwrap_or_default();
        if !host.comments.is_empty() {
            id = id.saturating_add(1);
            all.push(host);
        }
    }
    all
}

/// The comments with the program's mark that no text has.
fn outside(source: &Source, texts: &[(FileId, &SourceFile, &Hosted)]) -> Vec<Outside> {
    let bytes = source.bytes();
    let marks: Vec<usize> = parse::marks(bytes).collect();
    let extents: Vec<Span> = texts
        .iter()
        .filter(|(.., hosted)| !marks.is_empty() && hosted.view().rendered().is_none())
        .map(|(.., hosted)| hosted.on_disk(Span::new(0, u32::MAX)))
        .collect();
    let mut comments = Vec::new();
    for mark in marks {
        let Ok(at) = u32::try_from(mark) else { break };
        let line = source.line_span(source.line(at));
        let before = Span::new(line.start, at).of(bytes);
        let Some(before) = behind_opener(before) else { continue };
        if texts.iter().any(|(.., hosted)| hosted.view().shows(at)) {
            continue;
        }
        let text = before_closer(Span::new(at, line.end).of(bytes));
        let end = at.saturating_add(u32::try_from(text.len()).unwrap_or(u32::MAX));
        let is_between = extents.iter().any(|extent| (extent.start..extent.end).contains(&at));
        comments.push(Outside { span: Span::new(at, end), is_behind: !before.is_empty(), is_between });
    }
    comments
}

/// What stands on a line before the comment that its last bytes open, without blanks; `None` if they open none.
fn behind_opener(before: &[u8]) -> Option<&[u8]> {
    // `{#- nginx-ws-lint` and `{{- /* nginx-ws-lint` keep no blank around them.
    let before = before.trim_ascii_end();
    let opened = |text: &'_ [u8]| OPENERS.iter().find(|opener| text.ends_with(opener.as_bytes()));
    let without = before.strip_suffix(b"-").unwrap_or(before);
    let (before, opener) =
        opened(before).map(|opener| (before, opener)).or_else(|| Some((without, opened(without)?)))?;
    let mut rest = before.strip_suffix(opener.as_bytes())?;
    while let Some(shorter) = rest.strip_suffix(b"#").filter(|_| *opener == "#") {
        rest = shorter;
    }
    let trimmed = rest.trim_ascii_end();
    let statement = trimmed.strip_suffix(b"{{-").or_else(|| trimmed.strip_suffix(b"{{"));
    if let Some(trimmed) = statement.filter(|_| *opener == "/*") {
        return Some(trimmed.trim_ascii_end());
    }
    // `https://nginx-ws-lint` and `"a#nginx-ws-lint"` open none.
    let is_apart = rest.last().is_none_or(u8::is_ascii_whitespace);
    (is_apart || opener.len() > 2 || *opener == "{#").then_some(trimmed)
}

/// The text of a comment without what ends it.
fn before_closer(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii_end();
    // `*/ -}}`
    if let Some(rest) = text.strip_suffix(b"}}").map(|rest| rest.strip_suffix(b"-").unwrap_or(rest)) {
        if rest.trim_ascii_end().ends_with(b"*/") {
            text = rest.trim_ascii_end();
        }
    }
    let closer = CLOSERS.iter().find(|closer| text.ends_with(closer.as_bytes()));
    let text = closer.and_then(|closer| text.strip_suffix(closer.as_bytes())).unwrap_or(text);
    let text = text.trim_ascii_end();
    match closer {
        Some(_) => text.strip_suffix(b"-").unwrap_or(text).trim_ascii_end(),
        None => text,
    }
}

/// Whether a line of such a file is nothing but a comment.
pub(super) fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let spaced = ["{{- /*", "{{ /*"];
    OPENERS.iter().chain(&spaced).any(|opener| line.starts_with(opener.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openers_and_closers() {
        for (line, before, text) in [
            ("# MARK: x why", Some(""), "MARK: x why"),
            ("  a: b ## MARK: x", Some("  a: b"), "MARK: x"),
            ("{# MARK: x why #}", Some(""), "MARK: x why"),
            ("  {#- MARK: x why -#}", Some(""), "MARK: x why"),
            ("{{- /* MARK: x why */ -}}", Some(""), "MARK: x why"),
            ("x {{/* MARK: x */}}", Some("x"), "MARK: x"),
            ("<%# MARK: x why -%>\r", Some(""), "MARK: x why"),
            ("<!-- MARK: x -->", Some(""), "MARK: x"),
            ("// MARK: x", Some(""), "MARK: x"),
            ("a = 1 /* MARK: x */", Some("a = 1"), "MARK: x"),
            ("https://MARK: x", None, ""),
            ("\"a#MARK: x", None, ""),
            ("run MARK: x", None, ""),
        ] {
            let line = line.replace("MARK", parse::MARK);
            let at = line.find(parse::MARK).unwrap();
            let (start, end) = line.as_bytes().split_at(at);
            assert_eq!(behind_opener(start), before.map(str::as_bytes), "{line}");
            if before.is_some() {
                let text = text.replace("MARK", parse::MARK);
                assert_eq!(before_closer(end), text.as_bytes(), "{line}");
            }
        }
    }
}
