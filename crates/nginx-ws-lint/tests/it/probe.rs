//! `probe`: exit codes, what is said, and what never is. What a real nginx does is proven by nginx-proof.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tungstenite::handshake::derive_accept_key;

use crate::run::{Run, Tree};

/// A server of loopback that answers each connection with the same bytes, once the head of a request is there.
fn serve(answer: impl Into<Vec<u8>>) -> u16 {
    let answer = answer.into();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = read_head(&mut stream);
            // A server that says back what it got.
            let echo = head.replace("\r\n", " ");
            let text = String::from_utf8_lossy(&answer).replace("ECHO", &echo);
            let _ = stream.write_all(text.as_bytes());
        }
    });
    port
}

fn read_head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn probed(tree: &Tree, port: u16, more: &[&str]) -> Run {
    let url = format!("ws://127.0.0.1:{port}/ws?token=t0k3nvalue");
    tree.run(&[&["probe", url.as_str()], more].concat())
}

/// A server that accepts each handshake, and then does something with the connection before it closes it.
fn accept(ip: impl Into<IpAddr>, work: impl Fn(&mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((ip.into(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = read_head(&mut stream);
            let key =
                head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
            let accept = derive_accept_key(key.as_bytes());
            let _ = write!(
                stream,
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            work(&mut stream);
        }
    });
    port
}

const CONF: &str = "events {}\nhttp {\n    server {\n        listen PORT;\n        location /ws {\n            \
    proxy_pass http://127.0.0.1:9;\n            proxy_http_version 1.1;\n        }\n    }\n}\n";

#[test]
fn a_refusal_is_exit_code_1_and_is_tied_to_its_line() {
    let port = serve("HTTP/1.1 426 Upgrade Required\r\nServer: nginx/1.26.3\r\n\r\n");
    let tree = Tree::new(&[("nginx.conf", &CONF.replace("PORT", &port.to_string()))]);
    let run = probed(&tree, port, &["nginx.conf", "--nginx-version", "1.26"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    for said in [
        "it fails: the answer is 426",
        "agrees    this is what was seen",
        "missing-upgrade-header",
        "nginx.conf:6",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.shown());
    }
    assert!(!run.stdout.contains("t0k3nvalue"), "{}", run.shown());
}

#[test]
fn json_is_for_programs() {
    let port = serve("HTTP/1.1 404 Not Found\r\nServer: cloudflare\r\n\r\n");
    let run = probed(&Tree::new(&[]), port, &["--format", "json", "--as", "firefox"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["verdict"], "fails");
    assert_eq!(json["request"]["browser"], "firefox");
    assert_eq!(json["answer"]["status"], 404);
    assert_eq!(json["failure"]["kind"], "other-status");
    assert_eq!(json["layers"][0]["name"], "Cloudflare");
    assert_eq!(json["comparison"], Value::Null);
}

#[test]
fn what_is_secret_is_in_no_output() {
    let port =
        serve("HTTP/1.1 403 ECHO\r\nX-Echo: ECHO\r\nLocation: /?ECHO\r\nSet-Cookie: sid=fromserver\r\n\r\n");
    let tree = Tree::new(&[("cookies", "sid=c00kievalue\n")]);
    let url = format!("ws://user:passw0rd@127.0.0.1:{port}/ws?access_token=t0k3nvalue");
    let header = "Authorization: Bearer b3arervalue";
    for format in ["human", "json"] {
        let run =
            tree.run(&["probe", &url, "--cookie-file", "cookies", "-H", header, "--format", format, "-v"]);
        assert_eq!(run.code, Some(1), "{}", run.shown());
        for secret in ["passw0rd", "c00kievalue", "t0k3nvalue", "b3arervalue", "fromserver"] {
            assert!(!run.shown().contains(secret), "{secret}: {}", run.shown());
        }
    }
}

#[test]
fn nothing_of_a_server_is_obeyed() {
    let port =
        serve("HTTP/1.1 400 \u{9b}31m::error::a\r\nX-A: ##[error]b \u{202e}c\r\nServer: ::error::x\r\n\r\n");
    let run = probed(&Tree::new(&[]), port, &[]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(!run.stdout.contains(['\u{9b}', '\u{202e}', '\x1b']), "{:?}", run.stdout);
    assert!(
        !run.stdout.contains("##[") && !run.stdout.lines().any(|line| line.trim_start().starts_with("::"))
    );
}

#[test]
fn a_server_that_is_not_reached_is_exit_code_2() {
    let run = Tree::new(&[]).run(&["probe", "ws://name.invalid/ws", "--max-time", "5s"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    assert!(run.stdout.contains("whether it works is unknown"), "{}", run.shown());
}

#[test]
fn words_that_cannot_be_used_are_said_without_their_secrets() {
    let tree = Tree::new(&[("empty.pem", "")]);
    let url = "ws://127.0.0.1:9/ws";
    for (arguments, said) in [
        (&["ftp://u:hunter22@h/"][..], "must start with ws://"),
        (&["ws://u:hunter22@h:99999/"], "invalid port"),
        (&["wss://b\u{fc}cher.example/"], "in ASCII"),
        (&[url, "-H", "Authorization hunter22"], "NAME: VALUE"),
        (&[url, "-H", "User-Agent: Mozilla"], "stays that of the probe"),
        (&[url, "--resolve", "h:443"], "HOST:PORT:ADDRESS"),
        (&[url, "--subprotocol", "a b"], "is no name"),
        (&[url, "--polling"], "does not tell the library"),
        (&[url, "--cookie-file", "none"], "cannot read"),
        (&["wss://127.0.0.1:9/ws", "--ca", "empty.pem"], "no certificate"),
        (&[url, "--ping", "20s"], "--idle"),
        (&[url, "--idle", "30h"], "longer than a day"),
        (&[url, "--idle", "9s", "--ping", "1ms"], "once a second"),
        (&[url, "--reconnects", "101"], "101"),
        (&[url, "-4", "-6"], "cannot be used with"),
    ] {
        let run = tree.run(&[&["probe"], arguments].concat());
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.shown());
        assert!(run.stderr.contains(said), "{said}: {}", run.shown());
        assert!(!run.shown().contains("hunter22"), "{}", run.shown());
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn paths_are_checked_before_anything_is_contacted() {
    let port = serve("HTTP/1.1 404 Not Found\r\n\r\n");
    let run = probed(&Tree::new(&[("a/nginx.conf", CONF)]), port, &["-", "a"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{}", run.shown());
    let run = probed(&Tree::new(&[]), port, &["not-there"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
}

/// How a held connection ended: exit code, word in JSON, words for people.
fn end_of(port: u16, more: &[&str]) -> (Option<i32>, String, String) {
    let tree = Tree::new(&[]);
    let arguments = [&["--idle", "8s"], more].concat();
    let run = probed(&tree, port, &[&arguments[..], &["--format", "json"]].concat());
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    let end = json.pointer("/hold/end").and_then(Value::as_str).unwrap_or_default().to_owned();
    (run.code, end, probed(&tree, port, &arguments).stdout)
}

#[test]
fn a_reset_is_told_from_an_end_and_from_half_a_frame() {
    // A socket that is closed with bytes that nobody read resets: here the ping of the first second.
    let port = accept(Ipv4Addr::LOCALHOST, |_| thread::sleep(Duration::from_millis(1_500)));
    let (code, end, text) = end_of(port, &["--ping", "1s"]);
    assert_eq!((code, end.as_str()), (Some(1), "reset"), "{text}");
    assert!(text.contains("the other end reset the TCP connection after 1."), "{text}");
    for (bytes, expected, said) in [
        (&[0x81, 2, b'h', b'i'][..], "fin", "(FIN) without a close frame"),
        (&[0x81, 9, b'h', b'i'], "fin-in-frame", "(FIN) in the middle of a frame"),
    ] {
        let port = accept(Ipv4Addr::LOCALHOST, |stream| {
            let _ = stream.write_all(bytes);
        });
        let (code, end, text) = end_of(port, &[]);
        assert_eq!((code, end.as_str()), (Some(1), expected), "{text}");
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{text}");
    }
}

#[test]
fn a_server_of_ipv6_alone_is_reached() {
    let port = accept(Ipv6Addr::LOCALHOST, |stream| {
        let _ = stream.read(&mut [0; 64]);
    });
    let tree = Tree::new(&[]);
    let six = format!("ws://[::1]:{port}/ws");
    let run = tree.run(&["probe", &six, "--format", "json"]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["attempts"][0]["is_ipv6"], true, "{}", run.shown());
    // Over IPv4 there is nothing, and a name with both is reached over the one that answers.
    let run = tree.run(&["probe", &six, "-4"]);
    assert_eq!(run.code, Some(2), "{}", run.shown());
    let named = format!("ws://chat.example.com:{port}/ws");
    let (v4, v6) = (format!("chat.example.com:{port}:127.0.0.1"), format!("chat.example.com:{port}:[::1]"));
    let run = tree.run(&["probe", &named, "--resolve", &v4, "--resolve", &v6]);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stdout.contains("[::1]"), "{}", run.shown());
    let run = tree.run(&["probe", &named, "--resolve", &v4, "--resolve", &v6, "-4"]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
}
