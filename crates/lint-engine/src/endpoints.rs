//! Every endpoint as a row of a table.

use std::cmp::Reverse;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::path::PathBuf;

use hashbrown::HashMap;
use lint_finding::{EndpointTable, Finding, PeerRow, Severity, TableRow, Tls};
use nginx_semantics::{
    Configuration, ContextKind, Directive, DirectiveName, Files, Presence, Scope, balancing, peers, upstream,
};
use ws_model::{Endpoint, Model};

use crate::gather::{Ranks, Shared};
use crate::{Onlooker, Settings, judged, rows};

/// Lists the endpoints of what the arguments mean.
pub fn endpoints(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
) -> EndpointTable {
    judged(files, arguments, scope, settings, Table::default(), |_, outcome, on_disk, table| {
        let mut rows = table.rows;
        if let Some(on_disk) = on_disk {
            on_disk.table(&mut rows);
        }
        let ranks = Ranks::new(&outcome.files);
        let place = |row: &TableRow| (ranks.of(row.endpoint.place), row.endpoint.place.span);
        rows.sort_by(|one, other| {
            let names = || one.endpoint.server_names.cmp(&other.endpoint.server_names);
            place(one).cmp(&place(other)).then_with(names)
        });
        EndpointTable { rows, outcome }
    })
}

/// By server and location: severity and rule of each finding, the worst first.
type Said = BTreeMap<(String, String), BTreeSet<(Reverse<Severity>, &'static str)>>;

/// The rows so far.
#[derive(Default)]
struct Table {
    rows: Vec<TableRow>,
    /// Those of a hash.
    known: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
    shared: Shared,
    /// What was found in the model that is looked at.
    said: Said,
}

impl Onlooker for Table {
    fn finding(&mut self, finding: &Finding) {
        let Some(name) = &finding.endpoint else { return };
        let all = self.said.entry((name.server.clone(), name.location.clone())).or_default();
        all.insert((Reverse(finding.severity), finding.rule.name));
    }

    fn model(&mut self, model: &Model<'_>) {
        let said = std::mem::take(&mut self.said);
        for endpoint in &model.endpoints {
            let row = self.shared.table_row(row(model, endpoint, &said));
            // One fragment may be judged in several layouts.
            let same = self.known.entry(self.hasher.hash_one(&row)).or_default();
            if !same.iter().any(|&index| self.rows.get(index) == Some(&row)) {
                same.push(self.rows.len());
                self.rows.push(row);
            }
        }
    }
}

fn row(model: &Model<'_>, endpoint: &Endpoint<'_>, said: &Said) -> TableRow {
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
    let own = said.get(&(server, location)).into_iter().flatten();
    let findings = own.map(|(Reverse(severity), rule)| (*severity, *rule)).collect();
    TableRow {
        endpoint: rows::endpoint(endpoint, model.handshake(endpoint).as_ref(), model.versions),
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
    let mut lines = server.into_iter().flat_map(|server| configuration.named(server, DirectiveName::LISTEN));
    // A placeholder may stand for `ssl`.
    if lines.any(|line| line.has_unknown()) {
        return Tls::Unknown;
    }
    let count = endpoint.listens.iter().filter(|listen| has(listen)).count();
    match (endpoint.listens.len(), count) {
        (0, _) if !is_given => Tls::Unknown,
        (_, 0) => Tls::No,
        (all, some) if all == some => Tls::Yes,
        _ => Tls::Both,
    }
}
