//! `--status`: nginx's own count of its connections.

use std::fs::File;
use std::io::Read;
use std::time::Duration;

use lint_finding::StatusPage;
use ureq::Agent;

use crate::disk::read_at_most;

/// No status page takes longer, or is longer.
const PATIENCE: Duration = Duration::from_secs(5);
const LONGEST: u64 = 1 << 20;

/// Reads the page; the error is in words.
pub(super) fn read(source: &str) -> Result<StatusPage, String> {
    let bytes = match source.starts_with("http://") {
        true => fetch(source)?,
        false if source.starts_with("https://") => {
            return Err("only http:// is read; save the page with curl and name the file".to_owned());
        }
        false => {
            let file = File::open(source).map_err(|error| error.to_string())?;
            let bytes = read_at_most(file, LONGEST, 0).map_err(|error| error.to_string())?;
            bytes.ok_or_else(|| format!("it is larger than {LONGEST} bytes"))?
        }
    };
    ws_logs::status_page(source, &bytes).map_err(|error| error.to_string())
}

/// Asks once, follows nothing.
fn fetch(url: &str) -> Result<Vec<u8>, String> {
    let config = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("nginx-ws-lint/", env!("CARGO_PKG_VERSION")))
        .build();
    let mut answer = Agent::new_with_config(config).get(url).call().map_err(|error| error.to_string())?;
    if answer.status() != 200 {
        return Err(format!("the answer is {}", answer.status()));
    }
    let mut bytes = Vec::new();
    let body = answer.body_mut().as_reader();
    body.take(LONGEST).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}
