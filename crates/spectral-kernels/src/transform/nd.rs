//! Transforms over the last one to three axes.
//!
//! Images (the last axes of one batch entry) are transformed a few at a time, so that what lies between the axes stays
//! in cache; few large images go axis by axis through memory, with all threads on each.

use super::axis;
use super::image::{Images, Request, Task};
use super::oriented::Kind;
use crate::shape::{Axis, BinWeight, Direction, Planar, PlanarMut, half_bins};
use spectral_lanes::InstructionSet;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each, threads_for};
use spectral_lanes::with_scratch;
use spectral_lanes::{count, expect_len};

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

/// A request, its input and its output.
type Arguments<'a, T> = (Request<'a, T>, [Shared<T>; 2], [Shared<T>; 2]);

spectral_lanes::entry!(NdEntry, <'a, T> Arguments<'a, T>, |(request, input, output)| {
    run(&request, input, output)
});

#[track_caller]
pub fn check(sizes: &[usize]) -> usize {
    assert!(
        (1..=3).contains(&sizes.len()),
        "transforms are over 1 to 3 axes, got {}",
        sizes.len()
    );
    assert!(
        !sizes.contains(&0),
        "the lengths of a transform must be at least 1, got {sizes:?}"
    );
    count(sizes)
}

/// Elements of a half-spectrum of these real sizes.
fn half_points(sizes: &[usize]) -> usize {
    let (last, leading) = sizes.split_last().expect("there is an axis");
    count(&[count(leading), half_bins(*last)])
}

/// Enough to even out threads that run at unequal speed.
pub const TASKS_PER_THREAD: usize = 8;

/// A tile beyond this is better spread over all threads, axis by axis.
pub const LARGEST_TILE_BYTES: usize = 8 << 20;
/// Fewer points than this are transformed at once by one thread in any case.
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
        // A small batch would not keep all threads busy, a large tile outgrow the caches.
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
                // SAFETY: the input planes hold `rows` half-spectra, and nobody writes them.
                unsafe { std::slice::from_raw_parts(plane.at(0), rows * columns) }.to_vec()
            });
            let [mut re, mut im] = copied;
            let planes = [Shared::new(&mut re), Shared::new(&mut im)];
            others(Direction::Inverse, planes);
            axis::run(last, kind, scale, weight, planes, output);
        }
    }
}
