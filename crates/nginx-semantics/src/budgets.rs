//! How much of what multiplies is judged.
//!
//! What is written costs in proportion to its size, so it has no budget here: a file has a largest size, and that is
//! all. A few lines can stand for millions, though: includes of includes, every name on every address, an `if` in front
//! of an `if`. Each such product has a budget. Past it the run says so once, with the place, and exits with 2; what was
//! reached before is judged. docs/security.md lists them, and a test compares the two.

use nginx_syntax::{FileId, Tree};

/// What a directive counts when a file is included once more.
pub const DIRECTIVE: usize = 1;

/// What a block counts more than a directive: a location with a `proxy_pass` is an endpoint to judge, a directive in it
/// only a line to read.
pub const BLOCK: usize = 20;

/// How much may be included again, in all, however little is written: about 1,000 servers with one location each, which
/// take a second or two.
pub const COPIES: usize = 50_000;

/// How many times what is written may be included again, where that is more. Large trees share snippets: a thousand
/// sites that include ten locations each stay below a tenth.
pub const COPIES_OF_WRITTEN: usize = 8;

/// How many blocks may be open at once. nginx itself recurses and has no limit; configurations have about five levels.
pub const DEPTH: u32 = 5_000;

/// How many ways of one request are followed. Each condition of which nothing is known doubles them: five in a row are
/// 32 ways. No handshake of the trees that this was tried on has more than 16.
pub const WAYS: usize = 32;

/// How many lines requests may run through on the ways beside their first one, in all: a `set`, `if` or `rewrite` counts
/// each time that it runs. What happens on a way is kept, so this is memory too: about 200 MB. Past it each request is
/// followed on its first way alone.
pub const LINES_OF_WAYS: usize = 1_000_000;

/// How many lines these may be for each line that is written, where that is more: large trees have many requests. A
/// server with ten such lines, one of them an `if` of which nothing is known, takes about five.
pub const LINES_OF_WRITTEN: usize = 32;

/// How much is followed to find out where the paths lead that are declared for all servers: a path counts
/// [`DECLARED_PATH`] in each server, and 1 more for each `set`, `if` or `rewrite` that it runs through there. A second or
/// two.
pub const DECLARED: usize = 500_000;

/// What a path counts for that in a server.
pub const DECLARED_PATH: usize = 10;

/// How much this may be for each line that is written, where that is more: a site of twenty lines may have sixteen paths.
pub const DECLARED_OF_WRITTEN: usize = 8;

/// How many entries one list of a settings file may have. Real ones have about ten.
pub const ENTRIES: usize = 2_000;

/// At how many addresses `trace` follows a request that may come to any of them. Each is followed for each nginx that
/// differs; `--via-listen` names one.
pub const ADDRESSES: usize = 64;

/// How many `listen` lines of one server are judged. Servers of the trees that this was tried on have less than ten.
pub const LISTENS: usize = 1_000;

/// How many pairs of an address and a name one server may have. nginx itself keeps a table of names for each address, so
/// it pays for each pair too.
pub const LISTENS_AND_NAMES: usize = 200_000;

/// How many lines one fix copies into a location, and how many lost lines a finding names. Real levels have about ten; a
/// thousand lines above a thousand locations would be a million lines to write.
pub const REPEATED: usize = 100;

/// How much is judged over and over to find out which fixes go together, in units of [`CHECKED_BLOCK`] for each block and
/// one more for each block around it: what is inherited is looked for level by level. A second or two.
pub const CHECKED: usize = 400_000;

/// What a block counts for that.
pub const CHECKED_BLOCK: usize = 16;

/// How often all is judged for that at least, however large it is, and at most.
pub const LEAST_CHECKS: usize = 24;
/// See [`LEAST_CHECKS`].
pub const MOST_CHECKS: usize = 1_024;

/// What was placed so far, and how much of it not for the first time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Copies {
    /// By number, how often a file was placed.
    entered: Vec<usize>,
    copied: usize,
    /// By how much it was not refused at least.
    slack: Option<usize>,
    /// Whether a copy was refused.
    pub(crate) is_exhausted: bool,
}

impl Copies {
    /// Whether a file may be placed at an include: always the first time, and then while the budget lasts, which grows
    /// with what is `written` in all files.
    pub(crate) fn enter(&mut self, file: FileId, count: usize, written: usize) -> bool {
        let number = file.0 as usize;
        if self.entered.len() <= number {
            self.entered.resize(number + 1, 0);
        }
        if let Some(times) = self.entered.get_mut(number) {
            *times += 1;
            if *times == 1 {
                return true;
            }
        }
        let most = COPIES.max(written.saturating_mul(COPIES_OF_WRITTEN));
        let copied = self.copied.saturating_add(count);
        if self.is_exhausted || copied > most {
            self.is_exhausted = true;
            return false;
        }
        self.copied = copied;
        let slack = most - copied;
        self.slack = Some(self.slack.map_or(slack, |least| least.min(slack)));
        true
    }

    /// The same where some files count more or less than they did: `None` where that may refuse a copy, or allow one. What
    /// files count is added to the budget, and taken from it each time that they are copied.
    pub(crate) fn with_counts(&self, changes: impl Iterator<Item = (FileId, usize)>) -> Option<Self> {
        let times = |file: FileId| self.entered.get(file.0 as usize).copied().unwrap_or(0);
        let most = changes.map(|(file, by)| by.saturating_mul(times(file) + COPIES_OF_WRITTEN)).sum();
        let slack = match self.slack {
            Some(slack) => Some(slack.checked_sub(most)?),
            None => None,
        };
        (!self.is_exhausted).then(|| Self { slack, ..self.clone() })
    }
}

/// What a file counts: its directives and, more than those, its blocks.
pub(crate) fn count(tree: &Tree) -> usize {
    let of = |node| if tree.is_block(node) { BLOCK + DIRECTIVE } else { DIRECTIVE };
    tree.nodes().map(of).sum::<usize>() + DIRECTIVE
}
