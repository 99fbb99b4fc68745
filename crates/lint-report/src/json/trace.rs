//! From a trace to its version 1.

use lint_finding::{self as finding, Outcome, Trace};

use super::convert::{findings, notices, optional_line, settings, summary};
use super::rows::Rows;
use super::{trace_v1, v1};
use crate::ToolInfo;

pub(crate) fn output<'a>(trace: &'a Trace, tool: &ToolInfo<'a>) -> trace_v1::Output<'a> {
    let outcome = &trace.outcome;
    let request = &trace.request;
    trace_v1::Output {
        schema: trace_v1::SCHEMA,
        version: trace_v1::VERSION,
        tool: v1::Tool { name: tool.name, version: tool.version, commit: tool.commit },
        request: trace_v1::Request {
            url: &request.url,
            is_handshake: request.is_handshake,
            line: &request.line,
            headers: Rows::new(outcome, &request.headers, |_, (name, value)| trace_v1::Header {
                name,
                value,
            }),
            client: request.client.as_deref(),
        },
        handshake: trace.handshake.name(),
        problem: trace.problem.as_deref(),
        starts: !trace.is_refused,
        runs: Rows::new(outcome, &trace.runs, run),
        findings: findings(outcome),
        verify: &trace.verify,
        settings: settings(outcome),
        summary: summary(outcome),
        notices: notices(outcome),
    }
}

fn run<'a>(outcome: &'a Outcome, run: &'a finding::TraceRun) -> trace_v1::Run<'a> {
    trace_v1::Run {
        nginx: &run.versions,
        root: run.root.as_deref(),
        listen: &run.listen,
        handshake: run.handshake.name(),
        steps: Rows::new(outcome, &run.steps, step),
        ways: Rows::new(outcome, &run.ways, way),
        is_cut: run.is_cut,
    }
}

fn step<'a>(outcome: &'a Outcome, step: &'a finding::TraceStep) -> trace_v1::Step<'a> {
    let (file, line) = optional_line(outcome, step.place);
    let remarks = Rows::new(outcome, &step.remarks, remark);
    trace_v1::Step { stage: step.stage.name(), text: &step.text, file, line, remarks }
}

fn remark<'a>(outcome: &'a Outcome, remark: &'a finding::Remark) -> trace_v1::Remark<'a> {
    let (file, line) = optional_line(outcome, remark.place);
    trace_v1::Remark { text: &remark.text, file, line }
}

fn instead<'a>(outcome: &'a Outcome, other: &'a finding::Instead) -> trace_v1::Instead<'a> {
    let (file, line) = optional_line(outcome, other.place);
    trace_v1::Instead { status: other.status, by: other.by.name(), text: other.text(), file, line }
}

fn way<'a>(outcome: &'a Outcome, way: &'a finding::TraceWay) -> trace_v1::Way<'a> {
    let sent = way.sent.as_ref().map(|sent| trace_v1::Sent {
        line: &sent.line,
        fields: Rows::new(outcome, &sent.fields, field),
        dropped: Rows::new(outcome, &sent.dropped, field),
    });
    let answer = &way.answer;
    let (file, line) = optional_line(outcome, answer.place);
    trace_v1::Way {
        assumptions: &way.assumptions,
        steps: Rows::new(outcome, &way.steps, step),
        sent,
        answer: trace_v1::Answer {
            status: answer.status,
            by: answer.by.name(),
            reason: answer.reason,
            location: answer.location.as_deref(),
            text: &answer.text,
            file,
            line,
            instead: Rows::new(outcome, &answer.instead, instead),
            remarks: Rows::new(outcome, &answer.remarks, remark),
            handshake: answer.handshake.name(),
        },
        after: Rows::new(outcome, &way.after, step),
    }
}

fn field<'a>(outcome: &'a Outcome, field: &'a finding::SentField) -> trace_v1::Field<'a> {
    let (file, line) = optional_line(outcome, field.place);
    trace_v1::Field {
        name: &field.name,
        value: field.value.as_deref(),
        origin: field.origin.name(),
        file,
        line,
        note: field.note.as_deref(),
    }
}
