//! A client as browsers are: handshakes, an echo through the tunnel, silence, and requests of every kind.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::certificate;
use super::http::{Head, is_waiting, read_head};
use super::probe::{Close, Exchange};

/// No answer takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// How much later than its head the body of a request comes that goes in chunks.
const LATER: Duration = Duration::from_millis(10);

/// A port of nginx.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
}

/// A connection to nginx.
#[derive(Debug)]
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    /// `name` is the server that TLS asks for; without a byte for `patience`, reading and writing fail.
    pub(crate) fn open(door: Door, name: &str, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address(door.port), PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        if !door.is_tls {
            return Ok(Self::Plain(stream));
        }
        let connection = certificate::client(name)?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, stream))))
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// The port from which nginx sees it come.
    pub(crate) fn local_port(&self) -> Option<u16> {
        self.tcp().local_addr().ok().map(|address| address.port())
    }

    /// Sends a request and reads the head of its answer; interim ones but 101 are skipped.
    pub(crate) fn ask(&mut self, exchange: &Exchange) -> io::Result<Head> {
        let text = exchange.text();
        let (head, body) =
            text.split_at(if exchange.is_chunked { exchange.head_length() } else { text.len() });
        self.write_all(head.as_bytes())?;
        self.flush()?;
        if !body.is_empty() {
            // nginx tells the length of a body that comes with the head. Who is answered already may be cut off.
            thread::sleep(LATER);
            let _ = self.write_all(body.as_bytes()).and_then(|()| self.flush());
        }
        loop {
            let head =
                read_head(self, || false)?.ok_or_else(|| io::Error::other("closed without an answer"))?;
            if !matches!(head.status(), Some(100 | 102..=199)) {
                return Ok(head);
            }
        }
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(bytes),
            Self::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// Whether anything listens there.
pub(crate) fn answers(port: u16) -> bool {
    TcpStream::connect_timeout(&address(port), PATIENCE).is_ok()
}

/// What became of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tunnel {
    /// Whether a message came back.
    pub(crate) is_echoed: bool,
    /// How long after that message the client saw its end, and how; `None` where it was open at the end of the wait.
    pub(crate) closed: Option<(Duration, Close)>,
}

/// Sends one message through a tunnel, then nothing, and waits for `patience`.
pub(crate) fn stay(wire: Wire, patience: Duration) -> io::Result<Tunnel> {
    let mut socket = WebSocket::from_raw_socket(wire, Role::Client, None);
    let message = Message::text("still there?");
    let is_echoed = socket.send(message.clone()).is_ok() && socket.read().is_ok_and(|back| back == message);
    let start = Instant::now();
    socket.get_ref().tcp().set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
    let close = match socket.read() {
        Err(tungstenite::Error::Io(error)) if is_waiting(&error) => None,
        Ok(Message::Close(_)) => Some(Close::Frame),
        Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset => {
            Some(Close::Reset)
        }
        _ => Some(Close::End),
    };
    Ok(Tunnel { is_echoed, closed: close.map(|close| (start.elapsed(), close)) })
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
