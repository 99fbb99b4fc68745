//! Files that are not what their names say.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A folder with files, its path without links.
struct Tree {
    path: PathBuf,
    _keep: TempDir,
}

impl Tree {
    fn path(&self) -> &Path {
        &self.path
    }
}

fn tree(files: &[&str]) -> Tree {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "events {}\n").unwrap();
    }
    Tree { path: folder.path().canonicalize().unwrap(), _keep: folder }
}

fn met(disk: &Disk, folder: &Path) -> Vec<(PathBuf, MetKind)> {
    disk.walk(folder).into_iter().map(|met| (met.path, met.kind)).collect()
}

#[test]
fn a_part_of_a_file_is_read_up_to_a_number() {
    let tree = tree(&["a.conf"]);
    let part = |name: &str, from, most| Disk::default().part(&tree.path().join(name), from, most);
    assert_eq!(part("a.conf", 0, 6).unwrap(), b"events");
    assert_eq!(part("a.conf", 0, 100).unwrap(), b"events {}\n");
    assert_eq!(part("a.conf", 7, 2).unwrap(), b"{}");
    assert_eq!(part("a.conf", 100, 2).unwrap(), b"");
    assert_eq!(part("", 0, 1), Err(ReadError::IsFolder));
    assert_eq!(part("missing", 0, 1), Err(ReadError::NotFound));
}

#[test]
fn reading_says_why_it_cannot() {
    let tree = tree(&["nginx.conf"]);
    let path = |name: &str| tree.path().join(name);
    assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    symlink(path("nginx.conf"), path("link")).unwrap();
    symlink("loop", path("loop")).unwrap();
    File::create(path("large")).unwrap().set_len(LARGEST + 1).unwrap();

    let read = |name: &str| {
        let disk = Disk::default();
        disk.read(&disk.identity(&path(name)).unwrap())
    };
    assert_eq!(read("nginx.conf").unwrap(), b"events {}\n");
    assert_eq!(read("link").unwrap(), b"events {}\n");
    assert_eq!(read("."), Err(ReadError::IsFolder));
    assert_eq!(read("fifo"), Err(ReadError::NotRegular));
    assert_eq!(read("large"), Err(ReadError::TooLarge(LARGEST)));
    assert!(matches!(read("loop"), Err(ReadError::Other(_))));
    assert_eq!(Disk::default().identity(&path("loop")), Some(path("loop")));
    for name in ["missing", "nginx.conf/x", "nul\0", &"long".repeat(100)] {
        assert_eq!(Disk::default().read(&path(name)), Err(ReadError::NotFound), "{name}");
        assert_eq!(Disk::default().identity(&path(name)), None, "{name}");
    }
}

#[test]
fn devices_and_pseudo_files_are_never_opened() {
    for path in ["/dev/zero", "/proc/self/environ", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        if Path::new(path).exists() {
            assert_eq!(Disk::default().read(Path::new(path)), Err(ReadError::NotRegular), "{path}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_of_the_shell_is_there_but_no_file() {
    use std::os::fd::AsRawFd;
    let (reader, _writer) = io::pipe().unwrap();
    let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
    assert_eq!(Disk::default().identity(&path), Some(path.clone()));
    assert_eq!(Disk::default().read(&path), Err(ReadError::NotRegular));
}

#[test]
fn walking_finds_files_and_links_to_files() {
    let tree = tree(&[
        "nginx.conf",
        "sites-available/app",
        ".hidden.conf",
        "a/b/c.conf",
        ".git/config",
        "a/node_modules/x.conf",
        "target/y.conf",
    ]);
    let path = |name| tree.path().join(name);
    fs::create_dir(path("sites-enabled")).unwrap();
    symlink("../sites-available/app", path("sites-enabled/app")).unwrap();
    symlink("../sites-available/gone", path("sites-enabled/gone")).unwrap();
    symlink("../a", path("sites-enabled/folder")).unwrap();
    assert!(Command::new("mkfifo").arg(path("fifo.conf")).status().unwrap().success());

    let disk = Disk::default();
    use MetKind::{BrokenLink, File, LinkedFolder, PassedOver, Special};
    assert_eq!(
        met(&disk, tree.path()),
        [
            (".git".into(), PassedOver),
            (".hidden.conf".into(), File),
            ("a/b/c.conf".into(), File),
            ("a/node_modules".into(), PassedOver),
            ("fifo.conf".into(), Special),
            ("nginx.conf".into(), File),
            ("sites-available/app".into(), File),
            ("sites-enabled/app".into(), File),
            ("sites-enabled/folder".into(), LinkedFolder),
            ("sites-enabled/gone".into(), BrokenLink),
            ("target".into(), PassedOver),
        ]
    );
    assert_eq!(disk.identity(&path("sites-enabled/app")), disk.identity(&path("sites-available/app")));
    assert!(disk.is_folder(&path("sites-enabled/folder")) && !disk.is_folder(&path("nginx.conf")));
    assert_eq!(met(&disk, &path(".git")), [("config".into(), File)]);
    assert!(disk.unlisted().is_empty());
}

#[test]
fn names_are_listed_and_failures_kept() {
    let tree = tree(&["a.conf", "b/c.conf"]);
    let disk = Disk::default();
    let mut names = disk.names(tree.path());
    names.sort();
    assert_eq!(names, ["a.conf", "b"]);
    symlink("loop", tree.path().join("loop")).unwrap();
    for name in ["a.conf", "missing", "loop"] {
        assert!(disk.names(&tree.path().join(name)).is_empty());
    }
    let unlisted = disk.unlisted();
    assert_eq!(unlisted.keys().collect::<Vec<_>>(), [&tree.path().join("loop")]);
}

#[test]
fn a_stream_is_read_up_to_the_limit() {
    assert_eq!(read_at_most(&b"abc"[..], 3, 3).unwrap(), Some(b"abc".to_vec()));
    assert_eq!(read_at_most(&b"abcd"[..], 3, 3).unwrap(), None);
    assert_eq!(read_at_most(io::repeat(0), 9, 0).unwrap(), None);
}

/// A path that was judged and has become a link since, as a whole or in the middle, is not followed.
#[test]
fn what_became_a_link_is_not_opened() {
    let tree = tree(&["a/b/x.conf", "secret/b/x.conf"]);
    let path = |name: &str| tree.path().join(name);
    let disk = Disk::default();
    let (file, folder) = (disk.identity(&path("a/b/x.conf")).unwrap(), disk.identity(&path("a/b")).unwrap());
    let swaps: [(&str, &str); 3] =
        [("a/b/x.conf", "../../secret/b/x.conf"), ("a/b", "../secret/b"), ("a", "secret")];
    for (place, target) in swaps {
        fs::rename(path(place), path("kept")).unwrap();
        symlink(target, path(place)).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"events {}\n", "the link leads to the secret");
        assert_eq!(
            Disk::default().read(&file),
            Err(ReadError::Other("a link has taken its place".to_owned())),
            "{place}"
        );
        if place != "a/b/x.conf" {
            assert_eq!(disk.names(&folder), [""; 0], "{place}");
            assert!(disk.walk(&folder).is_empty(), "{place}");
            assert_eq!(disk.unlisted()[&folder], "a link has taken its place");
        }
        fs::remove_file(path(place)).unwrap();
        fs::rename(path("kept"), path(place)).unwrap();
    }
    assert_eq!(disk.read(&file).unwrap(), b"events {}\n");
    for unresolved in ["relative", "/a/../b"] {
        assert!(handle::file(Path::new(unresolved)).is_err(), "{unresolved}");
    }
}

/// A folder that is open is the one that was judged, so what is read from it is too.
#[test]
fn an_open_folder_is_left_for_none_that_takes_its_place() {
    let tree = tree(&["a/b/x.conf", "a/b/y.conf", "secret/b/x.conf"]);
    let path = |name: &str| tree.path().join(name);
    fs::write(path("secret/b/x.conf"), "hunter2").unwrap();
    let disk = Disk::default();
    let file = disk.identity(&path("a/b/x.conf")).unwrap();
    for (place, target) in [("a/b", "../secret/b"), ("a", "secret")] {
        assert_eq!(disk.read(&path("a/b/y.conf")).unwrap(), b"events {}\n");
        fs::rename(path(place), path("kept")).unwrap();
        symlink(target, path(place)).unwrap();
        assert_eq!(disk.read(&file).unwrap(), b"events {}\n", "{place}");
        assert_eq!(disk.part(&file, 0, 6).unwrap(), b"events", "{place}");
        fs::remove_file(path(place)).unwrap();
        fs::rename(path("kept"), path(place)).unwrap();
    }
    // What is gone from it is looked for where it should be.
    fs::rename(path("a/b"), path("kept")).unwrap();
    fs::create_dir(path("a/b")).unwrap();
    fs::rename(path("kept/x.conf"), path("a/b/x.conf")).unwrap();
    assert_eq!(disk.read(&file).unwrap(), b"events {}\n");
}

/// Listings tell where most paths lead without a system call for each; the answers are those of the system.
#[test]
fn what_was_listed_leads_where_the_system_says() {
    let tree = tree(&["a/x.conf", "a/b/y.conf", "c/z.conf"]);
    let path = |name: &str| tree.path().join(name);
    for (target, link) in [
        ("x.conf", "a/own"),
        ("../c/z.conf", "a/other"),
        ("own", "a/twice"),
        ("../c", "a/folder"),
        ("gone", "a/gone"),
        ("loop", "a/loop"),
        ("a", "d"),
    ] {
        symlink(target, path(link)).unwrap();
    }
    symlink(path("c/z.conf"), path("a/absolute")).unwrap();
    symlink(path("c/../a/./x.conf"), path("a/winding")).unwrap();
    let listed = Disk::default();
    listed.walk(tree.path());
    for name in [
        &format!("{}a/x.conf", "./".repeat(LONGEST_PATH)),
        "a",
        "a/x.conf",
        "a/x.conf/",
        "a/./x.conf",
        "a//x.conf",
        "a/../a/x.conf",
        "a/b/..",
        "a/b/../x.conf",
        "a/own",
        "a/other",
        "a/twice",
        "a/folder",
        "a/folder/z.conf",
        "a/gone",
        "a/missing",
        "a/loop",
        "a/absolute",
        "a/winding",
        "d/own",
        "d/b/y.conf",
        "d/b",
        "",
        ".",
    ] {
        assert_eq!(listed.identity(&path(name)), Disk::default().identity(&path(name)), "{name}");
    }
}

/// The check of the kind alone would leave a moment for a FIFO, for which an open would wait.
#[test]
fn a_fifo_does_not_wait() {
    let tree = tree(&[]);
    let path = tree.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let metadata = handle::file(&path).unwrap().metadata().unwrap();
    assert_eq!(may_be_read(&metadata, &path), Err(ReadError::NotRegular));
}

#[test]
fn a_tree_that_is_too_deep_is_said() {
    let tree = tree(&["x.conf"]);
    let mut deep = tree.path().to_owned();
    (0..DEEPEST + 2).for_each(|_| deep.push("d"));
    fs::create_dir_all(&deep).unwrap();
    let disk = Disk::default();
    assert_eq!(met(&disk, tree.path()), [("x.conf".into(), MetKind::File)]);
    assert_eq!(disk.unlisted().into_values().collect::<Vec<_>>(), ["it lies more than 128 folders deep"]);
}
