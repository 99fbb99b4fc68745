//! What holds at a level.

use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, Effective, Pass, declared, effective,
};

use crate::common::{find, load_root, load_tree, location, only};

const HEADER: DirectiveName = DirectiveName::PROXY_SET_HEADER;

/// The arguments in effect, each with the level that declares it; `default`, `assumed` or `unknown` without.
fn shown(configuration: Configuration<'_>, context: ContextId, name: DirectiveName) -> String {
    match effective(configuration, context, name) {
        Effective::Set(set) => {
            let level = configuration.context(set.level).kind.name();
            let values: Vec<_> = set.directives.iter().map(Directive::arguments_text).collect();
            let here = if set.is_here { " here" } else { "" };
            let assumed = if set.is_assumed { " assumed" } else { "" };
            format!("{} @{level}{here}{assumed}", values.join(", "))
        }
        Effective::Default { is_assumed: false } => "default".to_owned(),
        Effective::Default { is_assumed: true } => "assumed".to_owned(),
        Effective::Unknown(_) => "unknown".to_owned(),
    }
}

/// http, server, location /, location /n nested in it, `if` and `limit_except` in that.
fn levels(http: &str, server: &str, outer: &str, nested: &str) -> String {
    format!(
        "events {{}} http {{ {http} server {{ {server} location / {{ {outer} location /n {{ \
         if ($a) {{ }} limit_except GET {{ }} {nested} }} }} }} }}"
    )
}

#[test]
fn the_nearest_level_wins_whole() {
    // The parts of the configuration, then what is in effect in the nested location.
    let table = [
        ("", "", "", "", "default"),
        ("proxy_set_header A 1;", "", "", "", "A 1 @http"),
        ("proxy_set_header A 1;", "proxy_set_header B 2;", "", "", "B 2 @server"),
        ("proxy_set_header A 1;", "proxy_set_header B 2;", "proxy_set_header C 3;", "", "C 3 @location"),
        (
            "proxy_set_header A 1;",
            "proxy_set_header B 2;",
            "proxy_set_header C 3;",
            "proxy_set_header D 4; proxy_set_header E 5;",
            "D 4, E 5 @location here",
        ),
    ];
    for (http, server, outer, nested, expected) in table {
        let loaded = load_root(&levels(http, server, outer, nested), &[]);
        let configuration = only(&loaded);
        assert_eq!(shown(configuration, location(configuration, "/n"), HEADER), expected);
    }
}

#[test]
fn order_inside_a_block_does_not_matter() {
    let text = "events {} http { server { location / { location /n { } proxy_read_timeout 1h; } \
                proxy_set_header A 1; } proxy_http_version 1.1; }";
    let loaded = load_root(text, &[]);
    let configuration = only(&loaded);
    let nested = location(configuration, "/n");
    assert_eq!(shown(configuration, nested, HEADER), "A 1 @server");
    assert_eq!(shown(configuration, nested, DirectiveName::PROXY_HTTP_VERSION), "1.1 @http");
    assert_eq!(shown(configuration, nested, DirectiveName::PROXY_READ_TIMEOUT), "1h @location");
}

#[test]
fn if_and_limit_except_are_locations_of_their_own() {
    let loaded = load_root(&levels("", "proxy_set_header A 1;", "", "proxy_read_timeout 5s;"), &[]);
    let configuration = only(&loaded);
    for (kind, words) in [(ContextKind::If, "($a)"), (ContextKind::LimitExcept, "GET")] {
        let context = find(configuration, kind, words);
        assert_eq!(shown(configuration, context, HEADER), "A 1 @server");
        // Their location's own line counts as here.
        assert_eq!(shown(configuration, context, DirectiveName::PROXY_READ_TIMEOUT), "5s @location here");
    }
}

#[test]
fn declared_lists_the_levels_nearest_first() {
    let loaded = load_root(
        &levels("proxy_set_header A 1;", "proxy_set_header B 2;", "", "proxy_set_header C 3;"),
        &[],
    );
    let configuration = only(&loaded);
    let all: Vec<_> = declared(configuration, location(configuration, "/n"), HEADER).collect();
    let seen: Vec<_> = all.iter().map(|one| (one.directives[0].arguments_text(), one.is_here)).collect();
    assert_eq!(seen, [("C 3".to_owned(), true), ("B 2".to_owned(), false), ("A 1".to_owned(), false)]);
}

#[test]
fn proxy_pass_goes_to_if_and_limit_except_but_never_to_nested_locations() {
    let text = levels("", "", "proxy_pass http://outer;", "proxy_pass http://n;");
    let target = |text: &str, kind, words| {
        let loaded = load_root(text, &[]);
        let configuration = only(&loaded);
        let pass = Pass::in_effect(configuration, find(configuration, kind, words));
        pass.map(|pass| String::from_utf8_lossy(&pass.target()).into_owned())
    };
    assert_eq!(target(&text, ContextKind::If, "($a)").as_deref(), Some("http://n"));
    assert_eq!(target(&text, ContextKind::LimitExcept, "GET").as_deref(), Some("http://n"));
    let text = levels("", "", "proxy_pass http://outer;", "");
    assert_eq!(target(&text, ContextKind::Location, "/n"), None);
    assert_eq!(target(&text, ContextKind::If, "($a)"), None);
    // Of two the last handler wins.
    let text = levels("", "", "", "proxy_pass http://n; uwsgi_pass u;");
    assert_eq!(target(&text, ContextKind::Location, "/n").as_deref(), Some("u"));
}

#[test]
fn includes_expand_in_place_at_each_level() {
    let include = "include headers.conf;";
    for (http, server, outer, nested, expected) in [
        (include, "", "", "", "A 1 @http"),
        ("", include, "", "", "A 1 @server"),
        ("", "", include, "", "A 1 @location"),
        ("", "", "", include, "A 1 @location here"),
        ("", "proxy_set_header B 2;", "", include, "A 1 @location here"),
        (include, "proxy_set_header B 2;", "", "", "B 2 @server"),
    ] {
        let loaded =
            load_root(&levels(http, server, outer, nested), &[("headers.conf", "proxy_set_header A 1;\n")]);
        let configuration = only(&loaded);
        assert_eq!(shown(configuration, location(configuration, "/n"), HEADER), expected);
    }
}

#[test]
fn an_if_in_a_server_is_no_level() {
    let text = "events {} http { server { if ($a) { set $b 1; } location / { } } }";
    let loaded = load_root(text, &[]);
    let configuration = only(&loaded);
    assert_eq!(configuration.of_kind(ContextKind::ServerIf).count(), 1);
    assert_eq!(configuration.of_kind(ContextKind::If).count(), 0);
    let levels: Vec<_> = nginx_semantics::levels(configuration, location(configuration, "/"))
        .map(|level| configuration.context(level).kind.name())
        .collect();
    assert_eq!(levels, ["location", "server", "http"]);
}

#[test]
fn includes_that_were_not_given() {
    let missing = "include missing.conf;";
    let pattern = "include missing/*.conf;";
    for (http, server, outer, nested, expected) in [
        (missing, "", "", "", "unknown"),
        ("", missing, "", "", "unknown"),
        ("", "", "", missing, "unknown"),
        // The level itself sets it: what the include may add is its gap.
        (missing, "proxy_set_header A 1;", "", "", "A 1 @server"),
        ("", "", "", "include missing.conf; proxy_set_header A 1;", "A 1 @location here"),
        ("proxy_set_header A 1;", "", missing, "", "unknown"),
        // nginx accepts a pattern that matches nothing, so the tree is whole without it.
        (pattern, "", "", "", "assumed"),
        ("", "", "", pattern, "assumed"),
        ("proxy_set_header A 1;", pattern, "", "", "A 1 @http assumed"),
        (pattern, "proxy_set_header A 1;", "", "", "A 1 @server"),
    ] {
        let loaded = load_root(&levels(http, server, outer, nested), &[]);
        let configuration = only(&loaded);
        let seen = shown(configuration, location(configuration, "/n"), HEADER);
        assert_eq!(seen, expected, "{http}|{server}|{outer}|{nested}");
    }
}

#[test]
fn the_gap_of_the_level_itself_is_told() {
    let loaded = load_root(&levels("", "", "", "include missing.conf; proxy_set_header A 1;"), &[]);
    let configuration = only(&loaded);
    let Effective::Set(set) = effective(configuration, location(configuration, "/n"), HEADER) else {
        panic!()
    };
    assert!(set.gap.is_some_and(|gap| !gap.is_pattern));
}

#[test]
fn levels_around_a_fragment_are_assumed() {
    for (text, expected) in [
        ("location /n { proxy_pass http://a; }", "assumed"),
        ("server { location /n { proxy_pass http://a; } }", "assumed"),
        ("server { proxy_set_header A 1; location /n { } }", "A 1 @server"),
        ("proxy_set_header A 1; server { location /n { } }", "A 1 @http"),
        ("location /n { proxy_set_header A 1; }", "A 1 @location here"),
    ] {
        let loaded = load_tree(&[("conf.d/a.conf", text)]);
        let configuration = only(&loaded);
        assert_eq!(shown(configuration, location(configuration, "/n"), HEADER), expected, "{text}");
    }
}
