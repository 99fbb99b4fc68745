//! Which findings are told, and how bad they are: `[[overrides]]` may say something else in some files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lint_finding::{FileId, Finding, Severity};
use nginx_semantics::Sources;

use super::{Level, Settings, SettingsFiles};

/// The settings of a configuration, with where its files lie on disk.
pub(crate) struct Told<'a> {
    settings: &'a Settings,
    /// Nothing where no override asks for it.
    places: BTreeMap<FileId, PathBuf>,
}

impl<'a> Told<'a> {
    pub(crate) fn new(settings: &'a Settings, sources: &Sources, found: &SettingsFiles<'_>) -> Self {
        let is_asked = !settings.overrides.is_empty();
        let files = sources.iter().filter(|_| is_asked);
        Self { settings, places: files.map(|(id, file)| (id, found.on_disk(file))).collect() }
    }

    /// Whether the rule of a finding speaks about its file. What keeps nginx from starting is hidden in no file.
    pub(crate) fn selects(&self, finding: &Finding) -> bool {
        let rule = finding.rule;
        if finding.is_refusal() {
            return self.settings.selects_refusals(rule);
        }
        match self.path(finding) {
            Some(path) => self.settings.selects_in(rule, path),
            None => self.settings.selects(rule),
        }
    }

    /// The severity that somebody sets for a finding.
    pub(crate) fn severity(&self, finding: &Finding) -> Option<Severity> {
        let level = match self.path(finding) {
            _ if finding.is_refusal() => self.settings.own_level(finding.rule),
            Some(path) => self.settings.level_in(finding.rule, path),
            None => self.settings.level(finding.rule),
        };
        match level {
            Some(Level::At(severity)) => Some(severity),
            Some(Level::Off) | None => None,
        }
    }

    /// Where the file of a finding lies, if that matters.
    fn path(&self, finding: &Finding) -> Option<&Path> {
        self.places.get(&finding.primary.place.file).map(PathBuf::as_path)
    }
}
