//! Texts as trees of files, and the run over them.

use std::path::PathBuf;

use lint_engine::{Fixed, Level, Selector, Settings, Which, fixed, lint};
use lint_finding::{Finding, Outcome, RuleMeta, Severity};
use nginx_semantics::{MemoryFiles, Scope};

/// Where the files lie.
const FOLDER: &str = "/t";

/// Files in memory with the settings to judge them by.
#[derive(Debug, Default)]
pub(crate) struct Snippet {
    /// Path and text; the first one is what is linted, with those of `also`.
    pub(crate) files: Vec<(String, String)>,
    /// Paths of further main files.
    pub(crate) also: Vec<String>,
    /// How.
    pub(crate) settings: Settings,
}

impl Snippet {
    /// One file as it is: a fragment, unless it has `http`.
    pub(crate) fn bare(text: impl Into<String>) -> Self {
        Self {
            files: vec![("nginx.conf".to_owned(), text.into())],
            also: Vec::new(),
            settings: Settings::default(),
        }
    }

    /// A block of a page: `# file: path` lines start further files, settings and other main files among them, and what is
    /// no main file becomes one. Words behind
    /// `nginx` on the fence are `nginx=VERSION`, `ws-path=PATH` and
    /// `expected-connections=N`.
    pub(crate) fn of_page(info: &str, text: &str) -> Self {
        let mut this = Self::bare("");
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("# file: ") {
                this.files.push((path.trim().to_owned(), String::new()));
            } else if let Some((_, text)) = this.files.last_mut() {
                text.push_str(line);
                text.push('\n');
            }
        }
        let further = this.files.iter().skip(1).filter(|(_, text)| is_whole(text));
        this.also = further.map(|(path, _)| path.clone()).collect();
        if let Some((_, text)) = this.files.first_mut() {
            *text = wrapped(text);
        }
        for option in info.split_whitespace() {
            match option.split_once('=') {
                Some(("nginx", version)) => {
                    this.settings.versions = Some(version.parse().expect("a version"));
                }
                Some(("expected-connections", count)) => {
                    this.settings.expected_connections = Some(count.parse().expect("a number"));
                }
                Some(("ws-path", path)) => this.settings.websocket_paths.push(path.to_owned()),
                _ => panic!("an option that no fence has: {option}"),
            }
        }
        this
    }

    /// With a rule that runs even where it is off by default.
    pub(crate) fn asked(mut self, rule: &'static RuleMeta) -> Self {
        if rule.severity == Severity::Pedantic {
            self.settings.levels.push((Selector::Rule(rule.name), Level::At(rule.severity)));
        }
        self
    }

    /// Judged for one version, or a range.
    pub(crate) fn version(mut self, version: &str) -> Self {
        self.settings.versions = Some(version.parse().expect("a version"));
        self
    }

    /// With one more file.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// With other bytes in each file that is no settings file; `None` where one cannot be written so.
    pub(crate) fn written(&self, writing: fn(&str) -> Option<String>) -> Option<Self> {
        let files = self.files.iter().map(|(path, text)| {
            let text = ready(text);
            let text = if path.ends_with(".toml") { Some(text) } else { writing(&text) };
            Some((path.clone(), text?))
        });
        let files = files.collect::<Option<Vec<_>>>()?;
        Some(Self { files, also: self.also.clone(), settings: self.settings.clone() })
    }

    /// The run.
    pub(crate) fn run(&self) -> Outcome {
        let (memory, arguments, scope) = self.given();
        lint(&memory, &arguments, &scope, &self.settings)
    }

    /// With the fixes, and what came of them.
    pub(crate) fn fixed(&self, which: Which) -> (Self, Fixed) {
        let (memory, arguments, scope) = self.given();
        let fixed = fixed(&memory, &arguments, &scope, &self.settings, which, &|_, _| Ok(()));
        let mut this = self.written(|text| Some(text.to_owned())).unwrap_or_default();
        for (path, text) in &mut this.files {
            let path = PathBuf::from(FOLDER).join(path);
            if let Some(changed) = fixed.texts.iter().find(|changed| changed.path == path) {
                *text = String::from_utf8(changed.new.bytes().to_vec()).expect("text");
            }
        }
        (this, fixed)
    }

    /// The files, which of them are linted, and where they lie.
    pub(crate) fn given(&self) -> (MemoryFiles, Vec<PathBuf>, Scope) {
        let folder = PathBuf::from(FOLDER);
        let mut memory = MemoryFiles::new();
        for (path, text) in &self.files {
            memory.insert(folder.join(path), ready(text));
        }
        let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
        let first = self.files.iter().take(1).map(|(path, _)| path);
        let arguments = first.chain(&self.also).map(|path| folder.join(path)).collect();
        (memory, arguments, scope)
    }

    /// The names of the rules that speak at warning and above, each as often as it does.
    pub(crate) fn blamed(&self) -> Vec<&'static str> {
        let outcome = self.run();
        let at_least = outcome.findings.iter().filter(|finding| finding.severity >= Severity::Warning);
        at_least.map(|finding| finding.rule.name).collect()
    }
}

/// What belongs into `http`, and what into a `server` in it, as a whole main file.
pub(crate) fn root(http: &str, server: &str) -> String {
    format!("events {{}}\nhttp {{\n{http}\nserver {{\nlisten 80;\n{server}\n}}\n}}\n")
}

/// The main level and the logs of a configuration that is ready for production, on two lines: what rules say of these is
/// no part of a block.
const HEAD: &str = "worker_shutdown_timeout 1h; error_log /var/log/nginx/error.log info; events { worker_connections 1024; }\n\
    http { log_format websocket '$remote_addr [$time_local] \"$request\" $status rt=$request_time \
    up=$upstream_addr us=$upstream_status'; access_log /var/log/nginx/access.log websocket;\n";

/// The text; `events {}` and `http {` on two lines of it stand for [`HEAD`].
pub(crate) fn ready(text: &str) -> String {
    text.replacen("events {}\nhttp {\n", HEAD, 1)
}

/// Whether the text is a main file already.
fn is_whole(text: &str) -> bool {
    text.lines().any(|line| ["events", "http"].contains(&line.split_whitespace().next().unwrap_or_default()))
}

/// A text without `http` as a main file: into `http` where it starts with a block of that level, else into a server.
fn wrapped(text: &str) -> String {
    let mut heads =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    match heads.next() {
        _ if is_whole(text) => text.to_owned(),
        Some("map" | "upstream" | "server") => format!("{HEAD}{text}}}\n"),
        _ => format!("{HEAD}server {{\n{text}}}\n}}\n"),
    }
}

/// Rule, severity and message of each finding, for the texts of failing tests.
pub(crate) fn listed(findings: &[Finding]) -> String {
    let line =
        |finding: &Finding| format!("  {} {}: {}\n", finding.severity, finding.rule.name, finding.message);
    findings.iter().map(line).collect()
}
