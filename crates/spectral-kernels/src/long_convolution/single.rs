//! One transform per signal, one signal at a time: for few or very long signals.

use rustfft::num_complex::Complex;
use spectral_lanes::parallel::{Shared, for_each, parts_for};
use spectral_lanes::{Scalar, with_scratch};

use super::adjoint::Adjoint;
use super::forward::Forward;
use super::task::{Share, Tiling};
use super::twist::Twist;
use crate::algorithm::per_signal::PerSignal;
use crate::cache;
use crate::shape::Direction;

/// The plan and working memory of a task.
struct Signals<'a, T: Scalar> {
    fft: &'a PerSignal<T>,
    twist: &'a Twist<T>,
    work: &'a mut [Complex<T>],
}

impl<T: Scalar> Signals<'_, T> {
    /// Computes the spectrum of a line, with `first` added to sample 0.
    fn spectrum(&mut self, line: &[T], first: T, signal: &mut [Complex<T>]) {
        signal[line.len()..].fill(Complex::default());
        for ((z, x), turn) in signal.iter_mut().zip(line).zip(&self.twist.into) {
            *z = Complex::new(*x * turn[0], *x * turn[1]);
        }
        signal[0].re = signal[0].re + first;
        self.fft.process(Direction::Forward, signal, self.work);
    }

    /// Writes, or adds, the signal of a product of spectra to a line.
    fn real(&mut self, spectrum: &mut [Complex<T>], line: &mut [T], add: bool) {
        self.fft.process(Direction::Inverse, spectrum, self.work);
        for ((z, y), turn) in spectrum.iter().zip(line).zip(&self.twist.out) {
            let real = z.re * turn[0] - z.im * turn[1];
            *y = if add { *y + real } else { real };
        }
    }
}

/// Reinterprets pairs of real numbers as complex numbers.
fn complex<T: Scalar>(numbers: &mut [T]) -> &mut [Complex<T>] {
    let (pairs, _) = numbers.as_chunks_mut::<2>();
    // SAFETY: a complex number consists of two consecutive real ones and has their alignment.
    unsafe { std::slice::from_raw_parts_mut(pairs.as_mut_ptr().cast(), pairs.len()) }
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

/// [`Forward::run`] with transforms of `n` points.
pub fn forward<T: Scalar>(work: &Forward<'_, T>, n: usize) {
    let shape = work.shape;
    let (fft, twist) = (cache::plan::<PerSignal<T>>(n), cache::plan::<Twist<T>>(n));
    let tiling = Tiling::new(&shape, 1, 1, parts_for(shape.signal_len()));
    let taps = shape.taps.min(shape.length);
    let lens = [2 * n, 2 * n, fft.work_len()];
    for_each(tiling.count(), shape.signal_len(), |task| {
        let Share {
            channels, entries, ..
        } = tiling.share(task);
        let channel = channels.start;
        let first = work.skip.map_or(T::of(0.0), |skip| skip[channel]);
        with_scratch(lens, |buffers| {
            let [kernel, x, scratch] = buffers.map(|buffer| complex(buffer));
            let (kernel, x) = (&mut kernel[..n], &mut x[..n]);
            let mut signals = Signals {
                fft: &fft,
                twist: &twist,
                work: scratch,
            };
            // SAFETY: these lines lie within slices whose lengths were checked, and only this task writes these
            // outputs.
            unsafe {
                let line_of_taps = line(work.kernel, channel * shape.taps, taps);
                signals.spectrum(line_of_taps, first, kernel);
                for entry in entries {
                    let start = (entry * shape.channels + channel) * shape.length;
                    signals.spectrum(line(work.x, start, shape.length), T::of(0.0), x);
                    x.iter_mut().zip(&*kernel).for_each(|(x, k)| *x = *x * *k);
                    signals.real(x, line_mut(work.y, start, shape.length), false);
                }
            }
        });
    });
}

/// [`Adjoint::run`] with transforms of `n` points.
pub fn adjoint<T: Scalar>(
    work: &Adjoint<'_, T>,
    n: usize,
    tiling: &Tiling,
    own: impl Fn(&Share) -> Option<(Shared<T>, usize)> + Send + Sync,
) {
    let shape = work.shape;
    let (fft, twist) = (cache::plan::<PerSignal<T>>(n), cache::plan::<Twist<T>>(n));
    let taps = shape.taps.min(shape.length);
    let lens = [2 * n, 2 * n, 2 * n, 2 * n, fft.work_len()];
    for_each(tiling.count(), shape.signal_len(), |task| {
        let share = tiling.share(task);
        let channel = share.channels.start;
        let own = own(&share);
        let first = work.skip.map_or(T::of(0.0), |skip| skip[channel]);
        with_scratch(lens, |buffers| {
            let [kernel, x, g, sum, scratch] = buffers.map(|buffer| complex(buffer));
            let [kernel, x, g, sum] = [kernel, x, g, sum].map(|signal| &mut signal[..n]);
            sum.fill(Complex::default());
            let mut signals = Signals {
                fft: &fft,
                twist: &twist,
                work: scratch,
            };
            // SAFETY: these lines lie within slices whose lengths were checked, and only this task writes these
            // gradients.
            unsafe {
                if work.gx.is_some() {
                    let line_of_taps = line(work.kernel, channel * shape.taps, taps);
                    signals.spectrum(line_of_taps, first, kernel);
                }
                for entry in share.entries {
                    let start = (entry * shape.channels + channel) * shape.length;
                    signals.spectrum(line(work.gy, start, shape.length), T::of(0.0), g);
                    if own.is_some() {
                        signals.spectrum(line(work.x, start, shape.length), T::of(0.0), x);
                        for ((sum, g), x) in sum.iter_mut().zip(&*g).zip(&*x) {
                            *sum = *sum + *g * x.conj();
                        }
                    }
                    if let Some(gx) = work.gx {
                        g.iter_mut()
                            .zip(&*kernel)
                            .for_each(|(g, k)| *g = *g * k.conj());
                        signals.real(g, line_mut(gx, start, shape.length), false);
                    }
                }
                if let Some((sums, start)) = own {
                    let to = line_mut(sums, start + channel * shape.taps, taps);
                    signals.real(sum, to, true);
                }
            }
        });
    });
}
