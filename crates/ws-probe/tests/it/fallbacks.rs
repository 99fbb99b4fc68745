//! The fallback over HTTP, with bodies in every framing.

use lint_finding::{PollingKind, ProbeVerdict};

use crate::server::{accepted, drain, plan, say, seen, serve};

#[test]
fn socket_io_answers_in_chunks_and_with_a_length() {
    let open = "0{\"sid\":\"s3cr3tsession\",\"upgrades\":[\"websocket\"]}";
    let server = serve(move |mut stream, head, _| {
        let answer = match head.split(' ').take(2).collect::<Vec<_>>().join(" ") {
            line if line.contains("transport=websocket") => accepted(head, ""),
            line if line.starts_with("GET") && !line.contains("sid=") => {
                let (one, two) = open.split_at(9);
                format!(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x};x=y\r\n{two}\r\n0\r\n\r\n",
                    one.len(),
                    two.len()
                )
            }
            line if line.starts_with("POST") => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
            _ => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n40".to_owned(),
        };
        say(&mut stream, answer);
        if head.contains("transport=websocket") {
            drain(&mut stream);
        }
    });
    let mut plan = plan(server.address, "/socket.io/?EIO=4&transport=websocket");
    plan.polling = Some(PollingKind::SocketIo);
    let (seen, verdict) = seen(&plan);
    let polling = seen.polling.unwrap();
    assert!(polling.works && verdict == ProbeVerdict::Works, "{polling:?}");
    assert_eq!(polling.steps.len(), 3);
    assert!(!format!("{polling:?}").contains("s3cr3t"), "{polling:?}");
}

#[test]
fn a_page_in_its_place_is_told_and_not_read_to_its_end() {
    let server = serve(|mut stream, head, number| {
        if number == 0 {
            say(&mut stream, accepted(head, ""));
            drain(&mut stream);
            return;
        }
        say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>");
        use std::io::Write;
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let mut plan = plan(server.address, "/ws");
    plan.polling = Some(PollingKind::SockJs);
    let (seen, verdict) = seen(&plan);
    let polling = seen.polling.unwrap();
    assert_eq!((polling.works, verdict), (false, ProbeVerdict::Fails));
    assert!(polling.steps[0].text.contains("another location answers"), "{polling:?}");
}
