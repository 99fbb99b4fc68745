//! Lint says what trace knows: a handshake that cannot succeed is a warning at least, and where one succeeds on each way
//! with every back end, no rule of the handshake is sure of the contrary.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::path::PathBuf;

use lint_engine::{Query, Settings, Url, trace};
use lint_finding::{Finding, Group, Place, Prospect, Severity, Stage, Trace, TraceStep, TraceWay};
use nginx_proof::generate::{Case, Drawn, Request};
use nginx_proof::model::{Regression, SEED};
use nginx_proof::{number, say};
use nginx_semantics::{MemoryFiles, NginxVersion, Scope, VersionRange};

/// Where the files lie.
const FOLDER: &str = "/case";

/// As many cases, unless `NGINX_PROOF_CASES` says otherwise.
const CASES: u64 = 500;

/// As many faults are shown.
const MOST_SHOWN: usize = 10;

/// What happens to the handshake of a request, with what lint says of its URL; `None` where that cannot be a URL.
fn traced(case: &Case, request: &Request) -> Option<Trace> {
    let host = &request.headers.iter().find(|(name, _)| name == "Host")?.1;
    let url = Url::parse(&format!("ws://{host}{}", request.target)).ok()?;
    let folder = PathBuf::from(FOLDER);
    let mut memory = MemoryFiles::new();
    for (path, text) in &case.files {
        memory.insert(folder.join(path), text.as_str());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let version = NginxVersion::new(1, 30, 0);
    let settings =
        Settings { versions: Some(VersionRange { min: version, max: version }), ..Settings::default() };
    let query = Query::handshake(url);
    let main = case.files.first().map(|(path, _)| folder.join(path)).unwrap();
    Some(trace(&memory, &[main], &scope, &settings, &query))
}

fn ways(trace: &Trace) -> impl Iterator<Item = &TraceWay> {
    trace.runs.iter().flat_map(|run| &run.ways)
}

/// The lines of the locations that it comes to.
fn locations(way: &TraceWay) -> impl Iterator<Item = Option<Place>> {
    let is_it = |step: &&TraceStep| matches!(step.stage, Stage::Location | Stage::Redirect);
    way.steps.iter().filter(is_it).map(|step| step.place)
}

/// What is wrong with what lint says; nothing where it fits.
fn fault(trace: &Trace) -> Option<String> {
    let findings = &trace.outcome.findings;
    match trace.handshake {
        Prospect::Fails => {
            // A password that is asked for is told as information: those who have one get in.
            if ways(trace).any(|way| way.answer.status == Some(401)) {
                return None;
            }
            let tells = |finding: &Finding| match finding.rule.group {
                Group::Handshake | Group::Protocol | Group::Configuration => {
                    finding.severity >= Severity::Warning
                }
                Group::Lifetime => finding.severity == Severity::Error,
                _ => false,
            };
            let why: Vec<&str> = ways(trace).map(|way| way.answer.text.as_str()).collect();
            (!findings.iter().any(tells)).then(|| format!("nothing is said: {}", why.join(" | ")))
        }
        Prospect::Succeeds if ways(trace).all(|way| way.answer.handshake == Prospect::Succeeds) => {
            // Locations around those that it comes to have other paths.
            let is_about_it = |finding: &Finding| {
                let mut labels =
                    finding.labels.iter().chain([&finding.primary]).map(|label| Some(label.place));
                labels.any(|place| ways(trace).flat_map(locations).any(|served| served == place))
            };
            let is_wrong = |finding: &&Finding| {
                matches!(finding.rule.group, Group::Handshake | Group::Protocol)
                    && finding.severity == Severity::Error
                    && is_about_it(finding)
            };
            let wrong = findings.iter().find(is_wrong)?;
            Some(format!("wrongly said: {}: {}", wrong.rule.name, wrong.message))
        }
        Prospect::Succeeds | Prospect::Unknown | Prospect::NotAsked => None,
    }
}

#[test]
fn lint_says_what_trace_knows() {
    let (seed, cases) =
        (number("NGINX_PROOF_SEED").unwrap_or(SEED), number("NGINX_PROOF_CASES").unwrap_or(CASES));
    let (mut failing, mut succeeding) = (0_u64, 0_u64);
    let mut faults = Vec::new();
    for number in 0..cases {
        let case = Drawn::new(seed, number).unwrap().case();
        let is_handshake =
            |request: &&Request| request.headers.iter().any(|(name, _)| name == "Sec-WebSocket-Key");
        for request in case.requests.iter().filter(is_handshake) {
            let Some(trace) = traced(&case, request) else { continue };
            failing += u64::from(trace.handshake == Prospect::Fails);
            succeeding += u64::from(trace.handshake == Prospect::Succeeds);
            if let Some(fault) = fault(&trace) {
                let files = Regression::text(&case.files, std::slice::from_ref(request));
                faults.push(format!("case {number} of seed {seed}: {fault}\n{files}"));
            }
        }
    }
    say(&format!("{failing} handshakes fail, {succeeding} succeed, {} faults", faults.len()));
    assert!(failing > cases / 2 && succeeding > cases / 20, "the cases prove nothing");
    let shown = faults.iter().take(MOST_SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(faults.is_empty(), "{} faults\n{shown}", faults.len());
}
