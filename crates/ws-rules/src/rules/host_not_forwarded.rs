//! `host-not-forwarded`: the back end gets a `Host` that differs from the browser's `Origin` (RFC 6455 section 10.2), or none.
//! Without a line nginx sends `$proxy_host`; `$host` has no port, `$http_host` is what the browser sends
//! (`ngx_http_proxy_headers`, `ngx_http_validate_host`). Compared is what is sent for a page of each address of the server.

use lint_finding::{FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::applications::{Application, OriginCheck};
use ws_model::{Endpoint, Handshake, Line, OriginDifference, Site, Source};

use super::proxy_headers_not_inherited::is_dropped;
use crate::repair::Repair;
use crate::verify::{code, with_curl_of_page};
use crate::{Context, FindingBuilder, Findings, Rule, Stake};

pub(super) struct HostNotForwarded;

const META: RuleMeta = RuleMeta {
    name: "host-not-forwarded",
    group: Group::Handshake,
    severity: Severity::Warning,
    summary: "the back end gets a `Host` that differs from the browser's `Origin`",
    since: "0.1.0",
    fix: FixKind::Unsafe,
    tells: Tells::MissingHost,
    docs: include_str!("../../pages/host-not-forwarded.md"),
};

impl Rule for HostNotForwarded {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &cx.handshake(endpoint) else { return };
        // Where the upgrade is not forwarded, or `Host` was and is dropped, another rule has the remedy.
        if !handshake.upgrade.source.is_set() || is_dropped(handshake, "host") {
            return;
        }
        if let Some(hostless) = crate::hostless::finding(&META, cx, endpoint, handshake) {
            return out.push(hostless);
        }
        let Some(checker) = endpoint.origin_checker() else { return };
        // Then nothing but a port that is not the scheme's own is missing, which is said of pages over TLS alone.
        if checker.is_none() && handshake.names_host() && !cx.walks.has_page_over_tls(endpoint) {
            return;
        }
        let Some((site, difference)) = cx.walks.origin_difference(endpoint) else { return };
        let Some(severity) = severity(endpoint, handshake, checker, &difference, &site) else { return };
        let severity = if cx.model.has_own_location_beside(endpoint) { Severity::Info } else { severity };
        let repair = Repair::new(cx, endpoint, handshake).header("Host", "$http_host");
        let finding = finding(endpoint, handshake, (checker, severity), &difference, &site);
        out.push(repair.fix(finding.at_most(severity), "forward the client's host"));
    }
}

/// How bad it is; `None` where too little is known to speak.
fn severity(
    endpoint: &Endpoint<'_>,
    handshake: &Handshake<'_>,
    checker: Option<&Application>,
    difference: &OriginDifference,
    site: &Site,
) -> Option<Severity> {
    // Pages of another name of the server have that one in their `Origin`.
    if endpoint.has_name(difference.host_name()) && !difference.is_only_port() {
        return None;
    }
    // A site of the world's knows itself by its name.
    let is_meant =
        endpoint.target.is_public() && endpoint.target.host.eq_ignore_ascii_case(difference.host_name());
    let (is_set, is_assumed) = match handshake.host.source {
        Source::Set { is_assumed, .. } => (true, is_assumed),
        Source::Default { is_assumed } => (false, is_assumed),
        Source::Unknown(_) => return None,
    };
    if checker.is_some_and(|one| one.checks_origin == Some(OriginCheck::ForwardedHost))
        && difference.is_forwarded
    {
        return None;
    }
    // What is sent does not depend on the host only where it is the default or differs by its port.
    let is_certain = site.is_named || !is_set || difference.is_only_port();
    if difference.is_only_port() && site.has_port() {
        // Browsers may come to another port, which is handed on to this one.
        let is_exposed = site.is_named && (site.is_tls || checker.is_some());
        return is_exposed.then_some(Severity::Info);
    }
    match checker {
        Some(_) if !is_certain => None,
        Some(_) if is_meant || difference.is_forwarded => Some(Severity::Info),
        Some(_) => Some(Severity::Warning),
        None if is_meant || is_assumed || difference.is_forwarded => None,
        None => (is_certain && (site.is_named || is_set)).then_some(Severity::Info),
    }
}

fn finding<'f>(
    endpoint: &'f Endpoint<'f>,
    handshake: &Handshake<'f>,
    (checker, severity): (Option<&Application>, Severity),
    difference: &OriginDifference,
    site: &Site,
) -> FindingBuilder<'f> {
    let line: Option<&Line<'_>> = handshake.host.lines.first();
    let blamed = line.map_or(&endpoint.pass.directive, |line| &line.directive);
    let sent = match difference.host.as_str() {
        "" => "no `Host`".to_owned(),
        host if blamed.may_be_shown() && (site.is_named || line.is_none()) => format!("`Host: {host}`"),
        // With a host that only stands for the real one, the line says it better.
        _ => "another `Host`".to_owned(),
    };
    let port = site.port;
    let asked = match (difference.is_only_port(), site.has_port()) {
        (true, true) => format!("the `Origin` of a page at port {port} has the port"),
        (true, false) => format!("the `Origin` of a page at port {port} has no port"),
        (false, _) if site.is_named => format!("the `Origin` of its pages names `{}`", site.host()),
        (false, _) => "the `Origin` of its pages names the host that the browser asked for".to_owned(),
    };
    let message = format!("nginx sends {sent} to the back end, but {asked}");
    let remedy = if line.is_some() {
        "write `proxy_set_header Host $http_host;`".to_owned()
    } else {
        let mut lines = vec!["proxy_set_header Host $http_host;".to_owned()];
        lines.extend(handshake.inherited_lines().map(|line| format!("{};", line.directive.text_line())));
        format!("add to {}:{}", endpoint.location_words(), code(&lines))
    };
    let who = match checker {
        Some(application) => {
            format!("{} compares the two, and refuses the handshake if they differ", application.name)
        }
        None => "a back end that compares the two refuses the handshake with 403".to_owned(),
    };
    let finding = match line {
        Some(line) => FindingBuilder::argument(&META, &line.directive, 1, message),
        None => FindingBuilder::new(&META, blamed, message),
    };
    let stake = if checker.is_some() { Stake::Handshake } else { Stake::Service };
    let finding = finding.endpoint_at_stake(endpoint, stake).assumed(handshake.host.source.is_assumed());
    let help = format!("{remedy}\n{who}");
    finding.help(if severity > Severity::Info { with_curl_of_page(help, endpoint) } else { help })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, found, help};

    /// With a complete handshake for `@`.
    fn with(text: &str) -> String {
        text.replace('@', "proxy_http_version 1.1; proxy_read_timeout 1h; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;")
    }

    #[test]
    fn an_application_that_compares_makes_it_a_warning() {
        let findings = check(&with(
            r#"
server {
    listen 80;
    server_name chat.example.com;
    location /api/v4/websocket {
        @
        proxy_pass http://mattermost.lan:8065;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: nginx sends `Host: mattermost.lan:8065` to the back end, but the `Origin` of its pages names `chat.example.com`
    }
}
"#,
        ));
        assert!(
            help(&findings[0]).starts_with("add to this location:\n    proxy_set_header Host $http_host;\n"),
            "{}",
            help(&findings[0])
        );
    }

    #[test]
    fn a_location_for_pages_beside_that_of_the_handshake() {
        check(&with(
            r#"
server {
    listen 80;
    server_name chat.example.com;
    location / {
        @
        proxy_pass http://mattermost.lan:8065;
        proxy_set_header Host chat.internal;
                             #^^^^^^^^^^^^^ info: nginx sends `Host: chat.internal` to the back end, but the `Origin` of its pages names `chat.example.com`
    }
    location /api/v4/websocket {
        @
        proxy_set_header Host $http_host;
        proxy_pass http://mattermost.lan:8065;
    }
}
"#
        ).replace("Connection upgrade", "Connection $http_connection"));
    }

    #[test]
    fn unknown_back_ends_make_it_info_and_only_where_the_name_is_known() {
        check(&with(
            r#"
server {
    listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    server_name _ app.example.com;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: nginx sends `Host: 127.0.0.1:9000` to the back end, but the `Origin` of its pages names `app.example.com`
    }
    location /ws/two {
        @
        proxy_set_header Host $proxy_host;
                             #^^^^^^^^^^^ info: nginx sends `Host: backend.lan` to the back end, but…
        proxy_pass http://backend.lan;
    }
}
server {
    listen 80;
    location /ws/ { @ proxy_pass http://127.0.0.1:9000; }
}
server {
    listen 80;
    server_name localhost;
    location /ws/ { @ proxy_pass http://127.0.0.1:9000; }
}
"#,
        ));
    }

    #[test]
    fn ports_that_are_lost_or_added() {
        let findings = check(&with(
            r#"
server {
    listen 8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    server_name app.example.com;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host;
                             #^^^^^ info: nginx sends `Host: app.example.com` to the back end, but the `Origin` of a page at port 8443 has the port
    }
}
server {
    listen 443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key;
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
        proxy_set_header Host $host:$server_port;
                             #^^^^^^^^^^^^^^^^^^ info: nginx sends another `Host` to the back end, but the `Origin` of a page at port 443 has no port
    }
}
"#,
        ));
        assert!(findings.iter().all(|finding| finding.fix.is_some()));
    }

    #[test]
    fn silent_where_the_two_are_the_same() {
        for (listen, host) in [
            ("443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key", "$host"),
            ("80", "$http_host"),
            ("8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key", "$http_host"),
            ("8443 ssl; ssl_certificate a.pem; ssl_certificate_key a.key", "$host:$server_port"),
            ("80", "$server_name"),
            ("80", "App.example.com"),
            // Handed on from another port, as likely as not.
            ("8080", "$host"),
            // Another name of the server.
            ("80", "www.example.com"),
        ] {
            let text = with(&format!(
                "server {{ listen {listen}; server_name app.example.com www.example.com; location /ws/ {{ @ proxy_pass http://127.0.0.1:9000; \
                 proxy_set_header Host {host}; }} }}"
            ));
            let findings = found(&text);
            assert!(findings.is_empty(), "{listen} {host}: {findings:?}");
        }
    }

    #[test]
    fn silent_where_nobody_compares_or_nothing_is_known() {
        for lines in [
            "proxy_pass http://127.0.0.1:9000; proxy_set_header Origin '';",
            "proxy_pass http://127.0.0.1:9000; proxy_set_header X-Forwarded-Host $host;",
            "proxy_pass http://127.0.0.1:9000; include /opt/elsewhere.conf;",
            "proxy_pass http://127.0.0.1:9000; set $backend x; proxy_set_header Host $elsewhere;",
            // Another site of the world's.
            "proxy_pass https://sockets.example.org;",
        ] {
            let text = with(&format!(
                "server {{ listen 80; server_name app.example.com; location /ws/ {{ @ {lines} }} }}"
            ));
            let mut findings = found(&text);
            findings.retain(|finding| finding.rule.name == "host-not-forwarded");
            assert!(findings.is_empty(), "{lines}: {findings:?}");
        }
        // An application that takes any origin.
        let text = "server { listen 80; server_name app.example.com; location /api/websocket { @ proxy_pass http://homeassistant.lan:8123; } }";
        assert!(found(&with(text)).is_empty(), "{:?}", found(&with(text)));
    }
}
