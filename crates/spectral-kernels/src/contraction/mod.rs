//! Channel mixing, one small complex matrix product a frequency.

mod along_rows;
mod direct;
mod operand;
mod packed;
mod prefetch;
mod product;

use crate::shape::{Planar, PlanarMut};
use operand::{Operand, Product, Stride, Target};
use spectral_lanes::Scalar;
use spectral_lanes::count;
use spectral_lanes::parallel::Shared;

/// Which factor of `Σ R·X` is conjugated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Conjugate {
    /// `R·X`: circular convolution.
    #[default]
    None,
    /// `conj(R)·X`: circular correlation.
    Response,
    /// `R·conj(X)`: that output reversed circularly.
    Input,
}

/// The spectral contraction `y[b,g,o,k] = Σ_i r[g,o,i,k]·x[b,g,i,k]` with its conjugates, and its adjoints.
///
/// Shapes, row-major: input `[batch, groups·in_per_group, bins]`, response `[groups, out_per_group, in_per_group, bins]`,
/// output `[batch, groups·out_per_group, bins]`. One group is a dense coupling, a group a channel with one input and
/// one output a depthwise one. No factor is applied: weights of half-spectrum bins are the caller's.
///
/// The adjoints are those of real-linear maps: with `⟨a, b⟩ = Σ a.re·b.re + a.im·b.im`, for a fixed response
/// `⟨forward(x), gy⟩ = ⟨x, adjoint_input(gy)⟩`, and likewise for a fixed input.
///
/// All methods panic when a slice has another length than its shape says; callers check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BinwiseMatmul {
    /// Entries of the batch.
    pub batch: usize,
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Input channels of a group.
    pub in_per_group: usize,
    /// Output channels of a group.
    pub out_per_group: usize,
    /// Frequencies.
    pub bins: usize,
    /// The conjugated factor.
    pub conjugate: Conjugate,
}

impl BinwiseMatmul {
    /// Elements of the input spectrum.
    pub fn input_len(&self) -> usize {
        count(&[self.batch, self.groups, self.in_per_group, self.bins])
    }

    /// Elements of the response.
    pub fn response_len(&self) -> usize {
        count(&[
            self.groups,
            self.out_per_group,
            self.in_per_group,
            self.bins,
        ])
    }

    /// Elements of the output spectrum.
    pub fn output_len(&self) -> usize {
        count(&[self.batch, self.groups, self.out_per_group, self.bins])
    }

    /// The same for every entry cut into `tiles` that see one response: input and output `[batch, channels, tiles, bins]`,
    /// the sum of [`TiledBinwiseMatmul::adjoint_response`] over tiles too.
    pub fn tiled(self, tiles: usize) -> TiledBinwiseMatmul {
        TiledBinwiseMatmul {
            contraction: self,
            tiles,
        }
    }

    /// `y[b,g,o,k] = Σ_i r[g,o,i,k]·x[b,g,i,k]`, with `r` or `x` conjugated as [`Self::conjugate`] says.
    pub fn forward<T: Scalar>(&self, x: Planar<'_, T>, r: Planar<'_, T>, y: PlanarMut<'_, T>) {
        self.tiled(1).forward(x, r, y);
    }

    /// The gradient for the input: `gx[b,g,i,k] = Σ_o` of `conj(r)·gy` (nothing conjugated), `r·gy` (the response) or
    /// `r·conj(gy)` (the input).
    pub fn adjoint_input<T: Scalar>(
        &self,
        gy: Planar<'_, T>,
        r: Planar<'_, T>,
        gx: PlanarMut<'_, T>,
    ) {
        self.tiled(1).adjoint_input(gy, r, gx);
    }

    /// The gradient for the response: `gr[g,o,i,k] = Σ_b` of `conj(x)·gy` (nothing conjugated), `x·conj(gy)` (the
    /// response) or `x·gy` (the input).
    pub fn adjoint_response<T: Scalar>(
        &self,
        x: Planar<'_, T>,
        gy: Planar<'_, T>,
        gr: PlanarMut<'_, T>,
    ) {
        self.tiled(1).adjoint_response(x, gy, gr);
    }
}

/// A [`BinwiseMatmul`] of entries in tiles; see [`BinwiseMatmul::tiled`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TiledBinwiseMatmul {
    contraction: BinwiseMatmul,
    tiles: usize,
}

impl TiledBinwiseMatmul {
    /// Entries times tiles.
    fn rows(&self) -> usize {
        count(&[self.contraction.batch, self.tiles])
    }

    /// As [`BinwiseMatmul::forward`].
    pub fn forward<T: Scalar>(&self, x: Planar<'_, T>, r: Planar<'_, T>, y: PlanarMut<'_, T>) {
        let c = &self.contraction;
        x.expect("contraction input", count(&[c.input_len(), self.tiles]));
        r.expect("contraction response", c.response_len());
        y.expect("contraction output", count(&[c.output_len(), self.tiles]));
        let x = self.input(x, c.conjugate == Conjugate::Input);
        let r = c.response(r, c.conjugate == Conjugate::Response);
        let (y_group, y_batch, y_out) = self.strides_of_batch(c.out_per_group);
        let y = target(y, y_group, y_batch, y_out);
        // Rows are batch entries, columns outputs, the sum is over inputs.
        T::enter::<product::ProductEntry>(c.product(
            self.rows(),
            c.out_per_group,
            c.in_per_group,
            x,
            r,
            y,
        ));
    }

    /// As [`BinwiseMatmul::adjoint_input`].
    pub fn adjoint_input<T: Scalar>(
        &self,
        gy: Planar<'_, T>,
        r: Planar<'_, T>,
        gx: PlanarMut<'_, T>,
    ) {
        let c = &self.contraction;
        gy.expect(
            "contraction output gradient",
            count(&[c.output_len(), self.tiles]),
        );
        r.expect("contraction response", c.response_len());
        gx.expect(
            "contraction input gradient",
            count(&[c.input_len(), self.tiles]),
        );
        let gy = self.output(gy, c.conjugate == Conjugate::Input);
        let r = c.response(r, c.conjugate == Conjugate::None).transposed();
        let (x_group, x_batch, x_in) = self.strides_of_batch(c.in_per_group);
        let gx = target(gx, x_group, x_batch, x_in);
        // Rows are batch entries, columns inputs, the sum is over outputs.
        T::enter::<product::ProductEntry>(c.product(
            self.rows(),
            c.in_per_group,
            c.out_per_group,
            gy,
            r,
            gx,
        ));
    }

    /// As [`BinwiseMatmul::adjoint_response`].
    pub fn adjoint_response<T: Scalar>(
        &self,
        x: Planar<'_, T>,
        gy: Planar<'_, T>,
        gr: PlanarMut<'_, T>,
    ) {
        let c = &self.contraction;
        x.expect("contraction input", count(&[c.input_len(), self.tiles]));
        gy.expect(
            "contraction output gradient",
            count(&[c.output_len(), self.tiles]),
        );
        gr.expect("contraction response gradient", c.response_len());
        let gy = self
            .output(gy, c.conjugate == Conjugate::Response)
            .transposed();
        let x = self.input(x, c.conjugate == Conjugate::None).transposed();
        let [r_group, r_out, r_in] = c.strides_of_response();
        let gr = target(gr, r_group, Stride::new(r_out), Stride::new(r_in));
        // Rows are outputs, columns inputs, the sum is over the batch.
        T::enter::<product::ProductEntry>(c.product(
            c.out_per_group,
            c.in_per_group,
            self.rows(),
            gy,
            x,
            gr,
        ));
    }

    /// Strides of group, tile of a batch entry, and channel of an array `[batch, groups·channels, tiles, bins]`.
    fn strides_of_batch(&self, channels: usize) -> (usize, Stride, Stride) {
        let channel = self.tiles * self.contraction.bins;
        let entry = self.contraction.groups * channels * channel;
        let rows = Stride::blocks(self.tiles, self.contraction.bins, entry);
        (channels * channel, rows, Stride::new(channel))
    }

    fn input<'a, T: Scalar>(&self, x: Planar<'a, T>, conjugated: bool) -> Operand<'a, T> {
        let (group, line, term) = self.strides_of_batch(self.contraction.in_per_group);
        Operand {
            data: x,
            group,
            line,
            term,
            conjugated,
        }
    }

    fn output<'a, T: Scalar>(&self, y: Planar<'a, T>, conjugated: bool) -> Operand<'a, T> {
        let (group, line, term) = self.strides_of_batch(self.contraction.out_per_group);
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

    /// Strides of group, output and input.
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
