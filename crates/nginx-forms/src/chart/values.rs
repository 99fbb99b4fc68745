//! The default values of a chart, and how templates ask for them.

use granit_parser::ScalarStyle;

use crate::yaml::nodes::{Node, parsed};

/// A default value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The keys that lead to it: `proxy.timeout`.
    pub path: String,
    /// As a template puts it out.
    pub text: String,
    /// The line that it stands on, from 1.
    pub line: usize,
}

/// As many are kept of one file.
const MOST_VALUES: usize = 20_000;

/// Longer ones are no single word of nginx.
const LONGEST_VALUE: usize = 200;

/// From here on Go writes numbers with an exponent.
const FIRST_WITH_EXPONENT: u64 = 1_000_000;

/// The scalars of a file of values that a template puts out as they are written.
pub fn values(text: &[u8]) -> Vec<Value> {
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    let parsed = parsed(text);
    let Some(document) = parsed.documents.first() else { return Vec::new() };
    let mut all = Vec::new();
    let mut left = vec![(String::new(), &document.root)];
    while let Some((path, node)) = left.pop() {
        if all.len() >= MOST_VALUES {
            break;
        }
        match node {
            Node::Mapping(mapping) => left.extend(mapping.entries.iter().filter_map(|(key, value)| {
                let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                let key = key.value.as_str();
                let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                (!key.is_empty() && key.bytes().all(is_name)).then_some((path, value))
            })),
            Node::Scalar(scalar) => {
                let is_written = scalar.style != ScalarStyle::Plain || is_put_out_as_written(&scalar.value);
                if is_written && scalar.value.len() <= LONGEST_VALUE {
                    let before = text.as_bytes().get(..scalar.at.start).unwrap_or_default();
                    all.push((path, scalar.value.clone(), before.len()));
                }
            }
            _ => {}
        }
    }
    all.sort_by_key(|(_, _, at)| *at);
    let (mut line, mut from) = (1, 0);
    all.into_iter()
        .map(|(path, value, at)| {
            line += memchr::memchr_iter(b'\n', text.as_bytes().get(from..at).unwrap_or_default()).count();
            from = at;
            Value { path, text: value, line }
        })
        .collect()
}

/// Whether a plain scalar comes out of a template as it is written: numbers become others.
fn is_put_out_as_written(value: &str) -> bool {
    if matches!(value, "" | "~" | "null" | "Null" | "NULL") {
        return false;
    }
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        let is_octal = value.len() > 1 && value.starts_with('0');
        return !is_octal && value.parse::<u64>().is_ok_and(|number| number < FIRST_WITH_EXPONENT);
    }
    let is_number = value.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        && value.bytes().all(|byte| byte.is_ascii_hexdigit() || b"._xXoO+-:".contains(&byte));
    !is_number
}

/// Whether nginx reads a value as one word or a part of one, and YAML as text.
pub(super) fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && !value.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || "{};\"'`\\#$&*!|>%@,[]".contains(letter)
        })
        && !value.ends_with(':')
}

/// What an expression asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked<'e> {
    pub(super) path: &'e str,
    pub(super) default: Option<&'e str>,
    pub(super) quote: Option<char>,
    pub(super) is_number: bool,
}

/// `.Values.a.b`, `.Values.a.b | default 60 | quote`, `default 60 .Values.a.b`.
pub(super) fn asked(expression: &[u8]) -> Option<Asked<'_>> {
    let mut segments = segments(expression).into_iter();
    let first = segments.next()?;
    let mut asked = Asked { path: "", default: None, quote: None, is_number: false };
    let words = words(first);
    let (last, functions) = words.split_last()?;
    asked.path = path(last)?;
    asked.apply(functions)?;
    for segment in segments {
        asked.apply(&self::words(segment))?;
    }
    Some(asked)
}

impl<'e> Asked<'e> {
    fn apply(&mut self, function: &[&'e [u8]]) -> Option<()> {
        match function {
            [] | [b"toString" | b"trim"] => {}
            [b"int" | b"int64"] => self.is_number = true,
            [b"quote"] => self.quote = Some('"'),
            [b"squote"] => self.quote = Some('\''),
            // What was quoted is no longer empty.
            [b"default", literal] if self.quote.is_none() => self.default = Some(self::literal(literal)?),
            _ => return None,
        }
        Some(())
    }
}

fn path(word: &[u8]) -> Option<&str> {
    let word = word.strip_prefix(b"$").unwrap_or(word);
    let path = std::str::from_utf8(word.strip_prefix(b".Values.")?).ok()?;
    let is_path = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte));
    (is_path && !path.is_empty()).then_some(path)
}

/// A number, or what stands between quotes.
fn literal(word: &[u8]) -> Option<&str> {
    let word = std::str::from_utf8(word).ok()?;
    let quoted = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
    quoted.or_else(|| word.bytes().all(|byte| byte.is_ascii_digit()).then_some(word))
}

/// What stands between the `|` of an expression.
pub(super) fn segments(expression: &[u8]) -> Vec<&[u8]> {
    split(expression, |byte| byte == b'|')
}

/// What blanks part.
pub(super) fn words(segment: &[u8]) -> Vec<&[u8]> {
    split(segment, |byte| byte.is_ascii_whitespace()).into_iter().filter(|word| !word.is_empty()).collect()
}

/// Parts of a text, those between quotes whole, without the blanks around them.
fn split(text: &[u8], is_end: impl Fn(u8) -> bool) -> Vec<&[u8]> {
    let mut quote = None;
    text.split(|byte| {
        match quote {
            None if matches!(byte, b'"' | b'`') => quote = Some(*byte),
            None => return is_end(*byte),
            Some(open) if open == *byte => quote = None,
            Some(_) => {}
        }
        false
    })
    .map(<[u8]>::trim_ascii)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked, is_plain, values};

    #[test]
    fn scalars_have_paths_and_lines() {
        let text = b"# all\na:\n  b: 30s\n  n: ~\n  big: 3600000\n  list: [1]\nc: \"x y\"\nd: true\ne: 0644\nf: 1.5\ng: ''\n";
        let all: Vec<(String, String, usize)> =
            values(text).into_iter().map(|value| (value.path, value.text, value.line)).collect();
        let expected = [("a.b", "30s", 3), ("c", "x y", 7), ("d", "true", 8), ("g", "", 11)];
        let expected = expected.map(|(path, value, line)| (path.to_owned(), value.to_owned(), line));
        assert_eq!(all, expected);
        assert!(values(b"- a\n- b\n").is_empty() && values(b"\xff").is_empty());
    }

    #[test]
    fn expressions_ask_for_values() {
        let plain = |path| Asked { path, default: None, quote: None, is_number: false };
        for (expression, expected) in [
            (".Values.a.b", Some(plain("a.b"))),
            ("$.Values.a | toString", Some(plain("a"))),
            (
                ".Values.a | default \"1 h\" | quote",
                Some(Asked { default: Some("1 h"), quote: Some('"'), ..plain("a") }),
            ),
            ("default 60 .Values.a", Some(Asked { default: Some("60"), ..plain("a") })),
            (".Values.a | int", Some(Asked { is_number: true, ..plain("a") })),
            (".Values.a | upper", None),
            (".Values.a | default .Values.b", None),
            ("index .Values.a 0", None),
            (".Release.Name", None),
            ("toYaml .Values.a", None),
        ] {
            assert_eq!(asked(expression.as_bytes()), expected, "{expression}");
        }
    }

    #[test]
    fn what_would_be_several_words_is_not_filled_in() {
        for (value, is_one) in [
            ("30s", true),
            ("chat.test", true),
            ("/ws", true),
            ("", false),
            ("a b", false),
            ("a;", false),
            ("$x", false),
        ] {
            assert_eq!(is_plain(value), is_one, "{value}");
        }
    }
}
