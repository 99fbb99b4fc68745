//! A few processes at a time: so many that a small machine is busy, and no more.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::Error;

/// So many at a time.
const AT_A_TIME: usize = 2;

/// What comes of each job, in the order of the jobs. The first error ends it, once what has begun is done.
///
/// # Errors
/// The first of a job.
pub(crate) fn each<J: Sync, T: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let worker = || -> Result<(), Error> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return Ok(()) };
            let result = work(job).inspect_err(|_| next.store(jobs.len(), Ordering::Relaxed))?;
            if let Ok(mut done) = done.lock() {
                done.push((number, result));
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(worker)).collect();
        // A worker that panics is a bug of this task, and scope() says so.
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect::<Result<(), Error>>()
    })?;
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_their_jobs() {
        let jobs: Vec<usize> = (0..100).collect();
        assert_eq!(
            each(&jobs, |job| Ok(job * 2)).unwrap(),
            jobs.iter().map(|job| job * 2).collect::<Vec<_>>()
        );
        assert!(each(&jobs, |job| if *job == 3 { Err(Error::Usage) } else { Ok(()) }).is_err());
    }
}
