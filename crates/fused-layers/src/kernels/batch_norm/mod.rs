//! A per-channel affine map, an activation and max-pooling in one pass: batch normalization as networks use it.
//!
//! The passes are memory-bound. So the statistics, the map and what follows are computed for one group of channels at a
//! time, as many as fit in the L2 cache ([`partition`]). Only the result is written; the adjoint recomputes from the
//! input which branch of the activation and which position of a window was selected.
//!
//! Without pooling, vectors run along the planes ([`rows`]). With pooling, each lane has its own plane, so that any
//! window is a comparison of vectors ([`lanes`]); the common 2×2 windows of wide planes are computed from two rows
//! ([`pairs`]).

mod adjoint;
mod along;
mod coefficients;
mod forward;
mod lanes;
mod max_pool;
mod moments;
mod pairs;
mod partition;
mod rows;
mod transposed;

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, count};

use crate::kernels::activation::Activation;
pub use adjoint::Adjoint;
pub use forward::Forward;
pub use max_pool::MaxPool;

/// Fused batch normalization, activation and pooling: `y = pool(act(scale[c]·(x − center[c]) + shift[c]))`, with
/// coefficients that are given or that normalize the batch.
///
/// Shapes, row-major: input `[batch, channels, sizes…]`, output `[batch, channels, output_sizes()…]`, coefficients
/// `[channels]`. For one-dimensional signals, use a height of 1.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape, if the pool does not fit the input, or if the
/// activation's slope is negative or not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FusedBatchNorm {
    /// Batch size.
    pub batch: usize,
    /// Number of channels.
    pub channels: usize,
    /// Height and width of the input.
    pub sizes: [usize; 2],
    /// The activation applied after the affine map.
    pub activation: Activation,
    /// The pooling applied after the activation.
    pub pool: Option<MaxPool>,
}

/// Coefficients of the per-channel affine map.
#[derive(Clone, Copy, Debug)]
pub struct ChannelCoefficients<'a, T> {
    /// Subtracted first, which keeps precision for channels whose values are far from zero and close together.
    pub center: &'a [T],
    /// Multiplied with the difference.
    pub scale: &'a [T],
    /// Added last.
    pub shift: &'a [T],
}

/// Parameters of batch normalization (Ioffe and Szegedy, 2015): with the mean `μ` and the biased variance `v` of each
/// channel over batch and space, `center = μ`, `scale = gamma/√(v + epsilon)`, `shift = beta`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormalization<'a, T> {
    /// Scale of the normalized values.
    pub gamma: &'a [T],
    /// Offset of the normalized values.
    pub beta: &'a [T],
    /// Added to the variance for numerical stability.
    pub epsilon: f64,
}

/// Mean and biased variance of each channel.
#[derive(Debug)]
pub struct ChannelStatistics<T> {
    /// The means, `[channels]`.
    pub mean: Vec<T>,
    /// The biased variances, `[channels]`.
    pub variance: Vec<T>,
}

/// Per-channel sums over batch and space, where `g` is the gradient with respect to the output of the affine map.
#[derive(Debug)]
pub struct ChannelSums<T> {
    /// `Σ g`, the gradient with respect to the shift, `[channels]`.
    pub gradient: Vec<T>,
    /// `Σ g·(x − center)`, the gradient with respect to the scale, `[channels]`.
    pub centered: Vec<T>,
}

/// Gradients with respect to the parameters of a batch normalization.
#[derive(Debug)]
pub struct NormalizationGradients<T> {
    /// The gradient with respect to `gamma`, `[channels]`.
    pub gamma: Vec<T>,
    /// The gradient with respect to `beta`, `[channels]`.
    pub beta: Vec<T>,
}

impl FusedBatchNorm {
    /// Height and width of the output.
    pub fn output_sizes(&self) -> [usize; 2] {
        self.pool
            .map_or(self.sizes, |pool| pool.output_sizes(self.sizes))
    }

    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        count(&[self.batch, self.channels, self.plane()])
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        let [height, width] = self.output_sizes();
        count(&[self.batch, self.channels, height, width])
    }

    /// Computes the output for given coefficients.
    pub fn forward<T: Scalar>(
        &self,
        x: &[T],
        coefficients: &ChannelCoefficients<'_, T>,
        y: &mut [T],
    ) {
        self.check_images(x, y);
        self.check_coefficients(coefficients);
        if !x.is_empty() {
            T::enter::<forward::ForwardEntry>(Forward::given(self, x, coefficients, y));
        }
    }

    /// Computes the adjoint for given coefficients: writes the gradient with respect to the input if a slice is
    /// provided, and returns the sums if requested.
    pub fn adjoint<T: Scalar>(
        &self,
        x: &[T],
        coefficients: &ChannelCoefficients<'_, T>,
        gy: &[T],
        gx: Option<&mut [T]>,
        sums: bool,
    ) -> Option<ChannelSums<T>> {
        self.check_images(x, gy);
        self.check_coefficients(coefficients);
        self.check_gradient(gx.as_deref());
        let mut totals = sums.then(|| ChannelSums {
            gradient: self.zeros(),
            centered: self.zeros(),
        });
        if !x.is_empty() && (gx.is_some() || sums) {
            let into = totals
                .as_mut()
                .map(|sums| [&mut sums.gradient, &mut sums.centered].map(|sum| Shared::new(sum)));
            T::enter::<adjoint::AdjointEntry>(Adjoint::given(
                self,
                [x, gy],
                coefficients,
                gx.map(Shared::new),
                into,
            ));
        }
        totals
    }

    /// Computes the output of batch normalization, and returns the statistics of the batch, which are zero if the input
    /// is empty.
    pub fn normalize<T: Scalar>(
        &self,
        x: &[T],
        norm: &BatchNormalization<'_, T>,
        y: &mut [T],
    ) -> ChannelStatistics<T> {
        self.check_images(x, y);
        self.check_norm(norm);
        let mut statistics = ChannelStatistics {
            mean: self.zeros(),
            variance: self.zeros(),
        };
        if !x.is_empty() {
            T::enter::<forward::ForwardEntry>(Forward::batch(self, x, norm, &mut statistics, y));
        }
        statistics
    }

    /// Computes the adjoint of [`Self::normalize`], including the dependence of the statistics on the input:
    ///
    /// ```text
    /// gx = gamma/σ · (g − mean(g) − x̂·mean(g·x̂)),   x̂ = (x − μ)/σ,   σ = √(v + epsilon)
    /// ```
    ///
    /// Here `g` is the gradient with respect to `gamma·x̂ + beta`; `statistics` are those that [`Self::normalize`]
    /// returned.
    pub fn normalize_adjoint<T: Scalar>(
        &self,
        x: &[T],
        norm: &BatchNormalization<'_, T>,
        statistics: [&[T]; 2],
        gy: &[T],
        gx: Option<&mut [T]>,
    ) -> NormalizationGradients<T> {
        self.check_images(x, gy);
        self.check_norm(norm);
        self.check_channels("mean", statistics[0]);
        self.check_channels("variance", statistics[1]);
        self.check_gradient(gx.as_deref());
        let mut gradients = NormalizationGradients {
            gamma: self.zeros(),
            beta: self.zeros(),
        };
        if !x.is_empty() {
            T::enter::<adjoint::AdjointEntry>(Adjoint::batch(
                self,
                [x, gy],
                norm,
                statistics,
                gx.map(Shared::new),
                &mut gradients,
            ));
        }
        gradients
    }

    /// Elements per channel and batch entry.
    fn plane(&self) -> usize {
        count(&[self.sizes[0], self.sizes[1]])
    }

    fn zeros<T: Scalar>(&self) -> Vec<T> {
        vec![T::of(0.0); self.channels]
    }

    fn check_images<T>(&self, x: &[T], y: &[T]) {
        assert!(
            self.activation.is_valid(),
            "activation slope must be finite and nonnegative, got {:?}",
            self.activation
        );
        self.check("input", x.len(), self.input_len());
        self.check("output", y.len(), self.output_len());
    }

    fn check_gradient<T>(&self, gx: Option<&[T]>) {
        if let Some(gx) = gx {
            self.check("input gradient", gx.len(), self.input_len());
        }
    }

    fn check_coefficients<T>(&self, coefficients: &ChannelCoefficients<'_, T>) {
        self.check_channels("center", coefficients.center);
        self.check_channels("scale", coefficients.scale);
        self.check_channels("shift", coefficients.shift);
    }

    fn check_norm<T>(&self, norm: &BatchNormalization<'_, T>) {
        self.check_channels("gamma", norm.gamma);
        self.check_channels("beta", norm.beta);
    }

    fn check_channels<T>(&self, what: &str, values: &[T]) {
        self.check(what, values.len(), self.channels);
    }

    #[track_caller]
    fn check(&self, what: &str, got: usize, expected: usize) {
        assert!(
            got == expected,
            "batch norm {what}: expected {expected} elements, got {got}"
        );
    }
}
