//! A stack of filters that share the sum of their inputs, rectified after each layer, as one pass over the spectrum.

mod adjoint;
mod block;
mod forward;
mod tile;

use crate::shape::{Planar, PlanarMut};
pub use adjoint::Adjoint;
pub use forward::Forward;
use spectral_lanes::Scalar;
use spectral_lanes::parallel::Shared;
use spectral_lanes::{count, expect_len};

/// Layers `S_l[b,k] = Σ_o ρ(S_{l−1}[b,k]·R_l[o,k])` and a last one `Y[b,o,k] = ρ(S_{L−1}[b,k]·R_L[o,k])` that is not
/// summed, with `ρ(z) = relu(re z) + i·relu(im z)`.
///
/// No frequency meets another, so every bin runs through all layers in registers: what is read is the input and the
/// responses, what is written the last layer. The adjoints compute the layers again rather than keep what they gave.
///
/// Shapes, row-major: input `[batch, bins]`, the responses of all layers one after the other `[Σ filters, bins]`, output
/// `[batch, 2, filters of the last layer, bins]`, the real parts of an entry before its imaginary parts: the features
/// of a dense head. The adjoints are those of real-linear maps, `relu'(0) = 0`.
///
/// All methods panic when there is no layer, or a slice has another length than its shape says; callers check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RectifiedStack<'a> {
    /// Entries of the batch.
    pub batch: usize,
    /// Filters of each layer.
    pub filters: &'a [usize],
    /// Frequencies.
    pub bins: usize,
}

/// A dense head on the features of the last layer, whose features then need not be written: weights
/// `[features, units]`, no offset.
#[derive(Debug)]
pub struct DenseHead<'a, T> {
    /// Sums that the head gives.
    pub units: usize,
    /// Weights, feature by feature.
    pub weight: &'a [T],
}

/// What the backward pass of a head starts from and ends with.
#[derive(Debug)]
pub struct DenseGradients<'a, T> {
    /// The gradient of the sums, to read.
    pub sums: &'a [T],
    /// The gradient for the weights, to write.
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

    /// Real features of one entry.
    pub fn features(&self) -> usize {
        count(&[2, self.outputs(), self.bins])
    }

    /// Real elements of the output.
    pub fn output_len(&self) -> usize {
        count(&[self.batch, self.features()])
    }

    /// Filters of all layers.
    pub(crate) fn responses(&self) -> usize {
        let total = self
            .filters
            .iter()
            .try_fold(0_usize, |total, filters| total.checked_add(*filters));
        total.expect("the filters of a stack can be counted")
    }

    /// Filters of the last layer.
    pub(crate) fn outputs(&self) -> usize {
        *self.filters.last().expect("a stack has a layer")
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

    /// The last layer.
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

    /// The gradients for the input, if it is asked for, and for the responses.
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

    /// `sums[b,u] = Σ_f weight[f,u]·features[b,f]` without the features.
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

    /// As [`adjoint`](Self::adjoint) of [`forward_dense`](Self::forward_dense), with the gradient for the weights.
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
