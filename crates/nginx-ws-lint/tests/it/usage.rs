//! Command lines that mean nothing, or two things.

use insta::assert_snapshot;

use crate::run::Tree;

#[test]
fn wrong_options_and_values() {
    let tree = Tree::new(&[("nginx.conf", "events {}\n")]);
    let mut shown = String::new();
    for arguments in [
        &["--fail-one", "error"][..],
        &["--fail-on", "fatal"],
        &["--format", "xml"],
        &["--nginx-version", "latest"],
        &["--ws-path", "ws"],
        &["--path-map", "/etc/nginx"],
        &["--select", "handshake,lifetme"],
        &["--ignore", "nothing-like-it"],
        &["-q", "-v"],
        &[""],
        &["-", "nginx.conf"],
        &["--stdin-filename", "x.conf", "nginx.conf"],
        &["explain"],
        &["rules", "--format", "xml"],
    ] {
        let run = tree.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        shown.push_str(&format!("$ nginx-ws-lint {}\n{}\n", arguments.join(" "), run.stderr));
    }
    assert_snapshot!(shown);
}

#[test]
fn a_command_wins_over_a_file_of_its_name_and_says_so() {
    let tree = Tree::new(&[("rules", "events {}\n"), ("explain/nginx.conf", "events {}\n")]);
    let run = tree.run(&["rules"]);
    assert!(run.stdout.starts_with("NAME "), "{}", run.stdout);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (Some(0), "note: `rules` is taken as the command; write ./rules for the file\n")
    );
    let run = tree.run(&["explain", "no-such-rule-anywhere"]);
    assert_snapshot!(run.stderr);
    for arguments in [&["./rules"][..], &["--", "rules"], &["--color", "never", "rules"], &["./explain"]] {
        let run = tree.run(arguments);
        assert_eq!(run.stderr, "", "{arguments:?}");
        assert!(!run.stdout.starts_with("NAME "), "{arguments:?}");
    }
}

#[test]
fn a_command_with_a_slip_is_said_before_anything_is_linted() {
    let tree = Tree::new(&[("nginx.conf", "events {}\n"), ("endpoint", "events {}\n")]);
    for (word, meant) in [
        ("rulez", "rules"),
        ("explian", "explain"),
        ("tracee", "trace"),
        ("baselin", "baseline"),
        // What other programs call it, and what has a page.
        ("help", "--help"),
        ("version", "--version"),
        ("lint", "nginx-ws-lint PATHS"),
        ("fix", "--fix PATHS"),
        ("prune", "baseline prune FILE PATHS"),
        ("causes", "explain causes"),
        ("short-read-timeout", "explain short-read-timeout"),
    ] {
        let run = tree.run(&[word]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
        assert_eq!(
            run.stderr,
            format!("error: there is no command or path `{word}`; did you mean `{meant}`?\n")
        );
    }
    // A file of that name is a file.
    assert_eq!(tree.run(&["endpoint"]).code, Some(0));
}

#[test]
fn a_command_after_an_option_is_a_path() {
    let run = Tree::new(&[]).run(&["--color", "never", "rules"]);
    assert_eq!(run.stderr, "note: `rules` is taken as a path; a command must be the first word\n");
    // `explain` has a page of this name.
    let run = Tree::new(&[]).run(&["--isolated", "endpoints", "x"]);
    assert!(
        run.stderr.contains("`endpoints` is taken as a path") && !run.stderr.contains("mean"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_variable_for_the_format_does_not_get_in_the_way_of_commands() {
    let tree = Tree::new(&[]).env("NGINX_WS_LINT_FORMAT", "json");
    assert_eq!(tree.run(&["rules"]).code, Some(0));
    assert!(tree.run(&["."]).stdout.starts_with('{'));
    let run = Tree::new(&[]).env("NGINX_WS_LINT_FORMAT", "").run(&["."]);
    assert_eq!(run.stderr, "");
    let run = Tree::new(&[]).env("NGINX_WS_LINT_FORMAT", "xml").run(&["."]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn reports_need_a_format_and_a_folder_that_is_there() {
    let tree = Tree::new(&[("deploy/nginx.conf", "events {}\n")]);
    for (arguments, said) in [
        (&["--report", "=x"][..], "write a format"),
        (&["--report", ""], "write a format"),
        (&["--relative-to", "deploy/nginx.conf"], "--relative-to: there is no folder `deploy/nginx.conf`"),
        (&["--relative-to", "gone"], "--relative-to: there is no folder `gone`"),
    ] {
        let run = tree.run(&[arguments, &["deploy"]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    assert_eq!(tree.run(&["--relative-to", "deploy/..", "deploy"]).code, Some(0));
}
