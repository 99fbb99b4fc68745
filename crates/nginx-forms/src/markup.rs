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
        let has_callouts = matches!(opener, Opener::Delimited);
        // How many lines lie before the block, in it, and behind it that belong to it too.
        let (skipped, count, closing) = match opener {
            Opener::Fence { fence, is_ours } => {
                let end = rest.iter().position(|line| closes(line.of(text), fence));
                let count = end.unwrap_or(rest.len());
                if !is_ours {
                    at += count + 1;
                    continue;
                }
                (0, count, 1)
            }
            Opener::Tag { end } => {
                let count = rest.iter().position(|line| memchr::memmem::find(line.of(text), end).is_some());
                (0, count.unwrap_or(rest.len()), 1)
            }
            Opener::Delimited => {
                // The title of a block, and more attributes.
                let is_before = |line: &&Span| {
                    let line = line.of(text);
                    (line.starts_with(b".") && !line.starts_with(b"..")) || line.starts_with(b"[")
                };
                let before = rest.iter().take_while(is_before).count();
                let rest = rest.get(before..).unwrap_or_default();
                let Some(first) = rest.first().map(|line| line.of(text).trim_ascii()) else { continue };
                let is_delimiter =
                    |mark: u8| first.len() >= 4 && first.iter().all(|byte| *byte == mark) || first == b"--";
                if is_delimiter(b'-') || is_delimiter(b'.') {
                    let rest = rest.get(1..).unwrap_or_default();
                    let end = rest.iter().position(|line| line.of(text).trim_ascii() == first);
                    (before + 1, end.unwrap_or(rest.len()), 1)
                } else {
                    // Without marks around it a block ends at a blank line.
                    (before, rest.iter().take_while(|line| !is_blank(line.of(text))).count(), 0)
                }
            }
            Opener::Indented { around } => {
                let is_in = |line: &&Span| is_blank(line.of(text)) || indent(line.of(text)) > around;
                let options =
                    rest.iter().take_while(|line| line.of(text).trim_ascii().starts_with(b":")).count();
                (options, rest.iter().skip(options).take_while(is_in).count(), 0)
            }
        };
        let body = rest.get(skipped..skipped + count).unwrap_or_default();
        let first = at + skipped + 1;
        let filled = body.iter().map(|line| line.of(text)).filter(|line| !is_blank(line));
        // In a quotation each line has its mark.
        let is_quoted = filled.clone().next().is_some() && filled.clone().all(|line| line.starts_with(b">"));
        let indent = |line: &[u8]| match line.strip_prefix(b">").filter(|_| is_quoted) {
            Some(rest) => 1 + indent(rest),
            None => indent(line),
        };
        let dropped = filled.clone().map(indent).min().unwrap_or_default();
        let mut builder = ViewBuilder::new(text);
        for line in body {
            let length = u32::try_from(line.of(text).trim_ascii_end().len()).unwrap_or_default();
            let start = line.start + dropped.min(length);
            let text = Span::new(start, line.end).of(text);
            let callouts = if has_callouts { callouts(text) } else { None };
            match callouts.map(|(from, to)| (start + from, start + to)) {
                Some((from, to)) => {
                    builder.copy(Span::new(start, from));
                    builder.replace(Span::new(from, to), b"");
                    builder.copy(Span::new(to, line.end));
                }
                None => builder.copy(Span::new(start, line.end)),
            }
        }
        let indent =
            filled.clone().next().and_then(|line| line.get(..dropped as usize)).unwrap_or_default().to_vec();
        let view = builder.finish(None, WrittenAs { indent, escapes: &[] });
        found.push(Found::named(&format!("line-{first}"), view));
        at += skipped + count + closing;
    }
    found
}

/// The numbers of explanations at the end of a line of `AsciiDoc`, which it draws as marks: `a; <1> <.>`.
fn callouts(line: &[u8]) -> Option<(u32, u32)> {
    let end = line.trim_ascii_end();
    let mut rest = end;
    loop {
        let before = rest.trim_ascii_end();
        let Some(open) = before.strip_suffix(b">").and_then(|inner| memchr::memrchr(b'<', inner)) else {
            break;
        };
        let number = before.get(open + 1..before.len() - 1)?;
        let is_number = number == b"." || (!number.is_empty() && number.iter().all(u8::is_ascii_digit));
        let text = before.get(..open)?;
        if !is_number || !(text.is_empty() || text.ends_with(b" ") || text.ends_with(b">")) {
            break;
        }
        rest = text;
    }
    let from = rest.trim_ascii_end().len();
    (rest.len() < end.len()).then_some((u32::try_from(from).ok()?, u32::try_from(end.len()).ok()?))
}

enum Opener<'t> {
    /// ```` ``` ````
    Fence { fence: &'t [u8], is_ours: bool },
    /// `{% highlight nginx %}` of Jekyll, `{{< highlight nginx >}}` of Hugo.
    Tag { end: &'static [u8] },
    /// `[source,nginx]`, with `----` in the next line.
    Delimited,
    /// `.. code-block:: nginx`
    Indented { around: u32 },
}

/// Whether a line is the end of a fence: as many marks at least, and nothing behind them.
fn closes(line: &[u8], fence: &[u8]) -> bool {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"> ").unwrap_or(line);
    line.strip_prefix(fence).is_some_and(|rest| rest.iter().all(|byte| fence.first() == Some(byte)))
}

fn opener(line: &[u8]) -> Option<Opener<'_>> {
    let text = line.trim_ascii();
    let text = text.strip_prefix(b"> ").unwrap_or(text);
    if text.starts_with(b"```") || text.starts_with(b"~~~") {
        let mark = text.first().copied()?;
        let length = text.iter().take_while(|byte| **byte == mark).count();
        let (fence, info) = text.split_at(length);
        let language =
            info.trim_ascii().split(|byte| b" ,{}=\t:.".contains(byte)).find(|word| !word.is_empty());
        let is_ours = language.is_some_and(|word| LANGUAGES.contains(&word.to_ascii_lowercase().as_slice()));
        return Some(Opener::Fence { fence, is_ours });
    }
    let lower = text.to_ascii_lowercase();
    for (start, end) in [(&b"{% highlight "[..], &b"endhighlight"[..]), (b"{{< highlight ", b"/highlight")] {
        let language = lower.strip_prefix(start).and_then(|rest| rest.split(u8::is_ascii_whitespace).next());
        if language.is_some_and(|language| LANGUAGES.contains(&language)) {
            return Some(Opener::Tag { end });
        }
    }
    // `[source,nginx]`, `[source%linenums, nginx]` and `[,nginx]`.
    if let Some(attributes) = lower.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        let mut attributes = attributes.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let is_source = attributes
            .next()
            .is_some_and(|first| first.is_empty() || first == b"source" || first.starts_with(b"source%"));
        return attributes
            .next()
            .filter(|language| is_source && LANGUAGES.contains(language))
            .map(|_| Opener::Delimited);
    }
    let rest = [&b".. code-block::"[..], b".. code::", b".. sourcecode::"]
        .iter()
        .find_map(|start| lower.strip_prefix(*start));
    rest.filter(|rest| LANGUAGES.contains(&rest.trim_ascii()))
        .map(|_| Opener::Indented { around: indent(line) })
}
