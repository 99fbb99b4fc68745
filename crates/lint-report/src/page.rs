//! Numbered names with text beside them: how `trace` and `probe` look.

use lint_finding::{Outcome, Place, Remark};

use crate::position::path_line;
use crate::wrap::wrap;
use crate::{Style, escape};

/// Columns of the names of stages, and the blanks around them.
pub(crate) const STAGE: usize = 10;
pub(crate) const MARGIN: usize = 2;

pub(crate) const BOLD: &str = "1";
pub(crate) const DIM: &str = "2";
pub(crate) const RED: &str = "31";
pub(crate) const GREEN: &str = "32";
pub(crate) const YELLOW: &str = "33";
pub(crate) const CYAN: &str = "36";

/// Text that is being drawn.
pub(crate) struct Page<'a> {
    pub(crate) outcome: &'a Outcome,
    pub(crate) style: Style,
    pub(crate) text: String,
}

impl<'a> Page<'a> {
    /// An empty one.
    pub(crate) fn new(outcome: &'a Outcome, style: &Style) -> Self {
        Self { outcome, style: Style { width: style.width.clamp(40, 200), ..*style }, text: String::new() }
    }

    /// In a colour, where colours may be used.
    pub(crate) fn paint(&self, text: &str, color: &str) -> String {
        self.style.painted(text, color)
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A title with an empty line before it.
    pub(crate) fn heading(&mut self, text: &str, depth: usize) {
        self.blank();
        let indent = " ".repeat(depth);
        for line in wrap(text, self.style.width.saturating_sub(depth)) {
            let line = self.paint(&line, BOLD);
            self.text.push_str(&format!("{indent}{line}\n"));
        }
    }

    /// A name, then text that is wrapped beside it, with its line at the end.
    pub(crate) fn line(&mut self, name: &str, color: &str, text: &str, place: Option<Place>, depth: usize) {
        let indent = depth + MARGIN + STAGE;
        let mut text = escape(text).into_owned();
        if let Some(place) = place {
            // One piece, so that it can be copied, and found by those terminals that open it.
            text.push_str(&format!(" ({})", path_line(self.outcome, place)));
        }
        let pad = " ".repeat(STAGE.saturating_sub(name.len()));
        let start = format!("{}{}{pad}", " ".repeat(depth + MARGIN), self.paint(name, color));
        for (index, line) in wrap(&text, self.style.width.saturating_sub(indent)).iter().enumerate() {
            let start = if index == 0 { start.clone() } else { " ".repeat(indent) };
            self.text.push_str(format!("{start}{line}").trim_end());
            self.text.push('\n');
        }
    }

    /// What is to be said besides, below a line.
    pub(crate) fn remark(&mut self, remark: &Remark, depth: usize) {
        let indent = depth + MARGIN + STAGE;
        let mark = if self.style.unicode { "\u{b7}" } else { "-" };
        let mut text = escape(&remark.text).into_owned();
        if let Some(place) = remark.place {
            text.push_str(&format!(" ({})", path_line(self.outcome, place)));
        }
        for (index, line) in wrap(&text, self.style.width.saturating_sub(indent + 2)).iter().enumerate() {
            let start = if index == 0 { mark } else { " " };
            let line = self.paint(&format!("{start} {line}"), DIM);
            self.text.push_str(format!("{}{line}", " ".repeat(indent)).trim_end());
            self.text.push('\n');
        }
    }
}
