//! Expands includes and blocks into contexts. No recursion: neither on nesting nor on includes.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use nginx_syntax::{FileId, NodeId, lossy};

use super::problem::{IncludeFailure, IncludeProblem};
use super::{
    ChainId, Context, ContextId, ContextKind, DirectiveRef, Fragment, Gap, GapReason, Gaps, Layout, Link,
    NOWHERE, Part, Presence, position,
};
use crate::budgets;
use crate::catalogue::DirectiveName;
use crate::certificate::CertificateFile;
use crate::distribution::{is_nginxs_own, shipped_by_package};
use crate::files::{Files, ReadError, folder_of};
use crate::include::{Base, Resolved, Scope, named_file, resolve};
use crate::load::fault_of_encoding;
use crate::placeholder;
use crate::sources::Sources;

/// Makes layouts, reading files as it meets them.
pub(crate) struct Builder<'a> {
    pub(crate) files: &'a dyn Files,
    pub(crate) scope: &'a Scope,
    pub(crate) sources: &'a mut Sources,
    pub(crate) layout: Layout,
    /// What the arguments of includes mean: many files include the same snippets.
    targets: HashMap<String, Rc<Target>>,
    /// The files that were placed in each context, as they were.
    entered: Vec<(ContextId, FileId)>,
    /// The same, once it is asked for.
    entered_before: HashSet<(ContextId, FileId)>,
    /// What was not placed once more, by context.
    refused: HashSet<(ContextId, String)>,
    /// How many `listen` lines and names the server has that is being filled.
    addresses: (usize, usize),
    /// The `ssl_certificate` and `ssl_certificate_key` lines that were placed.
    tls_files: Vec<DirectiveRef>,
    /// The servers that stand in for those that were not given, by the level that they stand in.
    absent_servers: HashMap<ContextId, ContextId>,
    /// What is being read, includes innermost last.
    frames: Vec<Frame>,
    /// Blocks whose inside is still to be filled.
    unfilled: Vec<(ContextId, DirectiveRef)>,
}

/// The argument of an include.
struct Target {
    argument: String,
    means: Means,
    /// Whether its files were all placed, some of them elsewhere.
    is_placed: Cell<bool>,
}

/// What the argument of an include means.
enum Means {
    /// Nobody knows: a placeholder stands in it.
    Unknown,
    /// These files, or why they cannot be read.
    Files(Vec<(PathBuf, Result<FileId, ReadError>)>),
    /// See [`Resolved::NotGiven`].
    NotGiven { is_pattern: bool, is_inside: bool },
}

/// A file or block that is being read.
struct Frame {
    file: FileId,
    chain: ChainId,
    /// The file as a whole, or the block.
    inside: NodeId,
    next: Option<NodeId>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(files: &'a dyn Files, scope: &'a Scope, sources: &'a mut Sources) -> Self {
        let layout = Layout::default();
        Self {
            files,
            scope,
            sources,
            layout,
            targets: HashMap::new(),
            entered: Vec::new(),
            entered_before: HashSet::new(),
            refused: HashSet::new(),
            addresses: (0, 0),
            tls_files: Vec::new(),
            absent_servers: HashMap::new(),
            frames: Vec::new(),
            unfilled: Vec::new(),
        }
    }

    /// Adds the contexts of a main file.
    pub(crate) fn root(&mut self, file: FileId, path: &Path) {
        let main = self.context(ContextKind::Main, None, None, Presence::Given);
        self.layout.root = Some(file);
        self.refuse_depth(file);
        let folders = self.scope.prefix.iter().cloned().chain([folder_of(path)]).collect();
        let base = Base { folders, is_root: true };
        self.fill(main, file, NodeId::FILE, ChainId::NONE, &base);
        self.fill_blocks(&base);
        self.keep_targets();
        self.read_certificates(&base);
    }

    /// Reads what the `ssl_certificate` lines name, each file once. What an `ssl_certificate_key` names too is not read:
    /// it holds a key.
    fn read_certificates(&mut self, base: &Base) {
        let mut named: HashMap<String, Option<Arc<CertificateFile>>> = HashMap::new();
        let mut lines = Vec::new();
        let mut keys = HashSet::new();
        for reference in std::mem::take(&mut self.tls_files) {
            let Some(source) = self.sources.get(reference.file) else { continue };
            let Some(word) = source.word(reference.node, 1) else { continue };
            let path = lossy(&word).into_owned();
            if path.contains('$') {
                continue;
            }
            if source.name(reference.node) == DirectiveName::SSL_CERTIFICATE {
                lines.push((reference, path));
            } else if let Some((identity, _)) = named_file(self.files, self.scope, base, &path) {
                keys.insert(identity);
            }
        }
        for (reference, path) in lines {
            let read = |path: &str| {
                let (identity, is_sure) = named_file(self.files, self.scope, base, path)?;
                let bytes = if keys.contains(&identity) { None } else { self.files.read(&identity).ok() };
                CertificateFile::read(&bytes?, is_sure).map(Arc::new)
            };
            let file = named.entry(path).or_insert_with_key(|path| read(path)).clone();
            self.layout.certificates.extend(file.map(|file| (reference, file)));
        }
    }

    /// Keeps what the arguments of includes mean for those who read the files in nginx's own order.
    fn keep_targets(&mut self) {
        let is_real = |file: &FileId| self.sources.get(*file).is_some_and(|file| !file.is_builtin);
        let files = |target: &Target| match &target.means {
            Means::Unknown => None,
            Means::Files(files) => {
                Some(files.iter().map(|(_, file)| file.as_ref().ok().copied().filter(is_real)).collect())
            }
            // In a tree that is known a pattern may match nothing.
            Means::NotGiven { is_pattern: true, is_inside: true } => Some(Vec::new()),
            Means::NotGiven { .. } => Some(vec![None]),
        };
        let targets = self.targets.iter();
        let targets =
            targets.filter_map(|(argument, target)| Some((argument.clone().into(), files(target)?)));
        self.layout.included = targets.collect();
    }

    /// Adds the contexts of a fragment that stands in `kind`, inside `adopter` where a root has such a level.
    pub(crate) fn fragment(
        &mut self,
        file: FileId,
        kind: ContextKind,
        adopter: Option<ContextId>,
        folders: Vec<PathBuf>,
    ) {
        let mut parent = adopter;
        let around: &[ContextKind] = match kind {
            ContextKind::Main => &[],
            ContextKind::Http | ContextKind::Stream | ContextKind::Events | ContextKind::Mail => {
                &[ContextKind::Main]
            }
            ContextKind::StreamServer => &[ContextKind::Main, ContextKind::Stream],
            ContextKind::Location => &[ContextKind::Main, ContextKind::Http, ContextKind::Server],
            _ => &[ContextKind::Main, ContextKind::Http],
        };
        let missing = around.iter().filter(|&&level| adopter.is_none() || level == ContextKind::Server);
        for &level in missing {
            parent = Some(self.context(level, parent, None, Presence::Absent));
        }
        let context = self.context(kind, parent, None, Presence::Partial);
        self.layout.fragments.push(Fragment { file, context });
        self.refuse_depth(file);
        let base = Base { folders, is_root: false };
        self.fill(context, file, NodeId::FILE, ChainId::NONE, &base);
        self.fill_blocks(&base);
        self.read_certificates(&base);
    }

    fn context(
        &mut self,
        kind: ContextKind,
        parent: Option<ContextId>,
        opener: Option<DirectiveRef>,
        presence: Presence,
    ) -> ContextId {
        let id = ContextId(position(self.layout.contexts.len()));
        let depth = parent
            .and_then(|parent| self.layout.contexts.get(parent.0 as usize))
            .map_or(0, |parent| parent.depth.saturating_add(1));
        self.layout.contexts.push(Context {
            kind,
            parent,
            opener,
            presence,
            gaps: Gaps::NONE,
            believed: Gaps::NONE,
            depth,
            directives: Part::EMPTY,
            children: Part::EMPTY,
            pass: NOWHERE,
            nearest_gap: NOWHERE,
            is_assumed: false,
            nearest_http: NOWHERE,
            nearest_server: NOWHERE,
        });
        id
    }

    fn fill_blocks(&mut self, base: &Base) {
        self.unfilled.reverse();
        while let Some((context, opener)) = self.unfilled.pop() {
            let before = self.unfilled.len();
            self.fill(context, opener.file, opener.node, opener.chain, base);
            // The first block next, so that contexts of a kind come in the order of the file.
            if let Some(new) = self.unfilled.get_mut(before..) {
                new.reverse();
            }
        }
    }

    /// Places the directives of a file or block into a context, includes expanded where they stand. Each context is filled
    /// once, and none while another is, so what is in one stands together.
    fn fill(&mut self, context: ContextId, file: FileId, block: NodeId, chain: ChainId, base: &Base) {
        let Some(kind) = self.layout.contexts.get(context.0 as usize).map(|context| context.kind) else {
            return;
        };
        let start = position(self.layout.directives.len());
        self.addresses = (0, 0);
        self.open_frame(file, block, chain);
        while let Some(frame) = self.frames.last_mut() {
            let next = frame.next.and_then(|node| Some((node, self.sources.get(frame.file)?)));
            let Some((node, source)) = next else {
                self.frames.pop();
                continue;
            };
            frame.next = source.tree.child_after(frame.inside, node);
            let reference = DirectiveRef { file: frame.file, node, chain: frame.chain };
            let name = source.name(node);
            let is_block = source.tree.is_block(node);
            if source.is_filled_in(node) {
                let text = lossy(&source.filled_in_text(node)).into_owned();
                self.gap(
                    context,
                    Gap { include: reference, is_pattern: false, reason: GapReason::Placeholder },
                );
                self.problem(reference, text, IncludeFailure::FilledIn);
                continue;
            }
            // One with another number of words is a line that nginx refuses.
            let is_include = name == DirectiveName::INCLUDE && !is_block && kind.expands_includes();
            if is_include && source.words(node).count() == 2 {
                let included = self.include(context, reference, base);
                for (file, chain) in included.into_iter().rev() {
                    self.open_frame(file, NodeId::FILE, chain);
                }
                continue;
            }
            if kind == ContextKind::Server && !self.has_room(context, reference, name) {
                continue;
            }
            let place = position(self.layout.directives.len());
            self.layout.directives.push(reference);
            self.layout.by_name.push((name, place));
            if matches!(name, DirectiveName::SSL_CERTIFICATE | DirectiveName::SSL_CERTIFICATE_KEY) {
                self.tls_files.push(reference);
            }
            if is_block && !kind.has_entries() && kind != ContextKind::Other {
                self.open_block(context, kind.child(name), name, reference);
            }
        }
        let end = position(self.layout.directives.len());
        if let Some(context) = self.layout.contexts.get_mut(context.0 as usize) {
            context.directives = Part { start, end };
        }
    }

    /// Whether a `listen` or `server_name` line of a server is judged: nginx looks for each name at each address.
    fn has_room(&mut self, server: ContextId, line: DirectiveRef, name: DirectiveName) -> bool {
        if !matches!(name, DirectiveName::LISTEN | DirectiveName::SERVER_NAME) {
            return true;
        }
        let (listens, names) = self.addresses;
        let words = || self.sources.get(line.file).map_or(0, |file| file.words(line.node).skip(1).count());
        let (listens, names) = match name {
            DirectiveName::LISTEN => (listens + 1, names),
            _ => (listens, names + words()),
        };
        if listens > budgets::LISTENS || listens.saturating_mul(names) > budgets::LISTENS_AND_NAMES {
            self.problem_once(line, IncludeFailure::TooManyAddresses);
            if self.layout.contexts.get(server.0 as usize).is_none_or(|server| server.gaps.is_empty()) {
                self.gap(server, Gap { include: line, is_pattern: false, reason: GapReason::Budget });
            }
            return false;
        }
        self.addresses = (listens, names);
        true
    }

    fn open_block(
        &mut self,
        parent: ContextId,
        kind: ContextKind,
        name: DirectiveName,
        opener: DirectiveRef,
    ) {
        let (parent, kind) = match self.layout.contexts.get(parent.0 as usize) {
            Some(around)
                if name == DirectiveName::LOCATION
                    && around.kind == ContextKind::Http
                    && around.presence == Presence::Partial =>
            {
                (self.absent_server(parent), ContextKind::Location)
            }
            _ => (parent, kind),
        };
        let depth = self.layout.contexts.get(parent.0 as usize).map_or(0, |context| context.depth);
        if u32::from(depth) >= budgets::DEPTH {
            self.problem_once(opener, IncludeFailure::TooDeep);
            return;
        }
        let child = self.context(kind, Some(parent), Some(opener), Presence::Given);
        self.unfilled.push((child, opener));
    }

    /// Says so where a file nests deeper than is judged, followed or not.
    fn refuse_depth(&mut self, file: FileId) {
        let too_deep = self.sources.get(file).filter(|file| file.tree.depth() > budgets::DEPTH as usize);
        if let Some(node) = too_deep.and_then(|file| file.tree.nodes().next()) {
            let first = DirectiveRef { file, node, chain: ChainId::NONE };
            self.problem_once(first, IncludeFailure::TooDeep);
        }
    }

    /// The server around the locations of a fragment that has them beside upstreams or maps.
    fn absent_server(&mut self, http: ContextId) -> ContextId {
        if let Some(server) = self.absent_servers.get(&http) {
            return *server;
        }
        let server = self.context(ContextKind::Server, Some(http), None, Presence::Absent);
        self.absent_servers.insert(http, server);
        server
    }

    fn open_frame(&mut self, file: FileId, inside: NodeId, chain: ChainId) {
        let next = self.sources.get(file).and_then(|file| file.tree.first_child(inside));
        self.frames.push(Frame { file, chain, inside, next });
    }

    /// The files of an include with the chain that leads to them.
    fn include(&mut self, context: ContextId, include: DirectiveRef, base: &Base) -> Vec<(FileId, ChainId)> {
        let Some(source) = self.sources.get(include.file) else { return Vec::new() };
        let Some(word) = source.word(include.node, 1) else { return Vec::new() };
        // What another file holds lies elsewhere when nginx reads it, and so may the files beside it.
        let is_filled_in = source.has_filled_in() || source.hosted().is_some();
        let argument = lossy(&word);
        let target = match self.targets.get(&*argument).map(Rc::clone) {
            Some(known) => known,
            None => {
                let argument = argument.into_owned();
                self.target(argument, base)
            }
        };
        if self.sources.is_exhausted() && target.is_placed.get() {
            self.refuse(context, include, &target);
            return Vec::new();
        }
        let gap = |is_pattern| Gap { include, is_pattern, reason: GapReason::NotGiven };
        match &target.means {
            Means::Unknown => {
                self.gap(context, gap(false));
                self.problem(include, target.argument.clone(), IncludeFailure::NotFound { is_inside: false });
                Vec::new()
            }
            &Means::NotGiven { is_pattern, is_inside } => {
                self.gap(context, gap(is_pattern));
                if !is_pattern {
                    // What a template is filled into lies elsewhere, and so may the files beside it.
                    let is_filled_in_path = placeholder::is_filled_in_path(target.argument.as_bytes());
                    let is_inside = is_inside && !is_filled_in && !is_filled_in_path;
                    self.problem(include, target.argument.clone(), IncludeFailure::NotFound { is_inside });
                }
                Vec::new()
            }
            Means::Files(files) => {
                let chain = ChainId(position(self.layout.chains.len()));
                self.layout.chains.push(Link { include });
                let opened = files.iter().filter_map(|(path, file)| self.enter(context, include, path, file));
                let opened = opened.map(|file| (file, chain)).collect();
                target.is_placed.set(true);
                opened
            }
        }
    }

    /// Finds out what an argument means that was not met before.
    fn target(&mut self, argument: String, base: &Base) -> Rc<Target> {
        let means = if placeholder::is_unknown(argument.as_bytes()) {
            Means::Unknown
        } else {
            self.means(&argument, base)
        };
        let target = Rc::new(Target { argument: argument.clone(), means, is_placed: Cell::new(false) });
        self.targets.insert(argument, Rc::clone(&target));
        target
    }

    fn means(&mut self, argument: &str, base: &Base) -> Means {
        match resolve(self.files, self.scope, base, argument) {
            Resolved::MatchesNothing => Means::Files(Vec::new()),
            Resolved::Shipped(text) => {
                Means::Files(vec![(PathBuf::from(argument), self.sources.builtin(argument, text))])
            }
            Resolved::NotGiven { is_pattern, is_inside } => Means::NotGiven { is_pattern, is_inside },
            Resolved::Withheld(path, reason) => Means::Files(vec![(path, Err(reason))]),
            Resolved::Files(paths) => {
                let with_identity = |path: PathBuf| {
                    let identity = self.files.identity(&path);
                    (path, identity)
                };
                let paths: Vec<_> = paths.into_iter().map(with_identity).collect();
                let opened = self.sources.open_all(self.files, self.scope, &paths);
                let readable = |((path, _), opened): ((PathBuf, _), _)| {
                    let opened = self.readable(&path, opened);
                    (path, opened)
                };
                Means::Files(paths.into_iter().zip(opened).map(readable).collect())
            }
        }
    }

    /// A file that was opened, if nginx can read it.
    fn readable(&mut self, path: &Path, opened: Result<FileId, ReadError>) -> Result<FileId, ReadError> {
        let opened = opened.and_then(|id| {
            let file = self.sources.get(id);
            if let Some(encoding) = file.and_then(fault_of_encoding) {
                return Err(ReadError::Encoded(encoding));
            }
            match file.and_then(|file| Some(file.template_mark()?.of(file.bytes()))) {
                Some(mark) => Err(ReadError::Template(lossy(mark).into_owned())),
                None => Ok(id),
            }
        });
        opened.or_else(|error| {
            let target = self.files.identity(path).filter(|_| error == ReadError::Outside);
            match target.and_then(|target| shipped_by_package(&target)) {
                Some(text) => self.sources.builtin(&self.scope.shown(path), text),
                None => Err(error),
            }
        })
    }

    fn enter(
        &mut self,
        context: ContextId,
        include: DirectiveRef,
        path: &Path,
        file: &Result<FileId, ReadError>,
    ) -> Option<FileId> {
        let failure = match file {
            &Ok(file) if self.is_open(include, file) => IncludeFailure::Cycle,
            &Ok(file) => return self.place(context, include, file),
            Err(ReadError::IsFolder) => IncludeFailure::IsFolder,
            Err(error) => IncludeFailure::Unreadable(error.clone()),
        };
        self.gap(context, Gap { include, is_pattern: false, reason: GapReason::NotGiven });
        self.problem(include, self.scope.shown(path), failure);
        None
    }

    /// The file, unless it was placed so often that no more copies of it are judged.
    fn place(&mut self, context: ContextId, include: DirectiveRef, file: FileId) -> Option<FileId> {
        if self.sources.enter(file) {
            self.entered.push((context, file));
            let builtin = self.sources.get(file).filter(|file| file.is_builtin);
            if let Some(name) = builtin.map(|file| file.path.clone()) {
                self.believe(context, include, &name);
            } else {
                self.layout.reached.insert(file);
            }
            return Some(file);
        }
        self.refuse_copy(context, include, std::iter::once(Some(file)));
        None
    }

    /// Leaves out an include whose files were all placed before: at once, for thousands of includes may each mean
    /// thousands of files.
    fn refuse(&mut self, context: ContextId, include: DirectiveRef, target: &Target) {
        if !self.refused.insert((context, target.argument.clone())) {
            return;
        }
        if let Means::Files(files) = &target.means {
            self.refuse_copy(context, include, files.iter().map(|(_, file)| file.as_ref().ok().copied()));
        }
    }

    /// `None` among the files is one that could not be read.
    fn refuse_copy(
        &mut self,
        context: ContextId,
        include: DirectiveRef,
        mut files: impl Iterator<Item = Option<FileId>>,
    ) {
        self.problem_once(include, IncludeFailure::TooLarge);
        // What is placed twice in one level says nothing there that it had not said before.
        self.entered_before.extend(self.entered.drain(..));
        let is_here = |file| self.entered_before.contains(&(context, file));
        if files.any(|file| !file.is_some_and(is_here)) {
            self.gap(context, Gap { include, is_pattern: false, reason: GapReason::Budget });
        }
    }

    /// What only the name of a file tells of a level.
    fn believe(&mut self, context: ContextId, include: DirectiveRef, name: &Path) {
        if let Some(context) = self.layout.contexts.get_mut(context.0 as usize) {
            if !is_nginxs_own(name, context.kind) {
                context.believed.push(Gap { include, is_pattern: false, reason: GapReason::NotGiven });
            }
        }
    }

    /// What is not known of a level.
    fn gap(&mut self, context: ContextId, gap: Gap) {
        if let Some(context) = self.layout.contexts.get_mut(context.0 as usize) {
            context.gaps.push(gap);
        }
    }

    /// Whether `file` is being read already, at `include` or around it.
    fn is_open(&self, include: DirectiveRef, file: FileId) -> bool {
        let outer =
            |inner: &DirectiveRef| self.layout.chains.get(inner.chain.0 as usize).map(|link| link.include);
        std::iter::successors(Some(include), outer).any(|reference| reference.file == file)
    }

    /// Each include is reported once for each thing that is wrong with it, however many contexts reach it.
    fn problem(&mut self, at: DirectiveRef, target: String, failure: IncludeFailure) {
        let known = self.layout.failures.entry((at.file, at.node)).or_default();
        if !known.contains(&failure) {
            known.push(failure.clone());
            self.layout.problems.push(IncludeProblem { at, target, failure });
        }
    }

    /// A limit of ours is reported where it is met first.
    fn problem_once(&mut self, at: DirectiveRef, failure: IncludeFailure) {
        if !self.layout.limits.contains(&failure) {
            self.layout.limits.push(failure.clone());
            self.problem(at, String::new(), failure);
        }
    }
}
