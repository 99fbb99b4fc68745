//! What ends a task.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What ends a task.
#[derive(Debug, Error)]
pub enum Error {
    /// No task of that name.
    #[error(
        "usage: cargo xtask <TASK>\n\n  \
         gen    write the generated documents\n  \
         check  compare them with what would be generated\n  \
         ci     all checks and all tests, the tests last\n  \
         fuzz   [parse|run|fix|settings|trace]... [--seconds N] [--seed N]: try inputs that reach new code, 30 s each\n  \
         compare OLD NEW [--tree DIR]... [--sites N] [--seconds N]: whether two builds of the program say the same\n  \
         bench-peers [--out FILE] [--binary FILE] [--largest SITES] [--seconds N]: write docs/performance.md\n  \
         instructions [--record] [--binary FILE]: count instructions and compare them with what is recorded\n  \
         new-rule NAME: make the files and lines of a rule"
    )]
    Usage,
    /// A file or folder that cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A program that cannot be run.
    #[error("cannot run `{command}`: {error}")]
    Start {
        /// With its arguments.
        command: String,
        /// Why.
        error: io::Error,
    },
    /// A program that ended with an error.
    #[error("`{command}` failed{}", said(.stderr))]
    Failed {
        /// With its arguments.
        command: String,
        /// What it wrote, where that was not shown already.
        stderr: String,
    },
    /// A document without the marks between which a part is generated.
    #[error("{path} lacks the line `{mark}`")]
    NoMark {
        /// Which document.
        path: PathBuf,
        /// Which mark.
        mark: &'static str,
    },
    /// Two programs that say different things.
    #[error("{0} differences")]
    Differs(usize),
    /// A file of the repository that is not as it is expected to be.
    #[error("{path}: this file is not as it is expected to be")]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// Costs that are not as recorded.
    #[error(
        "instructions are not as recorded:\n  {}\nif that is meant, `cargo xtask instructions --record` writes the new figures",
        .0.join("\n  ")
    )]
    Instructions(Vec<String>),
    /// A name that a rule has already.
    #[error("there is a rule of the name {0}")]
    Taken(String),
    /// Documents that differ from what would be generated.
    #[error("generated documents are out of date: {}\nrun `cargo xtask gen` and read what changed", .0.join(", "))]
    Stale(Vec<String>),
}

impl Error {
    /// A file or folder that cannot be read or written.
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }
}

fn said(stderr: &str) -> String {
    let stderr = stderr.trim_end();
    if stderr.is_empty() { String::new() } else { format!(":\n{stderr}") }
}
