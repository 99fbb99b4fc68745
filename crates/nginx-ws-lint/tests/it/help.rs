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
