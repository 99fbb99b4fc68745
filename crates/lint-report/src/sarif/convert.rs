//! From a finding to a result.

use std::collections::BTreeMap;

use lint_finding::{
    BaselineRow, Edit, File, Finding, Fix, Label, LabelRole, Outcome, Place, RuleMeta, Suppressed,
};
use serde_json::{Value, json};
use serde_sarif::sarif;

use super::{level, uri};
use crate::position::{Position, inside};

/// As many locations of a result GitHub takes.
const MOST_LOCATIONS: usize = 1_000;

/// The key by which GitHub knows a result again.
const PRIMARY: &str = "primaryLocationLineHash";

/// The places of rules in the catalogue.
pub(super) struct Ids(BTreeMap<&'static str, i64>);

impl Ids {
    pub(super) fn new(rules: &[&'static RuleMeta]) -> Self {
        Self(rules.iter().map(|rule| rule.name).zip(0..).collect())
    }
}

pub(super) fn result(
    outcome: &Outcome,
    finding: &Finding,
    ids: &Ids,
    state: Option<&str>,
    suppressed: Option<&Suppressed>,
) -> sarif::Result {
    let text = match &finding.help {
        Some(help) => format!("{}\n\n{help}", finding.message),
        None => finding.message.to_string(),
    };
    let primary = location(outcome, finding.primary.place, Some(&finding.primary.message));
    let mut result = sarif::Result::builder()
        .message(message(&text))
        .rule_id(finding.rule.name)
        .locations(vec![primary.clone()])
        .partial_fingerprints(fingerprints(finding))
        .build();
    result.level = serde_json::from_value(level(finding.severity)).ok();
    result.rule_index = ids.0.get(finding.rule.name).copied();
    let labels = || finding.labels.iter().take(MOST_LOCATIONS);
    let why = labels().filter(|label| label.role == LabelRole::Because);
    let mut flow: Vec<sarif::Location> = why.map(|label| at_label(outcome, label)).collect();
    if !flow.is_empty() {
        flow.push(primary);
        let steps = flow.into_iter().map(|at| sarif::ThreadFlowLocation::builder().location(at).build());
        let thread = sarif::ThreadFlow::builder().locations(steps.collect::<Vec<_>>()).build();
        result.code_flows = Some(vec![sarif::CodeFlow::builder().thread_flows(vec![thread]).build()]);
    }
    let related: Vec<sarif::Location> = labels()
        .zip(1..)
        .map(|(label, number): (_, i64)| sarif::Location { id: Some(number), ..at_label(outcome, label) })
        .collect();
    result.related_locations = Some(related).filter(|related| !related.is_empty());
    let fixes: Vec<sarif::Fix> =
        [&finding.fix, &finding.unsafe_fix].into_iter().flatten().map(|one| fix(outcome, one)).collect();
    result.fixes = Some(fixes).filter(|fixes| !fixes.is_empty());
    result.baseline_state = state.map(Value::from);
    result.suppressions = suppressed.and_then(|one| {
        let value = json!({
            "kind": "inSource",
            "status": "accepted",
            "justification": one.reason,
            "location": location(outcome, one.comment, None),
        });
        Some(vec![serde_json::from_value(value).ok()?])
    });
    result.properties = properties(finding);
    result
}

/// A finding of the baseline that is not there any more: where it was is not known but for the file.
pub(super) fn absent(one: &BaselineRow, ids: &Ids) -> sarif::Result {
    let physical = sarif::PhysicalLocation::builder().artifact_location(uri::artifact(&one.path)).build();
    let mut result = sarif::Result::builder()
        .message(message(&format!("{} of the baseline is not found any more", one.rule)))
        .rule_id(one.rule.as_str())
        .locations(vec![sarif::Location::builder().physical_location(physical).build()])
        .partial_fingerprints(BTreeMap::from([("nginxWsLint/v2".to_owned(), one.fingerprint.clone())]))
        .build();
    result.level = serde_json::from_value(Value::from("none")).ok();
    result.rule_index = ids.0.get(one.rule.as_str()).copied();
    result.baseline_state = Some(Value::from("absent"));
    result
}

fn fingerprints(finding: &Finding) -> BTreeMap<String, String> {
    let (v1, v2) = (finding.fingerprint.to_string(), finding.fingerprint_v2.to_string());
    let Finding { fingerprint_v2: own, .. } = finding;
    BTreeMap::from([
        (PRIMARY.to_owned(), format!("{}:{}", own.digits(), own.number())),
        ("nginxWsLint/v1".to_owned(), v1),
        ("nginxWsLint/v2".to_owned(), v2),
    ])
}

fn properties(finding: &Finding) -> Option<sarif::PropertyBag> {
    let mut value = json!({ "confidence": finding.confidence.name() });
    let fields = value.as_object_mut()?;
    if let Some(command) = finding.verify() {
        fields.insert("verify".to_owned(), Value::from(command));
    }
    if let Some(endpoint) = &finding.endpoint {
        let endpoint = json!({ "server": endpoint.server, "location": endpoint.location });
        fields.insert("endpoint".to_owned(), endpoint);
    }
    serde_json::from_value(value).ok()
}

fn message(text: &str) -> sarif::Message {
    sarif::Message::builder().text(text).build()
}

fn at_label(outcome: &Outcome, label: &Label) -> sarif::Location {
    location(outcome, label.place, Some(&label.message))
}

/// A place with what is said about it.
pub(super) fn location(outcome: &Outcome, place: Place, text: Option<&str>) -> sarif::Location {
    let Position { path, .. } = Position::of(outcome, place);
    let physical = sarif::PhysicalLocation::builder()
        .artifact_location(uri::artifact(path))
        .region(region(outcome, place))
        .build();
    let mut location = sarif::Location::builder().physical_location(physical).build();
    location.message = text.filter(|text| !text.is_empty()).map(message);
    location
}

fn region(outcome: &Outcome, place: Place) -> sarif::Region {
    let Position { span, start, end, .. } = Position::of(outcome, place);
    sarif::Region::builder()
        .start_line(i64::from(start.line))
        .start_column(i64::from(start.column))
        .end_line(i64::from(end.line))
        .end_column(i64::from(end.column))
        .byte_offset(i64::from(span.start))
        .byte_length(i64::from(span.end - span.start))
        .build()
}

fn fix(outcome: &Outcome, fix: &Fix) -> sarif::Fix {
    let files = fix.edits.chunk_by(|one, other| one.place.file == other.place.file);
    let changes: Vec<sarif::ArtifactChange> = files
        .filter_map(|edits| {
            let path = outcome.path(edits.first()?.place.file);
            let replacements: Vec<_> = edits.iter().map(|edit| replacement(outcome, edit)).collect();
            let file = uri::artifact(path);
            Some(sarif::ArtifactChange::builder().artifact_location(file).replacements(replacements).build())
        })
        .collect();
    let mut one = sarif::Fix::builder().description(message(&fix.title)).artifact_changes(changes).build();
    one.properties = serde_json::from_value(json!({ "applicability": fix.applicability.name() })).ok();
    one
}

fn replacement(outcome: &Outcome, edit: &Edit) -> sarif::Replacement {
    let mut content = sarif::ArtifactContent::builder().build();
    match std::str::from_utf8(&edit.replacement) {
        Ok(text) => content.text = Some(text.to_owned()),
        Err(_) => content.binary = Some(data_encoding::BASE64.encode(&edit.replacement)),
    }
    let region = match outcome.file(edit.place.file) {
        Some(File { source, .. }) => {
            region(outcome, Place { span: inside(source, edit.place.span), ..edit.place })
        }
        None => region(outcome, edit.place),
    };
    let replacement = sarif::Replacement::builder().deleted_region(region);
    if edit.replacement.is_empty() {
        replacement.build()
    } else {
        replacement.inserted_content(content).build()
    }
}
