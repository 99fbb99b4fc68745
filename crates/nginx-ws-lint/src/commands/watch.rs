//! `--watch`: lints again whenever a file changes that the last run depended on, until it is interrupted.

mod interest;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{Config, ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher};
use walkdir::{DirEntry, WalkDir};

use self::interest::Interest;
use super::given::Given;
use super::lint;
use crate::cli::LintArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::say;
use crate::system::is_reader_gone;

/// An editor writes a file in several steps; what comes within this time is one change.
const QUIET: Duration = Duration::from_millis(150);

/// A log that grows in the same folder is never quiet: no change waits longer.
const LONGEST: Duration = Duration::from_secs(1);

/// How often the program looks whether its output is still read.
const LOOK: Duration = Duration::from_secs(1);

/// Clears a terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Lints, waits for a change, and lints again.
pub(crate) fn run(args: &LintArgs) -> Result<Exit, Error> {
    // The shell's `<(…)` and a FIFO are empty at the second run, or have it wait for ever.
    let is_read_once =
        |file: &PathBuf| fs::metadata(file).is_ok_and(|file| !file.is_file() && !file.is_dir());
    if let Some(file) = args.baseline.as_ref().filter(|file| is_read_once(file)) {
        return Err(Error::WatchPipe(file.display().to_string()));
    }
    let mut last = None;
    let mut before = BTreeSet::new();
    loop {
        // A folder may have been replaced by another one of its name: each run watches what is there now, and begins to
        // before it reads.
        let given = Given::new(&args.judged.input, None)?;
        if given.stdin().is_some() {
            return Err(Error::WatchStdin);
        }
        let mut changes = Changes::new(Interest::new(given.scope(), args, &before))?;
        if io::stdout().is_terminal() {
            // What is gone from the screen is not looked at any more.
            let _ = write!(io::stdout(), "{CLEAR}");
        }
        let exit = lint::once(args, |outcome, scope| {
            changes.interest.add_files(outcome, scope);
            changes.watch_places();
        });
        match (exit, last) {
            (Ok(exit), _) => last = Some(exit),
            (Err(error), None) => return Err(error),
            // A baseline that is half-written now will be whole soon.
            (Err(error), Some(_)) => say(&format!("error: {error}")),
        }
        // A file that an include does not find any more may come back.
        before.extend(changes.interest.take_files());
        say("watching; interrupt it to end");
        if !changes.wait() {
            return Ok(last.unwrap_or(Exit::Failed));
        }
    }
}

/// What tells of changes.
struct Changes {
    interest: Interest,
    watcher: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
}

impl Changes {
    /// Watches the given folders, and begins with what is around them.
    fn new(interest: Interest) -> Result<Self, Error> {
        let (sender, events) = channel();
        let told = move |event: notify::Result<Event>| {
            // Without a reader the program ends.
            let _ = sender.send(event);
        };
        let watcher = RecommendedWatcher::new(told, Config::default()).map_err(Error::Watch)?;
        let mut changes = Self { interest, watcher, events };
        // One that is not there, or goes while this is asked, is seen when it comes.
        for folder in changes.interest.folders().filter(|folder| folder.is_dir()) {
            watch_below(&mut changes.watcher, folder)?;
        }
        changes.watch_places();
        Ok(changes)
    }

    /// Watches the folders around: what cannot be watched there is no reason not to lint.
    fn watch_places(&mut self) {
        for folder in self.interest.take_places() {
            let _ = self.watcher.watch(&folder, RecursiveMode::NonRecursive);
        }
    }

    /// Waits for a change and for the quiet behind it; false where nobody can tell of one any more, or reads what is said
    /// of it.
    fn wait(&self) -> bool {
        let mut looked = Instant::now();
        loop {
            match self.events.recv_timeout(LOOK) {
                Ok(event) if self.counts(&event) => break,
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            // What does not count may come all the time.
            if looked.elapsed() >= LOOK {
                if is_reader_gone() {
                    return false;
                }
                looked = Instant::now();
            }
        }
        let first = Instant::now();
        let mut last = first;
        while let Some(left) = QUIET.checked_sub(last.elapsed()).filter(|_| first.elapsed() < LONGEST) {
            match self.events.recv_timeout(left) {
                Ok(event) if self.counts(&event) => last = Instant::now(),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        true
    }

    fn counts(&self, event: &notify::Result<Event>) -> bool {
        event.as_ref().is_ok_and(|event| self.interest.has(event))
    }
}

/// Watches a folder and all below it. One that may not be read, such as that of private keys, is told by the run itself and
/// ends no watch; a new one is watched by the run that it causes. Of the root of all only what is in it itself is watched:
/// it is given where a file in it is.
fn watch_below(watcher: &mut RecommendedWatcher, folder: &Path) -> Result<(), Error> {
    let depth = if folder.parent().is_none() { 0 } else { usize::MAX };
    let is_watched = |entry: &DirEntry| entry.file_type().is_dir() && entry.file_name() != ".git";
    let all = WalkDir::new(folder).max_depth(depth).into_iter();
    for entry in all.filter_entry(|entry| entry.depth() == 0 || is_watched(entry)).flatten() {
        match watcher.watch(entry.path(), RecursiveMode::NonRecursive) {
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => return Err(Error::Watch(error)),
            _ => {}
        }
    }
    Ok(())
}
