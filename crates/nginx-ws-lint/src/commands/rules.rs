//! `rules`: all rules at a glance.

use lint_finding::RuleMeta;
use lint_report::Style;
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
        RulesFormat::Json => lint_report::rules_json(&rules, out),
    })?;
    Ok(Exit::Clean)
}
