//! Graphviz's language, <https://graphviz.org/doc/info/lang.html>.

use std::io::{self, Write};

use lint_finding::{Graph, GraphNode, NodeKind};

use super::{Line, Look, frames, lines};
use crate::escape;
use crate::position::path_line;

pub(crate) fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph nginx {{")?;
    writeln!(out, "    rankdir=LR;")?;
    writeln!(out, "    graph [fontname=\"Helvetica\", fontsize=12];")?;
    writeln!(
        out,
        "    node [shape=box, style=filled, fillcolor=white, fontname=\"Helvetica\", fontsize=11, height=0.3];"
    )?;
    writeln!(out, "    edge [fontname=\"Helvetica\", fontsize=10, color=\"#475569\"];")?;
    for (number, heading, nodes) in frames(graph) {
        if let Some(heading) = &heading {
            let label = label(heading);
            writeln!(
                out,
                "    subgraph cluster_{number} {{\n        label={label};\n        color=\"#94a3b8\";"
            )?;
        }
        let indent = if heading.is_some() { "        " } else { "    " };
        for (id, node) in nodes {
            let attributes = attributes(graph, node);
            writeln!(out, "{indent}n{id} [label={}{attributes}];", label(&lines(graph, node)))?;
        }
        if heading.is_some() {
            writeln!(out, "    }}")?;
        }
    }
    for edge in &graph.edges {
        let mut attributes: Vec<String> = Vec::new();
        attributes.extend(edge.label.as_ref().map(|label| format!("label={}", quoted(&escape(label)))));
        attributes.extend(edge.is_link.then(|| "style=dashed".to_owned()));
        let attributes =
            if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        writeln!(out, "    n{} -> n{}{attributes};", edge.from, edge.to)?;
    }
    if !graph.notes.is_empty() {
        let notes: Vec<String> = graph.notes.iter().map(|note| text(&escape(note))).collect();
        writeln!(out, "    label=\"{}\\l\";\n    labelloc=b;\n    labeljust=l;", notes.join("\\l"))?;
    }
    writeln!(out, "}}")
}

fn attributes(graph: &Graph, node: &GraphNode) -> String {
    let mut style: Vec<&str> = vec!["filled"];
    let mut attributes = String::new();
    match node.kind {
        NodeKind::Socket | NodeKind::Location => style.push("rounded"),
        NodeKind::Peer => attributes.push_str(", shape=cylinder"),
        NodeKind::Server | NodeKind::Upstream | NodeKind::File => {}
    }
    if node.is_vague {
        style.push("dashed");
    }
    if style.len() > 1 {
        attributes.push_str(&format!(", style=\"{}\"", style.join(",")));
    }
    let Look { fill, stroke } = Look::of(node);
    attributes.push_str(&format!(", fillcolor=\"{fill}\", color=\"{stroke}\""));
    if node.is_endpoint {
        attributes.push_str(", penwidth=2.5");
    }
    if let Some(place) = node.place {
        attributes.push_str(&format!(", tooltip={}", quoted(&path_line(&graph.outcome, place))));
    }
    attributes
}

fn label(lines: &[Line]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| text(&line.text)).collect();
    format!("\"{}\"", lines.join("\\n"))
}

fn quoted(words: &str) -> String {
    format!("\"{}\"", text(words))
}

/// Text for a quoted string that is a label: a backslash begins an escape, and `&` a reference as in HTML.
fn text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
