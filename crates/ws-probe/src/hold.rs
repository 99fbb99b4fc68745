//! A connection that is held: nothing is sent, or pings, until it ends or its time is over.

use std::time::{Duration, Instant};

use lint_finding::{HoldEnd, HoldSeen};
use tungstenite::error::Error;
use tungstenite::handshake::client::generate_key;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameSocket};

use crate::boundary::Watched;
use crate::frames::Frames;
use crate::wire::{Wire, is_late, is_reset, milliseconds};

/// No frame is read that is larger.
const LARGEST: usize = 16 << 20;

/// How long the server has to take a frame, and to answer the close frame of this end.
const FAREWELL: Duration = Duration::from_millis(250);

/// No close frame has a longer reason (RFC 6455 section 5.5).
const LONGEST_REASON: usize = 123;

/// How long a connection is held, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) time: Duration,
    pub(crate) ping: Option<Duration>,
    /// Whether messages may be compressed.
    pub(crate) is_deflate: bool,
    /// The end of the whole run.
    pub(crate) deadline: Instant,
}

struct Held {
    socket: FrameSocket<Watched<Wire>>,
    frames: Frames,
    start: Instant,
    /// When either side sent a frame last.
    last: Instant,
    last_ping: Option<Instant>,
    waiting: Option<Instant>,
    seen: HoldSeen,
}

/// Holds a connection; `rest` came behind the head of the answer.
pub(crate) fn hold(wire: Wire, rest: Vec<u8>, asked: Asked) -> HoldSeen {
    let start = Instant::now();
    let seen = HoldSeen {
        asked_ms: milliseconds(asked.time),
        ping_every_ms: asked.ping.map(milliseconds),
        lasted_ms: 0,
        silent_ms: 0,
        end: HoldEnd::StillOpen,
        messages: 0,
        pings: 0,
        pings_every_ms: None,
        pings_sent: 0,
        pongs: 0,
        slowest_pong_ms: None,
    };
    let socket = FrameSocket::from_partially_read(Watched::new(wire, &rest), rest);
    let frames = Frames::new(asked.is_deflate);
    let mut held = Held { socket, frames, start, last: start, last_ping: None, waiting: None, seen };
    held.run(asked);
    held.seen
}

impl Held {
    fn run(&mut self, asked: Asked) {
        let end = (self.start + asked.time).min(asked.deadline);
        let mut next = asked.ping.map(|every| self.start + every);
        let ended = loop {
            let now = Instant::now();
            if now >= end {
                break HoldEnd::StillOpen;
            }
            if let (Some(at), Some(every)) = (next, asked.ping) {
                if now >= at {
                    next = Some(at + every);
                    match self.send(Frame::ping(&b""[..])) {
                        Ok(()) => {
                            self.seen.pings_sent += 1;
                            self.waiting = self.waiting.or(Some(now));
                        }
                        // It reads nothing, and is open all the same.
                        Err(Error::Io(error)) if is_late(&error) => {}
                        Err(error) => break self.ended(&error),
                    }
                }
            }
            let until = next.map_or(end, |at| at.min(end));
            self.socket.get_mut().stream.until(until);
            match self.socket.read(Some(LARGEST)) {
                Ok(Some(frame)) => match self.took(&frame) {
                    Ok(None) => {}
                    Ok(Some(end)) => break end,
                    Err(error) => break self.ended(&error),
                },
                Ok(None) => break self.closed(),
                Err(Error::Io(error)) if is_late(&error) => {}
                Err(error) => break self.ended(&error),
            }
        };
        let now = Instant::now();
        // Half a frame is no silence either.
        if self.socket.get_ref().is_inside_frame() {
            self.last = self.socket.get_ref().last().map_or(self.last, |last| last.max(self.last));
        }
        self.seen.lasted_ms = milliseconds(now - self.start);
        self.seen.silent_ms = milliseconds(now - self.last);
        self.seen.end = ended;
        if self.seen.end == HoldEnd::StillOpen {
            self.leave();
        }
    }

    /// What a frame means; the end if it is one.
    fn took(&mut self, frame: &Frame) -> Result<Option<HoldEnd>, Error> {
        let now = Instant::now();
        if let Some(why) = self.frames.refused(frame) {
            // The server is told, as a browser does.
            let _ =
                self.send(Frame::close(Some(CloseFrame { code: CloseCode::Protocol, reason: "".into() })));
            return Ok(Some(HoldEnd::NotFrames(why)));
        }
        match frame.header().opcode {
            OpCode::Control(Control::Close) => {
                let end = closing(frame.payload());
                let code = match &end {
                    HoldEnd::CloseFrame { code: Some(code), .. } => {
                        Some(CloseFrame { code: CloseCode::from(*code), reason: "".into() })
                    }
                    _ => None,
                };
                // Whoever closes so may be gone by now. Our answer does not end the silence that was before.
                let last = self.last;
                let _ = self.send(Frame::close(code));
                self.last = last;
                return Ok(Some(end));
            }
            OpCode::Control(Control::Ping) => {
                self.seen.pings += 1;
                if let Some(before) = self.last_ping.replace(now) {
                    self.seen.pings_every_ms = Some(milliseconds(now - before));
                }
                self.send(Frame::pong(frame.payload().to_vec()))?;
            }
            OpCode::Control(Control::Pong) => {
                self.seen.pongs += 1;
                if let Some(sent) = self.waiting.take() {
                    let took = milliseconds(now - sent);
                    self.seen.slowest_pong_ms = self.seen.slowest_pong_ms.max(Some(took));
                }
            }
            // A message may come in parts.
            OpCode::Data(Data::Text | Data::Binary | Data::Continue) => {
                self.seen.messages += u64::from(frame.header().is_final);
            }
            OpCode::Data(Data::Reserved(number)) | OpCode::Control(Control::Reserved(number)) => {
                return Ok(Some(HoldEnd::NotFrames(format!("a frame has the unknown opcode {number}"))));
            }
        }
        self.last = now;
        Ok(None)
    }

    fn send(&mut self, mut frame: Frame) -> Result<(), Error> {
        // Each frame of a client is masked by a number of its own (RFC 6455 section 5.3).
        let mut mask = [0; 4];
        mask.iter_mut().zip(generate_key().bytes()).for_each(|(mask, byte)| *mask = byte);
        frame.header_mut().mask = Some(mask);
        self.socket.get_mut().stream.until(Instant::now() + FAREWELL);
        self.socket.send(frame)?;
        self.last = Instant::now();
        Ok(())
    }

    /// How it ends where the other side closed TCP.
    fn closed(&self) -> HoldEnd {
        if self.socket.get_ref().is_inside_frame() { HoldEnd::FinInFrame } else { HoldEnd::Fin }
    }

    fn ended(&self, error: &Error) -> HoldEnd {
        match error {
            Error::Io(error) if is_reset(error) => HoldEnd::Reset,
            Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed => self.closed(),
            Error::Capacity(_) => HoldEnd::TooLarge,
            other => HoldEnd::NotFrames(other.to_string()),
        }
    }

    /// Closes, and waits a moment for the other side to do so too.
    fn leave(&mut self) {
        let end = Instant::now() + FAREWELL;
        self.socket.get_mut().stream.until(end);
        let bye = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        if self.send(Frame::close(Some(bye))).is_err() {
            return;
        }
        while Instant::now() < end {
            match self.socket.read(Some(LARGEST)) {
                Ok(Some(frame)) if frame.header().opcode != OpCode::Control(Control::Close) => {}
                _ => return,
            }
        }
    }
}

fn closing(payload: &[u8]) -> HoldEnd {
    let code = payload.get(..2).and_then(|two| <[u8; 2]>::try_from(two).ok()).map(u16::from_be_bytes);
    let reason = payload.get(2..).unwrap_or_default();
    let reason = reason.get(..reason.len().min(LONGEST_REASON)).unwrap_or_default();
    HoldEnd::CloseFrame { code, reason: String::from_utf8_lossy(reason).into_owned() }
}
