//! GitLab's code quality report.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>: a list of objects with `description`,
//! `check_name`, `fingerprint`, `severity` and `location`, the path relative to the repository. GitLab shows the
//! description alone, so it names the rule. The fingerprints tell old findings from new ones, so each is there once.

use std::io::{self, Write};

use lint_finding::{Finding, Outcome, Severity};
use serde::Serialize;

use crate::json::{Rows, pretty};
use crate::position::line_of;

#[derive(Debug, Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Debug, Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Debug, Serialize)]
struct Lines {
    begin: u32,
}

pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    pretty(&Rows::new(outcome, &outcome.findings, issue), out)
}

fn issue<'a>(outcome: &'a Outcome, finding: &'a Finding) -> Issue<'a> {
    let (path, begin) = line_of(outcome, finding.primary.place);
    Issue {
        description: format!("{}: {}", finding.rule.name, finding.message),
        check_name: finding.rule.name,
        fingerprint: finding.fingerprint_v2.to_string(),
        severity: match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Info => "minor",
            Severity::Pedantic => "info",
        },
        location: Location { path, lines: Lines { begin } },
    }
}
