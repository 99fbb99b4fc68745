//! `limit-rate-leak`: `limit_rate` leaves the connection of a WebSocket behind when its tunnel ends.
//!
//! `http/ngx_http_write_filter_module.c:ngx_http_write_filter` marks the client's connection as delayed once the header
//! of the 101 takes a millisecond or more at that rate; `ngx_http_upstream.c:ngx_http_upstream_process_upgraded` deletes
//! the timer that would clear the mark. Messages pass, but the flush that ends the request waits for ever.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{ContextId, ContextKind, Directive, DirectiveName, Effective, effective, size};
use ws_model::Endpoint;

use crate::setting::{safe_if_alone, set};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct LimitRateLeak;

const META: RuleMeta = RuleMeta {
    name: "limit-rate-leak",
    group: Group::Lifetime,
    severity: Severity::Error,
    summary: "`limit_rate` keeps connections of closed WebSockets open",
    since: "0.1.0",
    fix: FixKind::Either,
    tells: Tells::Expiry,
    docs: include_str!("../../pages/limit-rate-leak.md"),
};

/// The shortest header with status 101 that there is, in bytes: the status line with the upstream's reason phrase empty,
/// `Date`, `Connection`, `Upgrade`, `Sec-WebSocket-Accept` (RFC 6455 section 4.2.2). With `Server: nginx` and the usual
/// phrase it is 181.
const SHORTEST: u64 = 147;

/// A header with a cookie or two, in bytes.
const LONG: u64 = 1_000;

impl Rule for LimitRateLeak {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let context = endpoint.context;
        let Effective::Set(declared) = effective(cx.configuration(), context, DirectiveName::LIMIT_RATE)
        else {
            return;
        };
        let Some(directive) = declared.directives.first() else { return };
        let Some(rate) = bytes(directive).filter(|_| !is_set_otherwise(cx, context)) else { return };
        let (after, is_after_assumed, after_line) =
            match effective(cx.configuration(), context, DirectiveName::LIMIT_RATE_AFTER) {
                Effective::Unknown(_) => return,
                Effective::Default { is_assumed } => (0, is_assumed, None),
                Effective::Set(declared) => {
                    match declared.directives.first().map(|line| (bytes(line), *line)) {
                        Some((Some(after), line)) => (after, declared.is_assumed, Some(line)),
                        _ => return,
                    }
                }
            };
        // A millisecond or more at this rate, for what is left of the header.
        let leaks = |header: u64| rate > 0 && rate <= header.saturating_sub(after) * 1_000;
        let text = directive.text_line();
        let is_cut = rate > 0 && rate.saturating_add(after) < SHORTEST;
        let message = if is_cut {
            format!("nginx sends the first {} bytes of the 101 and never the rest", rate + after)
        } else if leaks(SHORTEST) {
            format!("`{text}` makes nginx keep a connection open after its client has closed the WebSocket")
        } else if leaks(LONG) {
            let header = rate.div_ceil(1_000) + after;
            format!(
                "`{text}` makes nginx keep the connections of closed WebSockets whose 101 has {header} bytes or more"
            )
        } else {
            return;
        };
        let mut finding = FindingBuilder::new(&META, directive, message).endpoint(endpoint);
        finding = match (is_cut, leaks(SHORTEST)) {
            (true, _) => finding,
            (false, true) => finding.at_most(Severity::Warning),
            (false, false) => finding.at_most(Severity::Info),
        };
        finding = finding.assumed(declared.is_assumed || is_after_assumed);
        if let Some(line) = after_line.filter(|_| after > 0) {
            finding = finding.because(&line, "less than the header of the 101");
        }
        let edits = set(cx, endpoint, "limit_rate", "0");
        finding = finding.fix("write `limit_rate 0`", safe_if_alone(endpoint), edits);
        let help = if declared.is_here {
            "write `limit_rate 0;`".to_owned()
        } else {
            format!("add `limit_rate 0;` to {}", endpoint.location_words())
        };
        out.push(finding.help(format!("{help}; messages are never slowed down, whatever the rate")));
    }
}

/// A size that is no variable.
fn bytes(directive: &Directive<'_>) -> Option<u64> {
    size::parse(&directive.argument(0)?)
}

/// Whether the variable `$limit_rate`, or a block whose condition may hold, sets another rate.
fn is_set_otherwise(cx: &Context<'_, '_>, context: ContextId) -> bool {
    let configuration = cx.configuration();
    let sets = |level: ContextId| {
        [DirectiveName::SET, DirectiveName::AUTH_REQUEST_SET]
            .into_iter()
            .flat_map(|name| configuration.named(level, name))
            .any(|line| line.argument(0).is_some_and(|name| name.eq_ignore_ascii_case(b"$limit_rate")))
    };
    let has_own = |level: ContextId| {
        [DirectiveName::LIMIT_RATE, DirectiveName::LIMIT_RATE_AFTER]
            .into_iter()
            .any(|name| configuration.named(level, name).next().is_some())
    };
    configuration.levels(context).any(|level| {
        let children = configuration.children(level).iter().copied();
        let is_if = |child: &ContextId| {
            matches!(configuration.context(*child).kind, ContextKind::If | ContextKind::ServerIf)
        };
        let mut ifs = children.filter(is_if).filter(|child| *child != context);
        sets(level) || ifs.any(|child| sets(child) || has_own(child))
    })
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{Options, check, check_with, fixed, found, help};

    /// A location that works but for these lines.
    fn with(text: &str) -> String {
        text.replace(
            '@',
            "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; \
             proxy_read_timeout 1h; proxy_pass http://127.0.0.1:9000;",
        )
    }

    #[test]
    fn a_rate_of_the_location_itself() {
        let findings = check(&with(
            r#"
    location /ws/ {
        @
        limit_rate 100k;
       #^^^^^^^^^^^^^^^ warning: `limit_rate 100k` makes nginx keep a connection open after its client has closed the WebSocket
    }
"#,
        ));
        assert!(help(&findings[0]).starts_with("write `limit_rate 0;`"));
        assert!(findings[0].fix.is_some());
    }

    #[test]
    fn an_inherited_rate() {
        let findings = check(&with(
            r#"
server {
    limit_rate 50k;
   #^^^^^^^^^^^^^^ warning: `limit_rate 50k` makes nginx keep a connection open after…
    limit_rate_after 50;
    location /ws/ { @ }
}
"#,
        ));
        assert!(help(&findings[0]).starts_with("add `limit_rate 0;` to this location"));
        assert_eq!(findings[0].fix.as_ref().unwrap().edits[0].replacement, b" limit_rate 0;");
    }

    #[test]
    fn a_rate_that_only_a_long_header_exceeds() {
        check(&with(
            r#"
    location /ws/ {
        @
        limit_rate 500000;
       #^^^^^^^^^^^^^^^^^ info: `limit_rate 500000` makes nginx keep the connections of closed WebSockets whose 101 has 500 bytes or more
    }
"#,
        ));
    }

    #[test]
    fn a_rate_that_cuts_the_header() {
        check(&with(
            r#"
    location /ws/ {
        @
        limit_rate 100;
       #^^^^^^^^^^^^^^ error: nginx sends the first 100 bytes of the 101 and never the rest
    }
"#,
        ));
    }

    #[test]
    fn silent_where_no_header_exceeds_it() {
        for lines in [
            "limit_rate 0;",
            "limit_rate 2m;",
            "limit_rate 10k; limit_rate_after 4k;",
            "limit_rate 10k; set $limit_rate 0;",
            "limit_rate 10k; if ($http_upgrade) { limit_rate 0; }",
            "limit_rate $rate;",
            "limit_rate 10k; limit_rate_after $after;",
            "proxy_limit_rate 10k;",
        ] {
            let text = with(&format!("location /ws/ {{ set $rate 1k; set $after 1; @ {lines} }}"));
            assert!(found(&text).is_empty(), "{lines}");
        }
        let of_the_server = with("server { limit_rate 10k; set $limit_rate 0; location /ws/ { @ } }");
        assert!(found(&of_the_server).is_empty());
        let nearer = with("server { limit_rate 10k; location /ws/ { @ limit_rate 0; } }");
        assert!(found(&nearer).is_empty());
    }

    #[test]
    fn silent_where_an_include_was_not_given() {
        let text = with("server { limit_rate 10k; location /ws/ { @ include /opt/elsewhere.conf; } }");
        assert!(found(&text).is_empty());
    }

    #[test]
    fn in_a_fragment_a_file_that_was_not_given_may_set_it() {
        check_with(
            Options::bare(),
            &with(
                r#"
server {
    limit_rate 10k;
   #^^^^^^^^^^^^^^ warning: `limit_rate 10k` makes nginx keep a connection open after its client has closed the WebSocket (unless a file that was not given sets it)
    location /ws/ { @ }
}
"#,
            ),
        );
    }

    #[test]
    fn other_locations_keep_an_inherited_rate() {
        let text = |more: &str| {
            with(&format!("server {{\n    limit_rate 50k;\n    location /ws/ {{ @{more} }}\n}}\n"))
        };
        let after = fixed(Applicability::Safe, "limit-rate-leak", &text(""));
        assert_eq!(after, text(" limit_rate 0;"));
    }
}
