//! The remedy's words that several rules share: the lines to add, and the command that verifies a handshake.

use nginx_semantics::budgets::REPEATED;
use nginx_semantics::{ContextId, ContextKind, Directive, defaults};
use nginx_syntax::Span;
use ws_model::applications::handshake_query;
use ws_model::{Browser, Endpoint, Handshake, Line, has_token};

use crate::Context;
use crate::edit::word;

/// The value for `Connection`: a variable that is right for handshakes and for other requests alike.
pub(crate) struct ConnectionValue {
    /// With its `$`.
    pub(crate) variable: String,
    /// The map to add to `http` for it, where there is none.
    pub(crate) map: Option<MapLines>,
}

impl ConnectionValue {
    /// A map that the configuration has, under whatever name, else one of a name that is free: of two maps for one
    /// variable the last wins.
    pub(crate) fn of(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>) -> Self {
        if let Some(variable) = cx.connection_variable(endpoint) {
            return Self { variable, map: None };
        }
        let is_free = |name: &&&str| !cx.model.variables.is_defined(name.as_bytes());
        let name = ["connection_upgrade", "websocket_connection"]
            .iter()
            .find(is_free)
            .unwrap_or(&"upgrade_connection");
        let http = cx.configuration().enclosing(endpoint.context, ContextKind::Http);
        let map = MapLines::connection(cx, http, *name);
        Self { variable: format!("${name}"), map: Some(map) }
    }

    /// The line, and in words where its map goes, for the end of a help text.
    pub(crate) fn line(&self) -> String {
        format!("proxy_set_header Connection {};", self.variable)
    }

    /// What is to be added to `http`, for the end of a help text; empty where the map is there.
    pub(crate) fn in_http(&self) -> String {
        self.map.as_ref().map(|map| format!("\nand in `http`:{}", code(&[map.text()]))).unwrap_or_default()
    }
}

/// Whether `$http_upgrade` and `$http_connection` are what the client sent: a `set` or a `map` may make them anything.
pub(crate) fn is_as_sent(cx: &Context<'_, '_>) -> bool {
    let variables = &cx.model.variables;
    [&b"http_upgrade"[..], b"http_connection"].iter().all(|name| variables.definitions(name).is_empty())
}

/// A map of `$http_upgrade`.
#[derive(Debug)]
pub(crate) struct MapLines {
    /// Without `$`.
    name: String,
    /// Keys and values.
    entries: [(&'static str, &'static str); 2],
}

impl MapLines {
    /// The map that gives `Connection` its value for handshakes and for other requests alike: these get `close`, or
    /// nothing where upstreams keep connections open, which `close` would end.
    pub(crate) fn connection(cx: &Context<'_, '_>, http: Option<ContextId>, name: impl Into<String>) -> Self {
        let keeps = cx.versions().all_since(defaults::HTTP11_BY_DEFAULT) || cx.model.keeps_connections(http);
        let other = if keeps { "" } else { "close" };
        Self { name: name.into(), entries: [("default", "upgrade"), ("", other)] }
    }

    /// One that lets nothing but `websocket` through.
    pub(crate) fn websocket(name: impl Into<String>) -> Self {
        Self { name: name.into(), entries: [("default", ""), ("websocket", "websocket")] }
    }

    /// On one line.
    pub(crate) fn text(&self) -> String {
        let word = |word: &'static str| if word.is_empty() { "''" } else { word };
        let entries = self.entries.map(|(key, value)| format!("{} {};", word(key), word(value)));
        format!("map $http_upgrade ${} {{ {} }}", self.name, entries.join(" "))
    }

    /// As lines of this directive's file, with its quotes, the values in one column.
    pub(crate) fn for_file(&self, directive: &Directive<'_>) -> Vec<String> {
        let entries = self.entries.map(|(key, value)| (word(directive, key), word(directive, value)));
        let width = entries.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
        let head = format!("map $http_upgrade ${} {{", self.name);
        let entries = entries.map(|(key, value)| format!("\t{key:width$} {value};"));
        std::iter::once(head).chain(entries).chain(["}".to_owned()]).collect()
    }
}

/// What is to be added for a complete handshake, in words; `connection` and `version` say which lines are missing
/// besides `Upgrade`.
pub(crate) fn add_lines(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    handshake: &Handshake<'_>,
    missing: Missing,
) -> String {
    let mut lines = missing_lines(cx, endpoint, missing);
    if missing.upgrade || missing.connection {
        // A line of its own drops what the location inherits, so the remedy repeats it.
        lines.extend(handshake.inherited_lines().map(|line| format!("{};", line.directive.text_line())));
    }
    let mut help = format!("add to {}:{}", endpoint.location_words(), code(&lines));
    if missing.connection {
        help.push_str(&ConnectionValue::of(cx, endpoint).in_http());
    }
    help
}

/// The lines themselves.
pub(crate) fn missing_lines(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, missing: Missing) -> Vec<String> {
    let mut lines = Vec::new();
    if missing.version {
        lines.push("proxy_http_version 1.1;".to_owned());
    }
    if missing.upgrade {
        lines.push("proxy_set_header Upgrade $http_upgrade;".to_owned());
    }
    if missing.connection {
        lines.push(ConnectionValue::of(cx, endpoint).line());
    }
    lines
}

/// Lines to copy, each on a line of its own, indented.
pub(crate) fn code(lines: &[String]) -> String {
    let mut text: String = lines.iter().take(REPEATED).map(|line| format!("{INDENT}{line}")).collect();
    if let Some(more) = lines.len().checked_sub(REPEATED).filter(|more| *more > 0) {
        text.push_str(&format!("\n    # and {more} more"));
    }
    text
}

/// Which handshake lines are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Missing {
    pub(crate) upgrade: bool,
    pub(crate) connection: bool,
    pub(crate) version: bool,
}

impl Missing {
    /// What is surely not there, or only in a file that was not given.
    pub(crate) fn of(cx: &Context<'_, '_>, handshake: &Handshake<'_>) -> Self {
        Self {
            upgrade: handshake.upgrade.source.is_default(),
            connection: handshake.connection.source.is_default(),
            version: handshake.sends_http10_by_default(cx.versions()),
        }
    }
}

/// The lines of an outer level that a nearer level drops and does not set itself; none unless the handshake misses one.
pub(crate) fn dropped_lines<'h, 's>(handshake: &'h Handshake<'s>) -> Vec<&'h Line<'s>> {
    let Some(lost) = &handshake.lost else { return Vec::new() };
    let own =
        [&handshake.upgrade.lines, &handshake.connection.lines, &handshake.host.lines, &handshake.others];
    let is_set =
        |line: &Line<'_>| own.into_iter().flatten().any(|other| other.name.eq_ignore_ascii_case(&line.name));
    let is_missed = |line: &&Line<'_>| match line.name.to_ascii_lowercase().as_str() {
        "upgrade" => handshake.upgrade.source.is_default(),
        "connection" => handshake.connection.source.is_default(),
        _ => false,
    };
    let dropped: Vec<_> = lost.lines.iter().filter(|line| !is_set(line)).collect();
    if dropped.iter().any(is_missed) { dropped } else { Vec::new() }
}

/// The location's line for `Connection` that surely says no `upgrade`, for which a lost `Upgrade` alone makes no handshake;
/// and what to write in its place, for the end of a help text.
pub(crate) fn own_connection<'s>(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    handshake: &Handshake<'s>,
) -> Option<(Directive<'s>, String)> {
    let says_no = |line: &Line<'_>| {
        let is_none = |value: &[u8]| !has_token(value, "upgrade");
        Browser::ALL.iter().all(|&browser| line.value(browser).surely(is_none))
    };
    let lines = &handshake.connection.lines;
    let own = lines.first().filter(|_| lines.iter().all(says_no))?.directive;
    let connection = ConnectionValue::of(cx, endpoint);
    let (line, map) = (code(&[connection.line()]), connection.in_http());
    Some((own, format!("\nand instead of `{};`:{line}{map}", own.text_line())))
}

/// The lines of which a finding speaks that lost these: those for the handshake first where they are too many to name.
pub(crate) fn most_telling<'l, 's>(dropped: &[&'l Line<'s>]) -> Vec<&'l Line<'s>> {
    let mut all = dropped.to_vec();
    if all.len() > REPEATED {
        all.sort_by_key(|line| !line.is("upgrade") && !line.is("connection"));
        all.truncate(REPEATED);
    }
    all
}

/// Their names, for a message.
pub(crate) fn names(dropped: &[&Line<'_>]) -> String {
    let said = most_telling(dropped);
    let mut names: Vec<String> = said.iter().map(|line| format!("`{}`", line.name)).collect();
    if dropped.len() > said.len() {
        names.push("and others".to_owned());
    }
    names.join(", ")
}

/// What the sentence about the command begins with, in a help text.
const VERIFY: &str = "\nverify ";

/// What stands before a line to copy.
const INDENT: &str = "\n    ";

/// The command that shows whether the handshake works, as the last line of a help text.
pub(crate) fn with_curl(help: String, endpoint: &Endpoint<'_>) -> String {
    with_command(help, url(endpoint).as_ref(), false)
}

/// The same with the `Origin` of a page, as browsers send it.
pub(crate) fn with_curl_of_page(help: String, endpoint: &Endpoint<'_>) -> String {
    with_command(help, url(endpoint).as_ref(), true)
}

/// The same for any path of a server with these names and `listen` lines.
pub(crate) fn with_curl_for(help: String, names: &[String], listens: &[String], path: &str) -> String {
    with_command(help, Some(&url_of(names, listens, path)), false)
}

/// The same for a path of a site: `https://example.com`.
pub(crate) fn with_curl_at(help: String, site: &str, path: &str) -> String {
    with_command(help, Some(&Url { site: site.to_owned(), path: path.to_owned() }), false)
}

fn with_command(help: String, url: Option<&Url>, has_origin: bool) -> String {
    let Some(Url { site, path }) = url else { return help };
    let query = handshake_query(path);
    let origin = if has_origin { format!(" -H 'Origin: {site}'") } else { String::new() };
    format!(
        "{help}{VERIFY}that it answers 101:{INDENT}curl -i -N --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket'{origin} \
         -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' '{site}{path}{query}'"
    )
}

/// The command that shows who answers a POST, as the last line of a help text.
pub(crate) fn with_post_curl(help: String, endpoint: &Endpoint<'_>) -> String {
    match url(endpoint) {
        Some(Url { site, path }) => {
            format!("{help}{VERIFY}that the upstream answers:{INDENT}curl -i -X POST '{site}{path}'")
        }
        None => help,
    }
}

/// The command that shows what clients make of the certificates, as the last line of a help text.
pub(crate) fn with_s_client(help: &str, endpoint: &Endpoint<'_>) -> String {
    let Url { site, .. } = url_of(&endpoint.server_names, &endpoint.listens, "");
    let authority = site.rsplit('/').next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let port = if authority.contains(':') { "" } else { ":443" };
    format!(
        "{help}{VERIFY}what clients see:{INDENT}openssl s_client -connect {authority}{port} -servername {host} \
         -verify_hostname {host} -verify_return_error </dev/null"
    )
}

/// Where the command stands in a help text.
pub(crate) fn command_in(help: &str) -> Option<Span> {
    let sentence = help.rfind(VERIFY)?;
    let start = sentence + help.get(sentence..)?.find(INDENT)? + INDENT.len();
    let rest = help.get(start..)?;
    let end = start + rest.find('\n').unwrap_or(rest.len());
    Some(Span::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?))
}

/// A URL of characters that no shell takes for its own.
struct Url {
    /// Scheme, host and port.
    site: String,
    path: String,
}

/// That of an endpoint, as far as the configuration tells.
fn url(endpoint: &Endpoint<'_>) -> Option<Url> {
    let path = endpoint.example_path()?;
    Some(url_of(&endpoint.server_names, &endpoint.listens, &path))
}

fn url_of(names: &[String], listens: &[String], path: &str) -> Url {
    let tls = listens.iter().find(|listen| listen.split(' ').any(|word| word == "ssl"));
    let is_tls = tls.is_some();
    let host = names.iter().find_map(|name| host_of(name));
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    // The port has to be that of the scheme: `listen 80; listen 443 ssl;` is no `https` on port 80.
    let port = tls.or(listens.first()).and_then(|listen| port_of(listen));
    let port = port.filter(|port| !matches!((is_tls, *port), (true, 443) | (false, 80)));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = if is_tls { "https" } else { "http" };
    Url { site: format!("{scheme}://{host}{port}"), path: encoded(path) }
}

/// A host that the name stands for; `None` for regexes, placeholders and whatever a shell might take for its own.
fn host_of(name: &str) -> Option<String> {
    let host = name.strip_prefix("*.").map(|rest| format!("www.{rest}"));
    let host = host.unwrap_or_else(|| name.trim_start_matches('.').to_owned());
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-');
    (host.contains('.') && host.chars().all(is_plain)).then_some(host)
}

/// A path that a client sends, of characters that no shell takes for its own (RFC 3986 section 3.3): the command is made
/// to be pasted, and the configuration may be anybody's. What is quoted already stays so.
fn encoded(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for (at, byte) in path.bytes().enumerate() {
        let digits = || path.as_bytes().get(at + 1..at + 3);
        if byte == b'%' && digits().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            || byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b':' | b'@' | b'+' | b',' | b'=')
        {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

fn port_of(listen: &str) -> Option<u16> {
    let address = listen.split(' ').next()?;
    address.rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{encoded, host_of};
    use crate::testing::found;

    #[test]
    fn a_connection_of_its_own_that_is_none() {
        let findings = found(
            "server { listen 80; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
             location /ws/ { proxy_read_timeout 1h; proxy_set_header Connection close; proxy_pass http://127.0.0.1:9000; } }",
        );
        let finding = findings.iter().find(|one| one.rule.name == "upgrade-headers-not-inherited").unwrap();
        let said = finding.help.as_deref().unwrap();
        assert!(
            said.contains(
                "instead of `proxy_set_header Connection close;`:\n    proxy_set_header Connection $"
            ),
            "{said}"
        );
        assert_eq!(finding.primary.message, "this has no `upgrade`, which a handshake needs too");
    }

    #[test]
    fn nothing_gets_out_of_the_quotes_of_the_command() {
        assert_eq!(encoded("/ws/';touch x;'"), "/ws/%27%3Btouch%20x%3B%27");
        assert_eq!(encoded("/a b?c#d%é"), "/a%20b%3Fc%23d%25%C3%A9");
        assert_eq!(encoded("/a%20b%2"), "/a%20b%252");
        assert_eq!(host_of("a.b'; id"), None);
        assert_eq!(host_of("*.example.com").as_deref(), Some("www.example.com"));
        assert_eq!(host_of(".example.com").as_deref(), Some("example.com"));
        assert_eq!(host_of("_"), None);
    }

    #[test]
    fn the_port_is_that_of_the_scheme() {
        let findings = crate::testing::check(
            r#"
server {
    listen 80;
    listen 443 ssl;
    ssl_certificate c.pem;
    server_name a.example.com;
    location /ws {
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: the back end gets no `Upgrade`, so it refuses the handshake
        proxy_read_timeout 3600s;
    }
}
"#,
        );
        assert!(crate::testing::help(&findings[0]).ends_with(" 'https://a.example.com/ws'"));
    }
}
