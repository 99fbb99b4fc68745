//! The uses of variables that nothing defines.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use nginx_semantics::catalogue::builtin_variable_since;
use nginx_semantics::{
    Directive, DirectiveName, FileId, NginxVersion, Presence, SourceFile, is_compiled, variable_names,
};
use nginx_syntax::{Span, lossy};

use crate::Context;
use crate::compiled::{is_evaluated, is_script, may_be_script, names_in};

/// The uses of each undefined name: the directive and the index of its word, in order.
pub(crate) fn undefined<'s>(cx: &Context<'_, 's>) -> BTreeMap<String, Vec<(Directive<'s>, usize)>> {
    let configuration = cx.configuration();
    let mut uses: BTreeMap<String, Vec<_>> = BTreeMap::new();
    // By file: in most, each name behind a `$` is defined, wherever it stands.
    let mut may_have: HashMap<FileId, bool> = HashMap::new();
    for (id, context) in configuration.contexts().filter(|(_, context)| is_evaluated(context.kind)) {
        // Whoever includes a fragment may define it, and what nothing includes nginx does not read.
        if configuration.levels(id).any(|level| configuration.context(level).presence != Presence::Given) {
            continue;
        }
        let is_read = |name| may_be_script(name, context.kind) && is_compiled(configuration, id, name);
        for directive in configuration.directives(id).filter(|line| is_read(line.name())) {
            let (name, Some(file)) = (directive.name(), directive.file()) else { continue };
            // What `if` takes for a name may go on behind one.
            let is_if = name == DirectiveName::IF;
            if !is_if
                && !*may_have.entry(directive.reference.file).or_insert_with(|| may_have_undefined(cx, file))
            {
                continue;
            }
            let has_variable = |span: Span| span.of(file.bytes()).contains(&b'$');
            let spans = directive.argument_spans().enumerate().filter(|(_, span)| has_variable(*span));
            for (index, span) in spans.filter(|(index, _)| is_script(name, context.kind, *index)) {
                for name in names_in(&directive, index, &file.value(span)) {
                    if !is_defined(cx, &name) {
                        let name = lossy(&name).to_ascii_lowercase();
                        uses.entry(name).or_default().push((directive, index));
                    }
                }
            }
        }
    }
    uses
}

/// Whether a name somewhere in a file is not defined, be it in a comment.
fn may_have_undefined(cx: &Context<'_, '_>, file: &SourceFile) -> bool {
    file.has_unknown() || variable_names(file.bytes()).any(|name| !is_defined(cx, name))
}

fn is_defined(cx: &Context<'_, '_>, name: &[u8]) -> bool {
    (cx.model.variables.is_defined(name) && since(cx, name).is_none()) || is_placeholder(name)
}

/// The release that has a variable of nginx's own first, where those that the user names are older, and nothing else
/// defines it.
pub(crate) fn since(cx: &Context<'_, '_>, name: &[u8]) -> Option<NginxVersion> {
    cx.model.hints.versions?;
    let since = builtin_variable_since(name).filter(|since| *since > cx.versions().max)?;
    cx.model.variables.definitions(name).is_empty().then_some(since)
}

/// A name in capitals is most likely to be replaced by envsubst before nginx sees it.
fn is_placeholder(name: &[u8]) -> bool {
    name.iter().any(u8::is_ascii_uppercase) && !name.iter().any(u8::is_ascii_lowercase)
}
