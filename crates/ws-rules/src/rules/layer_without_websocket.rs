//! `layer-without-websocket`: a proxy in front of nginx passes no handshake on.
//!
//! `Upgrade` and `Connection` are for one hop only (RFC 9110 section 7.6.1): a proxy that does not know WebSockets drops
//! them, and what gets to nginx is an ordinary request. Nothing of a configuration tells that there is such a hop, so
//! that the settings have to name it.

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use ws_model::applications::Sure;
use ws_model::layers::{Layer, Passes};

use crate::{Context, FindingBuilder, Findings, Rule, Stake};

pub(super) struct LayerWithoutWebsocket;

const META: RuleMeta = RuleMeta {
    name: "layer-without-websocket",
    group: Group::Layers,
    severity: Severity::Error,
    summary: "a proxy in front of nginx does not forward WebSocket handshakes",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/layer-without-websocket.md"),
};

impl Rule for LayerWithoutWebsocket {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let Some(first) = cx.foremost() else { return };
        let mut layers: Vec<Said> = cx.model.hints.layers.iter().filter_map(said).collect();
        // The worst first, else from the outside in.
        layers.sort_by_key(|said| std::cmp::Reverse(said.severity));
        let mut layers = layers.into_iter();
        let Some(Said { message, mut help, severity, confidence }) = layers.next() else { return };
        for other in layers {
            help.push_str(&format!("; {}: {}", other.message, other.help));
        }
        let finding = FindingBuilder::new(&META, &first.pass.directive, message)
            .endpoint_at_stake(first, Stake::Handshake);
        out.push(finding.at_most(severity).confidence(confidence).help(help));
    }
}

struct Said {
    message: String,
    help: String,
    severity: Severity,
    confidence: Confidence,
}

/// What there is to say of a layer.
fn said(layer: &Layer) -> Option<Said> {
    let name = layer.shown();
    let lead_past = "route WebSockets around it, for example with their own host name";
    if layer.websocket == Some(false) {
        return Some(Said {
            message: format!(
                "in front of nginx, {name} does not forward WebSockets, as the settings file says: no handshake arrives here"
            ),
            help: lead_past.to_owned(),
            severity: Severity::Error,
            confidence: Confidence::High,
        });
    }
    let preset = layer.sure_preset().filter(|_| layer.websocket.is_none())?;
    let confidence = if preset.sure == Sure::High { Confidence::High } else { Confidence::Medium };
    let how = preset.how?;
    match preset.passes {
        Passes::Yes => None,
        Passes::OptIn => Some(Said {
            message: format!("in front of nginx, {name} forwards WebSockets only with {how}"),
            help: "enable it, then set `websocket = true` for this layer in the settings file".to_owned(),
            severity: Severity::Info,
            confidence,
        }),
        Passes::No => Some(Said {
            message: format!("in front of nginx, {name} does not forward WebSockets: {how}"),
            help: format!(
                "{lead_past}; if it forwards them by now (this is from {}), set `websocket = true` for this layer in the settings file",
                preset.as_of
            ),
            severity: Severity::Warning,
            confidence,
        }),
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Confidence, Finding};

    use crate::testing::{Options, check_with, help, with_handshake};

    type Layers = &'static [(&'static str, Option<u64>, Option<bool>)];

    fn check(layers: Layers, text: &str) -> Vec<Finding> {
        check_with(Options { layers, ..Options::default() }, &with_handshake(text))
    }

    #[test]
    fn a_preset_that_passes_none() {
        let findings = check(
            &[("azure-front-door-classic", None, None)],
            r#"
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning: in front of nginx, Azure Front Door (classic) does not forward WebSockets: only its Standard and Premium tiers do
    }
    location /websocket { @ proxy_pass http://127.0.0.1:9000; }
"#,
        );
        assert!(help(&findings[0]).contains("(this is from 2026)"), "{}", help(&findings[0]));
    }

    #[test]
    fn one_that_has_to_be_switched_on() {
        let findings = check(
            &[("nginx-proxy-manager", Some(3600), None), ("fastly", Some(3600), None)],
            r#"
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info: in front of nginx, Nginx Proxy Manager forwards WebSockets only with the switch Websockets Support
    }
"#,
        );
        assert_eq!(findings[0].confidence, Confidence::High);
        assert!(help(&findings[0]).contains("; in front of nginx, Fastly forwards WebSockets only with its"));
    }

    #[test]
    fn one_of_which_the_user_says_so() {
        check(
            &[("our own", Some(3600), Some(false))],
            r#"
    location /ws/ {
        @
        proxy_pass http://127.0.0.1:9000;
       #^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: in front of nginx, `our own` does not forward WebSockets, as the settings file says: no handshake arrives here
    }
"#,
        );
    }

    #[test]
    fn silent_about_what_passes_them_and_what_is_not_known() {
        let text = "location /ws/ { @ proxy_pass http://127.0.0.1:9000; }";
        for layers in [
            &[] as Layers,
            &[("aws-alb", Some(4000), None)],
            &[("nginx-proxy-manager", Some(3600), Some(true))],
            &[("aws-api-gateway-websocket", Some(3600), Some(true))],
            &[("vercel", None, None)],
            &[("netlify", None, None)],
            &[("akamai", None, None)],
            &[("our own", Some(3600), None)],
        ] {
            assert!(check(layers, text).is_empty(), "{layers:?}");
        }
        let none = "location / { proxy_pass http://127.0.0.1:9000; }";
        assert!(check(&[("our own", None, Some(false))], none).is_empty());
    }
}
