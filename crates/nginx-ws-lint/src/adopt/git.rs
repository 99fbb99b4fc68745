//! Which lines were changed since a commit, as git says.
//!
//! The repository may be a stranger's: git is run without anything that a configuration or an attribute could have it run
//! (`diff.external`, `textconv`, `core.fsmonitor`, hooks, lazy fetches), and what it prints is read strictly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lint_engine::ChangedLines;
use nginx_semantics::Scope;

use crate::error::Error;

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

/// The changed files of the repository of the working directory or of what is judged, by their paths, links resolved.
///
/// # Errors
/// No git, no repository, no such commit.
pub(crate) fn changes(reference: &str, scope: &Scope) -> Result<BTreeMap<PathBuf, ChangedLines>, Error> {
    let folder = scope.given.first().unwrap_or(&scope.working_folder);
    let folder = if folder.is_dir() { folder.clone() } else { folder.parent().unwrap_or(folder).to_owned() };
    let top = git(&folder, &["rev-parse", "--show-toplevel"])?;
    let top = PathBuf::from(String::from_utf8_lossy(trimmed(&top)).into_owned());
    let top = top.canonicalize().map_err(|error| Error::Git(error.to_string()))?;
    // What the branch changed, not what its base did meanwhile; without a common commit, as in a shallow clone, all.
    let commit = format!("{reference}^{{commit}}");
    let commit = git(&top, &["rev-parse", "--verify", "--end-of-options", &commit])?;
    let commit = String::from_utf8_lossy(trimmed(&commit)).into_owned();
    let base = git(&top, &["merge-base", &commit, "HEAD"]);
    let base = base.map_or(commit, |base| String::from_utf8_lossy(trimmed(&base)).into_owned());
    let patch = git(
        &top,
        &[
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-renames",
            "--ignore-submodules=all",
            "--unified=0",
            "--inter-hunk-context=0",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            &base,
            "--",
        ],
    )?;
    let mut changed: BTreeMap<PathBuf, ChangedLines> = BTreeMap::new();
    for (path, lines) in read(&patch) {
        changed.insert(top.join(path), lines);
    }
    let new = git(&top, &["ls-files", "--others", "--exclude-standard", "-z"])?;
    for path in new.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
        let path = top.join(path_of(path));
        changed.insert(path, ChangedLines { is_new: true, ..ChangedLines::default() });
    }
    Ok(changed)
}

fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Error> {
    let output = Command::new("git")
        .args(HARMLESS)
        .args(arguments)
        .current_dir(folder)
        .env_remove("GIT_EXTERNAL_DIFF")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .output()
        .map_err(|error| Error::Git(error.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().next().unwrap_or("it failed");
    Err(Error::Git(said.trim_start_matches("fatal: ").to_owned()))
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

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

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
