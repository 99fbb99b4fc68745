//! JUnit's XML: a suite for each judged file, a case for each finding in it.
//!
//! A file without findings has one case that passes, so that a green run is no empty one. Infos pass and are told.

use std::collections::BTreeMap;
use std::io::{self, Write};

use lint_finding::{FileStatus, Finding, Outcome, Severity};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::position::Position;
use crate::remedy;
use crate::xml::{xml_attribute, xml_text};

pub(crate) fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let mut by_file: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let judged = outcome.reports.iter();
    for report in judged.filter(|report| matches!(report.status, FileStatus::Judged | FileStatus::Included)) {
        by_file.entry(&report.path).or_default();
    }
    for finding in &outcome.findings {
        by_file.entry(outcome.path(finding.primary.place.file)).or_default().push(finding);
    }
    let mut report = Report::new("nginx-ws-lint");
    for (path, findings) in by_file {
        let name = xml_attribute(path);
        let mut suite = TestSuite::new(name.as_str());
        if findings.is_empty() {
            let mut case = TestCase::new("nginx-ws-lint", TestCaseStatus::success());
            case.set_classname(name.as_str());
            suite.add_test_case(case);
        }
        suite.add_test_cases(findings.into_iter().map(|finding| case(outcome, finding, &name)));
        report.add_test_suite(suite);
    }
    let incomplete: Vec<_> = outcome.notices.iter().filter(|notice| notice.incomplete).collect();
    if !incomplete.is_empty() {
        let mut suite = TestSuite::new("not judged");
        for notice in incomplete {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(xml_attribute(&notice.message)).set_type(notice.code.name());
            let place = notice.place.map(|place| outcome.path(place.file)).or(notice.path.as_deref());
            suite.add_test_case(TestCase::new(xml_attribute(place.unwrap_or(notice.code.name())), status));
        }
        report.add_test_suite(suite);
    }
    report.serialize(&mut *out).map_err(io::Error::other)
}

fn case(outcome: &Outcome, finding: &Finding, file: &str) -> TestCase {
    let Position { start, .. } = Position::of(outcome, finding.primary.place);
    let name = format!("{} at {}:{}", finding.rule.name, start.line, start.column);
    let (message, said) = (xml_attribute(&finding.message), xml_text(&finding.message));
    let text = match remedy::text(outcome, finding) {
        Some(help) => format!("{file}:{}:{}: {said}\n{}", start.line, start.column, xml_text(&help)),
        None => format!("{file}:{}:{}: {said}", start.line, start.column),
    };
    let mut case = if finding.severity >= Severity::Warning {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(message).set_type(finding.severity.name()).set_description(text);
        TestCase::new(name, status)
    } else {
        let mut case = TestCase::new(name, TestCaseStatus::success());
        case.set_system_out(text);
        case
    };
    case.set_classname(file);
    case
}
