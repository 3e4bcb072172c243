//! A stack of filters that share the sum of their inputs, rectified after each layer, as one pass over the spectrum.

mod adjoint;
mod block;
mod forward;
mod tile;

use spectral_lanes::parallel::Shared;
use spectral_lanes::{Scalar, count, expect_len};

use crate::shape::{Planar, PlanarMut};
pub use adjoint::Adjoint;
pub use forward::Forward;

/// A stack of layers `S_l[b,k] = Σ_o ρ(S_{l−1}[b,k]·R_l[o,k])`, followed by a last layer without the sum,
/// `Y[b,o,k] = ρ(S_{L−1}[b,k]·R_L[o,k])`, where `ρ(z) = relu(re z) + i·relu(im z)`.
///
/// Frequencies do not interact, so every bin passes through all layers in registers: only the input and the responses
/// are read, and only the last layer is written. The adjoints recompute the layers instead of storing their outputs.
///
/// Shapes, row-major: input `[batch, bins]`; the responses of all layers one after the other, `[Σ filters, bins]`;
/// output `[batch, 2, filters of the last layer, bins]`, with the real parts of an entry before its imaginary parts.
/// These are the features of a dense head. The adjoints are those of real-linear maps, with `relu'(0) = 0`.
///
/// # Panics
/// All methods panic if there are no layers, or if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RectifiedStack<'a> {
    /// Batch size.
    pub batch: usize,
    /// Number of filters in each layer.
    pub filters: &'a [usize],
    /// Number of frequencies.
    pub bins: usize,
}

/// A dense head on the features of the last layer, which then need not be written to memory: weights
/// `[features, units]`, no bias.
#[derive(Debug)]
pub struct DenseHead<'a, T> {
    /// Number of outputs of the head.
    pub units: usize,
    /// Weights, `[features, units]`.
    pub weight: &'a [T],
}

/// Input and destination of a head's backward pass.
#[derive(Debug)]
pub struct DenseGradients<'a, T> {
    /// The gradient of the head's outputs.
    pub sums: &'a [T],
    /// Where to write the gradient with respect to the weights.
    pub weight: &'a mut [T],
}

impl RectifiedStack<'_> {
    /// Complex elements of the input.
    pub fn input_len(&self) -> usize {
        count(&[self.batch, self.bins])
    }

    /// Complex elements of the responses.
    pub fn response_len(&self) -> usize {
        count(&[self.responses(), self.bins])
    }

    /// Real features per batch entry.
    pub fn features(&self) -> usize {
        count(&[2, self.outputs(), self.bins])
    }

    /// Real elements of the output.
    pub fn output_len(&self) -> usize {
        count(&[self.batch, self.features()])
    }

    /// Total number of filters in all layers.
    pub(crate) fn responses(&self) -> usize {
        let total = self
            .filters
            .iter()
            .try_fold(0_usize, |total, filters| total.checked_add(*filters));
        total.expect("total number of stack filters is too large")
    }

    /// Number of filters in the last layer.
    pub(crate) fn outputs(&self) -> usize {
        *self
            .filters
            .last()
            .expect("a stack must have at least one layer")
    }

    fn expect<T>(&self, s: Planar<'_, T>, r: Planar<'_, T>) {
        s.expect("stack input", self.input_len());
        r.expect("stack responses", self.response_len());
    }

    fn expect_head<T>(&self, head: &DenseHead<'_, T>, sums: usize) {
        let weights = count(&[self.features(), head.units]);
        expect_len("weights of the head", "real", weights, head.weight.len());
        let expected = count(&[self.batch, head.units]);
        expect_len("sums of the head", "real", expected, sums);
    }

    /// Computes the last layer.
    pub fn forward<T: Scalar>(&self, s: Planar<'_, T>, r: Planar<'_, T>, y: &mut [T]) {
        self.expect(s, r);
        expect_len("stack output", "real", self.output_len(), y.len());
        let sink = forward::Sink::Features(Shared::new(y));
        T::enter::<forward::ForwardEntry>(Forward {
            stack: *self,
            s,
            r,
            sink,
        });
    }

    /// Computes the gradients with respect to the input, if requested, and the responses.
    pub fn adjoint<T: Scalar>(
        &self,
        s: Planar<'_, T>,
        r: Planar<'_, T>,
        gy: &[T],
        gs: Option<PlanarMut<'_, T>>,
        gr: PlanarMut<'_, T>,
    ) {
        self.expect(s, r);
        expect_len("stack output gradient", "real", self.output_len(), gy.len());
        let source = adjoint::Source::Features(gy);
        T::enter::<adjoint::AdjointEntry>(Adjoint::new(*self, s, r, source, gs, gr));
    }

    /// Computes the head's outputs, `sums[b,u] = Σ_f weight[f,u]·features[b,f]`, without storing the features.
    pub fn forward_dense<T: Scalar>(
        &self,
        s: Planar<'_, T>,
        r: Planar<'_, T>,
        head: &DenseHead<'_, T>,
        sums: &mut [T],
    ) {
        self.expect(s, r);
        self.expect_head(head, sums.len());
        let sink = forward::Sink::Dense(head, sums);
        T::enter::<forward::ForwardEntry>(Forward {
            stack: *self,
            s,
            r,
            sink,
        });
    }

    /// Computes the gradients of [`forward_dense`](Self::forward_dense): those of [`adjoint`](Self::adjoint), and the
    /// gradient with respect to the head's weights.
    pub fn adjoint_dense<T: Scalar>(
        &self,
        s: Planar<'_, T>,
        r: Planar<'_, T>,
        head: &DenseHead<'_, T>,
        gradients: DenseGradients<'_, T>,
        gs: Option<PlanarMut<'_, T>>,
        gr: PlanarMut<'_, T>,
    ) {
        let DenseGradients {
            sums: gsums,
            weight: gweight,
        } = gradients;
        self.expect(s, r);
        self.expect_head(head, gsums.len());
        expect_len(
            "gradient of the weights",
            "real",
            head.weight.len(),
            gweight.len(),
        );
        let source = adjoint::Source::Dense {
            units: head.units,
            weight: head.weight,
            gsums,
            gweight: Shared::new(gweight),
        };
        T::enter::<adjoint::AdjointEntry>(Adjoint::new(*self, s, r, source, gs, gr));
    }
}
