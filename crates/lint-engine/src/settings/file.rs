//! `.nginx-ws-lint.toml`: what a project says about its nginx and its WebSockets.
//!
//! What is wrong in it is said with the place where it stands, and the rest counts all the same.

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lint_finding::Severity;
use nginx_semantics::{PathPattern, VersionRange, normalize};
use nginx_syntax::{Source, Span};
use toml::de::DeTable;
use ws_model::layers::Layer;

use self::read::Reader;
use super::Selector;

pub use self::read::KEYS;

/// What the file is called.
pub const FILE_NAME: &str = ".nginx-ws-lint.toml";

/// What `[rules]` says of a rule or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// It is not run.
    Off,
    /// Its findings have this severity.
    At(Severity),
}

impl Level {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::At(severity) => severity.name(),
        }
    }
}

/// A file or folder that a settings file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPath {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// Paths by a pattern, as a settings file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetPattern {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `[[overrides]]`: what holds in some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Override {
    /// `files`
    pub files: Vec<SetPattern>,
    /// `rules`, each with where its name stands.
    pub levels: Vec<(Selector, Level, Span)>,
    /// Where it begins.
    pub span: Span,
}

/// What a settings file sets. Paths are relative to its folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// Where each key stands, `rules.NAME` for those of a table.
    pub places: BTreeMap<String, Span>,
    /// `exclude`: what walking leaves out.
    pub excludes: Vec<SetPattern>,
    /// `[[overrides]]`, in order; a later one counts more.
    pub overrides: Vec<Override>,
    /// `nginx-version`
    pub versions: Option<VersionRange>,
    /// `roots`: files that are judged as main files.
    pub roots: Vec<SetPath>,
    /// `prefix`: the folder that stands for `/etc/nginx`.
    pub prefix: Option<SetPath>,
    /// `path-map`: what the configuration names, and what stands for it here.
    pub path_maps: Vec<(String, SetPath)>,
    /// `websocket-paths`
    pub websocket_paths: Vec<SetPath>,
    /// `not-websocket`: paths that carry none, whatever they look like.
    pub not_websocket: Vec<SetPath>,
    /// `heartbeat`: how often either side sends something, in milliseconds.
    pub heartbeat_ms: Option<u64>,
    /// `min-read-timeout`: the shortest idle limit that is enough, in milliseconds.
    pub min_read_timeout_ms: Option<u64>,
    /// `expected-connections`: how many WebSockets are open at once.
    pub expected_connections: Option<u64>,
    /// `[[layers]]`, from the outside in.
    pub layers: Vec<Layer>,
    /// `[rules]`, each with where its name stands.
    pub levels: Vec<(Selector, Level, Span)>,
}

/// Something that is wrong in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Where.
    pub span: Span,
    /// In words.
    pub message: String,
    /// What it means.
    pub kind: ProblemKind,
}

/// What a problem of a settings file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// It counts for nothing.
    Wrong,
    /// Nothing is wrong, and something has to be told before more can be said.
    Question,
    /// It changes nothing.
    Unused,
    /// There is more of it than a budget allows.
    TooLarge,
}

/// A settings file that was read.
#[derive(Debug, Clone)]
pub struct SettingsFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text.
    pub source: Arc<Source>,
    /// What it sets.
    pub settings: FileSettings,
    /// What is wrong in it, in order.
    pub problems: Vec<SettingsProblem>,
    /// The folder that its paths are relative to.
    pub base: PathBuf,
    /// The paths that were ignored because they lead out of that folder, as written.
    pub denied: Vec<String>,
}

impl SettingsFile {
    /// Reads one; `shown` is its path for people.
    ///
    /// # Errors
    /// When it is larger than any file that is read.
    pub fn parse(path: &Path, shown: &str, bytes: Vec<u8>) -> Result<Self, nginx_syntax::TooLarge> {
        let (text, stray) = as_text(&bytes);
        let source = Arc::new(Source::new(shown, bytes)?);
        let mut reader = Reader::default();
        if let Some(at) = stray {
            reader.problem(at..at + 1, "this byte is not UTF-8, which TOML has to be".to_owned());
        }
        let (table, errors) = DeTable::parse_recoverable(&text);
        for error in &errors {
            reader.problem(error.span().unwrap_or_default(), error.message().to_owned());
        }
        reader.top(table.get_ref());
        let Reader { mut problems, settings } = reader;
        problems.sort_by_key(|problem| problem.span);
        let base = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Self { path: path.to_owned(), source, settings, problems, base, denied: Vec::new() })
    }

    /// A path of it, from its folder.
    pub fn resolve(&self, path: &SetPath) -> PathBuf {
        normalize(&self.base.join(&path.text))
    }

    /// The patterns that can be read of these, below its folder.
    pub(crate) fn compiled<'p>(
        &'p self,
        patterns: &'p [SetPattern],
    ) -> impl Iterator<Item = PathPattern> + 'p {
        patterns.iter().filter_map(|pattern| PathPattern::new(&self.base, &pattern.text).ok())
    }

    /// All files and folders that it names.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &SetPath> {
        let FileSettings { roots, prefix, path_maps, .. } = &self.settings;
        roots.iter().chain(prefix).chain(path_maps.iter().map(|(_, path)| path))
    }

    /// Drops the paths that may not be followed, and says so where they stand.
    pub(crate) fn keep_paths(&mut self, why: &str, may_be_followed: impl Fn(&Path) -> bool) {
        let Self { settings, problems, base, denied, .. } = self;
        let mut keep = |path: &SetPath| {
            if may_be_followed(&normalize(&base.join(&path.text))) {
                return true;
            }
            let message = format!("this path is ignored: {why}");
            problems.push(SettingsProblem { span: path.span, message, kind: ProblemKind::Wrong });
            denied.push(path.text.clone());
            false
        };
        settings.roots.retain(&mut keep);
        settings.prefix = settings.prefix.take().filter(&mut keep);
        settings.path_maps.retain(|(_, path)| keep(path));
        problems.sort_by_key(|problem| problem.span);
    }
}

/// The bytes as text in which every place is the same as in the file, and the first byte that is no UTF-8: such bytes are
/// question marks, one for one.
fn as_text(bytes: &[u8]) -> (String, Option<usize>) {
    let mut text = String::with_capacity(bytes.len());
    let mut stray = None;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            stray = stray.or(Some(text.len()));
        }
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    (text, stray)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> SettingsFile {
        SettingsFile::parse(Path::new("/repo/.nginx-ws-lint.toml"), ".nginx-ws-lint.toml", text.into())
            .unwrap()
    }

    /// The marked text and the message of each problem.
    fn problems(text: &str) -> Vec<String> {
        let file = parse(text);
        let shown = |problem: &SettingsProblem| {
            let marked = String::from_utf8_lossy(problem.span.of(text.as_bytes())).into_owned();
            format!("{marked} -> {}", problem.message)
        };
        file.problems.iter().map(shown).collect()
    }

    #[test]
    fn everything_that_can_be_set() {
        let file = parse(
            r#"
nginx-version = "1.22"
roots = ["deploy/nginx.conf"]
prefix = "deploy"
path-map = { "/etc/nginx/snippets" = "snippets" }
websocket-paths = ["/live"]
not-websocket = "/wsdl"
heartbeat = 25
min-read-timeout = "5m"
expected-connections = 20_000
[[layers]]
name = "cloudflare"
[[layers]]
name = "our own"
idle-timeout = "350s"
[rules]
short-read-timeout = "info"
handshake = { severity = "error" }
keepalive-defeated = "off"
"#,
        );
        assert_eq!(file.problems, []);
        insta_free(&file.settings);
        assert_eq!(file.resolve(&file.settings.roots[0]), Path::new("/repo/deploy/nginx.conf"));
    }

    fn insta_free(settings: &FileSettings) {
        assert_eq!(settings.versions.map(|versions| versions.min.minor), Some(22));
        assert_eq!(settings.roots[0].text, "deploy/nginx.conf");
        assert_eq!(settings.prefix.as_ref().map(|path| &path.text[..]), Some("deploy"));
        let (from, to) = &settings.path_maps[0];
        assert_eq!((&from[..], &to.text[..]), ("/etc/nginx/snippets", "snippets"));
        assert_eq!(
            (&*settings.websocket_paths[0].text, &*settings.not_websocket[0].text),
            ("/live", "/wsdl")
        );
        assert_eq!((settings.heartbeat_ms, settings.min_read_timeout_ms), (Some(25_000), Some(300_000)));
        assert_eq!(settings.expected_connections, Some(20_000));
        let layers: Vec<_> =
            settings.layers.iter().map(|layer| (layer.name.as_str(), layer.idle_timeout_ms)).collect();
        assert_eq!(layers, [("cloudflare", None), ("our own", Some(350_000))]);
        assert_eq!(settings.levels.len(), 3);
        assert!(
            settings.levels.iter().any(|(selector, level, _)| (*selector, *level)
                == (Selector::Rule("keepalive-defeated"), Level::Off))
        );
    }

    #[test]
    fn a_byte_that_is_not_utf_8_moves_no_place() {
        let text = b"prefix = \"caf\xe9\xe9\"\nnonsense = 1\n";
        let file = SettingsFile::parse(Path::new("/a"), "a", text.to_vec()).unwrap();
        let marked: Vec<&[u8]> = file.problems.iter().map(|problem| problem.span.of(text)).collect();
        assert_eq!(marked, [&b"\xe9"[..], b"nonsense"]);
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place_and_the_rest_counts() {
        assert_eq!(
            problems(
                "websocket-path = [\"/a\"]\nheartbeat = \"soon\"\n[rules]\nshort-read-timout = \"off\"\nhandshake = \"loud\"\n"
            ),
            [
                "websocket-path -> there is no setting `websocket-path`; did you mean `websocket-paths`?",
                "\"soon\" -> this must be a time, such as \"25s\", \"5m\", or a number of seconds",
                "short-read-timout -> there is no rule or group `short-read-timout`; did you mean `short-read-timeout`?",
                "\"loud\" -> this must be \"off\", \"pedantic\", \"info\", \"warning\" or \"error\"",
            ]
        );
        assert_eq!(problems("nginx-version = \"new\"\nlayers = 3\n").len(), 2);
        assert_eq!(problems("heartbeat = -1\nmin-read-timeout = -5\nexpected-connections = -1\n").len(), 3);
        let broken = parse("heartbeat = 25\nroots = [\nprefix = \"a\"\n");
        assert!(!broken.problems.is_empty());
        assert_eq!(broken.settings.heartbeat_ms, Some(25_000));
        assert!(!parse("\u{0}\u{fffd}").problems.is_empty());
    }
}
