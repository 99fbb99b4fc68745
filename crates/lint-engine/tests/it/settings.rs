//! Settings files and comments that suppress.

use std::path::{Path, PathBuf};

use lint_engine::{Config, FILE_NAME, FileSettings, KEYS, Settings, SettingsFile, lint};
use lint_finding::{Outcome, Severity};
use nginx_semantics::{MemoryFiles, Scope};
use ws_model::applications::Sure;
use ws_model::layers::{self, IdlePreset, Passes};

use crate::snippet::ready;

pub(crate) const ENDPOINT: &str = "proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

/// Lints `/repo` with these files.
pub(crate) fn run(files: &[(&str, &str)], arguments: &[&str], config: Config) -> Outcome {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(PathBuf::from("/repo").join(path), ready(&text.replace("ENDPOINT", ENDPOINT)));
    }
    let scope = Scope { given: vec!["/repo".into()], working_folder: "/repo".into(), ..Scope::default() };
    let arguments: Vec<PathBuf> = arguments.iter().map(|path| PathBuf::from("/repo").join(path)).collect();
    lint(&memory, &arguments, &scope, &Settings { config, ..Settings::default() })
}

pub(crate) fn rules(outcome: &Outcome) -> Vec<String> {
    let shown = |finding: &lint_finding::Finding| {
        let file = &outcome.files.get(finding.primary.place.file.0 as usize).expect("a file").source;
        format!(
            "{}:{} {} {}",
            file.path(),
            file.line(finding.primary.place.span.start),
            finding.severity,
            finding.rule.name
        )
    };
    outcome.findings.iter().map(shown).collect()
}

fn notices(outcome: &Outcome) -> Vec<String> {
    outcome.notices.iter().map(|notice| format!("{}: {}", notice.code.name(), notice.message)).collect()
}

/// The settings file that the command line names.
fn named(path: &str) -> Config {
    Config::File { path: path.into(), base: None }
}

/// A main file whose endpoint is closed after 60 seconds.
pub(crate) const MAIN: &str =
    "events {}\nhttp {\n    server {\n        location /ws/ {\n            ENDPOINT\n        }\n    }\n}\n";
pub(crate) const SHORT: &str = "short-read-timeout";

#[test]
fn the_nearest_file_counts_for_each_root() {
    let files = [
        ("a/nginx.conf", MAIN),
        ("b/nginx.conf", MAIN),
        ("c/d/nginx.conf", MAIN),
        (".nginx-ws-lint.toml", "heartbeat = 20"),
        (".git/config", ""),
        ("b/.nginx-ws-lint.toml", "[rules]\nshort-read-timeout = \"info\"\n"),
        ("c/.git/config", ""),
        ("unrelated/.nginx-ws-lint.toml", "nonsense"),
    ];
    let outcome = run(&files, &[""], Config::Found);
    assert_eq!(
        rules(&outcome),
        [format!("b/nginx.conf:5 info {SHORT}"), format!("c/d/nginx.conf:5 warning {SHORT}")]
    );
    assert_eq!(notices(&outcome), [""; 0]);
    assert_eq!(run(&files, &[""], Config::Isolated).findings.len(), 3);
    let named = run(&files, &[""], named("b/.nginx-ws-lint.toml"));
    assert!(
        named.findings.iter().all(|finding| finding.severity == Severity::Info) && named.findings.len() == 3
    );
}

#[test]
fn what_is_wrong_in_it_is_shown_there_and_counts_as_not_done() {
    let files = [("nginx.conf", MAIN), (".nginx-ws-lint.toml", "hartbeat = 20\n")];
    let outcome = run(&files, &[""], Config::Found);
    assert_eq!(notices(&outcome), ["settings: there is no setting `hartbeat`; did you mean `heartbeat`?"]);
    let notice = outcome.notices.first().expect("a notice");
    let file = outcome.files.get(notice.place.expect("a place").file.0 as usize).expect("a file");
    assert_eq!((file.source.path(), notice.incomplete), (".nginx-ws-lint.toml", true));
    let missing = run(&files, &[""], named("none.toml"));
    assert_eq!(notices(&missing), ["settings: these settings cannot be read: no such file"]);
    assert!(missing.notices.iter().all(|notice| notice.incomplete));
}

#[test]
fn a_link_is_no_settings_file() {
    let mut memory = MemoryFiles::new();
    memory.insert("/repo/nginx.conf", MAIN.replace("ENDPOINT", ENDPOINT));
    memory.insert("/secret", "token = 1");
    memory.link("/repo/.nginx-ws-lint.toml", "/secret");
    let scope = Scope { given: vec!["/repo".into()], working_folder: "/repo".into(), ..Scope::default() };
    let outcome = lint(&memory, &["/repo".into()], &scope, &Settings::default());
    assert_eq!(
        notices(&outcome),
        ["settings: these settings cannot be read: it lies outside the given paths"]
    );
}

/// The files of a repository with a secret beside it, and links to that in it.
fn hostile(settings: &str, main: &str) -> MemoryFiles {
    let mut memory = MemoryFiles::new();
    memory.insert("/repo/.git/config", "token");
    memory.insert("/repo/deploy/nginx.conf", ready(main));
    memory.insert("/repo/.nginx-ws-lint.toml", settings);
    for secret in ["/secret/x.conf", "/repo/.git/x.conf"] {
        memory.insert(secret, "map $a $leak { default 1; }\n");
    }
    memory.insert("/repo/shared/x.conf", "map $a $fine { default 1; }\n");
    memory.link("/repo/link", "/secret");
    memory.link("/repo/detour", "link");
    memory.link("/repo/around", "shared");
    memory
}

fn lint_deploy(memory: &MemoryFiles, config: Config) -> Outcome {
    let scope =
        Scope { given: vec!["/repo/deploy".into()], working_folder: "/repo".into(), ..Scope::default() };
    lint(memory, &["/repo/deploy".into()], &scope, &Settings { config, ..Settings::default() })
}

/// What the notices about settings mark.
fn marked(outcome: &Outcome) -> Vec<String> {
    let about = outcome.notices.iter().filter(|notice| notice.code.name() == "settings");
    let place = |place: Option<lint_finding::Place>| {
        let place = place.expect("a place");
        let file = outcome.file(place.file).expect("a file");
        String::from_utf8_lossy(place.span.of(file.source.bytes())).into_owned()
    };
    about.map(|notice| place(notice.place)).collect()
}

#[test]
fn a_path_that_leads_out_is_not_followed() {
    let main = "events {}\nhttp {\n    include /m/x.conf;\n}\n";
    for (path, is_inside) in [
        ("/", false),
        ("/secret", false),
        ("../secret", false),
        ("deploy/../../secret", false),
        ("link", false),
        ("./link/", false),
        ("detour", false),
        ("around/../link", false),
        (".git", false),
        ("shared", true),
        ("around", true),
        ("/repo/shared", true),
        ("deploy/.././shared", true),
        ("gone", true),
    ] {
        for (key, value) in [
            ("path-map", format!("{{ \"/m\" = \"{path}\" }}")),
            ("prefix", format!("\"{path}\"")),
            ("roots", format!("[\"{path}/x.conf\"]")),
        ] {
            // A prefix stands for /etc/nginx.
            let main = if key == "prefix" { main.replace("/m/", "/etc/nginx/") } else { main.to_owned() };
            let memory = hostile(&format!("{key} = {value}\n"), &main);
            let outcome = lint_deploy(&memory, Config::Found);
            let read = |name: &str| {
                let bytes = outcome.files.iter().map(|file| file.source.bytes());
                bytes.into_iter().any(|bytes| String::from_utf8_lossy(bytes).contains(name))
            };
            assert!(!read("$leak") && !read("token"), "{key} {path}");
            // Such a path would be followed; that it leads to nothing is said too.
            let is_missing = key == "roots" && path == "gone";
            let said: Vec<String> = if is_inside && !is_missing {
                vec![]
            } else if key == "roots" {
                vec![format!("\"{path}/x.conf\"")]
            } else {
                vec![format!("\"{path}\"")]
            };
            assert_eq!(marked(&outcome), said, "{key} {path}");
            assert_eq!(outcome.is_incomplete(), !is_inside || is_missing, "{key} {path}");
            let denied: Vec<&String> =
                outcome.settings.iter().flat_map(|settings| &settings.paths_denied).collect();
            assert_eq!(denied.len(), said.len() - usize::from(is_missing), "{key} {path}");
            let is_there = is_inside && key != "roots" && path != "gone";
            assert_eq!(read("$fine"), is_there, "{key} {path}");
        }
    }
}

/// Who names the file on the command line may lead it anywhere, but a link of the tree leads nowhere.
#[test]
fn a_file_of_the_command_line_is_trusted_and_the_links_of_the_tree_are_not() {
    let main = "events {}\nhttp {\n    include /m/x.conf;\n}\n";
    for (path, base, leaks) in [
        ("/secret", None, true),
        ("../secret", None, true),
        ("/secret", Some("/repo"), true),
        ("../repo/../secret", Some("/repo"), true),
        ("link", Some("/repo"), false),
        ("detour", Some("deploy/.."), false),
        ("link", None, false),
        ("../link", Some("/repo/deploy"), false),
        ("/repo/detour", Some("/base"), false),
        ("/away", Some("/repo"), true),
        (".", Some("/repo/detour"), false),
        (".", Some("/away"), true),
        ("../secret", Some("/repo/deploy"), false),
        ("../secret", Some("/repo"), true),
    ] {
        let mut memory = hostile("", main);
        memory.insert("/base/trusted.toml", format!("path-map = {{ \"/m\" = \"{path}\" }}\n"));
        if base.is_none() {
            memory.link("/base/link", "/secret");
        }
        memory.link("/away", "/secret");
        let base = base.map(PathBuf::from);
        let outcome = lint_deploy(&memory, Config::File { path: "/base/trusted.toml".into(), base });
        let is_leak = |file: &lint_finding::File| file.source.bytes().starts_with(b"map $a $leak");
        assert_eq!(outcome.files.iter().any(is_leak), leaks, "{path}");
    }
}

#[test]
fn outside_a_repository_only_a_given_folder_has_settings() {
    let outside =
        |file: &str| [("a/b/nginx.conf", MAIN), (file, "heartbeat = 20")].map(|(a, b)| (a.to_owned(), b));
    for (file, counts) in
        [("a/.nginx-ws-lint.toml", true), ("a/b/.nginx-ws-lint.toml", false), (".nginx-ws-lint.toml", false)]
    {
        let mut memory = MemoryFiles::new();
        for (path, text) in outside(file) {
            memory.insert(PathBuf::from("/top").join(path), text.replace("ENDPOINT", ENDPOINT));
        }
        let scope = Scope { given: vec!["/top/a".into()], working_folder: "/top".into(), ..Scope::default() };
        let lint = |memory: &MemoryFiles| lint(memory, &["/top/a".into()], &scope, &Settings::default());
        let outcome = lint(&memory);
        assert_eq!(outcome.settings.len(), usize::from(counts), "{file}");
        let is_told = notices(&outcome).iter().any(|notice| notice.contains("these settings are not used"));
        assert_eq!((is_told, outcome.is_incomplete()), (!counts, false), "{file}");
        // A repository has them anywhere up to its top.
        memory.insert("/top/.git/config", "");
        assert_eq!(lint(&memory).settings.len(), 1, "{file}");
    }
}

#[test]
fn settings_of_somebody_else_are_refused() {
    // The owners of the settings and of the given folder, and whether they count.
    for (file, folder, counts) in [(0, 0, true), (0, 7, true), (7, 7, true), (7, 0, false), (7, 8, false)] {
        for top in ["/repo/deploy", "/repo"] {
            let mut memory = hostile("", "events {}\n");
            memory.insert(PathBuf::from(top).join(FILE_NAME), "heartbeat = 20\n");
            for (path, user) in [(PathBuf::from(top).join(FILE_NAME), file), ("/repo/deploy".into(), folder)]
            {
                if user > 0 {
                    memory.give(path, user);
                }
            }
            let outcome = lint_deploy(&memory, Config::Found);
            assert_eq!(outcome.settings.len(), usize::from(counts), "{file} {folder} {top}");
            assert_eq!(outcome.is_incomplete(), !counts, "{file} {folder} {top}");
            let config = Config::File { path: PathBuf::from(top).join(FILE_NAME), base: None };
            assert!(!lint_deploy(&memory, config).is_incomplete());
        }
    }
}

/// Whatever a setting does to hide a finding, it is counted.
#[test]
fn what_settings_hide_is_counted() {
    for (settings, hidden, lowered) in [
        ("", 0, 0),
        ("websocket-paths = [\"/ws/\"]", 0, 0),
        ("prefix = \"etc\"", 0, 0),
        ("heartbeat = 20", 1, 0),
        ("min-read-timeout = 1", 1, 0),
        ("not-websocket = [\"/ws/\"]", 1, 0),
        ("[rules]\nshort-read-timeout = \"off\"", 1, 0),
        ("[rules]\nlifetime = \"off\"", 1, 0),
        ("[rules]\nshort-read-timeout = \"info\"", 0, 1),
        ("[rules]\nshort-read-timeout = \"error\"", 0, 0),
        ("[rules]\ncapacity = \"off\"", 0, 0),
    ] {
        let files = [("nginx.conf", MAIN), (".nginx-ws-lint.toml", settings)];
        let outcome = run(&files, &[""], Config::Found);
        let summary = outcome.summary;
        assert_eq!(
            (summary.hidden_by_settings, summary.lowered_by_settings),
            (hidden, lowered),
            "{settings}"
        );
        assert_eq!(outcome.findings.len(), 1 - hidden, "{settings}");
        let [in_effect] = outcome.settings.as_slice() else { panic!("{settings}") };
        assert_eq!(in_effect.file, FILE_NAME);
        assert_eq!(
            in_effect.rules_off.contains(&SHORT),
            settings.contains("off") && hidden > 0,
            "{settings}"
        );
    }
    assert_eq!(run(&[("nginx.conf", MAIN)], &[""], Config::Found).settings, []);
}

#[test]
fn what_nginx_refuses_is_hidden_by_the_name_of_its_rule_alone() {
    let main = "events {}\nhttp {\n    server {\n        proxy_pass http://127.0.0.1:9000;\n    }\n}\n";
    let refused = "nginx.conf:4 error directive-not-allowed-here";
    for (settings, expected) in [
        ("[rules]\nconfiguration = \"off\"\n", vec![refused]),
        ("[rules]\nconfiguration = \"info\"\n", vec![refused]),
        (
            "[[overrides]]\nfiles = [\"**\"]\nrules = { directive-not-allowed-here = \"off\" }\n",
            vec![refused],
        ),
        (
            "[[overrides]]\nfiles = [\"**\"]\nrules = { directive-not-allowed-here = \"info\" }\n",
            vec![refused],
        ),
        ("[rules]\ndirective-not-allowed-here = \"off\"\n", vec![]),
        (
            "[rules]\nconfiguration = \"off\"\ndirective-not-allowed-here = \"warning\"\n",
            vec!["nginx.conf:4 warning directive-not-allowed-here"],
        ),
    ] {
        let files = [(FILE_NAME, settings), ("nginx.conf", main)];
        assert_eq!(rules(&run(&files, &[""], Config::Found)), expected, "{settings}");
    }
}

#[test]
fn roots_prefix_and_path_map() {
    let server = "server { include snippets/ws.conf; include /opt/shared/x.conf; }\n";
    let files = [
        ("deploy/app.txt", "events {}\nhttp {\ninclude conf.d/*.conf; }\n"),
        ("etc/conf.d/app.conf", server),
        ("etc/snippets/ws.conf", "location /ws/ { ENDPOINT include /etc/nginx/timeouts.conf; }\n"),
        ("etc/timeouts.conf", "proxy_read_timeout 1h;\n"),
        ("shared/x.conf", "tcp_nodelay on;\n"),
        (
            ".nginx-ws-lint.toml",
            "roots = [\"deploy/app.txt\"]\nprefix = \"etc\"\npath-map = { \"/opt/shared\" = \"shared\" }\nnot-websocket = []\n",
        ),
    ];
    let outcome = run(&files, &[""], Config::Found);
    assert_eq!(rules(&outcome), [""; 0]);
    assert_eq!((outcome.summary.endpoints, notices(&outcome)), (1, vec![]));
    let without = run(&files, &[""], Config::Isolated);
    assert_eq!((outcome.summary.files, without.summary.files), (5, 4));
}

#[test]
fn the_heartbeat_and_the_minimum() {
    for (settings, expected) in [
        ("", 1),
        ("heartbeat = \"25s\"", 0),
        ("heartbeat = 60", 1),
        ("heartbeat = 0", 1),
        ("min-read-timeout = \"1m\"", 0),
        ("min-read-timeout = 61", 1),
    ] {
        let files = [("nginx.conf", MAIN), (".nginx-ws-lint.toml", settings)];
        assert_eq!(run(&files, &[""], Config::Found).findings.len(), expected, "{settings}");
    }
}

/// The page's example sets every key, and nothing is wrong in it.
#[test]
fn the_page_is_true() {
    let page = include_str!("../../../../docs/settings.md");
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let file = SettingsFile::parse(Path::new(FILE_NAME), FILE_NAME, block.into()).expect("small");
    assert_eq!(file.problems, []);
    let FileSettings {
        places,
        excludes,
        overrides,
        versions,
        roots,
        prefix,
        path_maps,
        websocket_paths,
        not_websocket,
        heartbeat_ms,
        min_read_timeout_ms,
        expected_connections,
        layers,
        levels,
    } = file.settings;
    assert!(
        versions.is_some() && prefix.is_some() && heartbeat_ms.is_some() && min_read_timeout_ms.is_some()
    );
    assert!(
        !roots.is_empty()
            && !path_maps.is_empty()
            && !websocket_paths.is_empty()
            && !not_websocket.is_empty()
    );
    assert!(KEYS.iter().all(|key| places.contains_key(*key)));
    assert!(
        excludes.len() > 1 && overrides.iter().all(|one| !one.files.is_empty() && !one.levels.is_empty())
    );
    assert!(expected_connections.is_some() && layers.len() > 1 && levels.len() > 1);
}

/// The page's table has the presets of the program, each with its limits.
#[test]
fn the_pages_presets_are_those_of_the_program() {
    let page = include_str!("../../../../docs/settings.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(rows.len(), layers::all().len());
    for (row, preset) in rows.iter().zip(layers::all()) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let names: Vec<String> =
            [preset.id].iter().chain(preset.also).map(|name| format!("`{name}`")).collect();
        let is_weak = preset.sure == Sure::Low;
        let passes = match preset.passes {
            Passes::Yes => "yes".to_owned(),
            _ if is_weak => "asked".to_owned(),
            Passes::OptIn => format!("with {}", preset.how.unwrap_or_default()),
            Passes::No => "no".to_owned(),
        };
        let of = if preset.counts_only_server { " of the server" } else { "" };
        let idle = match preset.idle {
            IdlePreset::Seconds(seconds) => Some(format!("{seconds}s of silence{of}")),
            IdlePreset::Unlimited => Some("no limit".to_owned()),
            IdlePreset::Unknown => None,
        };
        let limits: Vec<String> =
            idle.into_iter().chain(preset.lifetime_s.map(|seconds| format!("{seconds}s"))).collect();
        let limit = match (is_weak, preset.passes) {
            (true, _) => "asked".to_owned(),
            (false, Passes::No) => "–".to_owned(),
            _ if limits.is_empty() => "asked".to_owned(),
            _ => limits.join(", or "),
        };
        assert_eq!(cells, [&names.join(", "), preset.name, &passes, &limit, preset.as_of]);
    }
}

#[test]
fn layers_are_presets_or_say_what_they_do() {
    let notices_of = |settings: &str| {
        let outcome = run(&[("nginx.conf", MAIN), (".nginx-ws-lint.toml", settings)], &[""], Config::Found);
        let incomplete = outcome.notices.iter().any(|notice| notice.incomplete);
        (notices(&outcome), incomplete)
    };
    let layer = |rest: &str| format!("[[layers]]\nname = {rest}\n");
    for (settings, message, is_wrong) in [
        (
            layer("\"cloudflair\""),
            "there is no preset `cloudflair`; did you mean `cloudflare`? Else say how long it keeps a silent connection: `idle-timeout`",
            true,
        ),
        (
            layer("\"ours\""),
            "there is no preset `ours`; say how long it keeps a silent connection: `idle-timeout`",
            true,
        ),
        (
            layer("\"haproxy\""),
            "how long `haproxy` keeps a silent connection is not known for sure; say so: `idle-timeout`",
            false,
        ),
        (
            layer("\"vercel\""),
            "whether `vercel` passes WebSockets is not known for sure; say so: `websocket = true`, or `false`",
            false,
        ),
        (
            layer("\"caddy\"\nwebsockets = true"),
            "there is no setting `websockets`; did you mean `websocket`?",
            true,
        ),
        (layer("\"caddy\"\nwebsocket = \"on\""), "this must be true or false", true),
    ] {
        assert_eq!(notices_of(&settings), (vec![format!("settings: {message}")], is_wrong), "{settings}");
    }
    for fine in ["\"caddy\"", "\"ours\"\nidle-timeout = 3600", "\"ours\"\nwebsocket = false"] {
        assert_eq!(notices_of(&layer(fine)), (vec![], false), "{fine}");
    }
}

#[test]
fn layers_count_for_their_roots_alone() {
    let main = MAIN.replace("ENDPOINT", "ENDPOINT proxy_read_timeout 1h;");
    let files = [
        (".git/config", ""),
        ("a/nginx.conf", &*main),
        ("b/nginx.conf", &main),
        ("a/.nginx-ws-lint.toml", "[[layers]]\nname = \"aws-alb\"\n"),
    ];
    let outcome = run(&files, &[""], Config::Found);
    assert_eq!(rules(&outcome), ["a/nginx.conf:6 warning outer-layer-closes-first"]);
}

#[test]
fn paths_that_carry_none() {
    let files = [("nginx.conf", MAIN), (".nginx-ws-lint.toml", "not-websocket = [\"/ws/status\"]\n")];
    assert_eq!(run(&files, &[""], Config::Found).summary.endpoints, 0);
}

/// Lines of a server; the number of findings that are left and that are suppressed.
fn suppressed(location: &str) -> (usize, usize) {
    let text = format!("events {{}}\nhttp {{\nserver {{\n{location}\n}}\n}}\n");
    let outcome = run(&[("nginx.conf", &text)], &[""], Config::Isolated);
    let left = outcome.findings.iter().filter(|finding| finding.rule.name != "unused-suppression");
    (left.count(), outcome.summary.suppressed)
}

#[test]
fn comments_suppress_on_their_line_the_next_and_a_block() {
    let reason = "# nginx-ws-lint: ignore[short-read-timeout] the client pings";
    let table = [
        (format!("location /ws/ {{\n{reason}\n    ENDPOINT\n}}"), (0, 1)),
        (format!("location /ws/ {{\n{reason}\n# and another comment\n    ENDPOINT\n}}"), (0, 1)),
        (format!("location /ws/ {{ {reason}\n    ENDPOINT\n}}"), (0, 1)),
        (format!("{reason}\nlocation /ws/ {{\n    ENDPOINT\n}}"), (0, 1)),
        (format!("location /ws/ {{\n    ENDPOINT\n    proxy_read_timeout\n        5s; {reason}\n}}"), (0, 1)),
        (
            "location /ws/ {\n    ENDPOINT\n    proxy_read_timeout 5s; # nginx-ws-lint: ignore[lifetime] tested\n}".to_owned(),
            (0, 1),
        ),
        // Another block, another line, another rule.
        (format!("location /a {{ {reason}\n}}\nlocation /ws/ {{\n    ENDPOINT\n}}"), (1, 0)),
        (format!("location /ws/ {{\n    ENDPOINT\n    {reason}\n}}"), (1, 0)),
        ("location /ws/ { # nginx-ws-lint: ignore[handshake] x\n    ENDPOINT\n}".to_owned(), (1, 0)),
    ];
    for (text, expected) in table {
        assert_eq!(suppressed(&text), expected, "{text}");
    }
}

/// Each comment on a line of its own or in a row of ten, each for its own location.
#[test]
fn many_comments_suppress_what_each_of_them_covers_alone() {
    let reason = "# nginx-ws-lint: ignore[short-read-timeout] the client pings";
    let text = |with: &dyn Fn(usize) -> usize| -> String {
        let location = |number: usize| {
            let comments = format!("{reason} {number}\n").repeat(with(number));
            format!("location /ws{number}/ {{\n{comments}    ENDPOINT\n}}\n")
        };
        (0..200).map(location).collect()
    };
    assert_eq!(suppressed(&text(&|_| 0)), (200, 0));
    assert_eq!(suppressed(&text(&|number| usize::from(number % 3 == 0))), (133, 67));
    assert_eq!(suppressed(&text(&|number| 10 * (number % 2))), (100, 100));
    // Around all of them, and beside each.
    let all = format!("location / {{ {reason}\n{}}}\n", text(&|number| number % 2));
    assert_eq!(suppressed(&all), (0, 200));
}

#[test]
fn a_comment_that_says_too_little_suppresses_nothing() {
    for (comment, message) in [
        ("ignore[short-read-timeout]", "write a reason after the `]`"),
        (
            "ignore[short-read-timout] x",
            "there is no rule or group `short-read-timout`; did you mean `short-read-timeout`?",
        ),
        ("ignore", "name the rules, as in `ignore[short-read-timeout] why`"),
        ("ignore[] x", "write a rule between the brackets"),
    ] {
        let text = MAIN.replace(
            "            ENDPOINT",
            &format!("            # nginx-ws-lint: {comment}\n            ENDPOINT"),
        );
        let outcome = run(&[("nginx.conf", &text)], &[""], Config::Isolated);
        assert_eq!(outcome.findings.len(), 1);
        assert_eq!(notices(&outcome), [format!("suppression: this comment suppresses nothing: {message}")]);
    }
}
