//! Work shared among the threads of rayon's current pool.

use rayon::prelude::*;

/// Fewer elements than this are done before a second thread would have woken up.
const SERIAL_ELEMENTS: usize = 1 << 14;

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

    /// The address of element `index`.
    #[inline(always)]
    pub fn at(self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// Threads that work of `elements` numbers is worth.
pub fn threads_for(elements: usize) -> usize {
    if elements < SERIAL_ELEMENTS {
        1
    } else {
        rayon::current_num_threads()
    }
}

/// Calls `task` with `0 … count`, in parallel when there are enough elements in all.
pub fn for_each(count: usize, elements: usize, task: impl Fn(usize) + Send + Sync) {
    if count < 2 || threads_for(elements) < 2 {
        (0..count).for_each(task);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}
