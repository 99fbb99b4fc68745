//! The file of a baseline: JSON with paths relative to its folder, so that it means the same wherever it is read.

use std::collections::{BTreeMap, BTreeSet};
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

/// What a baseline has.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The paths that were judged when it was made, as people see them; nothing where that is not known.
    pub(crate) judged: Vec<String>,
    /// Its findings.
    pub(crate) rows: Vec<BaselineRow>,
    /// Whether it is a SARIF file.
    pub(crate) is_sarif: bool,
}

/// What a run judges, and how.
#[derive(Clone, Copy)]
pub(crate) struct Judging<'a> {
    /// The paths that were given.
    pub(crate) paths: &'a [PathBuf],
    pub(crate) scope: &'a Scope,
    pub(crate) settings: &'a Settings,
}

impl Judging<'_> {
    /// Whether everything was judged that these findings were found in.
    pub(crate) fn is_whole(&self, known: &Known) -> bool {
        let place = |path: &str| on_disk(path, self.scope);
        let given: Vec<PathBuf> = self.paths.iter().map(|path| place(&path.to_string_lossy())).collect();
        let files = || known.rows.iter().map(|row| row.path.as_str()).filter(|path| !path.starts_with('<'));
        let needed: BTreeSet<PathBuf> = match known.judged.as_slice() {
            [] => files().map(place).collect(),
            judged => judged.iter().map(|path| place(path)).collect(),
        };
        // What is not there any more has nothing to be judged.
        let mut needed = needed.iter().filter(|path| path.exists());
        needed.all(|path| given.iter().any(|given| path.starts_with(given)))
    }
}

/// Takes out of an outcome what the baseline has; `unchanged` are findings that `--since` took out before, and `base` is what
/// paths of a SARIF file are relative to.
///
/// # Errors
/// A file that cannot be read or is no baseline.
pub(crate) fn apply(
    outcome: &mut Outcome,
    unchanged: Vec<Finding>,
    file: &Path,
    judging: Judging<'_>,
    base: &Path,
) -> Result<(), Error> {
    let bytes = bytes(file)?;
    let mut known = if sarif::is_log(&bytes) {
        let rows = sarif::rows(&bytes, judging.scope, base).map_err(|reason| fault(file, reason))?;
        Known { judged: Vec::new(), rows, is_sarif: true }
    } else {
        known(&bytes, file, judging.scope)?
    };
    take_out(outcome, unchanged, &mut known, judging);
    Ok(())
}

/// Takes what a baseline has out of an outcome, of which others took out `unchanged`.
pub(crate) fn take_out(
    outcome: &mut Outcome,
    unchanged: Vec<Finding>,
    known: &mut Known,
    judging: Judging<'_>,
) {
    let scope = judging.scope;
    let is_whole = judging.is_whole(known);
    call_alike(&mut known.rows, outcome, scope);
    let is_gone = |path: &str| !path.starts_with('<') && !on_disk(path, scope).exists();
    lint_engine::apply_baseline(outcome, unchanged, &known.rows, judging.settings, is_whole, is_gone);
    if let Some(baseline) = &mut outcome.baseline {
        baseline.is_sarif = known.is_sarif;
    }
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

/// A baseline that is to be written again, with the paths that people see.
pub(crate) fn read(file: &Path, scope: &Scope) -> Result<Known, Error> {
    if is_of_system(file) || fs::metadata(file).is_ok_and(|file| !file.is_file()) {
        return Err(fault(file, "it is not a regular file".to_owned()));
    }
    known(&bytes(file)?, file, scope)
}

fn fault(file: &Path, reason: String) -> Error {
    Error::Baseline { path: slashed(file).into_owned(), reason }
}

fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    let fail = |error: io::Error| fault(file, error.to_string());
    let bytes = read_at_most(File::open(file).map_err(fail)?, LARGEST, 0).map_err(fail)?;
    bytes.ok_or_else(|| fault(file, format!("it is larger than {LARGEST} bytes")))
}

fn known(bytes: &[u8], file: &Path, scope: &Scope) -> Result<Known, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let read = BaselineFile::read(bytes).map_err(|reason| fault(file, reason))?;
    let folder = folder_of(file, scope);
    // Two branches may have added the same line, and a merge keeps both: that is one finding, not two.
    let mut rows: BTreeMap<(String, String, String), u64> = BTreeMap::new();
    let shown = |path: &str| scope.shown(&normalize(&folder.join(path)));
    let judged = read.judged.iter().map(|path| shown(path)).collect();
    for BaselineEntry { file, rule, fingerprint, count } in read.findings {
        let path = shown(&file);
        let known = rows.entry((path, rule, fingerprint)).or_default();
        *known = count.max(*known);
    }
    let row = |((path, rule, fingerprint), count)| BaselineRow { path, rule, fingerprint, count };
    Ok(Known { judged, rows: rows.into_iter().map(row).collect(), is_sarif: false })
}

/// Writes a baseline that lies at `file`.
pub(crate) fn write(known: &Known, file: &Path, scope: &Scope, out: &mut dyn Write) -> io::Result<()> {
    let folder = folder_of(file, scope);
    let row = |row: &BaselineRow| BaselineEntry {
        file: relative(&row.path, scope, &folder, true),
        rule: row.rule.clone(),
        fingerprint: row.fingerprint.clone(),
        count: row.count,
    };
    let judged = known.judged.iter().map(|path| relative(path, scope, &folder, true)).collect();
    lint_report::baseline(&BaselineFile::new(judged, known.rows.iter().map(row).collect()), out)
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
