//! Which frames a browser refuses: a client must fail the connection then (RFC 6455 sections 5.1, 5.2, 5.4 and 5.5).

use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// No control frame has more bytes (RFC 6455 section 5.5).
const LONGEST_CONTROL: usize = 125;

/// The frames of a server so far.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Whether `permessage-deflate` was agreed on: the first reserved bit means that a message is compressed.
    is_deflate: bool,
    message: Option<Message>,
}

/// A message whose last frame has not come.
#[derive(Debug)]
struct Message {
    /// Whether it is text that is not compressed, which must be UTF-8.
    is_text: bool,
    /// The bytes of a character whose end has not come: at most three.
    tail: Vec<u8>,
}

impl Frames {
    /// Before the first frame.
    pub(crate) fn new(is_deflate: bool) -> Self {
        Self { is_deflate, message: None }
    }

    /// Why a browser refuses the next frame; `None` if it takes it.
    pub(crate) fn refused(&mut self, frame: &Frame) -> Option<String> {
        let header = frame.header();
        if header.mask.is_some() {
            return Some("it is masked, and servers must not mask (RFC 6455 section 5.1)".to_owned());
        }
        let may_be_compressed = matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary));
        if header.rsv1 && !(self.is_deflate && may_be_compressed) || header.rsv2 || header.rsv3 {
            let text = "it has a reserved bit that no agreed extension uses (RFC 6455 section 5.2)";
            return Some(text.to_owned());
        }
        match header.opcode {
            OpCode::Control(_) if !header.is_final => {
                Some("it is a control frame in parts (RFC 6455 section 5.4)".to_owned())
            }
            OpCode::Control(_) if frame.payload().len() > LONGEST_CONTROL => Some(format!(
                "it is a control frame of {} bytes, and 125 are allowed (RFC 6455 section 5.5)",
                frame.payload().len()
            )),
            OpCode::Control(Control::Close) => bad_close(frame.payload()),
            OpCode::Control(_) => None,
            OpCode::Data(Data::Continue) => match self.message.take() {
                None => Some("it continues a message that did not begin (RFC 6455 section 5.4)".to_owned()),
                Some(message) => self.part(message, frame),
            },
            OpCode::Data(kind) => match self.message.take() {
                Some(_) => {
                    Some("it begins a message before the last one ended (RFC 6455 section 5.4)".to_owned())
                }
                None => {
                    let is_text = kind == Data::Text && !header.rsv1;
                    self.part(Message { is_text, tail: Vec::new() }, frame)
                }
            },
        }
    }

    /// A part of a message.
    fn part(&mut self, mut message: Message, frame: &Frame) -> Option<String> {
        let is_final = frame.header().is_final;
        if message.is_text && !is_utf8(&mut message.tail, frame.payload(), is_final) {
            return Some("its text is not UTF-8 (RFC 6455 section 8.1)".to_owned());
        }
        self.message = (!is_final).then_some(message);
        None
    }
}

/// What is wrong with the end that a close frame tells.
fn bad_close(payload: &[u8]) -> Option<String> {
    let (code, reason) = match payload {
        [] => return None,
        [_] => {
            return Some("it is a close frame with half a code (RFC 6455 section 5.5.1)".to_owned());
        }
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !CloseCode::from(code).is_allowed() {
        return Some(format!(
            "it is a close frame with code {code}, which must not be sent (RFC 6455 section 7.4)"
        ));
    }
    let is_text = core::str::from_utf8(reason).is_ok();
    (!is_text).then(|| "it is a close frame whose reason is not UTF-8 (RFC 6455 section 5.5.1)".to_owned())
}

/// Whether a part goes on as UTF-8 behind the beginning of a character; what is left of one at its end is kept.
fn is_utf8(tail: &mut Vec<u8>, part: &[u8], is_final: bool) -> bool {
    let mut all = std::mem::take(tail);
    all.extend_from_slice(part);
    match core::str::from_utf8(&all) {
        Ok(_) => true,
        Err(error) if error.error_len().is_some() || is_final => false,
        Err(error) => {
            *tail = all.split_off(error.valid_up_to());
            true
        }
    }
}
