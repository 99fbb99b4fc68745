//! What a baseline keeps where a run does not judge in full what it was made of.

use std::fs;

use serde_json::Value;

use crate::adopt::{edit, tree};

/// What a part of the tree, a setting or another selection of rules does not show is there all the same.
#[test]
fn a_baseline_keeps_what_a_run_does_not_judge_in_full() {
    let tree = tree(4);
    edit(
        &tree,
        "deploy/sites/s001.conf",
        "proxy_set_header Upgrade",
        "# nginx-ws-lint: ignore[buffered-endpoint] it was slow\n        proxy_set_header Upgrade",
    );
    let unused = tree.run(&["--format", "concise", "deploy"]);
    assert!(unused.stdout.contains("[unused-suppression]"), "{}", unused.shown());
    // A finding that the main file is the cause of: alone, the file has none.
    assert_eq!(tree.run(&["baseline", "create", "known.json", "deploy"]).code, Some(0));
    let known = || fs::read_to_string(tree.path("known.json")).unwrap();
    let all = known();
    assert!(all.contains("\"judged\": [\n    \"deploy\"\n  ]"), "{all}");
    let absent = |arguments: &[&str]| {
        let run = tree.run(&[&["--baseline", "known.json", "--format", "json"], arguments].concat());
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        outcome["baseline"]["absent"].as_array().map_or(0, Vec::len)
    };
    let settings = |text: &str| fs::write(tree.path("deploy/.nginx-ws-lint.toml"), text).unwrap();
    for (text, arguments) in [
        ("", &["deploy/sites/s001.conf"][..]),
        ("", &["deploy/sites"]),
        ("", &["deploy/nginx.conf"]),
        ("", &["--select", "unused-suppression", "deploy"]),
        ("", &["--ignore", "lifetime", "deploy"]),
        ("", &["--nginx-version", "1.26.0", "deploy"]),
        ("[[overrides]]\nfiles = [\"sites/s00*.conf\"]\nrules = { lifetime = \"off\" }\n", &["deploy"]),
        ("exclude = [\"nginx.conf\"]\n", &["deploy"]),
        ("exclude = [\"sites/s000.conf\"]\n", &["deploy"]),
        ("min-read-timeout = \"1s\"\n", &["deploy"]),
    ] {
        settings(text);
        assert_eq!(absent(arguments), 0, "{text}{arguments:?}");
        let run = tree.run(&[&["baseline", "prune", "known.json"], arguments].concat());
        assert_eq!((run.code, known()), (Some(0), all.clone()), "{text}{arguments:?}: {}", run.stderr);
    }
    settings("");
    // What is gone is taken out all the same, and by a part of the tree only with its file.
    fs::remove_file(tree.path("deploy/sites/s000.conf")).unwrap();
    edit(&tree, "deploy/sites/s002.conf", "proxy_pass", "proxy_read_timeout 1h; proxy_pass");
    let run = tree.run(&["baseline", "prune", "known.json", "deploy/sites/s003.conf"]);
    assert!(run.stderr.contains("prune it with `deploy`"), "{}", run.stderr);
    let part = known();
    assert!(!part.contains("s000.conf"), "{part}");
    let of = |text: &str, file: &str| text.matches(file).count();
    assert_eq!(of(&part, "s002.conf"), of(&all, "s002.conf"));
    assert_eq!(tree.run(&["baseline", "prune", "known.json", "deploy"]).code, Some(0));
    assert!(of(&known(), "s002.conf") < of(&part, "s002.conf"), "{}", known());
    assert_eq!(of(&known(), "s003.conf"), of(&all, "s003.conf"));
}

/// No command takes anything out of the SARIF file of an earlier run.
#[test]
fn what_is_gone_from_a_sarif_file_is_not_for_prune() {
    let tree = tree(4);
    assert_eq!(tree.run(&["--report", "sarif=last.sarif", "-q", "deploy"]).code, Some(1));
    edit(&tree, "deploy/sites/s002.conf", "proxy_pass", "proxy_read_timeout 1h; proxy_pass");
    for format in ["human", "concise"] {
        let run = tree.run(&["--baseline", "last.sarif", "--format", format, "deploy"]);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(said.contains("gone") && said.contains("sarif=FILE"), "{said}");
        assert!(!said.contains("prune"), "{said}");
    }
}
