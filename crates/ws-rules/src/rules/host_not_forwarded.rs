//! `host-not-forwarded`: the upstream gets another `Host` than the browser's `Origin` names.
//!
//! Without a line nginx sends `$proxy_host`, the host of `proxy_pass`
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_headers`); `$host` has no port
//! (`http/ngx_http_request.c:ngx_http_validate_host`), `$http_host` is what the browser sends. A back end that compares the
//! two (RFC 6455 section 10.2) refuses the handshake. What it would compare is read from the request that nginx sends for a
//! page of each address of the server.

use lint_finding::{FixKind, Group, RuleMeta, Severity};
use nginx_semantics::defaults;
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
    summary: "the upstream gets another `Host` than the browser's `Origin` names",
    since: "0.1.0",
    fix: FixKind::Unsafe,
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
        if let Some(line) = removes(cx, handshake) {
            let repair = Repair::new(cx, endpoint, handshake).header("Host", "$http_host");
            out.push(repair.fix(without_host(endpoint, line), "pass on the client's host"));
            return;
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
        out.push(repair.fix(finding.at_most(severity), "pass on the client's host"));
    }
}

/// The line that leaves a request of HTTP/1.1 without any `Host`, before nginx 1.31.4.
fn removes<'h, 's>(cx: &Context<'_, 's>, handshake: &'h Handshake<'s>) -> Option<&'h Line<'s>> {
    let is_http11 = match handshake.version.written.as_deref() {
        Some(version) => version == "1.1",
        None => cx.versions().min >= defaults::HTTP11_BY_DEFAULT,
    };
    let lines = &handshake.host.lines;
    let is_removed = lines.iter().all(|line| line.written.is_empty());
    (is_http11 && is_removed && cx.versions().min < defaults::ONE_HOST_SINCE).then(|| lines.first()).flatten()
}

/// RFC 9112 section 3.2.
fn without_host(endpoint: &Endpoint<'_>, line: &Line<'_>) -> FindingBuilder {
    let message = "nginx sends no `Host` to the upstream, and HTTP/1.1 requires one";
    let help = "write `proxy_set_header Host $http_host;`\nstrict back ends refuse a request without `Host` with 400";
    FindingBuilder::argument(&META, &line.directive, 1, message)
        .endpoint_at_stake(endpoint, Stake::Handshake)
        .help(with_curl_of_page(help.to_owned(), endpoint))
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

fn finding(
    endpoint: &Endpoint<'_>,
    handshake: &Handshake<'_>,
    (checker, severity): (Option<&Application>, Severity),
    difference: &OriginDifference,
    site: &Site,
) -> FindingBuilder {
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
    let message = format!("nginx sends {sent} to the upstream, and {asked}");
    let remedy = if line.is_some() {
        "write `proxy_set_header Host $http_host;`".to_owned()
    } else {
        let mut lines = vec!["proxy_set_header Host $http_host;".to_owned()];
        lines.extend(handshake.inherited_lines().map(|line| format!("{};", line.directive.text_line())));
        format!("add to {}:{}", endpoint.location_words(), code(&lines))
    };
    let who = match checker {
        Some(application) => {
            format!("{} compares the two, and refuses the handshake where they differ", application.name)
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
mod tests;
