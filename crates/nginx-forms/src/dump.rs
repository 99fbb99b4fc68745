//! What `nginx -T` prints (`core/nginx.c:main`): each file behind a line with its name, whatever stands around.

use std::collections::BTreeSet;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::lexer::{At, Lexer};
use crate::lines::lines;
use crate::view::{View, WrittenAs};

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

/// What stands for lines that are missing.
const MISSING: &[u8] = b"${MISSING_LINES}";

/// As many blocks are closed where the end of a file is missing.
const DEEPEST: i64 = 64;

/// So often is it looked for the end of a block that has a line in it which could begin a file.
const MOST_SEARCHES: usize = 16;

/// A file of a dump that is being read.
struct Open<'t> {
    path: &'t str,
    prefix: &'t [u8],
    /// What it has of each line so far.
    lines: Vec<Span>,
    lexer: Lexer,
    /// Where its last whole statement ends in the dump, and how many blocks are open there.
    whole: (u32, i64),
}

impl<'t> Open<'t> {
    fn new(path: &'t str, prefix: &'t [u8]) -> Self {
        Self { path, prefix, lines: Vec::new(), lexer: Lexer::new(), whole: (0, 0) }
    }

    fn take(&mut self, text: &[u8], own: Span) {
        for (at, byte) in (own.start..).zip(own.of(text)) {
            self.lexer.take(*byte);
            if self.lexer.at == At::Start && !byte.is_ascii_whitespace() {
                self.whole = (at + 1, self.lexer.depth);
            }
        }
        self.lines.push(own);
    }

    /// Whether it ends inside of a block or of a statement. nginx prints no such file: the end is missing.
    fn is_cut(&self) -> bool {
        match self.lexer.at {
            // Lua has texts that are not followed here.
            At::Lua { .. } => false,
            At::Start | At::Comment { is_inside: false } => self.lexer.depth > 0,
            _ => true,
        }
    }

    /// Its text. Where the end is missing, each block that is open ends in lines that nobody knows.
    fn view(&self, text: &[u8]) -> View {
        let mut builder = ViewBuilder::new(text);
        let (whole, depth) = self.whole;
        let last = if self.is_cut() { whole } else { u32::MAX };
        for line in self.lines.iter().filter(|line| line.start < last) {
            builder.copy(Span::new(line.start, line.end.min(last)));
        }
        if self.is_cut() {
            for open in 0..=depth.clamp(0, DEEPEST) {
                builder.replace(Span::at(whole), if open == 0 { b"\n" } else { b"}\n" });
                builder.gap(Span::at(whole), MISSING, b";\n");
            }
        }
        // What an edit would be can be shown; that it is not written, the program says.
        builder.finish(None, WrittenAs::default())
    }

    /// What a line has of the file; `None` if it is none of it.
    fn own(&self, text: &[u8], line: Span) -> Option<Span> {
        let bytes = line.of(text);
        // What a log puts before each line.
        let short = self.prefix.trim_ascii_end();
        let length = if bytes.starts_with(self.prefix) { self.prefix.len() } else { short.len() };
        if !bytes.starts_with(short) || is_message(bytes) {
            return None;
        }
        let start = line.start + u32::try_from(length).unwrap_or_default();
        Some(Span::new(start.min(line.end), line.end))
    }

    /// Whether a line that could begin a file is a comment or a part of a text: what it stands in is closed later.
    fn is_inside(&self, text: &[u8], from: &[Span]) -> bool {
        let mut lexer = self.lexer.clone();
        from.iter().any(|line| {
            let own = self.own(text, *line).unwrap_or_else(|| Span::at(line.end));
            own.of(text).iter().any(|byte| {
                lexer.take(*byte);
                lexer.is_outside()
            })
        })
    }
}

/// The files of the dumps of a text, the main file of each first. No `nginx -T` prints a file twice: where the main
/// file comes again, another dump has begun. One with the texts of a dump before it counts once with that.
pub(crate) fn files(text: &[u8]) -> Vec<Found> {
    let mut dumps: Vec<Vec<Found>> = Vec::new();
    // The paths of the last dump.
    let mut seen = BTreeSet::new();
    let mut is_cut = false;
    let mut open: Option<Open<'_>> = None;
    let mut close = |open: &mut Option<Open<'_>>| {
        let Some(open) = open.take() else { return };
        is_cut |= open.is_cut();
        let file = Found { name: open.path.to_owned(), ..Found::at(open.path, open.view(text)) };
        let is_main = dumps.last().and_then(|dump| dump.first()).is_none_or(|main| main.path == open.path);
        if is_main {
            seen.clear();
            dumps.push(Vec::new());
        }
        if let Some(dump) = dumps.last_mut().filter(|_| seen.insert(open.path.to_owned())) {
            dump.push(file);
        }
    };
    let all: Vec<Span> = lines(text).collect();
    let prompt = prompt(text, &all);
    let mut searches = 0;
    for (number, line) in all.iter().enumerate() {
        if let Some((at, path)) = head(line.of(text)) {
            let prefix = line.of(text).get(..at).unwrap_or_default();
            let is_inside = open.as_ref().is_some_and(|open| {
                // A blank more than the others have: somebody has indented it.
                let is_indented = prefix.len() > open.prefix.len()
                    && prefix.trim_ascii_end() == open.prefix.trim_ascii_end();
                let is_lua = matches!(open.lexer.at, At::Lua { .. });
                let may_be_inside = !open.lexer.is_outside() && !is_lua && searches < MOST_SEARCHES;
                searches += usize::from(may_be_inside && !is_indented);
                is_indented || (may_be_inside && open.is_inside(text, all.get(number..).unwrap_or_default()))
            });
            if !is_inside {
                close(&mut open);
                open = Some(Open::new(path, prefix));
                continue;
            }
        }
        // What follows is another command, and what that says.
        if is_prompt(line.of(text), prompt) {
            close(&mut open);
            continue;
        }
        let Some(open) = &mut open else { continue };
        if let Some(own) = open.own(text, *line) {
            open.take(text, own);
        }
    }
    close(&mut open);
    let mut told: BTreeSet<Vec<(String, Vec<u8>)>> = BTreeSet::new();
    let text_of = |file: &Found| (file.path.clone(), file.view.bytes().trim_ascii().to_vec());
    dumps.retain(|dump| told.insert(dump.iter().map(text_of).collect()));
    let numbered = |(number, dump): (usize, Vec<Found>)| {
        dump.into_iter().map(move |file| Found { is_cut, dump: number, ..file })
    };
    dumps.into_iter().enumerate().flat_map(numbered).collect()
}

/// Whether a line is what nginx says beside the dump.
fn is_message(line: &[u8]) -> bool {
    line.trim_ascii().starts_with(b"nginx: ")
}

/// What a shell shows before a command, as the line says that asks for the dump: `web1 ~ #` of `web1 ~ # nginx -T`.
fn prompt<'t>(text: &'t [u8], lines: &[Span]) -> Option<&'t [u8]> {
    let before = lines.iter().map(|line| line.of(text)).take_while(|line| head(line).is_none());
    let prompts = before.filter_map(|line| {
        let command = memchr::memmem::find(line, b"nginx -T")?;
        let mut prompt = line.get(..command)?;
        // `sudo`, a path, and the command of a container: what the prompt ends with is none of them.
        let end = prompt.iter().rposition(|byte| b"#$%>".contains(byte))?;
        prompt = prompt.get(..=end)?.trim_ascii();
        // `#` begins comments of nginx too.
        (prompt != b"#" && prompt.len() <= LONGEST_PROMPT).then_some(prompt)
    });
    prompts.last()
}

/// Longer ones are words.
const LONGEST_PROMPT: usize = 80;

/// Whether a line is a prompt of a shell, and a command or none.
fn is_prompt(line: &[u8], prompt: Option<&[u8]>) -> bool {
    let line = line.trim_ascii();
    if prompt.is_some_and(|prompt| line.starts_with(prompt)) {
        return true;
    }
    line.starts_with(b"root@") || (line.ends_with(b"$") && line.contains(&b'@') && !line.contains(&b';'))
}
