//! Whether what a server has sent so far ends between two frames or inside one.

use std::io::{self, Read, Write};
use std::time::Instant;

/// Where a stream of frames is (RFC 6455 section 5.2).
#[derive(Debug, Default)]
struct Boundary {
    /// The head of a frame, as far as it came: at most 14 bytes.
    head: Vec<u8>,
    /// Bytes of a payload that have not come.
    due: u64,
}

impl Boundary {
    fn feed(&mut self, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            if self.due > 0 {
                let taken = usize::try_from(self.due).unwrap_or(usize::MAX).min(bytes.len());
                self.due = self.due.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                bytes = bytes.get(taken..).unwrap_or_default();
                continue;
            }
            self.head.push(*first);
            bytes = rest;
            if let Some(length) = length(&self.head) {
                self.due = length;
                self.head.clear();
            }
        }
    }

    fn is_inside(&self) -> bool {
        self.due > 0 || !self.head.is_empty()
    }
}

/// The length of a payload in bytes; `None` until the head is whole.
fn length(head: &[u8]) -> Option<u64> {
    let [_, second, more @ ..] = head else { return None };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (short, bytes) = match second & 0x7f {
        126 => (0, 2),
        127 => (0, 8),
        short => (u64::from(short), 0),
    };
    let long = more.get(..bytes)?.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    more.get(bytes..bytes + mask)?;
    Some(short + long)
}

/// A connection that knows whether its end would cut a frame in two.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    pub(crate) stream: S,
    boundary: Boundary,
    last: Option<Instant>,
}

impl<S> Watched<S> {
    /// `first` are frames that came before.
    pub(crate) fn new(stream: S, first: &[u8]) -> Self {
        let mut boundary = Boundary::default();
        boundary.feed(first);
        Self { stream, boundary, last: None }
    }

    /// Whether a frame has begun and has not come whole.
    pub(crate) fn is_inside_frame(&self) -> bool {
        self.boundary.is_inside()
    }

    /// When bytes came last; `None` if none did.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.last
    }
}

impl<S: Read> Read for Watched<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(bytes)?;
        if read > 0 {
            self.last = Some(Instant::now());
            self.boundary.feed(bytes.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}

impl<S: Write> Write for Watched<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether each beginning of some bytes ends inside a frame.
    fn inside(bytes: &[u8]) -> Vec<bool> {
        let mut boundary = Boundary::default();
        let mut told = Vec::new();
        for byte in bytes {
            boundary.feed(&[*byte]);
            told.push(boundary.is_inside());
        }
        // In one piece it is the same.
        let mut whole = Boundary::default();
        whole.feed(bytes);
        assert_eq!(Some(&whole.is_inside()), told.last());
        told
    }

    #[test]
    fn each_byte_but_the_last_is_inside() {
        let long = [&[0x82, 126, 0, 200][..], &[7; 200]].concat();
        let longer = [&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1][..], &[7; 65_537]].concat();
        // A short payload with a length that is longer than it need be, as no server should write it.
        let padded = [0x82, 126, 0, 1, 7].to_vec();
        for frame in
            [vec![0x89, 0], vec![0x81, 2, b'h', b'i'], vec![0x81, 0x81, 1, 2, 3, 4, 5], long, longer, padded]
        {
            let told = inside(&[&frame[..], &frame[..]].concat());
            let ends: Vec<usize> =
                told.iter().enumerate().filter(|(_, inside)| !**inside).map(|(at, _)| at + 1).collect();
            assert_eq!(ends, [frame.len(), 2 * frame.len()]);
        }
    }
}
