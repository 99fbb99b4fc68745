//! Files that may not be replaced, and what is kept of those that may.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

const OLD: &[u8] = b"old\n";
const NEW: &[u8] = b"new\r\nlast";

struct Tree {
    _keep: TempDir,
    given: Vec<PathBuf>,
}

impl Tree {
    /// A given folder with a file, beside one that was not given.
    fn new() -> Self {
        let keep = tempfile::tempdir().unwrap();
        let top = keep.path().canonicalize().unwrap();
        for folder in ["given", "else"] {
            fs::create_dir(top.join(folder)).unwrap();
            fs::write(top.join(folder).join("a.conf"), OLD).unwrap();
        }
        Self { given: vec![top.join("given")], _keep: keep }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.given[0].join(name)
    }

    /// Tries both, which must agree, and gives the reason.
    fn replace(&self, name: &str) -> Result<(), String> {
        let disk = Disk::default();
        let replacer = Replacer::new(&disk, &self.given);
        let may = replacer.may_replace(&self.path(name), OLD);
        let did = replacer.replace(&self.path(name), OLD, NEW);
        assert_eq!(may, did, "{name}");
        did
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.given[0]).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn mode_and_bytes_are_what_they_should_be() {
    let tree = Tree::new();
    for mode in [0o644, 0o600, 0o664, 0o4755] {
        fs::write(tree.path("a.conf"), OLD).unwrap();
        fs::set_permissions(tree.path("a.conf"), Permissions::from_mode(mode)).unwrap();
        tree.replace("a.conf").unwrap();
        let metadata = fs::metadata(tree.path("a.conf")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, mode, "{mode:o}");
        assert_eq!(fs::read(tree.path("a.conf")).unwrap(), NEW);
        assert_eq!(tree.names(), ["a.conf"]);
    }
}

/// Only root can give files away, so elsewhere there is nothing to see.
#[test]
fn the_owner_is_kept() {
    let tree = Tree::new();
    let path = tree.path("a.conf");
    if std::os::unix::fs::chown(&path, Some(65534), Some(65534)).is_err() {
        return;
    }
    tree.replace("a.conf").unwrap();
    let metadata = fs::metadata(path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (65534, 65534));
}

#[test]
fn links_are_followed_inside_of_what_was_given() {
    let tree = Tree::new();
    symlink("a.conf", tree.path("inside.conf")).unwrap();
    symlink("../else/a.conf", tree.path("outside.conf")).unwrap();
    symlink("gone", tree.path("nowhere.conf")).unwrap();
    tree.replace("inside.conf").unwrap();
    assert!(fs::symlink_metadata(tree.path("inside.conf")).unwrap().is_symlink());
    assert_eq!(fs::read(tree.path("a.conf")).unwrap(), NEW);
    assert_eq!(tree.replace("outside.conf").unwrap_err(), "it is a link that leads out of the given paths");
    assert_eq!(fs::read(tree.path("../else/a.conf")).unwrap(), OLD);
    assert!(tree.replace("nowhere.conf").is_err());
}

/// Links that change between judging and replacing have no other file replaced, whatever they lead to.
#[test]
fn a_link_that_is_swapped_has_nothing_else_replaced() {
    for (place, inside, outside) in
        [("link.conf", "a.conf", "../else/a.conf"), ("folder", "own", "../else"), ("own", "", "../else")]
    {
        let tree = Tree::new();
        fs::create_dir(tree.path("own")).unwrap();
        fs::write(tree.path("own/a.conf"), OLD).unwrap();
        if !inside.is_empty() {
            symlink(inside, tree.path(place)).unwrap();
        }
        let judged = if place == "link.conf" { tree.path(place) } else { tree.path(place).join("a.conf") };
        let disk = Disk::default();
        let identity = disk.identity(&judged).unwrap();
        let replacer = Replacer::new(&disk, &tree.given);
        replacer.may_replace(&judged, OLD).unwrap();
        fs::rename(tree.path(place), tree.path("kept")).unwrap();
        symlink(outside, tree.path(place)).unwrap();
        let result = replacer.replace(&judged, OLD, NEW);
        assert_eq!(fs::read(tree.path("../else/a.conf")).unwrap(), OLD, "{place}");
        // The file that was judged, where it still has its path.
        assert_eq!(result.is_ok(), place != "own", "{place}: {result:?}");
        if result.is_ok() {
            assert_eq!(fs::read(identity).unwrap(), NEW, "{place}");
        }
        assert_eq!(fs::read_dir(tree.path("../else")).unwrap().count(), 1);
    }
}

#[test]
fn what_would_do_harm_is_refused() {
    let tree = Tree::new();
    let refused = |name: &str, reason: &str| {
        assert!(tree.replace(name).unwrap_err().contains(reason), "{name}: {:?}", tree.replace(name));
    };
    fs::hard_link(tree.path("a.conf"), tree.path("b.conf")).unwrap();
    refused("a.conf", "it has another name (hard links)");
    fs::write(tree.path("read-only.conf"), OLD).unwrap();
    fs::set_permissions(tree.path("read-only.conf"), Permissions::from_mode(0o444)).unwrap();
    refused("read-only.conf", "it is read-only");
    // As long as what was judged, and longer.
    for text in ["new\n", "longer\n"] {
        fs::write(tree.path("changed.conf"), text).unwrap();
        refused("changed.conf", "it has changed since it was judged");
        assert_eq!(fs::read(tree.path("changed.conf")).unwrap(), text.as_bytes());
    }
    fs::create_dir(tree.path("folder.conf")).unwrap();
    refused("folder.conf", "it is not a regular file");
    assert_eq!(tree.names(), ["a.conf", "b.conf", "changed.conf", "folder.conf", "read-only.conf"]);
}

#[test]
fn leftovers_are_removed_and_nothing_else() {
    let tree = Tree::new();
    let left = format!("{PREFIX}0aB1cD2eF3gH");
    for name in [&*left, ".nginx-ws-lint.toml", ".nginx-ws-lint-notes", "nginx-ws-lint-0aB1cD2eF3gH"] {
        fs::write(tree.path(name), "x").unwrap();
    }
    fs::create_dir(tree.path(&format!("{PREFIX}folder000000"))).unwrap();
    // Somebody works on this one.
    let folder = handle::folder(&tree.given[0]).unwrap();
    let held = Beside::new(&folder).unwrap();
    let removed = remove_leftovers(tree.given.iter().cloned());
    let removed: Vec<_> = removed.into_iter().map(|(path, result)| (path, result.is_ok())).collect();
    assert_eq!(removed, [(tree.path(&left), true)]);
    assert!(tree.path(held.name.to_str().unwrap()).exists());
    drop(held);
    assert_eq!(tree.names().len(), 5);
}
