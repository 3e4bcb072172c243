//! A convolution in which every output sees one spectrum, as one operation that keeps no spectrum.

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
pub use spectral_kernels::{Conjugate, Layout, Placement};
use spectral_kernels::{InputGradient, ResponseGradient, SpectralFilter};

use super::fallback;
use super::planes::{ContiguousPlanes, Planes, PlanesBuffer, parts};
use super::spec::{Axes, MixSpec, RealTransform};
use crate::ComplexTensor;
use fused_layers::operation::flex::{Contiguous, filled, with_dtype};
use fused_layers::operation::{
    Empty, Factors, FlexTensor, Forward, Gradients, KernelOperation, Names, Tensors, apply, buffer,
};

/// What [`spectral_filter`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterSpec {
    /// Spectra that an entry of the batch has. As many groups as channels are a depthwise coupling,
    /// one group is a coupling that adds all channels up.
    pub groups: usize,
    /// Rows and columns of the transforms.
    pub grid: [usize; 2],
    /// Where the input lies in the grid; zeros around it.
    pub input: Placement,
    /// Which part of the result is kept.
    pub output: Placement,
    /// How images and responses lie in memory.
    pub layout: Layout,
    /// Which factor of the product is conjugated.
    pub conjugate: Conjugate,
}

impl FilterSpec {
    /// A circular convolution of images of size `grid`.
    pub fn circular(groups: usize, grid: [usize; 2]) -> Self {
        Self {
            groups,
            grid,
            input: Placement::whole(grid),
            output: Placement::whole(grid),
            layout: Layout::Planes,
            conjugate: Conjugate::None,
        }
    }

    /// The same with channels last.
    pub fn with_layout(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// The same with another factor conjugated.
    pub fn with_conjugate(self, conjugate: Conjugate) -> Self {
        Self { conjugate, ..self }
    }

    /// The same with the input at one place of the grid and the output at another.
    pub fn with_placements(self, input: Placement, output: Placement) -> Self {
        Self {
            input,
            output,
            ..self
        }
    }

    /// Whether the kernels keep images of this shape in cache all the way to `outputs` channels.
    /// Where they do not, [`spectral_conv`](super::spectral_conv) is the better choice.
    pub fn stays_in_cache(&self, input: &Shape, outputs: usize) -> bool {
        self.kernel(input, outputs).is_fused::<f32>()
    }

    /// The filter for an input of shape `input` and so many output channels.
    fn kernel(&self, input: &Shape, outputs: usize) -> SpectralFilter {
        let channels = match self.layout {
            Layout::Planes => input[1],
            Layout::ChannelsLast => input[3],
        };
        SpectralFilter {
            batch: input[0],
            groups: self.groups,
            multiplier: outputs / self.groups,
            terms: channels / self.groups,
            grid: self.grid,
            input: self.input,
            output: self.output,
            layout: self.layout,
            conjugate: self.conjugate,
        }
    }

    /// Output channels that a response of shape `response` gives.
    fn outputs(&self, response: &Shape) -> usize {
        match self.layout {
            Layout::Planes => response[0],
            Layout::ChannelsLast => response[response.num_dims() - 1],
        }
    }

    fn output_shape(&self, input: &Shape, outputs: usize) -> Shape {
        let [height, width] = self.output.size;
        match self.layout {
            Layout::Planes => Shape::new([input[0], outputs, height, width]),
            Layout::ChannelsLast => Shape::new([input[0], height, width, outputs]),
        }
    }
}

/// Convolution on a grid by one response an output, each of which sees one input spectrum:
///
/// ```text
/// y[b, g·m + o] = crop( irfft2( R[g·m + o] ⊙ rfft2( pad( Σ_t x[b, g·t₀ + t] ))))
/// ```
///
/// with `m` outputs and `t₀` inputs a group. `pad` puts an image where [`FilterSpec::input`] says,
/// zeros around it; `crop` keeps [`FilterSpec::output`]. Rows that are zero or not kept are not
/// transformed, and on the kernels no spectrum leaves the cache: the adjoint transforms the input
/// again rather than keep its spectrum. With `N` points of the grid, `G = rfft2(pad(grad_y))` and
/// `X` the input's spectrum,
///
/// ```text
/// grad_x = (1/N)·crop( irfft2( Σ_o conj(R_o)·G_o )),   grad_R = (c_k/N)·Σ_batch conj(X)·G
/// ```
///
/// with transforms unscaled and `c_k` as for [`spectral_conv`](super::spectral_conv).
///
/// # Shapes
/// [`Layout::Planes`]:
/// - `x`: `[batch, groups·t₀, input height, input width]`
/// - `response`: `[groups·m, 1, grid height, grid width/2 + 1]`, or without the second axis
/// - output: `[batch, groups·m, output height, output width]`
///
/// [`Layout::ChannelsLast`], where `t₀` and `m` must be 1:
/// - `x`: `[batch, input height, input width, groups]`
/// - `response`: `[grid height, grid width/2 + 1, groups]`
/// - output: `[batch, output height, output width, groups]`
///
/// # Example
/// A cross-correlation with 5×5 taps, zeros around the image, as `Conv2d` with padding 2:
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_spectral::fft::rfft2;
/// use burn_spectral::ops::{Conjugate, FilterSpec, Placement, spectral_filter, zero_pad};
/// use burn_spectral::Norm;
///
/// let device = Device::flex();
/// let x = Tensor::<4>::random([2, 3, 9, 10], Distribution::Default, &device);
/// let taps = Tensor::<4>::random([3, 1, 5, 5], Distribution::Default, &device);
/// let response = rfft2(zero_pad(taps.clone(), &[14, 14]), Norm::Backward).into_complex();
/// let spec = FilterSpec::circular(3, [14, 14])
///     .with_conjugate(Conjugate::Response)
///     .with_placements(
///         Placement { start: [2, 2], size: [9, 10] },
///         Placement { start: [0, 0], size: [9, 10] },
///     );
/// let y = spectral_filter(x.clone(), response, spec);
/// let options = burn::tensor::ops::ConvOptions::new([1, 1], [2, 2], [1, 1], 3);
/// let expected = burn::tensor::module::conv2d(x, taps, None, options);
/// assert!((y - expected).abs().max().into_scalar::<f32>() < 1e-4);
/// ```
///
/// # Panics
/// When a shape does not fit `spec`, with both.
pub fn spectral_filter<const R: usize>(
    x: Tensor<4>,
    response: ComplexTensor<R>,
    spec: FilterSpec,
) -> Tensor<4> {
    check_shapes(&x.shape(), &response.re.shape(), &spec);
    apply(spec, (x, response), |_, (x, response)| {
        spectral_filter_fallback(x, response, &spec)
    })
}

fn check_shapes(x: &Shape, response: &Shape, spec: &FilterSpec) {
    let [height, width] = spec.grid;
    let bins = [height, width / 2 + 1];
    let groups = spec.groups;
    let response_fits = match spec.layout {
        Layout::Planes => {
            let (ones, own) = response[1..].split_at(response.num_dims() - 3);
            ones.iter().all(|n| *n == 1) && own == bins && response[0].is_multiple_of(groups)
        }
        Layout::ChannelsLast => response[..] == [bins[0], bins[1], groups],
    };
    let x_fits = match spec.layout {
        Layout::Planes => x[2..] == spec.input.size && x[1].is_multiple_of(groups) && x[1] > 0,
        Layout::ChannelsLast => x[1..3] == spec.input.size && x[3] == groups,
    };
    let frames_fit = [spec.input, spec.output]
        .iter()
        .all(|frame| (0..2).all(|a| frame.start[a] + frame.size[a] <= spec.grid[a]));
    assert!(
        groups > 0 && height * width > 0 && response_fits && x_fits && frames_fit,
        "an input of shape {:?} and a response of shape {:?} do not fit {spec:?}",
        &x[..],
        &response[..]
    );
}

/// [`spectral_filter`] in ordinary tensor ops.
pub fn spectral_filter_fallback<const R: usize>(
    x: Tensor<4>,
    response: ComplexTensor<R>,
    spec: &FilterSpec,
) -> Tensor<4> {
    let outputs = spec.outputs(&response.re.shape());
    let [height, width] = spec.grid;
    let x = match spec.layout {
        Layout::Planes => x,
        Layout::ChannelsLast => x.permute([0, 3, 1, 2]),
    };
    let [batch, channels, rows, columns] = x.dims();
    if batch * rows * columns * spec.output.area() == 0 {
        let size = spec.output.size;
        let dims = match spec.layout {
            Layout::Planes => [batch, outputs, size[0], size[1]],
            Layout::ChannelsLast => [batch, size[0], size[1], outputs],
        };
        return Empty::of((x, response)).tensor(dims);
    }
    let summed = match channels / spec.groups {
        1 => x,
        terms => x
            .reshape([batch, spec.groups, terms, rows * columns])
            .sum_dim(2)
            .reshape([batch, spec.groups, rows, columns]),
    };
    let pairs: [(usize, usize); 4] = core::array::from_fn(|axis| match axis {
        0 | 1 => (0, 0),
        _ => {
            let before = spec.input.start[axis - 2];
            let size = spec.input.size[axis - 2];
            (before, spec.grid[axis - 2] - size - before)
        }
    });
    let padded = match pairs.iter().all(|pair| *pair == (0, 0)) {
        true => summed,
        false => summed.pad(pairs, 0.0),
    };

    let response = response.map(|part| match spec.layout {
        Layout::Planes => part.reshape([outputs, 1, height, width / 2 + 1]),
        Layout::ChannelsLast => part
            .reshape([1, height, width / 2 + 1, outputs])
            .permute([3, 0, 1, 2]),
    });
    let transform = RealTransform::new(Axes::Last(2), width, 1.0);
    let coupling = MixSpec {
        groups: spec.groups,
        conjugate: spec.conjugate,
    };
    let product = fallback::mix(fallback::rfft(padded, transform), response, coupling);
    let scale = 1.0 / (height * width) as f64;
    let whole = fallback::irfft(product, RealTransform { scale, ..transform });
    let [start, size] = [spec.output.start, spec.output.size];
    let kept = whole
        .narrow(2, start[0], size[0])
        .narrow(3, start[1], size[1]);
    match spec.layout {
        Layout::Planes => kept,
        Layout::ChannelsLast => kept.permute([0, 2, 3, 1]),
    }
}

/// Saved are the factors and the shapes of both.
impl KernelOperation<3, 1> for FilterSpec {
    const INPUTS: Names = &["input", "response", "response"];
    type Saved = (Factors<FlexTensor, Planes>, [Shape; 2]);

    fn forward(&self, [x, r_re, r_im]: Tensors<3>, tracked: [bool; 3]) -> Forward<Self::Saved, 1> {
        let response = [r_re, r_im];
        let factors = Factors::of(&x, &response, [tracked[0], tracked[1] || tracked[2]]);
        let shapes = [x.shape(), response[0].shape()];
        let outputs = self.outputs(&shapes[1]);
        let kernel = self.kernel(&shapes[0], outputs);
        let shape = self.output_shape(&shapes[0], outputs);
        let (x, response) = (Contiguous::new(x), ContiguousPlanes::new(response));
        let y = filled!(x, &shape, |y| {
            kernel.forward(x.slice(), response.planar(), y);
        });
        Forward::new([y], (factors, shapes))
    }

    fn adjoint(
        self,
        (factors, [x_shape, response_shape]): Self::Saved,
        [grad]: Tensors<1>,
        _: [bool; 3],
    ) -> Gradients<3> {
        let kernel = self.kernel(&x_shape, self.outputs(&response_shape));
        let grad = Contiguous::new(grad);
        let (x, response) = (
            factors.x.map(Contiguous::new),
            factors.weight.map(ContiguousPlanes::new),
        );
        with_dtype!(grad, E => {
            let mut gx = response.is_some().then(|| buffer::take::<E>(x_shape.num_elements()));
            let mut gr = x.is_some().then(|| PlanesBuffer::<E>::new(&response_shape));
            let for_input = response.as_ref().zip(gx.as_mut());
            let for_input = for_input.map(|(response, gradient)| InputGradient {
                response: response.planar(),
                gradient,
            });
            let for_response = x.as_ref().zip(gr.as_mut());
            let for_response = for_response.map(|(x, gradient)| ResponseGradient {
                input: x.slice(),
                gradient: gradient.planar_mut(),
            });
            kernel.adjoint(grad.slice(), for_input, for_response);
            let [r_re, r_im] = parts(gr.map(|gr| gr.into_planes(&response_shape)));
            [gx.map(|gx| buffer::into_tensor(gx, &x_shape)), r_re, r_im]
        })
    }
}
