//! `logs`: what the program says of logs, however they are packed and passed on.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;

use crate::run::{Run, Running, Tree};

const CONF: &str = include_str!("../../../../docs/logs/nginx.conf");
const ACCESS: &str = include_str!("../../../../docs/logs/access.log");
const ERROR: &str = include_str!("../../../../docs/logs/error.log");

fn tree() -> Tree {
    Tree::new(&[("etc/nginx.conf", CONF), ("access.log", ACCESS), ("error.log", ERROR)])
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// What it says of the traffic, whatever the logs are called.
fn traffic(run: &Run) -> (Value, Value) {
    let all = json(run);
    (all.get("total").cloned().unwrap(), all.get("endpoints").cloned().unwrap())
}

#[test]
fn a_report_for_people() {
    let tree = tree();
    assert_snapshot!(tree.run(&["logs", "access.log", "error.log", "etc"]).shown());
    assert_snapshot!("ascii", tree.run(&["logs", "access.log", "error.log", "etc", "--ascii", "-v"]).shown());
}

#[test]
fn without_a_configuration_paths_are_told_apart() {
    let tree = tree();
    let run = tree.run(&["logs", "access.log"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("give the configuration"), "{}", run.shown());
    assert!(run.stdout.contains("/chat/ws") && run.stdout.contains("/feed/ws"), "{}", run.shown());
}

#[test]
fn however_logs_are_packed_they_say_the_same() {
    let tree = tree();
    let plain = tree.run(&["logs", "access.log", "etc", "--format", "json"]);
    assert_eq!(plain.code, Some(1), "{}", plain.shown());
    let half = ACCESS.lines().take(80).map(|line| format!("{line}\n")).collect::<String>();
    let (first, second) = ACCESS.split_at(half.len());
    // Two members, as gzip makes them where a log is packed in parts.
    let mut packed = Vec::new();
    for part in [&first[..500], &first[500..]] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(part.as_bytes()).unwrap();
        packed.extend(gzip.finish().unwrap());
    }
    fs::create_dir(tree.path("rotated")).unwrap();
    fs::write(tree.path("rotated/access.log.3.gz"), packed).unwrap();
    let zstd = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let packed = [zstd(&second[..900]), zstd(&second[900..])].concat();
    fs::write(tree.path("rotated/access.log-20260901.zst"), packed).unwrap();
    let rotated = tree.run(&["logs", "rotated", "etc", "--format", "json"]);
    assert_eq!(traffic(&rotated), traffic(&plain));
    let stdin = tree.run_with(&["logs", "-", "etc", "--format", "json"], ACCESS.as_bytes());
    assert_eq!(traffic(&stdin), traffic(&plain));
    let said = json(&rotated);
    let formats: Vec<&Value> =
        said["inputs"].as_array().unwrap().iter().map(|input| &input["format"]).collect();
    assert_eq!(formats, ["`log_format websocket`"; 2]);
}

#[test]
fn lines_of_json_say_the_same() {
    let line = |line: &str| {
        let (client, rest) = line.split_once(' ').unwrap();
        let (host, rest) = rest.split_once(" [").unwrap();
        let (time, rest) = rest.split_once("] \"").unwrap();
        let (request, rest) = rest.split_once("\" ").unwrap();
        let mut words = rest.split(' ');
        let status: u16 = words.next().unwrap().parse().unwrap();
        let values: Vec<&str> = words.map(|word| word.split_once('=').unwrap().1).collect();
        let [duration, sent, peer, peer_status, upgrade] = values[..] else { panic!("{line}") };
        serde_json::json!({"remote_addr": client, "host": host, "time_local": time, "request": request, "status": status,
            "request_time": duration, "bytes_sent": sent, "upstream_addr": peer, "upstream_status": peer_status,
            "http_upgrade": upgrade})
        .to_string()
    };
    let text: String = ACCESS.lines().map(|one| line(one) + "\n").collect();
    let tree = tree();
    fs::write(tree.path("json.log"), text).unwrap();
    let plain = tree.run(&["logs", "access.log", "etc", "--format", "json"]);
    let run = tree.run(&["logs", "json.log", "etc", "--format", "json"]);
    assert_eq!(json(&run)["inputs"][0]["format"], "objects of JSON");
    assert_eq!(traffic(&run), traffic(&plain));
}

#[test]
fn a_format_that_is_named_is_taken() {
    let tree = tree();
    let format = "$remote_addr $host [$time_local] \"$request\" $status rt=$request_time out=$bytes_sent up=$upstream_addr us=$upstream_status u=$http_upgrade";
    let run = tree.run(&["logs", "access.log", "--log-format", format]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stdout.contains("that of --log-format"), "{}", run.shown());
    let wrong = tree.run(&["logs", "access.log", "--log-format", "combined", "--format", "json"]);
    let all = json(&wrong);
    assert_eq!(all["inputs"][0]["unreadable"], all["inputs"][0]["lines"]);
    let none = tree.run(&["logs", "access.log", "--log-format", "$request$status"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(2), ""));
}

#[test]
fn what_cannot_be_done_is_exit_code_2() {
    let tree = tree();
    fs::write(tree.path("what.log"), "this is a diary\nof somebody\n").unwrap();
    let mut broken = GzEncoder::new(Vec::new(), Compression::default());
    broken.write_all(ACCESS.as_bytes()).unwrap();
    let mut broken = broken.finish().unwrap();
    broken.truncate(broken.len() / 2);
    fs::write(tree.path("broken.log.gz"), broken).unwrap();
    for (arguments, said) in [
        (&["logs", "etc"][..], "no log is given"),
        (&["logs", "missing.log"], "not read: No such file"),
        (&["logs", "what.log"], "neither requests nor messages"),
        (&["logs", "broken.log.gz", "etc"], "not read to its end"),
        (&["logs", "-", "--log", "-"], "read once"),
        (&["logs", "access.log", "--status", "missing"], "no status page"),
        (&["logs", "--follow", "broken.log.gz"], "plain file"),
        (&["logs", "access.log", "missing-folder/"], "missing-folder"),
    ] {
        let run = tree.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?} {}", run.shown());
        assert!(format!("{}{}", run.stdout, run.stderr).contains(said), "{arguments:?} {}", run.shown());
    }
}

#[test]
fn a_quiet_log_is_exit_code_0() {
    let tree = tree();
    let quiet: String =
        ACCESS.lines().filter(|line| line.contains("GET / ")).map(|line| format!("{line}\n")).collect();
    fs::write(tree.path("quiet.log"), quiet).unwrap();
    let run = tree.run(&["logs", "quiet.log", "etc"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("no WebSocket handshake"), "{}", run.shown());
}

#[test]
fn rows_for_a_spreadsheet_and_a_page() {
    let tree = tree();
    let run = tree.run(&["logs", "access.log", "error.log", "etc", "--format", "csv", "--html", "page.html"]);
    let mut rows = run.stdout.split("\r\n");
    assert_eq!(rows.next(), Some("start,step_s,server,endpoint,handshakes,refused,disconnects,open"));
    let sum = rows.filter_map(|row| row.split(',').nth(4)?.parse::<u64>().ok()).sum::<u64>();
    let handshakes = ACCESS.lines().filter(|line| line.ends_with("u=websocket")).count() as u64;
    assert_eq!(sum, handshakes);
    let page = fs::read_to_string(tree.path("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    for piece in ["proxy_read_timeout", "<svg", "prefers-color-scheme: dark", "Cloudflare", "presence"] {
        assert!(page.contains(piece), "{piece}");
    }
    // Peers have the shares that a terminal shows.
    let shown = tree.run(&["logs", "access.log", "error.log", "etc"]).stdout;
    let peer = shown.lines().map(str::trim).find(|line| line.starts_with("10.0.3.20:9000: ")).unwrap();
    let share = peer.split(['(', ' ']).find(|word| word.ends_with('%')).unwrap();
    let row = page.split("<tr>").find(|row| row.contains("<td>10.0.3.20:9000</td>")).unwrap();
    assert!(row.contains(&format!("<td>{share}</td>")), "{peer}: {row}");
    // It needs nothing else and runs nothing.
    for piece in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(piece), "{piece}");
    }
}

#[test]
fn nothing_of_a_log_is_obeyed() {
    let line = |path: &str, host: &str| {
        format!(
            "192.0.2.1 {host} [01/Sep/2026:10:00:00 +0200] \"GET {path} HTTP/1.1\" 101 rt=1.000 out=1 up=\x1b[31m us=101 u=websocket\n"
        )
    };
    let text = [
        line("/<script>alert(1)</script>/ws", "a\x1b]0;b\x07"),
        line("/::error::x/ws", "##[error]a"),
        line("/\u{202e}ws", "=cmd|x"),
    ];
    let tree = Tree::new(&[("access.log", &text.concat()), ("\u{1b}[31m.log", &text.concat())]);
    for format in ["human", "json", "csv"] {
        let run = tree.run(&[
            "logs",
            "access.log",
            "\u{1b}[31m.log",
            "--format",
            format,
            "--html",
            "page.html",
            "-v",
        ]);
        let page = fs::read_to_string(tree.path("page.html")).unwrap();
        for text in [&run.stdout, &run.stderr, &page] {
            assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{format}: {text:?}");
        }
        assert!(!page.contains("<script"), "{page}");
        assert!(!run.stdout.lines().any(|line| line.trim_start().starts_with("::error")), "{}", run.stdout);
        if format == "csv" {
            assert!(!run.stdout.contains(",=cmd"), "{}", run.stdout);
        }
    }
    let human = tree.run(&["logs", "access.log"]);
    assert!(!human.stdout.contains("##[error]"), "{}", human.stdout);
}

#[test]
fn nginx_s_own_count_stands_beside() {
    let tree = tree();
    fs::write(
        tree.path("status.txt"),
        "Active connections: 291 \nserver accepts handled requests\n 100 98 300 \nReading: 6 Writing: 179 Waiting: 106 \n",
    )
    .unwrap();
    let run = tree.run(&["logs", "access.log", "--status", "status.txt"]);
    assert!(run.stdout.contains("291 connections are open, nginx says (status.txt)"), "{}", run.shown());
    assert!(run.stdout.contains("2 connections were dropped"), "{}", run.shown());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/status", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1_000];
        let length = stream.read(&mut request).unwrap();
        let body = "{\"accepted\":5,\"dropped\":0,\"active\":7,\"idle\":1}";
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let run = tree.run(&["logs", "access.log", "--status", &url, "--format", "json"]);
    assert_eq!(json(&run)["status"]["active"], 7, "{}", run.shown());
    let request = served.join().unwrap();
    assert!(
        request.starts_with("GET /status HTTP/1.1\r\n")
            && request.to_lowercase().contains("user-agent: nginx-ws-lint/"),
        "{request}"
    );
}

#[test]
fn a_log_that_grows_is_followed_through_its_rotation() {
    let tree = tree();
    let line = ACCESS.lines().find(|line| line.contains("101 ")).unwrap();
    fs::write(tree.path("live.log"), format!("{line}\n")).unwrap();
    let running = Running::start(tree.command(&["logs", "-f", "live.log", "etc"]));
    running.next("1 WebSocket handshake, 1 answered");
    let append = |text: &str| {
        File::options()
            .append(true)
            .create(true)
            .open(tree.path("live.log"))
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    };
    append(&format!("{line}\n{}", &line[..50]));
    running.next("2 WebSocket handshakes");
    append(&format!("{}\n", &line[50..]));
    running.next("3 WebSocket handshakes");
    fs::rename(tree.path("live.log"), tree.path("live.log.1")).unwrap();
    append(&format!("{line}\n"));
    running.next("4 WebSocket handshakes");
    // Cut in place, as copytruncate does, and shorter than before.
    append(&format!("{line}\n{line}\n"));
    running.next("6 WebSocket handshakes");
    fs::write(tree.path("live.log"), format!("{line}\n")).unwrap();
    running.next("7 WebSocket handshakes");
}

#[test]
fn a_folder_of_both_is_read_as_both() {
    let tree = Tree::new(&[
        ("all/nginx.conf", CONF),
        ("all/access.log", ACCESS),
        ("all/error.log", ERROR),
        ("bare/requests", ACCESS),
    ]);
    let both = tree.run(&["logs", "all", "--format", "json"]);
    let named = tree.run(&["logs", "all/access.log", "all/error.log", "all/nginx.conf", "--format", "json"]);
    assert_eq!(both.code, Some(1), "{}", both.shown());
    assert_eq!(traffic(&both), traffic(&named));
    // Whatever a log is called.
    let bare = tree.run(&["logs", "bare", "--format", "json"]);
    assert_eq!((bare.code, json(&bare)["requests"].as_u64()), (Some(1), Some(150)), "{}", bare.shown());
    let none = tree.run(&["logs", "."]);
    assert!(none.stderr.contains("no log is given"), "{}", none.shown());
}

/// A request for a name came to a server of that name, not to the default server of another port.
#[test]
fn another_port_takes_no_request_of_a_name() {
    let format = "log_format t '$remote_addr [$time_iso8601] \"$request\" $status $request_time $host \"$http_upgrade\"';";
    let server = |listen: &str, name: &str, location: &str, more: &str| {
        format!(
            "server {{ listen {listen}; server_name {name}; {more} location {location} {{ proxy_pass http://127.0.0.1:9000; \
             proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }} }}"
        )
    };
    let lines: String = (0..40)
        .map(|second| {
            format!(
                "10.0.0.9 [2026-05-01T10:{:02}:{:02}+00:00] \"GET /chat/ws HTTP/1.1\" 101 60.0{:02} chat.example.com \"websocket\"\n",
                second / 60,
                second % 60,
                second % 10
            )
        })
        .collect();
    for more in
        ["", "access_log off;", "access_log /var/log/nginx/admin.log t;", "return 301 https://example.com;"]
    {
        let conf = format!(
            "events {{}} http {{ {format} access_log /var/log/nginx/access.log t; {} {} }}",
            server("80", "chat.example.com", "/chat/", ""),
            server("8080", "admin.example.com", "/", more)
        );
        let tree = Tree::new(&[("nginx.conf", conf.as_str()), ("access.log", lines.as_str())]);
        let run = tree.run(&["logs", "access.log", "nginx.conf", "--format", "json"]);
        let all = json(&run);
        assert_eq!(all["endpoints"].as_array().map(Vec::len), Some(1), "{more}: {}", run.shown());
        let endpoint = &all["endpoints"][0];
        assert_eq!(endpoint["location"], "/chat/", "{more}: {}", run.shown());
        assert_eq!(endpoint["cliffs"].as_array().map(Vec::len), Some(1), "{more}: {}", run.shown());
        assert!(run.stdout.contains("proxy_read_timeout"), "{more}: {}", run.shown());
    }
}

#[test]
fn no_log_is_replaced_by_what_is_said_of_it() {
    let tree = tree();
    for (arguments, said) in [
        (&["logs", "access.log", "--html", "access.log"][..], "is a log that is read"),
        (&["logs", "access.log", "-o", "./access.log"], "is a log that is read"),
        (&["logs", "access.log", "-o", "page", "--html", "./page"], "two reports go to"),
        (&["logs", "access.log", "etc", "--html", "etc/nginx.conf"], "is judged, and would be overwritten"),
        (
            &["logs", "access.log", "etc/nginx.conf", "--html", "./etc/nginx.conf"],
            "is judged, and would be overwritten",
        ),
        (&["logs", "access.log", "--status", "status", "-o", "status"], "is read in this run"),
        (&["logs", "access.log", "--status", "status", "--html", "status"], "is read in this run"),
    ] {
        let _ = fs::write(tree.path("page"), "");
        fs::write(tree.path("status"), "Active connections: 1 \n").unwrap();
        let configuration = fs::read_to_string(tree.path("etc/nginx.conf")).unwrap();
        let run = tree.run(arguments);
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(run.stderr.contains(said), "{}", run.shown());
        assert_eq!(fs::read_to_string(tree.path("access.log")).unwrap(), ACCESS);
        assert_eq!(fs::read_to_string(tree.path("etc/nginx.conf")).unwrap(), configuration);
        assert_eq!(fs::read_to_string(tree.path("status")).unwrap(), "Active connections: 1 \n");
    }
}

#[test]
fn a_log_of_which_nothing_can_be_read_is_exit_code_2() {
    let odd = "some words that no format of nginx has\n".repeat(800);
    let tree = Tree::new(&[("access.log", odd.as_str())]);
    for more in [&[][..], &["--log-format", "combined"]] {
        let run = tree.run(&[&["logs", "access.log", "--format", "json"], more].concat());
        assert_eq!(run.code, Some(2), "{}", run.shown());
        assert!(!json(&run)["inputs"][0]["problem"].is_null(), "{}", run.shown());
    }
}

/// One file that is named twice, or by a link, is read once.
#[test]
fn one_file_is_read_once() {
    let tree = tree();
    std::os::unix::fs::symlink("access.log", tree.path("again.log")).unwrap();
    fs::hard_link(tree.path("access.log"), tree.path("hard.log")).unwrap();
    let plain = tree.run(&["logs", "access.log", "etc", "--format", "json"]);
    for more in ["access.log", "./access.log", "again.log", "hard.log"] {
        let run = tree.run(&["logs", "access.log", more, "etc", "--format", "json"]);
        assert_eq!(traffic(&run), traffic(&plain), "{more}");
        assert!(run.stderr.contains("is the same file as `access.log`"), "{}", run.stderr);
    }
    // A copy has the same requests, which is said.
    fs::copy(tree.path("access.log"), tree.path("copy.log")).unwrap();
    let run = tree.run(&["logs", "access.log", "copy.log", "etc"]);
    assert!(
        run.stdout.contains("access.log has the same handshakes: they are counted twice"),
        "{}",
        run.shown()
    );
    let run = tree.run(&["logs", "access.log", "copy.log", "etc", "--format", "json"]);
    assert_eq!(json(&run)["inputs"][1]["repeats"], "access.log");
}

/// `limit_except` and `if` are parts of a location, and no location has the name of a method.
#[test]
fn what_a_block_of_a_location_answers_is_of_the_location() {
    let conf = "http { server { listen 80; server_name a.test;
        location /ws { limit_except POST { deny all; } proxy_pass http://127.0.0.1:1; }
        location /live/ws { if ($arg_old) { return 410; } proxy_pass http://127.0.0.1:1; } } }";
    let line = |target: &str, status: u16| {
        format!("a.test [01/May/2024:10:00:00 +0200] \"GET {target} HTTP/1.1\" {status} up=websocket\n")
    };
    let log = line("/ws", 403).repeat(6) + &line("/live/ws?old=1", 410).repeat(6);
    let tree = Tree::new(&[("etc/nginx.conf", conf), ("access.log", &log)]);
    let format = "$host [$time_local] \"$request\" $status up=$http_upgrade";
    let said = json(&tree.run(&["logs", "access.log", "etc", "--log-format", format, "--format", "json"]));
    let endpoints = said["endpoints"].as_array().unwrap();
    let told: Vec<(&str, &str)> = endpoints
        .iter()
        .map(|one| (one["location"].as_str().unwrap(), one["refusing"][0]["text"].as_str().unwrap_or("")))
        .collect();
    let [(first, deny), (second, gone)] = told[..] else { panic!("{said}") };
    assert_eq!((first, second), ("/ws", "/live/ws"), "{said}");
    assert!(deny.contains("deny") && gone.contains("410"), "{said}");
}
