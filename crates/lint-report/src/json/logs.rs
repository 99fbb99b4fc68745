//! From a report about logs to its version 1.

use lint_finding::{self as finding, CliffCause, LogReport, Observation, Outcome};

use super::convert::{notices, optional_line, settings, summary};
use super::rows::Rows;
use super::{logs_v1, v1};
use crate::ToolInfo;
use crate::logs::{cliff_text, observation_text};

pub(crate) fn output<'a>(report: &'a LogReport, tool: &ToolInfo<'a>) -> logs_v1::Output<'a> {
    let outcome = &report.outcome;
    logs_v1::Output {
        schema: logs_v1::SCHEMA,
        version: logs_v1::VERSION,
        tool: v1::Tool { name: tool.name, version: tool.version, commit: tool.commit },
        inputs: Rows::new(outcome, &report.inputs, input),
        requests: report.requests,
        unplaced: report.unplaced,
        knows_upgrade: report.knows_upgrade,
        has_configuration: report.has_configuration,
        first: report.span.map(|(first, _)| first),
        last: report.span.map(|(_, last)| last),
        utc_offset_s: report.utc_offset_s,
        total: traffic(&report.total),
        servers: Rows::new(outcome, &report.servers, |_, server| logs_v1::Server {
            server: &server.server,
            traffic: traffic(&server.traffic),
        }),
        endpoints: report.endpoints.iter().map(|one| endpoint(report, one)).collect(),
        symptoms: Rows::new(outcome, &report.symptoms, symptom),
        unexplained: report.unexplained,
        reloads: &report.reloads,
        observations: report.observations.iter().map(|one| observation(report, one)).collect(),
        status: report.status.as_ref().map(|status| logs_v1::Status {
            source: &status.source,
            active: status.active,
            accepted: status.accepted,
            dropped: status.dropped,
        }),
        settings: settings(outcome),
        summary: summary(outcome),
        notices: notices(outcome),
    }
}

fn input<'a>(outcome: &'a Outcome, input: &'a finding::LogInput) -> logs_v1::Input<'a> {
    let (file, line) = optional_line(outcome, input.place);
    logs_v1::Input {
        path: &input.path,
        kind: input.kind.name(),
        format: &input.format,
        file,
        line,
        lacks: &input.lacks,
        lines: input.lines,
        bytes: input.bytes,
        unreadable: input.unreadable,
        cut: input.cut,
        control: input.control,
        is_half: input.is_half,
        clock_back: input.clock_back,
        sent: input.sent,
        repeats: input.repeats.as_deref(),
        problem: input.problem.as_deref(),
    }
}

fn traffic(traffic: &finding::Traffic) -> logs_v1::Traffic<'_> {
    let bar = |bar: &finding::LifetimeBar| logs_v1::Bar {
        from_ms: bar.from_ms,
        to_ms: bar.to_ms,
        count: bar.count,
    };
    let moment = |moment: &finding::Moment| logs_v1::Moment {
        start: moment.start,
        handshakes: moment.handshakes,
        refused: moment.refused,
        disconnects: moment.disconnects,
        open: moment.open,
    };
    let refusals = traffic.refusals.iter().map(|&(status, count)| logs_v1::Refusal { status, count });
    let peers = traffic.peers.iter().map(|peer| logs_v1::Peer {
        address: &peer.address,
        handshakes: peer.handshakes,
        succeeded: peer.succeeded,
        failed_over: peer.failed_over,
    });
    logs_v1::Traffic {
        handshakes: traffic.handshakes,
        succeeded: traffic.succeeded,
        refusals: refusals.collect(),
        lifetimes: traffic.lifetimes.as_ref().map(|lifetimes| logs_v1::Lifetimes {
            count: lifetimes.count,
            p50_ms: lifetimes.p50,
            p90_ms: lifetimes.p90,
            p99_ms: lifetimes.p99,
            max_ms: lifetimes.max,
            bars: lifetimes.bars.iter().map(bar).collect(),
        }),
        bytes_sent: traffic.bytes_sent,
        bytes_received: traffic.bytes_received,
        peak_open: traffic.peak_open,
        most_disconnects: traffic.most_disconnects,
        step_s: traffic.step_s,
        moments: traffic.moments.iter().map(moment).collect(),
        peers: peers.collect(),
    }
}

fn endpoint<'a>(report: &'a LogReport, endpoint: &'a finding::LogEndpoint) -> logs_v1::Endpoint<'a> {
    let (file, line) = optional_line(&report.outcome, endpoint.place);
    let idle = endpoint.idle_timeout.as_ref();
    logs_v1::Endpoint {
        server: &endpoint.server,
        location: &endpoint.location,
        file,
        line,
        idle_timeout: idle.and_then(|idle| idle.value.as_deref()),
        traffic: traffic(&endpoint.traffic),
        cliffs: endpoint.cliffs.iter().map(|one| cliff(report, one)).collect(),
        causes: Rows::new(&report.outcome, &endpoint.causes, cause),
        refusing: Rows::new(&report.outcome, &endpoint.refusing, refusing),
    }
}

fn cliff<'a>(report: &'a LogReport, cliff: &'a finding::Cliff) -> logs_v1::Cliff<'a> {
    let mut all = logs_v1::Cliff {
        at_ms: cliff.at_ms,
        within_ms: cliff.within_ms,
        count: cliff.count,
        of: cliff.of,
        timed_out: cliff.timed_out,
        cause: "limit",
        directive: None,
        limit_ms: None,
        is_default: None,
        file: None,
        line: None,
        layers: Vec::new(),
        text: cliff_text(report, cliff),
    };
    match &cliff.cause {
        CliffCause::Limit { directive, milliseconds, place, is_default } => {
            (all.file, all.line) = optional_line(&report.outcome, Some(*place));
            all.directive = Some(directive);
            all.limit_ms = Some(*milliseconds);
            all.is_default = Some(*is_default);
        }
        CliffCause::Layers(guesses) | CliffCause::NoConfiguration(guesses) => {
            let is_configured = matches!(cliff.cause, CliffCause::Layers(_));
            all.cause = if is_configured { "layers" } else { "no-configuration" };
            let layer = |guess: &'a finding::LayerGuess| logs_v1::Layer {
                name: &guess.name,
                is_declared: guess.is_declared,
            };
            all.layers = guesses.iter().map(layer).collect();
        }
    }
    all
}

fn cause<'a>(outcome: &'a Outcome, cause: &'a finding::LikelyCause) -> logs_v1::Cause<'a> {
    let (file, line) = optional_line(outcome, Some(cause.place));
    logs_v1::Cause {
        status: cause.status,
        severity: cause.severity.name(),
        rule: cause.rule,
        message: &cause.message,
        file,
        line,
    }
}

fn refusing<'a>(outcome: &'a Outcome, refusing: &'a finding::RefusingLine) -> logs_v1::Refusing<'a> {
    let (file, line) = optional_line(outcome, Some(refusing.place));
    logs_v1::Refusing { status: refusing.status, text: &refusing.text, file, line }
}

fn symptom<'a>(_: &'a Outcome, symptom: &'a finding::LogSymptom) -> logs_v1::Symptom<'a> {
    logs_v1::Symptom {
        title: symptom.title,
        meaning: symptom.meaning,
        causes: symptom.causes,
        next: symptom.next,
        lines: symptom.lines,
        tied: symptom.tied,
        first: symptom.span.map(|(first, _)| first),
        last: symptom.span.map(|(_, last)| last),
        example: &symptom.example,
    }
}

fn observation<'a>(report: &'a LogReport, observation: &'a Observation) -> logs_v1::Observation<'a> {
    let text = observation_text(report, observation);
    let (kind, at, endpoint, address) = match observation {
        Observation::ReconnectStorm { at, .. } => ("reconnect-storm", Some(*at), None, None),
        Observation::RefusedAfterReload { at, .. } => ("refused-after-reload", Some(*at), None, None),
        Observation::RefusingPeer { endpoint, address, .. } => {
            ("refusing-peer", None, Some(*endpoint), Some(address.as_str()))
        }
        Observation::OldHttpVersion { endpoint, .. } => ("old-http-version", None, Some(*endpoint), None),
        Observation::CertificateRefused { listen, span, .. } => {
            ("certificate-refused", Some(span.0), None, Some(listen.as_str()))
        }
        Observation::ReloadFailed { at, .. } => ("reload-failed", Some(*at), None, None),
    };
    logs_v1::Observation { kind, at, endpoint, address, text }
}
