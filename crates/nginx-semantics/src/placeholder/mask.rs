//! Makes a text readable where templates have placeholders without nginx's own punctuation: lines of their own without
//! a `;`, and words that start with `#`.
//!
//! Only what nginx refuses as it stands is read otherwise: whoever can write a mark into a file that nginx starts with
//! would have the program read other lines than nginx does. So the text is parsed as it stands first. A line is read
//! otherwise where nginx would look its placeholder up as the name of a directive, and a `##NAME##` where the comment that
//! it is to nginx leaves a statement that nginx does not take. The bytes stay as they are; the parser gets a copy of the
//! same length.

use std::borrow::Cow;

use nginx_syntax::{NodeId, Span, Tree, parse};

use super::{Marks, has_entries, is_one, length_of_placeholder};
use crate::catalogue::{DirectiveName, lookup};
use crate::vocabulary::NginxVocabulary;

/// A text as it is parsed.
pub(crate) struct Masked {
    /// Of a text of the same length.
    pub(crate) tree: Tree,
    /// Where the placeholders start that stand for whole lines, in order. Their last byte is their `;` to the parser.
    pub(crate) lines: Vec<u32>,
}

/// The text with `;` for the last byte of each placeholder that has a line of its own, where a statement may start, and
/// with `@@` for the `##` of each that begins a word in the middle of a statement.
pub(crate) fn masked(text: &[u8], marks: Marks) -> Masked {
    let (_, tree, lines) = read(text, marks);
    Masked { tree, lines }
}

fn read(text: &[u8], marks: Marks) -> (Cow<'_, [u8]>, Tree, Vec<u32>) {
    let mut tree = parse(text, &NginxVocabulary);
    let mut text = Cow::Borrowed(text);
    if !marks.may_have_named() {
        return (text, tree, Vec::new());
    }
    let words = refused_comments(&tree, &text);
    if !words.is_empty() {
        let bytes = text.to_mut();
        for at in words {
            if let Some(hashes) = bytes.get_mut(at..at + 2) {
                hashes.copy_from_slice(b"@@");
            }
        }
        tree = parse(&text, &NginxVocabulary);
    }
    let lines = refused_lines(&tree, &text);
    if !lines.is_empty() {
        let bytes = text.to_mut();
        for line in &lines {
            if let Some(last) = bytes.get_mut(line.end as usize - 1) {
                *last = b';';
            }
        }
        tree = parse(&text, &NginxVocabulary);
    }
    (text, tree, lines.iter().map(|line| line.start).collect())
}

/// The placeholders with lines of their own that nginx would take for names of directives, which it has none of.
fn refused_lines(tree: &Tree, text: &[u8]) -> Vec<Span> {
    let mut lines: Vec<Span> = Vec::new();
    for node in tree.nodes() {
        let is_line = |word: &Span| is_one(word.of(text)) && has_line(*word, text);
        if !is_line(&tree.name_span(node)) {
            continue;
        }
        let parent = tree.parent(node);
        // What is left of the block that this one stands in, once the lines in front of its name are taken off.
        let around = tree
            .words(parent)
            .find(|word| lines.binary_search_by_key(&word.start, |line| line.start).is_err())
            .map_or(DirectiveName::UNKNOWN, |name| lookup(name.of(text)));
        let may_be_entry = match tree.words(node).nth(1) {
            _ if tree.is_block(node) || tree.terminator(node).is_none() => false,
            None => false,
            // The lines of a file may be entries of the block that includes it.
            Some(_) if parent == NodeId::FILE => tree.words(node).nth(2).is_none(),
            // Nobody knows what a block of another module takes, and a type has any number of extensions.
            Some(_) if around == DirectiveName::UNKNOWN || around == DirectiveName::TYPES => true,
            Some(_) => has_entries(around) && tree.words(node).nth(2).is_none(),
        };
        if !may_be_entry {
            lines.extend(tree.words(node).take_while(is_line));
        }
    }
    lines
}

/// Whether nothing but a comment stands on the line of a word besides it.
fn has_line(word: Span, text: &[u8]) -> bool {
    let before = text.get(..word.start as usize).unwrap_or_default();
    let after = text.get(word.end as usize..).unwrap_or_default();
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'#');
    let is_blank = |bytes: &[u8]| bytes.trim_ascii().is_empty();
    before.rsplit(|byte| *byte == b'\n').next().is_none_or(is_blank)
        && after.split(is_end).next().is_none_or(is_blank)
        && after.first().is_none_or(u8::is_ascii_whitespace)
}

/// Where placeholders `##NAME##` begin words, and nginx refuses the file because they are comments to it.
fn refused_comments(tree: &Tree, text: &[u8]) -> Vec<usize> {
    let mut all = Vec::new();
    let mut is_refused = !tree.errors().is_empty();
    for comment in tree.comments().filter(|comment| comment.of(text).starts_with(b"##")) {
        let (_, Some(node)) = tree.around(comment.start) else { continue };
        let head = tree.head_span(node);
        let end = tree.terminator(node).map_or(head.end, |end| end.start);
        let is_inside = comment.start < end || tree.terminator(node).is_none();
        if !is_inside {
            continue;
        }
        let start = text
            .get(..comment.start as usize)
            .and_then(|before| memchr::memrchr(b'\n', before))
            .map_or(0, |at| at + 1);
        let line = text.get(start..comment.end as usize).unwrap_or_default();
        let found = hashes(line);
        if found.first().is_some_and(|first| start + first == comment.start as usize) {
            all.extend(found.into_iter().map(|at| start + at));
            is_refused |= is_refused_statement(tree, node, text);
        }
    }
    if is_refused { all } else { Vec::new() }
}

/// Whether no nginx takes so many words behind the name of a directive, or a block or none.
fn is_refused_statement(tree: &Tree, node: NodeId, text: &[u8]) -> bool {
    let around = lookup(&tree.name(tree.parent(node), text));
    let arguments = tree.words(node).skip(1).count();
    // What a file or an unknown block has may be an entry, which has any name.
    if !tree.is_block(node) && (around == DirectiveName::UNKNOWN || has_entries(around)) {
        return false;
    }
    let rows = lookup(&tree.name(node, text)).rows();
    !rows.is_empty()
        && rows.iter().all(|row| {
            let takes = usize::from(row.min_args) <= arguments
                && row.max_args.is_none_or(|most| arguments <= usize::from(most));
            row.block != tree.is_block(node) || !takes
        })
}

/// Where placeholders `##NAME##` begin a word behind others of a statement that ends on the line: nginx would take the
/// rest of the line for a comment, the `;` too.
fn hashes(line: &[u8]) -> Vec<usize> {
    let mut all = Vec::new();
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| memchr::memmem::find(rest, b"##")) {
        let at = from + at;
        let (before, rest) = line.split_at(at);
        let Some(length) = length_of_placeholder(rest) else { break };
        let words = before.trim_ascii();
        let begins_word = before.last().is_some_and(u8::is_ascii_whitespace);
        // What the ones before left is no comment any more.
        let known = line.get(from..at).unwrap_or_default();
        let is_comment = known.contains(&b'#');
        let is_behind = !matches!(words.last(), None | Some(b';' | b'{' | b'}'));
        let has_end = rest.iter().any(|byte| matches!(byte, b';' | b'{'));
        if is_comment || !is_behind || !has_end || words.iter().filter(|byte| **byte == b'"').count() % 2 == 1
        {
            break;
        }
        if begins_word {
            all.push(at);
        }
        from = at + length;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nginx_cannot_read_is_read_otherwise() {
        for (text, expected, lines) in [
            ("%%A%%\n\nb c;\n", "%%A%;\n\nb c;\n", 1),
            ("server {\n    @@b_c@@\n    d;\n}\n__E__\n", "server {\n    @@b_c@;\n    d;\n}\n__E_;\n", 2),
            ("a b; # x\n%%A%% # y\n# z\n%%B%%", "a b; # x\n%%A%; # y\n# z\n%%B%;", 2),
            ("%%A%%\n%%B%%\nserver {\n%%C%%\nb c;\n}\n", "%%A%;\n%%B%;\nserver {\n%%C%;\nb c;\n}\n", 3),
            ("a ##UP##;\n", "a @@UP##;\n", 0),
            ("a ##B## x##C## ##D##;\n%%E%%\n", "a @@B## x##C## @@D##;\n%%E%;\n", 1),
            ("server {\nlisten ##B##;\nroot ##C##;\n}", "server {\nlisten @@B##;\nroot @@C##;\n}", 0),
            ("location ##B## {\nroot a;\n}", "location @@B## {\nroot a;\n}", 0),
            ("server {\nroot ##B##;\nlocation / {\n}\n}", "server {\nroot @@B##;\nlocation / {\n}\n}", 0),
            ("map a $b {\n%%C%%\n}", "map a $b {\n%%C%;\n}", 1),
            ("map a $b {\n%%C%%\nd e;\n}", "map a $b {\n%%C%;\nd e;\n}", 1),
        ] {
            let (masked, _, starts) = read(text.as_bytes(), Marks::of(text.as_bytes()));
            assert_eq!(String::from_utf8_lossy(&masked), expected);
            assert_eq!(starts.len(), lines, "{text}");
            let starts = starts.iter().filter_map(|at| text.as_bytes().get(*at as usize));
            assert!(starts.into_iter().all(|byte| b"%@_".contains(byte)), "{text}");
        }
    }

    /// What nginx starts with, and fragments that it starts with somewhere.
    const ACCEPTED: [&str; 30] = [
        // A word of a statement that goes on.
        "a b\n    %%C%%\n    d;\n",
        "a %%B%%;\n%%C%% d;\n",
        "server_name a\n%%C%%\nd;\n",
        // Comments.
        "a; ##B##\n##C##\n# ##D##;\na b # ##E##;\n;",
        "a b ##C##\n;",
        "location ##A## { internal; }\n/ws { root a; }\n",
        "location /b { if ##A## { }\n($http_upgrade) { return 404; } }\n",
        "upstream ##A## { }\nu { server 127.0.0.1:9; }\n",
        "server ##A## { }\n{ listen 80; }\n",
        "return ##A## { ;\n404;\n",
        "proxy_set_header Upgrade ##UP##;\n$http_upgrade;\n",
        "proxy_pass ##A##;\nhttp://a;\n",
        "include ##A##;\nws.inc;\n",
        "types ##A## {}\n{ a b; }\n",
        // Quotes and escapes.
        "a \"x ##B## y\";",
        "a 'b;\n%%C%%\n';\n",
        "a 'b ##C##;\n';\n",
        "a b\\;\n%%C%%\nd;\n",
        "rewrite ^/a}\n%%C%%\nd;\n",
        "content_by_lua_block {\n%%C%%\nx = a ##B##;\n}\n",
        // Entries.
        "map $host $x {\n%%X%%\nupgrade;\n}\n",
        "map $host $x {\n__X__\n'';\ndefault a;\n}\n",
        "geo $x {\n@@X@@\nb;\n}\n",
        "split_clients $host $x {\n__X__\nb;\n}\n",
        "charset_map a b {\n__X__\nb;\n}\n",
        "types {\n%%X%%\na\nb;\n}\n",
        "a_block_of_another_module {\n%%X%%\na\nb;\n}\n",
        "%%X%%\nupgrade;\n",
        "__file__;\n%%;\n@@ @@;\n",
        "gzip_types ##A##;\na;\n",
    ];

    #[test]
    fn what_nginx_accepts_is_read_as_nginx_reads_it() {
        for (at, text) in ACCEPTED.iter().enumerate() {
            for (other, behind) in ACCEPTED.iter().enumerate() {
                let both = format!("{text}{behind}");
                // A file of entries has nothing else in it.
                let text = if at == 27 || other == 27 { (*text).to_owned() } else { both };
                let (masked, _, lines) = read(text.as_bytes(), Marks::of(text.as_bytes()));
                assert_eq!(String::from_utf8_lossy(&masked), text);
                assert!(lines.is_empty());
            }
        }
    }
}
