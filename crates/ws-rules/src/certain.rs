//! Whether blocks are what they seem, and what nginx refuses first where they are not.

use nginx_semantics::dispatch::{Build, RefusalKind, Verdict, read};
use nginx_semantics::{Configuration, ContextId, ContextKind, Directive, Presence};
use nginx_syntax::{NodeId, Place, Span};

use crate::excerpt::{is_excerpt, leaves_out_before};

/// Behind what nginx cannot read, blocks are not what they seem.
pub(crate) fn is_mended(directive: &Directive<'_>) -> bool {
    directive.file().is_none_or(|file| !file.tree.errors().is_empty())
}

/// Whether the block is what it seems: all around it was given, or its own words say it.
pub(crate) fn is_certain(configuration: Configuration<'_>, context: ContextId) -> bool {
    let this = configuration.context(context);
    let is_location = |child: &ContextId| configuration.context(*child).kind == ContextKind::Location;
    let has_location = || configuration.children(context).iter().any(is_location);
    if this.presence != Presence::Given {
        return false;
    }
    match (this.kind, this.parent) {
        (ContextKind::Location | ContextKind::Map, _) => true,
        // Mail and stream have servers as well, but no locations.
        (ContextKind::Server, _) if has_location() => true,
        (_, Some(parent)) => is_certain(configuration, parent),
        (kind, None) => kind == ContextKind::Main,
    }
}

/// Whether a line is of a macro or of a named template, whose calls say in which block it comes out.
pub(crate) fn is_called(directive: &Directive<'_>) -> bool {
    directive.file().is_some_and(|file| {
        let is_called = file.hosted().is_some_and(|hosted| hosted.view().is_called());
        is_called && file.tree.parent(directive.reference.node) == NodeId::FILE
    })
}

/// What nginx refuses before its reader gets to a syntax error of a main file: a brace that is missing or one too many makes
/// lines stand in other blocks. Its place is the line, up to what ends the statement.
pub(crate) fn first_before_error(configuration: Configuration<'_>, build: &Build) -> Option<(Place, String)> {
    let root = configuration.root()?;
    let has_error = |file| configuration.sources.get(file).is_some_and(|file| !file.tree.errors().is_empty());
    if !has_error(root) {
        return None;
    }
    for step in read(configuration, build) {
        match step.verdict {
            Verdict::Taken => {}
            // What is not known may be what nginx stops at.
            Verdict::Unknown(_) | Verdict::Refused(RefusalKind::Syntax(_)) => return None,
            Verdict::Refused(kind) => {
                let file = configuration.sources.get(step.at.file).filter(|file| file.may_be_shown)?;
                let is_excerpt = is_excerpt(file) || leaves_out_before(file, step.at.span.start);
                // The reader may have said the same already, at the `;` that is missing.
                let is_said = file.tree.errors().iter().any(|error| error.to_string() == kind.to_string());
                if !has_error(step.at.file) || kind.is_about_words() || is_excerpt || is_said {
                    return None;
                }
                let line = file.source.line_span(file.source.line(step.at.span.start));
                let text = line.of(file.bytes());
                let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                let start = line.start + u32::try_from(blank).unwrap_or(0);
                let span = Span::new(start.min(step.at.span.start), step.at.span.end);
                return Some((Place { file: step.at.file, span }, format!("nginx refuses to start: {kind}")));
            }
        }
    }
    None
}
