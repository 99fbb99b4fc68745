//! `--watch`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::run::Tree;

/// Long enough for a slow machine; what does not come is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

fn next(lines: &Receiver<String>, wanted: &str) {
    let mut seen: Vec<String> = Vec::new();
    while !seen.last().is_some_and(|line| line.contains(wanted)) {
        let Ok(line) = lines.recv_timeout(PATIENCE) else { break };
        seen.push(line);
    }
    assert!(seen.last().is_some_and(|line| line.contains(wanted)), "no `{wanted}` in {seen:?}");
}

#[test]
fn a_change_is_linted() {
    let tree = Tree::new(&[("nginx.conf", "events {}\nhttp {}\n"), (".git/index", "")]);
    let mut command = tree.command(&["--watch", "nginx.conf"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (sender, lines) = channel();
    let stdout = child.stdout.take().unwrap();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    next(&lines, "no findings");
    // The watching has begun before the first run.
    fs::write(
        tree.path("nginx.conf"),
        "events {}\nhttp { server { location /ws { proxy_pass ws://a; } } }\n",
    )
    .unwrap();
    next(&lines, "nginx refuses to start");
    next(&lines, "1 error");
    fs::write(tree.path("nginx.conf"), "events {}\nhttp {}\n").unwrap();
    next(&lines, "no findings");
    child.kill().unwrap();
    child.wait().unwrap();
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
