//! Which findings stand at which block.
//!
//! A finding about an endpoint is marked at its location, wherever the line to blame stands; any other one at the block
//! that its line is in. One line may be in many blocks, by an include, and is marked at each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lint_finding::{FileId, Outcome, Place, Severity};
use nginx_semantics::{Configuration, ContextId, ContextKind, Pass, Presence};

use super::parts::Parts;
use crate::on_disk::OnDisk;

/// Severity and rule, the worst first.
pub(super) type Mark = BTreeSet<(Reverse<Severity>, &'static str)>;

/// What is marked.
#[derive(Default)]
pub(super) struct Marks {
    /// By part and block.
    blocks: HashMap<(usize, ContextId), Mark>,
    /// By part: what stands at no block.
    parts: Vec<Mark>,
}

/// The findings by file and offset of the place that they are found by.
#[derive(Default)]
struct Places {
    /// Those about an endpoint, by the line that opens its block.
    of_openers: BTreeMap<(FileId, u32), Vec<usize>>,
    /// The others, by the line to blame.
    of_lines: BTreeMap<(FileId, u32), Vec<usize>>,
}

impl Places {
    fn of(outcome: &Outcome) -> Self {
        let mut this = Self::default();
        for (number, finding) in outcome.findings.iter().enumerate() {
            let at = finding.endpoint.as_ref().and_then(|name| name.place);
            let (table, place) = match at {
                Some(place) => (&mut this.of_openers, place),
                None => (&mut this.of_lines, finding.primary.place),
            };
            table.entry((place.file, place.span.start)).or_default().push(number);
        }
        this
    }
}

/// The numbers of the findings at a place.
fn at(table: &BTreeMap<(FileId, u32), Vec<usize>>, place: Place) -> impl Iterator<Item = usize> + '_ {
    let end = place.span.end.max(place.span.start.saturating_add(1));
    table.range((place.file, place.span.start)..(place.file, end)).flat_map(|(_, numbers)| numbers).copied()
}

impl Marks {
    pub(super) fn of(parts: &Parts<'_>, on_disk: Option<&OnDisk<'_>>, outcome: &Outcome) -> Self {
        let places = Places::of(outcome);
        let mut this = Self { parts: parts.0.iter().map(|_| Mark::new()).collect(), ..Self::default() };
        let mut marked = HashSet::new();
        let place = |place: Place| on_disk.map_or(place, |on_disk| on_disk.place(place));
        for (number, part) in parts.0.iter().enumerate() {
            let configuration = part.configuration;
            for (context, _) in configuration.contexts() {
                let mut found: Vec<usize> = Vec::new();
                if let Some(opener) = configuration.opener(context) {
                    let opener = place(opener.visible().at());
                    found.extend(at(&places.of_openers, opener).chain(at(&places.of_lines, opener)));
                }
                let openers: HashSet<_> = configuration
                    .children(context)
                    .iter()
                    .filter_map(|child| configuration.context(*child).opener)
                    .collect();
                let lines = configuration.directives(context);
                for line in lines.filter(|line| !openers.contains(&line.reference)) {
                    found.extend(at(&places.of_lines, place(line.visible().at())));
                }
                let marks =
                    found.iter().filter_map(|finding| Some((*finding, outcome.findings.get(*finding)?)));
                for (finding, one) in marks {
                    marked.insert(finding);
                    let mark = (Reverse(one.severity), one.rule.name);
                    match block(configuration, context) {
                        Some(block) => _ = this.blocks.entry((number, block)).or_default().insert(mark),
                        None => _ = this.parts.get_mut(number).map(|all| all.insert(mark)),
                    }
                }
            }
        }
        this.add_rest(parts, on_disk, outcome, &marked);
        this
    }

    /// What was found outside of all directives goes to the first part that has the file.
    fn add_rest(
        &mut self,
        parts: &Parts<'_>,
        on_disk: Option<&OnDisk<'_>>,
        outcome: &Outcome,
        marked: &HashSet<usize>,
    ) {
        let of_files: Vec<BTreeSet<FileId>> = parts
            .0
            .iter()
            .map(|part| {
                let files = part.configuration.files().into_iter();
                let on_disk = |file| {
                    let start = Place { file, span: Default::default() };
                    on_disk.map_or(start, |on_disk| on_disk.place(start)).file
                };
                files.map(on_disk).collect()
            })
            .collect();
        for (number, finding) in outcome.findings.iter().enumerate() {
            if marked.contains(&number) {
                continue;
            }
            let part = of_files.iter().position(|files| files.contains(&finding.primary.place.file));
            if let Some(all) = part.and_then(|part| self.parts.get_mut(part)) {
                all.insert((Reverse(finding.severity), finding.rule.name));
            }
        }
    }

    /// What is marked at a block, the worst first.
    pub(super) fn at(&self, part: usize, block: ContextId) -> Vec<(Severity, &'static str)> {
        in_order(self.blocks.get(&(part, block)))
    }

    /// The worst that is marked at a block.
    pub(super) fn worst(&self, part: usize, block: ContextId) -> Option<Severity> {
        let (Reverse(severity), _) = self.blocks.get(&(part, block))?.first()?;
        Some(*severity)
    }

    /// What is marked at a part.
    pub(super) fn of_part(&self, part: usize) -> Vec<(Severity, &'static str)> {
        in_order(self.parts.get(part))
    }
}

/// As plain pairs.
pub(super) fn in_order(mark: Option<&Mark>) -> Vec<(Severity, &'static str)> {
    mark.into_iter().flatten().map(|(Reverse(severity), rule)| (*severity, *rule)).collect()
}

/// The block around a level that a picture has a node for: an `if` is one only if it passes requests on itself.
pub(super) fn block(configuration: Configuration<'_>, context: ContextId) -> Option<ContextId> {
    configuration.levels(context).find(|&level| match configuration.context(level).kind {
        ContextKind::If | ContextKind::LimitExcept => Pass::directly_in(configuration, level).is_some(),
        ContextKind::Location
        | ContextKind::Server
        | ContextKind::Upstream
        | ContextKind::StreamServer
        | ContextKind::StreamUpstream => configuration.context(level).presence != Presence::Absent,
        _ => false,
    })
}
