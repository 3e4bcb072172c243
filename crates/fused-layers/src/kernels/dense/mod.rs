//! Dense layer: a matrix product with bias and activation.

mod activation;
mod product;

use spectral_lanes::{Scalar, count, expect_len};

use crate::kernels::activation::Activation;
pub use activation::Before;
pub use product::Product;
use product::{Finish, Matrix};

/// Maximum number of outputs for which products are computed transposed, with rows or inputs in the lanes, because
/// outputs would not fill them.
const NARROW: usize = 4;

/// A dense layer `y[b,o] = f( bias[o] + Σ_i x[b,i]·w[i,o] )` and its adjoints.
///
/// Shapes, row-major: input `[rows, inputs]`, weight `[inputs, outputs]`, output `[rows, outputs]`. Bias and activation
/// are applied while a block of the output is in cache.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dense {
    /// Batch size.
    pub rows: usize,
    /// Input features per row.
    pub inputs: usize,
    /// Output features per row.
    pub outputs: usize,
}

impl Dense {
    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        count(&[self.rows, self.inputs])
    }

    /// Elements of the weight.
    pub fn weight_len(&self) -> usize {
        count(&[self.inputs, self.outputs])
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        count(&[self.rows, self.outputs])
    }

    /// Computes `y[b,o] = f( bias[o] + Σ_i x[b,i]·w[i,o] )`.
    pub fn forward<T: Scalar>(
        &self,
        x: &[T],
        w: &[T],
        bias: Option<&[T]>,
        activation: Activation,
        y: &mut [T],
    ) {
        expect("input", self.input_len(), x);
        expect("weight", self.weight_len(), w);
        expect("output", self.output_len(), y);
        if let Some(bias) = bias {
            expect("bias", self.outputs, bias);
        }
        let x = Matrix::of(x, [self.rows, self.inputs]);
        let w = Matrix::of(w, [self.inputs, self.outputs]);
        if self.outputs <= NARROW {
            let mut sums = vec![T::of(0.0); y.len()];
            let product = Product::new(w.transposed(), x.transposed(), Finish::NOTHING, &mut sums);
            T::enter::<product::ProductEntry>(product);
            let (zero, slope) = (T::of(0.0), T::of(activation.slope()));
            for (b, y) in y.chunks_exact_mut(self.outputs.max(1)).enumerate() {
                for (o, y) in y.iter_mut().enumerate() {
                    let sum = sums[o * self.rows + b] + bias.map_or(zero, |bias| bias[o]);
                    *y = if sum > zero || activation == Activation::Identity {
                        sum
                    } else if sum < zero && slope == zero {
                        // Not the product with the slope, which is NaN if the sum is infinite.
                        zero
                    } else {
                        sum * slope
                    };
                }
            }
            return;
        }
        let finish = Finish {
            bias,
            form: activation.form(),
        };
        T::enter::<product::ProductEntry>(Product::new(x, w, finish, y));
    }

    /// Computes the gradient before the activation, `g[b,o] = f'·gy[b,o]`, from the output `y` and its gradient `gy`.
    pub fn adjoint_activation<T: Scalar>(
        &self,
        y: &[T],
        gy: &[T],
        activation: Activation,
        g: &mut [T],
    ) {
        expect("output", self.output_len(), y);
        expect("output gradient", self.output_len(), gy);
        expect("gradient before the activation", self.output_len(), g);
        T::enter::<activation::BeforeEntry>(Before {
            form: activation.form(),
            y,
            gy,
            g,
        });
    }

    /// Computes the gradient with respect to the input, `gx[b,i] = Σ_o g[b,o]·w[i,o]`, from the gradient `g` before the
    /// activation.
    pub fn adjoint_input<T: Scalar>(&self, g: &[T], w: &[T], gx: &mut [T]) {
        expect("output gradient", self.output_len(), g);
        expect("weight", self.weight_len(), w);
        expect("input gradient", self.input_len(), gx);
        let g = Matrix::of(g, [self.rows, self.outputs]);
        let w = Matrix::of(w, [self.inputs, self.outputs]).transposed();
        T::enter::<product::ProductEntry>(Product::new(g, w, Finish::NOTHING, gx));
    }

    /// Computes the gradient with respect to the weight, `gw[i,o] = Σ_b x[b,i]·g[b,o]`, from the gradient `g` before
    /// the activation.
    pub fn adjoint_weight<T: Scalar>(&self, x: &[T], g: &[T], gw: &mut [T]) {
        expect("input", self.input_len(), x);
        expect("output gradient", self.output_len(), g);
        expect("weight gradient", self.weight_len(), gw);
        let x = Matrix::of(x, [self.rows, self.inputs]).transposed();
        let g = Matrix::of(g, [self.rows, self.outputs]);
        if self.outputs <= NARROW {
            let mut sums = vec![T::of(0.0); gw.len()];
            let product = Product::new(g.transposed(), x.transposed(), Finish::NOTHING, &mut sums);
            T::enter::<product::ProductEntry>(product);
            for (i, gw) in gw.chunks_exact_mut(self.outputs.max(1)).enumerate() {
                for (o, gw) in gw.iter_mut().enumerate() {
                    *gw = sums[o * self.inputs + i];
                }
            }
            return;
        }
        T::enter::<product::ProductEntry>(Product::new(x, g, Finish::NOTHING, gw));
    }

    /// Computes the gradient with respect to the bias, `gb[o] = Σ_b g[b,o]`, from the gradient `g` before the
    /// activation.
    pub fn adjoint_bias<T: Scalar>(&self, g: &[T], gb: &mut [T]) {
        expect("output gradient", self.output_len(), g);
        expect("bias gradient", self.outputs, gb);
        gb.fill(T::of(0.0));
        for row in g.chunks_exact(self.outputs.max(1)) {
            for (sum, g) in gb.iter_mut().zip(row) {
                *sum = *sum + *g;
            }
        }
    }
}

#[track_caller]
fn expect<T>(what: &str, len: usize, slice: &[T]) {
    expect_len(&format!("dense layer, {what}"), "real", len, slice.len());
}
