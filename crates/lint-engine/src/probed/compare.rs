//! One answer beside what is predicted of it.

use std::collections::BTreeSet;

use lint_finding::{
    ConnectResult, Difference, DifferenceKind, Finding, Group, LayerGuess, LayerSign, Place, Prediction,
    ProbeCause, ProbeFault, ProbeSeen, Prospect, ReasonKind, Responder, Severity, Trace, TraceRun, TraceWay,
};
use ws_rules::symptoms::{rules_of, symptoms_of};

use super::reasons::reason;

/// Statuses with which gateways say that no back end answered as it should.
pub(super) const OF_GATEWAYS: [u16; 3] = [502, 503, 504];

/// Causes that lie in the request as a back end gets it.
const OF_BACK_ENDS: [&str; 11] = [
    "upgrade-header-missing",
    "upgrade-header-wrong",
    "connection-header-missing",
    "connection-header-wrong",
    "http-version-missing",
    "headers-lost-by-inheritance",
    "map-wrong",
    "host-header",
    "forwarded-proto-missing",
    "upstream-not-sticky",
    "proxy-headers-not-inherited",
];

/// The rule about files that are included and not there.
pub(super) const LACKS_INCLUDE: &str = "include-not-found";

/// What is compared.
pub(super) struct Comparing<'a> {
    pub(super) trace: &'a Trace,
    pub(super) seen: &'a ProbeSeen,
    pub(super) signs: &'a [LayerSign],
    pub(super) guesses: &'a [LayerGuess],
    /// Whether a line of the PROXY protocol came first.
    pub(super) is_introduced: bool,
}

/// What came of the request, as far as nginx decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
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
    pub(super) fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.trace.outcome.findings.iter().filter(|finding| finding.is_refusal())
    }

    /// Whether nginx would start if files were there that are included and were not given.
    fn lacks_includes_alone(&self) -> bool {
        self.trace.problem.is_none() && self.refusals().all(|finding| finding.rule.name == LACKS_INCLUDE)
    }

    pub(super) fn came(&self) -> Came {
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

    /// What is said of each way; those that agree without a condition come first.
    pub(super) fn predictions(&self) -> Vec<Prediction> {
        let ways: Vec<(&TraceRun, &TraceWay)> =
            self.trace.runs.iter().flat_map(|run| run.ways.iter().map(move |way| (run, way))).collect();
        let mut all: Vec<Prediction> =
            ways.iter().map(|(run, way)| self.prediction(run, way, ways.len())).collect();
        all.sort_by_key(|one| (!one.agrees, one.condition.is_some()));
        all
    }

    fn prediction(&self, run: &TraceRun, way: &TraceWay, ways: usize) -> Prediction {
        if self.is_introduced && !run.has_proxy_protocol && way.answer.by != Responder::Unknown {
            return self.taken_for_a_request(run);
        }
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

    /// The line of the PROXY protocol is no request: nginx answers it with 400, in plain text where it speaks TLS.
    fn taken_for_a_request(&self, run: &TraceRun) -> Prediction {
        let is_tls = self.seen.tls.is_some();
        let agrees = match self.came() {
            Came::Status(status) => status == 400,
            Came::TlsFails | Came::OtherProtocol | Came::Nothing => is_tls,
            Came::NotTold | Came::Refused => false,
        };
        Prediction {
            versions: run.versions.clone(),
            assumptions: Vec::new(),
            status: (!is_tls).then_some(400),
            by: Responder::Nginx,
            text: "400 from nginx: this `listen` has no `proxy_protocol`, so nginx takes the line of the PROXY protocol for the request"
                .to_owned(),
            place: run.steps.first().and_then(|step| step.place),
            location: None,
            fields: Vec::new(),
            idle: None,
            handshake: Prospect::Fails,
            agrees,
            condition: None,
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

    pub(super) fn said(&self, predicted: &[Prediction]) -> String {
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

    pub(super) fn told(&self) -> String {
        match (self.came(), &self.seen.failure) {
            (Came::Status(status), Some(failure)) if failure.kind == ProbeFault::BadHandshake => {
                format!("{status}, and {}", failure.text)
            }
            (Came::Status(status), _) => status.to_string(),
            (_, Some(failure)) => failure.text.clone(),
            (_, None) => "nothing".to_owned(),
        }
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

    /// Whether what a finding says can be what was seen: what is wrong with the request that a back end gets explains its
    /// refusal, and none that nginx says itself.
    fn may_explain(&self, finding: &Finding, sure: &[&Prediction]) -> bool {
        let outcome = &self.trace.outcome;
        let line = |place: Place| {
            let source = &outcome.file(place.file)?.source;
            Some((place.file, source.line(place.span.start)))
        };
        let is_at = |one: &Prediction| {
            let at = one.place.and_then(line);
            let labels = finding.labels.iter().map(|label| label.place);
            at.is_some()
                && std::iter::once(finding.primary.place).chain(labels).any(|place| line(place) == at)
        };
        sure.is_empty()
            || sure.iter().any(|one| match one.by {
                Responder::Backend | Responder::Unknown => true,
                Responder::Nginx => {
                    let is_of_back_end = OF_BACK_ENDS.iter().flat_map(|key| rules_of(key));
                    is_of_back_end.into_iter().all(|rule| rule.name != finding.rule.name) || is_at(one)
                }
                Responder::Nobody => is_at(one),
            })
    }

    /// The findings that explain what was seen.
    pub(super) fn causes(&self, agrees: Option<bool>, predicted: &[Prediction]) -> Vec<ProbeCause> {
        // Otherwise it depends on what no configuration tells.
        let sure: Vec<&Prediction> =
            predicted.iter().filter(|one| one.agrees && one.condition.is_none()).collect();
        let is_certain = !sure.is_empty();
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
        let is_meant = |finding: &&Finding| {
            (is_wanted(finding) || is_open && is_of_handshake(finding))
                && (failure.is_none()
                    || matches!(self.came(), Came::NotTold)
                    || self.may_explain(finding, &sure))
        };
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
