//! Plans kept for the whole process, bounded in bytes over all lengths, kinds and number types together.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of plans that are kept unless [`set_plan_memory`] says otherwise.
const DEFAULT_BYTES: usize = 64 << 20;

/// What an entry takes beside its value: its place in the map, the counts of its `Arc`, a header of the allocator.
const ENTRY_BYTES: usize = 160;

/// What is computed once for each length.
pub trait Plan: Send + Sync + 'static {
    /// Computes it for `n ≥ 1` points.
    fn plan(n: usize) -> Self;

    /// Bytes, to within about a factor of two where another crate made it.
    fn bytes(&self) -> usize;
}

/// What the plans that are kept take, and what they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanMemory {
    /// Most bytes that are kept.
    pub bound: usize,
    /// Bytes kept now. Those of `rustfft`'s plans are estimated, since that crate does not tell.
    pub bytes: usize,
    /// Plans kept now.
    pub plans: usize,
}

struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    /// When it was used last.
    used: u64,
}

/// The most recently used values by type and length.
struct Kept {
    entries: BTreeMap<(TypeId, usize), Entry>,
    bound: usize,
    bytes: usize,
    clock: u64,
}

impl Kept {
    const fn new(bound: usize) -> Self {
        Kept {
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

    /// Keeps a value unless it is larger than the bound, and gives those that have to go for it.
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

    /// The least recently used values above the bound.
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

/// Values by type and length, shared by all threads.
///
/// Values are made and dropped outside the lock: both run code of other crates.
struct Shelf(Mutex<Kept>);

static PLANS: Shelf = Shelf(Mutex::new(Kept::new(DEFAULT_BYTES)));

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Whole entries are moved in and out, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value for `n`, made if it is not there: two threads may both make it, one is kept.
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

/// Bounds the bytes of plans (twiddle factors and the like, by length of transform) that the process keeps for calls to
/// come, 64 MB unless set. The least recently used go first; a plan larger than the bound is made anew at every call. A
/// bound of 0 keeps none.
pub fn set_plan_memory(bytes: usize) {
    let gone = {
        let mut kept = PLANS.lock();
        kept.bound = bytes;
        kept.shrink()
    };
    drop(gone);
}

/// What the plans that are kept take.
pub fn plan_memory() -> PlanMemory {
    let kept = PLANS.lock();
    PlanMemory {
        bound: kept.bound,
        bytes: kept.bytes,
        plans: kept.entries.len(),
    }
}

/// Lets all plans go. Those in use by a call go with its end.
pub fn clear_plans() {
    let gone = {
        let mut kept = PLANS.lock();
        kept.bytes = 0;
        take(&mut kept.entries)
    };
    drop(gone);
}

/// The plan of type `P` for `n ≥ 1` points.
pub fn plan<P: Plan>(n: usize) -> Arc<P> {
    PLANS.get(n, P::plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of so many bytes with its entry.
    struct Block(usize);

    impl Plan for Block {
        fn plan(bytes: usize) -> Self {
            Block(bytes)
        }

        fn bytes(&self) -> usize {
            self.0 - ENTRY_BYTES
        }
    }

    fn shelf(bound: usize) -> Shelf {
        Shelf(Mutex::new(Kept::new(bound)))
    }

    #[test]
    fn a_value_is_made_once_and_the_least_recently_used_goes_first() {
        let shelf = shelf(10_000);
        for n in 0..10 {
            shelf.get(n, |_| Block(1000));
        }
        shelf.get(0, |_| -> Block { unreachable!("kept") });
        shelf.get(10, |_| Block(1000));
        shelf.get(0, |_| -> Block { unreachable!("used recently") });
        let mut made = false;
        shelf.get(1, |_| {
            made = true;
            Block(1000)
        });
        assert!(made, "1 was the oldest");
        assert_eq!(shelf.lock().bytes, 10_000);
        assert_eq!(shelf.lock().entries.len(), 10);
    }

    #[test]
    fn a_value_above_the_bound_serves_and_sends_no_other_away() {
        let shelf = shelf(10_000);
        shelf.get(1, |_| Block(1000));
        assert_eq!(shelf.get(2, |_| Block(20_000)).0, 20_000);
        shelf.get(1, |_| -> Block { unreachable!("kept") });
        assert_eq!(shelf.lock().bytes, 1000);
    }

    #[test]
    fn a_value_may_be_made_with_others() {
        let shelf = shelf(10_000);
        let made = shelf.get(1, |_| Block(shelf.get(2, |_| Block(700)).0 + 300));
        assert_eq!((made.0, shelf.lock().entries.len()), (1000, 2));
    }
}
