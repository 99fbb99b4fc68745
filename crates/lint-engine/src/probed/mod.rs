//! What a configuration says of a request that was probed, beside what was seen: where both agree, the finding and its line;
//! where they differ, why that may be.

mod compare;
mod idle;
mod reasons;
mod reconnects;

use core::net::SocketAddr;
use std::path::PathBuf;

use lint_finding::{
    LayerGuess, LayerSign, Outcome, Prediction, ProbeComparison, ProbeReport, ProbeSeen, ProbeVerdict,
    Prospect, Trace,
};
use nginx_semantics::{Files, ListenAddress, Scope};
use ws_logs::is_by;
use ws_model::layers::{Layer, signs};

use self::compare::Comparing;
use crate::Settings;
use crate::logged::layer_limits;
use crate::trace::{Query, trace_with_layers};

/// So many ways are told.
const MOST_WAYS: usize = 12;

/// A report of a probe that no configuration is compared with.
#[must_use]
pub fn probed_alone(seen: ProbeSeen, verdict: ProbeVerdict) -> ProbeReport {
    let (layers, guesses) = (layer_signs(&seen), guesses(&seen, &[]));
    ProbeReport { seen, verdict, layers, guesses, comparison: None, outcome: Outcome::default() }
}

/// What was sent, and what came of it.
pub struct Probed<'p> {
    /// The request as it was sent.
    pub query: &'p Query,
    /// The address that was connected to, if it is another one than the URL's: nginx may listen there.
    pub address: Option<SocketAddr>,
    /// What was seen.
    pub seen: ProbeSeen,
    /// What that amounts to.
    pub verdict: ProbeVerdict,
    /// Whether a line of the PROXY protocol came first.
    pub is_introduced: bool,
    /// Takes what is secret of the request out of a text.
    pub hide: &'p dyn Fn(&str) -> String,
}

/// Compares what was seen with what the arguments mean.
#[must_use]
pub fn probed(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    probed: Probed<'_>,
) -> ProbeReport {
    let Probed { query, address, seen, verdict, is_introduced, hide } = probed;
    let (mut trace, declared) = trace_with_layers(files, arguments, scope, settings, query);
    // Ports of the outside lead to others inside, as those of containers do.
    if let (Some(_), Some(address)) = (&trace.problem, address.filter(|_| query.via.is_none())) {
        let via = Some(ListenAddress::Ip(address.ip(), address.port()));
        let (other, _) =
            trace_with_layers(files, arguments, scope, settings, &Query { via, ..query.clone() });
        if other.problem.is_none() {
            trace = other;
        }
    }
    let (layers, guesses) = (layer_signs(&seen), guesses(&seen, &declared));
    let comparison = compared(&trace, &seen, &layers, &guesses, is_introduced, hide);
    ProbeReport { seen, verdict, layers, guesses, comparison: Some(comparison), outcome: trace.outcome }
}

fn layer_signs(seen: &ProbeSeen) -> Vec<LayerSign> {
    let fields = seen.answer.as_ref().map(|answer| answer.headers.as_slice()).unwrap_or_default();
    let sign = |sign: ws_model::layers::Sign| LayerSign {
        name: sign
            .preset
            .map_or_else(|| "another program than nginx".to_owned(), |preset| preset.name.to_owned()),
        is_of_other: sign.preset.is_none(),
        field: sign.field,
    };
    signs(fields).into_iter().map(sign).collect()
}

/// The proxies that end connections at about this age or after this silence, those of the settings first.
fn guesses(seen: &ProbeSeen, declared: &[Layer]) -> Vec<LayerGuess> {
    let Some(hold) = seen.hold.as_ref().filter(|hold| hold.end.is_end()) else {
        return Vec::new();
    };
    // What ends at once ends for another reason.
    if hold.lasted_ms < 1_000 {
        return Vec::new();
    }
    let fits = |limit: u64| is_by(limit, hold.silent_ms) || is_by(limit, hold.lasted_ms);
    let limits = layer_limits(declared).into_iter().filter(|layer| fits(layer.milliseconds));
    let mut all: Vec<LayerGuess> =
        limits.map(|layer| LayerGuess { name: layer.name, is_declared: layer.is_declared }).collect();
    all.sort_by_key(|guess| !guess.is_declared);
    all
}

fn compared(
    trace: &Trace,
    seen: &ProbeSeen,
    signs: &[LayerSign],
    guesses: &[LayerGuess],
    is_introduced: bool,
    hide: &dyn Fn(&str) -> String,
) -> ProbeComparison {
    let comparing = Comparing { trace, seen, signs, guesses, is_introduced };
    let mut predicted = comparing.predictions();
    let agrees = comparing.agrees(&predicted);
    let mut differences = comparing.differences(&predicted, agrees);
    differences.extend(comparing.reconnects());
    let causes = comparing.causes(agrees, &predicted);
    predicted.truncate(MOST_WAYS);
    for one in &mut predicted {
        one.text = hide(&one.text);
        one.location = one.location.as_deref().map(hide);
        one.assumptions.iter_mut().for_each(|text| *text = hide(text));
    }
    ProbeComparison {
        problem: trace.problem.as_deref().map(hide),
        is_refused: trace.is_refused,
        predicted,
        agrees,
        differences,
        causes,
    }
}

/// Whether a way's handshake is said to succeed.
fn succeeds(one: &Prediction) -> bool {
    one.handshake == Prospect::Succeeds
}
