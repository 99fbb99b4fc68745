//! Version 1 of what `rules` says, frozen: fields are added, never changed or taken away.

use lint_finding::RuleMeta;
use serde::Serialize;

const SCHEMA: &str = "urn:nginx-ws-lint:rules:v1";
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Output<'a> {
    schema: &'static str,
    version: u32,
    rules: Vec<Rule<'a>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Rule<'a> {
    name: &'a str,
    group: &'a str,
    /// The severity of its findings if the settings say nothing.
    severity: &'a str,
    /// Whether it offers a fix: `safe`, `unsafe`, `sometimes` or `none`.
    fix: &'a str,
    /// The version of this program that had it first.
    since: &'a str,
    summary: &'a str,
}

pub(crate) fn output<'a>(rules: &[&'a RuleMeta]) -> Output<'a> {
    let row = |rule: &&'a RuleMeta| Rule {
        name: rule.name,
        group: rule.group.name(),
        severity: rule.severity.name(),
        fix: rule.fix.name(),
        since: rule.since,
        summary: rule.summary,
    };
    Output { schema: SCHEMA, version: VERSION, rules: rules.iter().map(row).collect() }
}
