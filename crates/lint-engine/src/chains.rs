//! Nginxes of one run that stand in a row.
//!
//! Which belong together is found out by addresses and names alone; only those are modelled again, so that a run over
//! many main files holds one model at a time.

use std::path::{Path, PathBuf};

use lint_finding::Finding;
use nginx_semantics::{Configuration, ContextId, Layout, Loaded, normalize};
use ws_model::Model;
use ws_model::chain::{ByDoor, Doors, Listener, Outlet, Relation, link};
use ws_rules::{Findings, Rule};

use crate::settings::Settings;

/// A main file with what it passes on and takes.
struct Root<'s> {
    /// Its number among the layouts of the run.
    number: usize,
    layout: &'s Layout,
    settings: Settings,
    listener: Listener<'s>,
    outlets: Vec<Outlet>,
    /// The argument that it was found by.
    argument: Option<PathBuf>,
}

/// What is said of a location that passes on to another nginx.
pub(crate) struct Linked<'c> {
    /// The number of its layout.
    pub(crate) number: usize,
    /// The location.
    pub(crate) context: ContextId,
    pub(crate) findings: Vec<Finding>,
    /// Those of the outer nginx.
    pub(crate) settings: &'c Settings,
}

/// The main files of a run.
pub(crate) struct Chains<'s> {
    /// Of all layouts; none of one that was added, or has no main file.
    listeners: Vec<Option<Listener<'s>>>,
    /// Where they listen.
    doors: Doors,
    roots: Vec<Root<'s>>,
}

impl<'s> Chains<'s> {
    /// Those of what was loaded, of which none is known yet but where it listens.
    pub(crate) fn new(loaded: &'s Loaded) -> Self {
        let layouts = loaded.layouts.iter();
        let configurations = layouts.map(|layout| Configuration::new(&loaded.sources, layout));
        let listeners: Vec<_> = configurations.map(Listener::new).collect();
        let doors = Doors::of(listeners.iter().flatten());
        Self { listeners, doors, roots: Vec::new() }
    }

    /// Where the nginxes of the run listen.
    pub(crate) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Adds one of the run's layouts with what it passes on, unless it has no main file.
    pub(crate) fn add(
        &mut self,
        loaded: &'s Loaded,
        number: usize,
        outlets: Vec<Outlet>,
        settings: &Settings,
        arguments: &[PathBuf],
    ) {
        let Some(layout) = loaded.layouts.get(number) else { return };
        let Some(listener) = self.listeners.get_mut(number).and_then(Option::take) else { return };
        let path = listener.configuration.root().and_then(|root| loaded.sources.get(root));
        let argument = path.and_then(|file| argument(&file.path, arguments)).map(Path::to_path_buf);
        let settings = settings.clone();
        self.roots.push(Root { number, layout, settings, listener, outlets, argument });
    }

    /// What the rules say of those that stand in a row, with the settings of the outer one.
    pub(crate) fn findings(
        &self,
        loaded: &'s Loaded,
        rules: impl Fn(&Settings) -> Vec<&'static dyn Rule>,
        hints: impl Fn(&Settings) -> ws_model::Hints,
    ) -> Vec<Linked<'_>> {
        let mut all = Vec::new();
        let by_door = ByDoor::of(self.roots.iter().map(|root| &root.listener));
        for (index, outer) in self.roots.iter().enumerate() {
            for other in by_door.behind(&outer.outlets) {
                let Some(inner) = self.roots.get(other) else { continue };
                let relation = relation(index == other, outer.argument.as_deref(), inner.argument.as_deref());
                let takes = |outlet| {
                    let server = inner.listener.server(outlet, outer.listener.configuration, relation)?;
                    Some((outlet, server))
                };
                let taken: Vec<_> = outer.outlets.iter().filter_map(takes).collect();
                if taken.is_empty() {
                    continue;
                }
                let model = |root: &Root<'s>| {
                    Model::new(Configuration::new(&loaded.sources, root.layout), &hints(&root.settings))
                };
                let front = model(outer);
                let back = (index != other).then(|| model(inner));
                let back = back.as_ref().unwrap_or(&front);
                for (outlet, server) in taken {
                    let mut found = Findings::default();
                    if let Some(link) = link(&front, outlet, back, server) {
                        rules(&outer.settings).iter().for_each(|rule| rule.link(&link, &mut found));
                    }
                    all.push(Linked {
                        number: outer.number,
                        context: outlet.endpoint,
                        findings: found.into_vec(),
                        settings: &outer.settings,
                    });
                }
            }
        }
        all
    }
}

/// The argument that a main file was found by: of several around it the innermost. `arguments` are absolute.
pub(crate) fn argument<'a>(main_file: &Path, arguments: &'a [PathBuf]) -> Option<&'a Path> {
    let path = normalize(main_file);
    let around = arguments.iter().filter(|argument| path.starts_with(argument));
    around.max_by_key(|argument| argument.as_os_str().len()).map(PathBuf::as_path)
}

/// How two main files belong together, by the arguments that they were found by.
pub(crate) fn relation(is_same: bool, outer: Option<&Path>, inner: Option<&Path>) -> Relation {
    match is_same {
        true => Relation::Same,
        false if outer.is_some() && outer != inner => Relation::Named,
        false => Relation::Found,
    }
}
