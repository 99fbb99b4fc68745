//! One outcome out of what all configurations said: each finding once, sorted, counted.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use lint_finding::{
    EndpointRow, File, FileId, Finding, Notice, NoticeCode, Outcome, Place, Severity, Summary, fingerprint,
};
use ws_model::Model;

use crate::rows;

/// What was said so far.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// By rule and place: the finding, and in how many contexts it holds.
    findings: BTreeMap<(&'static str, Place), (Finding, usize)>,
    endpoints: BTreeMap<Place, EndpointRow>,
    proxied: BTreeSet<Place>,
    notices: Vec<Notice>,
}

impl Gathered {
    /// Adds findings; one that is there already at the same place keeps the highest severity and confidence.
    pub(crate) fn findings(&mut self, found: Vec<Finding>) {
        for finding in found {
            match self.findings.entry((finding.rule.name, finding.primary.place)) {
                Entry::Vacant(entry) => drop(entry.insert((finding, 1))),
                Entry::Occupied(mut entry) => {
                    let (kept, contexts) = entry.get_mut();
                    *contexts += 1;
                    let confidence = kept.confidence.max(finding.confidence);
                    if finding.severity > kept.severity {
                        *kept = finding;
                    }
                    kept.confidence = confidence;
                }
            }
        }
    }

    /// Adds the endpoints of a model.
    pub(crate) fn model(&mut self, model: &Model<'_>) {
        for endpoint in &model.endpoints {
            let row = rows::endpoint(endpoint, model.versions);
            self.endpoints.entry(row.place).or_insert(row);
        }
        for (_, pass) in &model.passes {
            let at = pass.directive.visible().at();
            self.proxied.insert(Place { file: FileId(at.file.0), span: at.span });
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Sorts and counts.
    pub(crate) fn finish(mut self, files: Vec<File>, judged: usize) -> Outcome {
        if self.endpoints.is_empty() && !self.proxied.is_empty() {
            let count = self.proxied.len();
            let among = if count == 1 {
                "the 1 proxied location".to_owned()
            } else {
                format!("{count} proxied locations")
            };
            let message = format!(
                "no WebSocket endpoint found among {among}; name one with --ws-path or use --assume-websocket"
            );
            self.notices.push(Notice {
                code: NoticeCode::NoEndpoint,
                message,
                place: None,
                path: None,
                incomplete: false,
            });
        }
        let path =
            |place: &Place| files.get(place.file.0 as usize).map_or("", |file| file.source.path()).to_owned();
        let mut findings: Vec<Finding> =
            self.findings.into_values().map(|(finding, contexts)| in_contexts(finding, contexts)).collect();
        findings.sort_by_cached_key(|finding| {
            (path(&finding.primary.place), finding.primary.place.span, finding.rule.name)
        });
        number_equal_fingerprints(&mut findings);
        let mut endpoints: Vec<EndpointRow> = self.endpoints.into_values().collect();
        endpoints.sort_by_cached_key(|row| (path(&row.place), row.place.span));
        self.notices.sort_by_cached_key(|notice| {
            let path = notice.place.as_ref().map(path).or_else(|| notice.path.clone());
            (
                path.is_none(),
                path,
                notice.place.map(|place| place.span),
                notice.code.name(),
                notice.message.clone(),
            )
        });
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let summary = Summary {
            files: judged,
            endpoints: endpoints.len(),
            proxied_locations: self.proxied.len(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
            suppressed: 0,
            fixable: findings.iter().filter(|finding| finding.fix.is_some()).count(),
        };
        Outcome { files, findings, endpoints, notices: self.notices, summary }
    }
}

/// Says in how many contexts a finding holds, when there is more than one.
fn in_contexts(mut finding: Finding, contexts: usize) -> Finding {
    if contexts > 1 {
        let first = finding.endpoint.as_ref().map_or_else(String::new, |endpoint| {
            let server = if endpoint.server.is_empty() { "without a name" } else { &endpoint.server };
            format!(", the first in server {server}, location {}", endpoint.location)
        });
        let note = format!("the line is in effect in {contexts} places{first}");
        finding.help = Some(match finding.help {
            Some(help) => format!("{help}\n{note}"),
            None => note,
        });
    }
    finding
}

/// Two findings of one rule with the same words around them differ by their order.
fn number_equal_fingerprints(findings: &mut [Finding]) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for finding in findings {
        let count = seen.entry(finding.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            finding.fingerprint = fingerprint([finding.fingerprint.as_bytes(), count.to_string().as_bytes()]);
        }
    }
}
