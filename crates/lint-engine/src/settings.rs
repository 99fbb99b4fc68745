//! What a run is asked to do.

use lint_finding::{Group, RuleMeta};
use nginx_semantics::VersionRange;
use thiserror::Error;
use ws_rules::RULES;

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The versions to judge for; `None`: those that distributions ship, raised by what the configuration uses.
    pub versions: Option<VersionRange>,
    /// Paths, such as `/ws`, that carry WebSockets in every server.
    pub websocket_paths: Vec<String>,
    /// Whether every proxied location is taken for an endpoint.
    pub assume_websocket: bool,
    /// Only these rules; empty: all.
    pub select: Vec<Selector>,
    /// Not these rules.
    pub ignore: Vec<Selector>,
}

impl Settings {
    /// Whether a rule is to run.
    pub fn selects(&self, rule: &RuleMeta) -> bool {
        let names = |selectors: &[Selector]| selectors.iter().any(|selector| selector.matches(rule));
        (self.select.is_empty() || names(&self.select)) && !names(&self.ignore)
    }
}

/// One rule, or all rules of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// By name.
    Rule(&'static str),
    /// By group.
    Group(Group),
}

impl Selector {
    fn matches(self, rule: &RuleMeta) -> bool {
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
    let scored = names.map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let best = scored.filter(|(score, _)| *score > 0.6).max_by(|(a, _), (b, _)| a.total_cmp(b));
    Err(UnknownRule { name: name.to_owned(), similar: best.map(|(_, known)| known) })
}
