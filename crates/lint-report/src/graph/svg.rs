//! A picture that every browser shows, without scripts and without other files.

use std::collections::BTreeSet;
use std::io::{self, Write};

use lint_finding::{Graph, GraphNode, NodeKind, Severity};
use quick_xml::Writer;
use quick_xml::events::{BytesText, Event};

use super::layout::{Arranged, Boxes, ColumnOf, Point};
use super::{Line, Look, Role, columns, heading, lines};
use crate::position::path_line;
use crate::xml::{xml_attribute, xml_text};

/// A column of a monospaced font of [`SIZE`] pixels: most have 0.6 of it, some a little more.
const COLUMN: f64 = 7.3;
const SIZE: f64 = 12.0;
const LINE: f64 = 16.0;

/// Around the lines of a node, and around the nodes of a part.
const PADDING: f64 = 8.0;
const AROUND: f64 = 16.0;

/// Between two columns, and between two parts.
const GAP: f64 = 56.0;
const BETWEEN_PARTS: f64 = 72.0;

const FONT: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// A part with its nodes, as it is drawn.
struct Drawn {
    heading: Vec<Line>,
    /// The numbers of its nodes.
    nodes: Vec<usize>,
    /// The numbers of the edges inside of it.
    edges: Vec<usize>,
    arranged: Arranged,
    /// Of its frame.
    size: (f64, f64),
}

pub(crate) fn write(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    let texts: Vec<Vec<Line>> = graph.nodes.iter().map(|node| lines(graph, node)).collect();
    let parts: Vec<Drawn> =
        (0..graph.parts.len()).filter_map(|number| drawn(graph, &texts, number)).collect();
    let part_of = |node: usize| parts.iter().position(|part| part.nodes.contains(&node));
    let links: Vec<(usize, (usize, usize))> = graph
        .edges
        .iter()
        .enumerate()
        .filter_map(|(number, edge)| Some((number, (part_of(edge.from)?, part_of(edge.to)?))))
        .filter(|(_, (from, to))| from != to)
        .collect();
    let sizes: Vec<(f64, f64)> = parts.iter().map(|part| part.size).collect();
    let lines: Vec<(usize, usize)> = links.iter().map(|(_, ends)| *ends).collect();
    let all = Boxes {
        sizes: &sizes,
        lines: &lines,
        is_last: &|_| false,
        gap: &|_, _| BETWEEN_PARTS,
        has_even_columns: false,
    };
    let all = all.arranged();
    let legend = legend(graph);
    let widest = legend.iter().map(|line| columns(line)).max().unwrap_or(0);
    let width = f64::max(all.size.0, width_of(widest)) + 2.0 * AROUND;
    let height = all.size.1 + LINE * small(legend.len()) + 3.0 * AROUND;
    let is_of_files = graph.nodes.iter().any(|node| node.kind == NodeKind::File);
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 1);
    let size = [px(width), px(height)];
    xml.create_element("svg")
        .with_attribute(("xmlns", "http://www.w3.org/2000/svg"))
        .with_attribute(("width", size[0].as_str()))
        .with_attribute(("height", size[1].as_str()))
        .with_attribute(("viewBox", format!("0 0 {} {}", size[0], size[1]).as_str()))
        .with_attribute(("role", "img"))
        .with_attribute(("font-family", FONT))
        .with_attribute(("font-size", px(SIZE).as_str()))
        .with_attribute(("fill", "#0f172a"))
        .write_inner_content(|xml| {
            title(xml, if is_of_files { "Which file includes which" } else { "What requests go through" })?;
            rectangle(xml, (0.0, 0.0), (width, height), &[("fill", "#ffffff")])?;
            let mut said = Vec::new();
            let mut places: Vec<(Point, (f64, f64))> = vec![Default::default(); graph.nodes.len()];
            for (part, ((left, top), size)) in parts.iter().zip(&all.boxes) {
                let corner = (left + AROUND, top + AROUND);
                frame(xml, part, corner, *size)?;
                let corner =
                    (corner.0 + part.inset(), corner.1 + part.inset() + LINE * small(part.heading.len()));
                for (node, ((x, y), size)) in part.nodes.iter().zip(&part.arranged.boxes) {
                    if let Some(place) = places.get_mut(*node) {
                        *place = ((x + corner.0, y + corner.1), *size);
                    }
                }
                for (edge, bends) in part.edges.iter().zip(&part.arranged.bends) {
                    said.extend(line(xml, graph, *edge, &places, &moved(bends, corner))?);
                }
            }
            for ((edge, _), bends) in links.iter().zip(&all.bends) {
                said.extend(line(xml, graph, *edge, &places, &moved(bends, (AROUND, AROUND)))?);
            }
            labels(xml, &said)?;
            for ((node, lines), (corner, size)) in graph.nodes.iter().zip(&texts).zip(&places) {
                self::node(xml, graph, node, lines, *corner, *size)?;
            }
            for (number, line) in legend.iter().enumerate() {
                let y = all.size.1 + 2.0 * AROUND + LINE * (small(number) + 0.5);
                text(xml, (AROUND, y), line, &[("fill", "#475569")])?;
            }
            Ok(())
        })?;
    writeln!(out)
}

impl Drawn {
    /// Between the frame and the nodes; nothing where there is no frame.
    fn inset(&self) -> f64 {
        if self.heading.is_empty() { 0.0 } else { AROUND }
    }
}

/// A part with its nodes arranged; `None` for one without any.
fn drawn(graph: &Graph, texts: &[Vec<Line>], number: usize) -> Option<Drawn> {
    let of_part = graph.nodes.iter().enumerate().filter(|(_, node)| node.part == number);
    let nodes: Vec<usize> = of_part.map(|(node, _)| node).collect();
    let first = *nodes.first()?;
    // The nodes of a part stand together.
    let own = |node: usize| node.checked_sub(first).filter(|node| *node < nodes.len());
    let mut lines = Vec::new();
    let mut edges = Vec::new();
    let mut labels = Vec::new();
    for (number, edge) in graph.edges.iter().enumerate() {
        if let (Some(from), Some(to)) = (own(edge.from), own(edge.to)) {
            lines.push((from, to));
            edges.push(number);
            labels.push((to, edge.label.as_ref().map_or(0, |label| columns(label))));
        }
    }
    let sizes: Vec<(f64, f64)> = nodes
        .iter()
        .filter_map(|node| texts.get(*node))
        .map(|lines| {
            let widest = lines.iter().map(|line| columns(&line.text)).max().unwrap_or(0);
            (width_of(widest) + 2.0 * PADDING, LINE * small(lines.len()) + 2.0 * PADDING)
        })
        .collect();
    // What leads to another part leaves on the right.
    let leading_out: BTreeSet<usize> =
        graph.edges.iter().filter(|edge| own(edge.to).is_none()).filter_map(|edge| own(edge.from)).collect();
    let is_last = |node: usize| leading_out.contains(&node);
    // Labels stand between two columns.
    let gap = |column_of: &ColumnOf<'_>, left: usize| {
        let behind = labels.iter().filter(|(to, _)| column_of(*to) == left + 1);
        let widest = behind.map(|(_, width)| *width).max().unwrap_or(0);
        GAP + 2.0 * width_of(widest)
    };
    let boxes = Boxes { sizes: &sizes, lines: &lines, is_last: &is_last, gap: &gap, has_even_columns: true };
    let arranged = boxes.arranged();
    let heading = graph.parts.get(number).and_then(|part| heading(graph, part)).unwrap_or_default();
    let mut size = arranged.size;
    if !heading.is_empty() {
        let widest = heading.iter().map(|line| columns(&line.text)).max().unwrap_or(0);
        size.0 = f64::max(size.0, width_of(widest)) + 2.0 * AROUND;
        size.1 += 2.0 * AROUND + LINE * small(heading.len());
    }
    Some(Drawn { heading, nodes, edges, arranged, size })
}

/// What the signs mean that the picture has, and what is left out.
fn legend(graph: &Graph) -> Vec<String> {
    let has = |fits: &dyn Fn(&GraphNode) -> bool| graph.nodes.iter().any(fits);
    let mut signs = Vec::new();
    signs.extend(has(&|node| node.is_endpoint).then_some("blue frame: WebSocket endpoint"));
    signs.extend(has(&|node| node.is_vague).then_some("dashed frame: not known, or left out"));
    let has_link = graph.edges.iter().any(|edge| edge.is_link);
    signs.extend(has_link.then_some("dashed arrow: this back end is a socket of the nginx at the arrow"));
    let mut lines = Vec::new();
    lines.extend((!signs.is_empty()).then(|| signs.join(" · ")));
    lines.extend(graph.notes.iter().cloned());
    lines
}

fn frame<W: Write>(xml: &mut Writer<W>, part: &Drawn, corner: Point, size: (f64, f64)) -> io::Result<()> {
    if part.heading.is_empty() {
        return Ok(());
    }
    rectangle(xml, corner, size, &[("fill", "#f8fafc"), ("stroke", "#94a3b8"), ("rx", "6")])?;
    for (number, line) in part.heading.iter().enumerate() {
        let at = (corner.0 + AROUND, corner.1 + AROUND + LINE * small(number));
        text(xml, at, &line.text, &look(line.role))?;
    }
    Ok(())
}

fn node<W: Write>(
    xml: &mut Writer<W>,
    graph: &Graph,
    node: &GraphNode,
    lines: &[Line],
    corner: Point,
    size: (f64, f64),
) -> io::Result<()> {
    let Look { fill, stroke } = Look::of(node);
    let width = if node.is_endpoint { "2.5" } else { "1" };
    let round = match node.kind {
        NodeKind::Socket => "14",
        NodeKind::Location => "6",
        _ => "0",
    };
    let mut looks = vec![("fill", fill), ("stroke", stroke), ("stroke-width", width), ("rx", round)];
    if node.is_vague {
        looks.push(("stroke-dasharray", "4 3"));
    }
    xml.create_element("g").with_attribute(("class", node.kind.name())).write_inner_content(|xml| {
        let at = node.place.map(|place| format!(" ({})", path_line(&graph.outcome, place)));
        title(xml, &format!("{}{}", node.title, at.unwrap_or_default()))?;
        rectangle(xml, corner, size, &looks)?;
        for (number, line) in lines.iter().enumerate() {
            let at = (corner.0 + PADDING, corner.1 + PADDING + LINE * (small(number) + 0.5));
            text(xml, at, &line.text, &look(line.role))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn look(role: Role) -> Vec<(&'static str, &'static str)> {
    match role {
        Role::Title => vec![("font-weight", "bold")],
        Role::Plain => Vec::new(),
        Role::Place | Role::Finding(Severity::Info | Severity::Pedantic) => vec![("fill", "#64748b")],
        Role::Finding(Severity::Error) => vec![("fill", "#b91c1c")],
        Role::Finding(Severity::Warning) => vec![("fill", "#92400e")],
    }
}

/// A line from the right of a node, by what it passes, to the left of another; returns what is said at it.
fn line<'g, W: Write>(
    xml: &mut Writer<W>,
    graph: &'g Graph,
    edge: usize,
    places: &[(Point, (f64, f64))],
    bends: &[(Point, Point)],
) -> io::Result<Option<Label<'g>>> {
    let Some(edge) = graph.edges.get(edge) else { return Ok(None) };
    let (Some((from, from_size)), Some((to, to_size))) = (places.get(edge.from), places.get(edge.to)) else {
        return Ok(None);
    };
    let is_back = to.0 <= from.0;
    let side = |corner: &Point, size: &(f64, f64), is_right: bool| {
        (if is_right { corner.0 + size.0 } else { corner.0 }, corner.1 + size.1 / 2.0)
    };
    let start = side(from, from_size, !is_back);
    let end = side(to, to_size, is_back);
    let tip = if is_back { 6.0 } else { -6.0 };
    let mut path = format!("M{} {}", px(start.0), px(start.1));
    let mut last = start;
    let mut ways: Vec<(Point, Point)> = bends.to_vec();
    ways.push(((end.0 + tip, end.1), (end.0 + tip, end.1)));
    for (enters, leaves) in ways {
        let middle = f64::midpoint(last.0, enters.0);
        let (x, y) = (px(enters.0), px(enters.1));
        path.push_str(&format!(" C{} {} {} {y} {x} {y}", px(middle), px(last.1), px(middle)));
        if leaves != enters {
            path.push_str(&format!(" L{} {}", px(leaves.0), px(leaves.1)));
        }
        last = leaves;
    }
    let dashes = if edge.is_link { "5 4" } else { "none" };
    xml.create_element("path")
        .with_attribute(("d", path.as_str()))
        .with_attribute(("fill", "none"))
        .with_attribute(("stroke", "#475569"))
        .with_attribute(("stroke-dasharray", dashes))
        .write_empty()?;
    let arrow = format!(
        "M{} {} L{} {} L{} {} Z",
        px(end.0),
        px(end.1),
        px(end.0 + tip * 1.2),
        px(end.1 - 3.5),
        px(end.0 + tip * 1.2),
        px(end.1 + 3.5)
    );
    xml.create_element("path")
        .with_attribute(("d", arrow.as_str()))
        .with_attribute(("fill", "#475569"))
        .write_empty()?;
    // On the last piece, where no node is.
    let before = bends.last().map_or(start, |(_, leaves)| *leaves);
    Ok(edge.label.as_deref().map(|text| Label { text, from: before, to: end }))
}

/// What is said at a line, and between which points.
struct Label<'g> {
    text: &'g str,
    from: Point,
    to: Point,
}

/// Writes what is said at lines, each where it covers none before it, as far as there is such a place.
fn labels<W: Write>(xml: &mut Writer<W>, labels: &[Label<'_>]) -> io::Result<()> {
    let mut taken: Vec<(Point, f64)> = Vec::new();
    for Label { text: words, from, to } in labels {
        let width = width_of(columns(words)) + PADDING;
        let is_free = |(x, y): &Point| {
            taken.iter().all(|((other_x, other_y), other)| {
                (x - other_x).abs() >= f64::midpoint(width, *other) || (y - other_y).abs() >= LINE - 2.0
            })
        };
        // From the middle to both ends.
        let mut places = (0..9).flat_map(|step| {
            let aside = 0.05 * f64::from(step);
            [0.5 + aside, 0.5 - aside].map(|part| on_curve(*from, *to, part))
        });
        let place = places.find(is_free).unwrap_or_else(|| on_curve(*from, *to, 0.5));
        taken.push((place, width));
        text(
            xml,
            place,
            words,
            &[
                ("text-anchor", "middle"),
                ("fill", "#475569"),
                ("stroke", "#ffffff"),
                ("stroke-width", "4"),
                ("paint-order", "stroke"),
            ],
        )?;
    }
    Ok(())
}

/// A point of the curve that [`line`] draws between two others, by how much of it lies before.
fn on_curve(from: Point, to: Point, part: f64) -> Point {
    let rest = 1.0 - part;
    let middle = f64::midpoint(from.0, to.0);
    let [start, first, second, end] =
        [rest.powi(3), 3.0 * rest * rest * part, 3.0 * rest * part * part, part.powi(3)];
    (
        start * from.0 + (first + second) * middle + end * to.0,
        (start + first) * from.1 + (second + end) * to.1,
    )
}

fn title<W: Write>(xml: &mut Writer<W>, text: &str) -> io::Result<()> {
    xml.create_element("title").write_text_content(BytesText::new(&xml_text(text)))?;
    Ok(())
}

fn rectangle<W: Write>(
    xml: &mut Writer<W>,
    corner: Point,
    size: (f64, f64),
    looks: &[(&str, &str)],
) -> io::Result<()> {
    let numbers = [("x", corner.0), ("y", corner.1), ("width", size.0), ("height", size.1)];
    let mut element = xml.create_element("rect");
    for (name, number) in numbers {
        element = element.with_attribute((name, px(number).as_str()));
    }
    for look in looks {
        element = element.with_attribute(*look);
    }
    element.write_empty()?;
    Ok(())
}

/// Text whose middle is at a height.
fn text<W: Write>(xml: &mut Writer<W>, at: Point, words: &str, looks: &[(&str, &str)]) -> io::Result<()> {
    let (x, y) = (px(at.0), px(at.1 + SIZE / 3.0));
    let mut element =
        xml.create_element("text").with_attribute(("x", x.as_str())).with_attribute(("y", y.as_str()));
    for look in looks {
        element = element.with_attribute(*look);
    }
    // Blanks are kept inside of an element only if it stands on one line.
    let words = xml_attribute(words);
    element.write_inner_content(|xml| xml.write_event(Event::Text(BytesText::new(&words))))?;
    Ok(())
}

fn moved(bends: &[(Point, Point)], by: Point) -> Vec<(Point, Point)> {
    let moved = |(x, y): Point| (x + by.0, y + by.1);
    bends.iter().map(|(enters, leaves)| (moved(*enters), moved(*leaves))).collect()
}

fn width_of(columns: usize) -> f64 {
    COLUMN * small(columns)
}

/// A small number exactly.
fn small(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

/// A number of pixels, to a tenth.
fn px(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}
