//! What a back end does beside the usual during one probe: it closes a tunnel, or streams its answer.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::http::Head;

/// How often it is asked whether the client has a part.
const TICK: Duration = Duration::from_millis(1);

/// What each part of a streamed answer starts with.
pub(crate) const MARK: &str = "part:";

/// What a back end does during a probe.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Conduct {
    /// It answers, and never ends a tunnel.
    #[default]
    Usual,
    /// It ends a tunnel.
    Closes {
        /// So long after the handshake.
        after: Duration,
        /// With a close frame, else without a word.
        with_frame: bool,
    },
    /// It answers what is no handshake part by part.
    Streams(Stream),
}

/// An answer that comes part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// How its end is known.
    pub framing: Framing,
    /// The value of `Content-Type`.
    pub content_type: String,
    /// Other headers.
    pub headers: Vec<(String, String)>,
    /// How many parts, two at least.
    pub parts: usize,
    /// How many bytes each has.
    pub size: usize,
    /// How long the back end waits for the client to have a part before it sends the next one nevertheless.
    pub pause: Duration,
}

impl Stream {
    /// Three small events.
    pub fn events(framing: Framing) -> Self {
        Self {
            framing,
            content_type: "text/event-stream".to_owned(),
            headers: Vec::new(),
            parts: 3,
            size: 40,
            pause: Duration::from_millis(800),
        }
    }

    fn part(&self, number: usize) -> Vec<u8> {
        let mut part = format!("{MARK} {number} ").into_bytes();
        part.resize(self.size.max(part.len() + 2) - 2, b'.');
        part.extend_from_slice(b"\n\n");
        part
    }
}

/// How the end of an answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Chunks; to a request of HTTP/1.0, which knows none, as with [`Framing::UntilClose`].
    Chunked,
    /// `Content-Length`.
    Length,
    /// The back end closes the connection.
    UntilClose,
}

/// How the parts of a streamed answer reached the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Each before the back end sent the next one.
    Prompt,
    /// None before the back end had sent the last one.
    Burst,
    /// For each but the last: whether it came before the next one was sent.
    Mixed(Vec<bool>),
}

impl Delivery {
    pub(crate) fn of(prompt: &[bool]) -> Option<Self> {
        let is_prompt = prompt.iter().all(|is| *is);
        let is_burst = prompt.iter().all(|is| !*is);
        match (is_prompt, is_burst) {
            // Nothing was streamed at all.
            (true, true) => None,
            (true, false) => Some(Self::Prompt),
            (false, true) => Some(Self::Burst),
            (false, false) => Some(Self::Mixed(prompt.to_vec())),
        }
    }
}

/// What client and back ends tell one another past nginx.
#[derive(Debug, Default)]
pub(crate) struct Backstage {
    conduct: Mutex<Conduct>,
    /// Whether a back end has ended a tunnel.
    has_closed: AtomicBool,
    /// How many parts the client has.
    arrived: AtomicUsize,
    /// Whether each part but the last arrived before the next one was sent.
    prompt: Mutex<Vec<bool>>,
}

impl Backstage {
    /// Before each probe.
    pub(crate) fn set(&self, conduct: Conduct) {
        self.has_closed.store(false, Ordering::SeqCst);
        self.arrived.store(0, Ordering::SeqCst);
        self.prompt.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.conduct.lock().unwrap_or_else(PoisonError::into_inner) = conduct;
    }

    pub(crate) fn conduct(&self) -> Conduct {
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Called before the socket is closed, so that who sees it closed knows.
    pub(crate) fn closes(&self) {
        self.has_closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_closed(&self) -> bool {
        self.has_closed.load(Ordering::SeqCst)
    }

    /// The client has so many parts.
    pub(crate) fn arrived(&self, parts: usize) {
        self.arrived.store(parts, Ordering::SeqCst);
    }

    pub(crate) fn sent(&self) -> usize {
        self.prompt.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn delivery(&self) -> Option<Delivery> {
        Delivery::of(&self.prompt.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends an answer part by part. What is prompt is a matter of order, not of time: each part waits until the client
    /// has the one before, and only where that does not happen for `pause` it goes on.
    pub(crate) fn stream(&self, to: &mut dyn Write, stream: &Stream, request: &Head) -> io::Result<()> {
        let framing = match stream.framing {
            Framing::Chunked if request.protocol() != "HTTP/1.1" => Framing::UntilClose,
            framing => framing,
        };
        let mut head = format!("HTTP/1.1 200 OK\r\nContent-Type: {}\r\n", stream.content_type);
        for (name, value) in &stream.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let parts: Vec<Vec<u8>> = (1..=stream.parts).map(|number| stream.part(number)).collect();
        head.push_str(&match framing {
            Framing::Chunked => "Transfer-Encoding: chunked\r\n\r\n".to_owned(),
            Framing::Length => {
                format!("Content-Length: {}\r\n\r\n", parts.iter().map(Vec::len).sum::<usize>())
            }
            Framing::UntilClose => "Connection: close\r\n\r\n".to_owned(),
        });
        to.write_all(head.as_bytes())?;
        for (index, part) in parts.iter().enumerate() {
            // In one write, as servers do: of a chunk that comes in pieces nginx keeps the last ones back until more
            // follows (`ngx_http_parse_chunked` counts the bytes of the last chunk as still to come).
            let bytes = match framing {
                Framing::Chunked => [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat(),
                Framing::Length | Framing::UntilClose => part.clone(),
            };
            to.write_all(&bytes)?;
            to.flush()?;
            if index + 1 < parts.len() {
                let is_there = self.wait(index + 1, stream.pause);
                self.prompt.lock().unwrap_or_else(PoisonError::into_inner).push(is_there);
            }
        }
        if framing == Framing::Chunked {
            to.write_all(b"0\r\n\r\n")?;
        }
        to.flush()
    }

    fn wait(&self, parts: usize, pause: Duration) -> bool {
        let start = Instant::now();
        while self.arrived.load(Ordering::SeqCst) < parts {
            if start.elapsed() > pause {
                return false;
            }
            thread::sleep(TICK);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_size() {
        let part = Stream::events(Framing::Chunked).part(1);
        assert_eq!(part.len(), 40);
        assert!(part.starts_with(b"part: 1 ..") && part.ends_with(b".\n\n"));
    }

    #[test]
    fn what_nobody_waits_for_comes_in_a_burst() {
        let stream = Stream { pause: Duration::from_millis(5), ..Stream::events(Framing::Length) };
        for (arrived, delivery) in
            [(0, Delivery::Burst), (1, Delivery::Mixed(vec![true, false])), (2, Delivery::Prompt)]
        {
            let backstage = Backstage::default();
            backstage.arrived(arrived);
            backstage.stream(&mut Vec::new(), &stream, &Head::default()).unwrap();
            assert_eq!(backstage.delivery(), Some(delivery));
        }
        assert_eq!(Backstage::default().delivery(), None);
    }
}
