//! Back ends: as strict as RFC 6455, or lenient about HTTP/1.0; they remember what they received.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use md5::{Digest, Md5};
use rustls::{ServerConnection, StreamOwned};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::conduct::{Backstage, Conduct, Framing};
use super::http::{Body, Head, is_waiting, read_head};
use super::rfc6455::{Reply, judge};
use super::{Error, certificate};

/// How often a thread that waits for bytes looks whether it is to end.
const TICK: Duration = Duration::from_millis(50);

/// How a back end takes a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Refuses whatever RFC 6455 does not allow.
    #[default]
    Strict,
    /// The same, but HTTP/1.0 is as good as 1.1.
    Lenient,
    /// As strict, and its 101 says `Content-Type: text/html`.
    Typed,
    /// As strict, and its 101 sets a cookie of [`COOKIE`] bytes.
    Cookie,
    /// As strict with a handshake, but what asks for no upgrade is an ordinary request whatever else it has. Its page tells
    /// what was asked: request line and fields, but for those that make a handshake.
    Telling,
}

/// As long as a session that is kept in a signed cookie, and more than half of what browsers keep.
const COOKIE: usize = 2500;

/// The field by which a client has a telling back end answer with `X-Accel-Redirect`: a number, so that each request is
/// sent on once, and the path.
pub(crate) const ACCELERATED: &str = "X-Send-On";

/// The field by which a client has a telling back end refuse a handshake, and give answers that caches may store.
pub(crate) const REFUSED: &str = "X-Refuse";

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The back end's address as the configuration has it.
    pub backend: String,
    /// A number of its own for each connection.
    pub connection: u64,
    /// Request line and headers.
    pub head: Head,
}

#[derive(Debug, Default)]
struct Shared {
    manner: Manner,
    stop: AtomicBool,
    connections: AtomicU64,
    received: Mutex<Vec<Received>>,
    /// What [`ACCELERATED`] asked for already.
    accelerated: Mutex<Vec<String>>,
    backstage: Backstage,
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    /// Where nginx is to send a request on to; `None` unless the client asks for it, for the first time.
    fn accelerated(&self, head: &Head) -> Option<String> {
        let value = head.header(ACCELERATED).filter(|_| self.manner == Manner::Telling)?;
        let mut known = self.accelerated.lock().unwrap_or_else(PoisonError::into_inner);
        if known.iter().any(|known| known == value) {
            return None;
        }
        known.push(value.to_owned());
        value.split_once(' ').map(|(_, path)| path.to_owned())
    }
}

/// All back ends of one configuration; they end when it is dropped, and close no tunnel before unless they are told to.
#[derive(Debug)]
pub struct Backends {
    shared: Arc<Shared>,
    running: Vec<Backend>,
}

#[derive(Debug)]
struct Backend {
    address: SocketAddr,
    stands_for: String,
    thread: Option<JoinHandle<()>>,
}

impl Backends {
    /// None yet.
    pub fn new(manner: Manner) -> Self {
        Self { shared: Arc::new(Shared { manner, ..Shared::default() }), running: Vec::new() }
    }

    /// The port of the back end that stands for an address of the configuration; started at the first call. It speaks
    /// TLS to who speaks TLS: the scheme of a `proxy_pass` may be a variable.
    ///
    /// # Errors
    /// When no port can be opened.
    pub fn port(&mut self, stands_for: &str) -> Result<u16, Error> {
        let known = self.running.iter().find(|one| one.stands_for == stands_for);
        if let Some(backend) = known {
            return Ok(backend.address.port());
        }
        let tls = Arc::clone(&certificate::pair()?.server);
        let system = |error| Error::System { what: "back end", error };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(system)?;
        let address = listener.local_addr().map_err(system)?;
        let (shared, name) = (Arc::clone(&self.shared), stands_for.to_owned());
        let serve = move || {
            for stream in listener.incoming().flatten() {
                if !shared.goes_on() {
                    break;
                }
                let (shared, name, tls) = (Arc::clone(&shared), name.clone(), Arc::clone(&tls));
                // It ends with the connection, or a tick after the harness does.
                thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(TICK));
                    let _ = stream.set_nodelay(true);
                    let _ = match ServerConnection::new(tls) {
                        _ if !begins_with_tls(&stream, &shared) => converse(stream, &name, &shared),
                        Ok(connection) => converse(StreamOwned::new(connection, stream), &name, &shared),
                        Err(error) => Err(io::Error::other(error)),
                    };
                });
            }
        };
        let thread = Some(thread::spawn(serve));
        self.running.push(Backend { address, stands_for: stands_for.to_owned(), thread });
        Ok(address.port())
    }

    /// What has arrived so far, in order.
    pub fn received(&self) -> Vec<Received> {
        self.received_since(0)
    }

    pub(crate) fn backstage(&self) -> &Backstage {
        &self.shared.backstage
    }

    /// Whether pages tell what was asked, with addresses of the harness in it.
    pub(crate) fn are_telling(&self) -> bool {
        self.shared.manner == Manner::Telling
    }

    /// How much has arrived so far.
    pub(crate) fn count(&self) -> usize {
        self.shared.received.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What has arrived behind the first `count`.
    pub(crate) fn received_since(&self, count: usize) -> Vec<Received> {
        let received = self.shared.received.lock().unwrap_or_else(PoisonError::into_inner);
        received.get(count..).unwrap_or_default().to_vec()
    }

    /// A text with the addresses that the configuration had in place of those of the harness.
    pub(crate) fn with_original_addresses(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for backend in &self.running {
            let address = backend.address.to_string();
            text = text.replace(&address, &backend.stands_for);
            // By which `sticky cookie` knows a peer (nginx 1.29.6 and later).
            text = text.replace(&sum(&address), &sum(&backend.stands_for));
        }
        text
    }
}

/// The MD5 sum of a text in hexadecimal digits.
fn sum(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Drop for Backends {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for backend in &mut self.running {
            // Wakes the thread that waits for a connection.
            if let Ok(stream) = TcpStream::connect_timeout(&backend.address, Duration::from_secs(1)) {
                let _ = stream.shutdown(Shutdown::Both);
            }
            if let Some(thread) = backend.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

/// Whether the client's first byte is that of a TLS handshake (RFC 8446 section 5.1), and of no request.
fn begins_with_tls(stream: &TcpStream, shared: &Shared) -> bool {
    let mut first = [0];
    loop {
        match stream.peek(&mut first) {
            Ok(length) => return length > 0 && first == [22],
            Err(error) if is_waiting(&error) && shared.goes_on() => {}
            Err(_) => return false,
        }
    }
}

/// Requests one after another, until a handshake makes a tunnel of the connection.
fn converse(mut stream: impl Read + Write, backend: &str, shared: &Shared) -> io::Result<()> {
    let connection = shared.connections.fetch_add(1, Ordering::Relaxed);
    while let Some(head) = read_head(&mut stream, || shared.goes_on())? {
        let accelerated = shared.accelerated(&head);
        let is_stored = head.header(REFUSED).is_some() && shared.manner == Manner::Telling;
        let is_page = accelerated.is_some() || is_stored && head.header("Upgrade").is_some();
        let reply = if is_page { Reply::Page } else { judge(&head, shared.manner) };
        let mut body = Body::of_request(&head);
        let is_last = head.has_token("Connection", "close")
            || (head.protocol() != "HTTP/1.1" && !head.has_token("Connection", "keep-alive"));
        let received = Received { backend: backend.to_owned(), connection, head: head.clone() };
        shared.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
        while body.next(&mut stream)?.is_some() {}
        if let (Reply::Page, Conduct::Streams(stream_of)) = (&reply, shared.backstage.conduct()) {
            shared.backstage.stream(&mut stream, &stream_of, &head)?;
            let is_framed = stream_of.framing != Framing::UntilClose && head.protocol() == "HTTP/1.1";
            if is_last || !is_framed {
                return Ok(());
            }
            continue;
        }
        let answer = match &reply {
            Reply::Switch(accept) => {
                let more = match shared.manner {
                    Manner::Typed => "Content-Type: text/html\r\n".to_owned(),
                    Manner::Cookie => format!("Set-Cookie: a={}\r\n", "x".repeat(COOKIE - "a=".len())),
                    Manner::Strict | Manner::Lenient | Manner::Telling => String::new(),
                };
                format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     {more}Sec-WebSocket-Accept: {accept}\r\n\r\n"
                )
            }
            // Where it closes it says so: else nginx may keep the connection and send the next request into its end,
            // which is a 502 for a POST.
            Reply::Page => {
                let page = page(&head, shared.manner);
                let close = if is_last { "Connection: close\r\n" } else { "" };
                let sent_on = accelerated.map(|path| format!("X-Accel-Redirect: {path}\r\n"));
                let more = if is_stored { "Cache-Control: max-age=60\r\n" } else { "" };
                let sent_on = sent_on.unwrap_or_default() + more;
                // To HEAD none is sent, or it would be the start of the next answer.
                let sent = if head.line.starts_with("HEAD ") { "" } else { page.as_str() };
                format!("HTTP/1.1 200 OK\r\n{close}{sent_on}Content-Length: {}\r\n\r\n{sent}", page.len())
            }
            Reply::Refuse(status) => format!(
                "HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            ),
        };
        stream.write_all(answer.as_bytes())?;
        stream.flush()?;
        match reply {
            Reply::Switch(_) => return echo(stream, shared),
            Reply::Refuse(_) => return Ok(()),
            Reply::Page if is_last => return Ok(()),
            Reply::Page => {}
        }
    }
    Ok(())
}

/// The body of an ordinary answer.
fn page(request: &Head, manner: Manner) -> String {
    if manner != Manner::Telling {
        return "page\n".to_owned();
    }
    let (line, _) = request.line.rsplit_once(' ').unwrap_or((&request.line, ""));
    let is_told = |name: &str| !["upgrade", "connection"].contains(&name.to_ascii_lowercase().as_str());
    let fields = request.headers.iter().filter(|(name, _)| is_told(name));
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("{line}\n{}", fields.concat())
}

/// Sends messages back until the other side closes, or this one is to.
fn echo(stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    let start = Instant::now();
    let mut end = match shared.backstage.conduct() {
        Conduct::Closes { after, with_frame } => Some((after, with_frame)),
        Conduct::Usual | Conduct::Streams(_) => None,
    };
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    loop {
        if let Some((_, with_frame)) = end.take_if(|(after, _)| start.elapsed() >= *after) {
            shared.backstage.closes();
            if !with_frame {
                return Ok(());
            }
            socket.close(None).map_err(io::Error::other)?;
        }
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                socket.send(message).map_err(io::Error::other)?;
            }
            Ok(_) => {}
            Err(tungstenite::Error::Io(error)) if is_waiting(&error) && shared.goes_on() => {}
            Err(_) => return Ok(()),
        }
    }
}
