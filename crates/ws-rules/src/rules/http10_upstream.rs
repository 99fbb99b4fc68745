//! `http10-upstream`: the handshake goes to the upstream as HTTP/1.0.
//!
//! nginx itself does not mind and tunnels if the upstream answers 101; RFC 6455 section 4.1 wants HTTP/1.1.

use lint_finding::{Applicability, FixKind, Group, RuleMeta, Severity};
use nginx_semantics::defaults;
use ws_model::{Endpoint, HttpVersion};

use crate::verify::{Missing, with_curl};
use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct Http10Upstream;

const META: RuleMeta = RuleMeta {
    name: "http10-upstream",
    group: Group::Handshake,
    severity: Severity::Error,
    summary: "the handshake goes to the upstream as HTTP/1.0, which many back ends refuse",
    since: "0.1.0",
    fix: FixKind::Sometimes,
    docs: include_str!("http10_upstream.md"),
};

/// What HTTP/1.0 leads to, in one line.
const CONSEQUENCE: &str = "nginx would tunnel, but RFC 6455 asks for HTTP/1.1: some back ends answer 400, 426, 501 or 505, others accept it until a library update";

impl Rule for Http10Upstream {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn endpoint(&self, cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, out: &mut Findings) {
        let Some(handshake) = &endpoint.handshake else { return };
        let missing = Missing::of(cx, handshake);
        let finding = match &handshake.version {
            HttpVersion::Set { directive, version, .. } if version == "1.0" => {
                FindingBuilder::new(&META, directive, "nginx sends the handshake to the upstream as HTTP/1.0")
                    .replace(Applicability::Safe, directive, 0, "1.1")
            }
            // Where headers are missing too, their finding has the whole remedy.
            HttpVersion::Default { is_assumed }
                if missing.version && !missing.upgrade && !missing.connection =>
            {
                let before = if cx.versions().any_since(defaults::HTTP11_BY_DEFAULT) {
                    " by nginx before 1.29.7"
                } else {
                    ""
                };
                let message =
                    format!("the handshake is sent to the upstream as HTTP/1.0{before}, the default");
                FindingBuilder::new(&META, &endpoint.pass.directive, message).assumed(*is_assumed)
            }
            HttpVersion::Set { .. } | HttpVersion::Default { .. } | HttpVersion::Unknown(_) => return,
        };
        let refusing =
            endpoint.applications().into_iter().find(|application| application.rejects_http10 == Some(true));
        let always = matches!(handshake.version, HttpVersion::Set { .. })
            || !cx.versions().any_since(defaults::HTTP11_BY_DEFAULT);
        let (severity, consequence) = match refusing {
            Some(application) if always => {
                (Severity::Error, format!("{} refuses an HTTP/1.0 handshake", application.name))
            }
            Some(application) => {
                (Severity::Warning, format!("{} refuses an HTTP/1.0 handshake", application.name))
            }
            None => (Severity::Warning, CONSEQUENCE.to_owned()),
        };
        let help = format!("write `proxy_http_version 1.1;`: {consequence}");
        out.push(finding.endpoint(endpoint).at_most(severity).help(with_curl(help, cx, endpoint)));
    }
}
