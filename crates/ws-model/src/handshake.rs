//! The request that the upstream receives for a handshake.
//!
//! Without lines of their own the client's `Upgrade` and `Connection` never reach the upstream
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_headers`, `ngx_http_proxy_create_request`).

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use hashbrown::HashMap;
use nginx_semantics::budgets::REPEATED;
use nginx_semantics::{
    Configuration, ContextId, ContextKind, Declared, Directive, DirectiveName, Effective, Evaluator, Pass,
    Place, Presence, Request, Value, Variables, VersionRange, declared, defaults, effective, placeholder,
};
use nginx_syntax::lossy;

use crate::browser::{Browser, HandshakeRequest, has_token};
use crate::evidence::LinesFrom;
use crate::source::{Source, effective_or_hedged};

/// A `proxy_set_header` line in effect.
#[derive(Debug, Clone)]
pub struct Line<'s> {
    /// The directive.
    pub directive: Directive<'s>,
    /// The field's name as written.
    pub name: Cow<'s, str>,
    /// The value as written, quotes taken off.
    pub written: Cow<'s, [u8]>,
    /// What it is for each browser's handshake; `None` where that does not matter. Thousands of locations may inherit
    /// thousands of lines, so they are kept small.
    values: Option<Box<[Value; 2]>>,
}

impl<'s> Line<'s> {
    fn new(directive: Directive<'s>, evaluate: &dyn Fn(Cow<'s, [u8]>) -> [Value; 2]) -> Option<Self> {
        let mut arguments = directive.arguments();
        let name = match arguments.next()? {
            Cow::Borrowed(name) => lossy(name),
            Cow::Owned(name) => lossy(&name).into_owned().into(),
        };
        let written = arguments.next().unwrap_or_default();
        let values = matters(&name).then(|| Box::new(evaluate(written.clone())));
        Some(Self { directive, name, written, values })
    }

    /// The value that is sent for a browser's handshake; an empty one is not sent at all.
    pub fn value(&self, browser: Browser) -> &Value {
        match (self.values.as_deref(), browser) {
            (Some([chrome, _]), Browser::Chrome) => chrome,
            (Some([_, firefox]), Browser::Firefox) => firefox,
            (None, _) => &Value::Unknown,
        }
    }

    /// Whether it sets the field of this name, which has no case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Whether a field makes the handshake: only those are worth the evaluation.
fn matters(name: &str) -> bool {
    const PREFIX: &str = "sec-websocket-";
    ["upgrade", "connection"].iter().any(|one| name.eq_ignore_ascii_case(one))
        || name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// A browser's handshake that notes whether anybody asks for what browsers differ in.
struct Asked {
    request: HandshakeRequest,
    is_told_apart: Cell<bool>,
}

impl Request for Asked {
    fn variable(&self, name: &[u8]) -> Value {
        if name == b"http_connection" {
            self.is_told_apart.set(true);
        }
        self.request.variable(name)
    }
}

/// A header field of the request to the upstream.
#[derive(Debug, Clone)]
pub struct Header<'s> {
    /// Where it comes from.
    pub source: Source<'s>,
    /// The lines, in order, when set; each is sent.
    pub lines: Vec<Line<'s>>,
}

/// The HTTP version of the request to the upstream.
#[derive(Debug, Clone)]
pub struct HttpVersion<'s> {
    /// Where it comes from.
    pub source: Source<'s>,
    /// As written; `None` where it is not: the default depends on the version of nginx.
    pub written: Option<String>,
    /// Whether an include that was not given, around the location, may set it.
    pub is_hedged: bool,
}

/// Lines of an outer level that are dropped because a nearer level has lines of its own.
#[derive(Debug, Clone)]
pub struct Lost<'s> {
    /// The outer level.
    pub level: ContextId,
    /// The lines of the outer level: all for the handshake, and of the others one more than are copied by a fix.
    pub lines: Arc<[Line<'s>]>,
    /// The nearer level's first line.
    pub dropped_by: Directive<'s>,
}

/// What is sent to the upstream for a handshake by `proxy_pass`.
#[derive(Debug, Clone)]
pub struct Handshake<'s> {
    /// The level whose `proxy_set_header` lines are in effect, where any are.
    pub level: Option<ContextId>,
    /// Whether that level is the location itself.
    pub is_here: bool,
    /// `proxy_http_version`.
    pub version: HttpVersion<'s>,
    /// `Upgrade`; the default sends none.
    pub upgrade: Header<'s>,
    /// `Connection`; the default is `close` before nginx 1.29.7, none since.
    pub connection: Header<'s>,
    /// `Host`; the default is the host of `proxy_pass`.
    pub host: Header<'s>,
    /// All other lines in effect, in order.
    pub others: Vec<Line<'s>>,
    /// Where a field comes from that no line in effect names.
    pub unset: Source<'s>,
    /// Whether an include that was not given, around the location, may set the fields that no line names.
    pub is_hedged: bool,
    /// The lines that would be in effect if the level of those in effect had none.
    pub dropped: Option<Lost<'s>>,
    /// The nearest outer lines for an upgrade, where a nearer level drops them.
    pub lost: Option<Lost<'s>>,
}

/// What is kept of the request that an endpoint's upstream receives. All of it is made again for the rules of a server
/// ([`crate::Walks::handshake`]): the lines of tens of thousands of endpoints would be most of what a run keeps.
#[derive(Debug, Clone, Copy)]
pub struct HandshakeFacts {
    /// Whether the `proxy_set_header` lines in effect stand in the location itself.
    pub is_here: bool,
    /// Whether a line for the upgrade is in effect.
    pub is_configured: bool,
    /// Whether an include that was not given, around the location, may change what is missing.
    pub is_hedged: bool,
    /// Where the lines for an upgrade come from.
    pub(crate) lines: Option<LinesFrom>,
    /// The level of the nearest outer lines for an upgrade that are dropped, and the first of them.
    pub(crate) lost: Option<(ContextId, Option<Place>)>,
}

impl HandshakeFacts {
    /// Those of a handshake for a location with this `*_pass`.
    pub(crate) fn of(
        configuration: Configuration<'_>,
        context: ContextId,
        pass: Pass<'_>,
        handshake: &Handshake<'_>,
    ) -> Self {
        let first = |lost: &Lost<'_>| lost.lines.first().map(|line| line.directive.at());
        Self {
            is_here: handshake.is_here,
            is_configured: handshake.is_configured(),
            is_hedged: handshake.is_hedged || handshake.version.is_hedged,
            lines: LinesFrom::of(configuration, context, pass, handshake),
            lost: handshake.lost.as_ref().map(|lost| (lost.level, first(lost))),
        }
    }
}

/// The values of lines that are the same everywhere in an `http`: nearly all locations write the same few.
#[derive(Debug, Default)]
pub(crate) struct LineValues<'s>(RefCell<HashMap<LineText<'s>, [Value; 2]>>);

/// The text of a line, and the `http` that it stands in.
type LineText<'s> = (Option<ContextId>, Cow<'s, [u8]>);

impl<'s> LineValues<'s> {
    /// What a text is for each browser's handshake in a location.
    fn get(
        &self,
        configuration: Configuration<'s>,
        variables: &Variables<'s>,
        context: ContextId,
        text: Cow<'s, [u8]>,
    ) -> [Value; 2] {
        let key = (configuration.enclosing(context, ContextKind::Http), text);
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        let of = |browser| {
            let request = Asked { request: HandshakeRequest(browser), is_told_apart: Cell::new(false) };
            let evaluator = Evaluator::new(configuration, variables, &request, context);
            let value = evaluator.value(&key.1);
            (value, request.is_told_apart.get(), evaluator.hangs_on_place())
        };
        let (chrome, is_told_apart, hangs_on_place) = of(Browser::Chrome);
        let firefox = if is_told_apart { of(Browser::Firefox).0 } else { chrome.clone() };
        let values = [chrome, firefox];
        if !hangs_on_place {
            self.0.borrow_mut().insert(key, values.clone());
        }
        values
    }
}

impl<'s> Handshake<'s> {
    pub(crate) fn new(
        configuration: Configuration<'s>,
        variables: &Variables<'s>,
        context: ContextId,
        values: &LineValues<'s>,
    ) -> Self {
        let evaluate = |text: Cow<'s, [u8]>| values.get(configuration, variables, context, text);
        let mut levels = declared(configuration, context, DirectiveName::PROXY_SET_HEADER);
        let nearest = levels.next();
        let lines = |declared: &Declared<'s>| -> Vec<Line<'s>> {
            declared.directives.iter().filter_map(|directive| Line::new(*directive, &evaluate)).collect()
        };
        // A field whose name is not known may be any: what no line names is found all the same, as nginx sends the name as it
        // stands, and whoever may write one must not silence what is said of the others.
        let is_unnamed =
            |line: &&Directive<'s>| line.argument(0).is_some_and(|name| placeholder::is_unknown(&name));
        let has_unnamed =
            nearest.iter().flat_map(|declared| &declared.directives).any(|line| is_unnamed(&line));
        let mut is_hedged = false;
        let absent = match &nearest {
            Some(declared) => match declared.gap {
                Some(gap) if !gap.is_pattern => Source::Unknown(gap),
                gap => Source::Default {
                    is_assumed: has_unnamed || gap.is_some() || is_partial(configuration, declared),
                },
            },
            None => match effective_or_hedged(configuration, context, DirectiveName::PROXY_SET_HEADER) {
                (Effective::Default { is_assumed }, was_hedged) => {
                    is_hedged = was_hedged;
                    Source::Default { is_assumed }
                }
                // Lines beyond an include that was not given are in effect only if it has none.
                _ => Source::of(&effective(configuration, context, DirectiveName::PROXY_SET_HEADER)),
            },
        };
        let is_here = nearest.as_ref().is_some_and(|declared| declared.is_here);
        let is_assumed = nearest.as_ref().is_some_and(|declared| declared.is_assumed);
        let [mut upgrade, mut connection, mut host, mut others] = [const { Vec::new() }; 4];
        for line in nearest.as_ref().map(&lines).unwrap_or_default() {
            let of_field = if line.is("upgrade") {
                &mut upgrade
            } else if line.is("connection") {
                &mut connection
            } else if line.is("host") {
                &mut host
            } else {
                &mut others
            };
            of_field.push(line);
        }
        let header = |lines: Vec<Line<'s>>| {
            let source = match lines.first() {
                Some(line) => Source::Set { directive: line.directive, is_here, is_assumed },
                None => absent,
            };
            Header { source, lines }
        };
        let dropped_by = nearest.as_ref().and_then(|declared| declared.directives.first().copied());
        let lost_by = &|dropped_by: Directive<'s>, declared: Declared<'s>| {
            let mut count = 0;
            let all = declared.directives.iter().filter(|directive| {
                count += 1;
                count <= REPEATED + 1 || directive.argument(0).is_some_and(|name| matters(&lossy(&name)))
            });
            let lines = all.filter_map(|directive| Line::new(*directive, &evaluate)).collect();
            Lost { level: declared.level, lines, dropped_by }
        };
        // Each of hundreds of levels may have lines, so that they are read no further out than is asked for.
        let mut outer = dropped_by
            .map(|dropped_by| levels.map(move |declared| lost_by(dropped_by, declared)))
            .into_iter()
            .flatten();
        let dropped = outer.next();
        let lost =
            dropped.clone().into_iter().chain(outer).find(|lost| lost.lines.iter().any(is_upgrade_line));
        let version = HttpVersion::new(configuration, context);
        let level = nearest.map(|declared| declared.level);
        Self {
            level,
            is_here,
            version,
            upgrade: header(upgrade),
            connection: header(connection),
            host: header(host),
            others,
            unset: absent,
            is_hedged,
            dropped,
            lost,
        }
    }

    /// Whether any `proxy_set_header` line at a context or around it may be one for an upgrade, in effect or dropped.
    pub(crate) fn may_have_upgrade_lines(configuration: Configuration<'_>, context: ContextId) -> bool {
        let is_one = |line: &Directive<'_>| {
            let mut words = line.arguments();
            let Some(name) = words.next() else { return false };
            let value = words.next().unwrap_or_default();
            if name.eq_ignore_ascii_case(b"upgrade") {
                return !value.is_empty();
            }
            let says_upgrade = || value.to_ascii_lowercase().windows(7).any(|part| part == b"upgrade");
            name.eq_ignore_ascii_case(b"connection") && (value.contains(&b'$') || says_upgrade())
        };
        let mut lines = configuration
            .levels(context)
            .flat_map(|level| configuration.named(level, DirectiveName::PROXY_SET_HEADER));
        lines.any(|line| is_one(&line))
    }

    /// Whether the request goes out as HTTP/1.0 for want of a `proxy_http_version`, on some version of the range.
    pub fn sends_http10_by_default(&self, versions: VersionRange) -> bool {
        self.version.source.is_default() && !versions.all_since(defaults::HTTP11_BY_DEFAULT)
    }

    /// All lines in effect that do not stand in the location itself.
    pub fn inherited_lines(&self) -> impl Iterator<Item = &Line<'s>> {
        let all = [&self.upgrade.lines, &self.connection.lines, &self.host.lines, &self.others];
        all.into_iter().flatten().filter(|_| !self.is_here)
    }

    /// The lines in effect for a field, its name in any case.
    pub fn lines_for<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h Line<'s>> {
        let all = [&self.upgrade.lines, &self.connection.lines, &self.host.lines, &self.others];
        all.into_iter().flatten().filter(move |line| line.is(name))
    }

    /// Whether `Host` names the host that the browser asked for, if not its port, and the browser's `Origin` is passed on.
    pub fn names_host(&self) -> bool {
        let is_name = |line: &Line<'_>| matches!(line.written.as_ref(), b"$host" | b"$http_host");
        matches!(self.host.lines.as_slice(), [line] if is_name(line))
            && self.lines_for("origin").next().is_none()
    }

    /// Whether a line for the upgrade is in effect.
    pub fn is_configured(&self) -> bool {
        self.upgrade.lines.iter().chain(&self.connection.lines).any(is_upgrade_line)
    }
}

impl<'s> HttpVersion<'s> {
    fn new(configuration: Configuration<'s>, context: ContextId) -> Self {
        let (effective, is_hedged) =
            effective_or_hedged(configuration, context, DirectiveName::PROXY_HTTP_VERSION);
        let source = Source::of(&effective);
        let written = source.directive().and_then(|directive| directive.argument(0));
        Self { source, written: written.map(|word| lossy(&word).into_owned()), is_hedged }
    }
}

/// Whether the level that has lines may have more of them, or a nearer level some, in files that were not given.
fn is_partial(configuration: Configuration<'_>, declared: &Declared<'_>) -> bool {
    declared.is_assumed || configuration.context(declared.level).presence != Presence::Given
}

/// Whether a line is written for an upgrade: `Upgrade` with a value, or `Connection` that may be `upgrade`.
pub(crate) fn is_upgrade_line(line: &Line<'_>) -> bool {
    if line.is("upgrade") {
        return !line.written.is_empty();
    }
    if !line.is("connection") {
        return false;
    }
    let written = lossy(&line.written).to_ascii_lowercase();
    let names_upgrade = written.contains("upgrade");
    let may_be_upgrade =
        Browser::ALL.iter().any(|&browser| line.value(browser).possibly(|value| has_token(value, "upgrade")));
    // `$http_connection` passes on whatever the client says: no sign that anybody thought of WebSockets.
    names_upgrade || (may_be_upgrade && !written.contains("http_connection"))
}
