//! The backward pass of the stack, which recomputes every layer.

use spectral_lanes::parallel::{Shared, for_each, product_work, threads_for};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, Vector, with_scratch};

use super::RectifiedStack;
use super::block::{Upstream, entries, layer_adjoint, rectified_sum};
use super::tile::{
    Pair, Tiling, get_pair, pack_responses, pack_weights, put_pair, read, weight_at,
};
use crate::shape::{Planar, PlanarMut};

/// Batch entries processed together.
const ABREAST: usize = 2;

/// The incoming gradient of the last layer.
#[derive(Clone, Copy)]
pub enum Source<'a, T> {
    /// The gradient of its features.
    Features(&'a [T]),
    /// The gradient of the outputs of a head.
    Dense {
        units: usize,
        weight: &'a [T],
        gsums: &'a [T],
        gweight: Shared<T>,
    },
}

impl<T> Source<'_, T> {
    fn units(&self) -> usize {
        match self {
            Source::Features(_) => 0,
            Source::Dense { units, .. } => *units,
        }
    }
}

/// A backward pass.
#[derive(Clone, Copy)]
pub struct Adjoint<'a, T> {
    stack: RectifiedStack<'a>,
    s: Planar<'a, T>,
    r: Planar<'a, T>,
    source: Source<'a, T>,
    gs: Option<[Shared<T>; 2]>,
    gr: [Shared<T>; 2],
}

spectral_lanes::entry!(AdjointEntry, Adjoint);

impl<'a, T: Scalar> Adjoint<'a, T> {
    /// A backward pass whose slices have the lengths that the stack requires.
    pub fn new(
        stack: RectifiedStack<'a>,
        s: Planar<'a, T>,
        r: Planar<'a, T>,
        source: Source<'a, T>,
        gs: Option<PlanarMut<'_, T>>,
        gr: PlanarMut<'_, T>,
    ) -> Self {
        if let Some(gs) = &gs {
            gs.expect("stack input gradient", stack.input_len());
        }
        gr.expect("stack response gradient", stack.response_len());
        let shared = |planes: PlanarMut<'_, T>| [Shared::new(planes.re), Shared::new(planes.im)];
        Adjoint {
            stack,
            s,
            r,
            source,
            gs: gs.map(shared),
            gr: shared(gr),
        }
    }

    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        let stack = self.stack;
        let set = InstructionSet::current();
        let lanes = T::lanes(set);
        let work = product_work(4 * stack.batch * stack.bins * stack.responses());
        let weights = 2 * stack.outputs() * self.source.units();
        let packed = 4 * stack.responses() + 2 * weights;
        let tiling = Tiling::new::<T>(stack.bins, packed, lanes, threads_for(work));
        for_each(tiling.tasks(), work, |task| {
            let responses = 2 * stack.responses() * tiling.length;
            let weights = weights * tiling.length;
            let layers = stack.filters.len() * 2 * ABREAST * lanes;
            let lens = [responses, responses, weights, weights, layers];
            with_scratch(lens, |buffers| {
                let mut lens = lens.into_iter();
                let [responses, gradients, weights, gweights, layers] = buffers
                    .map(|buffer| &mut buffer[..lens.next().expect("a length for each buffer")]);
                let work = Task {
                    work: self,
                    range: tiling.range(task),
                    responses,
                    gradients,
                    weights,
                    gweights,
                    layers,
                };
                T::dispatch(set, work);
            });
        });
    }
}

/// All batch entries, at one tile of frequencies.
struct Task<'a, T> {
    work: Adjoint<'a, T>,
    range: (usize, usize),
    /// Packed responses and their gradients.
    responses: &'a mut [T],
    gradients: &'a mut [T],
    /// Packed weights of the head and their gradients.
    weights: &'a mut [T],
    gweights: &'a mut [T],
    /// The input of every layer, `[layer][entry][re, im][lane]`.
    layers: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(mut self, simd: S) {
        let stack = self.work.stack;
        pack_responses(simd, &stack, self.work.r, self.range, self.responses);
        if let Source::Dense { units, weight, .. } = self.work.source {
            pack_weights::<T, S>(&stack, units, weight, self.range, self.weights);
        }
        self.gradients.fill(T::of(0.0));
        self.gweights.fill(T::of(0.0));
        let mut entry = 0;
        while entry + ABREAST <= stack.batch {
            self.block::<S, ABREAST>(simd, entry);
            entry += ABREAST;
        }
        while entry < stack.batch {
            self.block::<S, 1>(simd, entry);
            entry += 1;
        }
        self.unpack::<S>();
    }
}

impl<T: Scalar> Task<'_, T> {
    /// Batch entries `entry..entry + N`, at all vectors of the tile.
    #[inline(always)]
    fn block<S: Simd<T>, const N: usize>(&mut self, simd: S, entry: usize) {
        let Adjoint {
            stack,
            s: input,
            source,
            gs,
            ..
        } = self.work;
        let (start, bins) = self.range;
        let (filters, outputs) = (stack.responses(), stack.outputs());
        let each = 2 * S::LANES;
        let hidden = &stack.filters[..stack.filters.len() - 1];
        for v in 0..bins.div_ceil(S::LANES) {
            let lanes = S::LANES.min(bins - v * S::LANES);
            let k = start + v * S::LANES;
            let mut s = entries::<T, S, N>(simd, input, entry * stack.bins + k, stack.bins, lanes);
            let responses = &self.responses[v * filters * each..(v + 1) * filters * each];
            let gradients = &mut self.gradients[v * filters * each..(v + 1) * filters * each];
            let mut end = 0;
            for (layer, filters) in hidden.iter().enumerate() {
                for n in 0..N {
                    put_pair(simd, &mut self.layers[(layer * N + n) * each..], s[n]);
                }
                s = rectified_sum(simd, s, &responses[end * each..(end + filters) * each]);
                end += filters;
            }

            let (own, gown) = (&responses[end * each..], &mut gradients[end * each..]);
            let mut down = match source {
                Source::Features(gy) => {
                    let at = entry * stack.features() + k;
                    let upstream = Features {
                        simd,
                        stack,
                        gy,
                        at,
                        lanes,
                    };
                    layer_adjoint::<T, S, _, N, true>(simd, s, own, gown, upstream)
                }
                Source::Dense { units, gsums, .. } => {
                    let all = units * each;
                    let tile = v * outputs * all..(v + 1) * outputs * all;
                    let upstream = Dense {
                        simd,
                        units,
                        gsums: &gsums[entry * units..(entry + N) * units],
                        weights: &self.weights[tile.clone()],
                        gweights: &mut self.gweights[tile],
                    };
                    layer_adjoint::<T, S, _, N, true>(simd, s, own, gown, upstream)
                }
            };
            for (layer, filters) in hidden.iter().enumerate().rev() {
                for n in 0..N {
                    s[n] = get_pair(simd, &self.layers[(layer * N + n) * each..]);
                }
                let range = (end - filters) * each..end * each;
                let (own, gown) = (&responses[range.clone()], &mut gradients[range]);
                down = match layer == 0 && gs.is_none() {
                    true => layer_adjoint::<T, S, _, N, false>(simd, s, own, gown, down),
                    false => layer_adjoint::<T, S, _, N, true>(simd, s, own, gown, down),
                };
                end -= filters;
            }
            if let Some(gs) = gs {
                for n in 0..N {
                    for part in 0..2 {
                        let to = gs[part].at((entry + n) * stack.bins + k);
                        // SAFETY: these are `lanes` bins of this entry, which no other task writes.
                        unsafe {
                            if lanes == S::LANES {
                                simd.store(to, down[n][part]);
                            } else {
                                simd.store_part(to, down[n][part], lanes);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Writes the packed gradients to their destinations.
    #[inline(always)]
    fn unpack<S: Simd<T>>(&self) {
        let Adjoint {
            stack, source, gr, ..
        } = self.work;
        let (start, bins) = self.range;
        let (filters, outputs) = (stack.responses(), stack.outputs());
        for v in 0..bins.div_ceil(S::LANES) {
            let lanes = S::LANES.min(bins - v * S::LANES);
            let k = start + v * S::LANES;
            for filter in 0..filters {
                for part in 0..2 {
                    let from = &self.gradients[(2 * (v * filters + filter) + part) * S::LANES..];
                    let to = gr[part].at(filter * stack.bins + k);
                    // SAFETY: these are `lanes` bins of this filter, which no other task writes.
                    unsafe { to.copy_from_nonoverlapping(from[..lanes].as_ptr(), lanes) };
                }
            }
            let Source::Dense { units, gweight, .. } = source else {
                continue;
            };
            for o in 0..outputs {
                for part in 0..2 {
                    let to = gweight.at(weight_at(&stack, units, part, o, k));
                    for unit in 0..units {
                        let from = 2 * ((v * outputs + o) * units + unit) + part;
                        let from = &self.gweights[from * S::LANES..][..lanes];
                        for lane in 0..lanes {
                            // SAFETY: these are the weights of these bins, which no other task writes.
                            unsafe { to.add(lane * units + unit).write(from[lane]) };
                        }
                    }
                }
            }
        }
    }
}

/// The gradients of features.
struct Features<'a, T, S> {
    simd: S,
    stack: RectifiedStack<'a>,
    gy: &'a [T],
    /// Offset of the first entry's first filter.
    at: usize,
    lanes: usize,
}

impl<T: Scalar, S: Simd<T>, const N: usize> Upstream<S::V, N> for Features<'_, T, S> {
    #[inline(always)]
    fn gradient(&mut self, o: usize, _p: &[Pair<S::V>; N]) -> [Pair<S::V>; N] {
        let features = self.stack.features();
        let at = self.at + o * self.stack.bins;
        let mut g = [[self.simd.splat(T::of(0.0)); 2]; N];
        for n in 0..N {
            for part in 0..2 {
                let at = at + n * features + part * features / 2;
                g[n][part] = read(self.simd, self.gy, at, self.lanes);
            }
        }
        g
    }
}

/// The gradients of a head's outputs, and their contribution to the gradients of its weights.
struct Dense<'a, T, S> {
    simd: S,
    units: usize,
    /// `[entry][unit]`.
    gsums: &'a [T],
    /// Packed weights of this vector.
    weights: &'a [T],
    gweights: &'a mut [T],
}

impl<T: Scalar, S: Simd<T>, const N: usize> Upstream<S::V, N> for Dense<'_, T, S> {
    #[inline(always)]
    fn gradient(&mut self, o: usize, p: &[Pair<S::V>; N]) -> [Pair<S::V>; N] {
        let each = 2 * S::LANES;
        let range = o * self.units * each..(o + 1) * self.units * each;
        let weights = self.weights[range.clone()].chunks_exact(each);
        let gweights = self.gweights[range].chunks_exact_mut(each);
        let zero = self.simd.splat(T::of(0.0));
        let (mut g, mut y) = ([[zero; 2]; N], [[zero; 2]; N]);
        for n in 0..N {
            y[n] = [p[n][0].relu(), p[n][1].relu()];
        }
        for (unit, (w, gw)) in weights.zip(gweights).enumerate() {
            let w = get_pair(self.simd, w);
            let mut sum = get_pair(self.simd, gw);
            for n in 0..N {
                let gsum = self.simd.splat(self.gsums[n * self.units + unit]);
                for part in 0..2 {
                    g[n][part] = gsum.mul_add(w[part], g[n][part]);
                    sum[part] = gsum.mul_add(y[n][part], sum[part]);
                }
            }
            put_pair(self.simd, gw, sum);
        }
        g
    }
}
