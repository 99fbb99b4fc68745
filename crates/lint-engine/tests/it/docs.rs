//! Every nginx block of every rule's page is linted.

use lint_finding::{Finding, Group, RuleMeta, Severity};
use ws_rules::RULES;

use crate::snippet::{Snippet, listed};

/// The headings of a page, in order.
const HEADINGS: [&str; 10] = [
    "What it does",
    "Why it breaks WebSockets",
    "Example",
    "Use instead",
    "Fix safety",
    "Options",
    "When to ignore it",
    "nginx versions",
    "References",
    "See it happen",
];

/// A fenced block of a page.
pub(crate) struct Block<'p> {
    pub(crate) heading: &'p str,
    pub(crate) info: &'p str,
    pub(crate) text: String,
}

fn pages() -> impl Iterator<Item = &'static RuleMeta> {
    RULES.iter().map(|rule| rule.meta())
}

/// The blocks whose fence says `nginx`.
pub(crate) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut heading = "";
    let mut open = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some("") if open => open = false,
            Some(info) if !open => {
                let info = info.strip_prefix("nginx").unwrap_or_else(|| panic!("a fence of {info}"));
                blocks.push(Block { heading, info, text: String::new() });
                open = true;
            }
            _ if open => {
                let block = blocks.last_mut().expect("an open block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            _ => heading = line.strip_prefix("## ").unwrap_or(heading),
        }
    }
    assert!(!open, "a fence is not closed");
    blocks
}

fn is_well_written(message: &str) -> bool {
    let first = message.chars().next().unwrap_or(' ');
    (first.is_lowercase() || first == '`') && !message.ends_with('.')
}

#[test]
fn headings_stand_in_their_order() {
    for rule in pages() {
        assert_eq!(rule.docs.lines().next(), Some(format!("# {}", rule.name).as_str()));
        let headings: Vec<&str> = rule.docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{}", rule.name);
        let sections = rule.docs.split("\n## ").skip(1);
        let empty = sections.filter(|section| section.lines().skip(1).all(|line| line.trim().is_empty()));
        assert_eq!(empty.count(), 0, "{} has an empty section", rule.name);
    }
}

#[test]
fn prose_is_one_sentence_a_line_and_stays_out_of_the_way() {
    for rule in pages() {
        // `explain` shows it without the card, where a path would lead nowhere.
        for line in rule.docs.lines().skip_while(|line| !line.starts_with("## ")) {
            assert!(!line.contains("../") && !line.contains("/work/"), "{}: {line}", rule.name);
            assert_eq!(line.trim_end(), line, "{}", rule.name);
        }
    }
}

#[test]
fn every_block_does_what_its_heading_says() {
    let mut executed = 0;
    let mut wrong = Vec::new();
    for rule in pages() {
        for block in blocks(rule.docs) {
            let outcome = Snippet::of_page(block.info, &block.text).asked(rule).run();
            executed += 1;
            let names: Vec<&str> = outcome.findings.iter().map(|finding| finding.rule.name).collect();
            let is_right = match block.heading {
                "Example" => !names.is_empty() && names.iter().all(|name| *name == rule.name),
                "Use instead" => names.is_empty(),
                _ => panic!("{}: a block under {}", rule.name, block.heading),
            };
            if !is_right {
                wrong.push(format!(
                    "{}, {}:\n{}{}",
                    rule.name,
                    block.heading,
                    block.text,
                    listed(&outcome.findings)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let fences = pages().flat_map(|rule| rule.docs.lines()).filter(|line| line.starts_with("```nginx"));
    assert_eq!(executed, fences.count());
}

#[test]
fn each_page_has_both_kinds_of_block() {
    for rule in pages() {
        for heading in ["Example", "Use instead"] {
            assert!(
                blocks(rule.docs).iter().any(|block| block.heading == heading),
                "{}: {heading}",
                rule.name
            );
        }
    }
}

#[test]
fn messages_and_helps_of_the_examples_keep_their_form() {
    let examples = pages().flat_map(|rule| blocks(rule.docs).into_iter().map(move |block| (rule, block)));
    let findings: Vec<Finding> = examples
        .flat_map(|(rule, block)| Snippet::of_page(block.info, &block.text).asked(rule).run().findings)
        .collect();
    for finding in &findings {
        let texts = std::iter::once(&finding.primary).chain(&finding.labels).map(|label| &label.message);
        for text in texts.filter(|text| !text.is_empty()).chain([&finding.message]) {
            assert!(is_well_written(text), "{}: {text}", finding.rule.name);
        }
        let help = finding.help.as_deref().unwrap_or_default();
        assert!(!help.is_empty(), "{} has no help", finding.rule.name);
        let is_handshake = finding.rule.group == Group::Handshake
            && finding.severity > Severity::Info
            && finding.endpoint.is_some();
        let last = help.lines().last().unwrap_or_default();
        let ends_with_command = last.starts_with("    curl ");
        assert_eq!(ends_with_command, is_handshake, "{}: {help}", finding.rule.name);
    }
}
