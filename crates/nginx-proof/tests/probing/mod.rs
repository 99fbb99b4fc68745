//! Probes of a real nginx, compared with files.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use lint_engine::{Probed, Query, Settings, Url, probed};
use lint_finding::ProbeReport;
use nginx_proof::{Binary, Listen, Manner, Running, Setup};
use nginx_semantics::{MemoryFiles, Scope, VersionRange};
use ws_probe::{Plan, Resolve, probe, roots_of_pem, sent};

/// Where the linter finds the files.
const FOLDER: &str = "/probed";
pub(crate) const HOST: &str = "example.com";

fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// The port that a `listen` has, as the configuration says it.
fn port(listen: &Listen) -> u16 {
    let last = listen.original.rsplit(':').next().unwrap_or_default();
    last.parse().unwrap_or(80)
}

/// A plan for a listen of a running nginx.
pub(crate) fn plan(listen: &Listen, host: &str, target: &str) -> Plan {
    let scheme = if listen.is_tls { "wss" } else { "ws" };
    let url = Url::parse(&format!("{scheme}://{host}:{}{target}", port(listen))).unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port));
    Plan {
        authority: url.authority(),
        url: url.text.clone(),
        is_tls: url.is_tls,
        host: url.host.clone(),
        port: url.port,
        target: url.target,
        agent: "nginx-ws-lint".to_owned(),
        resolve: vec![Resolve { host: url.host, port: url.port, address }],
        roots: roots_of_pem(Running::certificate().unwrap().as_bytes()).unwrap(),
        max_time: Duration::from_secs(8),
        now: now(),
        ..Plan::default()
    }
}

/// Probes, and compares with files.
pub(crate) fn compared(binary: &Binary, plan: &Plan, files: &[(String, String)]) -> ProbeReport {
    let folder = PathBuf::from(FOLDER);
    let mut memory = MemoryFiles::new();
    for (path, text) in files {
        memory.insert(folder.join(path), text.as_str());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings {
        versions: Some(VersionRange::exactly(binary.version)),
        now: Some(plan.now),
        ..Settings::default()
    };
    let (seen, verdict, secrets) = probe(plan);
    let query = Query {
        url: Url::parse(&plan.url).unwrap(),
        headers: sent(plan),
        client: None,
        via: None,
        is_plain: false,
        has_no_certificate: true,
    };
    let hide = |text: &str| secrets.hide(text);
    let main = files.first().map(|(path, _)| folder.join(path)).unwrap();
    let met = Probed {
        query: &query,
        address: None,
        seen,
        verdict,
        is_introduced: plan.proxy_protocol,
        hide: &hide,
    };
    probed(&memory, &[main], &scope, &settings, met)
}

/// Lines of a location that passes a WebSocket on.
pub(crate) const UPGRADE: &str = "proxy_http_version 1.1; proxy_set_header Host $host; \
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";

pub(crate) fn files(http: &str) -> Vec<(String, String)> {
    vec![("nginx.conf".to_owned(), format!("events {{}}\nhttp {{\n{http}\n}}\n"))]
}

pub(crate) fn start(binary: &Binary, files: &[(String, String)], others: &[(&str, &Running)]) -> Running {
    let setup = Setup { files: files.to_vec(), manner: Manner::Strict, is_tested: false, ..Setup::default() };
    let running = Running::start_before(binary, &setup, others).unwrap();
    assert!(running.is_up(), "{:?}", running.verdict());
    running
}

pub(crate) fn seen(
    binary: &Binary,
    files: &[(String, String)],
    target: &str,
    change: impl FnOnce(&mut Plan),
) -> ProbeReport {
    let running = start(binary, files, &[]);
    let mut plan = plan(running.listens().first().unwrap(), HOST, target);
    change(&mut plan);
    compared(binary, &plan, files)
}

pub(crate) fn causes(report: &ProbeReport) -> Vec<&'static str> {
    report.comparison.as_ref().unwrap().causes.iter().map(|cause| cause.rule).collect()
}
