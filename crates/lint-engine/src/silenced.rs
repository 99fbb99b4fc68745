//! What settings files and comments hide, so that nobody who may write one silences the program unseen.
//!
//! The same files are judged again as if there were no settings, and as if no comment said what carries WebSockets. That
//! costs two runs at most, but counts whatever a setting or a comment does: a rule that is off, a path that is denied, a
//! folder that stands for another one, a heartbeat that makes a time-out long enough. What both hide, settings are
//! blamed for: first nothing counts, then the settings, then the comments too.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use lint_finding::{Finding, Outcome, Place, RuleMeta, SettingsInEffect, Severity};
use nginx_semantics::{Loaded, Scope, SourceFile};
use nginx_syntax::Span;
use ws_rules::RULES;

use crate::Task;
use crate::baseline::baseline;
use crate::on_disk::OnDisk;
use crate::settings::{FileSettings, Settings, SettingsFile};
use crate::suppress;

/// Adds to an outcome which settings files counted and how many findings they and comments hid or made milder. `given`
/// are the arguments and the scope without settings files, `load` reads for others, and `judge` judges.
pub(crate) fn account(
    outcome: &mut Outcome,
    task: &Task<'_>,
    given: (&[PathBuf], &Scope),
    load: impl Fn(&[PathBuf], &Scope) -> Loaded,
    judge: impl Fn(&Task<'_>) -> Outcome,
) {
    let files = task.found.read_files();
    outcome.settings = files.iter().map(|file| in_effect(file, task.settings)).collect();
    let declares = |words: &[&str]| {
        let mut files = task.loaded.sources.iter();
        files.any(|(_, file)| declares(file, words))
    };
    let moves = declares(&["context"]);
    let declares = moves || declares(&["websocket", "not-websocket"]);
    let settings = Settings { ignores_comments: true, ..task.settings.clone() };

    let mut without_comments = None;
    if declares {
        let scope = Scope { ignores_comments: true, ..task.scope.clone() };
        let reloaded = moves.then(|| load(task.arguments, &scope));
        let loaded = reloaded.as_ref().unwrap_or(task.loaded);
        without_comments = Some(judge(&Task { loaded, settings: &settings, scope: &scope, ..*task }));
    }
    if files.iter().any(|file| file.settings != FileSettings::default()) {
        let (arguments, scope) = given;
        let scope = Scope { ignores_comments: true, ..scope.clone() };
        let leads_elsewhere = files.iter().any(|file| has_paths(&file.settings));
        let reloaded = (moves || leads_elsewhere).then(|| load(arguments, &scope));
        let loaded = reloaded.as_ref().unwrap_or(task.loaded);
        let found = task.found.isolated();
        let mut bare = judge(&Task { loaded, settings: &settings, found: &found, scope: &scope, arguments });
        let lost = Lost::between(&bare, without_comments.as_ref().unwrap_or(outcome));
        outcome.summary.hidden_by_settings = lost.hidden;
        outcome.summary.lowered_by_settings = lost.lowered;
        if lost.hidden > 0 {
            if let Some(on_disk) = OnDisk::of(loaded) {
                on_disk.outcome(&mut bare);
            }
            outcome.without_settings = baseline(&bare);
        }
    }
    if let Some(before) = without_comments {
        let lost = Lost::between(&before, outcome);
        outcome.summary.denied_by_comments = lost.hidden + lost.lowered;
        outcome.summary.endpoints_denied_by_comments = lost.endpoints;
    }
}

/// What one outcome has and another one has not, or has milder.
struct Lost {
    hidden: usize,
    lowered: usize,
    endpoints: usize,
}

/// By rule and place: the severities of its findings, highest first.
type Severities<'o> = BTreeMap<(&'static str, Option<(&'o str, u32)>), Vec<Reverse<Severity>>>;

impl Lost {
    fn between(before: &Outcome, after: &Outcome) -> Self {
        let (then, now) = (severities(before), severities(after));
        let (mut hidden, mut lowered) = (0, 0);
        for (key, then) in &then {
            let now = now.get(key).map(Vec::as_slice).unwrap_or_default();
            hidden += then.len().saturating_sub(now.len());
            lowered += then.iter().zip(now).filter(|(then, now)| then < now).count();
        }
        fn place(outcome: &Outcome, place: Place) -> (Option<&str>, Span) {
            (outcome.file(place.file).map(|file| file.source.path()), place.span)
        }
        let now: BTreeSet<_> = after.endpoints.iter().map(|row| place(after, row.place)).collect();
        let then = before.endpoints.iter().map(|row| place(before, row.place));
        let endpoints = then.filter(|endpoint| !now.contains(endpoint)).count();
        Self { hidden, lowered, endpoints }
    }
}

/// Of all findings, those that comments suppress too: they are counted as such. Files have other numbers where others
/// were read, and what is said once for a main file may be said at another line of it.
fn severities(outcome: &Outcome) -> Severities<'_> {
    let key = |finding: &Finding| {
        let Place { file, span } = finding.primary.place;
        let path = outcome.file(file).map_or("", |file| file.source.path());
        (finding.rule.name, (!finding.rule.is_once_per_root()).then_some((path, span.start)))
    };
    let mut all: Severities<'_> = BTreeMap::new();
    for finding in outcome.findings.iter().chain(outcome.suppressed.iter().map(|one| &one.finding)) {
        all.entry(key(finding)).or_default().push(Reverse(finding.severity));
    }
    all.values_mut().for_each(|severities| severities.sort_unstable());
    all
}

/// Whether a comment for this program begins with one of these words.
fn declares(file: &SourceFile, words: &[&str]) -> bool {
    let mut comments = suppress::comments_for_us(file);
    comments.any(|comment| comment.split_whitespace().next().is_some_and(|word| words.contains(&word)))
}

fn in_effect(file: &SettingsFile, settings: &Settings) -> SettingsInEffect {
    let with = settings.with(file);
    let is_off = |rule: &&RuleMeta| settings.selects(rule) && !with.selects(rule);
    SettingsInEffect {
        file: file.source.path().to_owned(),
        rules_off: RULES.iter().map(|rule| rule.meta()).filter(is_off).map(|rule| rule.name).collect(),
        paths_denied: file.denied.clone(),
    }
}

/// Whether it has other files read, or read as something else.
fn has_paths(settings: &FileSettings) -> bool {
    let FileSettings { roots, prefix, path_maps, excludes, .. } = settings;
    !roots.is_empty() || prefix.is_some() || !path_maps.is_empty() || !excludes.is_empty()
}
