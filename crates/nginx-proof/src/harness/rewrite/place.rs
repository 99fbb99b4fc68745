//! Which block answers a request: each gets a log of its own format, beside those that it has.
//!
//! `access_log` is legal in every level that can end a request, and nginx writes it from the configuration that is in
//! effect at that moment (`ngx_http_log_handler`), so that nothing about the answer changes. As a level with an
//! `access_log` inherits none, those in effect there are written down beside it.

use std::fmt::Write;

use nginx_syntax::NodeId;

use super::file::File;

/// Where the lines are written, below the folder of the configuration.
pub(crate) const LOG: &str = "where.log";

/// So many files are looked into for the logs of one level: includes may be a cycle.
const MOST_FILES: usize = 64;
/// And so many levels upwards.
const MOST_LEVELS: usize = 256;

/// A level whose configuration ends requests: a server, a location, an `if` in one, a `limit_except`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it was given.
    pub file: String,
    /// Of the block's first word, from 1.
    pub line: usize,
    /// From the block's name to its last argument.
    pub text: String,
}

/// A directive of one of the files.
type At = (usize, NodeId);

/// The blocks of all files that get a log.
pub(super) struct Marks<'m> {
    files: &'m [File<'m>],
    blocks: Vec<At>,
    /// The variable that holds the port of the client.
    port: &'static str,
}

impl<'m> Marks<'m> {
    pub(super) fn new(files: &'m [File<'m>]) -> Self {
        let mut marks = Self { files, blocks: Vec::new(), port: "remote_port" };
        for (index, file) in files.iter().enumerate() {
            for id in file.tree.nodes() {
                if marks.is_place((index, id)) {
                    marks.blocks.push((index, id));
                }
                if file.is(id, "set_real_ip_from") {
                    // The realip module gives a client another port, and this variable for its own.
                    marks.port = "realip_remote_port";
                }
            }
        }
        marks
    }

    pub(super) fn places(&self) -> Vec<Place> {
        let place = |&(index, id): &At| {
            let file = self.files.get(index)?;
            let head = file.tree.head_span(id);
            let before = file.text.get(..head.start as usize).unwrap_or_default();
            Some(Place {
                file: file.path.to_owned(),
                line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
                text: String::from_utf8_lossy(head.of(file.text)).into_owned(),
            })
        };
        self.blocks.iter().filter_map(place).collect()
    }

    /// What `http` starts with: a format has to stand before its use.
    pub(super) fn formats(&self) -> String {
        let mut text = String::new();
        for number in 0..self.blocks.len() {
            let _ = write!(text, " log_format {} '{number} ${} $status $uri';", format(number), self.port);
        }
        text
    }

    /// What a block starts with.
    pub(super) fn logs(&self, at: At, folder: &str) -> Option<String> {
        let number = self.blocks.iter().position(|block| *block == at)?;
        let mut text = format!(" access_log {folder}/{LOG} {};", format(number));
        if self.own_logs(at).is_empty() {
            text.push_str(&self.inherited(at, folder));
        }
        Some(text)
    }

    /// Whether a directive is an `access_log off` that would silence a block's own log as well.
    pub(super) fn is_silencing(&self, (index, id): At) -> bool {
        let Some(file) = self.files.get(index).filter(|file| file.is(id, "access_log")) else { return false };
        let parent = file.tree.parent(id);
        let is_off = file.argument(id, 0).is_some_and(|(_, word)| word == "off");
        is_off && (parent == NodeId::FILE && index > 0 || self.blocks.contains(&(index, parent)))
    }

    fn is_place(&self, at @ (index, id): At) -> bool {
        let Some(file) = self.files.get(index).filter(|file| file.tree.is_block(id)) else { return false };
        let parent = || self.parent(at).map(|at| self.name(at)).unwrap_or_default();
        match &*file.name(id) {
            // Not those of `stream` and `mail`.
            b"server" => matches!(parent().as_str(), "http" | ""),
            b"location" => true,
            b"if" | b"limit_except" => parent() == "location",
            _ => false,
        }
    }

    fn name(&self, (index, id): At) -> String {
        let name = self.files.get(index).map(|file| file.name(id));
        name.map(|name| String::from_utf8_lossy(&name).into_owned()).unwrap_or_default()
    }

    /// The block around a directive: for those on the top of a file, the one around the first `include` of the file.
    fn parent(&self, (mut index, mut id): At) -> Option<At> {
        for _ in 0..MOST_FILES {
            let file = self.files.get(index)?;
            let parent = file.tree.parent(id);
            if parent != NodeId::FILE {
                return Some((index, parent));
            }
            (index, id) = self.includer(file)?;
        }
        None
    }

    fn includer(&self, of: &File<'_>) -> Option<At> {
        let includes = |(index, file): (usize, &File<'_>)| {
            let id =
                file.tree.nodes().find(|&id| self.included(file, id).any(|(_, one)| one.path == of.path));
            id.map(|id| (index, id))
        };
        self.files.iter().enumerate().find_map(includes)
    }

    /// The files that an `include` reads.
    fn included(&self, file: &File<'_>, id: NodeId) -> impl Iterator<Item = (usize, &'m File<'m>)> {
        let word = file.argument(id, 0).filter(|_| file.is(id, "include")).map(|(_, word)| word);
        let pattern = word.and_then(|word| {
            let word = word.strip_prefix("/etc/nginx/").unwrap_or(&word);
            glob::Pattern::new(word).ok()
        });
        let is_meant =
            move |file: &File<'_>| pattern.as_ref().is_some_and(|pattern| pattern.matches(file.path));
        self.files.iter().enumerate().filter(move |(_, file)| is_meant(file))
    }

    /// The `access_log` lines of a level, also those of files that it includes.
    fn own_logs(&self, (index, id): At) -> Vec<At> {
        let mut found = Vec::new();
        let mut levels = vec![(index, id)];
        for _ in 0..MOST_FILES {
            let Some((index, level)) = levels.pop() else { break };
            let Some(file) = self.files.get(index) else { continue };
            for child in file.tree.children(level) {
                if file.is(child, "access_log") {
                    found.push((index, child));
                }
                levels.extend(self.included(file, child).map(|(other, _)| (other, NodeId::FILE)));
            }
        }
        found
    }

    /// The logs in effect in a block that has none of its own.
    fn inherited(&self, block: At, folder: &str) -> String {
        let mut at = block;
        for _ in 0..MOST_LEVELS {
            let Some(parent) = self.parent(at) else { break };
            let logs = self.own_logs(parent);
            if !logs.is_empty() {
                return logs.into_iter().map(|log| self.log_again(log, block, folder)).collect();
            }
            at = parent;
        }
        format!(" access_log {folder}/access.log;")
    }

    fn log_again(&self, (index, id): At, block: At, folder: &str) -> String {
        let Some(file) = self.files.get(index) else { return String::new() };
        let words: Vec<String> =
            (0..).map_while(|at| file.argument(id, at)).map(|(span, _)| lossy(span.of(file.text))).collect();
        // A line below may use a format that is not there yet.
        let is_before = index != block.0 || id < block.1;
        match words.split_first() {
            Some((first, _)) if first == "off" => String::new(),
            Some((first, more)) if is_before => {
                let log =
                    if first.starts_with("syslog:") { first.clone() } else { format!("{folder}/access.log") };
                [&[format!(" access_log {log}")], more].concat().join(" ") + ";"
            }
            _ => format!(" access_log {folder}/access.log;"),
        }
    }
}

fn format(number: usize) -> String {
    format!("nginx_proof_{number}")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number, line and text of each place, and what is put into the one at a position.
    fn marked(texts: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let files: Vec<File<'_>> =
            texts.iter().map(|(path, text)| File::new(path, text.as_bytes())).collect();
        let marks = Marks::new(&files);
        let places = marks.places();
        let places = places.iter().map(|place| format!("{}:{} {}", place.file, place.line, place.text));
        let logs = marks.blocks.iter().map(|&at| marks.logs(at, "/d").unwrap());
        (places.collect(), logs.collect())
    }

    #[test]
    fn blocks_of_http_are_places_and_others_are_not() {
        let main = "http {\nserver {\nif ($a) { return 1; }\nlocation / { if ($b) { } limit_except GET { } }\n}\n\
            include a;\n}\nstream { server { listen 1; }\ninclude b; }\n";
        let (places, _) = marked(&[("main", main), ("a", "server { }"), ("b", "server { }")]);
        let expected =
            ["main:2 server", "main:4 location /", "main:4 if ($b)", "main:4 limit_except GET", "a:1 server"];
        assert_eq!(places, expected);
    }

    #[test]
    fn logs_that_would_be_inherited_are_written_down() {
        let main = "http {\naccess_log x main buffer=1k;\nserver { location /a { } include l; access_log y; }\n\
            server { access_log off; location /b { } }\nserver { include l; }\n}";
        let (_, logs) = marked(&[("main", main), ("l", "access_log z;\n")]);
        let more: Vec<&str> =
            logs.iter().map(|log| log.split_once("; ").map_or("", |(_, more)| more)).collect();
        let again = "access_log /d/access.log;";
        // The first location's own level has two, one of them in a file; it stands before both.
        assert_eq!(more[1], format!("{again} {again}"));
        assert_eq!([more[0], more[2], more[3], more[4]], ["", "", "", ""]);
        assert!(logs[0].starts_with(" access_log /d/where.log nginx_proof_0;"));
    }

    #[test]
    fn a_cycle_of_includes_ends() {
        marked(&[
            ("a", "http { include *; }"),
            ("b", "include *; server { }"),
            ("c", "include *; location / { }"),
        ]);
    }
}
