//! What nginx refuses because of the location around it.

use thiserror::Error;

use nginx_syntax::lossy;

use crate::configuration::{Configuration, ContextId, ContextKind};
use crate::location::{LocationName, Modifier};
use crate::upstream::Pass;

/// Why nginx refuses a location or the `proxy_pass` in it; the text is its message without ` in FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Nesting {
    /// The name does not begin like that of the location around it, be that a regex.
    #[error("location \"{inner}\" is outside location \"{outer}\"")]
    Outside {
        /// Its name.
        inner: String,
        /// The name of the one around it.
        outer: String,
    },
    /// Nothing may stand in `= /name`.
    #[error("location \"{inner}\" cannot be inside the exact location \"{outer}\"")]
    InExact {
        /// Its name.
        inner: String,
        /// The name of the one around it.
        outer: String,
    },
    /// Nor in `@name`.
    #[error("location \"{inner}\" cannot be inside the named location \"{outer}\"")]
    InNamed {
        /// Its name.
        inner: String,
        /// The name of the one around it.
        outer: String,
    },
    /// `@name` in a location.
    #[error("named location \"{0}\" can be on the server level only")]
    NamedInside(String),
    /// There is no name that the URI part of `proxy_pass` could take the place of.
    #[error(
        "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named location, or inside \"if\" statement, or inside \"limit_except\" block"
    )]
    UriPart,
}

/// Why nginx refuses a location inside another one (`http/ngx_http_core_module.c:ngx_http_core_location`).
pub fn misplaced_location(configuration: Configuration<'_>, location: ContextId) -> Option<Nesting> {
    let name_of = |context: ContextId| {
        let is_location = configuration.context(context).kind == ContextKind::Location;
        is_location.then(|| LocationName::of(&configuration.opener(context)?)).flatten()
    };
    // Most stand in no location.
    let around = name_of(configuration.context(location).parent?)?;
    let own = name_of(location)?;
    let text = |name: &LocationName<'_>| lossy(&name.name).into_owned();
    let (inner, outer) = (text(&own), text(&around));
    match (around.modifier, own.modifier) {
        (Modifier::Exact, _) => Some(Nesting::InExact { inner, outer }),
        (Modifier::Named, _) => Some(Nesting::InNamed { inner, outer }),
        (_, Modifier::Named) => Some(Nesting::NamedInside(inner)),
        (_, Modifier::Regex | Modifier::CaselessRegex) => None,
        _ => (!own.name.starts_with(&around.name)).then_some(Nesting::Outside { inner, outer }),
    }
}

/// Why nginx refuses a `proxy_pass` in this context (`http/modules/ngx_http_proxy_module.c:ngx_http_proxy_pass`). With
/// variables the URI part is all that is sent, and is taken everywhere.
pub fn misplaced_uri(
    configuration: Configuration<'_>,
    context: ContextId,
    pass: &Pass<'_>,
) -> Option<Nesting> {
    let is_nameless = match configuration.context(context).kind {
        ContextKind::If | ContextKind::LimitExcept => true,
        ContextKind::Location => {
            let name = LocationName::of(&configuration.opener(context)?)?;
            matches!(name.modifier, Modifier::Regex | Modifier::CaselessRegex | Modifier::Named)
        }
        _ => false,
    };
    (is_nameless && pass.has_fixed_uri()).then_some(Nesting::UriPart)
}
