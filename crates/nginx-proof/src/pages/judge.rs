//! Compares what was seen of a block with what the page and the linter say.

use std::time::Duration;

use super::block::Heading;
use super::expected::Manner;
use super::{Case, MINIMUM, SLACK};
use crate::{Delivery, Framing, Head, Observation, Seen};

/// So much earlier a tunnel may seem to end: nginx leaves a timer alone that would move by less than 300 ms
/// (`event/ngx_event_timer.h:NGX_TIMER_LAZY_DELAY`), so a message soon after the 101 does not start it anew.
const EARLY: Duration = Duration::from_millis(350);

/// The rule that says of any directive that this release does not take it.
const REFUSED: &str = "directive-not-allowed-here";

/// What happened in short, and in what it differs.
pub(crate) fn judge(case: &Case<'_>, raised: &[&str], observation: &Observation) -> (String, Vec<String>) {
    let mut judge = Judge { case, said: Vec::new(), faults: Vec::new() };
    let is_raised = raised.contains(&case.rule.name);
    let is_too_old = case.expected.since.is_some_and(|since| case.binary.version < since)
        && case.block.heading != Heading::Fixed;
    // What a release does not have yet, it refuses.
    let is_expected = |name: &str| name == case.rule.name || is_too_old && name == REFUSED;
    for other in raised.iter().filter(|name| !is_expected(name)) {
        judge.faults.push(format!("the linter raises {other}"));
    }
    let verdict = &observation.verdict;
    let is_without_module = verdict.message.contains("unknown directive \"stream\"");
    if case.expected.manner == Manner::NotRun {
        judge.must(verdict.is_accepted || is_without_module, "nginx refuses it");
        judge.said.push("not run".to_owned());
    } else if !verdict.is_accepted {
        judge.said.push(format!("refused: `{}`", verdict.message));
        judge.must(case.claims.has_message(&verdict.message), "the page does not quote this message");
        let is_expected = is_too_old || (is_raised && case.expected.manner == Manner::Refused);
        judge.must(is_expected, "nginx refuses it, which linter and page do not say");
    } else if let Some(why) = case.not_observed() {
        judge.said.push(format!("accepted; not observed: {why}"));
        let is_unseen = case.expected.manner == Manner::Unseen;
        judge.must(!is_raised || is_unseen, "the linter raises the rule");
    } else {
        judge.must(!is_too_old, "nginx accepts what the page says it does not know yet");
        judge.warned(&verdict.warnings);
        let is_warned = verdict.warnings.iter().any(|warning| case.claims.has_message(warning));
        judge.must(
            !is_raised || case.expected.manner != Manner::Refused || is_warned,
            "the linter says that nginx refuses it",
        );
        judge.accepted(is_raised, &observation.seen);
        if is_raised && case.expected.manner == Manner::Closed {
            judge.logs(observation);
        }
        if is_raised && matches!(case.expected.manner, Manner::Unanswered | Manner::LongAnswer) {
            let is_logged = observation.errors.iter().any(|line| case.claims.has_message(line));
            judge.must(is_logged, "the error log lacks what the page says");
        }
        if matches!(case.expected.manner, Manner::Kept | Manner::Unlogged) {
            judge.end(is_raised, observation);
        }
    }
    (judge.said.join("; "), judge.faults)
}

struct Judge<'j> {
    case: &'j Case<'j>,
    said: Vec<String>,
    faults: Vec<String>,
}

impl Judge<'_> {
    fn must(&mut self, holds: bool, fault: &str) {
        if !holds {
            self.faults.push(fault.to_owned());
        }
    }

    /// Once.
    fn say(&mut self, text: &str) {
        if !self.said.iter().any(|said| said == text) {
            self.said.push(text.to_owned());
        }
    }

    /// The words of warnings before what differs from place to place.
    fn warned(&mut self, warnings: &[String]) {
        let words = |warning: &String| warning.split(['"', '<']).next().unwrap_or_default().trim().to_owned();
        let mut warnings: Vec<String> = warnings.iter().map(words).collect();
        warnings.dedup();
        self.said.extend(warnings.into_iter().map(|warning| format!("warned: `{warning}`")));
    }

    fn accepted(&mut self, is_raised: bool, seen: &[Seen]) {
        let seen = match (self.case.expected.manner, seen) {
            (Manner::Stored, [page, rest @ ..]) => {
                self.must(
                    page.status == Some(200) && page.received.len() == 1,
                    "the upstream is not asked first",
                );
                rest
            }
            _ => seen,
        };
        let [firefox, chrome, ordinary @ ..] = seen else {
            self.faults.push("no server to try it on".to_owned());
            return;
        };
        let shown = |seen: &Seen| match (seen.status, seen.refused_because) {
            (None, _) => "no answer".to_owned(),
            (Some(status), None) => status.to_string(),
            (Some(status), Some(why)) => format!("{status}, which browsers refuse: {why}"),
        };
        let statuses = [chrome, firefox].map(shown);
        self.said.push(match statuses {
            [chrome, firefox] if chrome == firefox => chrome,
            [chrome, firefox] => format!("Chrome {chrome}, Firefox {firefox}"),
        });
        let failed: Vec<&Seen> = [chrome, firefox].into_iter().filter(|seen| !seen.is_open()).collect();
        let expected = self.case.expected.manner;
        let is_to_fail = is_raised && expected.is_handshake_failing();
        self.must(!(is_to_fail && failed.is_empty()), "the handshake works");
        self.must(failed.is_empty() || is_to_fail, "the handshake fails");
        for seen in &failed {
            if expected == Manner::Answered { self.answered(seen) } else { self.failed(seen) }
        }
        if expected == Manner::Path {
            self.path(is_raised, chrome);
        }
        if chrome.is_open() {
            self.must(chrome.is_echoed, "no message came back");
            self.life(is_raised && expected == Manner::Closed, chrome.closed_after);
        }
        match (expected, ordinary) {
            (Manner::Ordinary, _) => self.ordinary(is_raised, ordinary),
            (Manner::Posts, [post]) => self.post(is_raised, post),
            (Manner::LongCookie, [seen]) => self.long_cookie(is_raised, seen),
            (Manner::Spread, _) => self.spread(is_raised, ordinary),
            (Manner::Streamed(framing), _) => self.streamed(is_raised, framing, ordinary),
            _ => {}
        }
        if let (true, Manner::Depends, Some(received)) = (is_raised, expected, chrome.received.first()) {
            let is_so = (self.case.expected.upstream)(self.case.binary.version, &received.head);
            self.must(is_so, "the page says that the upstream gets something else");
        }
        if expected == Manner::Sent {
            self.sent(is_raised, chrome);
        }
    }

    /// What arrives of a handshake that works here and not everywhere.
    fn sent(&mut self, is_raised: bool, seen: &Seen) {
        let Some(received) = seen.received.first() else {
            self.faults.push("nothing arrived at the upstream".to_owned());
            return;
        };
        let telling = self.case.expected.telling.iter().map(|name| {
            let values: Vec<String> =
                received.head.all(name).map(|value| format!("`{name}: {value}`")).collect();
            if values.is_empty() { format!("no `{name}`") } else { values.join(" and ") }
        });
        let telling: Vec<String> = telling.collect();
        let telling = if telling.is_empty() { "it".to_owned() } else { telling.join(", ") };
        self.said.push(format!("`{}` got {telling}", received.backend));
        let is_so = (self.case.expected.sent)(received);
        self.must(is_so == is_raised, "the upstream gets something else than linter and page say");
    }

    /// A handshake without 101.
    fn failed(&mut self, seen: &Seen) {
        if self.case.expected.manner == Manner::Mute {
            let is_mute = seen.status.is_none() && seen.received.is_empty();
            self.must(is_mute, "something is answered, or asked of an upstream");
            return;
        }
        let is_named = match self.case.expected.manner {
            Manner::Stored => seen.status == Some(200),
            Manner::Unanswered => seen.status.is_none(),
            _ => seen.status.is_some_and(|status| self.case.claims.statuses.contains(&status)),
        };
        self.must(is_named || seen.refused_because.is_some(), "the page does not name this status");
        if matches!(self.case.expected.manner, Manner::Stored | Manner::Limited) {
            self.must(seen.received.is_empty(), "the upstream is asked");
            self.say("the upstream was not asked");
            return;
        }
        if seen.status == Some(504) {
            // Whether the request had arrived by then is chance.
            return;
        }
        match seen.received.first() {
            None => self.faults.push("nothing arrived at the upstream".to_owned()),
            Some(received) => {
                self.say(&format!("upstream got {}", shown(&received.head)));
                let is_so = (self.case.expected.upstream)(self.case.binary.version, &received.head);
                self.must(is_so, "the page says that the upstream gets something else");
            }
        }
    }

    /// A handshake that nginx itself answers.
    fn answered(&mut self, seen: &Seen) {
        let is_named = seen.status.is_some_and(|status| self.case.claims.answers.contains(&status));
        self.must(is_named, "the page does not name this status");
        self.must(seen.received.is_empty(), "the upstream was asked");
        let text = "no upstream was asked".to_owned();
        if !self.said.contains(&text) {
            self.said.push(text);
        }
    }

    /// The request target that the upstream gets.
    fn path(&mut self, is_raised: bool, seen: &Seen) {
        let Some(received) = seen.received.first() else { return };
        let target = received.head.line.split(' ').nth(1).unwrap_or_default();
        self.said.push(format!("upstream was asked for `{target}`"));
        let is_other = (self.case.expected.upstream)(self.case.binary.version, &received.head);
        self.must(is_other == is_raised, "the upstream is not asked for what linter and page say");
    }

    /// A tunnel that nobody uses.
    fn life(&mut self, is_to_close: bool, closed_after: Option<Duration>) {
        let scale = self.case.scale();
        let claimed =
            self.case.limit().or(self.case.claims.seconds.first().copied().map(Duration::from_secs));
        match (claimed.filter(|_| is_to_close), closed_after) {
            (None, None) => self.said.push(format!("open after {} s", MINIMUM.as_secs())),
            (None, Some(after)) => self.faults.push(format!("nginx closed it after {:?}", after * scale)),
            (Some(limit), None) => self.faults.push(format!("open longer than {limit:?}")),
            (Some(limit), Some(after)) => {
                let due = limit / scale;
                let is_in_time = after + EARLY >= due && after <= due + SLACK;
                self.must(is_in_time, &format!("closed after {:?}", after * scale));
                let how = if scale == 1 { "not scaled".to_owned() } else { format!("{scale} times faster") };
                self.said.push(format!("closed after {} s ({how})", limit.as_secs()));
            }
        }
    }

    /// What the logs say of a tunnel that nginx closed.
    fn logs(&mut self, observation: &Observation) {
        let is_said = |line: &String| line.contains("[info]") && self.case.claims.has_message(line);
        let is_logged = observation.errors.iter().any(is_said);
        self.must(is_logged, "the error log lacks what the page says");
        let is_louder = |line: &String| !line.contains("[info]") && line.contains("upgraded connection");
        self.must(
            !observation.errors.iter().any(is_louder),
            "the error log says it at another level than info",
        );
        self.must(
            observation.access.iter().any(|line| line.contains("\" 101 ")),
            "the access log lacks status 101",
        );
    }

    /// A POST beside the handshakes.
    fn post(&mut self, is_raised: bool, seen: &Seen) {
        let status = seen.status.unwrap_or_default();
        let is_refused = self.case.claims.statuses.contains(&status) && seen.received.is_empty();
        self.said.push(format!("POST {status}"));
        self.must(is_refused == is_raised, "POST is not answered as linter and page say");
    }

    /// A handshake with a long cookie beside those without.
    fn long_cookie(&mut self, is_raised: bool, seen: &Seen) {
        self.said.push(format!("with a cookie of 4096 bytes {}", seen.status.unwrap_or_default()));
        if is_raised {
            self.answered(seen);
        } else {
            self.must(seen.is_open(), "the handshake with a long cookie fails");
        }
    }

    /// What nginx does when the client closes: a line in the access log is its last act.
    fn end(&mut self, is_raised: bool, observation: &Observation) {
        let is_logged = observation.access.iter().any(|line| line.contains("\" 101 "));
        self.must(is_logged != is_raised, "the end of the tunnel is not as linter and page say");
        let otherwise =
            if self.case.expected.manner == Manner::Kept { "kept, not logged" } else { "not logged" };
        self.said.push(if is_logged { "logged when it ended" } else { otherwise }.to_owned());
    }

    /// Requests of one client, each on a connection of its own.
    fn spread(&mut self, is_raised: bool, seen: &[Seen]) {
        let reached: Vec<&String> = seen.iter().flat_map(|seen| &seen.reached).flatten().collect();
        let mut backends = reached.clone();
        backends.sort();
        backends.dedup();
        self.said.push(format!("{} GETs reach {} back end(s)", reached.len(), backends.len()));
        self.must((backends.len() > 1) == is_raised, "requests do not reach what linter and page say");
    }

    /// An answer that comes part by part.
    fn streamed(&mut self, is_raised: bool, framing: Framing, seen: &[Seen]) {
        let delivery = seen.first().and_then(|seen| seen.delivery.as_ref());
        let how = match delivery {
            Some(Delivery::Prompt) => "at once",
            Some(Delivery::Burst) => "at the end",
            Some(Delivery::Mixed(_)) | None => "now and then",
        };
        let framing = match framing {
            Framing::Chunked => "in chunks",
            Framing::Length => "with a length",
            Framing::UntilClose => "without framing",
        };
        self.said.push(format!("events {framing} arrive {how}"));
        let expected = if is_raised { Delivery::Burst } else { Delivery::Prompt };
        self.must(delivery == Some(&expected), "events do not arrive as linter and page say");
    }

    /// Requests that are no handshakes.
    fn ordinary(&mut self, is_raised: bool, seen: &[Seen]) {
        let received: Vec<_> = seen.iter().flat_map(|seen| &seen.received).collect();
        let heads: Vec<Head> = received.iter().map(|received| received.head.clone()).collect();
        self.must(heads.len() == seen.len(), "requests are missing at the upstream");
        let mut connections: Vec<u64> = received.iter().map(|received| received.connection).collect();
        connections.dedup();
        let status = seen.first().and_then(|seen| seen.status).unwrap_or_default();
        let head = heads.first().map(shown).unwrap_or_default();
        let (requests, connections) = (heads.len(), connections.len());
        self.said
            .push(format!("{requests} GETs: {status}, upstream got {head} over {connections} connection(s)"));
        let pays = !heads.is_empty() && (self.case.expected.ordinary)(&heads);
        self.must(pays == is_raised, "ordinary requests are not sent as linter and page say");
    }
}

/// Protocol and the two headers of a request.
fn shown(head: &Head) -> String {
    let headers = ["Upgrade", "Connection"].map(|name| match head.header(name) {
        Some(value) => format!("`{name}: {value}`"),
        None => format!("no `{name}`"),
    });
    format!("{}, {}", head.protocol(), headers.join(", "))
}
