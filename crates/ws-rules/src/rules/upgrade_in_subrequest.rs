//! `upgrade-in-subrequest`: what `auth_request` or `mirror` asks gets the handshake's `Upgrade` too.
//!
//! A subrequest has the client's header fields and inherits `proxy_set_header`. A 101 ends the request: nginx refuses it
//! with "connection upgrade in subrequest" (`http/ngx_http_upstream.c:ngx_http_upstream_upgrade`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{
    ContextKind, Directive, DirectiveName, Effective, Ending, HeaderSource, Passed, Presence, Step, Target,
    UpstreamFields, UpstreamHeader, UpstreamRequest, UpstreamVersion,
};
use ws_model::{Endpoint, has_token};

use crate::repair::Repair;
use crate::verify::{code, with_curl};
use crate::ways::safe_if_closed;
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct UpgradeInSubrequest;

const META: RuleMeta = RuleMeta {
    name: "upgrade-in-subrequest",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "`auth_request` or `mirror` sends the handshake's `Upgrade` to a back end whose 101 ends the request",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/upgrade-in-subrequest.md"),
};

impl Rule for UpgradeInSubrequest {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        for name in [DirectiveName::AUTH_REQUEST, DirectiveName::MIRROR] {
            let Effective::Set(declared) = endpoint.effective(name) else {
                continue;
            };
            for asker in &declared.directives {
                let Some(asked) = Asked::by(cx, endpoint, asker) else { continue };
                out.push(asked.finding(cx, endpoint, asker).assumed(declared.is_assumed));
            }
        }
    }
}

/// A subrequest that carries an upgrade.
struct Asked<'s> {
    passed: Box<Passed<'s>>,
    /// The line that sets `Upgrade`.
    upgrade: Directive<'s>,
    /// All lines in effect, in order.
    lines: Vec<(String, Directive<'s>)>,
    /// Whether its back end most likely is a WebSocket server.
    is_websocket_server: bool,
}

impl<'s> Asked<'s> {
    /// What the line asks for each handshake, where it surely is an upgrade.
    fn by(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>, asker: &Directive<'_>) -> Option<Self> {
        let configuration = cx.configuration();
        let uri = asker.argument(0).filter(|uri| uri.as_ref() != b"off")?;
        let server = configuration.enclosing(endpoint.context, ContextKind::Server)?;
        if configuration.context(server).presence != Presence::Given {
            return None;
        }
        let path = endpoint.example_path().unwrap_or_else(|| "/".to_owned());
        let exchange = cx.walks.subrequest(server, &path, &uri);
        // Where the configuration leaves several ways open, or a file that was not given does, nothing is sure.
        let way = exchange.only_way()?;
        let Ending::Passed(passed) = &way.ending else { return None };
        if way.steps.iter().any(|step| matches!(step, Step::NotGiven(_)))
            || passed.context == endpoint.context
        {
            return None;
        }
        let request = passed.request.as_ref().filter(|request| request.version == UpstreamVersion::Http11)?;
        let fields = cx.model.fields(request);
        let upgrade = field(&fields, "Upgrade").filter(|header| !header.value.possibly(<[u8]>::is_empty))?;
        field(&fields, "Connection")
            .filter(|header| header.value.surely(|value| has_token(value, "upgrade")))?;
        let HeaderSource::Set(upgrade) = upgrade.source else { return None };
        let all = fields.sent.iter().chain(&fields.dropped);
        let lines = all.filter_map(|header| match header.source {
            HeaderSource::Set(line) => Some((header.name.clone().into_owned(), line)),
            HeaderSource::Default | HeaderSource::Client => None,
        });
        let is_mirror = asker.name() == DirectiveName::MIRROR;
        let is_same_path =
            is_mirror && request.target.as_known().is_some_and(|target| target.starts_with(path.as_bytes()));
        let is_websocket_server = is_same_path || is_same_peer(request, &endpoint.target);
        Some(Self { passed: passed.clone(), upgrade, lines: lines.collect(), is_websocket_server })
    }

    fn finding<'f>(
        &'f self,
        cx: &Context<'_, '_>,
        endpoint: &'f Endpoint<'f>,
        asker: &Directive<'f>,
    ) -> FindingBuilder<'f> {
        let configuration = cx.configuration();
        let mut own = configuration.named(self.passed.context, DirectiveName::PROXY_SET_HEADER);
        let is_own = own.any(|line| line.reference == self.upgrade.reference);
        let is_mirror = asker.name() == DirectiveName::MIRROR;
        let message = if is_mirror {
            "nginx also sends the handshake's `Upgrade` to the mirror, and a 101 from there ends the WebSocket"
        } else {
            "nginx also sends the handshake's `Upgrade` to the back end of `auth_request`, and closes the connection if that answers 101"
        };
        let blamed = if is_own { &self.upgrade } else { &self.passed.pass.directive };
        let severity = if self.is_websocket_server { Severity::Warning } else { Severity::Info };
        let mut finding =
            FindingBuilder::new(&META, blamed, message).at_most(severity).endpoint(endpoint).because(
                asker,
                if is_mirror { "each handshake is mirrored" } else { "asked about each handshake" },
            );
        if !is_own {
            finding = finding.because(&self.upgrade, "`Upgrade` is inherited from here");
        }
        let location = configuration.enclosing(self.passed.context, ContextKind::Location);
        let location = location.and_then(|location| configuration.opener(location));
        let place = location.map_or("the location that is asked".to_owned(), |location| {
            format!("`location {}`", location.arguments_text())
        });
        let mut lines =
            vec!["proxy_set_header Upgrade \"\";".to_owned(), "proxy_set_header Connection \"\";".to_owned()];
        let is_cleared = |name: &str| ["upgrade", "connection"].contains(&name.to_ascii_lowercase().as_str());
        let verb = if is_own { "write in" } else { "add to" };
        if !is_own {
            // Lines of its own drop what the location inherits, so the remedy repeats it.
            let others = self.lines.iter().filter(|(name, _)| !is_cleared(name));
            lines.extend(others.map(|(_, line)| format!("{};", line.text_line())));
        }
        let context = configuration.enclosing(self.passed.context, ContextKind::Location);
        let pass = self.passed.pass.directive;
        let context = context.unwrap_or(self.passed.context);
        let repair = Repair::of_location(cx, configuration, context, pass, self.lines.clone());
        let repair = repair.header("Upgrade", "").header("Connection", "");
        finding = repair.at_most(safe_if_closed(cx, context)).fix(finding, "ask without `Upgrade`");
        let help = format!("{verb} {place}:{}", code(&lines));
        finding.help(if self.is_websocket_server { with_curl(help, endpoint) } else { help })
    }
}

fn field<'r, 's>(fields: &'r UpstreamFields<'s>, name: &str) -> Option<&'r UpstreamHeader<'s>> {
    fields.sent.iter().find(|header| header.name.eq_ignore_ascii_case(name))
}

/// Whether both go to one back end: what serves the one WebSocket sees one in the other too.
fn is_same_peer(request: &UpstreamRequest<'_>, target: &Target) -> bool {
    let Some(peer) = request.peer.as_known() else { return false };
    let scheme: &[u8] = if request.is_tls { b"https://" } else { b"http://" };
    let peer = Target::parse(&[scheme, peer].concat());
    !target.has_variables && (&peer.host, peer.port) == (&target.host, target.port)
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help, labels};

    /// Lines of a server, and those of the location that is asked.
    fn server(lines: &str, asked: &str) -> String {
        format!(
            "server {{ proxy_http_version 1.1; proxy_read_timeout 1h; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection; {lines} \
             location /ws/ {{ auth_request /auth; proxy_pass http://127.0.0.1:9000; }} \
             location = /auth {{ internal; {asked} }} }}"
        )
    }

    #[test]
    fn lines_that_the_auth_location_inherits() {
        let findings = check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_set_header Host $host;
    proxy_read_timeout 1h;
    location /ws/ {
        auth_request /auth;
        proxy_pass http://127.0.0.1:9000;
    }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:9000/me;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx also sends the handshake's `Upgrade` to the back end of `auth_request`, and closes the connection if that answers 101
    }
}
"#,
        );
        let labels = labels(&findings[0]);
        assert!(labels.contains(&"asked about each handshake"), "{labels:?}");
        assert!(labels.contains(&"`Upgrade` is inherited from here"), "{labels:?}");
        let lines = "add to `location = /auth`:\n    proxy_set_header Upgrade \"\";\n    \
                     proxy_set_header Connection \"\";\n    proxy_set_header Host $host;\nverify that";
        assert!(help(&findings[0]).starts_with(lines), "{}", help(&findings[0]));
    }

    #[test]
    fn another_back_end_may_be_no_websocket_server() {
        check(
            r#"
server {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_read_timeout 1h;
    auth_request /auth;
    location /ws/ { proxy_pass http://127.0.0.1:9000; }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:4180/oauth2/auth;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx also sends the handshake's `Upgrade` to the back end of…
    }
}
"#,
        );
    }

    #[test]
    fn a_line_of_its_own_is_blamed() {
        let findings = check(
            r#"
server {
    location /ws/ {
        mirror /copy;
        proxy_pass http://127.0.0.1:9000;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_read_timeout 1h;
    }
    location = /copy {
        internal;
        proxy_pass http://127.0.0.1:9001$request_uri;
        proxy_http_version 1.1;
        proxy_read_timeout 1h;
        proxy_set_header Upgrade $http_upgrade;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx also sends the handshake's `Upgrade` to the mirror, and a 101 from there ends the WebSocket
        proxy_set_header Connection $http_connection;
    }
}
"#,
        );
        assert!(help(&findings[0]).starts_with("write in `location = /copy`:"));
    }

    #[test]
    fn silent_where_nothing_is_asked_for_an_upgrade() {
        for asked in [
            "proxy_pass http://127.0.0.1:9000/auth; proxy_set_header Upgrade ''; proxy_set_header Connection '';",
            "proxy_pass http://127.0.0.1:9000/auth; proxy_set_header Host $host;",
            "proxy_pass http://127.0.0.1:9000/auth; proxy_set_header Connection $http_connection;",
            "proxy_pass http://127.0.0.1:9000/auth; include /opt/x.conf;",
            "fastcgi_pass app;",
            "return 204;",
        ] {
            let found = found(&server("", asked));
            assert!(found.iter().all(|one| one.rule.name != "upgrade-in-subrequest"), "{asked} {found:?}");
        }
        let off = server("", "proxy_pass http://127.0.0.1:9000/auth;")
            .replace("auth_request /auth", "auth_request off");
        assert!(found(&off).is_empty(), "{:?}", found(&off));
    }

    #[test]
    fn silent_where_rewrites_leave_it_open() {
        let text = server(
            "if ($remote_addr = 192.0.2.1) { rewrite ^ /other; }",
            "proxy_pass http://127.0.0.1:9000/auth;",
        );
        assert!(found(&text).iter().all(|one| one.rule.name != "upgrade-in-subrequest"));
    }

    #[test]
    fn the_location_that_is_asked_sends_no_upgrade() {
        let text = |inside: &str| {
            format!(
                "server {{\n  proxy_ignore_headers X-Accel-Redirect;\n  proxy_http_version 1.1;\n  proxy_set_header Upgrade $http_upgrade;\n  proxy_set_header Connection \"upgrade\";\n  \
             proxy_set_header X-A 1;\n  location /ws/ {{ auth_request /auth; proxy_pass http://a; }}\n  \
             location = /auth {{\n    internal;\n    proxy_pass http://b;\n{inside}  }}\n}}\n"
            )
        };
        let lines = "    proxy_set_header Upgrade '';\n    proxy_set_header Connection '';\n    proxy_set_header X-A 1;\n";
        assert_eq!(fixed(Applicability::Safe, "upgrade-in-subrequest", &text("")), text(lines));
        let own = |upgrade: &str, connection: &str| {
            text(&format!(
                "    proxy_set_header Upgrade {upgrade};\n    proxy_set_header Connection {connection};\n"
            ))
        };
        let after = fixed(Applicability::Safe, "upgrade-in-subrequest", &own("$http_upgrade", "'upgrade'"));
        assert_eq!(after, own("''", "''"));
    }
}
