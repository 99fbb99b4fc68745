//! `short-read-timeout`: nginx closes an idle connection after less than the minimum.
//!
//! One timer ends an idle tunnel, `proxy_read_timeout`; traffic in either direction starts it again
//! (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`).

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Directive, DirectiveName, Effective, time};
use ws_model::{Endpoint, Source};

use crate::given;
use crate::misspelt::{meant_for, sets_nothing};
use crate::setting::{safe_if_alone, safe_if_given, set};
use crate::traffic::Traffic;
use crate::{Context, FindingBuilder, Findings, Rule, Stake};

pub(super) struct ShortReadTimeout;

const META: RuleMeta = RuleMeta {
    name: "short-read-timeout",
    group: Group::Lifetime,
    severity: Severity::Error,
    summary: "nginx closes a WebSocket that is silent for less than five minutes",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/short-read-timeout.md"),
};

/// Limits below this are reported, in milliseconds.
const MINIMUM_MS: u64 = 300_000;

/// The interval of pings that most libraries have which ping at all (Engine.IO and `SockJS`: 25 s), in milliseconds.
const USUAL_PING_MS: u64 = 25_000;

/// Directives that people raise instead; none of them keeps a silent WebSocket open.
const NO_HELP: [DirectiveName; 3] =
    [DirectiveName::PROXY_SEND_TIMEOUT, DirectiveName::SEND_TIMEOUT, DirectiveName::KEEPALIVE_TIMEOUT];

impl Rule for ShortReadTimeout {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let idle = &endpoint.idle;
        let hints = &cx.model.hints;
        let is_short = |limit: &u64| *limit < hints.min_read_timeout_ms.unwrap_or(MINIMUM_MS);
        let Some(limit) = idle.milliseconds.filter(is_short) else { return };
        // What is filled in before it is used says nothing of the program behind it, unless it shows a limit itself.
        let is_shown = |directive: Directive<'_>| directive.at().file == endpoint.at().file;
        if cx.model.has_placeholder_name(endpoint) && !idle.source.directive().is_some_and(is_shown) {
            return;
        }
        let is_kept_open = hints.heartbeat_ms.is_some_and(|heartbeat| (1..limit).contains(&heartbeat));
        if is_kept_open {
            return;
        }
        let name = idle.directive_name.as_str();
        let shown = time::display_ms(limit);
        let remedy = given::annotation(endpoint, name, "3600s").unwrap_or(format!("`{name} 3600s;`"));
        let mut finding = match idle.source {
            Source::Set { directive, .. } if limit == 0 => FindingBuilder::new(
                &META,
                &directive,
                format!(
                    "`{name} 0` does not disable the timeout: it expires at once, and nginx answers the handshake with 504"
                ),
            ),
            Source::Set { directive, .. } => FindingBuilder::new(
                &META,
                &directive,
                format!("nginx closes the WebSocket after {shown} without traffic in either direction"),
            ),
            Source::Default { .. } => {
                let message = format!(
                    "nginx closes the WebSocket after {shown} without traffic in either direction, the default of `{name}`"
                );
                FindingBuilder::new(&META, &endpoint.pass.directive, message)
            }
            Source::Unknown(_) => return,
        };
        let stake = match idle.source {
            // With no time at all no request succeeds.
            _ if limit == 0 => Stake::Everything,
            // A time that is shorter than the usual pings of libraries cuts whatever it is that is connected.
            Source::Set { is_here: true, .. } if limit < USUAL_PING_MS => Stake::Handshake,
            _ => Stake::Service,
        };
        finding = finding.endpoint_at_stake(endpoint, stake).assumed(idle.source.is_assumed());
        // Ordinary requests that share the location get the same answers; only one that never comes is waited for longer.
        let applicability =
            if endpoint.is_certain() { safe_if_given(endpoint) } else { safe_if_alone(endpoint) };
        finding = finding.fix(format!("write {remedy}"), applicability, set(cx, endpoint, name, "3600s"));
        let mut help = match idle.source {
            Source::Set { is_here: true, .. } => format!("write {remedy}"),
            _ => given::added(endpoint, name, &remedy),
        };
        finding = given::at_ignored(finding, endpoint, name);
        if limit > 0 {
            let traffic =
                if hints.heartbeat_ms.is_some() { Traffic::Unknown } else { Traffic::of(endpoint, limit) };
            // Of an application that only its name tells, and of which nobody knows how often it sends, nothing follows.
            let is_unclear = matches!(traffic, Traffic::Unknown)
                && stake == Stake::Service
                && hints.heartbeat_ms.is_none()
                && endpoint.is_only_named_application();
            let is_kept = matches!(traffic, Traffic::InTime(..));
            finding = finding.at_most(if is_kept || is_unclear { Severity::Info } else { Severity::Warning });
            help.push_str(&traffic.help(&shown));
        }
        if let Some(line) = meant_for(cx.configuration(), endpoint.context, name, |_| true) {
            finding = finding.label(&line, sets_nothing(&line));
        }
        for directive in NO_HELP.into_iter().filter_map(|name| raised(endpoint, name, limit)) {
            finding = finding.label(&directive, "this does not keep a silent WebSocket open");
        }
        out.push(finding.help(help));
    }
}

/// The directive in effect for `name`, where it was raised above the limit.
fn raised<'s>(endpoint: &Endpoint<'s>, name: DirectiveName, limit: u64) -> Option<Directive<'s>> {
    let Effective::Set(declared) = endpoint.effective(name) else { return None };
    let directive = *declared.directives.first()?;
    let value = directive.argument(0).and_then(|time| time::parse_ms(&time))?;
    // The usual 65s of a shipped nginx.conf, or the defaults written down, are no attempt to help.
    (value > limit && value >= MINIMUM_MS).then_some(directive)
}

#[cfg(test)]
mod tests {
    use lint_finding::Confidence;

    use super::META;
    use crate::testing::{Options, check, check_with, found, help, labels};

    /// A complete handshake.
    const LINES: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

    /// A location with these lines beside a complete handshake; `@` stands for the handshake.
    fn with(text: &str) -> String {
        text.replace('@', LINES)
    }

    #[test]
    fn an_explicit_limit_below_the_minimum() {
        let findings = check(&with(
            r#"
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_read_timeout 299s;
       #^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 299s without traffic in either direction
    }
"#,
        ));
        assert_eq!(
            help(&findings[0]),
            "write `proxy_read_timeout 3600s;`, or send a ping from either side more often than every 299s"
        );
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn the_minimum_and_more_are_enough() {
        for time in ["300s", "300", "5m", "1h", "1d", "86400s", "300000ms"] {
            let text =
                with(&format!("location /ws/ {{ @ proxy_pass http://a; proxy_read_timeout {time}; }}"));
            assert!(found(&text).is_empty(), "{time}");
        }
    }

    #[test]
    fn zero_is_an_instant_504() {
        check(&with(
            r#"
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_read_timeout 0;
       #^^^^^^^^^^^^^^^^^^^^ error: `proxy_read_timeout 0` does not disable the timeout: it expires at once, and nginx answers the handshake with 504
    }
"#,
        ));
    }

    #[test]
    fn the_default_left_in_place() {
        let findings = check(&with(
            r#"
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 60s without traffic in either direction, the default of `proxy_read_timeout`
    }
"#,
        ));
        assert_eq!(findings[0].confidence, Confidence::High);
        assert!(help(&findings[0]).starts_with("add `proxy_read_timeout 3600s;` to this location, or"));
    }

    #[test]
    fn each_module_has_a_directive_of_its_own() {
        check(
            r#"
    location /ws/ {
        uwsgi_pass 127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 60s without traffic in either direction, the default of `uwsgi_read_timeout`
        proxy_read_timeout 3600s;
    }
    location /websocket {
        scgi_pass 127.0.0.1:9000;
        scgi_read_timeout 30s;
       #^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 30s without traffic in either direction
    }
"#,
        );
    }

    #[test]
    fn what_was_raised_instead_is_labelled() {
        let findings = check(&with(
            r#"
server {
    keepalive_timeout 65;
    send_timeout 1h;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 60s…
        proxy_send_timeout 3600s;
    }
}
"#,
        ));
        let said = labels(&findings[0])
            .into_iter()
            .filter(|text| *text == "this does not keep a silent WebSocket open");
        assert_eq!(said.count(), 2);
    }

    #[test]
    fn inherited_from_http() {
        let findings = check(&with(
            r#"
events {}
http {
    proxy_read_timeout 90s;
   #^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 90s…
    server {
        location /ws/ { @ proxy_pass http://127.0.0.1:9000; }
    }
}
"#,
        ));
        let edits = &findings[0].fix.as_ref().unwrap().edits;
        assert_eq!(edits[0].replacement, b" proxy_read_timeout 3600s;", "the line of all locations stays");
        assert!(help(&findings[0]).starts_with("add `proxy_read_timeout 3600s;` to this location"));
    }

    #[test]
    fn silent_where_an_include_was_not_given() {
        let text = with("location /ws/ { @ proxy_pass http://a; include /opt/elsewhere.conf; }");
        assert!(found(&text).is_empty());
    }

    #[test]
    fn the_groups_of_a_name_are_no_words_to_fill_in() {
        let count = |name: &str| {
            let text = format!("server {{ server_name {name}; location /ws/ {{ @ proxy_pass http://a; }} }}");
            found(&with(&text)).iter().filter(|one| one.rule.name == META.name).count()
        };
        for name in ["a.example", r"~^(?<sub>.+)\.a$", r"~^(?P<sub>.+)-\k<sub>\.a$", "'~^(?<=a)b'"] {
            assert_eq!(count(name), 1, "{name}");
        }
        for name in ["<sub>.example", r"~^x\.<domain>$"] {
            assert_eq!(count(name), 0, "{name}");
        }
    }

    #[test]
    fn in_a_fragment_a_file_that_was_not_given_may_set_it() {
        let findings = check_with(
            Options::bare(),
            &with(
                r#"
server {
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx closes the WebSocket after 60s without traffic in either direction, the default of `proxy_read_timeout` (unless a file that was not given sets it)
    }
}
"#,
            ),
        );
        assert_eq!(findings[0].confidence, Confidence::Medium);
    }
}
