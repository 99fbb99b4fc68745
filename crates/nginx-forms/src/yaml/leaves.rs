//! The scalars of a YAML text, with the keys that lead to them.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

/// Deeper ones are passed over.
const DEEPEST: usize = 64;

/// A scalar that is a value.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// The number of its document.
    pub(super) document: usize,
    /// From the outside in; `[1]` for the second of a sequence.
    pub(super) keys: Vec<String>,
    pub(super) style: ScalarStyle,
    /// In the text.
    pub(super) at: Range<usize>,
    pub(super) value: String,
}

impl Leaf {
    /// Whether it may hold a text of several lines.
    pub(super) fn holds_lines(&self) -> bool {
        !matches!(self.style, ScalarStyle::Plain) && self.value.contains('\n')
            || (matches!(self.style, ScalarStyle::Literal | ScalarStyle::Folded) && self.value.contains(';'))
            // `content: "server { … }"`
            || (!matches!(self.style, ScalarStyle::Plain)
                && ['{', ';', '}'].iter().all(|mark| self.value.contains(*mark)))
    }

    /// Whether these keys lead to it; `*` is any.
    pub(super) fn is_at(&self, keys: &[&str]) -> bool {
        self.keys.len() == keys.len() && self.keys.iter().zip(keys).all(|(key, it)| *it == "*" || key == it)
    }

    /// Whether its last keys are these.
    pub(super) fn ends_with(&self, keys: &[&str]) -> bool {
        let from = self.keys.len().checked_sub(keys.len()).and_then(|from| self.keys.get(from..));
        from.is_some_and(|last| last.iter().zip(keys).all(|(key, it)| *it == "*" || key == it))
    }

    /// The keys of what holds it.
    pub(super) fn holder(&self) -> &[String] {
        self.keys.split_last().map_or(&[], |(_, holder)| holder)
    }
}

/// One level of a document.
enum Level {
    Mapping {
        /// The key that waits for its value.
        key: Option<String>,
    },
    Sequence(usize),
}

/// The values of all documents, as far as the text is YAML.
pub(super) fn leaves(text: &str) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    let mut document = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, span))) = parser.next_event() {
        match event {
            Event::DocumentStart(..) => {
                levels.clear();
                keys.clear();
                document += 1;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if let Some(key) = enter(&mut levels) {
                    keys.push(key);
                }
                let is_mapping = matches!(event, Event::MappingStart(..));
                levels.push(if is_mapping { Level::Mapping { key: None } } else { Level::Sequence(0) });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                keys.truncate(levels.len().saturating_sub(1));
            }
            Event::Scalar(value, style, ..) => {
                if let Some(Level::Mapping { key: key @ None }) = levels.last_mut() {
                    *key = Some(value.into_owned());
                    continue;
                }
                let Some(key) = enter(&mut levels) else { continue };
                let (Some(start), Some(end)) = (span.start.byte_offset(), span.end.byte_offset()) else {
                    continue;
                };
                if keys.len() < DEEPEST {
                    let keys = keys.iter().cloned().chain([key]).collect();
                    leaves.push(Leaf { document, keys, style, at: start..end, value: value.into_owned() });
                }
            }
            Event::Alias(..) => {
                if let Some(Level::Mapping { key: key @ None }) = levels.last_mut() {
                    *key = Some(String::new());
                } else {
                    enter(&mut levels);
                }
            }
            _ => {}
        }
    }
    leaves
}

/// The key of the next value of the innermost level, which is taken.
fn enter(levels: &mut [Level]) -> Option<String> {
    match levels.last_mut()? {
        Level::Mapping { key } => Some(key.take().unwrap_or_default()),
        Level::Sequence(next) => {
            *next += 1;
            Some(format!("[{}]", *next - 1))
        }
    }
}
