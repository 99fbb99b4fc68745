//! Texts in scalars of YAML: `ConfigMaps`, compose files, cloud-init, `.ebextensions`, Ansible, and whatever else keeps a
//! file in a block scalar.
//!
//! A template of YAML, such as Helm's, is masked first: its marks become blanks or letters of the same length, so that the
//! parser sees YAML, and what it finds is taken from the text as it stands.

mod leaves;
mod mask;
mod mounts;
pub(crate) mod nodes;
mod scalar;

use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::{Form, Found};
use crate::heredoc::heredocs;
use crate::ingress::{self, Ingresses};
use crate::lexer::{At, Lexer};
use crate::mounts::ConfigMount;
use crate::omnibus;
use crate::template::{MOST_WORK, branches};
use crate::view::{Escape, View, WrittenAs};

use leaves::Leaf;
use mounts::Mounts;

/// As many are looked at in one file: what each of them is called, its neighbours tell.
const MOST_SCALARS: usize = 1_000;

/// The texts of the scalars that may hold nginx. `is_nested`: the text stands in a heredoc, and no other one is looked
/// for in its own.
pub(crate) fn scalars(text: &[u8], is_nested: bool) -> Vec<Found> {
    let masked = mask::masked(text);
    let Ok(masked) = std::str::from_utf8(&masked) else { return Vec::new() };
    let leaves = leaves::leaves(masked);
    let mounts = Mounts::of(text, &leaves);
    // What a controller writes has the snippets in it.
    let rendered = ingress::may_have(text).then(|| of_controllers(text, masked));
    let Ingresses { mut found, snippets } = rendered.unwrap_or_default();
    let is_own = |leaf: &&Leaf| leaf.holds_lines() && !snippets.contains(&leaf.at);
    for leaf in leaves.iter().filter(is_own).take(MOST_SCALARS) {
        let is_compose = mounts::is_compose(&leaves, leaf);
        let Some(view) = scalar::view(text, masked, leaf, is_compose) else { continue };
        let script = if is_compose && mounts::is_split(leaf) { of_command(&view) } else { None };
        let inner = of_script(script.as_ref().unwrap_or(&view), is_nested);
        let view = if mounts::is_part(leaf) { part(view) } else { Some(view) };
        let Some(view) = view else { continue };
        if inner.is_empty() {
            let is_in_cluster = mounts::is_in_cluster(&leaves, leaf);
            found.push(Found { is_in_cluster, ..mounts.found(text, &leaves, leaf, view) });
        } else {
            found.extend(inner);
        }
    }
    found
}

/// The volumes of `ConfigMaps` in the pods of a text.
pub(crate) fn config_mounts(text: &[u8]) -> Vec<ConfigMount> {
    let masked = mask::masked(text);
    let Ok(masked) = std::str::from_utf8(&masked) else { return Vec::new() };
    Mounts::of(text, &leaves::leaves(masked)).all
}

/// A text that is put among other lines. Where these close its blocks, what they say there is unknown; `None` where it
/// closes blocks of theirs.
fn part(view: View) -> Option<View> {
    let mut lexer = Lexer::new();
    for byte in view.bytes() {
        lexer.take(*byte);
        if lexer.depth < 0 {
            return None;
        }
    }
    let depth = lexer.depth;
    if depth == 0 || lexer.at != At::Start {
        return Some(view);
    }
    let length = u32::try_from(view.bytes().len()).unwrap_or(u32::MAX);
    let outer = Arc::new(view);
    let mut builder = ViewBuilder::new(outer.bytes());
    builder.copy(Span::new(0, length));
    for _ in 0..depth.min(DEEPEST) {
        builder.gap(Span::at(length), b"${MISSING_LINES}", b";\n");
        builder.replace(Span::at(length), b"}\n");
    }
    Some(builder.finish(Some(Arc::clone(&outer)), WrittenAs::default()))
}

/// As many blocks are closed.
const DEEPEST: i64 = 64;

/// What controllers write for the objects of a text, on each way through the branches of a template.
fn of_controllers(text: &[u8], masked: &str) -> Ingresses {
    let plain = ingress::ingresses(text, masked, &nodes::parsed(masked));
    if plain.found.is_empty() {
        return plain;
    }
    let mut found: Vec<Found> = Vec::new();
    let mut left = MOST_WORK;
    for way in branches(text, ingress::has_annotation) {
        let masked = mask::masked(way.bytes());
        let Ok(masked) = std::str::from_utf8(&masked) else { continue };
        let way = Arc::new(way);
        for mut one in ingress::ingresses(way.bytes(), masked, &nodes::parsed(masked)).found {
            // Each path has the snippets of its object again, on each way.
            let Some(rest) = left.checked_sub(one.view.bytes().len()) else { break };
            left = rest;
            let mut view = Arc::unwrap_or_clone(one.view).inside(&way);
            view.premises.clone_from(&way.premises);
            view.other_premises.clone_from(&way.other_premises);
            one.view = Arc::new(view);
            match found.iter_mut().find(|known| known.path == one.path) {
                None => found.push(one),
                Some(known) => {
                    let mut ways = std::iter::once(&mut known.view).chain(&mut known.other_ways);
                    match ways.find(|other| other.bytes() == one.view.bytes()) {
                        None => known.other_ways.push(one.view),
                        Some(same) => Arc::make_mut(same).join(&one.view),
                    }
                }
            }
        }
    }
    if found.is_empty() { plain } else { Ingresses { found, ..plain } }
}

/// The text of a scalar that stands in a text of a controller.
pub(crate) fn snippet(text: &[u8], masked: &str, scalar: &nodes::Scalar) -> Option<View> {
    let nodes::Scalar { at, style, value } = scalar.clone();
    scalar::view(text, masked, &Leaf { document: 0, keys: Vec::new(), style, at, value }, false)
}

/// The script of `sh -c "…"` as a program reads it that splits a command into words (`go-shellwords`, of compose): a backslash
/// is gone, and nothing else is filled in. `None` where there is no such string.
fn of_command(view: &View) -> Option<View> {
    let text = view.bytes();
    let at = memchr::memmem::find_iter(text, b"-c").find(|at| {
        let behind = text.get(at + 2..).unwrap_or_default();
        let is_option =
            at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(u8::is_ascii_whitespace);
        is_option && behind.len() > behind.trim_ascii_start().len()
    })?;
    let behind = text.get(at + 2..)?;
    let start = at + 2 + behind.len() - behind.trim_ascii_start().len();
    let quote = *text.get(start).filter(|byte| matches!(byte, b'"' | b'\''))?;
    let of = |at: usize| u32::try_from(at).ok();
    let mut builder = ViewBuilder::new(text);
    let (mut done, mut at) = (start + 1, start + 1);
    loop {
        match text.get(at..)? {
            [byte, ..] if *byte == quote => break,
            [b'\\', escaped, ..] if quote == b'"' => {
                let plain = match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    other => *other,
                };
                builder.copy(Span::new(of(done)?, of(at)?));
                builder.unescape(Span::new(of(at)?, of(at + 2)?), &[plain]);
                at += 2;
                done = at;
            }
            [_, ..] => at += 1,
            [] => return None,
        }
    }
    builder.copy(Span::new(of(done)?, of(at)?));
    let escapes = if quote == b'"' { OF_WORDS } else { &[] };
    Some(builder.finish(Some(Arc::new(view.clone())), WrittenAs { indent: Vec::new(), escapes }))
}

/// What such a program writes otherwise.
const OF_WORDS: &[Escape] =
    &[Escape { plain: b"\\", written: b"\\\\" }, Escape { plain: b"\"", written: b"\\\"" }];

/// The heredocs of a script, and the settings of `GitLab`'s omnibus package.
fn of_script(view: &View, is_nested: bool) -> Vec<Found> {
    let bytes = view.bytes();
    if memchr::memmem::find(bytes, b"nginx[").is_some() {
        let of_omnibus = omnibus::settings(bytes, Some(&Arc::new(view.clone())));
        if !of_omnibus.is_empty() {
            return of_omnibus;
        }
    }
    if memchr::memmem::find(bytes, b"<<").is_none() {
        return Vec::new();
    }
    heredocs(Form::Shell, bytes, Some(&Arc::new(view.clone())), is_nested)
}

/// The last key of a leaf that is a name.
fn name_of(leaf: &Leaf) -> &str {
    leaf.keys.iter().rev().find(|key| !key.starts_with('[')).map_or("scalar", String::as_str)
}
