//! `--fix`, `--unsafe-fixes` and `--diff`: what is written, what is said, and what the exit code is.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::run::Tree;

/// A defect with a safe fix, in the main file.
const SCHEME: &str = "events {}
http {
    server {
        listen 80;
        server_name example.com;
        location /ws/ {
            proxy_pass ws://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_read_timeout 1h;
        }
    }
}
";

/// One with a fix that is not safe.
const HIDDEN: &str = "events {}
http {
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    server {
        listen 80;
        server_name example.com;
        location / {
            proxy_pass http://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_hide_header Upgrade;
            proxy_read_timeout 1h;
        }
    }
}
";

/// What every small configuration lacks, and is not asked here.
const IGNORED: &str = "--ignore=observability,capacity,no-shutdown-timeout";

fn text(tree: &Tree, name: &str) -> String {
    String::from_utf8(fs::read(tree.path(name)).unwrap()).unwrap()
}

#[test]
fn safe_ones_are_applied_and_told() {
    let tree = Tree::new(&[("nginx.conf", SCHEME)]);
    let run = tree.run(&["--fix", IGNORED, "nginx.conf"]);
    assert_snapshot!(run.shown());
    assert_eq!(text(&tree, "nginx.conf"), SCHEME.replace("ws://", "http://"));
    // Twice is once.
    let again = tree.run(&["--fix", "nginx.conf"]);
    assert_eq!((again.code, text(&tree, "nginx.conf")), (Some(0), SCHEME.replace("ws://", "http://")));
}

#[test]
fn unsafe_ones_wait_until_they_are_asked_for() {
    let tree = Tree::new(&[("nginx.conf", HIDDEN)]);
    let run = tree.run(&["--fix", IGNORED, "nginx.conf"]);
    assert_eq!((run.code, text(&tree, "nginx.conf").as_str()), (Some(1), HIDDEN));
    assert!(run.stdout.contains("nothing fixed; --unsafe-fixes has 1 more\n"), "{}", run.stdout);
    let run = tree.run(&["--fix", "--unsafe-fixes", IGNORED, "nginx.conf"]);
    assert_snapshot!(run.shown());
    assert_eq!(text(&tree, "nginx.conf"), HIDDEN.replace("            proxy_hide_header Upgrade;\n", ""));
    assert_eq!(tree.run(&["--unsafe-fixes", "nginx.conf"]).code, Some(2));
}

#[test]
fn a_diff_changes_nothing() {
    let tree = Tree::new(&[("nginx.conf", SCHEME)]);
    for arguments in [&["--diff", "nginx.conf"][..], &["--fix", "--diff", "nginx.conf"]] {
        let run = tree.run(arguments);
        assert_snapshot!("a_diff_changes_nothing", run.shown());
        assert_eq!(text(&tree, "nginx.conf"), SCHEME);
    }
    // What is left does not count, what would change does.
    let tree = Tree::new(&[("nginx.conf", HIDDEN)]);
    let run = tree.run(&["--diff", "nginx.conf"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""));
    assert_eq!(tree.run(&["--diff", "--unsafe-fixes", "nginx.conf"]).code, Some(1));
}

/// Line endings, a byte order mark and the missing newline at the end are where they were, through `patch` too.
#[test]
fn bytes_outside_of_edits_stay() {
    let odd = format!("\u{feff}{}", SCHEME.replace('\n', "\r\n").trim_end());
    let fixed = odd.replace("ws://", "http://");
    let tree = Tree::new(&[("nginx.conf", &odd), ("copy/sites/my site.conf", &odd)]);
    // nginx refuses the mark, which is left.
    assert_eq!(tree.run(&["--fix", "nginx.conf"]).code, Some(1));
    assert_eq!(text(&tree, "nginx.conf"), fixed);

    let diff = tree.run(&["--diff", "copy"]).stdout;
    let Ok(mut patch) = Command::new("patch")
        .args(["-p0", "--binary"])
        .current_dir(tree.path("."))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
    else {
        return;
    };
    patch.stdin.take().unwrap().write_all(diff.as_bytes()).unwrap();
    assert!(patch.wait().unwrap().success(), "{diff}");
    assert_eq!(text(&tree, "copy/sites/my site.conf"), fixed);
}

#[test]
fn standard_input_comes_out_fixed() {
    let tree = Tree::new(&[]);
    let run = tree.run_with(&["--fix", IGNORED, "-"], SCHEME.as_bytes());
    assert_eq!((run.code, run.stdout), (Some(0), SCHEME.replace("ws://", "http://")));
    assert!(run.stderr.contains("fixed 1 finding in 1 file\n"), "{}", run.stderr);
    // As it is where there is nothing to fix.
    let run = tree.run_with(&["--fix", "-"], HIDDEN.as_bytes());
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), HIDDEN));
    let run = tree.run_with(&["--diff", "--stdin-filename", "nginx.conf", "-"], SCHEME.as_bytes());
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.starts_with("--- nginx.conf\n+++ nginx.conf\n"), "{}", run.stdout);
}

#[test]
fn a_file_that_may_not_be_replaced_is_exit_code_2() {
    let tree = Tree::new(&[("nginx.conf", SCHEME), ("other.conf", SCHEME)]);
    fs::hard_link(tree.path("nginx.conf"), tree.path("elsewhere")).unwrap();
    let run = tree.run(&["--fix", IGNORED, "nginx.conf", "other.conf"]);
    assert_snapshot!(run.shown());
    assert_eq!(text(&tree, "nginx.conf"), SCHEME);
    assert_eq!(text(&tree, "other.conf"), SCHEME.replace("ws://", "http://"));
}

#[test]
fn what_a_killed_run_has_left_is_removed_and_told() {
    let tree = Tree::new(&[("nginx.conf", SCHEME), (".nginx-ws-lint-0123456789ab", "half")]);
    let run = tree.run(&["--fix", "."]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stdout.contains("[leftover]"), "{}", run.stdout);
    assert!(!tree.path(".nginx-ws-lint-0123456789ab").exists());
}

/// What a review bot does: it takes the edits of JSON, the last one first.
#[test]
fn the_edits_in_json_give_the_same_bytes() {
    let tree = Tree::new(&[("nginx.conf", SCHEME)]);
    let json: serde_json::Value =
        serde_json::from_str(&tree.run(&["--format", "json", "nginx.conf"]).stdout).unwrap();
    let mut bytes = SCHEME.as_bytes().to_vec();
    let findings = json["findings"].as_array().unwrap();
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for fix in findings.iter().map(|finding| &finding["fix"]).filter(|fix| fix["applicability"] == "safe") {
        for edit in fix["edits"].as_array().unwrap() {
            assert_eq!(edit["file"], "nginx.conf");
            let at = |end: &str| &edit["range"][end];
            let offset = |end: &str| usize::try_from(at(end)["offset"].as_u64().unwrap()).unwrap();
            // Line and column say the same as the offset.
            let line = SCHEME[..offset("start")].matches('\n').count() + 1;
            assert_eq!(at("start")["line"], line);
            edits.push((offset("start"), offset("end"), edit["replacement"].as_str().unwrap().to_owned()));
        }
    }
    edits.sort();
    assert!(!edits.is_empty());
    for (start, end, replacement) in edits.into_iter().rev() {
        bytes.splice(start..end, replacement.into_bytes());
    }
    let run = tree.run(&["--fix", "--format", "json", "nginx.conf"]);
    let after: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(after["fixes"]["applied"][0]["rule"], "websocket-scheme-in-proxy-pass");
    assert_eq!(after["fixes"]["applied"][0]["line"], 7);
    assert_eq!(after["fixes"]["files"][0], "nginx.conf");
    assert_eq!(text(&tree, "nginx.conf").as_bytes(), bytes);
}
