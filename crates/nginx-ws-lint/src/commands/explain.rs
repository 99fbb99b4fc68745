//! `explain RULE`: the page of a rule.

use lint_engine::{UnknownRule, find_rule};
use lint_finding::{Group, RuleMeta};
use ws_rules::RULES;

use crate::cli::OutputArgs;
use crate::error::Error;
use crate::exit::Exit;

/// Prints the page of the rule `name`.
pub(crate) fn run(name: &str, output: &OutputArgs) -> Result<Exit, Error> {
    let rule = find_rule(name).map_err(|unknown| unknown_rule(name, unknown))?;
    output.write(|out| writeln!(out, "{}\n\n{}", header(rule), without_card(rule.docs).trim_end()))?;
    Ok(Exit::Clean)
}

/// The page without the line under its title, of which the header says the same.
fn without_card(page: &str) -> String {
    let mut paragraphs = page.splitn(3, "\n\n");
    let title = paragraphs.next().unwrap_or_default();
    format!("{title}\n\n{}", paragraphs.nth(1).unwrap_or_default())
}

fn header(rule: &RuleMeta) -> String {
    let RuleMeta { name, group, severity, since, .. } = rule;
    format!("{name}: group {group}, severity {severity}, fix {}, since {since}", rule.fix.name())
}

/// A group is known wherever rules are chosen, but has no page.
fn unknown_rule(name: &str, unknown: UnknownRule) -> Error {
    match Group::ALL.iter().find(|group| group.name() == name) {
        Some(group) => {
            let rules = RULES.iter().map(|rule| rule.meta()).filter(|rule| rule.group == *group);
            Error::GroupNotRule { name: name.to_owned(), rules: rules.map(|rule| rule.name).collect() }
        }
        None => Error::UnknownRule { unknown },
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{FixKind, Severity};

    use super::*;

    #[test]
    fn the_card_is_told_once() {
        assert_eq!(without_card("# a\n\nx · y\n\n## B\n\nC\n"), "# a\n\n## B\n\nC\n");
    }

    #[test]
    fn the_header_is_the_card() {
        let rule = RuleMeta {
            name: "upgrade-missing",
            group: Group::Handshake,
            severity: Severity::Error,
            summary: "",
            since: "0.1.0",
            fix: FixKind::Either,
            docs: "",
        };
        assert_eq!(
            header(&rule),
            "upgrade-missing: group handshake, severity error, fix safe or unsafe, since 0.1.0"
        );
    }
}
