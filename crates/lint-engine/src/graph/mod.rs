//! A run as a picture: what leads where, as nodes and edges, with what was found marked at them.
//!
//! A picture of ten thousand sites helps nobody and breaks its readers, so at most a number of nodes is shown: the worst
//! findings first, then endpoints. What is left out is counted.

mod choice;
mod includes;
mod marks;
mod parts;
mod requests;
mod sockets;

use std::collections::BTreeMap;
use std::path::PathBuf;

use lint_finding::{Graph, Notice, NoticeCode};
use nginx_semantics::{ContextId, Files, Scope, Target};
use ws_model::Model;

use self::marks::Marks;
use self::parts::Parts;
use crate::{Onlooker, Settings, Task, absolute, judged, rows};

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphOf {
    /// Whether it shows which file includes which, instead of what requests go through.
    pub is_of_includes: bool,
    /// The names of the servers to show, of all if empty, with what stands behind them.
    pub servers: Vec<String>,
    /// At most this many nodes.
    pub most: usize,
}

/// Draws what the arguments mean.
pub fn graph(
    files: &dyn Files,
    arguments: &[PathBuf],
    scope: &Scope,
    settings: &Settings,
    wanted: &GraphOf,
) -> Graph {
    let met = MetEndpoints::default();
    judged(files, arguments, scope, settings, met, |task, mut outcome, on_disk, met| {
        let Task { loaded, scope, arguments, .. } = *task;
        let parts = Parts::of(loaded, &absolute(arguments, scope));
        let mut graph = if wanted.is_of_includes {
            includes::graph(loaded, &parts, on_disk.as_ref(), &outcome, wanted.most)
        } else {
            let marks = Marks::of(&parts, on_disk.as_ref(), &outcome);
            let mut graph = requests::graph(&parts, &met.all, &marks, wanted);
            graph.notes.extend(parts::undrawn(loaded));
            graph
        };
        if let Some(on_disk) = &on_disk {
            on_disk.nodes(&mut graph.nodes);
        }
        for name in requests::unknown(&parts, &wanted.servers) {
            outcome.notices.push(Notice {
                code: NoticeCode::CommandLine,
                message: format!("no server has the name `{name}`"),
                place: None,
                path: None,
                incomplete: true,
            });
        }
        graph.outcome = outcome;
        graph
    })
}

/// What is told of an endpoint besides its place.
struct MetEndpoint {
    /// How long a silent connection lives, in words.
    idle: String,
    /// Where it goes, variables evaluated.
    target: Target,
}

/// The endpoints of each layout, servers of `stream` among them.
#[derive(Default)]
struct MetEndpoints {
    all: Vec<BTreeMap<ContextId, MetEndpoint>>,
}

impl Onlooker for MetEndpoints {
    fn model(&mut self, model: &Model<'_>) {
        let of_http = model.endpoints.iter().map(|endpoint| {
            let idle = rows::idle(&endpoint.idle).value;
            let idle =
                idle.map_or_else(|| "idle limit unknown".to_owned(), |idle| format!("idle limit {idle}"));
            (endpoint.context, MetEndpoint { idle, target: endpoint.target.clone() })
        });
        let of_stream = model.stream_endpoints().into_iter().map(|endpoint| {
            let idle = endpoint.idle_ms.map(nginx_semantics::time::display_ms);
            let idle =
                idle.map_or_else(|| "idle limit unknown".to_owned(), |idle| format!("idle limit {idle}"));
            let target = Target::parse(&endpoint.pass.argument(0).unwrap_or_default());
            (endpoint.server, MetEndpoint { idle, target })
        });
        self.all.push(of_http.chain(of_stream).collect());
    }
}
