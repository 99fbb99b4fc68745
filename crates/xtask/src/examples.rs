//! Examples in pages that are written by hand: a block that begins with a command holds what that prints.

use crate::{Error, program};

/// The pages.
pub(crate) const PAGES: [&str; 4] = ["docs/endpoints.md", "docs/graph.md", "docs/logs.md", "docs/trace.md"];

/// How a block begins.
const BLOCK: &str = "```text\n$ nginx-ws-lint ";
const END: &str = "```\n";

/// The page with what its commands print.
pub(crate) fn executed(page: &str) -> Result<String, Error> {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, block)) = rest.split_once(BLOCK) {
        let (command, body) = block.split_once('\n').unwrap_or((block, ""));
        let after = match body.strip_prefix(END) {
            Some(after) => after,
            None => body.split_once(&format!("\n{END}")).map_or("", |(_, after)| after),
        };
        // Pictures have their own colours.
        let plain: &[&str] = if command.starts_with("graph ") { &[] } else { &["--color", "never"] };
        let arguments: Vec<&str> = command.split_whitespace().chain(plain.iter().copied()).collect();
        let output = program::output(&arguments)?;
        let output: String = output.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        text.push_str(&format!("{before}{BLOCK}{command}\n{output}{END}"));
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}
