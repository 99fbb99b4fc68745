//! The files that the arguments name, and those that walking a folder finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Candidate, SkipReason, classify, structure, words};
use crate::files::{Files, Met, MetKind, ReadError, folder_of, is_below};
use crate::include::Scope;
use crate::naming::{
    by_first_line, by_name, is_configuration, is_near_configuration, is_no_text, is_part_by_name,
    is_template_by_name,
};
use crate::sources::{FileId, Sources};

/// As much of a file whose name is not nginx's is looked at for lines of nginx.
const HEAD: usize = 1 << 20;
/// As much is looked at over all of them: a second's work. What comes behind is said to be not looked into.
const MOST_LOOKED_AT: usize = 256 << 20;

/// All that the arguments lead to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// What may be judged, sorted by path.
    pub(super) candidates: Vec<Candidate>,
    /// Every file, once by its path.
    pub(super) files: Vec<WalkedFile>,
    /// The folders that were given.
    pub(super) folders: Vec<PathBuf>,
    /// The folders below them that are not looked into.
    pub(super) passed_over: Vec<PathBuf>,
    /// The candidates that no link enables.
    pub(super) not_enabled: BTreeSet<PathBuf>,
}

/// A file that the arguments lead to.
#[derive(Debug)]
pub(super) struct WalkedFile {
    pub(super) path: PathBuf,
    pub(super) identity: Option<PathBuf>,
    /// Why it is not judged; `None` for what may be, and for what holds nothing of nginx.
    pub(super) reason: Option<SkipReason>,
    pub(super) is_named: bool,
    pub(super) is_by_name: bool,
}

/// Goes through the arguments.
pub(super) fn walk(files: &dyn Files, arguments: &[PathBuf], scope: &Scope, sources: &mut Sources) -> Walked {
    let mut walk = Walk {
        files,
        scope,
        sources,
        seen: BTreeMap::new(),
        said: BTreeSet::new(),
        walked: Walked::default(),
        looked_at: 0,
    };
    // Named files first, so that one that is walked too counts as named.
    let (folders, named): (Vec<&PathBuf>, Vec<&PathBuf>) =
        arguments.iter().partition(|path| files.is_folder(path));
    for path in named {
        let folder = folders.iter().find(|folder| is_below(path, folder));
        let argument = folder.map_or_else(|| folder_of(path), |folder| (*folder).clone());
        walk.add(path, &argument, true);
    }
    for folder in folders {
        walk.folder(folder);
    }
    let mut walked = walk.walked;
    walked.candidates.sort_by(|a, b| a.path.cmp(&b.path));
    walked
}

/// What is known while the arguments are gone through.
struct Walk<'a> {
    files: &'a dyn Files,
    scope: &'a Scope,
    sources: &'a mut Sources,
    /// Each file that was read under a name of nginx's, with why it is not judged.
    seen: BTreeMap<FileId, Option<SkipReason>>,
    /// The paths that were put among the files.
    said: BTreeSet<PathBuf>,
    walked: Walked,
    /// Bytes of files whose names are not nginx's.
    looked_at: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) {
        // Once it is resolved, for a link that is swapped later must not lead elsewhere.
        let Some(identity) = self.files.identity(folder).filter(|identity| self.scope.is_given(identity))
        else {
            return self.put(folder, Some(SkipReason::Outside), true);
        };
        self.walked.folders.push(folder.to_owned());
        let (mut by_name, mut others) = (Vec::new(), Vec::new());
        for Met { path, kind } in self.files.walk(&identity) {
            let path = folder.join(path);
            let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
            match kind {
                MetKind::PassedOver => self.walked.passed_over.push(path),
                MetKind::File if is_configuration(&path) => by_name.push(path),
                MetKind::File => others.push(path),
                MetKind::LinkedFolder => self.linked_folder(&path),
                MetKind::BrokenLink => {
                    let is_missed = is_configuration(&path) || is_near_configuration(&path);
                    self.put(&path, is_missed.then_some(SkipReason::BrokenLink), false);
                }
                MetKind::Special => {
                    let reason = SkipReason::Unreadable(ReadError::NotRegular);
                    self.put(&path, is_configuration(&path).then_some(reason), false);
                }
            }
        }
        // A file is known by the path that nginx opens: the link in `sites-enabled`, not what it leads to.
        by_name.sort_by_key(|path| !self.is_link(path));
        for path in by_name {
            self.add(&path, folder, false);
        }
        for path in others {
            let reason = self.reason_of_other(&path, folder);
            self.put(&path, reason, false);
        }
    }

    fn add(&mut self, path: &Path, argument: &Path, is_named: bool) {
        let file = match self.sources.open(self.files, self.scope, path) {
            Ok(file) => file,
            Err(ReadError::Outside) => return self.put(path, Some(SkipReason::Outside), is_named),
            Err(error) => return self.put(path, Some(SkipReason::Unreadable(error)), is_named),
        };
        if let Some(reason) = self.seen.get(&file) {
            return self.put(path, reason.clone(), is_named);
        }
        let Some(source) = self.sources.get(file) else { return };
        let other = is_named.then(|| other_kind(path, source.bytes())).flatten();
        let reason =
            other.or_else(|| classify::reason_to_skip(source, from_argument(path, argument), is_named));
        if reason.is_none() {
            let (path, argument) = (path.to_owned(), argument.to_owned());
            self.walked.candidates.push(Candidate { file, path, argument, is_named });
        }
        self.seen.insert(file, reason.clone());
        self.put(path, reason, is_named);
    }

    /// Why a file whose name is not nginx's is not judged; `None` where it holds nothing of nginx.
    fn reason_of_other(&mut self, path: &Path, argument: &Path) -> Option<SkipReason> {
        if is_no_text(path) {
            return None;
        }
        let identity = self.files.identity(path)?;
        if let Some(known) = self.sources.looked_at(&identity) {
            return known.clone();
        }
        let reason = self.look(path, &identity, argument);
        self.sources.keep_look(identity, reason.clone());
        reason
    }

    fn look(&mut self, path: &Path, identity: &Path, argument: &Path) -> Option<SkipReason> {
        if !self.scope.is_below_given(identity) {
            return Some(SkipReason::Outside);
        }
        if self.looked_at >= MOST_LOOKED_AT {
            return Some(SkipReason::Budget);
        }
        let text = match self.files.head(identity, HEAD) {
            Ok(text) => text,
            Err(error) => return Some(SkipReason::Unreadable(error)),
        };
        self.looked_at += text.len();
        let kind = by_name(path).or_else(|| by_first_line(&text));
        let is_near = kind.is_none()
            && (is_near_configuration(path) || structure::is_nginxs(from_argument(path, argument)));
        let holds = if is_near {
            words::hints_at_nginx(&text)
        } else if kind.is_none() && (is_template_by_name(path) || is_part_by_name(path)) {
            words::is_of_template(&text)
        } else {
            words::holds_nginx(&text)
        };
        if classify::is_binary(&text) || !holds {
            return None;
        }
        Some(match kind {
            Some(kind) => SkipReason::OtherKind(kind),
            None if is_template_by_name(path) => SkipReason::TemplateByName,
            None => SkipReason::OtherName,
        })
    }

    /// A link to a folder is not followed. What it leads to is walked where it lies, or lies outside.
    fn linked_folder(&mut self, path: &Path) {
        let target = self.files.identity(path);
        let is_inside = target.is_some_and(|target| self.scope.is_below_given(&target));
        self.put(path, (!is_inside).then_some(SkipReason::LinkedFolder), false);
    }

    /// Whether the file itself is a link; the folders on its way may be.
    fn is_link(&self, path: &Path) -> bool {
        let folder = self.files.identity(&folder_of(path));
        let own = folder.zip(path.file_name()).map(|(folder, name)| folder.join(name));
        self.files.identity(path) != own
    }

    fn put(&mut self, path: &Path, reason: Option<SkipReason>, is_named: bool) {
        if !self.said.insert(path.to_owned()) {
            return;
        }
        let identity = self.files.identity(path);
        let is_by_name = is_named || is_configuration(path);
        self.walked.files.push(WalkedFile { path: path.to_owned(), identity, reason, is_named, is_by_name });
    }
}

/// Why a named file is not read as nginx's whatever it holds.
fn other_kind(path: &Path, text: &[u8]) -> Option<SkipReason> {
    if is_configuration(path) {
        return None;
    }
    let kind = by_name(path).or_else(|| by_first_line(text));
    kind.map(SkipReason::OtherKind)
}

/// What a path says of a file is said by its parts from the folder that was given on: what lies above it is not part of
/// the tree.
fn from_argument<'p>(path: &'p Path, argument: &Path) -> &'p Path {
    let above = argument.parent().unwrap_or(Path::new(""));
    path.strip_prefix(above).unwrap_or(path)
}
