//! `set` and `if`. The rows were run on nginx 1.30.6.

use nginx_semantics::{ClientRequest, ContextKind, Value};

use crate::common::{Fixed, evaluate, find, known, load_root, location, only};
use crate::exchange::{OLD, handshake, with_exchanges};

fn request() -> Fixed {
    Fixed(vec![("http_upgrade", known("websocket")), ("http_x", Value::Unknown), ("http_e", known(""))])
}

/// `$v` in `location /` with these directives in the server and in the location.
fn value(server: &str, inside: &str) -> String {
    let text = format!(
        "events {{}} http {{ map $http_upgrade $mapped {{ default m; }} \
         server {{ {server} location / {{ {inside} }} }} }}"
    );
    let loaded = load_root(&text, &[]);
    let configuration = only(&loaded);
    evaluate(configuration, location(configuration, "/"), &request(), "$v")
}

#[test]
fn set_runs_in_the_server_then_in_the_location() {
    let table = [
        ("set $v s;", "", "s"),
        ("set $v s;", "set $v l;", "l"),
        ("set $v s;", "set $v l; set $v k;", "k"),
        ("location /other {} set $v s;", "", "s"),
        ("", "set $V l;", "l"),
        ("set $v \"a b\";", "", "a b"),
        ("set $v $mapped;", "", "m"),
        ("set $v ${http_upgrade}x;", "", "websocketx"),
        // A `set` sees what was set before it, not what is set after.
        ("set $a 1; set $v $a; set $a 2;", "", "1"),
        ("set $a 1;", "set $v \"${a}b\"; set $a 2;", "1b"),
        ("set $v a;", "set $v \"${v}b\";", "ab"),
        // `break` ends the phase of its own level.
        ("set $v s;", "set $v 1; break; set $v 2;", "1"),
        ("set $v s; break; set $v t;", "", "s"),
        ("break;", "set $v l;", "l"),
        // Outer locations are not run through.
        ("", "location /n {} set $v l;", "l"),
    ];
    for (server, inside, expected) in table {
        assert_eq!(value(server, inside), expected, "{server} | {inside}");
    }
}

/// Scripts before the content handler may write what `set` has defined (`ngx.var` of lua-nginx-module).
#[test]
fn scripts_may_change_what_is_set() {
    let script = |name: &str| format!("{name} {{ ngx.var.v = 'b' }}");
    for name in ["rewrite_by_lua_block", "access_by_lua_block", "server_rewrite_by_lua_block"] {
        assert_eq!(value("set $v a;", &script(name)), "?", "{name}");
        assert_eq!(value(&format!("set $v a; {}", script(name)), ""), "?", "{name}");
        assert_eq!(value(&format!("set $v a; location /other {{ {} }}", script(name)), ""), "a", "{name}");
    }
    assert_eq!(value("set $v a;", "access_by_lua_file a.lua;"), "?");
    assert_eq!(value("set $v a;", "log_by_lua_block { x() }"), "a", "it runs when all is over");
    // Nobody writes what a map makes.
    let text = "events {} http { map $http_upgrade $v { default m; } server { location / { access_by_lua_file a.lua; } } }";
    let loaded = load_root(text, &[]);
    let configuration = only(&loaded);
    assert_eq!(evaluate(configuration, location(configuration, "/"), &request(), "$v"), "m");
}

#[test]
fn conditions() {
    let table = [
        ("($http_upgrade)", "yes"),
        ("($http_e)", "no"),
        ("( $http_upgrade )", "yes"),
        ("($http_upgrade = websocket)", "yes"),
        ("($http_upgrade = WebSocket)", "no"),
        ("($http_upgrade = \"websocket\")", "yes"),
        ("($http_upgrade = '')", "no"),
        ("($http_e = '')", "yes"),
        ("($http_upgrade != websocket)", "no"),
        ("($http_upgrade ~ ^web)", "yes"),
        ("($http_upgrade ~ ^WEB)", "no"),
        ("($http_upgrade ~* ^WEB)", "yes"),
        ("($http_upgrade !~ ^web)", "no"),
        ("($http_upgrade !~* ^x)", "yes"),
        ("($http_x)", "no|yes"),
        ("($http_x = a)", "no|yes"),
        ("($http_x ~ a)", "no|yes"),
        ("($http_upgrade ~ (?=w))", "no|yes"),
        ("(-f $request_filename)", "no|yes"),
        ("(!-e /x)", "no|yes"),
        // All of it is the name of a variable: nginx accepts it, and it is never true.
        ("($http_upgrade='websocket')", "no"),
        ("($http_upgrade!='websocket')", "no"),
        ("($http_upgrade~*websocket)", "no"),
    ];
    for (condition, expected) in table {
        let block = format!("set $v no; if {condition} {{ set $v yes; }}");
        assert_eq!(value(&block, ""), expected, "server: {condition}");
        assert_eq!(value("", &block), expected, "location: {condition}");
    }
    // `0` is false too.
    assert_eq!(value("set $z 0; set $v no; if ($z) { set $v yes; }", ""), "no");
    assert_eq!(value("set $v no; if ($mapped = m) { set $v yes; }", ""), "yes");
}

#[test]
fn ifs_run_where_they_stand() {
    let table = [
        ("set $v a; if ($http_upgrade) { set $v b; } set $v c;", "c"),
        ("if ($http_upgrade) { set $v b; }", "b"),
        ("if ($http_e) { set $v b; }", ""),
        ("if ($http_x) { set $v b; }", "|b"),
        ("set $v a; if ($http_x) { set $v b; set $v \"${v}c\"; }", "a|abc|ac|bc"),
        ("if ($http_upgrade) { set $v b; break; } set $v c;", "b"),
        ("set $v a; if ($http_x) { break; } set $v c;", "a|c"),
    ];
    for (inside, expected) in table {
        let seen = value("", inside);
        // `abc` and `ac` cannot be told from what really happens once `if` may not run; they may be listed.
        if expected.contains("abc") {
            assert!(
                seen.split('|').any(|one| one == "a") && seen.split('|').any(|one| one == "bc"),
                "{seen}"
            );
        } else {
            assert_eq!(seen, expected, "{inside}");
        }
    }
}

#[test]
fn the_if_that_became_the_location_was_true() {
    let text =
        "events {} http { server { location / { if ($http_x = on) { set $b 1; set $c 1; } set $b 2; } } }";
    let loaded = load_root(text, &[]);
    let configuration = only(&loaded);
    let inside = find(configuration, ContextKind::If, "($http_x = on)");
    // nginx runs the whole phase; the `if` only chooses the location.
    assert_eq!(evaluate(configuration, inside, &request(), "$b$c"), "21");
}

#[test]
fn set_elsewhere() {
    let table = [
        // In another location of the server: an internal redirect may bring it along.
        ("location /other { set $v x; }", "", "?"),
        ("location /other { if ($http_x) { set $v x; } }", "", "?"),
        ("", "location /n { set $v x; }", "?"),
        // In another server: defined, but empty here.
        ("} server { set $v x; ", "", ""),
        // A `set` leaves maps and nginx's own variables as they are until it runs.
        ("} server { set $mapped x; } server { ", "set $v $mapped;", "m"),
    ];
    for (server, inside, expected) in table {
        let text = format!(
            "events {{}} http {{ map $http_upgrade $mapped {{ default m; }} server {{ location / {{ {inside} }} {server} }} }}"
        );
        let loaded = load_root(&text, &[]);
        let configuration = only(&loaded);
        let context = location(configuration, "/");
        if server.contains("$mapped") {
            assert_eq!(evaluate(configuration, context, &request(), "$mapped"), expected, "{server}");
        } else {
            assert_eq!(evaluate(configuration, context, &request(), "$v"), expected, "{server} | {inside}");
        }
    }
    let builtin = "set $http_upgrade y;";
    assert_eq!(value(builtin, "set $v $http_upgrade;"), "y");
}

#[test]
fn what_else_gives_a_value_is_not_known() {
    assert_eq!(value("set $v '';", "auth_request_set $v $upstream_http_x;"), "?");
    assert_eq!(value("set $v ''; server_name ~^(?<v>.*)$;", ""), "?");
    assert_eq!(value("if ($host ~ (.*)) { set $v $1; }", ""), "?");
    // A file that was not given may set it.
    assert_eq!(value("include missing.conf; location /o { set $w 1; }", "set $v \"$w\";"), "?");
}

/// What is not known is one question, however often it is asked for, unless it may change meanwhile.
#[test]
fn conditions_that_are_alike_are_decided_once() {
    let count = |http: &str, condition: &str, between: &str| {
        let text = format!(
            "{http} server {{ listen 80; location / {{ if {condition} {{ set $a 1; }} {between} if {condition} {{ set $b 1; }} return 204; }} }}"
        );
        with_exchanges(&text, OLD, |exchanges, server| {
            let request = ClientRequest { client: None, ..handshake("/") };
            exchanges.run(server, request).ways.len()
        })
    };
    let geo = "geo $g { default 0; 10.0.0.0/8 1; }";
    let map = "map $remote_addr $m { default 0; 10.0.0.1 1; }";
    for (http, condition, between, expected) in [
        ("", "($remote_addr = 10.0.0.1)", "", 2),
        ("", "($remote_addr ~ ^10[.].*$)", "", 2),
        (geo, "($g)", "", 2),
        (map, "($m = 1)", "", 2),
        (map, "($m = 1)", "set $m $remote_addr;", 4),
        ("map $remote_addr $m { volatile; default 0; 10.0.0.1 1; }", "($m = 1)", "", 4),
        ("", "($pipe$request_time = 1)", "", 4),
    ] {
        assert_eq!(count(http, condition, between), expected, "{http} {condition} {between}");
    }
}
