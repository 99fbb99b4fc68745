//! Links that are swapped between the check of where they lead and the reading of what is there.

use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lint_engine::{Config, Settings};
use lint_finding::Outcome;
use nginx_semantics::Scope;
use tempfile::TempDir;

use super::*;
use crate::scope::{CommandLine, Given};

const SECRET: &str = "location /ws/hunter2 { proxy_pass http://hunter2; }\n";

/// A repository in which every way to a file can be swapped for one to a secret of the same name.
struct Tree {
    top: PathBuf,
    _keep: TempDir,
}

/// Each of them: its place, and where it leads when it is swapped. Links have a second target, folders and files are
/// moved away and back.
const PLACES: [(&str, Option<&str>, &str); 5] = [
    ("repo/deploy/file.conf", Some("inner/x.conf"), "../../secret/x.conf"),
    ("repo/deploy/folder", Some("inner"), "../../secret"),
    ("repo/mapped", Some("deploy/inner"), "../secret"),
    ("repo/deploy/inner", None, "../../secret"),
    ("repo/.nginx-ws-lint.toml", None, "../secret/x.conf"),
];

impl Tree {
    fn new() -> Self {
        let keep = tempfile::tempdir().unwrap();
        let top = keep.path().canonicalize().unwrap();
        let main = "events {}\nhttp {\n    server {\n        include file.conf;\n        include folder/*.conf;\n        include inner/x.conf;\n        include inner/*.conf;\n        include /m/x.conf;\n    }\n}\n";
        for (name, text) in [
            ("repo/.git/HEAD", ""),
            ("repo/.nginx-ws-lint.toml", "path-map = { \"/m\" = \"mapped\" }\n"),
            ("repo/deploy/nginx.conf", main),
            ("repo/deploy/inner/x.conf", "tcp_nodelay on;\n"),
            ("secret/x.conf", SECRET),
            ("secret/y.conf", SECRET),
        ] {
            fs::create_dir_all(top.join(name).parent().unwrap()).unwrap();
            fs::write(top.join(name), text).unwrap();
        }
        for (place, inside, _) in PLACES {
            if let Some(inside) = inside {
                symlink(inside, top.join(place)).unwrap();
            }
        }
        Self { top, _keep: keep }
    }

    /// Has a place lead to the secret, or where it led at first.
    fn swap(&self, place: usize, leaks: bool) {
        let (name, inside, outside) = PLACES[place];
        let (path, new, kept) = (self.top.join(name), self.top.join("new"), self.top.join("kept"));
        match (inside, leaks) {
            (_, true) => {
                symlink(outside, &new).unwrap();
                if inside.is_none() {
                    fs::rename(&path, &kept).unwrap();
                }
                fs::rename(new, path).unwrap();
            }
            (Some(inside), false) => {
                symlink(inside, &new).unwrap();
                fs::rename(new, path).unwrap();
            }
            (None, false) => {
                fs::remove_file(&path).unwrap();
                fs::rename(kept, path).unwrap();
            }
        }
    }

    fn lint(&self, files: &dyn Files, arguments: &[&str]) -> Outcome {
        let working_folder = self.top.join("repo");
        let command = CommandLine { files, working_folder: &working_folder, host_includes: false };
        let arguments: Vec<PathBuf> = arguments.iter().map(|name| working_folder.join(name)).collect();
        let Given { folders: given, named } = command.given(&arguments);
        let scope = Scope { given, named, working_folder, ..Scope::default() };
        lint_engine::lint(
            files,
            &arguments,
            &scope,
            &Settings { config: Config::Found, ..Settings::default() },
        )
    }
}

fn leaks(outcome: &Outcome) -> bool {
    let holds = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("hunter2");
    outcome.files.iter().any(|file| holds(file.source.bytes()))
        || outcome.notices.iter().any(|notice| holds(notice.message.as_bytes()))
}

/// What an argument may name, and whether it is named by itself.
const ARGUMENTS: [&[&str]; 4] = [
    &["deploy"],
    &["deploy/nginx.conf"],
    &["deploy/nginx.conf", "deploy/file.conf"],
    &["deploy", "deploy/folder"],
];

/// A disk on which a place leads inside whenever somebody asks where it leads, and to the secret whenever somebody reads.
struct Swapping<'a> {
    disk: Disk,
    tree: &'a Tree,
    place: usize,
    leaks: Mutex<bool>,
}

impl Swapping<'_> {
    fn turn(&self, leaks: bool) {
        let mut before = self.leaks.lock().unwrap();
        if *before != leaks {
            self.tree.swap(self.place, leaks);
        }
        *before = leaks;
    }
}

impl Files for Swapping<'_> {
    fn read_owned(&self, identity: &Path) -> Result<(Vec<u8>, Owner), ReadError> {
        self.turn(true);
        self.disk.read_owned(identity)
    }

    fn identity(&self, path: &Path) -> Option<PathBuf> {
        self.turn(false);
        self.disk.identity(path)
    }

    fn link_target(&self, path: &Path) -> Option<PathBuf> {
        self.turn(false);
        self.disk.link_target(path)
    }

    fn owner(&self, identity: &Path) -> Option<Owner> {
        self.disk.owner(identity)
    }

    fn names(&self, identity: &Path) -> Vec<OsString> {
        self.turn(true);
        self.disk.names(identity)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.disk.is_folder(path)
    }

    fn walk(&self, identity: &Path) -> Vec<Met> {
        self.turn(true);
        self.disk.walk(identity)
    }
}

#[test]
fn what_is_swapped_after_the_check_is_not_read() {
    for (place, (name, ..)) in PLACES.iter().enumerate() {
        for arguments in ARGUMENTS {
            let tree = Tree::new();
            let files = Swapping { disk: Disk::default(), tree: &tree, place, leaks: Mutex::new(false) };
            let outcome = tree.lint(&files, arguments);
            assert!(!leaks(&outcome), "{name} {arguments:?}: {:?}", outcome.notices);
            files.turn(false);
            let calm = tree.lint(&Disk::default(), arguments);
            assert!(!calm.is_incomplete() && calm.settings.len() == 1, "{name}: {:?}", calm.notices);
        }
    }
}

/// The same without help from the one who reads.
#[test]
fn nothing_leaks_while_links_are_swapped() {
    const RUNS: usize = 400;
    let end = Instant::now() + Duration::from_secs(20);
    let tree = Tree::new();
    let (is_done, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (mut runs, mut incomplete) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for place in 0..PLACES.len() {
                    tree.swap(place, true);
                    tree.swap(place, false);
                    swaps.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let is_safe = (0..RUNS).all(|run| {
            if Instant::now() > end {
                return true;
            }
            let outcome = tree.lint(&Disk::default(), ARGUMENTS[run % ARGUMENTS.len()]);
            runs += 1;
            incomplete += usize::from(outcome.is_incomplete());
            !leaks(&outcome)
        });
        is_done.store(true, Ordering::Relaxed);
        assert!(is_safe, "run {runs}");
    });
    // Else nothing was tried.
    assert!(
        runs >= 20 && swaps.into_inner() > runs && incomplete > 0,
        "{runs} runs, {incomplete} met a swap"
    );
}
