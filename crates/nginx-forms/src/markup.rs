//! Blocks of code in Markdown, reStructuredText and `AsciiDoc` that say that they are nginx's.

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::lines::{indent, is_blank, lines};
use crate::view::WrittenAs;

/// What languages of blocks are called that hold nginx.
const LANGUAGES: [&[u8]; 3] = [b"nginx", b"nginxconf", b"openresty"];

/// The blocks of a page, by their lines.
pub(crate) fn blocks(text: &[u8]) -> Vec<Found> {
    let all: Vec<Span> = lines(text).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = all.get(at) {
        let opens = opener(line.of(text));
        at += 1;
        let Some(opener) = opens else { continue };
        let rest = all.get(at..).unwrap_or_default();
        let (skipped, count) = match opener {
            Opener::Fence { fence, is_ours } => {
                let end = rest.iter().position(|line| line.of(text).trim_ascii().starts_with(fence));
                let count = end.unwrap_or(rest.len());
                if !is_ours {
                    at += count + 1;
                    continue;
                }
                (0, count)
            }
            Opener::Delimited => {
                let Some(first) = rest
                    .first()
                    .map(|line| line.of(text).trim_ascii())
                    .filter(|line| line.starts_with(b"----"))
                else {
                    continue;
                };
                let end = rest.iter().skip(1).position(|line| line.of(text).trim_ascii() == first);
                (1, end.unwrap_or(rest.len().saturating_sub(1)))
            }
            Opener::Indented { around } => {
                let is_in = |line: &&Span| is_blank(line.of(text)) || indent(line.of(text)) > around;
                let options =
                    rest.iter().take_while(|line| line.of(text).trim_ascii().starts_with(b":")).count();
                (options, rest.iter().skip(options).take_while(is_in).count())
            }
        };
        let body = rest.get(skipped..skipped + count).unwrap_or_default();
        let first = at + skipped + 1;
        let filled = body.iter().map(|line| line.of(text)).filter(|line| !is_blank(line));
        let dropped = filled.clone().map(indent).min().unwrap_or_default();
        let mut builder = ViewBuilder::new(text);
        for line in body {
            let length = u32::try_from(line.of(text).trim_ascii_end().len()).unwrap_or_default();
            builder.copy(Span::new(line.start + dropped.min(length), line.end));
        }
        let indent =
            filled.clone().next().and_then(|line| line.get(..dropped as usize)).unwrap_or_default().to_vec();
        let view = builder.finish(None, WrittenAs { indent, escapes: &[] });
        found.push(Found::named(&format!("line-{first}"), view));
        at += skipped + count;
    }
    found
}

enum Opener<'t> {
    /// ```` ``` ````
    Fence { fence: &'t [u8], is_ours: bool },
    /// `[source,nginx]`, with `----` in the next line.
    Delimited,
    /// `.. code-block:: nginx`
    Indented { around: u32 },
}

fn opener(line: &[u8]) -> Option<Opener<'_>> {
    let text = line.trim_ascii();
    let text = text.strip_prefix(b"> ").unwrap_or(text);
    if text.starts_with(b"```") || text.starts_with(b"~~~") {
        let mark = text.first().copied()?;
        let length = text.iter().take_while(|byte| **byte == mark).count();
        let (fence, info) = text.split_at(length);
        let language =
            info.trim_ascii().split(|byte| b" ,{}=\t:".contains(byte)).find(|word| !word.is_empty());
        let is_ours = language.is_some_and(|word| LANGUAGES.contains(&word.to_ascii_lowercase().as_slice()));
        return Some(Opener::Fence { fence, is_ours });
    }
    let lower = text.to_ascii_lowercase();
    if lower.starts_with(b"[source,nginx") || lower.starts_with(b"[source, nginx") {
        return Some(Opener::Delimited);
    }
    let rest = [&b".. code-block::"[..], b".. code::", b".. sourcecode::"]
        .iter()
        .find_map(|start| lower.strip_prefix(*start));
    rest.filter(|rest| LANGUAGES.contains(&rest.trim_ascii()))
        .map(|_| Opener::Indented { around: indent(line) })
}
