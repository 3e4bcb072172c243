//! What the machine allows.
//!
//! Arithmetic: the library's own complex matrix product on numbers that stay in cache, which runs
//! faster than any other there is in this program, Burn's included. Memory: a copy and a triad
//! (`a = b + s·c`), at several sizes, because a layer whose tensors fit a cache does not wait for
//! the memory behind it. All threads work at once, each on arrays of its own that it touched before,
//! and the fastest of many rounds counts: whatever else runs on the machine only ever slows it down.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::ops::{Conjugate, MixSpec, mix};
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use super::work::Work;

/// Bytes of the arrays of one measurement of memory, those of all threads together.
const SIZES: [usize; 6] = [1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28];

/// Rounds of each measurement; a round takes some milliseconds.
const ROUNDS: usize = 20;

/// Flops of a round and thread at least.
const FLOPS: f64 = 3e8;

/// Bytes of the arrays that a round works through at least.
const MOVED: usize = 1 << 27;

/// The rates of the machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// Threads they were measured with.
    pub threads: usize,
    /// Arithmetic, flops a second.
    pub flops_per_s: f64,
    /// Bytes of the arrays, and bytes read and written a second.
    pub bytes_per_s: Vec<(usize, f64)>,
}

/// The least time that work can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Milliseconds.
    pub ms: f64,
    /// Whether memory, not arithmetic, sets it.
    pub by_memory: bool,
}

impl Rates {
    /// Measures them, in about a second.
    pub fn measure(threads: usize) -> Self {
        Self {
            threads,
            flops_per_s: arithmetic(threads),
            bytes_per_s: SIZES
                .into_iter()
                .map(|bytes| (bytes, memory(bytes, threads)))
                .collect(),
        }
    }

    /// Bytes a second for arrays of so many bytes: that of the largest size measured below it, so
    /// that the limit errs on the fast side.
    pub fn bandwidth(&self, bytes: f64) -> f64 {
        let mut below = self
            .bytes_per_s
            .iter()
            .filter(|(size, _)| *size as f64 <= bytes);
        below
            .next_back()
            .or(self.bytes_per_s.first())
            .map_or(f64::INFINITY, |(_, rate)| *rate)
    }

    /// Bytes a second of the memory behind all caches.
    pub fn memory_bandwidth(&self) -> f64 {
        self.bandwidth(f64::INFINITY)
    }

    /// The least time that `work` can take: `max(flops / rate, bytes / bandwidth)`.
    pub fn limit(&self, work: &Work) -> Limit {
        let arithmetic = work.flops / self.flops_per_s;
        let memory = work.bytes / self.bandwidth(work.bytes);
        Limit {
            ms: 1e3 * arithmetic.max(memory),
            by_memory: memory > arithmetic,
        }
    }
}

/// Flops a second of the complex matrix product in its best shape, one product a thread.
fn arithmetic(threads: usize) -> f64 {
    // Sizes whose operands stay in a core's second-level cache, give or take.
    let shapes = [(32, 32, 32), (64, 32, 32), (64, 64, 64)];
    let rates = shapes.map(|shape| together(threads, || product(shape)));
    rates.into_iter().fold(0.0, f64::max)
}

/// Complex matrix products on the calling thread; says how many flops they took.
fn product((batch, inputs, outputs): (usize, usize, usize)) -> impl FnMut() -> f64 {
    const BINS: usize = 32;
    let device = Device::flex();
    let draw = |a, b| {
        let noise = || Tensor::<3>::random([a, b, BINS], Distribution::Default, &device);
        ComplexTensor::new(noise(), noise())
    };
    let (x, response) = (draw(batch, inputs), draw(outputs, inputs));
    let spec = MixSpec {
        groups: 1,
        conjugate: Conjugate::None,
    };
    let flops = 8.0 * (batch * inputs * outputs * BINS) as f64;
    let calls = (FLOPS / flops).ceil() as usize;
    // The product shares its work among the threads of the pool it is called in.
    let alone = ThreadPoolBuilder::new().num_threads(1).build().ok();
    move || {
        let multiply = || {
            for _ in 0..calls {
                black_box(mix(x.clone(), response.clone(), spec));
            }
        };
        match &alone {
            Some(alone) => alone.install(multiply),
            None => multiply(),
        }
        flops * calls as f64
    }
}

/// Bytes a second of the faster of a copy and a triad on arrays of so many bytes.
fn memory(bytes: usize, threads: usize) -> f64 {
    let count = bytes / threads / 12;
    let calls = MOVED.div_ceil(bytes);
    let arrays = || {
        (
            vec![1.0_f32; count],
            vec![2.0_f32; count],
            vec![3.0_f32; count],
        )
    };
    let copy = together(threads, || {
        let (mut a, b, _) = arrays();
        move || {
            for _ in 0..calls {
                black_box(&mut a).copy_from_slice(black_box(&b));
            }
            (8 * count * calls) as f64
        }
    });
    let triad = together(threads, || {
        let (mut a, b, c) = arrays();
        move || {
            for _ in 0..calls {
                let terms = black_box(&b).iter().zip(black_box(&c));
                for (a, (b, c)) in black_box(&mut a).iter_mut().zip(terms) {
                    *a = b + 1.5 * c;
                }
            }
            (12 * count * calls) as f64
        }
    });
    copy.max(triad)
}

/// What so many threads do together in a second at their best, of works that say how much they did.
///
/// They begin each round together, and its time is from the first to begin to the last to end, so
/// threads that share a core or a memory channel are not counted as if they did not.
fn together<W: FnMut() -> f64>(threads: usize, make: impl Fn() -> W + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut work = make();
        work();
        let round = |_| {
            barrier.wait();
            let start = Instant::now();
            let done = work();
            (start, Instant::now(), done)
        };
        (0..ROUNDS).map(round).collect::<Vec<_>>()
    };
    let all: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a measurement does not panic"))
            .collect()
    });
    let rate = |round: usize| {
        let of_round = || all.iter().map(|rounds| rounds[round]);
        let start = of_round().map(|(start, ..)| start).min()?;
        let end = of_round().map(|(_, end, _)| end).max()?;
        let done: f64 = of_round().map(|(.., done)| done).sum();
        Some(done / (end - start).as_secs_f64())
    };
    (0..ROUNDS).filter_map(rate).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_measured() {
        let rates = Rates::measure(1);
        assert!(rates.flops_per_s > 1e8, "{rates:?}");
        assert!(
            rates.bytes_per_s.iter().all(|(_, rate)| *rate > 1e8),
            "{rates:?}"
        );
    }

    #[test]
    fn the_slower_of_arithmetic_and_memory_is_the_limit() {
        let rates = Rates {
            threads: 1,
            flops_per_s: 1e9,
            bytes_per_s: vec![(1000, 1e10), (1_000_000, 1e9)],
        };
        let limit = |flops, bytes| rates.limit(&Work { flops, bytes });
        let arithmetic = Limit {
            ms: 3.0,
            by_memory: false,
        };
        assert_eq!(limit(3e6, 1e6), arithmetic);
        let memory = Limit {
            ms: 2.0,
            by_memory: true,
        };
        assert_eq!(limit(1e6, 2e6), memory);
        // Half of it fits the cache that the first size measures.
        assert!((limit(0.0, 9e5).ms - 0.09).abs() < 1e-12);
        assert!((limit(0.0, 10.0).ms - 1e-6).abs() < 1e-12);
    }
}
