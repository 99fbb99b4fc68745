//! What the catalogue says may stand once in a block, nginx refuses the second time.

use std::io::Write;
use std::path::Path;
use std::{env, io, thread};

use nginx_proof::{HOW_TO_GET, binaries, prove_once};

/// Past the capture of tests: what was not proven has to be seen.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "nginx-proof: {line}");
}

#[test]
fn directives_that_may_stand_once_are_refused_the_second_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let found = binaries(root).unwrap();
    let is_required = env::var_os("NGINX_PROOF_REQUIRED").is_some_and(|value| value == "1");
    assert!(!found.is_empty() || !is_required, "{HOW_TO_GET}");
    if found.is_empty() {
        say(HOW_TO_GET);
    }
    thread::scope(|scope| {
        for binary in &found {
            scope.spawn(move || {
                let once = prove_once(binary).unwrap();
                say(&format!("nginx {}: {} directives are refused twice", binary.version, once.refused));
                assert_eq!(once.not_seen, [""; 0], "nginx {}", binary.version);
                assert!(once.refused > 200, "{once:?}");
            });
        }
    });
}
