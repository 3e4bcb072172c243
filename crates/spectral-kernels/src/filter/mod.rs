//! Filters that see one spectrum each: transform, product and inverse transform without leaving the cache.

mod engine;
mod lanes;
mod planes;
mod product;
mod rows;
mod run;
mod task;
mod unfused;

use crate::contraction::Conjugate;
use crate::shape::{Planar, PlanarMut, half_bins};
use run::{Work, WorkEntry};
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{count, expect_len};

/// How images and responses lie in memory, row-major.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Images `[batch, channels, height, width]`, responses `[channels, rows, bins]`.
    #[default]
    Planes,
    /// Images `[batch, height, width, channels]`, responses `[rows, bins, channels]`: a vector holds neighboring
    /// channels, and nothing is transposed.
    ChannelsLast,
}

/// The part of a grid that an image covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// Row and column of its first sample.
    pub start: [usize; 2],
    /// Height and width.
    pub size: [usize; 2],
}

impl Placement {
    /// All of a grid.
    pub fn whole(grid: [usize; 2]) -> Self {
        Placement {
            start: [0, 0],
            size: grid,
        }
    }

    /// Samples of an image.
    pub fn area(&self) -> usize {
        count(&self.size)
    }

    fn expect_in(&self, grid: [usize; 2], what: &str) {
        for axis in 0..2 {
            assert!(
                self.start[axis]
                    .checked_add(self.size[axis])
                    .is_some_and(|end| end <= grid[axis]),
                "{what}: {} samples from {} on do not fit the {} of the grid",
                self.size[axis],
                self.start[axis],
                grid[axis]
            );
        }
    }
}

/// Circular convolution of images on a grid, every output from one spectrum:
///
/// ```text
/// y[b, g·m + o] = crop( irfft2( R[g·m + o] ⊙ rfft2( pad( Σ_t x[b, g·terms + t] ))))
/// ```
///
/// with `R` or the spectrum conjugated as [`Self::conjugate`] says. Images lie in the grid where `input` says, zeros
/// around them, and of the result `output` is kept; rows that are zero or not kept are not transformed. One row is the
/// one-dimensional case. The half-spectrum is on the last axis, and what the inverse does with a response that is not
/// Hermitian is what [`irfftn`](crate::irfftn) does.
///
/// A few images at a time go all the way in cache. Where one image outgrows it, or a length is not one that vectors
/// serve, the same is computed through memory ([`Self::is_fused`]).
///
/// Shapes in [`Layout::Planes`]: input `[batch, groups·terms, input.size]`, response `[groups·multiplier, rows, bins]`,
/// output `[batch, groups·multiplier, output.size]`.
///
/// All methods panic when a slice has another length than its shape says, a frame does not fit the grid, the grid has
/// no points, or channels come last and `multiplier` or `terms` is not 1; callers check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpectralFilter {
    /// Entries of the batch.
    pub batch: usize,
    /// Spectra an entry has.
    pub groups: usize,
    /// Outputs that each spectrum has.
    pub multiplier: usize,
    /// Input images that are added up to one spectrum.
    pub terms: usize,
    /// Rows and columns of the transforms.
    pub grid: [usize; 2],
    /// Where the input lies in the grid.
    pub input: Placement,
    /// Where the output lies in it.
    pub output: Placement,
    /// How images and responses lie in memory.
    pub layout: Layout,
    /// The conjugated factor.
    pub conjugate: Conjugate,
}

impl SpectralFilter {
    /// One filter a channel on images that fill the grid, nothing conjugated.
    pub fn depthwise(batch: usize, channels: usize, grid: [usize; 2]) -> Self {
        SpectralFilter {
            batch,
            groups: channels,
            multiplier: 1,
            terms: 1,
            grid,
            input: Placement::whole(grid),
            output: Placement::whole(grid),
            layout: Layout::Planes,
            conjugate: Conjugate::None,
        }
    }

    /// Bins of one response.
    pub fn bins(&self) -> usize {
        count(&[self.grid[0], half_bins(self.grid[1])])
    }

    /// Real elements of the input.
    pub fn input_len(&self) -> usize {
        count(&[self.batch, self.groups, self.terms, self.input.area()])
    }

    /// Complex elements of the response.
    pub fn response_len(&self) -> usize {
        count(&[self.groups, self.multiplier, self.bins()])
    }

    /// Real elements of the output.
    pub fn output_len(&self) -> usize {
        count(&[self.batch, self.groups, self.multiplier, self.output.area()])
    }

    /// Whether the work stays in cache.
    pub fn is_fused<T: Scalar>(&self) -> bool {
        self.expect();
        run::is_fused::<T>(self)
    }

    /// The filtered images.
    pub fn forward<T: Scalar>(&self, x: &[T], r: Planar<'_, T>, y: &mut [T]) {
        self.expect_forward(x, r, y);
        T::enter::<WorkEntry>(Work::Forward {
            filter: *self,
            x: Shared::to_read(x),
            r: [Shared::to_read(r.re), Shared::to_read(r.im)],
            y: Shared::new(y),
        });
    }

    /// The gradients for the input and for the response, each if it is asked for. With `G` the spectrum of `gy`, `X`
    /// that of the input, `N` the points of the grid and nothing conjugated,
    ///
    /// ```text
    /// gx = (1/N)·crop( irfft2( Σ_o conj(R_o)·G_o )),   gr = (c_k/N)·Σ_b conj(X)·G
    /// ```
    ///
    /// with transforms unscaled and `c_k` as for [`BinWeight`](crate::BinWeight). The spectrum of the input is computed
    /// again rather than kept.
    pub fn adjoint<T: Scalar>(
        &self,
        gy: &[T],
        input: Option<InputGradient<'_, T>>,
        response: Option<ResponseGradient<'_, T>>,
    ) {
        self.expect_adjoint(gy, &input, &response);
        T::enter::<WorkEntry>(Work::Adjoint {
            filter: *self,
            gy: Shared::to_read(gy),
            input: input.map(|InputGradient { response, gradient }| run::InputWork {
                r: [Shared::to_read(response.re), Shared::to_read(response.im)],
                gx: Shared::new(gradient),
            }),
            response: response.map(|ResponseGradient { input, gradient }| run::ResponseWork {
                x: Shared::to_read(input),
                gr: [Shared::new(gradient.re), Shared::new(gradient.im)],
            }),
        });
    }

    /// As [`forward`](Self::forward), through memory.
    #[doc(hidden)]
    pub fn forward_unfused<T: Scalar>(&self, x: &[T], r: Planar<'_, T>, y: &mut [T]) {
        self.expect_forward(x, r, y);
        unfused::forward(self, x, r, y);
    }

    /// As [`adjoint`](Self::adjoint), through memory.
    #[doc(hidden)]
    pub fn adjoint_unfused<T: Scalar>(
        &self,
        gy: &[T],
        input: Option<InputGradient<'_, T>>,
        response: Option<ResponseGradient<'_, T>>,
    ) {
        self.expect_adjoint(gy, &input, &response);
        unfused::adjoint(self, gy, input, response);
    }

    fn expect(&self) {
        assert!(
            !self.grid.contains(&0) && self.multiplier > 0 && self.terms > 0,
            "grid, multiplier and terms of a filter must be at least 1, got {self:?}"
        );
        self.input.expect_in(self.grid, "filter input");
        self.output.expect_in(self.grid, "filter output");
        assert!(
            self.layout == Layout::Planes || (self.multiplier == 1 && self.terms == 1),
            "with channels last every input has one output, got multiplier {} and terms {}",
            self.multiplier,
            self.terms
        );
    }

    fn expect_forward<T>(&self, x: &[T], r: Planar<'_, T>, y: &[T]) {
        self.expect();
        expect_len("filter input", "real", self.input_len(), x.len());
        r.expect("filter response", self.response_len());
        expect_len("filter output", "real", self.output_len(), y.len());
    }

    fn expect_adjoint<T>(
        &self,
        gy: &[T],
        input: &Option<InputGradient<'_, T>>,
        response: &Option<ResponseGradient<'_, T>>,
    ) {
        self.expect();
        let (inputs, outputs) = (self.input_len(), self.output_len());
        expect_len("filter output gradient", "real", outputs, gy.len());
        if let Some(input) = input {
            input
                .response
                .expect("filter response", self.response_len());
            let got = input.gradient.len();
            expect_len("filter input gradient", "real", inputs, got);
        }
        if let Some(response) = response {
            expect_len("filter input", "real", inputs, response.input.len());
            let gradient = &response.gradient;
            gradient.expect("filter response gradient", self.response_len());
        }
    }
}

/// What the gradient for the input is made from, and where it goes.
#[derive(Debug)]
pub struct InputGradient<'a, T> {
    /// The response, to read.
    pub response: Planar<'a, T>,
    /// The gradient, to write.
    pub gradient: &'a mut [T],
}

/// What the gradient for the response is made from, and where it goes.
#[derive(Debug)]
pub struct ResponseGradient<'a, T> {
    /// The input, to read.
    pub input: &'a [T],
    /// The gradient, to write.
    pub gradient: PlanarMut<'a, T>,
}
