//! One answer beside what is predicted of it.

use std::collections::BTreeSet;

use lint_finding::{
    ConnectResult, Difference, DifferenceKind, Finding, Group, LayerGuess, LayerSign, LikelyReason,
    Prediction, ProbeCause, ProbeFault, ProbeSeen, Prospect, ReasonKind, Responder, Severity, Stage, Trace,
    TraceRun, TraceWay,
};
use ws_rules::symptoms::{rules_of, symptoms_of};

use super::succeeds;

/// Statuses with which gateways say that no back end answered as it should.
const OF_GATEWAYS: [u16; 3] = [502, 503, 504];

/// The rule about files that are included and not there.
const LACKS_INCLUDE: &str = "include-not-found";

/// What is compared.
pub(super) struct Comparing<'a> {
    pub(super) trace: &'a Trace,
    pub(super) seen: &'a ProbeSeen,
    pub(super) signs: &'a [LayerSign],
    pub(super) guesses: &'a [LayerGuess],
}

/// What came of the request, as far as nginx decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// An answer.
    Status(u16),
    /// None: the connection was closed, or not in time.
    Nothing,
    /// TLS fails, whatever nginx would answer.
    TlsFails,
    /// HTTP/2, or what is no HTTP.
    OtherProtocol,
    /// The server was not reached, or its certificate was refused.
    NotTold,
    /// Nothing listens.
    Refused,
}

impl Comparing<'_> {
    /// Findings about what nginx refuses to start with.
    fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.trace.outcome.findings.iter().filter(|finding| finding.is_refusal())
    }

    /// Whether nginx would start if files were there that are included and were not given.
    fn lacks_includes_alone(&self) -> bool {
        self.trace.problem.is_none() && self.refusals().all(|finding| finding.rule.name == LACKS_INCLUDE)
    }

    fn came(&self) -> Came {
        if let Some(answer) = &self.seen.answer {
            return Came::Status(answer.status);
        }
        match self.seen.failure.as_ref().map(|failure| failure.kind) {
            Some(ProbeFault::NoAnswer | ProbeFault::ClosedWithoutAnswer | ProbeFault::EndlessHead) => {
                Came::Nothing
            }
            Some(ProbeFault::TlsFailed) => Came::TlsFails,
            Some(ProbeFault::Http2 | ProbeFault::NotHttp | ProbeFault::NoHttp11) => Came::OtherProtocol,
            Some(ProbeFault::ConnectionRefused) => Came::Refused,
            _ => Came::NotTold,
        }
    }

    /// Whether what was seen is what a way says, and under which condition.
    fn is_so(&self, way: &TraceWay) -> Option<Option<String>> {
        let answer = &way.answer;
        // A 101 that browsers refuse is none of those that succeed.
        let is_bad =
            self.seen.failure.as_ref().is_some_and(|failure| failure.kind == ProbeFault::BadHandshake);
        let came = self.came();
        match (came, answer.status) {
            (Came::Status(seen), Some(said)) if seen == said => {
                let is_it = seen != 101 || !is_bad || answer.handshake != Prospect::Succeeds;
                return is_it.then_some(None);
            }
            (Came::Nothing, Some(444)) => return Some(None),
            (Came::Nothing | Came::OtherProtocol, None) if answer.by == Responder::Nobody => {
                return Some(None);
            }
            (Came::TlsFails | Came::OtherProtocol, None) if answer.by != Responder::Unknown => {
                return Some(None);
            }
            _ => {}
        }
        let Came::Status(seen) = came else { return None };
        if let Some(other) = answer.instead.iter().find(|other| other.status == seen) {
            return Some(Some(other.condition.clone()));
        }
        // Which status a back end refuses with is its own choice.
        let refuses = answer.by == Responder::Backend && answer.handshake == Prospect::Fails;
        if refuses && seen != 101 && !OF_GATEWAYS.contains(&seen) {
            return Some(Some(format!("the back end chooses the status, and {seen} is its choice")));
        }
        None
    }

    pub(super) fn prediction(&self, run: &TraceRun, way: &TraceWay, ways: usize) -> Prediction {
        let so = self.is_so(way);
        let answer = &way.answer;
        // What is taken for true only says something where there are other ways.
        let assumptions = if ways > 1 { way.assumptions.clone() } else { Vec::new() };
        Prediction {
            versions: run.versions.clone(),
            assumptions,
            status: answer.status,
            by: answer.by,
            text: answer.text.clone(),
            place: answer.place,
            location: answer.location.clone(),
            fields: way.fields.clone(),
            idle: way.idle.clone(),
            handshake: answer.handshake,
            agrees: so.is_some(),
            condition: so.flatten(),
        }
    }

    /// `None` where nothing was seen or nothing is said.
    pub(super) fn agrees(&self, predicted: &[Prediction]) -> Option<bool> {
        match self.came() {
            Came::NotTold => None,
            Came::Refused if self.trace.problem.is_some() || self.trace.is_refused => Some(true),
            // nginx does not run with it, unless all that is wrong is that a file is not here.
            _ if self.trace.is_refused && !self.lacks_includes_alone() => Some(false),
            _ if predicted.iter().any(|one| one.agrees) => Some(true),
            _ if self.trace.problem.is_some() => Some(false),
            // Whatever is not known may be it.
            _ if predicted.iter().any(|one| one.by == Responder::Unknown) => None,
            _ if predicted.is_empty() || self.trace.runs.iter().any(|run| run.is_cut) => None,
            _ => Some(false),
        }
    }

    pub(super) fn differences(&self, predicted: &[Prediction], agrees: Option<bool>) -> Vec<Difference> {
        let mut all = Vec::new();
        if agrees == Some(false) {
            all.push(Difference {
                what: DifferenceKind::Status,
                predicted: self.said(predicted),
                observed: self.told(),
                reasons: self.reasons(predicted),
            });
            return all;
        }
        let agreeing: Vec<&Prediction> = predicted.iter().filter(|one| one.agrees).collect();
        all.extend(self.fields(&agreeing));
        all.extend(self.idle(&agreeing));
        all
    }

    fn said(&self, predicted: &[Prediction]) -> String {
        if self.trace.is_refused && !self.lacks_includes_alone() {
            return "nginx does not start with this configuration".to_owned();
        }
        if let Some(problem) = &self.trace.problem {
            return problem.clone();
        }
        let mut all: Vec<String> = Vec::new();
        for one in predicted {
            let text = match one.status {
                Some(status) => status.to_string(),
                None => "no answer".to_owned(),
            };
            if !all.contains(&text) {
                all.push(text);
            }
        }
        all.join(" or ")
    }

    fn told(&self) -> String {
        match (self.came(), &self.seen.failure) {
            (Came::Status(status), Some(failure)) if failure.kind == ProbeFault::BadHandshake => {
                format!("{status}, and {}", failure.text)
            }
            (Came::Status(status), _) => status.to_string(),
            (_, Some(failure)) => failure.text.clone(),
            (_, None) => "nothing".to_owned(),
        }
    }

    /// Why the answer may be another one, the likeliest first.
    fn reasons(&self, predicted: &[Prediction]) -> Vec<LikelyReason> {
        let mut all = self.own_fields(predicted);
        all.extend(self.refusals().map(|finding| {
            let (kind, next) = match finding.rule.name == LACKS_INCLUDE {
                true => (ReasonKind::Include, "if it is there where nginx runs, give it too"),
                false => (ReasonKind::OtherConfiguration, "so nginx runs with another configuration"),
            };
            reason(kind, format!("{}: {next}", finding.message), Some(finding.primary.place))
        }));
        let mut signed = self.signed();
        let has_sign = !signed.is_empty();
        all.append(&mut signed);
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
        all.extend(self.includes());
        all.push(self.other_configuration());
        if !has_sign {
            all.push(self.unknown_layer());
        }
        all
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

    /// Fields that are predicted and were not seen.
    fn fields(&self, agreeing: &[&Prediction]) -> Vec<Difference> {
        let Some(answer) = &self.seen.answer else { return Vec::new() };
        let [first, others @ ..] = agreeing else { return Vec::new() };
        let mut all = Vec::new();
        for field in &first.fields {
            // Where ways differ, any of them may be the one.
            if !others.iter().all(|other| other.fields.contains(field)) {
                continue;
            }
            let mut values = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&field.name));
            if values.clone().any(|(_, value)| value == "(hidden)" || value.trim() == field.value.trim()) {
                continue;
            }
            let observed = match values.next() {
                Some((name, value)) => format!("`{name}: {value}`"),
                None => format!("no `{}`", field.name),
            };
            let mut reasons = vec![reason(
                ReasonKind::OtherConfiguration,
                self.other_configuration().text,
                Some(field.place),
            )];
            reasons.extend(self.signed());
            reasons.push(reason(
                ReasonKind::Layer,
                "a layer in front takes it out or changes it".to_owned(),
                None,
            ));
            all.push(Difference {
                what: DifferenceKind::Header,
                predicted: format!("`{}: {}`", field.name, field.value),
                observed,
                reasons,
            });
        }
        all.extend(self.location(first));
        all
    }

    /// Where a redirect leads.
    fn location(&self, first: &Prediction) -> Option<Difference> {
        let said = first.location.as_ref()?;
        let seen = self.seen.answer.as_ref()?.header("Location");
        let path = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
        // nginx writes the port that it listens on, which may be another one outside.
        let own = self.seen.attempts.iter().find(|one| matches!(one.result, ConnectResult::Connected(_)));
        let own = own.and_then(|one| one.address.rsplit_once(':')).map(|(_, port)| format!(":{port}"));
        let bare = |text: &str| {
            own.as_ref().map_or_else(|| path(text), |own| path(text).replacen(own.as_str(), "", 1))
        };
        let is_so = seen.is_some_and(|seen| bare(seen).ends_with(&bare(said)));
        (!is_so).then(|| Difference {
            what: DifferenceKind::Header,
            predicted: format!("`Location: {}`", path(said)),
            observed: seen.map_or_else(|| "no `Location`".to_owned(), |seen| format!("`Location: {seen}`")),
            reasons: vec![self.other_configuration(), self.unknown_layer()],
        })
    }

    /// The findings that explain what was seen; `is_certain` is false where it depends on what no configuration tells.
    pub(super) fn causes(&self, agrees: Option<bool>, is_certain: bool) -> Vec<ProbeCause> {
        let failure = self.seen.failure.as_ref();
        let cause = |finding: &Finding| ProbeCause {
            severity: finding.severity,
            confidence: finding.confidence,
            rule: finding.rule.name,
            message: finding.message.clone().into_owned(),
            place: finding.primary.place,
        };
        if self.trace.is_refused {
            return self.refusals().map(cause).collect();
        }
        let wanted: BTreeSet<&str> = match (failure.map(|failure| failure.kind), self.came()) {
            (Some(kind), Came::NotTold) if !kind.is_unknown() => {
                rules_of("tls-chain").iter().map(|rule| rule.name).collect()
            }
            (Some(_), _) if agrees != Some(true) => return Vec::new(),
            (Some(_), Came::Status(status)) => {
                let symptoms = symptoms_of(&status.to_string());
                let keys = symptoms.into_iter().flat_map(|symptom| symptom.causes);
                keys.flat_map(|key| rules_of(key)).map(|rule| rule.name).collect()
            }
            (Some(_), _) => BTreeSet::new(),
            (None, _) if self.is_ended_by_limit(agrees) => {
                let keys = ["read-timeout-default", "read-timeout-short", "stream-timeout"];
                keys.iter().flat_map(|key| rules_of(key)).map(|rule| rule.name).collect()
            }
            (None, _) => return Vec::new(),
        };
        let is_wanted = |finding: &Finding| wanted.contains(finding.rule.name);
        // What is wrong with the handshake may be told by a rule that no symptom names.
        let is_of_handshake = |finding: &Finding| {
            let group = finding.rule.group;
            matches!(group, Group::Handshake | Group::Protocol | Group::Configuration)
                && finding.severity > Severity::Info
        };
        let is_open = is_certain && failure.is_some() && !matches!(self.came(), Came::NotTold);
        let is_meant = |finding: &&Finding| is_wanted(finding) || is_open && is_of_handshake(finding);
        let all = self.trace.outcome.findings.iter().filter(is_meant);
        let mut found: Vec<&Finding> = all.filter(|finding| finding.severity > Severity::Pedantic).collect();
        // What is only mentioned explains nothing beside what is to be mended.
        if found.iter().any(|finding| finding.severity > Severity::Info) {
            found.retain(|finding| finding.severity > Severity::Info);
        }
        found.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), !is_wanted(finding)));
        found.into_iter().map(cause).collect()
    }
}

pub(super) fn reason(kind: ReasonKind, text: String, place: Option<lint_finding::Place>) -> LikelyReason {
    LikelyReason { kind, text, place, layers: Vec::new() }
}
