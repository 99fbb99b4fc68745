//! Applies fixes in memory, each of them checked: what reaches an edited file is read and judged anew before anything
//! is called fixed.
//!
//! A round takes all fixes that go together and looks at what they make. When that is wrong the fixes to blame are
//! dropped or wait, and where nobody can be told from the others the batch is halved. Rounds go on until nothing more
//! can be applied, so a second run finds nothing to do. Every accepted fix takes its finding away, and brings at most what
//! is milder and was hidden by it, so the rounds come to an end.

mod blame;
mod check;
mod digests;
mod kept;
mod pairs;
mod state;
#[cfg(test)]
mod tests;
mod units;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashSet;
use lint_finding::{
    Applicability, Finding, Fingerprint, Fix, FixReport, FixRow, Notice, NoticeCode, Outcome, Place,
};
use nginx_semantics::{FileId, Files, Hosted, Loaded, Scope, SourceFile, budgets, load_with};
use nginx_syntax::{Source, Span};
use ws_rules::{RULES, Rule};

use self::blame::{Candidate, Index};
use self::check::{Complaint, check};

pub(crate) use self::state::{Given, State};
use crate::on_disk::OnDisk;
use crate::plan::{Moves, Plan};
use crate::settings::{Settings, SettingsFiles};
use crate::{Task, as_set, judge, silenced};

/// Which fixes are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those after which other traffic keeps its meaning.
    Safe,
    /// The others too.
    All,
}

/// A file with other bytes than before.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The path that was opened.
    pub path: PathBuf,
    /// As it was when it was judged; its path is the one that is shown.
    pub old: Arc<Source>,
    /// With the edits.
    pub new: Arc<Source>,
}

/// What fixing comes to.
#[derive(Debug)]
pub struct Fixed {
    /// The files that change: main files first, for what others use is defined there, then sorted by path.
    pub texts: Vec<Changed>,
    /// The files that fixes would have edited and that may not be, as they are shown, and why.
    pub refused: BTreeMap<String, String>,
    /// What is said of the files afterwards, and what became of the fixes.
    pub outcome: Outcome,
}

/// Whether a file may be edited, by the path that was opened and its bytes when it was judged; if not, why.
pub type MayEdit<'a> = &'a dyn Fn(&Path, &[u8]) -> Result<(), String>;

/// How often the edited files are judged at most: each time costs as much as a run where one root reaches all files.
fn most_checks(loaded: &Loaded) -> usize {
    let contexts = loaded.layouts.iter().flat_map(|layout| layout.depths());
    let work: usize = contexts.map(|depth| budgets::CHECKED_BLOCK + depth).sum();
    (budgets::CHECKED / work.max(1)).clamp(budgets::LEAST_CHECKS, budgets::MOST_CHECKS)
}

/// Applies the fixes of what is found, as far as they do what they promise.
pub fn fixed(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    which: Which,
    may_edit: MayEdit<'_>,
) -> Fixed {
    let by = By { rules: RULES, most_checks };
    fixed_by(&by, files, arguments, scope, settings, which, may_edit)
}

/// What finds faults, and how often at most.
struct By<'a> {
    rules: &'a [&'static dyn Rule],
    most_checks: fn(&Loaded) -> usize,
}

fn fixed_by(
    by: &By<'_>,
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    which: Which,
    may_edit: MayEdit<'_>,
) -> Fixed {
    let found = SettingsFiles::new(files, scope, &settings.config);
    let asked = (arguments, scope);
    let (arguments, scope) = as_set(files, arguments, scope, &found);
    let given = Given {
        files,
        arguments: &arguments,
        scope: &scope,
        settings,
        found: &found,
        is_fixing: true,
        rules: by.rules,
    };
    let first = State::first(&given);
    let old: Vec<Old> = first.loaded.sources.iter().map(|(_, file)| Old::of(file)).collect();
    let checks_left = (by.most_checks)(&first.loaded);
    let mut run = Run {
        asked,
        given,
        old,
        state: first,
        which,
        may_edit,
        refused: RefCell::default(),
        checks_left,
        cut_at: None,
        applied: Applied::default(),
        dropped: BTreeMap::new(),
        edits: Vec::new(),
    };
    while run.round() {}
    run.end()
}

/// A fix by the name of its finding, and whether it is applied as one that is not safe.
type FixKey = (Fingerprint, bool);

/// A fix that is not applied.
struct Dropped {
    row: FixRow,
    /// Whether all that is wrong with it is that it changes other locations.
    is_about_others: bool,
    /// Of the finding, in the files as they are now.
    place: Place,
}

impl Dropped {
    fn notice(&self) -> Notice {
        let FixRow { rule, title, reason, .. } = &self.row;
        let reason = reason.as_deref().unwrap_or_default();
        Notice {
            code: NoticeCode::FixDropped,
            message: format!("the fix of {} is not applied ({title}): {reason}", rule.name),
            place: Some(self.place),
            path: None,
            incomplete: false,
        }
    }
}

/// Says that fixes were not tried.
fn of_untried(place: Place) -> Notice {
    let message = "too many fixes had to be tried one by one: from here on they are not applied".to_owned();
    Notice { code: NoticeCode::TooLarge, message, place: Some(place), path: None, incomplete: true }
}

/// A file as it was.
struct Old {
    /// On disk.
    source: Arc<Source>,
    /// The path under which that is opened.
    path: PathBuf,
    /// Where its text stands in there, if that is another one.
    hosted: Option<Hosted>,
}

impl Old {
    fn of(file: &SourceFile) -> Self {
        let hosted = file.hosted();
        let path = hosted.map_or(file.path.as_path(), Hosted::path).to_owned();
        Self { source: file.on_disk().clone(), path, hosted: hosted.cloned() }
    }

    /// The line of an offset of the text.
    fn line(&self, offset: u32) -> u32 {
        let offset = self.hosted.as_ref().map_or(offset, |hosted| hosted.on_disk(Span::at(offset)).start);
        self.source.line(offset)
    }
}

/// The fixes that were applied, in the order in which they were.
#[derive(Default)]
struct Applied {
    rows: Vec<FixRow>,
    /// Rule, file, line and title of each, and whether it is safe.
    known: HashSet<(&'static str, String, u32, String, bool)>,
}

impl Applied {
    /// On several ways through the branches of a template a fix is one.
    fn push(&mut self, row: FixRow) {
        let is_safe = row.applicability == Applicability::Safe;
        let key = (row.rule.name, row.path.clone(), row.line, row.title.clone(), is_safe);
        if self.known.insert(key) {
            self.rows.push(row);
        }
    }
}

struct Run<'a> {
    /// The arguments and the scope as the command line says.
    asked: (&'a [PathBuf], &'a Scope),
    given: Given<'a>,
    /// The files as they were.
    old: Vec<Old>,
    state: State,
    which: Which,
    may_edit: MayEdit<'a>,
    /// What it said, by file.
    refused: RefCell<BTreeMap<FileId, Option<String>>>,
    checks_left: usize,
    /// The place of the first fix that was not tried because too many others were.
    cut_at: Option<Place>,
    applied: Applied,
    /// What is not tried again in this version of the files.
    dropped: BTreeMap<FixKey, Dropped>,
    /// What the edits of each round moved, oldest first.
    edits: Vec<Moves>,
}

impl Run<'_> {
    /// Whether another round may do more.
    fn round(&mut self) -> bool {
        let mut candidates = self.candidates(Applicability::Safe);
        if candidates.is_empty() && self.which == Which::All {
            candidates = self.candidates(Applicability::Unsafe);
        }
        if candidates.is_empty() {
            return false;
        }
        // What does not go with another one waits for the next round.
        let mut plan = Plan::default();
        candidates.retain(|candidate| plan.add(&candidate.fix.edits));
        let Some((accepted, after)) = self.accepted(&candidates) else { return true };
        let mut plan = Plan::default();
        for &index in &accepted {
            let Some(candidate) = candidates.get(index) else { continue };
            plan.add(&candidate.fix.edits);
            let tried = self.tried(candidate, None);
            self.applied.push(tried);
        }
        let plan = plan.on_all_ways(&self.state.loaded.sources).unwrap_or_default();
        drop(candidates);
        self.edits.push(plan.moves());
        self.state = after;
        // In the new version they may do.
        self.dropped.clear();
        true
    }

    /// The fixes to try, in order of place.
    fn candidates(&mut self, applicability: Applicability) -> Vec<Candidate> {
        let mut index = Index::new(&self.state);
        let mut candidates = Vec::new();
        let mut refused = Vec::new();
        for finding in &self.state.outcome().findings {
            let is_relaxed = applicability == Applicability::Unsafe;
            let key = (finding.fingerprint, is_relaxed);
            let Some(fix) = self.fix_of(finding, is_relaxed) else { continue };
            // What is safe but for other locations is tried again as unsafe.
            let is_demoted = self
                .dropped
                .get(&(finding.fingerprint, false))
                .is_some_and(|dropped| dropped.is_about_others);
            if self.dropped.contains_key(&key)
                || fix.applicability != applicability && !(is_relaxed && is_demoted)
            {
                continue;
            }
            let candidate = index.candidate(finding, fix, is_relaxed);
            match self.refusal(fix) {
                Some(reason) => refused.push((key, candidate, reason)),
                None => candidates.push(candidate),
            }
        }
        for (key, candidate, reason) in refused {
            let dropped = self.dropped(&candidate, reason, false);
            self.dropped.insert(key, dropped);
        }
        candidates
    }

    /// The fix of a finding to be tried among the safe ones, or among the others. One that does more takes the place of the
    /// safe one where both are asked for, unless it was tried and dropped.
    fn fix_of<'f>(&self, finding: &'f Finding, is_relaxed: bool) -> Option<&'f Fix> {
        let more = finding.unsafe_fix.as_deref().filter(|_| self.which == Which::All);
        match more {
            Some(more) if is_relaxed => Some(more),
            Some(_) if !self.dropped.contains_key(&(finding.fingerprint, true)) => None,
            _ => finding.fix.as_deref(),
        }
    }

    /// Why a fix is not even tried.
    fn refusal(&self, fix: &Fix) -> Option<String> {
        if self.state.is_cut() {
            return Some("not all was judged, so nobody knows whom it would change".to_owned());
        }
        let mut last = None;
        for edit in &fix.edits {
            let id = edit.place.file;
            let Some(file) = self.state.loaded.sources.get(id).filter(|file| !file.is_builtin) else {
                return Some("it edits a file that was not read".to_owned());
            };
            if !file.may_be_shown {
                return Some(format!("{} lies outside the given paths", file.source.path()));
            }
            let (start, end) = (edit.place.span.start, edit.place.span.end);
            let is_inside = start <= end && end as usize <= file.bytes().len();
            if !is_inside || last.is_some_and(|last| last > (id, start)) {
                return Some("its edits are out of order".to_owned());
            }
            last = Some((id, end));
            if let Some(Err(refusal)) =
                file.hosted().map(|hosted| hosted.edit(edit.place.span, &edit.replacement))
            {
                return Some(refusal.to_string());
            }
            if let Some(reason) = self.refused(id) {
                return Some(format!("{}: {reason}", file.source.path()));
            }
        }
        fix.edits.is_empty().then(|| "it has no edit".to_owned())
    }

    /// Why a file may not be edited.
    fn refused(&self, id: FileId) -> Option<String> {
        let file = self.state.loaded.sources.get(id)?;
        let mut refused = self.refused.borrow_mut();
        // What it is asked about is the file as it is, without the edits of earlier rounds.
        let (path, old) = self
            .old
            .get(id.0 as usize)
            .map_or((file.path.as_path(), file.bytes()), |old| (old.path.as_path(), old.source.bytes()));
        refused.entry(id).or_insert_with(|| (self.may_edit)(path, old).err()).clone()
    }

    /// As many of the candidates as do what they promise, and the state after them; the others are dropped, or wait.
    /// `None` where none does.
    fn accepted(&mut self, candidates: &[Candidate]) -> Option<(Vec<usize>, State)> {
        let mut accepted: Vec<usize> = Vec::new();
        let mut state = None;
        let mut open: Vec<Vec<usize>> = vec![(0..candidates.len()).collect()];
        while let Some(batch) = open.pop() {
            if self.checks_left == 0 {
                let first = batch.first().and_then(|&index| candidates.get(index));
                self.cut_at = self.cut_at.or(first.map(|first| first.finding.primary.place));
                for &index in &batch {
                    self.give_up(
                        candidates,
                        index,
                        "too many others had to be tried first".to_owned(),
                        false,
                    );
                }
                continue;
            }
            self.checks_left -= 1;
            let mut all = accepted.clone();
            all.extend(&batch);
            all.sort_unstable();
            let (after, complaints) = self.tried_out(candidates, &all);
            if complaints.is_empty() {
                accepted = all;
                state = after;
                continue;
            }
            let rest = self.sorted_out(candidates, &batch, complaints);
            if rest.len() < batch.len() {
                open.extend(Some(rest).filter(|rest| !rest.is_empty()));
                continue;
            }
            // Nobody can be told from the others.
            let (first, second) = batch.split_at(batch.len() / 2);
            open.push(second.to_vec());
            open.push(first.to_vec());
        }
        state.map(|state| (accepted, state))
    }

    /// The state after some of the candidates, and what is wrong with it.
    fn tried_out(&self, candidates: &[Candidate], chosen: &[usize]) -> (Option<State>, Vec<Complaint>) {
        let mut plan = Plan::default();
        for candidate in chosen.iter().filter_map(|&index| candidates.get(index)) {
            plan.add(&candidate.fix.edits);
        }
        let chosen: Vec<(usize, &Candidate)> =
            chosen.iter().filter_map(|&index| Some((index, candidates.get(index)?))).collect();
        let Some(plan) = plan.on_all_ways(&self.state.loaded.sources) else {
            return (
                None,
                vec![Complaint::of_all(
                    "it cannot be written on all ways through the branches of a template",
                )],
            );
        };
        match self.state.after(&self.given, &plan) {
            Some(after) => {
                let complaints = check(&self.state, &after, &plan.moves(), &chosen);
                (Some(after), complaints)
            }
            None => (None, vec![Complaint::of_all("a file would get larger than is read")]),
        }
    }

    /// The batch without those that are to blame: one alone is dropped, of several the first goes on.
    fn sorted_out(
        &mut self,
        candidates: &[Candidate],
        batch: &[usize],
        complaints: Vec<Complaint>,
    ) -> Vec<usize> {
        let own: HashSet<usize> = batch.iter().copied().collect();
        let mut out: HashSet<usize> = HashSet::new();
        let alone = if let [only] = batch { Some(*only) } else { None };
        for complaint in complaints {
            let culprits: Vec<usize> =
                complaint.culprits.iter().copied().filter(|index| own.contains(index)).collect();
            let is_others = complaint.is_about_others;
            if let Some(culprit) = alone.or(if let [one] = *culprits { Some(one) } else { None }) {
                out.insert(culprit);
                self.give_up(candidates, culprit, complaint.reason, is_others);
            } else if culprits.len() < batch.len() {
                // They may only be in each other's way: the later ones wait for another round.
                out.extend(culprits.get(1..).unwrap_or_default());
            }
        }
        batch.iter().copied().filter(|index| !out.contains(index)).collect()
    }

    fn give_up(&mut self, candidates: &[Candidate], index: usize, reason: String, is_about_others: bool) {
        let Some(candidate) = candidates.get(index) else { return };
        let key = (candidate.finding.fingerprint, candidate.is_relaxed);
        let dropped = self.dropped(candidate, reason, is_about_others);
        // The first reason is the one that is told; any other one makes it more than a matter of other locations.
        let entry = self.dropped.entry(key).or_insert(dropped);
        entry.is_about_others &= is_about_others;
    }

    /// What changed, and what is left.
    fn end(self) -> Fixed {
        let roots: Vec<FileId> = (0..self.state.loaded.layouts.len())
            .filter_map(|part| self.state.configuration(part)?.root())
            .collect();
        let now = self.state.loaded.sources.iter().zip(&self.old);
        let mut texts: Vec<(bool, Changed)> = now
            .filter(|((_, file), old)| {
                !Arc::ptr_eq(file.on_disk(), &old.source) && file.on_disk().bytes() != old.source.bytes()
            })
            .map(|((id, file), old)| {
                let (path, old, new) = (old.path.clone(), old.source.clone(), file.on_disk().clone());
                (!roots.contains(&id), Changed { path, old, new })
            })
            .collect();
        texts.sort_by(|(a_order, a), (b_order, b)| (a_order, a.old.path()).cmp(&(b_order, b.old.path())));
        // One file may hold several texts.
        let mut seen = HashSet::new();
        texts.retain(|(_, changed)| seen.insert(changed.old.path().to_owned()));
        let texts: Vec<Changed> = texts.into_iter().map(|(_, changed)| changed).collect();
        // What was tried both ways is told once, with the last reason.
        let dropped: BTreeMap<Fingerprint, Dropped> =
            self.dropped.into_iter().map(|((fingerprint, _), dropped)| (fingerprint, dropped)).collect();
        let mut dropped: Vec<Dropped> = dropped.into_values().collect();
        dropped.sort_by(|a, b| {
            (&a.row.path, a.row.line, a.row.rule.name).cmp(&(&b.row.path, b.row.line, b.row.rule.name))
        });
        let refused = self.refused.into_inner().into_iter().filter_map(|(id, reason)| {
            Some((self.old.get(id.0 as usize)?.source.path().to_owned(), reason?))
        });
        let refused = refused.collect();
        let mut changed: Vec<String> = texts.iter().map(|changed| changed.old.path().to_owned()).collect();
        changed.sort();
        let Given { files, arguments, scope, settings, found, .. } = self.given;
        let loaded = &self.state.loaded;
        let task = Task { loaded, settings, found, scope, arguments };
        let reload = |arguments: &[PathBuf], scope: &Scope| {
            // Their texts are as they are now; none of them gets larger by that.
            let sources = loaded.sources.with(&BTreeMap::new()).unwrap_or_default();
            load_with(sources, files, arguments, scope)
        };
        let mut outcome = self.state.outcome().clone();
        silenced::account(&mut outcome, &task, self.asked, reload, |task| judge(task, &mut ()));
        outcome.notices.extend(dropped.iter().map(Dropped::notice));
        outcome.notices.extend(self.cut_at.map(of_untried));
        let dropped = dropped.into_iter().map(|dropped| dropped.row).collect();
        outcome.fixes = Some(FixReport { applied: self.applied.rows, dropped, files: changed });
        if let Some(on_disk) = OnDisk::of(loaded) {
            on_disk.outcome(&mut outcome);
        }
        Fixed { texts, refused, outcome }
    }

    fn dropped(&self, candidate: &Candidate, reason: String, is_about_others: bool) -> Dropped {
        let row = self.tried(candidate, Some(reason));
        Dropped { row, is_about_others, place: candidate.finding.primary.place }
    }

    fn tried(&self, candidate: &Candidate, reason: Option<String>) -> FixRow {
        let finding = &candidate.finding;
        let place = finding.primary.place;
        let before = |offset, moves: &Moves| moves.before(place.file, offset);
        let offset = self.edits.iter().rev().fold(place.span.start, before);
        let file = self.old.get(place.file.0 as usize);
        FixRow {
            rule: finding.rule,
            title: candidate.fix.title.to_string(),
            applicability: if candidate.is_relaxed {
                Applicability::Unsafe
            } else {
                candidate.fix.applicability
            },
            path: file.map_or("?", |file| file.source.path()).to_owned(),
            line: file.map_or(1, |file| file.line(offset)),
            reason,
        }
    }
}
