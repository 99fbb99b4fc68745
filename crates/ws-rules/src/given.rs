//! Locations that an ingress controller writes for an `Ingress`: which rules speak of its lines, and in whose words.
//!
//! The author edits annotations. What a rule says of a line that no annotation changes is nothing that anyone can act on.

use lint_finding::{Place, RuleMeta};
use nginx_semantics::{Directive, Rendered};
use ws_model::Endpoint;

use crate::FindingBuilder;

/// The rules whose findings about a controller's lines can be acted on in the YAML file. Of snippets all speak.
const JUDGED: &[&str] = &[
    "http10-upstream",
    "missing-upgrade-header",
    "path-rewritten",
    "short-read-timeout",
    "shutdown-timeout-drops",
    "unsupported-upstream-protocol",
    "upstream-without-stickiness",
    "wrong-connection-header",
];

/// What follows a statement about an `Ingress` that rests on a default.
const UNLESS_SETTINGS: &str = " (unless the controller's ConfigMap sets it)";

/// Whether a controller writes a directive.
pub(crate) fn is_given(directive: &Directive<'_>) -> bool {
    directive.file().is_some_and(|file| file.is_given(directive.at().span.start))
}

/// Whether a rule's finding about a directive is one to act on.
pub(crate) fn is_judged(rule: &RuleMeta, directive: &Directive<'_>) -> bool {
    !is_given(directive) || JUDGED.contains(&rule.name)
}

/// What follows a statement about a directive's file that rests on a default: nothing where the settings of the controller
/// are in the tree. `None` for what is written as nginx reads it.
pub(crate) fn unless(directive: &Directive<'_>) -> Option<&'static str> {
    rendered(directive)?;
    Some(if directive.configuration().root().is_some() { "" } else { UNLESS_SETTINGS })
}

/// What is kept of the text that a directive is in, if a controller writes it.
fn rendered<'s>(directive: &Directive<'s>) -> Option<&'s Rendered> {
    directive.file()?.hosted()?.view().rendered()
}

/// How the author of an `Ingress` sets what one line of nginx would; `None` for a location that is written as nginx reads
/// it, and where no annotation does.
pub(crate) fn annotation(endpoint: &Endpoint<'_>, name: &str, value: &str) -> Option<String> {
    let (name, value) = rendered(&endpoint.location()?)?.annotation(name, value)?;
    Some(format!("`{name}: \"{value}\"`"))
}

/// What to do where a directive that an endpoint needs is not written yet: the line to add, or the annotation.
pub(crate) fn added(endpoint: &Endpoint<'_>, name: &str, remedy: &str) -> String {
    if ignored(endpoint, name).is_some() {
        return format!("write {remedy}");
    }
    match endpoint.location().and_then(|location| rendered(&location).map(Rendered::controller)) {
        Some(controller) => {
            let (what, of) = controller.holder();
            format!("add {what}{remedy} to {of}")
        }
        None => format!("add {remedy} to {}", endpoint.location_words()),
    }
}

/// The same for what passes a handshake's `Upgrade` on.
pub(crate) fn annotation_for_upgrade(endpoint: &Endpoint<'_>) -> Option<String> {
    let location = endpoint.location()?;
    let (name, value) = rendered(&location)?.annotation_for_upgrade(location.at().span.start)?;
    Some(format!("`{name}: \"{value}\"`"))
}

/// The annotation that keeps the requests of a client in one pod, for an endpoint of an `Ingress`.
pub(crate) fn annotation_for_stickiness(endpoint: &Endpoint<'_>) -> Option<&'static str> {
    Some(rendered(&endpoint.location()?)?.annotation_for_stickiness())
}

/// A finding, where an annotation that its controller ignores was to set the directive: at that annotation, with the reason.
pub(crate) fn at_ignored(finding: FindingBuilder, endpoint: &Endpoint<'_>, name: &str) -> FindingBuilder {
    let Some((place, why)) = ignored(endpoint, name) else { return finding };
    finding.moved(place, why)
}

/// The annotation that was to set a directive for an endpoint and that its controller ignores, and why.
fn ignored(endpoint: &Endpoint<'_>, name: &str) -> Option<(Place, String)> {
    let location = endpoint.location()?;
    let at = location.at();
    let ignored = rendered(&location)?.ignored(at.span.start, name)?;
    Some((Place { file: at.file, span: ignored.at() }, ignored.why().to_owned()))
}
