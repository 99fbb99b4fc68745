//! Fixing random trees: what holds whatever they hold.

use std::path::{Path, PathBuf};

use lint_engine::{Fixed, Settings, Which, fixed, lint};
use lint_finding::{Finding, Outcome, Severity};
use nginx_semantics::{Files, MemoryFiles, Scope};
use proptest::prelude::*;

/// Lines of a location, right ones and wrong ones; each stands alone.
const LINES: [&str; 16] = [
    "proxy_http_version 1.1;",
    "proxy_http_version 1.0;",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Upgrade websocket;",
    "proxy_set_header Upgrade $http_connection;",
    "proxy_set_header Connection $connection_upgrade;",
    "proxy_set_header Connection upgrade;",
    "proxy_set_header Connection close;",
    "proxy_set_header Connection '';",
    "proxy_set_header Host $host;",
    "proxy_read_timeout 1h;",
    "proxy_read_timeout 30s;",
    "include snippets/ws.conf;",
    "include snippets/other.conf;",
    "if ($http_upgrade = WebSocket) { return 403; }",
    "# é is not ASCII",
];

const PASSES: [&str; 4] = [
    "proxy_pass http://backend;",
    "proxy_pass ws://127.0.0.1:9000;",
    "proxy_pass wss://127.0.0.1:9000/x;",
    "root /srv;",
];

const PATHS: [&str; 5] = ["/ws/", "/socket.io/", "= /live", "/", "~ ^/chat/[0-9]+$"];

/// Lines by their number, as a block of an indentation.
fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(&LINES[..]), 0..7)
}

prop_compose! {
    fn location()(path in prop::sample::select(&PATHS[..]), pass in prop::sample::select(&PASSES[..]), lines in lines(), at in 0..7_usize) -> String {
        let mut lines: Vec<&str> = lines;
        lines.insert(at.min(lines.len()), pass);
        format!("    location {path} {{\n        {}\n    }}\n", lines.join("\n        "))
    }
}

prop_compose! {
    fn server()(lines in lines(), locations in prop::collection::vec(location(), 1..4), name in 0..9) -> String {
        let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
        format!("server {{\n    listen 80;\n    server_name s{name}.example;\n{lines}{}}}\n", locations.concat())
    }
}

#[derive(Debug, Clone)]
struct Tree {
    files: Vec<(&'static str, String)>,
}

prop_compose! {
    fn tree()(
        servers in prop::collection::vec(server(), 1..4),
        other in server(),
        (websocket, others) in (lines(), lines()),
        has_map in any::<bool>(),
        is_crlf in any::<bool>(),
        has_mark in any::<bool>(),
        has_end in any::<bool>(),
    ) -> Tree {
        let map = if has_map { "map $http_upgrade $connection_upgrade { default upgrade; '' close; }\n" } else { "" };
        let main = format!("events {{}}\nhttp {{\n{map}upstream backend {{ server 127.0.0.1:9000; }}\ninclude sites/*.conf;\n{}}}\n", servers.concat());
        let is_plain = |line: &&&str| !line.starts_with("include");
        let snippet = |lines: &Vec<&str>| lines.iter().filter(is_plain).map(|line| format!("{line}\n")).collect::<String>();
        let files = [("nginx.conf", main), ("sites/a.conf", other), ("snippets/ws.conf", snippet(&websocket)), ("snippets/other.conf", snippet(&others))];
        let odd = |text: String| {
            let text = if has_end { text } else { text.trim_end().to_owned() };
            let text = if is_crlf { text.replace('\n', "\r\n") } else { text };
            if has_mark && !text.is_empty() { format!("\u{feff}{text}") } else { text }
        };
        // A mark at the start of a file is an error of its own, so only a snippet has it.
        let odd = |(name, text): (&'static str, String)| if name == "nginx.conf" { (name, text) } else { (name, odd(text)) };
        Tree { files: files.into_iter().map(odd).collect() }
    }
}

fn scope() -> Scope {
    Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() }
}

fn arguments() -> Vec<PathBuf> {
    vec!["/t/nginx.conf".into()]
}

fn fix(files: &dyn Files, which: Which) -> Fixed {
    fixed(files, &arguments(), &scope(), &Settings::default(), which, &|_, _| Ok(()))
}

/// How much there is of each severity, the worst first.
fn counts(outcome: &Outcome) -> Vec<usize> {
    let count = |severity| outcome.findings.iter().filter(|finding| finding.severity == severity).count();
    [Severity::Error, Severity::Warning, Severity::Info].map(count).to_vec()
}

/// What is said, with files by their names: an include that is added changes in which order they are met.
fn shown(outcome: &Outcome, said: &impl std::fmt::Debug) -> String {
    let names = outcome.files.iter().enumerate();
    names.fold(format!("{said:?}"), |text, (number, file)| {
        text.replace(&format!("FileId({number})"), &format!("{:?}", file.source.path()))
    })
}

/// The findings, with the edits of each fix by the names of the files.
fn by_name(outcome: &Outcome) -> Vec<Finding> {
    let mut findings = outcome.findings.clone();
    for finding in &mut findings {
        for fix in [&mut finding.fix, &mut finding.unsafe_fix].into_iter().flatten() {
            fix.edits.sort_by_key(|edit| {
                let place = edit.place;
                (outcome.file(place.file).map(|file| file.source.path().to_owned()), place.span)
            });
        }
    }
    findings
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn fixing_keeps_its_promises(tree in tree()) {
        let mut files = MemoryFiles::new();
        for (name, text) in &tree.files {
            files.insert(Path::new("/t").join(name), text.as_str());
        }
        let before = lint(&files, &arguments(), &scope(), &Settings::default());
        for which in [Which::Safe, Which::All] {
            let mut files = files.clone();
            let fixed = fix(&files, which);
            let report = fixed.outcome.fixes.clone().unwrap();
            prop_assert_eq!(fixed.texts.is_empty(), report.applied.is_empty());
            for changed in &fixed.texts {
                let (old, new) = (changed.old.bytes(), changed.new.bytes());
                prop_assert_eq!(old.starts_with(b"\xef\xbb\xbf"), new.starts_with(b"\xef\xbb\xbf"));
                // Of a file whose only line goes nothing is left.
                let is_left = !new.strip_prefix(b"\xef\xbb\xbf").unwrap_or(new).is_empty();
                prop_assert!(!is_left || old.ends_with(b"\n") == new.ends_with(b"\n"));
                // No line ending of another kind than the file has.
                if old.windows(2).any(|pair| pair == b"\r\n") {
                    let bare = new.iter().zip(new.iter().skip(1)).filter(|(before, byte)| **byte == b'\n' && **before != b'\r');
                    prop_assert_eq!(bare.count(), 0);
                } else {
                    prop_assert!(!new.contains(&b'\r'));
                }
                files.insert(changed.path.clone(), new);
            }
            // It gets better, and what is said of the fixed files is what a run says of them.
            if !fixed.texts.is_empty() {
                prop_assert!(counts(&fixed.outcome) < counts(&before), "{:?} {:?}", counts(&fixed.outcome), counts(&before));
            }
            let after = lint(&files, &arguments(), &scope(), &Settings::default());
            let outcome = &fixed.outcome;
            prop_assert_eq!(shown(outcome, &by_name(outcome)), shown(&after, &by_name(&after)));
            prop_assert_eq!(shown(outcome, &outcome.endpoints), shown(&after, &after.endpoints));
            // Twice is once.
            let again = fix(&files, which);
            prop_assert!(again.texts.is_empty(), "{:?}", again.outcome.fixes);
            prop_assert_eq!(&again.outcome.findings, &after.findings);
        }
    }
}
