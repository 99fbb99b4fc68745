//! Files that are not what their names say.

use std::os::unix::fs::symlink;
use std::process::Command;

use tempfile::TempDir;

use super::*;

fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "events {}\n").unwrap();
    }
    folder
}

#[test]
fn reading_says_why_it_cannot() {
    let tree = tree(&["nginx.conf"]);
    let path = |name: &str| tree.path().join(name);
    assert!(Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
    symlink(path("nginx.conf"), path("link")).unwrap();
    symlink("loop", path("loop")).unwrap();
    File::create(path("large")).unwrap().set_len(LARGEST + 1).unwrap();

    let read = |name| Disk::default().read(&path(name));
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
    let found = disk.walk(tree.path());
    let names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(tree.path()).unwrap().to_str().unwrap()).collect();
    assert_eq!(
        names,
        [".hidden.conf", "a/b/c.conf", "nginx.conf", "sites-available/app", "sites-enabled/app"]
    );
    assert_eq!(disk.identity(&path("sites-enabled/app")), disk.identity(&path("sites-available/app")));
    assert!(disk.is_folder(&path("sites-enabled/folder")) && !disk.is_folder(&path("nginx.conf")));
    assert_eq!(disk.walk(&path(".git")), [path(".git/config")]);
    assert!(disk.into_unlisted().is_empty());
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
    let unlisted = disk.into_unlisted();
    assert_eq!(unlisted.keys().collect::<Vec<_>>(), [&tree.path().join("loop")]);
}

#[test]
fn a_stream_is_read_up_to_the_limit() {
    assert_eq!(read_at_most(&b"abc"[..], 3, 3).unwrap(), Some(b"abc".to_vec()));
    assert_eq!(read_at_most(&b"abcd"[..], 3, 3).unwrap(), None);
    assert_eq!(read_at_most(io::repeat(0), 9, 0).unwrap(), None);
}
