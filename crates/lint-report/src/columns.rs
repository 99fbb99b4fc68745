//! Tables for a terminal: cells fold between words, and where a word would have to be broken there is no table.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use unicode_width::UnicodeWidthStr;

use crate::Style;

/// Between two columns.
const GAP: u16 = 2;

/// Writes a table that is at most as wide as the terminal; whether there is one, for in fewer columns than the longest
/// words take, a path or the name of a rule would be broken.
pub(crate) fn write<const N: usize>(
    headings: [&str; N],
    rows: &[[String; N]],
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let narrowest = narrowest(headings, rows);
    let gaps = usize::from(GAP) * N.saturating_sub(1);
    if narrowest.iter().sum::<usize>() + gaps > style.width {
        return Ok(false);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(headings);
    table.add_rows(rows);
    for (index, (column, narrowest)) in table.column_iter_mut().zip(narrowest).enumerate() {
        let gap = if index + 1 < N { GAP } else { 0 };
        column.set_padding((0, gap));
        let least = u16::try_from(narrowest).unwrap_or(u16::MAX).saturating_add(gap);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    for (index, line) in table.lines().enumerate() {
        let line = line.trim_end();
        match index {
            0 if style.color => writeln!(out, "\x1b[1m{line}\x1b[0m")?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(true)
}

/// The longest word of each column.
fn narrowest<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> [usize; N] {
    let longest = |cell: &str| cell.split(' ').map(UnicodeWidthStr::width).max().unwrap_or(0);
    rows.iter().fold(headings.map(longest), |widths, row| {
        let mut cells = row.iter();
        widths.map(|width| width.max(cells.next().map_or(0, |cell| longest(cell))))
    })
}
