//! Fixes that do what they promise, and such as do not: a rule of its own, whose fixes misbehave by what they are given.

use std::path::{Path, PathBuf};

use lint_finding::{Applicability, Edit, FixKind, FixReport, Group, RuleMeta, Severity};
use nginx_semantics::{
    ContextId, Declared, DirectiveName, Effective, Files, MemoryFiles, Pass, Scope, catalogue, effective,
};
use nginx_syntax::lossy;
use ws_rules::{Context, Edits, FindingBuilder, Findings, RULES, Rule};

use super::{By, Changed, Fixed, Which, fixed_by, most_checks};
use crate::Settings;

mod distrusted;
mod rounds;

static META: RuleMeta = RuleMeta {
    name: "bad-word",
    group: Group::Configuration,
    severity: Severity::Warning,
    summary: "",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: lint_finding::Tells::Nothing,
    docs: "",
};

/// Finds words of `proxy_bind` in locations whose name has `ws` in it.
struct BadWord;

impl Rule for BadWord {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn pass(&self, cx: &Context<'_, '_>, location: ContextId, _pass: &Pass<'_>, out: &mut Findings) {
        let configuration = cx.configuration();
        let name = configuration.opener(location).map(|opener| opener.text_line()).unwrap_or_default();
        let bind = effective(configuration, location, catalogue::lookup(b"proxy_bind"));
        let Effective::Set(Declared { directives, .. }) = bind else { return };
        let directive = directives[0];
        let word = directive.arguments_text();
        let (is_unsafe, word) = word.strip_prefix("unsafe-").map_or((false, &*word), |word| (true, word));
        let (message, replacement) = match word {
            "bad" => ("bad", "good"),
            "stays" => ("stays", "stays"),
            "twice" => ("twice", "bad"),
            "breaks" => ("breaks", "}"),
            "causes" => ("causes", "good; location /x { proxy_pass ws://127.0.0.1:1; } expires off"),
            _ => return,
        };
        let applicability = if is_unsafe { Applicability::Unsafe } else { Applicability::Safe };
        if name.contains("ws") {
            // As it is: what breaks must not be quoted.
            let place = directive.argument_at(0).unwrap();
            let edits = Edits::from(vec![Edit { place, replacement: replacement.into() }]);
            let finding = FindingBuilder::new(&META, &directive, message);
            out.push(finding.fix(format!("write `{replacement}`"), applicability, edits));
        }
    }
}

/// Judged with all rules and that one.
fn fix(files: &dyn Files, arguments: &[&str], settings: &Settings, which: Which) -> Fixed {
    let arguments: Vec<PathBuf> = arguments.iter().map(|path| Path::new("/t").join(path)).collect();
    let scope = Scope { given: vec!["/t".into()], working_folder: "/t".into(), ..Scope::default() };
    let rules: Vec<&'static dyn Rule> = RULES.iter().copied().chain([&BadWord as &dyn Rule]).collect();
    fixed_by(&By { rules: &rules, most_checks }, files, &arguments, &scope, settings, which, &|_, _| Ok(()))
}

fn report(fixed: &Fixed) -> &FixReport {
    fixed.outcome.fixes.as_ref().unwrap()
}

fn main_file(http: &str) -> String {
    format!("events {{}}\nhttp {{\n{http}\n}}\n")
}

fn memory(files: &[(&str, String)]) -> MemoryFiles {
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(Path::new("/t").join(path), text.as_str());
    }
    memory
}

/// A server with a location for each word of `proxy_bind`.
fn server(words: &[&str]) -> String {
    let location = |(index, word): (usize, &&str)| {
        format!("location /ws{index} {{ proxy_bind {word}; proxy_pass http://127.0.0.1:9000; }}\n")
    };
    let locations: String = words.iter().enumerate().map(location).collect();
    format!("server {{\nlisten 80;\n{locations}}}")
}

/// The words of `proxy_bind` afterwards, and the reasons for those that were dropped.
fn words_after(words: &[&str], which: Which) -> (String, Vec<String>) {
    let files = memory(&[("nginx.conf", main_file(&server(words)))]);
    let fixed = fix(&files, &["nginx.conf"], &only_bad_word(), which);
    let old = files.read(Path::new("/t/nginx.conf")).unwrap();
    let text = fixed.texts.first().map_or(old, |changed| changed.new.bytes().to_vec());
    let text = String::from_utf8(text).unwrap();
    let after = text.split("proxy_bind ").skip(1).map(|rest| rest.split(';').next().unwrap());
    let reasons = report(&fixed)
        .dropped
        .iter()
        .map(|tried| format!("{}: {}", tried.line, tried.reason.as_ref().unwrap()));
    (after.collect::<Vec<_>>().join(" "), reasons.collect())
}

fn only_bad_word() -> Settings {
    // The other rules run all the same, but their fixes are not asked for.
    let others = ["handshake", "lifetime", "observability", "capacity"];
    Settings { ignore: others.map(|group| group.parse().unwrap()).to_vec(), ..Settings::default() }
}

#[test]
fn a_fix_is_kept_where_it_does_what_it_promises() {
    let (words, reasons) = words_after(&["bad", "fine", "bad"], Which::Safe);
    assert_eq!((words.as_str(), reasons.len()), ("good fine good", 0));
}

#[test]
fn what_does_not_cure_breaks_or_causes_is_dropped_alone() {
    let words = ["bad", "stays", "breaks", "causes", "bad", "twice"];
    let (words, reasons) = words_after(&words, Which::Safe);
    assert_eq!(words, "good stays breaks causes good twice");
    assert_eq!(reasons.len(), 4, "{reasons:#?}");
    assert_eq!(reasons[0], "6: bad-word would still be found");
    assert!(reasons[1].starts_with("7: it would cause "), "{reasons:#?}");
    assert!(reasons[2].starts_with("8: it would cause "), "{reasons:#?}");
    // Another bad word instead of the first.
    assert_eq!(reasons[3], "10: bad-word would still be found");
}

#[test]
fn unsafe_ones_need_to_be_asked_for() {
    assert_eq!(words_after(&["unsafe-bad", "bad"], Which::Safe).0, "unsafe-bad good");
    assert_eq!(words_after(&["unsafe-bad", "bad"], Which::All).0, "good good");
}

/// What a server sets for all is changed for all: not safe, unless all want it.
#[test]
fn an_edit_that_changes_another_location_is_not_safe() {
    let of = |other: &str| {
        let http = format!(
            "server {{ listen 80; proxy_bind bad;
            location /ws {{ proxy_pass http://127.0.0.1:9000; }}
            location {other} }}"
        );
        memory(&[("nginx.conf", main_file(&http))])
    };
    let run = |other: &str, which| {
        let fixed = fix(&of(other), &["nginx.conf"], &only_bad_word(), which);
        let reasons: Vec<String> =
            report(&fixed).dropped.iter().filter_map(|tried| tried.reason.clone()).collect();
        (
            fixed.texts.len(),
            report(&fixed).applied.iter().map(|tried| tried.applicability).collect::<Vec<_>>(),
            reasons,
        )
    };
    let other = "/other { proxy_pass http://127.0.0.1:9001; }";
    let (texts, applied, reasons) = run(other, Which::Safe);
    assert_eq!((texts, applied.len()), (0, 0));
    assert_eq!(reasons, ["it would change `location /other` at nginx.conf:5 too"]);
    // Asked for, it is what it is.
    assert_eq!(run(other, Which::All), (1, vec![Applicability::Unsafe], vec![]));
    // One that wants it too, one that has its own, and one that does not proxy.
    for other in [
        "/ws2 { proxy_pass http://127.0.0.1:9001; }",
        "/other { proxy_pass http://127.0.0.1:9001; proxy_bind own; }",
        "/other { root /srv; }",
    ] {
        assert_eq!(run(other, Which::Safe), (1, vec![Applicability::Safe], vec![]), "{other}");
    }
    // Nested, the other one inherits.
    let nested = "/ws2 { proxy_pass http://127.0.0.1:9001; location /ws2/x { proxy_pass http://127.0.0.1:9002; } location /y/ { proxy_pass http://127.0.0.1:9003; } }";
    assert_eq!(run(nested, Which::Safe).0, 0);
}

/// Several servers include one file whose location is wrong in each: the line is mended once.
#[test]
fn a_file_that_all_include_is_edited_once() {
    let site = "listen 80; include shared.conf; }\nserver { listen 81; include shared.conf;";
    let shared = "location /ws { proxy_bind unsafe-bad; proxy_pass http://127.0.0.1:9000; }\n";
    let files = memory(&[
        ("nginx.conf", main_file(&format!("server {{ {site} }}"))),
        ("shared.conf", shared.to_owned()),
    ]);
    let fixed = fix(&files, &["nginx.conf"], &only_bad_word(), Which::All);
    let [changed] = fixed.texts.as_slice() else { panic!("{:?}", fixed.texts) };
    assert_eq!(changed.new.path(), "shared.conf");
    assert_eq!(changed.new.bytes(), shared.replace("unsafe-bad", "good").as_bytes());
    assert_eq!(report(&fixed).applied.len(), 1);
}

/// Many good ones and some that fail cost a few checks, not one each.
#[test]
fn bad_ones_among_many_are_told_apart_at_once() {
    let mut words = vec!["bad"; 60];
    for index in [7, 20, 21, 55] {
        words[index] = "stays";
    }
    words[30] = "causes";
    let (after, reasons) = words_after(&words, Which::Safe);
    assert_eq!(after.split(' ').filter(|word| *word == "good").count(), 55);
    assert_eq!(reasons.len(), 5, "{reasons:#?}");
}

#[test]
fn twice_is_once() {
    for which in [Which::Safe, Which::All] {
        let words = ["bad", "stays", "unsafe-bad", "breaks", "unsafe-twice", "causes"];
        let mut files = memory(&[("nginx.conf", main_file(&server(&words)))]);
        let first = fix(&files, &["nginx.conf"], &only_bad_word(), which);
        assert!(!report(&first).applied.is_empty());
        for changed in &first.texts {
            files.insert(changed.path.clone(), changed.new.bytes());
        }
        let second = fix(&files, &["nginx.conf"], &only_bad_word(), which);
        assert!(
            second.texts.is_empty() && report(&second).applied.is_empty(),
            "{:?}",
            report(&second).applied
        );
        let reasons = |fixed: &Fixed| {
            report(fixed).dropped.iter().map(|tried| tried.reason.clone()).collect::<Vec<_>>()
        };
        assert_eq!(reasons(&first), reasons(&second));
    }
}

/// A file that was not given is never edited, whatever a rule says.
#[test]
fn nothing_outside_of_what_was_given_is_edited() {
    let files = {
        let mut files = memory(&[("nginx.conf", main_file("include /else/site.conf;"))]);
        files.insert("/else/site.conf", server(&["unsafe-bad", "bad"]));
        files
    };
    let scope = Scope {
        given: vec!["/t".into()],
        working_folder: "/t".into(),
        host_includes: true,
        ..Scope::default()
    };
    let rules: Vec<&'static dyn Rule> = RULES.iter().copied().chain([&BadWord as &dyn Rule]).collect();
    let fixed = fixed_by(
        &By { rules: &rules, most_checks },
        &files,
        &["/t/nginx.conf".into()],
        &scope,
        &only_bad_word(),
        Which::All,
        &|_, _| Ok(()),
    );
    assert!(fixed.texts.is_empty());
}

/// What a rule that is not selected would say counts against a fix as well.
#[test]
fn rules_that_are_not_selected_are_asked_too() {
    let files = memory(&[("nginx.conf", main_file(&server(&["causes"])))]);
    let settings = Settings { select: vec![crate::Selector::Rule("bad-word")], ..Settings::default() };
    let fixed = fix(&files, &["nginx.conf"], &settings, Which::All);
    assert_eq!((fixed.texts.len(), fixed.outcome.findings.len(), report(&fixed).dropped.len()), (0, 1, 1));
}

/// Of several roots, those that an edit does not reach are not judged again, and what was said of them stays.
#[test]
fn other_roots_keep_what_was_said_of_them() {
    let files = memory(&[
        ("a/nginx.conf", main_file(&server(&["bad", "stays"]))),
        ("b/nginx.conf", main_file(&server(&["stays", "unsafe-bad"]))),
    ]);
    let fixed = fix(&files, &[""], &only_bad_word(), Which::Safe);
    let mut edited = memory(&[
        ("a/nginx.conf", main_file(&server(&["good", "stays"]))),
        ("b/nginx.conf", main_file(&server(&["stays", "unsafe-bad"]))),
    ]);
    for changed in &fixed.texts {
        edited.insert(changed.path.clone(), changed.new.bytes());
    }
    let again = fix(&edited, &[""], &only_bad_word(), Which::Safe);
    assert!(again.texts.is_empty());
    assert_eq!(fixed.outcome.findings, again.outcome.findings);
    assert_eq!(format!("{:?}", fixed.outcome.endpoints), format!("{:?}", again.outcome.endpoints));
    assert_eq!(DirectiveName::UNKNOWN, catalogue::lookup(b"bad-word"));
}

/// The text of the one file after its safe fixes, and how many there were.
fn fixed_text(http: &str) -> (String, usize) {
    let files = memory(&[("nginx.conf", main_file(http))]);
    let settings = Settings { ignore: vec!["lifetime".parse().unwrap()], ..Settings::default() };
    let fixed = fix(&files, &["nginx.conf"], &settings, Which::Safe);
    (String::from_utf8(fixed.texts[0].new.bytes().to_vec()).unwrap(), report(&fixed).applied.len())
}

/// What a server sets is said once, and its fix is for all endpoints below it.
#[test]
fn a_line_that_several_locations_get_is_fixed_for_all_of_them() {
    let (text, applied) = fixed_text(
        "server {\nlisten 80;\nproxy_http_version 1.1;\nproxy_set_header Upgrade upgrade;\n\
         proxy_set_header Connection $http_connection;\nproxy_read_timeout 1h;\n\
         location /ws/ { proxy_pass http://127.0.0.1:9000; }\n\
         location /socket.io/ { proxy_pass http://127.0.0.1:9000; }\n\
         location / { # nginx-ws-lint: not-websocket\nproxy_pass http://127.0.0.1:9001; }\n}",
    );
    assert_eq!(applied, 1, "{text}");
    let lines =
        "9000; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; }";
    assert_eq!(text.matches(lines).count(), 2, "{text}");
    assert_eq!(text.matches("Upgrade upgrade;").count(), 1, "{text}");
}

/// Where nginx refuses to start, no other location has anything to keep.
#[test]
fn what_keeps_nginx_from_starting_is_fixed_for_all() {
    let location = |name: &str| {
        format!(
            "location {name} {{ proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }}\n"
        )
    };
    let (text, applied) = fixed_text(&format!("server {{\n{}{}}}", location("/ws/"), location("/")));
    assert_eq!(applied, 1, "{text}");
    assert!(text.contains("map $http_upgrade $connection_upgrade {\n"), "{text}");
}

/// The location that `auth_request` asks stops to be an endpoint, and is no other one to keep.
#[test]
fn a_subrequest_is_asked_without_upgrade() {
    let (text, applied) = fixed_text(
        "server {\nlisten 80;\nproxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\n\
         proxy_set_header Connection $http_connection;\nproxy_ignore_headers X-Accel-Redirect;\n\
         location /ws/ { auth_request /auth; proxy_pass http://127.0.0.1:9000; }\n\
         location = /auth { internal; proxy_pass http://127.0.0.1:9000/auth; }\n}",
    );
    assert_eq!(applied, 1, "{text}");
    let lines = "9000/auth; proxy_set_header Upgrade \"\"; proxy_set_header Connection \"\"; }";
    assert!(text.contains(lines), "{text}");
}

/// Two servers on one port that include the one location of a file, each with lines of its own.
fn shared(a: &str, b: &str) -> MemoryFiles {
    let server = |name: &str, lines: &str| {
        format!(
            "server {{\nlisten 80;\nserver_name {name};\nproxy_read_timeout 1h;\n{lines}\ninclude locations.conf;\n}}\n"
        )
    };
    let http = [server("a.example.com", a), server("b.example.com", b)].concat();
    let location = "location /ws/ {\nproxy_pass http://127.0.0.1:9000;\n}\n";
    memory(&[("nginx.conf", main_file(&http)), ("locations.conf", location.to_owned())])
}

/// The server that has all keeps it, although the location of the other one stands in the same file.
#[test]
fn a_location_of_another_server_is_another_one() {
    let a = "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;\nproxy_set_header Host a.internal;";
    let files = shared(a, "proxy_http_version 1.1;\nproxy_set_header Host b.internal;");
    let fixed = fix(&files, &["nginx.conf"], &Settings::default(), Which::Safe);
    let changed: Vec<_> = fixed.texts.iter().map(|changed| &changed.path).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(report(&fixed).dropped.len(), 1);
}

/// What one server sets is not for the other one, which lacks the same.
#[test]
fn remedies_that_differ_by_server_are_none() {
    let secret = "proxy_set_header Authorization \"Basic c2VjcmV0\";";
    for (a, b) in [(secret, ""), ("", secret), (secret, "proxy_set_header Host b.internal;")] {
        let [a, b] = [a, b].map(|lines| format!("proxy_http_version 1.1;\n{lines}"));
        let files = shared(&a, &b);
        let fixed = fix(&files, &["nginx.conf"], &Settings::default(), Which::All);
        let texts = fixed.texts.iter().filter(|changed| changed.path.ends_with("locations.conf"));
        for changed in texts {
            let text = lossy(changed.new.bytes());
            assert!(!text.contains("proxy_set_header"), "{text}");
        }
    }
}

/// Each server has a line to blame, and both need one and the same edit.
#[test]
fn one_edit_may_be_for_several_findings() {
    let old = "proxy_http_version 1.0;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;";
    let files = shared(old, old);
    let fixed = fix(&files, &["nginx.conf"], &Settings::default(), Which::Safe);
    let texts: Vec<_> = fixed.texts.iter().map(|changed| lossy(changed.new.bytes())).collect();
    assert_eq!(texts.len(), 1, "{:?}", report(&fixed).dropped);
    assert!(texts[0].contains("proxy_http_version 1.1;"), "{texts:?}");
}

/// A server whose `auth_request` target inherits most of a handshake, with a location that has all of it.
fn with_auth(server: &str, terminal: &str) -> String {
    format!(
        "events {{}}\nhttp {{\n  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n  proxy_http_version 1.1;\n  \
         proxy_set_header Connection $connection_upgrade;\n  server {{\n    {server}\n    location /terminal {{\n      \
         proxy_pass http://127.0.0.1:9001;\n      proxy_read_timeout 1h;\n      proxy_set_header Upgrade $http_upgrade;\n      \
         proxy_set_header Connection $connection_upgrade;\n      {terminal}\n    }}\n  }}\n}}\n"
    )
}

fn added(fixed: &Fixed) -> Vec<String> {
    let of_file = |changed: &Changed| {
        let old = lossy(changed.old.bytes()).into_owned();
        let new = lossy(changed.new.bytes()).into_owned();
        let is_new = |line: &&str| !old.lines().any(|other| other == *line);
        new.lines().filter(is_new).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    fixed.texts.iter().flat_map(of_file).collect()
}

/// A 101 to a subrequest ends what it is asked for; the file that was not given silences the rule that would say so.
#[test]
fn what_a_subrequest_asks_gets_no_upgrade_in_doubt() {
    let asked = "location = /auth { internal; proxy_pass http://127.0.0.1:9000/auth; }";
    let open = "location = /auth { proxy_pass http://127.0.0.1:9000/auth; }";
    let gap = "include /not/given/resolver.conf;";
    for (server, terminal) in [
        (format!("auth_request /auth;\n    {asked}"), gap),
        (format!("mirror /auth;\n    {asked}"), gap),
        // Clients come there too; or who asks stands in the file that was not given.
        (format!("auth_request /auth;\n    {open}"), gap),
        (open.to_owned(), gap),
        (asked.to_owned(), gap),
    ] {
        let files = memory(&[("nginx.conf", with_auth(&server, terminal))]);
        let fixed = fix(&files, &["nginx.conf"], &Settings::default(), Which::Safe);
        let added = added(&fixed);
        assert!(!added.iter().any(|line| line.contains("Upgrade")), "{server}: {added:#?}");
    }
}

/// What a back end answers to a subrequest may lead it on.
#[test]
fn where_the_answer_to_a_subrequest_leads_gets_no_upgrade() {
    let ignored = "proxy_ignore_headers X-Accel-Redirect;";
    for (server, auth, is_fixed) in [
        ("", ignored, true),
        ("", "", false),
        ("", "error_page 401 = /login;", false),
        ("", "proxy_ignore_headers Expires;", false),
        (ignored, "", true),
        (ignored, "error_page 502 = /ws/x;", false),
        (ignored, "proxy_intercept_errors on; error_page 401 403 =200 /ws/;", false),
        (ignored, "error_page 502 = /$arg_x;", false),
        (ignored, "error_page 502 = @elsewhere;", false),
        (ignored, "error_page 502 = /again;", false),
        (ignored, "if ($arg_x) { error_page 502 = /ws/; }", false),
        (ignored, "error_page 502 = /login?to=$request_uri;", true),
        (ignored, "error_page 502 = https://login.example/$request_uri;", true),
        (&format!("{ignored} error_page 500 = /ws/;"), "", false),
        (&format!("{ignored} error_page 500 /50x.html;"), "", true),
    ] {
        for asking in ["auth_request", "mirror"] {
            let text = format!(
                "events {{}}\nhttp {{\n  server {{\n    {server}\n    location /terminal {{ {asking} /auth; root /srv; }}\n    \
                 location = /auth {{ internal; proxy_pass http://127.0.0.1:9000; {auth} }}\n    location = /again {{ return 404; error_page 404 = /ws/; }}\n    \
                 location @elsewhere {{ rewrite ^ /ws/ last; }}\n    location /login {{ return 200; }}\n    location = /50x.html {{ root /srv; }}\n    \
                 location /ws/ {{ proxy_pass http://127.0.0.1:9001; }}\n  }}\n}}\n"
            );
            let files = memory(&[("nginx.conf", text.clone())]);
            let fixed = fix(&files, &["nginx.conf"], &Settings::default(), Which::Safe);
            let added = added(&fixed);
            assert_eq!(added.iter().any(|line| line.contains("Upgrade")), is_fixed, "{text}{added:#?}");
        }
    }
}

/// A file that was not given may have the same line, which nginx takes once, or lines that a new one hides.
#[test]
fn lines_are_not_added_unseen_beside_files_that_were_not_given() {
    let text = |outer: &str, inner: &str| {
        format!(
            "events {{}}\nhttp {{\n  map $http_upgrade $c {{ default upgrade; '' close; }}\n  server {{\n    {outer}\n    location /ws/ {{\n      \
             {inner}\n      proxy_pass http://a;\n    }}\n  }}\n}}\n"
        )
    };
    let whole =
        "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $c;";
    for (outer, inner, is_fixed) in [
        ("", "", true),
        ("", whole, true),
        ("include snippets/*.conf;", "", false),
        ("", "include snippets/*.conf;", false),
        // The name of a file says what it usually holds.
        ("", "include mime.types;", false),
        ("", "include proxy_params;", false),
        ("include /etc/nginx/fastcgi_params;", "", false),
        ("include snippets/snakeoil.conf;", "", false),
        ("} include mime.types; server { ", "", true),
        ("} include proxy_params; server { ", "", false),
        ("} include uwsgi_params; server { ", "", false),
        ("", &format!("{whole} include snippets/*.conf;"), false),
    ] {
        let text = text(outer, inner);
        for which in [Which::Safe, Which::All] {
            let fixed =
                fix(&memory(&[("nginx.conf", text.clone())]), &["nginx.conf"], &Settings::default(), which);
            let is_changed =
                added(&fixed).iter().any(|line| line.contains("Upgrade") || line.contains("read_timeout"));
            assert_eq!(is_changed, is_fixed || which == Which::All, "{which:?} {text}");
        }
    }
}

/// With `--unsafe-fixes` the fix that does more takes the place of the safe one.
#[test]
fn the_fix_that_does_more_is_the_unsafe_one() {
    let text = "events {}\nhttp {\n  map $http_upgrade $c { default upgrade; '' close; }\n  server {\n    proxy_http_version 1.1;\n    \
                proxy_set_header Host $host;\n    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection $c;\n    \
                location /ws/ {\n      proxy_pass http://a;\n      proxy_read_timeout 1h;\n      proxy_set_header X-A 1;\n    }\n  }\n}\n";
    let lines = |which| {
        let fixed =
            fix(&memory(&[("nginx.conf", text.to_owned())]), &["nginx.conf"], &Settings::default(), which);
        let text = lossy(fixed.texts[0].new.bytes()).into_owned();
        let location = text.split("location").nth(1).expect("a location").to_owned();
        ["Host", "Upgrade", "Connection"].map(|name| location.contains(&format!("proxy_set_header {name} ")))
    };
    assert_eq!(lines(Which::Safe), [false, true, true]);
    assert_eq!(lines(Which::All), [true, true, true]);
}
