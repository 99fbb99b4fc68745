//! Starting on a tree with old findings: baseline, changes since a commit, comments, several reports in one run.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::run::{Run, Tree};

/// A site with a WebSocket that is closed after 60 seconds and, every third time, lacks `Connection`.
pub(crate) fn site(number: usize) -> String {
    let connection =
        if number % 3 == 0 { "" } else { "        proxy_set_header Connection $connection_upgrade;\n" };
    format!(
        "server {{\n    listen 80;\n    server_name s{number}.example.com;\n    location /ws/ {{\n        proxy_pass http://127.0.0.1:9000;\n        \
         proxy_http_version 1.1;\n        proxy_set_header Upgrade $http_upgrade;\n{connection}    }}\n}}\n"
    )
}

pub(crate) const MAIN: &str = "events {}\nworker_shutdown_timeout 1h;\nhttp {\n    map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n    \
    include sites/*.conf;\n}\n";

pub(crate) fn tree(sites: usize) -> Tree {
    let sites: Vec<(String, String)> =
        (0..sites).map(|number| (format!("deploy/sites/s{number:03}.conf"), site(number))).collect();
    let mut files = vec![("deploy/nginx.conf", MAIN)];
    files.extend(sites.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    Tree::new(&files)
}

pub(crate) fn git(tree: &Tree, arguments: &[&str]) {
    let run = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(tree.path("."))
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

pub(crate) fn findings(run: &Run) -> usize {
    run.stdout.lines().filter(|line| line.contains("[")).count()
}

pub(crate) fn edit(tree: &Tree, name: &str, from: &str, to: &str) {
    let path = tree.path(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn from_three_hundred_old_findings_to_a_green_gate() {
    let tree = tree(300);
    let concise = |more: &[&str]| tree.run(&[&["--format", "concise"], more, &["deploy"]].concat());
    let all = concise(&[]);
    assert!(all.code == Some(1) && findings(&all) >= 400, "{}", findings(&all));
    let made = tree.run(&["baseline", "create", "known.json", "deploy"]);
    assert_eq!((made.code, made.stdout.as_str()), (Some(0), ""), "{}", made.stderr);

    let known = concise(&["--baseline", "known.json"]);
    assert_eq!((known.code, known.stdout.as_str()), (Some(0), ""), "{}", known.stderr);
    assert!(
        known.stderr.contains(&format!("{} findings in the baseline", findings(&all))),
        "{}",
        known.stderr
    );

    // Lines above, another order of includes and another name of the folder are no new findings.
    edit(&tree, "deploy/sites/s000.conf", "server {", "# a comment\n\nserver {");
    assert_eq!(concise(&["--baseline", "known.json"]).code, Some(0));
    let inside = tree.run(&["baseline", "create", "deploy/known.json", "deploy"]);
    assert_eq!(inside.code, Some(0), "{}", inside.stderr);
    fs::rename(tree.path("deploy"), tree.path("other")).unwrap();
    let renamed = tree.run(&["--baseline", "other/known.json", "--format", "concise", "other"]);
    assert_eq!((renamed.code, renamed.stdout.as_str()), (Some(0), ""), "{}", renamed.stderr);
    fs::rename(tree.path("other"), tree.path("deploy")).unwrap();
    fs::remove_file(tree.path("deploy/known.json")).unwrap();
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "x"]);
    assert_eq!(concise(&["--since", "HEAD"]).stdout, "");

    // One more defect is one finding.
    edit(&tree, "deploy/sites/s001.conf", "        proxy_set_header Connection $connection_upgrade;\n", "");
    let new = concise(&["--baseline", "known.json"]);
    assert_eq!((new.code, findings(&new)), (Some(1), 1), "{}", new.stdout);
    assert!(
        new.stdout.contains("deploy/sites/s001.conf:7:9: error[missing-connection-header]"),
        "{}",
        new.stdout
    );

    // By its commit it is one too.
    let since = concise(&["--since", "HEAD", "--select", "missing-connection-header"]);
    assert_eq!((since.code, since.stdout.as_str()), (Some(1), new.stdout.as_str()), "{}", since.stderr);

    // SARIF says what is new, and a second run of it what is gone.
    edit(&tree, "deploy/sites/s002.conf", "proxy_pass", "proxy_read_timeout 1h; proxy_pass");
    let run = concise(&["--baseline", "known.json", "--report", "sarif=out.sarif", "--report", "github"]);
    assert!(run.stdout.contains("::error file=deploy/sites/s001.conf,line=7,"), "{}", run.stdout);
    let sarif: Value = serde_json::from_str(&fs::read_to_string(tree.path("out.sarif")).unwrap()).unwrap();
    let states = |state: &str| {
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        results.iter().filter(|result| result["baselineState"] == state).count()
    };
    assert_eq!((states("new"), states("unchanged"), states("absent")), (1, findings(&all) - 1, 1));

    // The file of one run is the baseline of the next.
    let again = concise(&["--baseline", "out.sarif", "--report", "sarif=again.sarif"]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), ""), "{}", again.stderr);
    let sarif: Value = serde_json::from_str(&fs::read_to_string(tree.path("again.sarif")).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["baselineState"] == "unchanged"), "{}", again.stderr);
    assert_eq!(results.len(), findings(&all));
    assert_eq!(tree.run(&["baseline", "prune", "out.sarif", "deploy"]).code, Some(2));

    let pruned = tree.run(&["baseline", "prune", "known.json", "deploy"]);
    assert!(pruned.stderr.contains("1 finding taken out"), "{}", pruned.stderr);
    assert!(!concise(&["--baseline", "known.json"]).stderr.contains("gone"));

    // A comment with a reason, until a day that is past, and one that suppresses nothing.
    let comment = |text: &str| format!("# nginx-ws-lint: {text}\n        proxy_set_header Upgrade");
    edit(
        &tree,
        "deploy/sites/s001.conf",
        "proxy_set_header Upgrade",
        &comment("ignore[missing-connection-header] until=2999-01-01 a test"),
    );
    assert_eq!(concise(&["--baseline", "known.json"]).code, Some(0));
    edit(&tree, "deploy/sites/s001.conf", "2999", "2001");
    let expired = tree.run(&["--baseline", "known.json", "deploy"]);
    assert_eq!(expired.code, Some(1));
    assert!(expired.stdout.contains("it expired on 2001-01-01"), "{}", expired.stdout);
    edit(&tree, "deploy/sites/s001.conf", "until=2001-01-01 ", "");
    edit(
        &tree,
        "deploy/sites/s001.conf",
        "missing-connection-header",
        "missing-connection-header, http10-upstream",
    );
    let unused = concise(&["--baseline", "known.json"]);
    assert_eq!((unused.code, findings(&unused)), (Some(0), 1), "{}", unused.stdout);
    assert!(unused.stdout.contains("info[unused-suppression]"), "{}", unused.stdout);
    let fixed = tree.run(&[
        "--fix",
        "--unsafe-fixes",
        "-q",
        "--select",
        "unused-suppression,missing-connection-header,http10-upstream",
        "deploy/nginx.conf",
    ]);
    assert!(
        fs::read_to_string(tree.path("deploy/sites/s001.conf"))
            .unwrap()
            .contains("ignore[missing-connection-header] a test"),
        "{}{}",
        fixed.stdout,
        fixed.stderr
    );
}

#[test]
fn only_what_was_changed_is_told() {
    let tree = tree(30);
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "x"]);
    let since = |reference: &str| tree.run(&["--format", "concise", "--since", reference, "deploy"]);
    let run = since("HEAD");
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    assert!(run.stderr.contains("findings about unchanged lines"), "{}", run.stderr);
    // A line that is gone from a location is a change of it, and a new file is new as a whole.
    edit(&tree, "deploy/sites/s001.conf", "        proxy_set_header Connection $connection_upgrade;\n", "");
    fs::write(tree.path("deploy/sites/t.conf"), site(999)).unwrap();
    let changed = since("HEAD").stdout;
    assert!(changed.contains("s001.conf:7:9: error[missing-connection-header]"), "{changed}");
    assert!(changed.contains("t.conf:7:9: error[missing-connection-header]"), "{changed}");
    assert!(changed.lines().all(|line| line.contains("s001.conf") || line.contains("t.conf")), "{changed}");
    // What the branch changed, whatever its base did meanwhile.
    git(&tree, &["checkout", "-qb", "topic"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "y"]);
    git(&tree, &["checkout", "-q", "main"]);
    edit(&tree, "deploy/sites/s003.conf", "proxy_http_version 1.1", "proxy_http_version 1.1 ");
    git(&tree, &["commit", "-qam", "z"]);
    git(&tree, &["checkout", "-q", "topic"]);
    assert_eq!(since("main").stdout, changed);
    let unknown = since("nosuch");
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.starts_with("error: --since: git cannot tell what was changed"),
        "{}",
        unknown.stderr
    );
}

/// What a repository's configuration would have git run is not run.
#[test]
fn nothing_of_a_strangers_repository_is_run() {
    let tree = tree(3);
    git(&tree, &["init", "-q"]);
    let run_it = format!("touch {}", tree.path("pwned").display());
    for (key, value) in [
        ("diff.external", run_it.as_str()),
        ("core.fsmonitor", &run_it),
        ("diff.x.textconv", &run_it),
        ("diff.x.command", &run_it),
        ("core.pager", &run_it),
    ] {
        git(&tree, &["config", key, value]);
    }
    fs::write(tree.path(".gitattributes"), "*.conf diff=x\n").unwrap();
    git(&tree, &["-c", "core.fsmonitor=false", "add", "-A"]);
    git(&tree, &["-c", "core.fsmonitor=false", "commit", "-qm", "x"]);
    edit(&tree, "deploy/sites/s000.conf", "proxy_http_version 1.1", "proxy_http_version 1.1 ");
    fs::write(tree.path(".gitattributes"), "*.conf diff=x filter=f\nsites/* filter=g.h\n").unwrap();
    for (key, value) in
        [("filter.f.clean", run_it.as_str()), ("filter.f.required", "true"), ("filter.g.h.process", &run_it)]
    {
        git(&tree, &["config", key, value]);
    }
    let _ = fs::remove_file(tree.path("pwned"));
    let run = tree.run(&["--since", "HEAD", "deploy"]);
    assert!(run.code == Some(1) || run.code == Some(0), "{}", run.stderr);
    assert!(!tree.path("pwned").exists());
}

/// What is gone is in no file any more, and neither is what an added `include` brings in.
#[test]
fn what_a_change_brings_about_elsewhere_is_told() {
    let location = "    location /ws/ {\n        proxy_pass http://127.0.0.1:9000;\n        proxy_http_version 1.1;\n        \
                    proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection upgrade;\n    }\n";
    let main = format!(
        "events {{}}\nworker_shutdown_timeout 1h;\nhttp {{\n    include timeouts.conf;\n    server {{\n    listen 80;\n    \
         proxy_read_timeout 1h;\n{location}    }}\n    server {{\n    listen 81;\n{location}    }}\n}}\n"
    );
    let tree = Tree::new(&[
        ("nginx.conf", main.as_str()),
        ("timeouts.conf", "proxy_read_timeout 1h;\n"),
        ("old.conf", "server {\n    listen 82;\n    proxy_read_timeout 30s;\n}\n"),
    ]);
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "x"]);
    let since = || {
        let run = tree.run(&["--format", "concise", "--select", "lifetime", "--since", "HEAD", "nginx.conf"]);
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.stderr);
        run.stdout
    };
    assert_eq!(since(), "");
    // Of an outer level that another still sets, of a file that both have, and of the line that brings it in.
    edit(&tree, "nginx.conf", "    proxy_read_timeout 1h;\n", "");
    assert_eq!(since(), "");
    fs::write(tree.path("timeouts.conf"), "").unwrap();
    assert_eq!(findings(&tree.run(&["--format", "concise", "--select", "lifetime", "nginx.conf"])), 2);
    let told = since();
    assert_eq!(told.lines().filter(|line| line.contains("short-read-timeout")).count(), 2, "{told}");
    fs::remove_file(tree.path("timeouts.conf")).unwrap();
    edit(&tree, "nginx.conf", "    include timeouts.conf;\n", "");
    let told = since();
    assert_eq!(told.lines().filter(|line| line.contains("short-read-timeout")).count(), 2, "{told}");
}

/// Files that held the same are all as they were.
#[test]
fn copies_of_a_file_are_compared_each() {
    let tree = Tree::new(&[
        ("nginx.conf", "events {}\nhttp {\n    include sites/*.conf;\n}\n"),
        ("sites/a.conf", &site(0)),
        ("sites/b.conf", &site(0)),
    ]);
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "x"]);
    for name in ["sites/a.conf", "sites/b.conf"] {
        edit(&tree, name, "server {\n", "# changed\nserver {\n");
    }
    let run =
        tree.run(&["--format", "concise", "--since", "HEAD", "--select", "lifetime,handshake", "nginx.conf"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
}

#[test]
fn what_git_cannot_compare_is_said() {
    let tree = tree(1);
    fs::create_dir_all(tree.path("deploy/other/sites")).unwrap();
    fs::write(tree.path("deploy/other/nginx.conf"), MAIN).unwrap();
    fs::write(tree.path("deploy/other/sites/a.conf"), site(0)).unwrap();
    git(&tree, &["init", "-q"]);
    git(&tree, &["init", "-q", "deploy/other"]);
    fs::write(tree.path(".gitignore"), "ignored.conf\n").unwrap();
    git(&tree, &["add", ".gitignore", "deploy/nginx.conf", "deploy/sites"]);
    git(&tree, &["commit", "-qm", "x"]);
    let run = tree.run(&["--format", "concise", "--since", "HEAD", "deploy"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stdout.contains("this is another repository"), "{}", run.shown());
    fs::remove_dir_all(tree.path("deploy/other")).unwrap();
    assert_eq!(tree.run(&["--since", "HEAD", "deploy"]).code, Some(0));
    // What git is told to pass over is new all the same.
    fs::write(tree.path("deploy/sites/ignored.conf"), site(3)).unwrap();
    let run = tree.run(&["--format", "concise", "--since", "HEAD", "deploy"]);
    assert!(run.stdout.contains("ignored.conf:7:9: error[missing-connection-header]"), "{}", run.shown());
    let run = tree.run_with(
        &["--since", "HEAD", "-", "--stdin-filename", "deploy/sites/s000.conf"],
        site(0).as_bytes(),
    );
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("standard input is not a file"), "{}", run.stderr);
}

/// What was not looked at is neither gone nor taken out.
#[test]
fn a_baseline_keeps_what_a_run_does_not_look_at() {
    let tree = tree(6);
    assert_eq!(tree.run(&["baseline", "create", "known.json", "deploy"]).code, Some(0));
    let known = || fs::read_to_string(tree.path("known.json")).unwrap();
    let all = known();
    let run = tree.run(&["baseline", "prune", "known.json", "nosuch"]);
    assert_eq!((run.code, known()), (Some(2), all.clone()), "{}", run.stderr);
    assert!(run.stderr.contains("nothing taken out"), "{}", run.stderr);
    fs::create_dir(tree.path("other")).unwrap();
    fs::write(tree.path("other/nginx.conf"), "events {}\n").unwrap();
    for less in [&["other"][..], &["--select", "handshake", "deploy"], &["--ignore", "lifetime", "deploy"]] {
        let run = tree.run(&[&["baseline", "prune", "known.json"], less].concat());
        assert_eq!((run.code, known()), (Some(0), all.clone()), "{}", run.stderr);
        let run = tree.run(&[&["--baseline", "known.json", "--format", "json"], less].concat());
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(outcome["baseline"]["absent"], Value::Array(Vec::new()), "{less:?}");
        assert_eq!(outcome["findings"].as_array().map(Vec::len), Some(0), "{less:?}");
    }
    // A file that is no more has no findings either.
    fs::remove_file(tree.path("deploy/sites/s000.conf")).unwrap();
    let run = tree.run(&["baseline", "prune", "known.json", "deploy"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(!known().contains("s000.conf") && known().contains("s003.conf"), "{}", known());
}

#[test]
fn an_earlier_sarif_file_is_read_as_it_was_written() {
    let tree = tree(3);
    edit(&tree, "deploy/sites/s000.conf", "http://127.0.0.1:9000", "ws://127.0.0.1:9000");
    for more in [&[][..], &["--relative-to", "deploy"]] {
        let sarif = tree.run(&[more, &["--format", "sarif", "-o", "known.sarif", "deploy"]].concat());
        assert_eq!(sarif.code, Some(1), "{}", sarif.stderr);
        let run = tree.run(&[more, &["--baseline", "known.sarif", "--format", "json", "deploy"]].concat());
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(outcome["baseline"]["absent"], Value::Array(Vec::new()), "{more:?}");
        let left: Vec<&str> =
            outcome["findings"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
        assert_eq!(left, ["websocket-scheme-in-proxy-pass"], "what nginx refuses is always told");
    }
}

#[test]
fn what_nginx_refuses_is_in_no_baseline() {
    let tree = tree(2);
    edit(&tree, "deploy/sites/s000.conf", "proxy_http_version 1.1", "proxy_http_version 3.7");
    let made = tree.run(&["baseline", "create", "known.json", "deploy"]);
    assert!(made.stderr.contains("1 finding left out: nginx refuses to start"), "{}", made.stderr);
    let run = tree.run(&["--baseline", "known.json", "--format", "concise", "deploy"]);
    assert_eq!((run.code, findings(&run)), (Some(1), 1), "{}", run.stdout);
    let added = tree.run(&["--add-ignores", "later", "--format", "concise", "deploy"]);
    assert_eq!((added.code, findings(&added)), (Some(1), 1), "{}", added.stdout);
}

#[test]
fn baselines_that_are_none() {
    let tree = tree(1);
    fs::write(tree.path("other.json"), "{\"schema\": \"x\", \"version\": 1, \"findings\": []}").unwrap();
    fs::write(tree.path("broken.json"), "{").unwrap();
    let foreign = "{\"version\": \"2.1.0\", \"runs\": [{\"tool\": {\"driver\": {\"name\": \"other\"}}, \"results\": []}]}";
    fs::write(tree.path("foreign.sarif"), foreign).unwrap();
    for file in ["other.json", "broken.json", "nosuch.json", "foreign.sarif"] {
        let run = tree.run(&["--baseline", file, "deploy"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{file}");
        assert!(
            run.stderr.starts_with(&format!("error: cannot use the baseline `{file}`: ")),
            "{}",
            run.stderr
        );
    }
    // Nothing else is overwritten.
    for file in ["other.json", "deploy/nginx.conf"] {
        let before = fs::read(tree.path(file)).unwrap();
        assert_eq!(tree.run(&["baseline", "create", file, "deploy"]).code, Some(2), "{file}");
        assert_eq!(fs::read(tree.path(file)).unwrap(), before);
    }
}

#[test]
fn comments_are_added_where_they_suppress() {
    let tree = tree(4);
    edit(&tree, "deploy/sites/s001.conf", "\n", "\r\n");
    let added = tree.run(&["--add-ignores", "old, see #1", "deploy"]);
    assert_eq!(added.code, Some(0), "{}{}", added.stdout, added.stderr);
    assert!(added.stderr.contains("findings are suppressed by comments in"), "{}", added.stderr);
    let text = fs::read_to_string(tree.path("deploy/sites/s001.conf")).unwrap();
    assert!(
        text.contains(
            "        # nginx-ws-lint: ignore[host-not-forwarded, short-read-timeout] old, see #1\r\n        proxy_pass"
        ),
        "{text}"
    );
    assert_eq!(tree.run(&["deploy"]).code, Some(0));
    assert_eq!(tree.run(&["--no-ignores", "deploy"]).code, Some(1));
    let json: Value = serde_json::from_str(&tree.run(&["--format", "json", "deploy"]).stdout).unwrap();
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(0));
    let suppressed = json["suppressed"].as_array().unwrap();
    assert!(
        suppressed.iter().all(|one| one["reason"] == "old, see #1" && one["comment"]["line"].is_number())
    );
    assert_eq!(tree.run(&["--add-ignores", " ", "deploy"]).code, Some(2));
}

#[test]
fn paths_are_those_of_the_repository_where_a_forge_reads_them() {
    let tree = tree(1);
    git(&tree, &["init", "-q"]);
    let file = |arguments: &[&str], pointer: &str| {
        let run = tree.run_in("deploy", arguments);
        let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stdout));
        json.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
    };
    let last = "sites/s000.conf";
    assert_eq!(file(&["--format", "json", last], "/findings/0/file"), last);
    assert_eq!(file(&["--format", "gitlab", last], "/0/location/path"), format!("deploy/{last}"));
    assert_eq!(file(&["--format", "rdjson", last], "/diagnostics/0/location/path"), format!("deploy/{last}"));
    assert_eq!(
        file(&["--format", "gitlab", "--relative-to", "sites", last], "/0/location/path"),
        "s000.conf"
    );
    assert_eq!(
        file(&["--format", "json", "--relative-to", "..", last], "/findings/0/file"),
        format!("deploy/{last}")
    );
    let same = tree.run(&["--report", "json=a", "--report", "sarif=a", "deploy"]);
    assert_eq!(same.code, Some(2));
    assert!(same.stderr.contains("two reports go to `a`"), "{}", same.stderr);
    assert!(
        tree.run(&["--report", "xml", "deploy"])
            .stderr
            .contains("there is no format `xml`; it is one of human")
    );
}

/// A comment inside a word of several lines or a block of Lua would be a part of it.
#[test]
fn comments_are_added_outside_of_words_alone() {
    let tree = tree(1);
    let lines = [
        "add_header X \"one\ntwo\"; proxy_pass http://127.0.0.1:9000;",
        "content_by_lua_block {\n local x = 1\n } proxy_read_timeout 5s;",
    ];
    for (number, line) in lines.iter().enumerate() {
        let text = format!(
            "server {{\n    server_name x{number}.example.com;\n    location /ws/ {{ {line} }}\n}}\n"
        );
        fs::write(tree.path(&format!("deploy/sites/x{number}.conf")), text).unwrap();
    }
    let words = |name: &str| {
        let text = fs::read_to_string(tree.path(name)).unwrap();
        let kept = text.lines().filter(|line| !line.trim_start().starts_with("# nginx-ws-lint"));
        (kept.collect::<Vec<_>>().join("\n"), text)
    };
    let before: Vec<String> = (0..2).map(|number| words(&format!("deploy/sites/x{number}.conf")).1).collect();
    let run = tree.run(&["--add-ignores", "old", "deploy"]);
    assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("no comment was added: at some lines"), "{}", run.stdout);
    for (number, before) in before.iter().enumerate() {
        let (kept, text) = words(&format!("deploy/sites/x{number}.conf"));
        assert_eq!(kept, before.trim_end());
        assert!(!text.contains("one\n#") && !text.contains("= 1\n#"), "{text}");
    }
}

#[test]
fn what_is_chosen_to_be_told_edits_nothing() {
    let tree = tree(1);
    let before = fs::read(tree.path("deploy/sites/s000.conf")).unwrap();
    for chosen in [["--since", "HEAD"], ["--baseline", "nosuch.json"]] {
        for edit in [&["--fix"][..], &["--diff"], &["--add-ignores", "x"]] {
            let run = tree.run(&[&chosen[..], edit, &["deploy"]].concat());
            assert_eq!(run.code, Some(2), "{}", run.stderr);
            assert!(run.stderr.contains("cannot be used with"), "{}", run.stderr);
        }
    }
    assert_eq!(fs::read(tree.path("deploy/sites/s000.conf")).unwrap(), before);
}

#[test]
fn a_baseline_holds_however_the_root_is_named() {
    let tree = tree(3);
    std::os::unix::fs::symlink("deploy", tree.path("linked")).unwrap();
    assert_eq!(tree.run_in("deploy", &["baseline", "create", "../known.json", "../deploy"]).code, Some(0));
    for (folder, arguments) in [
        (".", ["--baseline", "known.json", "deploy"]),
        (".", ["--baseline", "known.json", "linked"]),
        ("deploy", ["--baseline", "../known.json", "../deploy"]),
        ("deploy/sites", ["--baseline", "../../known.json", ".."]),
    ] {
        let run = tree.run_in(folder, &arguments);
        assert_eq!(run.code, Some(0), "{folder} {arguments:?}: {}", run.stdout);
    }
    // Whatever a file says is counted, and ends no run.
    let text = fs::read_to_string(tree.path("known.json")).unwrap();
    let huge = text.replace("\"count\": 1", &format!("\"count\": {}", u64::MAX));
    let (head, tail) = huge.split_once("\"findings\": [").unwrap();
    let row = tail.split_once('}').unwrap().0;
    fs::write(tree.path("known.json"), format!("{head}\"findings\": [{row}}},{tail}")).unwrap();
    let run = tree.run(&["--baseline", "known.json", "deploy"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
}

/// Two branches add the same finding to the baseline, and a merge keeps both lines: one more defect of the kind is new.
#[test]
fn a_merged_baseline_counts_a_finding_once() {
    let tree = tree(1);
    assert_eq!(tree.run(&["baseline", "create", "known.json", "deploy"]).code, Some(0));
    let mut merged: Value =
        serde_json::from_str(&fs::read_to_string(tree.path("known.json")).unwrap()).unwrap();
    let rows = merged["findings"].as_array_mut().unwrap();
    let twice: Vec<Value> = rows.iter().chain(rows.iter()).cloned().collect();
    // By another spelling of the path too.
    let other = twice.iter().cloned().map(|mut row| {
        row["file"] = format!("./{}", row["file"].as_str().unwrap()).into();
        row
    });
    let all: Vec<Value> = twice.iter().cloned().chain(other).collect();
    let (count, before) = (rows.len(), all.len());
    assert_eq!(before, count * 4);
    *rows = all;
    fs::write(tree.path("known.json"), merged.to_string()).unwrap();
    let run = tree.run(&["--format", "json", "--baseline", "known.json", "deploy"]);
    let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &outcome["baseline"]["absent"]), (Some(0), &Value::Array(Vec::new())));
    // The same location once more is as many findings again.
    let text = fs::read_to_string(tree.path("deploy/sites/s000.conf")).unwrap();
    let location = text.split_once("    location").unwrap().1.rsplit_once('}').unwrap().0.to_owned();
    let more = text
        .replace("server_name", &format!("location{}    server_name", location.replace("/ws/", "/more/ws/")));
    fs::write(tree.path("deploy/sites/s000.conf"), more).unwrap();
    let run = tree.run(&["--format", "concise", "--baseline", "known.json", "deploy"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    // `prune` writes each once.
    let pruned = tree.run(&["baseline", "prune", "known.json", "deploy"]);
    assert_eq!(pruned.code, Some(0), "{}", pruned.stderr);
}

/// A file with another name is compared with what it was.
#[test]
fn a_renamed_file_is_not_new() {
    let tree = tree(4);
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "-A"]);
    git(&tree, &["commit", "-qm", "x"]);
    git(&tree, &["mv", "deploy/sites/s000.conf", "deploy/sites/renamed.conf"]);
    git(&tree, &["mv", "deploy/sites/s001.conf", "deploy/sites/z \u{e9}\n.conf"]);
    let since = || {
        tree.run(&[
            "--format",
            "concise",
            "--select",
            "missing-connection-header,short-read-timeout",
            "--since",
            "HEAD",
            "deploy",
        ])
    };
    let run = since();
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    // What was changed in it is told all the same.
    edit(
        &tree,
        "deploy/sites/z \u{e9}\n.conf",
        "        proxy_set_header Connection $connection_upgrade;\n",
        "",
    );
    let run = since();
    assert_eq!((run.code, findings(&run)), (Some(1), 2), "{}", run.shown());
    assert!(run.stdout.contains("error[missing-connection-header]"), "{}", run.stdout);
}

#[test]
fn a_shallow_clone_says_what_it_lacks() {
    let tree = tree(1);
    git(&tree, &["init", "-q"]);
    for text in ["a", "b"] {
        fs::write(tree.path("note"), text).unwrap();
        git(&tree, &["add", "-A"]);
        git(&tree, &["commit", "-qm", text]);
    }
    let url = format!("file://{}", tree.path(".").display());
    git(&tree, &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let run = tree.run_in("shallow", &["--since", "HEAD~1", "deploy"]);
    assert_eq!(run.code, Some(2));
    let said = "error: --since: git cannot tell what was changed: there is no commit `HEAD~1`; this clone is shallow";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
}
