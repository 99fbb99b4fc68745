//! From places in texts that other files hold to places in the files on disk.
//!
//! All judging goes by the texts as nginx reads them. Whoever is told of a place edits a file: findings, endpoints and
//! edits leave the engine with places of files on disk. A file that nginx reads as it is stays as it is.

pub(crate) mod conditions;
mod included;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lint_finding::{
    EndpointRow, EvidenceRow, File, FileId, Finding, Fix, GraphNode, Group, Label, Outcome, PeerRow, Place,
    Setting, Severity, Suppressed, TableRow, Text, ViewName,
};
use nginx_semantics::{Configuration, Hosted, Layout, Loaded, SourceFile, Sources};
use nginx_syntax::Span;

use crate::gather::Ranks;
use conditions::{Premise, cases, common};

/// The files that others hold.
pub(crate) struct OnDisk<'a> {
    sources: &'a Sources,
    /// For each way through the branches of a template the first one of it.
    first: BTreeMap<FileId, FileId>,
    /// The templates that are judged together with others that have branches too: on which way through which of them a
    /// finding holds is not told apart.
    among_others: BTreeSet<FileId>,
    /// What all files have in the place of a placeholder; `None` where that differs.
    all_placeholders: BTreeMap<&'a str, Option<&'a str>>,
}

/// On which ways through the branches of a template a finding holds.
struct Where {
    /// In words.
    note: String,
    /// Whether the words name the conditions.
    is_told: bool,
}

impl<'a> OnDisk<'a> {
    /// `None` where all files are read as they are.
    pub(crate) fn of(loaded: &'a Loaded) -> Option<Self> {
        let sources = &loaded.sources;
        let hosted: Vec<(FileId, &Hosted)> =
            sources.iter().filter_map(|(id, file)| Some((id, file.hosted()?))).collect();
        if hosted.is_empty() {
            return None;
        }
        let mut first = BTreeMap::new();
        let mut base: Option<(FileId, &Hosted)> = None;
        for (id, one) in &hosted {
            // The ways of one template stand behind each other.
            if one.alternative() == 0 {
                base = Some((*id, one));
            } else if let Some((base, _)) = base.filter(|(_, base)| one.is_alternative_of(base)) {
                first.insert(*id, base);
            }
        }
        let mut all_placeholders: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (name, host) in hosted.iter().flat_map(|(_, one)| texts(one)) {
            let known = all_placeholders.entry(name).or_insert(Some(host));
            *known = known.filter(|known| *known == host);
        }
        let mut this = Self { sources, first, among_others: BTreeSet::new(), all_placeholders };
        for layout in &loaded.layouts {
            let files = Configuration::new(sources, layout).files();
            let branching: BTreeSet<FileId> =
                files.iter().filter_map(|file| this.first.get(file).copied()).collect();
            if branching.len() > 1 {
                this.among_others.extend(branching);
            }
        }
        Some(this)
    }

    /// In how many configurations a file is judged that differ in the branches of templates alone, one of them apart;
    /// 0 for most files.
    pub(crate) fn other_ways(&self, loaded: &Loaded, file: FileId) -> usize {
        let is_other = |layout: &&Arc<Layout>| {
            let files = Configuration::new(self.sources, layout).files();
            files.contains(&file) && files.iter().any(|file| self.first.contains_key(file))
        };
        loaded.layouts.iter().filter(is_other).count()
    }

    fn hosted(&self, id: FileId) -> Option<&'a Hosted> {
        self.sources.get(id).and_then(SourceFile::hosted)
    }

    /// A place in the file on disk.
    pub(crate) fn place(&self, place: Place) -> Place {
        let Some(hosted) = self.hosted(place.file) else { return place };
        let file = self.first.get(&place.file).copied().unwrap_or(place.file);
        Place { file, span: hosted.on_disk(place.span) }
    }

    fn optional(&self, place: &mut Option<Place>) {
        *place = place.map(|place| self.place(place));
    }

    /// Files as they are on disk.
    fn files(&self, files: &mut [File]) {
        for (file, (_, source)) in files.iter_mut().zip(self.sources.iter()) {
            let Some(hosted) = source.hosted() else { continue };
            file.view = hosted.name().map(|name| {
                let path = hosted.is_dump().then(|| name.to_owned());
                let start = hosted.on_disk(Span::at(0)).start;
                // What a controller writes has no lines of its own.
                let is_rendered = hosted.view().rendered().is_some();
                let first_line = if is_rendered { 1 } else { hosted.source().line(start) };
                Arc::new(ViewName {
                    name: source.source.path().to_owned(),
                    path,
                    host: hosted.machine().map(str::to_owned),
                    first_line,
                })
            });
            file.source = hosted.source().clone();
        }
    }

    /// All that a run has to say. One finding is left of those that hold on several ways through a template's branches.
    pub(crate) fn outcome(&self, outcome: &mut Outcome) {
        self.files(&mut outcome.files);
        let ranks = Ranks::new(&outcome.files);
        outcome.findings = self.findings(std::mem::take(&mut outcome.findings), &ranks);
        outcome.suppressed = self.suppressed(std::mem::take(&mut outcome.suppressed), &ranks);
        let mut seen = BTreeSet::new();
        let mut endpoints = std::mem::take(&mut outcome.endpoints);
        endpoints.iter_mut().for_each(|row| self.endpoint(row));
        endpoints.retain(|row| seen.insert(row.place));
        endpoints.sort_by_key(|row| (ranks.of(row.place), row.place.span, row.place.file));
        outcome.endpoints = endpoints;
        let mut said = BTreeSet::new();
        for notice in &mut outcome.notices {
            if let Some(place) = notice.place {
                if let Some(written) = self.written(place.file, &notice.message) {
                    notice.message = written;
                }
            }
            self.optional(&mut notice.place);
        }
        outcome.notices.retain(|notice| {
            said.insert((notice.place, notice.path.clone(), notice.code, notice.message.clone()))
        });
        outcome.summary.suppressed = outcome.suppressed.len();
        outcome.summary.suppressed_refusals =
            outcome.suppressed.iter().filter(|one| one.finding.is_refusal()).count();
        outcome.summary.endpoints = outcome.endpoints.len();
        outcome.count_findings();
    }

    fn suppressed(&self, found: Vec<Suppressed>, ranks: &Ranks) -> Vec<Suppressed> {
        let mut why: BTreeMap<(Place, &'static str), (String, Place)> = BTreeMap::new();
        let mut findings = Vec::with_capacity(found.len());
        for Suppressed { finding, reason, comment } in found {
            let at = (self.place(finding.primary.place), finding.rule.name);
            why.entry(at).or_insert((reason, self.place(comment)));
            findings.push(finding);
        }
        let with_reason = |finding: Finding| {
            let (reason, comment) = why.get(&(finding.primary.place, finding.rule.name))?.clone();
            Some(Suppressed { finding, reason, comment })
        };
        self.findings(findings, ranks).into_iter().filter_map(with_reason).collect()
    }

    fn findings(&self, found: Vec<Finding>, ranks: &Ranks) -> Vec<Finding> {
        let mut merged: Vec<(Finding, FileId, BTreeSet<usize>)> = Vec::new();
        let mut known: BTreeMap<(Place, &'static str, String), usize> = BTreeMap::new();
        let mut at: BTreeMap<(Place, &'static str), Vec<usize>> = BTreeMap::new();
        for mut finding in found {
            let file = finding.primary.place.file;
            // What a page shows is no file that nginx is started with, and what `nginx -T` prints it takes.
            let is_taken = |hosted: &Hosted| hosted.is_documentation() || hosted.is_dump();
            if finding.is_refusal() && self.hosted(file).is_some_and(is_taken) {
                continue;
            }
            let alternative = self.hosted(file).map_or(0, Hosted::alternative);
            self.finding(&mut finding);
            let said = if finding.endpoint.is_none() { finding.message.to_string() } else { String::new() };
            let key = (finding.primary.place, finding.rule.name, said);
            if let Some((same, _, alternatives)) = known.get(&key).and_then(|&index| merged.get_mut(index)) {
                alternatives.insert(alternative);
                if finding.severity > same.severity {
                    *same = finding;
                }
                continue;
            }
            // On another way the same line may be told with another number.
            let here = at.entry((finding.primary.place, finding.rule.name)).or_default();
            let is_among_others = self.among_others.contains(&finding.primary.place.file);
            let has_ways = self.sources.ways(file).nth(1).is_some();
            let other = here.iter().copied().filter(|_| has_ways || is_among_others);
            let other = other.into_iter().find(|&index| {
                merged.get(index).is_some_and(|(_, _, ways)| is_among_others || !ways.contains(&alternative))
            });
            match other.and_then(|index| merged.get_mut(index)) {
                Some((known, _, alternatives)) => {
                    alternatives.insert(alternative);
                    // That one has most lines.
                    if alternative == 0 && finding.severity >= known.severity {
                        *known = finding;
                    }
                }
                None => {
                    here.push(merged.len());
                    known.insert(key, merged.len());
                    merged.push((finding, file, BTreeSet::from([alternative])));
                }
            }
        }
        let mut findings: Vec<Finding> = Vec::with_capacity(merged.len());
        for (mut finding, _, alternatives) in merged {
            if let Some(Where { note, is_told }) = self.only_where(&finding, &alternatives) {
                // Whether two conditions ever hold together, no template tells; where it cannot even be said which two,
                // there is nothing to look for.
                if !is_told && finding.is_refusal() && self.takes_another_branch(&finding) {
                    continue;
                }
                if finding.rule.group == Group::Configuration {
                    finding.severity = finding.severity.min(Severity::Info);
                }
                let said = std::mem::take(&mut finding.primary.message);
                let said = if said.is_empty() { note } else { format!("{said}; {note}") };
                finding.primary.message = Text::Owned(said);
            }
            findings.push(finding);
        }
        findings.sort_by(|one, other| {
            let (here, there) = (one.primary.place, other.primary.place);
            (ranks.of(here), here.span, one.rule.name)
                .cmp(&(ranks.of(there), there.span, other.rule.name))
                .then_with(|| other.severity.cmp(&one.severity))
                .then_with(|| one.message.cmp(&other.message))
        });
        findings
    }

    /// Whether a finding is also about a line that stands on other ways than its own line does.
    fn takes_another_branch(&self, finding: &Finding) -> bool {
        let own = finding.primary.place;
        let is_apart = |other: Place| {
            let mut ways = self.sources.ways(own.file).filter_map(|id| self.hosted(id));
            other.file != own.file
                || ways.any(|one| one.view().shows(other.span.start) && !one.view().shows(own.span.start))
        };
        finding.labels.iter().any(|label| is_apart(label.place))
    }

    /// On which ways through the branches a finding holds, if its line is on others too.
    fn only_where(&self, finding: &Finding, alternatives: &BTreeSet<usize>) -> Option<Where> {
        let untold = |note: String| Some(Where { note, is_told: false });
        let place = finding.primary.place;
        let all: Vec<&Hosted> = self.sources.ways(place.file).filter_map(|id| self.hosted(id)).collect();
        // A word of a branch is on no other way, but its statement may be.
        let statement = all.first().map_or(place.span.start, |one| statement_at(one, place.span.start));
        let is_on_line = |one: &&Hosted| {
            one.view().shows(place.span.start) || one.view().shows(statement) || one.has(place.span)
        };
        let on_line: Vec<&Hosted> = all.iter().copied().filter(is_on_line).collect();
        let (with, without): (Vec<&Hosted>, Vec<&Hosted>) =
            on_line.iter().partition(|one| alternatives.contains(&one.alternative()));
        // Where one condition is taken not to hold at a time, hardly any two of them are ever seen together.
        let is_one_by_one = all.len() > 2 && all.iter().all(|one| one.view().premises().len() <= 1);
        if finding.is_refusal() && is_one_by_one && without.is_empty() && on_line.len() < all.len() {
            return untold(format!(
                "on {} of {} ways that were tried through the branches of the template",
                with.len(),
                all.len()
            ));
        }
        if with.is_empty() || without.is_empty() {
            return None;
        }
        if self.among_others.contains(&place.file) {
            return untold("on some ways through the branches of the templates".to_owned());
        }
        let sets = |ways: &[&'a Hosted]| -> Vec<Vec<Premise<'a>>> {
            let sets = ways.iter().flat_map(|one| one.view().premise_sets());
            sets.map(|set| set.iter().map(|(text, holds)| (text.as_str(), *holds)).collect()).collect()
        };
        let (with_sets, without_sets) = (sets(&with), sets(&without));
        let told = cases(&with_sets, &without_sets).or_else(|| common(&with_sets, &without_sets));
        if let Some(cases) = told {
            return Some(Where { note: format!("where {cases} in the template"), is_told: true });
        }
        // Where one condition is taken not to hold at a time, the others say nothing.
        let holds_in = |one: &Hosted, premise: &(String, bool)| one.view().premises().contains(premise);
        let mut lacking =
            without.first().into_iter().flat_map(|first| first.view().premises()).filter(|premise| {
                is_one_by_one
                    && without.iter().all(|one| holds_in(one, premise))
                    && !with.iter().any(|one| holds_in(one, premise))
            });
        if let Some((text, holds)) = lacking.next() {
            let holds = if *holds { "does not hold" } else { "holds" };
            return Some(Where { note: format!("where `{text}` {holds} in the template"), is_told: true });
        }
        untold(format!("on {} of {} ways through the branches of the template", with.len(), on_line.len()))
    }

    /// The nodes of a picture: places on disk, and words as they are written there.
    pub(crate) fn nodes(&self, nodes: &mut [GraphNode]) {
        for node in nodes {
            let Some(place) = node.place else { continue };
            for text in std::iter::once(&mut node.title).chain(&mut node.lines) {
                if let Some(written) = self.written(place.file, text) {
                    *text = written;
                }
            }
            node.place = Some(self.place(place));
        }
    }

    /// Where a place is on the machine that was dumped.
    fn in_dump(&self, place: Place) -> Option<String> {
        let file = self.sources.get(place.file)?;
        let hosted = file.hosted().filter(|hosted| hosted.is_dump())?;
        let host = hosted.machine().map(|name| format!("{name}:")).unwrap_or_default();
        Some(format!("{host}{}:{}", hosted.name()?, file.source.line(place.span.start)))
    }

    fn finding(&self, finding: &mut Finding) {
        for label in std::iter::once(&mut finding.primary).chain(&mut finding.labels) {
            if let Some(place) = self.in_dump(label.place) {
                let said = std::mem::take(&mut label.message);
                label.message =
                    Text::Owned(if said.is_empty() { place } else { format!("{said} ({place})") });
            }
        }
        let mut told = BTreeSet::new();
        for label in std::iter::once(&mut finding.primary).chain(&mut finding.labels) {
            self.tell(label, &mut told);
        }
        let file = finding.primary.place.file;
        self.text(file, &mut finding.message);
        self.help(file, finding);
        if let Some(name) = &mut finding.endpoint {
            for text in [&mut name.server, &mut name.location] {
                if let Some(written) = self.written(file, text) {
                    *text = written;
                }
            }
            self.optional(&mut name.place);
        }
        for label in std::iter::once(&mut finding.primary).chain(&mut finding.labels) {
            self.text(label.place.file, &mut label.message);
        }
        finding.fix = finding.fix.take().and_then(|fix| self.fix(*fix)).map(Box::new);
        finding.unsafe_fix = finding.unsafe_fix.take().and_then(|fix| self.fix(*fix)).map(Box::new);
        self.label(&mut finding.primary);
        finding.labels.iter_mut().for_each(|label| self.label(label));
    }

    /// Says in a label where other files say what stands there, each once in a finding.
    fn tell(&self, label: &mut Label, told: &mut BTreeSet<&'a str>) {
        let Some(hosted) = self.hosted(label.place.file) else { return };
        for words in hosted.view().told(label.place.span) {
            if told.insert(words) {
                let said = std::mem::take(&mut label.message);
                let all = if said.is_empty() { words.to_owned() } else { format!("{said}; {words}") };
                label.message = Text::Owned(all);
            }
        }
    }

    /// The remedy in the way of the file on disk, but for the command that is typed elsewhere.
    fn help(&self, file: FileId, finding: &mut Finding) {
        let (Some(hosted), Some(help)) = (self.hosted(file), finding.help.as_mut()) else { return };
        let (lines, verify) = match finding.verify {
            Some(Span { start, end }) => {
                let part = |from: u32, to: u32| help.get(from as usize..to as usize).unwrap_or_default();
                let end_of_all = u32::try_from(help.len()).unwrap_or(u32::MAX);
                ([part(0, start), part(end, end_of_all)], part(start, end))
            }
            None => ([&**help, ""], ""),
        };
        let [before, after] = lines.map(|text| as_written(hosted, text));
        let verify = filled(hosted, verify, str::to_owned);
        let length = |text: &str| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let start = length(&before);
        let span = Span::new(start, start.saturating_add(length(&verify)));
        finding.verify = finding.verify.map(|_| span);
        // Whoever edits it by hand meets the same.
        let sealed = hosted.view().sealed();
        let sealed = sealed.map(|reason| format!("\nno fix edits this text: {reason}")).unwrap_or_default();
        *help = Text::Owned([before, verify, after, sealed].concat());
    }

    /// Placeholders as the file on disk has them.
    fn text(&self, file: FileId, text: &mut Text) {
        if let Some(written) = self.written(file, text) {
            *text = Text::Owned(written);
        }
    }

    /// `None` where a text has no placeholder. Those of the file that it speaks of come first, then those of all others.
    fn written(&self, file: impl Into<Option<FileId>>, text: &str) -> Option<String> {
        if !text.contains("${") {
            return None;
        }
        let file = file.into().and_then(|file| self.sources.get(file));
        let of_own = file.and_then(SourceFile::hosted).map(|hosted| filled(hosted, text, str::to_owned));
        // What nginx reads as it stands is its own variable there.
        let is_own = |name: &str| {
            file.is_some_and(|file| memchr::memmem::find(file.bytes(), name.as_bytes()).is_some())
        };
        let text_of_own = of_own.as_deref().unwrap_or(text);
        let all = self.all_placeholders.iter().filter_map(|(name, host)| Some((*name, (*host)?)));
        let all: Vec<(&str, &str)> =
            all.filter(|(name, _)| text_of_own.contains(*name) && !is_own(name)).collect();
        let of_all = replaced(&all, text_of_own, &str::to_owned);
        (of_all != text).then_some(of_all)
    }

    fn label(&self, label: &mut Label) {
        label.place = self.place(label.place);
    }

    /// A fix with edits of files on disk; `None` where one of them cannot be made there.
    fn fix(&self, mut fix: Fix) -> Option<Fix> {
        for edit in &mut fix.edits {
            let Some(hosted) = self.hosted(edit.place.file) else { continue };
            let (span, replacement) = hosted.edit(edit.place.span, &edit.replacement).ok()?;
            edit.place = Place { file: self.place(edit.place).file, span };
            edit.replacement = replacement;
        }
        fix.edits.sort_by_key(|edit| edit.place);
        fix.edits.dedup();
        Some(fix)
    }

    fn endpoint(&self, row: &mut EndpointRow) {
        let file = row.place.file;
        for text in [&mut row.location, &mut row.upstream] {
            if let Some(written) = self.written(file, text) {
                *text = written;
            }
        }
        for texts in [&mut row.server_names, &mut row.listens] {
            if texts.iter().any(|text| text.contains("${")) {
                let written = |text: &String| self.written(file, text).unwrap_or_else(|| text.clone());
                *texts = texts.iter().map(written).collect();
            }
        }
        for setting in [&mut row.host, &mut row.upgrade, &mut row.connection] {
            if let Some(written) = setting.value.as_ref().and_then(|value| self.written(file, value)) {
                setting.value = Some(written.into());
            }
        }
        row.place = self.place(row.place);
        row.evidence.iter_mut().for_each(|EvidenceRow { place, .. }| self.optional(place));
        for setting in [
            &mut row.http_version,
            &mut row.upgrade,
            &mut row.connection,
            &mut row.host,
            &mut row.idle_timeout,
        ] {
            self.setting(setting);
        }
        if row.other_headers.iter().any(|(_, setting)| setting.place.is_some()) {
            let header = |(name, setting): &(Arc<str>, Setting)| {
                let mut setting = setting.clone();
                let written = setting.value.as_ref().and_then(|value| self.written(file, value));
                setting.value = written.map(Into::into).or(setting.value);
                self.setting(&mut setting);
                (name.clone(), setting)
            };
            row.other_headers = row.other_headers.iter().map(header).collect();
        }
    }

    fn setting(&self, setting: &mut Setting) {
        self.optional(&mut setting.place);
    }

    /// The rows of a table of endpoints, each once.
    pub(crate) fn table(&self, rows: &mut Vec<TableRow>) {
        let peer = |PeerRow { text, place }: &PeerRow| {
            let written = self.written(place.file, text);
            PeerRow { text: written.map_or_else(|| text.clone(), Into::into), place: self.place(*place) }
        };
        let peers = |peers: &Arc<[PeerRow]>| peers.iter().map(peer).collect();
        for row in rows.iter_mut() {
            self.endpoint(&mut row.endpoint);
            row.peers = peers(&row.peers);
            row.balancing = peers(&row.balancing);
        }
        let mut seen = BTreeSet::new();
        rows.retain(|row| seen.insert((row.endpoint.place, row.endpoint.server_names.clone())));
    }
}

/// Where the first word of the line of the file on disk starts that an offset is on.
fn statement_at(hosted: &Hosted, offset: u32) -> u32 {
    let source = hosted.source();
    let line = source.line_span(source.line(offset));
    let blanks = line.of(source.bytes()).iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    (line.start + u32::try_from(blanks).unwrap_or(0)).min(offset)
}

/// The placeholders of a text, with what its file has in their place.
fn texts(hosted: &Hosted) -> impl Iterator<Item = (&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    hosted.view().placeholders().filter_map(move |(name, host)| Some((text(name)?, text(host)?)))
}

/// A text with its placeholders as the file on disk has them; `other` is applied to what stands between these.
fn filled(hosted: &Hosted, text: &str, other: impl Fn(&str) -> String) -> String {
    replaced(&texts(hosted).collect::<Vec<_>>(), text, &other)
}

fn replaced(placeholders: &[(&str, &str)], text: &str, other: &dyn Fn(&str) -> String) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let found = placeholders.iter().filter_map(|(name, host)| Some((rest.find(name)?, *name, *host)));
        let Some((at, name, host)) = found.min_by_key(|(at, name, _)| (*at, std::cmp::Reverse(name.len())))
        else {
            written.push_str(&other(rest));
            return written;
        };
        let (before, behind) = rest.split_at(at);
        written.push_str(&other(before));
        written.push_str(host);
        rest = behind.strip_prefix(name).unwrap_or_default();
    }
}

/// Text with lines of nginx as its host has them: those that are indented, and what stands between backticks.
fn as_written(hosted: &Hosted, text: &str) -> String {
    let escaped = |text: &str| {
        String::from_utf8(hosted.view().escaped(text.as_bytes())).unwrap_or_else(|_| text.to_owned())
    };
    let code = |text: &str| filled(hosted, text, escaped);
    let line = |line: &str| match line.starts_with("    ") {
        true => code(line),
        false => {
            let parts = line.split('`').enumerate();
            let parts =
                parts.map(
                    |(number, part)| {
                        if number % 2 == 1 { code(part) } else { filled(hosted, part, str::to_owned) }
                    },
                );
            parts.collect::<Vec<_>>().join("`")
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
