//! `--watch`: lints again whenever a file below the given folders changes, until it is interrupted.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::given::Given;
use super::lint;
use crate::cli::LintArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::say;

/// An editor writes a file in several steps; what comes within this time is one change.
const QUIET: Duration = Duration::from_millis(150);

/// Clears a terminal and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[3J\x1b[H";

/// Lints, waits for a change, and lints again.
pub(crate) fn run(args: &LintArgs) -> Result<Exit, Error> {
    let given = Given::new(&args.judged.input, None)?;
    if given.stdin().is_some() {
        return Err(Error::WatchStdin);
    }
    let (sender, changes) = channel();
    let changed = move |event: notify::Result<Event>| {
        // Without a reader the program ends.
        let _ = sender.send(event);
    };
    let mut watcher = RecommendedWatcher::new(changed, Config::default()).map_err(Error::Watch)?;
    for folder in &given.scope().given {
        watcher.watch(folder, RecursiveMode::Recursive).map_err(Error::Watch)?;
    }
    loop {
        if io::stdout().is_terminal() {
            // What is gone from the screen is not looked at any more.
            let _ = write!(io::stdout(), "{CLEAR}");
        }
        lint::once(args)?;
        say("watching; interrupt it to end");
        if !is_changed(&changes) {
            return Ok(Exit::Failed);
        }
    }
}

/// Waits for a change and for the quiet behind it; false where nobody can tell of one any more.
fn is_changed(changes: &Receiver<notify::Result<Event>>) -> bool {
    loop {
        match changes.recv() {
            Ok(Ok(event)) if is_of_interest(&event) => break,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    while !matches!(
        changes.recv_timeout(QUIET),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)
    ) {}
    true
}

/// Reading changes nothing, and what version control does to itself concerns nobody.
fn is_of_interest(event: &Event) -> bool {
    let is_read = matches!(event.kind, EventKind::Access(_) | EventKind::Other);
    let is_ours = |path: &Path| !path.components().any(|part| part.as_os_str() == ".git");
    !is_read && event.paths.iter().any(|path| is_ours(path))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use notify::event::{AccessKind, CreateKind, ModifyKind};

    use super::*;

    #[test]
    fn reading_and_version_control_are_no_change() {
        let event = |kind, path: &str| Event::new(kind).add_path(PathBuf::from(path));
        assert!(is_of_interest(&event(EventKind::Modify(ModifyKind::Any), "/etc/nginx/nginx.conf")));
        assert!(is_of_interest(&event(EventKind::Create(CreateKind::File), "/a/b.conf")));
        assert!(!is_of_interest(&event(EventKind::Access(AccessKind::Any), "/etc/nginx/nginx.conf")));
        assert!(!is_of_interest(&event(EventKind::Modify(ModifyKind::Any), "/a/.git/index")));
    }
}
