//! Whether a configuration is one of NGINX Plus, which has more than its number of a version tells.

use crate::Context;

/// Directives that only NGINX Plus has.
const COMMERCIAL: [&[u8]; 9] = [
    b"api",
    b"auth_jwt",
    b"health_check",
    b"keyval",
    b"keyval_zone",
    b"queue",
    b"state",
    b"status_zone",
    b"zone_sync",
];

/// Whether something else in the configuration tells that it is one of NGINX Plus.
pub(crate) fn is_commercial(cx: &Context<'_, '_>) -> bool {
    let configuration = cx.configuration();
    configuration.contexts().any(|(id, context)| {
        !context.kind.has_entries()
            && configuration.directives(id).any(|line| COMMERCIAL.contains(&line.name_bytes().as_ref()))
    })
}
