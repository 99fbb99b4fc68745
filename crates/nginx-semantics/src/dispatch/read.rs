//! Through a main file and what it includes, as nginx reads them. No recursion: neither on nesting nor on includes.

use smallvec::SmallVec;

use nginx_syntax::{FileId, Place, Span, Statement, Statements, SyntaxErrorKind};

use super::judge::{Level, Words, judge};
use super::{Build, Doubt, RefusalKind, Verdict};
use crate::budgets::Copies;
use crate::catalogue::{self, DirectiveName};
use crate::configuration::{Configuration, ContextKind};
use crate::sources::SourceFile;

/// One statement, `}` or end of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where nginx's reader stands: the `;`, `{` or `}`. Its messages name the line of this.
    pub at: Place,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// Goes through the main file of a configuration in nginx's order; nothing where there is none.
///
/// nginx stops at the first [`Verdict::Refused`]. What comes behind assumes that it had been taken, and ends where
/// nginx's reader cannot go on.
pub fn read<'s>(configuration: Configuration<'s>, build: &'s Build) -> Reading<'s> {
    let mut reading = Reading {
        configuration,
        build,
        files: Vec::new(),
        levels: vec![Level::new(ContextKind::Main, DirectiveName::UNKNOWN)],
        waiting: Vec::new(),
        has_loaded: false,
        copies: Copies::default(),
    };
    if let Some((id, file)) = configuration.root().and_then(|id| Some((id, configuration.sources.get(id)?))) {
        reading.open(id, file);
    }
    reading
}

/// A file that is being read.
#[derive(Debug)]
struct Open<'s> {
    id: FileId,
    file: &'s SourceFile,
    statements: Statements<'s>,
    /// How many blocks were open around it: it can close none of them.
    levels: usize,
}

/// See [`read`].
#[derive(Debug)]
pub struct Reading<'s> {
    configuration: Configuration<'s>,
    build: &'s Build,
    /// Innermost last.
    files: Vec<Open<'s>>,
    /// Innermost last; never empty.
    levels: Vec<Level>,
    /// Files of includes that are still to be read, the next one last, each with the number of files that are open
    /// around it.
    waiting: Vec<(usize, FileId)>,
    /// Whether `load_module` was met: names that nobody has may be that module's.
    has_loaded: bool,
    copies: Copies,
}

impl<'s> Reading<'s> {
    fn open(&mut self, id: FileId, file: &'s SourceFile) {
        let statements = file.tree.statements(file.bytes());
        self.files.push(Open { id, file, statements, levels: self.levels.len() });
    }

    /// Opens the next file of an include, if the one before is done.
    fn open_waiting(&mut self) {
        let Some(&(around, id)) = self.waiting.last() else { return };
        if around == self.files.len() {
            self.waiting.pop();
            if let Some(file) = self.configuration.sources.get(id) {
                self.open(id, file);
            }
        }
    }

    fn end(&mut self) {
        self.files.clear();
        self.waiting.clear();
    }

    fn directive(&mut self, file: &'s SourceFile, words: &[Span], opens: bool) -> Verdict {
        if words.first().is_some_and(|name| file.is_filled_in_at(name.start)) {
            return Verdict::Unknown(Doubt::Include);
        }
        let words: SmallVec<_> = file.joined(words.iter().copied()).collect();
        let name = words.first().map(|name| catalogue::lookup(&file.value(*name)));
        let name = name.unwrap_or(DirectiveName::UNKNOWN);
        let statement = Words { name, file, words, opens };
        let Some(level) = self.levels.last_mut() else { return Verdict::Unknown(Doubt::Block) };
        let kind = level.kind;
        let mut verdict = judge(level, &statement, self.build);
        if opens {
            let inside = if verdict == Verdict::Taken { kind.child(name) } else { ContextKind::Other };
            self.levels.push(Level::new(inside, name));
        }
        if verdict == Verdict::Taken && name == DirectiveName::LOAD_MODULE {
            self.has_loaded = true;
        }
        if self.has_loaded && matches!(verdict, Verdict::Refused(RefusalKind::UnknownDirective(_))) {
            verdict = Verdict::Unknown(Doubt::Name);
        }
        if verdict == Verdict::Taken
            && kind.expands_includes()
            && statement.c_string(0).as_ref() == b"include"
        {
            // One word in `types` that is `include` is refused, so there are two.
            return self.include(&statement.c_string(1));
        }
        verdict
    }

    fn include(&mut self, argument: &[u8]) -> Verdict {
        let known = self.configuration.included(argument);
        let all: Option<Vec<FileId>> = known.and_then(|files| files.iter().copied().collect());
        let Some(files) = all else { return Verdict::Unknown(Doubt::Include) };
        let is_open = |id: &FileId| self.files.iter().any(|open| open.id == *id);
        if files.iter().any(is_open) {
            return Verdict::Unknown(Doubt::Include);
        }
        let sources = self.configuration.sources;
        let count = |id| sources.get(id).map_or(0, |file| file.count);
        if !files.iter().all(|&id| self.copies.enter(id, count(id), sources.written())) {
            return Verdict::Unknown(Doubt::TooLarge);
        }
        let around = self.files.len();
        self.waiting.extend(files.into_iter().rev().map(|id| (around, id)));
        Verdict::Taken
    }

    /// What nginx makes of a statement in the innermost file (`core/ngx_conf_file.c:ngx_conf_parse`).
    fn step(&mut self, file: &'s SourceFile, statement: Statement, levels: usize) -> (Span, Verdict) {
        let refused = |kind| Verdict::Refused(RefusalKind::Syntax(kind));
        let is_block_open = self.levels.len() > levels;
        match statement {
            Statement::Directive { words, terminator, opens } => {
                (terminator, self.directive(file, &words, opens))
            }
            Statement::Close(at) if is_block_open => {
                self.levels.pop();
                (at, Verdict::Taken)
            }
            Statement::Close(at) => {
                self.end();
                (at, refused(SyntaxErrorKind::UnexpectedClose))
            }
            Statement::End(at) if is_block_open => {
                self.end();
                (at, refused(SyntaxErrorKind::EndInBlock))
            }
            Statement::End(at) => {
                self.files.pop();
                (at, Verdict::Taken)
            }
            Statement::Refused(error) => {
                self.end();
                (error.at, refused(error.kind))
            }
        }
    }
}

impl Iterator for Reading<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        self.open_waiting();
        let open = self.files.last_mut()?;
        let (id, file, levels) = (open.id, open.file, open.levels);
        let statement = open.statements.next()?;
        let (span, verdict) = self.step(file, statement, levels);
        if verdict == Verdict::Unknown(Doubt::TooLarge) {
            self.end();
        }
        Some(Step { at: Place { file: id, span }, verdict })
    }
}
