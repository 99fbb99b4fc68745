//! `config show|init|schema`: the settings that count, a file to begin with, and what may stand in it.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use lint_engine::{FILE_NAME, FileSettings, Layer, Override, SettingsFile, settings_of};
use nginx_semantics::slashed;

use super::given::Given;
use crate::cli::{ConfigCommand, ConfigShowArgs};
use crate::error::Error;
use crate::exit::Exit;
use crate::say;

/// What may stand in a settings file, as JSON Schema.
const SCHEMA: &str = include_str!("../../docs/schemas/settings.v1.schema.json");

/// Settings to begin with: all of them, each as a comment.
const TEMPLATE: &str = include_str!("config/template.toml");

/// Shows, makes or describes settings.
pub(crate) fn run(command: &ConfigCommand) -> Result<Exit, Error> {
    match command {
        ConfigCommand::Show(args) => show(args),
        ConfigCommand::Init => init(),
        ConfigCommand::Schema { output } => {
            output.write(|out| out.write_all(SCHEMA.as_bytes()))?;
            Ok(Exit::Clean)
        }
    }
}

/// Makes a file in the working directory, unless there is one.
fn init() -> Result<Exit, Error> {
    let path = Path::new(FILE_NAME);
    let fail = |error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Error::SettingsThere(FILE_NAME),
        _ => Error::WriteFile { path: FILE_NAME.to_owned(), error },
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(fail)?;
    file.write_all(TEMPLATE.as_bytes()).map_err(fail)?;
    say(&format!("wrote {FILE_NAME}: remove `#:` from the lines that you need"));
    Ok(Exit::Clean)
}

/// Writes for each path which file counts and what it sets, with the line of each setting.
fn show(args: &ConfigShowArgs) -> Result<Exit, Error> {
    let given = Given::new(&args.input, Some("looking at"))?;
    let config = Given::config(&args.input);
    let found = given.with(|files, paths, scope| {
        let of = |path: &PathBuf| (path.clone(), settings_of(files, path, scope, &config));
        paths.iter().map(of).collect::<Vec<_>>()
    });
    let mut is_wrong = false;
    args.output.write(|out| {
        for (number, (path, settings)) in found.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            match settings {
                Ok(Some(settings)) => {
                    is_wrong |= !settings.problems.is_empty();
                    write_one(path, settings, out)?;
                }
                Ok(None) => writeln!(out, "# no {FILE_NAME} counts for {}", shown(path))?,
                Err(error) => {
                    is_wrong = true;
                    writeln!(out, "# the settings for {} cannot be read: {error}", shown(path))?;
                }
            }
        }
        Ok(())
    })?;
    Ok(if is_wrong { Exit::Failed } else { Exit::Clean })
}

fn shown(path: &Path) -> String {
    lint_report::escape(&slashed(path)).into_owned()
}

/// What the file sets, with the line of each setting behind it, and what is wrong in it.
fn write_one(path: &Path, file: &SettingsFile, out: &mut dyn Write) -> io::Result<()> {
    let name = lint_report::escape(file.source.path()).into_owned();
    writeln!(out, "# {name} counts for {}", shown(path))?;
    let line = |key: &str| file.settings.places.get(key).map(|span| file.source.line(span.start));
    for (key, value) in values(&file.settings) {
        let text = format!("{key} = {value}");
        match line(key.as_str()) {
            Some(line) => writeln!(out, "{text:<40}  # {name}:{line}")?,
            None => writeln!(out, "{text}")?,
        }
    }
    for problem in &file.problems {
        let line = file.source.line(problem.span.start);
        writeln!(out, "# {name}:{line}: {}", lint_report::escape(&problem.message))?;
    }
    Ok(())
}

/// Each setting as TOML has it.
fn values(settings: &FileSettings) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    let mut add =
        |key: &str, value: Option<String>| values.extend(value.map(|value| (key.to_owned(), value)));
    add(
        "nginx-version",
        settings.versions.map(|versions| quoted(&versions.to_string().replace(" to ", "-"))),
    );
    add("roots", list(settings.roots.iter().map(|path| &path.text)));
    add("prefix", settings.prefix.as_ref().map(|path| quoted(&path.text)));
    let maps = settings.path_maps.iter().map(|(from, to)| format!("{} = {}", quoted(from), quoted(&to.text)));
    add("path-map", inline_table(&maps.collect::<Vec<_>>()));
    add("exclude", list(settings.excludes.iter().map(|pattern| &pattern.text)));
    add("websocket-paths", list(settings.websocket_paths.iter().map(|path| &path.text)));
    add("not-websocket", list(settings.not_websocket.iter().map(|path| &path.text)));
    add("heartbeat", settings.heartbeat_ms.map(duration));
    add("min-read-timeout", settings.min_read_timeout_ms.map(duration));
    add("expected-connections", settings.expected_connections.map(|number| number.to_string()));
    let layers: Vec<String> = settings.layers.iter().map(layer).collect();
    add("layers", (!layers.is_empty()).then(|| format!("[{}]", layers.join(", "))));
    for (selector, level, _) in &settings.levels {
        add(&format!("rules.{}", selector.name()), Some(quoted(level.name())));
    }
    let overrides: Vec<String> = settings.overrides.iter().map(in_files).collect();
    add("overrides", (!overrides.is_empty()).then(|| format!("[{}]", overrides.join(", "))));
    values
}

fn layer(layer: &Layer) -> String {
    let mut parts = vec![format!("name = {}", quoted(&layer.name))];
    parts.extend(layer.idle_timeout_ms.map(|ms| format!("idle-timeout = {}", duration(ms))));
    parts.extend(layer.websocket.map(|websocket| format!("websocket = {websocket}")));
    format!("{{ {} }}", parts.join(", "))
}

fn in_files(one: &Override) -> String {
    let files = list(one.files.iter().map(|pattern| &pattern.text)).unwrap_or_else(|| "[]".to_owned());
    let levels = one.levels.iter();
    let levels = levels.map(|(selector, level, _)| format!("{} = {}", selector.name(), quoted(level.name())));
    let rules = inline_table(&levels.collect::<Vec<_>>()).unwrap_or_else(|| "{}".to_owned());
    format!("{{ files = {files}, rules = {rules} }}")
}

fn inline_table(entries: &[String]) -> Option<String> {
    (!entries.is_empty()).then(|| format!("{{ {} }}", entries.join(", ")))
}

fn list<'t>(texts: impl Iterator<Item = &'t String>) -> Option<String> {
    let texts: Vec<String> = texts.map(|text| quoted(text)).collect();
    (!texts.is_empty()).then(|| format!("[{}]", texts.join(", ")))
}

/// A basic string: TOML has the escapes of JSON, and no control character reaches a terminal by them.
fn quoted(text: &str) -> String {
    serde_json::Value::from(lint_report::escape(text)).to_string()
}

/// In nginx's own units.
fn duration(ms: u64) -> String {
    if ms % 1_000 == 0 { format!("\"{}s\"", ms / 1_000) } else { format!("\"{ms}ms\"") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lint_engine::KEYS;

    use super::*;

    /// Every key is in the template, in what is shown, and nothing of the template is wrong.
    #[test]
    fn the_template_has_every_key_and_reads() {
        let text: String =
            TEMPLATE.lines().map(|line| format!("{}\n", line.strip_prefix("#:").unwrap_or(line))).collect();
        let file = SettingsFile::parse(Path::new("/a/.nginx-ws-lint.toml"), "a", text.into_bytes()).unwrap();
        assert_eq!(file.problems, []);
        let shown: Vec<String> = values(&file.settings).into_iter().map(|(key, _)| key).collect();
        for key in KEYS {
            assert!(file.settings.places.contains_key(key), "{key}");
            assert!(shown.iter().any(|shown| shown == key || shown.starts_with(&format!("{key}."))), "{key}");
        }
        let again: String =
            values(&file.settings).iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let again =
            SettingsFile::parse(Path::new("/a/.nginx-ws-lint.toml"), "a", again.into_bytes()).unwrap();
        assert_eq!(again.problems, []);
        assert_eq!(values(&again.settings), values(&file.settings));
        let empty = SettingsFile::parse(Path::new("/a"), "a", TEMPLATE.into()).unwrap();
        assert_eq!((values(&empty.settings), empty.problems), (vec![], vec![]));
    }
}
