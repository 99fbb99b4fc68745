//! The nginxes of a picture.

use std::path::{Path, PathBuf};

use nginx_semantics::{Configuration, Hosted, Loaded, SourceFile};
use ws_model::chain::Relation;

use super::sockets::Door;
use crate::chains;

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
        let is_local = host == "localhost" || host.starts_with("unix:");
        if is_local && one.machine != other.machine {
            return None;
        }
        Some(chains::relation(outer == inner, one.argument.as_deref(), other.argument.as_deref()))
    }
}

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
