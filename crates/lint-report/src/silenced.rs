//! Which settings files count and what they hide, so that nobody who may write one silences the program unseen.

use std::io::{self, Write};

use lint_finding::{Outcome, Summary};

use crate::escape;
use crate::summary::count;

/// Every file by its name; beyond this they are counted.
const MOST_NAMED: usize = 3;

/// The line of a summary; nothing where no settings file counts.
pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    match settings(outcome) {
        Some(line) => writeln!(out, "{line}"),
        None => Ok(()),
    }
}

/// For formats without a summary, also what comments suppress; `None` where nothing is to be said.
pub(crate) fn line(outcome: &Outcome) -> Option<String> {
    let comments = match outcome.summary.suppressed {
        0 => None,
        n => Some(format!("{} suppressed by comments", count(n, "finding"))),
    };
    let parts: Vec<String> = settings(outcome).into_iter().chain(comments).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
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
