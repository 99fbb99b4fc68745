//! Files that a script writes in pieces: heredocs, and what other commands put between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use nginx_syntax::Span;

use crate::build::ViewBuilder;
use crate::form::Found;
use crate::heredoc::{OF_STRING, Piece, of_shell, view_of};
use crate::lexer::{At, Lexer};
use crate::redirect::{self, Filter, Output, change, output, program};
use crate::script::{Kind, Place, Script, Statement};
use crate::unset::Unset;
use crate::variables::Variables;
use crate::view::{Escape, View, WrittenAs};

/// As many ways through the branches of a script are judged.
const MOST_WAYS: usize = 16;

/// As many commands of a script change files.
const MOST_CHANGES: usize = 200;

/// As many pieces one script has.
const MOST_PIECES: usize = 4_000;

const IN_PIECES: &str =
    "the script writes the file in pieces, and it is not certain which of them come together";
const CHANGED: &str = "another command changes the text before nginx reads it";

const OF_SINGLE_QUOTES: &[Escape] = &[Escape { plain: b"'", written: b"'\\''" }];

/// Blocks that ask the same, and which of their branches runs.
type Way = Vec<(Vec<usize>, usize)>;

/// What a command writes.
#[derive(Debug, Clone, Copy)]
enum Content {
    Heredoc(usize),
    /// `echo "…"`, with whether the shell fills it in.
    Text(Span, bool),
    Unknown(Span),
}

#[derive(Debug)]
struct Writer {
    content: Content,
    output: Option<Output>,
    filter: Option<Filter>,
    place: Place,
    /// The block whose output it is a part of.
    group: Option<usize>,
}

/// The writers of one file, in order.
#[derive(Debug, Default)]
struct Chain {
    target: Option<String>,
    members: Vec<(Writer, bool)>,
}

/// The files that the heredocs of a script make.
pub(crate) fn files(
    text: &[u8],
    pieces: &[Piece<'_>],
    script: &Script,
    outer: Option<&Arc<View>>,
) -> Vec<Found> {
    let views: Vec<View> = pieces.iter().map(|piece| view_of(text, piece, outer)).collect();
    let broken = views.iter().filter(|view| !is_whole(view.bytes())).count();
    let may_change = |statement: &&Statement| redirect::may_change(statement.span.of(text));
    let changing = script.statements.iter().filter(may_change).take(MOST_CHANGES + 1).collect();
    let maker = Maker { text, pieces, script, outer, views, broken, changing };
    let variables = Variables::of(text, script);
    let mut found: Vec<(usize, Found)> = Vec::new();
    for chain in maker.chains(&variables) {
        let changes = chain.target.as_deref().map(|target| maker.changes(target, &chain)).unwrap_or_default();
        found.extend(maker.found(&chain, &changes));
    }
    found.sort_by_key(|(first, _)| *first);
    found.into_iter().map(|(_, found)| found).collect()
}

struct Maker<'m, 't> {
    text: &'t [u8],
    pieces: &'m [Piece<'t>],
    script: &'m Script,
    outer: Option<&'m Arc<View>>,
    /// The text of each piece.
    views: Vec<View>,
    /// How many of them do not stand alone.
    broken: usize,
    /// The commands that may change a file.
    changing: Vec<&'m Statement>,
}

impl Maker<'_, '_> {
    fn writers(&self) -> Vec<(u32, Writer)> {
        let mut all = Vec::new();
        let mut known = vec![false; self.pieces.len()];
        for statement in &self.script.statements {
            let heads = self.pieces.iter().enumerate();
            let mut heads = heads
                .skip(self.pieces.partition_point(|piece| piece.at < statement.span.start))
                .take_while(|(_, piece)| piece.at < statement.span.end)
                .peekable();
            let is_other = heads.peek().is_none();
            for (number, piece) in heads {
                if known.get_mut(number).is_none_or(|known| std::mem::replace(known, true)) {
                    continue;
                }
                let own = Span::new(piece.at, statement.span.end).of(self.text);
                let output = piece.head.output.clone().or_else(|| output(b"", own));
                let filter = redirect::filter(statement.span.of(self.text));
                let place = statement.place.clone();
                all.push((
                    piece.at,
                    Writer { content: Content::Heredoc(number), output, filter, place, group: None },
                ));
            }
            if is_other {
                all.extend(self.other(statement).map(|writer| (statement.span.start, writer)));
            }
        }
        // What stands in no statement.
        for (number, piece) in self.pieces.iter().enumerate() {
            if known.get(number) == Some(&false) {
                let output = piece.head.output.clone();
                let writer = Writer {
                    content: Content::Heredoc(number),
                    output,
                    filter: None,
                    place: Vec::new(),
                    group: None,
                };
                all.push((piece.at, writer));
            }
        }
        all.sort_by_key(|(at, _)| *at);
        all
    }

    /// A command without a heredoc that writes something.
    fn other(&self, statement: &Statement) -> Option<Writer> {
        let own = statement.span.of(self.text);
        let is_in_block = |(number, _): &(usize, usize)| {
            self.script.blocks.get(*number).is_some_and(|block| block.output.is_some())
        };
        let output = statement.output(self.text);
        if output.is_none() && (!statement.place.iter().any(is_in_block) || is_silent(own)) {
            return None;
        }
        let content = echoed(self.text, statement.span).unwrap_or(Content::Unknown(statement.span));
        Some(Writer { content, output, filter: None, place: statement.place.clone(), group: None })
    }

    fn chains(&self, variables: &Variables) -> Vec<Chain> {
        let mut chains: Vec<Chain> = Vec::new();
        let mut last: BTreeMap<String, (usize, u32)> = BTreeMap::new();
        let mut groups: Vec<(usize, String)> = Vec::new();
        for (at, mut writer) in self.writers().into_iter().take(MOST_PIECES) {
            let mut is_start = writer.output.as_ref().is_some_and(|output| !output.is_append);
            if writer.output.is_none() {
                let of_group = writer.place.iter().rev().find_map(|(number, _)| {
                    let block = self.script.blocks.get(*number)?;
                    Some((*number, block.output.clone()?, block.filter.clone()))
                });
                if let Some((number, output, filter)) = of_group {
                    let key = (number, output.target.clone());
                    is_start = !output.is_append && !groups.contains(&key);
                    groups.push(key);
                    writer.group = Some(number);
                    writer.filter = writer.filter.or(filter);
                    writer.output = Some(output);
                }
            }
            let Some(output) = &writer.output else {
                if matches!(writer.content, Content::Heredoc(_)) {
                    chains.push(Chain { target: None, members: vec![(writer, true)] });
                }
                continue;
            };
            let target = variables.resolved(&output.target);
            let known = last.get(&target).copied().filter(|(_, from)| !variables.changes(&target, *from, at));
            let known = known.map(|(chain, _)| chain);
            let chain = match known {
                Some(chain) if !is_start || self.is_other_way(chains.get(chain), &writer) => chain,
                _ if is_start && matches!(writer.content, Content::Unknown(_)) => {
                    last.remove(&target);
                    continue;
                }
                _ => {
                    chains.push(Chain { target: Some(target.clone()), members: Vec::new() });
                    chains.len() - 1
                }
            };
            last.insert(target, (chain, at));
            if let Some(chain) = chains.get_mut(chain) {
                chain.members.push((writer, is_start));
            }
        }
        chains
    }

    /// Whether a writer never runs beside those of a chain.
    fn is_other_way(&self, chain: Option<&Chain>, writer: &Writer) -> bool {
        chain.is_some_and(|chain| {
            chain.members.iter().all(|(member, _)| {
                member.place.iter().any(|(number, branch)| {
                    writer.place.iter().any(|(other, of_other)| number == other && branch != of_other)
                })
            })
        })
    }

    /// What other commands do to a file.
    fn changes(&self, target: &str, chain: &Chain) -> Vec<Filter> {
        let written = chain.members.first().and_then(|(writer, _)| writer.output.as_ref());
        let written = written.map_or(target, |output| output.target.as_str());
        let of = |statement: &Statement| {
            let own = statement.span.of(self.text);
            change(own, written).or_else(|| change(own, target))
        };
        if self.changing.len() > MOST_CHANGES {
            return vec![Filter::Unknown];
        }
        self.changing.iter().copied().filter_map(of).collect()
    }

    fn found(&self, chain: &Chain, changes: &[Filter]) -> Vec<(usize, Found)> {
        let heredocs = chain.members.iter().filter_map(|(writer, _)| match writer.content {
            Content::Heredoc(number) => Some((number, writer)),
            _ => None,
        });
        let all: Vec<(usize, &Writer)> = heredocs.collect();
        let Some((first, _)) = all.first().copied() else { return Vec::new() };
        let has_pieces = chain.members.iter().any(|(_, is_start)| !is_start) && chain.members.len() > 1;
        if has_pieces {
            if let Some(views) = self.joined(chain) {
                let filters: Vec<&Filter> = chain
                    .members
                    .iter()
                    .filter_map(|(writer, _)| writer.filter.as_ref())
                    .chain(changes)
                    .collect();
                let mut ways = views.into_iter().map(|view| Arc::new(through(view, &filters)));
                if let Some(view) = ways.next() {
                    let unsure = is_unknown(&filters).then_some(CHANGED);
                    let found = named(chain.target.as_deref(), self.pieces.get(first), View::clone(&view));
                    return vec![(first, Found { unsure, other_ways: ways.collect(), ..found })];
                }
            }
        }
        let alone = |(number, writer): (usize, &Writer)| {
            let piece = self.pieces.get(number)?;
            let filters: Vec<&Filter> = writer.filter.iter().chain(changes).collect();
            let view = self.views.get(number)?.clone();
            let is_in_pieces = !is_whole(view.bytes()) && (has_pieces || !self.is_only(chain, writer));
            let unsure = match is_unknown(&filters) {
                true => Some(CHANGED),
                false => is_in_pieces.then_some(IN_PIECES),
            };
            let found = named(chain.target.as_deref(), Some(piece), through(view, &filters));
            Some((number, Found { unsure, ..found }))
        };
        all.into_iter().filter_map(alone).collect()
    }

    /// Whether nothing else of the script may be a part of what a writer begins.
    fn is_only(&self, chain: &Chain, writer: &Writer) -> bool {
        let is_append = writer.output.as_ref().is_none_or(|output| output.is_append);
        !is_append && chain.members.len() == 1 && self.broken <= 1
    }

    /// The texts of a file that is written in pieces, on each way through the branches; `None` where that is not certain.
    fn joined(&self, chain: &Chain) -> Option<Vec<View>> {
        let functions = |writer: &Writer| -> Vec<usize> {
            let is_function = |number: &usize| {
                self.script.blocks.get(*number).is_some_and(|block| block.kind == Kind::Function)
            };
            writer.place.iter().map(|(number, _)| *number).filter(is_function).collect()
        };
        let first = chain.members.first().map(|(writer, _)| functions(writer))?;
        let is_one_by_one = chain.members.iter().all(|(writer, _)| {
            let is_in_string = match writer.content {
                Content::Heredoc(number) => {
                    self.pieces.get(number).is_some_and(|piece| piece.head.in_string.is_some())
                }
                _ => false,
            };
            functions(writer) == first && !is_in_string
        });
        if !is_one_by_one {
            return None;
        }
        let mut views: Vec<View> = Vec::new();
        let ways = self.ways(chain)?;
        for way in ways {
            let is_taken = |writer: &Writer| {
                writer.place.iter().all(|(number, branch)| {
                    way.iter().all(|(numbers, of_way)| !numbers.contains(number) || branch == of_way)
                })
            };
            let taken: Vec<&Writer> =
                chain.members.iter().map(|(writer, _)| writer).filter(|writer| is_taken(writer)).collect();
            if !taken.iter().any(|writer| matches!(writer.content, Content::Heredoc(_))) {
                continue;
            }
            let mut view = self.one(&taken);
            if !is_whole(view.bytes()) {
                return None;
            }
            view.premises = self.premises(&way);
            match views.iter_mut().find(|known| known.bytes() == view.bytes()) {
                Some(known) => known.join(&view),
                None => views.push(view),
            }
        }
        let longest = views.iter().enumerate().max_by_key(|(_, view)| view.bytes().len())?.0;
        views.swap(0, longest);
        Some(views)
    }

    /// The blocks of which one branch runs, those that ask the same together, each with every branch.
    fn ways(&self, chain: &Chain) -> Option<Vec<Way>> {
        let mut asked: Vec<(Vec<usize>, usize)> = Vec::new();
        for (number, _) in chain.members.iter().flat_map(|(writer, _)| &writer.place) {
            let Some(block) = self.script.blocks.get(*number) else { continue };
            if !matches!(block.kind, Kind::If | Kind::Case)
                || asked.iter().any(|(all, _)| all.contains(number))
            {
                continue;
            }
            let is_same = |(all, _): &&mut (Vec<usize>, usize)| {
                let other = all.first().and_then(|other| self.script.blocks.get(*other));
                other.is_some_and(|other| other.branches == block.branches)
            };
            match asked.iter_mut().find(is_same) {
                Some((all, _)) => all.push(*number),
                None => {
                    let has_else = block.branches.last().is_some_and(String::is_empty);
                    asked.push((vec![*number], block.branches.len() + usize::from(!has_else)));
                }
            }
        }
        let mut ways: Vec<Way> = vec![Vec::new()];
        for (numbers, branches) in asked {
            let longer = |way: Way| {
                let numbers = numbers.clone();
                (0..branches).map(move |branch| {
                    let mut way = way.clone();
                    way.push((numbers.clone(), branch));
                    way
                })
            };
            ways = ways.into_iter().flat_map(longer).collect();
            if ways.len() > MOST_WAYS {
                return None;
            }
        }
        Some(ways)
    }

    fn premises(&self, way: &[(Vec<usize>, usize)]) -> Vec<(String, bool)> {
        let of = |(numbers, branch): &(Vec<usize>, usize)| {
            let block = self.script.blocks.get(*numbers.first()?)?;
            let condition = |at: usize| block.branches.get(at).filter(|text| !text.is_empty()).cloned();
            match condition(*branch) {
                Some(text) => Some((text, true)),
                None => Some((condition(usize::from(block.kind == Kind::Case))?, false)),
            }
        };
        way.iter().filter_map(of).collect()
    }

    fn one(&self, writers: &[&Writer]) -> View {
        let mut builder = ViewBuilder::new(self.text);
        for writer in writers {
            match writer.content {
                Content::Heredoc(number) => {
                    let Some(view) = self.views.get(number) else { continue };
                    builder.seam(view.written_as.clone());
                    builder.append(view);
                }
                Content::Text(span, is_filled) => {
                    let escapes = if is_filled { OF_STRING } else { OF_SINGLE_QUOTES };
                    builder.seam(WrittenAs { indent: Vec::new(), escapes });
                    if is_filled {
                        let unset = Unset::of(self.text, span.of(self.text));
                        of_shell(&mut builder, self.text, span, true, &unset);
                    } else {
                        builder.copy(span);
                    }
                    builder.replace(Span::at(span.end), b"\n");
                }
                Content::Unknown(span) => {
                    builder.seam(WrittenAs::default());
                    builder.gap(span, b"${MISSING_LINES}", b";\n");
                }
            }
        }
        builder.finish(self.outer.cloned(), WrittenAs::default())
    }
}

fn named(target: Option<&str>, piece: Option<&Piece<'_>>, view: View) -> Found {
    match target {
        Some(path) if path.starts_with('/') => Found::at(path, view),
        Some(name) => Found::named(name, view),
        None => Found::named(&format!("heredoc-{}", piece.map_or(0, |piece| piece.line) + 1), view),
    }
}

fn is_unknown(filters: &[&Filter]) -> bool {
    filters.iter().any(|filter| **filter == Filter::Unknown)
}

/// The text with placeholders where filters replace it.
fn through(view: View, filters: &[&Filter]) -> View {
    let patterns: Vec<&Vec<Option<u8>>> = filters
        .iter()
        .filter_map(|filter| match filter {
            Filter::Replaces(all) => Some(all),
            Filter::Unknown => None,
        })
        .flatten()
        .collect();
    let length_at = |rest: &[u8]| {
        let is_there = |pattern: &&&Vec<Option<u8>>| {
            rest.len() >= pattern.len()
                && pattern.iter().zip(rest).all(|(wanted, byte)| wanted.is_none_or(|wanted| wanted == *byte))
        };
        patterns.iter().find(is_there).map(|pattern| pattern.len())
    };
    let text = view.bytes().to_vec();
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty() && !patterns.is_empty()) {
        match length_at(rest) {
            Some(length) => {
                marks.push((at, length));
                at += length;
            }
            None => at += 1,
        }
    }
    if marks.is_empty() {
        return view;
    }
    let outer = Arc::new(view);
    let of = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut builder = ViewBuilder::new(&text);
    let mut done = 0;
    for (at, length) in marks {
        builder.copy_of(&outer, Span::new(done, of(at)));
        let name = crate::heredoc::placeholder(text.get(at..at + length).unwrap_or_default());
        builder.placeholder(Span::new(of(at), of(at + length)), &name);
        done = of(at + length);
    }
    builder.copy_of(&outer, Span::new(done, of(text.len())));
    let mut view = builder.finish(Some(Arc::clone(&outer)), WrittenAs::default());
    (view.premises, view.other_premises) = (outer.premises.clone(), outer.other_premises.clone());
    view
}

/// Whether a text opens what it closes, and ends behind a statement.
fn is_whole(text: &[u8]) -> bool {
    let mut lexer = Lexer::new();
    for byte in text {
        lexer.take(*byte);
        if lexer.depth < 0 {
            return false;
        }
    }
    match lexer.at {
        // Lua has texts that are not followed here.
        At::Lua { .. } => true,
        At::Start | At::Comment { is_inside: false } => lexer.depth == 0,
        _ => false,
    }
}

/// What `echo` writes, where that is plain.
fn echoed(text: &[u8], statement: Span) -> Option<Content> {
    let own = statement.of(text);
    let behind = own.strip_prefix(b"echo ")?;
    let blanks = behind.len() - behind.trim_ascii_start().len();
    let start = "echo ".len() + blanks;
    let body = own.get(start..)?;
    let (from, length, is_filled, rest) = match body.split_first()? {
        (quote @ (b'"' | b'\''), inner) => {
            let mut is_escaped = false;
            let end = inner.iter().position(|byte| {
                let was_escaped = std::mem::take(&mut is_escaped);
                is_escaped = *quote == b'"' && *byte == b'\\' && !was_escaped;
                byte == quote && !was_escaped
            })?;
            (start + 1, end, *quote == b'"', inner.get(end + 1..)?)
        }
        _ => {
            let end = body.iter().position(|byte| b">|\n".contains(byte)).unwrap_or(body.len());
            let words = body.get(..end)?.trim_ascii_end();
            let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-/:;{} ".contains(byte);
            if words.starts_with(b"-") || !words.iter().all(is_plain) {
                return None;
            }
            (start, words.len(), false, body.get(end..)?)
        }
    };
    let inner = own.get(from..from + length)?;
    // Some shells read `\n` in it.
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\\' && (!is_filled || !bytes.next().is_some_and(|next| b"$`\"".contains(next))) {
            return None;
        }
    }
    let rest = rest.trim_ascii_start();
    let of = |at: usize| u32::try_from(at).ok();
    let (from, to) = (statement.start + of(from)?, statement.start + of(from + length)?);
    (rest.is_empty() || rest.starts_with(b">") || rest.starts_with(b"|") || rest.starts_with(b"}"))
        .then_some(Content::Text(Span::new(from, to), is_filled))
}

/// Whether a command prints nothing, or nobody reads it.
fn is_silent(own: &[u8]) -> bool {
    const SILENT: [&[u8]; 36] = [
        b"",
        b":",
        b"true",
        b"false",
        b"[",
        b"[[",
        b"test",
        b"local",
        b"export",
        b"readonly",
        b"declare",
        b"typeset",
        b"read",
        b"shift",
        b"set",
        b"unset",
        b"cd",
        b"mkdir",
        b"break",
        b"continue",
        b"return",
        b"exit",
        b"sleep",
        b"let",
        b"rm",
        b"touch",
        b"chmod",
        b"chown",
        b"ln",
        b"mv",
        b"cp",
        b"trap",
        b"umask",
        b"shopt",
        b"wait",
        b"kill",
    ];
    let has = |word: &[u8]| memchr::memmem::find(own, word).is_some();
    let name = program(own).unwrap_or_default();
    SILENT.contains(&name.as_slice())
        || own.starts_with(b"((")
        || own.starts_with(b"<<")
        || has(b"/dev/null")
        || has(b"&2")
        || has(b"grep -q")
}
