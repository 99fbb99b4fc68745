//! What the catalogue says may stand once in a block, nginx refuses the second time.

use std::thread;

use nginx_proof::{found, prove_once, say};

#[test]
fn directives_that_may_stand_once_are_refused_the_second_time() {
    let found = found().unwrap();
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
