//! The fixes of the Examples of every rule's page do what they promise, however the text is written.

use lint_engine::Which;
use lint_finding::{Applicability, Finding, FixKind, FixReport, FixRow, RuleMeta};
use ws_rules::RULES;

use crate::docs::blocks;
use crate::snippet::{Snippet, listed};

/// How a block is written: as it stands, as Windows writes it, on one line for each file.
type Writing = (&'static str, fn(&str) -> Option<String>);

const WRITINGS: [Writing; 3] = [
    ("as it stands", |text| Some(text.to_owned())),
    ("with CRLF", |text| Some(text.replace('\n', "\r\n"))),
    ("on one line", |text| {
        // A comment would take the rest of the line with it.
        let words: Vec<&str> = text.split_whitespace().collect();
        (!text.contains('#')).then(|| words.join(" "))
    }),
];

fn examples() -> impl Iterator<Item = (&'static RuleMeta, usize, Snippet)> {
    RULES.iter().map(|rule| rule.meta()).flat_map(|rule| {
        let examples = blocks(rule.docs).into_iter().filter(|block| block.heading == "Example");
        examples.enumerate().map(move |(index, block)| {
            (rule, index + 1, Snippet::of_page(block.info, &block.text).asked(rule))
        })
    })
}

/// What is wrong with the fixes of one block, in one writing.
fn faults(rule: &RuleMeta, snippet: &Snippet) -> Vec<String> {
    let before = snippet.run().findings;
    let mut faults = Vec::new();
    let fixes: Vec<&Finding> = before.iter().filter(|finding| finding.fix.is_some()).collect();
    let applicabilities = fixes.iter().filter_map(|finding| Some(finding.fix.as_ref()?.applicability));
    let has_unsafe = applicabilities.clone().any(|one| one == Applicability::Unsafe);
    let has_safe = applicabilities.clone().any(|one| one == Applicability::Safe);
    for which in [Which::Safe, Which::All] {
        let (after, fixed) = snippet.fixed(which);
        let report = fixed.outcome.fixes.clone().unwrap_or_default();
        let FixReport { applied, dropped, .. } = &report;
        let is_all = which == Which::All;
        // What is safe but for other locations waits for the others.
        let is_about_others =
            |row: &FixRow| row.reason.as_ref().is_some_and(|reason| reason.starts_with("it would change "));
        if !is_all && !dropped.is_empty() && dropped.iter().all(is_about_others) {
            continue;
        }
        if applied.is_empty() == (has_safe || is_all && has_unsafe) {
            faults.push(format!("{which:?}: {} fixes are applied", applied.len()));
        }
        for row in dropped {
            faults.push(format!("{which:?}: not applied: {}", row.reason.as_deref().unwrap_or_default()));
        }
        let found = after.run().findings;
        if found != fixed.outcome.findings {
            faults.push(format!("{which:?}: another run finds\n{}", listed(&found)));
        }
        // Whatever had a fix is gone, nothing else went away unasked, and what came is milder.
        let untouched = before.iter().filter(|finding| {
            let fix = finding.fix.as_ref().map(|fix| fix.applicability);
            fix.is_none() || fix == Some(Applicability::Unsafe) && !is_all
        });
        let left = found.iter().filter(|finding| finding.rule.name == rule.name).count();
        if left > untouched.count() {
            faults.push(format!("{which:?}: found afterwards\n{}", listed(&found)));
        }
        let worst = before.iter().map(|finding| finding.severity).max();
        let new: Vec<Finding> = found
            .iter()
            .filter(|finding| finding.rule.name != rule.name && Some(finding.severity) >= worst)
            .cloned()
            .collect();
        if !new.is_empty() {
            faults.push(format!("{which:?}: new is\n{}", listed(&new)));
        }
        let (_, again) = after.fixed(which);
        if !again.texts.is_empty() {
            faults.push(format!("{which:?}: a second time changes something"));
        }
    }
    faults
}

#[test]
fn the_fixes_of_the_examples_take_them_away() {
    let (mut run, mut squeezed) = (0, 0);
    let mut wrong = Vec::new();
    for (rule, number, snippet) in examples() {
        if !snippet.run().findings.iter().any(|finding| finding.fix.is_some()) {
            continue;
        }
        for (name, writing) in WRITINGS {
            let Some(snippet) = snippet.written(writing) else { continue };
            run += 1;
            squeezed += usize::from(name == "on one line");
            let faults = faults(rule, &snippet);
            if !faults.is_empty() {
                wrong.push(format!("{}, Example {number} {name}:\n  {}", rule.name, faults.join("\n  ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run > 50 && squeezed > 10, "{run} texts, {squeezed} on one line");
}

#[test]
fn the_card_says_whether_there_are_fixes() {
    let agrees = |rule: &RuleMeta| {
        let of_rule = examples().filter(|(other, _, _)| other.name == rule.name);
        let findings = of_rule.flat_map(|(_, _, snippet)| snippet.run().findings);
        let fixes =
            findings.filter(|finding| finding.rule.name == rule.name).filter_map(|finding| finding.fix);
        let kinds: Vec<Applicability> = fixes.map(|fix| fix.applicability).collect();
        let all = |kind| !kinds.is_empty() && kinds.iter().all(|one| *one == kind);
        match rule.fix {
            FixKind::None => kinds.is_empty(),
            FixKind::Safe => all(Applicability::Safe),
            FixKind::Unsafe => all(Applicability::Unsafe),
            FixKind::Either => !kinds.is_empty(),
        }
    };
    let rules = RULES.iter().map(|rule| rule.meta());
    let wrong: Vec<&str> = rules.filter(|rule| !agrees(rule)).map(|rule| rule.name).collect();
    assert!(wrong.is_empty(), "no Example of these agrees with the card: {wrong:?}");
}

#[test]
fn titles_are_sentences_that_say_what_to_do() {
    for (rule, number, snippet) in examples() {
        for fix in snippet.run().findings.into_iter().filter_map(|finding| finding.fix) {
            let title = fix.title;
            let is_sentence = title.starts_with(|first: char| first.is_ascii_lowercase())
                && !title.ends_with('.')
                && !title.contains('\n');
            assert!(is_sentence, "{}, Example {number}: {title}", rule.name);
        }
    }
}
