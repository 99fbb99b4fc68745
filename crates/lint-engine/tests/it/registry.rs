//! The registry, the files beside it and the rules' cards agree.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use lint_engine::find_rule;
use lint_finding::RuleMeta;
use ws_rules::RULES;

fn cards() -> Vec<&'static RuleMeta> {
    RULES.iter().map(|rule| rule.meta()).collect()
}

#[test]
fn names_are_kebab_case_sorted_and_unique() {
    let names: Vec<&str> = cards().iter().map(|rule| rule.name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    for name in names {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        assert!(name.split('-').all(is_word), "{name}");
        assert_eq!(find_rule(name).map(|rule| rule.name), Ok(name));
    }
}

#[test]
fn each_rule_has_a_source_and_a_page_and_each_of_them_a_rule() {
    let stems = |folder: &str, wanted: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ws-rules").join(folder);
        let paths =
            fs::read_dir(folder).expect("a folder of the rules").map(|entry| entry.expect("an entry").path());
        let stem = |path: PathBuf| {
            assert_eq!(path.extension(), Some(OsStr::new(wanted)), "neither a rule nor its page");
            path.file_stem().expect("a name").to_string_lossy().into_owned()
        };
        paths.map(stem).collect()
    };
    let names: BTreeSet<String> = cards().iter().map(|rule| rule.name.to_owned()).collect();
    let mut sources = stems("src/rules", "rs");
    assert!(sources.remove("mod"));
    assert_eq!(names, sources.iter().map(|stem| stem.replace('_', "-")).collect());
    assert_eq!(names, stems("pages", "md"));
}

#[test]
fn summaries_are_one_line_without_a_full_stop() {
    for rule in cards() {
        assert!(!rule.summary.ends_with('.') && !rule.summary.contains('\n'), "{}", rule.summary);
        assert!(rule.summary.len() <= 100, "{}", rule.summary);
        let first = rule.summary.chars().next().unwrap_or(' ');
        assert!(first.is_lowercase() || first == '`', "{}", rule.summary);
        assert_eq!(rule.since.split('.').count(), 3, "{}", rule.name);
    }
}

#[test]
fn a_misspelt_rule_is_answered_with_the_nearest() {
    let unknown = find_rule("short-read-timeuot").expect_err("no such rule");
    assert_eq!(unknown.similar, Some("short-read-timeout"));
}
