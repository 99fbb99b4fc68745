//! `missing-upgrade-header`: nothing forwards `Upgrade` to the upstream.
//!
//! `Upgrade` is hop-by-hop: nginx takes the client's off and sends none of its own
//! (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_headers`).

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::{VersionRange, defaults};
use ws_model::Endpoint;

use crate::verify::{Missing, add_lines, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct MissingUpgradeHeader;

const META: RuleMeta = RuleMeta {
    name: "missing-upgrade-header",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "a WebSocket endpoint does not forward `Upgrade` to the upstream",
    since: "0.1.0",
    fix: FixKind::None,
    docs: include_str!("missing_upgrade_header.md"),
};

impl Rule for MissingUpgradeHeader {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        // Lines that an outer level has and this one drops are `upgrade-headers-not-inherited`'s.
        if !handshake.upgrade.is_default() || handshake.lost.is_some() {
            return;
        }
        let missing = Missing::of(cx, handshake);
        let mut help = add_lines(cx, endpoint, handshake, missing);
        let wrong = handshake.connection.lines.iter().find(|line| {
            line.value(ws_model::Browser::Chrome).surely(|value| !ws_model::has_token(value, "upgrade"))
        });
        if let Some(line) = wrong {
            let variable = cx.connection_variable(endpoint).unwrap_or_else(|| "upgrade".to_owned());
            help.push_str(&format!(
                "; and replace `{};` by `proxy_set_header Connection {variable};`",
                line.directive.text_line()
            ));
        }
        let mut finding =
            FindingBuilder::new(&META, &endpoint.pass.directive, message(missing, cx.versions()))
                .endpoint(endpoint)
                .assumed(handshake.upgrade.is_assumed());
        // A path that falls through to `location /` beside a location made for WebSockets may as well be a wrong path.
        if let Some(other) = cx.configured_sibling(endpoint).filter(|_| endpoint.is_declared_catch_all()) {
            let text = "this location is set up for WebSockets; it may be the one that is meant";
            finding = finding.at_most(Severity::Warning).confidence(Confidence::Medium);
            finding =
                other.location().map(|location| finding.clone().label(&location, text)).unwrap_or(finding);
        }
        out.push(finding.help(with_curl(help, cx, endpoint)));
    }
}

/// What the upstream gets instead of a handshake.
fn message(missing: Missing, versions: VersionRange) -> &'static str {
    let sends_close = missing.connection && !versions.any_since(defaults::HTTP11_BY_DEFAULT);
    match (sends_close, missing.version) {
        (true, true) => {
            "nginx sends an HTTP/1.0 request with `Connection: close` and no `Upgrade` to the upstream, which cannot answer 101"
        }
        (true, false) => {
            "nginx sends `Connection: close` and no `Upgrade` to the upstream, which cannot answer 101"
        }
        (false, _) => "nginx sends no `Upgrade` to the upstream, which cannot answer 101",
    }
}
