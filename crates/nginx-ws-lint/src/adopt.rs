//! Starting on a tree with old findings: baselines, and what changed since a commit.

pub(crate) mod baseline;
pub(crate) mod git;
mod sarif;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lint_finding::{FileId, Finding, Notice, NoticeCode, Outcome};
use nginx_semantics::{Scope, normalize};

use self::baseline::Judging;
use self::git::Changes;
use crate::cli::LintArgs;
use crate::error::Error;
use crate::reports::top;
use crate::system;

/// The bytes that files had, by their paths with links resolved; `None` for one that was not there.
pub(crate) type Before = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Takes out of an outcome what a baseline has and what was not changed, as the arguments say. `judge_past` judges the tree as
/// it was.
pub(crate) fn apply(
    outcome: &mut Outcome,
    args: &LintArgs,
    judging: Judging<'_>,
    judge_past: impl FnOnce(Before, Vec<PathBuf>) -> Outcome,
) -> Result<(), Error> {
    let scope = judging.scope;
    let unchanged = match &args.since {
        Some(reference) => only_changed(outcome, reference, scope, judge_past)?,
        None => Vec::new(),
    };
    if let Some(file) = &args.baseline {
        let base = match &args.relative_to {
            Some(base) => normalize(&scope.working_folder.join(base)),
            None => top(scope),
        };
        baseline::apply(outcome, unchanged, file, judging, &base)?;
    }
    Ok(())
}

/// Leaves what was changed since a commit, and what the change brought about elsewhere: a line that is gone is in no file
/// any more, so the tree is judged again as it was. What nobody changed is returned.
fn only_changed(
    outcome: &mut Outcome,
    reference: &str,
    scope: &Scope,
    judge_past: impl FnOnce(Before, Vec<PathBuf>) -> Outcome,
) -> Result<Vec<Finding>, Error> {
    let changes = Changes::new(reference, scope)?;
    let mut others: BTreeSet<PathBuf> = BTreeSet::new();
    let mut by_name = BTreeMap::new();
    for path in paths(outcome) {
        let place = on_disk(path, scope);
        others.extend(changes.other_repository(&place));
        if let Some(lines) = changes.of(&place) {
            by_name.insert(path.to_owned(), lines);
        }
    }
    let before = match outcome.findings.is_empty() {
        true => None,
        false => Some(judge_past(changes.before()?, changes.left(scope))),
    };
    let renamed = before.as_ref().map(|before| changes.renamed_in(outcome, before, scope));
    let unchanged =
        lint_engine::only_changed(outcome, &by_name, &renamed.unwrap_or_default(), before.as_ref());
    outcome.notices.extend(others.into_iter().map(|other| Notice {
        code: NoticeCode::NotJudged,
        message:
            "this is another repository, which --since does not compare: run the program there".to_owned(),
        place: None,
        path: Some(scope.shown(&other)),
        incomplete: true,
    }));
    Ok(unchanged)
}

impl Changes {
    /// Where files that are judged now were before, if that is in no given folder: what stands for each given path in the
    /// tree as it was.
    fn left(&self, scope: &Scope) -> Vec<PathBuf> {
        let is_given = |path: &Path| scope.given.iter().any(|folder| path.starts_with(folder));
        let mut left: BTreeSet<PathBuf> = BTreeSet::new();
        for (new, old) in self.renamed.iter().filter(|(_, old)| !is_given(old)) {
            for folder in &scope.given {
                let Ok(below) = new.strip_prefix(folder) else { continue };
                // `sites/a.conf` of a folder that was moved is `sites/a.conf` of the one that was there before.
                let was = old.ancestors().nth(below.components().count());
                let was = was.filter(|was| self.holds(was)).or_else(|| old.parent());
                left.extend(was.map(Path::to_owned));
            }
        }
        // A file that is named itself.
        left.extend(scope.named.iter().filter_map(|file| self.renamed.get(file)).cloned());
        left.into_iter().collect()
    }

    /// What files of an outcome that have another name now are called in that of the tree as it was.
    fn renamed_in(&self, outcome: &Outcome, before: &Outcome, scope: &Scope) -> BTreeMap<String, String> {
        if self.renamed.is_empty() {
            return BTreeMap::new();
        }
        let old: BTreeMap<PathBuf, &str> = paths(before).map(|path| (on_disk(path, scope), path)).collect();
        let was = |path: &str| {
            let was = old.get(self.renamed.get(&on_disk(path, scope))?)?;
            Some((path.to_owned(), (*was).to_owned()))
        };
        paths(outcome).filter_map(was).collect()
    }
}

/// How the files of an outcome are called.
fn paths(outcome: &Outcome) -> impl Iterator<Item = &str> {
    let ids = (0..outcome.files.len()).map(|number| FileId(u32::try_from(number).unwrap_or(u32::MAX)));
    ids.map(|id| outcome.path(id))
}

/// Where a file lies that is called so, links followed as far as it is there.
fn on_disk(shown: &str, scope: &Scope) -> PathBuf {
    let path = normalize(&scope.working_folder.join(shown));
    system::canonicalize(&path).unwrap_or(path)
}
