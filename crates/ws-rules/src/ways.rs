//! What becomes of handshakes on their way, as several rules ask it.

use lint_finding::Applicability;
use nginx_semantics::{
    Answer, AnsweredBy, ContextId, ContextKind, Directive, DirectiveName, Ending, Exchange, LocationName,
    PassModule, Step, Way,
};
use ws_model::{Endpoint, Evidence, EvidenceKind, LostPath, Probe, Walks, is_settled};

use crate::verify::{with_curl, with_curl_for};
use crate::{Context, FindingBuilder};

/// What is to blame for an answer of nginx's own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Blame<'s> {
    /// A line.
    Line(Directive<'s>),
    /// A location whose name is the path and a slash.
    Slash(ContextId),
    /// A level that has only files.
    Files(ContextId),
}

/// nginx's own answer to a handshake.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'e, 's> {
    /// The first path that is answered so.
    pub(crate) path: &'e str,
    /// The answer.
    pub(crate) answer: &'e Answer<'s>,
    /// What makes it.
    pub(crate) blame: Blame<'s>,
    /// What came before.
    pub(crate) way: &'e Way<'s>,
}

/// What a rule speaks about.
#[derive(Clone, Copy)]
pub(crate) enum About<'e, 's> {
    /// An endpoint.
    Endpoint(&'e Endpoint<'s>),
    /// A path that the user names.
    Path(&'e LostPath<'s>),
}

impl About<'_, '_> {
    /// Names it, with its severity and confidence, and ends the help with the command that verifies `path`.
    pub(crate) fn finish(
        self,
        cx: &Context<'_, '_>,
        finding: FindingBuilder,
        help: String,
        path: &str,
    ) -> FindingBuilder {
        match self {
            Self::Endpoint(endpoint) if endpoint.example_path().as_deref() == Some(path) => {
                finding.endpoint(endpoint).help(with_curl(help, endpoint))
            }
            Self::Endpoint(endpoint) => {
                let help = with_curl_for(help, &endpoint.server_names, &endpoint.listens, path);
                finding.endpoint(endpoint).help(help)
            }
            Self::Path(lost) => {
                let names = nginx_semantics::server_names(cx.configuration(), lost.server);
                let listens = nginx_semantics::listens(cx.configuration(), lost.server);
                finding.path(cx, lost).help(with_curl_for(help, &names, &listens, path))
            }
        }
    }

    /// Whether a `proxy_pass` or its kin would be asked if nothing stood in the way.
    pub(crate) fn has_pass(self) -> bool {
        matches!(self, Self::Endpoint(_))
    }
}

/// The handshakes of an endpoint that are judged together: each path that is known by itself, else all.
pub(crate) fn groups<'p, 's>(endpoint: &Endpoint<'_>, probes: &'p [Probe<'s>]) -> Vec<&'p [Probe<'s>]> {
    match probes {
        [] => Vec::new(),
        [first, ..] if endpoint.knows_path(&first.path) => probes.chunks(1).collect(),
        all => vec![all],
    }
}

/// nginx's own answer to all handshakes of a group, where all get it for the same reason in the endpoint's own
/// location, or at its server.
pub(crate) fn refusal<'p, 's>(
    walks: &Walks<'_, 's>,
    endpoint: &Endpoint<'_>,
    group: &'p [Probe<'s>],
) -> Option<Refusal<'p, 's>> {
    // What is passed on is not refused, wherever that is.
    if walks.straight_to(group.first()?).is_some() {
        return None;
    }
    let own = endpoint.configuration.enclosing(endpoint.context, ContextKind::Location);
    // An `if` with a `proxy_pass` of its own is asked only where its condition holds.
    let opener =
        endpoint.configuration.opener(endpoint.context).filter(|opener| opener.name() == DirectiveName::IF);
    let is_entered = |way: &Way<'_>| {
        opener.is_none_or(|opener| {
            way.steps.iter().any(|step| {
                matches!(step, Step::If { directive, holds: true, .. } if directive.reference == opener.reference)
            })
        })
    };
    let is_own = |way: &Way<'_>| match way.selected() {
        Some(location) => Some(location) == own,
        None => !way.steps.iter().any(|step| matches!(step, Step::Selected { .. } | Step::Rewritten { .. })),
    };
    let mut refusals = group.iter().map(|probe| {
        let exchange = walks.exchange(probe);
        let is_own = exchange.ways.iter().all(|way| is_own(way) && is_entered(way));
        answer_of(&probe.path, exchange).filter(|_| is_own)
    });
    let first = refusals.next()??;
    let is_same = |other: Option<Refusal<'_, '_>>| {
        other.is_some_and(|other| {
            (other.answer.status, place_of(other.blame)) == (first.answer.status, place_of(first.blame))
        })
    };
    refusals.all(is_same).then_some(first)
}

/// nginx's own answer to a path.
fn answer_of<'p, 's>(path: &'p str, exchange: &'p Exchange<'s>) -> Option<Refusal<'p, 's>> {
    is_settled(exchange).then(|| of_ways(path, &exchange.ways))?
}

/// nginx's own answer to a path that the user names.
pub(crate) fn refusal_of_path<'p, 's>(lost: &'p LostPath<'s>) -> Option<Refusal<'p, 's>> {
    of_ways(&lost.path, &lost.exchange.ways)
}

/// The answer that all ways end with; one that is no question of who asks.
fn of_ways<'p, 's>(path: &'p str, ways: &'p [Way<'s>]) -> Option<Refusal<'p, 's>> {
    let mut all = Vec::new();
    for way in ways {
        let Ending::Answered(answer) = &way.ending else { return None };
        all.push(Refusal { path, answer, blame: blame(way, answer)?, way });
    }
    let is_open = |refusal: &&Refusal<'_, '_>| !is_about_client(refusal.answer);
    all.iter().find(is_open).copied()
}

fn is_about_client(answer: &Answer<'_>) -> bool {
    let AnsweredBy::Directive(line) = answer.by else { return false };
    matches!(line.name(), DirectiveName::AUTH_BASIC | DirectiveName::AUTH_REQUEST)
}

/// Whether the location is `internal` by a line of its own: then something leads to it, `X-Accel-Redirect` of an upstream
/// for one, unless clients are known to ask for it.
pub(crate) fn is_led_to(endpoint: &Endpoint<'_>, answer: &Answer<'_>) -> bool {
    let AnsweredBy::Internal(line) = answer.by else { return false };
    let mut own = endpoint.configuration.named(endpoint.context, DirectiveName::INTERNAL);
    let is_asked = endpoint.evidence.iter().any(|evidence| {
        let is_sure = matches!(evidence.kind, EvidenceKind::Declared | EvidenceKind::ApplicationPath);
        is_sure && evidence.path.is_some()
    });
    own.any(|other| other.reference == line.reference) && !is_asked
}

/// The `auth_basic` that refuses a handshake without a password, whatever else is unknown.
pub(crate) fn password<'s>(exchange: &Exchange<'s>) -> Option<Directive<'s>> {
    let mut ways = exchange.ways.iter();
    let of = |way: &Way<'s>| match &way.ending {
        Ending::Answered(Answer { status: 401, by: AnsweredBy::Directive(line), .. }) => {
            Some(*line).filter(|line| line.name() == DirectiveName::AUTH_BASIC)
        }
        _ => None,
    };
    let first = ways.next().and_then(of)?;
    ways.all(|way| of(way).is_some()).then_some(first)
}

/// What makes the answer; `None` where it takes the place of one that comes of an upstream, which may be there in time.
fn blame<'s>(way: &Way<'s>, answer: &Answer<'s>) -> Option<Blame<'s>> {
    let leading = way.steps.iter().rev().find_map(|step| match step {
        Step::TriedFiles(line)
        | Step::Rewritten { directive: line, .. }
        | Step::ErrorPage { directive: line, .. } => Some(Blame::Line(*line)),
        _ => None,
    });
    let is_of_upstream = |step: &Step<'_>| matches!(step, Step::ErrorPage { status: 500.., .. });
    if way.steps.iter().any(is_of_upstream) {
        return None;
    }
    match answer.by {
        AnsweredBy::Directive(line) | AnsweredBy::Internal(line) | AnsweredBy::NoNamedLocation(line) => {
            Some(Blame::Line(line))
        }
        AnsweredBy::MissingSlash(location) => Some(Blame::Slash(location)),
        AnsweredBy::NoFile => Some(leading.unwrap_or(Blame::Files(answer.context))),
        AnsweredBy::RedirectLimit => leading,
        AnsweredBy::NoUpstream(_) | AnsweredBy::BadRequest => None,
    }
}

fn place_of(blame: Blame<'_>) -> (Option<nginx_semantics::DirectiveRef>, Option<ContextId>) {
    match blame {
        Blame::Line(line) => (Some(line.reference), None),
        Blame::Slash(context) | Blame::Files(context) => (None, Some(context)),
    }
}

/// Whether a way ends at an upstream that gets `Upgrade`, or where that cannot be said.
pub(crate) fn may_upgrade<'s>(cx: &Context<'_, 's>, way: &Way<'s>) -> bool {
    match &way.ending {
        Ending::Passed(passed) => match (passed.pass.module, &passed.request) {
            (PassModule::Proxy, Some(request)) => !cx.model.field(request, "Upgrade").sent.is_empty(),
            (PassModule::Proxy | PassModule::Uwsgi | PassModule::Scgi, _) => true,
            (PassModule::Fastcgi | PassModule::Grpc | PassModule::Memcached, _) => false,
        },
        Ending::Answered(answer) => {
            let is_password = is_about_client(answer);
            is_password || matches!(answer.by, AnsweredBy::NoUpstream(_))
        }
        Ending::CannotSay(_) => true,
    }
}

/// Whether a file that was not given may change a way.
pub(crate) fn is_partial(way: &Way<'_>) -> bool {
    way.steps.iter().any(|step| matches!(step, Step::NotGiven(_)))
}

/// The `try_files` on the way to a named location that finds a directory for a path of the user's: `$uri/` is the folder
/// of the location itself where the path is its name (`ngx_http_try_files_handler`). A location that is set up for WebSockets beside it says
/// that the path is a page's.
pub(crate) fn directory<'s>(
    cx: &Context<'_, 's>,
    endpoint: &Endpoint<'_>,
    probe: &Probe<'s>,
) -> Option<Directive<'s>> {
    let path = probe.path.trim_end_matches('/');
    let is_users = |evidence: &Evidence| {
        evidence.kind == EvidenceKind::Declared && evidence.path.as_deref() == Some(&probe.path)
    };
    if !endpoint.evidence.iter().any(is_users) || cx.configured_sibling(endpoint).is_some() {
        return None;
    }
    let exchange = cx.walks.exchange(probe);
    let way = exchange.only_way().filter(|way| matches!(way.ending, Ending::Passed(_)))?;
    let location = way.selected()?;
    let name = LocationName::of(&cx.configuration().opener(location)?)?;
    let has_alias = cx.configuration().named(location, DirectiveName::ALIAS).next().is_some();
    let is_folder = path.is_empty()
        || (has_alias && name.name.strip_suffix(b"/").unwrap_or(&name.name) == path.as_bytes());
    let tried = way.steps.iter().find_map(|step| match step {
        Step::TriedFiles(line) => Some(*line),
        _ => None,
    })?;
    let tries_folder = tried.arguments().any(|word| word.as_ref() == b"$uri/");
    (is_folder && tries_folder).then_some(tried)
}

/// Safe where clients have no WebSockets in a location, and neither a file that was not given nor the answer of a back end
/// may lead them there.
pub(crate) fn safe_if_closed(cx: &Context<'_, '_>, context: ContextId) -> Applicability {
    if cx.model.is_surely_closed_to_clients(context) { Applicability::Safe } else { Applicability::Unsafe }
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::found;

    #[test]
    fn what_subrequests_ask_answers_soon() {
        let text = |asker: &str| {
            let lines = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;";
            format!("server {{ {asker} {{ internal; proxy_pass http://a; {lines} }} }}")
        };
        let is_found =
            |asker: &str| found(&text(asker)).iter().any(|finding| finding.rule.name == "short-read-timeout");
        for asker in [
            "auth_request /auth; location = /auth",
            "mirror /auth; location = /auth",
            "auth_request /auth/ws; location /auth/",
            "mirror /auth/x; location ~ ^/auth",
        ] {
            assert!(!is_found(asker), "{asker}");
        }
        for asker in [
            "auth_request /other; location = /auth",
            // Clients come here too.
            "auth_request /auth; location /chat/ { rewrite ^ /auth last; } location = /auth",
            "auth_request /auth; location /chat/ { try_files /none /auth; } location = /auth",
        ] {
            assert!(is_found(asker), "{asker}");
        }
    }

    /// The file that was not given silences `upgrade-in-subrequest`, and must not let a fix through.
    #[test]
    fn what_only_subrequests_reach_is_no_endpoint_and_gets_no_line() {
        let text = |http: &str, server: &str, asked: &str, more: &str| {
            format!(
                "events {{}}\nhttp {{\n  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}\n  \
                 proxy_http_version 1.1;\n  proxy_set_header Connection $connection_upgrade;\n{http}  server {{\n{server}    \
                 location {asked} {{ {more} proxy_pass http://127.0.0.1:9000; }}\n    location /terminal {{\n      \
                 proxy_pass http://127.0.0.1:9001; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade;\n      \
                 proxy_set_header Connection $connection_upgrade; include /not/given/resolver.conf;\n    }}\n  }}\n}}\n"
            )
        };
        let missing = |text: &str| {
            let findings = found(text);
            let is_asked = |location: &str| ["= /auth", "= /gate", "/socket.io/"].contains(&location);
            findings.into_iter().find(|one| {
                one.rule.name == "missing-upgrade-header"
                    && one.endpoint.as_ref().is_some_and(|endpoint| is_asked(&endpoint.location))
            })
        };
        let inside = "internal;";
        for (http, server) in [
            ("", "    auth_request /auth;\n"),
            ("", "    mirror /auth;\n"),
            ("  auth_request /auth;\n", ""),
            ("", "    location /a/ { mirror /auth; proxy_pass http://127.0.0.1:9002; }\n"),
        ] {
            let found = missing(&text(http, server, "= /auth", inside));
            assert!(found.is_none(), "{http}{server}: {found:#?}");
        }
        let own = "internal; proxy_set_header Connection upgrade;";
        assert!(missing(&text("", "    auth_request /auth;\n", "= /auth", own)).is_none());
        // Clients come too, but the lines that it inherits are not meant for it.
        for (server, more) in
            [("    auth_request /auth;\n", ""), ("    auth_request /auth;\n    rewrite ^/b /auth;\n", inside)]
        {
            assert!(missing(&text("", server, "= /auth", more)).is_none(), "{server}");
        }
        // Clients come too and it has lines of its own, or nobody can say who asks: something may be missing, and no fix
        // of it is safe.
        let own = "proxy_set_header Connection $connection_upgrade;";
        let inside_with_own = format!("{inside} {own}");
        for (server, asked, more) in [
            ("    auth_request /auth;\n", "= /auth", own),
            ("    auth_request /auth;\n    rewrite ^/b /auth;\n", "= /auth", inside_with_own.as_str()),
            ("", "= /gate", inside),
            ("", "= /gate", ""),
        ] {
            let text = text("", server, asked, more);
            let finding = missing(&text).unwrap_or_else(|| panic!("{text}"));
            let fix = finding.fix.expect("a fix");
            assert_eq!(fix.applicability, Applicability::Unsafe, "{text}");
        }
        // A name of its own says that it is for WebSockets.
        let finding = missing(&text("", "", "/socket.io/", "")).expect("a finding");
        assert_eq!(finding.fix.expect("a fix").applicability, Applicability::Safe);
    }

    /// A handshake that comes there by an internal redirect would lose what it needs.
    #[test]
    fn not_safe_where_a_client_may_be_sent_on_to_it() {
        const IGNORED: &str = "proxy_ignore_headers X-Accel-Redirect;";
        let text = |ignored: &str, lines: &str, asked: &str| {
            format!(
                "server {{ {ignored} proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection $http_connection; location /ws/ {{ auth_request /auth; proxy_pass http://a; }} \
                 location {asked} {{ internal; proxy_pass http://b; }} {lines} }}"
            )
        };
        let is_safe = |text: &str| {
            let findings = found(text);
            let one = findings.into_iter().find(|one| one.rule.name == "upgrade-in-subrequest");
            one.unwrap_or_else(|| panic!("{text}")).fix.expect("a fix").applicability == Applicability::Safe
        };
        for lines in [
            "",
            "location /b { proxy_pass http://c; }",
            "location /b { fastcgi_pass c; fastcgi_ignore_headers Expires x-accel-redirect; }",
            "location /b { memcached_pass c; }",
            "location /b { rewrite ^/b/(.*)$ /c/$1 last; }",
            "location /b { index index.html; }",
        ] {
            assert!(is_safe(&text(IGNORED, lines, "= /auth")), "{lines}");
            assert!(!is_safe(&text("", lines, "= /auth")), "{lines}");
        }
        for lines in [
            // What a back end answers.
            "location /b { proxy_pass http://c; proxy_ignore_headers Expires; }",
            "location /b { proxy_pass http://c; include not/given.conf; }",
            "location /b { if ($arg_a) { proxy_pass http://c; } proxy_ignore_headers Expires; }",
            "location /b { fastcgi_pass c; }",
            "location /b { uwsgi_pass c; }",
            "location /b { scgi_pass c; }",
            "location /b { grpc_pass c; }",
            // What nginx does by itself.
            "location /b { rewrite ^/b/(.*)$ /$1 last; }",
            "location /b { rewrite ^/b/(.*)$ /au$1 last; }",
            "location /b { try_files /none /$arg_a; }",
            "error_page 404 /auth;",
            "error_page 404 $arg_a;",
            "location /b { index a.html /auth; }",
            "location /b/ { random_index on; }",
            // A program.
            "location /b { js_content main.b; }",
            "location /b { perl main::b; }",
            "location /b { content_by_lua_block { ngx.exec('/auth') } }",
            "location /b { include snippets/fastcgi-php.conf; }",
        ] {
            assert!(!is_safe(&text(IGNORED, lines, "= /auth")), "{lines}");
        }
        assert!(!is_safe(&text(IGNORED, "", "~ ^/auth$")));
    }
}
