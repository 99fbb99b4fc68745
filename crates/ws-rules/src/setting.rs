//! Edits that give an endpoint's location a value of its own.

use lint_finding::Applicability;
use nginx_semantics::{ContextKind, Directive};
use nginx_syntax::NodeId;
use ws_model::Endpoint;

use crate::{Context, Edits};

/// The line `name value;` for an endpoint: where its location has the directive, this gets the value, else the location
/// gets the line. What the location inherits stays as it is for others.
pub(crate) fn set(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, name: &str, value: &str) -> Edits {
    match own(cx, endpoint, name) {
        Some(line) => Edits::new().argument(&line, 0, value),
        None => add(cx, endpoint, &[format!("{name} {value};")]),
    }
}

/// The directive that the endpoint's location has itself, be it in a file that it includes.
pub(crate) fn own<'s>(cx: &Context<'_, 's>, endpoint: &Endpoint<'_>, name: &str) -> Option<Directive<'s>> {
    let configuration = cx.configuration();
    let location = configuration.enclosing(endpoint.context, ContextKind::Location)?;
    configuration.named(location, nginx_semantics::catalogue::lookup(name.as_bytes())).next()
}

/// Lines for an endpoint's location, behind the last of its lines about what it passes requests to.
pub(crate) fn add(cx: &Context<'_, '_>, endpoint: &Endpoint<'_>, lines: &[String]) -> Edits {
    let configuration = cx.configuration();
    let location = configuration.enclosing(endpoint.context, ContextKind::Location);
    let Some(location) = location.and_then(|location| configuration.opener(location)) else {
        return Edits::impossible();
    };
    let Some(file) = location.file() else { return Edits::impossible() };
    let node = location.reference.node;
    let is_kin = |child: &NodeId| {
        let name = file.tree.name(*child, file.bytes());
        let family = name.split(|byte| *byte == b'_').next().unwrap_or_default();
        !file.tree.is_block(*child)
            && endpoint.pass.directive.name_bytes().starts_with(&[family, b"_"].concat())
    };
    match file.tree.children(node).filter(is_kin).last() {
        Some(last) => {
            let mut line = location;
            line.reference.node = last;
            Edits::new().after(&line, lines)
        }
        None => Edits::new().at_end(&location, lines),
    }
}

/// Safe where the location gets nothing but handshakes.
pub(crate) fn safe_if_alone(endpoint: &Endpoint<'_>) -> Applicability {
    if endpoint.may_serve_ordinary_requests() { Applicability::Unsafe } else { Applicability::Safe }
}
