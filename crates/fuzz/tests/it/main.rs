//! Every target over its seeds, and over what the fuzzer found before.

use std::fs;
use std::path::Path;

use fuzz::{Target, seeds};

#[test]
fn every_target_holds_over_its_seeds() {
    for target in Target::ALL {
        let seeds = seeds(target);
        assert!(seeds.len() > 9, "{} has seeds", target.name());
        seeds.iter().for_each(|seed| target.check(seed));
    }
}

/// `regressions/TARGET/…`: inputs that once broke an invariant.
#[test]
fn what_was_found_stays_mended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    for target in fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let name = target.file_name().into_string().unwrap();
        let known = Target::named(&name).unwrap();
        for input in fs::read_dir(target.path()).unwrap() {
            known.check(&fs::read(input.unwrap().path()).unwrap());
        }
    }
}
