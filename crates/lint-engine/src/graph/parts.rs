//! The nginxes of a picture.

use std::path::{Path, PathBuf};

use nginx_semantics::{Configuration, Hosted, Loaded, SourceFile};
use ws_model::chain::{Relation, is_loopback};

use super::sockets::Door;
use crate::chains;
use crate::on_disk::conditions::shown;

/// One nginx, or the fragments that no main file reaches.
pub(super) struct Part<'s> {
    /// Its number among the layouts of the run.
    pub(super) layout: usize,
    pub(super) configuration: Configuration<'s>,
    /// What it is called.
    pub(super) title: String,
    /// Where it listens.
    pub(super) doors: Vec<Door<'s>>,
    /// The machine that was dumped, if its name was given.
    machine: Option<&'s str>,
    /// The argument that it was found by.
    argument: Option<PathBuf>,
}

/// All of them, in the order of the run.
pub(super) struct Parts<'s>(pub(super) Vec<Part<'s>>);

impl<'s> Parts<'s> {
    /// Of the ways through the branches of a template, the first one alone.
    pub(super) fn of(loaded: &'s Loaded, arguments: &[PathBuf]) -> Self {
        let sources = &loaded.sources;
        let mut parts = Vec::new();
        for (layout, one) in loaded.layouts.iter().enumerate() {
            let configuration = Configuration::new(sources, one);
            if configuration
                .files()
                .iter()
                .any(|file| sources.ways(*file).next().is_some_and(|first| first != *file))
            {
                continue;
            }
            let first = configuration.root().or_else(|| Some(configuration.fragments().first()?.file));
            let Some(file) = first.and_then(|file| sources.get(file)) else { continue };
            parts.push(Part {
                layout,
                configuration,
                title: title(file, configuration),
                doors: Door::all(configuration),
                machine: file.hosted().and_then(Hosted::machine),
                argument: chains::argument(&file.path, arguments).map(Path::to_path_buf),
            });
        }
        Self(parts)
    }

    /// How two of them belong together; `None` if they surely run on different machines and the host means this one.
    pub(super) fn relation(&self, outer: usize, inner: usize, host: &str) -> Option<Relation> {
        let (one, other) = (self.0.get(outer)?, self.0.get(inner)?);
        let is_local = is_loopback(host) || host.starts_with("unix:");
        if is_local && one.machine != other.machine {
            return None;
        }
        Some(chains::relation(outer == inner, one.argument.as_deref(), other.argument.as_deref()))
    }
}

/// Which ways through the branches of templates are not drawn, in words.
pub(super) fn undrawn(loaded: &Loaded) -> Vec<String> {
    let mut notes = Vec::new();
    for (id, file) in loaded.sources.iter().filter(|(id, _)| loaded.judged.contains(id)) {
        let Some(hosted) = file.hosted().filter(|hosted| hosted.alternative() == 0) else { continue };
        let ways = loaded.sources.ways(id).filter(|way| loaded.judged.contains(way)).count();
        if ways < 2 {
            continue;
        }
        let premise = |(text, holds): &(String, bool)| shown(&(text.as_str(), *holds));
        let premises = hosted.view().premises();
        let all: Vec<String> = premises.iter().take(MOST_PREMISES).map(premise).collect();
        let rest = if premises.len() > MOST_PREMISES { ", and so on" } else { "" };
        let which = match all.is_empty() {
            true => "the longest".to_owned(),
            false => format!("the one where {}{rest}", all.join(" and ")),
        };
        let path = hosted.source().path();
        notes.push(format!("of {ways} ways through the branches of {path}, {which} is drawn"));
    }
    notes
}

/// As many conditions are named.
const MOST_PREMISES: usize = 4;

fn title(file: &SourceFile, configuration: Configuration<'_>) -> String {
    let path = file.source.path();
    let name = match file.hosted().and_then(Hosted::machine) {
        Some(machine) => format!("{machine}: {path}"),
        None => path.to_owned(),
    };
    match configuration.root() {
        Some(_) => name,
        None if configuration.fragments().len() > 1 => format!("{name} and others, without a main file"),
        None => format!("{name}, without a main file"),
    }
}
