//! The operations on Burn's Flex CPU backend, over the slice kernels.

use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
use burn::tensor::{Element, Shape};
use spectral_kernels::{DenseGradients, DenseHead, Planar, PlanarMut};

use super::backend::{Planes, SpectralOps, SpectralPrimitives};
use super::buffer::{self, Pooled};
use super::spec::{Axes, ComplexTransform, ConvSpec, MixSpec, RealTransform, StackSpec};

/// Calls `$body` with `$element` bound to the float type of `$tensor`.
///
/// The callers route other dtypes to the portable path.
macro_rules! with_dtype {
    ($tensor:expr, $element:ident => $body:expr) => {
        match $tensor.dtype() {
            burn::tensor::DType::F32 => {
                type $element = f32;
                $body
            }
            burn::tensor::DType::F64 => {
                type $element = f64;
                $body
            }
            dtype => panic!("spectral kernels take f32 and f64 tensors, got {dtype:?}"),
        }
    };
}
pub(super) use with_dtype;

/// The elements of a tensor in row-major order, copied only when a view is not contiguous.
pub(super) struct Contiguous(pub(super) FlexTensor);

impl Contiguous {
    pub(super) fn new(tensor: FlexTensor) -> Self {
        Self(match tensor.is_contiguous() {
            true => tensor,
            false => tensor.to_contiguous(),
        })
    }

    pub(super) fn slice<E: Element + bytemuck::Pod>(&self) -> &[E] {
        self.0
            .as_slice()
            .expect("a contiguous tensor of the dtype that was matched")
    }
}

pub(super) fn planes(tensors: Planes<Flex>) -> [Contiguous; 2] {
    assert_eq!(
        tensors.0.dtype(),
        tensors.1.dtype(),
        "the real and the imaginary part must have one dtype"
    );
    [Contiguous::new(tensors.0), Contiguous::new(tensors.1)]
}

pub(super) fn planar<E: Element + bytemuck::Pod>(parts: &[Contiguous; 2]) -> Planar<'_, E> {
    Planar {
        re: parts[0].slice(),
        im: parts[1].slice(),
    }
}

/// Runs `fill`, which overwrites all of it, over a pair of arrays of shape `shape`.
pub(super) fn filled_planes<E: Pooled>(
    shape: &Shape,
    fill: impl FnOnce(PlanarMut<'_, E>),
) -> Planes<Flex> {
    let count = shape.num_elements();
    let (mut re, mut im) = (buffer::take::<E>(count), buffer::take::<E>(count));
    fill(PlanarMut {
        re: &mut re,
        im: &mut im,
    });
    (
        buffer::into_tensor(re, shape),
        buffer::into_tensor(im, shape),
    )
}

/// A pair of arrays to fill, of shape `shape`, each of which becomes a tensor afterwards.
pub(super) struct Gradients<E>([Vec<E>; 2]);

impl<E: Pooled> Gradients<E> {
    pub(super) fn new(shape: &Shape) -> Self {
        let count = shape.num_elements();
        Self([buffer::take(count), buffer::take(count)])
    }

    pub(super) fn planar_mut(&mut self) -> PlanarMut<'_, E> {
        let [re, im] = &mut self.0;
        PlanarMut { re, im }
    }

    pub(super) fn into_planes(self, shape: &Shape) -> Planes<Flex> {
        let [re, im] = self.0.map(|part| buffer::into_tensor(part, shape));
        (re, im)
    }
}

/// The batch and the transformed sizes of `shape` over its last `count` axes.
pub(super) fn last_axes(shape: &Shape, count: usize) -> (usize, &[usize]) {
    let (leading, sizes) = shape[..].split_at(shape.num_dims() - count);
    (leading.iter().product(), sizes)
}

impl SpectralPrimitives for Flex {
    fn prim_rfft(signal: FlexTensor, transform: RealTransform) -> Planes<Flex> {
        let shape = signal.shape();
        let output = transform.spectrum_shape(&shape);
        let signal = Contiguous::new(signal);
        with_dtype!(signal.0, E => filled_planes::<E>(&output, |out| {
            let (scale, weight) = (transform.scale as E, transform.weight);
            match transform.axes {
                Axes::One(axis) => {
                    let axis = Axes::split(axis, &shape);
                    spectral_kernels::rfft_axis(axis, scale, weight, signal.slice::<E>(), out);
                }
                Axes::Last(count) => {
                    let (batch, sizes) = last_axes(&shape, count);
                    spectral_kernels::rfftn(batch, sizes, scale, weight, signal.slice::<E>(), out);
                }
            }
        }))
    }

    fn prim_irfft(spectrum: Planes<Flex>, transform: RealTransform) -> FlexTensor {
        let shape = transform.signal_shape(&spectrum.0.shape());
        let spectrum = planes(spectrum);
        with_dtype!(spectrum[0].0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            let (scale, weight) = (transform.scale as E, transform.weight);
            let input = planar::<E>(&spectrum);
            match transform.axes {
                Axes::One(axis) => {
                    let axis = Axes::split(axis, &shape);
                    spectral_kernels::irfft_axis(axis, scale, weight, input, &mut out);
                }
                Axes::Last(count) => {
                    let (batch, sizes) = last_axes(&shape, count);
                    spectral_kernels::irfftn(batch, sizes, scale, weight, input, &mut out);
                }
            }
            buffer::into_tensor(out, &shape)
        })
    }

    fn prim_fft(input: Planes<Flex>, transform: ComplexTransform) -> Planes<Flex> {
        let shape = input.0.shape();
        let input = planes(input);
        with_dtype!(input[0].0, E => filled_planes::<E>(&shape, |out| {
            let (direction, scale) = (transform.direction, transform.scale as E);
            let input = planar::<E>(&input);
            match transform.axes {
                Axes::One(axis) => {
                    let axis = Axes::split(axis, &shape);
                    spectral_kernels::fft_axis(axis, direction, scale, input, out);
                }
                Axes::Last(count) => {
                    let (batch, sizes) = last_axes(&shape, count);
                    spectral_kernels::fftn(batch, sizes, direction, scale, input, out);
                }
            }
        }))
    }

    fn prim_mix(x: Planes<Flex>, response: Planes<Flex>, mix: MixSpec) -> Planes<Flex> {
        let (mut shape, response_shape) = (x.0.shape(), response.0.shape());
        let contraction = mix.contraction(shape[0], &response_shape);
        shape[1] = response_shape[0];
        let (x, response) = (planes(x), planes(response));
        with_dtype!(x[0].0, E => filled_planes::<E>(&shape, |out| {
            contraction.forward(planar::<E>(&x), planar::<E>(&response), out);
        }))
    }

    fn prim_mix_adjoint_input(
        grad: Planes<Flex>,
        response: Planes<Flex>,
        mix: MixSpec,
    ) -> Planes<Flex> {
        let (mut shape, response_shape) = (grad.0.shape(), response.0.shape());
        let contraction = mix.contraction(shape[0], &response_shape);
        shape[1] = response_shape[1] * mix.groups;
        let (grad, response) = (planes(grad), planes(response));
        with_dtype!(grad[0].0, E => filled_planes::<E>(&shape, |out| {
            contraction.adjoint_input(planar::<E>(&grad), planar::<E>(&response), out);
        }))
    }

    fn prim_mix_adjoint_response(
        x: Planes<Flex>,
        grad: Planes<Flex>,
        mix: MixSpec,
    ) -> Planes<Flex> {
        let mut shape = x.0.shape();
        let batch = shape[0];
        shape[0] = grad.0.shape()[1];
        shape[1] /= mix.groups;
        let contraction = mix.contraction(batch, &shape);
        let (x, grad) = (planes(x), planes(grad));
        with_dtype!(x[0].0, E => filled_planes::<E>(&shape, |out| {
            contraction.adjoint_response(planar::<E>(&x), planar::<E>(&grad), out);
        }))
    }

    fn prim_stack(s: Planes<Flex>, responses: Planes<Flex>, stack: &StackSpec) -> FlexTensor {
        let mut shape = s.0.shape();
        let kernel = stack.kernel(&shape);
        shape[1] = 2 * stack.outputs();
        let (s, responses) = (planes(s), planes(responses));
        with_dtype!(s[0].0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            kernel.forward(planar::<E>(&s), planar::<E>(&responses), &mut out);
            buffer::into_tensor(out, &shape)
        })
    }

    fn prim_stack_adjoint(
        s: Planes<Flex>,
        responses: Planes<Flex>,
        grad: FlexTensor,
        stack: &StackSpec,
        input: bool,
    ) -> (Option<Planes<Flex>>, Planes<Flex>) {
        let (shape, response_shape) = (s.0.shape(), responses.0.shape());
        let (s, responses, grad) = (planes(s), planes(responses), Contiguous::new(grad));
        with_dtype!(s[0].0, E => {
            let mut gs = input.then(|| Gradients::<E>::new(&shape));
            let mut gr = Gradients::<E>::new(&response_shape);
            stack.kernel(&shape).adjoint(
                planar::<E>(&s),
                planar::<E>(&responses),
                grad.slice::<E>(),
                gs.as_mut().map(Gradients::planar_mut),
                gr.planar_mut(),
            );
            (gs.map(|gs| gs.into_planes(&shape)), gr.into_planes(&response_shape))
        })
    }

    fn prim_stack_dense(
        s: Planes<Flex>,
        responses: Planes<Flex>,
        weight: FlexTensor,
        stack: &StackSpec,
    ) -> FlexTensor {
        let (shape, units) = (s.0.shape(), weight.shape()[1]);
        let (s, responses, weight) = (planes(s), planes(responses), Contiguous::new(weight));
        with_dtype!(s[0].0, E => {
            let mut sums = buffer::take::<E>(shape[0] * units);
            let head = DenseHead { units, weight: weight.slice::<E>() };
            let kernel = stack.kernel(&shape);
            kernel.forward_dense(planar::<E>(&s), planar::<E>(&responses), &head, &mut sums);
            buffer::into_tensor(sums, &Shape::new([shape[0], units]))
        })
    }

    fn prim_stack_dense_adjoint(
        s: Planes<Flex>,
        responses: Planes<Flex>,
        weight: FlexTensor,
        grad: FlexTensor,
        stack: &StackSpec,
        input: bool,
    ) -> (Option<Planes<Flex>>, Planes<Flex>, FlexTensor) {
        let (shape, response_shape) = (s.0.shape(), responses.0.shape());
        let weight_shape = weight.shape();
        let (s, responses) = (planes(s), planes(responses));
        let (weight, grad) = (Contiguous::new(weight), Contiguous::new(grad));
        with_dtype!(s[0].0, E => {
            let mut gs = input.then(|| Gradients::<E>::new(&shape));
            let mut gr = Gradients::<E>::new(&response_shape);
            let mut gweight = buffer::take::<E>(weight_shape.num_elements());
            let head = DenseHead { units: weight_shape[1], weight: weight.slice::<E>() };
            stack.kernel(&shape).adjoint_dense(
                planar::<E>(&s),
                planar::<E>(&responses),
                &head,
                DenseGradients { sums: grad.slice::<E>(), weight: &mut gweight },
                gs.as_mut().map(Gradients::planar_mut),
                gr.planar_mut(),
            );
            (
                gs.map(|gs| gs.into_planes(&shape)),
                gr.into_planes(&response_shape),
                buffer::into_tensor(gweight, &weight_shape),
            )
        })
    }

    fn prim_reverse(x: FlexTensor, spatial: usize) -> FlexTensor {
        let shape = x.shape();
        let (batch, sizes) = last_axes(&shape, spatial);
        let x = Contiguous::new(x);
        with_dtype!(x.0, E => {
            let mut out = buffer::take::<E>(shape.num_elements());
            spectral_kernels::reverse(batch, sizes, x.slice::<E>(), &mut out);
            buffer::into_tensor(out, &shape)
        })
    }
}

impl SpectralOps for Flex {
    fn spectral_stack(
        s_re: FloatTensor<Self>,
        s_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        stack: StackSpec,
    ) -> FloatTensor<Self> {
        Self::prim_stack((s_re, s_im), (r_re, r_im), &stack)
    }

    fn spectral_stack_dense(
        s_re: FloatTensor<Self>,
        s_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stack: StackSpec,
    ) -> FloatTensor<Self> {
        Self::prim_stack_dense((s_re, s_im), (r_re, r_im), weight, &stack)
    }

    fn spectral_reverse(x: FloatTensor<Self>, spatial: usize) -> FloatTensor<Self> {
        Self::prim_reverse(x, spatial)
    }

    fn spectral_rfft(
        signal: FloatTensor<Self>,
        transform: RealTransform,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        Self::prim_rfft(signal, transform)
    }

    fn spectral_irfft(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        transform: RealTransform,
    ) -> FloatTensor<Self> {
        Self::prim_irfft((re, im), transform)
    }

    fn spectral_fft(
        re: FloatTensor<Self>,
        im: FloatTensor<Self>,
        transform: ComplexTransform,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        Self::prim_fft((re, im), transform)
    }

    fn spectral_mix(
        x_re: FloatTensor<Self>,
        x_im: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        mix: MixSpec,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        Self::prim_mix((x_re, x_im), (r_re, r_im), mix)
    }

    fn spectral_conv(
        x: FloatTensor<Self>,
        r_re: FloatTensor<Self>,
        r_im: FloatTensor<Self>,
        conv: ConvSpec,
    ) -> FloatTensor<Self> {
        let shape = x.shape();
        let spectrum = Self::prim_rfft(x, conv.analysis(&shape));
        let mixed = Self::prim_mix(spectrum, (r_re, r_im), conv.mix);
        Self::prim_irfft(mixed, conv.synthesis(&shape))
    }
}
