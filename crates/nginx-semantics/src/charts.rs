//! What the charts of a tree tell their templates: Helm's named templates and default values, and the named templates of
//! Go beside a file that calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nginx_forms::chart::{Chart, Named, Value, named, values};

use crate::files::{folder_of, normalize};

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

/// Blocks of nginx that a file of its own holds.
const BLOCKS: [&[u8]; 7] = [b"http", b"events", b"stream", b"server", b"upstream", b"map", b"location"];

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
    /// Keeps what a file tells. `is_secret`: whether the value of a name is nobody's business.
    pub(crate) fn read(&mut self, path: &Path, role: Role, text: &[u8], is_secret: &dyn Fn(&str) -> bool) {
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
                let mut all = named(text);
                // What is a file of nginx by itself is judged where it is written.
                all.retain(|one| !holds_blocks(&one.body));
                if !all.is_empty() {
                    self.named.insert(path.to_owned(), all);
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
        let folders: BTreeSet<PathBuf> = self.named.keys().map(|path| folder_of(path)).collect();
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
        // Those of one folder stand behind each other.
        let is_all = folder == Path::new(".");
        let first = if is_all { Path::new("") } else { folder };
        let files = self.named.range::<Path, _>((Bound::Included(first), Bound::Unbounded));
        let files = files.take_while(|(path, _)| is_all || path.starts_with(folder));
        for (path, named) in files.filter(|(path, _)| is_meant(path)) {
            chart.add_named(&shown(path), named.iter().cloned());
        }
        chart
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn holds_blocks(body: &[u8]) -> bool {
    body.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let word = line.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        line.ends_with(b"{")
            && !line.ends_with(b"{{")
            && line.get(..word).is_some_and(|word| BLOCKS.contains(&word))
    })
}
