//! What nginx's dispatcher refuses; the words and lines are those of `nginx -t`.

use std::path::Path;

use nginx_semantics::dispatch::{Build, Doubt, Modules, Verdict, read, refusals};
use nginx_semantics::{Configuration, Loaded, NginxVersion, VersionRange, load_main};

use crate::common::{TREE, files, load_tree, scope};

fn main_file(text: &str, others: &[(&str, &str)]) -> Loaded {
    let mut all = vec![("nginx.conf", text)];
    all.extend(others);
    load_main(&files(&all), &Path::new(TREE).join("nginx.conf"), &scope()).unwrap()
}

fn exactly(minor: u16) -> Build {
    Build::any(VersionRange::exactly(NginxVersion::new(1, minor, 0)))
}

/// All that is refused, with the lines that nginx names.
fn refused_by(build: &Build, text: &str, others: &[(&str, &str)]) -> Vec<String> {
    let loaded = main_file(text, others);
    let configuration = Configuration::new(&loaded.sources, &loaded.layouts[0]);
    let show = |step: nginx_semantics::dispatch::Step| {
        let file = loaded.sources.get(step.at.file)?;
        let place = format!("{}:{}", file.source.path(), file.source.line(step.at.span.start));
        match step.verdict {
            Verdict::Refused(kind) => Some(format!("{kind} in {place}")),
            Verdict::Taken | Verdict::Unknown(_) => None,
        }
    };
    read(configuration, build).filter_map(show).collect()
}

fn refused(text: &str) -> Vec<String> {
    refused_by(&Build::any(VersionRange::DISTRIBUTIONS), text, &[])
}

/// What is refused in a server.
fn in_server(text: &str) -> Vec<String> {
    let all = refused(&format!("events {{}} http {{ server {{ {text} }} }}"));
    all.into_iter().map(|one| one.replace(" in nginx.conf:1", "")).collect()
}

#[test]
fn the_checks_of_the_dispatcher_in_its_order() {
    let table: [(&str, &[&str]); 20] = [
        ("listen 80; location /ws { return 200; }", &[]),
        ("proxy_pass http://a;", &["\"proxy_pass\" directive is not allowed here"]),
        ("proxy_pass {}", &["\"proxy_pass\" directive is not allowed here"]),
        ("proxy_set_header X y {}", &["directive \"proxy_set_header\" is not terminated by \";\""]),
        ("proxy_set_header {}", &["directive \"proxy_set_header\" is not terminated by \";\""]),
        ("location /ws;", &["directive \"location\" has no opening \"{\""]),
        ("location;", &["directive \"location\" has no opening \"{\""]),
        ("location {}", &["invalid number of arguments in \"location\" directive"]),
        ("proxy_set_header X;", &["invalid number of arguments in \"proxy_set_header\" directive"]),
        ("location ~~ /ws {}", &["invalid location modifier \"~~\""]),
        ("location =~ ^/ws {}", &["invalid location modifier \"=~\""]),
        ("location =/a {} location ^~/y {} location ~*\\.x$ {} location '' {} location ws {}", &[]),
        (
            "location /a { proxy_pass a:1; } location /b { proxy_pass ws://a; } location /c { proxy_pass http:/a; }",
            &["invalid URL prefix"; 3],
        ),
        (
            "location /a { proxy_pass HTTP://a; if ($b) { proxy_pass $c; } } location /b { proxy_pass ws://$d; }",
            &[],
        ),
        (
            "location /a { proxy_pass http://a; uwsgi_pass b; proxy_pass http://a; }",
            &["\"proxy_pass\" directive is duplicate"],
        ),
        ("if ($x) { if ($y) {} }", &["\"if\" directive is not allowed here"]),
        ("gzip ON; location / { gzip off; }", &[]),
        ("gzip yes;", &["invalid value \"yes\" in \"gzip\" directive, it must be \"on\" or \"off\""]),
        ("gzip on; gzip yes;", &["\"gzip\" directive is duplicate"]),
        (
            "location / { limit_except GET { proxy_pass http://a; root /; } }",
            &["\"root\" directive is not allowed here"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(in_server(text), expected, "{text}");
    }
}

#[test]
fn blocks_of_entries_have_their_own_grammar() {
    let table: [(&str, &[&str]); 9] = [
        ("map $a $b { hostnames; volatile; default 1; a 2; listen 3; }", &[]),
        ("map $a $b { a; }", &["invalid number of the map parameters"]),
        ("map $a $b { a b {} }", &["unexpected \"{\""]),
        ("geo $b { ranges; a; }", &["invalid number of the geo parameters"]),
        (
            "types { text/html; text/css css less; include; }",
            &["invalid number of arguments in \"include\" directive"],
        ),
        ("split_clients $a $b { * c d e; }", &[]),
        ("charset_map a b { 30 40 50; }", &["invalid parameters number"]),
        ("upstream a { server b; listen 80; }", &["\"listen\" directive is not allowed here"]),
        ("upstream a { include {} }", &["directive \"include\" is not terminated by \";\""]),
    ];
    for (text, expected) in table {
        let all = refused(&format!("events {{}} http {{ {text} }}"));
        let all: Vec<_> = all.iter().map(|one| one.replace(" in nginx.conf:1", "")).collect();
        assert_eq!(all, expected, "{text}");
    }
}

#[test]
fn versions_and_builds() {
    let text = "events {} http { upstream u { keepalive 8 local; } server { http2 on; ssl on; } }";
    let arguments = "invalid number of arguments in \"keepalive\" directive in nginx.conf:1";
    let (http2, ssl) = ("unknown directive \"http2\"", "unknown directive \"ssl\"");
    assert_eq!(refused_by(&exactly(24), text, &[]), [arguments, &format!("{http2} in nginx.conf:1")]);
    assert_eq!(refused_by(&exactly(26), text, &[]), [arguments, &format!("{ssl} in nginx.conf:1")]);
    assert_eq!(refused_by(&exactly(30), text, &[]), [format!("{ssl} in nginx.conf:1")]);
    assert_eq!(refused(text), Vec::<String>::new(), "each is taken by some version");

    let foreign = "events {} http { more_set_headers a; vhost_traffic_status_zone; brotli on; }";
    assert_eq!(refused(foreign), Vec::<String>::new());
    let modules = ["ngx_events_module", "ngx_http_module", "ngx_http_core_module"];
    let build = Build { modules: Modules::Exactly(modules.into()), ..exactly(30) };
    assert_eq!(refused_by(&build, foreign, &[]).len(), 3);
    let loaded = "load_module a.so; events {} http { brotli on; }";
    let core = [modules.as_slice(), &["ngx_core_module"]].concat();
    let build = Build { modules: Modules::Exactly(core.into_iter().collect()), ..exactly(30) };
    assert_eq!(refused_by(&build, loaded, &[]), Vec::<String>::new());
}

#[test]
fn blocks_are_those_that_nginx_sees_and_lines_those_of_terminators() {
    let missing = "events {}\nhttp {\n    server {\n        listen 80;\n    server {\n    }\n}\n";
    assert_eq!(
        refused(missing),
        [
            "\"server\" directive is not allowed here in nginx.conf:5",
            "unexpected end of file, expecting \"}\" in nginx.conf:8",
        ]
    );
    assert_eq!(refused("events {}\nevents\n{\n}\n"), ["\"events\" directive is duplicate in nginx.conf:3"]);
    assert_eq!(
        refused("listen\n80\n;\n}\nlisten 80;"),
        ["\"listen\" directive is not allowed here in nginx.conf:3", "unexpected \"}\" in nginx.conf:4",]
    );
}

#[test]
fn includes_stand_in_place() {
    let others = [
        ("a.conf", "listen 80;\nroot /a;\n}\n"),
        ("d/1.conf", "root /\nx;\n"),
        ("d/2.conf", "root / {"),
        ("m.conf", "a b;\nc;\n"),
    ];
    let build = Build::any(VersionRange::DISTRIBUTIONS);
    let read = |text: &str| refused_by(&build, text, &others);
    assert_eq!(
        read("events {} http { server { include d/*.conf; gzip; } }"),
        [
            "invalid number of arguments in \"root\" directive in d/1.conf:2",
            "directive \"root\" is not terminated by \";\" in d/2.conf:1",
            "unexpected end of file, expecting \"}\" in d/2.conf:1",
        ]
    );
    assert_eq!(read("events {} http { server { include a.conf; gzip; } }"), ["unexpected \"}\" in a.conf:3"]);
    assert_eq!(
        read("http { map $a $b { include m.conf; } }"),
        ["invalid number of the map parameters in m.conf:2",]
    );
}

#[test]
fn what_is_not_known_is_not_refused() {
    let text = "http { include gone.conf; include nginx.conf; x {\n listen 80; location; } }";
    let loaded = main_file(text, &[]);
    let build = Build::any(VersionRange::DISTRIBUTIONS);
    let steps = read(Configuration::new(&loaded.sources, &loaded.layouts[0]), &build);
    let doubts: Vec<_> =
        steps.map(|step| step.verdict).filter(|verdict| *verdict != Verdict::Taken).collect();
    let [include, name, block] = [Doubt::Include, Doubt::Name, Doubt::Block].map(Verdict::Unknown);
    assert_eq!(doubts, [include.clone(), include, name, block.clone(), block]);
}

#[test]
fn all_contexts_are_asked_over_the_mended_trees() {
    let loaded = load_tree(&[
        (
            "nginx.conf",
            "events {}\nhttp {\n    server {\n        proxy_pass a;\n    server {\n        alias /;\n    }\n}\n",
        ),
        ("snippets/a.conf", "location / {\n    proxy_pass http://a\n    proxy_set_header X;\n}\n"),
    ]);
    let build = Build::any(VersionRange::DISTRIBUTIONS);
    let found: Vec<String> = loaded
        .layouts
        .iter()
        .flat_map(|layout| refusals(Configuration::new(&loaded.sources, layout), &build))
        .map(|refusal| refusal.kind.to_string())
        .collect();
    assert_eq!(
        found,
        [
            "\"proxy_pass\" directive is not allowed here",
            "\"alias\" directive is not allowed here",
            "invalid number of arguments in \"proxy_set_header\" directive",
        ]
    );
}
