//! Which folders were given: only there files are read, and only their text is shown.

use std::fs;
use std::path::{Path, PathBuf};

/// For each folder itself, for each file (standard input has the name of one) its folder, with links resolved.
pub(crate) fn given(paths: &[PathBuf], working_folder: &Path) -> Vec<PathBuf> {
    let mut given = Vec::new();
    for path in paths {
        if path.is_dir() {
            let Ok(folder) = fs::canonicalize(path) else { continue };
            given.extend(available_beside(&folder));
            given.push(folder);
            continue;
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let Some(parent) = parent else {
            given.push(working_folder.to_owned());
            continue;
        };
        let Ok(folder) = fs::canonicalize(parent) else {
            given.push(working_folder.to_owned());
            continue;
        };
        given.extend(enabled_from(path, &folder));
        given.push(folder);
    }
    given.sort();
    given.dedup();
    given
}

/// A path that stays inside what [`given`] makes of it although no file is there whose links could be resolved.
pub(crate) fn resolved(path: &Path, working_folder: &Path) -> PathBuf {
    let path = working_folder.join(path);
    let folder = path.parent().and_then(|folder| fs::canonicalize(folder).ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) if !path.exists() => folder.join(name),
        _ => path,
    }
}

/// `sites-enabled/app` is a link to `../sites-available/app`, and its text is what was asked for. Links that lead
/// elsewhere give nothing: in a hostile pull request one may lead to a secret of the machine that lints it.
fn enabled_from(path: &Path, folder: &Path) -> Option<PathBuf> {
    let available = available_beside(folder)?;
    let target = fs::canonicalize(path).ok()?;
    (target.parent()? == available).then_some(available)
}

/// `sites-available` for `sites-enabled`, where it stands beside it.
fn available_beside(folder: &Path) -> Option<PathBuf> {
    let kind = folder.file_name()?.to_str()?.strip_suffix("-enabled")?;
    let available = fs::canonicalize(folder.parent()?.join(format!("{kind}-available"))).ok()?;
    (available.parent()? == folder.parent()?).then_some(available)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

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
        let given = |paths: &[PathBuf]| given(paths, Path::new("/working"));
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
        let given = |path| given(&[path], Path::new("/working"));
        assert_eq!(given(enabled.join("app")), [tree.join("etc/sites-available"), enabled.clone()]);
        assert_eq!(given(enabled.join("key")), [enabled]);
    }

    #[test]
    fn standard_input_lies_in_the_folder_that_its_name_says() {
        let (_keep, tree) = tree(&["a/nginx.conf"]);
        symlink(tree.join("a"), tree.join("link")).unwrap();
        assert_eq!(resolved(Path::new("link/new.conf"), &tree), tree.join("a/new.conf"));
        assert_eq!(resolved(Path::new("link/nginx.conf"), &tree), tree.join("link/nginx.conf"));
        assert_eq!(resolved(Path::new("<stdin>"), &tree), tree.join("<stdin>"));
        assert_eq!(resolved(Path::new("missing/x.conf"), &tree), tree.join("missing/x.conf"));
    }
}
