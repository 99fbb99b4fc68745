//! Templates: text with marks that an engine replaces before nginx reads it.
//!
//! Not the engine is told apart but the marks, for files of one engine have names of another. What a mark puts out becomes
//! a placeholder `${NAME}` whose value nobody knows; statements and comments of the engine are left out; and branches are
//! alternatives, each a view of its own.

mod branches;
mod choices;
mod condition;
mod delimiters;
mod hashes;
pub(crate) mod meaning;
mod render;
pub(crate) mod scan;
mod tree;

use std::cmp::Reverse;
use std::sync::Arc;

use crate::view::View;

pub(crate) use branches::branches;
pub use choices::MOST_ALTERNATIVES;
pub(crate) use choices::MOST_WORK;

/// What an engine makes of a template, as far as branches differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternatives {
    /// The views, no two of them with the same text. The first one is the longest.
    pub views: Vec<View>,
    /// Whether there are more ways through its branches than views: each branch is taken once at least.
    pub is_cut: bool,
}

/// What a text tells of the engine that fills it in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manner {
    /// Whether `$NAME` in capitals and `%name%` are placeholders wherever they stand: the file is a template by its name.
    pub is_by_name: bool,
    /// Whether gettext's envsubst fills it in for certain, and nothing else does.
    pub is_of_envsubst: bool,
}

/// The views of a template. `outer`: the view that the text is of; `None` for the host file itself.
pub fn alternatives(text: &[u8], outer: Option<&Arc<View>>, manner: Manner) -> Alternatives {
    let tokens = delimiters::tokens(text, manner);
    let tree = tree::Tree::of(&tokens);
    let (assignments, is_cut) = choices::assignments(&tree, text.len());
    let mut views: Vec<View> = Vec::new();
    for assignment in assignments {
        let mut view = render::view(text, &tokens, &tree, &assignment, manner)
            .finish(outer.cloned(), Default::default());
        view.premises = assignment.premises(&tree);
        view.is_called = !assignment.has_top();
        match views.iter_mut().find(|other| other.bytes() == view.bytes()) {
            None => views.push(view),
            Some(known) if known.is_called == view.is_called => known.join(&view),
            Some(_) => {}
        }
    }
    // What is there on any way is there on the richest one: that is the first.
    let richest =
        views.iter().enumerate().max_by_key(|(at, view)| (view.bytes().trim_ascii().len(), Reverse(*at)));
    if let Some((at, _)) = richest {
        views.swap(0, at);
    }
    Alternatives { views, is_cut }
}

/// Whether a text is more than a template of nginx configuration: one of docker-gen, which makes the configuration of what
/// runs on the machine, or one that makes another template.
pub fn is_beyond_reading(text: &[u8]) -> bool {
    is_of_docker_gen(text) || makes_template(text)
}

fn is_of_docker_gen(text: &[u8]) -> bool {
    [&b"groupByMulti"[..], b"$CurrentContainer", b"whereExist", b"groupByLabel"]
        .into_iter()
        .any(|word| memchr::memmem::find(text, word).is_some())
}

/// Whether marks put out the beginning of a mark: `{{ '{{' }}`, `` {{ `{{` }} ``, `{{ "{%" }}`.
fn makes_template(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"{{").any(|at| {
        let inside = text.get(at + 2..).unwrap_or_default();
        let inside = inside.strip_prefix(b"-").unwrap_or(inside).trim_ascii_start();
        let Some((quote @ (b'\'' | b'"' | b'`'), printed)) = inside.split_first() else { return false };
        let end = printed.iter().position(|byte| byte == quote || *byte == b'\n').unwrap_or(0);
        let printed = printed.get(..end).unwrap_or_default().trim_ascii();
        printed.starts_with(b"{{") || printed.starts_with(b"{%")
    })
}

#[cfg(test)]
mod tests {
    use super::makes_template;

    #[test]
    fn marks_that_put_out_marks_make_templates() {
        for text in ["{{ '{{' }} name }}", "{{ \"{%\" }} if x", "{{- `{{ .Env.PORT }}` -}}", "{{'{{'}}"] {
            assert!(makes_template(text.as_bytes()), "{text}");
        }
        for text in ["{{ name }}", "{{ '{' }}", "{{ \"a\" }} {{ b }}", "{{ '", "{{", "'{{'"] {
            assert!(!makes_template(text.as_bytes()), "{text}");
        }
    }
}
