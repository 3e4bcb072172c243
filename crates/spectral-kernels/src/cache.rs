//! Plans kept for the whole process, bounded in number.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::algorithm::per_signal::PerSignal;
use crate::long_convolution::Twist;
use crate::plan::Plan;
use crate::real::HalfTwiddles;
use crate::scalar::Scalar;

/// Plans of each kind that are kept; a network uses a handful.
const KEPT: usize = 128;

/// The most recently used values by length.
pub struct Cache<V> {
    entries: Mutex<VecDeque<(usize, Arc<V>)>>,
}

impl<V> Cache<V> {
    const fn new() -> Self {
        Cache {
            entries: Mutex::new(VecDeque::new()),
        }
    }

    /// The value for `n`, made outside the lock if it is not there: two threads may both make it, one is kept.
    pub fn get(&self, n: usize, make: impl FnOnce(usize) -> V) -> Arc<V> {
        if let Some(found) = self.touch(n) {
            return found;
        }
        let made = Arc::new(make(n));
        if let Some(found) = self.touch(n) {
            return found;
        }
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push_front((n, Arc::clone(&made)));
        entries.truncate(KEPT);
        made
    }

    fn touch(&self, n: usize) -> Option<Arc<V>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let at = entries.iter().position(|(len, _)| *len == n)?;
        let entry = entries.remove(at)?;
        let found = Arc::clone(&entry.1);
        entries.push_front(entry);
        Some(found)
    }
}

/// All plans of one number type.
pub struct Plans<T: Scalar> {
    complex: Cache<Plan<T>>,
    half: Cache<HalfTwiddles<T>>,
    single: Cache<PerSignal<T>>,
    twist: Cache<Twist<T>>,
}

impl<T: Scalar> Plans<T> {
    pub fn new() -> Self {
        Plans {
            complex: Cache::new(),
            half: Cache::new(),
            single: Cache::new(),
            twist: Cache::new(),
        }
    }

    /// The plan of complex transforms of `n ≥ 1` points.
    pub fn complex(&self, n: usize) -> Arc<Plan<T>> {
        self.complex.get(n, Plan::new)
    }

    /// The twiddles of real transforms of even length `n`.
    pub fn half(&self, n: usize) -> Arc<HalfTwiddles<T>> {
        self.half.get(n, HalfTwiddles::new)
    }

    /// The plan of complex transforms of `n ≥ 1` points, one signal at a time.
    pub fn single(&self, n: usize) -> Arc<PerSignal<T>> {
        self.single.get(n, PerSignal::new)
    }

    /// The turns of long convolutions in blocks of `n ≥ 1` samples.
    pub fn twist(&self, n: usize) -> Arc<Twist<T>> {
        self.twist.get(n, Twist::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_the_least_recently_used_goes_first() {
        let cache = Cache::new();
        for n in 0..KEPT {
            cache.get(n, |n| n);
        }
        assert_eq!(*cache.get(0, |_| unreachable!("kept")), 0);
        cache.get(KEPT, |n| n);
        assert_eq!(*cache.get(0, |_| unreachable!("used recently")), 0);
        assert_eq!(*cache.get(1, |_| 99), 99, "1 was the oldest");
        assert_eq!(cache.entries.lock().unwrap().len(), KEPT);
    }
}
