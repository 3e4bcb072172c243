//! Pointwise (1×1) convolution, the same small real matrix product at every sample, optionally of the reversed signal.

mod mix;
mod weight;

pub use mix::Mix;
use spectral_lanes::{Scalar, count, expect_len};
pub use weight::WeightGradient;

/// A pointwise (1×1) convolution `y[b,g,o,n] = Σ_i w[g,o,i]·x[b,g,i,σ(n)]` and its adjoints, where `σ(n)` is `n` or, if
/// reversed, `−n mod N` on every axis.
///
/// Shapes, row-major: input `[batch, groups·in_per_group, sizes…]`, weight `[groups, out_per_group, in_per_group]`,
/// output `[batch, groups·out_per_group, sizes…]`. A spectral convolution whose response is the same at every frequency
/// equals this convolution, of the reversed signal if the input is conjugated.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pointwise<'a> {
    /// Batch size.
    pub batch: usize,
    /// Number of channel groups; channels of different groups do not mix.
    pub groups: usize,
    /// Input channels per group.
    pub in_per_group: usize,
    /// Output channels per group.
    pub out_per_group: usize,
    /// Sizes of the spatial axes.
    pub sizes: &'a [usize],
    /// Whether the input is circularly reversed along every axis.
    pub reversed: bool,
}

impl Pointwise<'_> {
    /// Samples per channel.
    pub fn samples(&self) -> usize {
        count(self.sizes)
    }

    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        count(&[self.batch, self.groups, self.in_per_group, self.samples()])
    }

    /// Elements of the weight.
    pub fn weight_len(&self) -> usize {
        count(&[self.groups, self.out_per_group, self.in_per_group])
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        count(&[self.batch, self.groups, self.out_per_group, self.samples()])
    }

    /// Computes `y[b,g,o,n] = Σ_i w[g,o,i]·x[b,g,i,σ(n)]`.
    pub fn forward<T: Scalar>(&self, x: &[T], w: &[T], y: &mut [T]) {
        self.expect("input", self.input_len(), x);
        self.expect("weight", self.weight_len(), w);
        self.expect("output", self.output_len(), y);
        let strides = [self.in_per_group, 1];
        T::enter::<mix::MixEntry>(Mix::new(
            self,
            [self.in_per_group, self.out_per_group],
            strides,
            x,
            w,
            y,
        ));
    }

    /// Computes the gradient with respect to the input, `gx[b,g,i,n] = Σ_o w[g,o,i]·gy[b,g,o,σ(n)]`.
    pub fn adjoint_input<T: Scalar>(&self, gy: &[T], w: &[T], gx: &mut [T]) {
        self.expect("output gradient", self.output_len(), gy);
        self.expect("weight", self.weight_len(), w);
        self.expect("input gradient", self.input_len(), gx);
        let strides = [1, self.in_per_group];
        T::enter::<mix::MixEntry>(Mix::new(
            self,
            [self.out_per_group, self.in_per_group],
            strides,
            gy,
            w,
            gx,
        ));
    }

    /// Computes the gradient with respect to the weight, `gw[g,o,i] = Σ_b Σ_n gy[b,g,o,n]·x[b,g,i,σ(n)]`.
    pub fn adjoint_weight<T: Scalar>(&self, x: &[T], gy: &[T], gw: &mut [T]) {
        self.expect("input", self.input_len(), x);
        self.expect("output gradient", self.output_len(), gy);
        self.expect("weight gradient", self.weight_len(), gw);
        T::enter::<weight::WeightEntry>(WeightGradient::new(self, x, gy, gw));
    }

    fn expect<T>(&self, what: &str, len: usize, slice: &[T]) {
        expect_len(
            &format!("pointwise convolution, {what}"),
            "real",
            len,
            slice.len(),
        );
    }
}
