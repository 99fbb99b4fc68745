//! What the charts of a tree tell their templates: Helm's named templates and default values, and the named templates of
//! Go beside a file that calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nginx_forms::chart::{Chart, Named, Value, is_all_named, named, values};

use crate::files::{folder_of, normalize};
use crate::mounted::folder_of_host;
use crate::slashes::slashed;

/// As many charts of one tree are read.
const MOST_CHARTS: usize = 1_000;

/// The files of charts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Charts {
    /// The folders that hold a `Chart.yaml`.
    folders: BTreeSet<PathBuf>,
    /// By folder, with their file.
    values: BTreeMap<PathBuf, (PathBuf, Vec<Value>)>,
    /// By file.
    named: BTreeMap<PathBuf, Vec<Named>>,
    /// Those that are texts by themselves, by file, with where that lies.
    apart: BTreeMap<PathBuf, (PathBuf, Vec<Named>)>,
    /// What is told in each folder that has a chart or a named template, once all files were read.
    told: BTreeMap<PathBuf, Arc<Chart>>,
}

/// What a file tells, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Chart,
    Values,
    Templates,
}

impl Role {
    /// `None` for a file that tells nothing; any YAML file may hold named templates.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
        match name {
            "Chart.yaml" | "Chart.yml" => Some(Self::Chart),
            "values.yaml" | "values.yml" => Some(Self::Values),
            _ if ends(&[".tpl", ".tmpl", ".gotmpl", ".ctmpl", ".yaml", ".yml"]) => Some(Self::Templates),
            _ => None,
        }
    }
}

impl Charts {
    /// Keeps what a file tells. `identity`: its path without links; `is_secret`: whether the value of a name is nobody's
    /// business.
    pub(crate) fn read(
        &mut self,
        (path, identity): (&Path, Option<PathBuf>),
        role: Role,
        text: &[u8],
        is_secret: &dyn Fn(&str) -> bool,
    ) {
        match role {
            Role::Chart => {
                if self.folders.len() < MOST_CHARTS {
                    self.folders.insert(folder_of(path));
                }
            }
            Role::Values => {
                let mut all = values(text);
                all.retain(|value| !is_secret(&value.path));
                self.values.insert(folder_of(path), (path.to_owned(), all));
            }
            Role::Templates => {
                // What has blocks is judged where it is written.
                let (blocks, lines): (Vec<Named>, Vec<Named>) =
                    named(text).into_iter().partition(Named::holds_blocks);
                let lies_at = identity.filter(|_| holds_texts(path, text) && !blocks.is_empty());
                if let Some(identity) = lies_at {
                    self.apart.insert(path.to_owned(), (identity, blocks));
                }
                if !lines.is_empty() {
                    self.named.insert(path.to_owned(), lines);
                }
            }
        }
    }

    /// Puts together what each folder is told, once all files were read.
    pub(crate) fn settle(&mut self) {
        let mut told = BTreeMap::new();
        // The named templates of a chart are those of the charts below it too.
        let mut shared: BTreeMap<&Path, Chart> = BTreeMap::new();
        for folder in &self.folders {
            let top = self.above(folder).unwrap_or(folder);
            let chart = shared.entry(top).or_insert_with(|| self.named_below(top, &|_| true));
            told.insert(normalize(folder), Arc::new(self.with_values(chart.clone(), folder)));
        }
        let files = self.named.keys().chain(self.apart.keys());
        let folders: BTreeSet<PathBuf> = files.map(|path| folder_of(path)).collect();
        for folder in folders.iter().filter(|folder| self.around(folder).is_none()) {
            let chart = self.named_below(folder, &|path| folder_of(path) == **folder);
            told.insert(normalize(folder), Arc::new(chart));
        }
        self.told = told;
    }

    /// What the templates of a file are told.
    pub(crate) fn told(&self, path: &Path) -> Arc<Chart> {
        if self.told.is_empty() {
            return Arc::default();
        }
        let folder = folder_of(path);
        let told = self.told.get(&normalize(self.around(&folder).unwrap_or(&folder)));
        told.cloned().unwrap_or_default()
    }

    /// The innermost chart around a folder.
    fn around(&self, folder: &Path) -> Option<&Path> {
        folder.ancestors().find_map(|one| {
            let one = if one.as_os_str().is_empty() { Path::new(".") } else { one };
            self.folders.get(one).map(PathBuf::as_path)
        })
    }

    /// The chart that a chart is a part of: it lies in its `charts`.
    fn above(&self, folder: &Path) -> Option<&Path> {
        let charts =
            folder.parent().filter(|charts| charts.file_name().is_some_and(|name| name == "charts"))?;
        self.folders.get(&folder_of(charts)).map(PathBuf::as_path)
    }

    /// The default values of a chart, which the one around it overrides.
    fn with_values(&self, mut chart: Chart, folder: &Path) -> Chart {
        if let Some((path, values)) = self.values.get(folder) {
            chart.add_values(&shown(path), values.iter().cloned());
        }
        let above = self.above(folder).and_then(|above| self.values.get(above));
        let name = folder.file_name().and_then(|name| name.to_str());
        if let (Some((path, values)), Some(name)) = (above, name) {
            let own = values.iter().filter_map(|value| {
                let is_global = value.path.starts_with("global.");
                let path = value.path.strip_prefix(name).and_then(|path| path.strip_prefix('.'));
                let path = path.or(is_global.then_some(value.path.as_str()))?;
                Some(Value { path: path.to_owned(), ..value.clone() })
            });
            chart.add_values(&shown(path), own);
        }
        chart
    }

    /// The named templates of the files below a folder.
    fn named_below(&self, folder: &Path, is_meant: &dyn Fn(&Path) -> bool) -> Chart {
        let mut chart = Chart::default();
        for (path, named) in below(&self.named, folder).filter(|(path, _)| is_meant(path)) {
            chart.add_named(&shown(path), named.iter().cloned());
        }
        for (path, (identity, named)) in below(&self.apart, folder).filter(|(path, _)| is_meant(path)) {
            let text = folder_of_host(identity, 0, false);
            for one in named {
                let Some(name) = one.file_name() else { continue };
                let included = text.join(name);
                let text = included.to_str().map(|_| slashed(&included));
                if let Some(included) = text.filter(|path| !path.contains(['"', '\\', '$'])) {
                    chart.add_included(&shown(path), one.clone(), &included);
                }
            }
        }
        chart
    }

    /// Whether a file is read as the texts of the named templates that it consists of.
    pub(crate) fn holds_texts(&self, path: &Path) -> bool {
        self.apart.contains_key(path)
    }
}

/// Whether a file may be named templates alone; in YAML they stand beside objects.
fn holds_texts(path: &Path, text: &[u8]) -> bool {
    let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    !is_yaml && is_all_named(text)
}

/// The files below a folder, which stand behind each other.
fn below<'c, T>(
    files: &'c BTreeMap<PathBuf, T>,
    folder: &'c Path,
) -> impl Iterator<Item = (&'c PathBuf, &'c T)> {
    let is_all = folder == Path::new(".");
    let first = if is_all { Path::new("") } else { folder };
    let from = files.range::<Path, _>((Bound::Included(first), Bound::Unbounded));
    from.take_while(move |(path, _)| is_all || path.starts_with(folder))
}

fn shown(path: &Path) -> String {
    slashed(path).into_owned()
}
