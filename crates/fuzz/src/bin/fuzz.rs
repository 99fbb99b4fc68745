//! The targets of this crate for libFuzzer, whose `main` this has. `cargo xtask fuzz` builds and starts it.

#![no_main]

use std::env;

use fuzz::Target;
use libfuzzer_sys::fuzz_target;

fn target() -> Option<Target> {
    Target::named(&env::var("NGINX_WS_LINT_FUZZ_TARGET").ok()?)
}

std::thread_local! {
    static TARGET: Option<Target> = target();
}

fuzz_target!(init: assert!(target().is_some(), "NGINX_WS_LINT_FUZZ_TARGET names no target"), |input: &[u8]| {
    TARGET.with(|target| if let Some(target) = target { target.check(input) });
});
