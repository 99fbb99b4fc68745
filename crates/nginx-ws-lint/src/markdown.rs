//! Markdown on a terminal.

use std::io::{self, Write};

use lint_report::Style;
use termimad::crossterm::style::{Attribute, Color};
use termimad::{Alignment, MadSkin};

/// The widest text that is pleasant to read.
const WIDEST: usize = 100;

/// Writes a page as wide as the terminal, with its headings, lists and tables set apart. Code is to be copied: its lines
/// stay whole.
pub(crate) fn write(page: &str, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let skin = skin(style.color);
    for (number, part) in page.split("```").enumerate() {
        if number % 2 == 0 {
            let width = style.width.min(WIDEST);
            let text = skin.text(&narrow(&prose(part), width), Some(width)).to_string();
            text.trim_matches('\n').lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))?;
            continue;
        }
        let (before, after) = if style.color { ("\x1b[36m", "\x1b[0m") } else { ("", "") };
        writeln!(out)?;
        // The first line is the name of the language.
        part.lines().skip(1).try_for_each(|line| writeln!(out, "    {before}{line}{after}"))?;
        writeln!(out)?;
    }
    Ok(())
}

/// Colours of the terminal's own palette, which are readable on a light background and on a dark one.
fn skin(color: bool) -> MadSkin {
    let mut skin = MadSkin::no_style();
    if color {
        skin.bold.add_attr(Attribute::Bold);
        skin.italic.add_attr(Attribute::Italic);
        skin.inline_code.set_fg(Color::DarkCyan);
        for header in &mut skin.headers {
            header.compound_style.add_attr(Attribute::Bold);
        }
    }
    for header in &mut skin.headers {
        header.align = Alignment::Left;
    }
    skin
}

/// A text whose tables that are too narrow for their words are lists, an entry for each row: else words would be cut.
fn narrow(text: &str, width: usize) -> String {
    let mut narrow = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with('|') {
            narrow.push_str(line);
            narrow.push('\n');
            continue;
        }
        let mut table = vec![line];
        while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
            table.push(row);
        }
        let rows: Vec<Vec<&str>> = table.iter().map(|row| cells(row)).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let longest = |column: usize| {
            let cells = rows.iter().filter_map(move |row| row.get(column));
            let words = cells.flat_map(|cell| cell.split_whitespace());
            words.map(|word| word.trim_matches(['`', '*']).chars().count()).max().unwrap_or_default()
        };
        // A bar and a blank on either side of each cell.
        if (0..columns).map(|column| longest(column) + 3).sum::<usize>() < width {
            table.iter().for_each(|row| narrow.push_str(&format!("{row}\n")));
            continue;
        }
        let heads = rows.first().cloned().unwrap_or_default();
        for row in rows.iter().skip(2) {
            let more = row.iter().zip(&heads).skip(1).filter(|(cell, _)| !cell.is_empty());
            let more: Vec<String> = more.map(|(cell, head)| format!("{head}: {cell}")).collect();
            let first = row.first().copied().unwrap_or_default();
            let more = more.join("; ");
            let rest = if more.is_empty() { more } else { format!(" - {more}") };
            narrow.push_str(&format!("* {first}{rest}\n"));
        }
    }
    narrow
}

/// The cells of a row; a bar with a backslash before it is a part of one.
fn cells(row: &str) -> Vec<&str> {
    let row = row.trim().trim_start_matches('|');
    let row = row.strip_suffix('|').unwrap_or(row);
    let mut cells = Vec::new();
    let mut from = 0;
    for (at, _) in row.match_indices('|') {
        if !row.get(..at).is_some_and(|before| before.ends_with('\\')) {
            cells.push(row.get(from..at).unwrap_or_default().trim());
            from = at + 1;
        }
    }
    cells.push(row.get(from..).unwrap_or_default().trim());
    cells
}

/// Paragraphs on one line each, for the source has a line for each sentence, and links as their texts: where they lead is no
/// place that a terminal can go to.
fn prose(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let mut in_paragraph = false;
    // What generates a page says so to those who would edit it.
    for line in part.lines().filter(|line| !(line.starts_with("<!--") && line.ends_with("-->"))) {
        let is_plain = line.starts_with(|c: char| c.is_alphanumeric() || "`[(*$\"".contains(c))
            && line.split_once(". ").is_none_or(|(number, _)| number.parse::<u32>().is_err());
        let goes_on = in_paragraph && (is_plain || line.starts_with("   "));
        text.push_str(if goes_on { " " } else { "\n" });
        let mut rest = if goes_on { line.trim_start() } else { line };
        while let Some((before, label, after)) = next_link(rest) {
            text.push_str(before);
            text.push_str(label);
            rest = after;
        }
        text.push_str(rest);
        in_paragraph = is_plain || goes_on;
    }
    text.push('\n');
    text
}

/// What is before the first link of a line, its text, and what is behind it.
fn next_link(line: &str) -> Option<(&str, &str, &str)> {
    let (inner, after) = line.split_once("](")?;
    let (_, after) = after.split_once(')')?;
    let (before, label) = inner.rsplit_once('[')?;
    Some((before, label, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_one_line_and_links_are_their_texts() {
        for (page, shown) in [
            ("see [a page](b.md), or [`c`](d.md#e).\n", "\nsee a page, or `c`.\n"),
            ("an [unfinished](link\n", "\nan [unfinished](link\n"),
            ("no ](link)\n", "\nno ](link)\n"),
            ("One.\nTwo.\n\n- a\n- b\n1. c\n", "\nOne. Two.\n\n- a\n- b\n1. c\n"),
        ] {
            assert_eq!(prose(page), shown);
        }
    }

    #[test]
    fn a_table_that_is_too_narrow_for_its_words_is_a_list() {
        let table = "| name | what it is |\n|---|---|\n| `a-long-name` | a thing \\| two |\n| `b` | |\n";
        assert_eq!(narrow(table, 60), table);
        assert_eq!(
            narrow(table, 20),
            "* `a-long-name` - what it is: a thing \\| two\n* `b` - \n".replace(" - \n", "\n")
        );
    }

    #[test]
    fn no_line_of_prose_is_wider_than_the_terminal() {
        let style =
            Style { color: false, unicode: true, width: 60, folds: false, verbose: false, summary: true };
        let page = "# Title\n\nSome words that go on for longer than sixty columns, so that they have to be folded.\n\n- one\n- two\n\n```sh\na line of code that is to be copied stays whole however long it is, as here\n```\n";
        let mut out = Vec::new();
        write(page, &style, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let code = "    a line of code that is to be copied stays whole however long it is, as here";
        assert!(text.lines().all(|line| line == code || line.chars().count() <= 60), "{text}");
        assert!(text.lines().any(|line| line == code), "{text}");
        assert!(text.contains("Title") && text.contains("two"), "{text}");
    }
}
