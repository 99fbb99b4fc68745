//! Which lines were changed since a commit, as git says.
//!
//! The repository may be a stranger's: git is run without anything that a configuration or an attribute could have it run
//! (`diff.external`, `textconv`, filters, `core.fsmonitor`, hooks, lazy fetches), and what it prints is read strictly.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use lint_engine::ChangedLines;
use nginx_semantics::Scope;

use super::Before;
use crate::error::Error;
use crate::system::{canonicalize, path_of};

/// What git is told before its command: nothing of the repository's configuration is run.
const HARMLESS: [&str; 10] = [
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.attributesFile=/dev/null",
    "-c",
    "core.quotePath=false",
    "--no-pager",
    "--literal-pathspecs",
];

/// What changed in a repository since a commit.
pub(crate) struct Changes {
    /// The top of the repository, links resolved.
    top: PathBuf,
    /// The changed files that are there, by their paths, links resolved.
    lines: BTreeMap<PathBuf, ChangedLines>,
    /// All files that the commit or the index has.
    tracked: BTreeSet<PathBuf>,
    /// The contents that changed files had, by what git calls them; `None` for a file that was not there.
    before: BTreeMap<PathBuf, Option<String>>,
    /// The files that have another name now, with the one that they had.
    pub(super) renamed: BTreeMap<PathBuf, PathBuf>,
    git: Git,
}

impl Changes {
    /// The changed files of the repository of the working directory or of what is judged.
    ///
    /// # Errors
    /// No git, no repository, no such commit.
    pub(crate) fn new(reference: &str, scope: &Scope) -> Result<Self, Error> {
        let folder = scope.given.first().unwrap_or(&scope.working_folder);
        let folder =
            if folder.is_dir() { folder.clone() } else { folder.parent().unwrap_or(folder).to_owned() };
        let git = Git { folder, more: Vec::new() };
        let top = git.run(&["rev-parse", "--show-toplevel"])?;
        let top = canonicalize(&path_of(trimmed(&top))).map_err(|error| Error::Git(error.to_string()))?;
        let git = Git { folder: top.clone(), more: Vec::new() }.without_filters()?;
        // What the branch changed, not what its base did meanwhile; without a common commit, as in a shallow clone, all.
        let commit = format!("{reference}^{{commit}}");
        let commit = git.run(&["rev-parse", "--verify", "--end-of-options", &commit]).map_err(|_| {
            let is_shallow = git.run(&["rev-parse", "--is-shallow-repository"]);
            let is_shallow = is_shallow.is_ok_and(|said| trimmed(&said) == b"true");
            let hint =
                if is_shallow { "; this clone is shallow: fetch more of its history first" } else { "" };
            Error::Git(format!("there is no commit `{}`{hint}", lint_report::escape(reference)))
        })?;
        let commit = String::from_utf8_lossy(trimmed(&commit)).into_owned();
        let base = git.run(&["merge-base", &commit, "HEAD"]);
        let base = base.map_or(commit, |base| String::from_utf8_lossy(trimmed(&base)).into_owned());
        let diff = |how: &[&str]| {
            let common =
                ["--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "-l1000", "-O/dev/null"];
            let words = ["diff"].into_iter().chain(common).chain(["--ignore-submodules=all"]);
            let words: Vec<&str> = words.chain(how.iter().copied()).chain([base.as_str(), "--"]).collect();
            git.run(&words)
        };
        let patch = diff(&["--unified=0", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/"])?;
        let mut lines: BTreeMap<PathBuf, ChangedLines> = BTreeMap::new();
        for (path, changed) in read(&patch) {
            lines.insert(top.join(path), changed);
        }
        let raw = diff(&["--raw", "--no-abbrev", "-z"])?;
        let Held { before, renamed } = contents(&raw);
        let before = before.into_iter().map(|(path, name)| (top.join(path), name)).collect();
        let renamed = renamed.into_iter().map(|(new, old)| (top.join(new), top.join(old))).collect();
        let listed = |words: &[&str]| -> Result<BTreeSet<PathBuf>, Error> {
            let all = git.run(words)?;
            let paths = all.split(|byte| *byte == 0).filter(|path| !path.is_empty());
            Ok(paths.map(|path| top.join(path_of(path))).collect())
        };
        let tracked = listed(&["ls-files", "-z"])?;
        Ok(Self { top, lines, tracked, before, renamed, git })
    }

    /// What changed in a file, by its path with links resolved; nothing for one that did not, or lies elsewhere. A file
    /// that git does not track is new as a whole.
    pub(crate) fn of(&self, path: &Path) -> Option<ChangedLines> {
        if let Some(lines) = self.lines.get(path) {
            return Some(lines.clone());
        }
        let is_unknown = path.starts_with(&self.top) && !self.tracked.contains(path);
        let is_new = is_unknown && path.is_file() && self.other_repository(path).is_none();
        is_new.then(|| ChangedLines { is_new: true, ..ChangedLines::default() })
    }

    /// Whether a folder is in the repository.
    pub(super) fn holds(&self, folder: &Path) -> bool {
        folder.starts_with(&self.top)
    }

    /// The top of the repository below this one, a submodule or not, that a file belongs to.
    pub(crate) fn other_repository(&self, path: &Path) -> Option<PathBuf> {
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != self.top);
        let mut tops = folders.filter(|folder| folder.starts_with(&self.top) && folder.join(".git").exists());
        tops.next().map(Path::to_owned)
    }

    /// The bytes that changed files had, by their paths with links resolved; `None` for one that was not there.
    ///
    /// # Errors
    /// What git says.
    pub(crate) fn before(&self) -> Result<Before, Error> {
        let names = self.before.values().flatten();
        let contents = self.git.contents(&names.cloned().collect())?;
        // Several files may have held the same. What git does not have, as in a partial clone, counts as unchanged.
        let held = |name: &Option<String>| match name {
            Some(name) => contents.get(name).map(|bytes| Some(bytes.clone())),
            None => Some(None),
        };
        Ok(self.before.iter().filter_map(|(path, name)| Some((path.clone(), held(name)?))).collect())
    }
}

/// git in a folder.
struct Git {
    folder: PathBuf,
    /// More settings, for all of which the values are in the environment: a name may have any byte.
    more: Vec<(String, &'static str)>,
}

impl Git {
    /// The same without the filters that the configuration names: each would be run for files that were changed.
    fn without_filters(mut self) -> Result<Self, Error> {
        let found =
            self.run(&["config", "--name-only", "-z", "--get-regexp", r"^filter\..*\.(clean|process)$"]);
        // No such setting is exit code 1.
        for key in found.unwrap_or_default().split(|byte| *byte == 0).filter(|key| !key.is_empty()) {
            let key =
                std::str::from_utf8(key).map_err(|_| Error::Git("a filter's name is no UTF-8".to_owned()))?;
            let name = key.rsplit_once('.').map_or(key, |(name, _)| name);
            for (what, value) in [("clean", ""), ("process", ""), ("required", "false")] {
                self.more.push((format!("{name}.{what}"), value));
            }
        }
        Ok(self)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(HARMLESS)
            .args(arguments)
            .current_dir(&self.folder)
            .env_remove("GIT_EXTERNAL_DIFF")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CONFIG_COUNT", self.more.len().to_string())
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        for (number, (key, value)) in self.more.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{number}"), OsString::from(key));
            command.env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let output = self.command(arguments).output().map_err(|error| Error::Git(error.to_string()))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or("it failed");
        Err(Error::Git(said.trim_start_matches("fatal: ").to_owned()))
    }

    /// The contents of these objects, by name; one that is not there, as in a partial clone, is left out.
    fn contents(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let failed = |error: std::io::Error| Error::Git(error.to_string());
        let mut command = self.command(&["cat-file", "--batch"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let asked: String = names.iter().map(|name| format!("{name}\n")).collect();
        let stdin = child.stdin.take();
        // git answers while it is asked: who only writes would wait for ever.
        let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(asked.as_bytes())));
        let output = child.wait_with_output().map_err(failed)?;
        _ = writer.join();
        let mut contents = BTreeMap::new();
        let mut rest = output.stdout.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (head, behind) = rest.split_at(end);
            let behind = behind.get(1..).unwrap_or_default();
            let head = String::from_utf8_lossy(head);
            let mut words = head.split(' ');
            let (name, size) = (words.next().unwrap_or_default(), words.nth(1));
            let Some(size) = size.and_then(|size| size.parse::<usize>().ok()) else {
                rest = behind;
                continue;
            };
            let Some(bytes) = behind.get(..size) else { break };
            contents.insert(name.to_owned(), bytes.to_vec());
            rest = behind.get(size + 1..).unwrap_or_default();
        }
        Ok(contents)
    }
}

/// What `git diff --raw -z` says of files.
#[derive(Debug, Default, PartialEq, Eq)]
struct Held {
    /// What each is called, and the name of what it held; `None` where it was not there. Links and submodules are left out.
    before: Vec<(PathBuf, Option<String>)>,
    /// The files that have another name now, with the one that they had.
    renamed: Vec<(PathBuf, PathBuf)>,
}

/// Reads what `git diff --raw -z` prints.
fn contents(raw: &[u8]) -> Held {
    let mut held = Held::default();
    let mut words = raw.split(|byte| *byte == 0);
    // `:100644 100644 OLD NEW M`, `:100644 100644 OLD NEW R090` with two paths behind it
    while let Some(head) = words.next().and_then(|word| word.strip_prefix(b":")) {
        let head = String::from_utf8_lossy(head);
        let fields: Vec<&str> = head.split(' ').collect();
        let [old, _, name, _, status] = fields.as_slice() else { break };
        let Some(path) = words.next().map(path_of) else { break };
        let new = if status.starts_with(['R', 'C']) { words.next().map(path_of) } else { None };
        if old.starts_with("100") {
            if let Some(new) = new {
                held.before.push((new.clone(), None));
                held.renamed.push((new, path.clone()));
            }
            held.before.push((path, Some((*name).to_owned())));
        } else if *old == "000000" {
            held.before.push((path, None));
        }
    }
    held
}

fn trimmed(output: &[u8]) -> &[u8] {
    output.strip_suffix(b"\n").unwrap_or(output)
}

/// Reads a patch without context: the files that it leaves, and what it changes in them.
fn read(patch: &[u8]) -> Vec<(PathBuf, ChangedLines)> {
    let mut files: Vec<(PathBuf, ChangedLines)> = Vec::new();
    let mut lines = patch.split(|byte| *byte == b'\n');
    let mut is_new = false;
    while let Some(line) = lines.next() {
        if line.starts_with(b"--- ") {
            is_new = line == b"--- /dev/null";
        } else if let Some(name) = line.strip_prefix(b"+++ ") {
            let name = unquoted(name.strip_suffix(b"\t").unwrap_or(name));
            if let Some(path) = name.strip_prefix(b"b/") {
                files.push((path_of(path), ChangedLines { is_new, ..ChangedLines::default() }));
            }
        } else if let Some((removed, (start, added))) = hunk(line) {
            if let Some((_, file)) = files.last_mut() {
                match added {
                    0 => _ = file.removed_behind.insert(start),
                    _ => file.lines.push(start..=start + (added - 1)),
                }
            }
            // The lines themselves may look like anything.
            for _ in 0..removed + added {
                let line = lines.next();
                if line.is_some_and(|line| line.starts_with(b"\\")) {
                    lines.next();
                }
            }
        }
    }
    files
}

/// `@@ -a,b +c,d @@`: how many lines go, and where how many come.
fn hunk(line: &[u8]) -> Option<(u32, (u32, u32))> {
    let line = std::str::from_utf8(line.strip_prefix(b"@@ -")?.split(|byte| *byte == b'@').next()?).ok()?;
    let (old, new) = line.trim_end().split_once(" +")?;
    let range = |text: &str| -> Option<(u32, u32)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    Some((range(old)?.1, range(new)?))
}

/// A name as git quotes it (`quote.c:quote_c_style`), or as it is.
fn unquoted(name: &[u8]) -> Vec<u8> {
    let Some(inner) = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) else {
        return name.to_vec();
    };
    let mut text = Vec::new();
    let mut bytes = inner.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => text.push(b'\n'),
            Some(b't') => text.push(b'\t'),
            Some(b'r') => text.push(b'\r'),
            Some(b'a') => text.push(7),
            Some(b'b') => text.push(8),
            Some(b'v') => text.push(11),
            Some(b'f') => text.push(12),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                for _ in 0..2 {
                    let Some(digit) = bytes.next_if(|digit| (b'0'..=b'7').contains(digit)) else { break };
                    value = value * 8 + u32::from(digit - b'0');
                }
                text.push(u8::try_from(value).unwrap_or(b'?'));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_held_is_named() {
        let raw = b":100644 100644 aa bb M\0a.conf\0:000000 100644 00 cc A\0n\new\0:160000 160000 dd ee M\0sub\0:100644 000000 ff 00 D\0gone\0:100644 100644 11 22 R090\0here\0there\0";
        let held = contents(raw);
        let found: Vec<(String, Option<String>)> =
            held.before.into_iter().map(|(path, name)| (path.display().to_string(), name)).collect();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(
            found,
            [
                ("a.conf".to_owned(), named("aa")),
                ("n\new".to_owned(), None),
                ("gone".to_owned(), named("ff")),
                ("there".to_owned(), None),
                ("here".to_owned(), named("11"))
            ]
        );
        assert_eq!(held.renamed, [("there".into(), "here".into())]);
        assert_eq!(contents(b""), Held::default());
    }

    #[test]
    fn a_patch_is_read_by_its_hunks() {
        let patch = b"diff --git a/a.conf b/a.conf\n--- a/a.conf\n+++ b/a.conf\n@@ -3 +3,2 @@ server {\n-x\n+--- a/y\n+++ b/z\n@@ -9,2 +10,0 @@\n-a\n-b\n\\ No newline at end of file\ndiff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+x\ndiff --git a/gone b/gone\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n--- \"a/q\\303\\251 \\\"\\t\"\n+++ \"b/q\\303\\251 \\\"\\t\"\n@@ -1 +1 @@\n-x\n+y\n";
        let files = read(patch);
        let named: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        assert_eq!(named, ["a.conf", "new", "q\u{e9} \"\t"]);
        let ChangedLines { is_new, lines, removed_behind } = &files[0].1;
        assert_eq!((*is_new, lines.as_slice()), (false, &[3..=4][..]));
        assert_eq!(removed_behind.iter().copied().collect::<Vec<_>>(), [10]);
        assert!(files[1].1.is_new);
    }
}
