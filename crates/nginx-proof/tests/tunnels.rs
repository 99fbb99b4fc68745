//! What lasts longer than one answer: who ends a tunnel, how a streamed answer arrives, where reconnects go.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::Duration;

use nginx_proof::{
    Binary, Browser, Close, Closer, Conduct, Delivery, Exchange, Framing, Manner, Probe, Running, Setup,
    Stream, found,
};
use nginx_semantics::NginxVersion;

fn start(binary: &Binary, http: &str) -> Running {
    let files = vec![("nginx.conf".to_owned(), format!("events {{}}\nhttp {{\n{http}\n}}\n"))];
    let setup = Setup {
        files,
        scale: 60,
        manner: Manner::Strict,
        is_tested: false,
        places: true,
        ..Setup::default()
    };
    let running = Running::start(binary, &setup).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

fn handshake(path: &str) -> Exchange {
    Exchange::handshake(path, Browser::Chrome)
}

const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
    proxy_set_header Connection upgrade;";

#[test]
fn who_ends_a_tunnel_is_told_apart() {
    for binary in found().unwrap() {
        let mut running = start(
            &binary,
            &format!(
                "server {{ listen 80; {UPGRADE} location /short {{ proxy_pass http://app; proxy_read_timeout 30s; }}\n\
                 location / {{ proxy_pass http://app; proxy_read_timeout 1h; }} }}"
            ),
        );
        let closes = |with_frame| Conduct::Closes { after: Duration::from_millis(100), with_frame };
        for (path, stay, conduct, ended) in [
            ("/", 50, Conduct::Usual, (Closer::Client, None)),
            ("/short", 5000, Conduct::Usual, (Closer::Timeout, Some(Close::End))),
            ("/", 5000, closes(false), (Closer::Backend, Some(Close::End))),
            ("/", 5000, closes(true), (Closer::Backend, Some(Close::Frame))),
        ] {
            let stay = Duration::from_millis(stay);
            let seen = running.probe(&Probe::Tunnel { exchange: handshake(path), stay, conduct });
            assert_eq!(seen.ended, Some(ended), "nginx {}: {seen:?}", binary.version);
            assert_eq!(seen.closed_after.is_some(), ended.1.is_some(), "{seen:?}");
            assert!(seen.is_echoed && seen.answered.unwrap().status == 101);
        }
    }
}

/// nginx sends HTTP/1.1 by itself from 1.29.7 on, and an answer to HTTP/1.0 has no chunks.
fn burst_before_1_29_7(version: NginxVersion) -> Delivery {
    if version < NginxVersion::new(1, 29, 7) { Delivery::Burst } else { Delivery::Prompt }
}

#[test]
fn a_streamed_answer_is_prompt_or_a_burst() {
    type Expected = fn(NginxVersion) -> Delivery;
    const PROMPT: Expected = |_| Delivery::Prompt;
    const BURST: Expected = |_| Delivery::Burst;
    let cases: [(&str, Framing, &str, Expected); 12] = [
        ("", Framing::Chunked, "", burst_before_1_29_7),
        ("proxy_http_version 1.1;", Framing::Chunked, "", PROMPT),
        ("proxy_http_version 1.0;", Framing::Chunked, "", BURST),
        ("proxy_http_version 1.0; proxy_buffering off;", Framing::Chunked, "", PROMPT),
        ("proxy_http_version 1.1;", Framing::UntilClose, "", BURST),
        ("proxy_http_version 1.1; proxy_buffering off;", Framing::UntilClose, "", PROMPT),
        ("proxy_http_version 1.0; add_header X-Accel-Buffering no;", Framing::UntilClose, "", BURST),
        ("proxy_http_version 1.0;", Framing::UntilClose, "no", PROMPT),
        ("proxy_http_version 1.0; proxy_ignore_headers X-Accel-Buffering;", Framing::UntilClose, "no", BURST),
        ("proxy_http_version 1.1; gzip on;", Framing::Chunked, "", PROMPT),
        ("proxy_http_version 1.1; gzip on; gzip_types text/event-stream;", Framing::Chunked, "", BURST),
        (
            "proxy_http_version 1.1; gzip on; gzip_types text/event-stream; proxy_buffering off;",
            Framing::Chunked,
            "",
            PROMPT,
        ),
    ];
    for binary in found().unwrap() {
        for (directives, framing, x_accel_buffering, expected) in cases {
            let http =
                format!("server {{ listen 80; location / {{ {directives} proxy_pass http://app; }} }}");
            let mut running = start(&binary, &http);
            let mut stream = Stream { pause: Duration::from_millis(500), ..Stream::events(framing) };
            if !x_accel_buffering.is_empty() {
                stream.headers.push(("X-Accel-Buffering".to_owned(), x_accel_buffering.to_owned()));
            }
            let exchange = Exchange::get("/").header("Accept-Encoding", "gzip");
            let seen = running.probe(&Probe::Stream { exchange, stream });
            assert_eq!(seen.status, Some(200), "{seen:?}");
            let delivery = seen.delivery.clone().unwrap();
            assert_eq!(
                delivery,
                expected(binary.version),
                "nginx {}, {directives} {framing:?}: {seen:?}",
                binary.version
            );
        }
    }
}

#[test]
fn an_answer_with_a_length_arrives_whole() {
    for binary in found().unwrap() {
        let mut running = start(
            &binary,
            "server { listen 80; location / { proxy_pass http://app; proxy_buffering off; } }",
        );
        let stream =
            Stream { content_type: "text/html".to_owned(), size: 3000, ..Stream::events(Framing::Length) };
        let seen = running.probe(&Probe::Stream { exchange: Exchange::get("/"), stream });
        assert_eq!((seen.body.len(), seen.delivery), (9000, Some(Delivery::Prompt)));
    }
}

/// The last digit of each back end's address, in the order in which the requests reached them.
fn reached(running: &mut Running, exchange: Exchange, keeps_cookies: bool) -> String {
    let seen = running.probe(&Probe::Series { exchange, times: 6, keeps_cookies });
    assert_eq!((seen.reached.len(), seen.received.len()), (6, 6), "{seen:?}");
    seen.reached.iter().flatten().filter_map(|backend| backend.chars().last()).collect()
}

#[test]
fn reconnects_and_polls_go_where_the_balancing_says() {
    for binary in found().unwrap() {
        let run = |method: &str| {
            let http = format!(
                "upstream pool {{ {method}\nserver app:1; server app:2; }}\n\
                 server {{ listen 80; {UPGRADE} location / {{ proxy_pass http://pool; }} }}"
            );
            start(&binary, &http)
        };
        for exchange in [handshake("/ws?u=7"), Exchange::get("/poll?u=7")] {
            let turns = reached(&mut run(""), exchange.clone(), false);
            assert_eq!(turns, "121212", "nginx {}", binary.version);
            for method in ["ip_hash;", "hash $arg_u;", "hash $cookie_u consistent;"] {
                let exchange = exchange.clone().header("Cookie", "u=7");
                let stays = reached(&mut run(method), exchange, false);
                assert!(["111111", "222222"].contains(&stays.as_str()), "{method} {stays}");
            }
        }
        let mut users = run("hash $arg_u;");
        let mut by_user = |user: u32| reached(&mut users, handshake(&format!("/?u={user}")), false);
        let all: String = (0..8).map(&mut by_user).collect();
        assert!(all.contains('1') && all.contains('2'), "each user stays, but not all at one: {all}");
    }
}

#[test]
fn a_sticky_cookie_holds_only_clients_that_send_it_back() {
    for binary in found().unwrap().into_iter().filter(|binary| binary.version >= NginxVersion::new(1, 29, 6))
    {
        let http = format!(
            "upstream pool {{ server app:1; server app:2; sticky cookie route; }}\n\
             server {{ listen 80; {UPGRADE} location / {{ proxy_pass http://pool; }} }}"
        );
        assert_eq!(reached(&mut start(&binary, &http), handshake("/"), false), "121212");
        assert_eq!(reached(&mut start(&binary, &http), handshake("/"), true), "111111");
    }
}
