//! A whole run, reading to findings, over a generated tree in memory; and two edits of one file of it.
//!
//! `cargo bench -p lint-engine`

use std::fmt::Write;
use std::path::PathBuf;

use divan::{Bencher, counter::BytesCount};
use lint_engine::{Session, Settings};
use lint_finding::Outcome;
use nginx_semantics::{MemoryFiles, Scope};

const ROOT: &str = "/etc/nginx";

const MAIN: &str = "\
worker_processes auto;
events {
    worker_connections 1024;
}
http {
    server_tokens off;
    map $http_upgrade $connection_upgrade {
        default upgrade;
        ''      close;
    }
    include conf.d/*.conf;
}
";

const SNIPPETS: [(&str, &str); 3] = [
    (
        "snippets/websocket.conf",
        "\
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
proxy_set_header Host $host;
proxy_read_timeout 1h;
",
    ),
    (
        "snippets/proxy.conf",
        "\
proxy_http_version 1.1;
proxy_set_header Connection '';
proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
",
    ),
    (
        "snippets/tls.conf",
        "\
ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_timeout 1d;
ssl_session_cache shared:TLS:10m;
",
    ),
];

const UPSTREAMS: usize = 2;
const LOCATIONS: usize = 12;

/// A tree of `sites` sites, and how many bytes it has.
fn tree(sites: usize) -> (MemoryFiles, usize) {
    let mut files = MemoryFiles::new();
    let mut bytes = 0;
    let mut insert = |name: &str, text: String| {
        bytes += text.len();
        files.insert(format!("{ROOT}/{name}"), text);
    };
    insert("nginx.conf", MAIN.to_owned());
    for (name, text) in SNIPPETS {
        insert(name, text.to_owned());
    }
    for index in 0..sites {
        insert(&format!("conf.d/site-{index:05}.conf"), site(index));
    }
    (files, bytes)
}

/// Two upstreams, a map and a server. Every tenth site has an endpoint without `Connection`.
fn site(index: usize) -> String {
    let mut text = String::new();
    for upstream in 0..UPSTREAMS {
        let port = 8000 + upstream;
        put(
            &mut text,
            format_args!(
                "upstream up_{index}_{upstream} {{
    zone up_{index}_{upstream} 64k;
    server 127.0.0.1:{port};
    server 127.0.0.2:{port} max_fails=3 fail_timeout=30s;
    keepalive 16;
}}
"
            ),
        );
    }
    put(
        &mut text,
        format_args!(
            "map $uri $kind_{index} {{
    default 0;
    \"~^/a/[a-z]{{2,4}}$\" 1;
    /b \"two words\";
}}
server {{
    listen 8080;
    server_name s{index}.example.com www.s{index}.example.com;
    include snippets/tls.conf;
    # a comment with {{ braces }} and ; semicolons
    location / {{
        return 200 \"site {index}\";
    }}
"
        ),
    );
    for number in 0..LOCATIONS {
        location(&mut text, index, number);
    }
    text.push_str("}\n");
    text
}

/// Every third location carries WebSockets, half of these by the shared snippet.
fn location(text: &mut String, site: usize, number: usize) {
    let upstream = format!("http://up_{site}_{}", number % UPSTREAMS);
    match (number % 3, (number / 3) % 2) {
        (0, 0) => put(
            text,
            format_args!(
                "    location /ws{number}/ {{
        include snippets/websocket.conf;
        proxy_pass {upstream};
    }}
"
            ),
        ),
        (0, _) => {
            let is_defective = site % 10 == 0 && number == 3;
            let connection =
                if is_defective { "" } else { "proxy_set_header Connection $connection_upgrade;" };
            put(
                text,
                format_args!(
                    "    location /ws{number}/ {{
        proxy_pass {upstream};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        {connection}
        proxy_set_header Host $host;
        proxy_read_timeout 3600s;
    }}
"
                ),
            );
        }
        (1, _) => put(
            text,
            format_args!(
                "    location ~ \"^/api{number}/(?<id>[0-9]{{1,9}})$\" {{
        include snippets/proxy.conf;
        proxy_pass {upstream}/v1/$id?$args;
        proxy_read_timeout 30s;
    }}
"
            ),
        ),
        _ => put(
            text,
            format_args!(
                "    location = /static{number} {{
        root /srv/www;
        expires 30d;
        add_header Cache-Control \"public, max-age=2592000\";
    }}
"
            ),
        ),
    }
}

fn put(text: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = text.write_fmt(part);
}

fn run(files: &MemoryFiles) -> Outcome {
    let folder = PathBuf::from(ROOT);
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    lint_engine::lint(files, &[folder], &scope, &Settings::default())
}

#[divan::bench(args = [100, 1_000], sample_count = 10)]
fn whole_run(bencher: Bencher<'_, '_>, sites: usize) {
    let (files, bytes) = tree(sites);
    let summary = run(&files).summary;
    // Nothing would be measured if nothing was read or found.
    assert_eq!(summary.files, sites + 1 + SNIPPETS.len());
    assert_eq!((summary.errors, summary.warnings), (sites / 10, 0));
    bencher.counter(BytesCount::new(bytes)).bench(|| run(divan::black_box(&files)));
}

/// The line that a site lacks is written, and taken away again, in a tree that was judged before.
#[divan::bench(args = [100, 1_000], sample_count = 10)]
fn edited_file(bencher: Bencher<'_, '_>, sites: usize) {
    let (files, _) = tree(sites);
    let folder = PathBuf::from(ROOT);
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings::default();
    let mut session = Session::new(&files, std::slice::from_ref(&folder), &scope, &settings);
    let path = folder.join("conf.d/site-00010.conf");
    let lacking = site(10);
    let head = "location /ws3/ {\n";
    let line = "        proxy_set_header Connection $connection_upgrade;\n";
    let whole = lacking.replace(head, &[head, line].concat());
    let mut edit = |text: &str| session.edit(&path, text.into()).map(|outcome| outcome.summary.errors);
    assert_eq!(edit(&whole), Ok(sites / 10 - 1));
    assert_eq!(edit(&lacking), Ok(sites / 10));
    bencher.bench_local(|| (edit(&whole), edit(&lacking)));
}

fn main() {
    divan::main();
}
