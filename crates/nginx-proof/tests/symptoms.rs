//! What `explain` takes for a line of nginx's log is what nginx writes: the texts are in its program.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::fs;
use std::path::Path;

use nginx_proof::{Binary, found};
use ws_rules::symptoms::{Sign, symptoms};

/// What the system, OpenSSL, clients and other programs say.
const OTHERS: [&str; 23] = [
    "certificate",
    "permission denied",
    "unable to get local issuer certificate",
    "cf-cache-status: hit",
    "client sent an http request to an https server",
    "client timed out",
    "connection refused",
    "connection reset by peer",
    "broken pipe",
    "empty reply from server",
    "err_empty_response",
    "failed",
    "failed (2: no such file or directory)",
    "key values mismatch",
    "no route to host",
    "packet length too long",
    "request header or cookie too large",
    "the plain http request was sent to https port",
    "too many open files",
    "unknown protocol",
    "wrong version number",
    "x-cache-status: hit",
    "connect() to unix:",
];

/// What is put together from several texts.
const COMPOSED: [(&str, &[&str]); 5] = [
    ("\" in /", &[" in %s:%ui"]),
    ("host not found in upstream", &["host not found", "in upstream"]),
    ("invalid port in upstream", &["invalid port", "in upstream"]),
    ("limiting connections by zone", &["limiting connections", "by zone"]),
    ("no live upstreams while connecting to upstream", &["no live upstreams", "connecting to upstream"]),
];

/// The bytes of the program in lower case; `tools/debian-nginx` makes a script that starts it.
fn program(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    if bytes.starts_with(b"#!") {
        let script = String::from_utf8(bytes).unwrap();
        let files = script.split('"').filter(|word| word.starts_with('/') && Path::new(word).is_file());
        bytes = files.flat_map(|file| fs::read(file).unwrap()).collect();
    }
    bytes.make_ascii_lowercase();
    bytes
}

fn has(program: &[u8], text: &str) -> bool {
    program.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn what_nginx_logs_is_in_its_program() {
    let binaries = found().unwrap();
    // The newest one has them all.
    let Some(Binary { path, .. }) = binaries.last() else { return };
    let program = program(path);
    let mut missing = Vec::new();
    let mut count = 0;
    for symptom in symptoms().filter(|symptom| symptom.source.starts_with("ngx_")) {
        for sign in symptom.signs {
            let Sign::Text(pieces) = sign else { continue };
            for piece in pieces.iter().filter(|piece| !OTHERS.contains(piece)) {
                count += 1;
                let composed = COMPOSED.iter().find(|(text, _)| text == piece);
                // `while` and what nginx is doing are two texts.
                let one = [piece.strip_prefix("while ").unwrap_or(piece)];
                let texts = composed.map_or(&one[..], |(_, texts)| texts);
                // Values stand in them: `unknown "%V" variable`.
                let has_all = texts.iter().flat_map(|text| text.split(['"', '[', ']'])).all(|text| {
                    let text = text.trim();
                    text.is_empty() || text == "emerg" || has(&program, text)
                });
                if !has_all {
                    missing.push((symptom.title, *piece));
                }
            }
        }
    }
    assert!(count > 40, "{count}");
    assert_eq!(missing, []);
}
