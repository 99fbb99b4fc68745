//! One file a rule, one page beside it.

mod access_log_off;
mod dead_peer_undetected;
mod http10_upstream;
mod http2_upstream;
mod include_cycle;
mod include_not_found;
mod keepalive_defeated;
mod limit_rate_leak;
mod literal_connection_upgrade;
mod log_format_blind;
mod missing_connection_header;
mod missing_upgrade_header;
mod no_shutdown_timeout;
mod nofile_below_connections;
mod short_read_timeout;
mod shutdown_timeout_drops;
mod stream_timeout;
mod syntax_error;
mod timeouts_not_logged;
mod undefined_variable;
mod upgrade_headers_not_inherited;
mod websocket_scheme_in_proxy_pass;
mod worker_connections_budget;
mod wrong_connection_header;
mod wrong_upgrade_header;

use crate::Rule;

/// All rules, sorted by name.
pub static RULES: &[&dyn Rule] = &[
    &access_log_off::AccessLogOff,
    &dead_peer_undetected::DeadPeerUndetected,
    &http10_upstream::Http10Upstream,
    &http2_upstream::Http2Upstream,
    &include_cycle::IncludeCycle,
    &include_not_found::IncludeNotFound,
    &keepalive_defeated::KeepaliveDefeated,
    &limit_rate_leak::LimitRateLeak,
    &literal_connection_upgrade::LiteralConnectionUpgrade,
    &log_format_blind::LogFormatBlind,
    &missing_connection_header::MissingConnectionHeader,
    &missing_upgrade_header::MissingUpgradeHeader,
    &no_shutdown_timeout::NoShutdownTimeout,
    &nofile_below_connections::NofileBelowConnections,
    &short_read_timeout::ShortReadTimeout,
    &shutdown_timeout_drops::ShutdownTimeoutDrops,
    &stream_timeout::StreamTimeout,
    &syntax_error::SyntaxErrorRule,
    &timeouts_not_logged::TimeoutsNotLogged,
    &undefined_variable::UndefinedVariable,
    &upgrade_headers_not_inherited::UpgradeHeadersNotInherited,
    &websocket_scheme_in_proxy_pass::WebsocketSchemeInProxyPass,
    &worker_connections_budget::WorkerConnectionsBudget,
    &wrong_connection_header::WrongConnectionHeader,
    &wrong_upgrade_header::WrongUpgradeHeader,
];
