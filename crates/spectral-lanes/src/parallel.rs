//! Work distribution over the threads of rayon's current pool.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rayon::prelude::*;

/// Below this much work, in nanoseconds on one thread, a second thread does not help: waking it up takes too long.
const SERIAL_WORK: usize = 25_000;

/// How long a thread that has run out of tasks spins for the others before it sleeps. Being woken takes longer than
/// most such waits.
const SPIN_TIME: Duration = Duration::from_micros(50);

/// Estimated work of `products` vectorized multiply-adds, in nanoseconds on one thread.
pub fn product_work(products: usize) -> usize {
    products / 32
}

/// A raw pointer that can be sent to tasks which access disjoint elements.
pub struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: a pointer is only an address; every dereference is unsafe and must keep accesses disjoint.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Creates a pointer to a slice that tasks write to.
    pub fn new(slice: &mut [T]) -> Self {
        Shared(slice.as_mut_ptr())
    }

    /// Creates a pointer to a slice that tasks only read.
    pub fn to_read(slice: &[T]) -> Self {
        Shared(slice.as_ptr().cast_mut())
    }

    /// The same pointer, advanced by `count` elements.
    pub fn skip(self, count: usize) -> Self {
        Shared(self.at(count))
    }

    /// The address of element `index`.
    #[inline(always)]
    pub fn at(self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// The number of threads that `work` justifies. Work is in nanoseconds on one thread, about one per element for a
/// transform.
pub fn threads_for(work: usize) -> usize {
    if work < SERIAL_WORK {
        1
    } else {
        rayon::current_num_threads()
    }
}

/// Whether `work` is worth splitting, regardless of the number of threads.
pub fn worth_sharing(work: usize) -> bool {
    work >= SERIAL_WORK
}

/// The number of partial sums to split a sum over `work` into. Depends only on the amount of work, so that results do
/// not depend on the number of threads.
pub fn parts_for(work: usize) -> usize {
    if work < SERIAL_WORK { 1 } else { 8 }
}

/// Calls `task` with every index in `0..count`, in parallel if the total `work` justifies it (see [`threads_for`]).
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

/// Same as [`for_each`], for a caller outside the pool: the calling thread takes part together with `threads − 1` of
/// the pool's. If all of the work were handed to the pool, the caller would sleep until a pool thread wakes up, and
/// again after the last task.
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
        while finished.load(Ordering::Acquire) + 1 < threads && since.elapsed() < SPIN_TIME {
            spin_loop();
        }
    });
}

/// The number of threads that kernels use: that of rayon's current pool.
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
    fn a_panic_in_a_task_reaches_the_caller() {
        let caught = std::panic::catch_unwind(|| {
            share(8, 2, |index| assert!(index != 5, "task {index}"));
        });
        assert!(caught.is_err());
    }
}
