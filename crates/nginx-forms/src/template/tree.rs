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
    /// Whether it comes out for each of what a loop goes through.
    pub(super) is_loop: bool,
}

/// Whether the text of an arm comes out, once its parent does and the arms before it do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    Always,
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
    /// What a `case` looks at, or a loop goes through.
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
                // Once, for the first of what it goes through.
                Meaning::Loop(head) => {
                    start(&mut this, Holds::Always, Some(gone_through(head).to_vec()));
                    if let Some(arm) = this.arms.last_mut() {
                        arm.is_loop = true;
                    }
                }
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
                    // A loop that has nothing to go through: what that is decides as a condition does.
                    let last = open.last();
                    let is_loop =
                        last.and_then(|open| this.arms.get(open.last?)).is_some_and(|arm| arm.is_loop);
                    let subject = last.and_then(|open| Some((open.last?, open.subject.as_deref()?)));
                    if let Some((number, subject)) = subject.filter(|_| is_loop) {
                        let holds = Holds::If(this.atoms.formula(subject));
                        if let Some(arm) = this.arms.get_mut(number) {
                            arm.holds = holds;
                        }
                    }
                    this.next(&mut open, &mut current, Holds::Always);
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
            of_arms.push(if arm.is_loop { Some(number) } else { around });
        }
        self.of_tokens.iter().map(|arm| of_arms.get((*arm)?).copied().flatten()).collect()
    }

    fn holds(&mut self, Condition { text, is_negated }: &Condition) -> Holds {
        let formula = self.atoms.formula(text);
        Holds::If(if *is_negated { formula.negated() } else { formula })
    }

    fn arm(&mut self, parent: Option<ArmId>, before: Option<ArmId>, holds: Holds) -> ArmId {
        self.arms.push(Arm { parent, before, holds, is_loop: false });
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

/// What a loop goes through, of its head: `hosts` of `host in hosts`, `$i, $host := .hosts` and `$hosts as $host`.
fn gone_through(head: &[u8]) -> &[u8] {
    let behind = |mark: &[u8]| {
        let at = memchr::memmem::find(head, mark)?;
        head.get(at + mark.len()..)
    };
    let all = behind(b" in ").or_else(|| behind(b":= ")).or_else(|| behind(b"= ")).unwrap_or(head);
    let all = all.strip_prefix(b"(").unwrap_or(all);
    let end = memchr::memmem::find(all, b" as ").unwrap_or(all.len());
    all.get(..end).unwrap_or_default().trim_ascii()
}
