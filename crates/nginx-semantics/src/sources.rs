//! The files that were read, each parsed once.

mod ways;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use hashbrown::{HashMap, HashSet};
use nginx_syntax::{FileId, NodeId, Source, Span, Tree, unquote};

use crate::budgets::{self, Copies};
use crate::catalogue::DirectiveName;
use crate::containers::Containers;
use crate::files::{Files, MemoryFiles, ReadError};
use crate::include::Scope;
use crate::load::{LeftOut, SkipReason, is_nginx};
use crate::parallel::in_parallel;
use crate::placeholder::{self, Marks, Masked, Placeholders, in_place_of_directive, masked};
use crate::views::{Hosted, Text, of_template};

/// A file with its tree.
#[derive(Debug)]
pub struct SourceFile {
    /// Bytes, under the path that is shown.
    pub source: Arc<Source>,
    /// The directives.
    pub tree: Tree,
    /// The path that was opened.
    pub path: PathBuf,
    /// Whether its text may be shown: it lies inside the given paths.
    pub may_be_shown: bool,
    /// Whether it stands for a file that distributions ship, and was not read at all.
    pub is_builtin: bool,
    /// The words that placeholders make unknown.
    placeholders: Placeholders,
    /// The quote of the first word that has any.
    quote: Option<u8>,
    /// What the author indents by, once somebody has looked for it.
    step: OnceLock<Option<Span>>,
    odd_dollar: OnceLock<bool>,
    /// Where the placeholders start that stand for whole lines, in order.
    filled_in: Vec<u32>,
    /// Whether any word may be unknown: few files have one, and it is asked often.
    has_unknown: bool,
    /// The first placeholder that makes the file a template.
    template_mark: Option<Span>,
    /// What it counts when it is included once more, see [`budgets`].
    pub(crate) count: usize,
    /// The file on disk that holds the text in another form; `None` for a file that nginx reads as it is.
    pub(crate) hosted: Option<Box<Hosted>>,
}

impl SourceFile {
    /// The interned name of a directive.
    pub fn name(&self, node: NodeId) -> DirectiveName {
        DirectiveName::of_number(self.tree.name_number(node))
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        self.source.bytes()
    }

    /// The words of a directive, its name first, as spans with their quotes. All reading of words goes through here and
    /// [`SourceFile::value`], for a placeholder may be several words to nginx's lexer: `<%= name %>`.
    pub fn words(&self, node: NodeId) -> impl Iterator<Item = Span> + use<'_> {
        self.joined(self.tree.words(node))
    }

    /// Words of this file, those of one placeholder as one.
    pub(crate) fn joined<I: Iterator<Item = Span>>(
        &self,
        words: I,
    ) -> impl Iterator<Item = Span> + use<'_, I> {
        self.placeholders.joined(words)
    }

    /// The value of a word that [`SourceFile::words`] gave out: what stands for a placeholder is unknown, see
    /// [`crate::placeholder`].
    pub fn value(&self, word: Span) -> Cow<'_, [u8]> {
        match self.placeholders.value(word.start) {
            Some(value) => Cow::Borrowed(value),
            None => unquote(word.of(self.bytes())),
        }
    }

    /// The value of the 0-based `index`th word of a directive, the name being the first.
    pub fn word(&self, node: NodeId, index: usize) -> Option<Cow<'_, [u8]>> {
        self.words(node).nth(index).map(|word| self.value(word))
    }

    /// The quote that the first quoted word has; `None` for a file without any.
    pub fn quote(&self) -> Option<u8> {
        self.quote
    }

    /// Whether a `$` stands in it that begins no name, as `find` finds it. It is looked for once, however many
    /// configurations include the file.
    pub(crate) fn has_odd_dollar(&self, find: impl FnOnce() -> bool) -> bool {
        *self.odd_dollar.get_or_init(find)
    }

    /// What the author indents by, as `find` finds it. It is looked for once: that may go through the whole file.
    pub fn step(&self, find: impl FnOnce() -> Option<Span>) -> Option<&[u8]> {
        self.step.get_or_init(find).map(|step| step.of(self.bytes()))
    }

    /// Whether a word of any directive may be unknown.
    pub fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// The first placeholder that makes the file a template.
    pub(crate) fn template_mark(&self) -> Option<Span> {
        self.template_mark
    }

    /// Whether a directive is a placeholder that stands for lines that nobody knows.
    pub(crate) fn is_filled_in(&self, node: NodeId) -> bool {
        self.has_filled_in() && self.is_filled_in_at(self.tree.name_span(node).start)
    }

    /// The same by where it starts.
    pub(crate) fn is_filled_in_at(&self, start: u32) -> bool {
        self.filled_in.binary_search(&start).is_ok()
    }

    /// Whether any directive is one: nginx reads another file than this.
    pub(crate) fn has_filled_in(&self) -> bool {
        !self.filled_in.is_empty()
    }

    /// The whole of a placeholder that stands for lines.
    pub(crate) fn filled_in_text(&self, node: NodeId) -> Cow<'_, [u8]> {
        let span = self.tree.name_span(node);
        let end = self.tree.terminator(node).map_or(span.end, |end| end.end);
        let text = match self.hosted() {
            Some(hosted) => hosted.on_disk(Span::new(span.start, end)).of(hosted.source().bytes()),
            None => Span::new(span.start, end).of(self.bytes()),
        };
        Cow::Borrowed(text.strip_suffix(b";").unwrap_or(text))
    }

    /// The file on disk that holds the text in another form, and where; `None` for a file that nginx reads as it is.
    pub fn hosted(&self) -> Option<&Hosted> {
        self.hosted.as_deref()
    }

    /// Whether an ingress controller writes the text, for what the file on disk says.
    pub(crate) fn is_rendered(&self) -> bool {
        self.hosted().is_some_and(|hosted| hosted.view().rendered().is_some())
    }

    /// Whether an ingress controller writes what stands at an offset, and not the author.
    pub fn is_given(&self, at: u32) -> bool {
        self.hosted().is_some_and(|hosted| hosted.view().is_given(at))
    }

    /// The file on disk: itself, or the one that holds the text in another form.
    pub fn on_disk(&self) -> &Arc<Source> {
        self.hosted().map_or(&self.source, Hosted::source)
    }
    /// The text that `hosted` has a view of.
    pub(crate) fn of_view(
        path: PathBuf,
        shown: &str,
        hosted: Hosted,
        may_be_shown: bool,
    ) -> Result<Self, ReadError> {
        let bytes = hosted.view().bytes().to_vec();
        let mut this = Self::new(path, shown, bytes, may_be_shown, false)?;
        let gaps = hosted.view().gaps();
        if !gaps.is_empty() {
            let is_gap = |node: &NodeId| {
                let start = this.tree.name_span(*node).start;
                // A key of a `map` is a word like any other.
                let is_key = || {
                    let around = DirectiveName::of_number(this.tree.name_number(this.tree.parent(*node)));
                    placeholder::has_entries(around) && this.tree.words(*node).nth(1).is_some()
                };
                gaps.binary_search(&start).is_ok() && !is_key()
            };
            let filled: Vec<u32> =
                this.tree.nodes().filter(is_gap).map(|node| this.tree.name_span(node).start).collect();
            this.filled_in.extend(filled);
            this.filled_in.sort_unstable();
            this.filled_in.dedup();
            let marks = Marks::of(this.source.bytes());
            let name = |node| DirectiveName::of_number(this.tree.name_number(node));
            let is_filled_in = |node| this.filled_in.binary_search(&this.tree.name_span(node).start).is_ok();
            this.template_mark =
                in_place_of_directive(&this.tree, this.source.bytes(), marks, name, is_filled_in);
        }
        this.hosted = Some(Box::new(hosted));
        Ok(this)
    }

    fn new(
        path: PathBuf,
        shown: &str,
        bytes: Vec<u8>,
        may_be_shown: bool,
        is_builtin: bool,
    ) -> Result<Self, ReadError> {
        let source = Source::new(shown, bytes).map_err(|_| ReadError::TooLarge(u64::from(u32::MAX)))?;
        let marks = Marks::of(source.bytes());
        let Masked { tree, lines: mut filled_in } = masked(source.bytes(), marks);
        let is_alone = |node: &NodeId| {
            !tree.is_block(*node) && tree.words(*node).nth(1).is_none() && tree.terminator(*node).is_some()
        };
        let is_one = |node: &NodeId| placeholder::is_one(tree.name_span(*node).of(source.bytes()));
        if !filled_in.is_empty() || marks.may_have_named() {
            let alone = tree.nodes().filter(is_alone).filter(is_one);
            filled_in.extend(alone.map(|node| tree.name_span(node).start));
            filled_in.sort_unstable();
        }
        let count = budgets::count(&tree);
        let placeholders = Placeholders::of(&tree, source.bytes(), marks);
        let has_unknown =
            !placeholders.is_empty() || (marks.has(b"${") && placeholder::is_unknown(source.bytes()));
        let quote = tree.quoted().next().and_then(|word| word.of(source.bytes()).first().copied());
        let name = |node| DirectiveName::of_number(tree.name_number(node));
        let is_filled_in = |node| filled_in.binary_search(&tree.name_span(node).start).is_ok();
        let template_mark = in_place_of_directive(&tree, source.bytes(), marks, name, is_filled_in);
        let source = Arc::new(source);
        Ok(Self {
            quote,
            step: OnceLock::new(),
            odd_dollar: OnceLock::new(),
            source,
            tree,
            path,
            may_be_shown,
            is_builtin,
            placeholders,
            filled_in,
            has_unknown,
            template_mark,
            count,
            hosted: None,
        })
    }

    /// A text that is only looked into.
    pub(crate) fn of_text(path: &Path, bytes: Vec<u8>) -> Option<Self> {
        Self::new(path.to_owned(), "", bytes, false, false).ok()
    }

    /// The same file with another text.
    fn with(&self, text: &Text) -> Result<Self, ReadError> {
        match text {
            Text::Plain(bytes) => {
                let bytes = bytes.clone();
                Self::new(self.path.clone(), self.source.path(), bytes, self.may_be_shown, self.is_builtin)
            }
            Text::Hosted(hosted) => {
                let hosted = (**hosted).clone();
                Self::of_view(self.path.clone(), self.source.path(), hosted, self.may_be_shown)
            }
        }
    }
}

/// So many files are read at a time, until they are put in order.
const AT_ONCE: usize = 1024;

/// Reads and parses a file, if it may be read.
fn read(
    files: &dyn Files,
    scope: &Scope,
    containers: &Containers,
    path: &Path,
    identity: &Path,
) -> Result<Opened, ReadError> {
    let is_given = scope.is_given(identity);
    let is_open =
        is_given || scope.named.iter().any(|named| named == identity) || scope.may_be_read(files, identity);
    if !is_open && !scope.is_hidden_inside(identity) {
        return Err(scope.reason_to_withhold(identity));
    }
    let bytes = files.read(identity)?;
    let may_be_shown = !is_open || is_given;
    let file = SourceFile::new(path.to_owned(), &scope.shown(path), bytes, may_be_shown, false)?;
    // What it lies beside and what it is called is no proof here: it may be a file of passwords.
    if !is_open && !is_nginx(&file, Path::new(""), scope.ignores_comments) {
        return Err(ReadError::Hidden);
    }
    Ok(Opened::of(file, containers))
}

/// A file that was read, with the other ways through its branches if it is a template.
struct Opened {
    file: SourceFile,
    others: Vec<SourceFile>,
}

impl Opened {
    fn of(file: SourceFile, containers: &Containers) -> Self {
        let mut views = of_template(&file, containers).into_iter();
        match views.next() {
            Some(first) => Self { file: first, others: views.collect() },
            None => Self { file, others: Vec::new() },
        }
    }
}

/// All files of a run.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Arc<SourceFile>>,
    /// By the text of identities, which are paths without links.
    by_identity: HashMap<OsString, FileId>,
    /// What looking into other files has told, by identity: fixes judge the tree again and again.
    looks: HashMap<PathBuf, Option<SkipReason>>,
    /// What the configurations of the run hold so far.
    copies: Copies,
    /// What all files count together.
    written: usize,
    /// The other ways through the branches of templates.
    alternatives: BTreeMap<FileId, Vec<FileId>>,
    /// Which way is read now.
    choice: usize,
    /// The templates of which another way is read now than that.
    forced: BTreeMap<FileId, FileId>,
    /// The files that others hold, by the identities that they have besides those of the disk.
    mounted: MemoryFiles,
    /// The same by the identity of what holds them.
    held: BTreeMap<PathBuf, Vec<FileId>>,
    /// Those that hold other lines of nginx too.
    left_out: BTreeMap<PathBuf, LeftOut>,
    /// What is known of the containers around.
    containers: Containers,
}

impl Sources {
    /// The file of an id that this table gave out.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize).map(Arc::as_ref)
    }

    /// All files in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0..).map(FileId).zip(self.files.iter().map(Arc::as_ref))
    }

    /// The same files under the same ids, those of `changed` with other bytes; what did not change is not parsed again.
    ///
    /// # Errors
    /// When a file gets larger than is read.
    pub fn with(&self, changed: &BTreeMap<FileId, Text>) -> Result<Self, ReadError> {
        let mut this = Self {
            files: self.files.clone(),
            by_identity: self.by_identity.clone(),
            looks: self.looks.clone(),
            alternatives: self.alternatives.clone(),
            mounted: self.mounted.clone(),
            held: self.held.clone(),
            left_out: self.left_out.clone(),
            containers: self.containers.clone(),
            ..Self::default()
        };
        for (id, file) in (0..).map(FileId).zip(&mut this.files) {
            let Some(text) = changed.get(&id) else { continue };
            *file = Arc::new(file.with(text)?);
        }
        this.written = this.files.iter().map(|file| file.count).sum();
        Ok(this)
    }

    /// The same, placed as `old` was, of which it is another version; `None` where a budget may say otherwise.
    pub(crate) fn with_copies_of(self, old: &Self) -> Option<Self> {
        let counts = (0..).map(FileId).zip(self.files.iter().zip(&old.files));
        let changes = counts.map(|(id, (new, old))| (id, new.count.abs_diff(old.count)));
        let copies = old.copies.with_counts(changes.filter(|(_, by)| *by > 0))?;
        Some(Self { copies, ..self })
    }

    /// The file at `path`, read and parsed unless it was before under any path. All reading goes through here. What
    /// counts is where the file lies, whatever links lead to it: a hostile pull request may hold links to secrets of
    /// the machine that lints it. The links are resolved once, and what is read is the path that was checked.
    pub(crate) fn open(
        &mut self,
        files: &dyn Files,
        scope: &Scope,
        path: &Path,
    ) -> Result<FileId, ReadError> {
        self.open_identity(files, scope, path, files.identity(path).as_deref())
    }

    /// The same where the links of the path were resolved before.
    pub(crate) fn open_identity(
        &mut self,
        files: &dyn Files,
        scope: &Scope,
        path: &Path,
        identity: Option<&Path>,
    ) -> Result<FileId, ReadError> {
        let identity = identity.ok_or(ReadError::NotFound)?;
        if let Some(&id) = self.by_identity.get(identity.as_os_str()) {
            return Ok(self.included(id));
        }
        let file = read(files, scope, &self.containers, path, identity)?;
        self.keep(identity, file)
    }

    /// The same for many files, in their order. They are read and parsed in several threads, some at a time.
    pub(crate) fn open_all(
        &mut self,
        files: &dyn Files,
        scope: &Scope,
        paths: &[(PathBuf, Option<PathBuf>)],
    ) -> Vec<Result<FileId, ReadError>> {
        let mut opened = Vec::with_capacity(paths.len());
        for some in paths.chunks(AT_ONCE) {
            // Each once, under the first path that leads to it.
            let mut wanted: Vec<(&Path, &Path)> = Vec::with_capacity(some.len());
            let mut seen = HashSet::new();
            for (path, identity) in some {
                let Some(identity) = identity.as_deref().filter(|one| self.known(one).is_none()) else {
                    continue;
                };
                if seen.insert(identity.as_os_str()) {
                    wanted.push((path, identity));
                }
            }
            let containers = &self.containers;
            let read =
                in_parallel(&wanted, |(path, identity)| read(files, scope, containers, path, identity));
            let identities = wanted.iter().map(|(_, identity)| identity.as_os_str());
            let mut read: HashMap<&OsStr, Result<Opened, ReadError>> = identities.zip(read).collect();
            for (path, identity) in some {
                let own = identity.as_deref().and_then(|identity| read.remove_entry(identity.as_os_str()));
                opened.push(match own {
                    Some((identity, file)) => file.and_then(|file| self.keep(Path::new(identity), file)),
                    None => self.open_identity(files, scope, path, identity.as_deref()),
                });
            }
        }
        opened
    }

    fn keep(&mut self, identity: &Path, Opened { file, others }: Opened) -> Result<FileId, ReadError> {
        let id = self.add(file)?;
        self.by_identity.insert(identity.as_os_str().to_owned(), id);
        if !others.is_empty() {
            let others: Result<Vec<FileId>, ReadError> =
                others.into_iter().map(|file| self.add(file)).collect();
            self.alternatives.insert(id, others?);
        }
        Ok(self.included(id))
    }

    /// Adds a text that another file holds, under a path where nginx finds it; `others`: its other ways.
    pub(crate) fn mount(
        &mut self,
        host: &Path,
        identity: &Path,
        file: SourceFile,
        others: Vec<SourceFile>,
    ) -> Result<FileId, ReadError> {
        let opened =
            if others.is_empty() { Opened::of(file, &self.containers) } else { Opened { file, others } };
        let id = self.keep(identity, opened)?;
        self.mounted.insert(identity, Vec::new());
        self.held.entry(host.to_owned()).or_default().push(id);
        Ok(id)
    }

    /// What is known of the containers around.
    pub(crate) fn containers(&self) -> &Containers {
        &self.containers
    }

    /// The same, while files are looked for.
    pub(crate) fn containers_mut(&mut self) -> &mut Containers {
        &mut self.containers
    }

    /// The files that one of the disk holds; `None` for one that was not looked into for any.
    pub(crate) fn held(&self, host: &Path) -> Option<&[FileId]> {
        self.held.get(host).map(Vec::as_slice)
    }

    /// Keeps that a file holds lines of nginx besides those that are judged.
    pub(crate) fn note_left_out(&mut self, host: &Path, what: LeftOut) {
        self.left_out.insert(host.to_owned(), what);
    }

    /// What lines of nginx a file holds besides those that are judged.
    pub(crate) fn left_out(&self, host: &Path) -> Option<LeftOut> {
        self.left_out.get(host).copied()
    }

    /// The names of all files that others hold.
    pub(crate) fn mounted(&self) -> Option<&MemoryFiles> {
        (!self.held.is_empty()).then_some(&self.mounted)
    }

    /// The file of this identity, if it was read.
    pub(crate) fn known(&self, identity: &Path) -> Option<FileId> {
        self.by_identity.get(identity.as_os_str()).copied()
    }

    /// What looking into a file has told before.
    pub(crate) fn looked_at(&self, identity: &Path) -> Option<&Option<SkipReason>> {
        self.looks.get(identity)
    }

    /// Keeps what looking into a file has told.
    pub(crate) fn keep_look(&mut self, identity: PathBuf, told: Option<SkipReason>) {
        self.looks.insert(identity, told);
    }

    /// Whether a file may be placed at one more include of any configuration of the run.
    pub(crate) fn enter(&mut self, id: FileId) -> bool {
        let count = self.get(id).map_or(0, |file| file.count);
        self.copies.enter(id, count, self.written)
    }

    /// Whether a file was not placed at an include because its budget was used up.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.copies.is_exhausted
    }

    /// What all files count together.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// The built-in text that stands for a file that distributions ship.
    /// Never fails in practice: built-in texts are short.
    pub(crate) fn builtin(&mut self, path: &str, text: &str) -> Result<FileId, ReadError> {
        let identity = Path::new("\0builtin").join(path.trim_start_matches('/'));
        if let Some(&id) = self.by_identity.get(identity.as_os_str()) {
            return Ok(id);
        }
        let file = SourceFile::new(PathBuf::from(path), path, text.as_bytes().to_vec(), false, true)?;
        let id = self.add(file)?;
        self.by_identity.insert(identity.into_os_string(), id);
        Ok(id)
    }

    fn add(&mut self, file: SourceFile) -> Result<FileId, ReadError> {
        let id = FileId(u32::try_from(self.files.len()).map_err(|_| ReadError::TooLarge(0))?);
        self.written = self.written.saturating_add(file.count);
        self.files.push(Arc::new(file));
        Ok(id)
    }
}
