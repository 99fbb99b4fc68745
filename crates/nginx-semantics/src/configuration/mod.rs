//! One configuration out of many files: blocks as instances over shared trees.
//!
//! A context is a block in the place where nginx meets it, so a file that is included twice has two instances of its
//! blocks, over one tree. Nothing inherited is stored: [`crate::effective`] walks up.

mod build;
mod directive;
mod gaps;
mod including;
mod index;
mod kind;
mod lines;
mod problem;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use hashbrown::{HashMap, HashSet};
use nginx_syntax::{FileId, NodeId, Place};

pub(crate) use build::Builder;
pub use directive::Directive;
pub use gaps::{Gap, GapReason, Gaps};
pub use including::IncludingHeaders;
pub use kind::ContextKind;
pub(crate) use lines::LinesEdit;
pub use problem::{IncludeFailure, IncludeProblem};

use crate::catalogue::DirectiveName;
use crate::certificate::CertificateFile;
use crate::containers::Containers;
use crate::pattern::{Pattern, Patterns};
use crate::sources::{SourceFile, Sources};
use crate::upstream::Literals;

/// Index of a context in its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextId(pub(crate) u32);

impl ContextId {
    /// As an index into tables of all contexts.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The includes that led to a directive, innermost first; an index into the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChainId(u32);

impl ChainId {
    /// Not included.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// One more include on the way to a directive.
#[derive(Debug, Clone, Copy)]
struct Link {
    include: DirectiveRef,
}

/// Stands for no place in a table.
const NOWHERE: u32 = u32::MAX;

/// A part of one of the tables of a [`Layout`].
#[derive(Debug, Clone, Copy)]
struct Part {
    start: u32,
    end: u32,
}

impl Part {
    const EMPTY: Self = Self { start: 0, end: 0 };

    fn of<T>(self, table: &[T]) -> &[T] {
        table.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A directive in the place where nginx meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectiveRef {
    /// The file.
    pub file: FileId,
    /// The directive in the file's tree.
    pub node: NodeId,
    chain: ChainId,
}

/// How much of a level was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// All of it.
    Given,
    /// What one fragment holds; files around it may hold more.
    Partial,
    /// Nothing: it must exist around a fragment, but was not given.
    Absent,
}

/// A block, or a level that stands in for one that was not given.
#[derive(Debug, Clone)]
pub struct Context {
    /// What it is.
    pub kind: ContextKind,
    /// The level around it.
    pub parent: Option<ContextId>,
    /// The directive that opens it; `None` for a file's top level.
    pub opener: Option<DirectiveRef>,
    /// How much of it was given.
    pub presence: Presence,
    /// Includes whose files were not given.
    pub gaps: Gaps,
    /// Includes whose files were not given either, but what they hold is told by their names (`proxy_params`): enough
    /// for a finding, not for a fix.
    pub believed: Gaps,
    depth: u16,
    /// What stands directly in it, in [`Layout::directives`].
    directives: Part,
    /// The blocks directly in it, in [`Layout::children`].
    children: Part,
    /// The last `*_pass` directly in it, in [`Layout::directives`], or [`NOWHERE`].
    pass: u32,
    /// The nearest level, from here out, with a gap that is no pattern, in [`Layout::contexts`], or [`NOWHERE`].
    nearest_gap: u32,
    /// See [`Unset::Default`].
    is_assumed: bool,
    /// The nearest `http` and server, from here out, in [`Layout::contexts`], or [`NOWHERE`].
    nearest_http: u32,
    nearest_server: u32,
}

impl Context {
    /// What a fix has to count with: includes whose files were not given, be their names well known or not.
    pub fn unseen(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().chain(&self.believed)
    }
}

/// What is in effect for a directive that stands nowhere in a configuration, see [`Configuration::unset`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// Its default.
    Default {
        /// Whether a level that was not given, or not wholly, may set something else.
        is_assumed: bool,
    },
    /// This include, which must be there and was not given, may set it.
    Unknown(Gap),
}

/// A file that no root reaches, judged by itself.
#[derive(Debug, Clone, Copy)]
pub struct Fragment {
    /// The file.
    pub file: FileId,
    /// The level that its directives stand in.
    pub context: ContextId,
}

/// The contexts of one root with the fragments that it adopts, or of the fragments that have no root.
#[derive(Debug, Default)]
pub struct Layout {
    pub(crate) root: Option<FileId>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) fragments: Vec<Fragment>,
    pub(crate) problems: Vec<IncludeProblem>,
    /// The files that includes led to.
    pub(crate) reached: BTreeSet<FileId>,
    chains: Vec<Link>,
    /// What the arguments of the root's includes mean, in nginx's order; `None` for what could not be read or was not
    /// given.
    included: HashMap<Vec<u8>, Vec<Option<FileId>>>,
    /// The problems that are known already, by the directive that they are reported at.
    failures: HashMap<(FileId, NodeId), Vec<IncludeFailure>>,
    /// The limits that were met.
    limits: Vec<IncludeFailure>,
    /// What the `ssl_certificate` lines name, where it lies inside what was given.
    pub(crate) certificates: HashMap<DirectiveRef, Arc<CertificateFile>>,
    /// The regexes that were asked for.
    patterns: Arc<Patterns>,
    /// The `*_pass` lines without variables, once they are asked for.
    literals: OnceLock<Literals>,
    /// The upstreams of which every server is down, once they are asked for.
    down: OnceLock<HashSet<ContextId>>,
    /// The servers with a name that captures, once they are asked for.
    capturing: OnceLock<HashSet<ContextId>>,
    /// The blocks that get header lines by an include, once they are asked for.
    including: OnceLock<IncludingHeaders>,
    /// What stands in each context, includes expanded in place; one context after the other.
    directives: Vec<DirectiveRef>,
    /// The same places, by name within a context, in order within a name; of no meaning where a context has entries.
    by_name: Vec<(DirectiveName, u32)>,
    /// The blocks in each context, in order; one context after the other.
    children: Vec<ContextId>,
    /// By the number of a name, whether a directive of that name stands anywhere, entries aside.
    present: Vec<bool>,
    /// All contexts, in order within a kind.
    by_kind: Vec<(ContextKind, ContextId)>,
    /// The names of the `upstream` blocks of `http` in lower case, sorted, and the blocks, in order within a name.
    upstream_names: Vec<Box<[u8]>>,
    upstreams: Vec<ContextId>,
}

/// A layout with the files that it points into.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<'s> {
    /// The files.
    pub sources: &'s Sources,
    layout: &'s Layout,
}

impl<'s> Configuration<'s> {
    /// Brings both together.
    pub fn new(sources: &'s Sources, layout: &'s Layout) -> Self {
        Self { sources, layout }
    }

    /// The main file, where there is one.
    pub fn root(&self) -> Option<FileId> {
        self.layout.root
    }

    /// What is known of the containers around the nginx.
    pub fn containers(&self) -> &'s Containers {
        self.sources.containers()
    }

    /// The fragments.
    pub fn fragments(&self) -> &'s [Fragment] {
        &self.layout.fragments
    }

    /// The files that it is made of: the main file, the fragments, and what they include.
    pub fn files(&self) -> BTreeSet<FileId> {
        let own =
            self.layout.root.into_iter().chain(self.layout.fragments.iter().map(|fragment| fragment.file));
        own.chain(self.layout.reached.iter().copied()).collect()
    }

    /// What went wrong with includes.
    pub fn problems(&self) -> &'s [IncludeProblem] {
        &self.layout.problems
    }

    /// All contexts, parents before children.
    pub fn contexts(&self) -> impl Iterator<Item = (ContextId, &'s Context)> + use<'s> {
        (0..).map(ContextId).zip(&self.layout.contexts)
    }

    /// All contexts of a kind, in order.
    pub fn of_kind(&self, kind: ContextKind) -> impl Iterator<Item = ContextId> + use<'s> {
        equal_range(&self.layout.by_kind, kind).iter().map(|(_, id)| *id)
    }

    /// The `upstream` blocks of a name, compared without case as nginx does, in order.
    pub(crate) fn upstreams(&self, name: &str) -> &'s [ContextId] {
        let name = name.to_ascii_lowercase();
        let names = &self.layout.upstream_names;
        let from = names.partition_point(|other| **other < *name.as_bytes());
        let behind = names.get(from..).unwrap_or_default();
        let count = behind.partition_point(|other| **other == *name.as_bytes());
        self.layout.upstreams.get(from..from + count).unwrap_or_default()
    }

    /// A context; an empty one, absent, for an id of another configuration.
    pub fn context(&self, id: ContextId) -> &'s Context {
        static NOTHING: Context = Context {
            kind: ContextKind::Other,
            parent: None,
            opener: None,
            presence: Presence::Absent,
            gaps: Gaps::NONE,
            believed: Gaps::NONE,
            depth: 0,
            directives: Part::EMPTY,
            children: Part::EMPTY,
            pass: NOWHERE,
            nearest_gap: NOWHERE,
            is_assumed: false,
            nearest_http: NOWHERE,
            nearest_server: NOWHERE,
        };
        self.layout.contexts.get(id.0 as usize).unwrap_or(&NOTHING)
    }

    /// The context and the levels around it, innermost first.
    pub fn levels(&self, id: ContextId) -> impl Iterator<Item = ContextId> + use<'s> {
        let this = *self;
        std::iter::successors(Some(id), move |&id| this.context(id).parent)
    }

    /// The nearest level of a kind, the context itself included.
    pub fn enclosing(&self, id: ContextId, kind: ContextKind) -> Option<ContextId> {
        // These two are asked for again and again, and locations may be nested hundreds deep.
        let known = |nearest: u32| (nearest != NOWHERE).then_some(ContextId(nearest));
        match kind {
            ContextKind::Http => return known(self.context(id).nearest_http),
            ContextKind::Server => return known(self.context(id).nearest_server),
            _ => {}
        }
        self.levels(id).find(|&level| self.context(level).kind == kind)
    }

    /// The blocks directly in a context, in order.
    pub fn children(&self, id: ContextId) -> &'s [ContextId] {
        self.context(id).children.of(&self.layout.children)
    }

    /// What stands directly in a context, in order, includes expanded in place.
    pub fn references(&self, id: ContextId) -> &'s [DirectiveRef] {
        self.context(id).directives.of(&self.layout.directives)
    }

    /// The directives directly in a context, in order.
    pub fn directives(
        &self,
        id: ContextId,
    ) -> impl DoubleEndedIterator<Item = Directive<'s>> + ExactSizeIterator + use<'s> {
        let this = *self;
        this.references(id).iter().map(move |&reference| Directive { configuration: this, reference })
    }

    /// Whether a directive of the name stands in any context: if not, [`Configuration::named`] finds none anywhere, and
    /// [`Configuration::unset`] is what is in effect. Entries of `map` and its like are no directives.
    pub fn has_any(&self, name: DirectiveName) -> bool {
        self.layout.present.get(name.index()).copied().unwrap_or(false)
    }

    /// What is in effect in a context for a directive that no level around it sets, without asking each of them.
    pub fn unset(&self, id: ContextId) -> Unset {
        let context = self.context(id);
        let level = self.layout.contexts.get(context.nearest_gap as usize);
        let gap = level.and_then(|level| level.gaps.iter().find(|gap| !gap.is_pattern));
        gap.map_or(Unset::Default { is_assumed: context.is_assumed }, |gap| Unset::Unknown(*gap))
    }

    /// The last `proxy_pass`, or directive of its kin, directly in a context: of several the last handler wins.
    pub fn pass_in(&self, id: ContextId) -> Option<Directive<'s>> {
        let pass = self.layout.directives.get(self.context(id).pass as usize)?;
        Some(self.directive(*pass))
    }

    /// The directives of a name directly in a context, in order.
    pub fn named(
        &self,
        id: ContextId,
        name: DirectiveName,
    ) -> impl DoubleEndedIterator<Item = Directive<'s>> + use<'s> {
        let this = *self;
        this.places(id, name).iter().filter_map(move |&(_, place)| {
            let reference = *this.layout.directives.get(place as usize)?;
            Some(Directive { configuration: this, reference })
        })
    }

    /// The directives of any of these names directly in a context, in order.
    pub(crate) fn named_any(&self, id: ContextId, names: &[DirectiveName]) -> Vec<Directive<'s>> {
        let of_name = |&name: &DirectiveName| self.places(id, name).iter();
        let mut places: Vec<u32> = names.iter().flat_map(of_name).map(|(_, place)| *place).collect();
        places.sort_unstable();
        let references = places.into_iter().filter_map(|place| self.layout.directives.get(place as usize));
        references.map(|&reference| self.directive(reference)).collect()
    }

    /// Where directives of a name stand directly in a context.
    fn places(&self, id: ContextId, name: DirectiveName) -> &'s [(DirectiveName, u32)] {
        let context = self.context(id);
        if context.kind.has_entries() || !self.has_any(name) {
            return &[];
        }
        equal_range(context.directives.of(&self.layout.by_name), name)
    }

    /// The directive that opens a context.
    pub fn opener(&self, id: ContextId) -> Option<Directive<'s>> {
        self.context(id).opener.map(|reference| self.directive(reference))
    }

    /// A directive of this configuration.
    pub fn directive(&self, reference: DirectiveRef) -> Directive<'s> {
        Directive { configuration: *self, reference }
    }

    /// The file of a directive.
    pub(crate) fn file(&self, id: FileId) -> Option<&'s SourceFile> {
        self.sources.get(id)
    }

    /// The files that an include of the root means by its argument, in nginx's order: `None` for one that could not be
    /// read, was not given, or stands for one that was not. No answer for an argument that the root does not have.
    pub(crate) fn included(&self, argument: &[u8]) -> Option<&'s [Option<FileId>]> {
        self.layout.included.get(argument).map(Vec::as_slice)
    }

    /// The includes with the files that each leads to, every pair once, in the order in which nginx meets them. What could
    /// not be read or was not given is in [`Configuration::problems`].
    pub fn inclusions(&self) -> Vec<(Directive<'s>, FileId)> {
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        // Of fragments, nobody kept which files an argument means: they are known by their lines.
        let placed = self.layout.directives.iter().filter_map(|reference| {
            let link = self.layout.chains.get(reference.chain.0 as usize)?;
            Some((link.include, reference.file))
        });
        let named = self.layout.chains.iter().flat_map(|link| {
            let line = self.directive(link.include);
            let argument = line.argument(0).unwrap_or_default();
            let files = self.included(&argument).unwrap_or_default();
            files.iter().flatten().map(move |file| (link.include, *file))
        });
        for (include, file) in named.chain(placed) {
            let is_shown = self.layout.reached.contains(&file);
            if is_shown && seen.insert((include.file, include.node, file)) {
                all.push((self.directive(include), file));
            }
        }
        all
    }

    /// A regex, compiled once however many lines have it; `None` where it cannot be evaluated.
    pub fn pattern(&self, regex: &[u8], caseless: bool) -> Option<Pattern> {
        self.layout.patterns.get(regex, caseless)
    }

    /// The `*_pass` lines without variables.
    pub(crate) fn literals(&self) -> &'s Literals {
        self.layout.literals.get_or_init(|| Literals::of(*self))
    }

    /// The servers that have a regex with a group for a name.
    pub(crate) fn capturing(&self) -> &'s HashSet<ContextId> {
        self.layout.capturing.get_or_init(|| {
            let captures = |word: &[u8]| word.first() == Some(&b'~') && word.contains(&b'(');
            let names = |server| self.named(server, DirectiveName::SERVER_NAME);
            let has =
                |server: &ContextId| names(*server).any(|line| line.arguments().any(|word| captures(&word)));
            self.of_kind(ContextKind::Server).filter(has).collect()
        })
    }

    /// The upstreams of which every server is marked `down`.
    pub(crate) fn down(&self) -> &'s HashSet<ContextId> {
        self.layout.down.get_or_init(|| {
            let all = self.of_kind(ContextKind::Upstream);
            all.filter(|&group| crate::upstream::is_down(*self, group)).collect()
        })
    }

    /// The blocks that get `proxy_set_header` lines by an include.
    pub fn including_headers(&self) -> &'s IncludingHeaders {
        self.layout.including.get_or_init(|| IncludingHeaders::of(*self))
    }

    /// The file that an `ssl_certificate` names; `None` where it was not given, or a variable names it.
    pub fn certificate_file(&self, directive: &Directive<'_>) -> Option<&'s CertificateFile> {
        self.layout.certificates.get(&directive.reference).map(Arc::as_ref)
    }

    /// The include that brought a directive in, where one did.
    pub(crate) fn included_by(&self, reference: DirectiveRef) -> Option<DirectiveRef> {
        self.layout.chains.get(reference.chain.0 as usize).map(|link| link.include)
    }

    /// Where to point for a directive: itself, or the include that brought it in where its own file may not be shown.
    pub fn visible(&self, reference: DirectiveRef) -> DirectiveRef {
        let is_visible =
            |reference: &DirectiveRef| self.file(reference.file).is_some_and(|file| file.may_be_shown);
        std::iter::successors(Some(reference), |&inner| self.included_by(inner))
            .find(is_visible)
            .unwrap_or(reference)
    }

    /// The range from a directive's name to its last word.
    pub fn at(&self, reference: DirectiveRef) -> Place {
        let span =
            self.file(reference.file).map(|file| file.tree.head_span(reference.node)).unwrap_or_default();
        Place { file: reference.file, span }
    }
}

/// The entries of a key in a table that is sorted by key.
fn equal_range<K: Ord + Copy, V>(table: &[(K, V)], key: K) -> &[(K, V)] {
    let from = table.partition_point(|(other, _)| *other < key);
    let to = table.partition_point(|(other, _)| *other <= key);
    table.get(from..to).unwrap_or_default()
}

/// A place in a table. More than its type holds, no budget allows.
fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
