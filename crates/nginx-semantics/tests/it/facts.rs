//! What is worked out once for a configuration says what a search through it would.

use nginx_semantics::{
    Balancing, Configuration, ContextKind, DirectiveName, Effective, Pass, Unset, catalogue, effective,
};

use crate::common::{load_root, load_tree, location, only};
use crate::exchange::{NEW, handshake, run};

const TREES: [&[(&str, &str)]; 4] = [
    &[(
        "nginx.conf",
        "user a; events { } http { gzip on; map $a $b { gzip c; default d; } include gone/*.conf; \
         upstream u { server a; } server { include gone.conf; location / { proxy_pass http://u; gzip off; \
         if ($a) { return 1; proxy_pass http://v; } limit_except GET { deny all; } location /n { } } \
         if ($a) { set $a b; } } server { location / { uwsgi_pass a; proxy_pass http://u; gzip on; gzip off; } } } \
         stream { server { proxy_pass a; } }",
    )],
    &[
        ("nginx.conf", "events { } http { include a.conf; server { include a.conf; } }"),
        ("a.conf", "gzip on; proxy_http_version 1.1;"),
        ("site.conf", "server { location / { proxy_pass http://u; } }"),
    ],
    // Fragments: levels around them are not there, or not wholly.
    &[("a.conf", "upstream u { server a; } location /a { proxy_pass http://u; } location /b { } gzip on;")],
    &[("proxy.inc.conf", "proxy_pass http://a; proxy_set_header A b; proxy_set_header C d;")],
];

fn for_each(mut look: impl FnMut(Configuration<'_>)) {
    for tree in TREES {
        let loaded = load_tree(tree);
        assert!(!loaded.layouts.is_empty());
        for layout in &loaded.layouts {
            look(Configuration::new(&loaded.sources, layout));
        }
    }
}

#[test]
fn a_name_that_stands_anywhere_is_there() {
    for_each(|configuration| {
        for row in catalogue::directives() {
            let mut contexts =
                configuration.contexts().filter(|(_, context)| !context.kind.has_entries()).map(|(id, _)| id);
            let is_anywhere =
                contexts.any(|id| configuration.directives(id).any(|directive| directive.name() == row.id));
            assert_eq!(configuration.has_any(row.id), is_anywhere, "{}", row.name);
        }
    });
}

#[test]
fn names_find_what_a_search_finds() {
    for_each(|configuration| {
        for (id, context) in configuration.contexts().filter(|(_, context)| !context.kind.has_entries()) {
            for row in catalogue::directives() {
                let found: Vec<_> = configuration.named(id, row.id).map(|line| line.reference).collect();
                let all = configuration.directives(id).filter(|line| line.name() == row.id);
                let all: Vec<_> = all.map(|line| line.reference).collect();
                assert_eq!(found, all, "{:?} {}", context.kind, row.name);
            }
        }
    });
}

#[test]
fn what_encloses_a_block_is_the_nearest_level_of_a_kind() {
    for_each(|configuration| {
        for (id, _) in configuration.contexts() {
            for kind in [ContextKind::Http, ContextKind::Server, ContextKind::Location] {
                let found = configuration.levels(id).find(|&level| configuration.context(level).kind == kind);
                assert_eq!(configuration.enclosing(id, kind), found);
            }
        }
    });
}

#[test]
fn what_is_set_nowhere_is_in_effect_as_when_each_level_is_asked() {
    let mut seen = Vec::new();
    for_each(|configuration| {
        for (id, _) in configuration.contexts() {
            for row in catalogue::directives().iter().filter(|row| !configuration.has_any(row.id)) {
                let asked = match effective(configuration, id, row.id) {
                    Effective::Default { is_assumed } => Unset::Default { is_assumed },
                    Effective::Unknown(gap) => Unset::Unknown(gap),
                    Effective::Set(set) => panic!("{set:?}"),
                };
                assert_eq!(configuration.unset(id), asked);
            }
            seen.push(std::mem::discriminant(&configuration.unset(id)));
        }
    });
    seen.dedup();
    assert!(seen.len() > 2, "both kinds are there");
}

#[test]
fn children_are_those_that_name_their_parent() {
    for_each(|configuration| {
        for (id, _) in configuration.contexts() {
            let named = configuration.contexts().filter(|(_, child)| child.parent == Some(id));
            let named: Vec<_> = named.map(|(child, _)| child).collect();
            assert_eq!(configuration.children(id), named);
        }
    });
}

#[test]
fn the_last_pass_of_a_context_is_its_pass() {
    let loaded = load_root(TREES[0][0].1, &[]);
    let configuration = only(&loaded);
    let target = |id| Pass::directly_in(configuration, id).map(|pass| pass.target().into_owned());
    let passes = |id| configuration.pass_in(id).map(|line| line.argument(0).unwrap_or_default().into_owned());
    let second = configuration.of_kind(ContextKind::Location).last().unwrap();
    for (id, expected) in [
        (location(configuration, "/"), Some(b"http://u".to_vec())),
        (location(configuration, "/n"), None),
        (configuration.of_kind(ContextKind::If).next().unwrap(), Some(b"http://v".to_vec())),
        (second, Some(b"http://u".to_vec())),
        (configuration.of_kind(ContextKind::StreamServer).next().unwrap(), Some(b"a".to_vec())),
    ] {
        assert_eq!((target(id), passes(id)), (expected.clone(), expected));
    }
}

#[test]
fn blocks_with_included_headers_are_those_that_a_search_finds() {
    let tree = [
        (
            "nginx.conf",
            "events { } http { server { include h.conf; location /a { include h.conf; } include more.conf; \
             location /b { proxy_set_header A b; } location /c { include h.conf; if ($a) { include h.conf; } } } }",
        ),
        ("h.conf", "proxy_set_header A b;"),
        ("more.conf", "location /d { include h.conf; }"),
    ];
    let loaded = load_tree(&tree);
    let configuration = only(&loaded);
    let index = configuration.including_headers();
    let file = |id| configuration.opener(id).map(|opener| opener.reference.file);
    let has = |id: &_| {
        let mut lines = configuration.named(*id, DirectiveName::PROXY_SET_HEADER);
        lines.any(|line| line.included_by().is_some())
    };
    let mut count = 0;
    for (level, _) in configuration.contexts() {
        assert_eq!(index.has(level), has(&level));
        let children = configuration.children(level);
        for of in children.iter().map(|child| file(*child)) {
            let all: Vec<_> =
                children.iter().copied().filter(|child| has(child) && file(*child) == of).collect();
            assert_eq!(index.blocks(level, of), all);
            count += all.len();
        }
    }
    assert!(count > 4, "some of two files");
}

#[test]
fn what_an_upstream_says_of_all_its_servers() {
    for (servers, most, has_backup) in [
        ("server a max_conns=1; server b max_conns=2;", Some(3), false),
        ("server a max_conns=1; server b;", None, false),
        ("server a max_conns=0 backup; server b backup;", None, true),
        ("server a max_conns=4294967295; server b max_conns=1;", Some(u32::MAX), false),
        ("", Some(0), false),
    ] {
        let loaded = load_root(&format!("events {{ }} http {{ upstream u {{ {servers} }} }}"), &[]);
        let configuration = only(&loaded);
        let block = configuration.of_kind(ContextKind::Upstream).next().unwrap();
        let balancing = Balancing::of(configuration, block);
        assert_eq!(balancing.most_connections(), most, "{servers}");
        let last = balancing.peers.iter().rfind(|peer| peer.has("backup"));
        let found = balancing.last_backup().map(|line| line.reference);
        assert_eq!(found, last.map(|peer| peer.directive.reference), "{servers}");
        assert_eq!(last.is_some(), has_backup, "{servers}");
    }
}

/// Rewrites that are passed over leave a request as they would one by one, whatever stands between them.
#[test]
fn a_long_rewrite_phase_does_what_a_short_one_does() {
    let outcome = |lines: &str, target: &str| {
        let http = format!("server {{ {lines} location / {{ proxy_pass http://a; }} }}");
        run(&http, NEW, &handshake(target))
    };
    // None of these matches anything that is asked for.
    let vain: String = (0..40).map(|number| format!("rewrite ^/vain{number}/ /nowhere; ")).collect();
    for lines in [
        "rewrite ^/a/(.*)$ /b/$1; VAIN rewrite ^/b/(.*)$ /c/$1;",
        "VAIN rewrite ^/a/(.*)$ /b/$1; if ($uri ~ b) { VAIN rewrite ^/b /d; } rewrite ^/d /e break; rewrite ^/e /f;",
        "if ($uri ~ /(.)/) { set $x $1; } VAIN set $y a$1; rewrite ^ /$x$y;",
        "VAIN rewrite /x/ /z last; VAIN rewrite ^/a /none;",
    ] {
        for target in ["/a/x/", "/b/y", "/d", "/"] {
            let short = outcome(&lines.replace("VAIN", "rewrite ^/vain/ /nowhere;"), target);
            assert_eq!(outcome(&lines.replace("VAIN", &vain), target), short, "{lines} {target}");
        }
    }
}
