//! Help texts.

use insta::assert_snapshot;

use crate::run::Tree;

#[test]
fn short_help() {
    assert_snapshot!(Tree::new(&[]).run(&["-h"]).shown());
}

#[test]
fn long_help() {
    assert_snapshot!(Tree::new(&[]).run(&["--help"]).shown());
}

#[test]
fn help_of_commands() {
    let tree = Tree::new(&[]);
    assert_snapshot!("endpoints", tree.run(&["endpoints", "--help"]).shown());
    assert_snapshot!("trace", tree.run(&["trace", "--help"]).shown());
    assert_snapshot!("graph", tree.run(&["graph", "--help"]).shown());
    assert_snapshot!("explain", tree.run(&["explain", "--help"]).shown());
    assert_snapshot!("rules", tree.run(&["rules", "--help"]).shown());
}

#[test]
fn version() {
    let tree = Tree::new(&[]);
    let run = tree.run(&["--version"]);
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(0), concat!("nginx-ws-lint ", env!("CARGO_PKG_VERSION"), "\n"))
    );
    assert_eq!(tree.run(&["-V"]).stdout, run.stdout);
}

/// A terminal of a locale without UTF-8 has no other characters, and `groff` says so.
#[test]
fn manual_pages_are_ascii() {
    let tree = Tree::new(&[]);
    let help = tree.run(&["--help"]).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for arguments in names.iter().map(|name| vec!["man", name]).chain([vec!["man"]]) {
        let run = tree.run(&arguments);
        assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.shown());
        let other = run.stdout.lines().find(|line| !line.is_ascii());
        assert_eq!(other, None, "{arguments:?}");
    }
}
