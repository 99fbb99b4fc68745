//! Pictures, whatever the names in them are.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use lint_finding::{Graph, GraphEdge, GraphNode, GraphPart, NodeKind, Severity};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

type Writes = fn(&Graph, &mut dyn Write) -> std::io::Result<()>;

fn written(graph: &Graph, write: Writes) -> String {
    let mut out = Vec::new();
    write(graph, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn node(kind: NodeKind, title: &str) -> GraphNode {
    GraphNode {
        kind,
        title: title.to_owned(),
        lines: Vec::new(),
        place: None,
        part: 0,
        is_endpoint: false,
        is_vague: false,
        findings: Vec::new(),
    }
}

fn edge(from: usize, to: usize) -> GraphEdge {
    GraphEdge { from, to, label: None, is_link: false }
}

fn part(title: &str) -> GraphPart {
    GraphPart { title: title.to_owned(), findings: Vec::new() }
}

/// Two nginxes, with one of everything.
fn chain() -> Graph {
    let findings = |count: usize| {
        const RULES: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
        RULES.iter().take(count).map(|rule| (Severity::Warning, *rule)).collect::<Vec<_>>()
    };
    let mut nodes = vec![
        GraphNode { lines: vec!["TLS".into()], ..node(NodeKind::Socket, "*:443") },
        node(NodeKind::Server, "server chat.test"),
        GraphNode {
            lines: vec!["WebSocket, idle limit 60s".into()],
            is_endpoint: true,
            findings: [vec![(Severity::Error, "bad")], findings(5), vec![(Severity::Info, "mild")]].concat(),
            ..node(NodeKind::Location, "location /ws/")
        },
        GraphNode { lines: vec!["least_conn".into()], ..node(NodeKind::Upstream, "upstream chat") },
        node(NodeKind::Peer, "inner.test:8080"),
        GraphNode { is_vague: true, ..node(NodeKind::Peer, "… 30 more peers") },
        node(NodeKind::Socket, "*:8080"),
    ];
    nodes[6].part = 1;
    let mut edges: Vec<GraphEdge> = [(0, 1), (1, 2), (2, 3), (3, 4), (3, 5), (4, 6)]
        .into_iter()
        .map(|(from, to)| edge(from, to))
        .collect();
    edges[0].label = Some("default".to_owned());
    edges[5].is_link = true;
    let mut parts = vec![part("edge.conf"), part("inner.conf")];
    parts[1].findings = vec![(Severity::Info, "mild")];
    Graph { parts, nodes, edges, notes: vec!["left out: 3 servers".to_owned()], ..Graph::default() }
}

#[test]
fn mermaid() {
    assert_snapshot!(written(&chain(), lint_report::graph_mermaid));
}

#[test]
fn dot() {
    assert_snapshot!(written(&chain(), lint_report::graph_dot));
}

#[test]
fn svg() {
    assert_snapshot!(written(&chain(), lint_report::graph_svg));
}

/// What each format, what shows it, or what logs it would read as more than a name.
const HOSTILE: [&str; 22] = [
    "a\"]);%%{init: {}}%%",
    "x</svg><script>alert(1)</script>",
    "]]> ]] end",
    "--> <!-- & &amp; &#34;",
    "`code` **b** _i_ ~s~",
    "1. one",
    "- one",
    "$$x^2$$ fa:fa-ban",
    "\u{202e}\u{200b}ab",
    "日本語の名前",
    "\\N\\l\\\"",
    "a\x1b[31mb\x07\0",
    "::error::x",
    "##[error]x",
    "new\nline\r\n::error::x",
    "subgraph x",
    "\u{fffe}\u{ffff}",
    "x:::error",
    "n0 --> n1",
    "click n0 href \"javascript:alert(1)\"",
    "",
    "\\",
];

fn hostile() -> Graph {
    let mut graph = Graph::default();
    for (number, name) in HOSTILE.iter().enumerate() {
        graph.parts.push(part(name));
        for kind in [NodeKind::Socket, NodeKind::File] {
            let lines = vec![(*name).to_owned(), name.repeat(40)];
            graph.nodes.push(GraphNode { part: number, lines, ..node(kind, name) });
        }
        graph.edges.push(GraphEdge { label: Some((*name).to_owned()), ..edge(2 * number, 2 * number + 1) });
    }
    graph.notes = HOSTILE.iter().map(|name| (*name).to_owned()).collect();
    graph
}

/// The texts of the elements of a kind, and how many elements there are in all.
fn texts(svg: &str, element: &[u8]) -> (Vec<String>, usize) {
    let mut reader = Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let (mut texts, mut count, mut is_in) = (Vec::new(), 0, false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                count += 1;
                is_in = start.name().as_ref() == element;
                if is_in {
                    texts.push(String::new());
                }
            }
            Event::Empty(_) => count += 1,
            Event::End(_) => is_in = false,
            Event::Text(text) if is_in => texts.last_mut().unwrap().push_str(&text.xml10_content().unwrap()),
            Event::GeneralRef(name) if is_in => {
                let name = name.decode().unwrap();
                let text = match &*name {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    // No text of ours has it, so the test fails.
                    _ => "\u{fffd}\u{fffd}",
                };
                texts.last_mut().unwrap().push_str(text);
            }
            Event::Eof => return (texts, count),
            _ => {}
        }
    }
}

#[test]
fn svg_holds_hostile_names_as_text() {
    let svg = written(&hostile(), lint_report::graph_svg);
    let (said, count) = texts(&svg, b"text");
    for name in HOSTILE {
        let shown = lint_report::escape(name).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        assert!(said.contains(&shown), "{name:?}");
    }
    let mut harmless = hostile();
    for text in
        harmless.nodes.iter_mut().flat_map(|node| std::iter::once(&mut node.title).chain(&mut node.lines))
    {
        "x".clone_into(text);
    }
    harmless.parts.iter_mut().for_each(|part| part.title = "x".to_owned());
    harmless.edges.iter_mut().for_each(|edge| edge.label = Some("x".to_owned()));
    assert_eq!(texts(&written(&harmless, lint_report::graph_svg), b"text").1, count);
    assert!(!svg.chars().any(|c| c.is_control() && c != '\n'));
}

/// Each statement of the chart is one of ours, with what is ours in it.
#[test]
fn mermaid_holds_hostile_names_in_quotes() {
    let chart = written(&hostile(), lint_report::graph_mermaid);
    let starts =
        ["%%{init: {\"flowchart\"", "flowchart LR", "subgraph p", "end", "n", "note", "classDef ", "class "];
    for line in chart.lines() {
        let line = line.trim_start();
        assert!(starts.iter().any(|start| line.starts_with(start)), "{line}");
        if line.starts_with("%%") || line.starts_with("class") {
            continue;
        }
        assert!(matches!(line.matches('"').count(), 0 | 2), "{line}");
        let quoted = line.split('"').nth(1).unwrap_or_default().replace("<br/>", "");
        let references = quoted.split('#').skip(1).all(|rest| {
            rest.split_once(';').is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        assert!(references, "{line}");
        let is_read = |c: char| "&<>%$`*_[]{}()|\\~@".contains(c);
        assert!(!quoted.contains(is_read) && !quoted.contains(":fa-"), "{line}");
        assert!(!quoted.starts_with("1. ") && !quoted.starts_with("- "), "{line}");
    }
}

/// Every quoted string ends where it should, by the rules of the language.
#[test]
fn dot_holds_hostile_names_in_quotes() {
    let graph = hostile();
    let text = written(&graph, lint_report::graph_dot);
    for line in text.lines() {
        let (mut is_quoted, mut is_escaped, mut outside) = (false, false, String::new());
        for c in line.chars() {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                c if !is_quoted => outside.push(c),
                _ => {}
            }
        }
        assert!(!is_quoted && !outside.contains("script") && !outside.contains("error"), "{line}");
    }
    let Some(svg) = graphviz(&text) else { return };
    // As many nodes and clusters as ours.
    assert_eq!(svg.matches("class=\"node\"").count(), graph.nodes.len());
    assert_eq!(svg.matches("class=\"cluster\"").count(), graph.parts.len());
    assert!(!svg.contains("<script"));
}

/// What Graphviz makes of it; `None` where there is none.
fn graphviz(text: &str) -> Option<String> {
    let mut dot = Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    dot.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = dot.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The boxes of a picture: left, top, width, height of each `rect` in a `g`.
fn boxes(svg: &str) -> Vec<[f64; 4]> {
    let mut reader = Reader::from_str(svg);
    let mut boxes = Vec::new();
    let mut is_in_node = false;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => is_in_node |= start.name().as_ref() == b"g",
            Event::End(end) if end.name().as_ref() == b"g" => is_in_node = false,
            Event::Empty(rect) if is_in_node && rect.name().as_ref() == b"rect" => {
                let number = |name: &str| {
                    let value = rect.try_get_attribute(name).unwrap().unwrap().value;
                    std::str::from_utf8(&value).unwrap().parse::<f64>().unwrap()
                };
                boxes.push(["x", "y", "width", "height"].map(number));
            }
            Event::Eof => return boxes,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Circles, loops, parts without nodes and lines between all of them: no two boxes cover each other.
    #[test]
    fn no_box_covers_another(
        count in 1usize..24,
        parts in 1usize..5,
        ends in prop::collection::vec((0usize..24, 0usize..24), 0..40),
    ) {
        let mut graph = Graph {
            parts: (0..parts).map(|number| part(&format!("part {number}"))).collect(),
            ..Graph::default()
        };
        for number in 0..count {
            let lines = vec!["line".to_owned(); number % 4];
            graph.nodes.push(GraphNode { part: number * parts / count, lines, ..node(NodeKind::Server, "a name") });
        }
        graph.edges = ends.into_iter().map(|(from, to)| edge(from % count, to % count)).collect();
        let boxes = boxes(&written(&graph, lint_report::graph_svg));
        prop_assert_eq!(boxes.len(), count);
        for (number, [x, y, width, height]) in boxes.iter().enumerate() {
            for [other_x, other_y, other_width, other_height] in &boxes[number + 1..] {
                let is_apart = x + width <= *other_x
                    || other_x + other_width <= *x
                    || y + height <= *other_y
                    || other_y + other_height <= *y;
                prop_assert!(is_apart, "{:?} {:?}", boxes[number], [other_x, other_y, other_width, other_height]);
            }
        }
    }
}

#[test]
fn the_same_picture_every_time() {
    let mut graph = Graph { parts: vec![part("a")], ..Graph::default() };
    for number in 0..60 {
        graph.nodes.push(node(NodeKind::Server, &format!("server {number}")));
    }
    graph.edges =
        (0..60).flat_map(|from| [edge(from, (from * 7 + 3) % 60), edge(from, (from * 5 + 1) % 60)]).collect();
    let first = written(&graph, lint_report::graph_svg);
    for _ in 0..10 {
        assert_eq!(written(&graph, lint_report::graph_svg), first);
    }
}

/// As dense as the largest picture can be asked for.
#[test]
fn a_dense_picture_takes_seconds_at_most() {
    let mut graph = Graph { parts: vec![part("a")], ..Graph::default() };
    for number in 0..1000 {
        let kind = if number < 8 { NodeKind::Socket } else { NodeKind::Server };
        graph.nodes.push(node(kind, &format!("{number}")));
    }
    graph.edges = (8..1000).flat_map(|server| (0..8).map(move |socket| edge(socket, server))).collect();
    let start = Instant::now();
    assert!(!written(&graph, lint_report::graph_svg).is_empty());
    let took = start.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
}
