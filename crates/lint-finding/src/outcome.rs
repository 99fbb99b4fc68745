//! Everything that a run has to say.

use std::sync::Arc;

use nginx_syntax::Source;

use crate::{EndpointRow, Finding, FixReport, Place, Severity};

/// Index into [`Outcome::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A file that was read.
#[derive(Debug, Clone)]
pub struct File {
    /// Path and bytes.
    pub source: Arc<Source>,
    /// Whether its text may be shown. Text of a file outside the given paths never is: a hostile pull request must
    /// not print `/proc/self/environ` into a CI log by including it.
    pub may_be_shown: bool,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeCode {
    /// An include of a file that was not given.
    IncludeNotGiven,
    /// A file that could not be read, or may not be.
    UnreadableFile,
    /// A file with placeholders of a template engine.
    Template,
    /// A walked file that does not read as nginx.
    NotNginx,
    /// A file without any directive.
    EmptyFile,
    /// A file in `sites-available` that no link enables.
    NotEnabled,
    /// No WebSocket endpoint was found.
    NoEndpoint,
    /// The configuration grows beyond what is judged.
    TooLarge,
    /// How the command line was understood.
    CommandLine,
    /// Something in the settings file that is not understood.
    Settings,
    /// A comment that was to suppress a finding and does not.
    Suppression,
    /// A fix that was not applied, for it would not have done what it promises.
    FixDropped,
    /// A file that could not be replaced by its fixed text.
    NotWritten,
    /// What an earlier run that was killed had left behind.
    Leftover,
    /// A part of a diff that is not shown, because a CI system would obey it.
    HunkWithheld,
}

impl NoticeCode {
    /// The kebab-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncludeNotGiven => "include-not-given",
            Self::UnreadableFile => "unreadable-file",
            Self::Template => "template",
            Self::NotNginx => "not-nginx",
            Self::EmptyFile => "empty-file",
            Self::NotEnabled => "not-enabled",
            Self::NoEndpoint => "no-endpoint",
            Self::TooLarge => "too-large",
            Self::CommandLine => "command-line",
            Self::Settings => "settings",
            Self::Suppression => "suppression",
            Self::FixDropped => "fix-dropped",
            Self::NotWritten => "not-written",
            Self::Leftover => "leftover",
            Self::HunkWithheld => "hunk-withheld",
        }
    }
}

/// Something to know that is not a defect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub code: NoticeCode,
    /// In words.
    pub message: String,
    /// Where, when it is inside a file that was read.
    pub place: Option<Place>,
    /// The file, when it is about one as a whole (which may not have been read).
    pub path: Option<String>,
    /// Whether something that was asked for was not done: exit code 2.
    pub incomplete: bool,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Files that were read and judged.
    pub files: usize,
    /// WebSocket endpoints, each counted once however many contexts reach it.
    pub endpoints: usize,
    /// Locations that proxy, endpoints among them.
    pub proxied_locations: usize,
    /// Findings by severity.
    pub errors: usize,
    /// Findings by severity.
    pub warnings: usize,
    /// Findings by severity.
    pub infos: usize,
    /// Findings that a comment suppresses.
    pub suppressed: usize,
    /// Findings that are not there because of a settings file.
    pub hidden_by_settings: usize,
    /// Findings that a settings file made milder.
    pub lowered_by_settings: usize,
    /// Findings with an edit.
    pub fixable: usize,
    /// Those of them whose edit is safe.
    pub fixable_safely: usize,
}

/// A settings file that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsInEffect {
    /// Its path, as people see it.
    pub file: String,
    /// The rules that would run without it, sorted.
    pub rules_off: Vec<&'static str>,
    /// The paths of it that were ignored because they lead out of its folder, as written.
    pub paths_denied: Vec<String>,
}

/// Everything that a run has to say, sorted.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The files that places point into.
    pub files: Vec<File>,
    /// Sorted by file path, offset, rule.
    pub findings: Vec<Finding>,
    /// Sorted by file path and offset.
    pub endpoints: Vec<EndpointRow>,
    /// Sorted like findings, those without a place last.
    pub notices: Vec<Notice>,
    /// The settings files that count, by path.
    pub settings: Vec<SettingsInEffect>,
    /// The counts.
    pub summary: Summary,
    /// What became of the fixes, where they were to be applied.
    pub fixes: Option<FixReport>,
}

impl Outcome {
    /// The file of a place.
    pub fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }

    /// The highest severity among the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// Whether something that was asked for was not done.
    pub fn is_incomplete(&self) -> bool {
        self.notices.iter().any(|notice| notice.incomplete)
    }
}
