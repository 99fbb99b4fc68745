//! The proof of the proof: wrong models are told from the right one by what was seen of the same cases.

use nginx_proof::model::{Run, compare};
use nginx_semantics::mistakes::{Mistake, with};

/// Each mistake with the first case of a run that tells it from nginx.
pub(crate) fn found(run: &Run) -> Vec<(&'static str, Option<u64>)> {
    let first = |mistake| {
        run.first(|case, seen| {
            let compared = with(mistake, || compare(&case.files, &case.requests, run.version, seen));
            !compared.0.is_empty()
        })
    };
    Mistake::ALL.into_iter().map(|mistake| (mistake.words(), first(mistake))).collect()
}
