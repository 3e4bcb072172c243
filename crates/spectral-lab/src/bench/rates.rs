//! Arithmetic and memory throughput of the machine.
//!
//! Arithmetic: the library's own complex matrix product on data in cache, the fastest computation
//! in this program, Burn's included. Memory: a copy and a triad (`a = b + s·c`), at several sizes,
//! because a layer whose tensors fit a cache is not limited by the memory behind it. All threads
//! work at once, each on its own arrays, touched before, and the fastest moment counts, since other
//! load only slows the machine down.

use std::hint::black_box;
use std::ops::Range;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::ops::{Conjugate, MixSpec, mix};
use rayon::ThreadPoolBuilder;
use serde::Serialize;

use super::work::Work;

/// Bytes of the arrays per memory measurement, all threads together.
const SIZES: [usize; 6] = [1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26, 1 << 28];

/// Duration of each measurement.
const PATIENCE: Duration = Duration::from_millis(100);

/// Minimum flops of a work item: some tenths of a millisecond.
const FLOPS: f64 = 5e7;

/// Minimum bytes moved by a work item.
const MOVED: usize = 1 << 23;

/// Numbers moved at once.
const BLOCK: usize = 1 << 19;

/// The throughput of the machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rates {
    /// The number of threads.
    pub threads: usize,
    /// Arithmetic in flops per second.
    pub flops_per_s: f64,
    /// Bytes of the arrays, and bytes read and written per second.
    pub bytes_per_s: Vec<(usize, f64)>,
}

/// The minimum time of some work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Milliseconds.
    pub ms: f64,
    /// Whether memory, not arithmetic, is the bottleneck.
    pub by_memory: bool,
}

impl Rates {
    /// Measures the machine, in about a second.
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

    /// Bandwidth in bytes per second for arrays of `bytes` bytes: that of the largest size measured
    /// below it, so that the limit errs on the fast side.
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

    /// Bandwidth in bytes per second of the memory behind all caches.
    pub fn memory_bandwidth(&self) -> f64 {
        self.bandwidth(f64::INFINITY)
    }

    /// The minimum time of `work`: `max(flops / rate, bytes / bandwidth)`.
    pub fn limit(&self, work: &Work) -> Limit {
        let arithmetic = work.flops / self.flops_per_s;
        let memory = work.bytes / self.bandwidth(work.bytes);
        Limit {
            ms: 1e3 * arithmetic.max(memory),
            by_memory: memory > arithmetic,
        }
    }
}

/// Flops per second of the complex matrix product in its best shape, one product per thread.
fn arithmetic(threads: usize) -> f64 {
    // Sizes whose operands stay in a core's L2 cache, roughly.
    let shapes = [(32, 32, 32), (64, 32, 32), (64, 64, 64)];
    let rates = shapes.map(|shape| together(threads, || product(shape)));
    rates.into_iter().fold(0.0, f64::max)
}

/// Complex matrix products on the calling thread; returns their flops.
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
    // The product shares its work among the threads of the current pool.
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

/// Bytes per second of the faster of a copy and a triad on arrays of `bytes` bytes.
fn memory(bytes: usize, threads: usize) -> f64 {
    let count = bytes / threads / 12;
    let copy = together(threads, || {
        let (mut a, b) = (vec![1.0_f32; count], vec![2.0_f32; count]);
        let mut blocks = Blocks::of(count);
        move || {
            let mut moved = 0;
            while moved < MOVED {
                let block = blocks.next();
                moved += 8 * block.len();
                black_box(&mut a[block.clone()]).copy_from_slice(black_box(&b[block]));
            }
            moved as f64
        }
    });
    let triad = together(threads, || {
        let [mut a, b, c] = [1.0_f32, 2.0, 3.0].map(|value| vec![value; count]);
        let mut blocks = Blocks::of(count);
        move || {
            let mut moved = 0;
            while moved < MOVED {
                let block = blocks.next();
                moved += 12 * block.len();
                let terms = black_box(&b[block.clone()]).iter();
                let terms = terms.zip(black_box(&c[block.clone()]));
                for (a, (b, c)) in black_box(&mut a[block]).iter_mut().zip(terms) {
                    *a = b + 1.5 * c;
                }
            }
            moved as f64
        }
    });
    copy.max(triad)
}

/// The blocks of an array, cyclically.
struct Blocks {
    count: usize,
    start: usize,
}

impl Blocks {
    fn of(count: usize) -> Self {
        Self { count, start: 0 }
    }

    fn next(&mut self) -> Range<usize> {
        let start = self.start;
        let end = self.count.min(start + BLOCK);
        self.start = if end == self.count { 0 } else { end };
        start..end
    }
}

/// A work item: when it began and ended, and its amount.
type Piece = (Instant, Instant, f64);

/// The best throughput per second of `threads` threads together, for work items that return their
/// amount.
fn together<W: FnMut() -> f64>(threads: usize, make: impl Fn() -> W + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut work = make();
        work();
        barrier.wait();
        let (mut pieces, begun) = (Vec::new(), Instant::now());
        while begun.elapsed() < PATIENCE {
            let start = Instant::now();
            let done = work();
            pieces.push((start, Instant::now(), done));
        }
        pieces
    };
    let all: Vec<Vec<Piece>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("measurements do not panic"))
            .collect()
    });
    fastest_moment(&all)
}

/// The largest sum of the rates of work items, one per thread, that ran at one moment: this
/// accounts for threads that share a core or a memory channel, and those that had to wait for a
/// processor count as slow.
fn fastest_moment(all: &[Vec<Piece>]) -> f64 {
    let moments = all.iter().flatten();
    let rate_at = |moment: Instant| -> f64 {
        let of_thread = |pieces: &Vec<Piece>| {
            let after = pieces.partition_point(|(start, ..)| *start <= moment);
            let (start, end, done) = pieces.get(after.checked_sub(1)?)?;
            (moment <= *end).then(|| done / (*end - *start).as_secs_f64())
        };
        all.iter().filter_map(of_thread).sum()
    };
    moments
        .map(|(start, end, _)| rate_at(*start + (*end - *start) / 2))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_measured() {
        let rates = Rates::measure(1);
        let is_rate = |rate: f64| rate > 0.0 && rate.is_finite();
        assert!(is_rate(rates.flops_per_s), "{rates:?}");
        assert!(
            rates.bytes_per_s.iter().all(|(_, rate)| is_rate(*rate)),
            "{rates:?}"
        );
    }

    #[test]
    fn a_moment_counts_what_ran_in_it() {
        let zero = Instant::now();
        let piece = |start, end, done| {
            let at = |ms| zero + Duration::from_millis(ms);
            (at(start), at(end), done)
        };
        // Alone at 3 a second, together at 1 + 1.5, and again alone at 2.
        let first = vec![piece(0, 1000, 3.0), piece(1000, 2000, 1.0)];
        let second = vec![piece(1000, 2000, 1.5), piece(2000, 3000, 2.0)];
        assert_eq!(fastest_moment(&[first, second.clone()]), 3.0);
        let slow = vec![piece(0, 3000, 3.0)];
        assert_eq!(fastest_moment(&[slow, second]), 3.0);
    }

    #[test]
    fn blocks_cover_an_array_and_begin_again() {
        let mut blocks = Blocks::of(BLOCK + 3);
        assert_eq!(blocks.next(), 0..BLOCK);
        assert_eq!(blocks.next(), BLOCK..BLOCK + 3);
        assert_eq!(blocks.next(), 0..BLOCK);
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
