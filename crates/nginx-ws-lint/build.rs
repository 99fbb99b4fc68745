//! Tells the program which commit it is built from, where it is built in a checkout.

use std::path::Path;
use std::process::Command;

fn main() {
    // What cargo cannot find it takes for changed each time: only a file that is there is watched. A worktree has its own.
    match git(&["rev-parse", "--git-path", "HEAD"]).filter(|head| Path::new(head).exists()) {
        Some(head) => println!("cargo:rerun-if-changed={head}"),
        None => println!("cargo:rerun-if-changed=build.rs"),
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo:rustc-env=NGINX_WS_LINT_COMMIT={commit}");
    }
}

/// What git prints; nothing outside of a checkout.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
