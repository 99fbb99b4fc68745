//! Bytes as several files: lines such as `# file: sites/a.conf` start one, as in the pages of the rules.

use std::path::{Path, PathBuf};

use lint_engine::Settings;
use nginx_semantics::{MemoryFiles, Scope};

/// Where the files lie.
pub(crate) const FOLDER: &str = "/t";

/// Starts a file.
const MARK: &[u8] = b"# file: ";

/// Files, and how they are judged.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) files: MemoryFiles,
    pub(crate) arguments: Vec<PathBuf>,
    pub(crate) scope: Scope,
    pub(crate) settings: Settings,
}

impl Tree {
    /// The first file is `nginx.conf`. After a leading `!` all that proxies counts as an endpoint, so that rules have
    /// something to say about inputs that hold no sign of WebSockets.
    pub(crate) fn new(input: &[u8]) -> Self {
        let (assume_websocket, input) = match input.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, input),
        };
        let mut files = MemoryFiles::new();
        let mut path = "nginx.conf".to_owned();
        let mut text: Vec<u8> = Vec::new();
        for line in input.split_inclusive(|&byte| byte == b'\n') {
            match line.strip_prefix(MARK) {
                Some(name) => {
                    insert(&mut files, &path, std::mem::take(&mut text));
                    path = String::from_utf8_lossy(name.trim_ascii()).into_owned();
                }
                None => text.extend_from_slice(line),
            }
        }
        insert(&mut files, &path, text);
        let folder = PathBuf::from(FOLDER);
        Self {
            files,
            arguments: vec![folder.clone()],
            scope: Scope { given: vec![folder.clone()], working_folder: folder, ..Scope::default() },
            settings: Settings { assume_websocket, ..Settings::default() },
        }
    }
}

/// Adds a file below the folder; names that lead elsewhere are links' business, and no disk is touched here.
fn insert(files: &mut MemoryFiles, path: &str, text: Vec<u8>) {
    let is_name = !path.is_empty() && !path.contains('\0');
    if is_name {
        files.insert(Path::new(FOLDER).join(path.trim_start_matches('/')), text);
    }
}
