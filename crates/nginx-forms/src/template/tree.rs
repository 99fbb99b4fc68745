//! Which text of a template comes out under which conditions.

use super::condition::{Atoms, Formula};
use super::meaning::{Condition, Meaning};
use super::scan::Token;

/// The number of an arm.
pub(super) type ArmId = usize;

/// Text that comes out where its conditions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arm {
    /// What it stands in.
    pub(super) parent: Option<ArmId>,
    /// The arm of the same branch before it, which must not hold.
    pub(super) before: Option<ArmId>,
    pub(super) holds: Holds,
}

/// Whether the text of an arm comes out, once its parent does and the arms before it do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    Always,
    /// Once, for the first of what it goes through.
    InLoop,
    Never,
    /// Elsewhere: it is looked at by itself.
    IfCalled,
    If(Formula),
}

/// The arms of a template, and in which of them each token stands.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) arms: Vec<Arm>,
    /// For each token; `None` on the top level.
    pub(super) of_tokens: Vec<Option<ArmId>>,
    /// What the conditions of the arms ask.
    pub(super) atoms: Atoms,
}

/// A block that is open.
struct Open {
    /// What the whole stands in.
    parent: Option<ArmId>,
    /// Its last arm.
    last: Option<ArmId>,
    /// What a `case` looks at.
    subject: Option<Vec<u8>>,
}

impl Tree {
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut this = Self::default();
        let mut open: Vec<Open> = Vec::new();
        let mut current: Option<ArmId> = None;
        for token in tokens {
            let mut start = |this: &mut Self, holds: Holds, subject: Option<Vec<u8>>| {
                let arm = this.arm(current, None, holds);
                open.push(Open { parent: current, last: Some(arm), subject });
                current = Some(arm);
            };
            match &token.meaning {
                Meaning::If(condition) => {
                    let holds = this.holds(condition);
                    start(&mut this, holds, None);
                }
                Meaning::Loop(_) => start(&mut this, Holds::InLoop, None),
                Meaning::Group => start(&mut this, Holds::Always, None),
                Meaning::Define => start(&mut this, Holds::IfCalled, None),
                Meaning::Capture => start(&mut this, Holds::Never, None),
                // What stands before the first `when` comes out nowhere.
                Meaning::Case(subject) => start(&mut this, Holds::Never, Some(subject.clone())),
                Meaning::ElseIf(condition) => {
                    let holds = this.holds(condition);
                    this.next(&mut open, &mut current, holds);
                }
                Meaning::Else => {
                    // A loop that has nothing to go through.
                    let is_loop = open
                        .last()
                        .and_then(|open| this.arms.get(open.last?))
                        .is_some_and(|arm| arm.holds == Holds::InLoop);
                    let holds = if is_loop { Holds::Never } else { Holds::Always };
                    this.next(&mut open, &mut current, holds);
                }
                Meaning::When(value) => {
                    let subject = open.last().and_then(|open| open.subject.clone()).unwrap_or_default();
                    let holds = Holds::If(this.atoms.when(&subject, value));
                    this.next(&mut open, &mut current, holds);
                }
                Meaning::End => {
                    if let Some(closed) = open.pop() {
                        current = closed.parent;
                    }
                }
                Meaning::Text
                | Meaning::Verbatim
                | Meaning::Several(_)
                | Meaning::Raw { .. }
                | Meaning::Output(_)
                | Meaning::Include(_)
                | Meaning::Blank => {}
            }
            this.of_tokens.push(current);
        }
        this
    }

    /// For each token the innermost loop that it stands in.
    pub(super) fn loops(&self) -> Vec<Option<ArmId>> {
        let mut of_arms: Vec<Option<ArmId>> = Vec::with_capacity(self.arms.len());
        for (number, arm) in self.arms.iter().enumerate() {
            let around = arm.parent.and_then(|parent| of_arms.get(parent).copied().flatten());
            of_arms.push(if arm.holds == Holds::InLoop { Some(number) } else { around });
        }
        self.of_tokens.iter().map(|arm| of_arms.get((*arm)?).copied().flatten()).collect()
    }

    fn holds(&mut self, Condition { text, is_negated }: &Condition) -> Holds {
        let formula = self.atoms.formula(text);
        Holds::If(if *is_negated { formula.negated() } else { formula })
    }

    fn arm(&mut self, parent: Option<ArmId>, before: Option<ArmId>, holds: Holds) -> ArmId {
        self.arms.push(Arm { parent, before, holds });
        self.arms.len() - 1
    }

    /// The next arm of the branch that is open.
    fn next(&mut self, open: &mut [Open], current: &mut Option<ArmId>, holds: Holds) {
        let Some(open) = open.last_mut() else { return };
        let arm = self.arm(open.parent, open.last, holds);
        open.last = Some(arm);
        *current = Some(arm);
    }
}
