//! Which ways through the branches of a template are looked at.

use std::collections::BTreeSet;

use super::meaning::Condition;
use super::tree::{ArmId, Holds, Tree};

/// As many ways through the branches of one template are judged.
pub const MOST_ALTERNATIVES: usize = 64;

/// So many bytes are judged of one template, over all ways through its branches, where they are judged one at a time.
const MOST_WORK: usize = 16 << 20;

/// What is taken for granted of conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Assignment {
    /// By the text of conditions without `and`, `or` and `not`, in the order in which they were asked.
    atoms: Vec<(Vec<u8>, bool)>,
    /// The text that is looked at by itself, for it comes out where its name is called.
    called: Option<ArmId>,
}

/// A condition that an assignment says nothing about.
struct Open(Vec<u8>);

impl Assignment {
    /// What it takes for granted, in words of the template.
    pub(super) fn into_premises(self) -> Vec<(String, bool)> {
        self.atoms
            .into_iter()
            .map(|(text, holds)| (String::from_utf8_lossy(&text).into_owned(), holds))
            .collect()
    }

    fn with(&self, atom: Vec<u8>, holds: bool) -> Self {
        let mut this = self.clone();
        this.atoms.push((atom, holds));
        this
    }

    fn atom(&self, text: &[u8]) -> Result<bool, Open> {
        if let Some((_, holds)) = self.atoms.iter().find(|(atom, _)| atom == text) {
            return Ok(*holds);
        }
        // What is one value is no other.
        if let Some((subject, value)) = comparison(text) {
            let is_other = |(atom, holds): &(Vec<u8>, bool)| {
                *holds && comparison(atom).is_some_and(|(other, it)| other == subject && it != value)
            };
            if self.atoms.iter().any(is_other) {
                return Ok(false);
            }
        }
        match text {
            b"true" | b"True" | b"1" => Ok(true),
            b"false" | b"False" | b"nil" | b"0" => Ok(false),
            _ => Err(Open(text.to_vec())),
        }
    }

    fn holds(&self, condition: &Condition) -> Result<bool, Open> {
        Ok(self.text(&condition.text)? != condition.is_negated)
    }

    /// `a or b and not c`, without parentheses.
    fn text(&self, text: &[u8]) -> Result<bool, Open> {
        if is_whole(text) {
            return self.atom(text);
        }
        let mut open = None;
        for any in split(text, &[b" or ", b" || "]) {
            let mut all = Ok(true);
            for part in split(any, &[b" and ", b" && "]) {
                let (part, is_negated) = negated(part);
                match self.atom(part).map(|holds| holds != is_negated) {
                    Ok(true) => {}
                    Ok(false) => {
                        all = Ok(false);
                        break;
                    }
                    Err(unknown) => all = all.and(Err(unknown)),
                }
            }
            match all {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(unknown) => open = open.or(Some(unknown)),
            }
        }
        open.map_or(Ok(false), Err)
    }

    /// Whether what stands in no arm comes out.
    pub(super) fn has_top(&self) -> bool {
        self.called.is_none()
    }

    /// Which arms come out; a condition that nothing is said about is taken to hold.
    pub(super) fn active(&self, tree: &Tree) -> Vec<bool> {
        self.walk(tree, |_| true).0
    }

    /// The first condition that decides something and that nothing is said about.
    fn first_open(&self, tree: &Tree) -> Option<Vec<u8>> {
        self.walk(tree, |_| false).1
    }

    /// Goes through the arms until a condition is open that `passes` refuses.
    fn walk(&self, tree: &Tree, passes: impl Fn(&[u8]) -> bool) -> (Vec<bool>, Option<Vec<u8>>) {
        let mut active: Vec<bool> = Vec::with_capacity(tree.arms.len());
        // Whether any arm of its branch up to this one was taken.
        let mut taken: Vec<bool> = Vec::with_capacity(tree.arms.len());
        for (number, arm) in tree.arms.iter().enumerate() {
            let of = |all: &[bool], arm: ArmId| all.get(arm).copied().unwrap_or_default();
            let was_taken = arm.before.is_some_and(|before| of(&taken, before));
            let is_in = arm.parent.map_or(self.has_top(), |parent| of(&active, parent));
            let holds = match &arm.holds {
                Holds::Always | Holds::InLoop => true,
                Holds::Never => false,
                Holds::IfCalled => {
                    active.push(self.called == Some(number));
                    taken.push(false);
                    continue;
                }
                Holds::If(_) if was_taken || !is_in => false,
                Holds::If(condition) => match self.holds(condition) {
                    Ok(holds) => holds,
                    Err(Open(atom)) if !passes(&atom) => return (active, Some(atom)),
                    Err(_) => true,
                },
            };
            active.push(is_in && !was_taken && holds);
            taken.push(was_taken || holds);
        }
        (active, None)
    }
}

/// What a condition compares, and with which fixed value.
fn comparison(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (subject, value) = match memchr::memmem::find(text, b" == ") {
        Some(at) => (text.get(..at)?, text.get(at + 4..)?),
        // `eq .Values.kind "a"`
        None => {
            let rest = text.strip_prefix(b"eq ")?;
            let at = rest.iter().position(u8::is_ascii_whitespace)?;
            (rest.get(..at)?, rest.get(at + 1..)?)
        }
    };
    let is_fixed = |value: &[u8]| {
        value.iter().all(u8::is_ascii_digit)
            || matches!(value, [b'"' | b'\'', inner @ .., b'"' | b'\''] if !inner.iter().any(|byte| b"\"'".contains(byte)))
    };
    (!value.is_empty() && is_fixed(value)).then_some((subject, value))
}

fn split<'t>(text: &'t [u8], words: &[&[u8]]) -> Vec<&'t [u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((at, length)) =
        words.iter().filter_map(|word| Some((memchr::memmem::find(rest, word)?, word.len()))).min()
    {
        parts.push(rest.get(..at).unwrap_or_default().trim_ascii());
        rest = rest.get(at + length..).unwrap_or_default();
    }
    parts.push(rest.trim_ascii());
    parts
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
                open.push(assignment.with(atom.clone(), false));
                open.push(assignment.with(atom, true));
            }
        }
    }
    Some(complete)
}

/// One way in which all conditions hold, and one for each condition that differs in it alone. What is not said of a
/// condition is that it holds.
fn one_by_one(tree: &Tree, start: Assignment, most: usize) -> Vec<Assignment> {
    let mut seen: BTreeSet<&[u8]> = BTreeSet::new();
    let conditions = tree.arms.iter().filter_map(|arm| match &arm.holds {
        Holds::If(condition) => Some(condition.text.as_slice()),
        _ => None,
    });
    let atoms = conditions.flat_map(atoms).filter(|atom| seen.insert(atom));
    let differing: Vec<Assignment> =
        atoms.take(most.saturating_sub(1)).map(|atom| start.with(atom.to_vec(), false)).collect();
    std::iter::once(start).chain(differing).collect()
}

/// The conditions without `and`, `or` and `not` of one.
fn atoms(text: &[u8]) -> Vec<&[u8]> {
    if is_whole(text) {
        return vec![text];
    }
    let parts = split(text, &[b" or ", b" || "]).into_iter().flat_map(|any| split(any, &[b" and ", b" && "]));
    parts.map(|part| negated(part).0).collect()
}

/// Whether a condition is not taken apart.
fn is_whole(text: &[u8]) -> bool {
    text.iter().any(|byte| b"()\"'`".contains(byte)) && comparison(text).is_none()
}

/// A condition without its `not`, and whether it has one.
fn negated(part: &[u8]) -> (&[u8], bool) {
    match part.strip_prefix(b"not ").or_else(|| part.strip_prefix(b"!")) {
        Some(rest) if !rest.starts_with(b"=") => (rest.trim_ascii(), true),
        _ => (part, false),
    }
}
