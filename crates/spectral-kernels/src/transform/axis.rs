//! Transforms along one axis of an array.

use spectral_lanes::parallel::{Shared, for_each, threads_for};
use spectral_lanes::{
    Gather, InstructionSet, Kernel, MAX_LANES, Scalar, Scatter, Simd, copy, expect_len,
    with_scratch,
};

use super::long;
use super::oriented::{Kind, Oriented};
use crate::shape::{Axis, BinWeight, Direction, Planar, PlanarMut};
use crate::view::View;

/// Complex transform along one axis: `out[k] = scale · Σ_j in[j] exp(∓2πi jk/n)`, with the negative sign for
/// [`Direction::Forward`].
///
/// All slices have [`Axis::elements`] elements. Does nothing if the array is empty.
///
/// # Panics
/// If the length of a slice does not match, or `axis.len` is 0.
pub fn fft_axis<T: Scalar>(
    axis: Axis,
    direction: Direction,
    scale: T,
    input: Planar<'_, T>,
    output: PlanarMut<'_, T>,
) {
    input.expect("fft_axis input", axis.elements());
    output.expect("fft_axis output", axis.elements());
    let from = [Shared::to_read(input.re), Shared::to_read(input.im)];
    let to = [Shared::new(output.re), Shared::new(output.im)];
    let kind = Kind::Complex(direction);
    T::enter::<AxisEntry>((axis, kind, scale, BinWeight::One, from, to));
}

/// Real transform along one axis: `out[k] = scale · w_k · Σ_j in[j] exp(-2πi jk/n)` for `k = 0, …, n/2`.
///
/// `axis.len` is the real length `n`. The input has [`Axis::elements`] elements, the output (`[outer, n/2 + 1, inner]`)
/// [`Axis::half_elements`].
///
/// # Panics
/// If the length of a slice does not match, or `axis.len` is 0.
pub fn rfft_axis<T: Scalar>(
    axis: Axis,
    scale: T,
    weight: BinWeight,
    input: &[T],
    output: PlanarMut<'_, T>,
) {
    expect_len("rfft_axis input", "real", axis.elements(), input.len());
    output.expect("rfft_axis output", axis.half_elements());
    let from = Shared::to_read(input);
    let to = [Shared::new(output.re), Shared::new(output.im)];
    T::enter::<AxisEntry>((axis, Kind::ToHalf, scale, weight, [from, from], to));
}

/// Inverse of [`rfft_axis`] up to scale: `out[j] = scale · Σ_k c_k Re(w_k in[k] exp(2πi jk/n))`, `k = 0, …, n/2`.
///
/// `c_k` is 1 for `k = 0` and (for even `n`) `k = n/2`, whose imaginary parts are ignored, and 2 elsewhere. Lengths are
/// as for [`rfft_axis`], with input and output exchanged.
///
/// # Panics
/// If the length of a slice does not match, or `axis.len` is 0.
pub fn irfft_axis<T: Scalar>(
    axis: Axis,
    scale: T,
    weight: BinWeight,
    input: Planar<'_, T>,
    output: &mut [T],
) {
    input.expect("irfft_axis input", axis.half_elements());
    expect_len("irfft_axis output", "real", axis.elements(), output.len());
    let from = [Shared::to_read(input.re), Shared::to_read(input.im)];
    let to = Shared::new(output);
    T::enter::<AxisEntry>((axis, Kind::FromHalf, scale, weight, from, [to, to]));
}

/// Target size of a tile: a share of the L1 cache.
const TILE_BYTES: usize = 32 << 10;
/// With fewer neighboring vectors than this, much of each fetched piece of memory would go unused.
const LEAST_VECTORS: usize = 4;
/// Elements per task of lines.
const TASK_ELEMENTS: usize = 1 << 15;

/// The arguments of [`run`].
type Arguments<T> = (Axis, Kind, T, BinWeight, [Shared<T>; 2], [Shared<T>; 2]);

spectral_lanes::entry!(AxisEntry, <'a, T> Arguments<T>, |(axis, kind, scale, weight, input, output)| {
    run(axis, kind, scale, weight, input, output)
});

/// Runs a transform on planes whose lengths have been checked.
///
/// Input and output may be the same planes: a task reads all of its signals, and no others, before it writes them.
pub fn run<T: Scalar>(
    axis: Axis,
    kind: Kind,
    scale: T,
    weight: BinWeight,
    input: [Shared<T>; 2],
    output: [Shared<T>; 2],
) {
    assert!(axis.len > 0, "transform length must be at least 1, got 0");
    if axis.outer == 0 || axis.inner == 0 {
        return;
    }
    let set = InstructionSet::current();
    let lanes = T::lanes(set);
    let transform = Oriented::new(kind, axis.len, scale, weight);
    let threads = threads_for(axis.elements());
    if axis.inner == 1 && transform.plan.one_at_a_time() {
        let each = (TASK_ELEMENTS / axis.len).clamp(1, axis.outer.div_ceil(2 * threads));
        for_each(axis.outer.div_ceil(each), axis.elements(), |task| {
            let lines = task * each..axis.outer.min((task + 1) * each);
            long::run(&transform, lines, input, output);
        });
        return;
    }
    let share = (axis.outer * axis.inner)
        .div_ceil(2 * threads)
        .next_multiple_of(lanes);
    let (outer_step, inner_step) = if axis.inner == 1 {
        // Each block of lanes is a separate tile; a task processes several.
        (
            (TASK_ELEMENTS / axis.len)
                .next_multiple_of(lanes)
                .clamp(lanes, share),
            1,
        )
    } else {
        let fitting = TILE_BYTES / (transform.rows() * size_of::<T>());
        let width = fitting
            .next_multiple_of(lanes)
            .max(LEAST_VECTORS * lanes)
            .min(share);
        if axis.inner <= width {
            (width / axis.inner, axis.inner)
        } else {
            (1, width)
        }
    };
    let (outer_tasks, inner_tasks) = (
        axis.outer.div_ceil(outer_step),
        axis.inner.div_ceil(inner_step),
    );
    for_each(outer_tasks * inner_tasks, axis.elements(), |task| {
        let first = [
            task / inner_tasks * outer_step,
            task % inner_tasks * inner_step,
        ];
        let outer = outer_step.min(axis.outer - first[0]);
        let inner = inner_step.min(axis.inner - first[1]);
        let width = if axis.inner == 1 {
            lanes
        } else {
            padded(outer * inner, lanes, transform.rows())
        };
        let lens = [transform.rows() * width, transform.plan.scratch_len(lanes)];
        with_scratch(lens, |[tile, scratch]| {
            let transform = &transform;
            T::dispatch(
                set,
                Task {
                    axis,
                    transform,
                    input,
                    output,
                    first,
                    outer,
                    inner,
                    width,
                    tile,
                    scratch,
                },
            );
        });
    });
}

/// Row width of a tile for `count` lanes. With many rows, an even number of vectors per row would map a column to few
/// cache sets.
pub fn padded(count: usize, lanes: usize, rows: usize) -> usize {
    let width = count.next_multiple_of(lanes);
    if rows > 16 && width > lanes && (width / lanes).is_multiple_of(2) {
        width + lanes
    } else {
        width
    }
}

/// `outer` by `inner` signals, starting with `first`.
struct Task<'a, T: Scalar> {
    axis: Axis,
    transform: &'a Oriented<T>,
    input: [Shared<T>; 2],
    output: [Shared<T>; 2],
    first: [usize; 2],
    outer: usize,
    inner: usize,
    /// Elements per row of the tile.
    width: usize,
    tile: &'a mut [T],
    scratch: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let width = self.width;
        let tile = self.tile.as_mut_ptr();
        // Real lines that are transformed as complex ones have zero imaginary parts.
        let widened = self.transform.kind == Kind::ToHalf && self.transform.twiddles.is_none();
        if self.axis.inner == 1 {
            for row in (0..self.outer).step_by(S::LANES) {
                if widened {
                    self.tile.fill(T::of(0.0));
                }
                let lanes = S::LANES.min(self.outer - row);
                self.gather(simd, self.first[0] + row, lanes, tile);
                // SAFETY: the tile holds `rows` rows of one vector each.
                unsafe {
                    self.transform
                        .run(simd, View::interleaved(tile, width), self.scratch)
                };
                self.scatter(simd, self.first[0] + row, lanes, tile);
            }
        } else {
            if widened {
                self.tile.fill(T::of(0.0));
            }
            self.copy_in(simd, tile, width);
            for lane in (0..self.outer * self.inner).step_by(S::LANES) {
                // SAFETY: the tile holds `rows` rows of `width` elements.
                unsafe {
                    self.transform.run(
                        simd,
                        View::interleaved(tile, width).lanes_from(lane),
                        self.scratch,
                    )
                };
            }
            self.copy_out(simd, tile, width);
        }
    }
}

impl<T: Scalar> Task<'_, T> {
    #[inline(always)]
    fn gather<S: Simd<T>>(&self, simd: S, row: usize, lanes: usize, tile: *mut T) {
        let side = self.transform.input();
        for (p, plane) in self.input.iter().enumerate().take(side.planes) {
            let mut lines = [plane.at(0).cast_const(); MAX_LANES];
            for i in 0..MAX_LANES {
                lines[i] = plane.at((row + i.min(lanes - 1)) * side.count);
            }
            let to = tile.wrapping_add(p * S::LANES);
            // SAFETY: each line holds `count` elements, and the buffer as many rows of one vector.
            let gather = unsafe { Gather::new(&lines, side.count, to, side.step * S::LANES) };
            simd.call(gather);
        }
    }

    #[inline(always)]
    fn scatter<S: Simd<T>>(&self, simd: S, row: usize, lanes: usize, tile: *mut T) {
        let side = self.transform.output();
        for (p, plane) in self.output.iter().enumerate().take(side.planes) {
            let mut lines = [plane.at(0); MAX_LANES];
            for i in 0..MAX_LANES {
                lines[i] = plane.at((row + i) * side.count);
            }
            let from = tile.wrapping_add(p * S::LANES);
            // SAFETY: the buffer holds `count` rows of one vector, and no other task accesses the lines.
            let scatter =
                unsafe { Scatter::new(from, side.step * S::LANES, side.count, &lines, lanes) };
            simd.call(scatter);
        }
    }

    #[inline(always)]
    fn copy_in<S: Simd<T>>(&self, simd: S, tile: *mut T, width: usize) {
        let side = self.transform.input();
        for (p, plane) in self.input.iter().enumerate().take(side.planes) {
            for o in 0..self.outer {
                for j in 0..side.count {
                    let at =
                        ((self.first[0] + o) * side.count + j) * self.axis.inner + self.first[1];
                    let to = tile.wrapping_add((side.step * j + p) * width + o * self.inner);
                    // SAFETY: `inner` elements of a line of the plane, whose length was checked, and of a row of the
                    // tile.
                    unsafe { copy(simd, plane.at(at), to, self.inner) };
                }
            }
        }
    }

    #[inline(always)]
    fn copy_out<S: Simd<T>>(&self, simd: S, tile: *mut T, width: usize) {
        let side = self.transform.output();
        for (p, plane) in self.output.iter().enumerate().take(side.planes) {
            for o in 0..self.outer {
                for j in 0..side.count {
                    let at =
                        ((self.first[0] + o) * side.count + j) * self.axis.inner + self.first[1];
                    let from = tile.wrapping_add((side.step * j + p) * width + o * self.inner);
                    // SAFETY: `inner` elements of a row of the tile, and of a line of the plane that no other task
                    // writes; the plane's length was checked.
                    unsafe { copy(simd, from, plane.at(at), self.inner) };
                }
            }
        }
    }
}
