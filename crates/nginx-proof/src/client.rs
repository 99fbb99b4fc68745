//! A client as browsers are: handshakes, an echo through the tunnel, silence, and plain requests.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::http::{Head, is_waiting, read_head};
use crate::rfc6455::KEY;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose headers a handshake has: browsers differ in `Connection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// `Connection: Upgrade`
    Chrome,
    /// `Connection: keep-alive, Upgrade`
    Firefox,
}

impl Browser {
    /// Its value of `Connection`.
    pub fn connection(self) -> &'static str {
        match self {
            Self::Chrome => "Upgrade",
            Self::Firefox => "keep-alive, Upgrade",
        }
    }
}

/// Whether anything listens there.
pub(crate) fn answers(port: u16) -> bool {
    TcpStream::connect_timeout(&address(port), PATIENCE).is_ok()
}

/// Sends a handshake; the answer, and the connection behind it.
pub(crate) fn handshake(port: u16, path: &str, browser: Browser) -> io::Result<(Head, TcpStream)> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: example.com\r\nConnection: {}\r\nUpgrade: websocket\r\n\
         Origin: http://example.com\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\r\n",
        browser.connection()
    );
    ask(port, &request)
}

/// A plain GET with all of its answer read.
pub(crate) fn get(port: u16, path: &str) -> io::Result<Head> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive\r\n\r\n");
    let (head, mut stream) = ask(port, &request)?;
    let mut body = vec![0; head.content_length().min(1 << 20)];
    stream.read_exact(&mut body)?;
    Ok(head)
}

/// What became of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tunnel {
    /// Whether a message came back.
    pub(crate) is_echoed: bool,
    /// How long after that message nginx closed; `None` where it was open at the end of the wait.
    pub(crate) closed_after: Option<Duration>,
}

/// Sends one message through a tunnel, then nothing, and waits for `patience`.
pub(crate) fn stay(stream: TcpStream, patience: Duration) -> io::Result<Tunnel> {
    let mut socket = WebSocket::from_raw_socket(stream, Role::Client, None);
    let message = Message::text("still there?");
    let is_echoed = socket.send(message.clone()).is_ok() && socket.read().is_ok_and(|back| back == message);
    let start = Instant::now();
    socket.get_ref().set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
    let closed_after = match socket.read() {
        Err(tungstenite::Error::Io(error)) if is_waiting(&error) => None,
        _ => Some(start.elapsed()),
    };
    Ok(Tunnel { is_echoed, closed_after })
}

fn ask(port: u16, request: &str) -> io::Result<(Head, TcpStream)> {
    let mut stream = TcpStream::connect_timeout(&address(port), PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let head = read_head(&mut stream, || false)?;
    head.map(|head| (head, stream)).ok_or_else(|| io::Error::other("closed without an answer"))
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
