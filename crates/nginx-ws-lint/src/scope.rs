//! What the command line gives: only there files are read, and only their text is shown.
//!
//! Links are resolved once, here, and what is opened later is what they led to here.

use std::path::{Path, PathBuf};

use nginx_semantics::{Files, PathMap, named_identity, normalize, repository};

/// Looks at what the command line names.
pub(crate) struct CommandLine<'a> {
    pub(crate) files: &'a dyn Files,
    /// Links resolved.
    pub(crate) working_folder: &'a Path,
    /// Whether a link that is named may lead out of its repository.
    pub(crate) host_includes: bool,
}

/// What may be read because the command line names it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Each folder itself, for each file (standard input has the name of one) its folder, links resolved.
    pub(crate) folders: Vec<PathBuf>,
    /// The files themselves, links resolved.
    pub(crate) named: Vec<PathBuf>,
}

impl CommandLine<'_> {
    /// What these paths give: nothing for a link that leads out of its repository.
    pub(crate) fn given(&self, paths: &[PathBuf]) -> Given {
        let mut given = Given::default();
        for path in paths {
            self.add(path, &mut given);
        }
        for all in [&mut given.folders, &mut given.named] {
            all.sort();
            all.dedup();
        }
        given
    }

    fn add(&self, path: &Path, given: &mut Given) {
        let path = self.working_folder.join(path);
        let Some(identity) = self.identity(&path) else { return };
        if self.files.is_folder(&path) {
            given.folders.extend(self.available_beside(&identity));
            given.folders.push(identity);
            return;
        }
        let parent = path.parent().filter(|parent| self.files.is_folder(parent));
        match parent.map(|parent| self.identity(parent)) {
            Some(Some(folder)) => {
                let is_enabled = |available: &PathBuf| identity.parent() == Some(available);
                given.folders.extend(self.available_beside(&folder).filter(is_enabled));
                given.folders.push(folder);
            }
            Some(None) => {}
            None => given.folders.push(self.working_folder.to_owned()),
        }
        given.named.push(identity);
    }

    /// With what may be read by it.
    ///
    /// # Errors
    /// Where it leads, if that is through a link out of its repository.
    pub(crate) fn path_map(&self, map: &PathMap) -> Result<PathMap, PathBuf> {
        if self.host_includes {
            return Ok(map.clone());
        }
        let within = self.identity(&self.working_folder.join(&map.to)).ok_or_else(|| map.to.clone())?;
        Ok(PathMap { within: Some(within), ..map.clone() })
    }

    /// Whether a folder is there, and no link leads to it out of its repository.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        let path = self.working_folder.join(path);
        self.files.is_folder(&path) && self.identity(&path).is_some()
    }

    /// A path that stays inside what [`Self::given`] makes of it although no file is there whose links could be resolved.
    pub(crate) fn resolved(&self, path: &Path) -> PathBuf {
        let path = self.working_folder.join(path);
        let folder = path.parent().and_then(|folder| self.files.identity(folder));
        match (folder, path.file_name()) {
            (Some(folder), Some(name)) if self.files.identity(&path).is_none() => folder.join(name),
            _ => path,
        }
    }

    /// `None` if a link on the way leads out of the repository that holds it: in a hostile pull request one may lead to a
    /// secret of the machine that lints it.
    fn identity(&self, path: &Path) -> Option<PathBuf> {
        if self.host_includes {
            return Some(self.files.identity(path).unwrap_or_else(|| normalize(path)));
        }
        named_identity(self.files, path)
    }

    /// `sites-available` for `sites-enabled`, where it stands beside it: `sites-enabled/app` is a link to
    /// `../sites-available/app`, and its text is what was asked for.
    fn available_beside(&self, folder: &Path) -> Option<PathBuf> {
        let kind = folder.file_name()?.to_str()?.strip_suffix("-enabled")?;
        let available = folder.parent()?.join(format!("{kind}-available"));
        let is_itself = self.files.identity(&available).as_ref() == Some(&available);
        let is_beside = repository(self.files, folder) == repository(self.files, &available);
        (is_itself && is_beside && self.files.is_folder(&available)).then_some(available)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::disk::Disk;

    fn given_with(paths: &[PathBuf], working_folder: &Path, host_includes: bool) -> Given {
        let disk = Disk::default();
        CommandLine { files: &disk, working_folder, host_includes }.given(paths)
    }

    fn given(paths: &[PathBuf]) -> Vec<PathBuf> {
        given_with(paths, Path::new("/working"), false).folders
    }

    /// A temporary folder, its links resolved, with these files.
    fn tree(files: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let path = folder.path().canonicalize().unwrap();
        (folder, path)
    }

    #[test]
    fn folders_themselves_and_the_folders_of_files() {
        let (_keep, tree) = tree(&["a/nginx.conf", "b/c/x.conf"]);
        symlink(tree.join("b"), tree.join("link")).unwrap();
        assert_eq!(given(&[tree.join("a")]), [tree.join("a")]);
        assert_eq!(given(&[tree.join("a/nginx.conf"), tree.join("a")]), [tree.join("a")]);
        assert_eq!(given(&[tree.join("link/c/x.conf")]), [tree.join("b/c")]);
        assert_eq!(given(&["nginx.conf".into(), tree.join("missing/x.conf")]), [Path::new("/working")]);
    }

    #[test]
    fn only_links_to_available_sites_give_the_folder_of_their_target() {
        let (_keep, tree) = tree(&["etc/sites-available/app", "secrets/key"]);
        let enabled = tree.join("etc/sites-enabled");
        fs::create_dir(&enabled).unwrap();
        symlink("../sites-available/app", enabled.join("app")).unwrap();
        symlink("../../secrets/key", enabled.join("key")).unwrap();
        assert_eq!(given(&[enabled.join("app")]), [tree.join("etc/sites-available"), enabled.clone()]);
        assert_eq!(given(&[enabled.join("key")]), vec![enabled.clone()]);
        // A stranger's repository must not have the folder beside it read.
        fs::create_dir(enabled.join(".git")).unwrap();
        let only = vec![enabled.clone()];
        assert_eq!(given(&only), only);
        assert_eq!(given(&[enabled.join("app")]), [""; 0].map(PathBuf::from));
    }

    #[test]
    fn a_link_that_leads_out_of_its_repository_gives_nothing() {
        let (_keep, tree) = tree(&["repo/.git/config", "repo/a/x.conf", "secrets/key"]);
        symlink("../../secrets/key", tree.join("repo/a/key")).unwrap();
        symlink("../secrets", tree.join("repo/out")).unwrap();
        symlink("a", tree.join("repo/in")).unwrap();
        let (repo, secrets) = (tree.join("repo"), tree.join("secrets"));
        for path in ["a/key", "out", "out/key"] {
            assert_eq!(given_with(&[path.into()], &repo, false), Given::default(), "{path}");
            let allowed = given_with(&[path.into()], &repo, true);
            let is_secret = |path: &PathBuf| path.starts_with(&secrets);
            assert!(allowed.folders.iter().chain(&allowed.named).any(is_secret), "{path}: {allowed:?}");
        }
        let inside = given_with(&["in/x.conf".into()], &repo, false);
        assert_eq!(inside, Given { folders: vec![repo.join("a")], named: vec![repo.join("a/x.conf")] });
        let map = |to: &str, host_includes| {
            let disk = Disk::default();
            let command = CommandLine { files: &disk, working_folder: &repo, host_includes };
            command.path_map(&PathMap::new("/m", to)).map(|map| map.within)
        };
        assert_eq!(map("out", false), Err("out".into()));
        assert_eq!(map("out", true), Ok(None));
        assert_eq!(map("in", false), Ok(Some(repo.join("a"))));
        assert_eq!(map("../secrets", false), Ok(Some(secrets)));
    }

    #[test]
    fn standard_input_lies_in_the_folder_that_its_name_says() {
        let (_keep, tree) = tree(&["a/nginx.conf"]);
        symlink(tree.join("a"), tree.join("link")).unwrap();
        let disk = Disk::default();
        let command = CommandLine { files: &disk, working_folder: &tree, host_includes: false };
        let resolved = |path: &str| command.resolved(Path::new(path));
        assert_eq!(resolved("link/new.conf"), tree.join("a/new.conf"));
        assert_eq!(resolved("link/nginx.conf"), tree.join("link/nginx.conf"));
        assert_eq!(resolved("<stdin>"), tree.join("<stdin>"));
        assert_eq!(resolved("missing/x.conf"), tree.join("missing/x.conf"));
    }
}
