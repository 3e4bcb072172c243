//! Causal depthwise convolution with kernels up to the length of the signal.
//!
//! Real polynomials are multiplied modulo `z^N − i`: for two factors of degree below `N`, coefficients `0, …, N−1` of
//! the product are the real part of the result and coefficients `N, …, 2N−1` its imaginary part. So no zero padding is
//! transformed, and a complex transform of `N` points (after multiplying sample `n` by `exp(2πi n/4N)`) handles `N`
//! real samples. Signals are divided into blocks of `N` samples, so that a block of lanes stays in cache between
//! transforms. The spectra of signal block `i` and kernel block `j` contribute to output block `i + j`, whose imaginary
//! part is carried into the next block.

mod adjoint;
mod blocks;
mod choice;
mod forward;
mod lines;
mod non_finite;
mod product;
mod single;
mod taps;
mod task;
mod twist;

pub use adjoint::Adjoint;
pub use forward::Forward;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, count, expect_len};

/// Causal depthwise convolution `y[b,c,t] = Σ_{s ≤ t} k[c,s]·x[b,c,t−s] + d[c]·x[b,c,t]`, with zeros before the start
/// of the signal.
///
/// This is the convolution of S4 (Gu et al., 2022) and Hyena (Poli et al., 2023). Shapes, row-major: signals
/// `[batch, channels, length]`, kernels `[channels, taps]`, skips `[channels]`. Taps from index `length` on do not
/// affect any output: they are not read, and their gradient is zero.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LongConvolution {
    /// Batch size.
    pub batch: usize,
    /// Number of channels, each with its own kernel.
    pub channels: usize,
    /// Samples per signal.
    pub length: usize,
    /// Taps per kernel.
    pub taps: usize,
}

/// Where to write the requested gradients.
#[derive(Debug)]
pub struct LongGradients<'a, T> {
    /// The gradient with respect to the signals.
    pub x: Option<&'a mut [T]>,
    /// The gradient with respect to the kernels.
    pub kernel: Option<&'a mut [T]>,
}

impl LongConvolution {
    /// Elements of the input, and of the output.
    pub fn signal_len(&self) -> usize {
        count(&[self.batch, self.channels, self.length])
    }

    /// Elements of the kernels.
    pub fn kernel_len(&self) -> usize {
        count(&[self.channels, self.taps])
    }

    fn expect<T>(&self, x: &[T], kernel: &[T], skip: Option<&[T]>) {
        expect_len("long convolution input", "real", self.signal_len(), x.len());
        expect_len("kernels", "real", self.kernel_len(), kernel.len());
        if let Some(skip) = skip {
            expect_len("skips", "real", self.channels, skip.len());
        }
    }

    /// Computes the convolution. The skip is added to tap 0; if there are no taps, it is applied on its own.
    pub fn forward<T: Scalar>(&self, x: &[T], kernel: &[T], skip: Option<&[T]>, y: &mut [T]) {
        self.expect(x, kernel, skip);
        expect_len(
            "long convolution output",
            "real",
            self.signal_len(),
            y.len(),
        );
        T::enter::<forward::ForwardEntry>(Forward {
            shape: *self,
            x: Shared::to_read(x),
            kernel: Shared::to_read(kernel),
            skip,
            y: Shared::new(y),
        });
    }

    /// Computes the gradients `gx[b,c,t] = Σ_s k[c,s]·gy[b,c,t+s] + d[c]·gy[b,c,t]` and
    /// `gk[c,s] = Σ_{b,t} x[b,c,t]·gy[b,c,t+s]`.
    ///
    /// The gradient of the skip equals that of tap 0.
    pub fn adjoint<T: Scalar>(
        &self,
        x: &[T],
        kernel: &[T],
        skip: Option<&[T]>,
        gy: &[T],
        gradients: LongGradients<'_, T>,
    ) {
        self.expect(x, kernel, skip);
        expect_len("output gradient", "real", self.signal_len(), gy.len());
        if let Some(gx) = &gradients.x {
            expect_len("input gradient", "real", self.signal_len(), gx.len());
        }
        if let Some(gk) = &gradients.kernel {
            expect_len("kernel gradient", "real", self.kernel_len(), gk.len());
        }
        T::enter::<adjoint::AdjointEntry>(Adjoint {
            shape: *self,
            x: Shared::to_read(x),
            kernel: Shared::to_read(kernel),
            skip,
            gy: Shared::to_read(gy),
            gx: gradients.x.map(Shared::new),
            gk: gradients.kernel.map(Shared::new),
        });
    }
}
