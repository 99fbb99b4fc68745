//! Which files are judged, and as what.

use std::path::PathBuf;

use nginx_semantics::{Configuration, ContextKind, DirectiveName, Effective, Loaded, effective, load};

use crate::common::{TREE, files, load_tree, location, only, scope};

const ROOT: &str = "events {}\nhttp {\n    include conf.d/*.conf;\n}\n";

/// Each layout as `ROOT: FRAGMENT=LEVEL …`, `-` where there is no root.
fn layouts(loaded: &Loaded) -> Vec<String> {
    let shown = |layout: &std::sync::Arc<nginx_semantics::Layout>| {
        let configuration = Configuration::new(&loaded.sources, layout);
        let path = |file| loaded.sources.get(file).unwrap().source.path().to_owned();
        let mut text = configuration.root().map_or("-".to_owned(), path) + ":";
        for fragment in configuration.fragments() {
            let level = configuration.context(fragment.context).kind.name();
            text += &format!(" {}={level}", path(fragment.file));
        }
        text
    };
    loaded.layouts.iter().map(shown).collect()
}

fn skipped(loaded: &Loaded) -> Vec<String> {
    loaded.skipped.iter().map(|skipped| format!("{} {:?}", skipped.path, skipped.reason)).collect()
}

#[test]
fn what_a_root_reaches_is_part_of_it() {
    let loaded =
        load_tree(&[("nginx.conf", ROOT), ("conf.d/a.conf", "server {}"), ("conf.d/b.conf", "server {}")]);
    assert_eq!(layouts(&loaded), ["nginx.conf:"]);
    assert_eq!(only(&loaded).of_kind(ContextKind::Server).count(), 2);
    assert_eq!(loaded.judged.len(), 3);
}

#[test]
fn fragments_stand_where_their_directives_may() {
    let table = [
        ("server { listen 80; }", "http"),
        ("upstream a { server b; }\nserver {}", "http"),
        ("map $a $b { default 1; }", "http"),
        ("location /ws { proxy_pass http://a; }", "server"),
        ("listen 80;\nserver_name a;", "server"),
        ("proxy_pass http://a;\nproxy_http_version 1.1;", "location"),
        ("server a:1;\nserver b:1;\nkeepalive 2;", "upstream"),
        ("worker_processes 2;\nuser a;", "main"),
        ("server { listen 1; proxy_pass a:1; }", "stream"),
        ("# nginx-ws-lint: context http,server\nproxy_read_timeout 1h;", "server"),
        ("# nginx-ws-lint: context http, server, location\nproxy_read_timeout 1h;", "location"),
        ("# nginx-ws-lint: context stream\nserver { proxy_pass a:1; }", "stream"),
        // `events` beside a server is documentation that shows two files in one.
        ("events {}\nserver { listen 80; }", "http"),
    ];
    for (text, level) in table {
        let loaded = load_tree(&[("conf.d/x.conf", text)]);
        assert_eq!(layouts(&loaded), [format!("-: conf.d/x.conf={level}")], "{text}");
    }
}

#[test]
fn roots_by_what_they_hold_not_by_their_name() {
    let loaded = load_tree(&[
        ("a/nginx.conf", "server { listen 80; }"),
        ("b/any.conf", "events {}\nhttp { server {} }"),
        ("c/tcp.conf", "stream { server { listen 1; proxy_pass a:1; } }"),
    ]);
    assert_eq!(layouts(&loaded), ["b/any.conf:", "c/tcp.conf:", "-: a/nginx.conf=http"]);
}

#[test]
fn the_nearest_main_file_adopts() {
    let timeout = |value: &str| format!("events {{}}\nhttp {{ proxy_read_timeout {value}; }}\n");
    let loaded = load_tree(&[
        ("nginx.conf", &timeout("1s")),
        ("app/nginx.conf", &timeout("2s")),
        ("app/sites/a.conf", "server { location /a { proxy_pass http://a; } }"),
        ("sites/b.conf", "location /b { proxy_pass http://b; }"),
        ("http-only/nginx.conf", "http { proxy_read_timeout 3s; }"),
        ("http-only/c.conf", "server { location /c { proxy_pass http://c; } }"),
    ]);
    assert_eq!(
        layouts(&loaded),
        [
            "app/nginx.conf: app/sites/a.conf=http",
            "http-only/nginx.conf:",
            "nginx.conf: http-only/c.conf=http sites/b.conf=server",
        ]
    );
    let value = |index: usize, name: &str| {
        let configuration = Configuration::new(&loaded.sources, &loaded.layouts[index]);
        let context = location(configuration, name);
        match effective(configuration, context, DirectiveName::PROXY_READ_TIMEOUT) {
            Effective::Set(set) => format!("{} {}", set.directives[0].arguments_text(), set.is_assumed),
            other => format!("{other:?}"),
        }
    };
    // The http level of the adopter is known, the levels between are not.
    assert_eq!(value(0, "/a"), "2s true");
    assert_eq!(value(2, "/b"), "1s true");
    assert_eq!(value(2, "/c"), "1s true");
}

#[test]
fn fragments_of_fragments_are_judged_once() {
    let loaded = load_tree(&[
        ("conf.d/a.conf", "server { include snippets/ws.conf; }"),
        ("snippets/ws.conf", "location /ws { proxy_pass http://a; }"),
    ]);
    assert_eq!(layouts(&loaded), ["-: conf.d/a.conf=http"]);
    assert_eq!(only(&loaded).of_kind(ContextKind::Location).count(), 1);
}

#[test]
fn files_that_include_one_another_are_judged_all_the_same() {
    let server = |name: &str| format!("server {{ include {name}; }}");
    let loaded = load_tree(&[
        ("conf.d/a.conf", &server("conf.d/b.conf")),
        ("conf.d/b.conf", &server("conf.d/a.conf")),
    ]);
    assert_eq!(layouts(&loaded), ["-: conf.d/a.conf=http"]);
    let three = [
        ("conf.d/a.conf", server("conf.d/b.conf")),
        ("conf.d/b.conf", server("conf.d/c.conf")),
        ("conf.d/c.conf", server("conf.d/a.conf")),
    ];
    let loaded = load_tree(&three.each_ref().map(|(path, text)| (*path, text.as_str())));
    // The server inside a server is not expanded, so what it includes is judged by itself.
    assert_eq!(layouts(&loaded), ["-: conf.d/a.conf=http", "-: conf.d/c.conf=http"]);
    let root = |name: &str| format!("events {{}}\nhttp {{ include {name}; }}");
    let loaded = load_tree(&[("a.conf", &root("b.conf")), ("b.conf", &root("a.conf"))]);
    assert_eq!(layouts(&loaded), ["a.conf:"]);
    let loaded = load_tree(&[("a.conf", &root("a.conf"))]);
    assert_eq!(layouts(&loaded), ["a.conf:"]);
}

#[test]
fn a_root_that_another_includes_is_no_root() {
    let loaded =
        load_tree(&[("nginx.conf", "events {}\ninclude http.conf;\n"), ("http.conf", "http { server {} }")]);
    assert_eq!(layouts(&loaded), ["nginx.conf:"]);
    assert_eq!(only(&loaded).of_kind(ContextKind::Server).count(), 1);
}

#[test]
fn what_is_not_judged() {
    let table: [(&str, &str, &str); 9] = [
        ("conf.d/t.conf", "server { listen $!{port} ssl; }", "conf.d/t.conf Template(\"{port}\")"),
        (
            "conf.d/t.conf",
            "{{ range whereExist $CurrentContainer \"a\" }} server { }\n{{ end }}",
            "conf.d/t.conf Template(\"{{\")",
        ),
        ("a.conf", "[mysqld]\nport = 1\n", "a.conf NotNginx"),
        ("a.conf", "key = value;\n", "a.conf NotNginx"),
        ("a.conf", "<VirtualHost *:80>\n  ServerName a\n</VirtualHost>\n", "a.conf NotNginx"),
        ("a.conf", "\0\0\x01ELF; x;", "a.conf Binary"),
        ("a.conf", "# nothing\n", "a.conf Empty"),
        ("README.md", "server { server_name a; access_log off; }", "README.md OtherKind(Markup)"),
        ("conf.d/x.conf.bak", "server {}", "conf.d/x.conf.bak OtherName"),
    ];
    for (path, text, expected) in table {
        let loaded = load_tree(&[(path, text)]);
        assert_eq!(skipped(&loaded), ["/repo/nginx NothingFound", expected], "{text}");
        assert!(loaded.judged.is_empty());
    }
}

#[test]
fn templates_are_read() {
    for (path, text) in [
        ("conf.d/t.conf", "server { listen {{ port }}; }"),
        ("conf.d/t.conf", "server { location /{{ path }} { } }"),
        ("conf.d/t.conf", "server { {{ include \"a\" . }} }"),
        ("conf.d/t.conf", "server { listen {PORT}; }"),
        ("conf.d/t.conf", "server { root /a/{!DIR!}/b; }"),
        ("conf.d/t.conf", "server { {EXTRA} listen 80; }"),
        ("conf.d/t.conf", "server { @@EXTRA@@ }"),
        ("conf.d/t.conf", "{% if x %}\nserver {}\n"),
        ("conf.d/t.conf", "server { <% if tls %> listen 443; <% end %> }"),
        ("conf.d/t.conf", "server { ${tls.lines} }"),
        ("conf.d/t.conf", "server { listen 80; ${EXTRA} }"),
        ("x.conf.j2", "server {}"),
    ] {
        let loaded = load_tree(&[(path, text)]);
        assert_eq!(skipped(&loaded), [""; 0], "{text}");
        let errors = loaded.sources.iter().map(|(_, file)| file.tree.errors().len()).sum::<usize>();
        assert_eq!(errors, 0, "{text}");
        assert!(loaded.sources.iter().all(|(_, file)| file.hosted().is_some()), "{text}");
    }
}

#[test]
fn what_only_looks_like_a_template() {
    for text in [
        "server { listen 80; return 200 '${host}'; }",
        "# {{ mustache }}\nserver { }",
        "server { location / { content_by_lua_block { local a = {{1}} } } }",
        "log_format j escape=json '{\"a\":{\"b\":\"$host\"},\"c\":{{}}}';\nserver {}",
        "server { location / { return 200 \"{{base}}\"; } }",
        "server { location / { return 200 'a {{ b }} c'; } }",
        "server { location / { return 200 '{{ a }} {{ b }}'; } }",
        "server { location ~ \"^/a{{2}\" { return 200 '[[ a'; } }",
        "server { set $a \"${scheme}\"; add_header A b@@c; }",
        "server { add_header X \"{{ x }}\"; server_name '<%= host %>' \"{{- b -}}\"; }",
        "server { listen <%= port %>; server_name @@NAME@@ ${NAME}; }",
        "server { add_header X <%; }",
        // What is broken.
        "server { listen 80; location /a {internal} location ~ ^/a{2}$ { } }",
        "server { listen 80; return 200 '{NAME}'; # {NAME}\n }",
        r"server { listen 80; rewrite ^/\p{L}+$ /x; location ~ ^/\k{name} { } }",
        "map $host $x { \"{{ host }}\" 1; @@HOST@@ 2; } server {}",
        "# <% if %>\nserver { root '{% a %}'; }",
    ] {
        assert_eq!(skipped(&load_tree(&[("conf.d/a.conf", text)])), [""; 0], "{text}");
    }
}

#[test]
fn named_files_are_judged_whatever_they_are_called() {
    let memory = files(&[("some.text", "proxy_pass http://a;"), ("nginx.conf", ROOT)]);
    let loaded = load(&memory, &[PathBuf::from(TREE).join("some.text")], &scope());
    assert_eq!(layouts(&loaded), ["-: some.text=location"]);
}

#[test]
fn several_arguments() {
    let memory = files(&[("a/x.conf", "server {}"), ("b/nginx.conf", ROOT), ("b/y.conf", "server {}")]);
    let argument = |path: &str| PathBuf::from(TREE).join(path);
    let loaded = load(&memory, &[argument("a"), argument("b")], &scope());
    assert_eq!(layouts(&loaded), ["b/nginx.conf: b/y.conf=http", "-: a/x.conf=http"]);
    // A file that is named and walked is judged once.
    let loaded = load(&memory, &[argument("a"), argument("a/x.conf"), argument("a/x.conf")], &scope());
    assert_eq!(layouts(&loaded), ["-: a/x.conf=http"]);
    let loaded = load(&memory, &[argument("none.conf")], &scope());
    assert_eq!(skipped(&loaded), ["none.conf Unreadable(NotFound)"]);
}

#[test]
fn sites_available_without_links_are_all_judged() {
    let root = "events {}\nhttp { include sites-enabled/*; }\n";
    let loaded = load_tree(&[
        ("nginx.conf", root),
        ("sites-available/a", "server {}"),
        ("sites-available/b", "server {}"),
    ]);
    assert_eq!(layouts(&loaded), ["nginx.conf: sites-available/a=http sites-available/b=http"]);
}
