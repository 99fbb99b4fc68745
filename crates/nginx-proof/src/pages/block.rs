//! The nginx blocks of a rule's page as configurations, and the linter's word on them.

use std::path::PathBuf;

use lint_engine::{Level, Selector, Settings, Url, Which, fixed, lint};
use lint_finding::{RuleMeta, Severity};
use nginx_semantics::{MemoryFiles, NginxVersion, Scope, VersionRange};

/// Under which heading a block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heading {
    /// It must fail.
    Example,
    /// An Example with the linter's own fixes: it must work.
    Fixed,
    /// It must work.
    UseInstead,
    /// None: a sentence is shown to be true.
    InWords,
}

impl Heading {
    /// As the page has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Example => "Example",
            Self::Fixed => "Fixed example",
            Self::UseInstead => "Use instead",
            Self::InWords => "In words",
        }
    }
}

/// A block that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) heading: Heading,
    /// 1-based, under its heading.
    pub(crate) number: usize,
    /// Relative path and text, the main file first.
    pub(crate) files: Vec<(String, String)>,
    /// What is for the linter alone: settings, and main files of other nginxes.
    beside: Vec<(String, String)>,
    /// What the fence gives as `ws-path`, else the path of its location.
    pub(crate) path: String,
    websocket_paths: Vec<String>,
    expected_connections: Option<u64>,
}

impl Block {
    pub(crate) fn new(heading: Heading, number: usize, info: &str, text: &str) -> Self {
        let mut files = vec![("nginx.conf".to_owned(), String::new())];
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("# file: ") {
                files.push((path.trim().to_owned(), String::new()));
            } else if let Some((_, text)) = files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        if let Some((_, text)) = files.first_mut() {
            *text = whole(text);
        }
        let is_beside = |(path, text): &(String, String)| {
            path.ends_with(".toml") || path != "nginx.conf" && is_whole(text)
        };
        let (mut beside, files): (Vec<_>, Vec<_>) = files.into_iter().partition(is_beside);
        for (_, text) in beside.iter_mut().filter(|(path, _)| !path.ends_with(".toml")) {
            *text = whole(text);
        }
        let mut numbers =
            info.split_whitespace().filter_map(|option| option.strip_prefix("expected-connections="));
        let expected_connections = numbers.next().and_then(|number| number.parse().ok());
        let options = info.split_whitespace().filter_map(|option| option.strip_prefix("ws-path="));
        let websocket_paths: Vec<String> = options.map(str::to_owned).collect();
        let named = websocket_paths.first().map(|named| match Url::parse(named) {
            Ok(url) => url.target,
            Err(_) => named.clone(),
        });
        let path = named.unwrap_or_else(|| location(text));
        Self { heading, number, files, beside, path, websocket_paths, expected_connections }
    }

    /// The names of the rules that the linter raises for one version on the page of a rule, which is asked for even
    /// where it is off by default.
    pub(crate) fn raised(&self, rule: &'static RuleMeta, version: NginxVersion) -> Vec<&'static str> {
        let Given { memory, arguments, scope, settings } = self.given(rule, version);
        let outcome = lint(&memory, &arguments, &scope, &settings);
        outcome.findings.iter().map(|finding| finding.rule.name).collect()
    }

    /// The block with all fixes of what the linter finds for one version; `None` where there are none.
    pub(crate) fn fixed(&self, rule: &'static RuleMeta, version: NginxVersion) -> Option<Self> {
        let Given { memory, arguments, scope, settings } = self.given(rule, version);
        let fixed = fixed(&memory, &arguments, &scope, &settings, Which::All, &|_, _| Ok(()));
        let mut this = Self { heading: Heading::Fixed, ..self.clone() };
        for (path, text) in this.files.iter_mut().chain(&mut this.beside) {
            let path = PathBuf::from(FOLDER).join(path);
            if let Some(changed) = fixed.texts.iter().find(|changed| changed.path == path) {
                *text = String::from_utf8_lossy(changed.new.bytes()).into_owned();
            }
        }
        (!fixed.texts.is_empty()).then_some(this)
    }

    fn given(&self, rule: &'static RuleMeta, version: NginxVersion) -> Given {
        let is_off = rule.severity == Severity::Pedantic;
        let asked =
            is_off.then_some((Selector::Rule(rule.name), Level::At(rule.severity))).into_iter().collect();
        let folder = PathBuf::from(FOLDER);
        let mut memory = MemoryFiles::new();
        for (path, text) in self.files.iter().chain(&self.beside) {
            memory.insert(folder.join(path), text.as_str());
        }
        let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
        let settings = Settings {
            // It is silent where a version is named: what a comment suppresses may be of another one.
            versions: (rule.name != "unused-suppression").then(|| VersionRange::exactly(version)),
            expected_connections: self.expected_connections,
            websocket_paths: self.websocket_paths.clone(),
            levels: asked,
            ..Settings::default()
        };
        let others =
            self.beside.iter().filter(|(path, _)| !path.ends_with(".toml")).map(|(path, _)| path.as_str());
        let arguments = std::iter::once("nginx.conf").chain(others).map(|path| folder.join(path)).collect();
        Given { memory, arguments, scope, settings }
    }
}

/// Where the linter finds a block.
const FOLDER: &str = "/page";

/// What the linter is given of a block.
struct Given {
    memory: MemoryFiles,
    arguments: Vec<PathBuf>,
    scope: Scope,
    settings: Settings,
}

/// The blocks whose fence says `nginx`, in order. What the version on a fence says is not asked: every block is run on
/// every nginx, and judged for it.
pub(crate) fn blocks(rule: &RuleMeta) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut heading = None;
    let mut open: Option<(&str, String)> = None;
    for line in rule.docs.lines() {
        if let Some((info, text)) = &mut open {
            if line == "```" {
                if let Some(heading) = heading {
                    let number = blocks.iter().filter(|block| block.heading == heading).count() + 1;
                    blocks.push(Block::new(heading, number, info, text));
                }
                open = None;
            } else {
                text.push_str(line);
                text.push('\n');
            }
        } else if let Some(info) = line.strip_prefix("```nginx") {
            open = Some((info, String::new()));
        } else if let Some(title) = line.strip_prefix("## ") {
            heading = [Heading::Example, Heading::UseInstead].into_iter().find(|one| one.name() == title);
        }
    }
    blocks
}

/// The main level and the logs of a configuration that is ready for production, on two lines: what rules say of these is
/// no part of a block.
const HEAD: &str = "worker_shutdown_timeout 1h; error_log /var/log/nginx/error.log info; events { worker_connections 1024; }\n\
    http { log_format websocket '$remote_addr [$time_local] \"$request\" $status rt=$request_time \
    up=$upstream_addr us=$upstream_status'; access_log /var/log/nginx/access.log websocket;\n";

/// What a main file may start with instead.
const PLAIN: &str = "events {}\nhttp {\n";

/// Whether the text is a main file already.
fn is_whole(text: &str) -> bool {
    text.lines().any(|line| ["events", "http"].contains(&line.split_whitespace().next().unwrap_or_default()))
}

/// A text without `http` as a main file: into `http` where it starts with a block of that level, else into a server.
fn whole(text: &str) -> String {
    if let Some(rest) = text.strip_prefix(PLAIN) {
        return format!("{HEAD}{rest}");
    }
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    match lines.flat_map(str::split_whitespace).next() {
        _ if is_whole(text) => text.to_owned(),
        Some("map" | "upstream" | "server") => format!("{HEAD}{text}}}\n"),
        _ => format!("{HEAD}server {{\n{text}}}\n}}\n"),
    }
}

/// The longest path that a `location` of the text has.
fn location(text: &str) -> String {
    let words = text.lines().filter_map(|line| line.trim_start().strip_prefix("location "));
    let paths = words.filter_map(|rest| rest.split_whitespace().find(|word| word.starts_with('/')));
    paths.max_by_key(|path| path.len()).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use ws_rules::RULES;

    use super::*;

    #[test]
    fn every_block_of_every_page_is_taken() {
        for rule in RULES.iter().map(|rule| rule.meta()) {
            let fences = rule.docs.lines().filter(|line| line.starts_with("```nginx")).count();
            assert_eq!(blocks(rule).len(), fences, "{}", rule.name);
        }
    }

    #[test]
    fn the_path_is_that_of_the_location() {
        assert_eq!(location("location / {\n}\n  location = /ws/x {\n}\n"), "/ws/x");
        assert_eq!(Block::new(Heading::Example, 1, " nginx=1.22 ws-path=/live", "").path, "/live");
    }
}
