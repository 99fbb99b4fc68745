//! Chooses rules, runs them over roots and fragments, gathers the outcome.
//!
//! No terminal and no disk: files come through [`nginx_semantics::Files`], and what is to be said goes out as an
//! [`lint_finding::Outcome`].

mod endpoints;
mod gather;
mod notices;
mod rows;
mod settings;
mod trace;

use std::path::PathBuf;

use lint_finding::{File, Finding, Outcome};
use nginx_semantics::{Configuration, Files, Loaded, Scope, load};
use ws_model::{Hints, Model};
use ws_rules::{Findings, RULES, Rule, visit};

use crate::gather::Gathered;

pub use endpoints::endpoints;
pub use settings::{Selector, Settings, UnknownRule, find_rule};
pub use trace::{Query, Url, UrlError, trace};

/// Judges what the arguments mean.
pub fn lint(files: &dyn Files, arguments: &[PathBuf], scope: &Scope, settings: &Settings) -> Outcome {
    let loaded = load(files, arguments, scope);
    judge(&loaded, settings)
}

/// Judges what was loaded.
fn judge(loaded: &Loaded, settings: &Settings) -> Outcome {
    judge_with(loaded, settings, &mut |_, _| {})
}

/// Judges what was loaded, and shows each model with what its rules found.
fn judge_with(loaded: &Loaded, settings: &Settings, look: &mut dyn FnMut(&Model<'_>, &[Finding])) -> Outcome {
    let rules: Vec<&dyn Rule> = RULES.iter().copied().filter(|rule| settings.selects(rule.meta())).collect();
    let hints = Hints {
        versions: settings.versions,
        websocket_paths: settings.websocket_paths.clone(),
        assume_websocket: settings.assume_websocket,
    };
    let mut gathered = Gathered::default();
    notices::of_skipped(loaded, &mut gathered);
    for layout in &loaded.layouts {
        let configuration = Configuration::new(&loaded.sources, layout);
        let model = Model::new(configuration, &hints);
        notices::of_includes(configuration, &mut gathered);
        notices::of_paths(&model, &mut gathered);
        let mut found = Findings::default();
        visit(&rules, &model, &mut found);
        let found = found.into_vec();
        look(&model, &found);
        gathered.findings(found);
        gathered.model(&model);
    }
    let mut found = Findings::default();
    for (id, file) in
        loaded.sources.iter().filter(|(id, file)| loaded.judged.contains(id) && !file.is_builtin)
    {
        rules.iter().for_each(|rule| rule.file(id, file, &mut found));
    }
    gathered.findings(found.into_vec());
    gathered.unserved_paths(&settings.websocket_paths);
    let files = loaded
        .sources
        .iter()
        .map(|(_, file)| File { source: file.source.clone(), may_be_shown: file.may_be_shown });
    let judged = loaded
        .judged
        .iter()
        .filter(|id| loaded.sources.get(**id).is_some_and(|file| !file.is_builtin))
        .count();
    gathered.finish(files.collect(), judged)
}
