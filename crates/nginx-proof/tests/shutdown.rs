//! What a reload does to a WebSocket that is open: nothing, until `worker_shutdown_timeout` is over.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::thread;
use std::time::Duration;

use nginx_proof::{
    Binary, Browser, Close, Closer, Conduct, Exchange, Probe, Reloader, Running, Seen, Setup, found,
};

/// Times of the configuration are divided by it: a minute is a second.
const SCALE: u32 = 60;
/// When the reload comes, in a tunnel that is open since.
const RELOAD_AFTER: Duration = Duration::from_millis(300);

fn start(binary: &Binary, main: &str) -> Running {
    let text = format!(
        "{main}\nevents {{}}\nhttp {{ server {{ listen 80; location / {{ proxy_pass http://app; proxy_read_timeout 1h; \
         proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} }} }}\n"
    );
    let files = vec![("nginx.conf".to_owned(), text)];
    let setup = Setup { files, scale: SCALE, is_tested: false, has_master: true, ..Setup::default() };
    let running = Running::start(binary, &setup).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

/// A tunnel in which nginx reloads.
fn reloaded(running: &mut Running, stay: Duration) -> Seen {
    let reloader: Reloader = running.reloader().unwrap();
    let reload = thread::spawn(move || {
        thread::sleep(RELOAD_AFTER);
        reloader.reload().unwrap();
    });
    let exchange = Exchange::handshake("/", Browser::Chrome);
    let seen = running.probe(&Probe::Tunnel { exchange, stay, conduct: Conduct::Usual });
    reload.join().unwrap();
    seen
}

#[test]
fn an_old_worker_closes_what_is_open_when_its_time_is_over() {
    for binary in found().unwrap() {
        let mut running = start(&binary, "worker_shutdown_timeout 60s;");
        let seen = reloaded(&mut running, Duration::from_secs(10));
        // Without a close frame: browsers report 1006.
        assert_eq!(seen.ended, Some((Closer::Nginx, Some(Close::End))), "nginx {}: {seen:?}", binary.version);
        let after = seen.closed_after.unwrap();
        let is_in_time = after > Duration::from_secs(1) && after < Duration::from_secs(6);
        assert!(is_in_time, "nginx {}: {after:?}", binary.version);
    }
}

#[test]
fn without_a_limit_an_old_worker_lives_on_with_its_tunnel() {
    for binary in found().unwrap() {
        let mut running = start(&binary, "");
        let seen = reloaded(&mut running, Duration::from_secs(3));
        assert_eq!(seen.ended, Some((Closer::Client, None)), "nginx {}: {seen:?}", binary.version);
        let errors = running.errors();
        let is_leaving = |line: &String| line.contains("gracefully shutting down");
        assert!(errors.iter().any(is_leaving), "nginx {}: {errors:?}", binary.version);
        // New connections are the new worker's.
        let exchange = Exchange::handshake("/", Browser::Firefox);
        let next = running.probe(&Probe::Tunnel { exchange, stay: Duration::ZERO, conduct: Conduct::Usual });
        assert!(next.is_open() && next.is_echoed, "nginx {}: {next:?}", binary.version);
    }
}
