//! What multiplies ends: soon, with what was reached judged, one notice with its place, and exit code 2.

use std::fs;
use std::time::{Duration, Instant};

use nginx_semantics::budgets;
use serde_json::Value;

use crate::run::Tree;

/// Tests run unoptimized and beside one another; without the budgets some of these take for ever.
const SOON: Duration = Duration::from_secs(60);

const SOCKET: &str =
    "location /ws { proxy_pass http://127.0.0.1:9; proxy_set_header Upgrade $http_upgrade; }";

/// More than one budget allows of what multiplies.
struct Bomb {
    name: &'static str,
    files: Vec<(String, String)>,
    /// Where it says so.
    place: (&'static str, u64),
    /// Which commands do so much.
    by: By,
}

#[derive(PartialEq)]
enum By {
    All,
    /// Only `trace` follows a request on every socket.
    Trace,
    /// Only `trace` judges no other servers than those that the request comes to.
    Others,
}

impl Bomb {
    /// A main file with these lines in `http`, from line 3 on.
    fn new(name: &'static str, http: &str, line: u64) -> Self {
        let main = format!("events {{}}\nhttp {{\n{http}\n}}\n");
        let files = vec![("nginx.conf".to_owned(), main)];
        Self { name, files, place: ("nginx.conf", line), by: By::All }
    }
}

/// Ten files, each of which includes the next one ten times, the last one `last`.
fn fan(last: &str, place: (&'static str, u64)) -> Bomb {
    let mut bomb = Bomb::new("includes", &format!("include d0.inc;\nserver {{ listen 80; {SOCKET} }}"), 0);
    let inner = (0..9).map(|n| (format!("d{n}.inc"), format!("include d{}.inc;\n", n + 1).repeat(10)));
    bomb.files.extend(inner);
    bomb.files.push(("d9.inc".to_owned(), last.to_owned()));
    bomb.place = place;
    bomb
}

fn listens(count: usize) -> String {
    (0..count).map(|n| format!("listen 10.0.{}.{}:80;\n", n / 256, n % 256)).collect()
}

fn bombs() -> Vec<Bomb> {
    let names: String = (0..=budgets::LISTENS_AND_NAMES / 200).map(|n| format!(" n{n}.test")).collect();
    let ifs: String =
        (0..7).map(|n| format!("if ($remote_addr = 10.0.0.{n}) {{ set $b{n} 1; }}\n")).collect();
    let apart: String = (0..=budgets::ADDRESSES)
        .map(|n| format!("server {{ listen 10.0.0.{n}:80; server_name a.test; {SOCKET} }}\n"))
        .collect();
    // Five conditions are 32 ways, which is no cut by itself; each way runs the lines of half of them.
    let conditions: String =
        (0..5).map(|n| format!("if ($remote_addr = 10.0.0.{n}) {{ include sets.inc; }}\n")).collect();
    let locations: String = (0..40).map(|n| SOCKET.replacen("/ws", &format!("/ws{n}"), 1) + "\n").collect();
    let mut lines = Bomb::new(
        "lines of ways",
        &format!("server {{ listen 80; server_name a.test;\n{SOCKET}\n{conditions}{locations} }}"),
        5,
    );
    lines.files.push(("sets.inc".to_owned(), "set $a 1;\n".repeat(600)));
    // One path alone does not need so many.
    lines.by = By::Others;
    let sites: String =
        (0..300).map(|n| format!("server {{ listen 80; server_name n{n}; {SOCKET} }}\n")).collect();
    let paths = |count: usize| {
        let paths: Vec<String> = (0..count).map(|n| format!("\"/p{n}\"")).collect();
        format!("websocket-paths = [{}]\n", paths.join(","))
    };
    let mut declared = Bomb::new("declared paths", &sites, 203);
    declared.files.push((".nginx-ws-lint.toml".to_owned(), paths(200)));
    declared.by = By::Others;
    let mut entries =
        Bomb::new("entries of settings", &format!("server {{ listen 80; server_name a.test; {SOCKET} }}"), 1);
    entries.files.push((".nginx-ws-lint.toml".to_owned(), paths(budgets::ENTRIES + 1)));
    entries.place.0 = ".nginx-ws-lint.toml";
    let deep = usize::try_from(budgets::DEPTH).unwrap() + 1;
    let deep = format!("server {{ listen 80; {SOCKET} }}\n{}{}", "a { ".repeat(deep), "}".repeat(deep));
    let too_many = format!("server {{\n{}{SOCKET} }}", listens(budgets::LISTENS + 1));
    let line_of_last = u64::try_from(budgets::LISTENS).unwrap() + 4;
    vec![
        // Each copy of d8.inc counts 1,011 with those of d9.inc in it: the fiftieth is not whole any more.
        fan(&"add_header A b;\n".repeat(99), ("d8.inc", 6)),
        Bomb::new("addresses", &too_many, line_of_last),
        Bomb::new(
            "names",
            &format!("server {{\n{}server_name a.test;\nserver_name{names};\n{SOCKET} }}", listens(200)),
            205,
        ),
        Bomb::new("ways", &format!("server {{ listen 80; server_name a.test;\n{ifs} {SOCKET} }}"), 4),
        Bomb::new("depth", &deep, 1),
        lines,
        declared,
        entries,
        Bomb {
            by: By::Trace,
            ..Bomb::new("addresses of servers", &apart, u64::try_from(budgets::ADDRESSES).unwrap() + 3)
        },
    ]
}

/// Where the notices of budgets stand.
fn places(json: &str) -> Vec<(String, u64)> {
    let value: Value = serde_json::from_str(json).unwrap();
    let notices = value.get("notices").and_then(Value::as_array).unwrap().iter();
    let notices = notices.filter(|notice| notice["code"] == "too-large");
    let place = |notice: &Value| {
        assert_eq!(notice["incomplete"], true, "{notice}");
        (notice["file"].as_str().unwrap().to_owned(), notice["line"].as_u64().unwrap())
    };
    notices.map(place).collect()
}

#[test]
fn each_command_ends_and_says_so_once() {
    for bomb in bombs() {
        let files: Vec<(&str, &str)> =
            bomb.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let tree = Tree::new(&files);
        let name = bomb.name;
        let (file, line) = bomb.place;
        let commands: [(&[&str], bool); 4] = [
            (&[], false),
            (&["--diff", "--unsafe-fixes"], false),
            (&["trace", "ws://a.test/ws"], true),
            (&["endpoints"], false),
        ];
        for (command, is_trace) in commands {
            let is_cut = bomb.by != if is_trace { By::Others } else { By::Trace };
            let start = Instant::now();
            let people = tree.run(&[command, &["nginx.conf"]].concat());
            assert!(start.elapsed() < SOON, "{name} {command:?}: {:?}", start.elapsed());
            let shown = [people.stdout.as_str(), &people.stderr].concat();
            let told = shown.matches("[too-large]").count();
            assert_eq!(told, usize::from(is_cut), "{name} {command:?}: {shown}");
            if is_cut {
                assert_eq!(people.code, Some(2), "{name} {command:?}: {shown}");
                let place = format!("{file}:{line}");
                assert!(shown.contains(&place), "{name} {command:?} {place}: {shown}");
            }
            // A patch is not JSON.
            if command.first() == Some(&"--diff") {
                continue;
            }
            let json = tree.run(&[command, &["--format", "json", "nginx.conf"]].concat());
            assert!(start.elapsed() < SOON, "{name} {command:?}: {:?}", start.elapsed());
            let expected = if is_cut { vec![(file.to_owned(), line)] } else { Vec::new() };
            assert_eq!(places(&json.stdout), expected, "{name} {command:?}");
            if is_cut {
                assert_eq!(json.code, Some(2), "{name} {command:?}");
            }
            // Where both a server and `trace` come to the end of their budgets, the one notice says both.
            if is_trace && matches!(name, "addresses" | "names") {
                assert!(json.stdout.contains("--via-listen"), "{name}: {}", json.stdout);
            }
        }
    }
}

/// One address is followed, however many others there are.
#[test]
fn an_address_that_is_named_is_followed() {
    let bomb = bombs().into_iter().find(|bomb| bomb.by == By::Trace).unwrap();
    let files: Vec<(&str, &str)> =
        bomb.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let tree = Tree::new(&files);
    let one = ["trace", "ws://a.test/ws", "--via-listen", "10.0.0.64:80", "--format", "json", "nginx.conf"];
    let run = tree.run(&one);
    assert_eq!(places(&run.stdout), []);
    assert!(run.stdout.contains("10.0.0.64:80"), "{}", run.stdout);
    assert_ne!(run.code, Some(2));
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
        ("lines on further ways", vec![budgets::LINES_OF_WAYS, budgets::LINES_OF_WRITTEN]),
        (
            "paths that settings declare, times servers",
            vec![budgets::DECLARED, budgets::DECLARED_OF_WRITTEN, budgets::DECLARED_PATH],
        ),
        ("entries of one list of a settings file", vec![budgets::ENTRIES]),
        ("lines that one fix copies", vec![budgets::REPEATED]),
        ("rounds of trying fixes", vec![budgets::CHECKED, budgets::LEAST_CHECKS, budgets::MOST_CHECKS]),
        ("addresses that `trace` follows", vec![budgets::ADDRESSES]),
    ];
    for (what, numbers) in rows {
        let row = page.lines().find(|line| line.starts_with(&format!("| {what} |"))).expect(what);
        for number in numbers {
            assert!(row.split(' ').any(|word| word == shown(number)), "{what}: {} in {row}", shown(number));
        }
    }
}

/// A thousand lines above a thousand locations would be a million to write.
#[test]
fn so_many_lost_lines_are_not_copied() {
    let lost = |count: usize| {
        let lines: String = (0..count).map(|n| format!("proxy_set_header X-{n} v;\n")).collect();
        let upgrade = "proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n";
        let location = "location /ws/ { proxy_pass http://127.0.0.1:9; proxy_set_header A b; }\n";
        let main = format!("events {{}}\nhttp {{\n{lines}{upgrade}server {{ listen 80;\n{location}}}\n}}\n");
        let tree = Tree::new(&[("nginx.conf", &main)]);
        let run = tree.run(&["--select=upgrade-headers-not-inherited", "--format=json", "nginx.conf"]);
        let output: Value = serde_json::from_str(&run.stdout).unwrap();
        output["findings"][0].clone()
    };
    let few = lost(budgets::REPEATED - 2);
    assert!(few["unsafe_fix"].to_string().contains("X-97"), "{few}");
    assert!(few["message"].as_str().unwrap().ends_with("`X-97`, `Upgrade`, `Connection`"), "{few}");
    let many = lost(10 * budgets::REPEATED);
    // The handshake comes back all the same.
    let safe = many["fix"].to_string();
    assert!(safe.contains("Upgrade $http_upgrade") && !safe.contains("X-0"), "{safe}");
    assert!(many["unsafe_fix"].is_null(), "{many}");
    let message = many["message"].as_str().unwrap();
    assert!(message.contains("`Upgrade`, `Connection`, `X-0`") && message.ends_with("`X-97`, and others"));
    assert!(many.to_string().len() < 60_000);
}
