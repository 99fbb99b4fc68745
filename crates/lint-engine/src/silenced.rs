//! What settings files hide, so that nobody who may write one silences the program unseen.
//!
//! The same files are judged a second time as if there were no settings. That costs a run, but counts whatever a setting
//! does: a rule that is off, a path that is denied, a heartbeat that makes a time-out long enough. The paths of a settings
//! file still hold then, for they say which files are judged, not what is said of them.

use std::collections::BTreeMap;

use lint_finding::{Outcome, RuleMeta, SettingsInEffect, Severity};
use ws_rules::RULES;

use crate::settings::{FileSettings, Settings, SettingsFile, SettingsFiles};

/// Adds to an outcome which settings files counted and how many findings they hid or made milder; `judged` judges the
/// same files with other settings files.
pub(crate) fn account(
    outcome: &mut Outcome,
    settings: &Settings,
    found: &SettingsFiles<'_>,
    judged: impl FnOnce(&SettingsFiles<'_>) -> Outcome,
) {
    let files = found.read_files();
    outcome.settings = files.iter().map(|file| in_effect(file, settings)).collect();
    if !files.iter().any(|file| may_hide(&file.settings)) {
        return;
    }
    let without = judged(&found.isolated());
    let now: BTreeMap<&str, Severity> =
        outcome.findings.iter().map(|finding| (finding.fingerprint.as_str(), finding.severity)).collect();
    for finding in &without.findings {
        match now.get(finding.fingerprint.as_str()) {
            None => outcome.summary.hidden_by_settings += 1,
            Some(severity) if *severity < finding.severity => outcome.summary.lowered_by_settings += 1,
            Some(_) => {}
        }
    }
}

fn in_effect(file: &SettingsFile, settings: &Settings) -> SettingsInEffect {
    let with = settings.with(&file.settings);
    let is_off = |rule: &&RuleMeta| settings.selects(rule) && !with.selects(rule);
    SettingsInEffect {
        file: file.source.path().to_owned(),
        rules_off: RULES.iter().map(|rule| rule.meta()).filter(is_off).map(|rule| rule.name).collect(),
        paths_denied: file.denied.clone(),
    }
}

/// Whether it sets anything but paths.
fn may_hide(settings: &FileSettings) -> bool {
    let FileSettings { roots, prefix, path_maps, .. } = settings.clone();
    *settings != FileSettings { roots, prefix, path_maps, ..FileSettings::default() }
}
