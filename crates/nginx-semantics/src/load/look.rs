//! What a walked file is whose name is not nginx's: it is read part by part until lines of nginx are found.

use std::path::{Path, PathBuf};

use nginx_forms::{Form, has_ingress, has_other_routes, is_dump, unread_annotations};

use super::words::{Measure, Search};
use super::{SkipReason, classify, encoding, structure};
use crate::files::Files;
use crate::naming::{
    OtherKind, by_first_line, by_name, is_near_configuration, is_no_text, is_packed, is_part_by_name,
    is_template_by_name, stem_of_template,
};
use crate::sources::SourceFile;

/// As much is read at a time.
const PART: usize = 1 << 20;
/// As much is read first of a file that is no text by its name.
const FIRST_OF_NO_TEXT: usize = 8 << 10;
/// As much is read over all files: a second's work. Which were not read to their end is said.
const MOST_LOOKED_AT: usize = 256 << 20;
/// A text that is larger is searched for lines of nginx, and not parsed.
const LARGEST_PARSED: usize = 256 << 10;

/// How far the look at a file went.
#[derive(Debug)]
pub(super) enum Looking {
    /// To its end: why it is not judged; `None` where it holds nothing of nginx.
    Done(Option<SkipReason>),
    /// Its first parts told nothing.
    Unfinished(Unfinished),
}

/// A large file.
#[derive(Debug)]
pub(super) struct Unfinished {
    identity: PathBuf,
    /// As many bytes were read.
    from: u64,
    search: Search,
    /// What it is if lines of nginx are found.
    found: SkipReason,
}

/// Looks into files, and counts what it reads.
#[derive(Debug, Default)]
pub(super) struct Looker {
    looked_at: usize,
}

impl Looker {
    /// Looks at the first part. `path` is as it was walked, `inside` from the folder that was given, that folder's name
    /// included; `is_beside`: whether a file of nginx lies in the same folder.
    pub(super) fn start(
        &mut self,
        files: &dyn Files,
        identity: &Path,
        path: &Path,
        inside: &Path,
        is_beside: bool,
    ) -> Looking {
        if self.looked_at >= MOST_LOOKED_AT {
            return Looking::Done(Some(SkipReason::Budget));
        }
        let text = match self.first_part(files, identity, path) {
            Ok(text) => text,
            Err(reason) => return Looking::Done(Some(reason)),
        };
        let kind = by_name(path).or_else(|| by_first_line(&text));
        let measure = measure(path, inside, kind);
        let is_binary = encoding::is_binary(&text) || encoding::fault(&text).is_some();
        if is_binary || (is_packed(path) && !encoding::is_plain(&text)) {
            return Looking::Done(of_binary(&text, path, measure));
        }
        let is_whole = text.len() < PART;
        if is_near(path, inside) {
            if let Some(reason) = classify::stored(&text) {
                return Looking::Done(Some(reason));
            }
        }
        if is_dump(&text) {
            return Looking::Done(Some(SkipReason::Dump));
        }
        let found = match kind {
            Some(kind) => SkipReason::OtherKind(kind),
            None if is_template_by_name(path) => SkipReason::TemplateByName,
            None => SkipReason::OtherName,
        };
        let mut search = Search::new(measure);
        search.take(&text);
        if is_whole {
            search.end();
        }
        if search.is_enough() {
            return Looking::Done(Some(found));
        }
        if is_whole && kind == Some(OtherKind::Shell) && has_ingress(Form::Shell, &text) {
            return Looking::Done(Some(SkipReason::OtherKind(OtherKind::Shell)));
        }
        if is_whole && may_be_yaml(path, kind) && has_ingress(Form::Yaml, &text) {
            return Looking::Done(Some(SkipReason::OtherKind(OtherKind::Yaml)));
        }
        if is_whole && may_be_yaml(path, kind) && has_other_routes(&text) {
            return Looking::Done(Some(SkipReason::Routes));
        }
        let is_hcl = kind == Some(OtherKind::Terraform);
        if is_whole && (is_hcl || may_be_yaml(path, kind)) {
            if let Some(why) = unread_annotations(&text, is_hcl) {
                return Looking::Done(Some(SkipReason::Unsure(why)));
            }
        }
        if !is_whole {
            let identity = identity.to_owned();
            return Looking::Unfinished(Unfinished { identity, from: text.len() as u64, search, found });
        }
        let may_be_parsed = search.has_any() && kind.is_none() && text.len() <= LARGEST_PARSED;
        let is_nginx = may_be_parsed && reads_as_nginx(path, inside, text, is_beside);
        Looking::Done(is_nginx.then_some(found))
    }

    fn first_part(&mut self, files: &dyn Files, identity: &Path, path: &Path) -> Result<Vec<u8>, SkipReason> {
        let first = if is_no_text(path) && !is_packed(path) { FIRST_OF_NO_TEXT } else { PART };
        let mut text = files.part(identity, 0, first).map_err(SkipReason::Unreadable)?;
        if text.len() == first && first < PART && !encoding::is_binary(&text) {
            text = files.part(identity, 0, PART).map_err(SkipReason::Unreadable)?;
        }
        self.looked_at += text.len();
        Ok(text)
    }

    /// Looks at all the rest.
    pub(super) fn finish(&mut self, files: &dyn Files, looking: Looking) -> Option<SkipReason> {
        let Unfinished { identity, mut from, mut search, found } = match looking {
            Looking::Done(reason) => return reason,
            Looking::Unfinished(unfinished) => unfinished,
        };
        loop {
            if self.looked_at >= MOST_LOOKED_AT {
                return Some(SkipReason::Budget);
            }
            let part = match files.part(&identity, from, PART) {
                Ok(part) => part,
                Err(error) => return Some(SkipReason::Unreadable(error)),
            };
            self.looked_at += part.len();
            from += part.len() as u64;
            search.take(&part);
            let is_last = part.len() < PART;
            if is_last {
                search.end();
            }
            if search.is_enough() {
                return Some(found);
            }
            if is_last {
                return None;
            }
        }
    }
}

/// Whether it is YAML by its name, or a template that may make some.
fn may_be_yaml(path: &Path, kind: Option<OtherKind>) -> bool {
    let stem = || stem_of_template(path).and_then(|stem| by_name(Path::new(stem)));
    match kind.or_else(stem) {
        Some(kind) => kind == OtherKind::Yaml,
        None => is_template_by_name(path),
    }
}

/// How much of nginx a file has to hold to be said.
fn measure(path: &Path, inside: &Path, kind: Option<OtherKind>) -> Measure {
    match kind {
        None if is_near(path, inside) => Measure::Hint,
        None if is_template_by_name(path) || is_part_by_name(path) => Measure::Template,
        _ => Measure::Lines,
    }
}

fn is_near(path: &Path, inside: &Path) -> bool {
    is_near_configuration(path) || structure::is_nginxs(inside)
}

/// What is no text: nginx in another encoding, an archive that names it, or nothing.
fn of_binary(text: &[u8], path: &Path, measure: Measure) -> Option<SkipReason> {
    if let Some(fault) = encoding::fault(text) {
        return classify::encoded(text, fault, measure);
    }
    let names_nginx = || memchr::memmem::find(text, b"nginx").is_some();
    let is_archive = is_packed(path) && (is_near_configuration(path) || names_nginx());
    is_archive.then_some(SkipReason::Packed)
}

/// Whether a text whose name says nothing is nginx configuration by its structure.
fn reads_as_nginx(path: &Path, inside: &Path, text: Vec<u8>, is_beside: bool) -> bool {
    SourceFile::of_text(path, text).is_some_and(|file| {
        structure::is_nginx(&file, inside, false) || (is_beside && structure::is_nginx_beside_others(&file))
    })
}
