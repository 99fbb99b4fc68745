//! `include`, from the configuration's point of view.

use std::path::PathBuf;

use nginx_semantics::{Configuration, ContextKind, IncludeFailure, PathMap, Scope, load};

use crate::common::{TREE, files, label, load_root, only, scope};

/// The problems, as `TARGET WHAT`.
fn problems(configuration: Configuration<'_>) -> Vec<String> {
    let shown = |failure: &IncludeFailure| match failure {
        IncludeFailure::NotFound { is_inside: true } => "is missing".to_owned(),
        IncludeFailure::NotFound { is_inside: false } => "is not given".to_owned(),
        other => format!("{other:?}"),
    };
    configuration
        .problems()
        .iter()
        .map(|problem| format!("{} {}", problem.target, shown(&problem.failure)))
        .collect()
}

fn problems_of(text: &str, others: &[(&str, &str)]) -> Vec<String> {
    problems(only(&load_root(text, others)))
}

#[test]
fn missing_files() {
    let table = [
        ("events {} include x.conf;", "x.conf is missing"),
        ("events {} include sub/x.conf;", "sub/x.conf is missing"),
        ("events {} include /etc/nginx/x.conf;", "/etc/nginx/x.conf is not given"),
        ("events {} include ../x.conf;", "../x.conf is not given"),
        ("events {} include /repo/nginx/x.conf;", "/repo/nginx/x.conf is missing"),
        // No variables, no braces, no `~`.
        ("events {} include $host.conf;", "$host.conf is missing"),
        ("events {} include '{a,b}.conf';", "{a,b}.conf is missing"),
        ("events {} include ~/x.conf;", "~/x.conf is missing"),
    ];
    for (text, expected) in table {
        assert_eq!(problems_of(text, &[("a.conf", ""), ("b.conf", "")]), [expected]);
    }
    // A pattern may match nothing, and what every distribution ships need not be there.
    for text in ["events {} include conf.d/*.conf;", "events {} http { include mime.types; }"] {
        assert_eq!(problems_of(text, &[]), [""; 0]);
    }
}

/// An image copies its own file to the place of a shipped one.
#[test]
fn a_file_of_the_tree_takes_the_place_of_a_shipped_one() {
    let own = |text: &str, others: &[(&str, &str)]| {
        let loaded = load_root(text, others);
        loaded.sources.iter().any(|(_, file)| file.source.path().ends_with("params.conf"))
    };
    let text = "events {} http { server { location / { include proxy_params; } } }";
    assert!(own(text, &[("proxy_params.conf", "proxy_read_timeout 1h;")]));
    assert!(!own(text, &[("other/proxy_params.conf", "proxy_read_timeout 1h;")]));
    assert!(!own(text, &[("params.conf", "proxy_read_timeout 1h;")]));
    // One that nginx looks for by another name is none.
    let other = text.replace("proxy_params", "my_params");
    assert!(!own(&other, &[("my_params.conf", "proxy_read_timeout 1h;")]));
}

#[test]
fn folders_are_refused() {
    let others = [("conf.d/a.conf", "user a;"), ("conf.d/sub/b.conf", "user b;")];
    assert_eq!(problems_of("events {} include conf.d;", &others), ["conf.d IsFolder"]);
    assert_eq!(problems_of("events {} include conf.d/*;", &others), ["conf.d/sub IsFolder"]);
}

#[test]
fn relative_to_the_main_file_not_to_the_including_one() {
    let others = [("sub/a.conf", "include b.conf;"), ("sub/b.conf", ""), ("c.conf", "include sub/b.conf;")];
    assert_eq!(problems_of("events {} include sub/a.conf;", &others), ["b.conf is missing"]);
    assert_eq!(problems_of("events {} include c.conf;", &others), [""; 0]);
}

#[test]
fn an_include_never_leaves_what_was_given() {
    let mut memory =
        files(&[("nginx.conf", "events {} include /x/../../secret; include ../secret; include ../*ecret;")]);
    for path in ["/secret", "/repo/secret"] {
        memory.insert(path, "http { server {} }");
    }
    let loaded = load(&memory, &[PathBuf::from(TREE).join("nginx.conf")], &scope());
    let configuration = only(&loaded);
    assert_eq!(configuration.of_kind(ContextKind::Server).count(), 0);
    assert_eq!(configuration.problems().len(), 2);
    assert_eq!(loaded.sources.iter().count(), 1);
}

#[test]
fn cycles_end_and_are_told() {
    assert_eq!(problems_of("events {} include nginx.conf;", &[]), ["nginx.conf Cycle"]);
    let others = [("a.conf", "include b.conf;"), ("b.conf", "include a.conf; include nginx.conf;")];
    assert_eq!(problems_of("events {} include a.conf;", &others), ["a.conf Cycle", "nginx.conf Cycle"]);
    // The same file twice is no cycle.
    let others = [("a.conf", "include b.conf; include b.conf;"), ("b.conf", "")];
    assert_eq!(problems_of("events {} include a.conf; include a.conf;", &others), [""; 0]);
}

#[test]
fn a_file_that_is_included_twice_is_parsed_once_and_placed_twice() {
    let text = "events {} http { server { include ws.conf; } server { include ws.conf; } }";
    let loaded = load_root(
        text,
        &[("ws.conf", "location /ws { include h.conf; } include gone.conf;"), ("h.conf", "")],
    );
    let configuration = only(&loaded);
    assert_eq!(loaded.sources.iter().count(), 3);
    let places: Vec<_> = configuration.of_kind(ContextKind::Location).collect();
    assert_eq!(places.len(), 2);
    let openers: Vec<_> = places.iter().map(|id| configuration.opener(*id).unwrap()).collect();
    assert_eq!(openers[0].at(), openers[1].at());
    assert_ne!(openers[0].reference, openers[1].reference);
    assert_ne!(openers[0].included_by().unwrap().at(), openers[1].included_by().unwrap().at());
    // And what is wrong in it is told once.
    assert_eq!(problems(configuration), ["gone.conf is missing"]);
}

#[test]
fn contexts_come_in_the_order_of_the_file() {
    let text = "events {} http { server { location /1 { location /1n {} } location /2 {} } include more.conf; \
                server { location /4 {} } }";
    let loaded = load_root(text, &[("more.conf", "server { location /3 {} }")]);
    let configuration = only(&loaded);
    let names: Vec<_> =
        configuration.of_kind(ContextKind::Location).map(|id| label(configuration, id)).collect();
    assert_eq!(names, ["/1", "/2", "/1n", "/3", "/4"]);
}

#[test]
fn no_include_in_split_clients_and_charset_map() {
    let text = "events {} http { split_clients $a $b { include x; } charset_map a b { include x; } \
                types { include t; } geo $g { include t; } }";
    assert_eq!(problems_of(text, &[("t", "a b;")]), [""; 0]);
}

#[test]
fn path_maps_and_the_host() {
    let mut memory = files(&[("nginx.conf", "events {} include /srv/a.conf; include /opt/b.conf;")]);
    memory.insert("/repo/nginx/local/a.conf", "http { server {} }");
    memory.insert("/opt/b.conf", "stream {}");
    let map = PathMap::new("/srv", "/repo/nginx/local");
    let scope = Scope { path_maps: vec![map], ..scope() };
    let argument = [PathBuf::from(TREE).join("nginx.conf")];
    let loaded = load(&memory, &argument, &scope);
    assert_eq!(problems(only(&loaded)), ["/opt/b.conf is not given"]);
    let scope = Scope { host_includes: true, ..scope };
    let loaded = load(&memory, &argument, &scope);
    let configuration = only(&loaded);
    assert_eq!(problems(configuration), [""; 0]);
    // What lies outside may be read then, but is never shown: the include stands for it.
    let stream = configuration.of_kind(ContextKind::Stream).next().unwrap();
    let opener = configuration.opener(stream).unwrap();
    assert!(!opener.file().unwrap().may_be_shown);
    assert_eq!(opener.visible().text_line(), "include /opt/b.conf");
}
