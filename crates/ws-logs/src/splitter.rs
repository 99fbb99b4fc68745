//! Lines of bytes that come in parts.

/// Bytes of a line that are looked at; what is behind them is passed over.
pub(crate) const LONGEST: usize = 1 << 16;

/// A line, and what is to be said of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'b> {
    /// Without its end.
    pub(crate) text: &'b [u8],
    /// Whether it was cut because it is too long.
    pub(crate) is_cut: bool,
}

/// What is left of a part without the end of a line.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    rest: Vec<u8>,
    is_cut: bool,
}

impl Splitter {
    /// Takes a part, and tells each line that ends in it.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Line<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, behind) = bytes.split_at(at);
            bytes = behind.get(1..).unwrap_or_default();
            if self.rest.is_empty() && !self.is_cut {
                let text = line.get(..LONGEST).unwrap_or(line);
                tell(Line { text: trimmed(text), is_cut: text.len() < line.len() });
            } else {
                self.keep(line);
                tell(Line { text: trimmed(&self.rest), is_cut: self.is_cut });
                self.rest.clear();
                self.is_cut = false;
            }
        }
        self.keep(bytes);
    }

    /// The last line, if it has no end.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        self.is_cut = false;
        Some(std::mem::take(&mut self.rest)).filter(|rest| !rest.is_empty())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.rest.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.rest.extend_from_slice(kept);
        self.is_cut |= kept.len() < bytes.len();
    }
}

/// Without a carriage return at its end.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parts: &[&[u8]]) -> (Vec<(String, bool)>, Option<Vec<u8>>) {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for part in parts {
            splitter.push(part, |line| {
                lines.push((String::from_utf8_lossy(line.text).into_owned(), line.is_cut));
            });
        }
        (lines, splitter.finish())
    }

    #[test]
    fn however_bytes_come_the_lines_are_the_same() {
        let text = b"one\r\ntwo\n\nthree";
        let whole = lines(&[text]);
        assert_eq!(whole.0, [("one".to_owned(), false), ("two".to_owned(), false), (String::new(), false)]);
        assert_eq!(whole.1.as_deref(), Some(&b"three"[..]));
        for size in 1..text.len() {
            assert_eq!(lines(&text.chunks(size).collect::<Vec<_>>()), whole, "{size}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let part = vec![b'x'; 1 << 15];
        let mut splitter = Splitter::default();
        for _ in 0..100 {
            splitter.push(&part, |_| panic!("no line ends"));
        }
        assert_eq!(splitter.rest.len(), LONGEST);
        let mut told = Vec::new();
        splitter.push(b"\nnext\n", |line| told.push((line.text.len(), line.is_cut)));
        assert_eq!(told, [(LONGEST, true), (4, false)]);
    }
}
