//! Tells the program which commit it is built from, where it is built in a checkout.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=../../.git/HEAD");
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    if let Some(output) = commit.ok().filter(|output| output.status.success()) {
        println!("cargo:rustc-env=NGINX_WS_LINT_COMMIT={}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
