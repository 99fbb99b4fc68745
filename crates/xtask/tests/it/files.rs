//! The files of the repository, and tables in its documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use walkdir::{DirEntry, WalkDir};

/// A text file of the repository.
pub(crate) struct TextFile {
    /// Below the folder of the workspace.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn has_extension(&self, extensions: &[&str]) -> bool {
        extensions.iter().any(|extension| self.path.ends_with(&format!(".{extension}")))
    }
}

/// All text files: what is neither built, nor the history, nor a review in progress.
pub(crate) fn text_files() -> Vec<TextFile> {
    let root = xtask::root();
    let is_ours = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        !matches!(name.as_ref(), ".git" | "target" | "proptest-regressions") && !name.ends_with(".snap.new")
    };
    let mut files = Vec::new();
    for entry in WalkDir::new(&root).sort_by_file_name().into_iter().filter_entry(is_ours) {
        let entry = entry.unwrap();
        if let Some(text) =
            entry.file_type().is_file().then(|| fs::read_to_string(entry.path()).ok()).flatten()
        {
            let path = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            files.push(TextFile { path, text });
        }
    }
    assert!(files.len() > 100, "the repository was found");
    files
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(xtask::root().join(path)).unwrap()
}

/// The folders below crates/.
pub(crate) fn crates() -> Vec<String> {
    let entries = fs::read_dir(xtask::root().join("crates")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The manifest of a crate.
pub(crate) fn manifest(name: &str) -> toml::Table {
    read(PathBuf::from("crates").join(name).join("Cargo.toml").to_str().unwrap()).parse().unwrap()
}

/// The names in a table of a manifest, such as `dependencies`, and in those of that name that are for one system.
pub(crate) fn dependencies(manifest: &toml::Table, kind: &str) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let of_targets = targets.into_iter().flat_map(toml::Table::values).filter_map(|target| target.get(kind));
    let tables = manifest.get(kind).into_iter().chain(of_targets).filter_map(toml::Value::as_table);
    tables.flat_map(toml::Table::keys).cloned().collect()
}

/// The rows below a heading that opens a table: the trimmed cells of each.
#[track_caller]
pub(crate) fn table<'a>(document: &'a str, first_column: &str) -> Vec<Vec<&'a str>> {
    let head = format!("| {first_column} |");
    let mut lines = document.lines().skip_while(|line| !line.starts_with(&head));
    assert!(lines.next().is_some(), "a table that starts with `{head}`");
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The words of a cell that stand in backticks.
pub(crate) fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
