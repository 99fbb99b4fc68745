//! Every block of every rule's page does on real nginx binaries what page and linter say.

use std::collections::BTreeMap;
use std::fs;

use nginx_proof::{DOCUMENT, Heading, Proof, document, found, is_complete, prove, root, say};

/// One test: the proofs are the costly part, and the document is made of them.
#[test]
fn pages_and_linter_say_what_nginx_does() {
    // What is missing fails here, before the minutes that the proofs take.
    let found = found().unwrap();
    if found.is_empty() {
        return;
    }
    let versions: Vec<String> = found.iter().map(|binary| binary.version.to_string()).collect();
    say(&format!("proving on nginx {}", versions.join(", ")));
    let proofs = prove(&found).unwrap();
    let complaints: Vec<String> = proofs.iter().filter_map(Proof::complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));

    if !is_complete(&found) {
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
