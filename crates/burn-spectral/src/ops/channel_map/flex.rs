//! The operations on Burn's Flex CPU backend, over the slice kernels.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn::tensor::Shape;
use fused_layers::kernels::{BatchNormalization, ChannelCoefficients};
use spectral_kernels::Scalar;

use super::super::buffer;
use super::super::flex::{Contiguous, with_dtype};
use super::ChannelSpec;
use super::backend::{
    ChannelGradients, ChannelOps, ChannelPrimitives, MapState, NormState, Normalized,
};

/// Center, scale and shift of a map that changes nothing, not even the sign of a zero.
fn neutral<E: Scalar>(channels: usize) -> [Vec<E>; 3] {
    [0.0, 1.0, -0.0].map(|value| vec![E::of(value); channels])
}

impl ChannelPrimitives for Flex {
    fn prim_batch_norm_train(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        spec: ChannelSpec,
    ) -> Normalized<Flex> {
        let (kernel, output) = (spec.kernel(&x.shape()), spec.output(&x.shape()));
        let channels = Shape::new([kernel.channels]);
        let [x, gamma, beta] = [x, gamma, beta].map(Contiguous::new);
        with_dtype!(x.0, E => {
            let norm = BatchNormalization {
                gamma: gamma.slice::<E>(),
                beta: beta.slice(),
                epsilon,
            };
            let mut y = buffer::take::<E>(output.num_elements());
            let statistics = kernel.normalize(x.slice(), &norm, &mut y);
            (
                buffer::into_tensor(y, &output),
                buffer::into_tensor(statistics.mean, &channels),
                buffer::into_tensor(statistics.variance, &channels),
            )
        })
    }

    fn prim_batch_norm_adjoint(
        state: NormState<Flex>,
        grad: FlexTensor,
        input: bool,
    ) -> ChannelGradients<Flex> {
        let shape = state.x.shape();
        let kernel = state.spec.kernel(&shape);
        let channels = Shape::new([kernel.channels]);
        let [x, gamma, beta] = [state.x, state.gamma, state.beta].map(Contiguous::new);
        let [mean, variance, grad] = [state.mean, state.variance, grad].map(Contiguous::new);
        with_dtype!(x.0, E => {
            let norm = BatchNormalization {
                gamma: gamma.slice::<E>(),
                beta: beta.slice(),
                epsilon: state.epsilon,
            };
            let mut gx = input.then(|| buffer::take::<E>(shape.num_elements()));
            let gradients = kernel.normalize_adjoint(
                x.slice(),
                &norm,
                [mean.slice(), variance.slice()],
                grad.slice(),
                gx.as_deref_mut(),
            );
            let coefficients = [gradients.gamma, gradients.beta];
            (
                gx.map(|gx| buffer::into_tensor(gx, &shape)),
                Some(coefficients.map(|of| buffer::into_tensor(of, &channels))),
            )
        })
    }

    fn prim_channel_map(state: &MapState<Flex>) -> FlexTensor {
        let (kernel, output) = (
            state.spec.kernel(&state.x.shape()),
            state.spec.output(&state.x.shape()),
        );
        let x = Contiguous::new(state.x.clone());
        let given = state.coefficients.clone().map(|of| of.map(Contiguous::new));
        with_dtype!(x.0, E => {
            let neutral = neutral::<E>(kernel.channels);
            let [center, scale, shift] = match &given {
                Some(given) => given.each_ref().map(|of| of.slice::<E>()),
                None => neutral.each_ref().map(|of| &of[..]),
            };
            let coefficients = ChannelCoefficients { center, scale, shift };
            let mut y = buffer::take::<E>(output.num_elements());
            kernel.forward(x.slice(), &coefficients, &mut y);
            buffer::into_tensor(y, &output)
        })
    }

    fn prim_channel_map_adjoint(
        state: MapState<Flex>,
        grad: FlexTensor,
        input: bool,
        coefficients: bool,
    ) -> ChannelGradients<Flex> {
        let shape = state.x.shape();
        let kernel = state.spec.kernel(&shape);
        let channels = Shape::new([kernel.channels]);
        let [x, grad] = [state.x, grad].map(Contiguous::new);
        let given = state.coefficients.map(|of| of.map(Contiguous::new));
        with_dtype!(x.0, E => {
            let neutral = neutral::<E>(kernel.channels);
            let [center, scale, shift] = match &given {
                Some(given) => given.each_ref().map(|of| of.slice::<E>()),
                None => neutral.each_ref().map(|of| &of[..]),
            };
            let map = ChannelCoefficients { center, scale, shift };
            let mut gx = input.then(|| buffer::take::<E>(shape.num_elements()));
            let sums = kernel.adjoint(
                x.slice(),
                &map,
                grad.slice(),
                gx.as_deref_mut(),
                coefficients,
            );
            let sums = sums.map(|sums| [sums.centered, sums.gradient]);
            (
                gx.map(|gx| buffer::into_tensor(gx, &shape)),
                sums.map(|sums| sums.map(|of| buffer::into_tensor(of, &channels))),
            )
        })
    }
}

impl ChannelOps for Flex {
    fn spectral_batch_norm_train(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        spec: ChannelSpec,
    ) -> Normalized<Self> {
        Self::prim_batch_norm_train(x, gamma, beta, epsilon, spec)
    }

    fn spectral_channel_affine(
        x: FloatTensor<Self>,
        center: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        spec: ChannelSpec,
    ) -> FloatTensor<Self> {
        Self::prim_channel_map(&MapState {
            x,
            coefficients: Some([center, scale, shift]),
            spec,
        })
    }

    fn spectral_activate_pool(x: FloatTensor<Self>, spec: ChannelSpec) -> FloatTensor<Self> {
        Self::prim_channel_map(&MapState {
            x,
            coefficients: None,
            spec,
        })
    }
}
