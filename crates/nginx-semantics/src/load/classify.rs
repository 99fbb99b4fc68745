//! Whether a file reads as nginx configuration.

use nginx_syntax::NodeId;

use super::SkipReason;
use crate::catalogue::DirectiveName;
use crate::sources::SourceFile;

/// As many statements from the top decide.
const FIRST_STATEMENTS: usize = 12;
/// A NUL among the first bytes: no text file has one. nginx would read on, but nobody means that.
const FIRST_BYTES: usize = 8_192;

/// Why the file is not judged, if it is not. Named files are judged whatever they look like, but for templates.
pub(super) fn reason_to_skip(file: &SourceFile, is_named: bool) -> Option<SkipReason> {
    if let Some(mark) = file.template_mark() {
        return Some(SkipReason::Template(String::from_utf8_lossy(mark.of(file.bytes())).into_owned()));
    }
    if file.tree.is_empty() && file.tree.errors().is_empty() {
        return Some(SkipReason::Empty);
    }
    let statements = Statements::of(file);
    if statements.known == 0 && is_binary(file) {
        return Some(SkipReason::Binary);
    }
    (!is_named && !statements.read_as_nginx()).then_some(SkipReason::NotNginx)
}

fn is_binary(file: &SourceFile) -> bool {
    let bytes = file.bytes();
    memchr::memchr(0, bytes.get(..FIRST_BYTES).unwrap_or(bytes)).is_some()
}

/// The first statements of a file, counted.
struct Statements {
    all: usize,
    known: usize,
    /// `key = value` or `[section]`.
    foreign: usize,
}

impl Statements {
    fn of(file: &SourceFile) -> Self {
        let mut counted = Self { all: 0, known: 0, foreign: 0 };
        for node in file.tree.children(NodeId::FILE).take(FIRST_STATEMENTS) {
            let mut words = file.tree.words(node).map(|word| word.of(file.bytes()));
            let name = words.next().unwrap_or_default();
            counted.all += 1;
            counted.known += usize::from(file.name(node) != DirectiveName::UNKNOWN);
            counted.foreign += usize::from(name.starts_with(b"[") || words.next() == Some(b"="));
        }
        counted
    }

    fn read_as_nginx(&self) -> bool {
        self.foreign == 0 && self.known > 0 && self.known * 2 >= self.all
    }
}
