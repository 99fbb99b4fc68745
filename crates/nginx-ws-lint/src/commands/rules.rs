//! `rules`: all rules at a glance.

use std::io::{self, Write};

use lint_finding::RuleMeta;
use lint_report::Style;
use serde::Serialize;
use ws_rules::RULES;

use crate::cli::{Color, OutputArgs, RulesFormat};
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

/// Lists the rules.
pub(crate) fn run(format: RulesFormat, output: &OutputArgs, color: Color) -> Result<Exit, Error> {
    let rules: Vec<&'static RuleMeta> = RULES.iter().map(|rule| rule.meta()).collect();
    // A line each for a search, where nobody's terminal says how wide it is.
    let style = terminal::style(color, output, false, false);
    let style = if output.is_terminal() { style } else { Style { width: usize::MAX, ..style } };
    output.write(|out| match format {
        RulesFormat::Table => lint_report::rules(&rules, &style, out),
        RulesFormat::Json => json(&rules, out),
    })?;
    Ok(Exit::Clean)
}

/// Version 1, frozen: fields are added, never changed or taken away.
#[derive(Debug, Serialize)]
struct Output<'a> {
    schema: &'static str,
    version: u32,
    rules: Vec<Card<'a>>,
}

#[derive(Debug, Serialize)]
struct Card<'a> {
    name: &'a str,
    group: &'a str,
    severity: &'a str,
    fix: &'a str,
    since: &'a str,
    summary: &'a str,
}

fn json(rules: &[&'static RuleMeta], out: &mut dyn Write) -> io::Result<()> {
    let card = |rule: &&'static RuleMeta| Card {
        name: rule.name,
        group: rule.group.name(),
        severity: rule.severity.name(),
        fix: rule.fix.name(),
        since: rule.since,
        summary: rule.summary,
    };
    let rules = rules.iter().map(card).collect();
    serde_json::to_writer_pretty(
        &mut *out,
        &Output { schema: "urn:nginx-ws-lint:rules:v1", version: 1, rules },
    )?;
    writeln!(out)
}
