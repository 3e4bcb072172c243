//! Transforms of lines that are too long to be processed side by side, one at a time.

use std::ops::Range;

use rustfft::num_complex::Complex;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;

use super::oriented::{Kind, Oriented};
use crate::algorithm::per_signal::PerSignal;
use crate::plan::Plan;
use crate::shape::{Direction, half_bins};

/// Transforms lines `lines` of the input planes into those of the output planes.
///
/// The planes must contain the lines, and nothing else may write them meanwhile. Does nothing unless the plan processes
/// [one signal at a time](Plan::one_at_a_time).
pub fn run<T: Scalar>(
    transform: &Oriented<T>,
    lines: Range<usize>,
    input: [Shared<T>; 2],
    output: [Shared<T>; 2],
) {
    let Some(mut each) = Lines::new(transform) else {
        return;
    };
    let (from, to) = (transform.input(), transform.output());
    for line in lines {
        // SAFETY: the planes contain the line, as this function requires.
        let read = |p: usize| unsafe {
            std::slice::from_raw_parts(input[p].at(line * from.count), from.count)
        };
        each.transform(read(0), if from.planes == 2 { read(1) } else { &[] });
        // SAFETY: as above; if input and output are the same planes, the line has already been read.
        let write = |p: usize| unsafe {
            std::slice::from_raw_parts_mut(output[p].at(line * to.count), to.count)
        };
        each.store(write(0), if to.planes == 2 { write(1) } else { &mut [] });
    }
}

/// Transforms one line at a time.
pub struct Lines<'a, T: Scalar> {
    transform: &'a Oriented<T>,
    fft: &'a PerSignal<T>,
    signal: Vec<Complex<T>>,
    work: Vec<Complex<T>>,
}

impl<'a, T: Scalar> Lines<'a, T> {
    /// Returns `None` unless the plan processes [one signal at a time](Plan::one_at_a_time).
    pub fn new(transform: &'a Oriented<T>) -> Option<Self> {
        let fft = Plan::per_signal(&transform.plan)?;
        Some(Lines {
            transform,
            fft,
            signal: fft.signal(),
            work: fft.work(),
        })
    }

    /// Transforms a line: real and imaginary parts, or only real samples.
    pub fn transform(&mut self, re: &[T], im: &[T]) {
        let halved = self.transform.twiddles.is_some();
        match self.transform.kind {
            Kind::Complex(direction) => {
                self.fill(re.iter().zip(im).map(|(re, im)| Complex::new(*re, *im)));
                self.process(direction);
            }
            Kind::ToHalf => {
                if halved {
                    self.fill(
                        re.chunks_exact(2)
                            .map(|pair| Complex::new(pair[0], pair[1])),
                    );
                } else {
                    self.fill(re.iter().map(|x| Complex::new(*x, T::of(0.0))));
                }
                self.process(Direction::Forward);
            }
            Kind::FromHalf => {
                self.tangle(re, im);
                self.process(Direction::Inverse);
            }
        }
    }

    /// Stores the transformed line: real and imaginary parts, or only real samples.
    pub fn store(&self, re: &mut [T], im: &mut [T]) {
        match self.transform.kind {
            Kind::Complex(_) => {
                let scale = self.transform.scales.ends;
                for (y, x) in re.iter_mut().zip(&self.signal) {
                    *y = x.re * scale;
                }
                for (y, x) in im.iter_mut().zip(&self.signal) {
                    *y = x.im * scale;
                }
            }
            Kind::ToHalf => self.untangle(re, im),
            Kind::FromHalf => {
                if self.transform.twiddles.is_some() {
                    for (pair, x) in re.chunks_exact_mut(2).zip(&self.signal) {
                        [pair[0], pair[1]] = [x.re, x.im];
                    }
                } else {
                    for (y, x) in re.iter_mut().zip(&self.signal) {
                        *y = x.re;
                    }
                }
            }
        }
    }

    fn fill(&mut self, numbers: impl Iterator<Item = Complex<T>>) {
        for (x, number) in self.signal.iter_mut().zip(numbers) {
            *x = number;
        }
    }

    fn process(&mut self, direction: Direction) {
        self.fft
            .process(direction, &mut self.signal, &mut self.work);
    }

    /// Same as [`Untangle`](crate::real::Untangle); for odd lengths, only scales.
    fn untangle(&self, re: &mut [T], im: &mut [T]) {
        let transform = self.transform;
        let scales = transform.scales;
        let z = &self.signal;
        let Some(twiddles) = &transform.twiddles else {
            for (k, x) in z.iter().enumerate().take(half_bins(transform.n)) {
                let scale = if k == 0 { scales.ends } else { scales.interior };
                (re[k], im[k]) = (x.re * scale, x.im * scale);
            }
            return;
        };
        let half = z.len();
        let scale = scales.interior * T::of(0.5);
        (re[0], im[0]) = ((z[0].re + z[0].im) * scales.ends, T::of(0.0));
        (re[half], im[half]) = ((z[0].re - z[0].im) * scales.ends, T::of(0.0));
        for (k, w) in twiddles
            .factors
            .iter()
            .enumerate()
            .take(half / 2 + 1)
            .skip(1)
        {
            let (a, b) = (z[k], z[half - k].conj());
            let even = a + b;
            let odd = Complex::new(a.im - b.im, b.re - a.re) * Complex::new(w[0], w[1]);
            (re[k], im[k]) = ((even.re + odd.re) * scale, (even.im + odd.im) * scale);
            (re[half - k], im[half - k]) = ((even.re - odd.re) * scale, (odd.im - even.im) * scale);
        }
    }

    /// Same as [`Tangle`](crate::real::Tangle); for odd lengths, builds the whole Hermitian spectrum.
    fn tangle(&mut self, re: &[T], im: &[T]) {
        let transform = self.transform;
        let scales = transform.scales;
        let z = &mut self.signal;
        let Some(twiddles) = &transform.twiddles else {
            z[0] = Complex::new(re[0] * scales.ends, T::of(0.0));
            for k in 1..half_bins(transform.n) {
                z[k] = Complex::new(re[k] * scales.interior, im[k] * scales.interior);
                z[transform.n - k] = z[k].conj();
            }
            return;
        };
        let half = z.len();
        z[0] = Complex::new(
            (re[0] + re[half]) * scales.ends,
            (re[0] - re[half]) * scales.ends,
        );
        for (k, w) in twiddles
            .factors
            .iter()
            .enumerate()
            .take(half / 2 + 1)
            .skip(1)
        {
            let a = Complex::new(re[k], im[k]) * scales.interior;
            let b = Complex::new(re[half - k], T::of(0.0) - im[half - k]) * scales.interior;
            let sum = a + b;
            let turned = (a - b).conj() * Complex::new(w[0], w[1]);
            z[k] = Complex::new(sum.re + turned.im, sum.im + turned.re);
            z[half - k] = Complex::new(sum.re - turned.im, turned.re - sum.im);
        }
    }
}
