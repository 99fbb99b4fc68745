//! Every block of every rule's page does on real nginx binaries what page and linter say.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::{env, fs, io};

use nginx_proof::{DOCUMENT, HOW_TO_GET, Heading, Proof, WANTED, binaries, document, is_complete, prove};

/// Past the capture of tests: what was not proven has to be seen.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "nginx-proof: {line}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// One test: the proofs are the costly part, and the document is made of them.
#[test]
fn pages_and_linter_say_what_nginx_does() {
    let found = binaries(root()).unwrap();
    let is_required = env::var_os("NGINX_PROOF_REQUIRED").is_some_and(|value| value == "1");
    if found.is_empty() {
        assert!(!is_required, "{HOW_TO_GET}");
        say(HOW_TO_GET);
        return;
    }
    let versions: Vec<String> = found.iter().map(|binary| binary.version.to_string()).collect();
    say(&format!("proving on nginx {}", versions.join(", ")));
    // Before the minute that the proofs take.
    assert!(is_complete(&found) || !is_required, "{WANTED}");

    let proofs = prove(&found).unwrap();
    let complaints: Vec<String> = proofs.iter().filter_map(Proof::complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));

    if !is_complete(&found) {
        say(WANTED);
        return;
    }
    every_example_is_raised_and_every_remedy_works_somewhere(&proofs);
    let written = fs::read_to_string(root().join(DOCUMENT)).unwrap_or_default();
    assert_eq!(written, document(&proofs), "`cargo run -p nginx-proof > {DOCUMENT}` writes it anew");
}

fn every_example_is_raised_and_every_remedy_works_somewhere(proofs: &[Proof]) {
    let mut blocks: BTreeMap<_, bool> = BTreeMap::new();
    for proof in proofs.iter().filter(|proof| proof.heading != Heading::InWords) {
        let is_so = proof.is_raised == (proof.heading == Heading::Example);
        *blocks.entry((proof.rule, proof.heading, proof.number)).or_default() |= is_so;
    }
    let never: Vec<_> = blocks.into_iter().filter(|(_, is_so)| !is_so).map(|(block, _)| block).collect();
    assert!(never.is_empty(), "{never:?}");
}
