//! A probe for a person at a terminal: what was seen, and beside it what the configuration says.

use std::io::{self, Write};

use lint_finding::{
    AnswerSeen, CertificateSeen, ConnectResult, Difference, HoldEnd, HoldSeen, LayerGuess, LikelyReason,
    PollingSeen, Prediction, ProbeComparison, ProbeReport, ProbeVerdict, ReconnectsSeen, Remark, TlsSeen,
};

use crate::page::{BOLD, CYAN, GREEN, Page, RED, YELLOW};
use crate::position::path_line;
use crate::wrap::wrap;
use crate::{Style, escape, human};

/// So many fields of an answer are shown, unless all are asked for.
const MOST_FIELDS: usize = 16;

/// The fields that a 101 must have.
const OF_101: [&str; 3] = ["connection", "upgrade", "sec-websocket-accept"];

/// A value is cut here, in characters.
const LONGEST_VALUE: usize = 160;

/// So many handshakes of several are told one by one.
const MOST_TOLD: usize = 5;

/// Certificates that expire within so many days are told of.
const SOON: i64 = 21;

pub(crate) fn write(report: &ProbeReport, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let outcome = &report.outcome;
    let mut page = Page::new(outcome, style);
    title(report, &mut page);
    page.heading("observed", 0);
    observed(report, &mut page);
    if let Some(comparison) = &report.comparison {
        page.heading("the configuration", 0);
        compared(comparison, report, &mut page);
    }
    if !outcome.notices.is_empty() {
        page.blank();
    }
    out.write_all(page.text.as_bytes())?;
    human::below(outcome, style, out)
}

/// `85 ms`, `60.0 s`.
pub(crate) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        0 => "less than 1 ms".to_owned(),
        1..1_000 => format!("{milliseconds} ms"),
        1_000..600_000 => {
            let tenths = milliseconds.saturating_add(50) / 100;
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds / 1_000 % 60),
    }
}

/// A round time: `60 s`, `1 h`.
fn limit(milliseconds: u64) -> String {
    match milliseconds {
        3_600_000.. if milliseconds % 3_600_000 == 0 => format!("{} h", milliseconds / 3_600_000),
        300_000.. if milliseconds % 60_000 == 0 => format!("{} min", milliseconds / 60_000),
        1_000.. if milliseconds % 1_000 == 0 => format!("{} s", milliseconds / 1_000),
        other => duration(other),
    }
}

fn remark(page: &mut Page<'_>, text: String) {
    page.remark(&Remark { text, place: None }, 0);
}

fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn title(report: &ProbeReport, page: &mut Page<'_>) {
    let seen = &report.seen;
    let browser = if seen.request.browser == "firefox" { "Firefox" } else { "Chrome" };
    let heading = format!("{}: a handshake as {browser} sends it", escape(&seen.request.url));
    let heading = page.paint(&heading, BOLD);
    page.text.push_str(&heading);
    page.text.push('\n');
    let (color, text) = (color_of(report.verdict), verdict(report));
    for line in wrap(&escape(&text), page.style.width) {
        let line = page.paint(&line, color);
        page.text.push_str(&format!("{line}\n"));
    }
}

fn color_of(verdict: ProbeVerdict) -> &'static str {
    match verdict {
        ProbeVerdict::Works => GREEN,
        ProbeVerdict::Fails => RED,
        ProbeVerdict::Unknown => YELLOW,
    }
}

/// What it amounts to, and why.
pub(crate) fn verdict(report: &ProbeReport) -> String {
    let seen = &report.seen;
    let begins = match report.verdict {
        ProbeVerdict::Works => return works(report),
        ProbeVerdict::Fails => "it fails",
        ProbeVerdict::Unknown => "whether it works is unknown",
    };
    let failure = seen.failure.as_ref().map(|failure| failure.text.clone());
    let held = seen.hold.as_ref().filter(|hold| hold.end != HoldEnd::StillOpen).map(ended);
    let reconnects = seen.reconnects.as_ref().and_then(|all| {
        let failed = all.each.iter().filter(|one| one.failure.is_some()).count();
        (failed > 0).then(|| format!("{failed} of {} handshakes fail", all.each.len()))
    });
    let polling = seen
        .polling
        .as_ref()
        .filter(|polling| !polling.works)
        .map(|_| "the fallback over HTTP does not work".to_owned());
    let over = Some("--max-time ran out first".to_owned());
    let why = failure.or(held).or(reconnects).or(polling).or(over).unwrap_or_default();
    format!("{begins}: {why}")
}

fn works(report: &ProbeReport) -> String {
    let mut all = match &report.seen.reconnects {
        Some(reconnects) => vec![format!("all {} handshakes succeed", reconnects.each.len())],
        None => vec!["the handshake succeeds".to_owned()],
    };
    if let Some(hold) = &report.seen.hold {
        let how = match (hold.ping_every_ms, hold.messages, hold.pings) {
            (Some(_), ..) => "with pings".to_owned(),
            (None, 0, 0) => "silent".to_owned(),
            (None, 0, pings) => format!("{} came", plural(pings, "ping", "pings")),
            (None, messages, _) => format!("{} came", plural(messages, "message", "messages")),
        };
        all.push(format!("the connection stays open for {} ({how})", duration(hold.lasted_ms)));
    }
    if report.seen.polling.is_some() {
        all.push("the fallback over HTTP works".to_owned());
    }
    format!("it works: {}", all.join(", "))
}

/// How a held connection ended, when and by whom.
fn ended(hold: &HoldSeen) -> String {
    let after = duration(hold.lasted_ms);
    match &hold.end {
        HoldEnd::StillOpen => format!("open after {after}"),
        HoldEnd::CloseFrame { code, reason } => {
            let code = code.map_or_else(|| "without a code".to_owned(), |code| format!("with code {code}"));
            let reason =
                if reason.is_empty() { String::new() } else { format!(" and the reason `{reason}`") };
            format!(
                "the other end closed it after {after} with a close frame {code}{reason}: the application there, or a proxy that speaks WebSocket"
            )
        }
        HoldEnd::Fin => format!(
            "the other end closed the TCP connection after {after} (FIN) without a close frame: browsers say 1006"
        ),
        HoldEnd::FinInFrame => format!(
            "the other end closed the TCP connection after {after} (FIN) in the middle of a frame: browsers say 1006"
        ),
        HoldEnd::Reset => {
            format!("the other end reset the TCP connection after {after} (RST): browsers say 1006")
        }
        HoldEnd::NotFrames(what) => format!("after {after} a frame came that browsers refuse: {what}"),
        HoldEnd::TooLarge => {
            format!("after {after} a frame came that is larger than what is read here (16 MiB)")
        }
    }
}

fn observed(report: &ProbeReport, page: &mut Page<'_>) {
    let seen = &report.seen;
    for attempt in &seen.attempts {
        let (color, text) = match &attempt.result {
            ConnectResult::Connected(took) => (GREEN, format!("connected in {}", duration(*took))),
            ConnectResult::Failed(why) => (RED, why.clone()),
            ConnectResult::NotTried => (YELLOW, "not tried".to_owned()),
        };
        page.line("address", color, &format!("{}: {text}", attempt.address), None, 0);
    }
    if let Some(seen) = &seen.tls {
        tls(seen, page);
    }
    match (&seen.answer, &seen.failure) {
        (Some(seen), failure) => answer(seen, if failure.is_some() { RED } else { GREEN }, page),
        (None, Some(failure)) => page.line("failure", RED, &failure.text, None, 0),
        (None, None) => {}
    }
    for sign in &report.layers {
        // Without a configuration nobody says that nginx is what was asked.
        let (label, also) = match (sign.is_of_other, report.comparison.is_some()) {
            (true, false) => ("answered", " answers, or is in front"),
            _ => ("in front", ""),
        };
        page.line(label, CYAN, &format!("{}{also}, as `{}` tells", sign.name, sign.field), None, 0);
    }
    if let Some(hold) = &seen.hold {
        held(hold, &report.guesses, page);
    }
    if let Some(all) = &seen.reconnects {
        reconnects(all, page);
    }
    if let Some(seen) = &seen.polling {
        polling(seen, page);
    }
}

fn tls(tls: &TlsSeen, page: &mut Page<'_>) {
    let version = tls.version.as_deref().unwrap_or("no TLS");
    let alpn = match &tls.alpn {
        Some(alpn) => format!("ALPN `{alpn}`"),
        None => "no ALPN".to_owned(),
    };
    let name = tls.name.as_ref().map_or_else(|| "no name (SNI)".to_owned(), |name| format!("name `{name}`"));
    page.line("tls", CYAN, &format!("{version}, {alpn}, {name}, in {}", duration(tls.took_ms)), None, 0);
    for (number, one) in tls.chain.iter().enumerate() {
        remark(page, certificate(one, number == 0));
    }
}

fn certificate(one: &CertificateSeen, is_own: bool) -> String {
    let names = if is_own {
        let more = if one.more_names > 0 { format!(" and {} more", one.more_names) } else { String::new() };
        format!(
            " for {}{more}",
            if one.names.is_empty() { "no name".to_owned() } else { one.names.join(", ") }
        )
    } else {
        String::new()
    };
    let left = match one.days_left {
        days @ ..0 => format!(", expired {} days ago", days.unsigned_abs()),
        days if days <= SOON => format!(", which is in {days} days"),
        _ => String::new(),
    };
    format!(
        "certificate `{}`{names}, issued by `{}`, valid from {} to {}{left}",
        one.subject, one.issuer, one.not_before, one.not_after
    )
}

fn answer(answer: &AnswerSeen, color: &str, page: &mut Page<'_>) {
    let text =
        format!("{} {} ({}) in {}", answer.status, answer.reason, answer.version, duration(answer.took_ms));
    page.line("answer", color, &text, None, 0);
    let page_is_wide = page.style.verbose;
    let shown = if page_is_wide { usize::MAX } else { MOST_FIELDS };
    // What every answer has, or every 101, says nothing.
    let is_told = |(name, _): &&(String, String)| {
        let name = name.to_ascii_lowercase();
        page_is_wide || name != "date" && !(answer.status == 101 && OF_101.contains(&name.as_str()))
    };
    let fields: Vec<&(String, String)> = answer.headers.iter().filter(is_told).collect();
    for (name, value) in fields.iter().take(shown) {
        let cut: String = value.chars().take(LONGEST_VALUE).collect();
        let dots = if cut.len() < value.len() { "..." } else { "" };
        remark(page, format!("{name}: {cut}{dots}"));
    }
    let more = fields.len().saturating_sub(shown);
    if more > 0 {
        remark(page, format!("and {more} more fields (-v)"));
    }
}

fn held(hold: &HoldSeen, guesses: &[LayerGuess], page: &mut Page<'_>) {
    let color = if hold.end == HoldEnd::StillOpen { GREEN } else { RED };
    page.line("held", color, &ended(hold), None, 0);
    if hold.end == HoldEnd::StillOpen && hold.lasted_ms + 50 < hold.asked_ms {
        remark(page, format!("{} asked for, --max-time ran out first", duration(hold.asked_ms)));
    }
    if hold.end != HoldEnd::StillOpen {
        remark(page, format!("neither side had sent anything for {}", duration(hold.silent_ms)));
    }
    if hold.messages > 0 {
        remark(page, format!("{} came", plural(hold.messages, "message", "messages")));
    }
    if hold.pings > 0 {
        let every =
            hold.pings_every_ms.map(|every| format!(", {} apart", duration(every))).unwrap_or_default();
        remark(page, format!("{} came{every}, each was answered", plural(hold.pings, "ping", "pings")));
    }
    if let Some(every) = hold.ping_every_ms {
        let slowest = hold.slowest_pong_ms.map(|took| format!(", the slowest in {}", duration(took)));
        remark(
            page,
            format!(
                "{} sent, one every {}, {} answered{}",
                plural(hold.pings_sent, "ping", "pings"),
                duration(every),
                hold.pongs,
                slowest.unwrap_or_default()
            ),
        );
    }
    if !guesses.is_empty() {
        remark(page, format!("about the limit of {} (layers table)", names(guesses)));
    }
}

fn names(guesses: &[LayerGuess]) -> String {
    let all: Vec<String> =
        guesses
            .iter()
            .map(|guess| {
                if guess.is_declared {
                    format!("{} (in the settings)", guess.name)
                } else {
                    guess.name.clone()
                }
            })
            .collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn reconnects(all: &ReconnectsSeen, page: &mut Page<'_>) {
    let failed: Vec<_> = all.each.iter().enumerate().filter(|(_, one)| one.failure.is_some()).collect();
    let opened = all.each.len() - failed.len();
    let answered = all.each.iter().filter(|one| one.status.is_some()).count();
    let named = all.each.iter().filter(|one| one.back_end.is_some()).count();
    let letters = || {
        let letters: Vec<&str> = all.each.iter().map(|one| one.back_end.as_deref().unwrap_or("?")).collect();
        letters.join(" ")
    };
    let who = match (&all.told_by, all.back_ends) {
        (Some(by), Some(number)) if named < answered => {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            let ends = plural(number, "back end answers", "back ends answer");
            format!("at least {ends}, but only {named} of {answered} answers have {by}: {}", letters())
        }
        (Some(by), Some(1)) => format!("one back end answers, as {by} tells"),
        (Some(by), Some(number)) => format!("{number} back ends answer, as {by} tells: {}", letters()),
        _ => "which back end answers cannot be told: no field and no cookie names it (--backend-header)"
            .to_owned(),
    };
    let color = if failed.is_empty() { GREEN } else { RED };
    page.line(
        "reconnect",
        color,
        &format!("{opened} of {} handshakes succeed; {who}", all.each.len()),
        None,
        0,
    );
    if named > 0 && named < answered {
        let text = "the others may come from other back ends, or from nginx itself: `add_header` without `always` leaves a field out of errors";
        remark(page, text.to_owned());
    }
    if all.each.len() < all.asked {
        remark(page, format!("{} asked for, --max-time ran out first", all.asked));
    }
    for (number, one) in failed.iter().take(MOST_TOLD) {
        let text = one.failure.as_ref().map(|failure| failure.text.as_str()).unwrap_or_default();
        remark(page, format!("handshake {}: {text}", number + 1));
    }
    let more = failed.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        remark(page, format!("and {more} more that fail"));
    }
}

fn polling(polling: &PollingSeen, page: &mut Page<'_>) {
    for step in &polling.steps {
        let color = if step.is_ok { GREEN } else { RED };
        let status = step.status.map(|status| format!("{status}, ")).unwrap_or_default();
        page.line("polling", color, &format!("{}: {status}{}", step.request, step.text), None, 0);
    }
}

fn compared(comparison: &ProbeComparison, report: &ProbeReport, page: &mut Page<'_>) {
    if comparison.is_refused {
        let text = match comparison.agrees {
            Some(true) if report.seen.answer.is_some() => {
                "nginx refuses to start with it as it is here; the rest is predicted without what is missing"
            }
            _ => "nginx refuses to start with it",
        };
        page.line("predicts", RED, text, None, 0);
    }
    if let Some(problem) = &comparison.problem {
        page.line("predicts", RED, problem, None, 0);
    }
    // Ways that were not taken are of no use where one was.
    let is_met = comparison.predicted.iter().any(|one| one.agrees && one.condition.is_none());
    let is_wide = page.style.verbose || !is_met;
    let shown = |one: &&Prediction| is_wide || (one.agrees && one.condition.is_none());
    let all: Vec<&Prediction> = comparison.predicted.iter().filter(shown).collect();
    let mut told: Vec<(String, Option<String>)> = Vec::new();
    for one in all {
        let key = (one.text.clone(), one.place.map(|place| path_line(page.outcome, place)));
        if told.contains(&key) {
            continue;
        }
        told.push(key);
        prediction(one, page);
    }
    let depends =
        comparison.predicted.first().filter(|one| one.agrees).and_then(|one| one.condition.as_ref());
    match (comparison.agrees, depends) {
        (Some(true), Some(condition)) => {
            let text = format!("what was seen is possible with it: {condition}");
            page.line("agrees", YELLOW, &text, None, 0);
        }
        (Some(true), None) if comparison.differences.is_empty() => {
            let text = match is_limit_untried(comparison, report) {
                true => "this is what was seen, but it was never silent for as long as the limit says",
                false => "this is what was seen",
            };
            page.line("agrees", GREEN, text, None, 0);
        }
        (Some(true), None) => page.line("agrees", GREEN, "the answer is the predicted one", None, 0),
        (None, _) => page.line("agrees", YELLOW, "whether it agrees is unknown", None, 0),
        (Some(false), _) => {}
    }
    for one in &comparison.differences {
        difference(one, page);
    }
    for cause in &comparison.causes {
        let color = if cause.severity == lint_finding::Severity::Error { RED } else { YELLOW };
        page.line(
            cause.severity.name(),
            color,
            &format!("{}: {}", cause.rule, cause.message),
            Some(cause.place),
            0,
        );
    }
    let fails = report.verdict == ProbeVerdict::Fails && report.seen.failure.is_some();
    if fails && comparison.agrees == Some(true) && comparison.causes.is_empty() {
        page.line("cause", YELLOW, "no rule reports this; `trace` shows each step", None, 0);
    }
}

/// Whether frames kept a connection open, so that nothing was learnt of the limit.
fn is_limit_untried(comparison: &ProbeComparison, report: &ProbeReport) -> bool {
    let mut idles = comparison.predicted.iter().filter(|one| one.agrees).filter_map(|one| one.idle.as_ref());
    let hold = report.seen.hold.as_ref().filter(|hold| hold.end == HoldEnd::StillOpen);
    hold.is_some_and(|hold| {
        let has_frames = hold.messages + hold.pings + hold.pings_sent > 0;
        has_frames && idles.any(|idle| idle.milliseconds.is_some_and(|limit| hold.silent_ms < limit))
    })
}

fn prediction(one: &Prediction, page: &mut Page<'_>) {
    let color = if one.agrees { GREEN } else { YELLOW };
    let text = match one.status {
        Some(status) if one.text.starts_with(&status.to_string()) => one.text.clone(),
        Some(status) => format!("{status}: {}", one.text),
        None => one.text.clone(),
    };
    page.line("predicts", color, &text, one.place, 0);
    for assumption in &one.assumptions {
        remark(page, format!("if {assumption}"));
    }
    if let Some(idle) = &one.idle {
        let limit = idle.milliseconds.map_or_else(|| "an unknown time".to_owned(), limit);
        let default = if idle.is_default { ", the default" } else { "" };
        let text = format!("nginx closes after {limit} of silence (`{}`{default})", idle.directive);
        page.line("idle", CYAN, &text, idle.place, 0);
    }
}

fn difference(one: &Difference, page: &mut Page<'_>) {
    let text = format!("{}; predicted: {}; seen: {}", one.what.name(), one.predicted, one.observed);
    page.line("differs", RED, &text, None, 0);
    for (number, reason) in one.reasons.iter().enumerate() {
        page.remark(
            &Remark { text: format!("{}. {}", number + 1, reason_text(reason)), place: reason.place },
            0,
        );
    }
}

/// A reason with the proxies that it may be.
pub(crate) fn reason_text(reason: &LikelyReason) -> String {
    match reason.layers.as_slice() {
        [] => reason.text.clone(),
        layers => format!("{}: this is about the limit of {} (layers table)", reason.text, names(layers)),
    }
}
