//! Safe fixes of spliced and of generated trees harm no request, and edits that do harm are found.
//!
//! `NGINX_PROOF_CASES` says how many trees start on each nginx, `NGINX_PROOF_SEED` which, `NGINX_PROOF_DIFFERENCES` how many
//! kinds of harm are told before the test gives up. `NGINX_PROOF_HARMS` names another folder of trees to try as those that
//! were harmed once.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail like tests")]

mod harmful;

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use nginx_proof::harm::{Asks, Harms, Origin, Pool, Tree, Trial, all_fixes, harm_to, harms, safe_fixes};
use nginx_proof::model::SEED;
use nginx_proof::{Binary, found, number, say};

use harmful::{Edit, HARMFUL, HARMLESS};

/// So many spliced trees on each nginx.
const CASES: u64 = 400;

/// So many trees of the generator for each hundred that are spliced.
const GENERATED: u64 = 25;

/// No harmless edit is called harmful among these.
const FEW: Trial =
    Trial { seed: SEED, first: 0, trees: 30, most_kinds: 1, is_only_started: false, is_shrunk: false };

/// Each harmful edit is found within so many trees, most within twenty; what only some trees have room for, such as a
/// target of subrequests that keeps its connection, needs more. The search ends with the first.
const MANY: Trial = Trial { trees: 400, ..FEW };

/// Of a hundred trees at least so many have a safe fix, else the test says little. Each page that is added draws other trees:
/// so far 34 to 42 had one.
const LEAST_CHANGED: u64 = 30;

/// The oldest and the newest nginx differ most.
fn ends() -> Vec<Binary> {
    let found = found().unwrap();
    let mut ends: Vec<Binary> = found.first().into_iter().chain(found.last()).cloned().collect();
    ends.dedup();
    ends
}

/// At once, as a run that is stopped says nothing at its end.
fn told(what: &str, binary: &Binary, all: &Harms, start: Instant) {
    say(&format!("nginx {}, {what}: {all}; {:.0} s", binary.version, start.elapsed().as_secs_f64()));
}

#[test]
fn safe_fixes_harm_no_request() {
    let pool = Pool::own().unwrap();
    let cases = number("NGINX_PROOF_CASES").unwrap_or(CASES);
    let seed = number("NGINX_PROOF_SEED").unwrap_or(SEED);
    let most_kinds = usize::try_from(number("NGINX_PROOF_DIFFERENCES").unwrap_or(1)).unwrap();
    let mut faults = Vec::new();
    for binary in ends() {
        for (what, origin, trees) in [
            ("spliced", Origin::Spliced(&pool), cases),
            ("generated", Origin::Generated(&pool), cases * GENERATED / 100),
        ] {
            let start = Instant::now();
            let all = harms(
                &binary,
                origin,
                &safe_fixes,
                Trial { seed, first: 0, trees, most_kinds, is_only_started: false, is_shrunk: true },
            )
            .unwrap();
            told(what, &binary, &all, start);
            assert!(!all.harmed.is_empty() || all.started >= trees, "too few trees start: {all}");
            assert!(all.changed * 100 >= all.started * LEAST_CHANGED, "nearly none has a fix: {all}");
            all.harmed.iter().for_each(|harmed| say(&harmed.to_string()));
            faults.extend(all.harmed.iter().map(ToString::to_string));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What other fixes do to requests, whoever applies them has to know; nginx starts nevertheless.
#[test]
fn nginx_starts_with_the_unsafe_fixes_too() {
    let pool = Pool::own().unwrap();
    let cases = number("NGINX_PROOF_CASES").unwrap_or(CASES) / 4;
    let seed = number("NGINX_PROOF_SEED").unwrap_or(SEED);
    let trial = Trial { seed, first: 0, trees: cases, most_kinds: 1, is_only_started: true, is_shrunk: true };
    for binary in ends() {
        let start = Instant::now();
        let all = harms(&binary, Origin::Spliced(&pool), &all_fixes, trial).unwrap();
        told("all fixes", &binary, &all, start);
        assert!(all.harmed.is_empty(), "{}", all.harmed.iter().map(ToString::to_string).collect::<String>());
    }
}

/// What was harmed once, as found or as somebody reported it.
#[test]
fn what_was_harmed_once_is_harmed_no_more() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("harms");
    let folder = env::var_os("NGINX_PROOF_HARMS").map_or(own, PathBuf::from);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut faults = String::new();
    for path in paths {
        let tree = Tree::read(&fs::read_to_string(&path).unwrap());
        for binary in ends() {
            for (version, assume_websocket) in
                [(None, false), (None, true), (Some(binary.version), false), (Some(binary.version), true)]
            {
                let asks = Asks { version, assume_websocket, only: None };
                let harmed = harm_to(&binary, &tree, &safe_fixes, asks);
                let harmed = harmed.unwrap_or_else(|error| {
                    faults.push_str(&format!("{}: {error}\n", path.display()));
                    None
                });
                faults.extend(harmed.map(|harmed| format!("{}\n{harmed}\n", path.display())));
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Else the test above could not fail.
#[test]
fn harmful_edits_are_found() {
    let pool = Pool::own().unwrap();
    let Some(binary) = ends().pop() else { return };
    let mut missed = Vec::new();
    for Edit { name, edit, kinds } in HARMFUL {
        let start = Instant::now();
        let all = harms(&binary, Origin::Spliced(&pool), edit, MANY).unwrap();
        told(name, &binary, &all, start);
        match all.harmed.first() {
            None => missed.push(format!("{name}: not found")),
            Some(harmed) => {
                if !kinds.contains(&harmed.what.as_str()) {
                    missed.push(format!("{name}: {harmed}"));
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Else it would fail whatever fixes do.
#[test]
fn harmless_edits_are_not_called_harmful() {
    let pool = Pool::own().unwrap();
    let Some(binary) = ends().pop() else { return };
    for Edit { name, edit, .. } in HARMLESS {
        let start = Instant::now();
        let all = harms(&binary, Origin::Spliced(&pool), edit, FEW).unwrap();
        told(name, &binary, &all, start);
        assert!(all.changed * 3 > all.started, "{name}: {all}");
        assert!(
            all.harmed.is_empty(),
            "{name}: {}",
            all.harmed.iter().map(ToString::to_string).collect::<String>()
        );
    }
}
