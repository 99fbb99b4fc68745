//! What is kept of an older version is what judging anew says.

use nginx_semantics::MemoryFiles;
use proptest::prelude::*;
use ws_rules::RULES;

use super::*;
use crate::settings::SettingsFiles;

/// Lines of locations: some count there alone, others are seen from elsewhere.
const LINES: [&str; 24] = [
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header Upgrade websocket;",
    "proxy_set_header Connection upgrade;",
    "proxy_set_header Connection $connection_upgrade;",
    "proxy_set_header Connection \"Upgrade\";",
    "proxy_set_header Connection \"\";",
    "proxy_set_header Host $host;",
    "proxy_set_header Host backend;",
    "proxy_set_header X-First $1;",
    "proxy_set_header X-Kept $kept;",
    "proxy_set_header Origin \"\";",
    "proxy_http_version 1.1;",
    "proxy_http_version 1.0;",
    "proxy_read_timeout 1h;",
    "proxy_read_timeout 5s;",
    "proxy_send_timeout 5s;",
    "proxy_buffering off;",
    "include shared.conf;",
    "set $kept $http_upgrade;",
    "rewrite ^/ws(.*)$ /other$1 break;",
    "error_page 502 /ws0;",
    "limit_conn addr 10;",
    "auth_request /ws1;",
    "gzip on;",
];

/// Lines of `http`.
const OUTSIDE: [&str; 6] = [
    "map $http_upgrade $connection_upgrade { default upgrade; '' close; }",
    "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
    "proxy_set_header Upgrade $http_upgrade;",
    "proxy_set_header X-Outer 1;",
    "proxy_read_timeout 2h;",
    "limit_conn_zone $binary_remote_addr zone=addr:10m;",
];

/// Lines of a server.
const OF_SERVER: [&str; 6] = [
    "listen 443 ssl;",
    "server_name a.test;",
    "server_name b.test;",
    "proxy_set_header Connection upgrade;",
    "return 301 https://$host$request_uri;",
    "ssl_certificate a.pem;",
];

/// What a tree is made of: numbers of lines.
#[derive(Debug, Clone)]
struct Site {
    server: Vec<usize>,
    /// With the number of the upstream.
    locations: Vec<(usize, Vec<usize>)>,
}

fn site() -> impl Strategy<Value = Site> {
    let lines = prop::collection::vec(0..LINES.len(), 0..5);
    let locations = prop::collection::vec((0..3_usize, lines), 1..3);
    (prop::collection::vec(0..OF_SERVER.len(), 0..2), locations)
        .prop_map(|(server, locations)| Site { server, locations })
}

fn file_of(number: usize, site: &Site) -> String {
    let mut text =
        format!("upstream up{number} {{ server 127.0.0.1:9{number}; }}\nserver {{\n    listen 80;\n");
    site.server.iter().for_each(|&line| text += &format!("    {}\n", OF_SERVER[line]));
    for (place, (upstream, lines)) in site.locations.iter().enumerate() {
        text += &format!("    location /ws{place} {{\n        proxy_pass http://up{upstream};\n");
        lines.iter().for_each(|&line| text += &format!("        {}\n", LINES[line]));
        text += "    }\n";
    }
    text + "}\n"
}

fn files_of(outside: &[usize], shared: &[usize], sites: &[Site]) -> Vec<(String, String)> {
    let outside: String = outside.iter().map(|&line| format!("    {}\n", OUTSIDE[line])).collect();
    let main = format!("events {{}}\nhttp {{\n{outside}    include site*.conf;\n}}\n");
    // What includes it is not whole without it; its own includes would be a circle.
    let shared = shared.iter().map(|&line| LINES[line]).filter(|line| !line.starts_with("include"));
    let shared: String = shared.map(|line| format!("{line}\n")).collect();
    let mut files = vec![("nginx.conf".to_owned(), main), ("shared.conf".to_owned(), shared)];
    let sites = sites.iter().enumerate();
    files.extend(sites.map(|(number, site)| (format!("site{number}.conf"), file_of(number, site))));
    files
}

fn memory(files: &[(String, String)]) -> MemoryFiles {
    let mut memory = MemoryFiles::new();
    files.iter().for_each(|(name, text)| memory.insert(format!("/t/{name}"), text.as_bytes()));
    memory
}

/// What a version says, judged by itself, or as an edited version of another one; and how many servers were kept.
fn both(old: &[(String, String)], new: &[(String, String)]) -> usize {
    let (old, files) = (memory(old), memory(new));
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let settings = Settings::default();
    let arguments = ["/t".into()];
    let found = [&old, &files].map(|files| SettingsFiles::new(files, &scope, &settings.config));
    let [old, anew] = [(&old, &found[0]), (&files, &found[1])].map(|(files, found)| Given {
        files,
        arguments: &arguments,
        scope: &scope,
        settings: &settings,
        found,
        is_fixing: true,
        rules: RULES,
    });
    let before = State::first(&old);
    let anew = State::first(&anew);
    let mut texts = BTreeMap::new();
    for (id, file) in before.loaded.sources.iter() {
        let other =
            anew.loaded.sources.iter().find(|(_, other)| other.path == file.path).map(|(_, other)| other);
        texts.extend(
            other.filter(|other| other.bytes() != file.bytes()).map(|other| (id, other.bytes().to_vec())),
        );
    }
    let texts = texts.into_iter().map(|(file, bytes)| (file, bytes.into())).collect();
    let after = before.with(&old, &texts).unwrap();
    let said = |state: &State| -> Vec<(usize, Option<ContextId>, Finding)> {
        state.said().map(|(number, said)| (number, said.context, said.finding.clone())).collect()
    };
    assert_eq!(said(&after), said(&anew));
    assert_eq!(after.all.findings, anew.all.findings);
    assert_eq!(after.all.endpoints, anew.all.endpoints);
    let [kept, all] =
        [&before, &after].map(|state| state.parts.iter().flat_map(|part| &part.servers).collect::<Vec<_>>());
    all.iter().filter(|one| kept.iter().any(|other| Arc::ptr_eq(one, other))).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One file is edited, of a site or what all share.
    #[test]
    fn an_edited_version_says_what_judging_anew_says(
        outside in prop::collection::vec(0..OUTSIDE.len(), 0..4),
        shared in prop::collection::vec(0..LINES.len(), 0..4),
        sites in prop::collection::vec(site(), 2..5),
        edited in site(),
        which in 0..5_usize,
        line in (0..3_usize, 0..LINES.len()),
    ) {
        // One has a line of each name that counts for a location alone: an edit that writes another one is nothing new to the
        // others.
        let mut sites = sites;
        sites.push(Site { server: Vec::new(), locations: vec![(0, vec![8, 11, 14, 15, 16])] });
        let old = files_of(&outside, &shared, &sites);
        // Another site in its place.
        let mut other = sites.clone();
        let count = other.len() - 1;
        other[which % count] = edited;
        both(&old, &files_of(&outside, &shared, &other));
        // One line more or less.
        let mut other = sites.clone();
        if let Some((_, lines)) = other[which % count].locations.first_mut() {
            if lines.len() > line.0 { lines.remove(line.0); } else { lines.push(line.1); }
        }
        both(&old, &files_of(&outside, &shared, &other));
        let mut other = shared;
        other.push(line.1);
        both(&old, &files_of(&outside, &other, &sites));
    }
}

/// The lines that one location lacks are written in another one, as in most trees.
#[test]
fn servers_of_other_files_are_kept() {
    let complete = Site { server: Vec::new(), locations: vec![(0, vec![0, 2, 6, 11, 13])] };
    let lacking = Site { server: Vec::new(), locations: vec![(1, vec![0, 2, 6, 13])] };
    let sites = [complete.clone(), lacking, complete.clone(), complete];
    let mut fixed = sites.clone();
    fixed[1].locations[0].1 = vec![0, 2, 6, 11, 13];
    assert_eq!(both(&files_of(&[], &[], &sites), &files_of(&[], &[], &fixed)), 3);
    // A value that is written nowhere else is nothing to other servers.
    fixed[1].locations[0].1 = vec![0, 2, 6, 11, 14];
    assert_eq!(both(&files_of(&[], &[], &sites), &files_of(&[], &[], &fixed)), 3);
}
