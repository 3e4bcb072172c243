//! Layers composed from the library's parts for timing.

use burn::module::Module;
use burn::tensor::Tensor;
use burn_spectral::{Norm, fft};

/// A real transform over the last axes and its inverse.
#[derive(Module, Debug)]
pub(super) struct RoundTrip {
    axes: usize,
}

impl RoundTrip {
    pub(super) fn new(axes: usize) -> Self {
        Self { axes }
    }

    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let dims: Vec<usize> = (D - self.axes..D).collect();
        fft::irfftn(fft::rfftn(x, &dims, Norm::Backward), &dims, Norm::Backward)
    }
}
