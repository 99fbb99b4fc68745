//! The SARIF file of an earlier run as a baseline: what it has is known.

use std::collections::BTreeMap;
use std::path::Path;

use lint_finding::BaselineRow;
use nginx_semantics::{Scope, normalize};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::reports::TOOL;
use crate::system;

/// The fingerprints that outlive edits elsewhere, as `lint-report` writes them.
const FINGERPRINT: &str = "nginxWsLint/v2";

#[derive(Debug, Deserialize)]
struct Log {
    runs: Vec<Run>,
}

#[derive(Debug, Deserialize)]
struct Run {
    tool: Tool,
    #[serde(default)]
    results: Vec<Found>,
}

#[derive(Debug, Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Debug, Deserialize)]
struct Driver {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: String,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    partial_fingerprints: BTreeMap<String, String>,
    #[serde(default)]
    suppressions: Vec<IgnoredAny>,
    baseline_state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
}

#[derive(Debug, Deserialize)]
struct Artifact {
    uri: String,
}

/// Whether JSON is a SARIF log.
pub(super) fn is_log(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Head {
        version: String,
        #[serde(rename = "runs")]
        _runs: IgnoredAny,
    }
    serde_json::from_slice::<Head>(json).is_ok_and(|head| head.version.starts_with("2.1."))
}

/// What this program found in the runs of a log, as a baseline has it; its paths are relative to `base`. What comments suppressed there, and what was not
/// found any more, is not known.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn rows(json: &[u8], scope: &Scope, base: &Path) -> Result<Vec<BaselineRow>, String> {
    let log: Log = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let own: Vec<Run> = log.runs.into_iter().filter(|run| run.tool.driver.name == TOOL.name).collect();
    if own.is_empty() {
        return Err(format!("it is a SARIF file without a run of {}", TOOL.name));
    }
    let row = |found: Found| {
        let uri = &found.locations.first()?.physical_location.artifact_location.uri;
        let of_file = uri.strip_prefix("file://").map(system::path_of_uri);
        let written = percent_decode_str(of_file.unwrap_or(uri)).decode_utf8_lossy();
        let path = match written.strip_prefix('<') {
            Some(_) => written.into_owned(),
            None => scope.shown(&normalize(&base.join(Path::new(&*written)))),
        };
        // The number tells findings with one hash apart; a baseline counts them.
        let fingerprint = found.partial_fingerprints.get(FINGERPRINT)?;
        let fingerprint = fingerprint.split('-').next().unwrap_or_default().to_owned();
        Some(BaselineRow { path, rule: found.rule_id, fingerprint, count: 1 })
    };
    let is_there =
        |found: &Found| found.suppressions.is_empty() && found.baseline_state.as_deref() != Some("absent");
    Ok(own.into_iter().flat_map(|run| run.results).filter(is_there).filter_map(row).collect())
}
