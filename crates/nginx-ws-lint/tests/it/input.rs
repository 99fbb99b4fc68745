//! What is read, and what cannot be.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use insta::assert_snapshot;

use crate::run::Tree;

#[test]
fn a_missing_path() {
    assert_snapshot!(Tree::new(&[]).run(&["missing.conf"]).shown());
}

#[test]
fn empty_input_is_said_to_be_empty() {
    let tree = Tree::new(&[("nginx.conf", "")]);
    for run in [tree.run_with(&["-"], b""), tree.run_with(&["-"], b" \n"), tree.run(&["nginx.conf"])] {
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(run.shown().contains("nothing was judged: the input is empty"), "{}", run.shown());
    }
}

#[test]
fn an_empty_folder() {
    assert_snapshot!(Tree::new(&[]).run(&["."]).shown());
}

#[test]
fn no_path_means_the_folder() {
    let run = Tree::new(&[]).run(&[]);
    // A machine with nginx is judged itself.
    if !fs::exists("/etc/nginx").unwrap() {
        assert_eq!(run.stderr, "note: no path given, linting the working directory\n");
    }
    assert_eq!(Tree::new(&[]).run(&["-q"]).stderr, "");
}

#[test]
fn standard_input_under_the_name_that_is_given() {
    let tree = Tree::new(&[("conf.d/a.conf", "events {}\n")]);
    let config = b"events {}\nhttp {\n";
    let run = tree.run_with(&["-", "--format", "concise"], config);
    assert!(run.stdout.contains("<stdin>:"), "{}", run.shown());
    let run = tree.run_with(&["-", "--stdin-filename", "conf.d/b.conf", "--format", "concise"], config);
    assert!(run.stdout.contains("conf.d/b.conf:"), "{}", run.shown());
    let run = tree.run_with(&["-", "--stdin-filename", "conf.d/a.conf", "--format", "concise"], config);
    assert!(run.stdout.contains("conf.d/a.conf:"), "{}", run.shown());
}

#[test]
fn a_fifo_is_not_opened() {
    let tree = Tree::new(&[]);
    assert!(Command::new("mkfifo").arg(tree.path("fifo.conf")).status().unwrap().success());
    assert_snapshot!(tree.run(&["fifo.conf"]).shown());
    // Found by walking it is passed over like every other thing that is no file.
    tree.run(&["."]);
}

#[test]
fn a_link_that_leads_nowhere() {
    let tree = Tree::new(&[]);
    symlink("loop.conf", tree.path("loop.conf")).unwrap();
    assert_snapshot!(tree.run(&["loop.conf"]).shown());
}

#[test]
fn unreadable_files_and_folders() {
    let tree = Tree::new(&[("nginx.conf", "events {}\n"), ("conf.d/a.conf", "events {}\n")]);
    for name in ["nginx.conf", "conf.d"] {
        fs::set_permissions(tree.path(name), fs::Permissions::from_mode(0o000)).unwrap();
    }
    // The superuser reads everything.
    if fs::read(tree.path("nginx.conf")).is_err() {
        assert_snapshot!(tree.run(&["."]).shown(), @r"
        exit code 2
        ----- stdout -----
        warning[unreadable-file]: cannot be read: permission denied (nginx.conf)
        warning[unreadable-file]: this folder could not be read: permission denied (conf.d)

        0 files judged, no WebSocket endpoint
        no findings
        ----- stderr -----
        ");
    }
    fs::set_permissions(tree.path("conf.d"), fs::Permissions::from_mode(0o755)).unwrap();
}
