//! What the program prints for one rule.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::process::{Command, Output};

use nginx_proof::{DOCUMENT, found, is_complete, root};

fn run(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nginx-proof")).args(words).output().unwrap()
}

/// Its part of the document, so that the author of a rule sees in seconds what all pages together show in a minute.
#[test]
fn a_rule_is_proven_alone() {
    let found = found().unwrap();
    if found.is_empty() {
        return;
    }
    let output = run(&["small-header-buffers"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("## [small-header-buffers](rules/small-header-buffers.md)\n"), "{text}");
    assert_eq!(text.matches("\n## ").count(), 0, "{text}");
    if is_complete(&found) {
        assert!(fs::read_to_string(root().join(DOCUMENT)).unwrap().contains(&text), "{text}");
    }
}

#[test]
fn what_is_no_rule_is_refused() {
    if found().unwrap().is_empty() {
        return;
    }
    let output = run(&["small-headers"]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: no rule is called `small-headers`: rules.md lists them\n"
    );
    assert!(!run(&["--all"]).status.success());
}
