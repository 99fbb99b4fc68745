//! One file a rule, one page beside it.

mod conflicting_server;
mod duplicate_location;
mod duplicate_map;
mod error_page_hides_upgrade;
mod handshake_intercepted;
mod handshake_redirected;
mod http10_upstream;
mod http2_upstream;
mod include_cycle;
mod include_not_found;
mod keepalive_defeated;
mod literal_connection_upgrade;
mod missing_connection_header;
mod missing_upgrade_header;
mod path_rewritten;
mod proxy_pass_not_inherited;
mod shadowed_location;
mod short_read_timeout;
mod syntax_error;
mod undefined_variable;
mod unsupported_upstream_protocol;
mod upgrade_headers_not_inherited;
mod websocket_scheme_in_proxy_pass;
mod wrong_connection_header;
mod wrong_upgrade_header;

use crate::Rule;

/// All rules, sorted by name.
pub static RULES: &[&dyn Rule] = &[
    &conflicting_server::ConflictingServer,
    &duplicate_location::DuplicateLocation,
    &duplicate_map::DuplicateMap,
    &error_page_hides_upgrade::ErrorPageHidesUpgrade,
    &handshake_intercepted::HandshakeIntercepted,
    &handshake_redirected::HandshakeRedirected,
    &http10_upstream::Http10Upstream,
    &http2_upstream::Http2Upstream,
    &include_cycle::IncludeCycle,
    &include_not_found::IncludeNotFound,
    &keepalive_defeated::KeepaliveDefeated,
    &literal_connection_upgrade::LiteralConnectionUpgrade,
    &missing_connection_header::MissingConnectionHeader,
    &missing_upgrade_header::MissingUpgradeHeader,
    &path_rewritten::PathRewritten,
    &proxy_pass_not_inherited::ProxyPassNotInherited,
    &shadowed_location::ShadowedLocation,
    &short_read_timeout::ShortReadTimeout,
    &syntax_error::SyntaxErrorRule,
    &undefined_variable::UndefinedVariable,
    &unsupported_upstream_protocol::UnsupportedUpstreamProtocol,
    &upgrade_headers_not_inherited::UpgradeHeadersNotInherited,
    &websocket_scheme_in_proxy_pass::WebsocketSchemeInProxyPass,
    &wrong_connection_header::WrongConnectionHeader,
    &wrong_upgrade_header::WrongUpgradeHeader,
];
