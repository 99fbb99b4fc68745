//! What trees are spliced of: the blocks of many configurations, by the level that they stand on.

use std::fs;
use std::path::Path;

use glob::Pattern;
use walkdir::WalkDir;
use ws_rules::RULES;

use super::tree::{Item, Tree};
use crate::pages::blocks;
use crate::{Error, root};

/// Larger files hold no configuration that somebody wrote.
const MOST_BYTES: u64 = 64 * 1024;

/// As many files of a folder are read.
const MOST_FILES: usize = 20_000;

/// As many files does one `include` bring into a tree.
const MOST_INCLUDED: usize = 3;

/// Where the project's own configurations are, below its folder.
const OWN: [&str; 3] = ["fixtures", "crates/nginx-proof/regressions", "crates/nginx-proof/splices"];

/// What files of another kind often are called, whose text may look like nginx's.
const OTHER: [&str; 12] = ["md", "rs", "py", "js", "ts", "go", "json", "yml", "yaml", "toml", "sh", "lock"];

/// The directives of one file.
#[derive(Debug)]
pub(super) struct Source {
    /// Below the folder that was read.
    pub(super) path: String,
    items: Vec<Item>,
    /// The servers.
    pub(super) servers: Vec<Item>,
    /// What stands beside them.
    pub(super) http: Vec<Item>,
}

/// Which level directives are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Http,
    Server,
    Location,
}

/// Directives without a block that stand one after another, and the number of their source.
pub(super) type Group = (usize, Vec<Item>);

/// All that can be put together.
#[derive(Debug, Default)]
pub struct Pool {
    pub(super) sources: Vec<Source>,
    /// The numbers of the sources with servers.
    pub(super) with_servers: Vec<usize>,
    /// Each with the number of its source.
    pub(super) locations: Vec<(usize, Item)>,
    groups: [Vec<Group>; 3],
}

impl Pool {
    /// The project's own: fixtures, regressions, the blocks of all pages of rules.
    ///
    /// # Errors
    /// When a folder of the project cannot be read.
    pub fn own() -> Result<Self, Error> {
        let mut pool = Self::default();
        for folder in OWN {
            pool.read(&root().join(folder))?;
        }
        for meta in RULES.iter().map(|rule| rule.meta()) {
            for (number, block) in blocks(meta).into_iter().enumerate() {
                for (path, text) in &block.files {
                    pool.add(&format!("{}/{number}/{path}", meta.name), text);
                }
            }
        }
        Ok(pool)
    }

    /// All files below a folder that have blocks of nginx; links are not followed.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds no such file.
    pub fn of_folder(folder: &Path) -> Result<Self, Error> {
        let mut pool = Self::default();
        pool.read(folder)?;
        if pool.with_servers.is_empty() {
            return Err(Error::NotDrawn { reason: format!("no server in {}", folder.display()) });
        }
        Ok(pool)
    }

    /// How many files, servers and locations there are.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let servers = self.sources.iter().map(|source| source.servers.len()).sum();
        (self.sources.len(), servers, self.locations.len())
    }

    fn read(&mut self, folder: &Path) -> Result<(), Error> {
        let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
        for entry in entries.take(MOST_FILES) {
            let entry = entry.map_err(|error| Error::File {
                path: folder.to_owned(),
                error: error.into_io_error().unwrap_or_else(|| std::io::Error::other("a loop of links")),
            })?;
            let extension =
                entry.path().extension().map(|extension| extension.to_string_lossy().into_owned());
            let is_other = extension.is_some_and(|extension| OTHER.contains(&extension.as_str()));
            let is_small = || entry.metadata().is_ok_and(|metadata| metadata.len() <= MOST_BYTES);
            if is_other || !entry.file_type().is_file() || !is_small() {
                continue;
            }
            // What is no text is no configuration.
            let Ok(text) = fs::read_to_string(entry.path()) else { continue };
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            self.add(&path.display().to_string(), &text);
        }
        Ok(())
    }

    fn add(&mut self, path: &str, text: &str) {
        let tree = Tree::new(&[(path.to_owned(), text.to_owned())]);
        let Some(items) = tree.files.into_iter().next().map(|file| file.items) else { return };
        let number = self.sources.len();
        let blocks: Vec<Item> = items.iter().filter(|item| item.is_block("http")).cloned().collect();
        let is_main = !blocks.is_empty();
        let top = if is_main {
            blocks.into_iter().flat_map(|http| http.body.unwrap_or_default()).collect()
        } else {
            items.clone()
        };
        let (servers, rest): (Vec<Item>, Vec<Item>) =
            top.into_iter().partition(|item| item.is_block("server"));
        let is_http = is_main
            || !servers.is_empty()
            || rest.iter().any(|item| item.is_block("upstream") || item.is_block("map"));
        self.level(number, &rest, if is_http { Level::Http } else { Level::Location });
        for server in &servers {
            self.level(number, server.children(), Level::Server);
        }
        if !servers.is_empty() {
            self.with_servers.push(number);
        }
        let http = if is_http { rest } else { Vec::new() };
        self.sources.push(Source { path: path.to_owned(), items, servers, http });
    }

    fn level(&mut self, number: usize, items: &[Item], level: Level) {
        let groups = match level {
            Level::Http => &mut self.groups[0],
            Level::Server => &mut self.groups[1],
            Level::Location => &mut self.groups[2],
        };
        for group in items.split(|item| item.body.is_some()) {
            let group: Vec<Item> = group.iter().filter(|item| is_shared(item)).cloned().collect();
            if !group.is_empty() {
                groups.push((number, group));
            }
        }
        for location in items.iter().filter(|item| item.is_block("location")) {
            self.locations.push((number, location.clone()));
            self.level(number, location.children(), Level::Location);
        }
    }

    /// The groups of a level.
    pub(super) fn groups(&self, level: Level) -> &[Group] {
        match level {
            Level::Http => &self.groups[0],
            Level::Server => &self.groups[1],
            Level::Location => &self.groups[2],
        }
    }

    /// The directives of the files that an `include` in a source means, a few at most.
    pub(super) fn included(&self, source: usize, word: &str) -> Vec<(usize, &[Item])> {
        let word = word.strip_prefix("/etc/nginx/").unwrap_or(word).trim_start_matches(['/', '.']);
        let from = self.sources.get(source).map_or("", |source| source.path.as_str());
        let Ok(pattern) = Pattern::new(word) else { return Vec::new() };
        let components = word.split('/').count();
        let is_meant = |path: &str| {
            let ends: Vec<&str> = path.rsplitn(components + 1, '/').take(components).collect();
            let end: Vec<&str> = ends.into_iter().rev().collect();
            pattern.matches(&end.join("/"))
        };
        let common = |path: &str| path.bytes().zip(from.bytes()).take_while(|(a, b)| a == b).count();
        let all = self.sources.iter().enumerate();
        let mut meant: Vec<(usize, &Source)> =
            all.filter(|(number, other)| *number != source && is_meant(&other.path)).collect();
        let nearest = meant.iter().map(|(_, other)| common(&other.path)).max().unwrap_or(0);
        meant.retain(|(_, other)| common(&other.path) == nearest);
        meant
            .into_iter()
            .take(MOST_INCLUDED)
            .map(|(number, other)| (number, other.items.as_slice()))
            .collect()
    }
}

/// Whether a directive may stand in several trees: not what names sockets or servers.
fn is_shared(item: &Item) -> bool {
    !matches!(
        item.name(),
        "listen" | "server_name" | "load_module" | "user" | "daemon" | "pid" | "worker_processes"
    )
}
