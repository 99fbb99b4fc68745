//! Output version 1, frozen: fields are added, never changed or taken away.

use std::borrow::Cow;
use std::sync::Arc;

use lint_finding as finding;
use serde::{Serialize, Serializer};

use super::rows::{Rows, Trace};

pub(crate) const SCHEMA: &str = "urn:nginx-ws-lint:output:v1";
pub(crate) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Output<'a> {
    pub(crate) schema: &'static str,
    pub(crate) version: u32,
    pub(crate) tool: Tool<'a>,
    pub(crate) findings: Rows<'a, finding::Finding, Finding<'a>>,
    /// What comments suppress.
    pub(crate) suppressed: Rows<'a, finding::Suppressed, Suppressed<'a>>,
    /// What a baseline knows; null without one.
    pub(crate) baseline: Option<Baseline<'a>>,
    pub(crate) endpoints: Rows<'a, finding::EndpointRow, Endpoint<'a>>,
    /// The settings files that count.
    pub(crate) settings: Rows<'a, finding::SettingsInEffect, SettingsInEffect<'a>>,
    pub(crate) summary: Summary,
    pub(crate) notices: Rows<'a, finding::Notice, Notice<'a>>,
    /// What became of each file; those without nginx configuration only with `--show-files`.
    pub(crate) files: Rows<'a, finding::FileReport, File<'a>>,
    /// The folders that were not looked into.
    pub(crate) passed_over: &'a [String],
    /// The files that the settings or `--exclude` leave out; only with `--show-files`.
    pub(crate) excluded: &'a [String],
    /// What became of the fixes; null without `--fix`.
    pub(crate) fixes: Option<Fixes<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Fixes<'a> {
    pub(crate) applied: Rows<'a, finding::FixRow, FixRow<'a>>,
    pub(crate) dropped: Rows<'a, finding::FixRow, FixRow<'a>>,
    pub(crate) files: &'a [String],
}

/// A fix by its finding, with the line that it had before.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct FixRow<'a> {
    pub(crate) rule: &'a str,
    pub(crate) title: &'a str,
    pub(crate) applicability: &'static str,
    pub(crate) file: &'a str,
    pub(crate) line: u32,
    pub(crate) reason: Option<&'a str>,
}

/// A finding with the comment that suppresses it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Suppressed<'a> {
    #[serde(flatten)]
    pub(crate) finding: Finding<'a>,
    /// As the comment says.
    pub(crate) reason: &'a str,
    pub(crate) comment: Line<'a>,
}

/// A line of a file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Line<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u32,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Baseline<'a> {
    /// How many findings it has; they are not among `findings`.
    pub(crate) unchanged: usize,
    /// What it has and was not found: `nginx-ws-lint baseline prune` takes that away.
    pub(crate) absent: Rows<'a, finding::BaselineRow, Absent<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Absent<'a> {
    pub(crate) file: &'a str,
    pub(crate) rule: &'a str,
    pub(crate) fingerprint: &'a str,
    pub(crate) count: u64,
}

/// Fingerprints by their kind.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Fingerprints {
    /// Stays the same where files and folders are renamed too.
    pub(crate) v2: Hash,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) commit: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Finding<'a> {
    pub(crate) rule: &'a str,
    pub(crate) group: &'static str,
    /// What kind of rule it is: `correctness`, `suspicious` or `pedantic`.
    pub(crate) level: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) confidence: &'static str,
    pub(crate) message: &'a str,
    pub(crate) help: Option<&'a str>,
    /// The command that shows whether it is cured; a part of `help`.
    pub(crate) verify: Option<&'a str>,
    /// The path of the rule's page in the repository.
    pub(crate) url: Option<Page>,
    pub(crate) fingerprint: Hash,
    pub(crate) fingerprints: Fingerprints,
    pub(crate) file: &'a str,
    pub(crate) range: Range,
    /// The text inside `file` that the place is of; not there for a file that nginx reads as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View<'a>>,
    /// What is said about `range`.
    pub(crate) label: Option<&'a str>,
    pub(crate) labels: Rows<'a, finding::Label, Label<'a>>,
    /// Those of `labels` that say why, in the order of the chain.
    pub(crate) trace: Trace<'a>,
    pub(crate) fix: Option<Fix<'a>>,
    /// What `--unsafe-fixes` writes in place of a safe `fix`; null where it does the same.
    pub(crate) unsafe_fix: Option<Fix<'a>>,
    pub(crate) endpoint: Option<EndpointName<'a>>,
    /// The reason of the comment that suppresses it; null among `findings`.
    pub(crate) suppressed: Option<&'a str>,
}

/// A fingerprint as text.
#[derive(Debug)]
pub(crate) struct Hash(pub(crate) finding::Fingerprint);

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The page of the rule with this name.
#[derive(Debug)]
pub(crate) struct Page(pub(crate) &'static str);

impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("docs/rules/{}.md", self.0))
    }
}

/// A text inside of a file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct View<'a> {
    /// With the file that holds it: `deploy/cm.yaml#default.conf`.
    pub(crate) name: &'a str,
    /// The path of the file that was dumped, if what holds it is what `nginx -T` printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<&'a str>,
    /// The name of the machine that was dumped, if it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<&'a str>,
    /// The line inside the text, 1-based.
    pub(crate) line: u32,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Range {
    pub(crate) start: Point,
    pub(crate) end: Point,
}

/// Line and column 1-based, the column in Unicode scalar values; offset 0-based, in bytes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Point {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) offset: u32,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Label<'a> {
    pub(crate) file: &'a str,
    pub(crate) range: Range,
    /// The text inside `file` that the place is of; not there for a file that nginx reads as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View<'a>>,
    pub(crate) message: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Step<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u32,
    pub(crate) message: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Fix<'a> {
    pub(crate) title: &'a str,
    pub(crate) applicability: &'static str,
    pub(crate) edits: Rows<'a, finding::Edit, Edit<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Edit<'a> {
    pub(crate) file: &'a str,
    pub(crate) range: Range,
    /// The text inside `file` that the place is of; not there for a file that nginx reads as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View<'a>>,
    pub(crate) replacement: Cow<'a, str>,
    /// The bytes in hexadecimal digits where `replacement` cannot show them, for it is not UTF-8; else null.
    pub(crate) replacement_hex: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct EndpointName<'a> {
    pub(crate) server: &'a str,
    pub(crate) location: &'a str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Endpoint<'a> {
    pub(crate) file: &'a str,
    pub(crate) line: u32,
    pub(crate) range: Range,
    /// The text inside `file` that the place is of; not there for a file that nginx reads as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) view: Option<View<'a>>,
    pub(crate) server_names: &'a [String],
    pub(crate) listens: &'a [String],
    pub(crate) location: &'a str,
    pub(crate) evidence: Rows<'a, finding::EvidenceRow, Evidence<'a>>,
    pub(crate) confidence: &'static str,
    pub(crate) upstream: &'a str,
    pub(crate) handshake: Handshake<'a>,
    pub(crate) idle_timeout: Setting<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Evidence<'a> {
    pub(crate) kind: &'static str,
    pub(crate) text: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Handshake<'a> {
    pub(crate) http_version: Setting<'a>,
    pub(crate) upgrade: Setting<'a>,
    pub(crate) connection: Setting<'a>,
    pub(crate) host: Setting<'a>,
    pub(crate) headers: Rows<'a, (Arc<str>, finding::Setting), Header<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a str,
    #[serde(flatten)]
    pub(crate) setting: Setting<'a>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Setting<'a> {
    pub(crate) value: Option<&'a str>,
    pub(crate) origin: &'static str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) note: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Summary {
    pub(crate) files: usize,
    pub(crate) not_judged: usize,
    pub(crate) not_nginx: usize,
    pub(crate) passed_over: usize,
    pub(crate) excluded: usize,
    pub(crate) endpoints: usize,
    pub(crate) proxied_locations: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) info: usize,
    pub(crate) suppressed: usize,
    /// Those of them that say that nginx refuses to start.
    pub(crate) suppressed_refusals: usize,
    /// Findings that the baseline has.
    pub(crate) known: usize,
    /// Findings about what was not changed since the commit of `--since`.
    pub(crate) not_changed: usize,
    /// Findings that are not there because of a settings file.
    pub(crate) hidden_by_settings: usize,
    /// Findings that a settings file made milder.
    pub(crate) lowered_by_settings: usize,
    /// Findings that are not there, or are milder, because of a comment that declares something.
    pub(crate) denied_by_comments: usize,
    /// Endpoints that are not there because of one.
    pub(crate) endpoints_denied_by_comments: usize,
    /// Lines that stand for others that were not read.
    pub(crate) unknown_lines: usize,
    pub(crate) fixable: usize,
    /// Those of them whose fix is safe.
    pub(crate) fixable_safely: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct File<'a> {
    pub(crate) path: &'a str,
    /// `judged`, `included`, `not-judged` or `not-nginx`.
    pub(crate) status: &'static str,
    /// Why it is not judged, in a word.
    pub(crate) reason: Option<&'a str>,
    /// The same in words.
    pub(crate) text: Option<&'a str>,
    /// The main files whose configuration it belongs to.
    pub(crate) part_of: &'a [String],
    /// The main file that it is judged with although that does not include it.
    pub(crate) adopted_by: Option<&'a str>,
    /// The block that its lines are taken for, of a part that no main file includes.
    pub(crate) block: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct SettingsInEffect<'a> {
    pub(crate) file: &'a str,
    /// The rules that would run without it.
    pub(crate) rules_off: &'a [&'static str],
    /// Its paths that were ignored because they lead out of its folder.
    pub(crate) paths_denied: &'a [String],
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Notice<'a> {
    pub(crate) code: &'static str,
    pub(crate) message: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) incomplete: bool,
}
