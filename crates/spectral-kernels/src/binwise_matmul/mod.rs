//! Channel mixing in the frequency domain: one small complex matrix product per frequency.

mod along_rows;
mod direct;
mod operand;
mod packed;
mod prefetch;
mod product;

use operand::{Operand, Product, Stride, Target};
use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, count};

use crate::shape::{Planar, PlanarMut};

/// Which factor of the product `R·X` of a response and a spectrum is conjugated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Conjugate {
    /// `R·X`: circular convolution.
    #[default]
    None,
    /// `conj(R)·X`: circular cross-correlation.
    Response,
    /// `R·conj(X)`: circular cross-correlation with the output circularly reversed.
    Input,
}

/// A complex matrix product per frequency, `y[b,g,o,k] = Σ_i r[g,o,i,k]·x[b,g,i,k]`, with optional conjugates, and its
/// adjoints.
///
/// Shapes, row-major: input `[batch, groups·in_per_group, bins]`, response
/// `[groups, out_per_group, in_per_group, bins]`, output `[batch, groups·out_per_group, bins]`. One group is a dense
/// coupling of channels; one group per channel, with one input and one output each, is a depthwise coupling. Nothing is
/// scaled: weights of half-spectrum bins are up to the caller.
///
/// The adjoints are those of real-linear maps: with `⟨a, b⟩ = Σ a.re·b.re + a.im·b.im`, for a fixed response
/// `⟨forward(x), gy⟩ = ⟨x, adjoint_input(gy)⟩`, and likewise for a fixed input.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BinwiseMatmul {
    /// Batch size.
    pub batch: usize,
    /// Number of channel groups; channels of different groups do not mix.
    pub groups: usize,
    /// Input channels per group.
    pub in_per_group: usize,
    /// Output channels per group.
    pub out_per_group: usize,
    /// Number of frequencies.
    pub bins: usize,
    /// Which factor is conjugated.
    pub conjugate: Conjugate,
}

impl BinwiseMatmul {
    /// Complex elements of the input spectrum.
    pub fn input_len(&self) -> usize {
        count(&[self.batch, self.groups, self.in_per_group, self.bins])
    }

    /// Complex elements of the response.
    pub fn response_len(&self) -> usize {
        count(&[
            self.groups,
            self.out_per_group,
            self.in_per_group,
            self.bins,
        ])
    }

    /// Complex elements of the output spectrum.
    pub fn output_len(&self) -> usize {
        count(&[self.batch, self.groups, self.out_per_group, self.bins])
    }

    /// Divides every batch entry into `tiles` that share one response: input and output become
    /// `[batch, channels, tiles, bins]`, and [`TiledBinwiseMatmul::adjoint_response`] also sums over tiles.
    pub fn tiled(self, tiles: usize) -> TiledBinwiseMatmul {
        TiledBinwiseMatmul {
            matmul: self,
            tiles,
        }
    }

    /// Computes `y[b,g,o,k] = Σ_i r[g,o,i,k]·x[b,g,i,k]`, with `r` or `x` conjugated according to [`Self::conjugate`].
    pub fn forward<T: Scalar>(&self, x: Planar<'_, T>, r: Planar<'_, T>, y: PlanarMut<'_, T>) {
        self.tiled(1).forward(x, r, y);
    }

    /// Computes the gradient with respect to the input, `gx[b,g,i,k] = Σ_o …` of `conj(r)·gy` ([`Conjugate::None`]),
    /// `r·gy` ([`Conjugate::Response`]) or `r·conj(gy)` ([`Conjugate::Input`]).
    pub fn adjoint_input<T: Scalar>(
        &self,
        gy: Planar<'_, T>,
        r: Planar<'_, T>,
        gx: PlanarMut<'_, T>,
    ) {
        self.tiled(1).adjoint_input(gy, r, gx);
    }

    /// Computes the gradient with respect to the response, `gr[g,o,i,k] = Σ_b …` of `conj(x)·gy` ([`Conjugate::None`]),
    /// `x·conj(gy)` ([`Conjugate::Response`]) or `x·gy` ([`Conjugate::Input`]).
    pub fn adjoint_response<T: Scalar>(
        &self,
        x: Planar<'_, T>,
        gy: Planar<'_, T>,
        gr: PlanarMut<'_, T>,
    ) {
        self.tiled(1).adjoint_response(x, gy, gr);
    }
}

/// A [`BinwiseMatmul`] whose batch entries consist of tiles; see [`BinwiseMatmul::tiled`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TiledBinwiseMatmul {
    matmul: BinwiseMatmul,
    tiles: usize,
}

impl TiledBinwiseMatmul {
    /// Batch entries times tiles.
    fn rows(&self) -> usize {
        count(&[self.matmul.batch, self.tiles])
    }

    /// Same as [`BinwiseMatmul::forward`], for every tile.
    pub fn forward<T: Scalar>(&self, x: Planar<'_, T>, r: Planar<'_, T>, y: PlanarMut<'_, T>) {
        let c = &self.matmul;
        x.expect("binwise matmul input", count(&[c.input_len(), self.tiles]));
        r.expect("binwise matmul response", c.response_len());
        y.expect(
            "binwise matmul output",
            count(&[c.output_len(), self.tiles]),
        );
        let x = self.input(x, c.conjugate == Conjugate::Input);
        let r = c.response(r, c.conjugate == Conjugate::Response);
        let (y_group, y_batch, y_out) = self.strides_of_batch(c.out_per_group);
        let y = target(y, y_group, y_batch, y_out);
        // Rows are batch entries, columns are outputs, and the sum is over inputs.
        T::enter::<product::ProductEntry>(c.product(
            self.rows(),
            c.out_per_group,
            c.in_per_group,
            x,
            r,
            y,
        ));
    }

    /// Same as [`BinwiseMatmul::adjoint_input`], for every tile.
    pub fn adjoint_input<T: Scalar>(
        &self,
        gy: Planar<'_, T>,
        r: Planar<'_, T>,
        gx: PlanarMut<'_, T>,
    ) {
        let c = &self.matmul;
        gy.expect(
            "binwise matmul output gradient",
            count(&[c.output_len(), self.tiles]),
        );
        r.expect("binwise matmul response", c.response_len());
        gx.expect(
            "binwise matmul input gradient",
            count(&[c.input_len(), self.tiles]),
        );
        let gy = self.output(gy, c.conjugate == Conjugate::Input);
        let r = c.response(r, c.conjugate == Conjugate::None).transposed();
        let (x_group, x_batch, x_in) = self.strides_of_batch(c.in_per_group);
        let gx = target(gx, x_group, x_batch, x_in);
        // Rows are batch entries, columns are inputs, and the sum is over outputs.
        T::enter::<product::ProductEntry>(c.product(
            self.rows(),
            c.in_per_group,
            c.out_per_group,
            gy,
            r,
            gx,
        ));
    }

    /// Same as [`BinwiseMatmul::adjoint_response`], summed over tiles.
    pub fn adjoint_response<T: Scalar>(
        &self,
        x: Planar<'_, T>,
        gy: Planar<'_, T>,
        gr: PlanarMut<'_, T>,
    ) {
        let c = &self.matmul;
        x.expect("binwise matmul input", count(&[c.input_len(), self.tiles]));
        gy.expect(
            "binwise matmul output gradient",
            count(&[c.output_len(), self.tiles]),
        );
        gr.expect("binwise matmul response gradient", c.response_len());
        let gy = self
            .output(gy, c.conjugate == Conjugate::Response)
            .transposed();
        let x = self.input(x, c.conjugate == Conjugate::None).transposed();
        let [r_group, r_out, r_in] = c.strides_of_response();
        let gr = target(gr, r_group, Stride::new(r_out), Stride::new(r_in));
        // Rows are outputs, columns are inputs, and the sum is over the batch.
        T::enter::<product::ProductEntry>(c.product(
            c.out_per_group,
            c.in_per_group,
            self.rows(),
            gy,
            x,
            gr,
        ));
    }

    /// Strides between groups, tiles of a batch entry, and channels of an array
    /// `[batch, groups·channels, tiles, bins]`.
    fn strides_of_batch(&self, channels: usize) -> (usize, Stride, Stride) {
        let channel = self.tiles * self.matmul.bins;
        let entry = self.matmul.groups * channels * channel;
        let rows = Stride::blocks(self.tiles, self.matmul.bins, entry);
        (channels * channel, rows, Stride::new(channel))
    }

    fn input<'a, T: Scalar>(&self, x: Planar<'a, T>, conjugated: bool) -> Operand<'a, T> {
        let (group, line, term) = self.strides_of_batch(self.matmul.in_per_group);
        Operand {
            data: x,
            group,
            line,
            term,
            conjugated,
        }
    }

    fn output<'a, T: Scalar>(&self, y: Planar<'a, T>, conjugated: bool) -> Operand<'a, T> {
        let (group, line, term) = self.strides_of_batch(self.matmul.out_per_group);
        Operand {
            data: y,
            group,
            line,
            term,
            conjugated,
        }
    }
}

impl BinwiseMatmul {
    fn product<'a, T: Scalar>(
        &self,
        rows: usize,
        columns: usize,
        terms: usize,
        a: Operand<'a, T>,
        b: Operand<'a, T>,
        c: Target<T>,
    ) -> Product<'a, T> {
        Product {
            groups: self.groups,
            rows,
            columns,
            terms,
            bins: self.bins,
            a,
            b,
            c,
        }
    }

    /// Strides between groups, outputs and inputs.
    fn strides_of_response(&self) -> [usize; 3] {
        [
            self.out_per_group * self.in_per_group * self.bins,
            self.in_per_group * self.bins,
            self.bins,
        ]
    }

    fn response<'a, T: Scalar>(&self, r: Planar<'a, T>, conjugated: bool) -> Operand<'a, T> {
        let [group, out, input] = self.strides_of_response();
        Operand {
            data: r,
            group,
            line: Stride::new(out),
            term: Stride::new(input),
            conjugated,
        }
    }
}

fn target<T: Scalar>(
    data: PlanarMut<'_, T>,
    group: usize,
    row: Stride,
    column: Stride,
) -> Target<T> {
    Target {
        re: Shared::new(data.re),
        im: Shared::new(data.im),
        group,
        row,
        column,
    }
}
