//! The bytes of one file and its line table.

use std::sync::OnceLock;

use memchr::memchr_iter;

use self::columns::Columns;
use crate::Span;

mod columns;

/// A place as people count: both numbers 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, 1-based; a line ends at LF, as nginx counts (`core/ngx_conf_file.c:ngx_conf_read_token`).
    pub line: u32,
    /// Column, 1-based, in Unicode scalar values; each byte that is not UTF-8 counts as one.
    pub column: u32,
}

/// The bytes of one file under the path that people know it by.
#[derive(Debug)]
pub struct Source {
    path: String,
    bytes: Vec<u8>,
    line_starts: OnceLock<Vec<u32>>,
    /// Made for files with long lines only.
    columns: OnceLock<Columns>,
}

/// A file of 4 GiB or more: spans have 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file has 4 GiB or more")]
pub struct TooLarge;

impl Source {
    /// Takes the bytes of the file that is shown as `path`.
    ///
    /// # Errors
    /// [`TooLarge`] for 4 GiB or more.
    pub fn new(path: impl Into<String>, bytes: Vec<u8>) -> Result<Self, TooLarge> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(TooLarge);
        }
        Ok(Self { path: path.into(), bytes, line_starts: OnceLock::new(), columns: OnceLock::new() })
    }

    /// The path that is shown to people; not necessarily one that can be opened.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of `span`; empty where it lies outside.
    pub fn slice(&self, span: Span) -> &[u8] {
        span.of(&self.bytes)
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let feeds = memchr_iter(b'\n', &self.bytes);
            // They are kept as long as the file, so the room for them is exact.
            let mut starts = Vec::with_capacity(feeds.clone().count() + 1);
            starts.push(0);
            starts.extend(feeds.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)));
            starts
        })
    }

    /// The number of lines; a final LF opens one more, empty line.
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.line_starts().len()).unwrap_or(u32::MAX)
    }

    /// The 1-based line on which byte `offset` stands; an offset past the end is on the last line.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.line_starts().partition_point(|&start| start <= offset)).unwrap_or(u32::MAX)
    }

    /// The bytes of a 1-based line without its LF (a CR stays); an empty span where there is no such line.
    pub fn line_span(&self, line: u32) -> Span {
        let end_of_file = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let index = (line as usize).saturating_sub(1);
        let start = self.line_starts().get(index).copied().unwrap_or(end_of_file);
        let end = self.line_starts().get(index + 1).map_or(end_of_file, |next| next - 1);
        Span::new(start, end)
    }

    /// Line and column of byte `offset`, however long the line is.
    pub fn line_column(&self, offset: u32) -> LineColumn {
        let line = self.line(offset);
        let start = self.line_span(line).start;
        let before = Span::new(start, offset.max(start));
        let bytes = self.slice(before);
        let column = if bytes.len() <= columns::STEP as usize {
            columns::count(bytes)
        } else {
            self.columns.get_or_init(|| Columns::of(&self.bytes)).between(&self.bytes, before)
        };
        LineColumn { line, column: column.saturating_add(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_one_based_and_count_characters() {
        let source = Source::new("x", "a\n\u{e9}\u{e9}b\n".into()).unwrap();
        assert_eq!(source.line_column(0), LineColumn { line: 1, column: 1 });
        assert_eq!(source.line_column(6), LineColumn { line: 2, column: 3 });
        assert_eq!(source.line_column(8), LineColumn { line: 3, column: 1 });
        assert_eq!(source.slice(source.line_span(2)), "\u{e9}\u{e9}b".as_bytes());
        assert_eq!(source.line_count(), 3);
    }

    #[test]
    fn each_stray_byte_is_one_column() {
        let source = Source::new("x", b"\xff\xfeb".to_vec()).unwrap();
        assert_eq!(source.line_column(2), LineColumn { line: 1, column: 3 });
    }

    /// Each column as it is counted from the start of the line, at every offset, in lines much longer than what is
    /// counted at once.
    #[test]
    fn columns_of_long_lines_are_counted_from_the_start_of_the_line() {
        let pieces: [&[u8]; 5] =
            [b"ab", "\u{e9}".as_bytes(), "\u{20ac}".as_bytes(), "\u{1f600}".as_bytes(), b"\xff\xe2\x82"];
        for shift in 0..4 {
            let mut bytes = vec![b'\n'; shift];
            for round in 0..3 {
                for piece in (0..4 * columns::STEP as usize).map(|at| pieces[(at * at + at / 7 + round) % 5])
                {
                    bytes.extend_from_slice(piece);
                }
                bytes.push(b'\n');
            }
            let source = Source::new("x", bytes.clone()).unwrap();
            for offset in 0..=u32::try_from(bytes.len()).unwrap() {
                let at = source.line_column(offset);
                let start = source.line_span(at.line).start;
                // As expensive as it was, so only around the places where counting begins.
                if (offset - start) % columns::STEP < 8 || offset % columns::STEP < 8 {
                    let before = source.slice(Span::new(start, offset));
                    let column: usize =
                        before.utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum();
                    assert_eq!(at.column as usize, column + 1, "{shift} {offset}");
                }
            }
        }
    }

    #[test]
    fn a_line_of_megabytes_has_columns_at_once() {
        let text = "location /\u{e9} { proxy_pass http://a; } ".repeat(60_000);
        let length = u32::try_from(text.len()).unwrap() / 60_000;
        let source = Source::new("x", text.into_bytes()).unwrap();
        for index in 0..60_000 {
            // One character of each piece has two bytes.
            let column = index * (length - 1) + 1;
            assert_eq!(source.line_column(index * length), LineColumn { line: 1, column });
        }
    }

    #[test]
    fn offsets_past_the_end_are_on_the_last_line() {
        let source = Source::new("x", b"a\nb".to_vec()).unwrap();
        assert_eq!(source.line(99), 2);
        assert_eq!(source.slice(source.line_span(7)), b"");
    }
}
