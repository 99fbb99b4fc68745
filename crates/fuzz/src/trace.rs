//! One request is followed to its end, whatever the configuration does to it.

use lint_engine::{Query, Url};

use crate::run::{STYLE, TOOL, is_harmless};
use crate::tree::Tree;

/// The first line is a URL and header fields, separated by tabs; the rest are files.
pub(crate) fn check(input: &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    let (line, rest) = input.split_at(end);
    let line = String::from_utf8_lossy(line);
    let mut words = line.split('\t');
    let Some(Ok(url)) = words.next().map(Url::parse) else { return };
    let field =
        |word: &str| word.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    let headers = words.filter_map(field).collect();
    let tree = Tree::new(rest.strip_prefix(b"\n").unwrap_or(rest));
    let is_plain = url.text.starts_with("http");
    let query = Query { headers, is_plain, ..Query::handshake(url) };
    let trace = lint_engine::trace(&tree.files, &tree.arguments, &tree.scope, &tree.settings, &query);
    let mut out = Vec::new();
    assert!(lint_report::trace(&trace, &STYLE, &mut out).is_ok(), "a trace can be written");
    is_harmless(&out);
    out.clear();
    assert!(lint_report::trace_json(&trace, &TOOL, &mut out).is_ok(), "a trace can be written as JSON");
    is_harmless(&out);
}
