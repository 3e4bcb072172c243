//! A process-wide plan cache, bounded in bytes over all lengths, plan types and number types together.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Default limit on the bytes of cached plans; see [`set_plan_memory`].
const DEFAULT_BYTES: usize = 64 << 20;

/// Overhead per entry beside its value: the map slot, the reference counts of its `Arc`, and the allocator's header.
const ENTRY_BYTES: usize = 160;

/// Tables that are computed once per length.
pub trait Plan: Send + Sync + 'static {
    /// Computes the plan for `n ≥ 1` points.
    fn plan(n: usize) -> Self;

    /// Size in bytes; plans of other crates are estimated to within about a factor of two.
    fn bytes(&self) -> usize;
}

/// Memory used by the plan cache, and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanMemory {
    /// Maximum number of bytes that are kept.
    pub bound: usize,
    /// Bytes currently in use. `rustfft`'s plans are estimated, since that crate does not report their size.
    pub bytes: usize,
    /// Number of plans in the cache.
    pub plans: usize,
}

struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    /// Time of last use, as a counter.
    used: u64,
}

/// The most recently used values, by type and length.
struct Entries {
    entries: BTreeMap<(TypeId, usize), Entry>,
    bound: usize,
    bytes: usize,
    clock: u64,
}

impl Entries {
    const fn new(bound: usize) -> Self {
        Entries {
            entries: BTreeMap::new(),
            bound,
            bytes: 0,
            clock: 0,
        }
    }

    fn touch(&mut self, key: &(TypeId, usize)) -> Option<Arc<dyn Any + Send + Sync>> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(Arc::clone(&entry.value))
    }

    /// Inserts a value unless it is larger than the bound, and returns the evicted entries.
    fn keep(
        &mut self,
        key: (TypeId, usize),
        value: Arc<dyn Any + Send + Sync>,
        bytes: usize,
    ) -> Vec<Entry> {
        if bytes > self.bound {
            return Vec::new();
        }
        self.clock += 1;
        let used = self.clock;
        self.bytes += bytes;
        let replaced = self.entries.insert(key, Entry { value, bytes, used });
        self.bytes -= replaced.as_ref().map_or(0, |entry| entry.bytes);
        let mut gone = self.shrink();
        gone.extend(replaced);
        gone
    }

    /// Removes the least recently used values until the rest fit the bound.
    fn shrink(&mut self) -> Vec<Entry> {
        let mut gone = Vec::new();
        while self.bytes > self.bound {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(key) = oldest.map(|(key, _)| *key) else {
                break;
            };
            if let Some(entry) = self.entries.remove(&key) {
                self.bytes -= entry.bytes;
                gone.push(entry);
            }
        }
        gone
    }
}

/// Cached values by type and length, shared by all threads.
///
/// Values are created and dropped outside the lock, since both run code of other crates.
struct Cache(Mutex<Entries>);

static PLANS: Cache = Cache(Mutex::new(Entries::new(DEFAULT_BYTES)));

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Entries are only moved in and out as a whole, so a panic cannot leave inconsistent state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the value for `n`, creating it if necessary. If two threads create it concurrently, one of the two is
    /// kept.
    fn get<V: Plan>(&self, n: usize, make: impl FnOnce(usize) -> V) -> Arc<V> {
        let key = (TypeId::of::<V>(), n);
        let found = |found: Option<Arc<dyn Any + Send + Sync>>| found?.downcast::<V>().ok();
        let kept = self.lock().touch(&key);
        if let Some(kept) = found(kept) {
            return kept;
        }
        let made = Arc::new(make(n));
        let bytes = made.bytes() + ENTRY_BYTES;
        let (kept, gone) = {
            let mut kept = self.lock();
            match kept.touch(&key) {
                Some(earlier) => (Some(earlier), Vec::new()),
                None => (None, kept.keep(key, made.clone(), bytes)),
            }
        };
        drop(gone);
        found(kept).unwrap_or(made)
    }
}

/// Limits the memory that the process keeps for plans (twiddle factors and other tables per transform length), in
/// bytes.
///
/// The default is 64 MB. The least recently used plans are evicted first. A plan larger than the limit is recomputed on
/// every call; a limit of 0 disables the cache.
pub fn set_plan_memory(bytes: usize) {
    let gone = {
        let mut kept = PLANS.lock();
        kept.bound = bytes;
        kept.shrink()
    };
    drop(gone);
}

/// Returns the memory currently used by cached plans.
pub fn plan_memory() -> PlanMemory {
    let kept = PLANS.lock();
    PlanMemory {
        bound: kept.bound,
        bytes: kept.bytes,
        plans: kept.entries.len(),
    }
}

/// Removes all plans from the cache. Plans in use are freed when the calls that use them return.
pub fn clear_plans() {
    let gone = {
        let mut kept = PLANS.lock();
        kept.bytes = 0;
        take(&mut kept.entries)
    };
    drop(gone);
}

/// Returns the plan of type `P` for `n ≥ 1` points.
pub fn plan<P: Plan>(n: usize) -> Arc<P> {
    PLANS.get(n, P::plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value whose size, including its cache entry, is the given number of bytes.
    struct Block(usize);

    impl Plan for Block {
        fn plan(bytes: usize) -> Self {
            Block(bytes)
        }

        fn bytes(&self) -> usize {
            self.0 - ENTRY_BYTES
        }
    }

    fn cache(bound: usize) -> Cache {
        Cache(Mutex::new(Entries::new(bound)))
    }

    #[test]
    fn a_value_is_computed_once_and_the_least_recently_used_is_evicted_first() {
        let cache = cache(10_000);
        for n in 0..10 {
            cache.get(n, |_| Block(1000));
        }
        cache.get(0, |_| -> Block { unreachable!("kept") });
        cache.get(10, |_| Block(1000));
        cache.get(0, |_| -> Block { unreachable!("used recently") });
        let mut made = false;
        cache.get(1, |_| {
            made = true;
            Block(1000)
        });
        assert!(made, "1 was the oldest");
        assert_eq!(cache.lock().bytes, 10_000);
        assert_eq!(cache.lock().entries.len(), 10);
    }

    #[test]
    fn a_value_above_the_bound_works_and_evicts_no_other() {
        let cache = cache(10_000);
        cache.get(1, |_| Block(1000));
        assert_eq!(cache.get(2, |_| Block(20_000)).0, 20_000);
        cache.get(1, |_| -> Block { unreachable!("kept") });
        assert_eq!(cache.lock().bytes, 1000);
    }

    #[test]
    fn a_value_may_be_computed_from_others() {
        let cache = cache(10_000);
        let made = cache.get(1, |_| Block(cache.get(2, |_| Block(700)).0 + 300));
        assert_eq!((made.0, cache.lock().entries.len()), (1000, 2));
    }
}
