//! Everything that a run has to say.

use std::sync::Arc;
use std::time::Duration;

use nginx_syntax::Source;

use crate::{Applicability, EndpointRow, FileId, Finding, Fix, FixReport, Place, Severity, Suppressed};

/// A file that was read.
#[derive(Debug, Clone)]
pub struct File {
    /// Path and bytes.
    pub source: Arc<Source>,
    /// Whether its text may be shown. Text of a file outside the given paths never is: a hostile pull request must
    /// not print `/proc/self/environ` into a CI log by including it.
    pub may_be_shown: bool,
    /// The text inside the file that places of this number point into; `None` for a file that nginx reads as it is.
    pub view: Option<Arc<ViewName>>,
    /// The path as it is on disk, where that is no UTF-8; [`Source::path`] has it with replacement characters then.
    pub raw_path: Option<Arc<[u8]>>,
}

/// What a text inside of a file is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewName {
    /// With the file that holds it: `deploy/cm.yaml#default.conf`.
    pub name: String,
    /// The path of the file that was dumped, if what holds it is a dump.
    pub path: Option<String>,
    /// The name of the machine that was dumped, if it was given.
    pub host: Option<String>,
    /// The line of the file on disk that is the first one of the text.
    pub first_line: u32,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileStatus {
    /// It looks like nginx configuration, or cannot be looked at, and is not judged.
    NotJudged,
    /// It is judged as a main file, or as a part that no main file includes.
    Judged,
    /// It is judged as a part of what includes it.
    Included,
    /// It holds no nginx configuration.
    NotNginx,
}

impl FileStatus {
    /// The kebab-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotJudged => "not-judged",
            Self::Judged => "judged",
            Self::Included => "included",
            Self::NotNginx => "not-nginx",
        }
    }
}

/// Why a file is not judged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotJudged {
    /// Kebab-case, for programs: `template`, `yaml`, `unreadable`, …
    pub code: &'static str,
    /// What such files are called when they are counted: one of them, several.
    pub noun: (&'static str, &'static str),
    /// In words.
    pub text: String,
    /// Whether it holds lines of nginx, as far as it could be looked at.
    pub holds_nginx: bool,
}

/// A file below the given paths, or read besides, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// As people see it.
    pub path: String,
    /// What became of it.
    pub status: FileStatus,
    /// Why, if it is not judged.
    pub reason: Option<NotJudged>,
    /// Whether some of its texts are judged, which have reports of their own, and others are not.
    pub is_in_part: bool,
    /// The main files whose configuration it belongs to; nothing for a main file that no other includes.
    pub part_of: Vec<String>,
    /// The main file that it is judged with although that does not include it.
    pub adopted_by: Option<String>,
    /// The block that its lines are taken for, of a part that no main file includes: `http`, `server`, …
    pub block: Option<&'static str>,
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
    /// A file of another kind, or by its name no configuration, that holds lines of nginx.
    NotJudged,
    /// A given folder in which nothing is judged.
    NothingJudged,
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
    /// What should be known of the controller that reads an `Ingress`.
    IngressController,
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
            Self::NotJudged => "not-judged",
            Self::NothingJudged => "nothing-judged",
            Self::NoEndpoint => "no-endpoint",
            Self::TooLarge => "too-large",
            Self::CommandLine => "command-line",
            Self::Settings => "settings",
            Self::Suppression => "suppression",
            Self::FixDropped => "fix-dropped",
            Self::NotWritten => "not-written",
            Self::Leftover => "leftover",
            Self::IngressController => "ingress-controller",
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

impl Notice {
    /// Whether it says no more than that a walked file is not judged, which is counted in the summary.
    pub fn is_of_skipped_file(&self) -> bool {
        use NoticeCode as N;
        let is_of_file = matches!(
            self.code,
            N::UnreadableFile | N::Template | N::NotNginx | N::EmptyFile | N::NotEnabled | N::NotJudged
        );
        is_of_file && !self.incomplete && self.place.is_none()
    }
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Files that were read and judged.
    pub files: usize,
    /// Files that look like nginx configuration, or cannot be looked at, and are not judged.
    pub not_judged: usize,
    /// Files that hold no nginx configuration.
    pub not_nginx: usize,
    /// Folders of version control and of dependencies that were not looked into.
    pub passed_over: usize,
    /// Files that the settings or `--exclude` leave out.
    pub excluded: usize,
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
    /// Those of them that say that nginx refuses to start.
    pub suppressed_refusals: usize,
    /// Findings that are not there because of a settings file.
    pub hidden_by_settings: usize,
    /// Findings that a settings file made milder.
    pub lowered_by_settings: usize,
    /// Findings that are not there, or are milder, because a comment says what carries WebSockets or where a file belongs.
    pub denied_by_comments: usize,
    /// Endpoints that are not there because of such a comment.
    pub endpoints_denied_by_comments: usize,
    /// Lines that stand for others that were not read: includes that were not given, and placeholders of a template.
    pub unknown_lines: usize,
    /// Findings that the baseline has.
    pub known: usize,
    /// Findings that are not there because what they speak about was not changed since a commit.
    pub not_changed: usize,
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

/// Findings of a rule in a file that a baseline has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaselineRow {
    /// The file, as people see it.
    pub path: String,
    /// The rule.
    pub rule: String,
    /// Its fingerprint, as text.
    pub fingerprint: String,
    /// How many they are.
    pub count: u64,
}

impl BaselineRow {
    /// How many findings several rows are; a file may say anything.
    pub fn count_all(rows: &[Self]) -> u64 {
        rows.iter().fold(0, |all, row| all.saturating_add(row.count))
    }
}

/// What a baseline knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The findings that it has, sorted as the others.
    pub unchanged: Vec<Finding>,
    /// What it has and was not found.
    pub absent: Vec<BaselineRow>,
    /// Whether it is the SARIF file of an earlier run, which no command takes anything out of.
    pub is_sarif: bool,
}

/// Everything that a run has to say, sorted.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The files that places point into.
    pub files: Vec<File>,
    /// How these are called where that is not the path of their source, by number.
    pub paths: Vec<String>,
    /// Sorted by file path, offset, rule.
    pub findings: Vec<Finding>,
    /// Those that comments suppress, sorted the same.
    pub suppressed: Vec<Suppressed>,
    /// What a baseline knows, where one is given: `findings` are those that it has not.
    pub baseline: Option<Baseline>,
    /// Sorted by file path and offset.
    pub endpoints: Vec<EndpointRow>,
    /// Sorted like findings, those without a place last.
    pub notices: Vec<Notice>,
    /// The settings files that count, by path.
    pub settings: Vec<SettingsInEffect>,
    /// What would be found without them, as a baseline has it; nothing where they hide no finding.
    pub without_settings: Vec<BaselineRow>,
    /// What became of each file, by path.
    pub reports: Vec<FileReport>,
    /// The folders that were not looked into, by path.
    pub passed_over: Vec<String>,
    /// The files that the settings or `--exclude` leave out, by path.
    pub excluded: Vec<String>,
    /// The counts.
    pub summary: Summary,
    /// What became of the fixes, where they were to be applied.
    pub fixes: Option<FixReport>,
    /// How long each stage of the run took, in its order.
    pub timings: Vec<(&'static str, Duration)>,
}

impl Outcome {
    /// The file of a place.
    pub fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }

    /// Counts the findings anew, after some were taken out.
    pub fn count_findings(&mut self) {
        let count = |is_counted: &dyn Fn(&Finding) -> bool| {
            self.findings.iter().filter(|finding| is_counted(finding)).count()
        };
        let of = |severity: Severity| count(&|finding| finding.severity == severity);
        // What `nginx -T` printed is not written.
        let is_of_dump = |id: FileId| {
            self.file(id).and_then(|file| file.view.as_deref()).is_some_and(|view| view.path.is_some())
        };
        let is_written = |fix: &Fix| !fix.edits.iter().any(|edit| is_of_dump(edit.place.file));
        let safe = |fix: &Fix| fix.applicability == Applicability::Safe && is_written(fix);
        self.summary = Summary {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            infos: of(Severity::Info),
            fixable: count(&|finding| finding.fix.as_deref().is_some_and(is_written)),
            fixable_safely: count(&|finding| finding.fix.as_deref().is_some_and(safe)),
            ..self.summary
        };
    }

    /// How a file is called.
    pub fn path(&self, id: FileId) -> &str {
        let own = || self.file(id).map_or("?", |file| file.source.path());
        self.paths.get(id.0 as usize).map_or_else(own, String::as_str)
    }

    /// Calls all files otherwise, by what they are called now.
    pub fn rename_paths(&mut self, rename: impl Fn(&str) -> String) {
        let name = |number: usize| self.path(FileId(u32::try_from(number).unwrap_or(u32::MAX)));
        self.paths = (0..self.files.len()).map(|number| rename(name(number))).collect();
        let again = |path: &mut String| *path = rename(path);
        self.notices.iter_mut().filter_map(|notice| notice.path.as_mut()).for_each(again);
        self.settings.iter_mut().for_each(|settings| again(&mut settings.file));
        self.reports.iter_mut().for_each(|report| again(&mut report.path));
        self.passed_over.iter_mut().for_each(again);
        self.excluded.iter_mut().for_each(again);
        for report in &mut self.reports {
            report.part_of.iter_mut().chain(&mut report.adopted_by).for_each(again);
        }
        self.baseline
            .iter_mut()
            .flat_map(|known| &mut known.absent)
            .for_each(|absent| again(&mut absent.path));
        if let Some(fixes) = &mut self.fixes {
            fixes.applied.iter_mut().chain(&mut fixes.dropped).for_each(|row| again(&mut row.path));
            fixes.files.iter_mut().for_each(again);
        }
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
