//! Which ways through the branches of a template are looked at.

use std::collections::BTreeSet;

use super::condition::{AtomId, Formula, Known};
use super::tree::{ArmId, Holds, Tree};

/// As many ways through the branches of one template are judged.
pub const MOST_ALTERNATIVES: usize = 64;

/// So many bytes are judged of one template, over all ways through its branches, where they are judged one at a time.
pub(crate) const MOST_WORK: usize = 16 << 20;

/// What is taken for granted of conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Assignment {
    /// In the order in which they were asked.
    atoms: Vec<(AtomId, bool)>,
    /// The text that is looked at by itself, for it comes out where its name is called.
    called: Option<ArmId>,
}

impl Assignment {
    /// What it takes for granted, in words of the template.
    pub(super) fn premises(&self, tree: &Tree) -> Vec<(String, bool)> {
        self.atoms.iter().filter_map(|&(atom, holds)| tree.atoms.premise(atom, holds)).collect()
    }

    fn with(&self, atom: AtomId, holds: bool) -> Self {
        let mut this = self.clone();
        this.atoms.push((atom, holds));
        this
    }

    /// Whether what stands in no arm comes out.
    pub(super) fn has_top(&self) -> bool {
        self.called.is_none()
    }

    /// Which arms come out; a condition that nothing is said about is taken to hold.
    pub(super) fn active(&self, tree: &Tree) -> Vec<bool> {
        self.walk(tree, true).active
    }

    /// The first condition that decides something and that nothing is said about.
    fn first_open(&self, tree: &Tree) -> Option<AtomId> {
        self.walk(tree, false).open
    }

    /// Goes through the arms until a condition is open, or to the end where `passes` takes each of these to hold.
    fn walk<'t>(&self, tree: &'t Tree, passes: bool) -> Walk<'t> {
        let mut known = Known::new(&tree.atoms, &self.atoms);
        let mut active: Vec<bool> = Vec::with_capacity(tree.arms.len());
        // Whether any arm of its branch up to this one was taken.
        let mut taken: Vec<bool> = Vec::with_capacity(tree.arms.len());
        for (number, arm) in tree.arms.iter().enumerate() {
            let of = |all: &[bool], arm: ArmId| all.get(arm).copied().unwrap_or_default();
            let was_taken = arm.before.is_some_and(|before| of(&taken, before));
            let is_in = arm.parent.map_or(self.has_top(), |parent| of(&active, parent));
            let holds = match &arm.holds {
                Holds::Always => true,
                Holds::Never => false,
                Holds::IfCalled => {
                    active.push(self.called == Some(number));
                    taken.push(false);
                    continue;
                }
                Holds::If(_) if was_taken || !is_in => false,
                Holds::If(condition) => loop {
                    match condition.holds(|atom| known.get(atom)) {
                        Ok(holds) => break holds,
                        Err(atom) if passes => known.set(atom, condition.wants(atom, &known)),
                        Err(atom) => return Walk { active, known, open: Some(atom) },
                    }
                },
            };
            active.push(is_in && !was_taken && holds);
            taken.push(was_taken || holds);
        }
        Walk { active, known, open: None }
    }
}

/// What a walk through the arms found.
struct Walk<'t> {
    /// Which of them come out.
    active: Vec<bool>,
    known: Known<'t>,
    /// The condition that it ended at.
    open: Option<AtomId>,
}

/// The ways through the branches, and whether there are more.
pub(super) fn assignments(tree: &Tree, length: usize) -> (Vec<Assignment>, bool) {
    let called = tree.arms.iter().enumerate().filter(|(_, arm)| arm.holds == Holds::IfCalled);
    let called = called.map(|(number, _)| Assignment { called: Some(number), ..Assignment::default() });
    let mut all = Vec::new();
    let mut is_cut = false;
    for start in std::iter::once(Assignment::default()).chain(called).take(MOST_ALTERNATIVES) {
        match every_way(tree, start.clone()) {
            Some(ways) => all.extend(ways),
            None => {
                is_cut = true;
                let most = (MOST_WORK / length.max(1)).max(MOST_ALTERNATIVES);
                all.extend(one_by_one(tree, start, most));
            }
        }
    }
    (all, is_cut)
}

/// All ways from here; `None` if they are too many.
fn every_way(tree: &Tree, start: Assignment) -> Option<Vec<Assignment>> {
    let mut complete = Vec::new();
    let mut open = vec![start];
    while let Some(assignment) = open.pop() {
        if complete.len() + open.len() >= MOST_ALTERNATIVES {
            return None;
        }
        match assignment.first_open(tree) {
            None => complete.push(assignment),
            Some(atom) => {
                open.push(assignment.with(atom, false));
                open.push(assignment.with(atom, true));
            }
        }
    }
    Some(complete)
}

/// One way in which all conditions hold that can hold together, and one for each atom that differs in it alone. What is
/// not said of a condition is that it holds.
fn one_by_one(tree: &Tree, start: Assignment, most: usize) -> Vec<Assignment> {
    let mut seen: BTreeSet<AtomId> = BTreeSet::new();
    let conditions = tree.arms.iter().filter_map(|arm| match &arm.holds {
        Holds::If(condition) => Some(condition),
        _ => None,
    });
    let atoms = conditions.flat_map(Formula::atoms).filter(|atom| seen.insert(*atom));
    let known = start.walk(tree, true).known;
    let differing: Vec<Assignment> = atoms
        .take(most.saturating_sub(1))
        .map(|atom| start.with(atom, !known.get(atom).unwrap_or(true)))
        .collect();
    std::iter::once(start).chain(differing).collect()
}
