//! Starting on a tree with old findings: baselines, and what changed since a commit.

pub(crate) mod baseline;
pub(crate) mod git;
mod sarif;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lint_finding::{FileId, Outcome};
use nginx_semantics::{Scope, normalize};

use crate::cli::LintArgs;
use crate::error::Error;

/// Takes out of an outcome what a baseline has and what was not changed, as the arguments say.
pub(crate) fn apply(outcome: &mut Outcome, args: &LintArgs, scope: &Scope) -> Result<(), Error> {
    if let Some(reference) = &args.since {
        let changes = git::changes(reference, scope)?;
        let by_name: BTreeMap<_, _> = paths(outcome)
            .filter_map(|path| Some((path.to_owned(), changes.get(&on_disk(path, scope))?.clone())))
            .collect();
        lint_engine::only_changed(outcome, &by_name);
    }
    if let Some(file) = &args.baseline {
        baseline::apply(outcome, file, scope)?;
    }
    Ok(())
}

/// How the files of an outcome are called.
fn paths(outcome: &Outcome) -> impl Iterator<Item = &str> {
    let ids = (0..outcome.files.len()).map(|number| FileId(u32::try_from(number).unwrap_or(u32::MAX)));
    ids.map(|id| outcome.path(id))
}

/// Where a file lies that is called so, links followed as far as it is there.
fn on_disk(shown: &str, scope: &Scope) -> PathBuf {
    let path = normalize(&scope.working_folder.join(shown));
    std::fs::canonicalize(&path).unwrap_or(path)
}
