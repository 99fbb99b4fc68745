//! What can go wrong with a statement, by what its words look like.

use nginx_syntax::{NoVocabulary, NodeId, Span, Tree, parse};

use super::Kind;
use super::wrong::Wrong;

/// One edit that makes a mutant.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) kind: Kind,
    pub(super) at: Span,
    pub(super) new: Vec<u8>,
}

impl Edit {
    pub(super) fn apply(&self, text: &[u8]) -> Vec<u8> {
        let before = text.get(..self.at.start as usize).unwrap_or(text);
        let after = text.get(self.at.end as usize..).unwrap_or_default();
        [before, &self.new, after].concat()
    }
}

const TIMES: [&str; 9] = ["10x", "1.5h", "-1", "s10", "1s1h", "forever", "1 h", "$time", "10sec"];
const SIZES: [&str; 8] = ["8kb", "1.5m", "-1", "k8", "8t", "large", "8 k", "$size"];
const NUMBERS: [&str; 7] = ["4x", "-1", "1.5", "many", "1k", "$number", "\"\""];
const FLAGS: [&str; 8] = ["yes", "true", "1", "enabled", "oof", "\"\"", "$flag", "on,off"];
/// In place of a variable.
const NAMES: [&str; 7] = ["$", "$$host", "${host", "${", "$-", "${}", "${ho-st}"];
const UNDEFINED: [&str; 3] = ["$nowhere", "${nowhere_at_all}", "$0"];
/// What breaks a pattern at its end.
const PATTERNS: [&str; 6] = ["(", ")", "[", "(?<x", "**", "\\\\"];

/// Blocks whose statements are no directives.
const ENTRIES: [&str; 4] = ["map", "geo", "split_clients", "types"];

/// All edits of a file.
pub(super) fn edits(text: &[u8], wrong: &[Wrong]) -> Vec<Edit> {
    let tree = parse(text, &NoVocabulary);
    let mut of = Edits { tree: &tree, text, all: Vec::new() };
    let nodes: Vec<NodeId> = tree.nodes().collect();
    for (number, &node) in nodes.iter().enumerate() {
        let name = tree.name(node, text);
        let parent = tree.parent(node);
        let is_entry = parent != NodeId::FILE
            && ENTRIES.iter().any(|block| *tree.name(parent, text) == *block.as_bytes());
        if !is_entry {
            of.wrong(node, &name, wrong);
            of.words(node);
            of.twice(node);
            of.arity(node);
            of.end(node);
            // Any three blocks of the file.
            for step in [1, 7, 23] {
                if let Some(&other) = nodes.get((number * step + step).checked_rem(nodes.len()).unwrap_or(0))
                {
                    of.place(node, other);
                }
            }
        }
        of.tokens(node);
    }
    of.all
}

struct Edits<'t> {
    tree: &'t Tree,
    text: &'t [u8],
    all: Vec<Edit>,
}

impl Edits<'_> {
    fn add(&mut self, kind: Kind, at: Span, new: impl AsRef<[u8]>) {
        self.all.push(Edit { kind, at, new: new.as_ref().to_vec() });
    }

    fn wrong(&mut self, node: NodeId, name: &[u8], wrong: &[Wrong]) {
        let head = self.tree.head_span(node);
        for line in wrong {
            match line.block {
                // A `server` of an upstream is not the block.
                None if line.name().as_bytes() == name
                    && (line.kind != Kind::Peer || !self.tree.is_block(node)) =>
                {
                    self.add(line.kind, head, line.text);
                }
                Some(block) if block.as_bytes() == name => {
                    if let Some(close) = self.tree.close(node) {
                        self.add(line.kind, Span::at(close.start), format!(" {} ", line.text));
                    }
                }
                _ => {}
            }
        }
    }

    fn words(&mut self, node: NodeId) {
        for word in self.tree.words(node).skip(1).collect::<Vec<_>>() {
            let text = word.of(self.text);
            let one = |kind, values: &[&str]| -> Vec<(Kind, String)> {
                values.iter().map(|value| (kind, (*value).to_owned())).collect()
            };
            let bad = match text {
                b"on" | b"off" => one(Kind::Flag, &FLAGS),
                _ if is_number_with(text, &["s", "ms", "m", "h", "d"]) => one(Kind::Time, &TIMES),
                _ if is_number_with(text, &["k", "K", "M"]) => one(Kind::Size, &SIZES),
                _ if is_number_with(text, &[""]) => one(Kind::Number, &NUMBERS),
                _ => Vec::new(),
            };
            for (kind, value) in bad {
                self.add(kind, word, value);
            }
            if let Some(variable) = variable(text) {
                let at = Span::new(word.start + variable.start, word.start + variable.end);
                for name in NAMES {
                    self.add(Kind::Variable, at, name);
                }
                for name in UNDEFINED {
                    self.add(Kind::Undefined, at, name);
                }
                self.add(Kind::Variable, Span::at(word.end), "$");
            }
            if matches!(text.first(), Some(b'^' | b'~')) && text.len() > 2 {
                for end in PATTERNS {
                    self.add(Kind::Pattern, Span::at(word.end), end);
                }
            }
        }
    }

    fn twice(&mut self, node: NodeId) {
        let span = self.tree.span(node);
        self.add(Kind::Twice, Span::at(span.end), [b" ", span.of(self.text)].concat());
    }

    fn arity(&mut self, node: NodeId) {
        let words: Vec<Span> = self.tree.words(node).collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return };
        self.add(Kind::Arity, Span::at(last.end), " one_more");
        if words.len() > 1 {
            self.add(Kind::Arity, Span::new(first.end, last.end), "");
        }
        if words.len() > 2
            && let Some(before) = words.get(words.len() - 2)
        {
            self.add(Kind::Arity, Span::new(before.end, last.end), "");
        }
    }

    fn end(&mut self, node: NodeId) {
        let Some(end) = self.tree.terminator(node) else { return };
        match self.tree.close(node) {
            Some(close) => self.add(Kind::End, end.to(close), ";"),
            None => self.add(Kind::End, end, " { }"),
        }
    }

    fn place(&mut self, node: NodeId, other: NodeId) {
        let Some(open) = self.tree.terminator(other).filter(|_| self.tree.is_block(other)) else { return };
        let span = self.tree.span(node);
        if span.start < open.end && open.end < span.end {
            return;
        }
        self.add(Kind::Place, Span::at(open.end), [b" ", span.of(self.text)].concat());
    }

    fn tokens(&mut self, node: NodeId) {
        let Some(end) = self.tree.terminator(node) else { return };
        let words: Vec<Span> = self.tree.words(node).collect();
        self.add(Kind::Token, end, "");
        self.add(Kind::Token, Span::at(end.end), ";");
        self.add(Kind::Token, Span::at(self.tree.span(node).start), "}");
        if let Some(close) = self.tree.close(node) {
            self.add(Kind::Token, close, "");
            self.add(Kind::Token, Span::at(close.end), "}");
        }
        for word in words.iter().skip(1) {
            let text = word.of(self.text);
            if let [quote @ (b'"' | b'\''), ..] = text {
                self.add(Kind::Token, Span::new(word.start, word.start + 1), "");
                self.add(Kind::Token, Span::new(word.end - 1, word.end), "");
                self.add(Kind::Token, Span::at(word.end), [*quote]);
            } else {
                self.add(Kind::Token, Span::at(word.start), "\"");
                self.add(Kind::Token, Span::at(word.end), "{");
            }
        }
    }
}

fn is_number_with(text: &[u8], units: &[&str]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && text.get(digits..).is_some_and(|unit| units.iter().any(|known| known.as_bytes() == unit))
}

/// The first variable of a word.
fn variable(text: &[u8]) -> Option<Span> {
    let start = text.iter().position(|byte| *byte == b'$')?;
    let rest = text.get(start + 1..)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = match rest.first()? {
        b'{' => rest.iter().position(|byte| *byte == b'}')? + 1,
        _ => rest.iter().take_while(|byte| is_name(byte)).count(),
    };
    let end = u32::try_from(start + 1 + length).ok()?;
    (length > 0).then(|| Span::new(u32::try_from(start).unwrap_or(0), end))
}
