//! Single requests, byte for byte: which block answered, what came back, what the back end received.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::{Duration, Instant};

use nginx_proof::{Binary, Browser, Exchange, Probe, Running, Seen, Setup, found};
use nginx_semantics::NginxVersion;

fn setup(files: &[(&str, &str)]) -> Setup {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Setup { files, is_tested: false, places: true, ..Setup::default() }
}

fn start(binary: &Binary, text: &str) -> Running {
    let running = Running::start(binary, &setup(&[("nginx.conf", text)])).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

fn ask(running: &mut Running, exchange: Exchange) -> Seen {
    running.probe(&Probe::Exchange(exchange))
}

/// Line, text, `$uri` and status of the end of a request.
fn answered(seen: &Seen) -> (usize, String, String, u16) {
    let answered = seen.answered.as_ref().unwrap();
    let place = &answered.place;
    (place.line, place.text.clone(), answered.uri.clone(), answered.status)
}

const PLACES: &str = r#"events {}
http {
    log_format short '$status';
    access_log /var/log/a.log short;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    server {
        listen 80;
        server_name example.com;
        if ($arg_no = server) { return 403; }
        location / {
            access_log off;
            proxy_pass http://app:1;
            if ($arg_to = other) { proxy_pass http://other:2; }
            if ($arg_no = location) { return 402; }
            limit_except GET { deny all; }
        }
        location /ws/ {
            proxy_pass http://app:1;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            location ~ \.old$ { return 410; }
        }
        location /moved { rewrite ^/moved(.*)$ /ws/new$1 last; }
        location /gone { return 444; }
        location /named { error_page 404 = @back; return 404; }
        location @back { return 200 "here"; }
    }
    server {
        listen 127.0.0.1:8080;
        listen 443 ssl;
        ssl_certificate a.pem;
        ssl_certificate_key a.key;
        return 301 https://$host$request_uri;
    }
    server { listen 80; server_name other.example.com; return 404; }
}
"#;

#[test]
fn the_block_that_ends_a_request_is_named() {
    for binary in found().unwrap() {
        let mut running = start(&binary, PLACES);
        let handshake = |path: &str| Exchange::handshake(path, Browser::Chrome);
        for (exchange, line, text, uri, status) in [
            (Exchange::get("/a%20b"), 10, "location /", "/a b", 200),
            (Exchange::get("/?to=other"), 13, "if ($arg_to = other)", "/", 200),
            (Exchange::get("/?no=location"), 14, "if ($arg_no = location)", "/", 402),
            (Exchange::new("POST", "/"), 15, "limit_except GET", "/", 403),
            // Directly in a server an `if` is no level of its own.
            (Exchange::get("/?no=server"), 6, "server", "/", 403),
            (handshake("/ws/x"), 17, "location /ws/", "/ws/x", 101),
            (Exchange::get("/ws"), 17, "location /ws/", "/ws", 301),
            (handshake("/ws/x.old"), 22, r"location ~ \.old$", "/ws/x.old", 410),
            (handshake("/moved/x?y"), 17, "location /ws/", "/ws/new/x", 101),
            (Exchange::get("/gone"), 25, "location /gone", "/gone", 444),
            (Exchange::get("/named"), 27, "location @back", "/named", 200),
            (Exchange::get("/x").at("127.0.0.1:8080"), 29, "server", "/x", 301),
            (Exchange::get("/x").at("443"), 29, "server", "/x", 301),
            (Exchange::get("/x").host("other.example.com"), 36, "server", "/x", 404),
        ] {
            let seen = ask(&mut running, exchange.clone());
            let expected = (line, text.to_owned(), uri.to_owned(), status);
            assert_eq!(answered(&seen), expected, "{exchange:?}");
            assert_eq!(seen.status, (status != 444).then_some(status), "{seen:?}");
        }
        // `location /` is silent, as it says; everything else is in the log of before, in its format.
        let access = running.access();
        assert_eq!(access, ["403", "101", "301", "410", "101", "444", "200", "301", "301", "404"]);
    }
}

const INCLUDED: [(&str, &str); 3] = [
    ("nginx.conf", "events {}\nhttp {\n    include conf.d/*.conf;\n}\n"),
    ("conf.d/a.conf", "server {\n    listen 80;\n    set_real_ip_from 127.0.0.1;\n    include parts/a;\n}\n"),
    (
        "parts/a",
        "# A part of a server.\n\nif ($arg_x) { return 400; }\nlocation /a { access_log off; return 200; }\n",
    ),
];

#[test]
fn a_block_is_named_in_the_file_where_it_stands() {
    for binary in found().unwrap() {
        let mut running = Running::start(&binary, &setup(&INCLUDED)).unwrap();
        let exchange = Exchange::get("/a/b").header("X-Real-IP", "192.0.2.1");
        let seen = ask(&mut running, exchange);
        assert_eq!(answered(&seen), (4, "location /a".to_owned(), "/a/b".to_owned(), 200));
        assert_eq!(seen.answered.unwrap().place.file, "parts/a");
        let seen = ask(&mut running, Exchange::get("/a?x=1"));
        assert_eq!(seen.answered.unwrap().place.file, "conf.d/a.conf");
        assert!(running.access()[0].contains("\" 400 "), "{:?}", running.access());
    }
}

#[test]
fn what_goes_in_and_out_has_the_addresses_of_the_configuration() {
    let text = "events {}\nhttp {\nupstream pool { server app:1; server app:2 backup; }\nserver {\nlisten 8080;\n\
        location /pool/ { proxy_pass http://pool; }\nlocation / { proxy_pass http://app:3/x/; }\n\
        location /port { proxy_pass http://app; proxy_set_header Host $host:$server_port;\n\
        proxy_set_header X-Port $server_port; }\n}\n}\n";
    for binary in found().unwrap() {
        let mut running = start(&binary, text);
        let seen = ask(&mut running, Exchange::get("/a?b=c").header("X-One", "1").header("x-two", "2 3"));
        let received = &seen.received[0];
        assert_eq!(received.backend, "app:3");
        assert!(received.head.line.starts_with("GET /x/a?b=c HTTP/1."), "{received:?}");
        let headers: Vec<(&str, &str)> =
            received.head.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let headers: Vec<_> = headers.into_iter().filter(|(name, _)| *name != "Connection").collect();
        assert_eq!(headers, [("Host", "app:3"), ("X-One", "1"), ("x-two", "2 3")]);
        assert_eq!(seen.body, b"page\n");

        let seen = ask(&mut running, Exchange::get("/pool"));
        let location = seen.headers.iter().find(|(name, _)| name == "Location").unwrap();
        assert_eq!(location.1, "http://example.com:8080/pool/");
        assert_eq!(seen.received, []);

        let seen = ask(&mut running, Exchange::get("/port"));
        let received = &seen.received[0];
        assert_eq!(received.backend, "app");
        assert_eq!(received.head.header("Host"), Some("example.com:8080"));
        assert_eq!(received.head.header("X-Port"), Some("8080"));
    }
}

/// The cookie of `sticky` is made of the peer's address, and back ends have another port each time.
#[test]
fn a_sticky_cookie_is_the_same_each_time() {
    let text = "events {}\nhttp {\nupstream pool { server app:1; server app:2 backup; sticky cookie route; }\n\
        server { listen 80; location / { proxy_pass http://pool; } }\n}\n";
    for binary in found().unwrap() {
        if binary.version < NginxVersion::new(1, 29, 6) {
            continue;
        }
        let cookie = || {
            let headers = ask(&mut start(&binary, text), Exchange::get("/")).headers;
            headers.into_iter().find(|(name, _)| name == "Set-Cookie").map(|(_, value)| value)
        };
        let first = cookie();
        assert!(first.as_ref().is_some_and(|cookie| cookie.starts_with("route=")), "{first:?}");
        assert_eq!(cookie(), first);
    }
}

/// What hangs is given up when the setup says so.
#[test]
fn patience_ends() {
    let text = "events {}\nhttp { server { listen 80; resolver 127.0.0.1:9; resolver_timeout 30s;\n\
        location / { proxy_pass http://$arg_to; } }\n}\n";
    for binary in found().unwrap() {
        let patience = Duration::from_millis(200);
        let setup = Setup { patience, ..setup(&[("nginx.conf", text)]) };
        let mut running = Running::start(&binary, &setup).unwrap();
        let start = Instant::now();
        let seen = ask(&mut running, Exchange::get("/?to=nowhere.test"));
        assert_eq!(seen.status, None, "{seen:?}");
        assert!(
            start.elapsed() >= patience && start.elapsed() < Duration::from_secs(10),
            "{:?}",
            start.elapsed()
        );
    }
}

#[test]
fn an_address_in_a_variable_is_a_back_end_too() {
    let text = "events {}\nhttp {\nmap $arg_to $pool { default 10.0.0.1:80; two 10.0.0.2:80; }\nserver { listen 80;\n\
        location / { proxy_pass http://$pool; }\n\
        location /set { set $url http://10.0.0.3; proxy_pass $url; }\n\
        location /name { set $name app:1; proxy_pass http://$name; }\n}\n}\n";
    for binary in found().unwrap() {
        let mut running = start(&binary, text);
        for (target, backend, status) in [
            ("/", Some("10.0.0.1:80"), 200),
            ("/?to=two", Some("10.0.0.2:80"), 200),
            ("/set", Some("10.0.0.3"), 200),
            // Nobody resolves the name.
            ("/name", None, 502),
        ] {
            let seen = ask(&mut running, Exchange::get(target));
            let received = seen.received.first();
            assert_eq!(received.map(|received| received.backend.as_str()), backend, "{seen:?}");
            assert_eq!(received.and_then(|received| received.head.header("Host")), backend, "{seen:?}");
            assert_eq!(seen.status, Some(status));
        }
    }
}

#[test]
fn methods_hosts_and_bodies() {
    for binary in found().unwrap() {
        let text = "events {}\nhttp {\nserver { listen 80; location / { proxy_pass http://app; } }\n}\n";
        let mut running = start(&binary, text);
        for method in ["HEAD", "POST", "OPTIONS", "DELETE"] {
            let seen = ask(&mut running, Exchange::new(method, "/m").header("Content-Length", "0"));
            assert_eq!(seen.status, Some(200), "{seen:?}");
            assert!(seen.received[0].head.line.starts_with(&format!("{method} /m ")), "{seen:?}");
            assert_eq!(seen.body.is_empty(), method == "HEAD", "{seen:?}");
        }
        let nobody = Exchange { host: None, ..Exchange::get("/") };
        assert_eq!(ask(&mut running, nobody).status, Some(400));
        let seen = ask(&mut running, Exchange::get("/").at("81"));
        assert_eq!(seen.failure.as_deref(), Some("the configuration has no such listen"));
    }
}

#[test]
fn without_a_test_the_start_refuses() {
    for binary in found().unwrap() {
        let files = [("nginx.conf", "events {}\nhttp {\nserver {\nlisten 80;\nnonsense on;\n}\n}\n")];
        let mut running = Running::start(&binary, &setup(&files)).unwrap();
        assert!(!running.is_up());
        assert_eq!(running.verdict().message, "unknown directive \"nonsense\" in nginx.conf:5");
        let seen = ask(&mut running, Exchange::get("/"));
        assert_eq!(seen.failure.as_deref(), Some("nginx does not run"));
    }
}

/// As a run over thousands of configurations does it; the figure is printed, and bounded only against sleeps.
#[test]
fn many_configurations_are_cheap() {
    for binary in found().unwrap() {
        const TIMES: u32 = 20;
        let begin = Instant::now();
        for _ in 0..TIMES {
            let mut running = start(&binary, PLACES);
            for path in ["/", "/ws/", "/gone", "/named", "/moved/x", "/?no=server"] {
                let seen = ask(&mut running, Exchange::handshake(path, Browser::Chrome));
                assert!(seen.answered.is_some(), "{seen:?}");
            }
        }
        let each = begin.elapsed() / TIMES;
        println!("nginx {}: {each:?} for a configuration with six probes", binary.version);
        assert!(each < Duration::from_secs(1), "{each:?}");
    }
}
