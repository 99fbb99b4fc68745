//! The rewrite phases of the server and of the location, as far as they set variables
//! (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_handler`).

use super::condition;
use super::definitions::Variable;
use super::evaluate::{Evaluator, Moment};
use super::gathered::Gathered;
use crate::catalogue::DirectiveName;
use crate::configuration::{Context, ContextId, ContextKind, Directive, Presence};

/// Whether the directives that follow run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Surely,
    Perhaps,
    No,
}

/// The variables that `set` has given a value when the request comes to its location.
pub(super) fn run(evaluator: &Evaluator<'_, '_>, depth: u32) -> Gathered {
    let mut known = Gathered::default();
    for level in levels(evaluator) {
        // `break` ends the phase of its own level only.
        run_level(evaluator, level, Runs::Surely, &mut known, depth);
    }
    known
}

/// The server and the location, in this order. Outer locations are not run through, and an `if` runs where it stands.
fn levels(evaluator: &Evaluator<'_, '_>) -> Vec<ContextId> {
    let enclosing = |kind| evaluator.configuration.enclosing(evaluator.context, kind);
    [ContextKind::Server, ContextKind::Location].into_iter().filter_map(enclosing).collect()
}

/// Whether files that were not given may set variables in the server or the location.
pub(super) fn is_incomplete(evaluator: &Evaluator<'_, '_>) -> bool {
    let is_incomplete = |context: &Context| context.presence != Presence::Given || !context.gaps.is_empty();
    levels(evaluator).iter().any(|&level| is_incomplete(evaluator.configuration.context(level)))
}

/// Whether the request may come with a value from somewhere else: an internal redirect from another location of the
/// server brings it along.
pub(super) fn may_be_set_elsewhere(evaluator: &Evaluator<'_, '_>, variable: &Variable<'_>) -> bool {
    let run = levels(evaluator);
    let server = evaluator.configuration.enclosing(evaluator.context, ContextKind::Server);
    variable.sets.get(&server).is_some_and(|levels| levels.iter().any(|level| !run.contains(level)))
}

fn run_level(
    evaluator: &Evaluator<'_, '_>,
    level: ContextId,
    mut runs: Runs,
    known: &mut Gathered,
    depth: u32,
) -> Runs {
    use DirectiveName as N;
    let configuration = evaluator.configuration;
    let path: Vec<ContextId> = configuration.levels(evaluator.context).collect();
    // Both lists are in the order of the file.
    let mut children = configuration.children(level).iter();
    for directive in configuration.named_any(level, &[N::SET, N::IF, N::BREAK]) {
        if runs == Runs::No || evaluator.is_enough() {
            break;
        }
        match directive.name() {
            N::SET => set(evaluator, directive, runs, known, depth),
            N::BREAK => return Runs::No,
            _ => {
                let is_it =
                    |child: &&ContextId| configuration.context(**child).opener == Some(directive.reference);
                let Some(&inside) = children.find(is_it) else { continue };
                let holds = if path.contains(&inside) {
                    Some(true) // it is the location that was chosen
                } else {
                    condition::holds(evaluator, &directive, Moment::With(known), depth + 1)
                };
                let inner = match holds {
                    Some(false) => continue,
                    Some(true) => runs,
                    None => Runs::Perhaps,
                };
                let after = run_level(evaluator, inside, inner, known, depth);
                runs = match (after, inner) {
                    (Runs::No, Runs::Surely) => Runs::No,
                    (Runs::No, _) => Runs::Perhaps,
                    _ => runs,
                };
            }
        }
    }
    runs
}

fn set(
    evaluator: &Evaluator<'_, '_>,
    directive: Directive<'_>,
    runs: Runs,
    known: &mut Gathered,
    depth: u32,
) {
    let target = directive.argument(0).unwrap_or_default();
    let Some(name) = target.strip_prefix(b"$").map(<[u8]>::to_ascii_lowercase) else { return };
    let text = directive.argument(1).unwrap_or_default();
    let value = evaluator.value_at(&text, Moment::With(known), depth + 1);
    let value = match runs {
        Runs::Surely => value,
        Runs::Perhaps | Runs::No => {
            let before = evaluator.variable(&name, Moment::With(known), depth + 1);
            value.or(before)
        }
    };
    known.set(name, value);
}
