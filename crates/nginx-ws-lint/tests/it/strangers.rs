//! Trees that a stranger made: nothing outside of them is read, and nothing in them silences the program unseen.

use std::fs;
use std::os::unix::fs::{chown, symlink};

use insta::assert_snapshot;
use serde_json::Value;

use crate::run::{Run, Tree};

/// What must never be seen. Read as nginx it would be an endpoint of that name.
const SECRET: &str = "location /ws/hunter2 {\n    proxy_pass http://hunter2;\n}\n";

const MAIN: &str = "events {}\nhttp {\n    server {\n        listen 80;\n        server_name a;\n        location /ws/ {\n            proxy_pass http://127.0.0.1:9000;\n            proxy_http_version 1.1;\n            proxy_set_header Upgrade $http_upgrade;\n            proxy_set_header Connection upgrade;\n        }\n        include /m/x.conf;\n        include conf.d/*.conf;\n    }\n}\n";

/// A repository beside a secret.
fn repository(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(&[
        ("repo/.git/HEAD", ""),
        ("repo/deploy/nginx.conf", MAIN),
        ("repo/deploy/conf.d/a.conf", "client_max_body_size 1m;\n"),
        ("secret/x.conf", SECRET),
        ("secret/nginx.conf", SECRET),
    ]);
    for (name, text) in files {
        fs::create_dir_all(tree.path(name).parent().unwrap()).unwrap();
        fs::write(tree.path(name), text).unwrap();
    }
    tree
}

/// All commands on one path.
fn all(tree: &Tree, options: &[&str], path: &str) -> Vec<(&'static str, Run)> {
    let commands: [(&str, &[&str]); 5] = [
        ("lint", &["--format", "json"]),
        ("--diff", &["--diff"]),
        ("--fix", &["--fix"]),
        ("trace", &["trace", "ws://a/ws/"]),
        ("endpoints", &["endpoints", "-v"]),
    ];
    let run = |words: &[&str]| tree.run(&[words, options, &[path]].concat());
    commands.map(|(name, words)| (name, run(words))).into()
}

fn is_seen(run: &Run) -> bool {
    run.stdout.contains("hunter2") || run.stderr.contains("hunter2")
}

#[test]
fn paths_of_the_settings_stay_in_the_tree() {
    for settings in [
        "path-map = { \"/m\" = \"/\" }\n",
        "path-map = { \"/m\" = \"../secret\" }\n",
        "path-map = { \"/m\" = \"deploy/link\" }\n",
        "prefix = \"../secret\"\n",
        "roots = [\"../secret/nginx.conf\", \"deploy/link/nginx.conf\"]\n",
    ] {
        let tree = repository(&[("repo/.nginx-ws-lint.toml", settings)]);
        symlink("../../secret", tree.path("repo/deploy/link")).unwrap();
        for (command, run) in all(&tree, &[], "repo/deploy") {
            assert!(!is_seen(&run), "{settings}{command}: {}", run.shown());
            assert_eq!(run.code, Some(2), "{settings}{command}: {}", run.shown());
            let is_said =
                run.stdout.contains("this path is ignored") || run.stderr.contains("this path is ignored");
            assert!(is_said, "{settings}{command}: {}", run.shown());
        }
        // Without the settings, or with others, nothing is wrong with the tree.
        for options in [&["--isolated"][..], &["--config", "good.toml", "--config-base", "repo"]] {
            fs::write(tree.path("good.toml"), "path-map = { \"/m\" = \"deploy/conf.d\" }\n").unwrap();
            let run = tree.run(&[options, &["--fail-on=never", "repo/deploy"]].concat());
            assert_eq!(run.code, Some(0), "{}", run.shown());
        }
    }
}

#[test]
fn a_path_that_leads_out_is_shown_where_it_stands() {
    let tree =
        repository(&[("repo/.nginx-ws-lint.toml", "prefix = \"deploy\"\npath-map = { \"/m\" = \"/\" }\n")]);
    let run = tree.run(&["--select=handshake", "repo/deploy"]);
    assert_snapshot!(run.shown());
    let run = tree.run(&["--format=json", "repo/deploy"]);
    let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(outcome["settings"][0]["paths_denied"], serde_json::json!(["/"]));
}

/// The files of a CI job: the base branch's settings, the pull request's tree.
#[test]
fn settings_of_the_base_branch_do_not_follow_the_links_of_the_change() {
    let tree = repository(&[("base/.nginx-ws-lint.toml", "path-map = { \"/m\" = \"deploy/shared\" }\n")]);
    let options = ["--config", "base/.nginx-ws-lint.toml", "--config-base", "repo"];
    symlink("../../secret", tree.path("repo/deploy/shared")).unwrap();
    for (command, run) in all(&tree, &options, "repo/deploy") {
        assert!(!is_seen(&run) && run.code == Some(2), "{command}: {}", run.shown());
    }
    fs::remove_file(tree.path("repo/deploy/shared")).unwrap();
    fs::create_dir(tree.path("repo/deploy/shared")).unwrap();
    fs::write(tree.path("repo/deploy/shared/x.conf"), "location /live { proxy_pass http://live; }\n")
        .unwrap();
    let run = tree.run(&[&["--fail-on=never"], &options[..], &["repo/deploy"]].concat());
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("settings: base/.nginx-ws-lint.toml"), "{}", run.shown());
    assert_eq!(tree.run(&["--config-base", "repo", "repo"]).code, Some(2));
    symlink("../../secret", tree.path("repo/deploy/base")).unwrap();
    for base in ["missing", "repo/deploy/base", "repo/deploy/nginx.conf"] {
        let run = tree.run(&["--config", "base/.nginx-ws-lint.toml", "--config-base", base, "repo/deploy"]);
        let error = format!(
            "error: --config-base: `{base}` is no folder, or a link that leads out of its repository\n"
        );
        assert_eq!((run.code, run.stderr), (Some(2), error));
    }
}

#[test]
fn named_links_stay_in_their_repository() {
    let tree = repository(&[("repo/deploy/real.conf", "server { listen 81; }\n")]);
    for (link, target) in [
        ("repo/x.conf", "../secret/x.conf"),
        ("repo/deploy/out", "../../secret"),
        ("repo/deploy/git.conf", "../.git/HEAD"),
        ("repo/deploy/inside.conf", "real.conf"),
        ("elsewhere.conf", "secret/x.conf"),
    ] {
        symlink(target, tree.path(link)).unwrap();
    }
    for path in ["repo/x.conf", "repo/deploy/out", "repo/deploy/out/x.conf", "repo/deploy/git.conf"] {
        for (command, run) in all(&tree, &[], path) {
            assert!(!is_seen(&run), "{path} {command}: {}", run.shown());
            assert_eq!(run.code, Some(2), "{path} {command}: {}", run.shown());
            let text = format!("{}{}", run.stdout, run.stderr);
            assert!(text.contains("a link leads out of the repository"), "{path} {command}: {text}");
        }
    }
    for path in ["repo/x.conf", "repo/deploy/out/x.conf"] {
        // Wherever the program runs.
        let mut command = tree.command(&["--format=json", &format!("../{path}")]);
        let output = command.current_dir(tree.path("repo")).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(is_seen(&tree.run(&["--format=json", "--host-includes", path])), "{path}");
    }
    assert_eq!(tree.run(&["repo/deploy/inside.conf"]).code, Some(0));
    // What is outside of a repository is the user's own doing.
    let run = tree.run(&["--format=json", "elsewhere.conf"]);
    assert!(is_seen(&run), "{}", run.shown());
    let run = tree.run(&["--path-map=/m=repo/deploy/out", "repo/deploy"]);
    assert_eq!(
        run.stderr,
        "error: --path-map is not followed: `repo/deploy/out` leads through a link out of its repository; --host-includes allows that\n"
    );
}

/// As Debian lays it out, with absolute links.
#[test]
fn absolute_links_below_a_given_folder_are_read() {
    let tree = Tree::new(&[
        ("nginx/nginx.conf", "events {}\nhttp {\n    include /etc/nginx/sites-enabled/*;\n}\n"),
        (
            "nginx/sites-available/default",
            "server { listen 80; server_name a; location /ws/ { proxy_pass http://127.0.0.1:9; } }\n",
        ),
    ]);
    fs::create_dir(tree.path("nginx/sites-enabled")).unwrap();
    symlink(tree.path("nginx/sites-available/default"), tree.path("nginx/sites-enabled/default")).unwrap();
    for path in ["nginx", "nginx/nginx.conf", "nginx/sites-enabled", "nginx/sites-enabled/default"] {
        let run = tree.run(&["--format=json", path]);
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(outcome["summary"]["endpoints"], 1, "{path}: {}", run.shown());
        assert_eq!(outcome["endpoints"][0]["file"], "nginx/sites-enabled/default", "{path}");
    }
    let run = tree.run(&["--fix", "--fail-on=never", "nginx"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let text = fs::read_to_string(tree.path("nginx/sites-available/default")).unwrap();
    assert!(text.contains("$http_upgrade"), "{text}");
    assert!(fs::symlink_metadata(tree.path("nginx/sites-enabled/default")).unwrap().is_symlink());
}

/// Only root can give files away; elsewhere the engine's own tests say as much.
#[test]
fn settings_of_another_user_are_refused() {
    let tree = Tree::new(&[("given/nginx.conf", MAIN), ("given/.nginx-ws-lint.toml", "heartbeat = 20\n")]);
    let own = |name: &str, user| chown(tree.path(name), Some(user), None);
    if own("given/.nginx-ws-lint.toml", 1234).is_err() {
        return;
    }
    let run = tree.run(&["given", "--fail-on=never"]);
    assert!(run.code == Some(2) && run.stdout.contains("it belongs neither to you"), "{}", run.shown());
    assert!(!run.stdout.contains("settings:"), "{}", run.shown());
    for options in [&["--isolated"][..], &["--config", "given/.nginx-ws-lint.toml"]] {
        assert_eq!(tree.run(&[options, &["given", "--fail-on=never"]].concat()).code, Some(0));
    }
    own("given", 1234).unwrap();
    assert_eq!(tree.run(&["given", "--fail-on=never"]).code, Some(0));
}

#[test]
fn what_is_hidden_is_said_in_every_format() {
    let tree =
        repository(&[("repo/.nginx-ws-lint.toml", "[rules]\nlifetime = \"off\"\nhandshake = \"info\"\n")]);
    let main = MAIN.replace("proxy_set_header Connection upgrade;", "");
    let main =
        main.replace("events {}", "events {} # nginx-ws-lint: ignore[worker-connections-budget] small");
    fs::write(tree.path("repo/deploy/nginx.conf"), main).unwrap();
    let line = "settings: repo/.nginx-ws-lint.toml (2 findings hidden, 1 made milder)";
    let note =
        format!("note: {line}; 1 finding suppressed by comments; 1 include or placeholder was not read\n");
    for (options, is_note) in [
        (&["repo/deploy"][..], false),
        (&["-q", "repo/deploy"], true),
        (&["--format=concise", "repo/deploy"], true),
        (&["--format=concise", "-q", "repo/deploy"], true),
        (&["endpoints", "repo/deploy"], false),
        (&["endpoints", "-q", "repo/deploy"], true),
        (&["endpoints", "--format=csv", "repo/deploy"], true),
        (&["endpoints", "--format=markdown", "repo/deploy"], true),
    ] {
        let run = tree.run(options);
        assert_eq!(run.stderr == note, is_note, "{options:?}: {}", run.shown());
        assert_eq!(run.stdout.contains(line), !is_note, "{options:?}: {}", run.shown());
    }
    assert!(
        tree.run(&["trace", "ws://a/ws/", "repo/deploy"])
            .stdout
            .contains("settings: repo/.nginx-ws-lint.toml")
    );
    for words in [&["--format=json", "repo/deploy"][..], &["endpoints", "--format=json", "repo/deploy"]] {
        let run = tree.run(words);
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(outcome["settings"][0]["file"], "repo/.nginx-ws-lint.toml");
        assert_eq!(outcome["settings"][0]["paths_denied"], serde_json::json!([]));
        let off = outcome["settings"][0]["rules_off"].as_array().unwrap();
        assert!(off.contains(&"short-read-timeout".into()) && !off.contains(&"open-connect-tunnel".into()));
        let summary = &outcome["summary"];
        let counts =
            ["suppressed", "hidden_by_settings", "lowered_by_settings"].map(|name| summary[name].as_u64());
        assert_eq!(counts, [Some(1), Some(2), Some(1)], "{words:?}");
        assert_eq!(run.stderr, "");
    }
    let without = tree.run(&["--isolated", "-q", "repo/deploy"]);
    assert_eq!(
        without.stderr,
        "note: 1 finding suppressed by comments; 1 include or placeholder was not read\n"
    );
    // After fixing, the lowered one is gone.
    let left = "settings: repo/.nginx-ws-lint.toml (2 findings hidden)";
    assert!(tree.run(&["--diff", "--unsafe-fixes", "repo/deploy"]).stderr.contains(left));
    for option in ["--diff", "--fix"] {
        let run = tree.run(&[option, "--unsafe-fixes", "-q", "repo/deploy"]);
        assert_eq!(
            run.stderr,
            format!(
                "note: {left}; 1 finding suppressed by comments; 1 include or placeholder was not read\n"
            ),
            "{option}"
        );
    }
}

#[test]
fn what_comments_deny_is_said_in_every_format() {
    let tree = repository(&[]);
    let main = MAIN.replace("location /ws/ {", "location /ws/ { # nginx-ws-lint: not-websocket");
    let main = main.replace("Connection upgrade;", "Connection upgrade; # ::error::x ##vso[task.complete]");
    fs::write(tree.path("repo/deploy/nginx.conf"), main).unwrap();
    let line = "3 findings and 1 endpoint denied by comments";
    for (options, is_note) in [
        (&["repo/deploy"][..], false),
        (&["-q", "repo/deploy"], true),
        (&["--format=concise", "repo/deploy"], true),
        (&["--format=json", "repo/deploy"], false),
        (&["--diff", "repo/deploy"], true),
        (&["--diff", "-q", "repo/deploy"], true),
        (&["--fix", "repo/deploy"], false),
        (&["endpoints", "repo/deploy"], false),
        (&["endpoints", "-q", "repo/deploy"], true),
        (&["endpoints", "--format=csv", "repo/deploy"], true),
    ] {
        let run = tree.run(options);
        let is_json = options.contains(&"--format=json");
        let (said, other) = if is_note { (&run.stderr, &run.stdout) } else { (&run.stdout, &run.stderr) };
        assert_eq!(said.contains(line), !is_json, "{options:?}: {}", run.shown());
        assert!(!other.contains("denied by comments"), "{options:?}: {}", run.shown());
        if is_note && !options.contains(&"--diff") {
            assert_eq!(
                run.stderr,
                format!("note: {line}; 1 include or placeholder was not read\n"),
                "{options:?}"
            );
        }
        if is_json {
            let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
            let counts = ["suppressed", "denied_by_comments", "endpoints_denied_by_comments"];
            assert_eq!(counts.map(|name| outcome["summary"][name].as_u64()), [Some(0), Some(3), Some(1)]);
        }
    }
    // The user's own word wins.
    let run = tree.run(&["--ws-path=/ws/", "repo/deploy"]);
    assert!(run.stdout.contains("1 WebSocket endpoint") && !run.stdout.contains("denied"), "{}", run.shown());
}

/// What holds for git holds for every version control.
#[test]
fn named_links_stay_in_repositories_of_every_kind() {
    for kind in [".hg", ".svn", ".jj", ".bzr", ".pijul", "_darcs"] {
        let tree =
            Tree::new(&[("repo/deploy/real.conf", "server { listen 81; }\n"), ("secret/x.conf", SECRET)]);
        fs::create_dir(tree.path("repo").join(kind)).unwrap();
        fs::write(tree.path("repo").join(kind).join("x.conf"), SECRET).unwrap();
        symlink("../../secret/x.conf", tree.path("repo/deploy/out.conf")).unwrap();
        symlink(format!("../{kind}/x.conf"), tree.path("repo/deploy/own.conf")).unwrap();
        for path in ["repo/deploy/out.conf", "repo/deploy/own.conf"] {
            for (command, run) in all(&tree, &[], path) {
                assert!(!is_seen(&run), "{kind} {path} {command}: {}", run.shown());
                assert_eq!(run.code, Some(2), "{kind} {path} {command}: {}", run.shown());
            }
        }
    }
}
