//! What the compose files and Dockerfiles of a tree tell of the containers around an nginx.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nginx_forms::chart::Chart;
use nginx_forms::cluster::{ClusterService, Workload, objects};
use nginx_forms::compose::{Service, copied_to, env_file, env_of_dockerfile, merged, pair, services};
use nginx_forms::mounts::{ConfigKey, ConfigMount, config_mounts};

use crate::charts::{Charts, Role};
use crate::files::{Files, folder_of, is_below, normalize};

/// A file is no larger.
const LARGEST: usize = 1 << 20;

/// Where the official image looks for templates, which it fills in by envsubst.
const TEMPLATES: &str = "/etc/nginx/templates";

/// As many sets of values are tried for one template.
const MOST_SETS: usize = 8;

/// Parts of names whose values are nobody's business: they stay unknown.
const SECRETS: [&str; 6] = ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH"];

/// As many folders around a Dockerfile may be the one that is built.
const MOST_AROUND: usize = 3;

/// Names with their values.
pub(crate) type Values = Vec<(String, String)>;

/// The services of all compose files, and the environments of the images that are built.
#[derive(Debug, Clone, Default)]
pub struct Containers {
    compose: BTreeMap<PathBuf, Vec<Service>>,
    /// The same with each file that compose merges over another one merged.
    services: BTreeMap<PathBuf, Vec<Service>>,
    /// Of the last stage, by Dockerfile.
    images: BTreeMap<PathBuf, Values>,
    env_files: BTreeMap<PathBuf, Values>,
    /// What each Dockerfile copies to where templates are filled in, by its own path.
    templates: BTreeMap<PathBuf, Vec<String>>,
    /// Of Kubernetes, by file.
    cluster: BTreeMap<PathBuf, (Vec<ClusterService>, Vec<Workload>)>,
    /// The volumes of pods, by file.
    mounts: BTreeMap<PathBuf, Vec<ConfigMount>>,
    /// The texts of those whose names a template fills in: which these are, only the chart tells.
    unfilled: BTreeMap<PathBuf, Vec<u8>>,
    /// Of Helm and Go.
    charts: Charts,
    /// What was looked at: fixes judge a tree again and again.
    seen: BTreeSet<PathBuf>,
}

/// What a file may tell, by its name.
enum Kind {
    Compose,
    Dockerfile,
    Yaml,
}

fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    if is_yaml && (name.contains("compose") || name.contains("stack")) {
        return Some(Kind::Compose);
    }
    let is_dockerfile =
        name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile");
    match (is_dockerfile, is_yaml) {
        (true, _) => Some(Kind::Dockerfile),
        (false, true) => Some(Kind::Yaml),
        (false, false) => None,
    }
}

impl Containers {
    /// Reads a file, if its name is one of those that tell. What is not given is not read.
    pub(crate) fn read(&mut self, files: &dyn Files, path: &Path, is_given: &dyn Fn(&Path) -> bool) {
        let (kind, role) = (kind(path), Role::of(path));
        if kind.is_none() && role.is_none() || !self.seen.insert(path.to_owned()) {
            return;
        }
        let Some(text) = text(files, path, is_given) else { return };
        if let Some(role) = role {
            self.charts.read((path, files.identity(path)), role, &text, &is_secret);
        }
        let Some(kind) = kind else { return };
        match kind {
            Kind::Dockerfile => {
                let copied = copied_to(&text, TEMPLATES);
                if !copied.is_empty() {
                    self.templates.insert(path.to_owned(), copied);
                }
                if let Some(environment) = env_of_dockerfile(&text) {
                    self.images.insert(path.to_owned(), shown(environment));
                }
            }
            Kind::Yaml => {
                let mounts = config_mounts(&text);
                if mounts.iter().any(|mount| mount.config_map.contains("{{")) {
                    self.unfilled.insert(path.to_owned(), text.clone());
                }
                if !mounts.is_empty() {
                    self.mounts.insert(path.to_owned(), mounts);
                }
                let (services, workloads) = objects(&text);
                if !services.is_empty() || !workloads.is_empty() {
                    self.cluster.insert(path.to_owned(), (services, workloads));
                }
            }
            Kind::Compose => {
                let services = services(&text);
                let named = services.iter().flat_map(|service| &service.env_files);
                for file in named.map(|name| normalize(&folder_of(path).join(name))) {
                    if let Some(text) = text_of_env(files, &file, is_given) {
                        self.env_files.insert(file, shown(env_file(&text)));
                    }
                }
                if !services.is_empty() {
                    self.compose.insert(path.to_owned(), services);
                }
            }
        }
    }

    /// Puts together what the files tell that were read.
    pub(crate) fn settle(&mut self) {
        self.charts.settle();
        for (path, text) in &self.unfilled {
            if let Some(filled) = self.charts.told(path).filled(text) {
                self.mounts.insert(path.clone(), config_mounts(filled.bytes()));
            }
        }
        self.services = self.compose.clone();
        let folders: BTreeSet<PathBuf> = self.compose.keys().map(|path| folder_of(path)).collect();
        for folder in folders {
            let Some((base, over)) = pair(|name| self.compose.contains_key(&beside(&folder, name))) else {
                continue;
            };
            let Some(over) = self.services.remove(&beside(&folder, over)) else { continue };
            if let Some(services) = self.services.get_mut(&beside(&folder, base)) {
                *services = merged(services, &over);
            }
        }
    }

    /// What the templates that a file calls, and the values that it asks for, are.
    pub(crate) fn chart(&self, path: &Path) -> Arc<Chart> {
        self.charts.told(path)
    }

    /// Whether a file is read as the texts of the named templates that it consists of.
    pub(crate) fn holds_named_texts(&self, path: &Path) -> bool {
        self.charts.holds_texts(path)
    }

    /// Whether nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.compose.is_empty() && self.images.is_empty()
    }

    /// Where another file of the tree mounts a key of a `ConfigMap` of this file: the nearest one counts. `None` where
    /// none does, or several differ.
    pub(crate) fn mounted(&self, file: &Path, key: &ConfigKey) -> Option<String> {
        let folder = normalize(&folder_of(file));
        let common = |other: &Path| {
            let other = normalize(&folder_of(other));
            folder.components().zip(other.components()).take_while(|(one, other)| one == other).count()
        };
        let all = self.mounts.iter().flat_map(|(path, mounts)| {
            let own = mounts.iter().filter(|mount| mount.is_of(key)).filter_map(|mount| mount.path(&key.key));
            own.map(|at| (common(path), at))
        });
        let all: Vec<(usize, String)> = all.collect();
        let nearest = all.iter().map(|(depth, _)| *depth).max()?;
        let mut nearest = all.into_iter().filter(|(depth, _)| *depth == nearest).map(|(_, at)| at);
        let first = nearest.next()?;
        nearest.all(|other| other == first).then_some(first)
    }

    /// Whether a template is one of the official image of nginx, which fills it in by envsubst: a service mounts it, or a
    /// Dockerfile copies it, to where that image looks; or it lies in such a folder.
    pub(crate) fn is_for_envsubst(&self, template: &Path) -> bool {
        let template = normalize(template);
        if folder_of(&template).ends_with(TEMPLATES.trim_start_matches('/')) {
            return true;
        }
        let is_mounted = |file: &Path, service: &Service| {
            service.mounts.iter().any(|mount| {
                let is_there =
                    mount.target.as_deref().is_some_and(|target| Path::new(target).starts_with(TEMPLATES));
                is_there && is_below(&template, &folder_of(file).join(&mount.source))
            })
        };
        // What is copied is relative to the folder that is built: that of the Dockerfile, or one around it.
        let is_copied = |file: &Path, sources: &[String]| {
            let folder = normalize(&folder_of(file));
            let folders =
                folder.ancestors().take(MOST_AROUND).chain(folder.is_relative().then_some(Path::new(".")));
            folders.into_iter().any(|folder| {
                sources.iter().any(|source| source != "." && is_below(&template, &folder.join(source)))
            })
        };
        self.services.iter().any(|(file, services)| services.iter().any(|service| is_mounted(file, service)))
            || self.templates.iter().any(|(file, sources)| is_copied(file, sources))
    }

    /// What all services of a name agree on.
    fn agreed<T: PartialEq>(&self, name: &str, of: impl Fn(&Service) -> Option<T>) -> Option<T> {
        let services = self.services.values().flatten().filter(|service| service.name == name);
        let mut all = services.map(of);
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// What all workloads behind the services of a name agree on.
    fn agreed_in_cluster<T: PartialEq>(&self, name: &str, of: impl Fn(&Workload) -> Option<T>) -> Option<T> {
        let services = self.cluster.values().flat_map(|(services, _)| services);
        let services: Vec<&ClusterService> = services.filter(|service| service.name == name).collect();
        let is_behind = |workload: &&Workload| services.iter().any(|service| workload.is_behind(service));
        let mut all = self.cluster.values().flat_map(|(_, workloads)| workloads).filter(is_behind).map(of);
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// The name of the image of a service, without registry and tag; `None` where files differ.
    pub fn image(&self, service: &str) -> Option<String> {
        let of_compose = self.agreed(service, |service| service.image_name().map(str::to_owned));
        of_compose.or_else(|| self.agreed_in_cluster(service, |workload| workload.image.clone()))
    }

    /// How many containers run of a service of a compose file; `None` where it is not said, or files differ.
    pub fn replicas(&self, service: &str) -> Option<u32> {
        self.agreed(service, |service| service.replicas)
    }

    /// How many pods are behind a service of a cluster.
    pub fn pods(&self, service: &str) -> Option<u32> {
        self.agreed_in_cluster(service, |workload| workload.replicas)
    }

    /// The environments in which a template may be filled in, each once: those of the services that mount it or that its
    /// image is built for, and the `ENV` of its Dockerfile.
    pub(crate) fn environments(&self, template: &Path) -> Arc<[Values]> {
        let template = normalize(template);
        let built = self.images.iter().filter(|(file, _)| is_below(&template, &folder_of(file)));
        let image = built.max_by_key(|(file, _)| folder_of(file).components().count());
        let image = image.map(|(_, environment)| environment.clone()).unwrap_or_default();
        let mut sets: Vec<Values> = Vec::new();
        for (file, services) in &self.services {
            let base = folder_of(file);
            for service in services {
                let leads_there = |path: &String| is_below(&template, &base.join(path));
                // Many images are built at the top of a tree: the one of nginx is meant.
                let is_nginxs = |path: &String| {
                    let folder = normalize(&base.join(path));
                    self.images.keys().any(|file| normalize(&folder_of(file)) == folder)
                };
                let is_built =
                    service.build.as_ref().is_some_and(|path| leads_there(path) && is_nginxs(path));
                if !is_built && !service.mounts.iter().any(|mount| leads_there(&mount.source)) {
                    continue;
                }
                let mut values = service.environment.clone();
                // The last of several files counts.
                let named = service.env_files.iter().rev();
                let named = named.filter_map(|name| self.env_files.get(&normalize(&base.join(name))));
                let others = named.flatten().chain(image.iter().filter(|_| is_built));
                // What compose fills in itself is none of these.
                values.extend(others.filter(|(name, _)| !service.unknown.contains(name)).cloned());
                push(&mut sets, shown(values));
            }
        }
        if sets.is_empty() {
            push(&mut sets, image);
        }
        sets.truncate(MOST_SETS);
        sets.into()
    }
}

/// A file of a folder, by the path under which the walk meets it.
fn beside(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// Adds a set that is not there yet. The first value of a name counts.
fn push(sets: &mut Vec<Values>, values: Values) {
    let mut set: Values = Vec::new();
    for (name, value) in values {
        if !set.iter().any(|(known, _)| *known == name) {
            set.push((name, value));
        }
    }
    set.sort();
    if !set.is_empty() && !sets.contains(&set) {
        sets.push(set);
    }
}

/// Whether the value of a name is nobody's business.
fn is_secret(name: &str) -> bool {
    SECRETS.iter().any(|word| name.to_ascii_uppercase().contains(word))
}

/// Those that may be shown.
fn shown(values: Values) -> Values {
    let is_text = |value: &str| !value.chars().any(char::is_control);
    values.into_iter().filter(|(name, value)| !is_secret(name) && is_text(value)).collect()
}

fn text(files: &dyn Files, path: &Path, is_given: &dyn Fn(&Path) -> bool) -> Option<Vec<u8>> {
    let identity = files.identity(path).filter(|identity| is_given(identity))?;
    let text = files.part(&identity, 0, LARGEST).ok()?;
    (text.len() < LARGEST).then_some(text)
}

/// The same of a file of an environment: one that is called so, or no other file could be read under its name.
fn text_of_env(files: &dyn Files, path: &Path, is_given: &dyn Fn(&Path) -> bool) -> Option<Vec<u8>> {
    let name = path.file_name()?.to_str()?;
    if name.contains("env") { text(files, path, is_given) } else { None }
}
