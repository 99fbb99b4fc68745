//! `--watch`.

use std::fs;

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
