//! Limits the effect of non-finite values to the results that depend on them.
//!
//! A transform mixes all samples of a block, so a single NaN also affects results that do not depend on it, such as
//! earlier outputs. Since every element of a block's product depends on every element of the block, and arithmetic
//! propagates non-finite values, one result per block shows whether there was one. Lines with non-finite values are
//! computed a second time with zeros in their place, and the results that do depend on them are set to NaN.

use spectral_lanes::Scalar;
use spectral_lanes::parallel::{Shared, for_each};

use super::LongConvolution;
use super::adjoint::Adjoint;
use super::forward::Forward;

fn is_finite<T: Scalar>(x: T) -> bool {
    x.widen().is_finite()
}

/// A copy of a line, with non-finite values replaced by zeros.
fn finite<T: Scalar>(line: &[T]) -> Vec<T> {
    let zero = T::of(0.0);
    line.iter()
        .map(|x| if is_finite(*x) { *x } else { zero })
        .collect()
}

/// Index of the first non-finite value, or the length of the line.
fn first<T: Scalar>(line: &[T]) -> usize {
    let found = line.iter().position(|x| !is_finite(*x));
    found.unwrap_or(line.len())
}

/// A line of a plane, for reading.
///
/// # Safety
/// The plane must contain the line, and nothing may write it during the borrow.
unsafe fn line<'a, T>(plane: Shared<T>, start: usize, len: usize) -> &'a [T] {
    // SAFETY: guaranteed by the caller.
    unsafe { std::slice::from_raw_parts(plane.at(start), len) }
}

/// A line of a plane, for writing.
///
/// # Safety
/// The plane must contain the line, and nothing else may access it during the borrow.
unsafe fn line_mut<'a, T>(plane: Shared<T>, start: usize, len: usize) -> &'a mut [T] {
    // SAFETY: guaranteed by the caller.
    unsafe { std::slice::from_raw_parts_mut(plane.at(start), len) }
}

/// The lines of a result in which one of the elements `block` apart is non-finite.
///
/// # Safety
/// The plane must hold the shape's signals, and nothing may write it during the call.
unsafe fn non_finite_lines<T: Scalar>(
    shape: &LongConvolution,
    plane: Shared<T>,
    block: usize,
) -> Vec<usize> {
    let length = shape.length;
    let has_non_finite = |index: &usize| {
        // SAFETY: guaranteed by the caller.
        let line = unsafe { line(plane, index * length, length) };
        line.iter().step_by(block).any(|x| !is_finite(*x))
    };
    (0..shape.batch * shape.channels)
        .filter(has_non_finite)
        .collect()
}

/// The same shape with a single signal.
fn single_signal(shape: &LongConvolution) -> LongConvolution {
    LongConvolution {
        batch: 1,
        channels: 1,
        ..*shape
    }
}

/// Calls `task` with each element of `lines`.
fn for_lines(shape: &LongConvolution, lines: &[usize], task: impl Fn(usize) + Send + Sync) {
    let work = lines.len() * shape.length * 8;
    for_each(lines.len(), work, |index| task(lines[index]));
}

/// Repairs the outputs of a forward pass that used blocks of `block` samples.
pub fn outputs<T: Scalar>(work: &Forward<'_, T>, block: usize) {
    let shape = &work.shape;
    let length = shape.length;
    let used = shape.taps.min(length);
    // SAFETY: slice lengths were checked, and no task is running any more.
    let lines = unsafe { non_finite_lines(shape, work.y, block) };
    for_lines(shape, &lines, |index| {
        let channel = index % shape.channels;
        // SAFETY: these lines are within slices whose lengths were checked; only this task accesses this output.
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
            shape: single_signal(shape),
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

/// Repairs the gradients of a backward pass that used blocks of `block` samples.
pub fn gradients<T: Scalar>(work: &Adjoint<'_, T>, block: usize) {
    if let Some(gx) = work.gx {
        signal_gradients(work, gx, block);
    }
    if let Some(gk) = work.gk {
        kernel_gradients(work, gk);
    }
}

/// `gx[t]` depends on the output gradients from `t` on, and on as many taps as there are samples from `t` to the end.
fn signal_gradients<T: Scalar>(work: &Adjoint<'_, T>, gx: Shared<T>, block: usize) {
    let shape = &work.shape;
    let length = shape.length;
    let used = shape.taps.min(length);
    // SAFETY: slice lengths were checked, and no task is running any more.
    let lines = unsafe { non_finite_lines(shape, gx, block) };
    for_lines(shape, &lines, |index| {
        let channel = index % shape.channels;
        // SAFETY: these lines are within slices whose lengths were checked; only this task accesses this gradient.
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
            shape: single_signal(shape),
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

/// `gk[s]` depends on all samples but the last `s`, and on the output gradients from `s` on, of all batch entries.
fn kernel_gradients<T: Scalar>(work: &Adjoint<'_, T>, gk: Shared<T>) {
    let shape = &work.shape;
    let (length, taps) = (shape.length, shape.taps);
    if taps == 0 {
        return;
    }
    let channels: Vec<usize> = (0..shape.channels)
        // SAFETY: the slice length was checked, and no task is running any more.
        .filter(|channel| !is_finite(unsafe { *gk.at(channel * taps) }))
        .collect();
    for_lines(shape, &channels, |channel| {
        // SAFETY: these lines are within slices whose lengths were checked; only this task accesses this gradient.
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
