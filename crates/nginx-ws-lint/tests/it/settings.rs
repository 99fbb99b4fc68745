//! What settings files set for some files, leave out, and say in vain; and the commands about them.

use insta::assert_snapshot;
use serde_json::Value;

use crate::run::Tree;

const MAIN: &str = "events {}\nhttp {\n    include sites/*.conf;\n}\n";

/// A site whose WebSockets close after 60 s.
fn site(port: u16) -> String {
    format!(
        "server {{\n    listen {port};\n    location /ws {{\n        proxy_pass http://127.0.0.1:9000;\n        \
         proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header \
         Connection upgrade;\n    }}\n}}\n"
    )
}

fn tree(settings: &str) -> Tree {
    let (one, other) = (site(8001), site(8002));
    Tree::new(&[
        (".git/HEAD", ""),
        ("nginx.conf", MAIN),
        ("sites/new.conf", &one),
        ("sites/old.conf", &other),
        ("third-party/nginx.conf", "events {}\nhttp { server { location /ws { proxy_pass http://a; } } }\n"),
        (".nginx-ws-lint.toml", settings),
    ])
}

fn json(tree: &Tree, arguments: &[&str]) -> Value {
    serde_json::from_str(&tree.run(&[arguments, &["--format", "json"]].concat()).stdout).unwrap()
}

/// The files of the findings of a rule, with their severities.
fn of_rule(outcome: &Value, rule: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = outcome["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == rule);
    findings.map(|finding| (text(&finding["file"]), text(&finding["severity"]))).collect()
}

/// The lines and messages of notices about settings.
fn notices(outcome: &Value) -> Vec<(u64, String)> {
    let all = outcome["notices"].as_array().unwrap().iter().filter(|notice| notice["code"] == "settings");
    all.map(|notice| (notice["line"].as_u64().unwrap_or(0), notice["message"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn an_override_holds_in_its_files_alone() {
    let of = |settings: &str| of_rule(&json(&tree(settings), &["nginx.conf"]), "short-read-timeout");
    let (new, old) = ("sites/new.conf".to_owned(), "sites/old.conf".to_owned());
    let error = |file: &String| (file.clone(), "error".to_owned());
    let default = of("");
    assert_eq!(default.iter().map(|(file, _)| file).collect::<Vec<_>>(), [&new, &old]);
    let off = of("[[overrides]]\nfiles = [\"sites/old.conf\"]\nrules = { short-read-timeout = \"off\" }\n");
    assert_eq!(off, default[..1]);
    let group = of("[[overrides]]\nfiles = \"sites/o*\"\nrules = { lifetime = \"off\" }\n");
    assert_eq!(group, default[..1]);
    let only = of(
        "[rules]\nshort-read-timeout = \"off\"\n[[overrides]]\nfiles = [\"sites/new.conf\"]\nrules = { short-read-timeout = \"error\" }\n",
    );
    assert_eq!(only, [error(&new)]);
    let later = of(
        "[[overrides]]\nfiles = [\"sites\"]\nrules = { short-read-timeout = \"off\" }\n[[overrides]]\nfiles = [\"sites/old.conf\"]\nrules = { short-read-timeout = \"error\" }\n",
    );
    assert_eq!(later, [error(&old)]);
}

#[test]
fn an_override_counts_for_fixes_and_is_counted_among_what_settings_hide() {
    let off = "[[overrides]]\nfiles = [\"sites/old.conf\"]\nrules = { short-read-timeout = \"off\" }\n";
    let tree = tree(off);
    assert_eq!(json(&tree, &["nginx.conf"])["summary"]["hidden_by_settings"], 1);
    let diff = tree.run(&["--diff", "nginx.conf"]);
    assert!(
        diff.stdout.contains("sites/new.conf") && !diff.stdout.contains("sites/old.conf"),
        "{}",
        diff.stdout
    );
}

#[test]
fn no_override_hides_what_nginx_refuses() {
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        ("nginx.conf", "events {}\nhttp { server { location /ws { proxy_pass ws://a; } } }\n"),
        (
            ".nginx-ws-lint.toml",
            "[[overrides]]\nfiles = [\"nginx.conf\"]\nrules = { websocket-scheme-in-proxy-pass = \"off\", handshake = \"off\" }\n",
        ),
    ]);
    assert_eq!(of_rule(&json(&tree, &["."]), "websocket-scheme-in-proxy-pass").len(), 1);
}

#[test]
fn what_is_excluded_is_not_walked_and_is_counted() {
    let of = |arguments: &[&str], settings: &str| {
        let outcome = json(&tree(settings), arguments);
        let files = outcome["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["file"] == "third-party/nginx.conf");
        (files, outcome["summary"]["excluded"].as_u64().unwrap())
    };
    assert_eq!(of(&["."], ""), (true, 0));
    assert_eq!(of(&["."], "exclude = [\"third-party\"]\n"), (false, 1));
    assert_eq!(of(&[".", "--exclude", "**/third-party"], ""), (false, 1));
    // What is named is judged, and what is included is read.
    assert_eq!(of(&["third-party/nginx.conf"], "exclude = [\"third-party\"]\n"), (true, 0));
    let tree = tree("exclude = [\"sites\"]\n");
    assert_eq!(of_rule(&json(&tree, &["."]), "short-read-timeout").len(), 3);
    let run = tree.run(&["--show-files", "."]);
    assert!(run.stdout.contains("2 files excluded"), "{}", run.stdout);
    let wrong = tree.run(&["--exclude", "../x", "."]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), ""));
    assert!(wrong.stderr.starts_with("error: --exclude `../x`: "), "{}", wrong.stderr);
}

#[test]
fn what_is_said_in_vain_is_told_where_it_stands() {
    let settings = "exclude = [\"third-party\", \"third-parties\"]\n\
        heartbeat = 70\n\
        roots = [\"gone.conf\"]\n\
        path-map = { \"/opt/none\" = \"sites\" }\n\
        [[overrides]]\nfiles = [\"sites/old.conf\", \"sites/older.conf\"]\nrules = { capacity = \"off\" }\n";
    let tree = tree(settings);
    let said = notices(&json(&tree, &["."]));
    let lines: Vec<u64> = said.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 3, 4, 6], "{said:?}");
    assert!(said[0].1.contains("`third-parties`"), "{said:?}");
    // The main file was asked for.
    assert_eq!(tree.run(&["."]).code, Some(2));
    let without = self::tree(&settings.replace("roots = [\"gone.conf\"]\n", ""));
    assert_ne!(without.run(&["."]).code, Some(2));
    // One file has not seen the others.
    let of_one = notices(&json(&tree, &["third-party/nginx.conf"]));
    assert_eq!(of_one.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3], "{of_one:?}");
}

#[test]
fn settings_are_shown_with_their_lines() {
    let settings = "nginx-version = \"1.22\"\nheartbeat = 25\nnonsense = 1\n[rules]\ncapacity = \"off\"\n[[layers]]\nname = \"cloudflare\"\n";
    let tree = tree(settings);
    assert_snapshot!("config_show", tree.run(&["config", "show", "nginx.conf"]).shown());
    assert_snapshot!("config_show_none", tree.run(&["config", "show", "--isolated", "."]).shown());
}

#[test]
fn a_file_to_begin_with_is_written_once() {
    let tree = Tree::new(&[(".git/HEAD", ""), ("nginx.conf", MAIN)]);
    let made = tree.run(&["config", "init"]);
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), ""), "{}", made.stderr);
    let text = std::fs::read_to_string(tree.path(".nginx-ws-lint.toml")).unwrap();
    assert_eq!(notices(&json(&tree, &["."])), []);
    let again = tree.run(&["config", "init"]);
    assert_eq!(again.code, Some(2));
    assert_eq!(std::fs::read_to_string(tree.path(".nginx-ws-lint.toml")).unwrap(), text);
}

#[test]
fn the_schema_is_json() {
    let run = Tree::new(&[]).run(&["config", "schema"]);
    let schema: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(schema["title"], "nginx-ws-lint settings");
    assert_eq!(schema["additionalProperties"], false);
}

/// A path that nobody serves is a finding where there is a server for it, and a note where there is none.
#[test]
fn a_path_that_no_location_serves_is_told() {
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        ("ws.conf", "location /chat {\n    proxy_pass http://127.0.0.1:9000;\n}\n"),
        (".nginx-ws-lint.toml", "websocket-paths = [\"/chat\", \"/chit\"]\n"),
    ]);
    let said = notices(&json(&tree, &["."]));
    assert_eq!(said, [(1, "no location that proxies serves `/chit`; did you mean `/chat`?".to_owned())]);
}

/// Who names a folder that is left out means it; and a file that does not count is not in vain.
#[test]
fn a_named_folder_is_judged_and_a_nearer_file_is_left_alone() {
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        ("third-party/nginx.conf", "events {}\nhttp {}\n"),
        ("b/c/nginx.conf", "events {}\nhttp {}\n"),
        (".nginx-ws-lint.toml", "exclude = [\"third-party\"]\n"),
        ("b/.nginx-ws-lint.toml", "exclude = [\"c\"]\n"),
    ]);
    let files = |path: &str| json(&tree, &[path])["summary"]["files"].as_u64().unwrap();
    assert_eq!((files("."), files("third-party")), (1, 1));
    assert_eq!(notices(&json(&tree, &["."])), []);
}

/// An entry without which every rule would say the same is named, each for its own reason.
#[test]
fn rules_and_overrides_that_change_nothing_are_told() {
    let of = |settings: &str, arguments: &[&str]| notices(&json(&tree(settings), arguments));
    let over =
        |files: &str, rules: &str| format!("[[overrides]]\nfiles = [{files}]\nrules = {{ {rules} }}\n");
    let (old, off) = ("\"sites/old.conf\"", "short-read-timeout = \"off\"");
    let said = |settings: &str, expected: &[(u64, &str)]| {
        let told = of(settings, &["."]);
        let lines: Vec<u64> = told.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, expected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), "{settings}\n{told:?}");
        for ((_, message), (_, part)) in told.iter().zip(expected) {
            assert!(message.contains(part), "{message}");
        }
    };
    said(&over("", off), &[(1, "it names no file")]);
    said("[[overrides]]\nfiles = \"sites\"\n", &[(1, "it sets no rule")]);
    said(&over(old, ""), &[(1, "it sets no rule")]);
    // What makes a difference: a severity, even the usual one, which findings of little evidence do not have.
    said(&format!("[rules]\n{off}\n"), &[]);
    said("[rules]\nshort-read-timeout = \"warning\"\nstateless-balancing = \"pedantic\"\n", &[]);
    said(&over(old, off), &[]);
    said(&format!("[rules]\n{off}\n{}", over(old, "lifetime = \"info\"")), &[]);
    // A pedantic rule is off anyway.
    said("[rules]\nstateless-balancing = \"off\"\n", &[(2, "`stateless-balancing` is off without it too")]);
    // The rule's name says what its group's says.
    let both = "[rules]\nlifetime = \"info\"\nno-shutdown-timeout = \"info\"\n";
    said(both, &[(3, "`no-shutdown-timeout` is `info` without it too")]);
    // A later override counts more in all of its files, or says the same.
    let (info, error) = ("short-read-timeout = \"info\"", "short-read-timeout = \"error\"");
    said(&(over(old, info) + &over("\"sites\"", error)), &[(3, "counts more than `short-read-timeout`")]);
    said(&(over("\"sites\"", info) + &over(old, error)), &[]);
    said(&(over("\"sites\"", info) + &over(old, info)), &[(6, "is `info` without it too")]);
    said(
        &format!("[rules]\n{off}\n{}", over(old, off)),
        &[(5, "`short-read-timeout` is off without it too")],
    );
    // Of some files nothing is known of the others.
    assert_eq!(of(&(over(old, info) + &over("\"sites\"", error)), &["sites/new.conf"]), []);
    // What nginx refuses to start with is told by the rule's own entry.
    let refusals = "[rules]\nhandshake = \"off\"\nwebsocket-scheme-in-proxy-pass = \"off\"\n";
    said(refusals, &[]);
}

#[test]
fn a_path_that_is_no_endpoint_anyway_is_told() {
    let of = |path: &str| notices(&json(&tree(&format!("not-websocket = [\"{path}\"]\n")), &["."]));
    assert_eq!(of("/ws"), []);
    assert_eq!(of("/wss"), [], "`location /ws` serves it too");
    let said = "without this line, `/sw` would be no WebSocket endpoint either; did you mean `/ws`?";
    assert_eq!(of("/sw"), [(1, said.to_owned())]);
}
