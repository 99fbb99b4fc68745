//! Which files are reached through the includes of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use nginx_syntax::{FileId, lossy};

use super::{Candidate, ancestors};
use crate::catalogue::DirectiveName;
use crate::files::{Files, folder_of};
use crate::include::{Base, Resolved, Scope, resolve};
use crate::placeholder;
use crate::sources::Sources;

/// The fragments that neither a root nor another fragment includes.
pub(super) fn standalone<'c>(
    files: &dyn Files,
    scope: &Scope,
    sources: &Sources,
    candidates: &[&'c Candidate],
    reached: &BTreeSet<FileId>,
) -> Vec<&'c Candidate> {
    let free: Vec<&Candidate> =
        candidates.iter().copied().filter(|one| !reached.contains(&one.file)).collect();
    let identities: BTreeMap<PathBuf, FileId> =
        free.iter().filter_map(|one| Some((files.identity(&one.path)?, one.file))).collect();
    let mut reaches: BTreeMap<FileId, Vec<FileId>> = BTreeMap::new();
    for fragment in &free {
        let base = Base { folders: ancestors(&fragment.path, &fragment.argument), is_root: false };
        let reached = reaches.entry(fragment.file).or_default();
        // What another way through its branches includes is no file by itself on this one.
        for target in sources.ways(fragment.file).flat_map(|way| include_targets(sources, way)) {
            let Resolved::Files(paths) = resolve(files, scope, &base, &target) else { continue };
            reached.extend(paths.iter().filter_map(|path| identities.get(&files.identity(path)?)).copied());
        }
    }
    let tops = tops(&reaches);
    free.into_iter().filter(|one| one.is_named || tops.contains(&one.file)).collect()
}

/// The files that roots include on any way through the branches of templates, by the way that is chosen of each.
pub(super) fn on_other_ways(
    files: &dyn Files,
    scope: &Scope,
    sources: &Sources,
    roots: &[&Candidate],
) -> BTreeSet<FileId> {
    let mut reached = BTreeSet::new();
    if sources.most_choices() == 1 {
        return reached;
    }
    for root in roots {
        let folders = scope.prefix.iter().cloned().chain([folder_of(&root.path)]).collect();
        let base = Base { folders, is_root: true };
        let mut open = vec![root.file];
        while let Some(file) = open.pop() {
            for target in sources.ways(file).flat_map(|way| include_targets(sources, way)) {
                let Resolved::Files(paths) = resolve(files, scope, &base, &target) else { continue };
                let known = paths.iter().filter_map(|path| sources.known(&files.identity(path)?));
                let new = known.map(|file| sources.chosen(file)).filter(|file| reached.insert(*file));
                open.extend(new);
            }
        }
    }
    reached
}

/// The files from which all others are reached: those that no other reaches, and of some that only reach one another
/// the first.
pub(super) fn tops(reaches: &BTreeMap<FileId, Vec<FileId>>) -> BTreeSet<FileId> {
    let others = reaches.iter().flat_map(|(from, to)| to.iter().filter(move |file| *file != from));
    let reached: BTreeSet<FileId> = others.copied().collect();
    let mut tops = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let (of_others, first): (Vec<FileId>, Vec<FileId>) =
        reaches.keys().partition(|file| reached.contains(file));
    for top in first.into_iter().chain(of_others) {
        if !seen.insert(top) {
            continue;
        }
        tops.insert(top);
        let mut open = vec![top];
        while let Some(file) = open.pop() {
            let next = reaches.get(&file).map(Vec::as_slice).unwrap_or_default();
            open.extend(next.iter().copied().filter(|file| seen.insert(*file)));
        }
    }
    tops
}

/// The arguments of all includes in a file, at any depth.
fn include_targets(sources: &Sources, file: FileId) -> Vec<String> {
    let Some(file) = sources.get(file) else { return Vec::new() };
    let includes = file.tree.nodes().filter(|&node| file.name(node) == DirectiveName::INCLUDE);
    let targets = includes.filter_map(|node| file.word(node, 1));
    let targets = targets.filter(|target| !placeholder::is_unknown(target));
    targets.map(|target| lossy(&target).into_owned()).collect()
}
