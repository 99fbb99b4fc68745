//! `--output`: every command and format, as a whole or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::thread;

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
    assert!(text.starts_with("events {}\n") && text.ends_with("}\n"), "{text}");
    assert!(text.contains("proxy_pass http://127.0.0.1:9000;"), "{text}");
    assert!(run.stderr.contains("fixed nginx.conf:6"), "{}", run.stderr);
}

#[test]
fn a_text_that_is_fixed_is_never_overwritten_with_a_report() {
    let tree = tree();
    let arguments = ["--fix", "-", "--format=json", "-o", "out/text", "--report", "concise=out/report"];
    let run = tree.run_with(&arguments, MAIN.as_bytes());
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("\"schema\""), "{}", run.stderr);
    let [text, report] = ["out/text", "out/report"].map(|file| fs::read_to_string(tree.path(file)).unwrap());
    assert!(text.starts_with("events {}\n") && text.ends_with("}\n"), "{text}");
    assert!(report.contains("<stdin>:"), "{report}");
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
        assert!(run.stderr.contains("is judged, and would be overwritten"), "{}", run.stderr);
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

/// Whoever made the tree must not have a report written elsewhere.
#[test]
fn a_link_that_a_stranger_made_is_not_written_through() {
    let victim = "alias ls=ls\n";
    for kind in [".git", ".hg"] {
        let tree = Tree::new(&[
            ("repo/nginx.conf", MAIN),
            ("repo/inside.txt", victim),
            ("home/.bashrc", victim),
            ("home/nginx/nginx.conf", MAIN),
        ]);
        fs::create_dir(tree.path("repo").join(kind)).unwrap();
        symlink("../home/.bashrc", tree.path("repo/report.txt")).unwrap();
        symlink("../home/new.txt", tree.path("repo/new.txt")).unwrap();
        symlink("inside.txt", tree.path("repo/near.txt")).unwrap();
        symlink("../home", tree.path("repo/out")).unwrap();
        symlink("../.bashrc", tree.path("home/nginx/report.txt")).unwrap();
        for (file, arguments) in [
            ("repo/report.txt", &["repo"][..]),
            ("repo/new.txt", &["repo"]),
            ("repo/near.txt", &["repo"]),
            ("repo/out/.bashrc", &["repo"]),
            ("repo/out/new.txt", &["repo"]),
            ("repo/report.txt", &["rules"]),
            ("repo/report.txt", &["explain", "short-read-timeout"]),
            ("repo/report.txt", &["--diff", "repo"]),
            ("repo/report.txt", &["--diff", "home/nginx"]),
            ("repo/report.txt", &["endpoints", "repo"]),
            ("repo/report.txt", &["trace", "ws://example.com/ws/", "repo"]),
            // Without a repository the given folder is the stranger's.
            ("home/nginx/report.txt", &["home/nginx"]),
            ("home/nginx/report.txt", &["home/nginx/nginx.conf"]),
        ] {
            let run = tree.run(&[arguments, &["-o", file]].concat());
            assert_eq!(run.code, Some(2), "{file} {arguments:?} {}", run.shown());
            let is_said = run.stderr.contains("is a link of the tree or its repository");
            assert!(is_said, "{file} {arguments:?} {}", run.shown());
            for kept in ["repo/inside.txt", "home/.bashrc"] {
                assert_eq!(fs::read_to_string(tree.path(kept)).unwrap(), victim, "{file} {arguments:?}");
            }
            assert!(!tree.path("home/new.txt").exists(), "{file} {arguments:?}");
        }
        // The user's own link, and files of the tree that are no links.
        symlink("home/.bashrc", tree.path("own.txt")).unwrap();
        for file in ["own.txt", "repo/plain.txt", "repo/../repo/plain.txt"] {
            assert_eq!(tree.run(&["rules", "-o", file]).code, Some(0), "{file}");
            assert!(fs::read_to_string(tree.path(file)).unwrap().starts_with("NAME"), "{file}");
        }
        symlink("circle", tree.path("circle")).unwrap();
        assert_eq!(tree.run(&["rules", "-o", "circle"]).code, Some(2));
    }
}

/// Devices and FIFOs are what the user says.
#[test]
fn what_is_no_file_is_written_to() {
    let tree = tree();
    let expected = tree.run(&["rules"]).stdout;
    for device in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let run = tree.run(&["rules", "-o", device]);
        assert_eq!((run.code, run.stdout), (Some(0), expected.clone()), "{device}");
    }
    assert_eq!(tree.run(&["rules", "-o", "/dev/stderr"]).stderr, expected);
    assert_eq!(tree.run(&["rules", "-o", "/dev/null"]).code, Some(0));
    // What stands in a log that is appended to stays.
    let log = tree.path("log");
    fs::write(&log, "before\n").unwrap();
    let file = fs::OpenOptions::new().append(true).open(&log).unwrap();
    let status = tree.command(&["rules", "-o", "/dev/stdout"]).stdout(file).status().unwrap();
    assert!(status.success());
    assert_eq!(fs::read_to_string(&log).unwrap(), format!("before\n{expected}"));

    let fifo = tree.path("out/fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut child = tree.command(&["rules", "-o", "out/fifo"]).spawn().unwrap();
    assert_eq!(fs::read_to_string(&fifo).unwrap(), expected);
    assert!(child.wait().unwrap().success());
    assert_eq!(tree.run(&["rules", "-o", "out"]).code, Some(2));
}

/// Neither is waited for, and nobody is told to remove a device.
#[test]
fn a_baseline_that_is_no_file() {
    let tree = crate::adopt::tree(4);
    let printed = tree.run(&["baseline", "create", "/dev/stdout", "deploy"]);
    assert_eq!(printed.code, Some(0), "{}", printed.shown());
    assert_eq!(printed.stdout, tree.run(&["baseline", "create", "-", "deploy"]).stdout);
    assert_eq!(tree.run(&["baseline", "create", "/dev/null", "deploy"]).code, Some(0));
    let fifo = tree.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for file in ["/dev/stdin", "fifo"] {
        let run = tree.run(&["baseline", "prune", file, "deploy"]);
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(run.stderr.contains("it is not a regular file"), "{}", run.shown());
    }
    let reader = thread::spawn(move || fs::read_to_string(fifo).unwrap());
    assert_eq!(tree.run(&["baseline", "create", "fifo", "deploy"]).code, Some(0));
    assert_eq!(reader.join().unwrap(), printed.stdout);
    let run = tree.run(&["baseline", "create", "deploy", "deploy"]);
    assert!(run.stderr.contains("`deploy`: it is a folder"), "{}", run.shown());
    // It is known by whatever way it comes.
    let run = tree.run_with(&["--baseline", "/dev/stdin", "deploy"], printed.stdout.as_bytes());
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(!run.stdout.contains("are gone"), "{}", run.shown());
}

/// Baselines, settings, cookies and certificates are as much a user's own as the configuration.
#[test]
fn nothing_that_a_run_reads_is_replaced() {
    let files = [
        ("nginx.conf", "events {}\n"),
        (".nginx-ws-lint.toml", "# own\n"),
        ("own.toml", "# own\n"),
        ("cookies", "a=b\n"),
        ("ca.pem", "none\n"),
    ];
    let tree = Tree::new(&files);
    assert_eq!(tree.run(&["baseline", "create", "baseline.json", "nginx.conf"]).code, Some(0));
    let before = |name: &str| fs::read_to_string(tree.path(name)).unwrap();
    for (arguments, name) in [
        (&["--baseline", "baseline.json", "-o", "baseline.json", "nginx.conf"][..], "baseline.json"),
        (
            &["--baseline", "baseline.json", "--report", "sarif=./baseline.json", "nginx.conf"],
            "baseline.json",
        ),
        (&["--config", "own.toml", "-o", "own.toml", "nginx.conf"], "own.toml"),
        (&["nginx.conf", "-o", ".nginx-ws-lint.toml"], ".nginx-ws-lint.toml"),
        (&["rules", "-o", ".nginx-ws-lint.toml"], ".nginx-ws-lint.toml"),
        (&["config", "schema", "-o", ".nginx-ws-lint.toml"], ".nginx-ws-lint.toml"),
        (&["config", "show", "-o", ".nginx-ws-lint.toml"], ".nginx-ws-lint.toml"),
        (&["probe", "ws://127.0.0.1:1/", "--cookie-file", "cookies", "-o", "cookies"], "cookies"),
        (&["probe", "wss://127.0.0.1:1/", "--ca", "ca.pem", "-o", "ca.pem"], "ca.pem"),
    ] {
        let kept = before(name);
        let run = tree.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.shown());
        let said = if name == ".nginx-ws-lint.toml" { "is a settings file" } else { "is read in this run" };
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.shown());
        assert_eq!(before(name), kept, "{arguments:?}");
    }
    // A file of that name that nothing reads, and a device, are outputs like others.
    assert_eq!(tree.run(&["nginx.conf", "--baseline", "/dev/null", "-o", "/dev/null"]).code, Some(2));
    assert_eq!(tree.run(&["rules", "-o", "rules.txt"]).code, Some(0));
}
