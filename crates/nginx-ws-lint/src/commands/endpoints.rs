//! `endpoints`: every WebSocket endpoint at a glance.

use super::given::Given;
use super::{TOOL, say_silenced, say_skipped};
use crate::cli::{EndpointsArgs, EndpointsFormat, FailOn};
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

/// Lists the endpoints.
pub(crate) fn run(args: &EndpointsArgs) -> Result<Exit, Error> {
    let given = Given::new(&args.judged.input, (!args.quiet).then_some("reading"))?;
    let settings = given.settings(&args.judged, args.verbose);
    let mut table = given.with(|files, paths, scope| lint_engine::endpoints(files, paths, scope, &settings));
    args.output.check(&table.outcome, given.scope())?;
    given.add_unlisted(&mut table.outcome);
    if args.quiet {
        table.outcome.notices.retain(|notice| notice.incomplete);
    }
    let style = terminal::style(args.color.color, &args.output, args.verbose, !args.quiet);
    args.output.write(|out| match args.format {
        EndpointsFormat::Table => lint_report::endpoints(&table, &style, out),
        EndpointsFormat::Json => lint_report::endpoints_json(&table, &TOOL, out),
        EndpointsFormat::Markdown => lint_report::endpoints_markdown(&table, out),
        EndpointsFormat::Csv => lint_report::endpoints_csv(&table, out),
    })?;
    let has_summary = match args.format {
        EndpointsFormat::Table => !args.quiet,
        EndpointsFormat::Json => true,
        EndpointsFormat::Markdown | EndpointsFormat::Csv => false,
    };
    if !has_summary {
        say_silenced(&table.outcome);
        say_skipped(&table.outcome);
    }
    Ok(Exit::of(&table.outcome, FailOn::Never))
}
