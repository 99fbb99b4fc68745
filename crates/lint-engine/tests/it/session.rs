//! A tree that is edited, and judged again.

use std::path::Path;

use lint_engine::{EditError, Session, Settings, lint};
use nginx_semantics::{MemoryFiles, Scope};

const MAIN: &str = "events {}\nhttp {\n    include *.site;\n}\n";

fn site(name: &str, version: &str) -> String {
    format!(
        "server {{
    listen 80;
    server_name {name}.test;
    location /ws/ {{
        proxy_pass http://127.0.0.1:9000;
        {version}
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_set_header Host $host;
    }}
}}
"
    )
}

#[test]
fn an_edited_tree_is_judged_as_if_it_had_been_so() {
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let settings = Settings::default();
    let mut files = MemoryFiles::new();
    files.insert("/t/nginx.conf", MAIN);
    for name in ["a", "b", "c"] {
        files.insert(format!("/t/{name}.site"), site(name, "proxy_http_version 1.1;"));
    }
    let before = files.clone();
    let mut session = Session::new(&before, &["/t".into()], &scope, &settings);
    for (name, text) in [
        ("b.site", site("b", "")),
        ("b.site", site("b", "proxy_http_version 1.1;")),
        // Two servers of one name, a line outside of all servers, and one that nginx does not know.
        ("b.site", site("a", "")),
        ("nginx.conf", MAIN.replace("include", "proxy_read_timeout 1h; include")),
        ("c.site", site("c", "no_such_line 1;")),
    ] {
        let path = format!("/t/{name}");
        files.insert(&path, text.as_str());
        let said = session.edit(Path::new(&path), text.clone().into_bytes()).unwrap();
        let anew = lint(&files, &["/t".into()], &scope, &settings);
        assert!(!anew.endpoints.is_empty(), "{name}");
        assert_eq!(said.findings, anew.findings, "{name}: {text}");
        assert_eq!(said.endpoints, anew.endpoints, "{name}: {text}");
        assert_eq!(said.summary, anew.summary, "{name}: {text}");
    }
    let unread = session.edit(Path::new("/t/d.site"), Vec::new()).map(|_| ());
    assert_eq!(unread, Err(EditError::NotRead));
}

/// What is edited is the file on disk, in whatever form it holds nginx.
#[test]
fn files_of_other_forms_are_edited_as_they_are_on_disk() {
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let settings = Settings::default();
    let branch = |version: &str| site("a", &format!("{{% if x %}}\n{version}\n{{% endif %}}"));
    let key =
        |version: &str| format!("data:\n  b.conf: |\n    {}\n", site("b", version).replace('\n', "\n    "));
    let mut files = MemoryFiles::new();
    files.insert("/t/a.conf.j2", branch("proxy_http_version 1.1;"));
    files.insert("/t/b.yaml", key("proxy_http_version 1.1;"));
    let before = files.clone();
    let mut session = Session::new(&before, &["/t".into()], &scope, &settings);
    for (name, text) in [
        ("a.conf.j2", branch("proxy_http_version 1.0;")),
        ("b.yaml", key("proxy_read_timeout 5s;")),
        ("a.conf.j2", branch("proxy_http_version 1.1;\nproxy_read_timeout 1h;")),
    ] {
        let path = format!("/t/{name}");
        files.insert(&path, text.as_str());
        let said = session.edit(Path::new(&path), text.clone().into_bytes()).unwrap();
        let anew = lint(&files, &["/t".into()], &scope, &settings);
        assert!(anew.findings.iter().any(|finding| finding.rule.name == "http10-upstream"), "{name}");
        assert_eq!(said.findings, anew.findings, "{name}: {text}");
        assert_eq!(said.endpoints, anew.endpoints, "{name}: {text}");
    }
    let more = format!(
        "{}{{% if y %}}\n{{% endif %}}\n{{% if z %}}# z\n{{% endif %}}\n",
        branch("proxy_http_version 1.1;")
    );
    let edited = session.edit(Path::new("/t/a.conf.j2"), more.into_bytes()).map(|_| ());
    assert_eq!(edited, Err(EditError::OtherTexts));
}
