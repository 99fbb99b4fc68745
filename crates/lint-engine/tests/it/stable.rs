//! Runs repeat themselves, findings are said once, and their names outlive edits elsewhere.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lint_engine::{Settings, lint};
use nginx_semantics::{MemoryFiles, Scope};
use proptest::prelude::*;

use crate::snippet::{Snippet, root};

/// Many defects in several servers and files.
fn broken() -> Snippet {
    let main = "events {}
http {
    map $http_upgrade $wrong { default close; }
    include sites/*.conf;
    include missing.conf;
}
";
    let site = |name: &str| {
        format!(
            "server {{
    server_name {name};
    location /ws/ {{ proxy_pass http://127.0.0.1:9000; }}
    location /socket.io/ {{ proxy_pass http://127.0.0.1:9001; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $wrong; }}
    location /cable {{ proxy_pass ws://127.0.0.1:9002; proxy_set_header Upgrade $http_upgrade; }}
}}
"
        )
    };
    Snippet::bare(main)
        .file("sites/b.conf", &site("b.example"))
        .file("sites/a.conf", &site("a.example"))
        .file("sites/c.conf", "server { location / { proxy_pass http://x } }\n")
}

#[test]
fn two_runs_say_the_same() {
    let (first, second) = (broken().run(), broken().run());
    assert!(first.findings.len() > 5);
    assert_eq!(first.findings, second.findings);
    assert_eq!(format!("{:?}", first.endpoints), format!("{:?}", second.endpoints));
    assert_eq!(first.notices, second.notices);
}

#[test]
fn findings_are_sorted_by_file_and_offset() {
    let outcome = broken().run();
    let at = |finding: &lint_finding::Finding| {
        let file = outcome.file(finding.primary.place.file).expect("a file");
        (file.source.path().to_owned(), finding.primary.place.span, finding.rule.name)
    };
    assert!(outcome.findings.iter().map(at).is_sorted());
}

#[test]
fn a_line_that_three_locations_include_is_blamed_once() {
    let location =
        |name: &str| format!("location {name} {{ proxy_pass http://127.0.0.1:9000; include ws.conf; }}\n");
    let server = ["/ws/", "/chat", "/live"].map(location).concat();
    let snippet = "proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection close;
proxy_read_timeout 3600s;
";
    let findings = Snippet::bare(root("", &server)).file("ws.conf", snippet).run().findings;
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.rule.name, "wrong-connection-header");
    let help = finding.help.as_deref().unwrap_or_default();
    assert!(help.contains("in effect in 3 places") && help.contains("location /ws/"), "{help}");
}

#[test]
fn what_is_about_the_main_file_is_said_once() {
    let server = |name: &str, comment: &str| {
        format!(
            "server {{ server_name {name};{comment}
access_log off;
location /ws/ {{ proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
             proxy_set_header Connection $connection_upgrade; proxy_read_timeout 1h; }} }}\n"
        )
    };
    let main = "worker_shutdown_timeout 1h;\nerror_log e.log info;\nevents { worker_connections 4096; }
http { map $http_upgrade $connection_upgrade { default upgrade; '' close; } include sites/*.conf; }\n";
    let silence = "\n# nginx-ws-lint: ignore[access-log-off] nobody reads it";
    let tree = |first: &str| {
        let mut tree = Snippet::bare(main);
        for (file, comment) in [("a", first), ("b", ""), ("c", "")] {
            tree = tree.file(&format!("sites/{file}.conf"), &server(file, comment));
        }
        tree.run()
    };
    let said = |outcome: &lint_finding::Outcome| -> Vec<(String, usize)> {
        let about = outcome.findings.iter().filter(|finding| finding.rule.name == "access-log-off");
        let path = |finding: &lint_finding::Finding| {
            outcome.file(finding.primary.place.file).expect("a file").source.path().to_owned()
        };
        let here_too = |finding: &lint_finding::Finding| {
            finding.labels.iter().filter(|label| label.message == "here too").count()
        };
        about.map(|finding| (path(finding), here_too(finding))).collect()
    };
    let outcome = tree("");
    assert_eq!(said(&outcome), [("sites/a.conf".to_owned(), 2)]);
    let finding = outcome.findings.iter().find(|finding| finding.rule.name == "access-log-off").expect("it");
    let help = finding.help.as_deref().unwrap_or_default();
    assert!(help.contains("the same holds at 2 more places of this configuration"), "{help}");
    // Its edits are those of all three, and a log format that is added once.
    let edits = finding.fix.as_ref().map_or(0, |fix| fix.edits.len());
    assert_eq!(edits, 4);
    // A comment silences its own line alone.
    let outcome = tree(silence);
    assert_eq!((said(&outcome), outcome.summary.suppressed), (vec![("sites/b.conf".to_owned(), 1)], 1));
}

#[test]
fn fingerprints_do_not_count_lines() {
    let names = |snippet: &Snippet| -> Vec<String> {
        snippet.run().findings.into_iter().map(|finding| finding.fingerprint.to_string()).collect()
    };
    let mut moved = broken();
    for (_, text) in &mut moved.files {
        text.insert_str(0, "# one more line\n\n");
    }
    assert_eq!(names(&broken()), names(&moved));
}

#[test]
fn fingerprints_are_unique_within_a_run() {
    let mut snippet = broken();
    // The same words twice in one file.
    let (_, text) = &mut snippet.files[1];
    *text = format!("{text}{text}");
    let outcome = snippet.run();
    let names: BTreeSet<_> = outcome.findings.iter().map(|finding| finding.fingerprint).collect();
    assert_eq!(names.len(), outcome.findings.len());
}

/// A file that is read from outside the given paths, because the user allows it, is named and never quoted.
#[test]
fn words_of_a_file_outside_are_not_quoted() {
    let mut files = MemoryFiles::new();
    let main = "events {} http { include /secrets/x.conf; server { listen 80; location /ws/ { proxy_pass http://a; } } }";
    files.insert("/t/nginx.conf", main);
    files.insert("/secrets/x.conf", "proxy_set_header Authorization \"Basic SECRET\";\n");
    let scope = Scope {
        given: vec![PathBuf::from("/t")],
        working_folder: PathBuf::from("/t"),
        host_includes: true,
        ..Scope::default()
    };
    let outcome = lint(&files, &[PathBuf::from("/t/nginx.conf")], &scope, &Settings::default());
    let [row] = outcome.endpoints.as_slice() else { panic!("{:#?}", outcome.endpoints) };
    assert_eq!(row.other_headers.len(), 1);
    let said = format!("{:?} {:?} {:?}", outcome.findings, outcome.endpoints, outcome.notices);
    assert!(!said.contains("SECRET"), "{said}");
}

/// What the second fingerprints of a tree's findings are, sorted.
fn names(files: &[(String, String)], root: &str) -> Vec<String> {
    let mut memory = MemoryFiles::new();
    files.iter().for_each(|(path, text)| memory.insert(PathBuf::from(path), text.as_bytes()));
    let folder = PathBuf::from(root);
    let scope = Scope { given: vec![folder.clone()], working_folder: "/".into(), ..Scope::default() };
    let outcome = lint(&memory, &[folder], &scope, &Settings::default());
    let mut names: Vec<String> =
        outcome.findings.iter().map(|finding| finding.fingerprint_v2.to_string()).collect();
    names.sort();
    names
}

/// How a tree is written.
#[derive(Debug, Clone)]
struct Manner {
    root: &'static str,
    /// The order of the includes.
    order: Vec<usize>,
    /// Lines above each site, and blanks before each word.
    lines: usize,
    blanks: usize,
    /// Whether words are in quotes.
    is_quoted: bool,
    extension: &'static str,
}

fn manner(sites: usize) -> impl Strategy<Value = Manner> {
    let order = Just((0..sites).collect::<Vec<usize>>()).prop_shuffle();
    let root = prop::sample::select(vec!["/a", "/b/c", "/z"]);
    (root, order, 0..4_usize, 1..4_usize, any::<bool>(), prop::sample::select(vec!["conf", "inc"])).prop_map(
        |(root, order, lines, blanks, is_quoted, extension)| Manner {
            root,
            order,
            lines,
            blanks,
            is_quoted,
            extension,
        },
    )
}

/// Sites that lack other lines each, and share a snippet.
fn written(lacking: &[usize], manner: &Manner) -> Vec<(String, String)> {
    let Manner { root, order, lines, blanks, is_quoted, extension } = manner;
    let (blank, quote) = (" ".repeat(*blanks), if *is_quoted { "\"" } else { "" });
    let includes: String =
        order.iter().map(|number| format!("    include sites/s{number}.{extension};\n")).collect();
    let main = format!(
        "events {{}}\nhttp {{\n    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n{includes}}}\n"
    );
    let mut files = vec![(format!("{root}/nginx.conf"), main)];
    files.push((
        format!("{root}/ws.inc"),
        "proxy_set_header Upgrade $http_upgrade;\nproxy_read_timeout 5s;\n".to_owned(),
    ));
    for (number, lacks) in lacking.iter().enumerate() {
        let all = [
            format!("proxy_http_version{blank}{quote}1.1{quote};"),
            format!("proxy_set_header Upgrade{blank}{quote}$http_upgrade{quote};"),
            format!("proxy_set_header Connection{blank}$connection_upgrade;"),
            "proxy_read_timeout 1h;".to_owned(),
        ];
        let kept = all.iter().enumerate().filter(|(line, _)| line != lacks);
        let kept: String = kept.map(|(_, line)| format!("        {line}\n")).collect();
        let text = format!(
            "{}server {{\n    server_name{blank}s{number}.example www.s{number}.example;\n    listen 80;\n    location{blank}/ws/ {{\n        proxy_pass http://127.0.0.1:9000;\n{kept}    }}\n    \
             location /live/ws {{ proxy_pass http://127.0.0.1:9001; include ws.inc; }}\n}}\n",
            "# a line\n".repeat(*lines)
        );
        files.push((format!("{root}/sites/s{number}.{extension}"), text));
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Inserted lines, other blanks and quotes, a renamed folder, other names of files and another order of includes.
    #[test]
    fn second_fingerprints_outlive_a_move(
        lacking in prop::collection::vec(0..5_usize, 3),
        one in manner(3),
        other in manner(3),
    ) {
        let names_of = |manner: &Manner| names(&written(&lacking, manner), manner.root);
        let all = names_of(&one);
        prop_assert!(!all.is_empty());
        prop_assert_eq!(&all, &names_of(&other));
        // Two findings never have the same.
        prop_assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
    }
}
