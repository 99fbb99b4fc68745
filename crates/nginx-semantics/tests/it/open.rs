//! What no configuration says, and what it says of what looks so: names that capture, back ends that answer or are down,
//! subrequests, files. As nginx.

use nginx_semantics::{Exchanges, UpstreamRequest};

use crate::exchange::{NEW, OLD, handshake, run, run_on_disk, run_told, target};

/// The outcomes, without the fields of requests.
fn brief(ways: &str) -> Vec<String> {
    let brief = |way: &str| way.split(" | ").next().unwrap_or_default().trim_end_matches(" 1.0").to_owned();
    ways.lines().map(brief).collect()
}

#[test]
fn what_a_name_captures() {
    let table = [
        ("~^(?<sub>[a-z]+)\\.com$", "return 302 /$sub-$1;", "302 to /example-example"),
        ("~^EX(?<sub>.+)\\.com$", "return 302 /$sub-$1;", "302 to /ample-ample"),
        // What comes first, exact names before all, decides.
        ("~^none(?<sub>.) ~^(?<sub>e)(.)", "return 302 /$sub-$2;", "302 to /e-x"),
        ("~^(?<sub>.+)\\.com$ example.com", "return 302 /$sub-$1;", "302 to /-"),
        ("~^(?<sub>.+)\\.com$", "location ~ ^/(w) { return 302 /$sub-$1; }", "302 to /example-w"),
        ("~^(?<sub>.+)\\.com$", "location ~ ^/w { return 302 /$sub-$1; }", "302 to /example-"),
        ("~^(?<sub>.+)\\.com$", "set $x $1; return 302 /$x;", "302 to /example"),
        // The only server takes every host.
        ("~^(?<sub>.+)\\.org$", "return 302 /$sub-$1;", "302 to /-"),
    ];
    for (names, lines, expected) in table {
        let http = format!("server {{ server_name {names}; {lines} }}");
        let seen = run_on_disk(&http, &handshake("/ws"));
        assert_eq!(seen.split(" by ").next(), Some(expected), "{http}");
        // A host that stands for others says nothing of what is captured, but what another regex captures is known.
        let open = run(&http, OLD, &handshake("/ws"));
        assert_ne!(open.split(" by ").next(), Some(expected), "{http}");
    }
    let http = "server { server_name ~^(?<sub>.+)\\.com$ a.test; location ~ ^/(w) { return 302 /$1; } }";
    assert!(run(http, OLD, &handshake("/ws")).starts_with("302 to /w "));
    let http = "upstream up_example { server a; } server { server_name ~^(?<sub>[a-z]+)\\.com$; \
        location / { proxy_pass http://up_$sub/$1; } }";
    assert_eq!(brief(&run_on_disk(http, &handshake("/ws"))), ["[/] GET /example"]);
    assert_eq!(brief(&run(http, OLD, &handshake("/ws"))), ["cannot say: value"]);
}

#[test]
fn where_every_server_is_down() {
    let table = [
        ("server a down;", "location / { proxy_pass http://u; }", "502 AllDown"),
        ("server a down; server b backup down;", "location / { proxy_pass http://u; }", "502 AllDown"),
        ("server a down; server b backup;", "location / { proxy_pass http://u; }", "/ws"),
        ("server a down;", "set $u u; location / { proxy_pass http://$u; }", "502 AllDown"),
        ("server a down;", "location / { uwsgi_pass u; }", "502 AllDown"),
        ("server a down; include more.conf;", "location / { proxy_pass http://u; }", "/ws"),
        (
            "server a down;",
            "error_page 502 = @b; location / { proxy_pass http://u; } location @b { return 204; }",
            "204 by return 204",
        ),
    ];
    for (peers, server, expected) in table {
        let http = format!("upstream u {{ {peers} }} server {{ {server} }}");
        let seen = run(&http, OLD, &handshake("/ws"));
        let seen =
            seen.split_once("GET ").map_or(seen.as_str(), |(_, rest)| rest.split(' ').next().unwrap_or(""));
        assert_eq!(seen, expected, "{http}");
    }
}

#[test]
fn what_a_subrequest_is_answered_with_decides() {
    let known = [
        ("return 403;", "403 by auth_request /auth"),
        ("return 401;", "401 by auth_request /auth"),
        ("return 404;", "500 by auth_request /auth"),
        ("return 302 /login;", "500 by auth_request /auth"),
        ("return 204;", "[/] GET /ws"),
        ("return 200 yes;", "[/] GET /ws"),
        ("return 444;", "444 by auth_request /auth"),
        ("internal; return 204;", "[/] GET /ws"),
        ("root /srv;", "500 by auth_request /auth"),
        ("error_page 404 =204 /yes; return 404;", "[/] GET /ws"),
        ("if ($request_method = GET) { return 204; } return 403;", "[/] GET /ws"),
        ("proxy_pass http://u;", "500 by auth_request /auth"),
    ];
    for (auth, expected) in known {
        let http = format!(
            "upstream u {{ server a down; }} server {{ location / {{ auth_request /auth; proxy_pass http://b; }} \
             location = /auth {{ {auth} }} location = /yes {{ return 204; }} }}"
        );
        assert_eq!(brief(&run(&http, OLD, &handshake("/ws"))), [expected], "{auth}");
    }
    let satisfy = "satisfy any; deny all; auth_request /auth; proxy_pass http://b;";
    for (auth, expected) in [
        ("return 204;", "[/] GET /ws"),
        ("return 403;", "403 by auth_request /auth"),
        ("return 401;", "401 by auth_request /auth"),
        ("return 404;", "500 by auth_request /auth"),
    ] {
        let http = format!("server {{ location / {{ {satisfy} }} location = /auth {{ {auth} }} }}");
        assert_eq!(brief(&run(&http, OLD, &handshake("/ws"))), [expected], "{auth}");
    }
    // What it sets stays, what it captures does not.
    let http = "server { location ~ ^/(w) { auth_request /sets; proxy_pass http://127.0.0.1/$v$1$n; } \
        location ~ ^/(?<n>s)(ets)$ { set $v $2; return 204; } }";
    assert_eq!(brief(&run(http, OLD, &handshake("/ws"))), ["[~ ^/(w)] GET /etsws"]);
    // The back end of the subrequest may say anything, unless an `error_page` keeps a status.
    let open = "server { location / { auth_request /auth; proxy_pass http://b; } location = /auth { proxy_pass http://a; } }";
    assert_eq!(brief(&run(open, OLD, &handshake("/ws"))).len(), 4);
    // What was not given may answer it.
    let partial = "server { include more.conf; location / { auth_request /auth; proxy_pass http://b; } }";
    assert_eq!(brief(&run(partial, OLD, &handshake("/ws"))).len(), 4);
    let kept = open.replace("= /auth {", "= /auth { error_page 404 @a; return 404; } location @a {");
    assert_eq!(brief(&run(&kept, OLD, &handshake("/ws"))), ["500 by auth_request /auth"]);
}

#[test]
fn files_that_may_be_there() {
    let table: [(&str, &str, &[&str]); 12] = [
        ("location / { root /srv; }", "/ws", &["404 NoFile", "/ws? 200 File", "/ws? 301 to /ws/ Directory"]),
        (
            "location / { root /srv; }",
            "/ws/",
            &["404 NoFile", "/ws/index.html? 200 File", "/ws/? 403 Directory"],
        ),
        (
            "location / { autoindex on; }",
            "/ws/?a",
            &["404 NoFile", "/ws/index.html? 200 File", "/ws/? 200 Directory"],
        ),
        (
            "location / { index /app.html; }",
            "/",
            &["404 NoFile", "/app.html? 200 File", "/app.html? 301 to /app.html/ Directory"],
        ),
        // `index` leads to another location.
        (
            "location ~ \\.html$ { proxy_pass http://b; } location / { root /srv; }",
            "/",
            &["404 NoFile", "/index.html? [~ \\.html$] GET /index.html", "/? 403 Directory"],
        ),
        // A file beside a `proxy_pass` changes the URI, which is passed on as it came.
        (
            "location / { try_files /f =404; proxy_pass http://b; }",
            "/ws",
            &["404 by try_files /f =404", "/f? [/] GET /ws"],
        ),
        (
            "location / { try_files /f =404; proxy_pass http://b/x/; }",
            "/ws",
            &["404 by try_files /f =404", "/f? [/] GET /x/f"],
        ),
        (
            "location /w/ { alias /srv/; try_files $uri =404; }",
            "/w/s",
            &["404 by try_files $uri =404", "/w/s? 200 File"],
        ),
        (
            "location / { try_files $uri/ =404; }",
            "/ws",
            &["404 by try_files $uri/ =404", "/ws? 301 to /ws/ Directory"],
        ),
        // The same file is asked for once, and what is tried last is likely there.
        (
            "location / { try_files $uri /app.html; }",
            "/ws",
            &["/app.html? 200 File", "500 RedirectLimit", "/ws? 200 File"],
        ),
        ("location / { try_files $uri =404; }", "/ws/", &["404 by try_files $uri =404"]),
        ("location / { auth_request /f; return 204; }", "/ws", &["204 by return 204"]),
    ];
    for (server, path, expected) in table {
        let http = format!("server {{ {server} }}");
        let seen = brief(&run_on_disk(&http, &handshake(path)));
        let seen: Vec<_> = seen.iter().map(|way| way.replace("http://example.com:8080", "")).collect();
        // The first is the likeliest, and the others have no order.
        let sorted = |ways: &[String]| {
            let mut ways = ways.to_vec();
            ways[1..].sort();
            ways
        };
        let expected: Vec<String> = expected.iter().map(|way| (*way).to_owned()).collect();
        assert_eq!(sorted(&seen), sorted(&expected), "{server} {path}");
    }
    let mut post = handshake("/ws");
    post.method = "POST".to_owned();
    let seen = brief(&run_on_disk("server { location / { root /srv; } }", &post));
    assert_eq!(seen, ["404 NoFile", "/ws? 301 to /ws/ Directory", "/ws? 405 File"]);
    post.method = "PUT".to_owned();
    assert_eq!(brief(&run_on_disk("server { location / { root /srv; } }", &post)), ["405 NoFile"]);
}

#[test]
fn answers_that_are_kept_from_the_client() {
    fn refuses<'s>(_: &Exchanges<'_, 's>, request: &UpstreamRequest<'s>) -> Option<u16> {
        Some(if request.peer.as_known() == Some(b"ws") { 101 } else { 426 })
    }
    fn unknown<'s>(_: &Exchanges<'_, 's>, _: &UpstreamRequest<'s>) -> Option<u16> {
        None
    }
    let on = "proxy_intercept_errors on;";
    let table = [
        (format!("{on} error_page 426 = @ws;"), "426! [@ws] GET /ws"),
        (format!("{on} error_page 404 426 =503 @ws;"), "426! [@ws] as 503 GET /ws"),
        (format!("{on} error_page 404 = @ws;"), "[/] GET /ws"),
        ("error_page 426 = @ws;".to_owned(), "[/] GET /ws"),
        (format!("{on} error_page 426 = @again;"), "426! 426! 426 Intercepted"),
        (format!("{on} error_page 426 = @again; recursive_error_pages on;"), "426! 426! [@ws] GET /ws"),
    ];
    let rest = "location @ws { proxy_pass http://ws; } location @again { error_page 426 = @ws; proxy_pass http://b; }";
    for (lines, expected) in table {
        let again = if lines.contains("recursive") {
            "proxy_intercept_errors on; recursive_error_pages on;"
        } else {
            ""
        };
        let again =
            if lines.contains("@again;") && again.is_empty() { "proxy_intercept_errors on;" } else { again };
        let http = format!("server {{ {again} location / {{ {lines} proxy_pass http://b; }} {rest} }}");
        let http = http.replacen(&format!("{on} {on}"), on, 1);
        assert_eq!(brief(&run_told(&http, &handshake("/ws"), refuses)), [expected], "{http}");
    }
    let http = format!(
        "server {{ location / {{ {on} error_page 404 405 = @ws; error_page 500 = @ws; proxy_pass http://b; }} {rest} }}"
    );
    let expected = ["[/] GET /ws", "404? [@ws] GET /ws", "405? [@ws] GET /ws", "500? [@ws] GET /ws"];
    let mut seen = brief(&run_told(&http, &handshake("/ws"), unknown));
    seen.sort_by_key(|way| expected.iter().position(|one| one == way));
    assert_eq!(seen, expected);
}

#[test]
fn what_a_map_captures_behind_its_use() {
    let map = "map $uri $mp { ~^/(?<rs>..) r-$rs; }";
    let header = |lines: &str, location: &str| {
        format!("{map} server {{ location {location} {{ proxy_pass http://b; {lines} }} }}")
    };
    let (rs, mp) = ("proxy_set_header X-rs \"[$rs]\";", "proxy_set_header X-mp \"[$mp]\";");
    let before = run(&header(&format!("{rs} {mp}"), "~ ^/(?<rs>w)"), NEW, &handshake("/ws"));
    assert_eq!(before, "cannot say: defect");
    // As long as it was, or shorter, or read behind it: what is written is what the map captured.
    for (lines, location) in [
        (format!("{rs} {mp}"), "~ ^/(?<rs>ws)"),
        (format!("{rs} {mp}"), "~ ^/(?<rs>ws/.)"),
        (format!("{mp} {rs}"), "/"),
    ] {
        let seen = run(&header(&lines, location), NEW, &handshake("/ws/chat"));
        assert!(
            seen.contains("| X-rs: [ws]") && seen.contains("| X-mp: [r-ws]"),
            "{lines} {location}: {seen}"
        );
    }
    // One value is measured before it is written too.
    let seen = target(&format!("location / {{ return 302 /$rs-$mp; }} }} {map} server {{"), "/ws");
    assert!(!seen.starts_with("302 to /-"), "{seen}");
    let seen = target(&format!("location / {{ return 302 /$mp-$rs; }} }} {map} server {{"), "/ws");
    assert!(seen.starts_with("302 to /r-ws-ws"), "{seen}");
}
