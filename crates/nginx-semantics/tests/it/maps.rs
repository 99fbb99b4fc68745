//! `map` and variables.

use nginx_semantics::{Value, Variables};

use crate::common::{Fixed, evaluate, known, load_root, location, only};

/// A request whose `$http_upgrade` is this; empty for an ordinary one.
fn upgrade(value: &str) -> Fixed {
    Fixed(vec![("http_upgrade", known(value)), ("http_connection", known("keep-alive, Upgrade"))])
}

/// `$v` where `http` holds this.
fn value(http: &str, request: &Fixed) -> String {
    in_location(http, request, "$v")
}

fn in_location(http: &str, request: &Fixed, text: &str) -> String {
    let loaded = load_root(&format!("events {{}} http {{ {http} server {{ location / {{}} }} }}"), &[]);
    let configuration = only(&loaded);
    evaluate(configuration, location(configuration, "/"), request, text)
}

#[test]
fn keys() {
    let table = [
        // Literals are compared without case, both ways.
        ("default d; websocket up;", "websocket", "up"),
        ("default d; WebSocket up;", "websocket", "up"),
        ("default d; websocket up;", "WEBSOCKET", "up"),
        ("default d; websocket up;", "websocket, h2c", "d"),
        // The empty key, and a missing default.
        ("default upgrade; '' close;", "", "close"),
        ("default upgrade; \"\" close;", "websocket", "upgrade"),
        ("'' close;", "websocket", ""),
        ("websocket up;", "", ""),
        // Literals before regexes whatever the order, then regexes in order, then the default.
        ("~^web a; websocket b; default c;", "websocket", "b"),
        ("~^web a; ~socket$ b; default c;", "websocket", "a"),
        ("default c; ~^x a; ~socket$ b;", "websocket", "b"),
        ("~^WEB a; default c;", "websocket", "c"),
        ("~*^WEB a; default c;", "websocket", "a"),
        ("~*^websocket$ upgrade;", "WebSocket", "upgrade"),
        // nginx tries no regex for an empty source.
        ("default upgrade; ~^$ close;", "", "upgrade"),
        ("default d; ~.* up;", "", "d"),
        // A backslash makes a literal of a special word.
        ("default d; \\default l;", "default", "l"),
        ("default d; \\hostnames l;", "hostnames", "l"),
        ("default d; \\~x l;", "~x", "l"),
        ("\"default\" d;", "websocket", "d"),
        // `volatile` is no key.
        ("volatile; default d;", "volatile", "d"),
        // Wildcard host names may match; literals come before them.
        ("hostnames; default d; *.ex.com w;", "a.ex.com", "w"),
        ("hostnames; default d; *.ex.com w;", "ex.com", "d"),
        ("hostnames; default d; *.com c; *.ex.com w; a.ex.com e;", "b.A.ex.com", "w"),
        ("hostnames; default d; *.com c; *.ex.com w; a.ex.com e;", "a.ex.com", "e"),
        ("hostnames; default d; .ex.com w;", "ex.com", "w"),
        ("hostnames; default d; .ex.com w;", "b.ex.com", "w"),
        ("hostnames; default d; www.* t; *.org h;", "www.ex.org", "h"),
        ("hostnames; default d; www.* t; www.ex.* u;", "www.ex.net", "u"),
        ("hostnames; default d; www.* t;", "www", "d"),
        ("hostnames; default d; ~ex r; *.com w;", "ex.com", "w"),
        ("default d; *.ex.com w; hostnames;", "a.ex.com", "d"),
        ("hostnames; default d; ex.com w;", "ex.com", "w"),
        // A regex that is not evaluated may match or not.
        ("default d; ~(?=w) r; ~^web s;", "websocket", "r|s"),
        ("default d; ~(?=w) r;", "websocket", "d|r"),
        // What the entry's own regex captured, by number and by name; a group that took no part is empty.
        ("default d; ~(.*) $1;", "websocket", "websocket"),
        ("default d; ~*^(WEB)(s.*)$ a-$2-$1;", "websocket", "a-socket-web"),
        ("default d; ~^(?<a>web)(x)? <$2$9${A}>;", "websocket", "<web>"),
        ("default d; ~^(?=w) x; ~^(web) $1;", "websocket", "web|x"),
        // Other variables may run regexes of their own; literals and the default have no regex.
        ("default d; ~^(web) $1$host;", "websocket", "?"),
        ("default $1; ~^(x) $1;", "websocket", "?"),
        ("websocket $1;", "websocket", "?"),
        // In this both engines may put different things into the group.
        ("default d; ~^(web|s*)*o $1;", "websocket", "?"),
        ("default d; ~(?<n>.*) $n;", "websocket", "websocket"),
    ];
    for (entries, input, expected) in table {
        let http = format!("map $http_upgrade $v {{ {entries} }}");
        assert_eq!(value(&http, &upgrade(input)), expected, "{entries} for {input}");
    }
}

#[test]
fn sources_and_values() {
    let table = [
        // Of two maps for one variable the last one counts, silently.
        ("map $http_upgrade $v { default 1; } map $http_upgrade $v { default 2; }", "2"),
        // A map on a map, defined after use; a source of several parts; values with variables.
        ("map $w $v { yes up; default no; } map $http_upgrade $w { websocket yes; }", "up"),
        ("map \"$http_upgrade-x\" $v { websocket-x up; }", "up"),
        ("map ${http_upgrade} $v { websocket up; }", "up"),
        ("map $http_upgrade $v { websocket \"a-${http_upgrade}b\"; }", "a-websocketb"),
        ("map $http_upgrade $v { websocket $HTTP_Upgrade; }", "websocket"),
        // Firefox sends a list.
        ("map $http_connection $v { Upgrade upgrade; default no; }", "no"),
        ("map $http_connection $v { ~*upgrade upgrade; default no; }", "upgrade"),
        // The name may be in any case.
        ("map $http_upgrade $V { websocket up; }", "up"),
        // nginx accepts a map that hides one of its own variables of the `http_` kind.
        ("map $http_host $v { default $http_upgrade; } map $http_host $http_upgrade { default x; }", "x"),
        // Braces are part of the name here, so `$v` is defined nowhere.
        ("map $http_upgrade ${v} { websocket up; }", "?"),
        ("geo $v { default 1; }", "?"),
        ("geo $http_upgrade $v { default 1; }", "1"),
        ("split_clients $remote_addr $v { * a; }", "?"),
        ("split_clients $http_upgrade $v { 10% a; * b; }", "b"),
        ("split_clients $http_upgrade $v { 10% a; include missing; * b; }", "?"),
        ("", "?"),
    ];
    for (http, expected) in table {
        assert_eq!(value(http, &upgrade("websocket")), expected, "{http}");
    }
}

#[test]
fn the_longest_network_decides() {
    let table = [
        (
            "default d; 10.0.0.0/8 a; 10.1.0.0/16 b; 10.1.2.3 c;",
            [("10.2.0.1", "a"), ("10.1.9.9", "b"), ("10.1.2.3", "c")],
        ),
        // Bits behind the prefix do not count, the last line does, and what is no address is 255.255.255.255.
        ("10.1.2.3/8 a; 10.0.0.0/8 b; 255.0.0.0/8 n;", [("10.2.0.1", "b"), ("websocket", "n"), ("::1", "")]),
        (
            "default d; 2001:db8::/32 s; delete 10.0.0.0/8;",
            [("2001:db8::7", "s"), ("10.0.0.1", "d"), ("::ffff:1.2.3.4", "d")],
        ),
        ("default d; ranges; 10.0.0.0-10.0.0.9 a;", [("10.0.0.1", "?"), ("1.1.1.1", "?"), ("x", "?")]),
        ("default d; proxy 127.0.0.1; 10.0.0.0/8 a;", [("10.0.0.1", "?"), ("1.1.1.1", "?"), ("x", "?")]),
    ];
    for (entries, answers) in table {
        for (address, expected) in answers {
            let http = format!("geo $http_upgrade $v {{ {entries} }}");
            assert_eq!(value(&http, &upgrade(address)), expected, "{entries} {address}");
        }
    }
}

#[test]
fn an_unknown_source_gives_one_of_all_outcomes() {
    let unknown = Fixed(vec![("http_x", Value::NotEmpty)]);
    let map = |source: &str, entries: &str| format!("map {source} $v {{ {entries} }}");
    let table = [
        ("$http_upgrade", "default upgrade; '' close;", "close|upgrade"),
        ("$http_upgrade", "a 1; ~b 2;", "|1|2"),
        // What is not empty matches no empty key.
        ("$http_x", "default upgrade; '' close;", "upgrade"),
        ("$http_x", "default upgrade; ~x other; '' close;", "other|upgrade"),
        ("$http_upgrade", "hostnames; default a; b c; .d e;", "a|c|e"),
    ];
    for (source, entries, expected) in table {
        assert_eq!(value(&map(source, entries), &unknown), expected, "{source} {entries}");
    }
}

#[test]
fn cycles_of_maps_end() {
    let once = "map $w $v { default \"a$w\"; } map $v $w { default \"b$v\"; }";
    let often = "map $v $v { default \"$v$v$v$v$v$v$v$v\"; }";
    let wide: String =
        (0..20).map(|n| format!("map $v{} $v{n} {{ default \"$v{0}$v{0}$v{0}$v{0}\"; }} ", n + 1)).collect();
    assert_ne!(value(once, &upgrade("")), "x");
    assert_ne!(value(often, &upgrade("")), "x");
    assert_eq!(
        in_location(&format!("{wide} map $http_upgrade $v20 {{ default x; }}"), &upgrade(""), "$v0"),
        "?"
    );
}

#[test]
fn include_inside_a_map() {
    let text = |include: &str| {
        format!(
            "events {{}} http {{ map $http_upgrade $v {{ default d; include {include}; }} server {{ location / {{}} }} }}"
        )
    };
    for (include, input, expected) in [
        ("map.inc", "websocket", "up"),
        ("map.inc", "", "d"),
        ("missing.inc", "websocket", "?"),
        ("missing/*.inc", "websocket", "?"),
    ] {
        let loaded = load_root(&text(include), &[("map.inc", "websocket up;\n")]);
        let configuration = only(&loaded);
        let seen = evaluate(configuration, location(configuration, "/"), &upgrade(input), "$v");
        assert_eq!(seen, expected, "{include}");
    }
}

#[test]
fn texts() {
    let http = "map $http_upgrade $v { default up; }";
    for (text, expected) in [
        ("", ""),
        ("close", "close"),
        ("a${v}b", "aupb"),
        ("$V", "up"),
        ("$HTTP_UPGRADE", "websocket"),
        // envsubst or the like fills it in before nginx reads it.
        ("${HTTP_UPGRADE}", "?"),
        ("$1", "?"),
        ("x$1", "NOT EMPTY"),
        ("$http_other", "?"),
        ("$undefined", "?"),
        ("$v$", "NOT EMPTY"),
    ] {
        assert_eq!(in_location(http, &upgrade("websocket"), text), expected, "{text}");
    }
}

#[test]
fn names_are_defined_wherever_they_stand() {
    let text = "events {} http { map $a $m {} geo $g {} split_clients $a $s { * x; } \
                server { server_name ~^(?<named>.*)$; set $In_Server 1; \
                location ~ (?<inner>x) { auth_request_set $a_r_s $host; } \
                if ($host ~ (?P<tested>x)) { return 200; } rewrite (?'old'x) /; } } \
                stream { map $a $in_stream {} }";
    let loaded = load_root(text, &[]);
    let variables = Variables::new(only(&loaded));
    for name in [
        "m",
        "g",
        "s",
        "named",
        "in_server",
        "IN_SERVER",
        "inner",
        "a_r_s",
        "tested",
        "old",
        "http_any",
        "host",
    ] {
        assert!(variables.is_defined(name.as_bytes()), "{name}");
    }
    for name in ["in_stream", "connection_upgrade", "hosts"] {
        assert!(!variables.is_defined(name.as_bytes()), "{name}");
    }
}
