//! The command line of `probe`. What may hold a credential is read where it is used: clap would print it in its errors.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use nginx_semantics::{ListenAddress, time};

use super::values::via_listen;
use super::{ColorArgs, InputArgs, OutputArgs, RulesArgs, TraceFormat};

/// A hold takes no longer, nor does a run.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Pings come no more often: a probe is no load.
const SHORTEST_PING: Duration = Duration::from_secs(1);
/// So many handshakes are made, one after another.
const MOST_RECONNECTS: i64 = 100;

/// `--as`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum BrowserName {
    #[default]
    /// `Connection: Upgrade`, as Safari and Edge send it
    Chrome,
    /// `Connection: keep-alive, Upgrade`
    Firefox,
}

/// `--polling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PollingName {
    /// As the URL tells
    Auto,
    /// Socket.IO's long polling
    Socketio,
    #[value(help = "SockJS's xhr")]
    Sockjs,
    /// SignalR's negotiation
    Signalr,
}

/// What to probe, and how.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// What a client opens: ws://, wss://, http:// or https://; nothing else is contacted
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// The browser whose handshake is sent
    #[arg(long = "as", value_name = "BROWSER", value_enum, default_value_t, help_heading = "Request")]
    pub(crate) browser: BrowserName,
    /// A header field that is sent too, or in place of the browser's; `NAME:` alone removes one (repeatable)
    #[arg(short = 'H', long, value_name = "NAME: VALUE", help_heading = "Request")]
    pub(crate) header: Vec<String>,
    /// The page that opens the WebSocket [default: the site of the URL]
    #[arg(long, value_name = "ORIGIN", help_heading = "Request")]
    pub(crate) origin: Option<String>,
    /// A subprotocol to offer (comma-separated, repeatable)
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "Request")]
    pub(crate) subprotocol: Vec<String>,
    /// Send the cookies of FILE: a jar in Netscape's format, as curl writes it, or NAME=VALUE in each line
    #[arg(long, value_name = "FILE", help_heading = "Request")]
    pub(crate) cookie_file: Option<PathBuf>,
    /// Connect to ADDRESS for this host and port; it may have a port of its own, as 127.0.0.1:8443 (repeatable)
    #[arg(long, value_name = "HOST:PORT:ADDRESS", help_heading = "Connection")]
    pub(crate) resolve: Vec<String>,
    /// The socket of nginx that the request comes to, for PATHS, where several have the port, such as 10.0.0.1:443
    #[arg(long, value_name = "ADDR:PORT", value_parser = via_listen, help_heading = "Connection")]
    pub(crate) via_listen: Option<ListenAddress>,
    /// Use IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6", help_heading = "Connection")]
    pub(crate) ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long, help_heading = "Connection")]
    pub(crate) ipv6: bool,
    /// Send a line of the PROXY protocol first, as a load balancer does
    #[arg(long, help_heading = "Connection")]
    pub(crate) proxy_protocol: bool,
    /// Trust the certificates in FILE (PEM) too, as those of a private CA
    #[arg(long, value_name = "FILE", help_heading = "Connection")]
    pub(crate) ca: Option<PathBuf>,
    /// How long all of it may take, such as 90s or 5m [default: 30s, and the time of --idle]
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Connection")]
    pub(crate) max_time: Option<Duration>,
    /// Hold the connection silent for TIME, and say when, how and by whom it ends
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "What is tried")]
    pub(crate) idle: Option<Duration>,
    /// Ping this often while it is held
    #[arg(long, value_name = "TIME", value_parser = interval, requires = "idle", help_heading = "What is tried")]
    pub(crate) ping: Option<Duration>,
    /// Make N handshakes, one after another, and say which back end answers if a cookie or a field tells
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u8).range(1..=MOST_RECONNECTS),
        default_value_t = 1,
        hide_default_value = true,
        help_heading = "What is tried"
    )]
    pub(crate) reconnects: u8,
    /// A field of answers that names the back end, besides those that are known (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "What is tried")]
    pub(crate) backend_header: Vec<String>,
    /// Try the fallback over HTTP too
    #[arg(
        long,
        value_name = "LIBRARY",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto",
        help_heading = "What is tried"
    )]
    pub(crate) polling: Option<PollingName>,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// How it is written
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: TraceFormat,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) color: ColorArgs,
    /// Show all fields of the answer, and every way that the configuration leaves open
    #[arg(short, long, help_heading = "Output")]
    pub(crate) verbose: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let milliseconds = time::parse_ms(text.as_bytes()).filter(|time| *time > 0);
    let time = milliseconds.map(Duration::from_millis).ok_or("write a time such as 500ms, 90s or 5m")?;
    if time > LONGEST { Err("this is longer than a day".to_owned()) } else { Ok(time) }
}

fn interval(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < SHORTEST_PING { Err("pings come at most once a second".to_owned()) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_bounded() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        for text in ["", "0", "-1s", "25h", "1x"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(interval("900ms").is_err() && interval("1s").is_ok());
    }
}
