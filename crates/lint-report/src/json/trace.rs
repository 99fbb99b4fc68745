//! From a trace to its version 1.

use lint_finding::{self as finding, Outcome, Place, Trace};

use super::convert::{finding as convert_finding, notice, optional_line, settings, summary};
use super::{trace_v1, v1};
use crate::ToolInfo;

pub(crate) fn output<'a>(trace: &'a Trace, tool: &ToolInfo<'a>) -> trace_v1::Output<'a> {
    let outcome = &trace.outcome;
    let request = &trace.request;
    let headers = request.headers.iter().map(|(name, value)| trace_v1::Header { name, value });
    trace_v1::Output {
        schema: trace_v1::SCHEMA,
        version: trace_v1::VERSION,
        tool: v1::Tool { name: tool.name, version: tool.version, commit: tool.commit },
        request: trace_v1::Request {
            url: &request.url,
            is_handshake: request.is_handshake,
            line: &request.line,
            headers: headers.collect(),
            client: request.client.as_deref(),
        },
        handshake: trace.handshake.name(),
        problem: trace.problem.as_deref(),
        runs: trace.runs.iter().map(|run| self::run(outcome, run)).collect(),
        findings: outcome.findings.iter().map(|finding| convert_finding(outcome, finding)).collect(),
        verify: &trace.verify,
        settings: settings(outcome),
        summary: summary(outcome),
        notices: outcome.notices.iter().map(|notice| self::notice(outcome, notice)).collect(),
    }
}

fn run<'a>(outcome: &'a Outcome, run: &'a finding::TraceRun) -> trace_v1::Run<'a> {
    trace_v1::Run {
        nginx: &run.versions,
        root: run.root.as_deref(),
        listen: &run.listen,
        handshake: run.handshake.name(),
        steps: steps(outcome, &run.steps),
        ways: run.ways.iter().map(|way| self::way(outcome, way)).collect(),
        is_cut: run.is_cut,
    }
}

fn steps<'a>(outcome: &'a Outcome, steps: &'a [finding::TraceStep]) -> Vec<trace_v1::Step<'a>> {
    let step = |step: &'a finding::TraceStep| {
        let (file, line) = optional_line(outcome, step.place);
        let remarks = remarks(outcome, &step.remarks);
        trace_v1::Step { stage: step.stage.name(), text: &step.text, file, line, remarks }
    };
    steps.iter().map(step).collect()
}

fn remarks<'a>(outcome: &'a Outcome, remarks: &'a [finding::Remark]) -> Vec<trace_v1::Remark<'a>> {
    let remark = |remark: &'a finding::Remark| {
        let (file, line) = optional_line(outcome, remark.place);
        trace_v1::Remark { text: &remark.text, file, line }
    };
    remarks.iter().map(remark).collect()
}

fn instead<'a>(outcome: &'a Outcome, others: &'a [finding::Instead]) -> Vec<trace_v1::Instead<'a>> {
    let other = |other: &'a finding::Instead| {
        let (file, line) = optional_line(outcome, other.place);
        trace_v1::Instead { status: other.status, by: other.by.name(), text: other.text(), file, line }
    };
    others.iter().map(other).collect()
}

fn way<'a>(outcome: &'a Outcome, way: &'a finding::TraceWay) -> trace_v1::Way<'a> {
    let sent = way.sent.as_ref().map(|sent| trace_v1::Sent {
        line: &sent.line,
        fields: fields(outcome, &sent.fields),
        dropped: fields(outcome, &sent.dropped),
    });
    let answer = &way.answer;
    let (file, line) = optional_line(outcome, answer.place);
    trace_v1::Way {
        assumptions: &way.assumptions,
        steps: steps(outcome, &way.steps),
        sent,
        answer: trace_v1::Answer {
            status: answer.status,
            by: answer.by.name(),
            reason: answer.reason,
            location: answer.location.as_deref(),
            text: &answer.text,
            file,
            line,
            instead: instead(outcome, &answer.instead),
            remarks: remarks(outcome, &answer.remarks),
            handshake: answer.handshake.name(),
        },
        after: steps(outcome, &way.after),
    }
}

fn fields<'a>(outcome: &'a Outcome, fields: &'a [finding::SentField]) -> Vec<trace_v1::Field<'a>> {
    let place = |place: Option<Place>| optional_line(outcome, place);
    let field = |field: &'a finding::SentField| {
        let (file, line) = place(field.place);
        trace_v1::Field {
            name: &field.name,
            value: field.value.as_deref(),
            origin: field.origin.name(),
            file,
            line,
            note: field.note.as_deref(),
        }
    };
    fields.iter().map(field).collect()
}
