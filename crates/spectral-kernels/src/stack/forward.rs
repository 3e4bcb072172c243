//! The forward pass of the stack, and of a dense head on it.

use spectral_lanes::parallel::{Shared, for_each, product_work, threads_for};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, Vector, with_scratch};

use super::block::{entries, rectified_sum};
use super::tile::{Pair, Tiling, get, get_pair, pack_responses, pack_weights, product, put};
use super::{DenseHead, RectifiedStack};
use crate::shape::Planar;

/// Batch entries processed together.
const ABREAST: usize = 4;
/// Units of a head summed in registers.
const UNITS: usize = 2;

/// Where the output of the last layer is written.
pub enum Sink<'a, T> {
    /// To memory.
    Features(Shared<T>),
    /// Into the sums of a head.
    Dense(&'a DenseHead<'a, T>, &'a mut [T]),
}

/// A forward pass.
pub struct Forward<'a, T> {
    pub stack: RectifiedStack<'a>,
    pub s: Planar<'a, T>,
    pub r: Planar<'a, T>,
    pub sink: Sink<'a, T>,
}

spectral_lanes::entry!(ForwardEntry, Forward);

impl<T: Scalar> Forward<'_, T> {
    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let Forward { stack, s, r, sink } = self;
        let set = InstructionSet::current();
        let lanes = T::lanes(set);
        let work = product_work(4 * stack.batch * stack.bins * stack.responses());
        let (head, sums) = match sink {
            Sink::Features(y) => (Output::Features(y), None),
            Sink::Dense(head, sums) => (Output::Dense(head), Some(sums)),
        };
        let units = match &head {
            Output::Features(_) => 0,
            Output::Dense(head) => head.units,
        };
        let weights = 2 * stack.outputs() * units;
        let packed = 2 * stack.responses() + weights;
        let tiling = Tiling::new::<T>(stack.bins, packed, lanes, threads_for(work));
        // Each tile has separate sums, which are added in the order of the tiles: the result does not depend on which
        // thread computed which tile.
        let each = stack.batch * units;
        let mut partial = vec![T::of(0.0); tiling.tasks() * each];
        let shared = Shared::new(&mut partial);
        for_each(tiling.tasks(), work, |task| {
            let lens = [
                2 * stack.responses() * tiling.length,
                weights * tiling.length,
                each * lanes,
            ];
            with_scratch(lens, |[responses, weights, sums]| {
                let work = Task {
                    stack,
                    s,
                    r,
                    output: &head,
                    range: tiling.range(task),
                    responses: &mut responses[..lens[0]],
                    weights: &mut weights[..lens[1]],
                    sums: &mut sums[..lens[2]],
                    partial: shared,
                    first: task * each,
                };
                T::dispatch(set, work);
            });
        });
        if let Some(sums) = sums {
            sums.fill(T::of(0.0));
            for tile in partial.chunks_exact(each.max(1)) {
                sums.iter_mut()
                    .zip(tile)
                    .for_each(|(sum, x)| *sum = *sum + *x);
            }
        }
    }
}

/// Same as [`Sink`], shared by the tasks.
enum Output<'a, T> {
    Features(Shared<T>),
    Dense(&'a DenseHead<'a, T>),
}

/// All batch entries, at one tile of frequencies.
struct Task<'a, T> {
    stack: RectifiedStack<'a>,
    s: Planar<'a, T>,
    r: Planar<'a, T>,
    output: &'a Output<'a, T>,
    range: (usize, usize),
    /// Packed responses.
    responses: &'a mut [T],
    /// Packed weights of the head.
    weights: &'a mut [T],
    /// `[entry][unit][lane]`.
    sums: &'a mut [T],
    /// The sums of all tiles; those of this one start at `first`.
    partial: Shared<T>,
    first: usize,
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        pack_responses(simd, &self.stack, self.r, self.range, self.responses);
        if let Output::Dense(head) = self.output {
            pack_weights::<T, S>(
                &self.stack,
                head.units,
                head.weight,
                self.range,
                self.weights,
            );
            self.sums.fill(T::of(0.0));
        }
        let mut entry = 0;
        while entry + ABREAST <= self.stack.batch {
            self.block::<S, ABREAST>(simd, entry);
            entry += ABREAST;
        }
        while entry < self.stack.batch {
            self.block::<S, 1>(simd, entry);
            entry += 1;
        }
        for (index, lanes) in self.sums.chunks_exact(S::LANES).enumerate() {
            let sum = lanes.iter().fold(T::of(0.0), |sum, x| sum + *x);
            // SAFETY: the sums of this tile are within the buffer and written by this task alone.
            unsafe { self.partial.at(self.first + index).write(sum) };
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Batch entries `entry..entry + N`, at all vectors of the tile.
    #[inline(always)]
    fn block<S: Simd<T>, const N: usize>(&mut self, simd: S, entry: usize) {
        let (start, bins) = self.range;
        let all = 2 * self.stack.responses() * S::LANES;
        for v in 0..bins.div_ceil(S::LANES) {
            let lanes = S::LANES.min(bins - v * S::LANES);
            let k = start + v * S::LANES;
            let at = entry * self.stack.bins + k;
            let mut s = entries::<T, S, N>(simd, self.s, at, self.stack.bins, lanes);
            let mut rest = &self.responses[v * all..(v + 1) * all];
            let (_, hidden) = self
                .stack
                .filters
                .split_last()
                .expect("a stack must have at least one layer");
            for filters in hidden {
                let (own, others) = rest.split_at(2 * filters * S::LANES);
                s = rectified_sum(simd, s, own);
                rest = others;
            }
            match self.output {
                Output::Features(y) => self.write::<S, N>(simd, s, rest, *y, [entry, k, lanes]),
                Output::Dense(head) => {
                    let mut unit = 0;
                    while unit + UNITS <= head.units {
                        self.add_up::<S, N, UNITS>(simd, s, v, [entry, unit, head.units]);
                        unit += UNITS;
                    }
                    while unit < head.units {
                        self.add_up::<S, N, 1>(simd, s, v, [entry, unit, head.units]);
                        unit += 1;
                    }
                }
            }
        }
    }

    /// Stores bins `k..k + lanes` of the last layer.
    #[inline(always)]
    fn write<S: Simd<T>, const N: usize>(
        &self,
        simd: S,
        s: [Pair<S::V>; N],
        responses: &[T],
        y: Shared<T>,
        [entry, k, lanes]: [usize; 3],
    ) {
        let half = self.stack.features() / 2;
        for (o, r) in responses.chunks_exact(2 * S::LANES).enumerate() {
            let r = get_pair(simd, r);
            for n in 0..N {
                let p = product(s[n], r);
                let at = (entry + n) * 2 * half + o * self.stack.bins + k;
                for part in 0..2 {
                    let (to, rectified) = (y.at(at + part * half), p[part].relu());
                    // SAFETY: these are `lanes` bins of this output and entry, which no other task writes.
                    unsafe {
                        if lanes == S::LANES {
                            simd.store(to, rectified);
                        } else {
                            simd.store_part(to, rectified, lanes);
                        }
                    }
                }
            }
        }
    }

    /// Adds the last layer at vector `v` to units `unit..unit + U` of the head's `units`.
    #[inline(always)]
    fn add_up<S: Simd<T>, const N: usize, const U: usize>(
        &mut self,
        simd: S,
        s: [Pair<S::V>; N],
        v: usize,
        [entry, unit, units]: [usize; 3],
    ) {
        let outputs = self.stack.outputs();
        let all = self.stack.responses();
        let responses = &self.responses[2 * S::LANES * (v * all + all - outputs)..];
        let responses = responses[..2 * S::LANES * outputs].chunks_exact(2 * S::LANES);
        let each = 2 * units * S::LANES;
        let weights = &self.weights[v * outputs * each..(v + 1) * outputs * each];
        let mut sums = [[simd.splat(T::of(0.0)); U]; N];
        for (r, weights) in responses.zip(weights.chunks_exact(each)) {
            let r = get_pair(simd, r);
            let mut w = [[simd.splat(T::of(0.0)); 2]; U];
            for u in 0..U {
                w[u] = get_pair(simd, &weights[2 * (unit + u) * S::LANES..]);
            }
            for n in 0..N {
                let p = product(s[n], r);
                let y = [p[0].relu(), p[1].relu()];
                for u in 0..U {
                    sums[n][u] = y[0].mul_add(w[u][0], y[1].mul_add(w[u][1], sums[n][u]));
                }
            }
        }
        for n in 0..N {
            for u in 0..U {
                let to = &mut self.sums[((entry + n) * units + unit + u) * S::LANES..];
                let sum = get(simd, to) + sums[n][u];
                put(simd, to, sum);
            }
        }
    }
}
