//! Starting on a tree with old findings: baselines, and what changed since a commit.

pub(crate) mod baseline;
pub(crate) mod git;

use std::collections::BTreeMap;

use lint_finding::Outcome;
use nginx_semantics::{Scope, normalize};

use crate::cli::LintArgs;
use crate::error::Error;

/// Takes out of an outcome what a baseline has and what was not changed, as the arguments say.
pub(crate) fn apply(outcome: &mut Outcome, args: &LintArgs, scope: &Scope) -> Result<(), Error> {
    if let Some(reference) = &args.since {
        let changes = git::changes(reference, scope)?;
        let working_folder = &scope.working_folder;
        let absolute = |path: &str| normalize(&working_folder.join(path));
        let files = (0..outcome.files.len())
            .map(|number| lint_finding::FileId(u32::try_from(number).unwrap_or(u32::MAX)));
        let by_name: BTreeMap<_, _> = files
            .filter_map(|id| {
                let path = outcome.path(id);
                let path_on_disk = std::fs::canonicalize(absolute(path)).unwrap_or_else(|_| absolute(path));
                Some((path.to_owned(), changes.get(&path_on_disk)?.clone()))
            })
            .collect();
        lint_engine::only_changed(outcome, &by_name);
    }
    if let Some(file) = &args.baseline {
        baseline::apply(outcome, file, scope)?;
    }
    Ok(())
}
