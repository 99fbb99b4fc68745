//! `explain` and `rules`.

use insta::assert_snapshot;

use crate::run::Tree;

/// The first rule in the list, if there is one yet.
fn first_rule(tree: &Tree) -> Option<String> {
    let table = tree.run(&["rules"]).stdout;
    table.lines().nth(1)?.split_whitespace().next().map(str::to_owned)
}

#[test]
fn every_line_of_the_table_has_its_columns() {
    let run = Tree::new(&[]).run(&["rules"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let mut lines = run.stdout.lines();
    let heading = lines.next().unwrap();
    let columns = ["NAME", "GROUP", "SEVERITY", "FIX", "SUMMARY"].map(|name| heading.find(name).unwrap());
    for line in lines {
        for column in columns {
            assert!(column == 0 || line[..column].ends_with("  "), "{line}");
            assert!(!line[column..].starts_with(' '), "{line}");
        }
    }
}

#[test]
fn the_list_for_programs_is_an_object() {
    let tree = Tree::new(&[]);
    let run = tree.run(&["rules", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let list: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&list["schema"], &list["version"]), (&"urn:nginx-ws-lint:rules:v1".into(), &1.into()));
    let names =
        list["rules"].as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned());
    assert_eq!(names.clone().next(), first_rule(&tree));
    for name in names {
        let run = tree.run(&["explain", &name]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(run.stdout.starts_with(&format!("{name}: group ")), "{name}");
    }
}

#[test]
fn what_is_no_rule_has_no_page() {
    let tree = Tree::new(&[]);
    assert_snapshot!("unknown_rule", tree.run(&["explain", "no-such-rule-anywhere"]).shown());
    assert_snapshot!("similar_rule", tree.run(&["explain", "handshak"]).shown());
    let run = tree.run(&["explain", "handshake"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("error: `handshake` is a group, not a rule"), "{}", run.stderr);
}

#[test]
fn nothing_has_no_explanation() {
    let tree = Tree::new(&[]);
    for run in [tree.run(&["explain", " "]), tree.run_with(&["explain", "-"], b"\n")] {
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert!(run.stderr.starts_with("error: there is nothing to explain"), "{}", run.stderr);
    }
}

#[test]
fn a_misspelt_rule_is_recognized() {
    let tree = Tree::new(&[]);
    let Some(name) = first_rule(&tree) else { return };
    let run = tree.run(&["explain", &name[1..]]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains(&format!("did you mean `{name}`?")), "{}", run.stderr);
}

const NO_UPGRADE: &str = "events {}
http {
    server {
        listen 80;
        server_name a.example;
        location /ws { proxy_pass http://127.0.0.1:9000; proxy_read_timeout 1h; }
        location /chat/ws { proxy_pass http://127.0.0.1:9000; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_http_version 1.1; }
    }
}
";

#[test]
fn a_code_leads_to_causes_and_rules() {
    let tree = Tree::new(&[]);
    assert_snapshot!("status", tree.run(&["explain", "426"]).shown());
    let close = tree.run(&["explain", "1006"]);
    assert!(close.stdout.starts_with("# 1006: closed without a close frame\n"), "{}", close.stdout);
    let cause = tree.run(&["explain", "read-timeout-default"]);
    assert_eq!(cause.code, Some(0));
    assert!(cause.stdout.contains("Rule: `short-read-timeout`."), "{}", cause.stdout);
    let page = tree.run(&["explain", "causes"]);
    assert!(page.stdout.starts_with("# Causes\n"), "{}", page.stdout);
}

#[test]
fn a_line_of_a_log_may_come_from_standard_input() {
    let tree = Tree::new(&[]);
    let line = "\n2024/05/01 10:00:00 [info] 31#31: *5 upstream timed out (110: Connection timed out) while proxying \
                upgraded connection, client: 10.0.0.9, request: \"GET /ws HTTP/1.1\"\n";
    let run = tree.run_with(&["explain", "-"], line.as_bytes());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.starts_with("# silent for too long"), "{}", run.stdout);
    let nothing = tree.run_with(&["explain", "-"], b"\n\n");
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
}

#[test]
fn with_paths_what_is_likeliest_comes_first_and_nothing_else() {
    let tree = Tree::new(&[("nginx.conf", NO_UPGRADE), ("ok.conf", "events {}\nhttp {}\n")]);
    let found = |what: &str, path: &str| {
        let run = tree.run(&["explain", what, path]);
        let rules = run.stdout.lines().filter_map(|line| {
            let (severity, rest) = line.split_once('[')?;
            let is_finding = matches!(severity, "error" | "warning" | "info");
            is_finding.then(|| rest.split_once(']').unwrap().0.to_owned())
        });
        (run.code, rules.collect::<Vec<String>>())
    };
    assert_eq!(found("426", "nginx.conf"), (Some(1), vec!["missing-upgrade-header".to_owned()]));
    assert_eq!(found("closes after 60 s", "nginx.conf"), (Some(1), vec!["short-read-timeout".to_owned()]));
    assert_eq!(found("426", "ok.conf"), (Some(0), vec![]));
    assert_eq!(found("426", "missing.conf").0, Some(2));
}

#[test]
fn a_sentence_that_nobody_knows_is_said_to_be_unknown() {
    let run = Tree::new(&[]).run(&["explain", "it does \u{1b}[31mnot work"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(
        run.stderr.starts_with("error: nothing is known of `it does \\x1b[31mnot work`; "),
        "{}",
        run.stderr
    );
}

/// Names as they stand in headings, paths and addresses, and what a proxy in front is called.
#[test]
fn names_are_known_however_they_are_written() {
    let tree = Tree::new(&[]);
    for (what, said) in [
        ("SHORT-READ-TIMEOUT", "short-read-timeout: group lifetime"),
        ("Short-Read-Timeout", "short-read-timeout: group lifetime"),
        ("docs/ci.md", "# "),
        ("docs/rules/short-read-timeout.md", "short-read-timeout: group lifetime"),
        ("CI", "# "),
        ("Read-Timeout-Default", "# read-timeout-default"),
        ("cloudflare", "# Cloudflare\n"),
        ("Cloudflare", "# Cloudflare\n"),
        ("aws-alb", "# AWS Application Load Balancer\n"),
        ("alb", "# AWS Application Load Balancer\n"),
    ] {
        let run = tree.run(&["explain", what]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{what}");
        assert!(run.stdout.starts_with(said), "{what}: {}", run.stdout);
    }
    let cloudflare = tree.run(&["explain", "cloudflare"]).stdout;
    assert!(
        cloudflare.contains("`outer-layer-closes-first`") && cloudflare.contains("100 s"),
        "{cloudflare}"
    );
    assert_eq!(tree.run(&["explain", "docs/nosuch.md"]).code, Some(2));
}
