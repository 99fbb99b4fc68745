//! `--watch`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::run::{Running, Tree};

#[test]
fn a_change_is_linted() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n"), (".git/index", "")]);
    let running = Running::start(tree.command(&["--watch", "nginx.conf"]));
    running.next("no findings");
    // The watching has begun before the first run.
    fs::write(
        tree.path("nginx.conf"),
        "events {}\nhttp { server { location /ws { proxy_pass ws://a; } } }\n",
    )
    .unwrap();
    running.next("nginx refuses to start");
    running.next("1 error");
    fs::write(tree.path("nginx.conf"), "events {}\nhttp {}\n").unwrap();
    running.next("no findings");
}

#[test]
fn standard_input_and_edits_are_not_watched() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n")]);
    for arguments in
        [&["--watch", "-"][..], &["--watch", "--fix", "nginx.conf"], &["--watch", "-o", "x", "nginx.conf"]]
    {
        let run = tree.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
}

/// The second run would wait for a writer, or read nothing.
#[test]
fn a_baseline_that_can_be_read_once_is_refused() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY)]);
    assert!(Command::new("mkfifo").arg(tree.path("known")).status().unwrap().success());
    let run = tree.run(&["--watch", "--baseline", "known", "nginx.conf"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.stderr);
    assert!(run.stderr.contains("`known` can be read once only"), "{}", run.stderr);
}

const HEALTHY: &str = "events {}\nhttp {}\n";

const BROKEN: &str = "events {}\nhttp { server { location /ws { proxy_pass ws://a; } } }\n";

/// Watches with some arguments, and waits for the first run.
fn watching(tree: &Tree, arguments: &[&str]) -> Running {
    let running = Running::start(tree.command(&[&["--watch"], arguments].concat()));
    running.next("no findings");
    running
}

#[test]
fn a_log_that_grows_beside_it_keeps_no_change_waiting() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY)]);
    let running = watching(&tree, &["."]);
    let (stop, stopped) = mpsc::channel::<()>();
    let log = tree.path("access.log");
    let writer = thread::spawn(move || {
        let mut log = File::create(log).unwrap();
        while stopped.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
            writeln!(log, "a line").unwrap();
        }
    });
    fs::write(tree.path("nginx.conf"), BROKEN).unwrap();
    running.next("1 error");
    drop(stop);
    writer.join().unwrap();
}

#[test]
fn a_folder_that_is_replaced_or_made_again_is_watched_on() {
    let tree = Tree::new(&[("live/nginx.conf", HEALTHY), ("next/nginx.conf", BROKEN)]);
    let running = watching(&tree, &["live"]);
    fs::rename(tree.path("live"), tree.path("old")).unwrap();
    fs::rename(tree.path("next"), tree.path("live")).unwrap();
    running.next("1 error");
    fs::write(tree.path("live/nginx.conf"), HEALTHY).unwrap();
    running.next("no findings");
    fs::remove_dir_all(tree.path("live")).unwrap();
    running.next("0 files judged");
    fs::create_dir(tree.path("live")).unwrap();
    fs::write(tree.path("live/nginx.conf"), BROKEN).unwrap();
    running.next("1 error");
}

#[test]
fn a_link_that_leads_elsewhere_is_followed() {
    let tree = Tree::new(&[("1/nginx.conf", HEALTHY), ("2/nginx.conf", BROKEN)]);
    symlink("1", tree.path("live")).unwrap();
    let running = watching(&tree, &["live/nginx.conf"]);
    symlink("2", tree.path("next")).unwrap();
    fs::rename(tree.path("next"), tree.path("live")).unwrap();
    running.next("1 error");
    fs::write(tree.path("2/nginx.conf"), HEALTHY).unwrap();
    running.next("no findings");
}

#[test]
fn files_elsewhere_that_count_are_watched_too() {
    let tree = Tree::new(&[
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("given/nginx.conf", "events {}\nhttp { include ../elsewhere/*.conf; }\n"),
        ("elsewhere/a.conf", "server {}\n"),
        ("settings.toml", "\n"),
    ]);
    let running = watching(&tree, &["--host-includes", "given"]);
    fs::write(tree.path("new"), "server { location /ws { proxy_pass ws://a; } }\n").unwrap();
    fs::rename(tree.path("new"), tree.path("elsewhere/a.conf")).unwrap();
    running.next("1 error");
    // One that was removed may come back, with its folder.
    fs::remove_dir_all(tree.path("elsewhere")).unwrap();
    running.next("no findings");
    fs::create_dir(tree.path("new")).unwrap();
    fs::write(tree.path("new/a.conf"), "server { location /ws { proxy_pass ws://a; } }\n").unwrap();
    fs::rename(tree.path("new"), tree.path("elsewhere")).unwrap();
    running.next("1 error");
    // Settings in a folder above count from when they come.
    fs::write(tree.path(".nginx-ws-lint.toml"), "other = 1\n").unwrap();
    running.next("there is no setting `other`");
    drop(running);
    fs::write(tree.path("elsewhere/a.conf"), "server {}\n").unwrap();
    let running = watching(&tree, &["--config", "settings.toml", "given"]);
    fs::write(tree.path("settings.toml"), "unknown = 1\n").unwrap();
    running.next("there is no setting `unknown`");
}

#[test]
fn what_it_says_itself_wakes_it_not() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY)]);
    let out = tree.path("out.txt");
    let mut command = tree.command(&["--watch", "."]);
    command.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let runs = || fs::read_to_string(&out).unwrap().matches("no findings").count();
    let wait_for = |wanted: usize| {
        (0..300).any(|_| {
            thread::sleep(Duration::from_millis(100));
            runs() >= wanted
        })
    };
    assert!(wait_for(1));
    thread::sleep(Duration::from_millis(700));
    assert_eq!(runs(), 1);
    fs::write(tree.path("nginx.conf"), "events {}\nhttp { }\n").unwrap();
    let is_seen = wait_for(2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_seen);
}

#[test]
fn without_a_reader_it_ends() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY)]);
    let mut command = tree.command(&["--watch", "."]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("1 file judged"), "{first}");
    let ended = (0..300).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        child.try_wait().unwrap()
    });
    // One that did not end is ended before the test fails.
    let _ = child.kill();
    assert_eq!(ended.and_then(|status| status.code()), Some(0));
}

#[test]
fn what_fails_in_the_middle_is_told_and_waited_out() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY)]);
    assert_eq!(tree.run(&["baseline", "create", "known.json", "nginx.conf"]).code, Some(0));
    let whole = fs::read(tree.path("known.json")).unwrap();
    let running = watching(&tree, &["--baseline", "known.json", "nginx.conf"]);
    fs::write(tree.path("known.json"), "{").unwrap();
    thread::sleep(Duration::from_millis(600));
    fs::write(tree.path("known.json"), whole).unwrap();
    running.next("no findings");
    // From the beginning it is an error.
    fs::write(tree.path("known.json"), "{").unwrap();
    let run = tree.run(&["--watch", "--baseline", "known.json", "nginx.conf"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
}

/// A path of which nothing is there has the folder above it watched: not everything, and not with what may not be read.
#[test]
fn a_path_in_the_root_folder_ends_no_watch() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY)]);
    let running = Running::start(tree.command(&["--watch", "nginx.conf", "/nginx-ws-lint-none.conf"]));
    running.next("1 file judged");
    fs::write(tree.path("nginx.conf"), BROKEN).unwrap();
    running.next("1 error");
}

#[test]
fn folders_below_are_watched_and_new_ones_too() {
    let tree = Tree::new(&[("nginx.conf", HEALTHY), ("conf.d/a/x.conf", "")]);
    let running = watching(&tree, &["."]);
    fs::create_dir_all(tree.path("conf.d/b")).unwrap();
    running.next("no findings");
    fs::write(tree.path("conf.d/b/y.conf"), BROKEN).unwrap();
    running.next("1 error");
    fs::write(tree.path("conf.d/b/y.conf"), HEALTHY).unwrap();
    running.next("no findings");
    fs::write(tree.path("conf.d/a/x.conf"), BROKEN).unwrap();
    running.next("1 error");
}
