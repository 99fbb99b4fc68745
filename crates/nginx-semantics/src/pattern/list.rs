//! Many patterns that are tried one after the other.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::Look;
use regex_syntax::hir::literal::Extractor;
use smallvec::SmallVec;

use super::Pattern;

/// So few are tried as they stand.
const FEW: usize = 8;

/// As many beginnings of one pattern are kept apart.
const MOST_BEGINNINGS: usize = 64;

/// Patterns in the order in which they are tried, each with what it stands for.
#[derive(Debug)]
pub(crate) struct PatternList<T> {
    all: Vec<(Option<Pattern>, T)>,
    beginnings: OnceLock<Beginnings>,
}

impl<T> Default for PatternList<T> {
    fn default() -> Self {
        Self { all: Vec::new(), beginnings: OnceLock::new() }
    }
}

impl<T> PatternList<T> {
    /// Adds one at the end; `None` for one that cannot be evaluated.
    pub(crate) fn push(&mut self, pattern: Option<Pattern>, of: T) {
        self.all.push((pattern, of));
        self.beginnings = OnceLock::new();
    }

    /// Gives back the memory that no pattern needs.
    pub(crate) fn shrink_to_fit(&mut self) {
        self.all.shrink_to_fit();
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Option<Pattern>, T)> {
        self.all.iter()
    }

    /// Those that may match a subject, or of which that cannot be said; the others surely do not.
    pub(crate) fn candidates(&self, subject: &[u8]) -> impl Iterator<Item = &(Option<Pattern>, T)> {
        // Whether `$` is true before a final LF cannot be said, see `Pattern::is_match`.
        let is_plain = self.all.len() > FEW && !subject.ends_with(b"\n");
        let few =
            is_plain.then(|| self.beginnings.get_or_init(|| Beginnings::of(self.iter())).of_subject(subject));
        let count = few.as_ref().map_or(self.all.len(), SmallVec::len);
        (0..count).filter_map(move |at| {
            let number = few.as_ref().map_or(Some(at), |few| few.get(at).map(|number| *number as usize))?;
            self.all.get(number)
        })
    }
}

/// Numbers of patterns.
type Numbers = SmallVec<[u32; 8]>;

/// What each match of a pattern begins with, where it can be at the start of the subject only: most of thousands of
/// patterns are `^/some/path`, and one look tells all that begin otherwise.
#[derive(Debug, Default)]
struct Beginnings {
    /// By the bytes.
    known: HashMap<Vec<u8>, Numbers>,
    /// The lengths of these bytes.
    lengths: Vec<usize>,
    /// The patterns of which nothing is known.
    unknown: Numbers,
}

impl Beginnings {
    fn of<'p, T: 'p>(patterns: impl Iterator<Item = &'p (Option<Pattern>, T)>) -> Self {
        let mut this = Self::default();
        for ((pattern, _), number) in patterns.zip(0..) {
            match pattern.as_ref().and_then(beginnings) {
                Some(all) => {
                    all.into_iter().for_each(|bytes| this.known.entry(bytes).or_default().push(number));
                }
                None => this.unknown.push(number),
            }
        }
        this.lengths = this.known.keys().map(Vec::len).collect();
        this.lengths.sort_unstable();
        this.lengths.dedup();
        this
    }

    /// The patterns that may match, in order.
    fn of_subject(&self, subject: &[u8]) -> Numbers {
        let mut all = self.unknown.clone();
        let beginnings = self.lengths.iter().map_while(|length| subject.get(..*length));
        for numbers in beginnings.filter_map(|bytes| self.known.get(bytes)) {
            all.extend_from_slice(numbers);
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The bytes of which one is at the start of each subject that a pattern matches; `None` where it may match without any.
fn beginnings(pattern: &Pattern) -> Option<Vec<Vec<u8>>> {
    let mut parser = ParserBuilder::new();
    parser.unicode(false).utf8(false).case_insensitive(pattern.caseless);
    let hir = parser.build().parse(pattern.regex.as_str()).ok()?;
    if !hir.properties().look_set_prefix().contains(Look::Start) {
        return None;
    }
    let found = Extractor::new().limit_total(MOST_BEGINNINGS).extract(&hir);
    let literals = found.literals().filter(|literals| !literals.is_empty())?;
    literals.iter().map(|literal| (!literal.is_empty()).then(|| literal.as_bytes().to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERNS: [&str; 16] = [
        "^/a/",
        "^/b/[0-9]+$",
        "/c",
        "^(/d|/e)x",
        "^/?f",
        "^/g|/h",
        "(?i)^/i",
        "^",
        "^[/j]k",
        "^/l*",
        "^/m+n",
        "$",
        "^/\\xff",
        "(^/o)",
        "^/p{2}",
        "(?<x>^/q)?r",
    ];

    fn list(caseless: bool) -> PatternList<usize> {
        let mut list = PatternList::default();
        for (number, pattern) in PATTERNS.iter().enumerate() {
            list.push(Pattern::new(pattern.as_bytes(), caseless).ok(), number);
        }
        list.push(None, PATTERNS.len());
        list
    }

    /// Each that matches is among the candidates, in order, and so is what cannot be said.
    #[test]
    fn what_is_no_candidate_does_not_match() {
        let subjects: [&[u8]; 22] = [
            b"", b"/", b"/a/", b"/A/", b"/b/1", b"/B/1", b"x/c", b"/dx", b"/ex", b"f", b"/f", b"/g", b"x/h",
            b"/I", b"jk", b"//k", b"/", b"/mmn", b"/\xff", b"/o", b"/pp", b"/qr\n",
        ];
        for (caseless, subject) in [false, true].into_iter().flat_map(|one| subjects.map(|two| (one, two))) {
            let list = list(caseless);
            let may_match = |(pattern, _): &&(Option<Pattern>, usize)| {
                pattern.as_ref().and_then(|pattern| pattern.is_match(subject)) != Some(false)
            };
            let tried: Vec<usize> =
                list.candidates(subject).filter(may_match).map(|(_, number)| *number).collect();
            let all: Vec<usize> = list.iter().filter(may_match).map(|(_, number)| *number).collect();
            assert_eq!(tried, all, "{caseless} {subject:?}");
        }
    }

    #[test]
    fn of_thousands_few_are_tried() {
        let mut list = PatternList::default();
        for number in 0..1_000 {
            list.push(Pattern::new(format!("^/r{number}/[a-z]+$").as_bytes(), false).ok(), number);
        }
        let tried: Vec<i32> = list.candidates(b"/r712/x").map(|(_, number)| *number).collect();
        assert_eq!(tried, [712]);
    }
}
