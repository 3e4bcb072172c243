//! Spectral filters where every output depends on one spectrum: transform, product and inverse transform without
//! leaving the cache.

mod engine;
mod lanes;
mod planes;
mod product;
mod rows;
mod run;
mod task;
mod unfused;

use run::{Work, WorkEntry};
use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, count, expect_len};

use crate::binwise_matmul::Conjugate;
use crate::shape::{Planar, PlanarMut, half_bins};

/// Memory layout of images and responses, row-major.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Channels first: images `[batch, channels, height, width]`, responses `[channels, rows, bins]`.
    #[default]
    Planes,
    /// Channels last: images `[batch, height, width, channels]`, responses `[rows, bins, channels]`. Vectors hold
    /// neighboring channels, and nothing is transposed.
    ChannelsLast,
}

/// The part of a grid that an image covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// Row and column of the image's first sample.
    pub start: [usize; 2],
    /// Height and width of the image.
    pub size: [usize; 2],
}

impl Placement {
    /// A placement that covers the whole grid.
    pub fn whole(grid: [usize; 2]) -> Self {
        Placement {
            start: [0, 0],
            size: grid,
        }
    }

    /// Samples per image.
    pub fn area(&self) -> usize {
        count(&self.size)
    }

    fn expect_in(&self, grid: [usize; 2], what: &str) {
        for axis in 0..2 {
            assert!(
                self.start[axis]
                    .checked_add(self.size[axis])
                    .is_some_and(|end| end <= grid[axis]),
                "{what}: {} samples starting at {} do not fit a grid of {}",
                self.size[axis],
                self.start[axis],
                grid[axis]
            );
        }
    }
}

/// Circular convolution of images on a grid, where every output depends on one spectrum:
///
/// ```text
/// y[b, g·m + o] = crop( irfft2( R[g·m + o] ⊙ rfft2( pad( Σ_t x[b, g·terms + t] ))))
/// ```
///
/// `R` or the spectrum is conjugated according to [`Self::conjugate`]. The input is placed on the grid at `input` and
/// zero-padded, and the result is cropped to `output`; rows that are zero or cropped are not transformed. A grid of one
/// row is the one-dimensional case. The half-spectrum is along the last axis, and responses that are not Hermitian are
/// treated as by [`irfftn`](crate::irfftn).
///
/// A few images at a time are processed entirely in cache. If a single image exceeds the cache, or a length is not
/// supported by the vector kernels, the same result is computed through memory (see [`Self::is_fused`]).
///
/// Shapes in [`Layout::Planes`]: input `[batch, groups·terms, input.size]`, response `[groups·multiplier, rows, bins]`,
/// output `[batch, groups·multiplier, output.size]`.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape, if a placement does not fit the grid, if the
/// grid is empty, or if `multiplier` or `terms` is not 1 with [`Layout::ChannelsLast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpectralFilter {
    /// Batch size.
    pub batch: usize,
    /// Spectra per batch entry.
    pub groups: usize,
    /// Outputs per spectrum.
    pub multiplier: usize,
    /// Input images that are summed into each spectrum.
    pub terms: usize,
    /// Rows and columns of the transform grid.
    pub grid: [usize; 2],
    /// Placement of the input on the grid.
    pub input: Placement,
    /// Placement of the output on the grid.
    pub output: Placement,
    /// Memory layout of images and responses.
    pub layout: Layout,
    /// Which factor is conjugated.
    pub conjugate: Conjugate,
}

impl SpectralFilter {
    /// One filter per channel, on images that fill the grid, without conjugation.
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

    /// Bins per response.
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

    /// Whether this filter is computed entirely in cache.
    pub fn is_fused<T: Scalar>(&self) -> bool {
        self.expect();
        run::is_fused::<T>(self)
    }

    /// Computes the filtered images.
    pub fn forward<T: Scalar>(&self, x: &[T], r: Planar<'_, T>, y: &mut [T]) {
        self.expect_forward(x, r, y);
        T::enter::<WorkEntry>(Work::Forward {
            filter: *self,
            x: Shared::to_read(x),
            r: [Shared::to_read(r.re), Shared::to_read(r.im)],
            y: Shared::new(y),
        });
    }

    /// Computes the gradients with respect to the input and the response, each if requested. With `G` the spectrum of
    /// `gy`, `X` that of the input, `N` the number of points of the grid, and no conjugation:
    ///
    /// ```text
    /// gx = (1/N)·crop( irfft2( Σ_o conj(R_o)·G_o )),   gr = (c_k/N)·Σ_b conj(X)·G
    /// ```
    ///
    /// Transforms are unscaled and `c_k` is defined in [`BinWeight`](crate::BinWeight). The spectrum of the input is
    /// recomputed rather than stored.
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

    /// Same as [`forward`](Self::forward), but through memory.
    #[doc(hidden)]
    pub fn forward_unfused<T: Scalar>(&self, x: &[T], r: Planar<'_, T>, y: &mut [T]) {
        self.expect_forward(x, r, y);
        unfused::forward(self, x, r, y);
    }

    /// Same as [`adjoint`](Self::adjoint), but through memory.
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
            "with channels last, multiplier and terms must be 1, got multiplier {} and terms {}",
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

/// Operand and destination of the gradient with respect to the input.
#[derive(Debug)]
pub struct InputGradient<'a, T> {
    /// The response.
    pub response: Planar<'a, T>,
    /// Where to write the gradient.
    pub gradient: &'a mut [T],
}

/// Operand and destination of the gradient with respect to the response.
#[derive(Debug)]
pub struct ResponseGradient<'a, T> {
    /// The input.
    pub input: &'a [T],
    /// Where to write the gradient.
    pub gradient: PlanarMut<'a, T>,
}
