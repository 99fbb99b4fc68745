//! What logs say as one page of HTML: charts as SVG, light and dark, nothing fetched.
//!
//! The template is filled by minijinja, which escapes each value; a server name of a log is text there and nothing else.

use std::io::{self, Write};

use lint_finding::{LogEndpoint, LogReport, PeerTraffic, Traffic};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Value};
use serde::Serialize;

use super::words;
use crate::{ToolInfo, escape};

const TEMPLATE: &str = include_str!("page.html");

/// The size of a chart over time, without its axes.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 160.0;

#[derive(Serialize)]
struct Bar {
    label: String,
    count: String,
    percent: f64,
}

#[derive(Serialize)]
struct Line {
    title: String,
    class: &'static str,
    /// `x,y x,y …`.
    points: String,
    most: String,
}

#[derive(Serialize)]
struct Cell {
    x: f64,
    y: f64,
    opacity: f64,
    title: String,
}

#[derive(Serialize)]
struct Row {
    cells: Vec<String>,
}

/// What the template is filled with.
#[derive(Serialize)]
struct Filled {
    tool: String,
    title: String,
    succeeded: String,
    ratio: String,
    span: Option<String>,
    headings: Vec<String>,
    endpoints: Vec<Row>,
    cliffs: Vec<String>,
    refusals: Vec<Row>,
    peers: Vec<Row>,
    symptoms: Vec<Row>,
    observations: Vec<String>,
    inputs: Vec<Row>,
    bars: Vec<Bar>,
    lines: Vec<Line>,
    axis: Option<(String, String)>,
    heat: Option<Heat>,
    width: f64,
    height: f64,
}

pub(crate) fn write(report: &LogReport, tool: &ToolInfo<'_>, out: &mut dyn Write) -> io::Result<()> {
    let total = &report.total;
    let shown = |text: &str| escape(text).into_owned();
    let mut endpoints: Vec<Row> = Vec::new();
    for endpoint in &report.endpoints {
        endpoints.push(Row {
            cells: super::row(&endpoint.server, &endpoint.location, &endpoint.traffic).to_vec(),
        });
    }
    let cliffs: Vec<String> = report
        .endpoints
        .iter()
        .flat_map(|endpoint| {
            endpoint
                .cliffs
                .iter()
                .map(move |cliff| format!("{}: {}", super::name(endpoint), words::cliff(report, cliff, true)))
        })
        .collect();
    let refusals: Vec<Row> = report
        .endpoints
        .iter()
        .flat_map(|endpoint| {
            endpoint.traffic.refusals.iter().map(move |(status, count)| {
                let causes = endpoint.causes.iter().filter(|cause| cause.status == *status);
                let mut causes: Vec<String> = causes
                    .map(|cause| {
                        let at = crate::position::path_line(&report.outcome, cause.place);
                        format!("{}: {} ({at})", cause.rule, escape(&cause.message))
                    })
                    .collect();
                let lines = endpoint.refusing.iter().filter(|line| line.status == *status);
                causes.extend(lines.map(|line| words::refusing(report, line)));
                Row {
                    cells: vec![
                        super::name(endpoint),
                        status.to_string(),
                        words::count(*count),
                        causes.join("; "),
                    ],
                }
            })
        })
        .collect();
    let symptoms: Vec<Row> = report
        .symptoms
        .iter()
        .map(|symptom| Row {
            cells: vec![
                symptom.title.to_owned(),
                words::count(symptom.lines),
                words::count(symptom.tied),
                symptom.meaning.to_owned(),
                symptom.next.to_owned(),
            ],
        })
        .collect();
    let inputs: Vec<Row> = report
        .inputs
        .iter()
        .map(|input| Row {
            cells: vec![shown(&input.path), words::input(report, input), words::flaws(input).join("; ")],
        })
        .collect();
    let span = report.span.map(|(first, last)| {
        format!("{} to {} ({})", words::time(report, first), words::time(report, last), words::zone(report))
    });
    let axis = total.moments.first().zip(total.moments.last()).map(|(first, last)| {
        (
            words::time(report, first.start),
            words::time(report, last.start + i64::try_from(total.step_s).unwrap_or(60)),
        )
    });
    let filled = Filled {
        tool: format!("{} {}", tool.name, tool.version),
        title: words::counted(total.handshakes, "WebSocket handshake", "WebSocket handshakes"),
        succeeded: words::count(total.succeeded),
        ratio: words::percent(total.succeeded, total.handshakes),
        span,
        headings: super::HEADINGS.map(str::to_lowercase).to_vec(),
        endpoints,
        cliffs,
        refusals,
        peers: peers(report),
        symptoms,
        observations: report.observations.iter().map(|one| words::observation(report, one)).collect(),
        inputs,
        bars: bars(total),
        lines: lines(total),
        axis,
        heat: heat(report),
        width: WIDTH,
        height: HEIGHT,
    };
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let page = environment.render_str(TEMPLATE, Value::from(Serde(&filled)));
    // The engine drops the last line feed of a template.
    writeln!(out, "{}", page.map_err(io::Error::other)?)
}

/// The peers of each endpoint that has several.
fn peers(report: &LogReport) -> Vec<Row> {
    let shared = report.endpoints.iter().filter(|endpoint| endpoint.traffic.peers.len() > 1);
    let row = |endpoint: &LogEndpoint, peer: &PeerTraffic| Row {
        cells: vec![
            super::name(endpoint),
            super::peer_name(peer),
            words::count(peer.handshakes),
            words::percent(peer.handshakes, endpoint.traffic.handshakes),
            words::percent(peer.succeeded, peer.handshakes),
            words::count(peer.failed_over),
        ],
    };
    shared.flat_map(|endpoint| endpoint.traffic.peers.iter().map(move |peer| row(endpoint, peer))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts that are drawn")]
fn ratio(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

/// One digit behind the point, which is more than an eye sees.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn bars(total: &Traffic) -> Vec<Bar> {
    let Some(lifetimes) = &total.lifetimes else { return Vec::new() };
    let most = lifetimes.bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    let first = lifetimes.bars.iter().position(|bar| bar.count > 0).unwrap_or(0);
    let last = lifetimes.bars.iter().rposition(|bar| bar.count > 0).unwrap_or(0);
    let used = lifetimes.bars.iter().take(last + 1).skip(first);
    used.map(|bar| Bar {
        label: match bar.to_ms > 86_400_000 {
            true => format!("{} and more", words::edge(bar.from_ms)),
            false => format!("{} to {}", words::edge(bar.from_ms), words::edge(bar.to_ms)),
        },
        count: words::count(bar.count),
        percent: rounded(ratio(bar.count, most) * 100.0),
    })
    .collect()
}

fn lines(total: &Traffic) -> Vec<Line> {
    let (Some(first), Some(last)) = (total.moments.first(), total.moments.last()) else { return Vec::new() };
    let step = i64::try_from(total.step_s).unwrap_or(60).max(1);
    let span = u64::try_from(last.start - first.start + step).unwrap_or(1);
    let line = |title: &str, class, of: &dyn Fn(&lint_finding::Moment) -> f64| {
        let most = total.moments.iter().map(of).fold(0.0, f64::max);
        let point = |at: i64, value: f64| {
            let x = ratio(u64::try_from(at - first.start).unwrap_or(0), span) * WIDTH;
            let y = HEIGHT - if most > 0.0 { value / most * HEIGHT } else { 0.0 };
            format!("{},{}", rounded(x), rounded(y))
        };
        let mut points = Vec::new();
        let mut end = first.start;
        for moment in &total.moments {
            if moment.start > end {
                // Nothing happened in between.
                points.extend([point(end, 0.0), point(moment.start, 0.0)]);
            }
            let value = of(moment);
            end = moment.start + step;
            points.extend([point(moment.start, value), point(end, value)]);
        }
        // Where steps are wider than a minute, averages.
        let title = match total.step_s {
            0..=60 => title.to_owned(),
            step_s => format!("{title}, each step the average of {} min", step_s / 60),
        };
        Line { title, class, points: points.join(" "), most: format!("{most:.1}") }
    };
    #[expect(clippy::cast_precision_loss, reason = "counts that are drawn")]
    let a_minute = |count: u64| count as f64 * 60.0 / total.step_s.max(1) as f64;
    let mut all = vec![
        line("handshakes a minute", "handshakes", &|moment| a_minute(moment.handshakes)),
        line("disconnects a minute", "disconnects", &|moment| a_minute(moment.disconnects)),
    ];
    if total.refusals.iter().any(|(_, count)| *count > 0) {
        all.push(line("refused handshakes a minute", "refused", &|moment| a_minute(moment.refused)));
    }
    if total.peak_open.is_some() {
        all.push(line("WebSockets open", "open", &|moment| moment.open));
    }
    all
}

#[derive(Serialize)]
struct Heat {
    cells: Vec<Cell>,
    labels: Vec<Cell>,
    cell_width: f64,
    cell_height: f64,
    height: f64,
    first: String,
    last: String,
}

fn heat(report: &LogReport) -> Option<Heat> {
    const CELL: f64 = 18.0;
    let heat = &report.heat;
    let most = heat.columns.iter().flatten().copied().max().filter(|most| *most > 0)?;
    let rows = heat.rows_from_ms.len();
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred columns and rows")]
    let number = |index: usize| index as f64;
    let width = WIDTH / number(heat.columns.len().max(1));
    let step = i64::try_from(heat.step_s).unwrap_or(60);
    let mut cells = Vec::new();
    let mut start = heat.start;
    for (x, column) in heat.columns.iter().enumerate() {
        for (y, count) in column.iter().enumerate().filter(|(_, count)| **count > 0) {
            let from = heat.rows_from_ms.get(y).copied().unwrap_or(0);
            // By its logarithm, so that a few among thousands are seen too.
            let opacity = 0.2 + 0.8 * f64::from(count.ilog2()) / f64::from(most.ilog2().max(1));
            cells.push(Cell {
                x: rounded(number(x) * width),
                y: number(rows - 1 - y) * CELL,
                opacity: rounded(opacity.min(1.0)),
                title: format!(
                    "{}: {} of age {} and more",
                    words::time(report, start),
                    words::count(*count),
                    words::edge(from)
                ),
            });
        }
        start += step;
    }
    let label = |(y, from): (usize, &u64)| Cell {
        x: 0.0,
        y: number(rows - 1 - y) * CELL + CELL * 0.7,
        opacity: 1.0,
        title: words::edge(*from),
    };
    Some(Heat {
        cells,
        labels: heat.rows_from_ms.iter().enumerate().map(label).collect(),
        cell_width: rounded(width.max(1.0)),
        cell_height: CELL,
        height: number(rows) * CELL,
        first: words::time(report, heat.start),
        last: words::time(report, start),
    })
}
