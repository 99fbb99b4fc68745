//! Version 1 of a baseline, frozen: fields are added, never changed or taken away.

use serde::{Deserialize, Serialize};

const SCHEMA: &str = "urn:nginx-ws-lint:baseline:v1";
const VERSION: u32 = 1;

/// The findings that a project has and knows.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(title = "Baseline"))]
pub struct BaselineFile {
    schema: String,
    version: u32,
    /// The paths that were judged when it was made, relative to its folder; nothing where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<String>,
    /// By file, rule and fingerprint.
    pub findings: Vec<BaselineEntry>,
}

/// Findings of one rule that are alike, in one file.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BaselineEntry {
    /// Relative to the folder of the baseline.
    pub file: String,
    /// Its name.
    pub rule: String,
    /// `fingerprints.v2` of the finding.
    pub fingerprint: String,
    /// How many of them there are.
    pub count: u64,
}

impl BaselineFile {
    /// In this version's form.
    pub fn new(judged: Vec<String>, findings: Vec<BaselineEntry>) -> Self {
        Self { schema: SCHEMA.to_owned(), version: VERSION, judged, findings }
    }

    /// Reads one.
    ///
    /// # Errors
    /// In words, why it is no baseline of this version.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let file: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let Self { schema, version, .. } = &file;
        if schema != SCHEMA || *version != VERSION {
            return Err(format!(
                "it has the schema `{schema}`, version {version}, and not `{SCHEMA}`, version {VERSION}"
            ));
        }
        Ok(file)
    }
}
