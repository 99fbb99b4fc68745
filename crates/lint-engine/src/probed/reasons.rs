//! Why what was seen may be something else than what is predicted.

use lint_finding::{
    LayerSign, LikelyReason, Possible, Prediction, ProbeFault, Prospect, ReasonKind, Responder, Stage,
};

use super::compare::{Came, Comparing, LACKS_INCLUDE, OF_GATEWAYS};
use super::succeeds;

/// Whether a time is reached, but for what clocks and rounding take.
pub(super) fn is_reached(limit: u64, took: u64) -> bool {
    took.saturating_add(limit / 50).saturating_add(100) >= limit
}

impl Comparing<'_> {
    /// Why the answer may be another one, the likeliest first.
    pub(super) fn reasons(&self, predicted: &[Prediction]) -> Vec<LikelyReason> {
        let mut all = self.own_fields(predicted);
        all.extend(self.possible());
        all.extend(self.refusals().map(|finding| {
            let (kind, next) = match finding.rule.name == LACKS_INCLUDE {
                true => (ReasonKind::Include, "if it is there where nginx runs, give it too"),
                false => (ReasonKind::OtherConfiguration, "so nginx runs with another configuration"),
            };
            let place = finding.primary.place;
            let file = self.trace.outcome.file(place.file).filter(|file| file.may_be_shown);
            let words = file.filter(|_| kind == ReasonKind::Include).map(|file| {
                let words = nginx_syntax::lossy(file.source.slice(place.span)).into_owned();
                format!(": `{words}`")
            });
            let words = words.unwrap_or_default();
            reason(kind, format!("{}{words}: {next}", finding.message), Some(place))
        }));
        let mut signed = self.signed();
        let has_sign = !signed.is_empty();
        all.append(&mut signed);
        all.extend(self.lenient(predicted));
        // The back end may refuse what is a handshake all the same: a session, an origin, a path of its own.
        let passes = predicted.iter().find(|one| one.by == Responder::Backend && succeeds(one));
        let is_own = |status: u16| !OF_GATEWAYS.contains(&status) && status != 101;
        let choice = match (passes, self.came()) {
            (Some(one), Came::Status(status)) if is_own(status) => Some((one, status)),
            _ => None,
        };
        if let Some((one, status)) = choice {
            let text = format!(
                "the back end may refuse this handshake itself with {status}: for its `Origin`, a missing login, its path, or a subprotocol"
            );
            all.push(reason(ReasonKind::BackEnd, text, one.place));
        }
        let is_bad =
            self.seen.failure.as_ref().is_some_and(|failure| failure.kind == ProbeFault::BadHandshake);
        if let Some(one) = passes.filter(|_| is_bad && self.came() == Came::Status(101)) {
            let text = "the back end itself answers so: nginx passes these fields of a 101 on as they are";
            all.push(reason(ReasonKind::BackEnd, text.to_owned(), one.place));
        }
        all.extend(self.includes());
        all.push(self.other_configuration());
        if !has_sign {
            all.push(self.unknown_layer());
        }
        all
    }

    /// Lines that make just this status possible at this time.
    fn possible(&self) -> Vec<LikelyReason> {
        let Came::Status(status) = self.came() else { return Vec::new() };
        let took = self.seen.answer.as_ref().map_or(0, |answer| answer.took_ms);
        self.made_possible(|one| one.status == Some(status) && is_reached(one.after_ms, took))
    }

    /// Lines that make something possible, those that need the longest time first: such a time is no chance.
    pub(super) fn made_possible(&self, is_it: impl Fn(&Possible) -> bool) -> Vec<LikelyReason> {
        let ways = self.trace.runs.iter().flat_map(|run| &run.ways);
        let mut found: Vec<&Possible> = ways.flat_map(|way| &way.possible).filter(|one| is_it(one)).collect();
        found.sort_by_key(|one| std::cmp::Reverse(one.after_ms));
        let mut all: Vec<LikelyReason> = Vec::new();
        for one in found {
            let one = reason(ReasonKind::Line, one.text.clone(), one.place);
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }

    /// A back end that takes what strict ones refuse.
    fn lenient(&self, predicted: &[Prediction]) -> Option<LikelyReason> {
        let refused = |one: &&Prediction| {
            one.by == Responder::Backend && one.handshake == Prospect::Fails && one.status != Some(101)
        };
        let one = predicted.iter().find(refused).filter(|_| self.came() == Came::Status(101))?;
        let text = "the back end is not strict: it takes this request for a handshake all the same, and another one, or its next version, may not";
        Some(reason(ReasonKind::BackEnd, text.to_owned(), one.place))
    }

    /// Fields of a 101 that browsers refuse, where a line of the configuration adds them to those of the back end.
    fn own_fields(&self, predicted: &[Prediction]) -> Vec<LikelyReason> {
        const OF_101: [&str; 5] = [
            "upgrade",
            "connection",
            "sec-websocket-accept",
            "sec-websocket-extensions",
            "sec-websocket-protocol",
        ];
        let failure = self.seen.failure.as_ref().filter(|failure| failure.kind == ProbeFault::BadHandshake);
        let Some(failure) = failure else { return Vec::new() };
        let mut all: Vec<LikelyReason> = Vec::new();
        for field in predicted.iter().flat_map(|one| &one.fields) {
            let is_it = OF_101.iter().any(|name| field.name.eq_ignore_ascii_case(name))
                && failure
                    .text
                    .to_ascii_lowercase()
                    .contains(&format!("`{}", field.name.to_ascii_lowercase()));
            let text = format!(
                "`add_header {}` adds a second one to that of the back end: remove the line",
                field.name
            );
            let one = reason(ReasonKind::OwnField, text, Some(field.place));
            if is_it && !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }

    /// What the fields of the answer say of proxies in front.
    pub(super) fn signed(&self) -> Vec<LikelyReason> {
        let text = |sign: &LayerSign| {
            format!(
                "another layer is in front of this nginx and may answer in its place: `{}` tells of {}",
                sign.field, sign.name
            )
        };
        self.signs.iter().map(|sign| reason(ReasonKind::Layer, text(sign), None)).collect()
    }

    pub(super) fn unknown_layer(&self) -> LikelyReason {
        let text = "another layer is in front of this nginx and answers in its place: probe nginx itself with --resolve, and compare";
        reason(ReasonKind::Layer, text.to_owned(), None)
    }

    pub(super) fn other_configuration(&self) -> LikelyReason {
        let text = "the nginx that answers runs another configuration: it was not reloaded, or it is another machine; compare with `nginx -T` there";
        reason(ReasonKind::OtherConfiguration, text.to_owned(), None)
    }

    /// The includes that were not given, on the way of the request.
    pub(super) fn includes(&self) -> Vec<LikelyReason> {
        let runs = self.trace.runs.iter();
        let steps = runs.flat_map(|run| run.steps.iter().chain(run.ways.iter().flat_map(|way| &way.steps)));
        let mut all: Vec<LikelyReason> = Vec::new();
        for step in steps.filter(|step| step.stage == Stage::NotGiven) {
            let one = reason(ReasonKind::Include, step.text.clone(), step.place);
            if !all.contains(&one) {
                all.push(one);
            }
        }
        all
    }
}

pub(super) fn reason(kind: ReasonKind, text: String, place: Option<lint_finding::Place>) -> LikelyReason {
    LikelyReason { kind, text, place, layers: Vec::new() }
}
