//! What a rule is given, and how it says something.

use std::rc::Rc;
use std::sync::Arc;

use lint_finding::{
    Applicability, Confidence, EndpointName, Finding, Fix, Group, Label, LabelRole, Place, RuleMeta,
    Severity, Text, fingerprint, fingerprint_v2,
};
use nginx_semantics::{Configuration, Directive, VersionRange, has_variables, listens, server_names};
use ws_model::{Endpoint, EvidenceKind, Handshake, LostPath, Model, Standing, Walks};

use crate::Edits;
use crate::fingerprint::{context_path, stable_name};
use crate::given;
use crate::said::Said;
use crate::verify::command_in;

/// The facts that a rule reads.
#[derive(Clone, Copy)]
pub struct Context<'m, 's> {
    /// The model.
    pub model: &'m Model<'s>,
    /// Handshakes on their way through it.
    pub walks: &'m Walks<'m, 's>,
}

impl<'m, 's> Context<'m, 's> {
    /// The configuration.
    pub fn configuration(&self) -> Configuration<'s> {
        self.model.configuration
    }

    /// The versions that are judged for.
    pub fn versions(&self) -> VersionRange {
        self.model.versions
    }

    /// The variable, with its `$`, of a map or the like that makes `Connection` right for a handshake.
    pub fn connection_variable(&self, endpoint: &Endpoint<'_>) -> Option<String> {
        self.model.connection_variable(endpoint.context)
    }

    /// What an endpoint's upstream receives; `None` for modules that forward the client's header fields by themselves.
    pub fn handshake(&self, endpoint: &Endpoint<'_>) -> Option<Rc<Handshake<'s>>> {
        self.walks.handshake(endpoint)
    }

    /// The first endpoint of those whose evidence allows the highest severity: a finding about all of them names it.
    pub fn foremost(&self) -> Option<&'m Endpoint<'s>> {
        self.model.foremost(|standing| Stake::Service.most(standing))
    }
}

impl<'m, 's> Context<'m, 's> {
    /// The path that a `location /` without a line for the upgrade takes for want of another location, and the location
    /// beside it that is set up for WebSockets: the name of that one is as likely wrong as the lines are missing. For the
    /// path `/` there is no better location: there lines are missing, unless the other one leads to another upstream.
    pub(crate) fn caught<'e>(&self, endpoint: &'e Endpoint<'_>) -> Option<(&'e str, &'m Endpoint<'s>)> {
        let handshake = self.handshake(endpoint)?;
        let lacks_upgrade =
            handshake.upgrade.source.is_default() && crate::verify::dropped_lines(&handshake).is_empty();
        let path = endpoint.caught_path().filter(|_| lacks_upgrade)?;
        let sibling = self.model.configured_sibling(endpoint)?;
        let [one, other] = [&sibling.target, &endpoint.target].map(|target| (&target.host, target.port));
        (path != "/" || one != other).then_some((path, sibling))
    }
}

/// What is at stake, which decides how much evidence a severity needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stake {
    /// Whether a handshake succeeds at all.
    Handshake,
    /// How well a WebSocket does: how long it lives, where it goes, what is buffered. Most ordinary requests never notice.
    Service,
    /// Whether any request succeeds, of whatever kind.
    Everything,
}

impl Stake {
    /// What rules of a group are about.
    fn of(group: Group) -> Self {
        match group {
            Group::Lifetime | Group::Balancing | Group::Buffering | Group::Layers | Group::Observability => {
                Self::Service
            }
            Group::Handshake | Group::Protocol | Group::Capacity | Group::Security | Group::Configuration => {
                Self::Handshake
            }
        }
    }

    /// The highest severity that an endpoint of this standing allows.
    fn most(self, standing: Standing) -> Severity {
        match (standing, self) {
            (Standing::Declared | Standing::Application | Standing::LinesAndName, _)
            | (Standing::OwnLines, Self::Handshake)
            | (Standing::OwnLines | Standing::SharedLines | Standing::Doubtful, Self::Everything) => {
                Severity::Error
            }
            (Standing::Name, _) | (Standing::SharedLines, Self::Handshake) => Severity::Warning,
            (Standing::OwnLines | Standing::SharedLines, Self::Service) | (Standing::Doubtful, _) => {
                Severity::Info
            }
        }
    }
}

/// Where rules put what they find.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    said: Option<Arc<Said>>,
}

impl Findings {
    /// Nothing yet, where this much was said before: what is said again is left without what nobody reads of it then.
    pub(crate) fn after(said: Option<&Arc<Said>>) -> Self {
        Self { found: Vec::new(), said: said.cloned() }
    }

    /// Adds one.
    pub fn push(&mut self, finding: FindingBuilder<'_>) {
        let FindingBuilder { mut finding, is_assumed, is_hedged, is_judged, line, why, .. } = finding;
        if !is_judged {
            return;
        }
        if is_assumed && is_hedged {
            finding.severity = finding.severity.min(Severity::Warning);
            finding.fix = None;
            finding.unsafe_fix = None;
        }
        if !self.said.as_ref().is_some_and(|said| said.has(&finding)) {
            finding.verify = finding.help.as_deref().and_then(command_in);
            if let Some(line) = line {
                name(&mut finding, &line);
            }
            if let Some((label, endpoint)) = why {
                if let Some(label) = finding.labels.get_mut(label) {
                    label.message = treated_as(endpoint).into();
                }
            }
        }
        self.found.push(finding);
    }

    /// Adds some.
    pub(crate) fn extend<'f>(&mut self, findings: impl IntoIterator<Item = FindingBuilder<'f>>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// Each, in the order in which they were found.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.found.iter()
    }

    /// All, in the order in which they were found.
    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

/// A finding in the making.
#[derive(Debug, Clone)]
#[must_use]
pub struct FindingBuilder<'f> {
    finding: Finding,
    /// The line that names it, where that is not done yet.
    line: Option<Directive<'f>>,
    /// The label that is to say why this is an endpoint.
    why: Option<(usize, &'f Endpoint<'f>)>,
    /// Whether it rests on a default which a file that was not given may change.
    is_assumed: bool,
    /// Whether an include of which nothing is known may do so, so that nothing is edited.
    is_hedged: bool,
    /// Whether it is about lines that the author can do something about.
    is_judged: bool,
    /// What follows a statement that rests on a default.
    unless: &'static str,
}

/// What follows a statement that rests on a default which a file that was not given may change.
const UNLESS: &str = " (unless a file that was not given sets it)";

/// Why an endpoint is called one.
fn treated_as(endpoint: &Endpoint<'_>) -> String {
    format!("treated as a WebSocket endpoint: {}", endpoint.why())
}

/// Gives a finding the names of a line.
fn name(finding: &mut Finding, line: &Directive<'_>) {
    let rule = finding.rule;
    let (text, path) = (line.text_line(), context_path(line));
    finding.fingerprint = fingerprint([rule.name.as_bytes(), text.as_bytes(), &path]);
    finding.fingerprint_v2 = stable_name(rule, line);
}

impl<'f> FindingBuilder<'f> {
    /// About a directive; where its file may not be shown, about the include that brought it in.
    pub fn new(rule: &'static RuleMeta, directive: &Directive<'f>, message: impl Into<Text>) -> Self {
        let shown = directive.visible();
        let mut this = Self::unnamed(rule, shown.at(), message);
        this.line = Some(shown);
        this.is_judged = given::is_judged(rule, directive);
        this.unless = given::unless(directive).unwrap_or(UNLESS);
        this
    }

    /// About the 0-based `index`th word behind a directive's name.
    pub fn argument(
        rule: &'static RuleMeta,
        directive: &Directive<'f>,
        index: usize,
        message: impl Into<Text>,
    ) -> Self {
        let shown = directive.visible();
        let mut this = Self::new(rule, directive, message);
        if shown.reference == directive.reference {
            if let Some(at) = directive.argument_at(index) {
                this.finding.primary.place = at;
            }
        }
        this
    }

    /// About a place.
    pub fn at(rule: &'static RuleMeta, at: Place, message: impl Into<Text>) -> Self {
        Self::unnamed(rule, at, message).fingerprinted([])
    }

    fn unnamed(rule: &'static RuleMeta, at: Place, message: impl Into<Text>) -> Self {
        let finding = Finding {
            rule,
            severity: rule.severity,
            confidence: Confidence::High,
            message: message.into(),
            help: None,
            verify: None,
            primary: Label { place: at, message: Text::default(), role: LabelRole::Because },
            labels: Vec::new(),
            fix: None,
            unsafe_fix: None,
            endpoint: None,
            fingerprint: fingerprint([]),
            fingerprint_v2: fingerprint_v2([]),
        };
        let (line, why) = (None, None);
        Self { finding, line, why, is_assumed: false, is_hedged: false, is_judged: true, unless: UNLESS }
    }

    /// Names what stays the same while the tree around it is edited.
    pub fn fingerprinted<'a>(mut self, parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let parts: Vec<&[u8]> = std::iter::once(self.finding.rule.name.as_bytes()).chain(parts).collect();
        self.finding.fingerprint = fingerprint(parts.iter().copied());
        self.finding.fingerprint_v2 = fingerprint_v2(parts);
        self.line = None;
        self
    }

    /// About an endpoint: its name, a label at its `location`, and no more severity and confidence than the evidence
    /// allows for what is at stake in the rule's group.
    pub fn endpoint(self, endpoint: &'f Endpoint<'f>) -> Self {
        let stake = Stake::of(self.finding.rule.group);
        self.endpoint_at_stake(endpoint, stake)
    }

    /// The same where more or less is at stake than usual in the rule's group.
    pub fn endpoint_at_stake(mut self, endpoint: &'f Endpoint<'f>, stake: Stake) -> Self {
        self.finding.endpoint = Some(Box::new(EndpointName {
            server: endpoint.server_name(),
            location: endpoint.location_text(),
            is_path: false,
            place: endpoint.location().map(|location| location.visible().at()),
        }));
        self.finding.confidence = self.finding.confidence.min(confidence(endpoint));
        self.finding.severity = self.finding.severity.min(stake.most(endpoint.standing));
        self.is_hedged = endpoint.is_hedged();
        let Some(location) = endpoint.location() else { return self };
        if location.visible().at() == self.finding.primary.place {
            return self.label(&location, treated_as(endpoint));
        }
        self.why = Some((self.finding.labels.len(), endpoint));
        self.label(&location, "")
    }

    /// About a path that the user names in a server.
    pub fn path(mut self, cx: &Context<'_, '_>, lost: &LostPath<'_>) -> Self {
        let configuration = cx.configuration();
        let names = server_names(configuration, lost.server);
        let server = names.into_iter().chain(listens(configuration, lost.server)).next().unwrap_or_default();
        let location = lost.path.clone();
        self.finding.endpoint = Some(Box::new(EndpointName { server, location, is_path: true, place: None }));
        self
    }

    /// Whether people act on it.
    pub(crate) fn is_worth_acting_on(&self) -> bool {
        self.finding.severity >= Severity::Warning
    }

    /// Moved to another place of the same file, with what that place says.
    pub(crate) fn moved(mut self, at: Place, message: impl Into<Text>) -> Self {
        self.finding.primary.place = at;
        self.finding.primary.message = message.into();
        self
    }

    /// Lowers the severity, never raises it.
    pub fn at_most(mut self, severity: Severity) -> Self {
        self.finding.severity = self.finding.severity.min(severity);
        self
    }

    /// Marks a statement that rests on a default which a file that was not given may change.
    pub fn assumed(mut self, is_assumed: bool) -> Self {
        if is_assumed && !self.unless.is_empty() {
            self.is_assumed = true;
            self.finding.confidence = self.finding.confidence.min(Confidence::Medium);
            self.finding.message.to_mut().push_str(self.unless);
        }
        self
    }

    /// Lowers the confidence, never raises it.
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.finding.confidence = self.finding.confidence.min(confidence);
        self
    }

    /// Text at the primary place.
    pub fn primary(mut self, text: impl Into<Text>) -> Self {
        self.finding.primary.message = text.into();
        self
    }

    /// Orientation at another line.
    pub fn label(self, directive: &Directive<'_>, text: impl Into<Text>) -> Self {
        self.with_label(directive.visible().at(), text.into(), LabelRole::Context)
    }

    /// A link of the why-chain: a line that set, dropped or changed the value.
    pub fn because(self, directive: &Directive<'_>, text: impl Into<Text>) -> Self {
        self.with_label(directive.visible().at(), text.into(), LabelRole::Because)
    }

    /// Orientation at a place.
    pub fn label_at(self, at: Place, text: impl Into<Text>) -> Self {
        self.with_label(at, text.into(), LabelRole::Context)
    }

    fn with_label(mut self, at: Place, message: Text, role: LabelRole) -> Self {
        let label = Label { place: at, message, role };
        if label.place != self.finding.primary.place {
            self.finding.labels.push(label);
        } else if self.finding.primary.message.is_empty() {
            self.finding.primary.message = label.message;
        }
        self
    }

    /// The remedy.
    pub fn help(mut self, text: impl Into<Text>) -> Self {
        let text = text.into();
        self.finding.help = Some(text);
        self
    }

    /// The edits that cure it, with what they do in the imperative; none where they could not be made. Whether they
    /// change other locations too is seen when they are applied.
    pub fn fix(mut self, title: impl Into<Text>, applicability: Applicability, edits: Edits) -> Self {
        if let Some(edits) = edits.finish() {
            self.finding.fix = Some(Box::new(Fix { title: title.into(), applicability, edits }));
        }
        self
    }

    /// More than a safe fix does, for `--unsafe-fixes`; the only fix where there is no other.
    pub fn unsafe_fix(mut self, title: impl Into<Text>, edits: Edits) -> Self {
        let Some(edits) = edits.finish() else { return self };
        let fix = Box::new(Fix { title: title.into(), applicability: Applicability::Unsafe, edits });
        match &self.finding.fix {
            None => self.finding.fix = Some(fix),
            Some(safe) if safe.edits != fix.edits => self.finding.unsafe_fix = Some(fix),
            Some(_) => {}
        }
        self
    }
}

/// How sure the evidence makes us that this is an endpoint.
pub fn confidence(endpoint: &Endpoint<'_>) -> Confidence {
    match endpoint.standing {
        Standing::Declared | Standing::Application | Standing::LinesAndName | Standing::OwnLines => {
            Confidence::High
        }
        Standing::Name if endpoint.strongest() == EvidenceKind::Application => Confidence::Medium,
        Standing::SharedLines => Confidence::Medium,
        Standing::Name | Standing::Doubtful => Confidence::Low,
    }
}

/// Whether a written value is fixed text.
pub(crate) fn is_literal(value: &[u8]) -> bool {
    !has_variables(value)
}
