//! The operations as a Burn backend extension.

use burn::backend::{Backend, backend_extension, tensor::FloatTensor};

use super::ChannelSpec;

/// Output, mean and variance.
pub type Normalized<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// What the adjoint of a batch normalization is found from.
#[derive(Clone, Debug)]
pub struct NormState<B: Backend> {
    pub x: FloatTensor<B>,
    pub gamma: FloatTensor<B>,
    pub beta: FloatTensor<B>,
    pub mean: FloatTensor<B>,
    pub variance: FloatTensor<B>,
    pub epsilon: f64,
    pub spec: ChannelSpec,
}

/// The input of a map, and its center, scale and shift if it has them.
#[derive(Clone, Debug)]
pub struct MapState<B: Backend> {
    pub x: FloatTensor<B>,
    pub coefficients: Option<[FloatTensor<B>; 3]>,
    pub spec: ChannelSpec,
}

/// Gradients of the input, where asked for, and of two coefficients.
pub type ChannelGradients<B> = (Option<FloatTensor<B>>, Option<[FloatTensor<B>; 2]>);

/// What a backend with kernels of its own supplies.
pub trait ChannelPrimitives: Backend {
    /// The normalized batch and its statistics.
    fn prim_batch_norm_train(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        spec: ChannelSpec,
    ) -> Normalized<Self>;

    /// Gradients of the input if `input`, and of gamma and beta.
    fn prim_batch_norm_adjoint(
        state: NormState<Self>,
        grad: FloatTensor<Self>,
        input: bool,
    ) -> ChannelGradients<Self>;

    /// The mapped channels.
    fn prim_channel_map(state: &MapState<Self>) -> FloatTensor<Self>;

    /// Gradients of the input if `input`, and of scale and shift if `coefficients`.
    fn prim_channel_map_adjoint(
        state: MapState<Self>,
        grad: FloatTensor<Self>,
        input: bool,
        coefficients: bool,
    ) -> ChannelGradients<Self>;
}

/// The operations that Burn dispatches by device, with differentiation.
#[backend_extension(Flex, Autodiff)]
pub trait ChannelOps: Backend {
    /// The normalized batch, its mean and its variance.
    fn spectral_batch_norm_train(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        spec: ChannelSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The mapped channels.
    fn spectral_channel_affine(
        x: FloatTensor<Self>,
        center: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        spec: ChannelSpec,
    ) -> FloatTensor<Self>;

    /// Activation and pool.
    fn spectral_activate_pool(x: FloatTensor<Self>, spec: ChannelSpec) -> FloatTensor<Self>;
}
