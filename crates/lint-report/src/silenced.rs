//! Which settings files count and what they, comments and unknown lines hide, so that nobody who may write one silences the program
//! unseen.

use std::io::{self, Write};

use lint_finding::{Baseline, BaselineRow, Outcome, Summary};

use crate::escape;
use crate::summary::count;

/// Every file by its name; beyond this they are counted.
const MOST_NAMED: usize = 3;

/// The lines below a summary that says how many findings are suppressed; nothing where no settings file and no comment
/// counts.
pub(crate) fn write_below_summary(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    settings(outcome)
        .into_iter()
        .chain(absent(outcome))
        .chain(denied(outcome))
        .chain(unknown(outcome))
        .try_for_each(|line| writeln!(out, "{line}"))
}

/// The lines where there is no such summary.
pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    parts(outcome).try_for_each(|line| writeln!(out, "{line}"))
}

/// All in one line; `None` where nothing is to be said.
pub(crate) fn line(outcome: &Outcome) -> Option<String> {
    let parts: Vec<String> = parts(outcome).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn parts(outcome: &Outcome) -> impl Iterator<Item = String> {
    let suppressed = match outcome.summary.suppressed {
        0 => None,
        n => Some(format!("{} suppressed by comments", count(n, "finding"))),
    };
    let Summary { known, not_changed, .. } = outcome.summary;
    let known = (known > 0).then(|| format!("{} in the baseline", count(known, "finding")));
    let not_changed =
        (not_changed > 0).then(|| format!("{} about unchanged lines", count(not_changed, "finding")));
    settings(outcome)
        .into_iter()
        .chain(suppressed)
        .chain(known)
        .chain(absent(outcome))
        .chain(not_changed)
        .chain(denied(outcome))
        .chain(unknown(outcome))
}

/// What a baseline has in vain.
fn absent(outcome: &Outcome) -> Option<String> {
    let Baseline { absent, is_sarif, .. } = outcome.baseline.as_ref()?;
    let number = usize::try_from(BaselineRow::count_all(absent)).unwrap_or(usize::MAX);
    let verb = if number == 1 { "is" } else { "are" };
    (number > 0).then(|| {
        let findings = count(number, "finding");
        let remedy = match is_sarif {
            true => "the SARIF file of this run, `--report sarif=FILE`, is the next baseline",
            false => "`nginx-ws-lint baseline prune` removes them",
        };
        format!("{findings} of the baseline {verb} gone; {remedy}")
    })
}

fn denied(outcome: &Outcome) -> Option<String> {
    let Summary { denied_by_comments: findings, endpoints_denied_by_comments: endpoints, .. } =
        outcome.summary;
    let parts: Vec<String> = [(findings, "finding"), (endpoints, "endpoint")]
        .into_iter()
        .filter(|&(n, _)| n > 0)
        .map(|(n, noun)| count(n, noun))
        .collect();
    (!parts.is_empty()).then(|| format!("{} denied by comments", parts.join(" and ")))
}

/// What an include of nothing that was given, or a placeholder, may set is not known, so less is said around it.
fn unknown(outcome: &Outcome) -> Option<String> {
    match outcome.summary.unknown_lines {
        0 => None,
        1 => Some("1 include or placeholder was not read".to_owned()),
        n => Some(format!("{n} includes and placeholders were not read")),
    }
}

fn settings(outcome: &Outcome) -> Option<String> {
    let files = &outcome.settings;
    let mut names: Vec<String> =
        files.iter().take(MOST_NAMED).map(|settings| escape(&settings.file).into_owned()).collect();
    match files.len().saturating_sub(MOST_NAMED) {
        0 => {}
        more => names.push(format!("{more} more")),
    }
    let Summary { hidden_by_settings: hidden, lowered_by_settings: lowered, .. } = outcome.summary;
    let hidden = if hidden == 0 { "no finding".to_owned() } else { count(hidden, "finding") };
    let lowered = if lowered == 0 { String::new() } else { format!(", {lowered} made milder") };
    (!names.is_empty()).then(|| format!("settings: {} ({hidden} hidden{lowered})", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use lint_finding::SettingsInEffect;

    use super::*;

    #[test]
    fn what_comments_deny_is_counted() {
        for (suppressed, findings, endpoints, expected) in [
            (0, 0, 0, None),
            (0, 1, 0, Some("1 finding denied by comments")),
            (0, 0, 2, Some("2 endpoints denied by comments")),
            (1, 2, 1, Some("1 finding suppressed by comments; 2 findings and 1 endpoint denied by comments")),
        ] {
            let summary = Summary {
                suppressed,
                denied_by_comments: findings,
                endpoints_denied_by_comments: endpoints,
                ..Summary::default()
            };
            let outcome = Outcome { summary, ..Outcome::default() };
            assert_eq!(line(&outcome).as_deref(), expected);
            let mut below = Vec::new();
            write_below_summary(&outcome, &mut below).unwrap();
            let is_said = String::from_utf8(below).unwrap().ends_with("denied by comments\n");
            assert_eq!(is_said, findings + endpoints > 0);
        }
    }

    #[test]
    fn what_is_unknown_is_counted() {
        for (unknown_lines, expected) in [
            (0, None),
            (1, Some("1 include or placeholder was not read")),
            (2, Some("2 includes and placeholders were not read")),
        ] {
            let summary = Summary { unknown_lines, ..Summary::default() };
            let outcome = Outcome { summary, ..Outcome::default() };
            assert_eq!(line(&outcome).as_deref(), expected);
            let mut below = Vec::new();
            write_below_summary(&outcome, &mut below).unwrap();
            assert_eq!(String::from_utf8(below).unwrap().lines().next(), expected);
        }
    }

    fn outcome(files: &[&str], hidden: usize, lowered: usize, suppressed: usize) -> Outcome {
        let file = |file: &&str| SettingsInEffect {
            file: (*file).to_owned(),
            rules_off: Vec::new(),
            paths_denied: Vec::new(),
        };
        let summary = Summary {
            suppressed,
            hidden_by_settings: hidden,
            lowered_by_settings: lowered,
            ..Summary::default()
        };
        Outcome { settings: files.iter().map(file).collect(), summary, ..Outcome::default() }
    }

    #[test]
    fn files_are_named_and_what_they_hide_is_counted() {
        for (outcome, expected) in [
            (outcome(&[], 0, 0, 0), None),
            (outcome(&["a.toml"], 0, 0, 0), Some("settings: a.toml (no finding hidden)")),
            (outcome(&["a.toml"], 1, 2, 0), Some("settings: a.toml (1 finding hidden, 2 made milder)")),
            (outcome(&[], 0, 0, 2), Some("2 findings suppressed by comments")),
            (
                outcome(&["a", "b", "c", "d", "\x1b[2J"], 3, 0, 1),
                Some("settings: a, b, c, 2 more (3 findings hidden); 1 finding suppressed by comments"),
            ),
        ] {
            assert_eq!(line(&outcome).as_deref(), expected);
        }
        assert_eq!(line(&outcome(&["\x1b[2J"], 0, 0, 0)).map(|line| line.contains('\x1b')), Some(false));
    }
}
