//! `--status`: nginx's own count of its connections.

use std::fs::File;
use std::time::Duration;

use lint_engine::Url;
use lint_finding::StatusPage;
use ws_probe::{Plan, get, without_user};

use super::super::probe::{plan_of, system_roots};
use crate::disk::read_at_most;

/// Who asks.
const AGENT: &str = concat!("nginx-ws-lint/", env!("CARGO_PKG_VERSION"));

/// No status page takes longer, or is longer.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: u64 = 1 << 20;

/// Reads the page; the error is in words.
pub(super) fn read(source: &str) -> Result<StatusPage, String> {
    // A user and a password are not shown.
    let (name, _) = without_user(source);
    let bytes = match source.starts_with("http://") || source.starts_with("https://") {
        true => fetch(source)?,
        false => {
            let file = File::open(source).map_err(|error| error.to_string())?;
            let bytes = read_at_most(file, LONGEST, 0).map_err(|error| error.to_string())?;
            bytes.ok_or_else(|| format!("it is larger than {LONGEST} bytes"))?
        }
    };
    ws_logs::status_page(&name, &bytes).map_err(|error| error.to_string())
}

/// Asks once, follows nothing.
fn fetch(text: &str) -> Result<Vec<u8>, String> {
    let (text, credentials) = without_user(text);
    let url = Url::parse(&text).map_err(|error| error.to_string())?;
    let roots = if url.is_tls { system_roots() } else { Vec::new() };
    let plan = Plan { credentials, roots, max_time: PATIENCE, ..plan_of(&url, &text, AGENT) };
    let (status, bytes) =
        get(&plan, usize::try_from(LONGEST).unwrap_or(usize::MAX)).map_err(|failure| failure.text)?;
    if status != 200 {
        return Err(format!("the answer is {status}"));
    }
    Ok(bytes)
}
