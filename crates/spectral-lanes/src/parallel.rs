//! Work shared among the threads of rayon's current pool.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

/// Less work than this, in nanoseconds of one thread, is not done sooner by two: the other has to wake up first.
const SERIAL_WORK: usize = 25_000;

/// A thread that has run out of tasks looks for so long whether the others are done before it sleeps: to be woken
/// takes longer than most of what it would wait for.
const PATIENCE: Duration = Duration::from_micros(50);

/// The work of so many multiplications and additions of numbers that lie in vectors.
pub fn product_work(products: usize) -> usize {
    products / 32
}

/// A pointer that tasks working on disjoint places may share.
pub struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: a pointer is only an address; those who use it keep their writes apart.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Of a slice that is written.
    pub fn new(slice: &mut [T]) -> Self {
        Shared(slice.as_mut_ptr())
    }

    /// Of a slice that is only read.
    pub fn to_read(slice: &[T]) -> Self {
        Shared(slice.as_ptr().cast_mut())
    }

    /// From element `count` on.
    pub fn skip(self, count: usize) -> Self {
        Shared(self.at(count))
    }

    /// The address of element `index`.
    #[inline(always)]
    pub fn at(self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// Threads that `work` is worth, in nanoseconds of one thread: about one for each number of a transform.
pub fn threads_for(work: usize) -> usize {
    if work < SERIAL_WORK {
        1
    } else {
        rayon::current_num_threads()
    }
}

/// Whether `work` is worth cutting into parts, whatever the number of threads.
pub fn worth_sharing(work: usize) -> bool {
    work >= SERIAL_WORK
}

/// Parts that a sum over `work` is cut into, for as many partial sums: a matter of the work alone, so that results do not
/// depend on the number of threads.
pub fn parts_for(work: usize) -> usize {
    if work < SERIAL_WORK { 1 } else { 8 }
}

/// Calls `task` with `0 … count`, in parallel when there is enough work in all, as [`threads_for`] counts it.
pub fn for_each(count: usize, work: usize, task: impl Fn(usize) + Send + Sync) {
    let threads = threads_for(work).min(count);
    if threads < 2 {
        (0..count).for_each(task);
    } else if rayon::current_thread_index().is_some() {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    } else {
        share(count, threads, task);
    }
}

/// The same from outside the pool, on the calling thread and as many of the pool's as make `threads`. Handing all of it to
/// the pool would leave the caller asleep until a thread of the pool is up, and again after the last task.
fn share(count: usize, threads: usize, task: impl Fn(usize) + Send + Sync) {
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            task(index);
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|_| {
                work();
                finished.fetch_add(1, Ordering::Release);
            });
        }
        work();
        let since = Instant::now();
        while finished.load(Ordering::Acquire) + 1 < threads && since.elapsed() < PATIENCE {
            spin_loop();
        }
    });
}

/// Threads that the kernels use: those of rayon's current pool.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once_from_outside_the_pool_and_within() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        let pool = pool.unwrap();
        for (count, work) in [(0, 1), (1, 1 << 30), (7, 1), (100, 1 << 30)] {
            let check = || {
                let calls: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                for_each(count, work, |index| {
                    calls[index].fetch_add(1, Ordering::Relaxed);
                });
                assert!(calls.iter().all(|calls| calls.load(Ordering::Relaxed) == 1));
                share(count, 2, |index| {
                    calls[index].fetch_add(1, Ordering::Relaxed);
                });
                assert!(calls.iter().all(|calls| calls.load(Ordering::Relaxed) == 2));
            };
            check();
            pool.install(check);
        }
    }

    #[test]
    fn a_task_that_panics_is_heard_of() {
        let caught = std::panic::catch_unwind(|| {
            share(8, 2, |index| assert!(index != 5, "task {index}"));
        });
        assert!(caught.is_err());
    }
}
