//! Which files are judged, which are not, and why.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lint_finding::{FileReport, FileStatus, Outcome};

use crate::escape;
use crate::summary::count;

/// How many files may be nginx and were not judged, by reason; `None` if there is none.
pub(crate) fn skipped(outcome: &Outcome) -> Option<String> {
    let reasons = || {
        let skipped = outcome.reports.iter().filter(|report| report.status == FileStatus::NotJudged);
        skipped.filter_map(|report| report.reason.as_ref())
    };
    let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for reason in reasons() {
        *counted.entry(reason.noun).or_default() += 1;
    }
    let all = outcome.summary.not_judged;
    let mut counted: Vec<_> = counted.into_iter().collect();
    // The most frequent first.
    counted.sort_by_key(|((one, _), number)| (std::cmp::Reverse(*number), *one));
    let by_reason: Vec<String> = counted
        .into_iter()
        .map(|((one, several), number)| format!("{number} {}", if number == 1 { one } else { several }))
        .collect();
    let in_part = outcome.reports.iter().filter(|report| report.is_in_part).count();
    let verb = match (all, reasons().all(|reason| reason.holds_nginx)) {
        (0, _) => return None,
        (1, _) if in_part == all => "has other lines of nginx, which were",
        (_, _) if in_part == all => "have other lines of nginx, which were",
        (1, true) => "looks like nginx and was",
        (_, true) => "look like nginx and were",
        (1, false) => "may be nginx and was",
        (_, false) => "may be nginx and were",
    };
    let files = count(all, "file");
    let them = if all == 1 { "it" } else { "them" };
    let parts = match in_part {
        parts if parts == 0 || parts == all => String::new(),
        parts => format!(" ({parts} of them in part)"),
    };
    Some(format!("{files} {verb} not judged{parts}: {}; --show-files lists {them}", by_reason.join(", ")))
}

/// The same with the folders that were not looked into, where no summary says either; `None` if there is nothing to say.
pub(crate) fn unsaid(outcome: &Outcome) -> Option<String> {
    let folders = outcome.summary.passed_over;
    let folders = (folders > 0).then(|| format!("{} passed over", count(folders, "folder")));
    match (skipped(outcome), folders) {
        (Some(files), Some(folders)) => Some(format!("{files}; {folders}")),
        (None, Some(folders)) => Some(format!("{folders}; --show-files lists what was not looked into")),
        (files, None) => files,
    }
}

/// Each file with what became of it, those that are not judged first.
pub(crate) fn list(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let mut reports: Vec<&FileReport> = outcome.reports.iter().collect();
    reports.sort_by_key(|report| report.status);
    for report in reports {
        write!(out, "{:<10}  {}", report.status.name(), escape(&report.path))?;
        match &report.reason {
            Some(reason) => writeln!(out, ": {}", escape(&reason.text))?,
            None => writeln!(out, "{}", context(report))?,
        }
    }
    for folder in &outcome.passed_over {
        writeln!(out, "passed-over  {}", escape(folder))?;
    }
    for file in &outcome.excluded {
        writeln!(out, "excluded    {}", escape(file))?;
    }
    Ok(())
}

/// In whose context it is judged.
fn context(report: &FileReport) -> String {
    let list = |paths: &[String]| paths.iter().map(|path| escape(path)).collect::<Vec<_>>().join(", ");
    let as_block = report.block.map(|block| format!(", as lines of `{block}`")).unwrap_or_default();
    match &report.adopted_by {
        // The settings of a controller, for an object that it reads.
        Some(root) if report.block.is_none() => format!(": below the settings of {}", escape(root)),
        Some(root) => format!(": with {}, which does not include it{as_block}", escape(root)),
        None if !report.part_of.is_empty() => format!(": of {}", list(&report.part_of)),
        None if report.block.is_some() => format!(": by itself{as_block}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{FileReport, FileStatus, NotJudged, Outcome};

    use super::*;

    fn report(path: &str) -> FileReport {
        FileReport {
            path: path.to_owned(),
            status: FileStatus::NotJudged,
            reason: None,
            is_in_part: false,
            part_of: Vec::new(),
            adopted_by: None,
            block: None,
        }
    }

    #[test]
    fn in_whose_context_a_file_is_judged_is_said() {
        let of = FileReport { part_of: vec!["a".into(), "b".into()], ..report("c") };
        let adopted = FileReport { adopted_by: Some("a".into()), block: Some("http"), ..report("c") };
        let alone = FileReport { block: Some("server"), ..report("c") };
        for (report, said) in [
            (of, ": of a, b"),
            (adopted, ": with a, which does not include it, as lines of `http`"),
            (alone, ": by itself, as lines of `server`"),
            (report("c"), ""),
        ] {
            assert_eq!(context(&report), said);
        }
    }

    fn outcome(reasons: &[(&'static str, &'static str, bool)]) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.summary.not_judged = reasons.len();
        outcome.reports = reasons
            .iter()
            .map(|&(one, several, holds_nginx)| FileReport {
                reason: Some(NotJudged {
                    code: "code",
                    noun: (one, several),
                    text: "it is\nso".to_owned(),
                    holds_nginx,
                }),
                ..report("a\x1b[31m")
            })
            .collect();
        outcome
    }

    #[test]
    fn counted_by_reason() {
        let template = ("template", "templates", true);
        let unreadable = ("unreadable", "unreadable", false);
        let said = |reasons: &[_]| skipped(&outcome(reasons));
        assert_eq!(said(&[]), None);
        assert_eq!(
            said(&[template]).as_deref(),
            Some("1 file looks like nginx and was not judged: 1 template; --show-files lists it")
        );
        assert_eq!(
            said(&[unreadable, template, template]).as_deref(),
            Some(
                "3 files may be nginx and were not judged: 2 templates, 1 unreadable; --show-files lists them"
            )
        );
    }

    #[test]
    fn files_that_are_judged_in_part_are_told_apart() {
        let page = ("page", "pages", true);
        let mut outcome = outcome(&[page]);
        outcome.reports[0].is_in_part = true;
        assert_eq!(
            skipped(&outcome).as_deref(),
            Some("1 file has other lines of nginx, which were not judged: 1 page; --show-files lists it")
        );
        let more = self::outcome(&[page, page]);
        outcome.reports.extend(more.reports);
        outcome.summary.not_judged = 3;
        assert_eq!(
            skipped(&outcome).as_deref(),
            Some(
                "3 files look like nginx and were not judged (1 of them in part): 3 pages; --show-files lists them"
            )
        );
    }

    #[test]
    fn folders_are_counted_with_or_without_files() {
        let said = |reasons: &[_], passed_over| {
            let mut outcome = outcome(reasons);
            outcome.summary.passed_over = passed_over;
            unsaid(&outcome)
        };
        assert_eq!(said(&[], 0), None);
        assert_eq!(
            said(&[], 1).as_deref(),
            Some("1 folder passed over; --show-files lists what was not looked into")
        );
        assert_eq!(
            said(&[("template", "templates", true)], 2).as_deref(),
            Some(
                "1 file looks like nginx and was not judged: 1 template; --show-files lists it; 2 folders passed over"
            )
        );
    }

    #[test]
    fn a_line_each_without_control_characters() {
        let mut out = Vec::new();
        let mut outcome = outcome(&[("template", "templates", true)]);
        outcome
            .reports
            .insert(0, FileReport { path: "b".to_owned(), status: FileStatus::Judged, ..report("b") });
        outcome.passed_over.push(".git".to_owned());
        list(&outcome, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.starts_with("not-judged  a"), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
        assert!(text.ends_with("judged      b\npassed-over  .git\n"), "{text}");
    }
}
