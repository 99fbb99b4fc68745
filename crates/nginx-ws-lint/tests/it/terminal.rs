//! What a person sees: on terminals of several widths, with colours and without, and where there is no terminal.

use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::Stdio;

use insta::assert_snapshot;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::run::Tree;

/// A pseudo-terminal so many columns wide: our end and the program's.
fn terminal(columns: u16) -> (OwnedFd, fs::File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    tcsetwinsize(theirs.as_fd(), Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
        .unwrap();
    (ours, theirs)
}

/// What the program writes to standard output where that is such a terminal; ESC is `␛`.
fn shown(tree: &Tree, columns: u16, arguments: &[&str]) -> String {
    let (ours, theirs) = terminal(columns);
    let mut command = tree.command(arguments);
    command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(theirs).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The program's end is closed with the command, so that ours ends when it does: reading then gives an error.
    drop(command);
    let mut bytes = Vec::new();
    let mut reader = fs::File::from(ours);
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut chunk) {
        bytes.extend(chunk.iter().take(count));
    }
    child.wait().unwrap();
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n").replace('\u{1b}', "\u{241b}")
}

fn demo() -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo");
    let mut files = Vec::new();
    for folder in ["", "sites-enabled", "snippets", "conf.d"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries.map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            let name = Path::new(folder).join(entry.file_name());
            files.push((name.to_str().unwrap().to_owned(), fs::read_to_string(entry.path()).unwrap()));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Tree::new(&files)
}

/// So many sites, every tenth of which has something wrong with it.
fn sites(count: usize) -> Tree {
    let site = |number: usize| {
        let timeout = if number % 10 == 0 { "" } else { "        proxy_read_timeout 1h;\n" };
        format!(
            "server {{\n    listen 80;\n    server_name site{number}.example;\n    location /ws/ {{\n        \
             proxy_pass http://10.0.0.{}:9000;\n        proxy_http_version 1.1;\n        proxy_set_header Host $http_host;\n        \
             proxy_set_header Upgrade $http_upgrade;\n        proxy_set_header Connection upgrade;\n{timeout}    }}\n}}\n",
            number % 250 + 1
        )
    };
    let names: Vec<(String, String)> =
        (0..count).map(|number| (format!("sites/{number:03}.conf"), site(number))).collect();
    let mut files: Vec<(&str, &str)> =
        names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("nginx.conf", "worker_shutdown_timeout 1h;\nevents { worker_connections 4096; }\nhttp {\n    include sites/*.conf;\n}\n"));
    Tree::new(&files)
}

/// The first lines and the last ones of what is long.
fn ends(text: &str, first: usize, last: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= first + last {
        return text.to_owned();
    }
    let left_out = lines.len() - first - last;
    let (head, tail) = (lines.iter().take(first), lines.iter().skip(first + left_out));
    let [head, tail] = [head.copied().collect::<Vec<_>>(), tail.copied().collect()];
    format!("{}\n[{left_out} lines]\n{}\n", head.join("\n"), tail.join("\n"))
}

/// Backgrounds and the 256 colours look right on one background only: all that is used are the terminal's own eight colours,
/// bold and underline, which its owner has made readable on a light background or a dark one.
fn assert_any_background(text: &str) {
    for code in text.split("\u{241b}[").skip(1) {
        // Colours are all that is sent to a terminal.
        let (numbers, _) = code.split_once('m').unwrap();
        for number in numbers.split(';').filter(|number| !number.is_empty()) {
            assert!(matches!(number.parse::<u8>().unwrap(), 0..=9 | 22 | 31..=37 | 39), "{numbers}");
        }
    }
}

#[test]
fn the_demo_on_terminals_of_three_widths() {
    let tree = demo();
    for columns in [60, 80, 120] {
        let text = shown(&tree, columns, &["nginx.conf"]);
        assert_any_background(&text);
        assert_snapshot!(format!("demo_{columns}"), text);
        let plain = shown(&tree, columns, &["nginx.conf", "--color", "never"]);
        assert!(!plain.contains('\u{241b}'));
        let is_code = |line: &str| {
            line.trim_start().starts_with("curl ") || line.contains("http://") || line.contains(".conf:")
        };
        for line in plain
            .lines()
            .filter(|line| !line.starts_with("info[") && !line.starts_with("note[") && !is_code(line))
        {
            assert!(line.chars().count() <= usize::from(columns), "{line}");
        }
    }
}

#[test]
fn where_there_is_no_terminal_or_no_colour_is_wanted() {
    let tree = demo();
    let piped = tree.run(&["nginx.conf"]).stdout;
    assert!(!piped.contains('\u{1b}'));
    assert_snapshot!("demo_piped", piped);
    let refused = shown(&demo().env("NO_COLOR", "1"), 80, &["nginx.conf"]);
    assert_eq!(refused, shown(&tree, 80, &["nginx.conf", "--color", "never"]));
}

#[test]
fn tables_and_pages_on_terminals_of_three_widths() {
    let tree = demo();
    for columns in [60, 80, 120] {
        for (name, arguments) in [
            ("endpoints", &["endpoints", "nginx.conf"][..]),
            ("rules", &["rules", "--color", "never"]),
            ("explain", &["explain", "504", "--color", "never"]),
            ("trace", &["trace", "wss://chat.example.com/chat/ws", "nginx.conf", "--color", "never"]),
            ("statistics", &["--statistics", "nginx.conf"]),
            ("diff", &["--diff", "nginx.conf"]),
        ] {
            let text = shown(&tree, columns, arguments);
            assert_any_background(&text);
            assert_snapshot!(format!("{name}_{columns}"), ends(&text, 30, 6));
        }
    }
}

#[test]
fn a_tree_of_150_sites() {
    let tree = sites(150);
    for columns in [60, 80, 120] {
        assert_snapshot!(format!("sites_{columns}"), ends(&shown(&tree, columns, &["nginx.conf"]), 40, 12));
    }
}

/// A configuration as it should be: the checklist's, in a main file with a certificate and the checklist's logs.
const HEALTHY: &str = r#"events {}
http {
    log_format ws '$remote_addr - $host [$time_local] '
                  '"$request" $status $body_bytes_sent '
                  'rt=$request_time urt=$upstream_response_time '
                  'ua="$http_user_agent" up="$upstream_addr"';
    access_log /var/log/nginx/ws_access.log ws;
    error_log /var/log/nginx/ws_error.log warn;
    ssl_certificate /etc/ssl/example.com.pem;
    ssl_certificate_key /etc/ssl/example.com.key;
    include baseline.conf;
}
"#;

const BASELINE: &str = include_str!("../../../lint-engine/tests/it/baseline.conf");

#[test]
fn a_healthy_configuration_says_little() {
    let run = Tree::new(&[("nginx.conf", HEALTHY), ("baseline.conf", BASELINE)]).run(&["nginx.conf"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.lines().count() <= 8, "{}", run.stdout);
    assert!(run.stdout.contains("1 WebSocket endpoint"), "{}", run.stdout);
}
