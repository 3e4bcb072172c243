//! What sees a number that is not finite.
//!
//! A transform mixes all samples of a block, so that one `NaN` spoils results that do not see it: earlier outputs among
//! them. Every number of a block's product is made from every number of the block, and arithmetic does not lose what is
//! not finite, so one result a block tells whether there was any. Lines in which there was are computed once more with
//! zeros in its place, and what does see it becomes `NaN`.

use super::LongConvolution;
use super::adjoint::Adjoint;
use super::forward::Forward;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each};

fn is_finite<T: Scalar>(x: T) -> bool {
    x.widen().is_finite()
}

/// A copy of a line with zeros for what is not finite.
fn finite<T: Scalar>(line: &[T]) -> Vec<T> {
    let zero = T::of(0.0);
    line.iter()
        .map(|x| if is_finite(*x) { *x } else { zero })
        .collect()
}

/// The first number that is not finite, or the end.
fn first<T: Scalar>(line: &[T]) -> usize {
    let found = line.iter().position(|x| !is_finite(*x));
    found.unwrap_or(line.len())
}

/// A line of a plane, to read.
///
/// # Safety
/// The plane must hold it, and no one write it meanwhile.
unsafe fn line<'a, T>(plane: Shared<T>, start: usize, len: usize) -> &'a [T] {
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(plane.at(start), len) }
}

/// A line of a plane, to write.
///
/// # Safety
/// The plane must hold it, and no one else touch it meanwhile.
unsafe fn line_mut<'a, T>(plane: Shared<T>, start: usize, len: usize) -> &'a mut [T] {
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(plane.at(start), len) }
}

/// The lines of a result of which one of the numbers `block` apart is not finite.
///
/// # Safety
/// The plane must hold the shape's signals, and no one write it meanwhile.
unsafe fn spoiled<T: Scalar>(
    shape: &LongConvolution,
    plane: Shared<T>,
    block: usize,
) -> Vec<usize> {
    let length = shape.length;
    let is_spoiled = |index: &usize| {
        // SAFETY: by the caller's promise.
        let line = unsafe { line(plane, index * length, length) };
        line.iter().step_by(block).any(|x| !is_finite(*x))
    };
    (0..shape.batch * shape.channels)
        .filter(is_spoiled)
        .collect()
}

/// One signal of the shape.
fn alone(shape: &LongConvolution) -> LongConvolution {
    LongConvolution {
        batch: 1,
        channels: 1,
        ..*shape
    }
}

/// Calls `task` with each of `lines`.
fn for_lines(shape: &LongConvolution, lines: &[usize], task: impl Fn(usize) + Send + Sync) {
    let work = lines.len() * shape.length * 8;
    for_each(lines.len(), work, |index| task(lines[index]));
}

/// Mends the outputs of blocks of `block` samples.
pub fn outputs<T: Scalar>(work: &Forward<'_, T>, block: usize) {
    let shape = &work.shape;
    let length = shape.length;
    let used = shape.taps.min(length);
    // SAFETY: the slices were checked; no task runs any more.
    let lines = unsafe { spoiled(shape, work.y, block) };
    for_lines(shape, &lines, |index| {
        let channel = index % shape.channels;
        // SAFETY: lines of the shape, whose slices were checked; only this task touches this output.
        let (x, kernel, y) = unsafe {
            (
                line(work.x, index * length, length),
                line(work.kernel, channel * shape.taps, used),
                line_mut(work.y, index * length, length),
            )
        };
        let first_tap = first(kernel);
        if first(x) == length && first_tap == used {
            return;
        }
        let kernel_padded = [finite(kernel), vec![T::of(0.0); shape.taps - used]].concat();
        Forward {
            shape: alone(shape),
            x: Shared::to_read(&finite(x)),
            kernel: Shared::to_read(&kernel_padded),
            skip: work.skip.map(|skip| &skip[channel..=channel]),
            y: Shared::new(y),
        }
        .compute();
        let first_tap = if first_tap == used { length } else { first_tap };
        let mut seen_until = 0;
        for (t, (x, y)) in x.iter().zip(y).enumerate() {
            if !is_finite(*x) {
                seen_until = t + used.max(1);
            }
            if t < seen_until || t >= first_tap {
                *y = T::of(f64::NAN);
            }
        }
    });
}

/// Mends the gradients of adjoints in blocks of `block` samples.
pub fn gradients<T: Scalar>(work: &Adjoint<'_, T>, block: usize) {
    if let Some(gx) = work.gx {
        signal_gradients(work, gx, block);
    }
    if let Some(gk) = work.gk {
        kernel_gradients(work, gk);
    }
}

/// `gx[t]` sees the output gradients from `t` on, and the taps that are not longer than from `t` to the end.
fn signal_gradients<T: Scalar>(work: &Adjoint<'_, T>, gx: Shared<T>, block: usize) {
    let shape = &work.shape;
    let length = shape.length;
    let used = shape.taps.min(length);
    // SAFETY: the slices were checked; no task runs any more.
    let lines = unsafe { spoiled(shape, gx, block) };
    for_lines(shape, &lines, |index| {
        let channel = index % shape.channels;
        // SAFETY: lines of the shape, whose slices were checked; only this task touches this gradient.
        let (g, kernel, gx) = unsafe {
            (
                line(work.gy, index * length, length),
                line(work.kernel, channel * shape.taps, used),
                line_mut(gx, index * length, length),
            )
        };
        let first_tap = first(kernel);
        if first(g) == length && first_tap == used {
            return;
        }
        let kernel_padded = [finite(kernel), vec![T::of(0.0); shape.taps - used]].concat();
        let copy = finite(g);
        Adjoint {
            shape: alone(shape),
            // Not read for this gradient.
            x: Shared::to_read(&copy),
            kernel: Shared::to_read(&kernel_padded),
            skip: work.skip.map(|skip| &skip[channel..=channel]),
            gy: Shared::to_read(&copy),
            gx: Some(Shared::new(gx)),
            gk: None,
        }
        .compute();
        let seen_by_taps = if first_tap == used {
            0
        } else {
            length - first_tap
        };
        let mut seen_from = length;
        for t in (0..length).rev() {
            if !is_finite(g[t]) {
                seen_from = (t + 1).saturating_sub(used.max(1));
            }
            if t >= seen_from || t < seen_by_taps {
                gx[t] = T::of(f64::NAN);
            }
        }
    });
}

/// `gk[s]` sees the samples before the last `s` and the output gradients from `s` on, of all entries.
fn kernel_gradients<T: Scalar>(work: &Adjoint<'_, T>, gk: Shared<T>) {
    let shape = &work.shape;
    let (length, taps) = (shape.length, shape.taps);
    if taps == 0 {
        return;
    }
    let channels: Vec<usize> = (0..shape.channels)
        // SAFETY: the slice was checked; no task runs any more.
        .filter(|channel| !is_finite(unsafe { *gk.at(channel * taps) }))
        .collect();
    for_lines(shape, &channels, |channel| {
        // SAFETY: lines of the shape, whose slices were checked; only this task touches this gradient.
        let of = |plane: Shared<T>, entry: usize| unsafe {
            line(plane, (entry * shape.channels + channel) * length, length)
        };
        // SAFETY: as above.
        let gk = unsafe { line_mut(gk, channel * taps, taps) };
        let mut seen = 0;
        let (mut x, mut g) = (Vec::new(), Vec::new());
        for entry in 0..shape.batch {
            let lines = [of(work.x, entry), of(work.gy, entry)];
            seen = seen.max(length - first(lines[0]));
            let last = lines[1].iter().rposition(|g| !is_finite(*g));
            seen = seen.max(last.map_or(0, |last| last + 1));
            x.extend(finite(lines[0]));
            g.extend(finite(lines[1]));
        }
        if seen == 0 {
            return;
        }
        Adjoint {
            shape: LongConvolution {
                channels: 1,
                ..*shape
            },
            x: Shared::to_read(&x),
            kernel: work.kernel.skip(channel * taps),
            skip: None,
            gy: Shared::to_read(&g),
            gx: None,
            gk: Some(Shared::new(gk)),
        }
        .compute();
        gk[..seen.min(taps)].fill(T::of(f64::NAN));
    });
}
