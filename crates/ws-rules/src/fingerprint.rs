//! What stays the same of a line while the tree around it is edited.

use std::borrow::Cow;

use lint_finding::{Fingerprint, RuleMeta, fingerprint_v2};
use nginx_semantics::{Directive, DirectiveName, SourceFile};
use nginx_syntax::NodeId;

/// As many blocks around a line are told in its fingerprint, and as many bytes of their heads: nobody nests more, and a
/// thousand of them, each told for each line in it, are the square of that.
const MOST_LEVELS: usize = 100;
const MOST_BYTES: usize = 4096;

/// The file of a directive, and the heads of the blocks around it, outermost first.
pub(crate) fn context_path(directive: &Directive<'_>) -> Vec<u8> {
    let Some(file) = directive.file() else { return Vec::new() };
    let tree = &file.tree;
    let around = std::iter::successors(Some(directive.reference.node), |&node| Some(tree.parent(node)));
    let around = around.take_while(|&node| node != NodeId::FILE).take(MOST_LEVELS);
    let head = |node: NodeId| tree.words(node).map(move |word| word.of(file.bytes()));
    let mut left = MOST_BYTES;
    let mut around: Vec<NodeId> = around
        .take_while(|&node| {
            let is_told = left > 0;
            left = left.saturating_sub(head(node).map(<[u8]>::len).sum());
            is_told
        })
        .collect();
    around.reverse();
    let mut path = file.path.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
    for node in around {
        path.push(b'\n');
        for (number, word) in head(node).enumerate() {
            path.extend((number > 0).then_some(b' '));
            path.extend_from_slice(word);
        }
    }
    path
}

/// As many lines of a server are searched for its names: each finding asks again, and a server may have a hundred thousand.
const MOST_LINES: usize = 100;

/// As many names of a server, or sockets, tell it from others: the first ones that are written.
const MOST_VALUES: usize = 16;

/// The second fingerprint of a line: the rule, the values of its words, the blocks around it in its file by what they are
/// for, and the kinds of blocks around the includes that lead to it. No file name, no order and no quotes are in it, and of
/// the servers that include its file nothing: one more of them is no other finding.
pub(crate) fn stable_name(rule: &RuleMeta, line: &Directive<'_>) -> Fingerprint {
    let mut text = Vec::new();
    if let Some(file) = line.file().filter(|_| line.may_be_shown()) {
        let mut left = MOST_BYTES;
        add_words(file, line.reference.node, &mut left, &mut text);
        for node in around(file, line.reference.node) {
            text.push(b'\n');
            add_block(file, node, &mut left, &mut text);
        }
    }
    for include in std::iter::successors(line.included_by(), Directive::included_by).take(MOST_LEVELS) {
        let Some(file) = include.file() else { continue };
        for node in around(file, include.reference.node) {
            text.push(b'\n');
            text.extend_from_slice(&file.word(node, 0).unwrap_or_default());
        }
    }
    fingerprint_v2([rule.name.as_bytes(), &text])
}

/// The blocks around a line of a file, innermost first.
fn around(file: &SourceFile, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
    let outer = move |inner: &NodeId| Some(file.tree.parent(*inner)).filter(|outer| *outer != NodeId::FILE);
    std::iter::successors(outer(&node), outer).take(MOST_LEVELS)
}

/// A server by its names, or else its sockets, in any order; another block by its words.
fn add_block(file: &SourceFile, block: NodeId, left: &mut usize, text: &mut Vec<u8>) {
    if file.name(block) != DirectiveName::SERVER {
        return add_words(file, block, left, text);
    }
    let lines = || file.tree.children(block).take(MOST_LINES);
    let values = |name: DirectiveName| -> Vec<Cow<'_, [u8]>> {
        let lines = lines().filter(|line| file.name(*line) == name);
        let most = if name == DirectiveName::LISTEN { 1 } else { MOST_VALUES };
        lines.flat_map(|line| words(file, line).skip(1).take(most)).take(MOST_VALUES).collect()
    };
    let mut values = Some(values(DirectiveName::SERVER_NAME))
        .filter(|names| !names.is_empty())
        .unwrap_or_else(|| values(DirectiveName::LISTEN));
    values.sort_unstable();
    text.extend_from_slice(b"server");
    for value in values {
        add(&value, left, text);
    }
}

fn add_words(file: &SourceFile, node: NodeId, left: &mut usize, text: &mut Vec<u8>) {
    words(file, node).for_each(|word| add(&word, left, text));
}

/// The values of the words of a line.
fn words(file: &SourceFile, node: NodeId) -> impl Iterator<Item = Cow<'_, [u8]>> {
    file.words(node).map(|span| file.value(span))
}

/// Adds a word with its length, so that words do not run together, as far as there is room.
fn add(word: &[u8], left: &mut usize, text: &mut Vec<u8>) {
    if let Some(rest) = left.checked_sub(word.len()) {
        *left = rest;
        text.push(b' ');
        // As many bytes on every machine: the value may be stored.
        text.extend_from_slice(&(word.len() as u64).to_le_bytes());
        text.extend_from_slice(word);
    }
}
