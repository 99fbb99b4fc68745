//! One outcome out of what all configurations said: each finding once, sorted, counted.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use lint_finding::{
    Applicability, EndpointName, EndpointRow, File, Finding, Fix, Label, LabelRole, Notice, NoticeCode,
    Outcome, Place, Severity, Summary, fingerprint,
};
use nginx_semantics::VersionRange;
use ws_model::{Endpoint, EvidenceKind, Model};

use crate::fix::Plan;
use crate::rows;
use crate::settings::{Level, Settings};
use crate::suppress::Suppressions;

/// What makes two findings the same one in several contexts: rule and place, and what is said where it is not about an
/// endpoint, for one place may have several things wrong with it.
type Key = (&'static str, Place, String);

/// A notice is said once: place, path, code and message.
type NoticeKey = (Option<Place>, Option<String>, &'static str, String);

/// The label of a further place of a finding about the whole.
const HERE_TOO: &str = "here too";

/// A finding with the contexts in which it holds.
#[derive(Debug)]
struct Merged {
    finding: Finding,
    contexts: usize,
    first: Option<EndpointName>,
    /// The number of the configuration that said it first; `None` for what is said of files and of several nginxes.
    part: Option<usize>,
    /// At how many further lines it holds, where one finding speaks for the whole main file.
    more: usize,
    fix: MergedFix,
    /// What `--unsafe-fixes` writes: the fix of each context that has nothing more.
    unsafe_fix: MergedFix,
    /// Whether one of them has more.
    has_unsafe: bool,
}

impl Merged {
    fn new(mut finding: Finding, part: Option<usize>) -> Self {
        let fixes = (finding.fix.take(), finding.unsafe_fix.take());
        let first = finding.endpoint.clone();
        let (fix, unsafe_fix) = (MergedFix::default(), MergedFix::default());
        let mut this =
            Self { contexts: 0, first, part, more: 0, fix, unsafe_fix, has_unsafe: false, finding };
        this.add(fixes);
        this
    }

    /// The fixes of one more context.
    fn add(&mut self, (fix, unsafe_fix): (Option<Fix>, Option<Fix>)) {
        self.contexts += 1;
        self.has_unsafe |= unsafe_fix.is_some();
        self.unsafe_fix.add(unsafe_fix.or_else(|| fix.clone()));
        self.fix.add(fix);
    }

    fn is_once_per_root(&self) -> bool {
        self.finding.rule.is_once_per_root()
    }

    /// The same, said of another place.
    fn join(&mut self, other: Self) {
        self.more += 1;
        let here_too = |label: &&Label| label.message == HERE_TOO;
        if self.finding.labels.iter().filter(here_too).count() < MOST_PLACES {
            let (place, message) = (other.finding.primary.place, HERE_TOO.to_owned());
            self.finding.labels.push(Label { place, message, role: LabelRole::Context });
        }
        self.has_unsafe |= other.has_unsafe;
        self.fix.add(other.fix.finish());
        self.unsafe_fix.add(other.unsafe_fix.finish());
    }
}

/// The fix of all contexts of a finding.
#[derive(Debug)]
struct MergedFix {
    /// The first one, with the applicability of them all.
    first: Option<Fix>,
    /// What cures it in all of them; `None` where one has no fix, or they do not go together: what one server needs in a
    /// shared file may be wrong for another.
    edits: Option<Plan>,
}

impl Default for MergedFix {
    fn default() -> Self {
        Self { first: None, edits: Some(Plan::default()) }
    }
}

impl MergedFix {
    fn add(&mut self, fix: Option<Fix>) {
        let Some(fix) = fix else {
            self.edits = None;
            return;
        };
        let edits = self.edits.take().filter(|edits| edits.agrees(&fix.edits));
        self.edits = edits.and_then(|mut edits| edits.add(&fix.edits).then_some(edits));
        // The first one has the title.
        let known = self.first.get_or_insert(fix.clone());
        known.applicability = known.applicability.max(fix.applicability);
    }

    fn finish(self) -> Option<Fix> {
        self.first.zip(self.edits).map(|(fix, edits)| Fix { edits: edits.edits(), ..fix })
    }
}

/// What was said so far.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    findings: BTreeMap<Key, Merged>,
    endpoints: BTreeMap<Place, EndpointRow>,
    proxied: BTreeSet<Place>,
    /// The paths of `--ws-path` that make an endpoint somewhere.
    served_paths: BTreeSet<String>,
    notices: BTreeMap<NoticeKey, Notice>,
    /// Where lines stand for others that were not read.
    unknown_lines: BTreeSet<Place>,
}

impl Gathered {
    /// Adds what one configuration has, by its number.
    pub(crate) fn of_part(&mut self, part: usize, found: Vec<Finding>, settings: &Settings) {
        self.add_findings(Some(part), found, settings);
    }

    /// Adds findings that are of no single configuration.
    pub(crate) fn findings(&mut self, found: Vec<Finding>, settings: &Settings) {
        self.add_findings(None, found, settings);
    }

    /// Adds findings; one that is there already at the same place keeps the highest severity and confidence.
    fn add_findings(&mut self, part: Option<usize>, found: Vec<Finding>, settings: &Settings) {
        for mut finding in found {
            if let Some(Level::At(severity)) = settings.level(finding.rule) {
                finding.severity = severity;
            }
            let said = if finding.endpoint.is_none() { finding.message.clone() } else { String::new() };
            match self.findings.entry((finding.rule.name, finding.primary.place, said)) {
                Entry::Vacant(entry) => {
                    entry.insert(Merged::new(finding, part));
                }
                Entry::Occupied(mut entry) => {
                    let merged = entry.get_mut();
                    merged.add((finding.fix.take(), finding.unsafe_fix.take()));
                    let confidence = merged.finding.confidence.max(finding.confidence);
                    if finding.severity > merged.finding.severity {
                        merged.finding = finding;
                    }
                    merged.finding.confidence = confidence;
                }
            }
        }
    }

    /// Adds an endpoint.
    pub(crate) fn endpoint(&mut self, endpoint: &Endpoint<'_>, versions: VersionRange) {
        let declared = endpoint.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Declared);
        self.served_paths.extend(declared.filter_map(|evidence| evidence.path.clone()));
        let row = rows::endpoint(endpoint, versions);
        self.endpoints.entry(row.place).or_insert(row);
    }

    /// Adds what else a model tells.
    pub(crate) fn model(&mut self, model: &Model<'_>) {
        // Findings speak about these.
        self.served_paths.extend(model.lost_paths.iter().map(|lost| lost.path.clone()));
        let others = model.unsupported.iter().chain(&model.unproxied).flat_map(|endpoint| &endpoint.evidence);
        self.served_paths.extend(others.filter_map(|evidence| evidence.path.clone()));
        for (_, pass) in &model.passes {
            self.proxied.insert(ws_rules::place(pass.directive.visible().at()));
        }
    }

    /// Adds all but the findings of what was gathered elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.served_paths.extend(other.served_paths.iter().cloned());
        for (place, row) in &other.endpoints {
            self.endpoints.entry(*place).or_insert_with(|| row.clone());
        }
        self.proxied.extend(&other.proxied);
        self.unknown_lines.extend(&other.unknown_lines);
        self.notices.extend(other.notices.iter().map(|(key, notice)| (key.clone(), notice.clone())));
    }

    /// Says which of the user's paths no location that proxies serves, in any server.
    pub(crate) fn unserved_paths(&mut self, paths: &[String]) {
        let served = std::mem::take(&mut self.served_paths);
        for path in paths.iter().filter(|path| !served.contains(*path)) {
            let message = format!("no location that proxies serves `{path}` of --ws-path");
            let code = NoticeCode::CommandLine;
            self.notice(Notice { code, message, place: None, path: None, incomplete: false });
        }
    }

    /// A line that stands for others that were not read.
    pub(crate) fn unknown_lines(&mut self, place: Place) {
        self.unknown_lines.insert(place);
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        let key = (notice.place, notice.path.clone(), notice.code.name(), notice.message.clone());
        self.notices.insert(key, notice);
    }

    /// Adds to the text of the notices of a kind at a place, once.
    pub(crate) fn say_more(&mut self, code: NoticeCode, place: Place, more: &str) {
        let said =
            self.notices.extract_if(.., |_, notice| notice.code == code && notice.place == Some(place));
        for (_, mut notice) in said.collect::<Vec<_>>() {
            if !notice.message.ends_with(more) {
                notice.message.push_str(more);
            }
            self.notice(notice);
        }
    }

    /// Leaves out what is suppressed, sorts and counts.
    pub(crate) fn finish(mut self, files: Vec<File>, judged: usize, suppressions: &Suppressions) -> Outcome {
        if self.endpoints.is_empty() && !self.proxied.is_empty() {
            let count = self.proxied.len();
            let among = if count == 1 {
                "in the one proxied location".to_owned()
            } else {
                format!("among {count} proxied locations")
            };
            let message = format!(
                "no WebSocket endpoint found {among}; name one with --ws-path or use --assume-websocket"
            );
            self.notice(Notice {
                code: NoticeCode::NoEndpoint,
                message,
                place: None,
                path: None,
                incomplete: false,
            });
        }
        let path =
            |place: &Place| files.get(place.file.0 as usize).map_or("", |file| file.source.path()).to_owned();
        let merged: Vec<Merged> = self.findings.into_values().collect();
        // A comment silences its own line alone, not the others that one finding speaks for.
        let (silenced, merged): (Vec<Merged>, Vec<Merged>) = merged
            .into_iter()
            .partition(|merged| merged.is_once_per_root() && suppressions.cover(&merged.finding));
        let merged = once_per_root(merged, &path);
        let mut findings: Vec<Finding> = merged.into_iter().map(in_contexts).collect();
        findings.sort_by_cached_key(|finding| {
            (path(&finding.primary.place), finding.primary.place.span, finding.rule.name)
        });
        number_equal_fingerprints(&mut findings);
        let mut suppressed: Vec<Finding> = silenced.into_iter().map(|merged| merged.finding).collect();
        suppressed.extend(findings.extract_if(.., |finding| suppressions.cover(finding)));
        let mut endpoints: Vec<EndpointRow> = self.endpoints.into_values().collect();
        endpoints.sort_by_cached_key(|row| (path(&row.place), row.place.span));
        let mut notices: Vec<Notice> = self.notices.into_values().collect();
        notices.sort_by_cached_key(|notice| {
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
            suppressed: suppressed.len(),
            unknown_lines: self.unknown_lines.len(),
            fixable: findings.iter().filter(|finding| finding.fix.is_some()).count(),
            fixable_safely: findings.iter().filter(|finding| is_safe(finding)).count(),
            ..Summary::default()
        };
        Outcome { files, findings, suppressed, endpoints, notices, summary, ..Outcome::default() }
    }
}

/// Whether it has an edit that may be applied unseen.
fn is_safe(finding: &Finding) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe)
}

/// As many further places of a finding are pointed at.
const MOST_PLACES: usize = 4;

/// One finding for each main file of what is about the whole of it: the first, with the places and edits of the others.
fn once_per_root(mut all: Vec<Merged>, path: &dyn Fn(&Place) -> String) -> Vec<Merged> {
    all.sort_by_cached_key(|merged| {
        let place = merged.finding.primary.place;
        // The most severe one speaks for the others.
        (std::cmp::Reverse(merged.finding.severity), path(&place), place.span)
    });
    let mut first: BTreeMap<(&'static str, usize), usize> = BTreeMap::new();
    let mut kept: Vec<Merged> = Vec::with_capacity(all.len());
    for merged in all {
        let part = merged.part.filter(|_| merged.is_once_per_root());
        let Some(key) = part.map(|part| (merged.finding.rule.name, part)) else {
            kept.push(merged);
            continue;
        };
        match first.get(&key).and_then(|index| kept.get_mut(*index)) {
            Some(this) => this.join(merged),
            None => {
                first.insert(key, kept.len());
                kept.push(merged);
            }
        }
    }
    kept
}

/// Says in how many contexts a finding holds, when there is more than one.
fn in_contexts(merged: Merged) -> Finding {
    let Merged { mut finding, contexts, first, fix, unsafe_fix, has_unsafe, more, .. } = merged;
    finding.fix = fix.finish();
    finding.unsafe_fix = unsafe_fix.finish().filter(|_| has_unsafe && is_safe(&finding));
    if let Some(first) = first.filter(|_| contexts > 1) {
        let server = if first.server.is_empty() { "without a name" } else { &first.server };
        let note = format!(
            "the line is in effect in {contexts} places, the first in server {server}, location {}",
            first.location
        );
        add_to_help(&mut finding, note);
    }
    if more > 0 {
        let places = if more == 1 { "one more place".to_owned() } else { format!("{more} more places") };
        add_to_help(&mut finding, format!("the same holds at {places} of this configuration"));
    }
    finding
}

fn add_to_help(finding: &mut Finding, note: String) {
    finding.help = Some(match finding.help.take() {
        Some(help) => format!("{help}\n{note}"),
        None => note,
    });
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
