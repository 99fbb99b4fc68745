//! The file of a baseline: JSON with paths relative to its folder, so that it means the same wherever it is read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lint_engine::Settings;
use lint_finding::{BaselineRow, Finding, Outcome};
use lint_report::{BaselineEntry, BaselineFile};
use nginx_semantics::{Scope, normalize, slashed};

use super::{on_disk, paths, sarif};
use crate::disk::{LARGEST, read_at_most};
use crate::error::Error;
use crate::reports::relative;
use crate::system::is_of_system;

/// Takes out of an outcome what the baseline has; `unchanged` are findings that `--since` took out before, and `base` is what
/// paths of a SARIF file are relative to.
///
/// # Errors
/// A file that cannot be read or is no baseline.
pub(crate) fn apply(
    outcome: &mut Outcome,
    unchanged: Vec<Finding>,
    file: &Path,
    scope: &Scope,
    settings: &Settings,
    base: &Path,
) -> Result<(), Error> {
    let bytes = bytes(file)?;
    let mut known = if sarif::is_log(&bytes) {
        sarif::rows(&bytes, scope, base).map_err(|reason| fault(file, reason))?
    } else {
        rows(&bytes, file, scope)?
    };
    take_out(outcome, unchanged, &mut known, scope, settings);
    Ok(())
}

/// Takes these rows out of an outcome, of which others took out `unchanged`.
pub(crate) fn take_out(
    outcome: &mut Outcome,
    unchanged: Vec<Finding>,
    known: &mut [BaselineRow],
    scope: &Scope,
    settings: &Settings,
) {
    call_alike(known, outcome, scope);
    let is_gone = |path: &str| !path.starts_with('<') && !on_disk(path, scope).exists();
    lint_engine::apply_baseline(outcome, unchanged, known, settings, is_gone);
}

/// Calls the files of a baseline as an outcome does: a root may be given through a link, or by a path with `..`.
fn call_alike(known: &mut [BaselineRow], outcome: &Outcome, scope: &Scope) {
    let names: BTreeMap<PathBuf, &str> = paths(outcome).map(|path| (on_disk(path, scope), path)).collect();
    for row in known {
        if let Some(name) = names.get(&on_disk(&row.path, scope)) {
            row.path = (*name).to_owned();
        }
    }
}

/// The rows of a baseline that is to be written again, with the paths that people see.
pub(crate) fn read(file: &Path, scope: &Scope) -> Result<Vec<BaselineRow>, Error> {
    if is_of_system(file) || fs::metadata(file).is_ok_and(|file| !file.is_file()) {
        return Err(fault(file, "it is not a regular file".to_owned()));
    }
    rows(&bytes(file)?, file, scope)
}

fn fault(file: &Path, reason: String) -> Error {
    Error::Baseline { path: slashed(file).into_owned(), reason }
}

fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    let fail = |error: io::Error| fault(file, error.to_string());
    let bytes = read_at_most(File::open(file).map_err(fail)?, LARGEST, 0).map_err(fail)?;
    bytes.ok_or_else(|| fault(file, format!("it is larger than {LARGEST} bytes")))
}

fn rows(bytes: &[u8], file: &Path, scope: &Scope) -> Result<Vec<BaselineRow>, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let read = BaselineFile::read(bytes).map_err(|reason| fault(file, reason))?;
    let folder = folder_of(file, scope);
    // Two branches may have added the same line, and a merge keeps both: that is one finding, not two.
    let mut rows: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    for BaselineEntry { file, rule, fingerprint, count } in read.findings {
        let path = scope.shown(&normalize(&folder.join(file)));
        let known = rows.entry((path, rule, fingerprint)).or_default();
        *known = count.max(*known);
    }
    let row = |((path, rule, fingerprint), count)| BaselineRow { path, rule, fingerprint, count };
    Ok(rows.into_iter().map(row).collect())
}

/// Writes rows as a baseline that lies at `file`.
pub(crate) fn write(rows: &[BaselineRow], file: &Path, scope: &Scope, out: &mut dyn Write) -> io::Result<()> {
    let folder = folder_of(file, scope);
    let row = |row: &BaselineRow| BaselineEntry {
        file: relative(&row.path, scope, &folder, true),
        rule: row.rule.clone(),
        fingerprint: row.fingerprint.clone(),
        count: row.count,
    };
    lint_report::baseline(&BaselineFile::new(rows.iter().map(row).collect()), out)
}

/// Why a baseline is not written to a file; `None` if it is not there, is one, or is a pipe or device, which loses nothing.
pub(crate) fn is_in_the_way(file: &Path, scope: &Scope) -> Option<&'static str> {
    if is_of_system(file) || fs::symlink_metadata(file).is_err() {
        return None;
    }
    match fs::metadata(file) {
        Ok(found) if found.is_dir() => Some("it is a folder"),
        Ok(found) if !found.is_file() => None,
        _ if read(file, scope).is_ok() => None,
        _ => Some("it is there and is no baseline; name another file, or remove it"),
    }
}

fn folder_of(file: &Path, scope: &Scope) -> PathBuf {
    if is_of_system(file) {
        return scope.working_folder.clone();
    }
    let file = normalize(&scope.working_folder.join(file));
    file.parent().map_or_else(|| scope.working_folder.clone(), Path::to_owned)
}
