//! Texts in scalars of YAML: `ConfigMaps`, compose files, cloud-init, `.ebextensions`, Ansible, and whatever else keeps a
//! file in a block scalar.
//!
//! A template of YAML, such as Helm's, is masked first: its marks become blanks or letters of the same length, so that the
//! parser sees YAML, and what it finds is taken from the text as it stands.

mod leaves;
mod mask;
mod mounts;
mod scalar;

use std::sync::Arc;

use crate::form::{Form, Found};
use crate::heredoc::heredocs;
use crate::view::View;

use leaves::Leaf;
use mounts::Mounts;

/// As many are looked at in one file: what each of them is called, its neighbours tell.
const MOST_SCALARS: usize = 1_000;

/// The texts of the scalars that may hold nginx.
pub(crate) fn scalars(text: &[u8]) -> Vec<Found> {
    let masked = mask::masked(text);
    let Ok(masked) = std::str::from_utf8(&masked) else { return Vec::new() };
    let leaves = leaves::leaves(masked);
    let mounts = Mounts::of(&leaves);
    let mut found = Vec::new();
    for leaf in leaves.iter().filter(|leaf| leaf.holds_lines()).take(MOST_SCALARS) {
        let is_compose = mounts::is_compose(&leaves, leaf);
        let Some(view) = scalar::view(text, masked, leaf, is_compose) else { continue };
        let inner = of_script(&view);
        if inner.is_empty() {
            let is_in_cluster = mounts::is_in_cluster(&leaves, leaf);
            found.push(Found { is_in_cluster, ..mounts.found(&leaves, leaf, view) });
        } else {
            found.extend(inner);
        }
    }
    found
}

/// The heredocs of a script.
fn of_script(view: &View) -> Vec<Found> {
    let bytes = view.bytes();
    if memchr::memmem::find(bytes, b"<<").is_none() {
        return Vec::new();
    }
    heredocs(Form::Shell, bytes, Some(&Arc::new(view.clone())))
}

/// The last key of a leaf that is a name.
fn name_of(leaf: &Leaf) -> &str {
    leaf.keys.iter().rev().find(|key| !key.starts_with('[')).map_or("scalar", String::as_str)
}
