//! Exit codes: 0 clean, 1 findings, 2 could not do all that was asked.

use std::process::ExitCode;

use lint_finding::{LogEndpoint, LogReport, Outcome, ProbeReport, ProbeVerdict, Prospect, Trace};

use crate::cli::FailOn;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing at or above the threshold.
    Clean,
    /// Something at or above the threshold.
    Findings,
    /// Something that was asked for was not done; wins over findings, for they are not all.
    Failed,
}

impl Exit {
    /// What an outcome amounts to where files that are not judged count as what was asked for.
    pub(crate) fn with_skipped(outcome: &Outcome, fail_on: FailOn) -> Self {
        if outcome.summary.not_judged > 0 { Self::Failed } else { Self::of(outcome, fail_on) }
    }

    /// What an outcome amounts to.
    pub(crate) fn of(outcome: &Outcome, fail_on: FailOn) -> Self {
        let is_reached = fail_on.threshold().is_some_and(|threshold| outcome.worst() >= Some(threshold));
        match (outcome.is_incomplete(), is_reached) {
            (true, _) => Self::Failed,
            (false, true) => Self::Findings,
            (false, false) => Self::Clean,
        }
    }

    /// The code itself.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Failed => 2,
        }
    }

    /// What logs amount to; `lacks` says that something besides could not be read.
    pub(crate) fn of_logs(report: &LogReport, lacks: bool) -> Self {
        let is_unread = report.inputs.iter().any(|input| input.problem.is_some());
        if lacks
            || is_unread
            || !report.inputs.iter().any(|input| input.lines > 0)
            || report.outcome.is_incomplete()
        {
            return Self::Failed;
        }
        let refuses_most = |endpoint: &LogEndpoint| {
            endpoint.traffic.handshakes >= 5 && endpoint.traffic.succeeded * 2 < endpoint.traffic.handshakes
        };
        let is_wrong = |endpoint: &LogEndpoint| !endpoint.cliffs.is_empty() || refuses_most(endpoint);
        if report.endpoints.iter().any(is_wrong) || !report.observations.is_empty() {
            Self::Findings
        } else {
            Self::Clean
        }
    }

    /// What a probe amounts to.
    pub(crate) fn of_probe(report: &ProbeReport) -> Self {
        match report.verdict {
            _ if report.outcome.is_incomplete() => Self::Failed,
            ProbeVerdict::Works => Self::Clean,
            ProbeVerdict::Fails => Self::Findings,
            ProbeVerdict::Unknown => Self::Failed,
        }
    }

    /// What a trace amounts to.
    pub(crate) fn of_trace(trace: &Trace) -> Self {
        if trace.outcome.is_incomplete() || (trace.problem.is_some() && !trace.is_refused) {
            return Self::Failed;
        }
        match trace.handshake {
            _ if trace.is_refused => Self::Findings,
            Prospect::Succeeds | Prospect::NotAsked => Self::Clean,
            Prospect::Fails => Self::Findings,
            Prospect::Unknown => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use lint_finding::{
        Confidence, FileId, Finding, FixKind, Group, Label, LabelRole, Notice, NoticeCode, Place, RuleMeta,
        Severity, Text, fingerprint, fingerprint_v2,
    };

    use super::*;

    static RULE: RuleMeta = RuleMeta {
        name: "a-rule",
        group: Group::Handshake,
        severity: Severity::Error,
        summary: "",
        since: "0.1.0",
        fix: FixKind::None,
        tells: lint_finding::Tells::Nothing,
        docs: "",
    };

    fn outcome(severities: &[Severity], incomplete: bool) -> Outcome {
        let place = Place { file: FileId(0), span: Default::default() };
        let finding = |&severity: &Severity| Finding {
            rule: &RULE,
            severity,
            confidence: Confidence::High,
            message: Text::default(),
            help: None,
            primary: Label { place, message: Text::default(), role: LabelRole::Context },
            labels: Vec::new(),
            fix: None,
            unsafe_fix: None,
            endpoint: None,
            fingerprint: fingerprint([]),
            fingerprint_v2: fingerprint_v2([]),
            verify: None,
        };
        let notice = Notice {
            code: NoticeCode::UnreadableFile,
            message: String::new(),
            place: None,
            path: None,
            incomplete,
        };
        Outcome {
            findings: severities.iter().map(finding).collect(),
            notices: vec![notice],
            ..Outcome::default()
        }
    }

    #[test]
    fn the_threshold_decides() {
        use Severity::{Error, Info, Pedantic, Warning};
        let found = outcome(&[Info, Warning], false);
        assert_eq!(Exit::of(&found, FailOn::Error), Exit::Clean);
        assert_eq!(Exit::of(&found, FailOn::Warning), Exit::Findings);
        assert_eq!(Exit::of(&found, FailOn::Info), Exit::Findings);
        assert_eq!(Exit::of(&outcome(&[Error], false), FailOn::Never), Exit::Clean);
        assert_eq!(Exit::of(&outcome(&[Pedantic], false), FailOn::Info), Exit::Clean);
        assert_eq!(Exit::of(&outcome(&[], false), FailOn::Info), Exit::Clean);
    }

    #[test]
    fn what_was_walked_and_not_judged_counts_on_request() {
        let mut found = outcome(&[Severity::Error], false);
        assert_eq!(Exit::with_skipped(&found, FailOn::Error), Exit::Findings);
        found.summary.not_judged = 1;
        assert_eq!(Exit::of(&found, FailOn::Error), Exit::Findings);
        assert_eq!(Exit::with_skipped(&found, FailOn::Error), Exit::Failed);
    }

    #[test]
    fn incomplete_wins_whatever_the_threshold() {
        for fail_on in [FailOn::Error, FailOn::Never] {
            assert_eq!(Exit::of(&outcome(&[Severity::Error], true), fail_on), Exit::Failed);
        }
    }
}
