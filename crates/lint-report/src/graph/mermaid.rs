//! A flow chart of Mermaid, which GitHub, GitLab and many wikis draw.
//!
//! Mermaid refuses more than 50,000 characters or 500 edges unless its page allows more (`maxTextSize`, `maxEdges`), and
//! no chart may allow itself more, so edges past that are counted instead.

use std::io::{self, Write};

use lint_finding::{Graph, GraphNode, NodeKind, Severity};

use super::{Line, frames, lines, worst};
use crate::escape;

/// As many edges are drawn by default settings of Mermaid.
const EDGES: usize = 500;

pub(crate) fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    // Wide enough for all lines: text is not folded inside of words.
    writeln!(out, "%%{{init: {{\"flowchart\": {{\"wrappingWidth\": 480}}}}}}%%")?;
    writeln!(out, "flowchart LR")?;
    for (number, heading, nodes) in frames(graph) {
        if let Some(heading) = &heading {
            writeln!(out, "    subgraph p{number}[\"{}\"]", label(heading))?;
        }
        let indent = if heading.is_some() { "        " } else { "    " };
        for (id, node) in nodes {
            let (open, close) = shape(node);
            writeln!(out, "{indent}n{id}{open}\"{}\"{close}", label(&lines(graph, node)))?;
        }
        if heading.is_some() {
            writeln!(out, "    end")?;
        }
    }
    for edge in graph.edges.iter().take(EDGES) {
        let arrow = if edge.is_link { "-.->" } else { "-->" };
        match &edge.label {
            Some(label) => {
                writeln!(out, "    n{} {arrow}|\"{}\"| n{}", edge.from, quoted(&escape(label)), edge.to)?;
            }
            None => writeln!(out, "    n{} {arrow} n{}", edge.from, edge.to)?,
        }
    }
    let mut notes = graph.notes.clone();
    if graph.edges.len() > EDGES {
        notes.push(format!("{} edges are left out: Mermaid draws {EDGES}", graph.edges.len() - EDGES));
    }
    for (number, note) in notes.iter().enumerate() {
        writeln!(out, "    note{number}[\"{}\"]:::note", quoted(&escape(note)))?;
    }
    classes(graph, out)
}

fn shape(node: &GraphNode) -> (&'static str, &'static str) {
    match node.kind {
        NodeKind::Socket => ("([", "])"),
        NodeKind::Location => ("(", ")"),
        NodeKind::Upstream => ("[[", "]]"),
        NodeKind::Peer => ("[(", ")]"),
        NodeKind::Server | NodeKind::File => ("[", "]"),
    }
}

/// The looks of nodes; the first class that fits a node comes first, and later ones add to it.
fn classes(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    type Fits = fn(&GraphNode) -> bool;
    let classes: [(&str, &str, Fits); 4] = [
        ("error", "fill:#fee2e2,color:#111827,stroke:#b91c1c", |node| worst(node) == Some(Severity::Error)),
        ("warning", "fill:#fef3c7,color:#111827,stroke:#b45309", |node| {
            worst(node) == Some(Severity::Warning)
        }),
        ("websocket", "stroke:#1d4ed8,stroke-width:3px", |node| node.is_endpoint),
        ("vague", "stroke-dasharray:4 3", |node| node.is_vague),
    ];
    if !graph.notes.is_empty() || graph.edges.len() > EDGES {
        writeln!(out, "    classDef note fill:none,stroke:none")?;
    }
    for (name, style, fits) in classes {
        let of: Vec<String> = graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| fits(node))
            .map(|(id, _)| format!("n{id}"))
            .collect();
        if !of.is_empty() {
            writeln!(out, "    classDef {name} {style}\n    class {} {name}", of.join(","))?;
        }
    }
    Ok(())
}

fn label(lines: &[Line]) -> String {
    lines.iter().map(|line| quoted(&line.text)).collect::<Vec<_>>().join("<br/>")
}

/// Text for a quoted label: what Mermaid, the HTML that it makes, its Markdown, its formulas or its icons would read as
/// more than text is written by its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_icon = c == ':' && chars.peek() == Some(&'f');
        if "\"#&<>%$`*_[]{}()|\\~;@".contains(c) || is_icon {
            quoted.push_str(&format!("#{};", u32::from(c)));
        } else {
            quoted.push(c);
        }
    }
    // A label that begins like a list is refused.
    let behind_number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_list = text.starts_with(['-', '+'])
        || behind_number.len() < text.len()
            && [". ", ") "].iter().any(|mark| behind_number.starts_with(mark));
    match quoted.chars().next() {
        Some(first) if is_list => format!("#{};{}", u32::from(first), quoted.get(1..).unwrap_or_default()),
        _ => quoted,
    }
}
