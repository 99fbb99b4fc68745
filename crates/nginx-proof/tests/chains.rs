//! Two nginxes in a row: who closes a silent WebSocket, after how long, and what the logs of both say.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::thread;
use std::time::{Duration, Instant};

use nginx_proof::{
    Binary, Browser, Close, Closer, Conduct, Exchange, Manner, Probe, Running, Seen, Setup, found,
};

/// A minute is a second.
const SCALE: u32 = 60;

/// The line of the one whose timer ended.
const TIMED_OUT: &str = "timed out";

fn setup(target: &str, limit: &str) -> Setup {
    let text = format!(
        "events {{}}\nhttp {{ server {{ listen 80; location / {{ proxy_pass http://{target};\n\
         proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;\n\
         proxy_set_header Connection upgrade; proxy_read_timeout {limit}; }} }} }}\n"
    );
    let files = vec![("nginx.conf".to_owned(), text)];
    Setup { files, scale: SCALE, manner: Manner::Strict, is_tested: false, ..Setup::default() }
}

/// A chain with these limits: the edge, what is behind it, and what became of a WebSocket.
fn chain(binary: &Binary, outer: &str, inner: &str) -> (Running, Running, Seen) {
    let inner = Running::start(binary, &setup("app:9000", inner)).unwrap();
    let outer = setup("inner:8081", outer);
    let mut edge = Running::start_before(binary, &outer, &[("inner:8081", &inner)]).unwrap();
    assert!(edge.is_up() && inner.is_up(), "{:?} {:?}", edge.verdict(), inner.verdict());
    let exchange = Exchange::handshake("/", Browser::Chrome);
    let seen = edge.probe(&Probe::Tunnel { exchange, stay: Duration::from_secs(4), conduct: Conduct::Usual });
    (edge, inner, seen)
}

/// Waits for a line in the access log.
fn logged(nginx: &Running) -> Vec<String> {
    let start = Instant::now();
    while nginx.access().is_empty() && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(10));
    }
    nginx.access()
}

fn timed_out(nginx: &Running) -> bool {
    nginx
        .errors()
        .iter()
        .any(|line| line.contains(TIMED_OUT) && line.contains("proxying upgraded connection"))
}

#[test]
fn the_shorter_limit_closes_on_whichever_side_it_is() {
    for binary in found().unwrap() {
        for (outer, inner, is_outer) in
            [("1m", "1h", true), ("1h", "1m", false), ("1m", "10m", true), ("10m", "1m", false)]
        {
            let (edge, behind, seen) = chain(&binary, outer, inner);
            let case = format!("nginx {}, {outer} before {inner}: {seen:?}", binary.version);
            assert_eq!(seen.status, Some(101), "{case}");
            let after = seen.closed_after.unwrap_or_else(|| panic!("open: {case}"));
            assert!(after > Duration::from_millis(900) && after < Duration::from_millis(3500), "{case}");
            let closer = if is_outer { Closer::Timeout } else { Closer::Nginx };
            assert_eq!(seen.ended, Some((closer, Some(Close::End))), "{case}");
            // Both log the handshake's status when it is over, and only one of them why.
            for nginx in [&edge, &behind] {
                let lines = logged(nginx);
                assert!(lines.len() == 1 && lines.iter().all(|line| line.contains(" 101 ")), "{lines:?}");
            }
            assert_eq!((timed_out(&edge), timed_out(&behind)), (is_outer, !is_outer), "{case}");
        }
    }
}

#[test]
fn equal_and_long_limits_keep_it() {
    for binary in found().unwrap() {
        let (.., seen) = chain(&binary, "1h", "1h");
        assert_eq!((seen.closed_after, seen.ended), (None, Some((Closer::Client, None))));
    }
}
