//! The JSON Schema of a settings file, for editors: what [`super::file`] reads, as types.
//!
//! The reader keeps the place of each key and goes on after a mistake, which no derived reader does. Tests compare the two.

#![expect(dead_code, reason = "these types are looked at, not made")]

use std::collections::BTreeMap;

use lint_finding::Group;
use nginx_semantics::budgets::ENTRIES;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, json_schema, schema_for};
use ws_model::layers;
use ws_rules::RULES;

/// What `nginx-version` may be: numbers, or what `nginx -v` prints.
const VERSION: &str =
    r"^\s*(nginx version:\s*)?(nginx/)?[0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9]+\.[0-9]+(\.[0-9]+)?| \(.*)?\s*$";

/// Units from large to small, each at most once; the last may be left out and means seconds.
const TIME: &str = "^[0-9]+(w *)?([0-9]*d *)?([0-9]*h *)?([0-9]*m *)?([0-9]*s *)?([0-9]*ms *)? *[0-9]*$";

/// A path of requests.
const PATH: &str = "^/";

/// A path of requests, or a URL.
const PATH_OR_URL: &str = r"^(/|([Ww][Ss]|[Hh][Tt][Tt][Pp])[Ss]?://[^/?#@\s]+([/?][^#\s]*)?$)";

/// A path below the folder of the file that leads to something, and not up.
const PATTERN: &str = r"^(\./)?[^/]";

/// Settings of nginx-ws-lint for the tree below the folder of this file.
#[derive(JsonSchema)]
#[schemars(title = "nginx-ws-lint settings", rename_all = "kebab-case", deny_unknown_fields)]
struct Settings {
    /// The nginx to judge for: a release (1.22.1), a branch (1.22) or a range (1.18-1.30).
    #[schemars(regex(pattern = VERSION))]
    nginx_version: Option<String>,
    /// Files that are main files, whatever their names; relative to the folder of this file.
    roots: Option<OneOrMore<Text>>,
    /// The folder that stands for /etc/nginx.
    prefix: Option<String>,
    /// What the configuration names, and what stands for it here.
    #[schemars(extend("maxProperties" = ENTRIES))]
    path_map: Option<BTreeMap<String, String>>,
    /// Files and folders that are left out, as patterns of paths below the folder of this file.
    exclude: Option<OneOrMore<Pattern>>,
    /// Paths or URLs that carry WebSockets.
    websocket_paths: Option<OneOrMore<PathOrUrl>>,
    /// Paths that carry no WebSockets, whatever they look like.
    not_websocket: Option<OneOrMore<RequestPath>>,
    /// How often either side sends something.
    heartbeat: Option<Duration>,
    /// The shortest idle limit that is enough.
    min_read_timeout: Option<Duration>,
    /// How many WebSockets are open at once.
    expected_connections: Option<u64>,
    /// The proxies in front of nginx, from the outside in.
    #[schemars(length(max = ENTRIES))]
    layers: Option<Vec<Layer>>,
    /// Severities by the names of rules and groups.
    rules: Option<Rules>,
    /// What holds in some files; a later entry counts more.
    #[schemars(length(max = ENTRIES))]
    overrides: Option<Vec<Override>>,
}

/// One, or a list.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum OneOrMore<T> {
    One(T),
    More(#[schemars(length(max = ENTRIES))] Vec<T>),
}

/// A path of the file system.
#[derive(JsonSchema)]
struct Text(String);

/// `*` is a part of a name, `**` any number of folders.
#[derive(JsonSchema)]
struct Pattern(#[schemars(regex(pattern = PATTERN))] String);

/// A path of requests, such as "/ws".
#[derive(JsonSchema)]
struct RequestPath(#[schemars(regex(pattern = PATH))] String);

/// A path of requests, such as "/ws", or a URL, such as <wss://example.com/ws>.
#[derive(JsonSchema)]
struct PathOrUrl(#[schemars(regex(pattern = PATH_OR_URL))] String);

/// A number of seconds, or a text in nginx's units: "25s", "5m".
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Duration {
    Seconds(#[schemars(range(max = u64::MAX / 1_000))] u64),
    Text(#[schemars(regex(pattern = TIME))] String),
}

/// A proxy in front of nginx.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, transform = of_a_layer)]
struct Layer {
    /// A preset, or a name of your own with `idle-timeout` or `websocket = false`.
    name: String,
    /// After so much silence it closes a connection.
    idle_timeout: Option<Duration>,
    /// Whether it passes WebSockets on.
    websocket: Option<bool>,
}

/// Severities by the names of rules and groups.
#[derive(JsonSchema)]
#[schemars(transform = of_rules)]
struct Rules(BTreeMap<String, RuleSetting>);

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
    files: OneOrMore<Pattern>,
    /// Severities by the names of rules and groups.
    rules: Option<Rules>,
}

/// The schema as a text, with a line feed at its end.
pub fn settings_schema() -> String {
    format!("{:#}\n", schema().as_value())
}

fn schema() -> Schema {
    let mut schema = schema_for!(Settings);
    RecursiveTransform(without_null).transform(&mut schema);
    schema
}

/// TOML has no null: a key that is optional is left out.
fn without_null(schema: &mut Schema) {
    let null = json_schema!({ "type": "null" }).to_value();
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(types) = object.get_mut("type").and_then(|types| types.as_array_mut()) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(choices) = object.get_mut("anyOf").and_then(|choices| choices.as_array_mut()) {
        choices.retain(|one| *one != null);
        let [only] = choices.as_slice() else { return };
        let Some(only) = only.as_object().cloned() else { return };
        object.remove("anyOf");
        object.extend(only);
    }
}

/// The names of rules and groups, which an editor can offer.
fn of_rules(schema: &mut Schema) {
    let rules = RULES.iter().map(|rule| rule.meta().name);
    let mut names: Vec<&str> = rules.chain(Group::ALL.iter().map(|group| group.name())).collect();
    names.sort_unstable();
    schema.insert("propertyNames".to_owned(), json_schema!({ "enum": names }).to_value());
    schema.insert("maxProperties".to_owned(), ENTRIES.into());
}

/// Only presets have limits that need not be told.
fn of_a_layer(schema: &mut Schema) {
    let presets = layers::all().iter().flat_map(|preset| preset.also.iter().chain([&preset.id]));
    let mut presets: Vec<&str> = presets.copied().collect();
    presets.sort_unstable();
    let choices = [
        json_schema!({ "properties": { "name": { "enum": presets } } }),
        json_schema!({ "required": ["idle-timeout"] }),
        json_schema!({ "properties": { "websocket": { "const": false } }, "required": ["websocket"] }),
    ];
    let choices: Vec<_> = choices.into_iter().map(Schema::to_value).collect();
    schema.insert("anyOf".to_owned(), choices.into());
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::{KEYS, ProblemKind, SettingsFile};

    /// Whether the schema accepts it, and whether the reader finds nothing wrong.
    fn verdicts(validator: &jsonschema::Validator, text: &str) -> (bool, bool) {
        let value: Value = serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap();
        let is_valid = validator.is_valid(&value);
        let file = SettingsFile::parse(Path::new("/.nginx-ws-lint.toml"), "", text.into()).unwrap();
        let is_read = |kind: ProblemKind| matches!(kind, ProblemKind::Question | ProblemKind::Unused);
        (is_valid, file.problems.iter().all(|problem| is_read(problem.kind)))
    }

    #[test]
    fn the_schema_has_the_keys_of_the_reader() {
        let schema = schema();
        let properties = schema.get("properties").and_then(|value| value.as_object()).unwrap();
        let mut keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, KEYS);
    }

    /// What some key takes, and what none does.
    const VALUES: &str = r#"1
0
-1
1.5
true
false
[]
{}
""
[""]
[1]
["/ws", 1]
[[]]
20_000
99999999999999999
"1.22"
"1.22.1"
"1.18-1.30"
"1.18.1-1.30"
"v1.22"
"nginx/1.22.1 (Ubuntu)"
"1"
"1.2.3.4"
"new"
"25s"
"5m"
"1h 30m"
"1h30m10s"
"500ms"
"1w2d"
"2d1w"
"1M"
"1y"
"25 s"
"soon"
"-5"
"5x"
"1.5h"
"/ws"
"ws"
["/a", "/b"]
["/a", "b"]
"wss://example.com/ws"
"WSS://example.com"
"https://example.com:8443"
"ftp://example.com/"
"wss://"
"wss://a b/"
"wss://u@h/"
"ws://h/#f"
"deploy/nginx.conf"
"./vendor/"
"**/*.bak"
["vendor", "/etc"]
"/"
"./"
"off"
"loud"
{ "/etc/nginx/snippets" = "snippets" }
{ "/etc" = 1 }
{ short-read-timeout = "off" }
{ lifetime = "pedantic" }
{ short-read-timeout = { severity = "info" } }
{ short-read-timeout = { } }
{ short-read-timeout = { level = "info" } }
{ short-read-timeout = "OFF" }
{ short-read-timout = "off" }
{ short-read-timeout = true }
[{ name = "cloudflare" }]
[{ name = "alb" }]
[{ name = "ours" }]
[{ name = "ours", idle-timeout = 60 }]
[{ name = "ours", websocket = false }]
[{ name = "ours", websocket = true }]
[{ name = "ours", idle-timeout = "long" }]
[{ idle-timeout = 5 }]
[{ name = 1 }]
[{ name = "alb", colour = 1 }]
{ name = "alb" }
[{ files = "a" }]
[{ files = ["a"], rules = { handshake = "off" } }]
[{ rules = { } }]
[{ files = "a", rules = [] }]
[{ files = "/a" }]
[{ files = "a", more = 1 }]
[{ files = "a", rules = { no-such = "off" } }]"#;

    /// Each key with each value.
    #[test]
    fn the_schema_accepts_what_the_reader_accepts() {
        let validator = jsonschema::validator_for(schema().as_value()).unwrap();
        let mut differ = Vec::new();
        for key in KEYS.into_iter().chain(["websocket-path", "Rules"]) {
            for value in VALUES.lines() {
                let text = format!("{key} = {value}\n");
                let (schema, reader) = verdicts(&validator, &text);
                if schema != reader {
                    differ.push(format!("{text}schema {schema}, reader {reader}"));
                }
            }
        }
        assert!(differ.is_empty(), "{}", differ.join("\n"));
    }
}
