//! What `nginx -T` prints (`core/nginx.c:main`): each file behind a line with its name, whatever stands around.

use std::collections::BTreeSet;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::lines::lines;
use crate::view::WrittenAs;

const HEAD: &[u8] = b"# configuration file ";

/// Where the head of a file starts in a line, and its path.
fn head(line: &[u8]) -> Option<(usize, &str)> {
    let at = memchr::memmem::find(line, HEAD)?;
    let path = line.get(at + HEAD.len()..)?.trim_ascii_end().strip_suffix(b":")?;
    let path = std::str::from_utf8(path).ok()?;
    (path.starts_with('/') && at <= 64).then_some((at, path))
}

/// Whether a text is a dump: the head of a main file and lines behind it.
pub fn is_dump(text: &[u8]) -> bool {
    memchr::memmem::find(text, HEAD).is_some_and(|at| {
        let start = text.get(..at).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |at| at + 1);
        lines(text.get(start..).unwrap_or_default())
            .next()
            .is_some_and(|line| head(line.of(text.get(start..).unwrap_or_default())).is_some())
    })
}

/// The files of a dump, the main file first. One that is printed twice, as by several `nginx -T`, counts once.
pub(crate) fn files(text: &[u8]) -> Vec<Found> {
    struct Open<'t> {
        path: &'t str,
        builder: ViewBuilder<'t>,
        prefix: &'t [u8],
    }
    let mut files: Vec<Found> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: Option<Open<'_>> = None;
    let mut close = |open: &mut Option<Open<'_>>| {
        let Some(Open { path, builder, .. }) = open.take() else { return };
        if !seen.insert(path.to_owned()) {
            return;
        }
        // What an edit would be can be shown; that it is not written, the program says.
        let view = builder.finish(None, WrittenAs::default());
        files.push(Found { name: path.to_owned(), ..Found::at(path, view) });
    };
    for line in lines(text) {
        let bytes = line.of(text);
        if let Some((at, path)) = head(bytes) {
            close(&mut open);
            let prefix = bytes.get(..at).unwrap_or_default();
            open = Some(Open { path, builder: ViewBuilder::new(text), prefix });
            continue;
        }
        let Some(Open { builder, prefix, .. }) = &mut open else { continue };
        // What a log puts before each line.
        let short = prefix.trim_ascii_end();
        let length = if bytes.starts_with(prefix) { prefix.len() } else { short.len() };
        if bytes.starts_with(short) && !is_message(bytes) {
            let start = line.start + u32::try_from(length).unwrap_or_default();
            builder.copy(Span::new(start.min(line.end), line.end));
        }
    }
    close(&mut open);
    files
}

/// Whether a line is what nginx says beside the dump, or the prompt of a shell behind it.
fn is_message(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"nginx: ")
        || line.starts_with(b"root@")
        || (line.ends_with(b"$") && line.contains(&b'@') && !line.contains(&b';'))
}
