//! An affine map of each channel, an activation and a max-pool as one pass: batch normalization as networks use it.
//!
//! Memory sets the pace. So the statistics, the map and what follows it go over one group of channels after the other,
//! as much as the second-level cache holds ([`cut`]); nothing is written but the result, and the adjoint computes again
//! from the input which branch of the activation and which place of a window won.
//!
//! Without a pool vectors run along the planes ([`rows`]). With one, every lane has a plane of its own, so that any
//! window is a comparison of vectors ([`lanes`]); the usual 2×2 windows of wide planes are taken from two rows
//! ([`pairs`]).

mod adjoint;
mod along;
mod coefficients;
mod cut;
mod forward;
mod lanes;
mod max_pool;
mod moments;
mod pairs;
mod rows;
mod transposed;

use crate::kernels::activation::Activation;
pub use adjoint::Adjoint;
pub use forward::Forward;
pub use max_pool::MaxPool;
use spectral_lanes::Scalar;
use spectral_lanes::count;
use spectral_lanes::parallel::Shared;

/// `y = pool(act(scale[c]·(x − center[c]) + shift[c]))`, with the coefficients given or those that normalize the batch.
///
/// Shapes, row-major: input `[batch, channels, sizes…]`, output `[batch, channels, output_sizes()…]`, coefficients
/// `[channels]`. A signal of one axis is an image of height 1.
///
/// All methods panic when a slice has another length than its shape says, the pool does not fit or the activation is not
/// valid; callers check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FusedBatchNorm {
    /// Entries of the batch.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// Height and width of the input.
    pub sizes: [usize; 2],
    /// What follows the affine map.
    pub activation: Activation,
    /// What follows the activation.
    pub pool: Option<MaxPool>,
}

/// The affine map of each channel.
#[derive(Clone, Copy, Debug)]
pub struct ChannelCoefficients<'a, T> {
    /// What is subtracted first: exact for a channel whose values lie far from zero and close together.
    pub center: &'a [T],
    /// Factor.
    pub scale: &'a [T],
    /// What is added.
    pub shift: &'a [T],
}

/// Batch normalization (Ioffe and Szegedy, 2015): with the mean `μ` and the biased variance `v` of each channel over
/// batch and space, `center = μ`, `scale = gamma/√(v + epsilon)`, `shift = beta`.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormalization<'a, T> {
    /// Factor of the normalized values.
    pub gamma: &'a [T],
    /// What is added to them.
    pub beta: &'a [T],
    /// What is added to the variance.
    pub epsilon: f64,
}

/// Mean and biased variance of each channel.
#[derive(Debug)]
pub struct ChannelStatistics<T> {
    /// `[channels]`
    pub mean: Vec<T>,
    /// `[channels]`
    pub variance: Vec<T>,
}

/// Sums of each channel over batch and space, of the gradient `g` for what the affine map gave.
#[derive(Debug)]
pub struct ChannelSums<T> {
    /// `Σ g`, the gradient of the shift. `[channels]`
    pub gradient: Vec<T>,
    /// `Σ g·(x − center)`, the gradient of the scale. `[channels]`
    pub centered: Vec<T>,
}

/// Gradients of a batch normalization's coefficients.
#[derive(Debug)]
pub struct NormalizationGradients<T> {
    /// `[channels]`
    pub gamma: Vec<T>,
    /// `[channels]`
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

    /// The output for given coefficients.
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

    /// The adjoint for given coefficients. Writes the gradient of the input where a slice is there for it, and gives the
    /// sums if asked.
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

    /// The output of batch normalization, and the statistics that it took. Without input they are zero.
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

    /// The adjoint of [`Self::normalize`], through the statistics too:
    ///
    /// ```text
    /// gx = gamma/σ · (g − mean(g) − x̂·mean(g·x̂)),   x̂ = (x − μ)/σ,   σ = √(v + epsilon)
    /// ```
    ///
    /// with `g` the gradient for the normalized values. `statistics` are those that the forward pass gave.
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

    /// Elements of one channel of one entry.
    fn plane(&self) -> usize {
        count(&[self.sizes[0], self.sizes[1]])
    }

    fn zeros<T: Scalar>(&self) -> Vec<T> {
        vec![T::of(0.0); self.channels]
    }

    fn check_images<T>(&self, x: &[T], y: &[T]) {
        assert!(
            self.activation.is_valid(),
            "an activation needs a finite slope from 0, got {:?}",
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
            "the channel map's {what} must have {expected} elements, got {got}"
        );
    }
}
