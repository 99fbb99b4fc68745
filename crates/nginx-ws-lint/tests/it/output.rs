//! Streams, colours and formats.

use crate::run::Tree;

/// Something to say whatever the rules are: a file that is not there.
const MISSING: &str = "missing.conf";

#[test]
fn a_reader_that_is_gone_changes_nothing() {
    let tree = Tree::new(&[]);
    assert_eq!(tree.run_without_reader(&[MISSING]), (Some(2), String::new()));
    assert_eq!(tree.run_without_reader(&["rules"]), (Some(0), String::new()));
    assert_eq!(tree.run_without_reader(&["rules", "--format", "json"]), (Some(0), String::new()));
    assert_eq!(tree.run_without_reader(&["--help"]), (Some(0), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let error = "error: cannot write to standard output: No space left on device (os error 28)\n";
    for arguments in [&["rules"][..], &["--help"], &["--version"], &["logs", "-h"]] {
        assert_eq!(Tree::new(&[]).run_on_full_disk(arguments), (Some(2), error.to_owned()), "{arguments:?}");
    }
}

#[test]
fn colours_where_they_are_wanted() {
    let is_colored = |tree: Tree, arguments: &[&str]| tree.run(arguments).stdout.contains('\x1b');
    let tree = || Tree::new(&[]).env("TERM", "xterm");
    assert!(is_colored(tree(), &[MISSING, "--color", "always"]));
    assert!(is_colored(tree().env("NO_COLOR", "1"), &[MISSING, "--color=always"]));
    assert!(is_colored(tree().env("FORCE_COLOR", "1"), &[MISSING]));
    assert!(is_colored(tree().env("CLICOLOR_FORCE", "1"), &[MISSING]));

    assert!(!is_colored(tree(), &[MISSING]));
    assert!(!is_colored(tree().env("CLICOLOR", "1"), &[MISSING]));
    assert!(!is_colored(tree().env("FORCE_COLOR", "0"), &[MISSING]));
    assert!(!is_colored(tree().env("FORCE_COLOR", "1").env("NO_COLOR", "1"), &[MISSING]));
    assert!(!is_colored(tree().env("FORCE_COLOR", "1"), &[MISSING, "--color", "never"]));
    assert!(!is_colored(tree().env("FORCE_COLOR", "1"), &[MISSING, "--format", "concise"]));
}

#[test]
fn quiet_keeps_what_could_not_be_done() {
    let run = Tree::new(&[]).run(&["-q", MISSING]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(2), 1), "{}", run.stdout);
    assert!(run.stdout.contains(MISSING), "{}", run.stdout);
}

#[test]
fn findings_decide_the_exit_code() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {\n")]);
    let code = |arguments: &[&str]| tree.run(arguments).code;
    assert_eq!(code(&["nginx.conf"]), Some(1));
    assert_eq!(code(&["nginx.conf", "--fail-on", "error"]), Some(1));
    assert_eq!(code(&["nginx.conf", "--fail-on", "never"]), Some(0));
    assert_eq!(code(&["nginx.conf", "--ignore", "configuration"]), Some(0));
    assert_eq!(code(&["nginx.conf", "--select", "lifetime,handshake"]), Some(0));
    assert_eq!(code(&["nginx.conf", MISSING]), Some(2));
    assert_eq!(tree.run_without_reader(&["nginx.conf"]), (Some(1), String::new()));
}

#[test]
fn quiet_keeps_findings() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {\n")]);
    let (all, quiet) = (tree.run(&["nginx.conf"]), tree.run(&["nginx.conf", "-q"]));
    assert_eq!(quiet.code, Some(1));
    assert!(!quiet.stdout.is_empty() && all.stdout.starts_with(&quiet.stdout), "{}", quiet.stdout);
    assert!(!quiet.stdout.contains("1 error") && !quiet.stdout.ends_with("\n\n"), "{}", quiet.stdout);
    let clean = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n")]).run(&["nginx.conf", "-q"]);
    assert_eq!((clean.code, clean.stdout.as_str()), (Some(0), ""));
}

#[test]
fn never_does_not_forgive_what_could_not_be_done() {
    assert_eq!(Tree::new(&[]).run(&["--fail-on", "never", MISSING]).code, Some(2));
}

#[test]
fn every_format_writes_to_standard_output_alone() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n")]);
    for format in ["human", "concise", "json"] {
        let run = tree.run(&["--format", format, "."]);
        assert_eq!(run.stderr, "", "{format}");
    }
    let run = tree.run(&["--format", "json", "."]);
    let outcome: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(outcome["tool"]["name"], "nginx-ws-lint");
    assert_eq!(outcome["tool"]["version"], env!("CARGO_PKG_VERSION"));
}
