//! Direct convolution with few taps: vectors of neighboring samples, one tap at a time.

use spectral_lanes::parallel::{Shared, for_each, parts_for};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, Vector, with_scratch};

use super::adjoint::Adjoint;
use super::forward::Forward;
use super::task::{Share, Tiling};

/// Vectors of samples or taps summed in registers.
const GROUP: usize = 8;
/// Vectors summed before their sum is added to that of the whole signal, since long sums of small numbers lose
/// precision.
const RUN: usize = 64;

/// `y[t] = Σ_s k[s]·x[t − s]` (`forward`) or `Σ_s k[s]·x[t + s]`.
struct Filter<'a, T> {
    kernel: &'a [T],
    /// Address of sample 0. As many zeros as there are taps precede (or follow) the signal; after those, at least one
    /// group of vectors is readable, with any contents.
    x: *const T,
    forward: bool,
    y: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Filter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let step = GROUP * S::LANES;
        let length = self.y.len();
        for start in (0..length).step_by(step) {
            let mut sums = [simd.splat(T::of(0.0)); GROUP];
            for (s, tap) in self.kernel.iter().enumerate() {
                let from = if self.forward {
                    self.x.wrapping_add(start).wrapping_sub(s)
                } else {
                    self.x.wrapping_add(start + s)
                };
                let tap = simd.splat(*tap);
                for v in 0..GROUP {
                    // SAFETY: at most `taps` elements before or after the signal and its last group of vectors.
                    sums[v] = unsafe { simd.load(from.add(v * S::LANES)) }.mul_add(tap, sums[v]);
                }
            }
            for v in 0..GROUP {
                let at = start + v * S::LANES;
                let left = length.saturating_sub(at);
                let to = self.y.as_mut_ptr().wrapping_add(at);
                // SAFETY: `left` elements remain from `at` on.
                unsafe {
                    if left >= S::LANES {
                        simd.store(to, sums[v]);
                    } else if left > 0 {
                        simd.store_part(to, sums[v], left);
                    }
                }
            }
        }
    }
}

/// `gk[s] += Σ_t g[t]·x[t − s]`.
struct Gradient<'a, T> {
    /// The signal is followed by zeros up to a whole vector.
    g: *const T,
    /// As for [`Filter`], with one more group of zeros before the signal.
    x: *const T,
    length: usize,
    gk: &'a mut [T],
}

impl<T: Scalar> Kernel<T> for Gradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        for (group, gk) in self.gk.chunks_mut(GROUP).enumerate() {
            let mut totals = [simd.splat(T::of(0.0)); GROUP];
            for run in (0..self.length).step_by(RUN * S::LANES) {
                let mut sums = [simd.splat(T::of(0.0)); GROUP];
                for start in (run..self.length.min(run + RUN * S::LANES)).step_by(S::LANES) {
                    // SAFETY: one vector from a sample on, which the fields' invariants allow.
                    let g = unsafe { simd.load(self.g.add(start)) };
                    let from = self.x.wrapping_add(start).wrapping_sub(group * GROUP);
                    for s in 0..GROUP {
                        // SAFETY: as above.
                        let x = unsafe { simd.load(from.sub(s)) };
                        sums[s] = g.mul_add(x, sums[s]);
                    }
                }
                for s in 0..GROUP {
                    totals[s] = totals[s] + sums[s];
                }
            }
            let mut lanes = [T::of(0.0); spectral_lanes::MAX_LANES];
            for (to, sum) in gk.iter_mut().zip(totals) {
                // SAFETY: the buffer holds the widest vector.
                unsafe { simd.store(lanes.as_mut_ptr(), sum) };
                *to = lanes[..S::LANES].iter().fold(*to, |sum, x| sum + *x);
            }
        }
    }
}

/// Zeros before and after a signal: enough for every tap and for whole groups of vectors.
fn margin(taps: usize) -> usize {
    (taps + GROUP * spectral_lanes::MAX_LANES).next_multiple_of(spectral_lanes::MAX_LANES)
}

/// Copies a line, surrounded by zeros.
///
/// # Safety
/// The plane must contain the line, and nothing may write it during the call.
unsafe fn surround<T: Scalar>(
    plane: Shared<T>,
    start: usize,
    length: usize,
    margin: usize,
    buffer: &mut [T],
) -> *const T {
    // SAFETY: guaranteed by the caller.
    let line = unsafe { std::slice::from_raw_parts(plane.at(start), length) };
    buffer[..margin].fill(T::of(0.0));
    buffer[margin..margin + length].copy_from_slice(line);
    buffer[margin + length..length + 2 * margin].fill(T::of(0.0));
    buffer[margin..].as_ptr()
}

/// The taps of a channel that affect any output, with the skip added.
fn kernel<T: Scalar>(
    plane: Shared<T>,
    skip: Option<&[T]>,
    channel: usize,
    [taps, used]: [usize; 2],
) -> Vec<T> {
    let mut kernel: Vec<T> = (0..used)
        // SAFETY: these are the taps of one channel, in a slice whose length was checked.
        .map(|s| unsafe { *plane.at(channel * taps + s) })
        .collect();
    if let Some(skip) = skip {
        if kernel.is_empty() {
            kernel.push(T::of(0.0));
        }
        kernel[0] = kernel[0] + skip[channel];
    }
    kernel
}

/// Direct version of [`Forward::run`].
pub fn forward<T: Scalar>(work: &Forward<'_, T>, set: InstructionSet) {
    let shape = work.shape;
    let elements = shape.signal_len();
    let used = shape.taps.min(shape.length);
    let margin = margin(used);
    let tiling = Tiling::new(&shape, 1, 1, parts_for(elements));
    for_each(tiling.count(), elements, |task| {
        let Share {
            channels, entries, ..
        } = tiling.share(task);
        let kernel = kernel(work.kernel, work.skip, channels.start, [shape.taps, used]);
        with_scratch([shape.length + 2 * margin], |[buffer]| {
            for entry in entries {
                let start = (entry * shape.channels + channels.start) * shape.length;
                // SAFETY: these lines lie within slices whose lengths were checked, and only this task writes these
                // outputs.
                unsafe {
                    let x = surround(work.x, start, shape.length, margin, buffer);
                    let y = std::slice::from_raw_parts_mut(work.y.at(start), shape.length);
                    T::dispatch(
                        set,
                        Filter {
                            kernel: &kernel,
                            x,
                            forward: true,
                            y,
                        },
                    );
                }
            }
        });
    });
}

/// Direct version of [`Adjoint::run`].
pub fn adjoint<T: Scalar>(
    work: &Adjoint<'_, T>,
    set: InstructionSet,
    tiling: &Tiling,
    own: impl Fn(&Share) -> Option<(Shared<T>, usize)> + Send + Sync,
) {
    let shape = work.shape;
    let used = shape.taps.min(shape.length);
    let margin = margin(used);
    for_each(tiling.count(), shape.signal_len(), |task| {
        let share = tiling.share(task);
        let channel = share.channels.start;
        let own = own(&share);
        let kernel = kernel(work.kernel, work.skip, channel, [shape.taps, used]);
        let room = shape.length + 2 * margin;
        with_scratch([room, room], |[g_buffer, x_buffer]| {
            for entry in share.entries {
                let start = (entry * shape.channels + channel) * shape.length;
                // SAFETY: these lines lie within slices whose lengths were checked, and only this task writes these
                // gradients.
                unsafe {
                    let g = surround(work.gy, start, shape.length, margin, g_buffer);
                    if let Some((sums, first)) = own {
                        let x = surround(work.x, start, shape.length, margin, x_buffer);
                        let to = sums.at(first + channel * shape.taps);
                        let gk = std::slice::from_raw_parts_mut(to, used);
                        let length = shape.length;
                        T::dispatch(set, Gradient { g, x, length, gk });
                    }
                    if let Some(gx) = work.gx {
                        let y = std::slice::from_raw_parts_mut(gx.at(start), shape.length);
                        T::dispatch(
                            set,
                            Filter {
                                kernel: &kernel,
                                x: g,
                                forward: false,
                                y,
                            },
                        );
                    }
                }
            }
        });
    });
}
