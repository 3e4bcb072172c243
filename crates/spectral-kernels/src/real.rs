//! Conversions between complex transforms and half-spectra of real signals.
//!
//! A real signal of even length `n = 2h` is treated as a complex one of length `h` (even samples real, odd samples
//! imaginary), whose transform is then untangled. For odd lengths, one complex transform of length `n` handles two real
//! signals, or one signal and zeros.

use spectral_lanes::{Kernel, Scalar, Simd};

use crate::algorithm::root;
use crate::cache;
use crate::view::{Complex, View, broadcast};

/// `exp(−2πi k/n)` for `k = 0, …, n/4`, with even `n`.
pub struct HalfTwiddles<T> {
    pub factors: Vec<[T; 2]>,
}

impl<T: Scalar> cache::Plan for HalfTwiddles<T> {
    fn plan(n: usize) -> Self {
        Self::new(n)
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&self.factors[..])
    }
}

impl<T: Scalar> HalfTwiddles<T> {
    pub fn new(n: usize) -> Self {
        HalfTwiddles {
            factors: (0..=n / 4).map(|k| root(k, n)).collect(),
        }
    }
}

/// Where bin `h = n/2` of an even length is stored. Bins 0 and `h` of a real signal are real.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum LastBin {
    /// In an element of its own.
    Own,
    /// In the imaginary part of element 0.
    InFirst,
}

/// Scale factors of the self-conjugate bins and of the other bins.
#[derive(Clone, Copy)]
pub struct BinScales<T> {
    pub ends: T,
    pub interior: T,
}

/// Turns a transform of `h` points (of a signal's even and odd samples) into the half-spectrum of the signal, in place.
pub struct Untangle<'a, T> {
    pub view: View<T>,
    pub half: usize,
    pub twiddles: &'a HalfTwiddles<T>,
    pub scales: BinScales<T>,
    pub last: LastBin,
    /// Number of bins required, from 0 on; the others may be left unchanged.
    pub bins: usize,
}

impl<T: Scalar> Kernel<T> for Untangle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Untangle {
            view,
            half,
            twiddles,
            scales,
            last,
            bins,
        } = self;
        let ends = simd.splat(scales.ends);
        let interior = simd.splat(scales.interior * T::of(0.5));
        // SAFETY: the view is valid for elements 0..h, and for h if the last bin has its own element; no other
        // iteration accesses elements k and h−k.
        unsafe {
            let z = view.load(simd, 0);
            let (first, nyquist) = ((z.re + z.im) * ends, (z.re - z.im) * ends);
            let zero = simd.splat(T::of(0.0));
            match last {
                LastBin::Own => {
                    view.store(
                        simd,
                        0,
                        Complex {
                            re: first,
                            im: zero,
                        },
                    );
                    view.store(
                        simd,
                        half,
                        Complex {
                            re: nyquist,
                            im: zero,
                        },
                    );
                }
                LastBin::InFirst => view.store(
                    simd,
                    0,
                    Complex {
                        re: first,
                        im: nyquist,
                    },
                ),
            }
            for (k, w) in twiddles
                .factors
                .iter()
                .enumerate()
                .take(bins.min(half / 2 + 1))
                .skip(1)
            {
                let (a, b) = (view.load(simd, k), view.load(simd, half - k));
                let even = Complex {
                    re: a.re + b.re,
                    im: a.im - b.im,
                };
                let odd = Complex {
                    re: a.im + b.im,
                    im: b.re - a.re,
                } * broadcast(simd, *w);
                view.store(simd, k, (even + odd).scale(interior));
                view.store(
                    simd,
                    half - k,
                    Complex {
                        re: even.re - odd.re,
                        im: odd.im - even.im,
                    }
                    .scale(interior),
                );
            }
        }
    }
}

/// Turns a half-spectrum into the input of the inverse transform of `h` points whose output is the signal's even and
/// odd samples, in place. The imaginary parts of the self-conjugate bins are not read.
pub struct Tangle<'a, T> {
    pub view: View<T>,
    pub half: usize,
    pub twiddles: &'a HalfTwiddles<T>,
    pub scales: BinScales<T>,
    pub last: LastBin,
    /// Number of bins that may be nonzero, from 0 on; the elements of the others must be zero.
    pub bins: usize,
}

impl<T: Scalar> Kernel<T> for Tangle<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Tangle {
            view,
            half,
            twiddles,
            scales,
            last,
            bins,
        } = self;
        let ends = simd.splat(scales.ends);
        let interior = simd.splat(scales.interior);
        // SAFETY: as for `Untangle`.
        unsafe {
            let y = view.load(simd, 0);
            let nyquist = match last {
                LastBin::Own => view.load(simd, half).re,
                LastBin::InFirst => y.im,
            };
            view.store(
                simd,
                0,
                Complex {
                    re: (y.re + nyquist) * ends,
                    im: (y.re - nyquist) * ends,
                },
            );
            for (k, w) in twiddles
                .factors
                .iter()
                .enumerate()
                .take(bins.min(half / 2 + 1))
                .skip(1)
            {
                let (a, b) = (
                    view.load(simd, k).scale(interior),
                    view.load(simd, half - k).scale(interior),
                );
                let sum = Complex {
                    re: a.re + b.re,
                    im: a.im - b.im,
                };
                // The conjugate of the difference, times w, is the conjugate of the desired value.
                let turned = Complex {
                    re: a.re - b.re,
                    im: simd.splat(T::of(0.0)) - (a.im + b.im),
                } * broadcast(simd, *w);
                view.store(
                    simd,
                    k,
                    Complex {
                        re: sum.re + turned.im,
                        im: sum.im + turned.re,
                    },
                );
                view.store(
                    simd,
                    half - k,
                    Complex {
                        re: sum.re - turned.im,
                        im: turned.re - sum.im,
                    },
                );
            }
        }
    }
}

/// Splits a transform of `a + ib` of odd length `n` into the half-spectra of the real signals `a` and `b`.
pub struct Split<T> {
    /// The transform, `n` elements.
    pub view: View<T>,
    pub n: usize,
    /// Destination, `bins` elements.
    pub first: View<T>,
    /// Destination, `bins` elements.
    pub second: View<T>,
    pub scales: BinScales<T>,
    /// Number of bins required, at most (n+1)/2.
    pub bins: usize,
}

impl<T: Scalar> Kernel<T> for Split<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let ends = simd.splat(self.scales.ends);
        let interior = simd.splat(self.scales.interior * T::of(0.5));
        let zero = simd.splat(T::of(0.0));
        // SAFETY: the views are valid for the numbers of elements that their fields state.
        unsafe {
            let z = self.view.load(simd, 0).scale(ends);
            self.first.store(simd, 0, Complex { re: z.re, im: zero });
            self.second.store(simd, 0, Complex { re: z.im, im: zero });
            for k in 1..self.bins {
                let (x, y) = (self.view.load(simd, k), self.view.load(simd, self.n - k));
                let a = Complex {
                    re: x.re + y.re,
                    im: x.im - y.im,
                };
                let b = Complex {
                    re: x.im + y.im,
                    im: y.re - x.re,
                };
                self.first.store(simd, k, a.scale(interior));
                self.second.store(simd, k, b.scale(interior));
            }
        }
    }
}

/// Joins the half-spectra of two real signals of odd length `n` into the spectrum of `a + ib`. The imaginary parts of
/// bin 0 are not read.
pub struct Join<T> {
    /// Destination of the spectrum, `n` elements.
    pub view: View<T>,
    pub n: usize,
    /// `bins` elements.
    pub first: View<T>,
    /// `bins` elements; `None` if the second signal is zero.
    pub second: Option<View<T>>,
    pub scales: BinScales<T>,
    /// Number of bins that may be nonzero, at most (n+1)/2; elements `bins..=n − bins` of the spectrum are left
    /// unchanged.
    pub bins: usize,
}

impl<T: Scalar> Kernel<T> for Join<T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let ends = simd.splat(self.scales.ends);
        let interior = simd.splat(self.scales.interior);
        let zero = simd.splat(T::of(0.0));
        let nothing = Complex { re: zero, im: zero };
        // SAFETY: the views are valid for the numbers of elements that their fields state; element k of `first` may be
        // element k of `view`, and is read before it is written.
        unsafe {
            let a = self.first.load(simd, 0);
            let b = if let Some(view) = self.second {
                view.load(simd, 0)
            } else {
                nothing
            };
            self.view
                .store(simd, 0, Complex { re: a.re, im: b.re }.scale(ends));
            for k in 1..self.bins {
                let a = self.first.load(simd, k).scale(interior);
                let b = if let Some(view) = self.second {
                    view.load(simd, k).scale(interior)
                } else {
                    nothing
                };
                self.view.store(simd, k, a.add_i(b));
                self.view.store(
                    simd,
                    self.n - k,
                    Complex {
                        re: a.re + b.im,
                        im: b.re - a.im,
                    },
                );
            }
        }
    }
}
