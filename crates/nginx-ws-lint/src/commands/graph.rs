//! `graph`: what requests go through, or what files include, as a picture.

use lint_engine::GraphOf;

use super::given::Given;
use super::{say_silenced, say_skipped};
use crate::cli::{FailOn, GraphArgs, GraphFormat};
use crate::error::Error;
use crate::exit::Exit;
use crate::say;

/// Draws it.
pub(crate) fn run(args: &GraphArgs) -> Result<Exit, Error> {
    let given = Given::new(&args.judged.input, (!args.quiet).then_some("reading"))?;
    let settings = given.settings(&args.judged, false);
    let wanted = GraphOf { is_of_includes: args.includes, servers: args.server.clone(), most: args.most };
    let mut graph =
        given.with(|files, paths, scope| lint_engine::graph(files, paths, scope, &settings, &wanted));
    args.output.check(&graph.outcome, given.scope())?;
    given.add_unlisted(&mut graph.outcome);
    args.output.write(|out| match args.format {
        GraphFormat::Mermaid => lint_report::graph_mermaid(&graph, out),
        GraphFormat::Dot => lint_report::graph_dot(&graph, out),
        GraphFormat::Svg => lint_report::graph_svg(&graph, out),
    })?;
    // A picture has no place for notices.
    for notice in graph.outcome.notices.iter().filter(|notice| notice.incomplete) {
        let place = notice.place.map(|place| graph.outcome.path(place.file));
        let place = place.or(notice.path.as_deref()).map(|path| format!("{path}: ")).unwrap_or_default();
        say(&format!("warning: {place}{}", notice.message));
    }
    if !args.quiet {
        graph.notes.iter().for_each(|note| say(&format!("note: {note}")));
        say_silenced(&graph.outcome);
        say_skipped(&graph.outcome);
    }
    Ok(Exit::of(&graph.outcome, FailOn::Never))
}
