//! The command line of `logs`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ColorArgs, InputArgs, OutputArgs};

/// `logs --format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogsFormat {
    #[default]
    /// Tables and pictures, for people
    Human,
    /// Everything, for programs
    Json,
    /// One row for each step of time and endpoint, for a spreadsheet
    Csv,
}

/// Which logs to read, and beside which configuration.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// Read FILE as a log, whatever it is called (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Logs")]
    pub(crate) log: Vec<PathBuf>,
    /// How lines of access logs are written: `combined`, or the text of a `log_format` with its variables
    ///
    /// Without it, the `log_format` of the configuration whose `access_log` has the name of the file, else whichever fits.
    #[arg(long, value_name = "FORMAT", help_heading = "Logs")]
    pub(crate) log_format: Option<String>,
    /// How values are escaped in the lines of --log-format
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        default_value_t,
        requires = "log_format",
        help_heading = "Logs"
    )]
    pub(crate) log_escape: LogEscape,
    /// Read how many connections are open from nginx's status page: http://..., https://... or a file with `stub_status` or NGINX Plus's JSON
    #[arg(long, value_name = "URL_OR_FILE", help_heading = "Logs")]
    pub(crate) status: Option<String>,
    /// Go on as the logs grow, and report again every few seconds, until it is interrupted
    #[arg(short, long, conflicts_with_all = ["output", "html"], help_heading = "Logs")]
    pub(crate) follow: bool,
    /// Write a page with charts to FILE too; it needs no other file and no network
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) html: Option<PathBuf>,
    /// How it is written
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: LogsFormat,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) color: ColorArgs,
    /// Draw with ASCII characters only
    #[arg(long, help_heading = "Output")]
    pub(crate) ascii: bool,
    /// Show each endpoint with its peers, its histogram and its steps of time
    #[arg(short, long, help_heading = "Output")]
    pub(crate) verbose: bool,
}

/// `--log-escape`, as `escape=` of a `log_format`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogEscape {
    #[default]
    Default,
    Json,
    None,
}
