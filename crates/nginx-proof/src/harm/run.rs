//! Runs trees before and after their fixes, and makes those that are harmed small.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lint_engine::{Selector, Settings, Which, fixed};
use nginx_semantics::{MemoryFiles, NginxVersion, Scope, VersionRange};

use super::ask::requests;
use super::compare::{Answer, Names, harm};
use super::pool::Pool;
use super::repair::{start, started};
use super::splice::{SECRETS, dressed, hides_behind_a_name, splice};
use super::tree::Tree;
use crate::generate::{Case, Drawn};
use crate::{Binary, Error, Exchange, Probe, Running};

/// Most of a case is waiting for processes.
const THREADS: usize = 2;

/// So many smaller trees are tried of one that is harmed.
const MOST_TRIES: usize = 400;

/// So many draws for each tree that starts, at most.
const MOST_DRAWS: u64 = 8;

/// Where the linter finds a tree.
const FOLDER: &str = "/case";

/// What an edit makes of a tree.
#[derive(Debug, Clone, Default)]
pub struct Edited {
    /// All texts by their paths, the main file first.
    pub files: Vec<(String, String)>,
    /// Who edited, such as the name of a rule, and what was done; in order, without repetition of names.
    pub by: Vec<(&'static str, String)>,
    /// Whether only safe fixes were applied.
    pub is_safe: bool,
}

/// Edits a tree; `None` leaves it as it is.
pub type Fixer<'f> = &'f (dyn Fn(&Tree, &Asks) -> Option<Edited> + Sync);

/// What the linter is told besides the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asks {
    /// The version; unknown for every other tree.
    pub version: Option<NginxVersion>,
    /// Whether each proxied location is taken for an endpoint, as for one tree of three.
    pub assume_websocket: bool,
    /// The only one of [`Edited::by`] that may edit.
    pub only: Option<&'static str>,
}

impl Asks {
    fn of(number: u64, version: NginxVersion) -> Self {
        let version = number.is_multiple_of(2).then_some(version);
        Self { version, assume_websocket: number.is_multiple_of(3), only: None }
    }
}

/// The linter's safe fixes.
pub fn safe_fixes(tree: &Tree, asks: &Asks) -> Option<Edited> {
    fixes(tree, asks, Which::Safe)
}

/// All fixes of the linter.
pub fn all_fixes(tree: &Tree, asks: &Asks) -> Option<Edited> {
    fixes(tree, asks, Which::All)
}

fn fixes(tree: &Tree, asks: &Asks, which: Which) -> Option<Edited> {
    let folder = PathBuf::from(FOLDER);
    let mut memory = MemoryFiles::new();
    let mut files = tree.texts();
    for (path, text) in files.iter().filter(|(path, _)| tree.is_given(path)) {
        memory.insert(folder.join(path), text.as_str());
    }
    let scope = Scope { given: vec![folder.clone()], working_folder: folder.clone(), ..Scope::default() };
    let settings = Settings {
        versions: asks.version.map(VersionRange::exactly),
        assume_websocket: asks.assume_websocket,
        select: asks.only.map(Selector::Rule).into_iter().collect(),
        ..Settings::default()
    };
    let main: Vec<PathBuf> = files.first().map(|(path, _)| folder.join(path)).into_iter().collect();
    let fixed = fixed(&memory, &main, &scope, &settings, which, &|_, _| Ok(()));
    for (path, text) in &mut files {
        let path = folder.join(path.as_str());
        if let Some(changed) = fixed.texts.iter().find(|changed| changed.path == path) {
            *text = String::from_utf8_lossy(changed.new.bytes()).into_owned();
        }
    }
    let rows = fixed.outcome.fixes.map(|fixes| fixes.applied).unwrap_or_default();
    let mut by: Vec<(&'static str, String)> = Vec::new();
    for row in rows {
        if by.iter().all(|(name, _)| *name != row.rule.name) {
            by.push((row.rule.name, format!("{} ({}:{})", row.title, row.path, row.line)));
        }
    }
    (!fixed.texts.is_empty()).then_some(Edited { files, by, is_safe: which == Which::Safe })
}

/// Where trees come from.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'p> {
    /// Spliced of a pool.
    Spliced(&'p Pool),
    /// Of the generator that the model is tried with, with subrequests, secrets, gaps and unseen files put in.
    Generated(&'p Pool),
}

impl Origin<'_> {
    fn draw(&self, seed: u64, number: u64) -> Result<Tree, Error> {
        Ok(match self {
            Self::Spliced(pool) => splice(pool, seed, number),
            Self::Generated(pool) => {
                let case = generated(seed, number)?.known_to(OLDEST);
                dressed(&Tree::new(&case.files), pool, seed, number)
            }
        })
    }
}

/// Debian's oldest: what is drawn is one tree for all.
const OLDEST: NginxVersion = NginxVersion::new(1, 22, 0);

/// So many cases are drawn in place of one that hangs on others.
const MOST_DRAWN: u64 = 20;

/// A case whose requests do not disturb one another.
fn generated(seed: u64, number: u64) -> Result<Case, Error> {
    let mut case = Drawn::new(seed, number)?.case();
    for again in 1..MOST_DRAWN {
        if !case.hangs_on_others() {
            break;
        }
        case = Drawn::new(seed.wrapping_add(again << 32), number)?.case();
    }
    Ok(case)
}

/// A tree that an edit harms, as small as it could be made.
#[derive(Debug, Clone)]
pub struct Harmed {
    /// Of the tree that was drawn.
    pub number: u64,
    /// In a few words.
    pub what: String,
    /// Who edited, and what was done.
    pub by: Vec<(&'static str, String)>,
    tree: Tree,
    after: Vec<(String, String)>,
    asks: Asks,
    version: NginxVersion,
    request: Option<(Exchange, Answer, Answer)>,
}

impl Display for Harmed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { number, what, by, tree, after, asks, version, request } = self;
        writeln!(f, "# {what}: tree {number} on nginx {version}")?;
        by.iter().try_for_each(|(name, done)| writeln!(f, "# by {name}: {done}"))?;
        let judged = asks.version.map_or_else(|| "any version".to_owned(), |version| version.to_string());
        let assumed = if asks.assume_websocket { ", --assume-websocket" } else { "" };
        writeln!(f, "# judged for {judged}{assumed}")?;
        if let Some((exchange, before, after)) = request {
            let listen = exchange.listen.as_deref().unwrap_or_default();
            let sent = exchange.text();
            comment(f, &format!("to {listen}: {}", sent.trim_end().replace("\r\n", "\n        ")))?;
            comment(f, &format!("before: {before}"))?;
            comment(f, &format!("after: {after}"))?;
        }
        writeln!(f, "{}", tree.text())?;
        writeln!(f, "# what the edit makes of it:")?;
        for (path, text) in after {
            // Files that did not change are there already.
            if !tree.texts().iter().any(|(known, old)| known == path && old == text) {
                comment(f, &format!("file: {path}\n{text}"))?;
            }
        }
        Ok(())
    }
}

fn comment(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    text.lines().try_for_each(|line| writeln!(f, "# {line}"))
}

/// What came of some trees.
#[derive(Debug, Default)]
pub struct Harms {
    /// Trees that nginx took.
    pub started: u64,
    /// Those that were drawn and that it did not take.
    pub refused: u64,
    /// Trees that edits changed.
    pub changed: u64,
    /// Requests that were made twice.
    pub requests: u64,
    /// Handshakes that failed before and work after.
    pub mended: u64,
    /// How many trees are harmed, by kind: what happens, and who edited.
    pub kinds: BTreeMap<Kind, u64>,
    /// The first of each kind.
    pub harmed: Vec<Harmed>,
}

/// What happens in a few words, and who edited.
pub type Kind = (&'static str, String);

/// How many trees are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Which are drawn.
    pub seed: u64,
    /// The number of the first one.
    pub first: u64,
    /// So many that nginx takes.
    pub trees: u64,
    /// After so many kinds of harm it is over.
    pub most_kinds: usize,
    /// Whether nothing is asked, and nginx has to start, no more.
    pub is_only_started: bool,
    /// Whether a tree that is harmed is made as small as it can be, which takes some hundred starts of nginx.
    pub is_shrunk: bool,
}

/// Draws trees until enough of them started, edits them and asks nginx the same before and after.
///
/// # Errors
/// When something of the system fails.
pub fn harms(binary: &Binary, origin: Origin<'_>, fixer: Fixer<'_>, trial: Trial) -> Result<Harms, Error> {
    let Trial { first, trees, most_kinds, .. } = trial;
    let next = AtomicU64::new(first);
    let is_over = AtomicBool::new(false);
    let result = Mutex::new(Ok(Harms::default()));
    let is_new = |kind: &Kind| {
        let result = result.lock().unwrap_or_else(PoisonError::into_inner);
        result.as_ref().is_ok_and(|all: &Harms| !all.kinds.contains_key(kind))
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number - first >= trees.saturating_mul(MOST_DRAWS) || is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let one = one(binary, origin, fixer, trial, number, &is_new);
                    let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
                    match (one, result.as_mut()) {
                        (Ok(one), Ok(all)) => {
                            all.add(one);
                            if all.started >= trees || all.kinds.len() >= most_kinds {
                                is_over.store(true, Ordering::Relaxed);
                            }
                        }
                        (Err(error), Ok(_)) => {
                            is_over.store(true, Ordering::Relaxed);
                            *result = Err(error);
                        }
                        (_, Err(_)) => {}
                    }
                }
            });
        }
    });
    result.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Display for Harms {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { started, refused, changed, requests, mended, kinds, .. } = self;
        write!(
            f,
            "{started} trees start ({refused} more do not), {changed} are fixed, {requests} requests before and after, \
             {mended} handshakes mended, {} harmed",
            kinds.values().sum::<u64>()
        )?;
        kinds.iter().try_for_each(|((what, by), count)| write!(f, "\n    {count} times {what}, by {by}"))
    }
}

impl Harms {
    fn add(&mut self, one: Self) {
        self.started += one.started;
        self.refused += one.refused;
        self.changed += one.changed;
        self.requests += one.requests;
        self.mended += one.mended;
        for (kind, count) in one.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.harmed.extend(one.harmed);
    }
}

/// What a fixer did to a tree.
struct Difference {
    what: &'static str,
    edited: Edited,
    request: Option<(Exchange, Answer, Answer)>,
}

impl Difference {
    /// Whether another one is of the same kind.
    fn is_like(&self, other: &Self) -> bool {
        self.what == other.what
    }

    fn kind(&self) -> Kind {
        let names: Vec<&str> = self.edited.by.iter().map(|(name, _)| *name).collect();
        (self.what, names.join(" and "))
    }
}

fn one(
    binary: &Binary,
    origin: Origin<'_>,
    fixer: Fixer<'_>,
    trial: Trial,
    number: u64,
    is_new: &dyn Fn(&Kind) -> bool,
) -> Result<Harms, Error> {
    let mut harms = Harms::default();
    let drawn = started(binary, origin.draw(trial.seed, number)?)?;
    // A fix is unsafe, and made all the same, where only the name of a file says that the line is not in it yet.
    let is_asked = |tree: &Tree| !trial.is_only_started || !hides_behind_a_name(tree);
    let Some((tree, running)) = drawn.filter(|(tree, _)| is_asked(tree)) else {
        harms.refused = 1;
        return Ok(harms);
    };
    harms.started = 1;
    let mut asks = Asks::of(number, binary.version);
    let Some(edited) = fixer(&tree, &asks) else { return Ok(harms) };
    harms.changed = 1;
    let all = if trial.is_only_started { Vec::new() } else { requests(&tree) };
    let Some(first) = difference(binary, &tree, running, edited, &all, &mut harms)? else { return Ok(harms) };
    // Alone it is asked again, and where that makes no difference behind those before it.
    let alone: Vec<Exchange> = first.request.iter().map(|(request, ..)| request.clone()).collect();
    let again = |tree: &Tree, asks: &Asks, asked: &[Exchange]| -> Option<Difference> {
        let edited = fixer(tree, asks)?;
        let running = start(binary, tree.texts()).ok().filter(Running::is_up)?;
        let found = difference(binary, tree, running, edited, asked, &mut Harms::default()).ok()??;
        found.is_like(&first).then_some(found)
    };
    let tried = [alone, all].into_iter().find_map(|asked| Some((again(&tree, &asks, &asked)?, asked)));
    // What does not happen again is a matter of chance.
    let Some((mut found, asked)) = tried else { return Ok(harms) };
    if first.edited.by.len() > 1 {
        let names = first.edited.by.iter().map(|(name, _)| Asks { only: Some(name), ..asks });
        if let Some((by_one, one)) =
            names.into_iter().find_map(|asks| Some((again(&tree, &asks, &asked)?, asks)))
        {
            (found, asks) = (by_one, one);
        }
    }
    let kind = found.kind();
    if is_new(&kind) {
        let tries = if trial.is_shrunk { MOST_TRIES } else { 0 };
        let small = shrunk(tree, tries, |smaller| match again(smaller, &asks, &asked) {
            Some(still) if still.kind() == kind => {
                found = still;
                true
            }
            _ => false,
        });
        harms.harmed.push(harmed(number, found, small, asks, binary.version));
    }
    harms.kinds.insert(kind, 1);
    Ok(harms)
}

/// The first harm that an edit does to a tree as it is; `None` if it does none.
///
/// # Errors
/// When nginx refuses the tree, or something of the system fails.
pub fn harm_to(binary: &Binary, tree: &Tree, fixer: Fixer<'_>, asks: Asks) -> Result<Option<Harmed>, Error> {
    let running = start(binary, tree.texts())?;
    if !running.is_up() {
        return Err(Error::Refused { message: running.verdict().message.clone() });
    }
    let Some(edited) = fixer(tree, &asks) else { return Ok(None) };
    let found = difference(binary, tree, running, edited, &requests(tree), &mut Harms::default())?;
    Ok(found.map(|found| harmed(0, found, tree.clone(), asks, binary.version)))
}

fn harmed(number: u64, found: Difference, tree: Tree, asks: Asks, version: NginxVersion) -> Harmed {
    let Difference { what, edited: Edited { files, by, .. }, request } = found;
    Harmed { number, what: what.to_owned(), by, tree, after: files, asks, version, request }
}

/// So often both sides are asked again before a difference counts: what nginx does by chance differs without any edit, such
/// as whether a mirror's 101 ends the client's connection before its own handshake is answered.
const REPEATS: usize = 8;

/// The first harm that an edit does.
fn difference(
    binary: &Binary,
    tree: &Tree,
    running: Running,
    edited: Edited,
    asked: &[Exchange],
    harms: &mut Harms,
) -> Result<Option<Difference>, Error> {
    if let Some(what) = copied(tree, &edited) {
        return Ok(Some(Difference { what, edited, request: None }));
    }
    let names = Names::new(tree, running.places());
    let (names_before, before) = (names.clone(), answers(&names, running, asked));
    let after = match start(binary, edited.files.clone()) {
        Ok(after) if after.is_up() => after,
        Ok(_) | Err(Error::NotStarted { .. }) => {
            return Ok(Some(Difference { what: "nginx no longer starts", edited, request: None }));
        }
        Err(error) => return Err(error),
    };
    let names = Names::new(&Tree::new(&edited.files), after.places()).after(&names);
    let after = answers(&names, after, asked);
    let texts = tree.texts();
    for ((index, (before, after)), request) in before.into_iter().zip(after).enumerate().zip(asked) {
        harms.requests += 1;
        harms.mended += u64::from(before.is_mended_by(&after));
        if let Some(what) = harm(request, &before, &after) {
            let mut is_by_chance = false;
            let until = asked.get(..=index).unwrap_or(asked);
            for _ in 0..REPEATS {
                let last = |names: &Names, files: &[(String, String)]| -> Result<Option<Answer>, Error> {
                    Ok(answers(names, start(binary, files.to_vec())?, until).pop())
                };
                let again = last(&names_before, &texts)?;
                is_by_chance |= again.is_some_and(|before| harm(request, &before, &after).is_none());
                let again = last(&names, &edited.files)?;
                is_by_chance |= again.is_some_and(|after| harm(request, &before, &after).is_none());
                if is_by_chance {
                    break;
                }
            }
            if is_by_chance {
                continue;
            }
            return Ok(Some(Difference { what, edited, request: Some((request.clone(), before, after)) }));
        }
    }
    Ok(None)
}

/// Whether a value that looks like a secret is written once more. Only fixes that are not safe may do so, and only in a file
/// that has it already.
fn copied(tree: &Tree, edited: &Edited) -> Option<&'static str> {
    let old = tree.texts();
    let before = |path: &str, secret: &str| {
        let text = old.iter().find(|(known, _)| known == path).map_or("", |(_, text)| text.as_str());
        text.matches(secret).count()
    };
    let mut is_copied = false;
    for (path, text) in &edited.files {
        for secret in SECRETS {
            let (before, after) = (before(path, secret), text.matches(secret).count());
            if before == 0 && after > 0 {
                return Some("a secret gets into another file");
            }
            is_copied |= after > before;
        }
    }
    (is_copied && edited.is_safe).then_some("a secret is copied")
}

fn answers(names: &Names, mut running: Running, asked: &[Exchange]) -> Vec<Answer> {
    let mut ask =
        |exchange: &Exchange| Answer::new(&running.probe(&Probe::Exchange(exchange.clone())), names);
    asked.iter().map(&mut ask).collect()
}

/// The tree without all that can be left out while it is still so: whole files and blocks first.
fn shrunk(mut tree: Tree, most_tries: usize, mut is_still_so: impl FnMut(&Tree) -> bool) -> Tree {
    let mut tries = 0;
    loop {
        let mut is_smaller = false;
        // From behind, so that what is left out moves nothing that is still to be tried; outer ones come before inner.
        let mut index = 0;
        while tries < most_tries {
            let all = tree.all();
            let Some(at) = all.get(index) else { break };
            let mut smaller = tree.clone();
            smaller.remove(at);
            smaller.files.retain(|file| file.path == "nginx.conf" || !file.items.is_empty());
            tries += 1;
            if is_still_so(&smaller) {
                tree = smaller;
                is_smaller = true;
            } else {
                index += 1;
            }
        }
        if !is_smaller || tries >= most_tries {
            return tree;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let text = "a; http { b; server { c; d { e; f; } } }";
        let tree = Tree::new(&[("nginx.conf".to_owned(), text.to_owned())]);
        let small = shrunk(tree, MOST_TRIES, |tree| tree.text().contains("e;"));
        assert_eq!(small.text(), "http {\n    server {\n        d {\n            e;\n        }\n    }\n}\n");
    }
}
