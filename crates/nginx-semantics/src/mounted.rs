//! Files that others hold, as if they lay in a folder: `cm.yaml#/etc/nginx/conf.d/default.conf` for a key of a `ConfigMap`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::files::{Files, MemoryFiles, Met, Owner, ReadError, normalize};

/// The files of the disk, and those that they hold.
pub(crate) struct Mounted<'a> {
    below: &'a dyn Files,
    held: &'a MemoryFiles,
}

/// What the name of a folder ends with that stands for a dump: it has all files that nginx reads.
const DUMP: &str = "-T";

/// The path of the folder that stands for a host file; `number` tells several apart.
pub(crate) fn folder_of_host(host: &Path, number: usize, is_dump: bool) -> PathBuf {
    let mut path = host.as_os_str().to_owned();
    path.push(match number {
        0 if is_dump => format!("#{DUMP}"),
        number if is_dump => format!("#{}{DUMP}", number + 1),
        0 => "#".to_owned(),
        number => format!("#{}", number + 1),
    });
    PathBuf::from(path)
}

/// The folder that stands for a host file, of a path below it, and whether it has all files that nginx reads.
pub(crate) fn mount_of(path: &Path) -> Option<(&Path, bool)> {
    let mounts = path.ancestors().filter_map(|folder| {
        let name = folder.file_name()?;
        host_name(name)?;
        Some((folder, name.to_str()?.ends_with(DUMP)))
    });
    mounts.last()
}

/// The name of the host, of the name of a folder that stands for one.
fn host_name(folder: &OsStr) -> Option<&str> {
    let (host, number) = folder.to_str()?.rsplit_once('#')?;
    let number = number.strip_suffix(DUMP).unwrap_or(number);
    let is_mount = number.bytes().all(|byte| byte.is_ascii_digit());
    (!host.is_empty() && is_mount).then_some(host)
}

impl<'a> Mounted<'a> {
    pub(crate) fn new(below: &'a dyn Files, held: &'a MemoryFiles) -> Self {
        Self { below, held }
    }

    /// The identity that a path below a host has, whether or not anything is there.
    fn held_identity(&self, path: &Path) -> Option<PathBuf> {
        let path = normalize(path);
        let is_mount = |folder: &&Path| folder.file_name().is_some_and(|name| host_name(name).is_some());
        let mount = path.ancestors().find(is_mount)?;
        let (folder, name) = (mount.file_name()?, host_name(mount.file_name()?)?);
        let host = self.below.identity(&mount.with_file_name(name))?;
        let identity = host.with_file_name(folder);
        Some(identity.join(path.strip_prefix(mount).ok()?))
    }
}

impl Files for Mounted<'_> {
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        self.below.read_owned(identity)
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let held = self.held_identity(path).and_then(|path| self.held.identity(&path));
        held.or_else(|| self.below.identity(path))
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        self.below.link_target(path)
    }

    fn owner(&self, identity: &Path) -> Option<Owner> {
        self.below.owner(identity)
    }

    fn part(&self, identity: &Path, from: u64, most: usize) -> Result<Vec<u8>, ReadError> {
        self.below.part(identity, from, most)
    }

    fn names(&self, identity: &Path) -> Vec<OsString> {
        match self.held_identity(identity) {
            Some(held) if self.held.is_folder(&held) => self.held.names(&held),
            _ => self.below.names(identity),
        }
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.held_identity(path).is_some_and(|held| self.held.is_folder(&held)) || self.below.is_folder(path)
    }

    fn walk(&self, identity: &Path) -> Vec<Met> {
        self.below.walk(identity)
    }
}
