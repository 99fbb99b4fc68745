//! What multiplies ends: soon, with what was reached judged, one notice with its place, and exit code 2.

use std::fs;
use std::time::{Duration, Instant};

use nginx_semantics::budgets;

use crate::run::Tree;

/// Tests run unoptimized and beside one another; without the budgets these take minutes, or for ever.
const SOON: Duration = Duration::from_secs(60);

const SOCKET: &str =
    "location /ws { proxy_pass http://127.0.0.1:9; proxy_set_header Upgrade $http_upgrade; }";

/// Ten files, each of which includes the next one ten times.
fn fan() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        (0..9).map(|n| (format!("d{n}.inc"), format!("include d{}.inc;\n", n + 1).repeat(10))).collect();
    files.push(("d9.inc".to_owned(), format!("server {{ listen 80; server_name a.test; {SOCKET} }}\n")));
    files.push(("nginx.conf".to_owned(), "events {}\nhttp {\ninclude d0.inc;\n}\n".to_owned()));
    files
}

/// A main file with these lines in `http`.
fn main_file(http: &str) -> Vec<(String, String)> {
    vec![("nginx.conf".to_owned(), format!("events {{}}\nhttp {{\n{http}\n}}\n"))]
}

fn listens(count: usize) -> String {
    (0..count).map(|n| format!("listen 10.0.{}.{}:80;\n", n / 256, n % 256)).collect()
}

#[test]
fn each_command_ends_and_says_so() {
    let ifs: String = (0..7).map(|n| format!("if ($arg_a{n}) {{ set $b{n} 1; }}\n")).collect();
    let names: String = (0..500).map(|n| format!(" n{n}.test")).collect();
    let apart: String = (0..=budgets::ADDRESSES)
        .map(|n| format!("server {{ listen 10.0.0.{n}:80; server_name a.test; {SOCKET} }}\n"))
        .collect();
    let cases = [
        ("includes", fan(), true),
        (
            "addresses",
            main_file(&format!(
                "server {{ server_name a.test; {} {SOCKET} }}",
                listens(budgets::LISTENS + 1)
            )),
            true,
        ),
        (
            "names",
            main_file(&format!("server {{ server_name a.test{names}; {} {SOCKET} }}", listens(500))),
            true,
        ),
        ("ways", main_file(&format!("server {{ listen 80; server_name a.test; {ifs} {SOCKET} }}")), true),
        // Only `trace` follows a request to all of them.
        ("addresses of several servers", main_file(&apart), false),
    ];
    for (name, files, is_everywhere) in cases {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let tree = Tree::new(&files);
        let trace: &[&str] = &["trace", "ws://a.test/ws"];
        let commands: [(&[&str], bool); 4] = [
            (&[], is_everywhere),
            (&["--diff", "--unsafe-fixes"], is_everywhere),
            (trace, true),
            (&["endpoints"], is_everywhere),
        ];
        for (command, is_cut) in commands {
            let start = Instant::now();
            let json = tree.run(&[command, &["--format", "json", "nginx.conf"]].concat());
            // A patch has no room for notices: `--diff` writes them to standard error.
            let notices =
                json.stdout.matches("\"too-large\"").count() + json.stderr.matches("[too-large]").count();
            // A server at hundreds of addresses is more than `trace` follows too.
            let is_followed = command != trace || !matches!(name, "addresses" | "names");
            let expected = usize::from(is_cut) + usize::from(!is_followed);
            assert_eq!(notices, expected, "{name} {command:?}: {}{}", json.stdout, json.stderr);
            let people = tree.run(&[command, &["nginx.conf"]].concat());
            if is_cut {
                assert_eq!((json.code, people.code), (Some(2), Some(2)), "{name} {command:?}");
                let shown = people.stdout.clone() + &people.stderr;
                assert!(shown.contains(".conf:") || shown.contains(".inc:"), "{name} {command:?}: {shown}");
            }
            assert!(start.elapsed() < SOON, "{name} {command:?}: {:?}", start.elapsed());
        }
    }
}

/// The table of docs/security.md is the constants.
#[test]
fn the_page_has_the_numbers() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
    let page = fs::read_to_string(page).unwrap();
    let shown = |number: usize| {
        let digits = number.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        groups.join(",")
    };
    let rows = [
        ("copies of included files", vec![budgets::COPIES, budgets::COPIES_OF_WRITTEN, budgets::BLOCK]),
        ("blocks in blocks", vec![usize::try_from(budgets::DEPTH).unwrap()]),
        ("addresses of one server", vec![budgets::LISTENS]),
        ("addresses times names of one server", vec![budgets::LISTENS_AND_NAMES]),
        ("ways of one request", vec![budgets::WAYS]),
        ("addresses that `trace` follows", vec![budgets::ADDRESSES]),
    ];
    for (what, numbers) in rows {
        let row = page.lines().find(|line| line.starts_with(&format!("| {what} |"))).expect(what);
        for number in numbers {
            assert!(row.split(' ').any(|word| word == shown(number)), "{what}: {} in {row}", shown(number));
        }
    }
}
