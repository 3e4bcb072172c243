//! Direct convolution, as register-blocked products.
//!
//! Vectors run along the positions of an image, laid out with its padding so that a tap is just an offset ([`frame`]).
//! Every pass is then a sum over channels and taps of a weight times a shifted row ([`sweep`]), and the weight gradient
//! is a sum over positions of products of two rows ([`weights`]).
//!
//! With enough channels, vectors run along these instead ([`tile`], [`panels`]): positions are then independent of
//! their neighbors, so nothing is padded, and taps that read no sample are skipped ([`reach`]). Outputs and input
//! gradients of small maps ([`blocked`]) and weight gradients ([`blocked_weights`]) are computed this way.

mod axis;
mod blocked;
mod blocked_weights;
mod correlate;
mod epilogue;
mod frame;
mod long_rows;
mod panels;
mod reach;
mod sweep;
mod terms;
mod tile;
mod weights;

pub use correlate::Correlate;
pub use epilogue::{ChannelEpilogue, Epilogue};
use long_rows::LongRows;
use spectral_lanes::{Scalar, count};
pub use weights::WeightGradient;

/// A two-dimensional convolution as in neural networks (a cross-correlation), with its adjoints:
///
/// ```text
/// y[b,g,o,n] = Σ_{i,t} w[g,o,i,t] · x_padded[b,g,i, stride·n + dilation·t]
/// ```
///
/// Shapes, row-major: input `[batch, groups·in_per_group, sizes…]`, weight
/// `[groups·out_per_group, in_per_group, kernel…]`, output `[batch, groups·out_per_group, output_sizes()…]`.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape, if a kernel size, stride or dilation is zero,
/// or if the dilated kernel is larger than the padded input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Batch size.
    pub batch: usize,
    /// Number of channel groups; channels of different groups do not mix.
    pub groups: usize,
    /// Input channels per group.
    pub in_per_group: usize,
    /// Output channels per group.
    pub out_per_group: usize,
    /// Height and width of the input.
    pub sizes: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Stride: the step between outputs, vertical and horizontal.
    pub stride: [usize; 2],
    /// Dilation: the step between taps, vertical and horizontal.
    pub dilation: [usize; 2],
    /// Number of zeros before and after the input, vertical and horizontal.
    pub padding: [(usize, usize); 2],
}

impl Convolution {
    /// Height and width of the output, `(before + size + after − dilation·(kernel − 1) − 1) / stride + 1`.
    pub fn output_sizes(&self) -> [usize; 2] {
        std::array::from_fn(|axis| {
            let (before, after) = self.padding[axis];
            assert!(
                self.kernel[axis] > 0 && self.stride[axis] > 0 && self.dilation[axis] > 0,
                "kernel sizes, strides and dilations must be at least 1: {self:?}"
            );
            // Offsets into the padded signal are signed.
            let small = |size: &usize| *size <= isize::MAX as usize / 2;
            let padded = before
                .checked_add(self.sizes[axis])
                .and_then(|size| size.checked_add(after))
                .filter(small);
            let extent = self.dilation[axis]
                .checked_mul(self.kernel[axis] - 1)
                .map(|span| span.saturating_add(1))
                .filter(small);
            let (Some(padded), Some(extent)) = (padded, extent) else {
                panic!("padded input or dilated kernel is too large: {self:?}");
            };
            assert!(
                extent <= padded,
                "dilated kernel size {extent} exceeds the padded input size {padded}"
            );
            (padded - extent) / self.stride[axis] + 1
        })
    }

    /// Elements of the input.
    pub fn input_len(&self) -> usize {
        count(&[
            self.batch,
            self.groups,
            self.in_per_group,
            self.sizes[0],
            self.sizes[1],
        ])
    }

    /// Elements of the weight.
    pub fn weight_len(&self) -> usize {
        count(&[
            self.groups,
            self.out_per_group,
            self.in_per_group,
            self.kernel[0],
            self.kernel[1],
        ])
    }

    /// Elements of the output.
    pub fn output_len(&self) -> usize {
        let [height, width] = self.output_sizes();
        count(&[self.batch, self.groups, self.out_per_group, height, width])
    }

    /// Number of multiply-adds in each of the three passes.
    pub fn multiply_adds(&self) -> usize {
        count(&[
            self.output_len(),
            self.in_per_group,
            self.kernel[0],
            self.kernel[1],
        ])
    }

    /// Computes the output.
    pub fn forward<T: Scalar>(&self, x: &[T], w: &[T], y: &mut [T]) {
        self.forward_with(x, w, Epilogue::none(), y);
    }

    /// Computes the output with bias and activation, `f(forward(x) + bias[o])`. For their gradients see
    /// [`ChannelEpilogue`].
    pub fn forward_with<T: Scalar>(
        &self,
        x: &[T],
        w: &[T],
        epilogue: Epilogue<'_, T>,
        y: &mut [T],
    ) {
        if let Some(bias) = epilogue.bias {
            self.check([("bias", bias.len(), self.groups * self.out_per_group)]);
        }
        self.check([
            ("input", x.len(), self.input_len()),
            ("weight", w.len(), self.weight_len()),
            ("output", y.len(), self.output_len()),
        ]);
        if y.is_empty() {
            return;
        }
        match LongRows::of(self) {
            Some(rows) => rows.forward(x, w, epilogue, y),
            None => {
                T::enter::<correlate::CorrelateEntry>(Correlate::forward(self, x, w, epilogue, y))
            }
        }
    }

    /// Computes the gradient with respect to the input: `⟨forward(x), gy⟩ = ⟨x, adjoint_input(gy)⟩`.
    pub fn adjoint_input<T: Scalar>(&self, gy: &[T], w: &[T], gx: &mut [T]) {
        self.check([
            ("output gradient", gy.len(), self.output_len()),
            ("weight", w.len(), self.weight_len()),
            ("input gradient", gx.len(), self.input_len()),
        ]);
        if gy.is_empty() {
            return gx.fill(T::of(0.0));
        }
        if gx.is_empty() {
            return;
        }
        match LongRows::of(self) {
            Some(rows) => rows.adjoint_input(gy, w, gx),
            None => T::enter::<correlate::CorrelateEntry>(Correlate::adjoint(self, gy, w, gx)),
        }
    }

    /// Computes the gradient with respect to the weight: `⟨forward(x; w), gy⟩ = ⟨w, adjoint_weight(x, gy)⟩`.
    pub fn adjoint_weight<T: Scalar>(&self, x: &[T], gy: &[T], gw: &mut [T]) {
        self.check([
            ("input", x.len(), self.input_len()),
            ("output gradient", gy.len(), self.output_len()),
            ("weight gradient", gw.len(), self.weight_len()),
        ]);
        if gy.is_empty() || x.is_empty() {
            return gw.fill(T::of(0.0));
        }
        if gw.is_empty() {
            return;
        }
        match LongRows::of(self) {
            Some(rows) => rows.adjoint_weight(x, gy, gw),
            None => T::enter::<weights::WeightEntry>(WeightGradient::new(self, x, gy, gw)),
        }
    }

    fn check<const N: usize>(&self, lengths: [(&str, usize, usize); N]) {
        for (what, got, expected) in lengths {
            assert!(
                got == expected,
                "convolution {what}: expected {expected} elements, got {got}"
            );
        }
    }

    /// Whether each channel has its own kernel.
    fn is_depthwise(&self) -> bool {
        self.in_per_group == 1 && self.out_per_group == 1
    }
}
