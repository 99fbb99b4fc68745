//! What became of each file: nothing that lies below a given folder is left unsaid.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::Loaded;
use super::walk::{Walked, WalkedFile};
use nginx_syntax::FileId;

use crate::configuration::{IncludeFailure, IncludeProblem};
use crate::files::{Files, ReadError};
use crate::include::Scope;
use crate::naming::{OtherKind, stem_of_template, stems};
use crate::sources::SourceFile;

/// Why a file is not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// It has placeholders of a template engine; the first one.
    Template(String),
    /// It has lines of nginx, and the name of a template.
    TemplateByName,
    /// It has lines of nginx, and is of another kind.
    OtherKind(OtherKind),
    /// It has lines of nginx, and a name that nothing reads as configuration: `app.conf.bak`.
    OtherName,
    /// It was found by walking and does not read as nginx.
    NotNginx,
    /// It holds nginx's words, and does not read as nginx configuration.
    Mixed,
    /// It is what `nginx -T` prints: several files, one behind the other.
    Dump,
    /// It is what nginx says where it refuses its configuration, and does not print it: with the first message.
    FailedTest(String),
    /// It holds bytes that no configuration has.
    Binary,
    /// It has lines of nginx in an encoding that nginx does not read, or with NUL bytes between them.
    Encoded(&'static str),
    /// Its text is kept elsewhere, or is encrypted.
    Stored(&'static str),
    /// An archive or a packed file that names nginx.
    Packed,
    /// It has routes of NGINX Gateway Fabric, or of another object of NGINX's that is not judged.
    Routes,
    /// It writes text of nginx, and what comes out of it is not certain: why.
    Unsure(&'static str),
    /// It holds no directive.
    Empty,
    /// It lies in `sites-available`, and no link in `sites-enabled` leads to it.
    NotEnabled,
    /// It was found by walking, and is a link that leads out of the given folders.
    Outside,
    /// A link to a folder outside of the given ones.
    LinkedFolder,
    /// A link to a folder that is not looked into.
    LinkIntoPassedOver,
    /// A link to nothing.
    BrokenLink,
    /// It could not be read.
    Unreadable(ReadError),
    /// It was not looked into, or not to its end, for so much was before.
    Budget,
    /// A folder in which nothing is judged.
    NothingFound,
}

impl SkipReason {
    /// Whether the file holds no nginx configuration, so that nothing is missed.
    pub fn is_no_configuration(&self) -> bool {
        matches!(self, Self::NotNginx | Self::Binary | Self::Empty)
    }
}

/// A file that is not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// As people see it.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
    /// Whether it was named on the command line.
    pub is_named: bool,
    /// Whether its name is one of nginx's.
    pub is_by_name: bool,
    /// Whether its name is one of nginx's, or of a part of something, with something around it or without.
    pub is_near: bool,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileStatus {
    /// It is judged as a main file, or as a part that no main file includes.
    Judged,
    /// It is judged as a part of what includes it.
    Included,
    /// It holds no nginx configuration.
    NoConfiguration,
    /// It is not judged.
    NotJudged(SkipReason),
}

/// A file and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// As people see it.
    pub path: String,
    /// What became of it.
    pub status: FileStatus,
    /// In whose context it is judged.
    pub part: Belonging,
}

/// What a file that is judged is a part of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belonging {
    /// The main files whose configuration it belongs to, by path; nothing for a main file that no other includes.
    pub of: Vec<String>,
    /// The main file that it is judged with although that does not include it, for it lies in its tree.
    pub adopted_by: Option<String>,
    /// The block that its lines are taken for, of a part that no main file includes.
    pub block: Option<&'static str>,
}

/// The parts of all files that are judged.
fn parts(loaded: &Loaded) -> BTreeMap<FileId, Belonging> {
    let mut parts: BTreeMap<FileId, Belonging> = BTreeMap::new();
    let path = |id: FileId| loaded.sources.get(id).map(|file| file.source.path().to_owned());
    for layout in &loaded.layouts {
        let root = layout.root.and_then(path);
        for fragment in &layout.fragments {
            let part = parts.entry(fragment.file).or_default();
            part.adopted_by = part.adopted_by.take().or_else(|| root.clone());
            let kind = layout.contexts.get(fragment.context.0 as usize).map(|context| context.kind.name());
            // What a controller writes has no lines of the file.
            let is_rendered = loaded.sources.get(fragment.file).is_some_and(SourceFile::is_rendered);
            part.block = part.block.or(kind.filter(|_| !is_rendered));
        }
        let Some(root) = root else { continue };
        let is_fragment = |id: &FileId| layout.fragments.iter().any(|fragment| fragment.file == *id);
        let included = layout.reached.iter().filter(|id| Some(**id) != layout.root && !is_fragment(id));
        for id in included {
            let of = &mut parts.entry(*id).or_default().of;
            if !of.contains(&root) {
                of.push(root.clone());
            }
        }
    }
    parts
}

/// The names of the files that main files include and that are not there, and the same without their endings: what a
/// template of one may be called, see [`crate::naming::becomes`].
fn missing(loaded: &Loaded) -> BTreeSet<OsString> {
    let roots = loaded.layouts.iter().filter(|layout| layout.root.is_some());
    let missing = roots
        .flat_map(|layout| &layout.problems)
        .filter(|problem| matches!(problem.failure, IncludeFailure::NotFound { .. }));
    let names = missing.filter_map(|problem| Path::new(&problem.target).file_name());
    names.flat_map(stems).map(OsStr::to_owned).collect()
}

/// The files that are included and cannot be judged, whatever their own look says.
fn included_in_vain(loaded: &Loaded) -> BTreeMap<String, SkipReason> {
    let problems = loaded.layouts.iter().flat_map(|layout| &layout.problems);
    let of = |problem: &IncludeProblem| {
        let reason = match &problem.failure {
            IncludeFailure::Unreadable(ReadError::Template(mark)) => SkipReason::Template(mark.clone()),
            IncludeFailure::Unreadable(ReadError::Encoded(fault)) => SkipReason::Encoded(fault),
            IncludeFailure::Unreadable(ReadError::Hidden) => return None,
            IncludeFailure::Unreadable(error) => SkipReason::Unreadable(error.clone()),
            _ => return None,
        };
        Some((problem.target.clone(), reason))
    };
    problems.filter_map(of).collect()
}

/// Says of every file what became of it, once it is known what is judged.
pub(super) fn report(files: &dyn Files, scope: &Scope, walked: Walked, loaded: &mut Loaded) {
    let own: BTreeSet<FileId> = loaded
        .layouts
        .iter()
        .flat_map(|layout| {
            layout.root.into_iter().chain(layout.fragments.iter().map(|fragment| fragment.file))
        })
        .collect();
    let missing = missing(loaded);
    let in_vain = included_in_vain(loaded);
    let mut parts = parts(loaded);
    let mut reports: BTreeMap<String, (FileStatus, Belonging)> = BTreeMap::new();
    for file in walked.files {
        let judged = file.identity.as_deref().and_then(|identity| loaded.sources.known(identity));
        // On one way through its branches at least.
        let judged = judged.and_then(|id| {
            let mut ways = loaded.sources.ways(id).filter(|way| loaded.judged.contains(way));
            let first = ways.next();
            ways.find(|way| own.contains(way)).or(first)
        });
        let held = file.identity.as_deref().and_then(|identity| loaded.sources.held(identity));
        let held = held.into_iter().flatten().copied();
        // One that keeps lines of nginx besides the texts that are judged is not judged itself.
        let held = held.filter(|id| file.reason.is_none() && loaded.judged.contains(id));
        let judged = judged.or_else(|| held.max_by_key(|id| own.contains(id)));
        let WalkedFile { path, reason, is_named, is_by_name, is_near, .. } = file;
        let reason = if walked.not_enabled.contains(&path) { Some(SkipReason::NotEnabled) } else { reason };
        let is_made_of_it = || stem_of_template(&path).is_some_and(|stem| missing.contains(stem));
        let reason = reason.or_else(|| is_made_of_it().then_some(SkipReason::TemplateByName));
        let path = scope.shown(&path);
        let status = match (judged, reason) {
            (Some(id), _) if own.contains(&id) => FileStatus::Judged,
            (Some(_), _) => FileStatus::Included,
            (None, reason)
                if reason.as_ref().is_none_or(SkipReason::is_no_configuration)
                    && in_vain.contains_key(&path) =>
            {
                // The include says so already.
                in_vain.get(&path).cloned().map_or(FileStatus::NoConfiguration, FileStatus::NotJudged)
            }
            (None, None) => FileStatus::NoConfiguration,
            (None, Some(reason)) => {
                let status = if reason.is_no_configuration() {
                    FileStatus::NoConfiguration
                } else {
                    FileStatus::NotJudged(reason.clone())
                };
                loaded.skipped.push(Skipped { path: path.clone(), reason, is_named, is_by_name, is_near });
                status
            }
        };
        let part = judged.and_then(|id| parts.get(&id)).cloned().unwrap_or_default();
        reports.insert(path, (status, part));
    }
    // What is read from elsewhere, or by names that no walk finds.
    for (id, file) in
        loaded.sources.iter().filter(|(id, file)| loaded.judged.contains(id) && !file.is_builtin)
    {
        let status = if own.contains(&id) { FileStatus::Judged } else { FileStatus::Included };
        let path = file.source.path().to_owned();
        reports.entry(path).or_insert_with(|| (status, parts.remove(&id).unwrap_or_default()));
    }
    for folder in walked.folders {
        let identity = files.identity(&folder);
        let mut judged =
            loaded.sources.iter().filter(|(id, file)| loaded.judged.contains(id) && !file.is_builtin);
        let has_any = identity.is_some_and(|folder| {
            judged.any(|(_, file)| files.identity(&file.path).is_some_and(|file| file.starts_with(&folder)))
        });
        if !has_any {
            let path = scope.shown(&folder);
            let reason = SkipReason::NothingFound;
            loaded.skipped.push(Skipped { path, reason, is_named: true, is_by_name: true, is_near: true });
        }
    }
    loaded.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    loaded.files =
        reports.into_iter().map(|(path, (status, part))| FileReport { path, status, part }).collect();
    loaded.passed_over = walked.passed_over.iter().map(|path| scope.shown(path)).collect();
    loaded.passed_over.sort();
    loaded.excluded = walked.excluded.iter().map(|path| scope.shown(path)).collect();
    loaded.excluded.sort();
    loaded.excludes_used = walked.excludes_used;
}
