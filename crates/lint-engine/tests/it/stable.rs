//! Runs repeat themselves, findings are said once, and their names outlive edits elsewhere.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lint_engine::{Settings, lint};
use nginx_semantics::{MemoryFiles, Scope};

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
