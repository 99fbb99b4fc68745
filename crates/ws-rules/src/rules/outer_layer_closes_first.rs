//! `outer-layer-closes-first`: a proxy in front of nginx closes a WebSocket that nginx would keep.
//!
//! Each hop has a timer of its own, and the shortest ends the connection for all: what nginx does when the hop in front
//! of it closes is to close the other side too (`http/ngx_http_upstream.c:ngx_http_upstream_process_upgraded`). Nothing
//! of a configuration tells that there is such a hop, so that the settings have to name it.

use lint_finding::{Confidence, FixKind, Group, RuleMeta, Severity, Tells};
use nginx_semantics::time;
use ws_model::applications::{HeartbeatBy, Sure};
use ws_model::layers::{Layer, LayerLimit};
use ws_model::{Endpoint, Source};

use crate::{Context, FindingBuilder, Findings, Rule};

pub(super) struct OuterLayerClosesFirst;

const META: RuleMeta = RuleMeta {
    name: "outer-layer-closes-first",
    group: Group::Layers,
    severity: Severity::Warning,
    summary: "a proxy in front of nginx closes the WebSocket before nginx does",
    since: "0.1.0",
    fix: FixKind::None,
    tells: Tells::Nothing,
    docs: include_str!("../../pages/outer-layer-closes-first.md"),
};

/// A limit that is no shorter costs little, in milliseconds: that of `short-read-timeout`.
const MINIMUM_MS: u64 = 300_000;

/// So many other endpoints are shown.
const MOST_LABELS: usize = 3;

impl Rule for OuterLayerClosesFirst {
    fn meta(&self) -> &'static RuleMeta {
        &META
    }

    fn configuration(&self, cx: &Context<'_, '_>, out: &mut Findings) {
        let layers = cx.model.hints.layers.iter().filter(|layer| layer.websocket != Some(false));
        let mut cut: Vec<Cut<'_, '_>> = layers.filter_map(|layer| Cut::of(cx, layer)).collect();
        cut.sort_by_key(|cut| cut.limit.milliseconds);
        if let Some((first, others)) = cut.split_first() {
            out.push(report(cx, first, others));
        }
    }
}

/// What a layer cuts short.
struct Cut<'m, 's> {
    layer: &'m Layer,
    limit: LayerLimit,
    first: &'m Endpoint<'s>,
    others: Vec<&'m Endpoint<'s>>,
}

impl<'m, 's> Cut<'m, 's> {
    fn of(cx: &Context<'m, 's>, layer: &'m Layer) -> Option<Self> {
        let limit = layer.limit()?;
        let mut endpoints = cx.model.endpoints.iter().filter(|endpoint| is_cut(cx, layer, limit, endpoint));
        Some(Self { layer, limit, first: endpoints.next()?, others: endpoints.collect() })
    }
}

/// The layer that closes first, at the first endpoint that it cuts short: the remedy is the same for all.
fn report<'f>(cx: &Context<'_, '_>, cut: &Cut<'f, 'f>, longer: &[Cut<'f, 'f>]) -> FindingBuilder<'f> {
    let Cut { layer, limit, first, others } = cut;
    let (layer, limit) = (*layer, *limit);
    let own = time::display_ms(first.idle.milliseconds.unwrap_or_default());
    let shown = time::display_ms(limit.milliseconds);
    let name = layer.shown();
    let what = match (limit.is_lifetime, counts_only_server(layer)) {
        (true, _) => "with or without traffic",
        (false, true) => "without traffic from the server",
        (false, false) => "without traffic",
    };
    let default = if limit.is_preset { ", by default" } else { "" };
    let message = format!(
        "in front of nginx, {name} closes the WebSocket after {shown} {what}{default}; nginx's own limit of {own} has no effect"
    );
    let directive = match first.idle.source {
        Source::Set { directive, .. } => directive,
        _ => first.pass.directive,
    };
    let mut finding = FindingBuilder::new(&META, &directive, message).endpoint(first);
    finding = finding.assumed(first.idle.source.is_assumed());
    if limit.is_preset && layer.preset().is_some_and(|preset| preset.sure < Sure::High) {
        finding = finding.confidence(Confidence::Medium);
    }
    let minimum = cx.model.hints.min_read_timeout_ms.unwrap_or(MINIMUM_MS);
    if limit.milliseconds >= minimum || talks_one_way(layer, limit, first) {
        finding = finding.at_most(Severity::Info);
    }
    for endpoint in others.iter().take(MOST_LABELS) {
        finding = finding.label(&endpoint.pass.directive, format!("closed after {shown} too"));
    }
    let mut help = remedy(layer, limit, first);
    if !others.is_empty() {
        let endpoints = if others.len() == 1 { "endpoint" } else { "endpoints" };
        help.push_str(&format!("; it closes {} more {endpoints} of this configuration", others.len()));
    }
    for next in longer {
        let limit = time::display_ms(next.limit.milliseconds);
        help.push_str(&format!("; next comes {} with {limit}", next.layer.shown()));
    }
    finding.help(help)
}

/// What can be done about it.
fn remedy(layer: &Layer, limit: LayerLimit, first: &Endpoint<'_>) -> String {
    let shown = time::display_ms(limit.milliseconds);
    let preset = layer.preset().filter(|_| limit.is_preset);
    let raise = match preset {
        Some(preset) if preset.is_fixed => None,
        Some(preset) => preset.raise.map(|raise| format!("raise {raise}")),
        None => Some(format!("raise the limit of {}", layer.shown())),
    };
    let raise = raise.map(|raise| {
        let say = if limit.is_preset {
            ", then set `idle-timeout` for this layer in the settings file"
        } else {
            ""
        };
        format!("{raise}{say}")
    });
    let ping = if limit.is_lifetime {
        "make clients reconnect at once: no ping keeps the connection open longer".to_owned()
    } else {
        let side = if talks_one_way(layer, limit, first) { "the server" } else { "either side" };
        format!("let {side} send a ping more often than every {shown}, then set `heartbeat`")
    };
    match raise {
        Some(raise) => format!("{raise}, or {ping}"),
        None => format!("the limit cannot be raised; {ping}"),
    }
}

/// Whether the layer closes an endpoint's WebSocket before nginx does, as far as is known.
fn is_cut(cx: &Context<'_, '_>, layer: &Layer, limit: LayerLimit, endpoint: &Endpoint<'_>) -> bool {
    let is_longer = endpoint.idle.milliseconds.is_some_and(|own| limit.milliseconds < own);
    let is_known = !matches!(endpoint.idle.source, Source::Unknown(_));
    if !is_longer || !is_known {
        return false;
    }
    if limit.is_lifetime {
        return true;
    }
    match cx.model.hints.heartbeat_ms {
        // One that is as long as the limit loses the race as often as not.
        Some(heartbeat) => !(1..limit.milliseconds).contains(&heartbeat),
        None => !pings(endpoint, limit, |by| by != HeartbeatBy::Client || !counts_only_server(layer)),
    }
}

/// Whether the client of an endpoint keeps the connection busy, and the layer counts only what the server sends: whether
/// the server answers is not known.
fn talks_one_way(layer: &Layer, limit: LayerLimit, endpoint: &Endpoint<'_>) -> bool {
    !limit.is_lifetime && counts_only_server(layer) && pings(endpoint, limit, |by| by == HeartbeatBy::Client)
}

fn counts_only_server(layer: &Layer) -> bool {
    layer.sure_preset().is_some_and(|preset| preset.counts_only_server)
}

/// Whether an application that is known sends something before the limit.
fn pings(endpoint: &Endpoint<'_>, limit: LayerLimit, is_meant: impl Fn(HeartbeatBy) -> bool) -> bool {
    endpoint.applications().into_iter().filter_map(|application| application.heartbeat).any(|heartbeat| {
        let in_time = heartbeat.seconds > 0 && u64::from(heartbeat.seconds) * 1_000 < limit.milliseconds;
        in_time && heartbeat.sure != Sure::Low && is_meant(heartbeat.by)
    })
}

#[cfg(test)]
mod tests {
    use lint_finding::{Confidence, Finding};

    use crate::testing::{Options, check_with, help, labels};

    type Layers = &'static [(&'static str, Option<u64>, Option<bool>)];

    const HANDSHAKE: &str = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    const HOUR: &str = "location /ws/ { @ proxy_pass http://127.0.0.1:9000; }";

    /// What is said at the limit of an hour that a server sets for all its locations.
    #[track_caller]
    fn told(options: Options, message: &str, locations: &str) -> Vec<Finding> {
        let message =
            if message.is_empty() { String::new() } else { format!("#^^^^^^^^^^^^^^^^^^^^^ {message}") };
        let locations = locations.replace('@', HANDSHAKE);
        check_with(options, &format!(" proxy_read_timeout 1h;\n{message}\n {locations}"))
    }

    fn named(layers: Layers) -> Options {
        Options { layers, ..Options::default() }
    }

    #[test]
    fn a_preset() {
        let message = "warning: in front of nginx, AWS Application Load Balancer closes the WebSocket after 60s without traffic, by default; nginx's own limit of 1h has no effect";
        let findings = told(named(&[("aws-alb", None, None)]), message, HOUR);
        assert_eq!(
            help(&findings[0]),
            "raise its attribute `idle_timeout.timeout_seconds`, at most 4000, then set `idle-timeout` for this layer in the settings file, or let either side send a ping more often than every 60s, then set `heartbeat`"
        );
        assert_eq!(findings[0].confidence, Confidence::High);
    }

    #[test]
    fn what_the_user_says_of_it() {
        let message = "warning: in front of nginx, `our own` closes the WebSocket after 50s without traffic; nginx's own limit of 1h has no effect";
        let findings = told(named(&[("our own", Some(50), None)]), message, HOUR);
        assert!(help(&findings[0]).starts_with("raise the limit of `our own`, or let"));
    }

    #[test]
    fn of_several_the_one_that_closes_first() {
        let layers = &[("cloudflare", None, None), ("aws-alb", None, None), ("caddy", None, None)];
        let message = "warning: in front of nginx, AWS Application Load Balancer closes…";
        let findings = told(named(layers), message, HOUR);
        assert!(help(&findings[0]).ends_with("; next comes Cloudflare with 100s"));
    }

    #[test]
    fn five_minutes_and_more_cost_little() {
        let message = "info: in front of nginx, AWS Network Load Balancer closes the WebSocket after 350s…";
        told(named(&[("aws-nlb", None, None)]), message, HOUR);
    }

    #[test]
    fn a_life_of_thirty_seconds_is_ended_whatever_is_sent() {
        let layers = &[("gcp-external-alb", None, None)];
        let options = Options { heartbeat_ms: Some(5_000), ..named(layers) };
        let message = "warning: in front of nginx, Google Cloud's external Application Load Balancer closes the WebSocket after 30s with or without traffic, by default…";
        let findings = told(options, message, "location /socket.io/ { @ proxy_pass http://127.0.0.1:9000; }");
        assert!(help(&findings[0]).contains("no ping keeps the connection open longer"));
    }

    #[test]
    fn one_finding_for_all_endpoints() {
        let message = "warning: in front of nginx, Heroku's router closes the WebSocket after 55s…";
        let locations = format!("{HOUR} {}", HOUR.replace("/ws/", "/live/ws"));
        let findings = told(named(&[("heroku-router", None, None)]), message, &locations);
        assert_eq!(labels(&findings[0]).iter().filter(|label| **label == "closed after 55s too").count(), 1);
        assert!(help(&findings[0]).starts_with("the limit cannot be raised; let either side send a ping"));
        assert!(help(&findings[0]).ends_with("; it closes 1 more endpoint of this configuration"));
    }

    #[test]
    fn a_heartbeat_that_is_faster_keeps_it_open() {
        let closes = "warning: in front of nginx, AWS Application Load Balancer closes…";
        for (heartbeat, message) in [(25, ""), (59, ""), (60, closes), (0, closes)] {
            let options =
                Options { heartbeat_ms: Some(heartbeat * 1_000), ..named(&[("aws-alb", None, None)]) };
            told(options, message, HOUR);
        }
        told(
            named(&[("aws-alb", None, None)]),
            "",
            "location /socket.io/ { @ proxy_pass http://127.0.0.1:9000; }",
        );
    }

    #[test]
    fn silent_where_nginx_is_no_slower_or_nothing_is_known() {
        for layers in [
            &[] as Layers,
            &[("aws-alb", Some(4000), None)],
            &[("caddy", None, None)],
            &[("akamai", None, None)],
            &[("our own", None, None)],
            &[("our own", Some(3600), None)],
            &[("openshift-router", None, None)],
        ] {
            told(named(layers), "", HOUR);
        }
        told(named(&[("aws-alb", None, None)]), "", "location / { proxy_pass http://127.0.0.1:9000; }");
        told(named(&[("aws-alb", None, None)]), "", &HOUR.replace('@', "@ include /opt/other.conf;"));
    }
}
