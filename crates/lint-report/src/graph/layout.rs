//! Where boxes stand and how lines run between them, from left to right.
//!
//! The crate rust-sugiyama puts the boxes of a column in an order with few crossings and beside what they lead to. It
//! tells nothing of lines that pass a column, so each such line gets a small box there.

use std::collections::BTreeMap;

use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;

/// A point in pixels, from the upper left.
pub(super) type Point = (f64, f64);

/// Between two boxes of a column, in pixels.
const BETWEEN: f64 = 16.0;

/// The height of the place for a line that passes a column.
const LANE: f64 = 4.0;

/// With more lines than this, neighbours are not exchanged to save further crossings: that takes too long.
const MANY_LINES: usize = 600;

/// The column of each box, by its number.
pub(super) type ColumnOf<'c> = dyn Fn(usize) -> usize + 'c;

/// What is to be arranged.
pub(super) struct Boxes<'b> {
    /// Width and height of each box, in pixels.
    pub(super) sizes: &'b [(f64, f64)],
    /// From box to box.
    pub(super) lines: &'b [(usize, usize)],
    /// Which boxes stand in the last column if nothing stands behind them.
    pub(super) is_last: &'b dyn Fn(usize) -> bool,
    /// Between two columns, in pixels, by the number of the left one.
    pub(super) gap: &'b dyn Fn(&ColumnOf<'_>, usize) -> f64,
    /// Whether all boxes of a column get the width of the widest.
    pub(super) has_even_columns: bool,
}

/// Where all is.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    /// The upper left corner and the size of each box.
    pub(super) boxes: Vec<(Point, (f64, f64))>,
    /// For each line, where it enters and leaves the columns that it passes.
    pub(super) bends: Vec<Vec<(Point, Point)>>,
    /// Of all of it.
    pub(super) size: (f64, f64),
}

impl Boxes<'_> {
    pub(super) fn arranged(&self) -> Arranged {
        if self.sizes.is_empty() {
            return Arranged::default();
        }
        let forward = self.forward();
        let columns = self.columns(&forward);
        let last = columns.iter().copied().max().unwrap_or(0);
        // All boxes, then the lanes of lines.
        let mut heights: Vec<(f64, usize)> =
            self.sizes.iter().zip(&columns).map(|((_, height), column)| (*height, *column)).collect();
        let mut steps: Vec<(usize, usize)> = Vec::new();
        let mut lanes: Vec<Vec<usize>> = Vec::new();
        for (from, to) in &forward {
            let (first, end) = (column_of(&columns, *from), column_of(&columns, *to));
            let own: Vec<usize> = (first + 1..end)
                .map(|column| {
                    heights.push((LANE, column));
                    heights.len() - 1
                })
                .collect();
            let way: Vec<usize> = std::iter::once(*from).chain(own.iter().copied()).chain([*to]).collect();
            if from != to {
                steps.extend(way.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))));
            }
            lanes.push(own);
        }
        steps.sort_unstable();
        steps.dedup();
        let centres = centres(&heights, &steps);
        let mut widths = vec![0.0_f64; last + 1];
        for ((width, _), column) in self.sizes.iter().zip(&columns) {
            if let Some(widest) = widths.get_mut(*column) {
                *widest = widest.max(*width);
            }
        }
        let column = |number: usize| column_of(&columns, number);
        let mut lefts = Vec::new();
        let mut left = 0.0;
        for (number, width) in widths.iter().enumerate() {
            lefts.push(left);
            left += width + (self.gap)(&column, number);
        }
        let at = |number: usize| {
            let left = lefts.get(number).copied().unwrap_or_default();
            (left, widths.get(number).copied().unwrap_or_default())
        };
        let boxes: Vec<(Point, (f64, f64))> = self
            .sizes
            .iter()
            .enumerate()
            .map(|(number, (width, height))| {
                let (left, widest) = at(column(number));
                let centre = centres.get(number).copied().unwrap_or_default();
                let width = if self.has_even_columns { widest } else { *width };
                ((left, centre - height / 2.0), (width, *height))
            })
            .collect();
        let bends = forward
            .iter()
            .zip(self.lines)
            .zip(lanes)
            .map(|(((from, _), (real, _)), lanes)| {
                let lane = |lane: usize| {
                    let y = centres.get(lane).copied().unwrap_or_default();
                    let (left, width) = at(heights.get(lane).map_or(0, |(_, column)| *column));
                    ((left, y), (left + width, y))
                };
                let mut bends: Vec<(Point, Point)> = lanes.into_iter().map(lane).collect();
                // One that leads back passes its columns from the right.
                if from != real {
                    bends.reverse();
                    bends.iter_mut().for_each(|(enters, leaves)| std::mem::swap(enters, leaves));
                }
                bends
            })
            .collect();
        let bottom = boxes.iter().map(|((_, top), (_, height))| top + height).fold(0.0, f64::max);
        let width = boxes.iter().map(|((left, _), (width, _))| left + width).fold(0.0, f64::max);
        Arranged { boxes, bends, size: (width, bottom) }
    }

    /// The lines, those turned around that close a circle.
    fn forward(&self) -> Vec<(usize, usize)> {
        let count = self.sizes.len();
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (number, (from, _)) in self.lines.iter().enumerate() {
            if let Some(next) = next.get_mut(*from) {
                next.push(number);
            }
        }
        let mut forward = self.lines.to_vec();
        // 0: not met, 1: on the way, 2: done.
        let mut state = vec![0_u8; count];
        let mut has_entry = vec![false; count];
        for (from, to) in self.lines.iter().filter(|(from, to)| from != to) {
            if let Some(entry) = has_entry.get_mut(*to).filter(|_| *from < count) {
                *entry = true;
            }
        }
        let entries = (0..count).filter(|node| has_entry.get(*node) == Some(&false));
        for start in entries.chain(0..count) {
            let mut stack: Vec<(usize, usize)> = Vec::new();
            if state.get(start) == Some(&0) {
                stack.push((start, 0));
            }
            while let Some((node, at)) = stack.pop() {
                if let Some(state) = state.get_mut(node) {
                    *state = 1;
                }
                let line = next.get(node).and_then(|lines| lines.get(at)).copied();
                let Some(line) = line else {
                    if let Some(state) = state.get_mut(node) {
                        *state = 2;
                    }
                    continue;
                };
                stack.push((node, at + 1));
                let Some((_, to)) = self.lines.get(line).copied() else { continue };
                match state.get(to) {
                    Some(0) => stack.push((to, 0)),
                    Some(1) => {
                        if let Some(turned) = forward.get_mut(line) {
                            *turned = (to, node);
                        }
                    }
                    _ => {}
                }
            }
        }
        forward
    }

    /// The column of each box: the first one behind all that lead to it.
    fn columns(&self, forward: &[(usize, usize)]) -> Vec<usize> {
        let count = self.sizes.len();
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut waits = vec![0_usize; count];
        for (from, to) in forward.iter().filter(|(from, to)| from != to) {
            if let (Some(next), Some(waits)) = (next.get_mut(*from), waits.get_mut(*to)) {
                next.push(*to);
                *waits += 1;
            }
        }
        let mut columns = vec![0_usize; count];
        let mut ready: Vec<usize> = (0..count).filter(|node| waits.get(*node) == Some(&0)).collect();
        while let Some(node) = ready.pop() {
            let own = column_of(&columns, node);
            for to in next.get(node).into_iter().flatten() {
                if let (Some(column), Some(waits)) = (columns.get_mut(*to), waits.get_mut(*to)) {
                    *column = (*column).max(own + 1);
                    *waits -= 1;
                    if *waits == 0 {
                        ready.push(*to);
                    }
                }
            }
        }
        let last = columns.iter().copied().max().unwrap_or(0);
        for node in 0..count {
            let nearest = next.get(node).into_iter().flatten().map(|to| column_of(&columns, *to)).min();
            let has_entry = forward.iter().any(|(from, to)| *to == node && from != to);
            if let Some(column) = columns.get_mut(node) {
                match nearest {
                    // What nothing leads to stands right before what it leads to.
                    Some(nearest) if !has_entry => *column = nearest.saturating_sub(1),
                    None if (self.is_last)(node) => *column = last,
                    _ => {}
                }
            }
        }
        columns
    }
}

fn column_of(columns: &[usize], node: usize) -> usize {
    columns.get(node).copied().unwrap_or(0)
}

/// The height at which the centre of each box is; what no line ties together stands below each other.
fn centres(heights: &[(f64, usize)], steps: &[(usize, usize)]) -> Vec<f64> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let vertices: Vec<(u32, (f64, f64))> =
        heights.iter().enumerate().map(|(id, (height, _))| (number(id), (*height, 1.0))).collect();
    let edges: Vec<(u32, u32)> = steps.iter().map(|(from, to)| (number(*from), number(*to))).collect();
    let config = Config {
        vertex_spacing: BETWEEN,
        dummy_vertices: false,
        transpose: edges.len() <= MANY_LINES,
        ..Config::default()
    };
    let mut groups: Vec<BTreeMap<usize, f64>> = from_vertices_and_edges(&vertices, &edges, &config)
        .into_iter()
        .map(|(group, _, _)| group.into_iter().map(|(id, (across, _))| (id, across)).collect())
        .collect();
    groups.sort_by_key(|group| group.first_key_value().map(|(id, _)| *id));
    let half = |id: usize| heights.get(id).map_or(0.0, |(height, _)| height / 2.0);
    let column = |id: usize| heights.get(id).map_or(0, |(_, column)| *column);
    let mut centres = vec![0.0; heights.len()];
    let mut top = 0.0;
    for group in groups {
        // As in the files, as far as that is possible: the first one on top.
        let mut in_order = 0_i64;
        let mut before: BTreeMap<usize, f64> = BTreeMap::new();
        for (id, across) in &group {
            if let Some(last) = before.insert(column(*id), *across) {
                in_order += if *across >= last { 1 } else { -1 };
            }
        }
        let sign = if in_order < 0 { -1.0 } else { 1.0 };
        let first = group.iter().map(|(id, across)| sign * across - half(*id)).fold(f64::INFINITY, f64::min);
        let mut bottom = top;
        for (id, across) in &group {
            let centre = top + sign * across - first;
            bottom = f64::max(bottom, centre + half(*id));
            if let Some(place) = centres.get_mut(*id) {
                *place = centre;
            }
        }
        top = bottom + BETWEEN;
    }
    centres
}
