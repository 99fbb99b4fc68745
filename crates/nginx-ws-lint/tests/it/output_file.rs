//! `--output`: every command and format, as a whole or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::run::Tree;

const MAIN: &str = "events {}
http {
    server {
        listen 80;
        server_name example.com;
        location /ws/ { proxy_pass ws://127.0.0.1:9000; }
    }
}
";

fn tree() -> Tree {
    Tree::new(&[("nginx.conf", MAIN), ("out/.keep", "")])
}

#[test]
fn every_command_and_format_writes_to_a_file_what_it_would_print() {
    let runs: [&[&str]; 14] = [
        &["nginx.conf"],
        &["nginx.conf", "-v", "--color=always"],
        &["nginx.conf", "--format=concise"],
        &["nginx.conf", "--format=json"],
        &["--diff", "nginx.conf"],
        &["endpoints", "nginx.conf"],
        &["endpoints", "nginx.conf", "--format=json"],
        &["endpoints", "nginx.conf", "--format=markdown"],
        &["endpoints", "nginx.conf", "--format=csv"],
        &["trace", "ws://example.com/ws/", "nginx.conf"],
        &["trace", "ws://example.com/ws/", "nginx.conf", "--format=json"],
        &["explain", "missing-upgrade-header"],
        &["rules"],
        &["rules", "--format=json"],
    ];
    let tree = tree();
    for arguments in runs {
        let printed = tree.run(arguments);
        let written = tree.run(&[arguments, &["--output", "out/file"]].concat());
        assert_eq!((written.code, written.stdout.as_str()), (printed.code, ""), "{arguments:?}");
        assert_eq!(written.stderr, printed.stderr, "{arguments:?}");
        assert_eq!(fs::read_to_string(tree.path("out/file")).unwrap(), printed.stdout, "{arguments:?}");
    }
    let left: Vec<_> =
        fs::read_dir(tree.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "nothing is left beside it: {left:?}");
}

#[test]
fn what_is_fixed_from_standard_input_may_go_where_it_came_from() {
    let tree = tree();
    let arguments = ["--fix", "--stdin-filename", "nginx.conf", "-", "-o", "nginx.conf"];
    let run = tree.run_with(&arguments, MAIN.as_bytes());
    assert_eq!(run.stdout, "");
    let text = fs::read_to_string(tree.path("nginx.conf")).unwrap();
    assert!(text.contains("proxy_pass http://127.0.0.1:9000;"), "{text}");
}

#[test]
fn a_judged_file_is_never_overwritten_with_what_is_said_of_it() {
    let tree = tree();
    symlink("../nginx.conf", tree.path("out/link")).unwrap();
    for arguments in [
        &["nginx.conf", "-o", "nginx.conf"][..],
        &[".", "-o", "out/link"],
        &["--diff", "nginx.conf", "-o", "nginx.conf"],
        &["--fix", "nginx.conf", "-o", "nginx.conf"],
        &["endpoints", "nginx.conf", "-o", "./nginx.conf"],
        &["trace", "ws://example.com/ws/", "nginx.conf", "-o", "nginx.conf"],
    ] {
        let run = tree.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stderr.contains("which is judged"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(tree.path("nginx.conf")).unwrap(), MAIN, "{arguments:?}");
    }
}

#[test]
fn a_file_that_was_there_is_replaced_as_a_whole() {
    let tree = tree();
    let (target, link) = (tree.path("out/target"), tree.path("out/link"));
    fs::write(&target, "old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("target", &link).unwrap();
    assert_eq!(tree.run(&["rules", "-o", "out/link"]).code, Some(0));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link stays");
    assert!(fs::read_to_string(&target).unwrap().starts_with("NAME"));
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640, "the mode stays");
    // Wrong usage is known before anything is written.
    assert_eq!(tree.run(&["nginx.conf", "--unsafe-fixes", "-o", "out/target"]).code, Some(2));
    assert!(fs::read_to_string(&target).unwrap().starts_with("NAME"));
    assert_eq!(tree.run(&["rules", "-o", "/dev/null"]).code, Some(0));
    assert_eq!(tree.run(&["rules", "-o", "-"]).stdout, tree.run(&["rules"]).stdout);
    let run = tree.run(&["rules", "-o", "missing/file"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("error: cannot write to `missing/file`: "), "{}", run.stderr);
}
