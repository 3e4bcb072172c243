//! Causal depthwise convolution with kernels up to the length of the signal.
//!
//! Polynomials with real coefficients are multiplied modulo `z^N − i`: of a product of two of degree below `N`, the
//! coefficients `0 … N−1` are then the real part and `N … 2N−1` the imaginary part. So no zero is transformed, and a
//! complex transform of `N` points (after turning sample `n` by `n/4N`) serves `N` real samples. Signals are cut into
//! blocks of `N` samples, so that a block of lanes stays in cache from transform to transform; the spectra of signal
//! blocks `i` and kernel blocks `j` multiply into output block `i + j`, the imaginary part of which is carried into the
//! block after it.

mod adjoint;
mod blocks;
mod choice;
mod forward;
mod lines;
mod mend;
mod product;
mod single;
mod taps;
mod task;
mod twist;

pub use adjoint::Adjoint;
pub use forward::Forward;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{count, expect_len};

/// `y[b,c,t] = Σ_{s ≤ t} k[c,s]·x[b,c,t−s] + d[c]·x[b,c,t]`, with zeros before the signal's start.
///
/// The convolution of S4 (Gu et al., 2022) and Hyena (Poli et al., 2023). Shapes, row-major: signals
/// `[batch, channels, length]`, kernels `[channels, taps]`, skips `[channels]`. Taps from `length` on meet no sample:
/// they are not read, and their gradient is zero.
///
/// All methods panic when a slice has another length than its shape says; callers check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LongConvolution {
    /// Entries of the batch.
    pub batch: usize,
    /// Channels, each with a kernel of its own.
    pub channels: usize,
    /// Samples of a signal.
    pub length: usize,
    /// Taps of a kernel.
    pub taps: usize,
}

/// The gradients that are asked for, to write.
#[derive(Debug)]
pub struct LongGradients<'a, T> {
    /// For the signals.
    pub x: Option<&'a mut [T]>,
    /// For the kernels.
    pub kernel: Option<&'a mut [T]>,
}

impl LongConvolution {
    /// Elements of the signals, before and after.
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

    /// The convolution. A skip is a summand of tap 0; without taps it acts alone.
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

    /// `gx[b,c,t] = Σ_s k[c,s]·gy[b,c,t+s] + d[c]·gy[b,c,t]` and `gk[c,s] = Σ_{b,t} x[b,c,t]·gy[b,c,t+s]`.
    ///
    /// The gradient of a skip is that of tap 0.
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
