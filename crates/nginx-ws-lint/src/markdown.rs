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
            let text = skin.text(&prose(part), Some(style.width.min(WIDEST))).to_string();
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

/// Paragraphs on one line each, for the source has a line for each sentence, and links as their texts: where they lead is no
/// place that a terminal can go to.
fn prose(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    let mut in_paragraph = false;
    for line in part.lines() {
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
