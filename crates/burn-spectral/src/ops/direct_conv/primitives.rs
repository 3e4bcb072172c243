//! The operation and its adjoints without differentiation, and on Burn's Flex backend.

use burn::backend::flex::FlexTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension, tensor::FloatTensor};
use burn::tensor::Shape;
use fused_layers::kernels::Epilogue;

use super::super::buffer;
use super::super::flex::{Contiguous, with_dtype};
use super::DirectConvSpec;

/// The operation and its adjoints, without differentiation.
pub trait DirectConvPrimitives: Backend {
    /// The convolution with its bias and activation.
    fn prim_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        conv: &DirectConvSpec,
    ) -> FloatTensor<Self>;

    /// The gradient before bias and activation from that of the output `y`, if `[0]` of `wanted`, and the bias' gradient,
    /// if `[1]`. `y` is there unless the activation is the identity, whose gradient is `grad` itself.
    fn prim_direct_conv_epilogue(
        grad: FloatTensor<Self>,
        y: Option<FloatTensor<Self>>,
        conv: &DirectConvSpec,
        wanted: [bool; 2],
    ) -> [Option<FloatTensor<Self>>; 2];

    /// The convolution's gradient for an input of shape `x`.
    fn prim_direct_conv_input(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        x: &Shape,
        conv: &DirectConvSpec,
    ) -> FloatTensor<Self>;

    /// The convolution's gradient for a weight of shape `weight`.
    fn prim_direct_conv_weight(
        x: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        weight: &Shape,
        conv: &DirectConvSpec,
    ) -> FloatTensor<Self>;
}

/// The operation that Burn dispatches by device.
#[backend_extension(Flex, Autodiff)]
pub trait DirectConvOps: Backend {
    /// Convolution over one or two axes.
    fn spectral_direct_conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self>;

    /// The same with a bias.
    fn spectral_direct_conv_bias(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        conv: DirectConvSpec,
    ) -> FloatTensor<Self>;
}

impl DirectConvPrimitives for Flex {
    fn prim_direct_conv(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Option<FlexTensor>,
        conv: &DirectConvSpec,
    ) -> FlexTensor {
        let (shape, taps) = (x.shape(), weight.shape());
        let (kernel, output) = (conv.kernel(&shape, &taps), conv.output(&shape, &taps));
        let (x, weight) = (Contiguous::new(x), Contiguous::new(weight));
        let bias = bias.map(Contiguous::new);
        with_dtype!(x.0, E => {
            let mut y = buffer::take::<E>(output.num_elements());
            let epilogue = Epilogue {
                bias: bias.as_ref().map(|bias| bias.slice::<E>()),
                activation: conv.activation,
            };
            kernel.forward_with(x.slice(), weight.slice(), epilogue, &mut y);
            buffer::into_tensor(y, &output)
        })
    }

    fn prim_direct_conv_epilogue(
        grad: FlexTensor,
        y: Option<FlexTensor>,
        conv: &DirectConvSpec,
        wanted: [bool; 2],
    ) -> [Option<FlexTensor>; 2] {
        let shape = grad.shape();
        let bias_shape = Shape::new([shape[1]]);
        let grad = Contiguous::new(grad);
        let y = y.map(Contiguous::new);
        with_dtype!(grad.0, E => {
            let mut gy = (wanted[0] && y.is_some()).then(|| buffer::take::<E>(shape.num_elements()));
            let mut gbias = wanted[1].then(|| vec![E::default(); shape[1]]);
            conv.epilogue(&shape).adjoint(
                y.as_ref().map_or(&[][..], |y| y.slice::<E>()),
                grad.slice(),
                gy.as_deref_mut(),
                gbias.as_deref_mut(),
            );
            let gy = match (gy, wanted[0]) {
                (Some(gy), _) => Some(buffer::into_tensor(gy, &shape)),
                (None, true) => Some(grad.0),
                (None, false) => None,
            };
            [gy, gbias.map(|gbias| buffer::into_tensor(gbias, &bias_shape))]
        })
    }

    fn prim_direct_conv_input(
        grad: FlexTensor,
        weight: FlexTensor,
        x: &Shape,
        conv: &DirectConvSpec,
    ) -> FlexTensor {
        let kernel = conv.kernel(x, &weight.shape());
        let (grad, weight) = (Contiguous::new(grad), Contiguous::new(weight));
        with_dtype!(grad.0, E => {
            let mut gx = buffer::take::<E>(x.num_elements());
            kernel.adjoint_input(grad.slice::<E>(), weight.slice(), &mut gx);
            buffer::into_tensor(gx, x)
        })
    }

    fn prim_direct_conv_weight(
        x: FlexTensor,
        grad: FlexTensor,
        weight: &Shape,
        conv: &DirectConvSpec,
    ) -> FlexTensor {
        let kernel = conv.kernel(&x.shape(), weight);
        let (x, grad) = (Contiguous::new(x), Contiguous::new(grad));
        with_dtype!(x.0, E => {
            let mut gw = buffer::take::<E>(weight.num_elements());
            kernel.adjoint_weight(x.slice::<E>(), grad.slice(), &mut gw);
            buffer::into_tensor(gw, weight)
        })
    }
}

impl DirectConvOps for Flex {
    fn spectral_direct_conv(x: FlexTensor, weight: FlexTensor, conv: DirectConvSpec) -> FlexTensor {
        Self::prim_direct_conv(x, weight, None, &conv)
    }

    fn spectral_direct_conv_bias(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        conv: DirectConvSpec,
    ) -> FlexTensor {
        Self::prim_direct_conv(x, weight, Some(bias), &conv)
    }
}
