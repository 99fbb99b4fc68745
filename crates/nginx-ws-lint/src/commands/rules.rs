//! `rules`: all rules at a glance.

use std::io::{self, Write};

use lint_finding::RuleMeta;
use serde::Serialize;
use ws_rules::RULES;

use crate::cli::{OutputArgs, RulesFormat};
use crate::error::Error;
use crate::exit::Exit;

/// Lists the rules.
pub(crate) fn run(format: RulesFormat, output: &OutputArgs) -> Result<Exit, Error> {
    let rules: Vec<&'static RuleMeta> = RULES.iter().map(|rule| rule.meta()).collect();
    output.write(|out| match format {
        RulesFormat::Table => table(&rules, out),
        RulesFormat::Json => json(&rules, out),
    })?;
    Ok(Exit::Clean)
}

fn table(rules: &[&RuleMeta], out: &mut dyn Write) -> io::Result<()> {
    let heading = ["NAME", "GROUP", "SEVERITY", "FIX", "SUMMARY"];
    let row = |rule: &&RuleMeta| {
        [rule.name, rule.group.name(), rule.severity.name(), rule.fix.name(), rule.summary]
    };
    let rows: Vec<[&str; 5]> = std::iter::once(heading).chain(rules.iter().map(row)).collect();
    let [name_width, group_width, severity_width, fix_width, _] =
        rows.iter().fold([0; 5], |widths: [usize; 5], row| {
            let mut cells = row.iter();
            widths.map(|width| width.max(cells.next().map_or(0, |cell| cell.len())))
        });
    for [name, group, severity, fix, summary] in rows {
        writeln!(
            out,
            "{name:name_width$}  {group:group_width$}  {severity:severity_width$}  {fix:fix_width$}  {summary}"
        )?;
    }
    Ok(())
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
