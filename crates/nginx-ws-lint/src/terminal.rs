//! What the place that output goes to can show.

use std::env;
use std::io;

use anstream::{AutoStream, ColorChoice};
use lint_report::Style;
use supports_unicode::Stream;

use crate::cli::{Color, OutputArgs};

/// Columns when standard output is no terminal: logs are read in windows wider than a terminal was.
const WIDTH: usize = 100;

/// How the human format looks here.
pub(crate) fn style(color: Color, output: &OutputArgs, verbose: bool, summary: bool) -> Style {
    Style {
        color: is_colored(color, output),
        unicode: supports_unicode::on(Stream::Stdout),
        width: width(output),
        folds: output.is_terminal(),
        verbose,
        summary,
    }
}

fn is_colored(color: Color, output: &OutputArgs) -> bool {
    match color {
        Color::Auto if output.is_file() => false,
        Color::Always => true,
        Color::Never => false,
        // The crate knows all but FORCE_COLOR: NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM and terminals.
        Color::Auto => match forced(env::var("FORCE_COLOR").ok().as_deref()) {
            Some(forced) if !is_refused() => forced,
            _ => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
        },
    }
}

/// `NO_COLOR` wins over `FORCE_COLOR`, as it does over `CLICOLOR_FORCE`: the first is set by a person for all programs.
fn is_refused() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// `FORCE_COLOR` came from Node, where it is a level: 0 is none.
fn forced(value: Option<&str>) -> Option<bool> {
    value.filter(|value| !value.is_empty()).map(|value| !matches!(value, "0" | "false"))
}

/// `COLUMNS` is what the user says, the terminal what the system says.
fn width(output: &OutputArgs) -> usize {
    let said =
        env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|&columns| columns > 0);
    let seen = || {
        let is_shown = !output.is_file();
        is_shown
            .then(|| terminal_size::terminal_size_of(io::stdout()))
            .flatten()
            .map(|(width, _)| usize::from(width.0))
    };
    said.or_else(seen).unwrap_or(WIDTH)
}

#[cfg(test)]
mod tests {
    use super::forced;

    #[test]
    fn force_color_is_a_level() {
        for (value, is_forced) in [
            (None, None),
            (Some(""), None),
            (Some("0"), Some(false)),
            (Some("false"), Some(false)),
            (Some("1"), Some(true)),
            (Some("3"), Some(true)),
        ] {
            assert_eq!(forced(value), is_forced, "{value:?}");
        }
    }
}
