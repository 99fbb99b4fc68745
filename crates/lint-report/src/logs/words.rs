//! Numbers, times and sentences about logs, the same on a terminal and on a page.

use lint_finding::{
    Cliff, CliffCause, LayerGuess, LogInput, LogReport, Observation, Outcome, PeerTraffic, Place,
    RefusingLine,
};
use time::OffsetDateTime;

use crate::escape;
use crate::position::path_line;

/// `1,204`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 line`, `1,204 lines`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `86.6%`; `-` of nothing.
pub(super) fn percent(part: u64, all: u64) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    let (part, all) = (u128::from(part), u128::from(all));
    let tenths = (part * 1_000 + all / 2) / all;
    match tenths {
        // Only all of them are 100 %, and only none of them 0 %.
        1_000 if part < all => ">99.9%".to_owned(),
        0 if part > 0 => "<0.1%".to_owned(),
        tenths => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// `0.85 s`, `60.0 s`, `5 min`, `1.5 h`, `2.0 d`.
pub(super) fn duration(milliseconds: u64) -> String {
    let scaled = |unit: u64, name: &str| {
        let tenths = (u128::from(milliseconds) * 10 + u128::from(unit) / 2) / u128::from(unit);
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    };
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..300_000 => scaled(1_000, "s"),
        300_000..7_200_000 => scaled(60_000, "min"),
        7_200_000..172_800_000 => scaled(3_600_000, "h"),
        _ => scaled(86_400_000, "d"),
    }
}

/// A round age: `100 ms`, `30 s`, `1 min`, `2 h`.
pub(super) fn edge(milliseconds: u64) -> String {
    match milliseconds {
        0 => "0".to_owned(),
        1..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{} s", milliseconds / 1_000),
        60_000..3_600_000 => format!("{} min", milliseconds / 60_000),
        3_600_000..86_400_000 => format!("{} h", milliseconds / 3_600_000),
        _ => format!("{} d", milliseconds / 86_400_000),
    }
}

/// `512 B`, `1.4 MB`.
pub(super) fn bytes(number: u64) -> String {
    let units: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(unit, _)| number >= *unit) {
        Some((unit, name)) => {
            let tenths = (u128::from(number) * 10 + u128::from(unit) / 2) / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{number} B"),
    }
}

/// `2024-05-01 10:00:00` by the clock of whoever wrote the log.
pub(super) fn time(report: &LogReport, seconds: i64) -> String {
    let local = seconds.saturating_add(report.utc_offset_s.into());
    OffsetDateTime::from_unix_timestamp(local).map_or_else(
        |_| seconds.to_string(),
        |at| {
            let (year, month, day) = at.to_calendar_date();
            let (hour, minute, second) = at.to_hms();
            format!("{year:04}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02}", u8::from(month))
        },
    )
}

/// `UTC`, `UTC+02:00`.
pub(super) fn zone(report: &LogReport) -> String {
    let minutes = report.utc_offset_s / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    match minutes.abs() {
        0 => "UTC".to_owned(),
        minutes => format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60),
    }
}

fn at(outcome: &Outcome, place: Place) -> String {
    path_line(outcome, place)
}

fn names(guesses: &[&LayerGuess]) -> String {
    let all: Vec<String> = guesses.iter().map(|guess| escape(&guess.name).into_owned()).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// `1,204 of 1,391 connections end at 60.0 ± 0.3 s`, and why.
pub(super) fn cliff(report: &LogReport, cliff: &Cliff, unicode: bool) -> String {
    let sign = if unicode { "\u{b1}" } else { "+-" };
    let seconds = |milliseconds: u64| {
        // Rounded, so that 60.049 s is 60.0 s.
        let tenths = (milliseconds + 50) / 100;
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let within = cliff.within_ms.max(100).div_ceil(100);
    let what = format!(
        "{} of {} end at {} {sign} {}.{} s",
        count(cliff.count),
        counted(cliff.of, "connection", "connections"),
        seconds(cliff.at_ms),
        within / 10,
        within % 10
    );
    let outcome = &report.outcome;
    let age = format!("{} s", seconds(cliff.at_ms));
    // An idle timeout counts from the last traffic.
    let silence = |limit: u64| match cliff.at_ms.saturating_sub(limit) {
        late if late >= 2_000 => {
            format!("; the silence began about {} s after the handshake", (late + 500) / 1_000)
        }
        _ => String::new(),
    };
    let why = match &cliff.cause {
        CliffCause::Limit { directive, milliseconds, place, is_default: true } => format!(
            "the default of `{directive}`, {}, is in effect for {}{}",
            edge_or_duration(*milliseconds),
            at(outcome, *place),
            silence(*milliseconds)
        ),
        CliffCause::Limit { directive, milliseconds, place, is_default: false } => {
            let (limit, place) = (edge_or_duration(*milliseconds), at(outcome, *place));
            format!("`{directive}` is {limit} at {place}{}", silence(*milliseconds))
        }
        CliffCause::Layers(guesses) => {
            format!("nothing in this configuration ends them at {age}{}", layers(guesses))
        }
        CliffCause::NoConfiguration(guesses) if report.has_configuration => {
            format!("no location of the configuration that was given takes these requests{}", layers(guesses))
        }
        CliffCause::NoConfiguration(guesses) => {
            format!("give the configuration to learn whether a line of it does{}", layers(guesses))
        }
    };
    let timed_out = match cliff.timed_out {
        Some(0) => "; the error log says of none of them that nginx timed out".to_owned(),
        Some(number) => format!("; the error log says of {} of them that nginx timed out", count(number)),
        None => String::new(),
    };
    format!("{what}: {why}{timed_out}")
}

/// The limit as people write it: whole units where they are.
fn edge_or_duration(milliseconds: u64) -> String {
    let is_whole = |unit: u64| milliseconds >= unit && milliseconds % unit == 0;
    match milliseconds {
        _ if is_whole(3_600_000) => format!("{} h", milliseconds / 3_600_000),
        _ if milliseconds > 120_000 && is_whole(60_000) => format!("{} min", milliseconds / 60_000),
        _ if is_whole(1_000) => format!("{} s", milliseconds / 1_000),
        _ => duration(milliseconds),
    }
}

fn layers(guesses: &[LayerGuess]) -> String {
    let declared: Vec<&LayerGuess> = guesses.iter().filter(|guess| guess.is_declared).collect();
    if !declared.is_empty() {
        return format!("; the limit of {}, which the settings name, is about that", names(&declared));
    }
    match guesses.iter().collect::<Vec<_>>().as_slice() {
        [] => "; no proxy of the layers table has that limit, so look at the back end, the client and what is between"
            .to_owned(),
        all => format!("; that is about the limit of {} (layers table)", names(all)),
    }
}

/// What became of handshakes that one peer got, by the name that is shown; `all` is how many the endpoint has.
pub(super) fn peer(address: &str, peer: &PeerTraffic, all: u64) -> String {
    let failed = counted(peer.failed_over, "handshake", "handshakes");
    if peer.handshakes == 0 {
        return format!("{address}: {failed} failed there and went to another peer");
    }
    let also = match peer.failed_over {
        0 => String::new(),
        _ => format!("; {failed} more failed there and went to another peer"),
    };
    format!(
        "{address}: {} ({} of all), {} answered with 101{also}",
        counted(peer.handshakes, "handshake", "handshakes"),
        percent(peer.handshakes, all),
        percent(peer.succeeded, peer.handshakes)
    )
}

/// What was observed, in a sentence.
pub(super) fn observation(report: &LogReport, observation: &Observation) -> String {
    let endpoint = |index: &usize| {
        let endpoint = report.endpoints.get(*index);
        endpoint.map(|endpoint| escape(&endpoint.location).into_owned()).unwrap_or_default()
    };
    match observation {
        Observation::ReconnectStorm { at, disconnects, handshakes, usual } => format!(
            "reconnect storm at {}: {} connections ended and {} handshakes followed, where {} is usual",
            time(report, *at),
            count(*disconnects),
            count(*handshakes),
            count(*usual)
        ),
        Observation::RefusedAfterReload { at, refused, of } => format!(
            "reload at {}: {} of {} handshakes in the minute after it were refused",
            time(report, *at),
            count(*refused),
            count(*of)
        ),
        Observation::RefusingPeer { endpoint: index, address, refused, of, others_refused, others_of } => {
            format!(
                "peer {} refuses {} of {} handshakes of {}; the others refuse {}",
                escape(address),
                count(*refused),
                count(*of),
                endpoint(index),
                percent(*others_refused, *others_of)
            )
        }
        Observation::OldHttpVersion { endpoint: index, refused, place } => format!(
            "back ends of {} refused {} handshakes, which nginx sends as HTTP/1.0 ({})",
            endpoint(index),
            count(*refused),
            at(&report.outcome, *place)
        ),
        Observation::CertificateRefused { listen, reload, span: (first, last), mended, alerts, places } => {
            let of = alerts.iter().map(|(_, count)| count).sum();
            let alerts: Vec<String> =
                alerts.iter().map(|(name, number)| format!("`{name}` {}", count(*number))).collect();
            let since = match reload {
                Some(reload) => format!("the reload at {}", time(report, *reload)),
                None => time(report, *first),
            };
            let until = match mended {
                Some(mended) => format!("until the reload at {}", time(report, *mended)),
                None => format!("the last at {}", time(report, *last)),
            };
            let places: Vec<String> = places.iter().map(|place| at(&report.outcome, *place)).collect();
            let lines = match places.as_slice() {
                [] => String::new(),
                places => format!("; `ssl_certificate`: {}", places.join(", ")),
            };
            format!(
                "clients refuse the certificate at {} since {since}, {until}: {} ended with {}{lines}",
                escape(listen),
                counted(of, "TLS handshake", "TLS handshakes"),
                alerts.join(", ")
            )
        }
        Observation::ReloadFailed { at: when, text, place } => {
            let line = place.map(|place| format!(" ({})", at(&report.outcome, place))).unwrap_or_default();
            format!(
                "the reload at {} failed, and nginx goes on with the configuration and certificates before it: {}{line}",
                time(report, *when),
                escape(text)
            )
        }
    }
}

/// A line by which nginx itself refuses.
pub(super) fn refusing(report: &LogReport, line: &RefusingLine) -> String {
    format!(
        "{} may come from nginx itself: {} ({})",
        line.status,
        escape(&line.text),
        at(&report.outcome, line.place)
    )
}

/// What a chart of disconnects shows: where steps are wider than a minute, averages.
pub(super) fn a_minute(step_s: u64) -> String {
    match step_s {
        0..=60 => "disconnects a minute".to_owned(),
        step_s => format!("disconnects a minute, each step the average of {} min", step_s / 60),
    }
}

/// What a log was read as.
pub(super) fn input(report: &LogReport, input: &LogInput) -> String {
    let mut text = format!("{}, {}", counted(input.lines, "line", "lines"), bytes(input.bytes));
    match input.kind {
        lint_finding::LogKind::Access => {
            text.push_str(&format!(", requests, format: {}", escape(&input.format)));
            if let Some(place) = input.place {
                text.push_str(&format!(" ({})", at(&report.outcome, place)));
            }
        }
        lint_finding::LogKind::Error => text.push_str(", messages"),
        lint_finding::LogKind::Unknown => {}
    }
    text
}

/// What is wrong with the lines of a log.
pub(super) fn flaws(input: &LogInput) -> Vec<String> {
    let mut flaws = Vec::new();
    if let Some(problem) = &input.problem {
        let before = match input.lines {
            0 if input.bytes == 0 => "not read: ",
            // It was read, and says nothing.
            lines if lines > 0 && input.unreadable == lines => "",
            _ => "not read to its end: ",
        };
        flaws.push(format!("{before}{}", escape(problem)));
    }
    if let Some(other) = &input.repeats {
        let other = escape(other);
        flaws.push(format!(
            "{other} has the same handshakes: they are counted twice, so give one of the two logs only"
        ));
    }
    let mut add = |number: u64, one: &str, many: &str| {
        if number > 0 {
            flaws.push(counted(number, one, many));
        }
    };
    add(input.unreadable, "line does not fit", "lines do not fit");
    add(input.cut, "line is too long and was cut", "lines are too long and were cut");
    add(input.control, "line has control characters", "lines have control characters");
    add(input.clock_back, "time goes back", "times go back");
    if input.is_half {
        flaws.push("the last line has no end".to_owned());
    }
    if input.sent == Some("$body_bytes_sent") {
        flaws.push(
            "`sent` is `$body_bytes_sent`, without the header of the answer: no `$bytes_sent`".to_owned(),
        );
    }
    for name in &input.lacks {
        if let Some(text) = lack(name) {
            flaws.push(format!("no `{name}`: {text}"));
        }
    }
    flaws
}

fn lack(name: &str) -> Option<&'static str> {
    Some(match name {
        "$time_local" => "nothing can be told over time",
        "$request_time" => "it does not tell how long WebSockets lived (rule log-format-blind)",
        "$http_upgrade" => "refused handshakes are told from other requests by path and query alone",
        "$host" => "the server is told by the name of the log, if at all",
        "$upstream_addr" => "it does not tell which peer answered (rule log-format-blind)",
        "$upstream_status" => "it does not tell whether nginx or the back end refused",
        "$bytes_sent" => "it does not tell how much was sent",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        assert_eq!([count(7), count(1_204), count(1_234_567)], ["7", "1,204", "1,234,567"]);
        assert_eq!([percent(2_999, 3_000), percent(3, 3), percent(0, 0)], [">99.9%", "100.0%", "-"]);
        assert_eq!([percent(1, 3_000), percent(0, 3), percent(2, 3)], ["<0.1%", "0.0%", "66.7%"]);
        assert_eq!(
            [percent(9_994, 10_000), percent(9_996, 10_000), percent(4, 10_000)],
            ["99.9%", ">99.9%", "<0.1%"]
        );
        assert_eq!([duration(999), duration(60_020), duration(5_400_000)], ["999 ms", "60.0 s", "90.0 min"]);
        assert_eq!([bytes(512), bytes(1_449_999)], ["512 B", "1.4 MB"]);
        assert_eq!(
            [edge_or_duration(60_000), edge_or_duration(3_600_000), edge_or_duration(1_500)],
            ["60 s", "1 h", "1.5 s"]
        );
    }

    #[test]
    fn times_are_those_of_the_writer() {
        let report = LogReport { utc_offset_s: 7_200, ..LogReport::default() };
        assert_eq!(time(&report, 1_714_550_400), "2024-05-01 10:00:00");
        assert_eq!(zone(&report), "UTC+02:00");
        assert_eq!(zone(&LogReport::default()), "UTC");
    }
}
