//! Which mutants are tried.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Kind;
use super::shape::{Edit, edits};
use super::wrong::wrong;
use nginx_semantics::NginxVersion;

use crate::Error;
use crate::generate::Drawn;
use crate::harm::dice::Dice;
use crate::syntax::seeds::{Seed, rewritten, seeds};

/// So many configurations of the generator are mutated.
const GENERATED: u64 = 40;
/// Another one than that of the proof of the model.
const GENERATOR_SEED: u64 = 77;

/// So many of each round are right, for one of each kind of mistake.
const RIGHT: usize = 6;

/// [`Seed::origin`] of the folder `mutants`.
const OWN: &str = "mutants";
/// And of the generator.
const GENERATOR: &str = "generator";

/// A configuration with one mistake.
#[derive(Debug, Clone)]
pub(super) struct Mutant {
    pub(super) kind: Kind,
    /// What it was made of.
    pub(super) origin: &'static str,
    /// Relative path and bytes, the main file first.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The file that was edited, by its number.
    pub(super) edited: usize,
    /// What was put in.
    pub(super) new: String,
}

/// Draws mutants, from each kind in turn, so that none is rare.
pub(super) struct Draws {
    seeds: Vec<Seed>,
    /// By kind: the number of the seed, that of the file, and the edit.
    edits: Vec<(usize, usize, Edit)>,
}

impl Draws {
    pub(super) fn new(seeds: Vec<Seed>, count: usize, seed: u64) -> Self {
        let wrong = wrong();
        let mut by_kind: BTreeMap<Kind, Vec<(usize, usize, Edit)>> = BTreeMap::new();
        for (number, seed) in seeds.iter().enumerate() {
            for (file, (_, text)) in seed.files.iter().enumerate() {
                for edit in edits(text, &wrong) {
                    by_kind.entry(edit.kind).or_default().push((number, file, edit));
                }
            }
        }
        for (number, edits) in by_kind.values_mut().enumerate() {
            let mut dice = Dice::new(seed, number as u64);
            for at in (1..edits.len()).rev() {
                edits.swap(at, dice.below(at + 1));
            }
        }
        let mut drawn = Vec::with_capacity(count);
        while drawn.len() < count {
            let before = drawn.len();
            for (kind, edits) in &mut by_kind {
                // What nginx takes is one mutant in seven.
                let times = if *kind == Kind::Right { RIGHT } else { 1 };
                for _ in 0..times {
                    drawn.extend(edits.pop());
                }
            }
            if drawn.len() == before {
                break;
            }
        }
        drawn.truncate(count);
        Self { seeds, edits: drawn }
    }

    pub(super) fn get(&self, index: usize) -> Option<Mutant> {
        let (seed, edited, edit) = self.edits.get(index)?;
        let seed = self.seeds.get(*seed)?;
        let mut files = seed.files.clone();
        let (_, bytes) = files.get_mut(*edited)?;
        *bytes = edit.apply(bytes);
        let new = String::from_utf8_lossy(&edit.new).into_owned();
        Some(Mutant { kind: edit.kind, origin: seed.origin, files, edited: *edited, new })
    }
}

/// A mutant is tried on every nginx, Debian's oldest among them.
const OLDEST: NginxVersion = NginxVersion::new(1, 22, 0);

/// The configurations to be mutated, right or not. `root`: the folder of the workspace.
pub(super) fn all_seeds(root: &Path) -> Result<Vec<Seed>, Error> {
    let mut all = seeds(root)?;
    for number in 0..GENERATED {
        let case = Drawn::new(GENERATOR_SEED, number)?.case().known_to(OLDEST);
        all.push(rewritten(GENERATOR, &case.files)?);
    }
    let folder = root.join("crates/nginx-proof/mutants");
    for name in ["chat.conf", "site.conf"] {
        let path = folder.join(name);
        let text = fs::read(&path).map_err(|error| Error::File { path, error })?;
        // They have the most directives.
        for _ in 0..3 {
            all.push(Seed { origin: OWN, files: vec![("nginx.conf".to_owned(), text.clone())] });
        }
    }
    Ok(all)
}
