//! One file a rule, one page beside it.

mod arbitrary_upgrade_protocol;
mod balancing_order;
mod buffered_endpoint;
mod compressed_endpoint;
mod http10_upstream;
mod http2_only_listener;
mod http2_upstream;
mod include_cycle;
mod include_not_found;
mod ip_hash_behind_proxy;
mod keepalive_defeated;
mod literal_connection_upgrade;
mod missing_connection_header;
mod missing_upgrade_header;
mod open_connect_tunnel;
mod origin_stripped;
mod plaintext_to_tls_port;
mod quic_only_listener;
mod short_read_timeout;
mod stateless_balancing;
mod sticky_unavailable;
mod syntax_error;
mod tls_without_certificate;
mod undefined_variable;
mod upgrade_headers_not_inherited;
mod upstream_sni_missing;
mod upstream_without_stickiness;
mod websocket_scheme_in_proxy_pass;
mod wrong_connection_header;
mod wrong_upgrade_header;

use crate::Rule;

/// All rules, sorted by name.
pub static RULES: &[&dyn Rule] = &[
    &arbitrary_upgrade_protocol::ArbitraryUpgradeProtocol,
    &balancing_order::BalancingOrder,
    &buffered_endpoint::BufferedEndpoint,
    &compressed_endpoint::CompressedEndpoint,
    &http10_upstream::Http10Upstream,
    &http2_only_listener::Http2OnlyListener,
    &http2_upstream::Http2Upstream,
    &include_cycle::IncludeCycle,
    &include_not_found::IncludeNotFound,
    &ip_hash_behind_proxy::IpHashBehindProxy,
    &keepalive_defeated::KeepaliveDefeated,
    &literal_connection_upgrade::LiteralConnectionUpgrade,
    &missing_connection_header::MissingConnectionHeader,
    &missing_upgrade_header::MissingUpgradeHeader,
    &open_connect_tunnel::OpenConnectTunnel,
    &origin_stripped::OriginStripped,
    &plaintext_to_tls_port::PlaintextToTlsPort,
    &quic_only_listener::QuicOnlyListener,
    &short_read_timeout::ShortReadTimeout,
    &stateless_balancing::StatelessBalancing,
    &sticky_unavailable::StickyUnavailable,
    &syntax_error::SyntaxErrorRule,
    &tls_without_certificate::TlsWithoutCertificate,
    &undefined_variable::UndefinedVariable,
    &upgrade_headers_not_inherited::UpgradeHeadersNotInherited,
    &upstream_sni_missing::UpstreamSniMissing,
    &upstream_without_stickiness::UpstreamWithoutStickiness,
    &websocket_scheme_in_proxy_pass::WebsocketSchemeInProxyPass,
    &wrong_connection_header::WrongConnectionHeader,
    &wrong_upgrade_header::WrongUpgradeHeader,
];
