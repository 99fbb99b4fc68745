//! What `nginx -T` prints (`core/nginx.c:main`): each file behind a line with its name, whatever stands around.

use std::collections::BTreeSet;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::lexer::{At, Lexer};
use crate::lines::{is_blank, lines};
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
    /// Whether lines were passed over, for they have something else before them.
    has_others: bool,
    /// Whether another machine's dump is known to follow.
    is_done: bool,
}

impl<'t> Open<'t> {
    fn new(path: &'t str, prefix: &'t [u8]) -> Self {
        Self {
            path,
            prefix,
            lines: Vec::new(),
            lexer: Lexer::new(),
            whole: (0, 0),
            has_others: false,
            is_done: false,
        }
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

    /// Where a banner begins that is none of it: `== web2 ==`, `web2 | CHANGED | rc=0 >>`. It stands behind whole
    /// statements, ends none, and is none of nginx's.
    fn banner(&self, text: &[u8]) -> Option<u32> {
        let (whole, depth) = self.whole;
        let is_open = matches!(self.lexer.at, At::Between | At::Word | At::Quoted(_));
        if depth > 0 || !is_open || self.lexer.depth != depth {
            return None;
        }
        let mut behind = self.lines.iter().filter(|line| line.start >= whole).map(|line| line.of(text));
        let first = behind.find(|line| {
            let line = line.trim_ascii();
            !line.is_empty() && !line.starts_with(b"#")
        })?;
        let word = first.trim_ascii().split(u8::is_ascii_whitespace).next()?;
        let is_name =
            word.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_');
        let has = |mark: &[u8]| memchr::memmem::find(first, mark).is_some();
        (self.is_done || !is_name || has(b" | ") || has(b">>")).then_some(whole)
    }

    /// Its text. Where the end is missing, each block that is open ends in lines that nobody knows.
    fn view(&self, text: &[u8]) -> View {
        let mut builder = ViewBuilder::new(text);
        let (whole, depth) = self.whole;
        let banner = self.banner(text);
        let is_cut = self.is_cut() && banner.is_none();
        let last = if is_cut { whole } else { banner.unwrap_or(u32::MAX) };
        for line in self.lines.iter().filter(|line| line.start < last) {
            builder.copy(Span::new(line.start, line.end.min(last)));
        }
        if is_cut {
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
        if is_message(bytes) {
            return None;
        }
        let start = line.start + u32::try_from(prefix_length(bytes, self.prefix)?).unwrap_or_default();
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

/// How much of a line stands before the file's own, as `prefix` stands before the head of the file: what a log puts before
/// each line, its digits apart, or the number of the line. `None` where something else stands there.
fn prefix_length(line: &[u8], prefix: &[u8]) -> Option<usize> {
    if let Some(behind) = number(prefix) {
        let digits = number(line)?;
        let separator = prefix.get(behind..)?;
        // Blanks at the end of an empty line may be gone.
        let short = separator.trim_ascii_end();
        let rest = line.get(digits..)?;
        let length = if rest.starts_with(separator) { separator.len() } else { short.len() };
        return rest.starts_with(short).then_some(digits + length);
    }
    let is_alike = |prefix: &[u8]| {
        line.len() >= prefix.len()
            && prefix
                .iter()
                .zip(line)
                .all(|(own, other)| own == other || own.is_ascii_digit() && other.is_ascii_digit())
    };
    let short = prefix.trim_ascii_end();
    if is_alike(prefix) {
        return Some(prefix.len());
    }
    is_alike(short).then_some(short.len())
}

/// The length of the number that a line begins with, blanks before it, and something else than letters behind it: `cat -n`,
/// `grep -n`, `nl`.
fn number(line: &[u8]) -> Option<usize> {
    let blanks = line.iter().take_while(|byte| **byte == b' ').count();
    let digits = line.get(blanks..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let behind = line.get(blanks + digits..)?;
    let is_end = matches!(behind.first(), None | Some(b':' | b'\t' | b' ' | b'\n' | b'\r'));
    // `12:34:56` and `2026-01-01` are times.
    let is_time = behind.get(1).is_some_and(u8::is_ascii_digit)
        && behind.starts_with(b":")
        && behind.get(3) == Some(&b':');
    (digits > 0 && is_end && !is_time).then_some(blanks + digits)
}

/// Whether a line ends what a page shows.
fn is_fence(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"```")
        || line.starts_with(b"~~~")
        || matches!(line, b"</pre>" | b"</code></pre>" | b"[/code]")
}

/// The files of the dumps of a text, the main file of each first. No `nginx -T` prints a file twice: where the main
/// file comes again, another dump has begun. One with the texts of a dump before it counts once with that.
pub(crate) fn files(text: &[u8]) -> Vec<Found> {
    let mut dumps: Vec<Vec<Found>> = Vec::new();
    // The paths of the last dump.
    let mut seen = BTreeSet::new();
    let mut is_cut = false;
    let mut open: Option<Open<'_>> = None;
    // Whether something else than a dump stood before the file that is open, and stands before the next one.
    let (mut is_behind_other, mut is_other) = (false, false);
    let mut close = |open: &mut Option<Open<'_>>, is_other: bool| {
        let Some(open) = open.take() else { return };
        is_cut |= open.is_cut() && open.banner(text).is_none();
        let is_empty = open.lines.iter().all(|line| line.of(text).trim_ascii().is_empty());
        let unsure = (is_empty && open.has_others)
            .then_some("the lines of the dump have something else before them, each another");
        let file = Found { name: open.path.to_owned(), unsure, ..Found::at(open.path, open.view(text)) };
        let main = dumps.last().and_then(|dump| dump.first());
        let is_main = main.is_none_or(|main| {
            main.path == open.path || is_other && main.name_of_file() == file.name_of_file()
        });
        if is_main {
            seen.clear();
            dumps.push(Vec::new());
        }
        if let Some(dump) = dumps.last_mut().filter(|_| seen.insert(open.path.to_owned())) {
            dump.push(file);
        }
    };
    let mut opened: BTreeSet<&str> = BTreeSet::new();
    let all: Vec<Span> = lines(text).collect();
    let prompt = prompt(text, &all);
    let mut searches = 0;
    for (number, line) in all.iter().enumerate() {
        if let Some((at, path)) = head(line.of(text)) {
            let prefix = line.of(text).get(..at).unwrap_or_default();
            let is_inside = open.as_mut().is_some_and(|open| {
                // A blank more than the others have: somebody has indented it.
                let is_indented = prefix_length(line.of(text), open.prefix).is_some_and(|length| {
                    let more = line.of(text).get(length..at).unwrap_or_default();
                    !more.is_empty() && more.trim_ascii().is_empty()
                });
                let is_lua = matches!(open.lexer.at, At::Lua { .. });
                let may_be_inside = !open.lexer.is_outside() && !is_lua && searches < MOST_SEARCHES;
                searches += usize::from(may_be_inside && !is_indented);
                // No dump has a file twice: what stands behind whole statements and ends none is another machine's.
                let is_again =
                    open.whole.1 == 0 && !matches!(open.lexer.at, At::Quoted(_)) && opened.contains(path);
                open.is_done |= is_again;
                let is_banner = open.banner(text).is_some() && open.lexer.depth == 0;
                is_other |= is_banner;
                is_indented
                    || (may_be_inside
                        && !is_again
                        && !is_banner
                        && open.is_inside(text, all.get(number..).unwrap_or_default()))
            });
            if !is_inside {
                close(&mut open, is_behind_other);
                is_behind_other = std::mem::take(&mut is_other);
                opened.insert(path);
                open = Some(Open::new(path, prefix));
                continue;
            }
        }
        // What follows is another command, and what that says.
        let is_end = is_fence(line.of(text)) && open.as_ref().is_some_and(|open| open.lexer.is_outside());
        if is_end || is_prompt(line.of(text), prompt) {
            close(&mut open, is_behind_other);
            is_other = true;
            continue;
        }
        let Some(open) = &mut open else { continue };
        match open.own(text, *line) {
            Some(own) => open.take(text, own),
            None => open.has_others |= !is_blank(line.of(text)) && !is_message(line.of(text)),
        }
    }
    close(&mut open, is_behind_other);
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
    message(line.trim_ascii()).is_some()
}

/// What nginx says in a line of its own on standard error, with its level in brackets or without one: `nginx: [emerg] …`.
/// Where the error log is compiled to be there, as in Debian (`--error-log-path=stderr`), a line has the time and the
/// process instead of the name: `2026/12/01 09:35:56 [emerg] 7#7: …` (`core/ngx_log.c:ngx_log_error_core`).
pub fn message(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let levelled = |rest: &'_ [u8]| -> Option<usize> {
        let end = rest.iter().position(|byte| *byte == b']')?;
        (rest.starts_with(b"[") && rest.get(end + 1) == Some(&b' ')).then_some(end + 1)
    };
    if let Some(rest) = line.strip_prefix(b"nginx: ").filter(|rest| !rest.is_empty()) {
        let (level, text) = rest.split_at_checked(levelled(rest).unwrap_or(0))?;
        return Some((level, text.trim_ascii_start()));
    }
    let (time, rest) = line.split_at_checked(TIME.len())?;
    let is_time = time.iter().zip(TIME).all(|(byte, like)| match like {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    });
    let (level, text) = rest.split_at_checked(levelled(rest).filter(|_| is_time)?)?;
    let process = text.iter().position(|byte| *byte == b':')?;
    let (process, text) = text.split_at_checked(process + 1)?;
    let is_process = process.iter().all(|byte| byte.is_ascii_digit() || b" #:".contains(byte));
    is_process.then(|| (level, text.trim_ascii_start()))
}

/// How the time of nginx's error log looks, a digit being `0`.
const TIME: &[u8] = b"0000/00/00 00:00:00 ";

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
