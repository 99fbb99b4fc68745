//! What the texts of a YAML file are called, and where nginx finds them.

use super::leaves::Leaf;
use super::name_of;
use crate::form::Found;
use crate::mounts::{ConfigKey, ConfigMount};
use crate::view::View;

/// Where the volumes of pods are mounted, and which keys of `ConfigMaps` are in them.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    pub(super) all: Vec<ConfigMount>,
}

impl Mounts {
    /// Those of a text; in a template, `leaves` are those of its masked text.
    pub(super) fn of(text: &[u8], leaves: &[Leaf]) -> Self {
        let mut all = Vec::new();
        let mounts = leaves.iter().filter(|leaf| leaf.ends_with(&["volumeMounts", "*", "mountPath"]));
        for mount in mounts {
            let sibling = |key: &str| sibling(leaves, mount, key).map(|leaf| leaf.value.clone());
            let Some(volume) = sibling("name") else { continue };
            for name in volumes(leaves, mount.document, &volume) {
                let holder = name.holder();
                let of_item = |leaf: &&Leaf| {
                    leaf.document == name.document
                        && leaf.keys.starts_with(holder)
                        && leaf.ends_with(&["items", "*", "key"])
                };
                let items = leaves.iter().filter(of_item).filter_map(|key| {
                    Some((key.value.clone(), self::sibling(leaves, key, "path")?.value.clone()))
                });
                all.push(ConfigMount {
                    namespace: metadata(leaves, name, "namespace").map(|leaf| written(text, leaf)),
                    config_map: written(text, name),
                    path: mount.value.trim_end_matches('/').to_owned(),
                    sub_path: sibling("subPath"),
                    items: items.collect(),
                });
            }
        }
        Self { all }
    }

    /// A text under the name and the path that the file tells.
    pub(super) fn found(&self, text: &[u8], leaves: &[Leaf], leaf: &Leaf, view: View) -> Found {
        if leaf.is_at(&["data", "*"]) || leaf.is_at(&["items", "*", "data", "*"]) {
            let key = name_of(leaf);
            let map = metadata(leaves, leaf, "name").map(|name| written(text, name)).unwrap_or_default();
            let found = Found::named(key, view);
            let own = self.all.iter().filter(|mount| mount.config_map == map);
            return match own.filter_map(|mount| mount.path(key)).next() {
                Some(path) => Found { path, is_path_known: true, ..found },
                None => {
                    let namespace = metadata(leaves, leaf, "namespace").map(|leaf| written(text, leaf));
                    let key = ConfigKey { namespace, config_map: map, key: key.to_owned() };
                    Found { config_key: Some(key), ..found }
                }
            };
        }
        let target = |keys: &[&str]| {
            let path = keys.iter().find_map(|key| sibling(leaves, leaf, key));
            path.map(|path| path.value.clone()).filter(|path| path.starts_with('/'))
        };
        let said = match leaf.keys.last().map(String::as_str) {
            Some("content" | "contents") => {
                // `.ebextensions`: the path is the key around.
                let around = leaf.holder().last().filter(|key| key.starts_with('/')).cloned();
                around
                    .or_else(|| target(&["path", "dest", "target"]))
                    .or_else(|| target_of_config(leaves, leaf))
            }
            _ => None,
        };
        if is_part(leaf) {
            let file =
                ["path", "dest", "destfile", "filename"].iter().find_map(|key| sibling(leaves, leaf, key));
            let name = file.and_then(|file| file.value.rsplit('/').next()).filter(|name| !name.is_empty());
            let name = name.unwrap_or("part");
            // No include names it: in which block it comes out, its file says.
            return Found { path: format!("/parts/{name}"), ..Found::named(name, view) };
        }
        if let Some(path) = said {
            return Found::at(&path, view);
        }
        let key = match name_of(leaf) {
            name @ ("content" | "contents" | "block" | "to" | "value" | "inline") => {
                leaf.holder().iter().rev().find(|key| !key.starts_with('[')).map_or(name, String::as_str)
            }
            name => name,
        };
        Found::named(key, view)
    }
}

/// What the metadata of the object that a value is in say.
fn metadata<'l>(leaves: &'l [Leaf], leaf: &Leaf, key: &str) -> Option<&'l Leaf> {
    // A list of objects has them below `items`.
    let depth = if leaf.keys.first().is_some_and(|first| first == "items") { 2 } else { 0 };
    let object = leaf.keys.get(..depth).unwrap_or_default();
    leaves.iter().find(|other| {
        other.document == leaf.document
            && other.keys.len() == depth + 2
            && other.keys.starts_with(object)
            && other.ends_with(&["metadata", key])
    })
}

/// A value as the text has it: a template's marks are masked in the value.
fn written(text: &[u8], leaf: &Leaf) -> String {
    let raw = text.get(leaf.at.clone()).unwrap_or_default();
    if memchr::memmem::find(raw, b"{{").is_none() {
        return leaf.value.clone();
    }
    let raw = String::from_utf8_lossy(raw);
    raw.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'')).to_owned()
}

/// Whether a text is put into a file that has other lines: `blockinfile`, `replace` of pups.
pub(super) fn is_part(leaf: &Leaf) -> bool {
    matches!(leaf.keys.last().map(String::as_str), Some("block" | "to"))
}

/// The name of the `ConfigMap` of a volume.
fn volumes<'l>(leaves: &'l [Leaf], document: usize, volume: &str) -> impl Iterator<Item = &'l Leaf> {
    let names: Vec<&Leaf> = leaves
        .iter()
        .filter(|leaf| {
            leaf.document == document && leaf.ends_with(&["volumes", "*", "name"]) && leaf.value == volume
        })
        .collect();
    names.into_iter().flat_map(move |name| {
        let holder = name.holder();
        leaves.iter().filter(move |leaf| {
            leaf.document == document
                && leaf.keys.starts_with(holder)
                && leaf.ends_with(&["configMap", "name"])
        })
    })
}

/// The value beside another one.
fn sibling<'l>(leaves: &'l [Leaf], leaf: &Leaf, key: &str) -> Option<&'l Leaf> {
    leaves.iter().find(|other| {
        other.document == leaf.document
            && other.holder() == leaf.holder()
            && other.keys.last().is_some_and(|last| last == key)
    })
}

/// Where compose puts a `config` of the top level.
fn target_of_config(leaves: &[Leaf], leaf: &Leaf) -> Option<String> {
    if !leaf.is_at(&["configs", "*", "content"]) {
        return None;
    }
    let name = leaf.keys.get(1)?;
    let is_of = |other: &&Leaf| {
        other.ends_with(&["configs", "*", "source"])
            && other.value == *name
            && other.document == leaf.document
    };
    let source = leaves.iter().find(is_of)?;
    Some(sibling(leaves, source, "target")?.value.clone()).filter(|path| path.starts_with('/'))
}

/// Whether compose fills the text in. A file that others are merged with may have no `services` of its own; `$$name` is
/// nothing that nginx takes, so that compose must be meant.
pub(super) fn is_compose(leaves: &[Leaf], leaf: &Leaf) -> bool {
    let of_file = || leaves.iter().filter(|other| other.document == leaf.document);
    let has_services = || of_file().any(|other| other.keys.first().is_some_and(|first| first == "services"));
    let has_first = |names: &[&str]| leaf.keys.first().is_some_and(|first| names.contains(&first.as_str()));
    let is_extension = leaf.keys.first().is_some_and(|first| first.starts_with("x-"));
    let is_doubled = |text: &str| text.match_indices("$$").any(|(at, _)| starts_name(text, at + 2));
    (has_first(&["configs", "services"]) || is_extension) && has_services()
        || leaf.is_at(&["configs", "*", "content"]) && is_doubled(&leaf.value)
}

/// Whether compose splits the text into words by itself: no shell reads it before the one that it names.
pub(super) fn is_split(leaf: &Leaf) -> bool {
    leaf.keys.first().is_some_and(|first| first == "services")
        && leaf.keys.last().is_some_and(|last| last == "command" || last == "entrypoint")
}

fn starts_name(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || b"{_".contains(byte))
}

/// Whether the document is an object of Kubernetes.
pub(super) fn is_in_cluster(leaves: &[Leaf], leaf: &Leaf) -> bool {
    let has = |key: &str| leaves.iter().any(|other| other.document == leaf.document && other.is_at(&[key]));
    has("kind") && has("apiVersion")
}
