//! The commands of pages that count in logs, run on logs that nginx wrote.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use nginx_proof::{Binary, Browser, Exchange, Manner, Probe, Running, Setup, found};
use ws_rules::RULES;

fn page(name: &str) -> &'static str {
    RULES.iter().map(|rule| rule.meta()).find(|rule| rule.name == name).unwrap().docs
}

/// The commands of a page, in order.
fn commands(name: &str) -> Vec<&'static str> {
    let mut in_block = false;
    let lines = page(name).lines().filter(|line| {
        in_block ^= line.starts_with("```");
        !in_block
    });
    lines.filter_map(|line| line.strip_prefix("    ")).collect()
}

/// What a command prints for a log, runs of blanks folded.
fn output(command: &str, log: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    fs::write(&file, log.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    let named = words.iter().find(|word| word.starts_with("/var/log/nginx/"));
    let command = match named {
        Some(path) => command.replace(path, &file.display().to_string()),
        None => command.replace("curl -s http://127.0.0.1/nginx_status", &format!("cat {}", file.display())),
    };
    let done = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert!(done.stderr.is_empty(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

/// The first Use instead of a page, with more lines in its server.
fn start(binary: &Binary, name: &str, more: &str) -> Running {
    start_with(binary, name, more, |block| block)
}

fn start_with(binary: &Binary, name: &str, more: &str, change: fn(String) -> String) -> Running {
    let (_, text) = page(name).split_once("## Use instead\n\n```nginx\n").unwrap();
    let (block, _) = text.split_once("```").unwrap();
    let block = block.replacen("listen 80;", &format!("listen 80; {more}"), 1);
    let setup = Setup {
        files: vec![("nginx.conf".to_owned(), change(block))],
        scale: 30,
        manner: Manner::Strict,
        is_tested: false,
        ..Setup::default()
    };
    let running = Running::start(binary, &setup).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

fn handshake(path: &str, stay: Duration) -> Probe {
    Probe::Handshake { path: path.to_owned(), browser: Browser::Chrome, stay }
}

#[test]
fn handshakes_disconnects_and_lifetimes() {
    let [ratio, disconnects, lifetimes, _] = commands("log-format-blind")[..] else {
        panic!("the page's commands")
    };
    for binary in found().unwrap() {
        let mut running = start(&binary, "log-format-blind", "");
        for _ in 0..2 {
            assert_eq!(running.probe(&handshake("/ws/", Duration::ZERO)).status, Some(101));
        }
        let refused = Exchange::get("/ws/").header("User-Agent", "with \" a quote");
        assert_eq!(running.probe(&Probe::Exchange(refused)).status, Some(400));
        // The last line is written when its answer is gone already.
        let lines = std::iter::repeat_with(|| {
            sleep(Duration::from_millis(5));
            running.access()
        });
        let log = lines.take(200).find(|log| log.len() == 3).unwrap();
        assert_eq!(output(ratio, &log), "2 of 3 handshakes\n");
        let per_minute = output(disconnects, &log);
        let counts = per_minute.lines().map(|line| line.split(' ').next().unwrap().parse::<u32>().unwrap());
        assert_eq!(counts.sum::<u32>(), 2, "{per_minute}");
        assert_eq!(output(lifetimes, &log), "2 0\n");
    }
}

/// Connections that `limit_rate` keeps are still counted, and one is the request itself.
#[test]
fn active_connections() {
    let command = commands("log-format-blind")[3];
    for binary in found().unwrap() {
        let more = "location = /nginx_status { stub_status; }";
        for (rate, active) in [("", "1\n"), ("limit_rate 10k; ", "3\n")] {
            let mut running = start(&binary, "log-format-blind", &format!("{rate}{more}"));
            for _ in 0..2 {
                assert_eq!(running.probe(&handshake("/ws/", Duration::ZERO)).status, Some(101));
            }
            // A connection that is about to be closed counts for a moment.
            let counts = std::iter::repeat_with(|| {
                sleep(Duration::from_millis(20));
                let seen = running.probe(&Probe::Get { path: "/nginx_status".to_owned() });
                let body = String::from_utf8(seen.body).unwrap();
                output(command, &body.lines().map(str::to_owned).collect::<Vec<_>>())
            });
            let counts: Vec<_> = counts.take(10).collect();
            assert_eq!(counts.last().map(String::as_str), Some(active), "nginx {}", binary.version);
        }
    }
}

/// What `limit_rate` keeps is missing for others: nginx closes new connections unanswered.
#[test]
fn no_connection_is_left() {
    for binary in found().unwrap() {
        let more = "limit_rate 10k;";
        let mut running = start_with(&binary, "log-format-blind", more, |block| {
            let few = block.replace("worker_connections 1024", "worker_connections 12");
            assert_ne!(few, block, "the page has another number");
            few
        });
        let statuses: Vec<_> =
            (0..15).map(|_| running.probe(&handshake("/ws/", Duration::ZERO)).status).collect();
        assert_eq!(statuses.first(), Some(&Some(101)), "nginx {}: {statuses:?}", binary.version);
        assert_ne!(statuses.last(), Some(&Some(101)), "nginx {}: {statuses:?}", binary.version);
        let is_said = |line: &String| line.contains("worker_connections are not enough");
        assert!(running.errors().iter().any(is_said), "nginx {}", binary.version);
    }
}

#[test]
fn timeouts_per_minute() {
    let [command] = commands("timeouts-not-logged")[..] else { panic!("the page's command") };
    for binary in found().unwrap() {
        let mut running = start(
            &binary,
            "timeouts-not-logged",
            "location /short/ { proxy_pass http://127.0.0.1:9000; \
                proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                proxy_set_header Connection upgrade; proxy_read_timeout 6s; }",
        );
        for path in ["/ws/", "/short/", "/short/"] {
            assert_eq!(running.probe(&handshake(path, Duration::from_millis(700))).status, Some(101));
        }
        let per_minute = output(command, &running.errors());
        let counts = per_minute.lines().map(|line| line.split(' ').next().unwrap().parse::<u32>().unwrap());
        assert_eq!(counts.sum::<u32>(), 2, "{per_minute}");
        // Such as `2 2026/11/21 07:18`.
        assert!(per_minute.lines().all(|line| line.len() == "2 2026/11/21 07:18".len()), "{per_minute}");
    }
}
