//! Transforms over the last one to three axes.
//!
//! Images (the last axes of one batch entry) are transformed a few at a time, so that intermediate results stay in
//! cache. A few large images are transformed axis by axis through memory, with all threads on each axis.

use spectral_lanes::parallel::{Shared, for_each, threads_for};
use spectral_lanes::{InstructionSet, Scalar, count, expect_len, with_scratch};

use super::axis;
use super::image::{Images, Request, Task};
use super::oriented::Kind;
use crate::shape::{Axis, BinWeight, Direction, Planar, PlanarMut, half_bins};

/// Complex transform over the last `sizes.len()` (1 to 3) axes of an array `[batch, sizes…]`:
/// `out[k] = scale · Σ_j in[j] exp(∓2πi Σ_a j_a k_a / n_a)`, with the negative sign for [`Direction::Forward`].
///
/// All slices have `batch · Π sizes` elements. Does nothing if the batch is empty.
///
/// # Panics
/// If the length of a slice does not match, if there are no sizes or more than three, or if one of them is 0.
pub fn fftn<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    direction: Direction,
    scale: T,
    input: Planar<'_, T>,
    output: PlanarMut<'_, T>,
) {
    let points = check(sizes);
    input.expect("fftn input", count(&[batch, points]));
    output.expect("fftn output", count(&[batch, points]));
    let from = [Shared::to_read(input.re), Shared::to_read(input.im)];
    let to = [Shared::new(output.re), Shared::new(output.im)];
    let request = Request {
        batch,
        sizes,
        kind: Kind::Complex(direction),
        scale,
        weight: BinWeight::One,
    };
    T::enter::<NdEntry>((request, from, to));
}

/// Real transform over the last `sizes.len()` (1 to 3) axes, with a half-spectrum on the last:
/// `out[k] = scale · w_k · Σ_j in[j] exp(-2πi Σ_a j_a k_a / n_a)`, where `w_k` depends on the index on the last axis.
///
/// The input is `[batch, sizes…]`; in the output, the last size `n` is replaced by `n/2 + 1` bins.
///
/// # Panics
/// As [`fftn`].
pub fn rfftn<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    scale: T,
    weight: BinWeight,
    input: &[T],
    output: PlanarMut<'_, T>,
) {
    let points = check(sizes);
    expect_len("rfftn input", "real", count(&[batch, points]), input.len());
    output.expect("rfftn output", count(&[batch, half_points(sizes)]));
    let from = Shared::to_read(input);
    let to = [Shared::new(output.re), Shared::new(output.im)];
    let request = Request {
        batch,
        sizes,
        kind: Kind::ToHalf,
        scale,
        weight,
    };
    T::enter::<NdEntry>((request, [from, from], to));
}

/// Inverse of [`rfftn`] up to scale: the input is weighted by `w_k`, transformed by the unscaled complex inverse over
/// the leading axes and then by [`irfft_axis`](crate::irfft_axis) over the last (which ignores the imaginary part of
/// self-conjugate bins), and multiplied by `scale`.
///
/// This defines the result for any input, Hermitian or not; it agrees with NumPy's `irfftn` if the self-conjugate
/// columns are Hermitian. Shapes are as for [`rfftn`], with input and output exchanged.
///
/// # Panics
/// As [`fftn`].
pub fn irfftn<T: Scalar>(
    batch: usize,
    sizes: &[usize],
    scale: T,
    weight: BinWeight,
    input: Planar<'_, T>,
    output: &mut [T],
) {
    let points = check(sizes);
    input.expect("irfftn input", count(&[batch, half_points(sizes)]));
    expect_len(
        "irfftn output",
        "real",
        count(&[batch, points]),
        output.len(),
    );
    let from = [Shared::to_read(input.re), Shared::to_read(input.im)];
    let to = Shared::new(output);
    let request = Request {
        batch,
        sizes,
        kind: Kind::FromHalf,
        scale,
        weight,
    };
    T::enter::<NdEntry>((request, from, [to, to]));
}

/// A request, with its input and its output.
type Arguments<'a, T> = (Request<'a, T>, [Shared<T>; 2], [Shared<T>; 2]);

spectral_lanes::entry!(NdEntry, <'a, T> Arguments<'a, T>, |(request, input, output)| {
    run(&request, input, output)
});

#[track_caller]
pub fn check(sizes: &[usize]) -> usize {
    assert!(
        (1..=3).contains(&sizes.len()),
        "a transform must have 1 to 3 axes, got {}",
        sizes.len()
    );
    assert!(
        !sizes.contains(&0),
        "transform sizes must be at least 1, got {sizes:?}"
    );
    count(sizes)
}

/// Number of elements of a half-spectrum of these real sizes.
fn half_points(sizes: &[usize]) -> usize {
    let (last, leading) = sizes.split_last().expect("at least one axis");
    count(&[count(leading), half_bins(*last)])
}

/// Tasks per thread, for load balancing.
pub const TASKS_PER_THREAD: usize = 8;

/// Larger tiles are better processed axis by axis, with all threads.
pub const LARGEST_TILE_BYTES: usize = 8 << 20;
/// Transforms with fewer points than this always run on one thread.
pub const SMALL_POINTS: usize = 4096;

/// Runs a request on planes whose lengths have been checked.
pub fn run<T: Scalar>(request: &Request<'_, T>, input: [Shared<T>; 2], output: [Shared<T>; 2]) {
    if request.batch == 0 {
        return;
    }
    if request.sizes.len() > 1 {
        let points = request.points();
        let threads = threads_for(points);
        let images = Images::new(
            request,
            InstructionSet::current(),
            request.batch.div_ceil(threads),
        );
        // Process by image unless the batch is too small to occupy all threads or the tile exceeds the caches.
        let spread = request.batch >= threads && images.tile_bytes() <= LARGEST_TILE_BYTES;
        if spread || points < SMALL_POINTS {
            by_image(request, &images, input, output);
            return;
        }
    }
    by_axis(request, input, output);
}

fn by_image<T: Scalar>(
    request: &Request<'_, T>,
    images: &Images<T>,
    input: [Shared<T>; 2],
    output: [Shared<T>; 2],
) {
    let (batch, points) = (request.batch, request.points());
    let groups = batch.div_ceil(images.group);
    let each = groups.div_ceil(TASKS_PER_THREAD * threads_for(points));
    for_each(groups.div_ceil(each), points, |task| {
        with_scratch(images.buffers(), |mut buffers| {
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

fn by_axis<T: Scalar>(request: &Request<'_, T>, input: [Shared<T>; 2], output: [Shared<T>; 2]) {
    let Request {
        batch,
        sizes,
        kind,
        scale,
        weight,
    } = *request;
    let (leading, n) = (&sizes[..sizes.len() - 1], sizes[sizes.len() - 1]);
    let rows = batch * leading.iter().product::<usize>();
    let last = Axis {
        outer: rows,
        len: n,
        inner: 1,
    };
    let columns = if kind.is_real() { half_bins(n) } else { n };
    let others = |direction: Direction, planes: [Shared<T>; 2]| {
        for (a, &len) in leading.iter().enumerate().filter(|(_, len)| **len > 1) {
            let outer = batch * leading[..a].iter().product::<usize>();
            let inner = leading[a + 1..].iter().product::<usize>() * columns;
            let kind = Kind::Complex(direction);
            axis::run(
                Axis { outer, len, inner },
                kind,
                T::of(1.0),
                BinWeight::One,
                planes,
                planes,
            );
        }
    };
    match kind {
        Kind::Complex(direction) => {
            axis::run(last, kind, scale, weight, input, output);
            others(direction, output);
        }
        Kind::ToHalf => {
            axis::run(last, kind, scale, weight, input, output);
            others(Direction::Forward, output);
        }
        Kind::FromHalf if leading.is_empty() => axis::run(last, kind, scale, weight, input, output),
        Kind::FromHalf => {
            let copied = input.map(|plane| {
                // SAFETY: the input planes hold `rows` half-spectra, and nothing writes them.
                unsafe { std::slice::from_raw_parts(plane.at(0), rows * columns) }.to_vec()
            });
            let [mut re, mut im] = copied;
            let planes = [Shared::new(&mut re), Shared::new(&mut im)];
            others(Direction::Inverse, planes);
            axis::run(last, kind, scale, weight, planes, output);
        }
    }
}
