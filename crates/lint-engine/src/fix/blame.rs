//! What a fix is allowed to change, and which of several fixes changed something else.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hashbrown::HashMap;
use lint_finding::{Finding, Fix, Place};
use nginx_semantics::{Configuration, ContextId, ContextKind, DirectiveName, FileId, SourceFile};
use nginx_syntax::NodeId;

use super::state::State;
use super::units::UnitKey;

/// A location of one of the state's parts.
pub(crate) type Target = (usize, UnitKey);

/// A block of a file; [`NodeId::FILE`] for the top level.
pub(crate) type BlockId = (FileId, NodeId);

/// A fix that may be applied.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) finding: Finding,
    pub(crate) fix: Fix,
    /// Whether it may change other locations than its own.
    pub(crate) is_relaxed: bool,
    /// Whether the finding is about locations, not about the configuration.
    is_placed: bool,
    /// The locations that the finding is about.
    pub(crate) targets: BTreeSet<Target>,
    /// The innermost block of each edit.
    pub(crate) blocks: BTreeSet<BlockId>,
    /// Whether it edits the line that opens a location.
    pub(crate) renames: bool,
}

impl Candidate {
    /// Whether nginx refuses to start for what it cures, which is no location's: nothing was in effect anywhere.
    pub(crate) fn is_start(&self) -> bool {
        self.finding.is_refusal() && !self.is_placed
    }
}

/// By rule and place: the parts and contexts that have the finding.
type SaidAt = HashMap<(&'static str, Place), Vec<(usize, Option<ContextId>)>>;

/// What is looked up for every candidate of a round.
pub(crate) struct Index<'a> {
    state: &'a State,
    said: SaidAt,
    openers: OnceCell<HashMap<BlockId, Vec<Target>>>,
    nodes: BTreeMap<FileId, Vec<NodeId>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(state: &'a State) -> Self {
        let mut said: SaidAt = HashMap::new();
        for (number, one) in state.said() {
            let key = (one.finding.rule.name, one.finding.primary.place);
            said.entry(key).or_default().push((number, one.context));
        }
        Self { state, said, openers: OnceCell::new(), nodes: BTreeMap::new() }
    }

    pub(crate) fn candidate(&mut self, finding: &Finding, fix: &Fix, is_relaxed: bool) -> Candidate {
        let mut this = Candidate {
            finding: finding.clone(),
            fix: fix.clone(),
            is_relaxed,
            is_placed: false,
            targets: BTreeSet::new(),
            blocks: BTreeSet::new(),
            renames: false,
        };
        let said = self.said.get(&(finding.rule.name, finding.primary.place)).cloned().unwrap_or_default();
        let mut within: Vec<(usize, ContextId)> = Vec::new();
        for (number, context) in said {
            let part = self.state.parts.get(number);
            let Some((context, part)) = context.zip(part) else { continue };
            let unit = part.locations.units.of(context);
            this.is_placed |= unit.is_some();
            this.targets.extend(unit.map(|unit| (number, unit)));
            within.push((number, context));
        }
        // The line to blame may stand in an outer location, or in one that a subrequest asks. In a file that several
        // servers include, the outer one is that of the server in question.
        let blamed = self.location_around(finding.primary.place);
        let is_around = |target: &&Target| within.iter().any(|within| self.is_around(**target, *within));
        let outer: Vec<Target> = blamed.iter().filter(is_around).copied().collect();
        this.targets.extend(if outer.is_empty() { blamed } else { outer });
        if !this.is_placed {
            // About the configuration: the locations that it points into, or edits.
            for edit in &fix.edits {
                this.targets.extend(self.location_around(edit.place));
            }
        }
        for edit in &fix.edits {
            let block = self.block(edit.place);
            this.blocks.insert(block);
            if let Some(node) = self.head(edit.place) {
                let renamed = self.openers().get(&(block.0, node)).cloned().unwrap_or_default();
                let file = self.state.loaded.sources.get(block.0);
                // An endpoint may be in an `if` too, and is called by its condition.
                let is_if = file.is_some_and(|file| file.name(node) == DirectiveName::IF);
                this.renames |= !renamed.is_empty() || is_if;
                this.targets.extend(renamed);
            }
        }
        this
    }

    /// Whether a location is, or is around, a context of the same part.
    fn is_around(&self, (number, key): Target, (other, context): (usize, ContextId)) -> bool {
        let part = self.state.parts.get(number).filter(|_| number == other);
        let Some(location) = part.and_then(|part| part.locations.units.get(key)) else { return false };
        let Some(configuration) = self.state.configuration(number) else { return false };
        // Locations may be nested hundreds deep, and come after those around them.
        configuration.levels(context).take_while(|level| *level >= location).any(|level| level == location)
    }

    /// The innermost block that a place begins in.
    pub(crate) fn block(&mut self, place: Place) -> BlockId {
        let id = place.file;
        let offset = place.span.start;
        let state = self.state;
        let Some(file) = state.loaded.sources.get(id) else { return (id, NodeId::FILE) };
        let mut node = self.last_before(id, offset).unwrap_or(NodeId::FILE);
        while node != NodeId::FILE {
            let tree = &file.tree;
            let opens = tree.terminator(node).filter(|_| tree.is_block(node));
            let is_open = tree.close(node).is_none_or(|close| offset <= close.start);
            if opens.is_some_and(|opens| opens.end <= offset) && is_open {
                break;
            }
            node = tree.parent(node);
        }
        (id, node)
    }

    /// The block whose opening line a place lies in, where it replaces something.
    fn head(&mut self, place: Place) -> Option<NodeId> {
        let id = place.file;
        let state = self.state;
        let file = state.loaded.sources.get(id)?;
        let node = self.last_before(id, place.span.end.max(place.span.start + 1) - 1)?;
        let head = file.tree.head_span(node);
        let is_in_head = head.start < place.span.end && place.span.start < head.end;
        (file.tree.is_block(node) && is_in_head).then_some(node)
    }

    /// The last directive that begins at or before an offset.
    fn last_before(&mut self, id: FileId, offset: u32) -> Option<NodeId> {
        let file = self.state.loaded.sources.get(id)?;
        let nodes = self.nodes.entry(id).or_insert_with(|| file.tree.nodes().collect());
        let after = nodes.partition_point(|&node| file.tree.name_span(node).start <= offset);
        nodes.get(after.checked_sub(1)?).copied()
    }

    fn location_around(&mut self, place: Place) -> Vec<Target> {
        let (id, mut node) = self.block(place);
        let state = self.state;
        let Some(file) = state.loaded.sources.get(id) else { return Vec::new() };
        while node != NodeId::FILE && file.name(node) != DirectiveName::LOCATION {
            node = file.tree.parent(node);
        }
        self.openers().get(&(id, node)).cloned().unwrap_or_default()
    }

    fn openers(&self) -> &HashMap<BlockId, Vec<Target>> {
        self.openers.get_or_init(|| {
            let mut all: HashMap<BlockId, Vec<Target>> = HashMap::new();
            for (number, part) in self.state.parts.iter().enumerate() {
                let Some(configuration) = self.state.configuration(number) else { continue };
                for (key, location) in part.locations.units.iter() {
                    let Some(opener) = configuration.context(location).opener else { continue };
                    all.entry((opener.file, opener.node)).or_default().push((number, key));
                }
            }
            all
        })
    }
}

/// Which of the chosen fixes edit what.
pub(crate) struct Blame<'c> {
    chosen: &'c [(usize, &'c Candidate)],
    by_block: HashMap<BlockId, Vec<usize>>,
    /// Those that edit a map or an upstream.
    of_named: OnceCell<Vec<usize>>,
    by_endpoint: OnceCell<ByEndpoint<'c>>,
    by_file: OnceCell<HashMap<FileId, Vec<usize>>>,
}

/// Fixes by the server, the location and the file that their finding is about.
type ByEndpoint<'c> = HashMap<&'c str, HashMap<&'c str, HashMap<u32, Vec<usize>>>>;

impl<'c> Blame<'c> {
    pub(crate) fn new(chosen: &'c [(usize, &'c Candidate)]) -> Self {
        let mut by_block: HashMap<BlockId, Vec<usize>> = HashMap::new();
        for (index, candidate) in chosen {
            for block in &candidate.blocks {
                by_block.entry(*block).or_default().push(*index);
            }
        }
        let (of_named, by_endpoint, by_file) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { chosen, by_block, of_named, by_endpoint, by_file }
    }

    /// Those that edit a block.
    pub(crate) fn of_block(&self, block: BlockId) -> &[usize] {
        self.by_block.get(&block).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those whose finding is about the endpoint of another one, in the same file.
    pub(crate) fn of_endpoint(&self, finding: &Finding) -> &[usize] {
        let all = self.by_endpoint.get_or_init(|| {
            let mut all: ByEndpoint<'_> = HashMap::new();
            for (index, candidate) in self.chosen {
                let finding = &candidate.finding;
                let Some(endpoint) = &finding.endpoint else { continue };
                let of_server = all.entry(&endpoint.server).or_default();
                let of_location = of_server.entry(&endpoint.location).or_default();
                of_location.entry(finding.primary.place.file.0).or_default().push(*index);
            }
            all
        });
        let same = finding.endpoint.as_ref().and_then(|endpoint| {
            all.get(&*endpoint.server)?.get(&*endpoint.location)?.get(&finding.primary.place.file.0)
        });
        same.map(Vec::as_slice).unwrap_or_default()
    }

    /// Those that edit a file.
    pub(crate) fn of_file(&self, file: FileId) -> &[usize] {
        let all = self.by_file.get_or_init(|| {
            let mut all: HashMap<FileId, Vec<usize>> = HashMap::new();
            for (index, candidate) in self.chosen {
                let files: BTreeSet<FileId> =
                    candidate.fix.edits.iter().map(|edit| edit.place.file).collect();
                files.into_iter().for_each(|file| all.entry(file).or_default().push(*index));
            }
            all
        });
        all.get(&file).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those that edit a map or an upstream.
    fn of_named(&self, configuration: Configuration<'_>) -> &[usize] {
        let is_named = |block: &BlockId| {
            use DirectiveName as N;
            let name = configuration.sources.get(block.0).map(|file: &SourceFile| file.name(block.1));
            matches!(name, Some(N::MAP | N::UPSTREAM | N::GEO | N::SPLIT_CLIENTS))
        };
        self.of_named.get_or_init(|| {
            let of_named = self.chosen.iter().filter(|(_, candidate)| candidate.blocks.iter().any(is_named));
            of_named.map(|(index, _)| *index).collect()
        })
    }
}

/// Which of the chosen fixes edit what the locations of a configuration are made of.
pub(crate) struct Contributors<'b, 'c, 's> {
    blame: &'b Blame<'c>,
    configuration: Configuration<'s>,
    /// Those that edit a level or one around it, in order: locations may be nested hundreds deep.
    known: HashMap<ContextId, Rc<[usize]>>,
}

impl<'b, 'c, 's> Contributors<'b, 'c, 's> {
    pub(crate) fn new(blame: &'b Blame<'c>, configuration: Configuration<'s>) -> Self {
        Self { blame, configuration, known: HashMap::new() }
    }

    /// The fixes that edit what a location is made of: those of the levels around it, `http` excepted, where maps are
    /// added for all.
    pub(crate) fn of(&mut self, context: ContextId) -> Rc<[usize]> {
        let (blame, configuration) = (self.blame, self.configuration);
        let mut open = Vec::new();
        let mut found: Rc<[usize]> = Rc::from([]);
        for level in configuration.levels(context) {
            if matches!(configuration.context(level).kind, ContextKind::Http | ContextKind::Main) {
                break;
            }
            if let Some(known) = self.known.get(&level) {
                found = Rc::clone(known);
                break;
            }
            open.push(level);
        }
        for level in open.into_iter().rev() {
            let own = of_level(blame, configuration, level);
            if !own.is_empty() {
                // Two lists that are in order.
                let mut both = [&*found, &own].concat();
                both.sort();
                both.dedup();
                found = both.into();
            }
            self.known.insert(level, Rc::clone(&found));
        }
        if found.is_empty() {
            // A map or an upstream, then, or what all locations inherit.
            return self.blame.of_named(self.configuration).into();
        }
        found
    }
}

fn of_level(blame: &Blame<'_>, configuration: Configuration<'_>, level: ContextId) -> Vec<usize> {
    let mut blocks: BTreeSet<BlockId> = BTreeSet::new();
    blocks.extend(configuration.context(level).opener.map(|opener| (opener.file, opener.node)));
    blocks_of_directives(configuration, level, &mut blocks);
    let pseudo = |child: &&ContextId| {
        use ContextKind as K;
        matches!(configuration.context(**child).kind, K::If | K::LimitExcept | K::ServerIf)
    };
    for child in configuration.children(level).iter().filter(pseudo) {
        let opener = configuration.context(*child).opener;
        blocks.extend(opener.map(|opener| (opener.file, opener.node)));
        blocks_of_directives(configuration, *child, &mut blocks);
    }
    let all: BTreeSet<usize> = blocks.iter().flat_map(|block| blame.of_block(*block)).copied().collect();
    all.into_iter().collect()
}

fn blocks_of_directives(configuration: Configuration<'_>, level: ContextId, blocks: &mut BTreeSet<BlockId>) {
    let mut last = None;
    for directive in configuration.directives(level) {
        let reference = directive.reference;
        if let Some(file) = directive.file() {
            let block = (reference.file, file.tree.parent(reference.node));
            if last != Some(block) {
                blocks.insert(block);
                last = Some(block);
            }
        }
    }
}
