//! Reads the keys of a settings file: each by itself, so that the rest counts where one is wrong.

use std::ops::Range;
use std::path::Path;

use lint_finding::Severity;
use nginx_semantics::budgets::ENTRIES;
use nginx_semantics::{PathPattern, time};
use nginx_syntax::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use ws_model::Url;
use ws_model::layers::{self, Layer, Question};

use super::super::{Selector, similar};
use super::{FileSettings, Level, Override, ProblemKind, SetPath, SetPattern, SettingsProblem};

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

/// Reads a table, and notes what is wrong in it.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<SettingsProblem>,
    pub(super) settings: FileSettings,
}

impl Reader {
    pub(super) fn problem(&mut self, range: Range<usize>, message: String) {
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
        let similar = similar(key, known.iter().copied());
        let hint = similar.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        self.problem(range, format!("there is no setting `{key}`{hint}"));
    }

    pub(super) fn top(&mut self, table: &DeTable<'_>) {
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
                    let similar = similar(name, known.copied());
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
    fn rules(&mut self, value: &Value<'_>, is_top: bool) -> Vec<(Selector, Level, Span)> {
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
            levels.extend(level.map(|level| (selector, level, span(&key.span()))));
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
            let mut read = Override { span: span(&one.span()), ..Override::default() };
            let mut names_none = None;
            for (key, value) in table {
                if value.get_ref().as_array().is_some_and(|list| list.is_empty()) && key.get_ref() == "files"
                {
                    names_none = Some("this override changes nothing: it names no file");
                }
                match key.get_ref().as_ref() {
                    "files" => read.files = self.patterns(value),
                    "rules" => read.levels = self.rules(value, false),
                    unknown => self.unknown_key(key.span(), unknown, &OVERRIDE_KEYS),
                }
            }
            if !table.iter().any(|(key, _)| key.get_ref() == "files") {
                self.problem(one.span(), "an override needs `files`".to_owned());
            }
            let sets_none = match table.get("rules").map(Spanned::get_ref) {
                Some(DeValue::Table(rules)) => rules.is_empty(),
                Some(_) => false,
                None => true,
            };
            let names_none =
                names_none.or(sets_none.then_some("this override changes nothing: it sets no rule"));
            if let Some(message) = names_none {
                self.say(one.span(), message.to_owned(), ProblemKind::Unused);
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
    fn paths(&mut self, value: &Value<'_>) -> Vec<SetPath> {
        let paths = self.list(value, Self::path);
        if paths.iter().any(|path| !path.text.starts_with('/')) {
            self.wrong(value, "paths that start with `/`");
        }
        paths.into_iter().filter(|path| path.text.starts_with('/')).collect()
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
            DeValue::Integer(number) => {
                let seconds = number.as_str().replace('_', "").parse::<u64>();
                seconds.ok().and_then(|seconds| seconds.checked_mul(1_000))
            }
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
