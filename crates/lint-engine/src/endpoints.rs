//! Every endpoint as a row of a table.

use std::path::PathBuf;

use lint_finding::{EndpointTable, Finding, PeerRow, Place, Severity, TableRow, Tls};
use nginx_semantics::{
    Configuration, ContextKind, Directive, Files, Presence, Scope, balancing, load, peers, upstream,
};
use ws_model::{Endpoint, Model};

use crate::settings::SettingsFiles;
use crate::{Settings, as_set, judge, rows};

/// Lists the endpoints of what the arguments mean.
pub fn endpoints(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
) -> EndpointTable {
    let files_of_settings = SettingsFiles::new(files, scope, &settings.config);
    let (arguments, scope) = as_set(files, arguments, scope, &files_of_settings);
    let loaded = load(files, &arguments, &scope);
    let mut rows: Vec<TableRow> = Vec::new();
    let outcome = judge(&loaded, settings, &files_of_settings, &scope, &arguments, &mut |model, found| {
        for endpoint in &model.endpoints {
            let row = row(model, endpoint, found);
            // One fragment may be judged in several layouts.
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    });
    let path = |place: Place| outcome.file(place.file).map_or("", |file| file.source.path()).to_owned();
    rows.sort_by_cached_key(|row| {
        (path(row.endpoint.place), row.endpoint.place.span, row.endpoint.server_names.clone())
    });
    EndpointTable { rows, outcome }
}

fn row(model: &Model<'_>, endpoint: &Endpoint<'_>, found: &[Finding]) -> TableRow {
    let configuration = model.configuration;
    let name = match endpoint.target.port {
        Some(port) => format!("{}:{port}", endpoint.target.host),
        None => endpoint.target.host.clone(),
    };
    let group = upstream(configuration, endpoint.context, &name);
    let peer = |line: &Directive<'_>, text: String| PeerRow { text, place: rows::place_of(line) };
    let peers = group.map(|group| {
        peers(configuration, group).map(|own| peer(&own.directive, own.directive.arguments_text())).collect()
    });
    let balancing = group.map(|group| {
        balancing(configuration, group).iter().map(|line| peer(line, line.text_line())).collect()
    });
    let (server, location) = (endpoint.server_name(), endpoint.location_text());
    let is_about = |finding: &&Finding| {
        let name = finding.endpoint.as_ref();
        name.is_some_and(|name| name.server == server && name.location == location)
    };
    let mut findings: Vec<(Severity, &'static str)> =
        found.iter().filter(is_about).map(|finding| (finding.severity, finding.rule.name)).collect();
    findings.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
    findings.dedup();
    TableRow {
        endpoint: rows::endpoint(endpoint, model.versions),
        tls: tls(configuration, endpoint),
        group: group.and_then(|group| configuration.opener(group)).map(|opener| opener.arguments_text()),
        peers: peers.unwrap_or_default(),
        balancing: balancing.unwrap_or_default(),
        findings,
    }
}

/// By the `listen` lines of the server alone: `ssl` on another server's line of the same socket counts too in nginx, but
/// people write it on each.
fn tls(configuration: Configuration<'_>, endpoint: &Endpoint<'_>) -> Tls {
    let server = configuration.enclosing(endpoint.context, ContextKind::Server);
    let is_given = server.is_some_and(|server| configuration.context(server).presence == Presence::Given);
    let has = |listen: &String| listen.split_whitespace().skip(1).any(|word| matches!(word, "ssl" | "quic"));
    let count = endpoint.listens.iter().filter(|listen| has(listen)).count();
    match (endpoint.listens.len(), count) {
        (0, _) if !is_given => Tls::Unknown,
        (_, 0) => Tls::No,
        (all, some) if all == some => Tls::Yes,
        _ => Tls::Both,
    }
}
