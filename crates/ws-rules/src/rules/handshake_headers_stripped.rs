//! `handshake-headers-stripped`: a field that the handshake cannot do without is taken away, from the request or from the
//! answer, or the method is not GET.
//!
//! nginx passes the client's `Sec-WebSocket-*` on by itself, unless `proxy_pass_request_headers` is off or a line of the
//! same name replaces it (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_create_request`); `proxy_hide_header` works
//! on the 101 as on any answer (`http/ngx_http_upstream.c:ngx_http_upstream_process_headers`).

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::{Directive, DirectiveName as N, Effective, Value};
use nginx_syntax::lossy;
use ws_model::{Browser, Endpoint, Handshake, HandshakeRequest, Line};

use crate::context::is_literal;
use crate::verify::with_curl;
use crate::{Context, Edits, FindingBuilder, Findings, Rule};

pub(super) struct HandshakeHeadersStripped;

const META: RuleMeta = RuleMeta {
    name: "handshake-headers-stripped",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "nginx removes a header field that the handshake needs, or changes the method",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::Request,
    docs: include_str!("../../pages/handshake-headers-stripped.md"),
};

/// What the upstream cannot answer without (RFC 6455 section 4.2.1), beside `Upgrade` and `Connection`.
const ASKED: [&str; 2] = ["Sec-WebSocket-Key", "Sec-WebSocket-Version"];

/// Without these the client fails the connection (RFC 6455 section 4.1).
const ANSWERED: [&str; 2] = ["Upgrade", "Sec-WebSocket-Accept"];

/// Without these some clients do, where the upstream has agreed to what they asked for.
const AGREED: [&str; 2] = ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"];

impl Rule for HandshakeHeadersStripped {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        let mut found = Vec::new();
        found.extend(request_headers_off(endpoint, handshake));
        found.extend(replaced(handshake));
        found.extend(hidden(endpoint));
        found.extend(method(cx, endpoint));
        for (finding, remedy) in found {
            out.push(finding.endpoint(endpoint).help(with_curl(remedy, endpoint)));
        }
    }
}

/// A finding with its remedy.
type Found<'f> = (FindingBuilder<'f>, String);

/// The directives of a name that are in effect, where that is known.
fn in_effect<'s>(endpoint: &Endpoint<'s>, name: N) -> Vec<Directive<'s>> {
    match endpoint.effective(name) {
        Effective::Set(declared) if !declared.is_assumed => declared.directives,
        _ => Vec::new(),
    }
}

fn request_headers_off<'f>(endpoint: &Endpoint<'f>, handshake: &Handshake<'f>) -> Option<Found<'f>> {
    let line = *in_effect(endpoint, N::PROXY_PASS_REQUEST_HEADERS).first()?;
    let is_off = line.argument(0).is_some_and(|word| word.eq_ignore_ascii_case(b"off"));
    if !is_off || !handshake.unset.is_default() {
        return None;
    }
    let lost: Vec<&str> =
        ASKED.into_iter().filter(|name| handshake.lines_for(name).next().is_none()).collect();
    if lost.is_empty() {
        return None;
    }
    let names: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "nginx forwards none of the client's header fields, so the back end gets no {}",
        names.join(" and no ")
    );
    let edits = Edits::new().argument(&line, 0, "on");
    let finding = FindingBuilder::new(&META, &line, message).assumed(handshake.unset.is_assumed()).fix(
        "forward the client's header fields",
        Applicability::Unsafe,
        edits,
    );
    Some((finding, format!("write `proxy_pass_request_headers on;` in {}", endpoint.location_words())))
}

/// Lines that replace what the client sends by something that no back end, or no client, can use.
fn replaced<'f>(handshake: &Handshake<'f>) -> Vec<Found<'f>> {
    let is_empty = |line: &&Line<'_>| line.value(Browser::Chrome).surely(<[u8]>::is_empty);
    let is_fixed = |line: &&Line<'_>| line.is("sec-websocket-key") && is_literal(&line.written);
    let mut found = Vec::new();
    for name in ASKED.into_iter().chain(["Sec-WebSocket-Protocol"]) {
        let lines: Vec<_> = handshake.lines_for(name).collect();
        let Some(&line) = lines.first() else { continue };
        let is_optional = !ASKED.contains(&name);
        let message = if lines.iter().all(is_empty) && is_optional {
            format!("nginx does not forward `{name}`, so clients that ask for a subprotocol get none")
        } else if lines.iter().all(is_empty) {
            format!("nginx does not forward `{name}`; without this field it is no WebSocket handshake")
        } else if lines.iter().all(is_fixed) {
            "nginx replaces the client's `Sec-WebSocket-Key`, so the answer is to another key".to_owned()
        } else {
            continue;
        };
        let severity = if is_optional { Severity::Warning } else { Severity::Error };
        // The last line of a level goes with its hold on those of the levels around.
        let edits = lines.iter().fold(Edits::new(), |edits, line| edits.remove(&line.directive));
        let finding = FindingBuilder::new(&META, &line.directive, message).at_most(severity).fix(
            format!("pass `{name}` on"),
            Applicability::Unsafe,
            edits,
        );
        found.push((finding, "remove the line: nginx forwards the client's field by itself".to_owned()));
    }
    found
}

/// Fields of the 101 that do not reach the client. A `proxy_pass_header` of the same name wins
/// (`http/ngx_http_upstream.c:ngx_http_upstream_hide_headers_hash`).
fn hidden<'f>(endpoint: &Endpoint<'f>) -> Vec<Found<'f>> {
    let lines = in_effect(endpoint, N::PROXY_HIDE_HEADER);
    if lines.is_empty() {
        return Vec::new();
    }
    let names = |line: &Directive<'_>, name: &str| {
        line.argument(0).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    let passes = match endpoint.effective(N::PROXY_PASS_HEADER) {
        Effective::Set(declared) => declared.directives,
        Effective::Default { .. } => Vec::new(),
        Effective::Unknown(_) => return Vec::new(),
    };
    let mut found = Vec::new();
    for name in ANSWERED.into_iter().chain(AGREED) {
        let line = lines.iter().find(|line| names(line, name));
        let Some(line) = line.filter(|_| !passes.iter().any(|pass| names(pass, name))) else { continue };
        let (why, severity) = if ANSWERED.contains(&name) {
            ("without which browsers fail the connection", Severity::Error)
        } else {
            ("so clients do not learn what the back end agreed to", Severity::Warning)
        };
        let message = format!("nginx removes `{name}` from the 101, {why}");
        // Without its last line the level gets those of the levels around, and pages may count on what they lack.
        let edits = lines.iter().filter(|line| names(line, name)).fold(Edits::new(), Edits::remove);
        let finding = FindingBuilder::new(&META, line, message).at_most(severity).fix(
            format!("let `{name}` through"),
            Applicability::Unsafe,
            edits,
        );
        found.push((finding, "take the line away".to_owned()));
    }
    found
}

fn method<'f>(cx: &Context<'_, '_>, endpoint: &Endpoint<'f>) -> Option<Found<'f>> {
    let line = *in_effect(endpoint, N::PROXY_METHOD).first()?;
    let request = HandshakeRequest(Browser::Chrome);
    let value = cx.model.evaluator(&request, endpoint.context).value(&line.argument(0)?);
    if !value.surely(|value| !value.is_empty() && !value.eq_ignore_ascii_case(b"GET")) {
        return None;
    }
    let message = match &value {
        Value::OneOf(values) if line.may_be_shown() && values.len() == 1 => {
            format!("nginx sends the handshake as `{}`, but RFC 6455 requires `GET`", lossy(values.first()?))
        }
        _ => "nginx sends the handshake with a method other than `GET`".to_owned(),
    };
    let edits = Edits::new().remove(&line);
    let finding = FindingBuilder::new(&META, &line, message).fix(
        "send the client's own method",
        Applicability::Unsafe,
        edits,
    );
    Some((finding, "remove the line: nginx then sends the client's own method".to_owned()))
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::{check, fixed, found, help};

    /// A location with these lines beside a complete handshake; `@` stands for the handshake.
    fn with(text: &str) -> String {
        text.replace('@', "proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;")
    }

    #[test]
    fn each_line_that_breaks_the_request() {
        let findings = check(&with(
            r#"
    location /ws/a {
        @
        proxy_pass_request_headers off;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx forwards none of the client's header fields, so the back end gets no `Sec-WebSocket-Key` and no `Sec-WebSocket-Version`
    }
    location /ws/b {
        @
        proxy_set_header Sec-WebSocket-Key "";
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx does not forward `Sec-WebSocket-Key`; without this field it is no WebSocket handshake
        proxy_set_header Sec-WebSocket-Extensions "";
    }
    location /ws/c {
        @
        proxy_set_header Sec-WebSocket-Key SGVsbG8sIHdvcmxkIQ==;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx replaces the client's `Sec-WebSocket-Key`, so the answer is to another key
    }
    location /ws/d {
        @
        proxy_set_header Sec-WebSocket-Protocol "";
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx does not forward `Sec-WebSocket-Protocol`, so clients that ask for a subprotocol get none
    }
    location /ws/e {
        @
        proxy_method POST;
       #^^^^^^^^^^^^^^^^^ error: nginx sends the handshake as `POST`, but RFC 6455 requires `GET`
    }
"#,
        ));
        assert!(
            help(&findings[0]).starts_with("write `proxy_pass_request_headers on;` in this location\nverify")
        );
    }

    #[test]
    fn each_line_that_breaks_the_answer_wherever_it_stands() {
        check(&with(
            r#"
server {
    proxy_hide_header upgrade;
   #^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx removes `Upgrade` from the 101, without which browsers fail the connection
    location /ws/a { @ }
    location /ws/b {
        @
        proxy_hide_header Sec-WebSocket-Accept;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: nginx removes `Sec-WebSocket-Accept` from the 101, without which browsers fail the connection
    }
    location /ws/c {
        @
        proxy_hide_header Sec-WebSocket-Extensions;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx removes `Sec-WebSocket-Extensions` from the 101, so clients do not learn what the back end agreed to
    }
}
"#,
        ));
    }

    #[test]
    fn silent_where_the_handshake_is_whole_or_not_known() {
        for lines in [
            "proxy_pass_request_headers on;",
            // Both are sent again.
            "proxy_pass_request_headers off; proxy_set_header Sec-WebSocket-Key $http_sec_websocket_key; proxy_set_header Sec-WebSocket-Version 13;",
            "proxy_pass_request_headers off; include /opt/elsewhere.conf;",
            "proxy_set_header Sec-WebSocket-Key $http_sec_websocket_key;",
            "proxy_hide_header Connection;",
            "proxy_hide_header Upgrade; proxy_pass_header Upgrade;",
            "proxy_method GET;",
            "proxy_method $request_method;",
        ] {
            let text = with(&format!("location /ws/ {{ @ {lines} }}"));
            let findings = found(&text);
            assert!(findings.is_empty(), "{lines}: {findings:?}");
        }
        let other = with("location /ws/ { @ } location /api/ { proxy_pass http://a; proxy_method POST; }");
        assert!(found(&other).is_empty());
    }

    #[test]
    fn lines_that_strip_go() {
        let text = |location: &str, lines: &str| {
            format!(
                "server {{\n  location {location} {{\n    proxy_pass http://a;\n    proxy_http_version 1.1;\n    proxy_set_header Upgrade $http_upgrade;\n    \
             proxy_set_header Connection $http_connection;\n{lines}  }}\n}}\n"
            )
        };
        use Applicability::Unsafe;
        let off = "    proxy_pass_request_headers off;\n";
        for (location, applicability, before, after) in [
            ("/", Unsafe, "    proxy_set_header Sec-WebSocket-Key '';\n", ""),
            ("/ws/", Unsafe, "    proxy_hide_header Upgrade; # why\n", "    # why\n"),
            ("/", Unsafe, "    proxy_hide_header Upgrade;\n", ""),
            ("/ws/", Unsafe, "    proxy_method POST;\n", ""),
            ("/ws/", Unsafe, off, &off.replace("off", "on")),
        ] {
            let fixed = fixed(applicability, "handshake-headers-stripped", &text(location, before));
            assert_eq!(fixed, text(location, after));
        }
    }
}
