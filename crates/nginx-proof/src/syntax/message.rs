//! nginx's message, and what kind of thing it is about.

use std::path::PathBuf;

use nginx_semantics::normalize;

/// What nginx says when it refuses a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Without ` in FILE:LINE`. Bytes, for it quotes the configuration.
    pub(crate) text: Vec<u8>,
    /// The file, relative to the main one's folder, and the 1-based line; none for what is found behind reading.
    pub(crate) place: Option<(String, u32)>,
}

/// Kinds of messages; those that have a name here nginx says before it looks at any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// `core/ngx_conf_file.c:ngx_conf_read_token` and the ends of blocks in `ngx_conf_parse`.
    Unexpected,
    /// The same: the end of the file.
    UnexpectedEnd,
    /// The same: the buffer.
    TooLong,
    /// `ngx_conf_handler`, as are the next four.
    Unknown,
    /// A context.
    NotAllowedHere,
    /// `{` for `;`
    NotTerminated,
    /// `;` for `{`
    NoOpening,
    /// Arity.
    NumberOfArguments,
    /// `ngx_conf_set_flag_slot`
    Flag,
    /// A second flag or block of the main level, or another directive whose setter takes it once.
    Duplicate,
    /// Handlers of `map`, `geo` and `charset_map`.
    Entry,
    /// Setters, files, values, merging.
    Beyond,
}

impl Class {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unexpected => "unexpected \"…\"",
            Self::UnexpectedEnd => "unexpected end of file",
            Self::TooLong => "too long parameter",
            Self::Unknown => "unknown directive",
            Self::NotAllowedHere => "is not allowed here",
            Self::NotTerminated => "is not terminated by \";\"",
            Self::NoOpening => "has no opening \"{\"",
            Self::NumberOfArguments => "invalid number of arguments",
            Self::Flag => "neither on nor off",
            Self::Duplicate => "is duplicate",
            Self::Entry => "entries of map, geo, charset_map",
            Self::Beyond => "beyond syntax",
        }
    }
}

impl Message {
    /// The first of level `emerg`, else `crit`.
    pub(crate) fn first(output: &[u8], folders: &[PathBuf]) -> Option<Self> {
        let mut rest = ["nginx: [emerg] ", "nginx: [crit] "].iter().find_map(|mark| after(output, mark))?;
        // Messages may hold newlines of the configuration.
        for end in ["\nnginx: configuration file ", "\nnginx: ["] {
            rest = find(rest, end).and_then(|at| rest.get(..at)).unwrap_or(rest);
        }
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        Some(Self::placed(rest, folders).unwrap_or_else(|| Self { text: rest.to_vec(), place: None }))
    }

    fn placed(text: &[u8], folders: &[PathBuf]) -> Option<Self> {
        let colon = text.iter().rposition(|byte| *byte == b':')?;
        let line = std::str::from_utf8(text.get(colon + 1..)?).ok()?.parse().ok()?;
        let before = text.get(..colon)?;
        let (at, mark) = folders.iter().find_map(|folder| {
            let mark = format!(" in {}/", folder.display());
            let at = before.windows(mark.len()).rposition(|window| window == mark.as_bytes())?;
            Some((at, mark))
        })?;
        let path = PathBuf::from(String::from_utf8_lossy(before.get(at + mark.len()..)?).into_owned());
        let path = normalize(&path).to_string_lossy().into_owned();
        Some(Self { text: before.get(..at)?.to_vec(), place: Some((path, line)) })
    }

    pub(crate) fn class(&self) -> Class {
        let text = self.text.as_slice();
        let starts = |start: &str| text.starts_with(start.as_bytes());
        let ends = |end: &str| text.ends_with(end.as_bytes());
        if starts("unexpected end of file, expecting ") {
            Class::UnexpectedEnd
        } else if starts("unexpected \"") && ends("\"") {
            // `if` has a message of its own that goes on behind the quote.
            Class::Unexpected
        } else if starts("too long parameter") {
            Class::TooLong
        } else if starts("unknown directive \"") {
            Class::Unknown
        } else if ends("\" directive is not allowed here") {
            Class::NotAllowedHere
        } else if starts("directive \"") && ends("\" is not terminated by \";\"") {
            Class::NotTerminated
        } else if starts("directive \"") && ends("\" has no opening \"{\"") {
            Class::NoOpening
        } else if starts("invalid number of arguments in \"") && ends("\" directive") {
            Class::NumberOfArguments
        } else if starts("invalid value \"") && ends(" directive, it must be \"on\" or \"off\"") {
            Class::Flag
        } else if ends("\" directive is duplicate") {
            Class::Duplicate
        } else if [
            "invalid number of the map parameters",
            "invalid number of the geo parameters",
            "invalid parameters number",
        ]
        .iter()
        .any(|whole| text == whole.as_bytes())
        {
            Class::Entry
        } else {
            Class::Beyond
        }
    }
}

fn find(text: &[u8], part: &str) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part.as_bytes())
}

fn after<'t>(text: &'t [u8], mark: &str) -> Option<&'t [u8]> {
    text.get(find(text, mark)? + mark.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let output = b"nginx: [warn] x in /d/a:1\nnginx: [emerg] unknown directive \"a\nb in /d/x:3\" \
                       in /d/./conf.d/b.conf:12\nnginx: configuration file /d/a test failed\n";
        let message = Message::first(output, &["/d".into()]).unwrap();
        assert_eq!(message.text, b"unknown directive \"a\nb in /d/x:3\"");
        assert_eq!(message.place, Some(("conf.d/b.conf".to_owned(), 12)));
        assert_eq!(message.class(), Class::Unknown);
        let unplaced = Message::first(b"nginx: [emerg] unknown \"x\" variable\n", &["/d".into()]).unwrap();
        assert_eq!((unplaced.place.clone(), unplaced.class()), (None, Class::Beyond));
        assert_eq!(Message::first(b"", &[]), None);
    }
}
