//! From a report of a probe to its version 1.

use lint_finding::{self as finding, ConnectResult, HoldEnd, Outcome, ProbeReport};

use super::convert::{notices, optional_line, settings, summary};
use super::probe_v1 as v1;
use super::rows::Rows;
use super::v1::Tool;
use crate::ToolInfo;
use crate::position::line_of;
use crate::probe::{reason_text, verdict};

pub(crate) fn output<'a>(report: &'a ProbeReport, tool: &ToolInfo<'a>) -> v1::Output<'a> {
    let (outcome, seen) = (&report.outcome, &report.seen);
    v1::Output {
        schema: v1::SCHEMA,
        version: v1::VERSION,
        tool: Tool { name: tool.name, version: tool.version, commit: tool.commit },
        request: v1::Request {
            url: &seen.request.url,
            browser: seen.request.browser,
            line: &seen.request.line,
            headers: headers(&seen.request.headers),
        },
        verdict: report.verdict.name(),
        text: verdict(report),
        attempts: seen.attempts.iter().map(attempt).collect(),
        tls: seen.tls.as_ref().map(tls),
        answer: seen.answer.as_ref().map(|answer| v1::Answer {
            status: answer.status,
            reason: &answer.reason,
            version: &answer.version,
            headers: headers(&answer.headers),
            took_ms: answer.took_ms,
        }),
        failure: seen.failure.as_ref().map(failure),
        layers: report.layers.iter().map(|sign| v1::Sign { name: &sign.name, field: &sign.field }).collect(),
        hold: seen.hold.as_ref().map(|one| hold(one, &report.guesses)),
        reconnects: seen.reconnects.as_ref().map(reconnects),
        polling: seen.polling.as_ref().map(polling),
        comparison: report.comparison.as_ref().map(|one| comparison(outcome, one)),
        settings: settings(outcome),
        summary: summary(outcome),
        notices: notices(outcome),
    }
}

fn headers(all: &[(String, String)]) -> Vec<v1::Header<'_>> {
    all.iter().map(|(name, value)| v1::Header { name, value }).collect()
}

fn attempt(attempt: &finding::ConnectAttempt) -> v1::Attempt<'_> {
    let (result, took_ms, text) = match &attempt.result {
        ConnectResult::Connected(took) => ("connected", Some(*took), None),
        ConnectResult::Failed(why) => ("failed", None, Some(why.as_str())),
        ConnectResult::NotTried => ("not-tried", None, None),
    };
    v1::Attempt { address: &attempt.address, is_ipv6: attempt.is_ipv6, result, took_ms, text }
}

fn tls(tls: &finding::TlsSeen) -> v1::Tls<'_> {
    v1::Tls {
        version: tls.version.as_deref(),
        alpn: tls.alpn.as_deref(),
        name: tls.name.as_deref(),
        took_ms: tls.took_ms,
        chain: tls.chain.iter().map(certificate).collect(),
    }
}

fn certificate(one: &finding::CertificateSeen) -> v1::Certificate<'_> {
    v1::Certificate {
        subject: &one.subject,
        issuer: &one.issuer,
        names: &one.names,
        more_names: one.more_names,
        not_before: &one.not_before,
        not_after: &one.not_after,
        days_left: one.days_left,
        is_self_issued: one.is_self_issued,
    }
}

fn failure(failure: &finding::ProbeFailure) -> v1::Failure<'_> {
    v1::Failure { kind: failure.kind.name(), text: &failure.text }
}

fn layers(all: &[finding::LayerGuess]) -> Vec<v1::Layer<'_>> {
    all.iter().map(|guess| v1::Layer { name: &guess.name, is_declared: guess.is_declared }).collect()
}

fn hold<'a>(hold: &'a finding::HoldSeen, guesses: &'a [finding::LayerGuess]) -> v1::Hold<'a> {
    let (close_code, close_reason) = match &hold.end {
        HoldEnd::CloseFrame { code, reason } => (*code, Some(reason.as_str())),
        _ => (None, None),
    };
    v1::Hold {
        asked_ms: hold.asked_ms,
        ping_every_ms: hold.ping_every_ms,
        lasted_ms: hold.lasted_ms,
        silent_ms: hold.silent_ms,
        end: hold.end.name(),
        close_code,
        close_reason,
        messages: hold.messages,
        pings: hold.pings,
        pings_every_ms: hold.pings_every_ms,
        pings_sent: hold.pings_sent,
        pongs: hold.pongs,
        slowest_pong_ms: hold.slowest_pong_ms,
        limit_of: layers(guesses),
    }
}

fn reconnects(all: &finding::ReconnectsSeen) -> v1::Reconnects<'_> {
    v1::Reconnects {
        asked: all.asked,
        told_by: all.told_by.as_deref(),
        back_ends: all.back_ends,
        each: all.each.iter().map(reconnect).collect(),
    }
}

fn reconnect(one: &finding::Reconnected) -> v1::Reconnect<'_> {
    v1::Reconnect {
        address: one.address.as_deref(),
        status: one.status,
        back_end: one.back_end.as_deref(),
        failure: one.failure.as_ref().map(failure),
        took_ms: one.took_ms,
    }
}

fn polling(polling: &finding::PollingSeen) -> v1::Polling<'_> {
    v1::Polling {
        kind: polling.kind.name(),
        works: polling.works,
        steps: polling.steps.iter().map(step).collect(),
    }
}

fn step(step: &finding::PollingStep) -> v1::PollingStep<'_> {
    v1::PollingStep {
        request: &step.request,
        status: step.status,
        is_ok: step.is_ok,
        text: &step.text,
        took_ms: step.took_ms,
    }
}

fn comparison<'a>(outcome: &'a Outcome, one: &'a finding::ProbeComparison) -> v1::Comparison<'a> {
    v1::Comparison {
        problem: one.problem.as_deref(),
        starts: !one.is_refused,
        agrees: one.agrees,
        predicted: Rows::new(outcome, &one.predicted, prediction),
        differences: Rows::new(outcome, &one.differences, difference),
        causes: Rows::new(outcome, &one.causes, cause),
    }
}

fn prediction<'a>(outcome: &'a Outcome, one: &'a finding::Prediction) -> v1::Prediction<'a> {
    let (file, line) = optional_line(outcome, one.place);
    v1::Prediction {
        nginx: &one.versions,
        assumptions: &one.assumptions,
        status: one.status,
        by: one.by.name(),
        text: &one.text,
        file,
        line,
        location: one.location.as_deref(),
        headers: Rows::new(outcome, &one.fields, field),
        idle: one.idle.as_ref().map(|idle| {
            let (file, line) = optional_line(outcome, idle.place);
            let (directive, limit_ms) = (idle.directive, idle.milliseconds);
            v1::Idle { directive, limit_ms, is_default: idle.is_default, file, line }
        }),
        handshake: one.handshake.name(),
        agrees: one.agrees,
        condition: one.condition.as_deref(),
    }
}

fn field<'a>(outcome: &'a Outcome, field: &'a finding::PredictedField) -> v1::PredictedHeader<'a> {
    let (file, line) = line_of(outcome, field.place);
    v1::PredictedHeader { name: &field.name, value: &field.value, file, line }
}

fn difference<'a>(outcome: &'a Outcome, one: &'a finding::Difference) -> v1::Difference<'a> {
    v1::Difference {
        what: one.what.name(),
        predicted: &one.predicted,
        observed: &one.observed,
        reasons: Rows::new(outcome, &one.reasons, reason),
    }
}

fn reason<'a>(outcome: &'a Outcome, reason: &'a finding::LikelyReason) -> v1::Reason<'a> {
    let (file, line) = optional_line(outcome, reason.place);
    v1::Reason {
        kind: reason.kind.name(),
        text: reason_text(reason),
        file,
        line,
        layers: layers(&reason.layers),
    }
}

fn cause<'a>(outcome: &'a Outcome, cause: &'a finding::ProbeCause) -> v1::Cause<'a> {
    let (file, line) = line_of(outcome, cause.place);
    v1::Cause {
        rule: cause.rule,
        severity: cause.severity.name(),
        confidence: cause.confidence.name(),
        message: &cause.message,
        file,
        line,
    }
}
