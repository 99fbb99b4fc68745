//! Work on many things in threads.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

/// Fewer things are not worth the start of threads, of which there are as many as the machine has cores.
const WORTH_IT: usize = 256;
/// So many at least are given to a thread at a time.
const AT_A_TIME: usize = 16;

/// What `work` makes of each item, in their order: whatever the number of threads, the outcome is the same. Few items are
/// not worth a thread, and where there is one alone (`RAYON_NUM_THREADS=1`) none is started.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() < WORTH_IT || rayon::current_num_threads() < 2 {
        return items.iter().map(work).collect();
    }
    items.par_iter().with_min_len(AT_A_TIME).map(&work).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept() {
        for count in [0, 1, WORTH_IT - 1, WORTH_IT, 10_000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 3).collect();
            for threads in [1, 2, 4] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                assert_eq!(pool.install(|| in_parallel(&items, |item| item * 3)), expected);
            }
        }
    }
}
