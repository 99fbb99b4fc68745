//! What is in effect in each location, as a number: whether an edit changes another location is seen by comparing it
//! before and after.
//!
//! The number of a location covers every directive in effect (the nearest level that has the name), what stands in its
//! own `if` and `limit_except` blocks, the maps behind the variables in use, and the `upstream` that it passes to. The
//! directives of a module that proxies count where that module's `*_pass` stands; without it they do nothing.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use hashbrown::HashMap;
use nginx_semantics::catalogue::Contexts;
use nginx_semantics::{Configuration, ContextId, ContextKind, Directive, DirectiveName, Part, parts};

use super::units::{UnitKey, Units, hash_words};

/// Maps may use the variables of others; nobody nests them deeper.
const DEEPEST_MAPS: usize = 8;

/// What is in effect in the locations of a configuration.
#[derive(Debug)]
pub(crate) struct Digests {
    of: HashMap<UnitKey, u64>,
    /// Every level that counts, with what it declares itself.
    levels: HashMap<UnitKey, LevelFacts>,
}

/// What a level declares, and whether a file that was not given may declare more.
#[derive(Debug)]
struct LevelFacts {
    parent: Option<UnitKey>,
    /// How many directives there are of each name, in the order of the names.
    own: Vec<(DirectiveName, usize)>,
    /// Whether a file that was not given may declare more.
    is_open: bool,
    is_main: bool,
}

impl LevelFacts {
    /// Whether a file that was not given may declare the name here.
    fn may_have(&self, name: DirectiveName) -> bool {
        let is_taken = || name.rows().iter().any(|row| row.contexts.intersects(Contexts::MAIN));
        self.is_open && (!self.is_main || is_taken())
    }

    /// How many directives there are of a name.
    fn count(&self, name: DirectiveName) -> Option<usize> {
        let index = self.own.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.own.get(index).map(|(_, count)| *count)
    }
}

impl Digests {
    /// That of a location.
    pub(crate) fn of(&self, key: UnitKey) -> Option<u64> {
        self.of.get(&key).copied()
    }

    /// What nobody can say of the edits that make `after` of this.
    pub(crate) fn doubts<'u>(&'u self, after: &'u Self) -> Doubts<'u> {
        Doubts { before: self, after, known: HashMap::new() }
    }

    /// Whether a file that was not given may set the name at a level, or at one around it before a level that sets it.
    fn may_be_hidden(&self, key: UnitKey, name: DirectiveName) -> bool {
        let mut level = self.levels.get(&key);
        let mut is_first = true;
        while let Some(this) = level {
            if this.may_have(name) {
                return true;
            }
            if !is_first && this.count(name).is_some() {
                return false;
            }
            is_first = false;
            level = this.parent.and_then(|parent| self.levels.get(&parent));
        }
        false
    }

    pub(super) fn new(configuration: Configuration<'_>, units: &Units) -> Self {
        let mut reader = Reader { configuration, named: named_blocks(configuration), texts: HashMap::new() };
        let mut facts: HashMap<UnitKey, LevelFacts> = HashMap::new();
        let mut levels = Levels::default();
        for (id, context) in configuration.contexts() {
            let mut level = None;
            match context.kind {
                ContextKind::Main | ContextKind::Http | ContextKind::Server | ContextKind::Location => {
                    let (read, own) = reader.level(id, context.parent, &levels);
                    // On the main level a pattern stands for modules.
                    let is_main = context.kind == ContextKind::Main;
                    let is_open = context.unseen().any(|gap| !(is_main && gap.is_pattern));
                    let parent = context.parent.and_then(|parent| units.name(parent));
                    if let Some(name) = units.name(id) {
                        facts.insert(name, LevelFacts { parent, own, is_open, is_main });
                    }
                    level = Some(read);
                }
                ContextKind::If | ContextKind::LimitExcept | ContextKind::ServerIf
                    if context.parent.and_then(|parent| units.of(parent)).is_some() =>
                {
                    let block = reader.block(id);
                    let owner = configuration
                        .enclosing(id, ContextKind::Location)
                        .or_else(|| configuration.enclosing(id, ContextKind::Server));
                    if let Some(level) = owner.and_then(|owner| levels.get_mut(owner)) {
                        level.add_block(&block, context.kind);
                    }
                }
                _ => {}
            }
            levels.0.push(level);
        }
        let digest = |context| levels.get(context).map(|level| level.digest(&levels)).unwrap_or_default();
        let of = units.iter().map(|(key, context)| (key, digest(context))).collect();
        Self { of, levels: facts }
    }
}

/// What nobody can say of edits, asked location by location.
pub(crate) struct Doubts<'u> {
    before: &'u Digests,
    after: &'u Digests,
    /// What was found for a level and those around it: locations may be nested hundreds deep.
    known: HashMap<UnitKey, Option<DirectiveName>>,
}

impl Doubts<'_> {
    /// The first directive, by its name and from the inside out, of which nobody can say what an edit does to a location:
    /// it is added to a level where a file that was not given may have it too (nginx takes most only once in a block, and
    /// sends a header for each line), or hides or reveals what such a file may say further out.
    pub(crate) fn of(&mut self, key: UnitKey) -> Option<DirectiveName> {
        let mut asked = Vec::new();
        let mut level = Some(key);
        let doubt = loop {
            let Some(key) = level else { break None };
            if let Some(known) = self.known.get(&key) {
                break *known;
            }
            let (Some(old), Some(new)) = (self.before.levels.get(&key), self.after.levels.get(&key)) else {
                break None;
            };
            asked.push(key);
            let doubt = self.of_level(key, old, new);
            if doubt.is_some() {
                break doubt;
            }
            level = old.parent;
        };
        self.known.extend(asked.into_iter().map(|key| (key, doubt)));
        doubt
    }

    fn of_level(&self, key: UnitKey, old: &LevelFacts, new: &LevelFacts) -> Option<DirectiveName> {
        // Most levels are as they were.
        if old.own == new.own {
            return None;
        }
        let names = old.own.iter().chain(&new.own).map(|(name, _)| *name);
        let names: BTreeSet<DirectiveName> = names.collect();
        let is_doubtful = |name: &DirectiveName| match (old.count(*name), new.count(*name)) {
            (Some(before), Some(after)) => old.may_have(*name) && after > before,
            (None, None) => false,
            // It stands alone now, or did.
            (None, Some(_)) | (Some(_), None) => self.before.may_be_hidden(key, *name),
        };
        names.into_iter().find(is_doubtful)
    }
}

/// The modules that pass requests on, by what their directives begin with.
const FAMILIES: [&str; 6] = ["proxy_", "fastcgi_", "uwsgi_", "scgi_", "grpc_", "memcached_"];

fn family(name: &str) -> Option<usize> {
    FAMILIES.iter().position(|prefix| name.starts_with(prefix))
}

/// Directives that a nested location does not get from the one around it: those of the rewrite phase, and what handles
/// the request there (`ngx_http_rewrite_merge_loc_conf`, `ngx_http_core_merge_loc_conf`).
fn is_inherited(name: DirectiveName) -> bool {
    use DirectiveName as N;
    let is_local = matches!(
        name,
        N::RETURN
            | N::REWRITE
            | N::SET
            | N::BREAK
            | N::IF
            | N::TRY_FILES
            | N::INTERNAL
            | N::ALIAS
            | N::LOCATION
            | N::LIMIT_EXCEPT
            | N::INCLUDE
    );
    !is_local && !name.as_str().ends_with("_pass")
}

/// Levels by number of a context.
#[derive(Debug, Default)]
struct Levels(Vec<Option<Level>>);

impl Levels {
    fn get(&self, context: ContextId) -> Option<&Level> {
        self.0.get(context.index())?.as_ref()
    }

    fn get_mut(&mut self, context: ContextId) -> Option<&mut Level> {
        self.0.get_mut(context.index())?.as_mut()
    }

    /// What a level gets for a name from outside.
    fn in_effect(&self, mut level: Option<ContextId>, name: DirectiveName) -> Option<u64> {
        while let Some(this) = level.and_then(|level| self.get(level)) {
            if let Ok(index) = this.own.binary_search_by_key(&name, |(name, _)| *name) {
                return this.own.get(index).map(|(_, value)| *value);
            }
            level = this.parent;
        }
        None
    }
}

/// The directives of one level, and what it gets from outside.
#[derive(Debug, Default)]
struct Level {
    parent: Option<ContextId>,
    /// In the order of the names.
    own: Vec<(DirectiveName, u64)>,
    /// What is in effect and inherited: a sum, so that one value can be taken out of it, by family, the last for all
    /// directives without one.
    effective: [u64; FAMILIES.len() + 1],
    /// What counts here alone.
    local: u64,
    /// Of a server: what it does with every request before a location is chosen.
    server: u64,
    /// The families whose `*_pass` stands here.
    passes: BTreeSet<usize>,
}

impl Level {
    fn digest(&self, levels: &Levels) -> u64 {
        let mut sum = self.effective.last().copied().unwrap_or_default().wrapping_add(self.local);
        for &family in &self.passes {
            sum = sum.wrapping_add(self.effective.get(family).copied().unwrap_or_default());
        }
        let mut level = Some(self);
        while let Some(this) = level {
            sum = sum.wrapping_add(this.server);
            level = this.parent.and_then(|parent| levels.get(parent));
        }
        sum
    }

    fn add_block(&mut self, block: &Block, kind: ContextKind) {
        if kind == ContextKind::ServerIf {
            self.server = self.server.wrapping_add(block.digest);
        } else {
            self.local = self.local.wrapping_add(block.digest);
        }
        self.passes.extend(&block.passes);
    }
}

#[derive(Debug)]
struct Block {
    digest: u64,
    passes: BTreeSet<usize>,
}

/// Reads directives, with what the names in them stand for.
struct Reader<'s> {
    configuration: Configuration<'s>,
    /// Variables with their `$` by the blocks that define them, and upstreams by theirs.
    named: HashMap<Vec<u8>, Rc<[ContextId]>>,
    /// What those blocks say.
    texts: HashMap<ContextId, u64>,
}

/// The blocks of `http` that others refer to by name.
fn named_blocks(configuration: Configuration<'_>) -> HashMap<Vec<u8>, Rc<[ContextId]>> {
    let mut named: HashMap<Vec<u8>, Vec<ContextId>> = HashMap::new();
    for (id, context) in configuration.contexts() {
        let is_variable =
            matches!(context.kind, ContextKind::Map | ContextKind::Geo | ContextKind::SplitClients);
        if !is_variable && context.kind != ContextKind::Upstream {
            continue;
        }
        let Some(opener) = configuration.opener(id) else { continue };
        // `geo` may have one argument, the others have their variable last.
        let Some(name) = opener.arguments().last() else { continue };
        named.entry(name.to_ascii_lowercase()).or_default().push(id);
    }
    named.into_iter().map(|(name, blocks)| (name, blocks.into())).collect()
}

impl Reader<'_> {
    /// A level, and how many directives there are of each name.
    fn level(
        &mut self,
        id: ContextId,
        parent: Option<ContextId>,
        levels: &Levels,
    ) -> (Level, Vec<(DirectiveName, usize)>) {
        let kind = self.configuration.context(id).kind;
        let outer = parent.and_then(|parent| levels.get(parent));
        let parent = parent.filter(|_| outer.is_some());
        let mut this = Level {
            parent,
            effective: outer.map(|outer| outer.effective).unwrap_or_default(),
            ..Level::default()
        };
        let mut inherited: Vec<(DirectiveName, u64)> = Vec::new();
        let mut local = DefaultHasher::new();
        let mut server = DefaultHasher::new();
        for directive in self.configuration.directives(id) {
            let name = directive.name();
            if !is_inherited(name) || name == DirectiveName::UNKNOWN {
                if name.as_str().ends_with("_pass") {
                    this.passes.extend(family(name.as_str()));
                }
                // A block is looked at by itself.
                let is_block =
                    directive.file().is_some_and(|file| file.tree.is_block(directive.reference.node));
                if is_block {
                    continue;
                }
                let text = self.text(&directive, 0);
                text.hash(if kind == ContextKind::Server { &mut server } else { &mut local });
                continue;
            }
            if matches!(kind, ContextKind::Main | ContextKind::Http) && !may_stand_in_location(name) {
                continue;
            }
            inherited.push((name, self.text(&directive, 0)));
        }
        this.local = local.finish();
        this.server = if kind == ContextKind::Server { server.finish() } else { 0 };
        // Lines of one name stay in their order.
        inherited.sort_by_key(|(name, _)| *name);
        let mut counted = Vec::new();
        for lines in inherited.chunk_by(|(one, _), (other, _)| one == other) {
            let Some(&(name, _)) = lines.first() else { continue };
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            lines.iter().for_each(|(_, text)| text.hash(&mut hasher));
            let value = hasher.finish();
            let slot = this.effective.get_mut(family(name.as_str()).unwrap_or(FAMILIES.len()));
            if let Some(slot) = slot {
                let was = levels.in_effect(parent, name).unwrap_or_default();
                *slot = slot.wrapping_sub(was).wrapping_add(value);
            }
            this.own.push((name, value));
            counted.push((name, lines.len()));
        }
        (this, counted)
    }

    /// All that stands in a block.
    fn block(&mut self, id: ContextId) -> Block {
        let mut hasher = DefaultHasher::new();
        let mut passes = BTreeSet::new();
        if let Some(opener) = self.configuration.opener(id) {
            self.text(&opener, 0).hash(&mut hasher);
        }
        for directive in self.configuration.directives(id) {
            self.text(&directive, 0).hash(&mut hasher);
            let name = directive.name().as_str();
            if name.ends_with("_pass") {
                passes.extend(family(name));
            }
        }
        Block { digest: hasher.finish(), passes }
    }

    /// A directive's words, and what the names among them stand for.
    fn text(&mut self, directive: &Directive<'_>, depth: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        hash_words(directive, &mut hasher);
        let is_pass = directive.name().as_str().ends_with("_pass");
        for argument in directive.arguments() {
            if is_pass {
                self.blocks(upstream_name(&argument), depth).hash(&mut hasher);
            }
            if !argument.contains(&b'$') {
                continue;
            }
            for part in parts(&argument) {
                let Part::Variable(name) = part else { continue };
                self.blocks(&[b"$", name].concat(), depth).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// What the blocks of a name say; nothing where there is none.
    fn blocks(&mut self, name: &[u8], depth: usize) -> u64 {
        let known = match name.iter().any(u8::is_ascii_uppercase) {
            true => self.named.get(name.to_ascii_lowercase().as_slice()),
            false => self.named.get(name),
        };
        let Some(blocks) = known.map(Rc::clone) else { return 0 };
        let mut hasher = DefaultHasher::new();
        for &block in &*blocks {
            if let Some(known) = self.texts.get(&block) {
                known.hash(&mut hasher);
                continue;
            }
            // Known while it is read, so that maps that use one another come to an end.
            self.texts.insert(block, 0);
            let mut own = DefaultHasher::new();
            if depth < DEEPEST_MAPS {
                if let Some(opener) = self.configuration.opener(block) {
                    self.text(&opener, depth + 1).hash(&mut own);
                }
                for directive in self.configuration.directives(block) {
                    self.text(&directive, depth + 1).hash(&mut own);
                }
            }
            let own = own.finish();
            self.texts.insert(block, own);
            own.hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// The group in the argument of a `*_pass`.
fn upstream_name(argument: &[u8]) -> &[u8] {
    let rest =
        memchr::memmem::find(argument, b"://").and_then(|at| argument.get(at + 3..)).unwrap_or(argument);
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b':' | b'?')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

fn may_stand_in_location(name: DirectiveName) -> bool {
    use nginx_semantics::catalogue::Contexts;
    name.rows().iter().any(|row| row.contexts.intersects(Contexts::HTTP_LOCATION))
}
