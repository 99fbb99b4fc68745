//! Where paths lead, links resolved. It is asked several times for each file, and each costs a system call a folder, so
//! what is known is kept: what the folders hold that were listed, and what was resolved besides.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use nginx_semantics::normalize;

use super::handle::Kind;
use super::{LONGEST_PATH, is_absence, locked};
use crate::system;

/// Paths with more bytes are asked for anew.
const LONGEST_KEPT: usize = 1024;

/// What is known of where paths lead. It may be old when it is used: who opens an identity follows no link, so what has
/// become one since is an error then.
#[derive(Debug, Default)]
pub(super) struct Identities {
    /// The kinds of what is in each folder that was listed, by its identity.
    listings: Mutex<HashMap<OsString, HashMap<OsString, Kind>>>,
    /// The identities of other paths, by their text.
    resolved: Mutex<HashMap<OsString, Option<PathBuf>>>,
}

impl Identities {
    /// Keeps what a folder was seen to hold.
    pub(super) fn keep_listing(&self, folder: &Path, entries: &[(OsString, Kind)]) {
        let entries = entries.iter().map(|(name, kind)| (name.clone(), *kind)).collect();
        // Without a slash at the end.
        let folder = folder.components().as_path();
        locked(&self.listings).insert(folder.as_os_str().to_owned(), entries);
    }

    /// The path with all links resolved; `None` where nothing is there.
    pub(super) fn of(&self, path: &Path) -> Option<PathBuf> {
        if !system::may_be_asked(path) {
            return None;
        }
        if let Some((folder, name)) = split(path) {
            if let Some(folder) = self.resolved(folder) {
                if let Some(identity) = self.in_folder(&folder, name) {
                    return Some(identity);
                }
            }
        }
        self.resolved(path)
    }

    /// What a name in a folder of this identity leads to, as far as listings tell.
    fn in_folder(&self, folder: &Path, name: &OsStr) -> Option<PathBuf> {
        let kind = *locked(&self.listings).get(folder.as_os_str())?.get(name)?;
        match kind {
            Kind::File | Kind::Folder => Some(folder.join(name)),
            // `sites-enabled` is made of links to what was listed too.
            Kind::Link => {
                let target = folder.join(system::link_target(&folder.join(name)).ok()?);
                let (folder, name) = split(&target)?;
                let folder = self.resolved(folder)?;
                let kind = *locked(&self.listings).get(folder.as_os_str())?.get(name)?;
                matches!(kind, Kind::File | Kind::Folder).then(|| folder.join(name))
            }
            Kind::Special => None,
        }
    }

    /// What the system says.
    fn resolved(&self, path: &Path) -> Option<PathBuf> {
        if let Some(known) = locked(&self.resolved).get(path.as_os_str()) {
            return known.clone();
        }
        let identity = match system::canonicalize(path) {
            Ok(identity) => Some(identity),
            Err(error) if is_absence(&error) && system::metadata(path).is_err() => None,
            // Something is there that may not be seen, a link to itself, or a pipe below /dev/fd, whose link has no
            // target: reading it says which.
            Err(_) => std::path::absolute(path).ok().map(|path| normalize(&path)),
        };
        // Hostile includes name long paths by the thousand, each once.
        if path.as_os_str().len() <= LONGEST_KEPT {
            locked(&self.resolved).insert(path.as_os_str().to_owned(), identity.clone());
        }
        identity
    }
}

/// The folder and the name of a path, by its text: not of what is too long to be opened.
fn split(path: &Path) -> Option<(&Path, &OsStr)> {
    if path.as_os_str().len() < LONGEST_PATH { system::split(path) } else { None }
}
