//! One file a rule, one page beside it.

mod access_log_off;
mod always_false_upgrade_test;
mod arbitrary_upgrade_protocol;
mod balancing_order;
mod buffered_endpoint;
mod cached_handshake;
mod case_sensitive_upgrade_match;
mod certificate_without_tls;
mod chain_timeouts_misaligned;
mod commercial_directive;
mod compressed_endpoint;
mod conflicting_server;
mod dead_peer_undetected;
mod directive_not_allowed_here;
mod duplicate_handshake_header;
mod duplicate_location;
mod duplicate_map;
mod error_page_hides_upgrade;
mod forwarded_proto_missing;
mod handshake_fails;
mod handshake_headers_stripped;
mod handshake_intercepted;
mod handshake_limited;
mod handshake_redirected;
mod host_not_forwarded;
mod http10_upstream;
mod http2_only_listener;
mod http2_upstream;
mod include_cycle;
mod include_not_found;
mod incomplete_certificate_chain;
mod ip_hash_behind_proxy;
mod keepalive_defeated;
mod layer_without_websocket;
mod limit_rate_leak;
mod literal_connection_upgrade;
mod literal_upgrade_value;
mod log_format_blind;
mod missing_address_family;
mod missing_connection_header;
mod missing_resolver;
mod missing_tls_server;
mod missing_upgrade_header;
mod no_shutdown_timeout;
mod nofile_below_connections;
mod open_connect_tunnel;
mod origin_stripped;
mod outer_layer_closes_first;
mod path_rewritten;
mod plaintext_to_tls_port;
mod polling_forbidden;
mod proxy_headers_not_inherited;
mod proxy_pass_not_inherited;
mod quic_only_listener;
mod response_filter;
mod shadowed_location;
mod short_read_timeout;
mod shutdown_timeout_drops;
mod small_header_buffers;
mod small_response_buffer;
mod stale_upstream_address;
mod stateless_balancing;
mod sticky_unavailable;
mod stream_timeout;
mod syntax_error;
mod timeouts_not_logged;
mod tls_without_certificate;
mod undefined_variable;
mod unknown_directive;
mod unsupported_upstream_protocol;
mod unused_named_location;
mod unused_suppression;
mod upgrade_headers_not_inherited;
mod upgrade_in_subrequest;
mod upstream_sni_missing;
mod upstream_without_stickiness;
mod websocket_scheme_in_proxy_pass;
mod worker_connections_budget;
mod wrong_connection_header;
mod wrong_upgrade_header;

use crate::Rule;

/// All rules, sorted by name.
pub static RULES: &[&dyn Rule] = &[
    &access_log_off::AccessLogOff,
    &always_false_upgrade_test::AlwaysFalseUpgradeTest,
    &arbitrary_upgrade_protocol::ArbitraryUpgradeProtocol,
    &balancing_order::BalancingOrder,
    &buffered_endpoint::BufferedEndpoint,
    &cached_handshake::CachedHandshake,
    &case_sensitive_upgrade_match::CaseSensitiveUpgradeMatch,
    &certificate_without_tls::CertificateWithoutTls,
    &chain_timeouts_misaligned::ChainTimeoutsMisaligned,
    &commercial_directive::CommercialDirective,
    &compressed_endpoint::CompressedEndpoint,
    &conflicting_server::ConflictingServer,
    &dead_peer_undetected::DeadPeerUndetected,
    &directive_not_allowed_here::DirectiveNotAllowedHere,
    &duplicate_handshake_header::DuplicateHandshakeHeader,
    &duplicate_location::DuplicateLocation,
    &duplicate_map::DuplicateMap,
    &error_page_hides_upgrade::ErrorPageHidesUpgrade,
    &forwarded_proto_missing::ForwardedProtoMissing,
    &handshake_fails::HandshakeFails,
    &handshake_headers_stripped::HandshakeHeadersStripped,
    &handshake_intercepted::HandshakeIntercepted,
    &handshake_limited::HandshakeLimited,
    &handshake_redirected::HandshakeRedirected,
    &host_not_forwarded::HostNotForwarded,
    &http10_upstream::Http10Upstream,
    &http2_only_listener::Http2OnlyListener,
    &http2_upstream::Http2Upstream,
    &include_cycle::IncludeCycle,
    &include_not_found::IncludeNotFound,
    &incomplete_certificate_chain::IncompleteCertificateChain,
    &ip_hash_behind_proxy::IpHashBehindProxy,
    &keepalive_defeated::KeepaliveDefeated,
    &layer_without_websocket::LayerWithoutWebsocket,
    &limit_rate_leak::LimitRateLeak,
    &literal_connection_upgrade::LiteralConnectionUpgrade,
    &literal_upgrade_value::LiteralUpgradeValue,
    &log_format_blind::LogFormatBlind,
    &missing_address_family::MissingAddressFamily,
    &missing_connection_header::MissingConnectionHeader,
    &missing_resolver::MissingResolver,
    &missing_tls_server::MissingTlsServer,
    &missing_upgrade_header::MissingUpgradeHeader,
    &no_shutdown_timeout::NoShutdownTimeout,
    &nofile_below_connections::NofileBelowConnections,
    &open_connect_tunnel::OpenConnectTunnel,
    &origin_stripped::OriginStripped,
    &outer_layer_closes_first::OuterLayerClosesFirst,
    &path_rewritten::PathRewritten,
    &plaintext_to_tls_port::PlaintextToTlsPort,
    &polling_forbidden::PollingForbidden,
    &proxy_headers_not_inherited::ProxyHeadersNotInherited,
    &proxy_pass_not_inherited::ProxyPassNotInherited,
    &quic_only_listener::QuicOnlyListener,
    &response_filter::ResponseFilter,
    &shadowed_location::ShadowedLocation,
    &short_read_timeout::ShortReadTimeout,
    &shutdown_timeout_drops::ShutdownTimeoutDrops,
    &small_header_buffers::SmallHeaderBuffers,
    &small_response_buffer::SmallResponseBuffer,
    &stale_upstream_address::StaleUpstreamAddress,
    &stateless_balancing::StatelessBalancing,
    &sticky_unavailable::StickyUnavailable,
    &stream_timeout::StreamTimeout,
    &syntax_error::SyntaxErrorRule,
    &timeouts_not_logged::TimeoutsNotLogged,
    &tls_without_certificate::TlsWithoutCertificate,
    &undefined_variable::UndefinedVariable,
    &unknown_directive::UnknownDirective,
    &unsupported_upstream_protocol::UnsupportedUpstreamProtocol,
    &unused_named_location::UnusedNamedLocation,
    &unused_suppression::UnusedSuppression,
    &upgrade_headers_not_inherited::UpgradeHeadersNotInherited,
    &upgrade_in_subrequest::UpgradeInSubrequest,
    &upstream_sni_missing::UpstreamSniMissing,
    &upstream_without_stickiness::UpstreamWithoutStickiness,
    &websocket_scheme_in_proxy_pass::WebsocketSchemeInProxyPass,
    &worker_connections_budget::WorkerConnectionsBudget,
    &wrong_connection_header::WrongConnectionHeader,
    &wrong_upgrade_header::WrongUpgradeHeader,
];
