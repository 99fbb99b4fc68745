//! What keeps a configuration from being observed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What keeps a configuration from being observed. That nginx refuses it is none of them.
#[derive(Debug, Error)]
pub enum Error {
    /// A file or folder that cannot be written or read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another fault of the system.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// A program that cannot be run, or does not end.
    #[error("cannot run {program}: {error}")]
    Run {
        /// Which.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No version in what `nginx -v` prints.
    #[error("{program} -v printed no version: {output}")]
    NoVersion {
        /// Which program.
        program: PathBuf,
        /// What it printed.
        output: String,
    },
    /// nginx accepted the configuration with `-t` and ended, or did not open its ports.
    #[error("nginx did not start: {log}")]
    NotStarted {
        /// The end of its error log.
        log: String,
    },
    /// nginx refuses a configuration that was made for it.
    #[error("nginx refuses what was generated: {message}")]
    Refused {
        /// What it says.
        message: String,
    },
    /// No case could be drawn.
    #[error("no case was drawn: {reason}")]
    NotDrawn {
        /// Why.
        reason: String,
    },
    /// No certificate could be made.
    #[error("certificate: {0}")]
    Certificate(String),
    /// Binaries are missing that have to be there.
    #[error("{0}")]
    NotProven(&'static str),
    /// A rule to prove that there is none of.
    #[error("no rule is called `{0}`: rules.md lists them")]
    NoRule(String),
    /// A rule of which nothing says how its Examples fail.
    #[error("`{0}` has no row in EXPECTED of crates/nginx-proof/src/pages/expected.rs")]
    NotExpected(String),
    /// A configuration without any file.
    #[error("no file was given")]
    NoFile,
}
