//! rules.md, and the line under the title of each rule's page.

use lint_finding::{Group, RuleMeta};
use ws_rules::RULES;

use crate::documents::HEADER;

/// The table of all rules, group by group.
pub(crate) fn table() -> String {
    let mut text = format!(
        "{HEADER}\n# Rules\n\n\
         {} rules. A rule runs unless `--ignore` names it or its group; one of level pedantic runs only if `--select` or the settings name it.\n\n\
         *Severity* is the highest that a finding of the rule has; one may have less where the evidence is weaker or \
         where only some nginx versions are affected.\n\
         *Fix* says whether findings come with an edit: `--fix` applies the safe ones, `--unsafe-fixes` \
         the others too ([docs/fixes.md](docs/fixes.md)).\n\
         *Since* is the version of nginx-ws-lint that first had the rule.\n",
        RULES.len()
    );
    for group in Group::ALL {
        let rules: Vec<&RuleMeta> =
            RULES.iter().map(|rule| rule.meta()).filter(|rule| rule.group == *group).collect();
        if rules.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {group}\n\n{}\n\n", about(*group)));
        text.push_str("| rule | severity | fix | since | summary |\n|---|---|---|---|---|\n");
        for RuleMeta { name, severity, since, summary, fix, .. } in rules {
            let (fix, summary) = (fix.name(), summary.replace('|', "\\|"));
            text.push_str(&format!(
                "| [{name}](docs/rules/{name}.md) | {severity} | {fix} | {since} | {summary} |\n"
            ));
        }
    }
    text
}

/// The page of a rule as it is written, with the card under the title; `None` where it has no text behind them.
pub(crate) fn page(rule: &RuleMeta, written: &str) -> Option<String> {
    let RuleMeta { name, group, severity, since, fix, .. } = rule;
    let source = format!("crates/ws-rules/src/rules/{}.rs", name.replace('-', "_"));
    let (_, body) = written.split_once("\n## ")?;
    Some(format!(
        "# {name}\n\n{group} · {severity} · fix: {} · since {since} · [source](../../{source})\n\n## {body}",
        fix.name()
    ))
}

/// What the rules of a group watch over.
fn about(group: Group) -> &'static str {
    match group {
        Group::Handshake => "Whether the upgrade gets to the upstream and can be answered with 101.",
        Group::Lifetime => "What ends a connection that is open.",
        Group::Balancing => "What happens with more than one back end.",
        Group::Layers => "Proxies in front of this nginx.",
        Group::Protocol => "HTTP versions and TLS.",
        Group::Buffering => "Buffers, compression and caches.",
        Group::Observability => "What the logs show.",
        Group::Capacity => "How many connections fit.",
        Group::Security => "What else gets through.",
        Group::Configuration => "The files themselves: what nginx cannot read or refuses to start with.",
    }
}
