//! One configuration with its mutations.

use proptest::prelude::*;
use proptest::sample::Index;

use super::mutation::{Kind, Mutation, choose, mutation, pick};
use super::seeds::Seed;
use super::synthesis::{Synthesis, synthesis};

/// A configuration to ask nginx about.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it was made of.
    pub origin: &'static str,
    /// What was done to it.
    pub(super) mutations: Vec<Kind>,
    /// Relative path and bytes, the main file first.
    pub files: Vec<(String, Vec<u8>)>,
}

/// How a case is made.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    base: Base,
    /// Which file is mutated.
    file: Index,
    mutations: Vec<Mutation>,
}

#[derive(Debug, Clone)]
enum Base {
    Seed(Index),
    Synthesis(Synthesis),
}

/// More than one mutation is rare to be seen, for nginx stops at the first error; without any, what is made of the
/// catalogue is still a case.
pub(super) fn draft() -> impl Strategy<Value = Draft> {
    let mutated = |count| prop::collection::vec(mutation(), count);
    prop_oneof![
        3 => (any::<Index>().prop_map(Base::Seed), any::<Index>(), mutated(1..4)),
        2 => (synthesis().prop_map(Base::Synthesis), any::<Index>(), mutated(0..2)),
    ]
    .prop_map(|(base, file, mutations)| Draft { base, file, mutations })
}

impl Draft {
    pub(super) fn case(&self, seeds: &[Seed]) -> Option<Case> {
        let (origin, mut files) = match &self.base {
            Base::Seed(index) => {
                let seed = pick(index, seeds)?;
                (seed.origin, seed.files.clone())
            }
            Base::Synthesis(synthesis) => ("catalogue", vec![("nginx.conf".to_owned(), synthesis.text()?)]),
        };
        let chosen = choose(&self.file, files.len())?;
        let (_, bytes) = files.get_mut(chosen)?;
        for mutation in &self.mutations {
            *bytes = mutation.apply(bytes);
        }
        let mutations = self.mutations.iter().map(|mutation| mutation.kind).collect();
        Some(Case { origin, mutations, files })
    }
}
