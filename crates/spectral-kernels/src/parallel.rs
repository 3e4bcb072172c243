//! Work shared among the threads of rayon's current pool.

use rayon::prelude::*;

/// Less work than this, in nanoseconds of one thread, is not done sooner by two: a call from outside the pool sleeps
/// while a thread of the pool wakes up, and back.
const SERIAL_WORK: usize = 50_000;

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

/// Parts that a sum over `work` is cut into, for as many partial sums: a matter of the work alone, so that results do not
/// depend on the number of threads.
pub fn parts_for(work: usize) -> usize {
    if work < SERIAL_WORK { 1 } else { 8 }
}

/// Calls `task` with `0 … count`, in parallel when there is enough work in all, as [`threads_for`] counts it.
pub fn for_each(count: usize, work: usize, task: impl Fn(usize) + Send + Sync) {
    if count < 2 || threads_for(work) < 2 {
        (0..count).for_each(task);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// Threads that the kernels use: those of rayon's current pool.
pub fn threads() -> usize {
    rayon::current_num_threads()
}
