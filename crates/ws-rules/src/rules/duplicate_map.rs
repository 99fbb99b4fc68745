//! `duplicate-map`: two maps define one variable, and the last one wins in silence.
//!
//! `http/modules/ngx_http_map_module.c:ngx_http_map_block` adds the variable as changeable and then sets its handler
//! anew (`http/ngx_http_variables.c:ngx_http_add_variable`).

use std::borrow::Cow;
use std::collections::HashMap;

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, ContextKind, Directive, Presence};
use nginx_syntax::lossy;

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct DuplicateMap;

const META: RuleMeta = RuleMeta {
    name: "duplicate-map",
    group: Group::Configuration,
    severity: Severity::Warning,
    summary: "two maps define the variable of a handshake; the last one silently wins",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/duplicate-map.md"),
};

impl Rule for DuplicateMap {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let maps: Vec<Map<'_>> =
            cx.configuration().of_kind(ContextKind::Map).filter_map(|map| Map::of(cx, map)).collect();
        // Most have a name of their own.
        let mut last: HashMap<(ContextId, &[u8]), &Map<'_>> = HashMap::with_capacity(maps.len());
        last.extend(maps.iter().map(|map| (map.key(), map)));
        for map in &maps {
            let Some(last) = last.get(&map.key()).filter(|last| last.map != map.map) else { continue };
            if last.body(cx) == map.body(cx) || !is_about_handshakes(cx, map, last) {
                continue;
            }
            let name = lossy(&map.name).into_owned();
            let message = format!("this `map` has no effect: nginx uses the last one for `{name}`");
            out.push(
                FindingBuilder::new(&META, &map.opener, message)
                    .because(&last.opener, "this one is used")
                    .help("remove one of the two, or give them different variables"),
            );
        }
    }
}

/// A map of one `http`.
struct Map<'s> {
    map: ContextId,
    opener: Directive<'s>,
    http: ContextId,
    /// In lower case, with its `$`.
    name: Vec<u8>,
}

impl<'s> Map<'s> {
    fn of(cx: &Context<'_, 's>, map: ContextId) -> Option<Self> {
        let configuration = cx.configuration();
        let (opener, http) = (configuration.opener(map)?, configuration.context(map).parent?);
        if configuration.context(http).presence != Presence::Given
            || !configuration.context(map).gaps.is_empty()
        {
            return None;
        }
        Some(Self { map, opener, http, name: opener.argument(1)?.to_ascii_lowercase() })
    }

    fn key(&self) -> (ContextId, &[u8]) {
        (self.http, &self.name)
    }

    /// Source, and the words of each line.
    fn body(&self, cx: &Context<'_, 's>) -> Vec<Vec<Cow<'s, [u8]>>> {
        let line = |line: Directive<'s>| std::iter::once(line.name_bytes()).chain(line.arguments()).collect();
        let mut body: Vec<Vec<_>> = cx.configuration().directives(self.map).map(line).collect();
        // The order of literals makes no difference, that of regexes does.
        if !body.iter().flatten().any(|word| word.starts_with(b"~")) {
            body.sort();
        }
        body.push(self.opener.argument(0).into_iter().collect());
        body
    }
}

/// Whether one of them asks for the handshake's own fields, or a handshake is sent with the variable.
fn is_about_handshakes(cx: &Context<'_, '_>, first: &Map<'_>, last: &Map<'_>) -> bool {
    let asks = |map: &Map<'_>| {
        let source = map.opener.argument(0).unwrap_or_default().to_ascii_lowercase();
        [b"http_upgrade".as_slice(), b"http_connection"]
            .iter()
            .any(|name| source.windows(name.len()).any(|part| part == *name))
    };
    asks(first) || asks(last) || cx.model.sent_lines().are_written(&first.name)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Options, check, check_with, found, labels};

    const SERVER: &str = "server { location /ws/ { proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
        proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_read_timeout 1h; } }";

    #[test]
    fn the_last_map_wins() {
        let findings = check(&format!(
            r#"
    map $http_upgrade $connection_upgrade {{
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: this `map` has no effect: nginx uses the last one for `$connection_upgrade`
    default upgrade; '' '';
}}
map $http_upgrade $Connection_Upgrade {{ default upgrade; '' close; }}
{SERVER}
"#
        ));
        assert_eq!(labels(&findings[0]), ["this one is used"]);
    }

    #[test]
    fn in_another_file() {
        check_with(
            Options::version(""),
            &format!(
                r#"
events {{}}
http {{
    include conf.d/*.conf;
    {SERVER}
}}
    #- conf.d/a.conf
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
   #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: this `map` has no effect: nginx uses…
    #- conf.d/b.conf
    map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
"#
            ),
        );
    }

    #[test]
    fn silent_where_they_are_equal_or_about_something_else() {
        for maps in [
            "map $http_upgrade $connection_upgrade { default upgrade; '' close; } map $http_upgrade $connection_upgrade { '' close; default upgrade; }",
            "map $uri $x { default 1; } map $uri $x { default 2; } map $http_upgrade $connection_upgrade { default upgrade; '' close; }",
            "map $http_upgrade $connection_upgrade { default upgrade; '' close; } map $http_upgrade $other { default 1; }",
        ] {
            assert!(found(&format!("{maps}\n{SERVER}")).is_empty(), "{maps}");
        }
    }
}
