//! One configuration with its mutations.

use proptest::prelude::*;
use proptest::sample::Index;

use super::mutation::{Kind, Mutation, choose, mutation, pick};
use super::seeds::{FIXTURES, PAGES, Seed};
use super::synthesis::{Synthesis, synthesis};

/// Relative path and bytes, the main file first.
pub(super) type Files = Vec<(String, Vec<u8>)>;

/// A configuration to ask nginx about.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it was made of.
    pub origin: &'static str,
    /// What was done to it.
    pub(super) mutations: Vec<Kind>,
    /// Relative path and bytes, the main file first.
    pub files: Files,
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
    Fixture(Index),
    Page(Index),
    Synthesis(Synthesis),
}

/// More than one mutation is rare to be seen, for nginx stops at the first error; without any, what is made of the
/// catalogue is still a case.
pub(super) fn draft() -> impl Strategy<Value = Draft> {
    let mutated = |count| prop::collection::vec(mutation(), count);
    prop_oneof![
        1 => (any::<Index>().prop_map(Base::Fixture), any::<Index>(), mutated(1..4)),
        2 => (any::<Index>().prop_map(Base::Page), any::<Index>(), mutated(1..4)),
        2 => (synthesis().prop_map(Base::Synthesis), any::<Index>(), mutated(0..2)),
    ]
    .prop_map(|(base, file, mutations)| Draft { base, file, mutations })
}

impl Draft {
    pub(super) fn case(&self, seeds: &[Seed]) -> Option<Case> {
        let (origin, mut files) = match &self.base {
            Base::Fixture(index) => one_of(index, seeds, FIXTURES)?,
            Base::Page(index) => one_of(index, seeds, PAGES)?,
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

fn one_of(index: &Index, seeds: &[Seed], origin: &'static str) -> Option<(&'static str, Files)> {
    let of_origin: Vec<&Seed> = seeds.iter().filter(|seed| seed.origin == origin).collect();
    Some((origin, pick(index, &of_origin)?.files.clone()))
}
