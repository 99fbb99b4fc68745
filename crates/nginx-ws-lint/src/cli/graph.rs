//! The command line of `graph`.

use clap::{Args, ValueEnum, builder::NonEmptyStringValueParser, builder::RangedU64ValueParser};

use super::{JudgedArgs, OutputArgs};

/// `graph --format`.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum GraphFormat {
    #[default]
    /// A flow chart for GitHub, GitLab and wikis
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture for browsers
    Svg,
}

/// What to draw, and how.
#[derive(Debug, Args)]
pub(crate) struct GraphArgs {
    #[command(flatten)]
    pub(crate) judged: JudgedArgs,
    /// Draw which file includes which
    #[arg(long, conflicts_with = "server", help_heading = "Graph")]
    pub(crate) includes: bool,
    /// Draw the servers with this name, and what stands behind them (repeatable)
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = "Graph")]
    pub(crate) server: Vec<String>,
    /// Draw at most N nodes, those with the worst findings first
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000), help_heading = "Graph")]
    pub(crate) most: usize,
    /// How it is written
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: GraphFormat,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Say nothing beside the picture except what could not be done
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,
}
