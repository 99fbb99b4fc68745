//! Hostile and very large input: it ends, soon, and says so.

use std::time::{Duration, Instant};

use nginx_semantics::{
    ContextKind, DirectiveName, Effective, IncludeFailure, Locations, Pass, Variables, effective,
};

use crate::common::{Fixed, evaluate, known, load_root, load_tree, location, only};

/// Quadratic time would take minutes. Tests run unoptimized and beside one another.
const SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 40 } else { 5 });

#[test]
fn a_bomb_of_includes_ends_in_one_problem() {
    for inside in ["", "location /a { location /b {} } "] {
        let names: Vec<String> = (0..=40).map(|n| format!("i{n}.conf")).collect();
        let texts: Vec<String> =
            (1..=40).map(|n| format!("include i{n}.conf; include i{n}.conf; {inside}")).collect();
        let mut others: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
        others.push(("i40.conf", "set $a 1;"));
        let start = Instant::now();
        let loaded = load_root("events {} http { server { include i0.conf; } }", &others);
        let problems = only(&loaded).problems();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].failure, IncludeFailure::TooLarge);
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
}

/// Each file is judged where it is met first, behind a bomb too; what a level misses by it is unknown there.
#[test]
fn what_is_written_is_judged_behind_a_bomb() {
    let bomb = "include two.conf; include two.conf; ".repeat(100);
    let texts = [
        ("one.conf", bomb.as_str()),
        ("two.conf", &"include three.conf; ".repeat(1_000)),
        ("three.conf", "gzip on; gzip_vary on;"),
        ("late.conf", "location /late { }"),
    ];
    let loaded = load_root(
        "events {} http { include one.conf; server { include late.conf; } server { include three.conf; } }",
        &texts,
    );
    let configuration = only(&loaded);
    let failures: Vec<_> = configuration.problems().iter().map(|problem| &problem.failure).collect();
    assert_eq!(failures, [&IncludeFailure::TooLarge]);
    let late = location(configuration, "/late");
    let gzip = DirectiveName::GZIP;
    // `http` has it from its first copy; whether the second server has it too was not looked at.
    assert!(matches!(effective(configuration, late, gzip), Effective::Set(_)));
    let second = configuration.of_kind(ContextKind::Server).nth(1).unwrap();
    assert!(matches!(effective(configuration, second, gzip), Effective::Unknown(_)));
}

/// Sites share snippets: what is written counts, so that no tree that people write reaches the budget.
#[test]
fn shared_snippets_are_no_bomb() {
    let sites = "server { listen 80; server_name a b; root /x; include five.conf; }\n".repeat(2_000);
    let five: String = (0..5).map(|n| format!("location /{n} {{ root /x; }} ")).collect();
    let loaded = load_root(&format!("events {{}} http {{ {sites} }}"), &[("five.conf", &five)]);
    assert!(only(&loaded).problems().is_empty());
    assert_eq!(only(&loaded).of_kind(ContextKind::Location).count(), 10_000);
}

#[test]
fn addresses_and_names() {
    let listens = |count: usize| (0..count).map(|n| format!("listen {};", n + 1)).collect::<String>();
    let names = |count: usize| (0..count).map(|n| format!(" n{n}")).collect::<String>();
    // Listens and names, and how many `listen` lines are judged.
    for (written, named, expected) in
        [(1_000, 200, 1_000), (1_001, 1, 1_000), (500, 400, 500), (500, 401, 498)]
    {
        let server = format!("server {{ server_name{}; {} }}", names(named), listens(written));
        let loaded = load_root(&format!("events {{}} http {{ {server} }}"), &[]);
        let configuration = only(&loaded);
        let server = configuration.of_kind(ContextKind::Server).next().unwrap();
        assert_eq!(configuration.named(server, DirectiveName::LISTEN).count(), expected);
        let failures: Vec<_> = configuration.problems().iter().map(|problem| &problem.failure).collect();
        let is_cut = expected < written;
        assert_eq!(failures, vec![&IncludeFailure::TooManyAddresses; usize::from(is_cut)]);
        assert_eq!(configuration.context(server).gaps.is_empty(), !is_cut);
    }
}

#[test]
fn blocks_in_blocks() {
    let start = Instant::now();
    let http = ["http {".repeat(100_000), "}".repeat(100_000)].concat();
    let loaded = load_root(&http, &[]);
    assert_eq!(only(&loaded).problems().len(), 1);
    let locations = format!(
        "events {{}} http {{ server {{ {} {} }} }}",
        "location / {".repeat(20_000),
        "}".repeat(20_000)
    );
    let loaded = load_root(&locations, &[]);
    let configuration = only(&loaded);
    assert_eq!(configuration.problems().len(), 1);
    assert_eq!(configuration.problems()[0].failure, IncludeFailure::TooDeep);
    let deepest = configuration.of_kind(ContextKind::Location).last().unwrap();
    assert!(matches!(
        effective(configuration, deepest, DirectiveName::PROXY_HTTP_VERSION),
        Effective::Default { .. }
    ));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn many_sites() {
    let upstream = |n: usize| format!("upstream u{n} {{ server a{n}:1; }}\n");
    let site = |n: usize| {
        format!(
            "server {{ server_name s{n}; set $up u{n}; include headers.conf; location / {{ root /x; }}\n\
             location ~ \\.(js|css|png)$ {{ expires 1d; }}\n\
             location /ws/ {{ proxy_pass http://u{n}; proxy_set_header Upgrade $v; }} }}\n"
        )
    };
    let sites: String = (0..5_000).map(|n| upstream(n) + &site(n)).collect();
    let text = format!("events {{}} http {{ map $http_upgrade $v {{ default up; ~x y; }} {sites} }}");
    let start = Instant::now();
    let loaded = load_root(&text, &[("headers.conf", "proxy_set_header A 1;")]);
    let configuration = only(&loaded);
    let variables = Variables::new(configuration);
    let locations = Locations::new(configuration);
    let request = Fixed(vec![("http_upgrade", known("websocket"))]);
    for server in configuration.of_kind(ContextKind::Server) {
        let nginx_semantics::Selection::Location(found) = locations.select(server, b"/ws/a") else {
            panic!()
        };
        let pass = Pass::in_effect(configuration, found).unwrap();
        let target = nginx_semantics::Target::parse(&pass.target());
        assert!(nginx_semantics::upstream(configuration, found, &target.host).is_some());
        let evaluator = nginx_semantics::Evaluator::new(configuration, &variables, &request, found);
        assert_eq!(evaluator.value(b"$v").as_known(), Some(&b"up"[..]));
        assert_eq!(evaluator.value(b"$up").as_known().map(|up| up[0]), Some(b'u'));
    }
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn many_fragments() {
    let sites: Vec<(String, String)> = (0..2_000)
        .map(|n| {
            (format!("sites-enabled/{n}"), "server { include snippets/a.conf; location / {} }".to_owned())
        })
        .collect();
    let mut tree: Vec<(&str, &str)> =
        sites.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    tree.push(("snippets/a.conf", "location /ws { proxy_pass http://a; }"));
    let start = Instant::now();
    assert_eq!(only(&load_tree(&tree)).of_kind(ContextKind::Location).count(), 4_000);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

#[test]
fn a_million_directives_in_one_block() {
    let text = format!(
        "events {{}}\nhttp {{ server {{ location / {{\n{}set $x y;\n}} }} }}\n",
        "add_header A b;\n".repeat(1_000_000)
    );
    let start = Instant::now();
    let loaded = load_root(&text, &[]);
    let configuration = only(&loaded);
    let inside = location(configuration, "/");
    let request = Fixed(Vec::new());
    assert_eq!(evaluate(configuration, inside, &request, "$x"), "y");
    assert!(start.elapsed() < 2 * SOON, "{:?}", start.elapsed());
}

#[test]
fn text_that_is_never_ended() {
    let start = Instant::now();
    for text in [
        "root /x\n".repeat(200_000),
        "http { root /x; ".repeat(100_000),
        "location / {\n".repeat(100_000),
        "root 'x\n".repeat(100_001),
        "include a*b;".repeat(100_000),
        format!("{{{}", "a ".repeat(1_000_000)),
    ] {
        let _ = load_root(&text, &[]);
    }
    assert!(start.elapsed() < 2 * SOON, "{:?}", start.elapsed());
}
