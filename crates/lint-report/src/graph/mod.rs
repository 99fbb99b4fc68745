//! A run as a picture, one file a format.

mod dot;
mod layout;
mod mermaid;
mod svg;

use std::borrow::Cow;

use lint_finding::{Graph, GraphNode, GraphPart, NodeKind, Severity};
use unicode_width::UnicodeWidthChar;

use crate::escape;
use crate::position::line_of;

pub(crate) use self::dot::write as dot;
pub(crate) use self::mermaid::write as mermaid;
pub(crate) use self::svg::write as svg;

/// Columns of the longest line of a node.
const WIDEST: usize = 44;

/// As many rules are named at a node.
const RULES: usize = 4;

/// What a line of a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Title,
    Plain,
    Place,
    Finding(Severity),
}

/// A line of a node, escaped and cut to [`WIDEST`] columns.
#[derive(Debug, Clone)]
struct Line {
    role: Role,
    text: String,
}

impl Line {
    fn new(role: Role, text: &str) -> Self {
        Self { role, text: fitting(&escape(text)).into_owned() }
    }
}

/// The worst severity that a picture colours; infos are counted, not coloured.
fn worst(node: &GraphNode) -> Option<Severity> {
    let first = node.findings.iter().map(|(severity, _)| *severity).max();
    first.filter(|severity| *severity >= Severity::Warning)
}

/// The colours of a node: its findings colour the inside, an endpoint the frame.
struct Look {
    fill: &'static str,
    stroke: &'static str,
}

impl Look {
    fn of(node: &GraphNode) -> Self {
        let fill = match (worst(node), node.kind) {
            (Some(Severity::Error), _) => "#fee2e2",
            (Some(_), _) => "#fef3c7",
            (None, NodeKind::Socket) => "#e0f2fe",
            (None, NodeKind::Server | NodeKind::File) => "#f1f5f9",
            (None, NodeKind::Upstream) => "#ecfdf5",
            (None, NodeKind::Location | NodeKind::Peer) => "#ffffff",
        };
        let stroke = match (node.is_endpoint, worst(node)) {
            (true, _) => "#1d4ed8",
            (false, Some(Severity::Error)) => "#b91c1c",
            (false, Some(_)) => "#b45309",
            (false, None) => "#64748b",
        };
        Self { fill, stroke }
    }
}

/// A part of a picture: its number, its heading if it is drawn as a frame, and its nodes with their numbers.
type Frame<'g> = (usize, Option<Vec<Line>>, Vec<(usize, &'g GraphNode)>);

/// The parts that have nodes.
fn frames(graph: &Graph) -> impl Iterator<Item = Frame<'_>> {
    graph.parts.iter().enumerate().filter_map(|(number, part)| {
        let nodes = graph.nodes.iter().enumerate().filter(|(_, node)| node.part == number);
        let nodes: Vec<(usize, &GraphNode)> = nodes.collect();
        (!nodes.is_empty()).then(|| (number, heading(graph, part), nodes))
    })
}

/// All that a node says.
fn lines(graph: &Graph, node: &GraphNode) -> Vec<Line> {
    let mut lines = vec![match node.kind {
        NodeKind::File => Line { role: Role::Title, text: end_of(&escape(&node.title), "") },
        _ => Line::new(Role::Title, &node.title),
    }];
    lines.extend(node.lines.iter().map(|line| Line::new(Role::Plain, line)));
    // A socket is opened by many lines.
    if let Some(place) = node.place.filter(|_| node.kind != NodeKind::Socket) {
        let (path, line) = line_of(&graph.outcome, place);
        lines.push(Line { role: Role::Place, text: end_of(&escape(path), &format!(":{line}")) });
    }
    lines.extend(findings(&node.findings));
    lines
}

/// The findings of a node or a part: rules by name, infos as a count.
fn findings(findings: &[(Severity, &'static str)]) -> Vec<Line> {
    let named: Vec<_> = findings.iter().filter(|(severity, _)| *severity >= Severity::Warning).collect();
    let mut lines: Vec<Line> = named
        .iter()
        .take(RULES)
        .map(|(severity, rule)| Line::new(Role::Finding(*severity), &format!("{severity}: {rule}")))
        .collect();
    if let Some((severity, _)) = named.get(RULES) {
        let text = format!("… {} more", named.len() - RULES);
        lines.push(Line::new(Role::Finding(*severity), &text));
    }
    match findings.len() - named.len() {
        0 => {}
        1 => lines.push(Line::new(Role::Finding(Severity::Info), "1 info")),
        infos => lines.push(Line::new(Role::Finding(Severity::Info), &format!("{infos} infos"))),
    }
    lines
}

/// The heading of a part; `None` if there is nothing to tell it from.
fn heading(graph: &Graph, part: &GraphPart) -> Option<Vec<Line>> {
    let found = findings(&part.findings);
    if graph.parts.len() < 2 && found.is_empty() {
        return None;
    }
    let title = Line { role: Role::Title, text: end_of(&escape(&part.title), "") };
    Some(std::iter::once(title).chain(found).collect())
}

/// The columns of a text.
fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The beginning of a text that is too long.
fn fitting(text: &str) -> Cow<'_, str> {
    if columns(text) <= WIDEST {
        return Cow::Borrowed(text);
    }
    let mut cut = String::new();
    let mut width = 0;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width >= WIDEST {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    Cow::Owned(cut)
}

/// The end of a path that is too long, with what follows it.
fn end_of(path: &str, behind: &str) -> String {
    let room = WIDEST.saturating_sub(columns(behind));
    if columns(path) <= room {
        return format!("{path}{behind}");
    }
    let mut width = 1;
    let mut kept: Vec<char> = Vec::new();
    for c in path.chars().rev() {
        width += c.width().unwrap_or(0);
        if width > room {
            break;
        }
        kept.push(c);
    }
    let kept: String = kept.into_iter().rev().collect();
    // From a name on, if one begins in it.
    let kept = kept.find('/').and_then(|slash| kept.get(slash..)).unwrap_or(&kept);
    format!("…{kept}{behind}")
}
