//! The page of a code or a message, and that of a cause.

use lint_engine::layers::{IdlePreset, Passes, Preset};
use lint_finding::RuleMeta;
use lint_report::capitalised;
use ws_rules::symptoms::{Symptom, cause, rules_of};

/// Beside the one that explains most, so many more are named.
const MOST_OTHERS: usize = 3;

/// What it means, what may cause it, and what to look at next.
pub(super) fn page(symptoms: &[&'static Symptom]) -> String {
    let Some((first, others)) = symptoms.split_first() else { return String::new() };
    let mut text =
        format!("# {}\n\n{}\n\n## What may cause it, the likeliest first\n\n", first.title, first.meaning);
    for key in first.causes {
        text.push_str(&format!("- `{key}`: {} {}\n", seen(key), reported_by(key)));
    }
    text.push_str(&format!("\n## What to look at next\n\n{}.\n", capitalised(first.next)));
    if !others.is_empty() {
        let titles: Vec<&str> = others.iter().take(MOST_OTHERS).map(|symptom| symptom.title).collect();
        text.push_str(&format!("\nIt may also mean: {}.\n", titles.join("; ")));
    }
    text.push_str(&format!("\nSource: {}.\n", first.source));
    text
}

/// The same for a cause.
pub(super) fn of_cause(key: &str) -> String {
    format!("# {key}\n\n{}\n\n{}\n", seen(key), reported_by(key))
}

/// What is known of a proxy in front.
pub(super) fn of_layer(layer: &Preset) -> String {
    let idle = match layer.idle {
        IdlePreset::Unknown => "Its limit depends, or nobody says it".to_owned(),
        IdlePreset::Unlimited => "It closes no silent connection by itself".to_owned(),
        IdlePreset::Seconds(seconds) => format!("It closes a connection after {seconds} s of silence"),
    };
    let passes = match layer.passes {
        Passes::Yes => "It passes WebSockets on.".to_owned(),
        Passes::OptIn => {
            format!("It passes WebSockets on {}.", layer.how.unwrap_or("where that is switched on"))
        }
        Passes::No => "It passes no WebSocket on.".to_owned(),
    };
    let reported = rules_of_layers().into_iter().map(|rule| format!("`{}`", rule.name));
    format!(
        "# {}\n\nA proxy in front of nginx, which no configuration of nginx shows. {passes} {idle} (as of {}).\n\n\
         `name = \"{}\"` in `[[layers]]` of the settings says that it is there (`nginx-ws-lint explain settings`).\nRules: {}.\n\nSources: {}.\n",
        layer.name,
        layer.as_of,
        layer.id,
        reported.collect::<Vec<_>>().join(", "),
        layer.sources.join(", ")
    )
}

/// The rules that speak of proxies in front.
pub(super) fn rules_of_layers() -> Vec<&'static RuleMeta> {
    ["outer-layer-timeout", "other-proxy"].iter().flat_map(|key| rules_of(key)).collect()
}

/// The rules of all causes, each once.
pub(super) fn rules(symptoms: &[&'static Symptom]) -> Vec<&'static RuleMeta> {
    let mut rules: Vec<&'static RuleMeta> = Vec::new();
    for rule in symptoms.iter().flat_map(|symptom| symptom.causes).flat_map(|key| rules_of(key)) {
        if rules.iter().all(|known| known.name != rule.name) {
            rules.push(rule);
        }
    }
    rules
}

/// What is seen where a cause is at work, or what a rule finds.
fn seen(key: &str) -> String {
    match (cause(key), rules_of(key).first()) {
        (Some(cause), _) => cause.seen.to_owned(),
        (None, Some(rule)) => format!("{}.", capitalised(rule.summary)),
        (None, None) => String::new(),
    }
}

fn reported_by(key: &str) -> String {
    let names: Vec<String> = rules_of(key).iter().map(|rule| format!("`{}`", rule.name)).collect();
    match (names.as_slice(), cause(key).and_then(|cause| cause.why_none)) {
        ([], Some(why)) => format!("No rule reports it: {why}."),
        ([one], _) => format!("Rule: {one}."),
        (names, _) => format!("Rules: {}.", names.join(", ")),
    }
}
