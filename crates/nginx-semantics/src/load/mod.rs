//! From paths to configurations: which files are main files, which are fragments, which are neither.

mod adopt;
mod again;
mod classify;
mod context;
mod encoding;
mod hosts;
mod ingress;
mod look;
mod reach;
mod status;
mod structure;
mod walk;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nginx_syntax::{FileId, NodeId};

use nginx_forms::template::MOST_ALTERNATIVES;

use crate::catalogue::DirectiveName;
use crate::configuration::{Builder, ContextId, ContextKind, Layout};
use crate::files::{Files, ReadError, folder_of, normalize};
use crate::include::Scope;
use crate::mounted::Mounted;
use crate::relinked::Relinked;
use crate::sources::{SourceFile, Sources};

pub use again::Reloaded;
pub(crate) use classify::fault_of_encoding;
pub(crate) use hosts::LeftOut;
pub use status::{Belonging, FileReport, FileStatus, SkipReason, Skipped};
pub(crate) use structure::is_nginx;

/// All that was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The files.
    pub sources: Sources,
    /// One for each root, and one for the fragments of each argument that have none.
    pub layouts: Vec<Arc<Layout>>,
    /// What is not judged, and why, by path.
    pub skipped: Vec<Skipped>,
    /// What became of each file: every one below the given folders, and those that are read besides, by path.
    pub files: Vec<FileReport>,
    /// The folders below the given ones that were not looked into, by path.
    pub passed_over: Vec<String>,
    /// The files below the given folders that [`Scope::excludes`] leaves out, by path.
    pub excluded: Vec<String>,
    /// The numbers of the patterns of [`Scope::excludes`] that left something out.
    pub excludes_used: BTreeSet<usize>,
    /// The files that are judged.
    pub judged: BTreeSet<FileId>,
}

/// A file that may be judged.
#[derive(Debug, Clone)]
struct Candidate {
    file: FileId,
    path: PathBuf,
    /// The folder that was given, or that holds the file that was given.
    argument: PathBuf,
    is_named: bool,
}

/// Reads what the arguments mean: files as they are, folders by walking.
pub fn load(files: &dyn Files, arguments: &[PathBuf], scope: &Scope) -> Loaded {
    load_with(Sources::default(), files, arguments, scope)
}

/// The same with files that were read before, such as [`Sources::with`] other bytes: they keep their ids and are not
/// read again.
pub fn load_with(sources: Sources, files: &dyn Files, arguments: &[PathBuf], scope: &Scope) -> Loaded {
    let relinked = Relinked::new(files, scope);
    let files: &dyn Files = &relinked;
    let mut loaded = Loaded { sources, ..Loaded::default() };
    let mut walked = walk::walk(files, arguments, scope, &mut loaded.sources);
    let candidates = std::mem::take(&mut walked.candidates);
    let held = loaded.sources.mounted().cloned();
    let mounted = held.as_ref().map(|held| Mounted::new(files, held));
    let files = mounted.as_ref().map_or(files, |mounted| mounted as &dyn Files);
    let mut layouts = place(files, scope, &candidates, &mut walked.not_enabled, &mut loaded);
    let mut choices = vec![0; layouts.len()];
    let mut again = |loaded: &mut Loaded, choice: usize, forced: BTreeMap<FileId, FileId>| {
        loaded.sources.choose(choice);
        loaded.sources.force(forced.clone());
        let chosen = candidates.iter().map(|candidate| {
            let file = loaded.sources.chosen(candidate.file);
            Candidate { file, ..candidate.clone() }
        });
        let chosen: Vec<Candidate> = chosen.collect();
        let judged = std::mem::take(&mut loaded.judged);
        let others = place(files, scope, &chosen, &mut walked.not_enabled, loaded);
        loaded.judged = judged;
        let is_new = |file: FileId| match forced.is_empty() {
            true => loaded.sources.is_new_choice(file),
            false => forced.values().any(|way| *way == file),
        };
        let others: Vec<Layout> = others.into_iter().filter(|layout| layout.files().any(is_new)).collect();
        let new: Vec<FileId> = others.iter().flat_map(Layout::files).collect();
        loaded.judged.extend(new);
        others
    };
    // Once more for each other way through the branches of templates, as far as it changes anything.
    for choice in 1..loaded.sources.most_choices() {
        let others = again(&mut loaded, choice, BTreeMap::new());
        choices.extend(std::iter::repeat_n(choice, others.len()));
        layouts.extend(others);
    }
    // What is included on some ways alone has ways of its own there.
    let mut tried = BTreeSet::new();
    for _ in 0..MOST_ALTERNATIVES {
        let Some((choice, forced)) = left_ways(&loaded, &layouts, &choices, &tried) else { break };
        tried.extend(forced.values().copied());
        let others = again(&mut loaded, choice, forced);
        choices.extend(std::iter::repeat_n(choice, others.len()));
        layouts.extend(others);
    }
    loaded.sources.choose(0);
    layouts.extend(left_out(files, scope, &candidates, &walked.not_enabled, &mut loaded));
    for layout in &mut layouts {
        layout.index(&loaded.sources);
    }
    loaded.layouts = layouts.into_iter().map(Arc::new).collect();
    status::report(files, scope, walked, &mut loaded);
    loaded
}

/// A way of each of some templates that is in no layout, though another one is in a layout of this choice.
fn left_ways(
    loaded: &Loaded,
    layouts: &[Layout],
    choices: &[usize],
    tried: &BTreeSet<FileId>,
) -> Option<(usize, BTreeMap<FileId, FileId>)> {
    let mut choice_of: BTreeMap<FileId, usize> = BTreeMap::new();
    for (layout, choice) in layouts.iter().zip(choices) {
        for file in layout.files() {
            choice_of.entry(file).or_insert(*choice);
        }
    }
    let mut found: Option<(usize, BTreeMap<FileId, FileId>)> = None;
    for template in loaded.sources.branching() {
        let mut ways = loaded.sources.ways(template);
        let is_left = |way: &FileId| !loaded.judged.contains(way) && !tried.contains(way);
        let Some(left) = ways.find(is_left) else { continue };
        let Some(choice) = loaded.sources.ways(template).find_map(|way| choice_of.get(&way)) else {
            continue;
        };
        let (of_all, forced) = found.get_or_insert_with(|| (*choice, BTreeMap::new()));
        if of_all == choice {
            forced.insert(template, left);
        }
    }
    found
}

/// What nginx makes of these files: one layout for each root, and one for the fragments of each argument that have none.
fn place(
    files: &dyn Files,
    scope: &Scope,
    candidates: &[Candidate],
    not_enabled: &mut BTreeSet<PathBuf>,
    loaded: &mut Loaded,
) -> Vec<Layout> {
    let (rendered, candidates): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.iter().partition(|candidate| is_rendered(&loaded.sources, candidate.file));
    let (roots, others): (Vec<&Candidate>, Vec<&Candidate>) =
        candidates.into_iter().partition(|candidate| is_a_root(files, scope, candidate, &loaded.sources));

    let mut judged: Vec<(&Candidate, Layout)> = Vec::new();
    let mut reached = BTreeSet::new();
    for root in &roots {
        let mut builder = Builder::new(files, scope, &mut loaded.sources);
        builder.root(root.file, &root.path);
        let layout = builder.layout;
        reached.extend(layout.reached.iter().copied());
        judged.push((root, layout));
    }
    // A file with `http` that another root includes is a part of that one.
    let reaches = judged.iter().map(|(root, layout)| (root.file, layout.reached.iter().copied().collect()));
    let tops = reach::tops(&reaches.collect());
    judged.retain(|(root, _)| tops.contains(&root.file));

    reached.extend(reach::on_other_ways(files, scope, &loaded.sources, &roots));
    let fragments = reach::standalone(files, scope, &loaded.sources, &others, &reached);
    let mut orphans: BTreeMap<PathBuf, Vec<&Candidate>> = BTreeMap::new();
    let enabling: Vec<PathBuf> = judged
        .iter()
        .filter(|(_, layout)| adopt::enables_by_links(files, &loaded.sources, layout))
        .map(|(root, _)| folder_of(&root.path))
        .collect();
    for fragment in fragments {
        if !fragment.is_named && adopt::is_not_enabled(&fragment.path, &enabling) {
            not_enabled.insert(fragment.path.clone());
            continue;
        }
        match adopt::adopter(&loaded.sources, &mut judged, fragment) {
            Some((root, layout)) => {
                let folders = vec![folder_of(&root), folder_of(&fragment.path)];
                add_fragment(files, scope, &mut loaded.sources, layout, fragment, folders);
            }
            None => orphans.entry(fragment.argument.clone()).or_default().push(fragment),
        }
    }
    let mut layouts: Vec<Layout> = judged.into_iter().map(|(_, layout)| layout).collect();
    for (argument, fragments) in orphans {
        let mut layout = Layout::default();
        for fragment in fragments {
            let folders = ancestors(&fragment.path, &argument);
            add_fragment(files, scope, &mut loaded.sources, &mut layout, fragment, folders);
        }
        layouts.push(layout);
    }
    layouts.extend(ingress::layouts(files, scope, &mut loaded.sources, &rendered));
    for layout in &layouts {
        loaded.judged.extend(layout.files());
    }
    layouts
}

/// What a fragment seemed to include, and does not where it stands, is judged by itself.
fn left_out(
    files: &dyn Files,
    scope: &Scope,
    candidates: &[Candidate],
    not_enabled: &BTreeSet<PathBuf>,
    loaded: &mut Loaded,
) -> Vec<Layout> {
    let mut layouts = Vec::new();
    for candidate in candidates {
        let mut ways: Vec<FileId> = loaded.sources.ways(candidate.file).collect();
        if ways.iter().any(|way| loaded.judged.contains(way)) {
            // The bodies of macros are included nowhere.
            ways.retain(|way| loaded.sources.is_called(*way) && !loaded.judged.contains(way));
        }
        if ways.is_empty()
            || not_enabled.contains(&candidate.path)
            || is_a_root(files, scope, candidate, &loaded.sources)
        {
            continue;
        }
        let folders = ancestors(&candidate.path, &candidate.argument);
        for file in ways {
            let mut layout = Layout::default();
            let way = Candidate { file, ..candidate.clone() };
            add_fragment(files, scope, &mut loaded.sources, &mut layout, &way, folders.clone());
            loaded.judged.extend(layout.files());
            layouts.push(layout);
        }
    }
    layouts
}

/// Whether nginx may be started with a file, as it looks or as the settings say.
fn is_a_root(files: &dyn Files, scope: &Scope, candidate: &Candidate, sources: &Sources) -> bool {
    let is_set = |identity| scope.roots.contains(&identity);
    (!scope.roots.is_empty() && files.identity(&candidate.path).is_some_and(is_set))
        || is_root(sources, candidate.file)
}

/// Reads what nginx reads when it is started with `path` as its main file, whatever the file looks like.
///
/// # Errors
/// When the file cannot be read.
pub fn load_main(files: &dyn Files, path: &Path, scope: &Scope) -> Result<Loaded, ReadError> {
    let mut loaded = Loaded::default();
    let file = loaded.sources.open(files, scope, path)?;
    let mut builder = Builder::new(files, scope, &mut loaded.sources);
    builder.root(file, path);
    let mut layout = builder.layout;
    layout.index(&loaded.sources);
    loaded.judged.insert(file);
    loaded.judged.extend(layout.reached.iter().copied());
    loaded.layouts.push(Arc::new(layout));
    Ok(loaded)
}

/// Whether a block that only a main file has stands on the top level. `events` beside a `server` is a page of
/// documentation that shows two files in one: it is judged by what stands beside.
fn is_root(sources: &Sources, file: FileId) -> bool {
    use DirectiveName as N;
    let is_http_level = |name| matches!(name, N::SERVER | N::UPSTREAM | N::MAP | N::LOCATION);
    let has_http = top_level(sources, file)
        .any(|(name, is_block)| is_block && matches!(name, N::HTTP | N::STREAM | N::MAIL));
    if !has_http && top_level(sources, file).any(|(name, is_block)| is_block && is_http_level(name)) {
        return false;
    }
    top_level(sources, file)
        .any(|(name, is_block)| is_block && matches!(name, N::EVENTS | N::HTTP | N::STREAM | N::MAIL))
}

/// Whether an ingress controller writes a file.
fn is_rendered(sources: &Sources, file: FileId) -> bool {
    sources.get(file).is_some_and(SourceFile::is_rendered)
}

fn top_level(sources: &Sources, file: FileId) -> impl Iterator<Item = (DirectiveName, bool)> {
    let nodes = sources
        .get(file)
        .into_iter()
        .flat_map(|file| file.tree.children(NodeId::FILE).map(move |node| (file, node)));
    nodes.map(|(file, node)| (file.name(node), file.tree.is_block(node)))
}

fn add_fragment(
    files: &dyn Files,
    scope: &Scope,
    sources: &mut Sources,
    layout: &mut Layout,
    fragment: &Candidate,
    folders: Vec<PathBuf>,
) {
    let kind = sources.get(fragment.file).map(|file| context::of_fragment(file, scope.ignores_comments));
    let Some(kind) = kind else { return };
    let adopter = if matches!(kind, ContextKind::Main | ContextKind::Stream | ContextKind::StreamServer) {
        None
    } else {
        layout.http()
    };
    let mut builder = Builder::new(files, scope, sources);
    builder.layout = std::mem::take(layout);
    builder.fragment(fragment.file, kind, adopter, folders);
    *layout = builder.layout;
}

impl Layout {
    /// The main file, the fragments, and what they include.
    fn files(&self) -> impl Iterator<Item = FileId> + '_ {
        let own = self.root.into_iter().chain(self.fragments.iter().map(|fragment| fragment.file));
        own.chain(self.reached.iter().copied())
    }

    /// The `http` level of the root.
    fn http(&self) -> Option<ContextId> {
        self.root?;
        let position = self.contexts.iter().position(|context| context.kind == ContextKind::Http)?;
        u32::try_from(position).ok().map(ContextId)
    }
}

/// The folders from that of `path` up to `argument`, from which a fragment's relative includes may be meant.
fn ancestors(path: &Path, argument: &Path) -> Vec<PathBuf> {
    let folder = normalize(&folder_of(path));
    let top = normalize(argument);
    let mut folders = Vec::new();
    for ancestor in folder.ancestors() {
        let ancestor = if ancestor.as_os_str().is_empty() { Path::new(".") } else { ancestor };
        folders.push(ancestor.to_owned());
        if ancestor == top {
            break;
        }
    }
    folders
}
