//! What helps where nginx refuses a directive.

use lint_finding::Applicability;
use nginx_semantics::catalogue::{ModuleKind, lookup};
use nginx_semantics::dispatch::RefusalKind;
use nginx_semantics::{Configuration, ContextId, ContextKind, Directive, DirectiveName, Hosted, SourceFile};
use nginx_syntax::SyntaxErrorKind;

use crate::commercial::is_commercial;
use crate::edit::{Edits, is_written_in};
use crate::refused::unknown;
use crate::takes::{holds_placeholder, instead, is_to_fill_in};
use crate::{Context, FindingBuilder};

/// What to do about a directive that nginx refuses, as the help of a finding says it; none where other rules speak of it,
/// or none.
pub(crate) fn remedy(
    cx: &Context<'_, '_>,
    directive: &Directive<'_>,
    (context, opener): (ContextKind, &str),
    kind: &RefusalKind,
) -> Option<String> {
    let name = directive.name().as_str();
    // Of what envsubst fills in, the rest is as nginx reads it.
    let is_final = directive.file().and_then(SourceFile::hosted).is_some_and(Hosted::is_of_envsubst);
    Some(match kind {
        RefusalKind::NotAllowedHere(_) => match directive.name() {
            DirectiveName::PROXY_SET_HEADER | DirectiveName::PROXY_HTTP_VERSION
                if matches!(context, ContextKind::If | ContextKind::LimitExcept) =>
            {
                format!("move `{name}` to the location around it, which passes its lines on to this block")
            }
            // Old advice about WebSockets has it, from a module for TCP.
            _ if name == "timeout"
                && context.commands().is_some_and(|(module, _)| module == ModuleKind::Http) =>
            {
                format!(
                    "`timeout` is for `mail`; did you mean `proxy_read_timeout {};`?",
                    directive.arguments_text()
                )
            }
            DirectiveName::PROXY_PASS => "move `proxy_pass` to a `location` of the server".to_owned(),
            _ => format!("nginx takes `{name}` in: {}", places(cx, directive.name(), context)?),
        },
        RefusalKind::NumberOfArguments(_) => {
            let words = words(cx, directive, context)?;
            format!("`{name}` takes {words}; quote words that belong together")
        }
        RefusalKind::NoOpening(_) => format!("`{name}` opens a block: write `{{ … }}` instead of `;`"),
        RefusalKind::NotTerminated(_) => format!("`{name}` opens no block: end it with `;`"),
        // `location /your path`: what somebody else is to fill in. nginx will say so.
        RefusalKind::LocationModifier(word) if word.starts_with(b"/") && !is_modifier_or_path(directive) => {
            return None;
        }
        RefusalKind::LocationModifier(_) => "put `=`, `^~`, `~`, `~*` or nothing before the name".to_owned(),
        RefusalKind::Duplicate(_) if directive.name().rows().iter().any(|row| row.block) => {
            format!("make one `{name}` of the two")
        }
        RefusalKind::Duplicate(_) => "leave only one of the two".to_owned(),
        RefusalKind::MapEntry => "each line of `map` is a value and what comes of it, two words".to_owned(),
        // Only a block whose lines go to a handler of their own refuses a block like that.
        RefusalKind::Syntax(SyntaxErrorKind::UnexpectedOpen) => {
            "only lines that end with `;` are allowed in this block".to_owned()
        }
        RefusalKind::UnknownDirective(word) if word.starts_with(b"el") => {
            "nginx has no `else`: write a second `if` with the opposite, or a `map`".to_owned()
        }
        // NGINX Plus has some of what came later, under numbers of its own.
        RefusalKind::UnknownDirective(_) if is_commercial(cx) => return None,
        RefusalKind::UnknownDirective(_) => unknown(cx, directive.name())?,
        RefusalKind::NotAFlag { value, .. } if !is_final && holds_placeholder(value) => return None,
        RefusalKind::NotAFlag { .. } => format!("write `{name} on;` or `{name} off;`"),
        RefusalKind::GeoEntry => "each line of `geo` is a network and a value, two words".to_owned(),
        RefusalKind::CharsetEntry => "each line of `charset_map` is two codes".to_owned(),
        RefusalKind::Value(refused) => {
            // `refused` has these.
            if directive.name() == DirectiveName::PROXY_HTTP_VERSION {
                return None;
            }
            let written = match refused.word.checked_sub(1) {
                Some(index) => directive.argument(index).unwrap_or_default(),
                None => directive.name_bytes(),
            };
            if !is_final && is_to_fill_in(refused, &written) {
                return None;
            }
            let name = if context.has_entries() { opener } else { name };
            instead(name, refused, &written, cx.versions())
        }
        // Other rules.
        RefusalKind::Syntax(_) | RefusalKind::UrlPrefix => return None,
    })
}

/// Whether the second word of a `location` is a modifier in the wrong place, or another path: nothing to fill in.
fn is_modifier_or_path(location: &Directive<'_>) -> bool {
    let second = location.argument(1).unwrap_or_default();
    second.starts_with(b"/") || matches!(second.as_ref(), b"=" | b"^~" | b"~" | b"~*")
}

/// Says which came first. Where both say the same, one of them can go: that of the block itself, for what stands in an
/// included file may be meant for other blocks too.
pub(crate) fn twice<'f>(
    finding: FindingBuilder<'f>,
    first: &Directive<'_>,
    second: &Directive<'_>,
    configuration: Configuration<'_>,
    context: ContextId,
) -> FindingBuilder<'f> {
    let place = |line: &Directive<'_>| (line.reference.file, line.reference.node);
    if place(first) == place(second) {
        // No line can go alone of a file that is included twice.
        return match second.included_by() {
            Some(include) => finding.label(&include, "this include brings it in again"),
            None => finding,
        };
    }
    let finding = finding.label(first, "this one came first");
    let has_block = second.file().is_some_and(|file| file.tree.is_block(second.reference.node));
    if has_block || !first.arguments().eq(second.arguments()) {
        return finding;
    }
    let block = configuration.opener(context);
    let stands_in_block = |line: &&Directive<'_>| match &block {
        Some(block) => is_written_in(line, block),
        None => configuration.root() == Some(line.reference.file),
    };
    let (gone, applicability) = match [second, first].into_iter().find(stands_in_block) {
        Some(own) => (own, Applicability::Safe),
        None => (second, Applicability::Unsafe),
    };
    finding.fix("remove one of them", applicability, Edits::new().remove(gone))
}

/// The blocks that take it, those of the same kind of module first.
fn places(cx: &Context<'_, '_>, name: DirectiveName, context: ContextKind) -> Option<String> {
    let module = context.commands().map(|(module, _)| module);
    let rows = || name.rows().iter().filter(|row| row.is_in(cx.versions()));
    let near = rows().filter(|row| Some(row.kind) == module).map(|row| row.contexts);
    let far = rows().map(|row| row.contexts);
    let all = near.reduce(|a, b| a | b).or_else(|| far.reduce(|a, b| a | b))?;
    Some(all.to_string())
}

/// How many words it takes there.
fn words(cx: &Context<'_, '_>, directive: &Directive<'_>, context: ContextKind) -> Option<String> {
    let (_, place) = context.commands()?;
    let mut rows = lookup(&directive.name_bytes()).rows().iter();
    let row = rows.find(|row| row.is_in(cx.versions()) && row.contexts.intersects(place))?;
    let plural = |count: u8| if count == 1 { "word" } else { "words" };
    Some(match (row.min_args, row.max_args) {
        (0, Some(0)) => "no words".to_owned(),
        (least, Some(most)) if least == most => format!("{least} {}", plural(least)),
        (least, Some(most)) => format!("{least} to {most} words"),
        (least, None) => format!("at least {least} {}", plural(least)),
    })
}

#[cfg(test)]
mod tests {
    use lint_finding::Applicability;

    use crate::testing::fixed;

    #[test]
    fn the_same_again_goes() {
        let text = |more: &str| {
            format!("server {{\n  location /a {{ proxy_pass http://a; proxy_buffering off;{more} }}\n}}\n")
        };
        let after = fixed(Applicability::Safe, "directive-not-allowed-here", &text(" proxy_buffering off;"));
        assert_eq!(after, text(""));
        // What stands in a file may be for others too.
        let text = |more: &str| text(more) + "#- a.conf\nproxy_buffering off;\n";
        let after = fixed(Applicability::Safe, "directive-not-allowed-here", &text(" include a.conf;"));
        assert_eq!(after, text(" include a.conf;").replacen(" proxy_buffering off;", "", 1));
        // So it is where no block is around it.
        let text = |more: &str| format!("worker_rlimit_nofile 9000;{more}\nevents {{}}\nhttp {{}}\n");
        let file = "#- m.conf\nworker_rlimit_nofile 9000;\n";
        let before = text(" include m.conf;") + file;
        let after = fixed(Applicability::Safe, "directive-not-allowed-here", &before);
        assert_eq!(after, text(" include m.conf;").replacen("worker_rlimit_nofile 9000; ", "", 1) + file);
    }
}
