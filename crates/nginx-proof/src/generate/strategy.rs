//! How shapes are drawn.

use nginx_semantics::Modifier;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::shape::{
    Ask, Content, ErrorPage, If, Kind, Level, Limit, Location, Map, Pass, Server, Shape, Spelling, Statement,
    Swarm,
};
use super::topics::{MOST_PICKED, TOPICS};
use super::words::{
    AUTHS, CAPTURING, CONDITIONS, HEADERS, HOSTS, KEYS, MAPPED, PATHS, PLAIN_TARGETS, REGEXES, REPLACEMENTS,
    REWRITTEN, SERVER_NAMES, SOURCES, SUFFIXES, TARGETS, UPSTREAM_VALUES, URI_TARGETS, VALUES,
    VARIABLE_TARGETS,
};

/// As many requests are made of each configuration.
const ASKS: usize = 6;

type Word = &'static str;

/// One of these words.
fn one(words: &'static [Word]) -> impl Strategy<Value = Word> + Clone {
    select(words)
}

fn header() -> impl Strategy<Value = (Word, Word)> {
    let value = prop_oneof![12 => one(&VALUES), 1 => one(&UPSTREAM_VALUES)];
    prop_oneof![
        4 => (one(&HEADERS), value),
        1 => Just(("Upgrade", "$http_upgrade")),
        1 => (Just("Connection"), one(&["upgrade", "$connection_upgrade", "$http_connection"])),
    ]
}

/// `chance` of anything at all.
fn level(chance: f64) -> BoxedStrategy<Level> {
    let idiom = (one(&["$connection_upgrade", "upgrade", "$http_connection"]), vec(header(), 0..2)).prop_map(
        |(connection, more)| {
            let mut headers = vec![("Upgrade", "$http_upgrade"), ("Connection", connection)];
            headers.extend(more);
            headers
        },
    );
    let headers = prop_oneof![3 => idiom, 2 => vec(header(), 1..4)];
    let scalar = prop_oneof![
        3 => Just(("proxy_pass_request_headers", "off")),
        2 => Just(("proxy_pass_request_headers", "on")),
        3 => (Just("proxy_method"), one(&["GET", "POST"])),
        2 => Just(("absolute_redirect", "off")),
        2 => (Just("server_name_in_redirect"), one(&["on", "off"])),
        1 => Just(("port_in_redirect", "off")),
    ];
    let version = prop_oneof![4 => Just("1.1"), 1 => Just("1.0"), 1 => Just("2")];
    let scalars = prop_oneof![10 => Just(Vec::new()), 1 => vec(scalar, 1..=1)];
    let picks = vec(0..=MOST_PICKED, TOPICS.len());
    let rest = (
        weighted(chance, headers),
        weighted(chance * 0.8, version),
        scalars,
        weighted(0.25, Just(())),
        picks,
    );
    rest.prop_map(|(headers, http_version, scalars, included, picks)| Level {
        headers: headers.unwrap_or_default(),
        http_version,
        scalars,
        is_included: included.is_some(),
        picks,
    })
    .boxed()
}

fn map() -> BoxedStrategy<Map> {
    let values = prop_oneof![3 => one(&["upgrade", "close", ""]), 2 => one(&MAPPED)];
    // One more of which a literal and a regex may mean the same.
    let both = (one(&["websocket", "~*^web"]), one(&["upgrade", "close", "x$1"]));
    let entries =
        (vec((one(&KEYS), values.clone()), 0..5), vec(both, 0..3)).prop_map(|(mut entries, both)| {
            entries.extend(both);
            entries
        });
    (one(&SOURCES), entries, weighted(0.7, values), weighted(0.1, Just(())), any::<bool>())
        .prop_map(|(source, entries, default, volatile, is_included)| {
            let is_volatile = volatile.is_some();
            Map { source, entries, default, is_volatile, is_included }
        })
        .boxed()
}

fn pass() -> impl Strategy<Value = Pass> {
    let target = prop_oneof![8 => one(&PLAIN_TARGETS), 5 => one(&URI_TARGETS), 3 => one(&VARIABLE_TARGETS)];
    let plain = prop_oneof![5 => one(&PLAIN_TARGETS), 1 => one(&VARIABLE_TARGETS)];
    (target, plain).prop_map(|(target, plain)| Pass { target, plain })
}

fn rewrite() -> impl Strategy<Value = Statement> {
    let flag = one(&["", "last", "last", "break", "break", "redirect", "permanent"]);
    let replacement = prop_oneof![8 => one(&REPLACEMENTS), 1 => Just("http://other.test/$1")];
    (one(&REWRITTEN), replacement, flag)
        .prop_map(|(regex, replacement, flag)| Statement::Rewrite(regex, replacement, flag))
}

fn leaf() -> BoxedStrategy<Statement> {
    prop_oneof![
        5 => one(&VALUES).prop_map(Statement::Set),
        3 => one(&["app", "api", "app:80", "", "b:8001"]).prop_map(Statement::SetBackend),
        1 => prop_oneof![
            Just(("args", "b=3")),
            Just(("args", "$args&c=4")),
            Just(("http_x_a", "$http_upgrade")),
            Just(("http_upgrade", "websocket")),
        ].prop_map(|(name, value)| Statement::SetOwn(name, value)),
        3 => rewrite(),
        1 => Just(Statement::Break),
    ]
    .boxed()
}

fn answer() -> impl Strategy<Value = Statement> {
    let words =
        one(&["403", "404", "204", "426", "301 /x", "302 https://other.test$request_uri", "200 text", "444"]);
    words.prop_map(Statement::Return)
}

fn condition() -> BoxedStrategy<Statement> {
    let body = vec(prop_oneof![7 => leaf(), 1 => answer()], 0..3);
    (one(&CONDITIONS), body, weighted(0.35, pass()))
        .prop_map(|(condition, body, pass)| Statement::If(If { condition, body, pass }))
        .boxed()
}

fn statements(chance: f64) -> impl Strategy<Value = Vec<Statement>> {
    let one = prop_oneof![8 => leaf(), 7 => condition(), 1 => answer()];
    weighted(chance, vec(one, 1..4)).prop_map(Option::unwrap_or_default)
}

fn access(chance: f64) -> impl Strategy<Value = Vec<Word>> {
    let line = prop_oneof![
        8 => one(&["allow 127.0.0.1;", "deny all;", "allow all;", "deny 10.0.0.0/8;", "deny 127.0.0.0/8;"]),
        1 => one(&["auth_basic x;", "auth_basic off;"]),
    ];
    weighted(chance, vec(line, 1..3)).prop_map(Option::unwrap_or_default)
}

fn error_page(chance: f64) -> impl Strategy<Value = Option<ErrorPage>> {
    let words = one(&["404 =", "404", "403 404 =200", "403", "502 500 =", "426 ="]);
    weighted(chance, (words, one(&TARGETS)))
}

fn limit() -> BoxedStrategy<Limit> {
    let access = access(0.7);
    (one(&["GET", "POST", "GET POST", "get"]), access, weighted(0.2, pass()))
        .prop_map(|(methods, access, pass)| Limit { methods, access, pass })
        .boxed()
}

fn content() -> BoxedStrategy<Content> {
    let last = prop_oneof![
        4 => one(&TARGETS),
        1 => Just("=404"),
        1 => Just("/ws$is_args$args"),
    ];
    prop_oneof![
        18 => pass().prop_map(Content::Pass),
        2 => Just(Content::Files),
        2 => (last, weighted(0.3, pass())).prop_map(|(last, pass)| Content::Try(last, pass)),
        2 => one(&["@x", "@y", "/ws"]).prop_map(Content::Teapot),
    ]
    .boxed()
}

fn location(nested: BoxedStrategy<Vec<Location>>) -> BoxedStrategy<Location> {
    let modifier = prop_oneof![
        8 => Just(Modifier::Prefix),
        3 => Just(Modifier::Exact),
        3 => Just(Modifier::PriorityPrefix),
        4 => Just(Modifier::Regex),
        3 => Just(Modifier::CaselessRegex),
    ];
    let internal = prop_oneof![40 => Just(""), 1 => Just("internal;")];
    let name = (modifier, one(&PATHS), one(&SUFFIXES), one(&REGEXES));
    let body =
        (level(0.25), statements(0.22), weighted(0.06, limit()), access(0.05), internal, error_page(0.08));
    (name, body, (content(), weighted(0.4, one(&AUTHS))), nested)
        .prop_map(|((modifier, path, suffix, regex), body, (content, auth), nested)| {
            let (level, statements, limit, mut access, internal, error_page) = body;
            access.extend((!internal.is_empty()).then_some(internal));
            Location {
                modifier,
                path,
                suffix,
                regex,
                level,
                statements,
                limit,
                access,
                error_page,
                auth,
                content,
                nested,
            }
        })
        .boxed()
}

fn ask() -> BoxedStrategy<Ask> {
    use Kind as K;
    use Spelling as S;
    let spelling = prop_oneof![
        6 => Just(S::AsNamed),
        4 => Just(S::OtherSlash),
        2 => Just(S::OtherCase),
        2 => Just(S::Escaped),
        3 => Just(S::Doubled),
        2 => Just(S::DoubledBelow),
        1 => Just(S::Dotted),
        3 => Just(S::Below),
        1 => Just(S::Longer),
        3 => Just(S::Special),
        3 => Just(S::Queried),
        2 => Just(S::BelowQueried),
        1 => Just(S::Absolute),
        1 => Just(S::Bytes),
        1 => Just(S::Long),
    ];
    let kind = prop_oneof![
        5 => Just(K::Chrome),
        4 => Just(K::Firefox),
        2 => Just(K::OtherCase),
        4 => Just(K::Get),
        2 => Just(K::Post),
        1 => Just(K::Head),
        1 => Just(K::Delete),
        1 => Just(K::Body),
        1 => Just(K::Chunked),
        1 => Just(K::Old),
        1 => Just(K::OldGet),
    ];
    let host = prop_oneof![3 => Just(HOSTS[0]), 1 => one(&HOSTS)];
    let field = prop_oneof![
        8 => one(&["X-A", "x-a", "X_A", "X.A", "X_A.b",  "Sec-WebSocket-Protocol", "Cookie", "TE", "Keep-Alive", "Accept"]),
        1 => one(&["Upgrade", "connection"]),
        2 => one(&["X-Real-IP", "X-Forwarded-For"]),
    ];
    let value = prop_oneof![
        4 => one(&["one", "two", "a=1; b=2"]),
        1 => one(&["10.1.2.3", "10.1.2.3, 127.0.0.1", "off"]),
    ];
    let own = (field, value);
    // The name and the password of the harness' file, and others.
    let password = (Just("Authorization"), one(&["Basic dTpw", "Basic dTpw", "Basic dTp4", "Bearer x"]));
    let more = vec(prop_oneof![9 => own.boxed(), 1 => password.boxed()], 0..3);
    (any::<Index>(), spelling, kind, (host, weighted(0.05, Just(())), any::<Index>()), more)
        .prop_map(|(path, spelling, kind, (host, late, door), more)| Ask {
            path,
            spelling,
            kind,
            host,
            is_host_late: late.is_some(),
            door,
            more,
        })
        .boxed()
}

/// `most` locations and one more at most, nested ones where `is_deep`.
fn server(most: usize, is_deep: bool) -> BoxedStrategy<Server> {
    let none = Just(Vec::new()).boxed();
    let inner = vec(location(none.clone()), 0..2).boxed();
    let deep = prop_oneof![3 => none.clone(), 2 => vec(location(inner), 1..4)].boxed();
    let nested = if is_deep { deep } else { none.clone() };
    let names = (one(&SERVER_NAMES), weighted(0.2, Just(())), weighted(0.2, one(&["off", "off", "on"])));
    let body = (level(0.75), statements(0.2), access(0.05), error_page(0.1));
    let fields = one(&["underscores_in_headers on;", "ignore_invalid_headers off;", ""]);
    let index = one(&["", "", "index chat index.html;", "index none /w;", "autoindex on;"]);
    let texts = one(&["x", "", "$c-", "$arg_a", "$request_method$1"]);
    let more = (one(&CAPTURING), fields, weighted(0.5, texts), index, weighted(0.1, one(&AUTHS)));
    let locations = (vec(location(nested), 1..=most), vec(location(none), 0..3), weighted(0.2, Just(())));
    (names, body, locations, more)
        .prop_map(|(names, body, (locations, named, included), (captures, fields, text, index, auth))| {
            let ((names, default, merge_slashes), (level, statements, access, error_page)) = (names, body);
            let (is_default, is_included) = (default.is_some(), included.is_some());
            Server {
                names,
                is_default,
                merge_slashes,
                level,
                statements,
                access,
                error_page,
                captures,
                fields,
                body: text,
                index,
                auth,
                locations,
                named,
                is_included,
            }
        })
        .boxed()
}

/// Some of what a configuration may have besides.
fn swarm() -> impl Strategy<Value = Swarm> {
    let has = || prop_oneof![3 => Just(false), 1 => Just(true)];
    let topics = vec(prop_oneof![7 => Just(0_u32), 1 => Just(1)], TOPICS.len());
    let topics = topics.prop_map(|bits| bits.into_iter().fold(0, |all, bit| all << 1 | bit));
    (has(), has(), has(), has(), has(), has(), has(), has(), topics).prop_map(
        |(captures, fields, body, down, auth, files, intercept, any, topics)| Swarm {
            captures,
            fields,
            body,
            down,
            auth,
            files,
            intercept,
            any,
            topics,
        },
    )
}

/// Any shape.
pub(super) fn shape() -> impl Strategy<Value = Shape> {
    let others = weighted(0.25, vec(server(2, false), 1..3)).prop_map(Option::unwrap_or_default);
    let http = (level(0.3), map(), map(), weighted(0.1, one(&["off"])));
    (http, server(5, true), others, vec(ask(), ASKS), swarm()).prop_map(
        |((http, connection, mapped, merge_slashes), first, others, asks, swarm)| {
            let servers = std::iter::once(first).chain(others).collect();
            Shape { swarm, http, merge_slashes, connection, mapped, servers, asks }
        },
    )
}
