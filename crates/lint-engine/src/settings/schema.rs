//! The JSON Schema of a settings file, for editors: what [`super::file`] reads, as types.
//!
//! The reader keeps the place of each key and goes on behind what is wrong, which no derived one does; a test holds the two
//! together.

#![expect(dead_code, reason = "these types are looked at, not made")]

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};

/// Settings of nginx-ws-lint for the tree below the folder of this file.
#[derive(JsonSchema)]
#[schemars(title = "nginx-ws-lint settings", rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    /// The nginx to judge for: a release (1.22.1), a branch (1.22) or a range (1.18-1.30).
    nginx_version: Option<String>,
    /// Files that are main files, whatever their names; relative to the folder of this file.
    roots: Option<OneOrMore>,
    /// The folder that stands for /etc/nginx.
    prefix: Option<String>,
    /// What the configuration names, and what stands for it here.
    path_map: Option<BTreeMap<String, String>>,
    /// Files and folders that are left out, as patterns of paths below the folder of this file.
    exclude: Option<OneOrMore>,
    /// Paths or URLs that carry WebSockets.
    websocket_paths: Option<OneOrMore>,
    /// Paths that carry no WebSockets, whatever they look like.
    not_websocket: Option<OneOrMore>,
    /// How often either side sends something.
    heartbeat: Option<Duration>,
    /// The shortest idle limit that is enough.
    min_read_timeout: Option<Duration>,
    /// How many WebSockets are open at once.
    expected_connections: Option<u64>,
    /// The proxies in front of nginx, from the outside in.
    layers: Option<Vec<Layer>>,
    /// Severities by the names of rules and groups.
    rules: Option<Rules>,
    /// What holds in some files; a later entry counts more.
    overrides: Option<Vec<Override>>,
}

/// A text, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// A number of seconds, or a text in nginx's units: "25s", "5m".
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Duration {
    Seconds(u64),
    Text(String),
}

/// A proxy in front of nginx.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
struct Layer {
    /// A preset, or a name of your own.
    name: String,
    /// After so much silence it closes a connection.
    idle_timeout: Option<Duration>,
    /// Whether it passes WebSockets on.
    websocket: Option<bool>,
}

/// Levels by rule or group.
type Rules = BTreeMap<String, RuleSetting>;

/// A level, or a table with it.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum RuleSetting {
    Level(Level),
    Table(RuleTable),
}

/// Options of a rule.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
struct RuleTable {
    severity: Option<Level>,
}

/// How a rule's findings count.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Level {
    Off,
    Pedantic,
    Info,
    Warning,
    Error,
}

/// Rules in some files.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
struct Override {
    /// Patterns of paths below the folder of this file.
    files: OneOrMore,
    /// Severities by the names of rules and groups.
    rules: Option<Rules>,
}

/// The schema as a text, with a line feed at its end.
pub fn settings_schema() -> String {
    format!("{:#}\n", schema().as_value())
}

fn schema() -> Schema {
    schema_for!(Settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KEYS;

    #[test]
    fn the_schema_has_the_keys_of_the_reader() {
        let schema = schema();
        let properties = schema.get("properties").and_then(|value| value.as_object()).unwrap();
        let mut keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, KEYS);
    }
}
