//! Pictures for a terminal: ratatui's widgets drawn into a buffer, and its cells as text.

use lint_finding::{HeatMap, Lifetimes, LogReport, Traffic};
use ratatui::buffer::Buffer;
use ratatui::layout::{Direction, Rect};
use ratatui::symbols::bar;
use ratatui::widgets::{Bar, BarChart, BarGroup, Sparkline, Widget};

use super::words;

/// Rows of a picture over time.
const HEIGHT: u16 = 6;
/// Columns of what stands before a picture.
const MARGIN: usize = 16;

/// Eighths of a cell with ASCII alone.
const ASCII: bar::Set = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "#",
    five_eighths: "+",
    half: "+",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: ".",
    empty: " ",
};

fn set(unicode: bool) -> bar::Set {
    if unicode { bar::NINE_LEVELS } else { ASCII }
}

/// The cells of a buffer, a line each.
fn lines(buffer: &Buffer) -> Vec<String> {
    let width = usize::from(buffer.area.width).max(1);
    let rows = buffer.content().chunks(width);
    rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()).collect()
}

fn columns(width: usize) -> u16 {
    u16::try_from(width.saturating_sub(MARGIN + 2).clamp(20, 160)).unwrap_or(80)
}

/// The histogram of lifetimes: a bar for each step from the first with any to the last.
pub(super) fn histogram(lifetimes: &Lifetimes, width: usize, unicode: bool) -> Vec<String> {
    let is_used = |bar: &&lint_finding::LifetimeBar| bar.count > 0;
    let from = lifetimes.bars.iter().find(is_used).map_or(0, |bar| bar.from_ms);
    let to = lifetimes.bars.iter().rev().find(is_used).map_or(0, |bar| bar.from_ms);
    let shown: Vec<_> = lifetimes.bars.iter().filter(|bar| (from..=to).contains(&bar.from_ms)).collect();
    let height = u16::try_from(shown.len()).unwrap_or(u16::MAX);
    let bars: Vec<Bar<'_>> =
        shown.iter().map(|bar| Bar::default().value(bar.count).text_value(String::new())).collect();
    let area = Rect::new(0, 0, columns(width.saturating_sub(12)), height);
    let mut buffer = Buffer::empty(area);
    let set = set(unicode);
    BarChart::default()
        .direction(Direction::Horizontal)
        .bar_set(set)
        .bar_width(1)
        .bar_gap(0)
        .data(BarGroup::default().bars(&bars))
        .render(area, &mut buffer);
    let label = |bar: &lint_finding::LifetimeBar| match bar.to_ms > 86_400_000 {
        true => format!("{} and more", words::edge(bar.from_ms)),
        false => format!("{} to {}", words::edge(bar.from_ms), words::edge(bar.to_ms)),
    };
    let rows = shown.iter().zip(lines(&buffer));
    rows.map(|(bar, row)| format!("{:>MARGIN$}  {} {}", label(bar), row.trim_end(), words::count(bar.count)))
        .collect()
}

/// Disconnects of a minute over time, with the highest and the times at both ends.
pub(super) fn disconnects(report: &LogReport, traffic: &Traffic, width: usize, unicode: bool) -> Vec<String> {
    let (Some(first), Some(last)) = (traffic.moments.first(), traffic.moments.last()) else {
        return Vec::new();
    };
    let wide = columns(width);
    let step = i64::try_from(traffic.step_s).unwrap_or(60).max(1);
    let steps = (last.start - first.start) / step + 1;
    let mut data = vec![0_u64; usize::from(wide).min(usize::try_from(steps).unwrap_or(1)).max(1)];
    let all = i64::try_from(data.len()).unwrap_or(1);
    for moment in &traffic.moments {
        let index = usize::try_from((moment.start - first.start) / step * all / steps).unwrap_or(0);
        // The worst step of a column, for a minute, rounded up.
        let a_minute = (moment.disconnects * 60).div_ceil(traffic.step_s.max(1));
        if let Some(cell) = data.get_mut(index) {
            *cell = (*cell).max(a_minute);
        }
    }
    let most = data.iter().copied().max().unwrap_or(0);
    // Columns of a short log are wider.
    let times = (usize::from(wide) / data.len()).max(1);
    let data: Vec<u64> = data.iter().flat_map(|value| std::iter::repeat_n(*value, times)).collect();
    let area = Rect::new(0, 0, u16::try_from(data.len()).unwrap_or(wide), HEIGHT);
    let mut buffer = Buffer::empty(area);
    Sparkline::default()
        .bar_set(set(unicode))
        .data(data.iter().copied())
        .max(most.max(1))
        .render(area, &mut buffer);
    let rows = lines(&buffer);
    let height = rows.len();
    let label = |index: usize| match index {
        0 => words::count(most),
        _ if index + 1 == height => "0".to_owned(),
        _ => String::new(),
    };
    let mut all: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| format!("{:>MARGIN$}  {}", label(index), row.trim_end()).trim_end().to_owned())
        .collect();
    all.push(axis(report, first.start, last.start + step, data.len()));
    all
}

/// The times at both ends.
fn axis(report: &LogReport, first: i64, last: i64, width: usize) -> String {
    let (first, last) = (words::time(report, first), words::time(report, last));
    let gap = width.saturating_sub(first.len() + last.len()).max(2);
    format!("{}  {first}{}{last}", " ".repeat(MARGIN), " ".repeat(gap))
}

/// Ages over time: the darker, the more ended.
pub(super) fn heat(report: &LogReport, heat: &HeatMap, unicode: bool) -> Vec<String> {
    let shades: [&str; 5] = if unicode {
        [" ", "\u{2591}", "\u{2592}", "\u{2593}", "\u{2588}"]
    } else {
        [" ", ".", "-", "+", "#"]
    };
    let most = heat.columns.iter().flatten().copied().max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    let (width, height) = (heat.columns.len(), heat.rows_from_ms.len());
    let area = Rect::new(0, 0, u16::try_from(width).unwrap_or(0), u16::try_from(height).unwrap_or(0));
    let mut buffer = Buffer::empty(area);
    for (x, column) in (0_u16..).zip(&heat.columns) {
        // The oldest at the top.
        for (y, count) in (0_u16..).zip(column.iter().rev()) {
            // By its logarithm: a few among thousands are seen too.
            let level = match *count {
                0 => 0,
                count => 1 + (count.ilog2() * 3 / most.ilog2().max(1)).min(3),
            };
            let shade = usize::try_from(level).ok().and_then(|level| shades.get(level)).unwrap_or(&" ");
            buffer.set_string(x, y, *shade, ratatui::style::Style::default());
        }
    }
    let labels = heat.rows_from_ms.iter().rev();
    let rows = labels.zip(lines(&buffer));
    let mut all: Vec<String> = rows
        .map(|(from, row)| format!("{:>MARGIN$}  {}", format!("from {}", words::edge(*from)), row.trim_end()))
        .map(|row| row.trim_end().to_owned())
        .collect();
    let end = heat.start + i64::try_from(heat.step_s).unwrap_or(60) * i64::try_from(width).unwrap_or(0);
    all.push(axis(report, heat.start, end, width));
    all
}
