//! From paths to configurations: which files are main files, which are fragments, which are neither.

mod classify;
mod context;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use nginx_syntax::NodeId;

use crate::catalogue::DirectiveName;
use crate::configuration::{Builder, ContextId, ContextKind, Layout};
use crate::files::{Files, ReadError, normalize};
use crate::include::{Base, Resolved, Scope, resolve};
use crate::sources::{FileId, Sources};

pub use context::declared_context;

/// Why a file is not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// It has placeholders of a template engine; the first one.
    Template(String),
    /// It was found by walking and does not read as nginx.
    NotNginx,
    /// It holds bytes that no configuration has.
    Binary,
    /// It holds no directive.
    Empty,
    /// It lies in `sites-available`, and no link in `sites-enabled` leads to it.
    NotEnabled,
    /// It could not be read.
    Unreadable(ReadError),
    /// A folder in which no file looks like nginx configuration.
    NothingFound,
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
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The files.
    pub sources: Sources,
    /// One for each root, and one for the fragments of each argument that have none.
    pub layouts: Vec<Layout>,
    /// What is not judged.
    pub skipped: Vec<Skipped>,
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
    let mut loaded = Loaded::default();
    let candidates = walk::candidates(files, arguments, scope, &mut loaded);
    let is_root = |candidate: &&Candidate| is_root(&loaded.sources, candidate.file);
    let (roots, others): (Vec<&Candidate>, Vec<&Candidate>) = candidates.iter().partition(is_root);

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
    let tops = tops(&reaches.collect());
    judged.retain(|(root, _)| tops.contains(&root.file));

    let fragments = standalone(files, scope, &loaded.sources, &others, &reached);
    let mut orphans: BTreeMap<PathBuf, Vec<&Candidate>> = BTreeMap::new();
    let enabling: Vec<PathBuf> = judged
        .iter()
        .filter(|(_, layout)| enables_by_links(files, &loaded.sources, layout))
        .map(|(root, _)| folder_of(&root.path))
        .collect();
    for fragment in fragments {
        if !fragment.is_named && is_not_enabled(&fragment.path, &enabling) {
            let path = scope.shown(&fragment.path);
            loaded.skipped.push(Skipped { path, reason: SkipReason::NotEnabled, is_named: false });
            continue;
        }
        match adopter(&loaded.sources, &mut judged, fragment) {
            Some((root, layout)) => {
                let folders = vec![folder_of(&root), folder_of(&fragment.path)];
                add_fragment(files, scope, &mut loaded.sources, layout, fragment, folders);
            }
            None => orphans.entry(fragment.argument.clone()).or_default().push(fragment),
        }
    }
    loaded.layouts = judged.into_iter().map(|(_, layout)| layout).collect();
    for (argument, fragments) in orphans {
        let mut layout = Layout::default();
        for fragment in fragments {
            let folders = ancestors(&fragment.path, &argument);
            add_fragment(files, scope, &mut loaded.sources, &mut layout, fragment, folders);
        }
        loaded.layouts.push(layout);
    }
    for layout in &mut loaded.layouts {
        layout.index(&loaded.sources);
        loaded.judged.extend(layout.root);
        loaded.judged.extend(layout.fragments.iter().map(|fragment| fragment.file));
        loaded.judged.extend(layout.reached.iter().copied());
    }
    loaded
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

/// Whether it can adopt fragments: it has both `events` and `http`.
fn is_main(sources: &Sources, file: FileId) -> bool {
    let has = |wanted| top_level(sources, file).any(|(name, is_block)| is_block && name == wanted);
    has(DirectiveName::EVENTS) && has(DirectiveName::HTTP)
}

fn top_level(sources: &Sources, file: FileId) -> impl Iterator<Item = (DirectiveName, bool)> {
    let nodes = sources
        .get(file)
        .into_iter()
        .flat_map(|file| file.tree.children(NodeId::FILE).map(move |node| (file, node)));
    nodes.map(|(file, node)| (file.name(node), file.tree.is_block(node)))
}

/// The fragments that neither a root nor another fragment includes.
fn standalone<'c>(
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
        for target in include_targets(sources, fragment.file) {
            let Resolved::Files(paths) = resolve(files, scope, &base, &target) else { continue };
            reached.extend(paths.iter().filter_map(|path| identities.get(&files.identity(path)?)).copied());
        }
    }
    let tops = tops(&reaches);
    free.into_iter().filter(|one| one.is_named || tops.contains(&one.file)).collect()
}

/// The files from which all others are reached: those that no other reaches, and of some that only reach one another
/// the first.
fn tops(reaches: &BTreeMap<FileId, Vec<FileId>>) -> BTreeSet<FileId> {
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
    let target = |node| file.tree.words(node).nth(1).map(|word| nginx_syntax::unquote(word.of(file.bytes())));
    includes.filter_map(target).map(|target| String::from_utf8_lossy(&target).into_owned()).collect()
}

/// Whether links of the tree itself tell which of `sites-available` are enabled. Many a repository holds
/// `sites-available` alone and leaves the links to the deployment; all of it is judged then.
fn enables_by_links(files: &dyn Files, sources: &Sources, layout: &Layout) -> bool {
    let is_in = |path: &Path, folder: &str| path.components().any(|part| part.as_os_str() == folder);
    let mut reached = layout.reached.iter().filter_map(|&file| sources.get(file));
    reached.any(|file| {
        let target = files.identity(&file.path);
        is_in(&file.path, "sites-enabled") && target.is_some_and(|target| is_in(&target, "sites-available"))
    })
}

fn is_not_enabled(path: &Path, enabling: &[PathBuf]) -> bool {
    let is_available = path.components().any(|part| part.as_os_str() == "sites-available");
    is_available
        && enabling
            .iter()
            .any(|folder| normalize(path).starts_with(normalize(folder)) || folder == Path::new("."))
}

/// The nearest main file at or above the fragment's folder, inside the same argument.
fn adopter<'j>(
    sources: &Sources,
    judged: &'j mut [(&Candidate, Layout)],
    fragment: &Candidate,
) -> Option<(PathBuf, &'j mut Layout)> {
    let folder = normalize(&folder_of(&fragment.path));
    let is_above = |root: &Candidate| {
        let above = normalize(&folder_of(&root.path));
        root.argument == fragment.argument
            && (folder.starts_with(&above) || above == Path::new("."))
            && is_main(sources, root.file)
    };
    let (root, layout) = judged
        .iter_mut()
        .filter(|(root, _)| is_above(root))
        .max_by_key(|(root, _)| normalize(&folder_of(&root.path)).components().count())?;
    Some((root.path.clone(), layout))
}

fn add_fragment(
    files: &dyn Files,
    scope: &Scope,
    sources: &mut Sources,
    layout: &mut Layout,
    fragment: &Candidate,
    folders: Vec<PathBuf>,
) {
    let Some(kind) = sources.get(fragment.file).map(context::of_fragment) else { return };
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
    /// The `http` level of the root.
    fn http(&self) -> Option<ContextId> {
        self.root?;
        let position = self.contexts.iter().position(|context| context.kind == ContextKind::Http)?;
        u32::try_from(position).ok().map(ContextId)
    }
}

fn folder_of(path: &Path) -> PathBuf {
    crate::configuration::folder_of(path)
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
