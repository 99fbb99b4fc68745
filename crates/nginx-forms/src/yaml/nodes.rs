//! The documents of a YAML text as trees, with the place of every scalar and the comments between them.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

/// Deeper ones are passed over.
const DEEPEST: usize = 64;

/// As many nodes of one text are kept.
const MOST_NODES: usize = 400_000;

/// A scalar, with its quotes.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub(crate) at: Range<usize>,
    pub(crate) style: ScalarStyle,
    pub(crate) value: String,
}

/// A mapping, its entries in the order of the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    pub(crate) is_flow: bool,
    pub(crate) entries: Vec<(Scalar, Node)>,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Scalar(Scalar),
    Mapping(Mapping),
    Sequence(Vec<Node>),
    /// An alias, or what is nested too deep.
    Other,
}

/// A document, and the bytes of the text that it is in.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) root: Node,
    pub(crate) at: Range<usize>,
}

/// All that the parser tells of a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    pub(crate) documents: Vec<Document>,
    /// Each with its `#`, without the line break.
    pub(crate) comments: Vec<Range<usize>>,
    /// Whether all of it was understood.
    pub(crate) is_whole: bool,
}

impl Node {
    /// The value of a key; of the last one where several have it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.mapping()?.entries.iter().rfind(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// The value at the end of a way through mappings.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(crate) fn mapping(&self) -> Option<&Mapping> {
        if let Self::Mapping(mapping) = self { Some(mapping) } else { None }
    }

    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        if let Self::Scalar(scalar) = self { Some(scalar) } else { None }
    }

    /// The items of a sequence; nothing for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        if let Self::Sequence(items) = self { items } else { &[] }
    }

    /// Where its first scalar starts.
    pub(crate) fn start(&self) -> Option<usize> {
        match self {
            Self::Scalar(scalar) => Some(scalar.at.start),
            Self::Mapping(mapping) => mapping.entries.first().map(|(key, _)| key.at.start),
            Self::Sequence(items) => items.first().and_then(Self::start),
            Self::Other => None,
        }
    }
}

/// A level that is not finished.
enum Open {
    Mapping {
        mapping: Mapping,
        key: Option<Scalar>,
    },
    Sequence(Vec<Node>),
    /// Nested too deep: what it holds is counted, and not kept.
    Deep,
}

/// Builds the trees.
#[derive(Default)]
struct Trees {
    parsed: Parsed,
    open: Vec<Open>,
    start: usize,
    count: usize,
}

impl Trees {
    fn value(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::Mapping { mapping, key }) => {
                // What is no scalar as a key is no key that anything here asks for.
                if let Some(key) = key.take() {
                    mapping.entries.push((key, node));
                }
            }
            Some(Open::Sequence(items)) => items.push(node),
            Some(Open::Deep) => {}
            None => {
                let at = self.start..self.start;
                self.parsed.documents.push(Document { root: node, at });
            }
        }
    }

    fn scalar(&mut self, scalar: Scalar) {
        match self.open.last_mut() {
            Some(Open::Mapping { key: key @ None, .. }) => *key = Some(scalar),
            _ => self.value(Node::Scalar(scalar)),
        }
    }

    fn close(&mut self) {
        let node = match self.open.pop() {
            Some(Open::Mapping { mapping, .. }) => Node::Mapping(mapping),
            Some(Open::Sequence(items)) => Node::Sequence(items),
            _ => Node::Other,
        };
        self.value(node);
    }
}

/// The documents of a text, as far as it is YAML.
pub(crate) fn parsed(text: &str) -> Parsed {
    let mut trees = Trees::default();
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, span) = match parser.next_event() {
            Some(Ok(event)) => event,
            None => {
                trees.parsed.is_whole = true;
                break;
            }
            Some(Err(_)) => break,
        };
        let (Some(start), Some(end)) = (span.start.byte_offset(), span.end.byte_offset()) else { continue };
        trees.count += 1;
        if trees.count > MOST_NODES {
            break;
        }
        let is_deep = trees.open.len() >= DEEPEST;
        match event {
            Event::DocumentStart(..) => {
                trees.open.clear();
                trees.start = start;
            }
            Event::DocumentEnd => {
                while !trees.open.is_empty() {
                    trees.close();
                }
                if let Some(last) = trees.parsed.documents.last_mut() {
                    last.at.end = end.max(last.at.start);
                }
            }
            Event::MappingStart(style, ..) => {
                let mapping = Mapping { is_flow: matches!(style, StructureStyle::Flow), entries: Vec::new() };
                let open = if is_deep { Open::Deep } else { Open::Mapping { mapping, key: None } };
                trees.open.push(open);
            }
            Event::SequenceStart(..) => {
                trees.open.push(if is_deep { Open::Deep } else { Open::Sequence(Vec::new()) });
            }
            Event::MappingEnd | Event::SequenceEnd => trees.close(),
            Event::Scalar(value, style, ..) => {
                trees.scalar(Scalar { at: start..end, style, value: value.into_owned() });
            }
            Event::Alias(..) => match trees.open.last_mut() {
                Some(Open::Mapping { key: key @ None, .. }) => {
                    *key = Some(Scalar { at: start..end, style: ScalarStyle::Plain, value: String::new() });
                }
                _ => trees.value(Node::Other),
            },
            Event::Comment(..) => trees.parsed.comments.push(start..end),
            _ => {}
        }
    }
    // What an error cut off counts as far as it was read.
    while !trees.open.is_empty() {
        trees.close();
    }
    trees.parsed
}

#[cfg(test)]
mod tests {
    use super::{Node, parsed};

    #[test]
    fn keys_lead_to_scalars_and_comments_have_places() {
        let text = "# top\na:\n  b: [x, 'y']  # here\n  c: {d: e}\n---\nf: g\n";
        let parsed = parsed(text);
        assert!(parsed.is_whole);
        let comments: Vec<&str> = parsed.comments.iter().map(|at| &text[at.clone()]).collect();
        assert_eq!(comments, ["# top", "# here"]);
        let root = &parsed.documents[0].root;
        let items = root.at(&["a", "b"]).map(Node::items).unwrap();
        let last = items[1].scalar().unwrap();
        assert_eq!((&text[last.at.clone()], last.value.as_str()), ("'y'", "y"));
        assert_eq!(root.at(&["a", "c", "d"]).and_then(Node::scalar).unwrap().value, "e");
        assert_eq!(parsed.documents[1].root.get("f").and_then(Node::scalar).unwrap().value, "g");
        assert!(root.at(&["a", "x"]).is_none());
    }

    #[test]
    fn depth_costs_no_stack() {
        let text = "[".repeat(5_000);
        assert!(parsed(&text).documents.len() <= 1);
    }
}
