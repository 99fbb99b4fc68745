//! Whether the files after some edits are what the fixes promise.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hashbrown::HashMap;
use lint_finding::{Edit, EndpointRow, FileId, Finding, Fingerprint, Outcome, Place, Severity};

use super::blame::{Blame, Candidate, Contributors, Index, Target};
use super::pairs::{Before, Compared, compared};
use super::state::State;
use super::units::UnitKey;
use crate::plan::Moves;

/// Something that is wrong afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// In words, as the end of "not applied: …".
    pub(crate) reason: String,
    /// The fixes that may have done it; none where nobody can be told from the others.
    pub(crate) culprits: Vec<usize>,
    /// Whether it is that another location changes, and nothing else.
    pub(crate) is_about_others: bool,
}

impl Complaint {
    /// About all of them.
    pub(crate) fn of_all(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), culprits: Vec::new(), is_about_others: false }
    }
}

/// What is wrong after the chosen fixes; nothing where they do what they promise.
pub(crate) fn check(
    before: &State,
    after: &State,
    moves: &Moves,
    chosen: &[(usize, &Candidate)],
) -> Vec<Complaint> {
    let blame = Blame::new(chosen);
    let mut complaints = findings(before, after, moves, chosen, &blame);
    complaints.extend(endpoints(&before.all, &after.all, chosen));
    complaints.extend(notices(&before.all, &after.all));
    // Those that may change other locations are never blamed for it.
    if chosen.iter().any(|(_, candidate)| !candidate.is_relaxed) {
        complaints.extend(locations(before, after, chosen, &blame));
    }
    complaints
}

/// The targets must be gone, and nothing may be new or worse but what they had hidden.
fn findings(
    before: &State,
    after: &State,
    moves: &Moves,
    chosen: &[(usize, &Candidate)],
    blame: &Blame<'_>,
) -> Vec<Complaint> {
    let targets: BTreeMap<Fingerprint, usize> =
        chosen.iter().map(|(index, candidate)| (candidate.finding.fingerprint, *index)).collect();
    let revealed = Revealed::new(before, after, moves, chosen);
    let mut index = None;
    let mut complaints = Vec::new();
    let known = Before::new(&before.all.findings);
    for Compared { pairs, new } in compared(&before.all.findings, &after.all.findings, moves) {
        for (one, other) in pairs {
            if let Some(&fix) = targets.get(&one.fingerprint) {
                let reason = format!("{} would still be found", one.rule.name);
                complaints.push(Complaint { reason, culprits: vec![fix], is_about_others: false });
            } else if other.severity > one.severity {
                let index = index.get_or_insert_with(|| Index::new(before));
                complaints.push(new_finding("make worse", other, &after.all, moves, blame, index));
            }
        }
        for other in new {
            if revealed.allows(other) || known.had(other, moves) {
                continue;
            }
            let index = index.get_or_insert_with(|| Index::new(before));
            complaints.push(new_finding("cause", other, &after.all, moves, blame, index));
        }
    }
    complaints
}

/// What may come to light: while a handshake cannot succeed, rules do not speak about what else it lacks. A finding
/// that is milder than the one which is gone may take its place in the same location.
struct Revealed {
    /// The locations of what is found now, by rule and place.
    found: BTreeMap<(&'static str, Place), BTreeSet<Option<UnitKey>>>,
    /// The worst that was fixed, by location.
    fixed: BTreeMap<UnitKey, Severity>,
    /// Whether nginx refused to start for what is fixed, so that nothing worked before.
    is_start: bool,
}

impl Revealed {
    fn new(before: &State, after: &State, moves: &Moves, chosen: &[(usize, &Candidate)]) -> Self {
        let is_start = chosen.iter().any(|(_, candidate)| candidate.is_start());
        let mut this = Self { found: BTreeMap::new(), fixed: BTreeMap::new(), is_start };
        let renamed = renamed(before, after, moves, chosen);
        for (number, said) in after.said() {
            let key = (said.finding.rule.name, said.finding.primary.place);
            let part = after.parts.get(number);
            let unit = part.and_then(|part| part.locations.units.of(said.context?));
            this.found.entry(key).or_default().insert(unit);
        }
        let added = added(before, after, moves);
        for (_, candidate) in chosen {
            let severity = candidate.finding.severity;
            let adds =
                |edit: &Edit| edit.place.span.is_empty().then_some((edit.place.file, edit.place.span.start));
            let places = candidate.fix.edits.iter().filter_map(adds);
            for unit in places.filter_map(|place| added.get(&place)).flatten() {
                let worst = this.fixed.entry(*unit).or_insert(severity);
                *worst = severity.max(*worst);
            }
            for target in &candidate.targets {
                let unit = renamed.get(target).copied().unwrap_or(target.1);
                let worst = this.fixed.entry(unit).or_insert(severity);
                *worst = severity.max(*worst);
            }
        }
        this
    }

    fn allows(&self, finding: &Finding) -> bool {
        if self.is_start && finding.severity < Severity::Error {
            return true;
        }
        let units = self.found.get(&(finding.rule.name, finding.primary.place));
        let was_worse = |unit: &Option<UnitKey>| {
            unit.and_then(|unit| self.fixed.get(&unit)).is_some_and(|worst| *worst > finding.severity)
        };
        units.is_some_and(|units| units.iter().all(was_worse))
    }
}

/// The locations that were not there before, by the place at which they are added.
fn added(before: &State, after: &State, moves: &Moves) -> HashMap<(FileId, u32), Vec<UnitKey>> {
    let mut added: HashMap<(FileId, u32), Vec<UnitKey>> = HashMap::new();
    for (number, part) in after.parts.iter().enumerate() {
        let Some(configuration) = after.configuration(number) else { continue };
        let Some(old) = before.parts.iter().find(|old| old.name() == part.name()) else { continue };
        for (key, location) in
            part.locations.units.iter().filter(|(key, _)| old.locations.units.get(*key).is_none())
        {
            let Some(at) = configuration.opener(location).map(|opener| opener.at()) else { continue };
            let file = at.file;
            added.entry((file, moves.before(file, at.span.start))).or_default().push(key);
        }
    }
    added
}

/// What a location is called afterwards whose opening line is edited.
fn renamed(
    before: &State,
    after: &State,
    moves: &Moves,
    chosen: &[(usize, &Candidate)],
) -> BTreeMap<Target, UnitKey> {
    let mut renamed = BTreeMap::new();
    let mut by_opener: HashMap<usize, HashMap<(FileId, u32), UnitKey>> = HashMap::new();
    let candidates = chosen.iter().map(|(_, candidate)| candidate);
    for target in candidates.filter(|candidate| candidate.renames).flat_map(|candidate| &candidate.targets) {
        let (number, key) = *target;
        let old = before.parts.get(number).and_then(|part| part.locations.units.get(key));
        let old = old.zip(before.configuration(number));
        let Some(at) = old.and_then(|(location, configuration)| Some(configuration.opener(location)?.at()))
        else {
            continue;
        };
        let moved = moves.moved(at.file, at.span.start);
        let part = after
            .parts
            .iter()
            .position(|part| before.parts.get(number).is_some_and(|old| part.name() == old.name()));
        let Some(part) = part else { continue };
        let openers = by_opener.entry(part).or_insert_with(|| openers(after, part));
        let new = moved.iter().filter_map(|start| openers.get(&(at.file, *start))).min();
        renamed.extend(new.map(|new| (*target, *new)));
    }
    renamed
}

/// The locations of a part by where they are opened: the first of those that are opened at one place.
fn openers(state: &State, number: usize) -> HashMap<(FileId, u32), UnitKey> {
    let mut openers = HashMap::new();
    let Some((part, configuration)) = state.parts.get(number).zip(state.configuration(number)) else {
        return openers;
    };
    for (key, location) in part.locations.units.iter() {
        if let Some(at) = configuration.opener(location).map(|opener| opener.at()) {
            openers.entry((at.file, at.span.start)).or_insert(key);
        }
    }
    openers
}

fn new_finding(
    does: &str,
    finding: &Finding,
    after: &Outcome,
    moves: &Moves,
    blame: &Blame<'_>,
    index: &mut Index<'_>,
) -> Complaint {
    let place = finding.primary.place;
    let line = after.file(place.file).map_or(1, |file| file.source.line(place.span.start));
    let path = after.file(place.file).map_or("?", |file| file.source.path());
    let reason = format!("it would {does} {} at {path}:{line}", finding.rule.name);
    let old = moves.before(place.file, place.span.start);
    let block = index.block(Place { file: place.file, span: nginx_syntax::Span::at(old) });
    let file = place.file;
    let near = [blame.of_endpoint(finding), blame.of_block(block), blame.of_file(file)];
    let culprits = near.into_iter().find(|culprits| !culprits.is_empty()).unwrap_or_default().to_vec();
    Complaint { reason, culprits, is_about_others: false }
}

/// A finding must not go because nobody takes the location for an endpoint any more.
fn endpoints(before: &Outcome, after: &Outcome, chosen: &[(usize, &Candidate)]) -> Vec<Complaint> {
    fn key(row: &EndpointRow) -> (u32, &[String], &str) {
        (row.place.file.0, &row.server_names, row.location.as_str())
    }
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    before.endpoints.iter().for_each(|row| *counts.entry(key(row)).or_default() += 1);
    after.endpoints.iter().for_each(|row| *counts.entry(key(row)).or_default() -= 1);
    let mut complaints = Vec::new();
    for ((file, _, location), _) in counts.into_iter().filter(|(_, count)| *count > 0) {
        let in_file = chosen.iter().filter(|(_, candidate)| {
            candidate.renames || candidate.fix.edits.iter().any(|edit| edit.place.file.0 == file)
        });
        let in_file: Vec<_> = in_file.collect();
        if in_file
            .iter()
            .any(|(_, candidate)| candidate.renames || takes_upgrade(candidate, before, location))
        {
            continue;
        }
        let own = in_file.iter().filter(|(_, candidate)| {
            candidate.finding.endpoint.as_ref().is_some_and(|endpoint| endpoint.location == location)
        });
        let mut culprits: Vec<usize> = own.map(|(index, _)| *index).collect();
        if culprits.is_empty() {
            culprits = in_file.iter().map(|(index, _)| *index).collect();
        }
        let reason = format!("location {location} would not be known as a WebSocket endpoint any more");
        complaints.push(Complaint { reason, culprits, is_about_others: false });
    }
    complaints
}

/// Whether a finding about one endpoint blames a line of this other location, such as one that a subrequest asks: that it
/// is none any more may be what the fix is for.
fn takes_upgrade(candidate: &Candidate, before: &Outcome, location: &str) -> bool {
    let primary = candidate.finding.primary.place;
    let is_before =
        |row: &&EndpointRow| row.place.file == primary.file && row.place.span.start <= primary.span.start;
    let around = before.endpoints.iter().filter(is_before).max_by_key(|row| row.place.span.start);
    let is_other = candidate.finding.endpoint.as_ref().is_some_and(|endpoint| endpoint.location != location);
    is_other && around.is_some_and(|row| row.location == location)
}

/// Nothing may be left out that was judged before.
fn notices(before: &Outcome, after: &Outcome) -> Option<Complaint> {
    let incomplete = |outcome: &Outcome| -> BTreeSet<(&'static str, String)> {
        let notices = outcome.notices.iter().filter(|notice| notice.incomplete);
        notices.map(|notice| (notice.code.name(), notice.message.clone())).collect()
    };
    let known = incomplete(before);
    let (_, message) = incomplete(after).into_iter().find(|notice| !known.contains(notice))?;
    Some(Complaint::of_all(format!("then {message}")))
}

/// The locations that the fixes are for. Several findings may ask for one and the same edit, each for its own: it is for
/// all of them.
struct OwnLocations<'c> {
    by_index: HashMap<usize, Rc<[&'c Candidate]>>,
}

impl<'c> OwnLocations<'c> {
    fn of(chosen: &[(usize, &'c Candidate)]) -> Self {
        let mut alike: HashMap<Option<Place>, Vec<(usize, &'c Candidate)>> = HashMap::new();
        for (index, candidate) in chosen {
            let place = candidate.fix.edits.first().map(|edit| edit.place);
            alike.entry(place).or_default().push((*index, candidate));
        }
        let mut by_index = HashMap::new();
        for mut open in alike.into_values() {
            while let Some((_, first)) = open.first().copied() {
                let (same, others): (Vec<_>, Vec<_>) =
                    open.into_iter().partition(|(_, other)| other.fix.edits == first.fix.edits);
                let twins: Rc<[&Candidate]> = same.iter().map(|(_, candidate)| *candidate).collect();
                by_index.extend(same.iter().map(|(index, _)| (*index, Rc::clone(&twins))));
                open = others;
            }
        }
        Self { by_index }
    }

    fn has(&self, index: usize, target: Target) -> bool {
        let twins = self.by_index.get(&index).map(|twins| &**twins).unwrap_or_default();
        twins.iter().any(|twin| twin.targets.contains(&target))
    }
}

/// What is in effect elsewhere must stay.
fn locations(
    before: &State,
    after: &State,
    chosen: &[(usize, &Candidate)],
    blame: &Blame<'_>,
) -> Vec<Complaint> {
    let by_index: HashMap<usize, &Candidate> = chosen.iter().copied().collect();
    let own = OwnLocations::of(chosen);
    let same: BTreeMap<_, _> =
        after.parts.iter().enumerate().map(|(number, part)| (part.name(), (number, part))).collect();
    let mut complaints: BTreeMap<Vec<usize>, Complaint> = BTreeMap::new();
    for (number, part) in before.parts.iter().enumerate() {
        let Some(configuration) = before.configuration(number) else { continue };
        let new = same.get(&part.name()).filter(|(_, new)| !Rc::ptr_eq(part, new));
        let Some((new, edited)) = new.and_then(|(number, new)| Some((new, after.configuration(*number)?)))
        else {
            continue;
        };
        let (old_digests, new_digests) =
            (part.locations.units.digests(configuration), new.locations.units.digests(edited));
        let mut doubts = old_digests.doubts(new_digests);
        let mut contributors = Contributors::new(blame, configuration);
        for (key, location) in part.locations.units.iter() {
            let digest = new_digests.of(key);
            if digest.is_some() && digest == old_digests.of(key) {
                continue;
            }
            let to_blame = contributors.of(location);
            // Where nobody can say what is in effect, not even the location that the fix is for may change unseen.
            let doubt = digest.and_then(|_| doubts.of(key));
            let old = part.locations.carried.get(&key).copied().unwrap_or_default();
            let carried = new.locations.carried.get(&key).copied().unwrap_or_default();
            let is_asked_more =
                part.locations.asked.contains(&key) && carried.handshakes.exceeds(old.handshakes);
            let is_unasked = carried.others.exceeds(old.others);
            let is_doubtful = doubt.is_some() || is_asked_more || is_unasked;
            let may_change = |index: &usize| {
                by_index.get(index).is_some_and(|candidate| {
                    if is_doubtful {
                        return candidate.is_relaxed || candidate.is_start();
                    }
                    let levels = configuration.levels(location);
                    let mut around = levels.filter_map(|level| part.locations.units.of(level));
                    candidate.is_relaxed
                        || candidate.is_start()
                        || own.has(*index, (number, key))
                        // The name of a block inside of a renamed one is another too.
                        || candidate.renames && around.any(|outer| candidate.targets.contains(&(number, outer)))
                })
            };
            let is_asked = !to_blame.is_empty();
            let to_blame: Vec<usize> = to_blame.iter().copied().filter(|index| !may_change(index)).collect();
            let is_fine = if is_asked {
                to_blame.is_empty()
            } else {
                chosen.iter().any(|(index, _)| may_change(index))
            };
            if is_fine {
                continue;
            }
            complaints.entry(to_blame.clone()).or_insert_with(|| {
                let opener = configuration.opener(location);
                let at = opener.map(|opener| (opener.file(), opener.at().span.start));
                let at = at.and_then(|(file, start)| file.map(|file| (file, file.source.line(start))));
                let name = opener.map(|opener| opener.visible().text_line()).unwrap_or_default();
                let place =
                    at.map_or_else(String::new, |(file, line)| format!(" at {}:{line}", file.source.path()));
                let reason = match doubt {
                    Some(directive) => format!(
                        "it would change `{name}`{place}, where a file that was not given may have `{}`",
                        directive.as_str()
                    ),
                    None if is_asked_more => format!(
                        "it would change `{name}`{place}, and a subrequest may ask there, which a 101 would end"
                    ),
                    None if is_unasked => format!(
                        "it would change `{name}`{place}: nginx might ask for an upgrade with requests that want none"
                    ),
                    None => format!("it would change `{name}`{place} too"),
                };
                Complaint { reason, culprits: to_blame, is_about_others: true }
            });
        }
    }
    complaints.into_values().collect()
}
