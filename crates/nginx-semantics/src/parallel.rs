//! Work on many things in threads.

use std::sync::OnceLock;

use rayon::ThreadPool;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

/// Fewer things are not worth the start of threads, of which there are as many as the machine has cores.
const WORTH_IT: usize = 256;
/// So many at least are given to a thread at a time.
const AT_A_TIME: usize = 16;
/// As much stack as the main thread has on Linux: what is nested deep is gone into as deep by any thread.
const STACK_SIZE: usize = 8 << 20;

/// Does work that shares itself out among threads, or the same work in one thread where there is one alone
/// (`RAYON_NUM_THREADS=1`), or not enough to do for several.
fn shared_out<R: Send>(count: usize, many: impl FnOnce() -> R + Send, alone: impl FnOnce() -> R) -> R {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    if count < WORTH_IT {
        return alone();
    }
    if rayon::current_thread_index().is_some() {
        return if rayon::current_num_threads() > 1 { many() } else { alone() };
    }
    let pool = POOL.get_or_init(|| rayon::ThreadPoolBuilder::new().stack_size(STACK_SIZE).build().ok());
    match pool.as_ref().filter(|pool| pool.current_num_threads() > 1) {
        Some(pool) => pool.install(many),
        None => alone(),
    }
}

/// What `work` makes of each item, in their order: whatever the number of threads, the outcome is the same. Few items are
/// not worth a thread.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let many = || items.par_iter().with_min_len(AT_A_TIME).map(&work).collect();
    shared_out(items.len(), many, || items.iter().map(&work).collect())
}

/// The same for items that hold `count` things, each worth a thread's while, a part of them at a time, so that what was
/// made of a part is taken in and dropped while the next one is worked on. `work` gets what `next` makes of the parts
/// before.
pub fn in_parts<T: Sync, R: Send, S: Copy + Send + Sync>(
    count: usize,
    parts: &[&[T]],
    first: S,
    work: impl Fn(&T, S) -> R + Sync,
    next: impl Fn(S, &[R]) -> S + Sync,
    take: &mut (dyn FnMut(R) + Send),
) {
    let taken = std::sync::Mutex::new(take);
    let take_in = |made: Vec<R>| {
        // Nobody else holds it.
        let mut take = taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        made.into_iter().for_each(&mut **take);
    };
    let many = || {
        let (mut state, mut before) = (first, Vec::new());
        for part in parts {
            let work = || part.par_iter().with_max_len(1).map(|item| work(item, state)).collect::<Vec<R>>();
            let (made, ()) = rayon::join(work, || take_in(std::mem::take(&mut before)));
            state = next(state, &made);
            before = made;
        }
        take_in(before);
    };
    let alone = || {
        let mut state = first;
        for part in parts {
            let made: Vec<R> = part.iter().map(|item| work(item, state)).collect();
            state = next(state, &made);
            take_in(made);
        }
    };
    shared_out(count, many, alone);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_threads(test: impl Fn() + Sync) {
        for threads in [1, 2, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(&test);
        }
        test();
    }

    #[test]
    fn the_order_is_kept() {
        for count in [0, 1, WORTH_IT - 1, WORTH_IT, 10_000] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 3).collect();
            with_threads(|| assert_eq!(in_parallel(&items, |item| item * 3), expected));
        }
    }

    #[test]
    fn what_is_left_by_a_part_comes_to_the_next() {
        for count in [0, 1, WORTH_IT, 1_000] {
            let items: Vec<usize> = (0..count).collect();
            let parts: Vec<&[usize]> = items.chunks(7).collect();
            let expected: Vec<usize> = items.iter().map(|item| item + 1000 * (item / 7 * 7)).collect();
            with_threads(|| {
                let mut taken = Vec::new();
                let next = |state: usize, made: &[usize]| state + made.len();
                let work = |item: &usize, state| item + 1000 * state;
                in_parts(count, &parts, 0, work, next, &mut |made| taken.push(made));
                assert_eq!(taken, expected);
            });
        }
    }
}
