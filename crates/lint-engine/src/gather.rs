//! One outcome out of what all configurations said: each finding once, sorted, counted.

mod merged;
mod share;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

use hashbrown::{HashMap, HashSet, HashTable};
use lint_finding::{
    EndpointRow, File, Finding, Fingerprint, Label, Notice, NoticeCode, Outcome, Place, Severity, Summary,
    Suppressed, Text,
};
use nginx_semantics::{Configuration, ContextId, Loaded};
use nginx_syntax::Span;
use ws_model::{Endpoint, EvidenceKind, Model};
use ws_rules::{Context, Findings};

use self::merged::{Merged, Part, key, once_per_root, order};
pub(crate) use self::share::Shared;
use crate::on_disk::OnDisk;
use crate::rows;
use crate::settings::Told;
use crate::suppress::{Suppressions, Used};

/// A notice is said once: place, path, code and message.
type NoticeKey = (Option<Place>, Option<String>, &'static str, String);

/// What was said so far.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    findings: Vec<Merged>,
    /// Their numbers by the hash of what they say, to find the one that says the same.
    said: HashTable<(u64, usize)>,
    hasher: RandomState,
    endpoints: Vec<EndpointRow>,
    /// Where these are.
    places: HashSet<Place>,
    shared: Shared,
    proxied: BTreeSet<Place>,
    /// The paths of `--ws-path` that make an endpoint somewhere.
    served_paths: BTreeSet<String>,
    /// The paths of `not-websocket` without which there would be more endpoints.
    denied_paths: BTreeSet<String>,
    notices: BTreeMap<NoticeKey, Notice>,
    /// Where lines stand for others that were not read.
    unknown_lines: BTreeSet<Place>,
}

/// What is told of an endpoint beside findings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Met {
    served_paths: Vec<String>,
    /// None where another one of the same place has it.
    row: Option<EndpointRow>,
}

impl Met {
    pub(crate) fn new(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, is_new: bool) -> Self {
        let declared = endpoint.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Declared);
        Self {
            served_paths: declared.filter_map(|evidence| evidence.path.clone()).collect(),
            row: is_new.then(|| rows::endpoint(endpoint, cx.handshake(endpoint).as_deref(), cx.versions())),
        }
    }

    pub(crate) fn row(&self) -> Option<&EndpointRow> {
        self.row.as_ref()
    }

    /// The same, with what its row has in common with those before.
    pub(crate) fn sharing(self, shared: &mut Shared) -> Self {
        Self { row: self.row.map(|row| shared.row(row)), ..self }
    }
}

impl Gathered {
    /// Adds what one configuration has, by its number.
    pub(crate) fn of_part(&mut self, part: usize, loaded: &Loaded, found: Vec<Finding>, told: &Told<'_>) {
        let configuration =
            loaded.layouts.get(part).map(|layout| Configuration::new(&loaded.sources, layout));
        let fragment = |configuration: Configuration<'_>| Some(configuration.fragments().first()?.file);
        let first = configuration.and_then(|one| one.root().or_else(|| fragment(one)));
        let kin = first.and_then(|file| loaded.sources.ways(file).next());
        self.add_findings(Some(Part { number: part, kin }), found, told);
    }

    /// Adds findings that are of no single configuration.
    pub(crate) fn findings(&mut self, found: Vec<Finding>, told: &Told<'_>) {
        self.add_findings(None, found, told);
    }

    /// Adds findings; one that is there already at the same place keeps the highest severity and confidence.
    fn add_findings(&mut self, part: Option<Part>, found: Vec<Finding>, told: &Told<'_>) {
        let Self { findings: all, said, hasher, .. } = self;
        for mut finding in found {
            if let Some(severity) = told.severity(&finding) {
                finding.severity = severity;
            }
            let hash = hasher.hash_one(key(&finding));
            let is_same = |&(_, number): &(u64, usize)| {
                all.get(number).is_some_and(|known| key(&known.finding) == key(&finding))
            };
            let known = said.find(hash, is_same).map(|(_, number)| *number);
            if let Some(known) = known.and_then(|number| all.get_mut(number)) {
                known.add(finding, part);
            } else {
                said.insert_unique(hash, (hash, all.len()), |(hash, _)| *hash);
                all.push(Merged::new(finding, part));
            }
        }
    }

    /// The endpoints of a model whose places were not met before, by their locations: one place may be read into many.
    pub(crate) fn new_endpoints(&mut self, model: &Model<'_>) -> BTreeSet<ContextId> {
        let is_new = |endpoint: &&Endpoint<'_>| self.places.insert(rows::place_of_endpoint(endpoint));
        let new: BTreeSet<ContextId> =
            model.endpoints.iter().filter(is_new).map(|endpoint| endpoint.context).collect();
        self.endpoints.reserve(new.len());
        new
    }

    /// Adds an endpoint.
    pub(crate) fn endpoint(&mut self, met: Option<Met>) {
        let Some(Met { served_paths, row }) = met else { return };
        self.served_paths.extend(served_paths);
        self.endpoints.extend(row.map(|row| self.shared.row(row)));
    }

    /// Of endpoints, those that are added afterwards are not taken for known ones.
    pub(crate) fn forget_places(&mut self) {
        self.places.clear();
    }

    /// Adds an endpoint that is kept, unless another one of its place was added.
    pub(crate) fn kept_endpoint(&mut self, met: &Met) {
        self.served_paths.extend(met.served_paths.iter().cloned());
        if let Some(row) = met.row().filter(|row| self.places.insert(row.place)) {
            self.endpoints.push(row.clone());
        }
    }

    /// Adds what else a model tells.
    pub(crate) fn model(&mut self, model: &Model<'_>) {
        // Findings speak about these.
        self.served_paths.extend(model.lost_paths.iter().map(|lost| lost.path.clone()));
        self.denied_paths.extend(model.denied_paths.iter().cloned());
        self.served_paths.extend(model.unclear_paths.iter().map(|(path, _)| path.clone()));
        self.served_paths.extend(model.arrivals.iter().map(|arrival| arrival.url.text.clone()));
        let others = model.unsupported.iter().chain(&model.unproxied).flat_map(|endpoint| &endpoint.evidence);
        self.served_paths.extend(others.filter_map(|evidence| evidence.path.clone()));
        for (_, pass) in &model.passes {
            self.proxied.insert(pass.directive.visible().at());
        }
    }

    /// Adds all but the findings of what was gathered elsewhere.
    pub(crate) fn add(&mut self, other: &Self) {
        self.served_paths.extend(other.served_paths.iter().cloned());
        self.denied_paths.extend(other.denied_paths.iter().cloned());
        for row in &other.endpoints {
            if self.places.insert(row.place) {
                self.endpoints.push(row.clone());
            }
        }
        self.proxied.extend(&other.proxied);
        self.unknown_lines.extend(&other.unknown_lines);
        self.notices.extend(other.notices.iter().map(|(key, notice)| (key.clone(), notice.clone())));
    }

    /// Says which of the user's paths no location that proxies serves, in any server.
    pub(crate) fn unserved_paths(&mut self, paths: &[String]) {
        let unserved: Vec<&String> = paths.iter().filter(|path| !self.is_served(path)).collect();
        for path in unserved {
            let message = match path.starts_with('/') {
                true => format!("no location that proxies serves `{path}` of --ws-path"),
                false => format!("which server gets `{path}` of --ws-path cannot be told"),
            };
            let code = NoticeCode::CommandLine;
            self.notice(Notice { code, message, place: None, path: None, incomplete: false });
        }
    }

    /// Whether a location that proxies serves a path that somebody names.
    pub(crate) fn is_served(&self, path: &str) -> bool {
        self.served_paths.contains(path)
    }

    /// Whether a path of `not-websocket` changes what is an endpoint.
    pub(crate) fn is_denied(&self, path: &str) -> bool {
        self.denied_paths.contains(path)
    }

    /// Whether lines stand for others that were not read.
    pub(crate) fn has_unknown_lines(&self) -> bool {
        !self.unknown_lines.is_empty()
    }

    /// A line that stands for others that were not read.
    pub(crate) fn unknown_lines(&mut self, place: Place) {
        self.unknown_lines.insert(place);
    }

    /// Counts what stands in one line of a file on disk once, however many texts it is read into.
    pub(crate) fn counted_on_disk(&mut self, on_disk: &OnDisk<'_>, loaded: &Loaded) {
        // What nginx would refuse in a file that a template includes, on some ways through its branches: whether the
        // conditions of these ever hold together, no template tells.
        for merged in &mut self.findings {
            let file = merged.finding.primary.place.file;
            let is_plain = || loaded.sources.get(file).is_some_and(|file| file.hosted().is_none());
            if merged.finding.is_refusal() && is_plain() {
                let ways = on_disk.other_ways(loaded, file);
                if ways > 0 && merged.contexts() <= ways {
                    merged.finding.severity = Severity::Info;
                }
            }
        }
        let included = on_disk.included(loaded);
        for merged in &mut self.findings {
            let file = merged.finding.primary.place.file;
            if let Some(note) = included.as_ref().and_then(|ways| ways.only_where(file, &merged.parts)) {
                add_to_label(&mut merged.finding.primary, &note);
            }
        }
        for places in [&mut self.proxied, &mut self.unknown_lines] {
            *places = places.iter().map(|place| on_disk.place(*place)).collect();
        }
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        let key = (notice.place, notice.path.clone(), notice.code.name(), notice.message.clone());
        self.notices.insert(key, notice);
    }

    /// Adds to the text of the notices of a kind at a place, once.
    pub(crate) fn say_more(&mut self, code: NoticeCode, place: Place, more: &str) {
        // Those of a place lie one behind the other.
        let from: NoticeKey = (Some(place), None, "", String::new());
        let here = self.notices.range(from..).take_while(|((at, ..), _)| *at == Some(place));
        let keys: Vec<NoticeKey> =
            here.filter(|(_, notice)| notice.code == code).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let Some(mut notice) = self.notices.remove(&key) else { continue };
            if !notice.message.ends_with(more) {
                notice.message.push_str(more);
            }
            self.notice(notice);
        }
    }

    /// Leaves out what is suppressed, sorts and counts.
    /// `unused` finds what comments suppress in vain.
    pub(crate) fn finish(
        mut self,
        files: Vec<File>,
        judged: usize,
        suppressions: &Suppressions<'_>,
        unused: impl FnOnce(&Used, &mut Findings),
    ) -> Outcome {
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
        let ranks = Ranks::new(&files);
        let in_order = |one: &Finding, other: &Finding| {
            let (here, there) = (ranks.of(one.primary.place), ranks.of(other.primary.place));
            here.cmp(&there).then_with(|| order(one, other))
        };
        // A comment silences its own line alone, not the others that one finding speaks for.
        let (silenced, told): (Vec<Merged>, Vec<Merged>) = std::mem::take(&mut self.findings)
            .into_iter()
            .partition(|merged| merged.is_once_per_root() && suppressions.cover(&merged.finding));
        let mut merged = once_per_root(told, in_order);
        merged.sort_by(|one, other| in_order(&one.finding, &other.finding));
        let mut findings: Vec<Finding> = merged.into_iter().map(Merged::finish).collect();
        number_equal_fingerprints(&mut findings);
        let mut used = Used::default();
        let mut suppressed: Vec<Suppressed> = Vec::new();
        let mut shown = Vec::with_capacity(findings.len());
        let mut place = |finding: Finding, used: &mut Used| match suppressions.apply(&finding, used) {
            Some((reason, comment)) => suppressed.push(Suppressed { finding, reason, comment }),
            None => shown.push(finding),
        };
        let silenced = silenced.into_iter().map(|merged| merged.finding);
        silenced.chain(findings).for_each(|finding| place(finding, &mut used));
        suppressions.denied(&used).for_each(|notice| self.notice(notice));
        let mut more = Findings::default();
        unused(&used, &mut more);
        let more = more.into_vec();
        let has_more = !more.is_empty();
        more.into_iter().for_each(|finding| place(finding, &mut used));
        let mut findings = shown;
        if has_more {
            findings.sort_by(in_order);
        }
        suppressed.sort_by(|one, other| in_order(&one.finding, &other.finding));
        let mut endpoints = self.endpoints;
        endpoints.sort_by_key(|row| (ranks.of(row.place), row.place.span, row.place.file));
        let mut notices: Vec<Notice> = self.notices.into_values().collect();
        notices.sort_by(|one, other| place_of_notice(one, &files).cmp(&place_of_notice(other, &files)));
        let summary = Summary {
            files: judged,
            endpoints: endpoints.len(),
            proxied_locations: self.proxied.len(),
            suppressed: suppressed.len(),
            suppressed_refusals: suppressed.iter().filter(|one| one.finding.is_refusal()).count(),
            unknown_lines: self.unknown_lines.len(),
            ..Summary::default()
        };
        let mut outcome =
            Outcome { files, findings, suppressed, endpoints, notices, summary, ..Outcome::default() };
        outcome.count_findings();
        outcome
    }
}

/// The numbers of files in the order of their paths: comparing findings compares no paths.
pub(crate) struct Ranks(Vec<usize>);

impl Ranks {
    pub(crate) fn new(files: &[File]) -> Self {
        let mut paths: Vec<(&str, usize)> =
            files.iter().enumerate().map(|(number, file)| (file.source.path(), number)).collect();
        paths.sort_unstable();
        let mut ranks = vec![0; files.len()];
        let mut last = ("", 0);
        for (path, number) in paths {
            last = if path == last.0 { last } else { (path, last.1 + 1) };
            if let Some(rank) = ranks.get_mut(number) {
                *rank = last.1;
            }
        }
        Self(ranks)
    }

    /// That of a place's file; the lowest for one without a file.
    pub(crate) fn of(&self, place: Place) -> usize {
        self.0.get(place.file.0 as usize).copied().unwrap_or(0)
    }
}

/// What notices are sorted by: those without a place come last.
fn place_of_notice<'a>(
    notice: &'a Notice,
    files: &'a [File],
) -> (bool, Option<&'a str>, Option<Span>, &'static str, &'a str) {
    let path = match notice.place {
        Some(place) => Some(files.get(place.file.0 as usize).map_or("", |file| file.source.path())),
        None => notice.path.as_deref(),
    };
    (path.is_none(), path, notice.place.map(|place| place.span), notice.code.name(), &notice.message)
}

/// Two findings of one rule with the same words around them differ by their order.
fn number_equal_fingerprints(findings: &mut [Finding]) {
    type Of = fn(&mut Finding) -> &mut Fingerprint;
    for of in [(|finding| &mut finding.fingerprint) as Of, |finding| &mut finding.fingerprint_v2] {
        let mut seen: HashMap<Fingerprint, u32> = HashMap::with_capacity(findings.len());
        for finding in &mut *findings {
            let this = of(finding);
            let count = seen.entry(*this).or_default();
            *count += 1;
            if *count > 1 {
                *this = this.numbered(*count);
            }
        }
    }
}

/// Adds to the words of a label.
fn add_to_label(label: &mut Label, note: &str) {
    let said = std::mem::take(&mut label.message);
    label.message = Text::Owned(if said.is_empty() { note.to_owned() } else { format!("{said}; {note}") });
}
