//! Names of directives that nginx does not have, and what they were meant for.

use std::collections::BTreeMap;

use nginx_semantics::catalogue::{self, ModuleKind};
use nginx_semantics::{Configuration, ContextId, ContextKind, Directive, DirectiveName, NginxVersion};
use nginx_syntax::lossy;

/// What somebody meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// A directive that is written nearly so.
    Like(&'static str),
    /// Something about WebSockets, which this directive of nginx does, if any.
    WebSocket(Option<&'static str>),
}

impl Meant {
    /// The directive to write.
    pub(crate) fn instead(self) -> Option<&'static str> {
        match self {
            Self::Like(name) => Some(name),
            Self::WebSocket(name) => name,
        }
    }
}

/// Modules of others whose directives look like nginx's own, or speak of WebSockets.
const ELSEWHERE: [&str; 12] = [
    "ajp_",
    "brotli_",
    "geoip2",
    "js_",
    "lua_",
    "memc_",
    "nchan_",
    "otel_",
    "push_stream_",
    "srcache_",
    "subs_filter",
    "vhost_traffic_status",
];

/// What is gone since before is not meant any more.
const FORGOTTEN: NginxVersion = NginxVersion::new(1, 18, 0);

/// So many different names are looked at: each is compared with all of nginx's.
const MOST_NAMES: usize = 200;

/// So many lines of a block are looked at for what was meant for one location.
const MOST_LINES: usize = 50;

/// Unknown names that were looked at.
#[derive(Default)]
pub(crate) struct Misspelt(BTreeMap<Vec<u8>, Option<Meant>>);

impl Misspelt {
    /// What a directive was meant for that nginx does not have; `None` for others, and where nothing is near.
    pub(crate) fn meant(&mut self, directive: &Directive<'_>, kind: ContextKind) -> Option<Meant> {
        if directive.name() != DirectiveName::UNKNOWN {
            return None;
        }
        let (module, _) = kind.commands()?;
        let name = directive.name_bytes();
        if let Some(known) = self.0.get(name.as_ref()) {
            return *known;
        }
        if self.0.len() >= MOST_NAMES {
            return None;
        }
        let meant = of_name(&name, module);
        self.0.insert(name.into_owned(), meant);
        meant
    }
}

/// A line in a context or around it, up to its server, that was to be `wanted`, if `suits`.
pub(crate) fn meant_for<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
    wanted: &str,
    suits: impl Fn(&Directive<'s>) -> bool,
) -> Option<Directive<'s>> {
    let mut misspelt = Misspelt::default();
    let levels = configuration
        .levels(context)
        .take_while(|level| configuration.context(*level).kind != ContextKind::Http);
    for level in levels {
        let kind = configuration.context(level).kind;
        for line in configuration.named(level, DirectiveName::UNKNOWN).take(MOST_LINES) {
            let is_meant = misspelt.meant(&line, kind).and_then(Meant::instead) == Some(wanted);
            if is_meant && suits(&line) && line.may_be_shown() {
                return Some(line);
            }
        }
    }
    None
}

/// The same for a `proxy_set_header` of a field.
pub(crate) fn meant_for_header<'s>(
    configuration: Configuration<'s>,
    context: ContextId,
    field: &[u8],
) -> Option<Directive<'s>> {
    meant_for(configuration, context, "proxy_set_header", |line| {
        line.argument(0).is_some_and(|name| name.eq_ignore_ascii_case(field))
    })
}

/// What a label says at such a line.
pub(crate) fn sets_nothing(line: &Directive<'_>) -> String {
    format!("nginx has no `{}`, so this sets nothing", lossy(&line.name_bytes()))
}

fn of_name(name: &[u8], module: ModuleKind) -> Option<Meant> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    // A sign that sticks to a name belongs to it: `#` begins a comment behind a blank alone
    // (`core/ngx_conf_file.c:ngx_conf_read_token`), and nginx needs no `:` or `=`.
    let length = name.iter().take_while(|byte| is_of_name(byte)).count();
    if let Some((own, [b'#' | b':' | b'=' | b',' | b'.', ..])) = name.split_at_checked(length) {
        let row = catalogue::directives()
            .iter()
            .find(|row| row.kind == module && row.removed.is_none() && row.name.as_bytes() == own);
        return row.map(|row| Meant::Like(row.name));
    }
    if name.len() > 64 || !name.iter().all(is_of_name) {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase().replace('-', "_");
    if ELSEWHERE.iter().any(|start| name.starts_with(start)) {
        return None;
    }
    let rows = || {
        let is_alive = |removed: Option<NginxVersion>| removed.is_none_or(|removed| removed > FORGOTTEN);
        catalogue::directives().iter().filter(move |row| row.kind == module && is_alive(row.removed))
    };
    if let Some(row) = rows().find(|row| row.name == name) {
        return Some(Meant::Like(row.name));
    }
    if name.contains("websocket") || name.contains("web_socket") {
        return Some(Meant::WebSocket(of_websockets(&name)));
    }
    // Short names are near to others by chance.
    let most = match name.len() {
        ..6 => return None,
        6..12 => 1,
        _ => 2,
    };
    let near = rows().filter(|row| row.name.len().abs_diff(name.len()) <= most);
    let near = near.map(|row| (strsim::damerau_levenshtein(row.name, &name), row.name));
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| Meant::Like(name))
}

/// What nginx has for it.
fn of_websockets(name: &str) -> Option<&'static str> {
    const ENDS: [(&str, &str); 5] = [
        ("connect_timeout", "proxy_connect_timeout"),
        ("send_timeout", "proxy_send_timeout"),
        ("timeout", "proxy_read_timeout"),
        ("pass", "proxy_pass"),
        ("buffer_size", "proxy_buffer_size"),
    ];
    ENDS.iter().find(|(end, _)| name.ends_with(end)).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near() {
        let table = [
            ("proxy_reed_timeout", Some(Meant::Like("proxy_read_timeout"))),
            ("proxy_set_headers", Some(Meant::Like("proxy_set_header"))),
            ("Proxy_Pass", Some(Meant::Like("proxy_pass"))),
            ("proxy-pass", Some(Meant::Like("proxy_pass"))),
            ("proxypass", Some(Meant::Like("proxy_pass"))),
            ("websocket_read_timeout", Some(Meant::WebSocket(Some("proxy_read_timeout")))),
            ("websocket_connect_timeout", Some(Meant::WebSocket(Some("proxy_connect_timeout")))),
            ("websockets", Some(Meant::WebSocket(None))),
            ("more_headers", None),
            ("echo", None),
            ("geoip2_proxy", None),
            ("subs_filter", None),
            ("nchan_websocket_ping_interval", None),
            ("fair", None),
            ("upload_pass", None),
        ];
        for (name, meant) in table {
            assert_eq!(of_name(name.as_bytes(), ModuleKind::Http), meant, "{name}");
        }
    }
}
