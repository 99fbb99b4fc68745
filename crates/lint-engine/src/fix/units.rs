//! The locations of a configuration by names that they keep through edits.
//!
//! A name is made of the blocks around a location as they are written, and of which of those that are written alike.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashMap;
use nginx_semantics::{Configuration, ContextId, ContextKind, Directive};

use super::digests::Digests;

/// What names a location in two configurations of which one is the other, edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UnitKey(u64);

/// All locations of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Units {
    /// In the order of their names.
    all: Vec<(UnitKey, ContextId)>,
    /// By context: the name of the location that it is, or is a part of.
    keys: Vec<(ContextId, UnitKey)>,
    /// By number of a context: the name of the block, whatever it is.
    names: Vec<UnitKey>,
    digests: OnceCell<Digests>,
}

impl Units {
    /// Every location with its name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (UnitKey, ContextId)> + '_ {
        self.all.iter().copied()
    }

    /// The location of a name.
    pub(crate) fn get(&self, key: UnitKey) -> Option<ContextId> {
        let index = self.all.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        self.all.get(index).map(|(_, context)| *context)
    }

    /// The location that a context is, or is a part of.
    pub(crate) fn of(&self, context: ContextId) -> Option<UnitKey> {
        let index = self.keys.binary_search_by_key(&context, |(context, _)| *context).ok()?;
        self.keys.get(index).map(|(_, key)| *key)
    }

    /// The name of any block.
    pub(super) fn name(&self, context: ContextId) -> Option<UnitKey> {
        self.names.get(context.index()).copied()
    }

    /// What is in effect in them, worked out when it is asked for first: where fixes may change other locations, nobody
    /// asks. The configuration is the one that they are of.
    pub(crate) fn digests(&self, configuration: Configuration<'_>) -> &Digests {
        self.digests.get_or_init(|| Digests::new(configuration, self))
    }

    pub(crate) fn new(configuration: Configuration<'_>) -> Self {
        let mut this = Self::default();
        let mut alike: HashMap<u64, u32> = HashMap::new();
        for (id, context) in configuration.contexts() {
            let mut own = DefaultHasher::new();
            match context.opener {
                Some(opener) => hash_words(&configuration.directive(opener), &mut own),
                None => configuration.root().map(|file| file.0).hash(&mut own),
            }
            let outer = context.parent.and_then(|parent| this.name(parent)).map_or(0, |UnitKey(name)| name);
            let name = hash(&(outer, own.finish()));
            let count = alike.entry(name).or_default();
            let name = UnitKey(hash(&(name, *count)));
            *count += 1;
            this.names.push(name);
            match context.kind {
                ContextKind::Server => this.keys.push((id, name)),
                ContextKind::Location => {
                    this.keys.push((id, name));
                    this.all.push((name, id));
                }
                ContextKind::If | ContextKind::LimitExcept | ContextKind::ServerIf => {
                    let around = context.parent.and_then(|parent| this.of(parent));
                    this.keys.extend(around.map(|around| (id, around)));
                }
                _ => {}
            }
        }
        this.all.sort_unstable();
        this
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// A directive's words, as their list would be hashed.
pub(super) fn hash_words(directive: &Directive<'_>, hasher: &mut DefaultHasher) {
    hasher.write_usize(directive.argument_spans().count() + 1);
    directive.name_bytes().hash(hasher);
    directive.arguments().for_each(|word| word.hash(hasher));
}
