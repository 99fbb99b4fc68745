//! `probe URL`: one handshake with a running server, beside what the configuration says of it.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use lint_engine::{Probed, Query, Settings, Url, UrlError, probed, probed_alone};
use lint_finding::PollingKind;
use nginx_semantics::slashed;
use ws_probe::{Browser, Family, Plan, Resolve, cookies, kind_of, probe, roots_of_pem, sent, without_user};

use super::TOOL;
use super::given::Given;
use super::lint::now;
use crate::cli::{BrowserName, PollingName, ProbeArgs, TraceFormat, header};
use crate::disk::read_at_most;
use crate::error::Error;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{say, terminal};

/// Who asks: servers can tell a probe from a browser.
const AGENT: &str = concat!("nginx-ws-lint/", env!("CARGO_PKG_VERSION"), " (probe)");

/// How long a probe takes at most, besides what it holds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a connection is watched that is not held.
const SETTLE: Duration = Duration::from_millis(300);

/// No file of cookies or certificates is larger.
const LARGEST: u64 = 4 << 20;

/// Probes and reports.
pub(crate) fn run(args: &ProbeArgs) -> Result<Exit, Error> {
    let read = [&args.cookie_file, &args.ca, &args.input.config];
    args.output.keep(read.into_iter().filter_map(Option::as_deref))?;
    let start = Instant::now();
    let (mut plan, url) = plan(args)?;
    let has_configuration = !args.input.paths.is_empty() || !args.input.host.is_empty();
    // Whatever is wrong with the paths is said before anything is contacted.
    let given = if has_configuration { Some(Given::new(&args.input, None)?) } else { None };
    // Reading what this machine trusts, and the paths, takes its time too.
    plan.max_time = plan.max_time.saturating_sub(start.elapsed());
    let progress = Progress::start("probing");
    let (seen, verdict, secrets) = probe(&plan);
    drop(progress);
    let report = match &given {
        None => probed_alone(seen, verdict),
        Some(given) => {
            let settings = Settings {
                versions: given.versions(&args.input, true),
                select: args.rules.select.clone(),
                ignore: args.rules.ignore.clone(),
                config: Given::config(&args.input),
                now: now(),
                ..Settings::default()
            };
            let via = args.via_listen.clone();
            let headers = sent(&plan);
            let query = Query { headers, via, has_no_certificate: true, ..Query::handshake(url) };
            let hide = |text: &str| secrets.hide(text);
            let address = plan
                .resolve
                .iter()
                .map(|resolve| resolve.address)
                .find(|address| address.port() != plan.port);
            let is_introduced = plan.proxy_protocol;
            let met = Probed { query: &query, address, seen, verdict, is_introduced, hide: &hide };
            let mut report = given.with(|files, paths, scope| probed(files, paths, scope, &settings, met));
            args.output.check(&report.outcome, given.scope())?;
            given.add_unlisted(&mut report.outcome);
            report
        }
    };
    let style = terminal::style(args.color.color, &args.output, args.verbose, false);
    args.output.write(|out| match args.format {
        TraceFormat::Human => lint_report::probe(&report, &style, out),
        TraceFormat::Json => lint_report::probe_json(&report, &TOOL, out),
    })?;
    Ok(Exit::of_probe(&report))
}

fn bad(what: &'static str, why: impl Into<String>) -> Error {
    Error::Probe { what, why: why.into() }
}

/// The plan, and the URL as `trace` takes it.
fn plan(args: &ProbeArgs) -> Result<(Plan, Url), Error> {
    let (text, credentials) = without_user(&args.url);
    let url = Url::parse(&ascii(&text)).map_err(|error| bad("the URL", url_fault(&error)))?;
    if !url.host.is_ascii() {
        return Err(bad("the URL", "write its host in ASCII, as xn--…"));
    }
    let headers = args.header.iter().map(|text| own_header(text)).collect::<Result<Vec<_>, _>>()?;
    if let Some(origin) = args.origin.as_ref().filter(|origin| !is_one_line(origin)) {
        return Err(bad("--origin", format!("`{}` is not one line", lint_report::escape(origin))));
    }
    let is_token = |name: &&String| header(&format!("{name}:")).is_err();
    if let Some(name) = args.subprotocol.iter().find(is_token) {
        return Err(bad("--subprotocol", format!("`{}` is no name of one", lint_report::escape(name))));
    }
    let resolve = args
        .resolve
        .iter()
        .map(|text| Resolve::parse(text).map_err(|error| bad("--resolve", error.to_string())));
    let now = now().unwrap_or_default();
    let host = url.host.trim_start_matches('[').trim_end_matches(']');
    let cookies = match &args.cookie_file {
        Some(path) => {
            let text = String::from_utf8(read("--cookie-file", path)?);
            let text = text.map_err(|_| bad("--cookie-file", "it is no text"))?;
            let all = cookies(&text, host, &url.target, url.is_tls, now);
            if all.is_empty() {
                say("note: --cookie-file has no cookie for this URL");
            }
            all
        }
        None => Vec::new(),
    };
    let polling = match args.polling {
        None => None,
        Some(PollingName::Socketio) => Some(PollingKind::SocketIo),
        Some(PollingName::Sockjs) => Some(PollingKind::SockJs),
        Some(PollingName::Signalr) => Some(PollingKind::SignalR),
        Some(PollingName::Auto) => Some(kind_of(&url.target).ok_or_else(|| {
            bad("--polling", "the URL does not tell the library: write --polling=socketio, sockjs or signalr")
        })?),
    };
    let roots = match (url.is_tls, &args.ca) {
        (true, file) => roots(file.as_deref())?,
        (false, None) => Vec::new(),
        (false, Some(file)) => {
            roots(Some(file))?;
            say("note: --ca is for wss:// and https:// URLs: this one has no certificate");
            Vec::new()
        }
    };
    let plan = Plan {
        browser: match args.browser {
            BrowserName::Chrome => Browser::Chrome,
            BrowserName::Firefox => Browser::Firefox,
        },
        headers,
        origin: args.origin.clone(),
        subprotocols: args.subprotocol.clone(),
        cookies,
        credentials,
        resolve: resolve.collect::<Result<_, _>>()?,
        family: match (args.ipv4, args.ipv6) {
            (true, _) => Some(Family::V4),
            (_, true) => Some(Family::V6),
            _ => None,
        },
        proxy_protocol: args.proxy_protocol,
        roots,
        settle: SETTLE,
        idle: args.idle,
        ping: args.ping,
        reconnects: args.reconnects.into(),
        peer_headers: args.backend_header.clone(),
        polling,
        max_time: args.max_time.unwrap_or(PATIENCE + args.idle.unwrap_or_default()),
        ..plan_of(&url, &text, AGENT)
    };
    Ok((plan, url))
}

/// One request for a URL, without anything of its own.
pub(super) fn plan_of(url: &Url, text: &str, agent: &str) -> Plan {
    Plan {
        url: text.to_owned(),
        is_tls: url.is_tls,
        host: url.host.clone(),
        port: url.port,
        target: url.target.clone(),
        authority: url.authority(),
        browser: Browser::Chrome,
        agent: agent.to_owned(),
        max_time: PATIENCE,
        now: now().unwrap_or_default(),
        ..Plan::default()
    }
}

/// The issuers that this machine trusts.
pub(super) fn system_roots() -> Vec<Vec<u8>> {
    rustls_native_certs::load_native_certs().certs.into_iter().map(|one| one.to_vec()).collect()
}

/// The same, and those of a file.
fn roots(file: Option<&Path>) -> Result<Vec<Vec<u8>>, Error> {
    let mut all = system_roots();
    if let Some(path) = file {
        let own = roots_of_pem(&read("--ca", path)?);
        all.extend(
            own.map_err(|error| bad("--ca", format!("`{}`: {error}", lint_report::escape(&slashed(path)))))?,
        );
    } else if all.is_empty() {
        say(
            "note: this machine trusts no issuer of certificates (no CA bundle was found); name one with --ca",
        );
    }
    Ok(all)
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Error> {
    let named = |error: &dyn std::fmt::Display| {
        bad(what, format!("cannot read `{}`: {error}", lint_report::escape(&slashed(path))))
    };
    let file = File::open(path).map_err(|error| named(&error))?;
    let bytes = read_at_most(file, LARGEST, 0).map_err(|error| named(&error))?;
    bytes.ok_or_else(|| named(&format!("it is larger than {LARGEST} bytes")))
}

/// A header field of the user's. What is wrong with it is said without its value.
fn own_header(text: &str) -> Result<(String, String), Error> {
    let (name, value) = header(text).map_err(|error| bad("--header", error))?;
    if !is_one_line(&value) {
        return Err(bad("--header", "the value has a control character"));
    }
    if name.eq_ignore_ascii_case("user-agent") {
        return Err(bad(
            "--header",
            "`User-Agent` stays that of the probe, so that servers can tell who asks",
        ));
    }
    Ok((name, value))
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(|letter| letter.is_control() && letter != '\t')
}

/// As browsers send it: what is no ASCII in the path is escaped.
fn ascii(url: &str) -> String {
    let scheme = url.find("://").map_or(0, |at| at + 3);
    let start = url.get(scheme..).and_then(|rest| rest.find(['/', '?'])).map_or(url.len(), |at| scheme + at);
    let (authority, path) = url.split_at(start);
    let mut text = authority.to_owned();
    for letter in path.chars() {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            let mut bytes = [0; 4];
            letter.encode_utf8(&mut bytes).bytes().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
        }
    }
    text
}

/// Without the URL, which may hold a credential.
fn url_fault(error: &UrlError) -> String {
    match error {
        UrlError::Scheme(_) => "it must start with ws://, wss://, http:// or https://".to_owned(),
        UrlError::Host(_) => "it names no host".to_owned(),
        UrlError::Port(_) => "it has an invalid port".to_owned(),
        UrlError::Part(_, what) => format!("it has a {what}, which no handshake can have"),
    }
}
