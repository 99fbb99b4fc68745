//! Where the repository ends that holds a path, and which links lead out of it.
//!
//! What a pull request changes is handed to programs by name (`git diff --name-only`), so a name may be a link that a
//! stranger made. Outside of repositories links are the doing of whoever runs the machine.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::files::{Files, MOST_LINKS};
use crate::include::is_inside;
use crate::naming::REPOSITORIES;
use crate::slashes::root_of;

/// The top of the repository that holds a folder, links resolved: the nearest folder with a `.git`, a `.hg` or the like.
pub fn repository(files: &dyn Files, folder: &Path) -> Option<PathBuf> {
    let is_top =
        |folder: &&Path| REPOSITORIES.iter().any(|name| files.identity(&folder.join(name)).is_some());
    folder.ancestors().find(is_top).map(Path::to_owned)
}

/// The identity of what the command line names by an absolute path; `None` if a link on the way leads out of the
/// repository that holds the link. What is missing has the path that it would have.
///
/// Links are resolved here one by one, and the result is what was judged: who reads it must not resolve anew.
pub fn named_identity(files: &dyn Files, path: &Path) -> Option<PathBuf> {
    let mut repositories: Vec<PathBuf> = Vec::new();
    let followed = follow_links(path, |folder, link| {
        let target = files.link_target(link);
        if target.is_some() {
            repositories.extend(repository(files, folder));
        }
        Ok::<_, Infallible>(target)
    });
    match followed {
        Ok(Followed::To(path)) => repositories.iter().all(|top| is_inside(&path, top)).then_some(path),
        // It leads nowhere, and a link cannot be read.
        Ok(Followed::Loop(link)) => Some(link),
        Err(never) => match never {},
    }
}

/// Where the links of a path lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// To this path, which has none.
    To(PathBuf),
    /// In a circle, or through more links than Linux follows; the last one.
    Loop(PathBuf),
}

/// Follows the links of an absolute path one by one. `target` says where one leads, by the folder it lies in and its own
/// path; `None` for what is no link.
///
/// # Errors
/// The first of `target`.
pub fn follow_links<E>(
    path: &Path,
    mut target: impl FnMut(&Path, &Path) -> Result<Option<PathBuf>, E>,
) -> Result<Followed, E> {
    let mut done = root_of(path);
    let mut left = parts(path);
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        let at = done.join(part);
        let Some(target) = target(&done, &at)? else {
            done = at;
            continue;
        };
        links += 1;
        if links > MOST_LINKS {
            return Ok(Followed::Loop(at));
        }
        if target.has_root() {
            done = root_of(&done.join(&target));
        }
        left.extend(parts(&target));
    }
    Ok(Followed::To(done))
}

/// The last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let parts = path.components().rev();
    let is_step = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    parts.filter(is_step).map(|part| part.as_os_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    #[test]
    fn a_link_stays_in_its_repository() {
        let mut files = MemoryFiles::new();
        for path in ["/r/.git/config", "/r/a/x.conf", "/r/inner/.git/config", "/r/inner/y.conf", "/s/x.conf"]
        {
            files.insert(path, "");
        }
        files.link("/r/a/in.conf", "x.conf");
        files.link("/r/a/absolute.conf", "/r/a/x.conf");
        files.link("/r/a/out.conf", "../../s/x.conf");
        files.link("/r/a/out", "/s");
        files.link("/r/a/twice.conf", "out/x.conf");
        files.link("/r/a/git.conf", "../.git/config");
        files.link("/r/inner/up.conf", "../a/x.conf");
        files.link("/r/loop", "loop");
        files.link("/r/back", "/s/back");
        files.link("/s/back", "/r/a");
        files.link("/s/link", "/r/a");
        files.link("/s/own.conf", "x.conf");
        let table = [
            ("/r/a/x.conf", Some("/r/a/x.conf")),
            ("/r/a/in.conf", Some("/r/a/x.conf")),
            ("/r/a/absolute.conf", Some("/r/a/x.conf")),
            ("/r/a/gone.conf", Some("/r/a/gone.conf")),
            ("/r/a/../a/in.conf", Some("/r/a/x.conf")),
            ("/r/a/out.conf", None),
            ("/r/a/out", None),
            ("/r/a/out/x.conf", None),
            ("/r/a/twice.conf", None),
            ("/r/a/git.conf", None),
            ("/r/.git/config", Some("/r/.git/config")),
            ("/r/inner/up.conf", None),
            ("/r/loop", Some("/r/loop")),
            // What is read lies in the repository, by whatever way.
            ("/r/back/x.conf", Some("/r/a/x.conf")),
            // No repository holds the first link, one holds the second.
            ("/s/link/x.conf", Some("/r/a/x.conf")),
            ("/s/link/out.conf", None),
            ("/s/own.conf", Some("/s/x.conf")),
        ];
        for (path, identity) in table {
            assert_eq!(named_identity(&files, Path::new(path)), identity.map(PathBuf::from), "{path}");
        }
        assert_eq!(repository(&files, Path::new("/r/inner")), Some("/r/inner".into()));
        assert_eq!(repository(&files, Path::new("/s")), None);
    }

    #[test]
    fn every_version_control_has_repositories() {
        for (folder, is_top) in [
            (".git", true),
            (".hg", true),
            (".svn", true),
            (".jj", true),
            (".bzr", true),
            (".pijul", true),
            ("_darcs", true),
            // Every folder has one, so it says nothing about the top.
            ("CVS", false),
            (".github", false),
            ("hg", false),
        ] {
            let mut files = MemoryFiles::new();
            files.insert(format!("/r/{folder}/config"), "");
            files.insert("/r/a/x.conf", "");
            files.insert("/s/x.conf", "");
            files.link("/r/a/out.conf", "/s/x.conf");
            files.link("/r/a/own.conf", format!("../{folder}/config"));
            let top = is_top.then(|| PathBuf::from("/r"));
            assert_eq!(repository(&files, Path::new("/r/a")), top, "{folder}");
            let out = named_identity(&files, Path::new("/r/a/out.conf"));
            assert_eq!(out.is_none(), is_top, "{folder}");
            // What version control keeps for itself is no text of the tree.
            let own = named_identity(&files, Path::new("/r/a/own.conf"));
            assert_eq!(own.is_none(), is_top, "{folder}");
        }
    }
}
