//! docs/bots.md: what it shows does what it says.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::Tree;

const PAGE: &str = include_str!("../../../../docs/bots.md");

const MAIN: &str = "events {}
http {
    server {
        listen 80;
        server_name a.example;
        location /ws {
            proxy_pass http://127.0.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
        }
        location /chat/ws {
            proxy_pass http://127.0.0.1:9001; proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_read_timeout 1h;
        }
    }
}
";

/// The text that the script's comments make of a file, applied from the last line to the first.
fn applied(text: &str, comments: &[Value]) -> String {
    let mut by_line: BTreeMap<u64, (&Value, String)> = BTreeMap::new();
    for comment in comments {
        let (_, suggestion) = comment["body"].as_str().unwrap().split_once("```suggestion\n").unwrap();
        let suggestion = suggestion.strip_suffix("\n```").unwrap().to_owned();
        let first = comment["start_line"].as_u64().or_else(|| comment["line"].as_u64()).unwrap();
        by_line.insert(first, (comment, suggestion));
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (first, (comment, suggestion)) in by_line.into_iter().rev() {
        let last = comment["line"].as_u64().unwrap();
        let range = usize::try_from(first).unwrap() - 1..usize::try_from(last).unwrap();
        lines.splice(range, suggestion.lines().map(str::to_owned));
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_script_of_the_page_makes_suggestions_that_do_what_fix_does() {
    let script = PAGE.split("```python\n").nth(1).unwrap();
    // The script writes fences itself, in the middle of a line.
    let script = script.split("\n```\n").next().unwrap();
    let code = script.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(code <= 30, "{code} lines");
    // Each by itself: two that touch one line are not applied together. Once without the line feed at the end.
    let on_one_line = MAIN.split_whitespace().collect::<Vec<_>>().join(" ");
    for (rule, text) in [
        ("short-read-timeout", MAIN),
        ("missing-connection-header", MAIN),
        ("missing-connection-header", on_one_line.as_str()),
    ] {
        let tree = Tree::new(&[("nginx.conf", text), ("suggest.py", script)]);
        let json = tree.run(&["--select", rule, "--format", "json", "nginx.conf"]).stdout;
        fs::write(tree.path("found.json"), &json).unwrap();
        let output = Command::new("python3")
            .arg("suggest.py")
            .current_dir(tree.path(""))
            .stdin(Stdio::from(fs::File::open(tree.path("found.json")).unwrap()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let review: Value = serde_json::from_slice(&output.stdout).unwrap();
        let comments = review["comments"].as_array().unwrap();
        assert_eq!(comments.len(), 1, "{review:#}");
        assert!(!comments[0]["body"].as_str().unwrap().contains("may change"), "{review:#}");
        let suggested = applied(text, comments);
        tree.run(&["--select", rule, "--fix", "nginx.conf"]);
        let fixed = fs::read_to_string(tree.path("nginx.conf")).unwrap();
        assert_eq!(suggested.trim_end(), fixed.trim_end());
        assert_ne!(fixed, text);
    }
}
