//! Applies fixes in memory, each of them checked: what reaches an edited file is read and judged anew before anything
//! is called fixed.
//!
//! A round takes all fixes that go together and looks at what they make. When that is wrong the fixes to blame are
//! dropped or wait, and where nobody can be told from the others the batch is halved. Rounds go on until nothing more
//! can be applied, so a second run finds nothing to do. Every accepted fix takes its finding away and brings none, so
//! there are never more rounds than findings.

mod blame;
mod check;
mod plan;
mod state;
#[cfg(test)]
mod tests;
mod units;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lint_finding::{Applicability, Fix, Outcome, RuleMeta};
use nginx_semantics::{Files, Scope};
use nginx_syntax::Source;
use ws_rules::{RULES, Rule};

use self::blame::{Candidate, Index};
use self::check::{Complaint, check};
use self::plan::Plan;
use self::state::{Given, State};
use crate::as_set;
use crate::settings::{Settings, SettingsFiles};

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

/// A fix that was applied, or was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The rule of the finding.
    pub rule: &'static RuleMeta,
    /// What the edits do.
    pub title: String,
    /// Whether they are safe: as the rule says, and not changing any other location.
    pub applicability: Applicability,
    /// The file of the finding, as it is shown.
    pub path: String,
    /// The line of the finding in the file as it was.
    pub line: u32,
    /// Why it was not applied; `None` where it was.
    pub reason: Option<String>,
}

/// What fixing comes to.
#[derive(Debug)]
pub struct Fixed {
    /// The files that change, sorted by path.
    pub texts: Vec<Changed>,
    /// What was applied, in the order in which it was.
    pub applied: Vec<Tried>,
    /// What was to be applied and is not, in order of place.
    pub dropped: Vec<Tried>,
    /// What is said of the files afterwards.
    pub outcome: Outcome,
}

/// How often the edited files are judged at most: every one costs as much as a run where one root reaches all files.
const MOST_CHECKS: usize = 64;

/// Applies the fixes of what is found, as far as they do what they promise.
pub fn fixed(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    which: Which,
) -> Fixed {
    fixed_by(RULES, files, arguments, scope, settings, which)
}

fn fixed_by(
    rules: &[&'static dyn Rule],
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    which: Which,
) -> Fixed {
    let found = SettingsFiles::new(files, scope, &settings.config);
    let (arguments, scope) = as_set(files, arguments, scope, &found);
    let given = Given { files, arguments, scope: &scope, settings, found: &found, rules };
    let first = State::first(&given);
    let old: Vec<Arc<Source>> = first.loaded.sources.iter().map(|(_, file)| file.source.clone()).collect();
    let mut run = Run {
        given,
        old,
        state: first,
        which,
        checks: 0,
        applied: Vec::new(),
        dropped: BTreeMap::new(),
        edits: Vec::new(),
    };
    while run.round() {}
    run.end()
}

/// A fix by the name of its finding, and whether it is applied as one that is not safe.
type FixKey = (String, bool);

struct Run<'a> {
    given: Given<'a>,
    /// The files as they were.
    old: Vec<Arc<Source>>,
    state: State,
    which: Which,
    checks: usize,
    applied: Vec<Tried>,
    /// What is not tried again in this version of the files.
    dropped: BTreeMap<FixKey, (Tried, bool)>,
    /// The edits of each round, oldest first.
    edits: Vec<Plan>,
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
        drop(candidates);
        self.edits.push(plan);
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
            let Some(fix) = &finding.fix else { continue };
            let is_relaxed = applicability == Applicability::Unsafe;
            let key = (finding.fingerprint.clone(), is_relaxed);
            // What is safe but for other locations is tried again as unsafe.
            let is_demoted = self
                .dropped
                .get(&(finding.fingerprint.clone(), false))
                .is_some_and(|(_, is_demoted)| *is_demoted);
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
            let tried = self.tried(&candidate, Some(reason));
            self.dropped.insert(key, (tried, false));
        }
        candidates
    }

    /// Why a fix is not even tried.
    fn refusal(&self, fix: &Fix) -> Option<String> {
        let mut alone = Plan::default();
        let mut last = None;
        for edit in &fix.edits {
            let id = nginx_semantics::FileId(edit.place.file.0);
            let Some(file) = self.state.loaded.sources.get(id).filter(|file| !file.is_builtin) else {
                return Some("it edits a file that was not read".to_owned());
            };
            if !file.may_be_shown {
                return Some(format!("{} lies outside the given paths", file.source.path()));
            }
            let (start, end) = (edit.place.span.start, edit.place.span.end);
            let is_inside = start <= end && end as usize <= file.bytes().len();
            if !is_inside || last.is_some_and(|last| last > (edit.place.file, start)) {
                return Some("its edits are out of order".to_owned());
            }
            last = Some((edit.place.file, end));
        }
        if fix.edits.is_empty() || !alone.add(&fix.edits) {
            return Some("its edits do not go together".to_owned());
        }
        None
    }

    /// As many of the candidates as do what they promise, and the state after them; the others are dropped, or wait.
    /// `None` where none does.
    fn accepted(&mut self, candidates: &[Candidate]) -> Option<(Vec<usize>, State)> {
        let mut accepted: Vec<usize> = Vec::new();
        let mut state = None;
        let mut open: Vec<Vec<usize>> = vec![(0..candidates.len()).collect()];
        while let Some(batch) = open.pop() {
            if self.checks >= MOST_CHECKS {
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
            self.checks += 1;
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
        match self.state.after(&self.given, &plan) {
            Some(after) => {
                let complaints = check(&self.state, &after, &plan, &chosen);
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
        let mut rest = batch.to_vec();
        let alone = if let [only] = batch { Some(*only) } else { None };
        for complaint in complaints {
            let culprits: Vec<usize> =
                complaint.culprits.iter().copied().filter(|index| batch.contains(index)).collect();
            let is_others = complaint.is_about_others;
            if let Some(culprit) = alone.or(if let [one] = *culprits { Some(one) } else { None }) {
                rest.retain(|index| *index != culprit);
                self.give_up(candidates, culprit, complaint.reason, is_others);
            } else if culprits.len() < batch.len() {
                // They may only be in each other's way: the later ones wait for another round.
                let later = culprits.get(1..).unwrap_or_default();
                rest.retain(|index| !later.contains(index));
            }
        }
        rest
    }

    fn give_up(&mut self, candidates: &[Candidate], index: usize, reason: String, is_about_others: bool) {
        let Some(candidate) = candidates.get(index) else { return };
        let key = (candidate.finding.fingerprint.clone(), candidate.is_relaxed);
        let tried = self.tried(candidate, Some(reason));
        // The first reason is the one that is told; any other one makes it more than a matter of other locations.
        let entry = self.dropped.entry(key).or_insert((tried, is_about_others));
        entry.1 &= is_about_others;
    }

    /// What changed, and what is left.
    fn end(self) -> Fixed {
        let now = self.state.loaded.sources.iter();
        let mut texts: Vec<Changed> = now
            .zip(&self.old)
            .filter(|((_, file), old)| file.bytes() != old.bytes())
            .map(|((_, file), old)| Changed {
                path: file.path.clone(),
                old: old.clone(),
                new: file.source.clone(),
            })
            .collect();
        texts.sort_by(|a, b| a.old.path().cmp(b.old.path()));
        // What was tried both ways is told once, with the last reason.
        let dropped: BTreeMap<String, Tried> =
            self.dropped.into_iter().map(|((fingerprint, _), (tried, _))| (fingerprint, tried)).collect();
        let mut dropped: Vec<Tried> = dropped.into_values().collect();
        dropped.sort_by(|a, b| (&a.path, a.line, a.rule.name).cmp(&(&b.path, b.line, b.rule.name)));
        Fixed { texts, applied: self.applied, dropped, outcome: self.state.into_outcome() }
    }

    fn tried(&self, candidate: &Candidate, reason: Option<String>) -> Tried {
        let finding = &candidate.finding;
        let place = finding.primary.place;
        let before = |offset, plan: &Plan| plan.before(place.file, offset);
        let offset = self.edits.iter().rev().fold(place.span.start, before);
        let file = self.old.get(place.file.0 as usize);
        Tried {
            rule: finding.rule,
            title: candidate.fix.title.clone(),
            applicability: if candidate.is_relaxed {
                Applicability::Unsafe
            } else {
                candidate.fix.applicability
            },
            path: file.map_or("?", |file| file.path()).to_owned(),
            line: file.map_or(1, |file| file.line(offset)),
            reason,
        }
    }
}
