//! What a location sends for a handshake, mended by edits: every line that is missing or wrong, and all that a new line
//! would make the location lose, in one go.
//!
//! `proxy_set_header` is inherited all or not at all (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_merge_loc_conf`):
//! the first line of a location's own needs those beside it that it inherits.

use lint_finding::{Applicability, Text};
use nginx_semantics::budgets::REPEATED;
use nginx_semantics::placeholder::is_unknown;
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Directive, DirectiveName, DirectiveRef, Effective, Request, Value,
    catalogue, effective,
};
use ws_model::{AnyOrdinaryRequest, Endpoint, Handshake, Line, OrdinaryRequest, has_token};

use crate::edit::{is_written_in, word};
use crate::repeat::{Receiver, Repeated};
use crate::secret::{has_secret_variable, is_secret};
use crate::verify::{ConnectionValue, Missing, is_as_sent};
use crate::{Context, Edits, FindingBuilder};

/// The remedy of one location.
#[derive(Debug)]
#[must_use]
pub(crate) struct Repair<'s> {
    configuration: Configuration<'s>,
    /// Where lines for it go: an `if` takes none.
    location: ContextId,
    pass: Directive<'s>,
    /// Whether the lines in effect are the location's own.
    is_here: bool,
    /// Whether no location but endpoints gets the lines that it inherits.
    is_of_endpoints: bool,
    /// All lines in effect, each with the name of its field.
    lines: Vec<(String, Directive<'s>)>,
    /// `proxy_http_version` as it is in effect, where that stands in the location.
    version: Option<Directive<'s>>,
    needs_version: bool,
    /// Name and value.
    set: Vec<(&'static str, String)>,
    /// Lines that an outer level has and the location lost, to be written here too.
    repeated: Vec<Directive<'s>>,
    map: Edits,
    /// As safe as the values that are set.
    applicability: Applicability,
    /// Whether the location may already have what is set, or inherit what that drops, by a file that was not given.
    is_open: bool,
    /// Whether a subrequest may ask for the location: a 101 would end what it is asked for.
    may_be_asked: bool,
    /// Whether `$http_upgrade` and `$http_connection` are what the client sent.
    is_as_sent: bool,
    /// Whether a variable of a lost line may be one that nothing defines: nginx compiles the lines of `http` only for
    /// servers that inherit them (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_init_headers`).
    is_undefined: bool,
    /// Lines whose variables have a secret for a value.
    secrets: Vec<DirectiveRef>,
    /// Whether a back end gets a `Host` with every request.
    has_host: bool,
    /// The lines for `Upgrade` and `Connection`, by name, that write over what a regex captured and another line reads.
    capturing: Vec<String>,
}

impl<'s> Repair<'s> {
    /// Nothing to do yet.
    pub(crate) fn new(cx: &Context<'_, '_>, endpoint: &Endpoint<'s>, handshake: &Handshake<'s>) -> Self {
        let configuration = endpoint.configuration;
        let location =
            configuration.enclosing(endpoint.context, ContextKind::Location).unwrap_or(endpoint.context);
        let version = handshake.version.source.directive();
        let is_of_location = |version: &Directive<'_>| {
            let mut own = configuration.named(location, DirectiveName::PROXY_HTTP_VERSION);
            own.any(|own| own.reference == version.reference)
        };
        let all = [&handshake.upgrade.lines, &handshake.connection.lines, &handshake.host.lines];
        let lines = all.into_iter().flatten().chain(&handshake.others);
        let lines = lines.map(|line| (line.name.to_string(), line.directive)).collect();
        Self {
            is_of_endpoints: handshake.level.is_some_and(|level| cx.model.has_only_endpoints(level)),
            version: version.filter(is_of_location),
            may_be_asked: cx.model.may_be_asked(endpoint.context),
            is_as_sent: is_as_sent(cx),
            capturing: capturing(cx, handshake),
            ..Self::of_location(cx, configuration, location, endpoint.pass.directive, lines)
        }
    }

    /// The same for a location that is no endpoint, with the name and the directive of each line in effect.
    pub(crate) fn of_location(
        cx: &Context<'_, '_>,
        configuration: Configuration<'s>,
        location: ContextId,
        pass: Directive<'s>,
        mut lines: Vec<(String, Directive<'s>)>,
    ) -> Self {
        // As the author wrote them; so many that they are not copied need no order.
        let is_copied = lines.len() <= REPEATED;
        lines.sort_by_cached_key(|(_, line)| {
            if !is_copied {
                return None;
            }
            let mut levels = configuration.levels(location).map(|level| configuration.references(level));
            levels.find_map(|level| level.iter().position(|other| *other == line.reference))
        });
        let own = configuration.references(location);
        let is_here = lines.iter().any(|(_, line)| own.contains(&line.reference));
        // What stands in the location is not copied.
        let inherited = lines.iter().filter(|_| !is_here).map(|(_, line)| line);
        let secrets = inherited.filter(|line| has_secret_variable(cx, line)).map(|line| line.reference);
        let secrets = secrets.collect();
        let has_unnamed = lines.iter().any(|(name, _)| is_unknown(name.as_bytes()));
        let has_host = has_host(cx, location, &lines);
        Self {
            configuration,
            location,
            pass,
            is_here,
            is_of_endpoints: false,
            lines,
            version: None,
            needs_version: false,
            set: Vec::new(),
            repeated: Vec::new(),
            map: Edits::new(),
            applicability: Applicability::Safe,
            // A line whose name is not known may be the one that is set.
            is_open: is_open(configuration, location) || has_unnamed,
            may_be_asked: false,
            is_as_sent: true,
            is_undefined: false,
            secrets,
            has_host,
            capturing: Vec::new(),
        }
    }

    /// HTTP/1.1 towards the upstream.
    pub(crate) fn version(mut self, is_needed: bool) -> Self {
        self.needs_version |= is_needed;
        self
    }

    /// One line of this name, with this value.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.set.push((name, value.into()));
        self
    }

    /// What is missing, with the map for `Connection` where there is none.
    pub(crate) fn missing(self, cx: &Context<'_, '_>, endpoint: &Endpoint<'s>, missing: Missing) -> Self {
        let mut this = self.version(missing.version);
        if missing.upgrade {
            this = this.header("Upgrade", "$http_upgrade");
        }
        if missing.connection { this.connection(cx, endpoint) } else { this }
    }

    /// A `Connection` that is right for a handshake and for other requests too: by a map, or the client's own where there
    /// is no place for one.
    pub(crate) fn connection(mut self, cx: &Context<'_, '_>, endpoint: &Endpoint<'s>) -> Self {
        let value = ConnectionValue::of(cx, endpoint);
        let map = value.map_edits(cx, endpoint);
        let text = if map.is_some() { value.variable } else { "$http_connection".to_owned() };
        self.map = map.unwrap_or_default();
        self.header("Connection", text)
    }

    /// Makes it no safer than this.
    pub(crate) fn at_most(mut self, applicability: Applicability) -> Self {
        self.applicability = self.applicability.max(applicability);
        self
    }

    /// Lines that an outer level has and the location lost. Ordinary requests must not notice: any but those for the
    /// upgrade make the repair unsafe, and so do those that ask for an upgrade whatever the client asks for.
    pub(crate) fn repeat<'l>(
        mut self,
        cx: &Context<'_, '_>,
        endpoint: &Endpoint<'_>,
        lines: impl IntoIterator<Item = &'l Line<'s>>,
    ) -> Self
    where
        's: 'l,
    {
        for line in lines {
            self.repeated.push(line.directive);
            if self.repeated.len() > REPEATED {
                return self.at_most(Applicability::Unsafe);
            }
            self.secrets.extend(has_secret_variable(cx, &line.directive).then_some(line.directive.reference));
            let is_compiled = !is_of_http(self.configuration, self.location, &line.directive);
            self.is_undefined |= !is_compiled && !cx.model.variables.has_all(&line.written);
            if !is_for_handshakes(cx, endpoint, line) {
                self = self.at_most(Applicability::Unsafe);
            }
        }
        self
    }

    /// All lines of elsewhere that the location needs, as they are to be written in it, for a help text.
    pub(crate) fn repeated_lines(&self) -> Option<Vec<String>> {
        let Repeated { mut lines, superseded, .. } = self.repeated()?;
        lines.extend(superseded.iter().map(|line| format!("# instead of {};", line.text_line())));
        Some(lines)
    }

    /// Adds the fix to a finding.
    pub(crate) fn fix<'f>(self, finding: FindingBuilder<'f>, title: impl Into<Text>) -> FindingBuilder<'f> {
        let applicability = self.applicability();
        finding.fix(title, applicability, self.edits())
    }

    /// Adds it as what is done by `--unsafe-fixes`, in place of a safe fix where the finding has one.
    pub(crate) fn unsafe_fix<'f>(
        self,
        finding: FindingBuilder<'f>,
        title: impl Into<Text>,
    ) -> FindingBuilder<'f> {
        finding.unsafe_fix(title, self.edits())
    }

    /// Whether HTTP/1.1 in place of 1.0 changes more than the version of ordinary requests, or may: a body that comes in
    /// chunks is sent on in chunks, without `Content-Length`, where it is not to be buffered
    /// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_handler`), trailers come through, and a request without
    /// `Host` is one that back ends have to refuse (RFC 9112 section 3.2).
    fn is_version_felt(&self) -> bool {
        let is = |name: &str, value: &[u8]| {
            let name = catalogue::lookup(name.as_bytes());
            match effective(self.configuration, self.location, name) {
                Effective::Default { .. } => true,
                Effective::Set(set) => {
                    set.directives.iter().all(|line| line.argument(0).as_deref() == Some(value))
                }
                Effective::Unknown(_) => false,
            }
        };
        let is_felt =
            !self.has_host || !is("proxy_request_buffering", b"on") || !is("proxy_pass_trailers", b"off");
        self.needs_version && is_felt
    }

    /// Safe where no request but a handshake gets anything else, whatever the files say that were not given.
    fn applicability(&self) -> Applicability {
        let is_handshake =
            |name: &str| ["upgrade", "connection"].contains(&name.to_ascii_lowercase().as_str());
        let copied = self.repeated().map(|repeated| repeated.copied).unwrap_or_default();
        let is_safe = !self.is_open
            && !self.may_be_asked
            && !self.is_version_felt()
            && (self.is_as_sent || self.set.is_empty())
            && self.set.iter().all(|(name, _)| is_handshake(name))
            && !self
                .set
                .iter()
                .any(|(name, _)| self.capturing.iter().any(|of| of.eq_ignore_ascii_case(name)))
            && !copied.iter().any(|line| is_secret(line) || self.secrets.contains(&line.reference));
        if is_safe { self.applicability } else { Applicability::Unsafe }
    }

    /// All of it.
    fn edits(&self) -> Edits {
        if self.is_undefined {
            return Edits::impossible();
        }
        let mut edits = self.map.clone();
        let is_in_place = self.is_in_place();
        let mut headers = Vec::new();
        for (name, value) in &self.set {
            let is_own = |(other, line): &&(String, Directive<'s>)| {
                is_in_place && other.eq_ignore_ascii_case(name) && !self.is_clearing_elsewhere(line)
            };
            let mut own = self.lines.iter().filter(is_own).map(|(_, line)| line);
            match own.next() {
                Some(first) => edits = edits.argument(first, 1, value),
                None => headers.push(format!("proxy_set_header {name} {};", word(&self.pass, value))),
            }
            // One line for each field.
            edits = own.fold(edits, Edits::remove);
        }
        let Some(repeated) = self.repeated() else { return Edits::impossible() };
        headers.extend(repeated.lines);
        let edits = repeated.superseded.iter().fold(edits, Edits::remove);
        self.added(edits, headers, &repeated.superseded)
    }

    /// Whether a line of an included file says that nothing is sent: another one beside it is sent all the same
    /// (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`), and those who include it too keep it.
    fn is_clearing_elsewhere(&self, line: &Directive<'s>) -> bool {
        let block = self.configuration.opener(self.location);
        let is_elsewhere = block.is_some_and(|block| !is_written_in(line, &block));
        self.is_here && is_elsewhere && line.argument(1).is_some_and(|value| value.is_empty())
    }

    /// Whether lines that are wrong are mended where they stand: where only endpoints get them.
    fn is_in_place(&self) -> bool {
        let is_there = |name: &str| self.lines.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        self.is_here
            || self.is_of_endpoints
                && self.repeated.is_empty()
                && self.set.iter().all(|(name, _)| is_there(name))
    }

    /// The lost lines, and those that the first new line would lose; `None` if they cannot be copied, or are too many.
    fn repeated(&self) -> Option<Repeated<'s>> {
        let is_set = |name: &str| self.set.iter().any(|(set, _)| set.eq_ignore_ascii_case(name));
        let is_in_place = self.is_in_place();
        let is_new = !self.repeated.is_empty() || !is_in_place && !self.set.is_empty();
        let inherited = self.lines.iter().filter(|(name, _)| !is_in_place && is_new && !is_set(name));
        let lines = self.repeated.iter().chain(inherited.map(|(_, line)| line)).copied();
        let lines: Vec<_> = lines.take(REPEATED + 1).collect();
        if lines.len() > REPEATED {
            return None;
        }
        let own = self.lines.iter().filter(|_| self.is_here).map(|(_, line)| *line);
        let receiver = Receiver {
            configuration: self.configuration,
            location: self.location,
            pass: self.pass,
            own: own.collect(),
            removable: self.own(),
            set: self.set.iter().map(|(name, _)| *name).collect(),
            sets_version: self.needs_version,
        };
        receiver.repeat(&lines)
    }

    /// With `proxy_http_version` and these lines in the location, for those that go.
    fn added(&self, mut edits: Edits, mut headers: Vec<String>, superseded: &[Directive<'s>]) -> Edits {
        let version = ["proxy_http_version 1.1;".to_owned()];
        let mut adds_version = self.needs_version;
        if let Some(own) = self.version.filter(|_| adds_version) {
            edits = edits.argument(&own, 0, "1.1");
            adds_version = false;
        }
        let mut own = self.own();
        own.retain(|line| superseded.iter().all(|gone| gone.reference != line.reference));
        let is_header = |line: &&Directive<'_>| line.name() == DirectiveName::PROXY_SET_HEADER;
        if let (Some(first), true) = (own.iter().find(is_header), adds_version) {
            edits = edits.before(first, &version);
        } else if adds_version {
            headers.splice(0..0, version);
        }
        if headers.is_empty() {
            return edits;
        }
        let is_proxy = |line: &&Directive<'_>| {
            matches!(line.name(), DirectiveName::PROXY_PASS | DirectiveName::PROXY_HTTP_VERSION)
        };
        let neighbour = own.iter().rfind(is_header).or_else(|| own.iter().rfind(is_proxy));
        match (neighbour, self.configuration.opener(self.location)) {
            (Some(neighbour), _) => edits.after(neighbour, &headers),
            (None, Some(location)) => edits.at_end(&location, &headers),
            (None, None) => Edits::impossible(),
        }
    }

    /// What is written in the location itself, not in a file that it includes.
    fn own(&self) -> Vec<Directive<'s>> {
        let block = |line: &Directive<'_>| {
            line.file().map(|file| (line.reference.file, file.tree.parent(line.reference.node)))
        };
        let of_pass = block(&self.pass);
        let is_own = |line: &Directive<'s>| match self.configuration.opener(self.location) {
            Some(location) => is_written_in(line, &location),
            None => block(line) == of_pass,
        };
        self.configuration.directives(self.location).filter(is_own).collect()
    }
}

/// The names of the lines for the upgrade whose variables write over what `$1` and the like stand for elsewhere: without
/// them it stands for something else.
fn capturing(cx: &Context<'_, '_>, handshake: &Handshake<'_>) -> Vec<String> {
    let lines = handshake.upgrade.lines.iter().chain(&handshake.connection.lines);
    let lines = lines.filter(|line| is_capturing(cx, &line.written));
    lines.map(|line| line.name.to_string()).collect()
}

/// Whether a value writes over what a regex captured where another line reads it.
fn is_capturing(cx: &Context<'_, '_>, value: &[u8]) -> bool {
    cx.model.may_run_regex(value) && cx.model.reads_captures()
}

/// Whether a back end surely gets a `Host` from a location, by nginx's default or by one of these lines.
fn has_host(cx: &Context<'_, '_>, location: ContextId, lines: &[(String, Directive<'_>)]) -> bool {
    let server = cx.configuration().enclosing(location, ContextKind::Server);
    let names = server.map(|server| cx.model.names_of(server)).unwrap_or_default();
    let request = AnyWithHost { is_named: names.first().is_some_and(|name| !name.is_empty()) };
    let evaluator = cx.model.evaluator(&request, location);
    let mut hosts = lines.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host")).peekable();
    hosts.peek().is_none()
        || hosts.any(|(_, line)| line.argument(1).is_some_and(|value| evaluator.value(&value).has_text()))
}

/// Any ordinary request that says which host it is for.
struct AnyWithHost {
    /// Whether the server that takes it has a name.
    is_named: bool,
}

impl Request for AnyWithHost {
    fn variable(&self, name: &[u8]) -> Value {
        match name {
            b"host" | b"http_host" | b"proxy_host" | b"proxy_port" | b"hostname" | b"server_addr"
            | b"server_port" | b"remote_addr" | b"scheme" | b"request_id" | b"nginx_version" => {
                Value::NotEmpty
            }
            b"server_name" if self.is_named => Value::NotEmpty,
            _ => AnyOrdinaryRequest.variable(name),
        }
    }
}

/// Whether a line is one for the upgrade that asks for none unless the client does, and that changes nothing else.
pub(crate) fn is_for_handshakes(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, line: &Line<'_>) -> bool {
    let value = cx.model.evaluator(&AnyOrdinaryRequest, endpoint.context).value(&line.written);
    let is_for_them = line.is("upgrade") && value.surely(<[u8]>::is_empty)
        || line.is("connection") && value.surely(|value| !has_token(value, "upgrade"));
    is_for_them && !is_capturing(cx, &line.written)
}

/// Whether a line stands in the `http` around a location.
fn is_of_http(configuration: Configuration<'_>, location: ContextId, line: &Directive<'_>) -> bool {
    let http = configuration.enclosing(location, ContextKind::Http);
    http.is_some_and(|http| configuration.references(http).contains(&line.reference))
}

/// Whether a file that was not given may hold lines for a location: it would have them twice, or lose what it inherits by
/// its first own one. The main level takes no line of the kind (`modules-enabled/*.conf` of Debian is there).
pub(crate) fn is_open(configuration: Configuration<'_>, location: ContextId) -> bool {
    let levels = configuration.levels(location).map(|level| configuration.context(level));
    levels.filter(|level| level.kind != ContextKind::Main).any(|level| level.unseen().next().is_some())
}

/// Whether ordinary requests keep what they have with another `Connection`: not where the upstream's connections were kept alive.
pub(crate) fn for_others(
    cx: &Context<'_, '_>,
    endpoint: &Endpoint<'_>,
    line: &Line<'_>,
    value: &ConnectionValue,
) -> Applicability {
    let evaluator = cx.model.evaluator(&OrdinaryRequest, endpoint.context);
    let closes = |text: &[u8]| evaluator.value(text).possibly(|value| has_token(value, "close"));
    let is_closed = value.map.is_none() && closes(value.variable.as_bytes()) && !closes(&line.written);
    let is_kept = cx.model.keepalive(endpoint).is_some() && endpoint.may_serve_ordinary_requests();
    if is_closed && is_kept { Applicability::Unsafe } else { Applicability::Safe }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{fixed, found};

    #[test]
    fn a_file_that_clears_connection_for_all_stays() {
        let file = "#- proxy.conf\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\n";
        let text = |lines: &str| {
            format!(
                "server {{\n  location /ws/ {{\n    include proxy.conf;\n    proxy_pass http://a;\n{lines}  }}\n}}\n{file}"
            )
        };
        let after = fixed(Applicability::Safe, "missing-upgrade-header", &text(""));
        let lines = "    proxy_set_header Upgrade $http_upgrade;\n    proxy_set_header Connection upgrade;\n";
        let variable = lines.replace("Connection upgrade", "Connection $connection_upgrade");
        assert!(after.ends_with(&text(lines)) || after.ends_with(&text(&variable)), "{after}");
    }

    #[test]
    fn what_another_line_reads_of_a_regex_stays() {
        let text = |key: &str, header: &str| {
            format!(
                "events {{}}\nhttp {{\n  map $http_upgrade $cu {{\n    {key} upgrade;\n    default close;\n  }}\n  server {{\n    \
                 location ~ ^/ws/(.*)$ {{\n      proxy_pass http://a;\n      proxy_set_header X-K {header};\n    }}\n  }}\n}}\n"
            )
        };
        // A plain map of its own in place of one that runs a regex, whether or not that has a group.
        for (key, is_used) in
            [("websocket", true), ("~*websocket", false), ("\"~*^(.*)$\"", false), ("~*(?<kind>w)", false)]
        {
            let after = fixed(Applicability::Safe, "missing-upgrade-header", &text(key, "$1"));
            assert_eq!(after.contains("Connection $cu;"), is_used, "{after}");
            assert_eq!(after.contains("Connection $connection_upgrade;"), !is_used, "{after}");
        }
        // A line that ran one does so no more.
        let of_map = |header: &str| {
            let lines = "X-A 1;\n      proxy_http_version 1.1;\n      proxy_set_header Upgrade $http_upgrade;\n      proxy_set_header Connection $cu";
            text("~*^h2c$", header).replace(
                "proxy_set_header X-K",
                &format!("proxy_set_header {lines};\n      proxy_set_header X-K"),
            )
        };
        for (header, applicability) in [("$1", Applicability::Unsafe), ("x", Applicability::Safe)] {
            let findings = found(&of_map(header));
            let finding = findings.iter().find(|one| one.rule.name == "wrong-connection-header").unwrap();
            assert_eq!(finding.fix.as_ref().unwrap().applicability, applicability, "{header}");
        }
    }

    #[test]
    fn http_1_1_is_safe_only_with_a_host() {
        let text = |server: &str, host: &str| {
            format!(
                "events {{}}\nhttp {{\n  map $http_upgrade $cu {{ default upgrade; '' close; }}\n  \
                 map $uri $maybe {{ /x y; }}\n  map $uri $always {{ /x y; default z; }}\n  server {{\n    {server}\n    \
                 location ~ ^/ws/(?<named>.*)$ {{\n      proxy_pass http://a;\n{host}      proxy_set_header Upgrade $http_upgrade;\n      \
                 proxy_set_header Connection $cu;\n    }}\n  }}\n}}\n"
            )
        };
        let named = "server_name a.example;";
        for (server, values, is_safe) in [
            (named, &[][..], true),
            (named, &["$host"], true),
            (named, &["$http_host"], true),
            (named, &["$proxy_host"], true),
            (named, &["$host:$server_port"], true),
            (named, &["$server_name"], true),
            ("", &["$server_name"], false),
            (named, &["$hostname"], true),
            (named, &["a.example"], true),
            (named, &["x$arg_h"], true),
            (named, &["$always"], true),
            ("set $s a;", &["$s"], true),
            ("set $s '';", &["$s"], false),
            (named, &["\"\""], false),
            (named, &["$maybe"], false),
            (named, &["$http_x_forwarded_host"], false),
            (named, &["$arg_h"], false),
            (named, &["$cookie_h"], false),
            (named, &["$named"], false),
            (named, &["$1"], false),
            (named, &["$arg_h$cookie_h"], false),
            // Both are sent.
            (named, &["\"\"", "$host"], true),
            (named, &["\"\"", "$arg_h"], false),
        ] {
            let lines: String =
                values.iter().map(|value| format!("      proxy_set_header Host {value};\n")).collect();
            let findings = found(&text(server, &lines));
            let finding = findings.iter().find(|one| one.rule.name == "http10-upstream").unwrap();
            let fix = finding.fix.as_ref().unwrap();
            assert_eq!(fix.applicability == Applicability::Safe, is_safe, "{server} {values:?}");
        }
    }

    /// A server whose lines the location loses.
    fn losing(lost: &str, file: &str) -> String {
        format!(
            "events {{}}\nhttp {{\n  server {{\n    proxy_http_version 1.1;\n{lost}    proxy_set_header Upgrade $http_upgrade;\n    \
             proxy_set_header Connection upgrade;\n    location /ws/ {{\n      proxy_pass http://a;\n      proxy_set_header X-A 1;\n    }}\n  }}\n}}\n{file}"
        )
    }

    #[test]
    fn secrets_stay_in_their_file() {
        // In the same file a person may look at it.
        let secret = "    proxy_set_header X-Ldap-BindPass \"hunter2\";\n";
        let text = losing(secret, "");
        let safe = fixed(Applicability::Safe, "upgrade-headers-not-inherited", &text);
        assert_eq!(safe.matches("hunter2").count(), 1, "{safe}");
        let more = fixed(Applicability::Unsafe, "upgrade-headers-not-inherited", &text);
        assert_eq!(more.matches("hunter2").count(), 2, "{more}");
        // Of another file no fix writes it here. The two includes bring something else too.
        let file = format!("#- s.conf\n{}rewrite ^/old /new;\n", secret.trim_start());
        let findings = found(&losing("    include s.conf;\n", &file));
        let finding = findings.iter().find(|one| one.rule.name == "upgrade-headers-not-inherited").unwrap();
        assert!(finding.fix.is_some() && finding.unsafe_fix.is_none(), "{finding:#?}");
    }

    #[test]
    fn what_nginx_never_compiles_is_not_brought_to_where_it_does() {
        let text = |variable: &str| {
            format!(
                "events {{}}\nhttp {{\n  proxy_http_version 1.1;\n  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection upgrade;\n  \
                 proxy_set_header X-A {variable};\n  server {{\n    proxy_set_header Host $host;\n    location /socket.io/ {{ proxy_pass http://a; }}\n  }}\n}}\n"
            )
        };
        let of_rule = |text: &str| {
            let findings = found(text);
            assert!(findings.iter().all(|one| one.rule.name != "undefined-variable"), "{findings:#?}");
            findings.into_iter().find(|one| one.rule.name == "upgrade-headers-not-inherited").unwrap()
        };
        let finding = of_rule(&text("$nowhere"));
        assert!(finding.fix.is_some() && finding.unsafe_fix.is_none(), "{finding:#?}");
        assert!(of_rule(&text("$remote_addr")).unsafe_fix.is_some());
        let upgrade = text("1").replace("Connection upgrade", "Connection $nowhere_upgrade");
        let finding = of_rule(&upgrade);
        let names_it =
            |edit: &lint_finding::Edit| edit.replacement.windows(8).any(|part| part == b"$nowhere");
        assert!(!finding.fix.expect("a fix").edits.iter().any(names_it));
        assert!(finding.unsafe_fix.is_none());
    }
}
