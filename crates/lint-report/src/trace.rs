//! A trace for a person at a terminal: one numbered list, branches where the configuration does not tell.

use std::cmp::Reverse;
use std::io::{self, Write};

use lint_finding::{
    FieldOrigin, Finding, Prospect, Remark, Responder, SentField, SentRequest, Severity, Tells, Trace,
    TraceAnswer, TraceRun, TraceStep, TraceWay,
};

use crate::page::{BOLD, CYAN, DIM, GREEN, MARGIN, Page, RED, STAGE, YELLOW};
use crate::position::path_line;
use crate::wrap::wrap;
use crate::{Style, escape, human};

pub(crate) fn write(trace: &Trace, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let outcome = &trace.outcome;
    let mut page = Page::new(outcome, style);
    page.request(trace);
    page.verdict(trace);
    if let Some(problem) = &trace.problem {
        page.blank();
        page.line("listen", RED, problem, None, 0);
    }
    let mut before: Option<&TraceRun> = None;
    for run in &trace.runs {
        page.run(run, before.filter(|before| before.listen == run.listen), trace.runs.len() > 1);
        before = Some(run);
    }
    page.ending(trace);
    if !outcome.notices.is_empty() {
        page.blank();
    }
    out.write_all(page.text.as_bytes())?;
    human::below(outcome, style, out)
}

impl Page<'_> {
    fn request(&mut self, trace: &Trace) {
        let request = &trace.request;
        let what = if request.is_handshake { "a browser's handshake" } else { "an ordinary GET" };
        let from = request.client.as_ref().map(|client| format!(" from {client}")).unwrap_or_default();
        let heading = format!("{}: {what}{from}", escape(&request.url));
        let heading = self.paint(&heading, BOLD);
        self.text.push_str(&heading);
        self.text.push('\n');
    }

    fn run(&mut self, run: &TraceRun, before: Option<&TraceRun>, is_one_of_several: bool) {
        let mut title = format!("nginx {}", escape(&run.versions));
        if is_one_of_several {
            title.push_str(&format!(" at {}", escape(&run.listen)));
        }
        if let Some(root) = &run.root {
            title.push_str(&format!(", {}", escape(root)));
        }
        self.heading(&title, 0);
        let shared = shared(&run.ways);
        let mut skipped = 0;
        if let Some(before) = before {
            skipped = same(run, before);
        }
        let head: Vec<&TraceStep> = run
            .steps
            .iter()
            .chain(run.ways.first().into_iter().flat_map(|way| way.steps.iter().take(shared)))
            .collect();
        if skipped > 0 {
            let steps = if skipped == 1 {
                "the first step is".to_owned()
            } else {
                format!("the first {skipped} steps are")
            };
            self.line("", DIM, &format!("{steps} as above"), None, 0);
        }
        for step in head.into_iter().skip(skipped) {
            self.step(step, 0);
        }
        match run.ways.as_slice() {
            [way] => self.way(way, shared, 0),
            ways => {
                let mut ways: Vec<&TraceWay> = ways.iter().collect();
                // "else" comes behind what it is the other case of.
                ways.sort_by_key(|way| way.assumptions.is_empty());
                for (index, &way) in ways.iter().enumerate() {
                    self.heading(&format!("  {}:", assumed(way)), 0);
                    let is_same = |other: &&&TraceWay| {
                        other.sent == way.sent && other.answer == way.answer && other.after == way.after
                    };
                    match ways.iter().take(index).find(is_same) {
                        Some(other) => self.same_way(way, other, shared),
                        None => self.way(way, shared, 2),
                    }
                }
            }
        }
        if run.is_cut {
            self.line("", YELLOW, "there are more ways than this program follows", None, 0);
        }
    }

    /// What ends as another way does.
    fn same_way(&mut self, way: &TraceWay, other: &TraceWay, from: usize) {
        for step in way.steps.iter().skip(from) {
            self.step(step, 2);
        }
        let text = format!("request and answer as above, {}", assumed(other));
        self.line("answer", color_of(way.answer.handshake), &text, None, 2);
    }

    fn step(&mut self, step: &TraceStep, depth: usize) {
        self.line(step.stage.name(), CYAN, &step.text, step.place, depth);
        for remark in &step.remarks {
            self.remark(remark, depth);
        }
    }

    fn way(&mut self, way: &TraceWay, from: usize, depth: usize) {
        for step in way.steps.iter().skip(from) {
            self.step(step, depth);
        }
        if let Some(sent) = &way.sent {
            self.sent(sent, depth);
        }
        self.answer(&way.answer, depth);
        for step in &way.after {
            self.step(step, depth);
        }
    }

    fn sent(&mut self, sent: &SentRequest, depth: usize) {
        self.line("request", CYAN, "what the back end receives:", None, depth);
        self.code(&escape(&sent.line), "", depth);
        for field in &sent.fields {
            let value = field.value.as_deref().unwrap_or("(not known)");
            let text = format!("{}: {}", escape(&field.name), escape(value));
            let from = match (field.origin, &field.note) {
                (FieldOrigin::Client, None) => "the client's".to_owned(),
                (FieldOrigin::Client, Some(note)) => format!("the client's; {note}"),
                (_, note) => note.clone().unwrap_or_default(),
            };
            self.field(&text, field, &from, depth);
        }
        if !sent.dropped.is_empty() {
            self.line("", "", "and what it does not receive:", None, depth);
        }
        for field in &sent.dropped {
            let value = field.value.as_deref().filter(|value| !value.is_empty());
            let text = value.map_or_else(
                || escape(&field.name).into_owned(),
                |value| format!("{}: {}", escape(&field.name), escape(value)),
            );
            self.field(&text, field, field.note.as_deref().unwrap_or_default(), depth);
        }
    }

    fn field(&mut self, text: &str, field: &SentField, from: &str, depth: usize) {
        let place = field.place.map(|place| path_line(self.outcome, place));
        let words = place.into_iter().chain(Some(escape(from).into_owned()).filter(|from| !from.is_empty()));
        let words = words.collect::<Vec<_>>().join("; ");
        let words = if words.is_empty() { words } else { format!("({words})") };
        self.code(text, &words, depth);
    }

    /// Text that is kept in one piece, and what is said of it: beside it where there is room, else below.
    fn code(&mut self, text: &str, said: &str, depth: usize) {
        let indent = " ".repeat(depth + MARGIN + STAGE + 2);
        let room = self.style.width.saturating_sub(indent.len());
        let text_width = unicode_width::UnicodeWidthStr::width(text);
        let said_width = unicode_width::UnicodeWidthStr::width(said);
        if said.is_empty() {
            self.text.push_str(&format!("{indent}{text}\n"));
        } else if text_width + 2 + said_width <= room {
            let said = self.paint(said, DIM);
            self.text.push_str(&format!("{indent}{text}  {said}\n"));
        } else {
            self.text.push_str(&format!("{indent}{text}\n"));
            for line in wrap(said, room.saturating_sub(4)) {
                let line = self.paint(&line, DIM);
                self.text.push_str(&format!("{indent}    {line}\n"));
            }
        }
    }

    fn answer(&mut self, answer: &TraceAnswer, depth: usize) {
        let color = color_of(answer.handshake);
        // The back end's own answer stands in no line of the configuration.
        let place = answer.place.filter(|_| answer.by != Responder::Backend || answer.status.is_none());
        self.line("answer", color, &answer.text, place, depth);
        for remark in &answer.remarks {
            self.remark(remark, depth);
        }
        for other in &answer.instead {
            self.remark(&Remark { text: other.text(), place: other.place }, depth);
        }
    }

    /// Whether it works, before anybody has read how.
    fn verdict(&mut self, trace: &Trace) {
        let (text, color) = match (trace.handshake, &trace.problem) {
            _ if trace.is_refused && !trace.request.is_handshake => ("nginx does not start", RED),
            _ if !trace.request.is_handshake => return,
            _ if trace.is_refused => ("nginx does not start: the handshake cannot succeed", RED),
            (_, Some(_)) => ("no server takes the request", RED),
            (Prospect::Succeeds, _) => ("the handshake can succeed", GREEN),
            (Prospect::Fails, _) => ("the handshake cannot succeed", RED),
            _ => ("whether the handshake succeeds is unknown", YELLOW),
        };
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        // Where too little speaks for a WebSocket, what tells of the failure is a warning.
        let tells = |finding: &&Finding| {
            finding.severity == Severity::Warning
                && matches!(finding.rule.tells, Tells::Failure | Tells::Request | Tells::Socket)
        };
        let mut findings = self.outcome.findings.iter();
        let blamed = findings.clone().find(is_error).or_else(|| findings.find(tells));
        let blamed = blamed.filter(|_| color == RED).map(|finding| {
            format!(": {} ({})", finding.rule.name, path_line(self.outcome, finding.primary.place))
        });
        let text = format!("{text}{}", blamed.unwrap_or_default());
        for line in wrap(&text, self.style.width) {
            let line = self.paint(&line, color);
            self.text.push_str(&format!("{line}\n"));
        }
    }

    fn ending(&mut self, trace: &Trace) {
        if !self.outcome.findings.is_empty() {
            self.heading("findings on this way", 0);
            // The worst first: it is what ends the way.
            let mut findings: Vec<&Finding> = self.outcome.findings.iter().collect();
            findings.sort_by_key(|finding| Reverse(finding.severity));
            findings.into_iter().for_each(|finding| self.finding(finding));
        }
        if trace.problem.is_none() {
            let expected =
                if trace.request.is_handshake { "verify: 101 is what it should answer" } else { "verify" };
            self.heading(expected, 0);
            let command = escape(&trace.verify).into_owned();
            self.text.push_str(&format!("  {command}\n"));
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let color = match finding.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            Severity::Info | Severity::Pedantic => CYAN,
        };
        let text = format!("{}: {}", finding.rule.name, finding.message);
        self.line(finding.severity.name(), color, &text, Some(finding.primary.place), 0);
    }
}

/// What a way takes for true.
fn assumed(way: &TraceWay) -> String {
    match way.assumptions.as_slice() {
        [] => "else".to_owned(),
        assumptions => format!("if {}", escape(&assumptions.join(", and "))),
    }
}

fn color_of(prospect: Prospect) -> &'static str {
    match prospect {
        Prospect::Succeeds => GREEN,
        Prospect::Fails => RED,
        Prospect::Unknown => YELLOW,
        Prospect::NotAsked => CYAN,
    }
}

/// How many of the first steps all ways have.
fn shared(ways: &[TraceWay]) -> usize {
    let Some((first, others)) = ways.split_first() else { return 0 };
    if others.is_empty() {
        return first.steps.len();
    }
    let count = |way: &TraceWay| first.steps.iter().zip(&way.steps).take_while(|(a, b)| a == b).count();
    others.iter().map(count).min().unwrap_or(0)
}

/// How many of the first steps two runs have in common.
fn same(run: &TraceRun, before: &TraceRun) -> usize {
    let all = |run: &TraceRun| -> Vec<TraceStep> {
        let ways = run.ways.first().into_iter();
        let from_ways = ways.flat_map(|way| way.steps.iter().take(shared(&run.ways)).cloned());
        run.steps.iter().cloned().chain(from_ways).collect()
    };
    all(run).iter().zip(&all(before)).take_while(|(a, b)| a == b).count()
}
