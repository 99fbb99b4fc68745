//! Logs packed by zstd: all frames of a file, one after the other, those that are to be skipped left out.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What is unpacked.
pub(super) struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new(), is_in_frame: false }
    }

    /// Goes to the next frame that holds something; false at the end of the file.
    fn next(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let mut skipped = self.source.by_ref().take(length.into());
                    io::copy(&mut skipped, &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error.to_string())),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.is_in_frame {
                if buffer.is_empty() || !self.next()? {
                    return Ok(0);
                }
                self.is_in_frame = true;
            }
            while self.decoder.can_collect() < buffer.len() && !self.decoder.is_finished() {
                let most = BlockDecodingStrategy::UptoBytes(buffer.len() - self.decoder.can_collect());
                let decoded = self.decoder.decode_blocks(&mut self.source, most);
                decoded.map_err(|error| io::Error::other(error.to_string()))?;
            }
            match self.decoder.read(buffer)? {
                0 => self.is_in_frame = false,
                length => return Ok(length),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn packed(text: &str) -> Vec<u8> {
        compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
    }

    fn unpacked(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Frames::new(bytes).read_to_string(&mut text).map(|_| text)
    }

    #[test]
    fn all_frames_are_read_and_others_skipped() {
        let long = "a line of a log\n".repeat(100_000);
        // RFC 8878 section 3.1.2: a frame with bytes of whoever packed it.
        let skipped = [&0x184D_2A50_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), b"abc"].concat();
        let bytes = [skipped.clone(), packed("one\n"), skipped.clone(), packed(&long), skipped].concat();
        assert_eq!(unpacked(&bytes).unwrap(), format!("one\n{long}"));
    }

    #[test]
    fn what_is_broken_is_an_error() {
        let bytes = packed(&"a line of a log\n".repeat(1_000));
        assert!(unpacked(&bytes[..bytes.len() / 2]).is_err());
        assert!(unpacked(&[&bytes[..], b"rest"].concat()).is_err());
    }
}
