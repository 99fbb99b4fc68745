//! What leads where, as nodes and edges: requests through sockets, servers, locations and upstreams, or files through
//! includes.

use crate::{Outcome, Place, Severity};

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// An address that nginx listens on.
    Socket,
    /// A `server` block.
    Server,
    /// A `location`, or an `if` or `limit_except` with a `*_pass` of its own.
    Location,
    /// An `upstream` block.
    Upstream,
    /// A back end: a line of an `upstream`, or what a `*_pass` names itself.
    Peer,
    /// A file of the configuration.
    File,
}

impl NodeKind {
    /// The lower-case word used in every format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Server => "server",
            Self::Location => "location",
            Self::Upstream => "upstream",
            Self::Peer => "peer",
            Self::File => "file",
        }
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    /// What it stands for.
    pub kind: NodeKind,
    /// What it is called, as written.
    pub title: String,
    /// What else is to be said about it, a line each.
    pub lines: Vec<String>,
    /// The line that opens it; `None` if no such line was given.
    pub place: Option<Place>,
    /// The index of its part in [`Graph::parts`].
    pub part: usize,
    /// Whether it is a WebSocket endpoint.
    pub is_endpoint: bool,
    /// Whether it stands for something that is not known, or was left out.
    pub is_vague: bool,
    /// The findings about it: severity and rule, the worst first.
    pub findings: Vec<(Severity, &'static str)>,
}

impl GraphNode {
    /// One of which nothing more is known yet.
    pub fn new(kind: NodeKind, part: usize, title: String, lines: Vec<String>) -> Self {
        Self {
            kind,
            title,
            lines,
            place: None,
            part,
            is_endpoint: false,
            is_vague: false,
            findings: Vec::new(),
        }
    }
}

/// From one node to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphEdge {
    /// The index of the node where it begins.
    pub from: usize,
    /// The index of the node where it ends.
    pub to: usize,
    /// What is said at it.
    pub label: Option<String>,
    /// Whether it leads from a peer to the socket that this peer is.
    pub is_link: bool,
}

/// One nginx of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphPart {
    /// The path of its main file, with the name of the machine if that was given.
    pub title: String,
    /// The findings about none of its nodes: severity and rule, the worst first.
    pub findings: Vec<(Severity, &'static str)>,
}

/// A picture of a run.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The nginxes, in the order of the run.
    pub parts: Vec<GraphPart>,
    /// The nodes, those of a part together.
    pub nodes: Vec<GraphNode>,
    /// The edges.
    pub edges: Vec<GraphEdge>,
    /// What is left out of the picture, and how to get it, a sentence each.
    pub notes: Vec<String>,
    /// The files that places point into, findings and notices.
    pub outcome: Outcome,
}
