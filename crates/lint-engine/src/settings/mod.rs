//! What a run is asked to do.

mod file;
mod find;
#[cfg(feature = "schema")]
mod schema;
mod told;
mod unused;
mod void;

use std::path::Path;

use lint_finding::{Group, RuleMeta, Severity};
use nginx_semantics::{PathPattern, VersionRange};
use thiserror::Error;
use ws_model::layers::Layer;
use ws_rules::RULES;

pub use file::{
    FILE_NAME, FileSettings, KEYS, Level, Override, ProblemKind, SetPath, SetPattern, SettingsFile,
    SettingsProblem,
};
pub(crate) use find::SettingsFiles;
pub use find::{Config, settings_of};
#[cfg(feature = "schema")]
pub use schema::settings_schema;
pub(crate) use told::Told;
pub(crate) use unused::unused;

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The versions to judge for; `None`: those that distributions ship, raised by what the configuration uses.
    pub versions: Option<VersionRange>,
    /// Paths, such as `/ws`, that carry WebSockets in every server, whatever settings files and comments say.
    pub websocket_paths: Vec<String>,
    /// Those of settings files, which lose against `not-websocket`.
    pub set_websocket_paths: Vec<String>,
    /// Whether comments for this program are passed over.
    pub ignores_comments: bool,
    /// Whether comments suppress nothing.
    pub no_ignores: bool,
    /// Whether every proxied location is taken for an endpoint.
    pub assume_websocket: bool,
    /// Only these rules; empty: all.
    pub select: Vec<Selector>,
    /// Not these rules.
    pub ignore: Vec<Selector>,
    /// Where the rest comes from.
    pub config: Config,
    /// What `[rules]` of the settings file says; the last that names a rule counts.
    pub levels: Vec<(Selector, Level)>,
    /// What `[[overrides]]` says of some files, which counts more than `levels`.
    pub overrides: Vec<InFiles>,
    /// Paths that carry no WebSockets.
    pub not_websocket: Vec<String>,
    /// How often either side sends something, in milliseconds.
    pub heartbeat_ms: Option<u64>,
    /// The shortest idle limit that is enough, in milliseconds.
    pub min_read_timeout_ms: Option<u64>,
    /// How many WebSockets are open at once.
    pub expected_connections: Option<u64>,
    /// The time of the run, in seconds since 1970; `None`: dates are not judged.
    pub now: Option<i64>,
    /// The proxies in front of nginx, from the outside in.
    pub layers: Vec<Layer>,
}

/// Levels of rules in some files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFiles {
    /// Below the folder of the settings file, which is absolute with its links resolved.
    pub files: Vec<PathPattern>,
    /// What holds there.
    pub levels: Vec<(Selector, Level)>,
}

impl Settings {
    /// What is said of a rule in a file, by its absolute path with its links resolved.
    pub fn level_in(&self, rule: &RuleMeta, path: &Path) -> Option<Level> {
        let mut here =
            self.overrides.iter().rev().filter(|one| one.files.iter().any(|files| files.matches(path)));
        here.find_map(|one| level(&one.levels, rule)).or_else(|| self.level(rule))
    }

    /// Whether a rule speaks about a file.
    pub fn selects_in(&self, rule: &RuleMeta, path: &Path) -> bool {
        self.selects_at(rule, self.level_in(rule, path))
    }

    /// Whether a rule is to run in any file; see [`Settings::in_file`].
    pub fn selects_anywhere(&self, rule: &RuleMeta) -> bool {
        let levels = self.overrides.iter().filter_map(|one| level(&one.levels, rule));
        self.selects(rule) || levels.into_iter().any(|level| self.selects_at(rule, Some(level)))
    }

    /// Whether a rule is to run. A pedantic one has to be asked for: by a selection that takes it in, or by a severity
    /// of its own or its group's.
    pub fn selects(&self, rule: &RuleMeta) -> bool {
        self.selects_at(rule, self.level(rule))
    }

    /// Whether a rule's finding that nginx refuses to start is told. A settings file hides it by the rule's own name alone:
    /// a group is switched off because it is too strict, not because nginx does not start.
    pub fn selects_refusals(&self, rule: &RuleMeta) -> bool {
        self.selects_at(rule, self.own_level(rule))
    }

    /// What the settings file says of a rule by its own name.
    pub(crate) fn own_level(&self, rule: &RuleMeta) -> Option<Level> {
        let mut all = self.levels.iter().rev();
        all.find(|(selector, _)| *selector == Selector::Rule(rule.name)).map(|(_, level)| *level)
    }

    fn selects_at(&self, rule: &RuleMeta, level: Option<Level>) -> bool {
        let names = |selectors: &[Selector]| selectors.iter().any(|selector| selector.matches(rule));
        let is_off = !names(&self.select)
            && match level {
                Some(level) => level == Level::Off,
                None => rule.severity == Severity::Pedantic,
            };
        (self.select.is_empty() || names(&self.select)) && !names(&self.ignore) && !is_off
    }

    /// What the settings file says of a rule: by its own name before its group's.
    pub fn level(&self, rule: &RuleMeta) -> Option<Level> {
        level(&self.levels, rule)
    }

    /// With what a settings file sets; what the command line says counts more.
    #[must_use]
    pub fn with(&self, settings_file: &SettingsFile) -> Self {
        let file = &settings_file.settings;
        let mut all = self.clone();
        all.overrides.extend(file.overrides.iter().map(|one| InFiles {
            files: settings_file.compiled(&one.files).collect(),
            levels: one.levels.iter().map(|(selector, level, _)| (*selector, *level)).collect(),
        }));
        all.versions = self.versions.or(file.versions);
        all.set_websocket_paths.extend(file.websocket_paths.iter().map(|path| path.text.clone()));
        all.not_websocket.extend(file.not_websocket.iter().map(|path| path.text.clone()));
        all.levels.extend(file.levels.iter().map(|(selector, level, _)| (*selector, *level)));
        all.layers.extend(file.layers.iter().cloned());
        all.heartbeat_ms = self.heartbeat_ms.or(file.heartbeat_ms);
        all.min_read_timeout_ms = self.min_read_timeout_ms.or(file.min_read_timeout_ms);
        all.expected_connections = self.expected_connections.or(file.expected_connections);
        all
    }
}

/// The last of these that names a rule, or else the last that names its group.
fn level(levels: &[(Selector, Level)], rule: &RuleMeta) -> Option<Level> {
    let of = |is_rule: bool| {
        let is_meant = move |selector: &Selector| {
            matches!(selector, Selector::Rule(_)) == is_rule && selector.matches(rule)
        };
        levels.iter().rev().find(|(selector, _)| is_meant(selector)).map(|(_, level)| *level)
    };
    of(true).or_else(|| of(false))
}

/// One rule, or all rules of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// By name.
    Rule(&'static str),
    /// By group.
    Group(Group),
}

impl Selector {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule(name) => name,
            Self::Group(group) => group.name(),
        }
    }

    pub(crate) fn matches(self, rule: &RuleMeta) -> bool {
        match self {
            Self::Rule(name) => name == rule.name,
            Self::Group(group) => group == rule.group,
        }
    }
}

/// A word that is neither a rule nor a group.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no rule or group `{name}`{}", .similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
pub struct UnknownRule {
    /// The word.
    pub name: String,
    /// The rule or group that it may be meant for.
    pub similar: Option<&'static str>,
}

impl std::str::FromStr for Selector {
    type Err = UnknownRule;

    fn from_str(name: &str) -> Result<Self, UnknownRule> {
        if let Some(group) = Group::ALL.iter().find(|group| group.name() == name) {
            return Ok(Self::Group(*group));
        }
        find_rule(name).map(|rule| Self::Rule(rule.name))
    }
}

/// The card of a rule.
///
/// # Errors
/// [`UnknownRule`] with the name that comes closest.
pub fn find_rule(name: &str) -> Result<&'static RuleMeta, UnknownRule> {
    let rules = || RULES.iter().map(|rule| rule.meta());
    if let Some(rule) = rules().find(|rule| rule.name == name) {
        return Ok(rule);
    }
    let names = rules().map(|rule| rule.name).chain(Group::ALL.iter().map(|group| group.name()));
    Err(UnknownRule { name: name.to_owned(), similar: similar(name, names) })
}

/// The name that comes closest, where one comes close.
pub fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let best = scored.filter(|(score, _)| *score > 0.6).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use lint_finding::FixKind;

    use super::*;

    const PEDANTIC: RuleMeta = RuleMeta {
        name: "a-rule",
        group: Group::Lifetime,
        severity: Severity::Pedantic,
        summary: "",
        since: "0.1.0",
        fix: FixKind::None,
        tells: lint_finding::Tells::Nothing,
        docs: "",
    };

    #[test]
    fn a_pedantic_rule_has_to_be_asked_for() {
        let is_run = |select: Vec<Selector>, ignore: Vec<Selector>, levels: Vec<(Selector, Level)>| {
            Settings { select, ignore, levels, ..Settings::default() }.selects(&PEDANTIC)
        };
        let (rule, group) = (Selector::Rule("a-rule"), Selector::Group(Group::Lifetime));
        assert!(!is_run(vec![], vec![], vec![]));
        assert!(!is_run(vec![Selector::Group(Group::Capacity)], vec![], vec![]));
        assert!(is_run(vec![rule], vec![], vec![]));
        assert!(is_run(vec![group], vec![], vec![]));
        assert!(!is_run(vec![rule], vec![group], vec![]));
        assert!(is_run(vec![], vec![], vec![(rule, Level::At(Severity::Pedantic))]));
        assert!(is_run(vec![], vec![], vec![(group, Level::At(Severity::Info))]));
        assert!(!is_run(vec![], vec![], vec![(group, Level::At(Severity::Info)), (rule, Level::Off)]));
    }
}
