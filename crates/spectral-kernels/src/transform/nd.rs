//! Transforms over the last one to three axes.
//!
//! Images (the last axes of one batch entry) are transformed a few at a time, so that what lies between the axes stays
//! in cache; few large images go axis by axis through memory, with all threads on each.

use super::axis::{fft_axis, fft_axis_in_place, irfft_axis, rfft_axis};
use super::image::{Images, Task};
use super::oriented::Kind;
use crate::parallel::{Shared, for_each, threads_for};
use crate::scalar::Scalar;
use crate::scratch::with_scratch;
use crate::shape::{Axis, BinWeight, Direction, Planar, PlanarMut, expect_len, half_bins};
use crate::simd::InstructionSet;

/// Complex transform over the last `sizes.len()` (1 to 3) axes of an array `[batch, sizes…]`:
/// `out[k] = scale · Σ_j in[j] exp(∓2πi Σ_a j_a k_a / n_a)`, minus for [`Direction::Forward`].
///
/// All slices have `batch · Π sizes` elements. Callers check shapes; this function panics if they are wrong, if there
/// are no or more than three sizes, or if one of them is 0. An empty batch is left alone.
pub fn fftn<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    direction: Direction,
    scale: T,
    input: Planar<'_, T>,
    mut output: PlanarMut<'_, T>,
) {
    let points = check(sizes);
    input.expect("fftn input", batch * points);
    output.expect("fftn output", batch * points);
    let (leading, n) = split(sizes);
    let rows = points / n;
    if leading.is_empty() {
        fft_axis(
            Axis {
                outer: batch,
                len: n,
                inner: 1,
            },
            direction,
            scale,
            input,
            output,
        );
    } else if let Some(images) = images(
        batch,
        sizes,
        Kind::Complex(direction),
        scale,
        BinWeight::One,
    ) {
        let planes = [Shared::new(output.re), Shared::new(output.im)];
        run(&images, batch, points, &[input.re, input.im], planes);
    } else {
        fft_axis(
            Axis {
                outer: batch * rows,
                len: n,
                inner: 1,
            },
            direction,
            scale,
            input,
            output.reborrow(),
        );
        for axis in leading_axes(batch, leading, n) {
            fft_axis_in_place(axis, direction, output.reborrow());
        }
    }
}

/// Real transform over the last `sizes.len()` (1 to 3) axes, half-spectrum on the last:
/// `out[k] = scale · w_k · Σ_j in[j] exp(-2πi Σ_a j_a k_a / n_a)`, `w_k` by the index on the last axis.
///
/// The input is `[batch, sizes…]`, the output the same with `n/2 + 1` bins in place of the last size `n`. Callers check
/// shapes; panics as [`fftn`] does.
pub fn rfftn<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    scale: T,
    weight: BinWeight,
    input: &[T],
    mut output: PlanarMut<'_, T>,
) {
    let points = check(sizes);
    let (leading, n) = split(sizes);
    let (rows, bins) = (points / n, half_bins(n));
    expect_len("rfftn input", "real", batch * points, input.len());
    output.expect("rfftn output", batch * rows * bins);
    if leading.is_empty() {
        rfft_axis(
            Axis {
                outer: batch,
                len: n,
                inner: 1,
            },
            scale,
            weight,
            input,
            output,
        );
    } else if let Some(images) = images(batch, sizes, Kind::ToHalf, scale, weight) {
        let planes = [Shared::new(output.re), Shared::new(output.im)];
        run(&images, batch, points, &[input], planes);
    } else {
        rfft_axis(
            Axis {
                outer: batch * rows,
                len: n,
                inner: 1,
            },
            scale,
            weight,
            input,
            output.reborrow(),
        );
        for axis in leading_axes(batch, leading, bins) {
            fft_axis_in_place(axis, Direction::Forward, output.reborrow());
        }
    }
}

/// Inverse of [`rfftn`] up to scale: the unscaled complex inverse over the leading axes, then
/// [`irfft_axis`](crate::irfft_axis) over the last (whose self-conjugate bins lose their imaginary part), times
/// `scale`, with the input weighted by `w_k`.
///
/// Defined so for any input, Hermitian or not; on the Hermitian part of self-conjugate columns it agrees with NumPy's
/// `irfftn`. Shapes as for [`rfftn`] with input and output exchanged; panics as [`fftn`] does.
pub fn irfftn<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    scale: T,
    weight: BinWeight,
    input: Planar<'_, T>,
    output: &mut [T],
) {
    let points = check(sizes);
    let (leading, n) = split(sizes);
    let (rows, bins) = (points / n, half_bins(n));
    input.expect("irfftn input", batch * rows * bins);
    expect_len("irfftn output", "real", batch * points, output.len());
    if leading.is_empty() {
        irfft_axis(
            Axis {
                outer: batch,
                len: n,
                inner: 1,
            },
            scale,
            weight,
            input,
            output,
        );
    } else if let Some(images) = images(batch, sizes, Kind::FromHalf, scale, weight) {
        let plane = Shared::new(output);
        run(
            &images,
            batch,
            points,
            &[input.re, input.im],
            [plane, plane],
        );
    } else {
        let (mut re, mut im) = (input.re.to_vec(), input.im.to_vec());
        for axis in leading_axes(batch, leading, bins) {
            fft_axis_in_place(
                axis,
                Direction::Inverse,
                PlanarMut {
                    re: &mut re,
                    im: &mut im,
                },
            );
        }
        let last = Axis {
            outer: batch * rows,
            len: n,
            inner: 1,
        };
        irfft_axis(last, scale, weight, Planar { re: &re, im: &im }, output);
    }
}

fn check(sizes: &[usize]) -> usize {
    assert!(
        (1..=3).contains(&sizes.len()),
        "transforms are over 1 to 3 axes, got {}",
        sizes.len()
    );
    assert!(
        !sizes.contains(&0),
        "the lengths of a transform must be at least 1, got {sizes:?}"
    );
    sizes.iter().product()
}

fn split(sizes: &[usize]) -> (&[usize], usize) {
    (&sizes[..sizes.len() - 1], sizes[sizes.len() - 1])
}

fn leading_axes(batch: usize, leading: &[usize], columns: usize) -> impl Iterator<Item = Axis> {
    leading
        .iter()
        .enumerate()
        .filter(|(_, len)| **len > 1)
        .map(move |(a, &len)| Axis {
            outer: batch * leading[..a].iter().product::<usize>(),
            len,
            inner: leading[a + 1..].iter().product::<usize>() * columns,
        })
}

/// Enough to even out threads that run at unequal speed.
const TASKS_PER_THREAD: usize = 8;

/// A tile beyond this is better spread over all threads, axis by axis.
const LARGEST_TILE_BYTES: usize = 8 << 20;

fn images<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    kind: Kind,
    scale: T,
    weight: BinWeight,
) -> Option<Images<T>> {
    let points: usize = sizes.iter().product();
    let threads = threads_for(batch * points);
    let images = Images::new(
        sizes,
        kind,
        scale,
        weight,
        T::lanes(InstructionSet::current()),
        batch.div_ceil(threads),
    );
    (batch >= threads && images.tile_bytes() <= LARGEST_TILE_BYTES || batch * points < 4096)
        .then_some(images)
}

fn run<T: Scalar>(
    images: &Images<T>,
    batch: usize,
    points: usize,
    input: &[&[T]],
    output: [Shared<T>; 2],
) {
    let groups = batch.div_ceil(images.group);
    let each = groups.div_ceil(TASKS_PER_THREAD * threads_for(batch * points));
    for_each(groups.div_ceil(each), batch * points, |task| {
        with_scratch(images.buffers(T::lanes(images.set)), |mut buffers| {
            for group in task * each..groups.min((task + 1) * each) {
                let first = group * images.group;
                let count = images.group.min(batch - first);
                let buffers = buffers.each_mut().map(|buffer| &mut **buffer);
                T::dispatch(
                    images.set,
                    Task {
                        images,
                        input,
                        output,
                        first,
                        count,
                        buffers,
                    },
                );
            }
        });
    });
}
