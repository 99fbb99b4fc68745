//! A fault of the program itself: it asks for a report, says what to attach, and ends with exit code 2.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use crate::exit::Exit;
use crate::reports::TOOL;
use crate::say;

/// Does something; what it panics with is told.
pub(crate) fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(tell));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Failed)
}

fn tell(info: &PanicHookInfo<'_>) {
    let payload = info.payload();
    let formatted = || payload.downcast_ref::<String>().map(String::as_str);
    let what = payload.downcast_ref::<&str>().copied().or_else(formatted).unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    for line in text(what, &place).lines() {
        say(line);
    }
    // Where nothing unwinds (the profile `small`), what follows is SIGABRT, which is no exit code of this program.
    #[cfg(panic = "abort")]
    std::process::exit(Exit::Failed.code().into());
}

fn text(what: &str, place: &str) -> String {
    let version = TOOL.version;
    let commit = TOOL.commit.map(|commit| format!(", commit {commit}")).unwrap_or_default();
    format!(
        "error: nginx-ws-lint has a fault and stopped: {what} ({place})\n\
         Nothing is wrong with what you did. Please report it, with\n  \
         - the line above, and the version: {version}{commit}\n  \
         - the command that you ran\n  \
         - the configuration, as small as it still happens; names and addresses may be replaced\n\
         No file is half-written: each is replaced as a whole or not at all."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_exit_code_2_and_asks_for_a_report() {
        assert_eq!(guarded(|| Exit::Clean), Exit::Clean);
        let exit = guarded(|| panic!("index 3 of 2"));
        assert_eq!(exit, Exit::Failed);
        let text = text("index 3 of 2", "src/a.rs:1:2");
        assert!(text.starts_with("error: ") && text.contains("index 3 of 2 (src/a.rs:1:2)"), "{text}");
        assert!(text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    }
}
