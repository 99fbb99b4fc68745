//! `trace URL`: what nginx does with one request.

use lint_engine::{Query, Settings};

use super::TOOL;
use super::given::Given;
use crate::cli::{TraceArgs, TraceFormat};
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

/// Follows the request and writes down what happens.
pub(crate) fn run(args: &TraceArgs) -> Result<Exit, Error> {
    let given = Given::new(&args.input, Some("reading"))?;
    let settings = Settings {
        versions: given.versions(&args.input, true),
        select: args.rules.select.clone(),
        ignore: args.rules.ignore.clone(),
        config: Given::config(&args.input),
        ..Settings::default()
    };
    let query = Query {
        headers: args.header.clone(),
        client: args.client_ip,
        via: args.via_listen.clone(),
        is_plain: args.plain_get,
        ..Query::handshake(args.url.clone())
    };
    let mut trace =
        given.with(|files, paths, scope| lint_engine::trace(files, paths, scope, &settings, &query));
    args.output.check(&trace.outcome, given.scope())?;
    given.add_unlisted(&mut trace.outcome);
    let style = terminal::style(args.color.color, &args.output, false, false);
    args.output.write(|out| match args.format {
        TraceFormat::Human => lint_report::trace(&trace, &style, out),
        TraceFormat::Json => lint_report::trace_json(&trace, &TOOL, out),
    })?;
    Ok(Exit::of_trace(&trace))
}
