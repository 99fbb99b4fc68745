//! Links of a copied tree: `sites-enabled/app -> /etc/nginx/sites-available/app` is looked up below the folders of the tree,
//! as an absolute include is.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::files::{Files, Met, MetKind, Owner, ReadError, folder_of, normalize};
use crate::include::Scope;
use crate::slashes::below_root;

/// The files, with absolute links that lead nowhere, or out of what was given, leading to their place in the tree.
pub(crate) struct Relinked<'a> {
    below: &'a dyn Files,
    scope: &'a Scope,
}

impl<'a> Relinked<'a> {
    pub(crate) fn new(below: &'a dyn Files, scope: &'a Scope) -> Self {
        Self { below, scope }
    }

    /// Where an absolute link leads to inside the tree.
    fn in_tree(&self, path: &Path) -> Option<PathBuf> {
        let target = self.below.link_target(path).filter(|target| target.has_root())?;
        let target = normalize(&target);
        let mut rest = below_root(&target).components();
        // The longest rest first, from the nearest folder up. A name alone is no sign.
        let folder = self.below.identity(&folder_of(path))?;
        while rest.clone().filter(|part| matches!(part, Component::Normal(_))).count() > 1 {
            for above in folder.ancestors().take_while(|above| self.scope.is_below_given(above)) {
                let there = self.below.identity(&above.join(rest.as_path()));
                if let Some(there) =
                    there.filter(|there| self.scope.is_given(there) && !self.below.is_folder(there))
                {
                    return Some(there);
                }
            }
            rest.next();
        }
        None
    }
}

impl Files for Relinked<'_> {
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        self.below.read_owned(identity)
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        let identity = self.below.identity(path);
        match identity {
            Some(identity) if self.scope.is_below_given(&identity) => Some(identity),
            other => self.in_tree(path).or(other),
        }
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
        self.below.names(identity)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.below.is_folder(path)
    }

    fn walk(&self, identity: &Path) -> Vec<Met> {
        let mut all = self.below.walk(identity);
        for met in all.iter_mut().filter(|met| met.kind == MetKind::BrokenLink) {
            if self.in_tree(&identity.join(&met.path)).is_some() {
                met.kind = MetKind::File;
            }
        }
        all
    }
}
