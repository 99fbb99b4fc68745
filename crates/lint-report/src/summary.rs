//! The last lines of the human format: how much was read and what was found.

use std::io::{self, Write};

use lint_finding::{Outcome, Summary};

use crate::files;

/// `was_fixed`: whether what can be fixed was, so that what is left cannot.
pub(crate) fn write(outcome: &Outcome, was_fixed: bool, out: &mut dyn Write) -> io::Result<()> {
    let summary = &outcome.summary;
    let endpoints = match summary.endpoints {
        0 => "no WebSocket endpoint".to_owned(),
        n => count(n, "WebSocket endpoint"),
    };
    writeln!(out, "{} judged, {endpoints}{}", count(summary.files, "file"), others(summary))?;
    if let Some(skipped) = files::skipped(outcome) {
        writeln!(out, "{skipped}")?;
    }

    let found = found(summary);

    let safely = if was_fixed { 0 } else { summary.fixable_safely };
    let unsafely = if was_fixed { 0 } else { summary.fixable.saturating_sub(safely) };
    let more = [
        (safely, "fixable with --fix"),
        (unsafely, if safely > 0 { "more with --unsafe-fixes" } else { "fixable with --fix --unsafe-fixes" }),
        (summary.suppressed, "suppressed"),
        (summary.known, "in the baseline"),
        (summary.not_changed, "about unchanged lines"),
    ]
    .into_iter()
    .filter(|&(n, _)| n > 0)
    .map(|(n, word)| format!("{n} {word}"))
    .collect::<Vec<_>>()
    .join(", ");
    if more.is_empty() { writeln!(out, "{found}") } else { writeln!(out, "{found} ({more})") }
}

/// `1 error, 2 warnings`, or that there is nothing.
pub(crate) fn found(summary: &Summary) -> String {
    let found = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "info")]
        .into_iter()
        .filter(|&(n, _)| n > 0)
        .map(|(n, word)| if word == "info" { format!("{n} info") } else { count(n, word) })
        .collect::<Vec<_>>()
        .join(", ");
    if found.is_empty() { "no findings".to_owned() } else { found }
}

/// What else was met, in brackets.
fn others(summary: &Summary) -> String {
    let others = match summary.not_nginx {
        0 => None,
        1 => Some("1 file holds no nginx configuration".to_owned()),
        n => Some(format!("{n} files hold no nginx configuration")),
    };
    let folders =
        (summary.passed_over > 0).then(|| format!("{} passed over", count(summary.passed_over, "folder")));
    let excluded = (summary.excluded > 0).then(|| format!("{} excluded", count(summary.excluded, "file")));
    let all: Vec<String> = others.into_iter().chain(folders).chain(excluded).collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// `1 file`, `2 files`, `2 fixes`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    let plural = if noun.ends_with('x') { "es" } else { "s" };
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}{plural}") }
}

#[cfg(test)]
mod tests {
    use lint_finding::{Outcome, Summary};

    use super::write;

    fn of(summary: &Summary) -> Outcome {
        Outcome { summary: *summary, ..Outcome::default() }
    }

    fn text(summary: &Summary) -> String {
        let mut out = Vec::new();
        write(&of(summary), false, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_left_after_fixing_is_not_called_fixable() {
        let summary = Summary { files: 1, errors: 1, fixable: 2, fixable_safely: 1, ..Summary::default() };
        let mut out = Vec::new();
        write(&of(&summary), true, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "1 file judged, no WebSocket endpoint\n1 error\n");
    }

    #[test]
    fn one_is_singular() {
        let summary =
            Summary { files: 1, endpoints: 1, errors: 1, warnings: 2, infos: 1, ..Summary::default() };
        assert_eq!(text(&summary), "1 file judged, 1 WebSocket endpoint\n1 error, 2 warnings, 1 info\n");
    }

    #[test]
    fn what_else_was_met_is_counted() {
        let summary = Summary { files: 2, not_nginx: 340, passed_over: 1, ..Summary::default() };
        assert_eq!(
            text(&summary),
            "2 files judged, no WebSocket endpoint (340 files hold no nginx configuration, 1 folder passed over)\nno findings\n"
        );
    }

    #[test]
    fn clean_is_said() {
        let summary = Summary { files: 12, endpoints: 4, suppressed: 3, ..Summary::default() };
        assert_eq!(text(&summary), "12 files judged, 4 WebSocket endpoints\nno findings (3 suppressed)\n");
    }

    #[test]
    fn what_can_be_fixed_is_counted() {
        for (fixable, fixable_safely, said) in [
            (1, 1, "1 fixable with --fix"),
            (3, 1, "1 fixable with --fix, 2 more with --unsafe-fixes"),
            (2, 0, "2 fixable with --fix --unsafe-fixes"),
        ] {
            let summary = Summary {
                files: 2,
                warnings: 1,
                fixable,
                fixable_safely,
                suppressed: 2,
                ..Summary::default()
            };
            assert_eq!(
                text(&summary),
                format!("2 files judged, no WebSocket endpoint\n1 warning ({said}, 2 suppressed)\n")
            );
        }
    }
}
