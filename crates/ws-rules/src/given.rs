//! Locations that an ingress controller writes for an `Ingress`: which rules speak of its lines, and in whose words.
//!
//! The author edits annotations. What a rule says of a line that no annotation changes is nothing that anyone can act on.

use lint_finding::{Place, RuleMeta};
use nginx_semantics::{Controller, Directive, Rendered};
use nginx_syntax::lossy;
use ws_model::{Endpoint, EvidenceKind};

use crate::asked::Asked;
use crate::{Context, FindingBuilder};

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

/// Where Socket.IO and what it is made of have their WebSocket, unless client and server say otherwise.
const LIBRARIES: [&str; 2] = ["/socket.io/", "/engine.io/"];

/// What follows a statement about an `Ingress` that rests on a default.
const UNLESS_SETTINGS: &str = " (unless the controller's ConfigMap sets it)";

/// Whether a controller writes a directive.
pub(crate) fn is_given(directive: &Directive<'_>) -> bool {
    directive.file().is_some_and(|file| file.is_given(directive.at().span.start))
}

/// Whether a rule's finding about a directive is one to act on.
pub(crate) fn is_judged(rule: &RuleMeta, directive: &Directive<'_>) -> bool {
    let is_refused = || {
        rule.name == "directive-not-allowed-here"
            && rendered(directive).is_some_and(|rendered| rendered.is_refused(directive.at().span.start))
    };
    !is_given(directive) || JUDGED.contains(&rule.name) || is_refused()
}

/// What follows a statement about a directive's file that rests on a default: nothing where the settings of the controller
/// are in the tree. `None` for what is written as nginx reads it.
pub(crate) fn unless(directive: &Directive<'_>) -> Option<&'static str> {
    rendered(directive)?;
    Some(if directive.configuration().root().is_some() { "" } else { UNLESS_SETTINGS })
}

/// How the `ConfigMap` of a controller gives a directive another value; `None` for a line that is written as nginx reads it.
pub(crate) fn setting(directive: &Directive<'_>, value: &str) -> Option<String> {
    rendered(directive).filter(|rendered| rendered.is_settings())?;
    Some(format!("{}: \"{value}\"", directive.name().as_str().replace('_', "-")))
}

/// What is kept of the text that a directive is in, if a controller writes it.
fn rendered<'s>(directive: &Directive<'s>) -> Option<&'s Rendered> {
    directive.file()?.hosted()?.view().rendered()
}

/// The same for the location of an endpoint, if a controller writes it: one in a snippet is the author's own.
fn of_endpoint<'s>(endpoint: &Endpoint<'s>) -> Option<&'s Rendered> {
    let location = endpoint.location()?;
    rendered(&location).filter(|_| is_given(&location))
}

/// How the author of an `Ingress` sets what one line of nginx would; `None` for a location that is written as nginx reads
/// it, and where no annotation does.
pub(crate) fn annotation(endpoint: &Endpoint<'_>, name: &str, value: &str) -> Option<String> {
    let (name, value) = of_endpoint(endpoint)?.annotation(name, value)?;
    Some(format!("`{name}: \"{value}\"`"))
}

/// What to do where a directive that an endpoint needs is not written yet: the line to add, or the annotation.
pub(crate) fn added(endpoint: &Endpoint<'_>, name: &str, remedy: &str) -> String {
    if ignored(endpoint, name).is_some() {
        return format!("write {remedy}");
    }
    match of_endpoint(endpoint).map(Rendered::controller) {
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
    Some(of_endpoint(endpoint)?.annotation_for_stickiness())
}

/// A finding, where an annotation that its controller ignores was to set the directive: at that annotation, with the reason.
pub(crate) fn at_ignored<'f>(
    finding: FindingBuilder<'f>,
    endpoint: &Endpoint<'_>,
    name: &str,
) -> FindingBuilder<'f> {
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

/// What to do about an endpoint of an `Ingress` whose back end is spoken to in another protocol than HTTP/1.1.
pub(crate) fn for_protocol(endpoint: &Endpoint<'_>) -> Option<String> {
    let what = match of_endpoint(endpoint)?.controller() {
        Controller::IngressNginx => "`nginx.ingress.kubernetes.io/backend-protocol`",
        Controller::NginxInc => "the service in `nginx.org/grpc-services`",
        Controller::VirtualServer => "`type: grpc`",
    };
    Some(format!("give the path its own Ingress without {what}, for a service that speaks HTTP/1.1"))
}

/// What to do about a line of a controller that an annotation makes wrong for `Connection`.
pub(crate) fn for_connection(line: &Directive<'_>) -> Option<String> {
    rendered(line).filter(|rendered| is_given(line) && rendered.controller() == Controller::IngressNginx)?;
    let name = "nginx.ingress.kubernetes.io/connection-proxy-header";
    Some(format!("remove the annotation `{name}`: ingress-nginx sends what a handshake needs without it"))
}

/// An endpoint of an `Ingress` whose application has its WebSocket at a path that `rewrite-target` takes away: the annotation
/// is for all paths of the object, and is written for others.
pub(crate) fn path_lost<'f, 's: 'f>(
    cx: &Context<'_, 's>,
    rule: &'static RuleMeta,
    endpoint: &'f Endpoint<'f>,
) -> Option<FindingBuilder<'f>> {
    of_endpoint(endpoint)?;
    let mut known = endpoint.evidence.iter().filter(|one| one.kind == EvidenceKind::ApplicationPath);
    // Whoever uses these libraries has their path in the back end too.
    let of_library = || {
        let path = literal_path(endpoint)?;
        let is_fixed = LIBRARIES.iter().any(|library| path.ends_with(library));
        is_fixed.then_some(path)
    };
    let path = known.find_map(|one| one.path.clone()).or_else(of_library)?;
    let own = path.split('?').next().unwrap_or(&path).trim_matches('/');
    let exchange = cx.walks.walk_path(endpoint, &path)?;
    let first = Asked::in_exchange(&exchange, endpoint, &path)?;
    if own.is_empty() || first.target.contains(own) {
        return None;
    }
    let rewrite = first.rewritten.filter(is_given)?;
    let target = &first.target;
    let message = format!("the back end is asked for `{target}` where the client asks for `{}`", first.path);
    let help = format!(
        "give `/{own}/` its own Ingress without this annotation, which applies to all paths of the object"
    );
    Some(FindingBuilder::new(rule, &rewrite, message).endpoint(endpoint).help(help))
}

/// The path that a location's regular expression starts with: `/socket.io/` of `^/socket.io(/|$)(.*)`.
fn literal_path(endpoint: &Endpoint<'_>) -> Option<String> {
    let name = endpoint.location_name()?;
    let name = lossy(&name.name).replace("\\.", ".");
    let name = name.trim_start_matches('^');
    let literal = name.split(['(', '[', '{', '|', '?', '*', '+', '$', '\\']).next()?;
    (literal.len() > 1).then(|| format!("{}/", literal.trim_end_matches('/')))
}
