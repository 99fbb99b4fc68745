//! Templates: text with marks that an engine replaces before nginx reads it.
//!
//! Not the engine is told apart but the marks, for files of one engine have names of another. What a mark puts out becomes
//! a placeholder `${NAME}` whose value nobody knows; statements and comments of the engine are left out; and branches are
//! alternatives, each a view of its own.

mod choices;
mod condition;
mod meaning;
mod render;
mod scan;
mod tree;

use std::cmp::Reverse;
use std::sync::Arc;

use crate::view::View;

pub use choices::MOST_ALTERNATIVES;

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
}

/// The views of a template. `outer`: the view that the text is of; `None` for the host file itself.
pub fn alternatives(text: &[u8], outer: Option<&Arc<View>>, manner: Manner) -> Alternatives {
    let tokens = scan::tokens(text);
    let tree = tree::Tree::of(&tokens);
    let (assignments, is_cut) = choices::assignments(&tree, text.len());
    let mut views: Vec<View> = Vec::new();
    for assignment in assignments {
        let mut view = render::view(text, &tokens, &tree, &assignment, manner)
            .finish(outer.cloned(), Default::default());
        view.premises = assignment.premises(&tree);
        if !views.iter().any(|other| other.bytes() == view.bytes()) {
            views.push(view);
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

/// Whether a text is for docker-gen, whose templates make the configuration of what runs on the machine.
pub fn is_of_docker_gen(text: &[u8]) -> bool {
    [&b"groupByMulti"[..], b"$CurrentContainer", b"whereExist", b"groupByLabel"]
        .into_iter()
        .any(|word| memchr::memmem::find(text, word).is_some())
}
