//! The configurations that are mutated: the repository's fixtures and the blocks of all pages.

use std::fs;
use std::path::Path;

use ws_rules::RULES;

use crate::Error;
use crate::pages::blocks;
use crate::{Surroundings, rewrite};

/// [`Seed::origin`]: the folders below `fixtures`.
pub(crate) const FIXTURES: &str = "fixtures";
/// And the blocks of pages.
pub(crate) const PAGES: &str = "pages";

/// A configuration that runs anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    /// Where it is from.
    pub(crate) origin: &'static str,
    /// Relative path and bytes, the main file first.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// Ports that nobody opens: no case gets as far.
#[derive(Default)]
struct Nobody {
    listens: u16,
}

impl Surroundings for Nobody {
    fn backend(&mut self, address: &str) -> Result<u16, Error> {
        Ok(9000 + u16::try_from(address.len()).unwrap_or(0))
    }

    fn listen(&mut self) -> Result<u16, Error> {
        self.listens += 1;
        Ok(18_000 + self.listens)
    }
}

/// All, in an order that does not change. `root` is the folder of the workspace.
///
/// # Errors
/// When a fixture cannot be read.
pub(crate) fn seeds(root: &Path) -> Result<Vec<Seed>, Error> {
    let mut seeds = Vec::new();
    for folder in sorted(&root.join("fixtures"))? {
        if folder.join("nginx.conf").is_file() {
            let mut files = vec![("nginx.conf".to_owned(), text(&folder.join("nginx.conf"))?)];
            below(&folder, "", &mut files)?;
            seeds.push(rewritten(FIXTURES, &files)?);
        }
    }
    for rule in RULES.iter().map(|rule| rule.meta()) {
        for block in blocks(rule) {
            seeds.push(rewritten(PAGES, &block.files)?);
        }
    }
    Ok(seeds)
}

/// Paths become relative, so that a case is the same in any folder.
pub(crate) fn rewritten(origin: &'static str, files: &[(String, String)]) -> Result<Seed, Error> {
    let rewritten = rewrite(files, Path::new("."), 1, &mut Nobody::default())?;
    let mut files = rewritten.files;
    if let Some((_, main)) = files.first_mut() {
        // The harness gives one that keeps nginx from going on.
        *main = String::from_utf8_lossy(main).replacen("pid ./nginx.pid; ", "", 1).into_bytes();
    }
    Ok(Seed { origin, files })
}

fn below(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) -> Result<(), Error> {
    for path in sorted(folder)? {
        let Some(name) = path.file_name() else { continue };
        let name = format!("{prefix}{}", name.to_string_lossy());
        if path.is_dir() {
            below(&path, &format!("{name}/"), files)?;
        } else if name != "nginx.conf" {
            files.push((name, text(&path)?));
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let fail = |error| Error::File { path: folder.to_owned(), error };
    let entries = fs::read_dir(folder).map_err(fail)?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(fail)?;
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::File { path: path.to_owned(), error })
}
