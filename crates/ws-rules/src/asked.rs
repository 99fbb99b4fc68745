//! What the upstream of an endpoint is asked for.

use nginx_semantics::{Directive, Ending, Exchange, Step};
use nginx_syntax::lossy;
use ws_model::{Endpoint, Probe, Walks, is_partial};

/// What the upstream is asked for.
pub(crate) struct Asked<'p, 's> {
    /// The client's path.
    pub(crate) path: &'p str,
    /// The request target to the upstream.
    pub(crate) target: String,
    /// A `rewrite` on the way.
    pub(crate) rewritten: Option<Directive<'s>>,
}

impl<'p, 's> Asked<'p, 's> {
    /// The same on all ways that get to the endpoint's `proxy_pass`; `None` where it is not known, or none gets there.
    pub(crate) fn of(walks: &Walks<'_, 's>, endpoint: &Endpoint<'_>, probe: &'p Probe<'s>) -> Option<Self> {
        Self::in_exchange(walks.exchange(probe), endpoint, &probe.path)
    }

    /// The same where the handshake was followed.
    pub(crate) fn in_exchange(
        exchange: &Exchange<'s>,
        endpoint: &Endpoint<'_>,
        path: &'p str,
    ) -> Option<Self> {
        if exchange.is_cut {
            return None;
        }
        let mut found: Option<Self> = None;
        for way in &exchange.ways {
            let Ending::Passed(passed) = &way.ending else { continue };
            if passed.pass.directive.reference != endpoint.pass.directive.reference {
                continue;
            }
            if is_partial(way) {
                return None;
            }
            let target = lossy(passed.request.as_ref()?.target.as_known()?).into_owned();
            let rewritten = way.steps.iter().rev().find_map(|step| match step {
                Step::Rewritten { directive, .. } => Some(*directive),
                _ => None,
            });
            match &found {
                Some(other) if other.target != target => return None,
                _ => found = Some(Self { path, target, rewritten }),
            }
        }
        found
    }
}
