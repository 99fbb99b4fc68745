//! The harness itself: what it sees of configurations whose fate is known.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::time::Duration;

use nginx_proof::{Binary, Browser, Manner, Observation, Probe, Setup, found, observe};

fn run(binary: &Binary, http: &str, manner: Manner, probes: &[Probe]) -> Observation {
    let files = vec![("nginx.conf".to_owned(), format!("events {{}}\nhttp {{\n{http}\n}}\n"))];
    observe(binary, &Setup { files, scale: 60, manner, ..Setup::default() }, probes).unwrap()
}

fn handshake(stay: u64) -> Probe {
    let stay = Duration::from_millis(stay);
    Probe::Handshake { path: "/ws?a=1".to_owned(), browser: Browser::Firefox, stay }
}

const UPGRADE: &str = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

#[test]
fn a_tunnel_echoes_until_nginx_closes_it() {
    for binary in found().unwrap() {
        let http = format!(
            "server {{ listen 80; location /ws {{ proxy_pass http://app:8000; proxy_http_version 1.1; {UPGRADE}\n\
             proxy_read_timeout 30s; }} }}"
        );
        let observation = run(&binary, &http, Manner::Strict, &[handshake(3000)]);
        let seen = &observation.seen[0];
        assert_eq!((seen.status, seen.is_echoed), (Some(101), true), "{observation:?}");
        let after = seen.closed_after.expect("closed");
        // Half a second; nginx leaves a timer alone that would move by less than 300 ms (NGX_TIMER_LAZY_DELAY).
        assert!((Duration::from_millis(150)..Duration::from_millis(2000)).contains(&after), "{after:?}");
        let received = &seen.received[0];
        assert_eq!(
            (received.backend.as_str(), received.head.line.as_str()),
            ("app:8000", "GET /ws?a=1 HTTP/1.1")
        );
        assert_eq!(received.head.header("host"), Some("app:8000"));
        assert!(observation.access[0].contains("\"GET /ws?a=1 HTTP/1.1\" 101"), "{:?}", observation.access);
        let is_said = observation.errors.iter().any(|line| line.contains("upstream timed out"));
        assert!(is_said, "{:?}", observation.errors);
    }
}

#[test]
fn a_lenient_back_end_takes_http_1_0() {
    for binary in found().unwrap() {
        let http =
            format!("server {{ location / {{ proxy_pass http://a; proxy_http_version 1.0; {UPGRADE} }} }}");
        for (manner, status) in [(Manner::Strict, 426), (Manner::Lenient, 101)] {
            let observation = run(&binary, &http, manner, &[handshake(0)]);
            assert_eq!(observation.seen[0].status, Some(status), "{observation:?}");
        }
    }
}

#[test]
fn tls_on_both_sides_of_nginx() {
    for binary in found().unwrap() {
        let http = format!(
            "upstream app {{ server a:8443; }}\nserver {{ listen 80; listen [::]:80; listen 443 ssl;\n\
             ssl_certificate /x.pem; ssl_certificate_key /y.pem;\n\
             location / {{ proxy_pass https://app; proxy_http_version 1.1; {UPGRADE} }} }}"
        );
        let observation = run(&binary, &http, Manner::Strict, &[handshake(10)]);
        assert_eq!(observation.seen[0].status, Some(101), "{observation:?}");
        assert_eq!(observation.seen[0].received[0].backend, "a:8443");
    }
}

#[test]
fn a_refusal_names_the_line_of_the_original() {
    for binary in found().unwrap() {
        let observation = run(&binary, "server {\n    listen 80;\n    nonsense on;\n}", Manner::Strict, &[]);
        let message = "unknown directive \"nonsense\" in nginx.conf:5";
        assert!(!observation.verdict.is_accepted);
        assert_eq!(observation.verdict.message, message);
    }
}
