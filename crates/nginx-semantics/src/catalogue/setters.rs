//! What setters that many directives share make of words.

use super::table::{Fields, data_lines, parse_version};
use crate::version::VersionRange;

/// The rows, as text.
pub(super) const TEXT: &str = include_str!("setters.tsv");

/// A setter of `core/ngx_conf_file.c` or `http/ngx_http_script.c`, as `setters.tsv` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setter {
    /// One of the directive's own, or one that takes any text.
    Other,
    /// A time in milliseconds.
    Milliseconds,
    /// A time in seconds.
    Seconds,
    /// A size.
    Size,
    /// A size that may have `g`.
    Offset,
    /// Digits; the least and the greatest, where there are any.
    Number(Option<(u32, u32)>),
    /// A number and a size.
    Buffers,
    /// One word of a list.
    Word(WordList),
    /// Words of a list.
    Words(WordList),
    /// A folder, and the numbers of characters in the names of folders below it.
    Path,
    /// Text with variables.
    Script,
    /// Text with variables, or a size.
    ScriptSize,
    /// Texts with variables.
    Scripts,
}

/// The words of a list, each with the release that brought it, if that is known to matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WordList(&'static str);

impl WordList {
    /// Those that some release of the range knows.
    pub fn words(self, versions: VersionRange) -> impl Iterator<Item = &'static str> {
        self.0.split(',').filter_map(move |entry| match entry.split_once('@') {
            Some((word, since)) => {
                parse_version(since).is_some_and(|since| versions.any_since(since)).then_some(word)
            }
            None => Some(entry),
        })
    }
}

/// All rows: name, module, setter.
pub(super) fn read() -> impl Iterator<Item = (&'static str, &'static str, Setter)> {
    data_lines(TEXT).filter_map(|line| {
        let mut fields = Fields::of(line, b'\t');
        let (name, module, setter, words) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let setter = match setter {
            "msec" => Setter::Milliseconds,
            "sec" => Setter::Seconds,
            "size" => Setter::Size,
            "offset" => Setter::Offset,
            "number" => Setter::Number(
                words
                    .split_once('-')
                    .and_then(|(least, most)| Some((least.parse().ok()?, most.parse().ok()?))),
            ),
            "buffers" => Setter::Buffers,
            "word" => Setter::Word(WordList(words)),
            "words" => Setter::Words(WordList(words)),
            "path" => Setter::Path,
            "script" => Setter::Script,
            "script-size" => Setter::ScriptSize,
            "scripts" => Setter::Scripts,
            _ => return None,
        };
        Some((name, module, setter))
    })
}
