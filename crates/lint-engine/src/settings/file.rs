//! `.nginx-ws-lint.toml`: what a project says about its nginx and its WebSockets.
//!
//! What is wrong in it is said with the place where it stands, and the rest counts all the same.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lint_finding::Severity;
use nginx_semantics::budgets::ENTRIES;
use nginx_semantics::{PathPattern, VersionRange, normalize, time};
use nginx_syntax::{Source, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use ws_model::Url;
use ws_model::layers::{self, Layer, Question};

use super::Selector;

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
    /// `rules`
    pub levels: Vec<(Selector, Level)>,
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
    pub not_websocket: Vec<String>,
    /// `heartbeat`: how often either side sends something, in milliseconds.
    pub heartbeat_ms: Option<u64>,
    /// `min-read-timeout`: the shortest idle limit that is enough, in milliseconds.
    pub min_read_timeout_ms: Option<u64>,
    /// `expected-connections`: how many WebSockets are open at once.
    pub expected_connections: Option<u64>,
    /// `[[layers]]`, from the outside in.
    pub layers: Vec<Layer>,
    /// `[rules]`
    pub levels: Vec<(Selector, Level)>,
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
        let mut reader = Reader { problems: Vec::new(), settings: FileSettings::default() };
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

/// The keys of a settings file, sorted.
pub const KEYS: [&str; 13] = [
    "exclude",
    "expected-connections",
    "heartbeat",
    "layers",
    "min-read-timeout",
    "nginx-version",
    "not-websocket",
    "overrides",
    "path-map",
    "prefix",
    "roots",
    "rules",
    "websocket-paths",
];

const OVERRIDE_KEYS: [&str; 2] = ["files", "rules"];

const LAYER_KEYS: [&str; 3] = ["idle-timeout", "name", "websocket"];

const LEVELS: [(&str, Level); 5] = [
    ("off", Level::Off),
    ("pedantic", Level::At(Severity::Pedantic)),
    ("info", Level::At(Severity::Info)),
    ("warning", Level::At(Severity::Warning)),
    ("error", Level::At(Severity::Error)),
];

type Value<'i> = Spanned<DeValue<'i>>;

struct Reader {
    problems: Vec<SettingsProblem>,
    settings: FileSettings,
}

impl Reader {
    fn problem(&mut self, range: Range<usize>, message: String) {
        self.say(range, message, ProblemKind::Wrong);
    }

    fn say(&mut self, range: Range<usize>, message: String, kind: ProblemKind) {
        self.problems.push(SettingsProblem { span: span(&range), message, kind });
    }

    /// How many entries of a list count, which is said where they are not all.
    fn counted(&mut self, value: &Value<'_>, count: usize) -> usize {
        if count > ENTRIES {
            let message = format!("of these {count} entries only the first {ENTRIES} count");
            self.say(value.span(), message, ProblemKind::TooLarge);
        }
        ENTRIES
    }

    fn unknown_key(&mut self, range: Range<usize>, key: &str, known: &[&'static str]) {
        let similar = super::similar(key, known.iter().copied());
        let hint = similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        self.problem(range, format!("there is no setting `{key}`{hint}"));
    }

    fn top(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.place(key.get_ref(), &key.span());
            match key.get_ref().as_ref() {
                "exclude" => self.settings.excludes = self.patterns(value),
                "overrides" => self.overrides(value),
                "nginx-version" => {
                    self.settings.versions = self.string(value).and_then(|text| self.parsed(value, &text));
                }
                "roots" => self.settings.roots = self.list(value, Self::path),
                "prefix" => self.settings.prefix = self.path(value),
                "path-map" => self.path_map(value),
                "websocket-paths" => self.settings.websocket_paths = self.paths_or_urls(value),
                "not-websocket" => self.settings.not_websocket = self.paths(value),
                "heartbeat" => self.settings.heartbeat_ms = self.duration(value),
                "min-read-timeout" => self.settings.min_read_timeout_ms = self.duration(value),
                "expected-connections" => self.settings.expected_connections = self.number(value),
                "layers" => self.layers(value),
                "rules" => self.settings.levels = self.rules(value, true),
                unknown => self.unknown_key(key.span(), unknown, &KEYS),
            }
        }
    }

    fn path_map(&mut self, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(value, "a table, such as { \"/etc/nginx/snippets\" = \"snippets\" }");
        };
        for (from, to) in table.iter().take(self.counted(value, table.len())) {
            if let Some(to) = self.path(to) {
                self.settings.path_maps.push((from.get_ref().to_string(), to));
            }
        }
    }

    fn layers(&mut self, value: &Value<'_>) {
        let DeValue::Array(array) = value.get_ref() else {
            return self.wrong(value, "written as [[layers]], once for each");
        };
        for layer in array.iter().take(self.counted(value, array.len())) {
            let DeValue::Table(table) = layer.get_ref() else {
                self.wrong(layer, "a table with `name`");
                continue;
            };
            let (mut name, mut idle_timeout_ms, mut websocket) = (None, None, None);
            for (key, value) in table {
                match key.get_ref().as_ref() {
                    "name" => name = self.string(value).map(|name| (name, value.span())),
                    "idle-timeout" => idle_timeout_ms = self.duration(value),
                    "websocket" => websocket = self.boolean(value),
                    unknown => self.unknown_key(key.span(), unknown, &LAYER_KEYS),
                }
            }
            match name {
                Some((name, place)) => {
                    let layer = Layer { name, idle_timeout_ms, websocket };
                    self.ask(&layer, &place);
                    self.settings.layers.push(layer);
                }
                None => self.problem(layer.span(), "a layer needs a `name`".to_owned()),
            }
        }
    }

    /// What has to be told of a layer before anything can be said of it.
    fn ask(&mut self, layer: &Layer, place: &Range<usize>) {
        let name = &layer.name;
        for question in layer.questions() {
            let (message, kind) = match question {
                Question::Unknown => {
                    let known =
                        layers::all().iter().flat_map(|preset| preset.also.iter().chain([&preset.id]));
                    let similar = super::similar(name, known.copied());
                    let hint =
                        similar.map(|name| format!("did you mean `{name}`? Else ")).unwrap_or_default();
                    let message = format!(
                        "there is no preset `{name}`; {hint}say how long it keeps a silent connection: `idle-timeout`"
                    );
                    (message, ProblemKind::Wrong)
                }
                Question::IdleTimeout => {
                    let message = format!(
                        "how long `{name}` keeps a silent connection is not known for sure; say so: `idle-timeout`"
                    );
                    (message, ProblemKind::Question)
                }
                Question::WebSocket => {
                    let message = format!(
                        "whether `{name}` passes WebSockets is not known for sure; say so: `websocket = true`, or `false`"
                    );
                    (message, ProblemKind::Question)
                }
            };
            self.say(place.clone(), message, kind);
        }
    }

    fn place(&mut self, key: &str, at: &Range<usize>) {
        self.settings.places.insert(key.to_owned(), span(at));
    }

    /// Those of the file itself, or of an override.
    fn rules(&mut self, value: &Value<'_>, is_top: bool) -> Vec<(Selector, Level)> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value, "a table: [rules]");
            return Vec::new();
        };
        let mut levels = Vec::new();
        for (key, value) in table.iter().take(self.counted(value, table.len())) {
            let Some(selector) = self.parsed::<Selector>(key, key.get_ref()) else { continue };
            if is_top {
                self.place(&format!("rules.{}", key.get_ref()), &key.span());
            }
            let level = match value.get_ref() {
                DeValue::Table(options) => self.options(options),
                _ => self.level(value),
            };
            levels.extend(level.map(|level| (selector, level)));
        }
        levels
    }

    fn overrides(&mut self, value: &Value<'_>) {
        let DeValue::Array(array) = value.get_ref() else {
            return self.wrong(value, "written as [[overrides]], once for each");
        };
        for one in array.iter().take(self.counted(value, array.len())) {
            let DeValue::Table(table) = one.get_ref() else {
                self.wrong(one, "a table with `files` and `rules`");
                continue;
            };
            let mut read = Override::default();
            for (key, value) in table {
                match key.get_ref().as_ref() {
                    "files" => read.files = self.patterns(value),
                    "rules" => read.levels = self.rules(value, false),
                    unknown => self.unknown_key(key.span(), unknown, &OVERRIDE_KEYS),
                }
            }
            if !table.iter().any(|(key, _)| key.get_ref() == "files") {
                self.problem(one.span(), "an override needs `files`".to_owned());
            }
            self.settings.overrides.push(read);
        }
    }

    /// Patterns of paths below the folder of the file.
    fn patterns(&mut self, value: &Value<'_>) -> Vec<SetPattern> {
        self.list(value, |reader, value| {
            let text = reader.string(value)?;
            match PathPattern::new(Path::new("/"), &text) {
                Ok(_) => Some(SetPattern { text, span: span(&value.span()) }),
                Err(error) => {
                    reader.problem(value.span(), error.to_string());
                    None
                }
            }
        })
    }

    fn options(&mut self, options: &DeTable<'_>) -> Option<Level> {
        let mut level = None;
        for (key, value) in options {
            match key.get_ref().as_ref() {
                "severity" => level = self.level(value),
                unknown => self.unknown_key(key.span(), unknown, &["severity"]),
            }
        }
        level
    }

    fn level(&mut self, value: &Value<'_>) -> Option<Level> {
        let text = self.string(value)?;
        let level = LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level);
        if level.is_none() {
            self.wrong(value, "\"off\", \"pedantic\", \"info\", \"warning\" or \"error\"");
        }
        level
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &mut self,
        at: &Spanned<impl Sized>,
        text: &str,
    ) -> Option<T> {
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problem(at.span(), error.to_string());
                None
            }
        }
    }

    fn string(&mut self, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.wrong(value, "a string");
                None
            }
        }
    }

    /// Of the file system.
    fn path(&mut self, value: &Value<'_>) -> Option<SetPath> {
        self.string(value).map(|text| SetPath { text, span: span(&value.span()) })
    }

    /// A list, or one.
    fn list<T>(&mut self, value: &Value<'_>, one: fn(&mut Self, &Value<'_>) -> Option<T>) -> Vec<T> {
        match value.get_ref() {
            DeValue::Array(array) => {
                let entries = array.iter().take(self.counted(value, array.len()));
                entries.filter_map(|value| one(self, value)).collect()
            }
            _ => one(self, value).into_iter().collect(),
        }
    }

    /// Of requests.
    fn paths(&mut self, value: &Value<'_>) -> Vec<String> {
        let paths = self.list(value, Self::string);
        if paths.iter().any(|path| !path.starts_with('/')) {
            self.wrong(value, "paths that start with `/`");
        }
        paths.into_iter().filter(|path| path.starts_with('/')).collect()
    }

    fn paths_or_urls(&mut self, value: &Value<'_>) -> Vec<SetPath> {
        let is_one = |word: &SetPath| word.text.starts_with('/') || Url::parse(&word.text).is_ok();
        let words = self.list(value, Self::path);
        if !words.iter().all(is_one) {
            self.wrong(value, "paths that start with `/`, or URLs such as wss://example.com/ws");
        }
        words.into_iter().filter(is_one).collect()
    }

    fn number(&mut self, value: &Value<'_>) -> Option<u64> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().replace('_', "").parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong(value, "a number");
        }
        number
    }

    fn boolean(&mut self, value: &Value<'_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(boolean) => Some(*boolean),
            _ => {
                self.wrong(value, "true or false");
                None
            }
        }
    }

    /// In milliseconds: a number of seconds, or a text in nginx's own units.
    fn duration(&mut self, value: &Value<'_>) -> Option<u64> {
        let duration = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<u64>().ok()?.checked_mul(1_000),
            DeValue::String(text) => time::parse_ms(text.as_bytes()),
            _ => None,
        };
        if duration.is_none() {
            self.wrong(value, "a time, such as \"25s\", \"5m\", or a number of seconds");
        }
        duration
    }

    fn wrong(&mut self, value: &Value<'_>, expected: &str) {
        self.problem(value.span(), format!("this must be {expected}"));
    }
}

fn span(range: &Range<usize>) -> Span {
    let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(bound(range.start), bound(range.end))
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
        assert_eq!((&*settings.websocket_paths[0].text, &*settings.not_websocket[0]), ("/live", "/wsdl"));
        assert_eq!((settings.heartbeat_ms, settings.min_read_timeout_ms), (Some(25_000), Some(300_000)));
        assert_eq!(settings.expected_connections, Some(20_000));
        let layers: Vec<_> =
            settings.layers.iter().map(|layer| (layer.name.as_str(), layer.idle_timeout_ms)).collect();
        assert_eq!(layers, [("cloudflare", None), ("our own", Some(350_000))]);
        assert_eq!(settings.levels.len(), 3);
        assert!(settings.levels.contains(&(Selector::Rule("keepalive-defeated"), Level::Off)));
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
        let broken = parse("heartbeat = 25\nroots = [\nprefix = \"a\"\n");
        assert!(!broken.problems.is_empty());
        assert_eq!(broken.settings.heartbeat_ms, Some(25_000));
        assert!(!parse("\u{0}\u{fffd}").problems.is_empty());
    }
}
