//! What nginx, browsers and back ends say when a WebSocket does not come about or does not last, one file for each of them.

mod back_ends;
mod close_codes;
mod consoles;
mod said;
mod server_log;
mod startup;
mod statuses;
mod upstream_log;

use super::Symptom;

/// What to look at in most cases where the handshake is refused.
const TRACE: &str = "`nginx-ws-lint trace URL PATHS` shows which server and location get the handshake and what the back end receives";

/// In the order in which a connection gets to them: the status of the handshake, the code of its end, what the client says,
/// what nginx logs, what the back end says, and what people say.
pub fn symptoms() -> impl Iterator<Item = &'static Symptom> {
    let parts: [&[Symptom]; 8] = [
        &statuses::SYMPTOMS,
        &close_codes::SYMPTOMS,
        &consoles::SYMPTOMS,
        &upstream_log::SYMPTOMS,
        &server_log::SYMPTOMS,
        &startup::SYMPTOMS,
        &back_ends::SYMPTOMS,
        &said::SYMPTOMS,
    ];
    parts.into_iter().flatten()
}
