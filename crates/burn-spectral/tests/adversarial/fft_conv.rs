//! Convolutions with zero padding, stride, dilation and groups, by every algorithm.

use burn::module::Param;
use burn::nn::conv::{Conv1dConfig, Conv2dConfig, Conv3dConfig};
use burn::nn::{PaddingConfig1d, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::conv::{FftConvAlgorithm, FftConvOptions, InitFft, try_fft_conv};
use burn_spectral::ops::{Activation, SavedSpectrum};
use burn_spectral::spatial;

use super::Case;
use super::draw::{Draw, Layout, values};
use super::oracle::{Bilinear, bilinear, compare, index, places};

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    Function,
    Layer,
    /// Burn's layer on the kernels, of one and two axes.
    Spatial,
}

use Through::*;

/// Sizes along the last `axes` of three axes; the others are 1, without padding.
#[derive(Clone, Copy, Debug)]
pub struct FftConv {
    pub axes: usize,
    pub batch: usize,
    /// Input channels of a group and output channels of a group.
    pub channels: [usize; 2],
    pub groups: usize,
    pub size: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub dilation: [usize; 3],
    pub padding: [(usize, usize); 3],
    pub bias: bool,
    pub algorithm: FftConvAlgorithm,
    pub saved: SavedSpectrum,
    pub through: Through,
    pub dtype: DType,
    pub layouts: [Layout; 3],
    pub seed: u64,
}

impl Case for FftConv {
    fn draw(draw: &mut Draw) -> Self {
        let axes = draw.pick(&[1, 1, 2, 2, 2, 3]);
        let most = [700, 40, 12][axes - 1];
        let taps = [200, 12, 4][axes - 1];
        let mut case = Self {
            axes,
            batch: draw.size(3),
            channels: [draw.count(4), draw.count(4)],
            groups: draw.pick(&[1, 1, 1, 2, 3, 4]),
            size: [1; 3],
            kernel: [1; 3],
            stride: [1; 3],
            dilation: [1; 3],
            padding: [(0, 0); 3],
            bias: draw.one_in(2),
            algorithm: FftConvAlgorithm::Auto,
            saved: draw.pick(&[SavedSpectrum::Keep, SavedSpectrum::Recompute]),
            through: draw.pick(&[Function, Function, Layer, Spatial]),
            dtype: draw.dtype(),
            layouts: core::array::from_fn(|_| Layout::draw(draw)),
            seed: draw.bits(),
        };
        if axes == 3 && case.through == Spatial {
            case.through = Function;
        }
        for axis in 3 - axes..3 {
            case.size[axis] = draw.size(most);
            case.kernel[axis] = draw.count(taps);
            case.stride[axis] = draw.pick(&[1, 1, 1, 2, 3, 5, 50]);
            case.dilation[axis] = draw.pick(&[1, 1, 1, 2, 3, 7]);
            let pad = |draw: &mut Draw| match draw.up_to(3) {
                0 | 1 => 0,
                2 => draw.up_to(3),
                _ => draw.up_to(taps + 3),
            };
            case.padding[axis] = (pad(draw), pad(draw));
            if axes == 3 && case.through == Layer {
                case.padding[axis].1 = case.padding[axis].0;
            }
        }
        let extent = (0..3).map(|axis| case.extent(axis)).max().unwrap_or(1);
        case.algorithm = match draw.up_to(4) {
            0 => FftConvAlgorithm::Direct,
            1 => FftConvAlgorithm::Whole,
            2 | 3 => FftConvAlgorithm::Tiled {
                tile: extent + draw.up_to(20),
            },
            _ => FftConvAlgorithm::Auto,
        };
        case
    }

    fn check(&self) -> Result<(), String> {
        self.compare(self)
    }
}

impl FftConv {
    fn extent(&self, axis: usize) -> usize {
        self.dilation[axis] * (self.kernel[axis] - 1) + 1
    }

    /// Whether the padded signal holds the kernel.
    fn fits(&self) -> bool {
        (0..3).all(|axis| {
            let (before, after) = self.padding[axis];
            self.size[axis] + before + after >= self.extent(axis)
        })
    }

    fn outputs(&self) -> [usize; 3] {
        core::array::from_fn(|axis| {
            let (before, after) = self.padding[axis];
            (self.size[axis] + before + after - self.extent(axis)) / self.stride[axis] + 1
        })
    }

    fn shape<const D: usize>(&self, leading: [usize; 2], sizes: [usize; 3]) -> [usize; D] {
        core::array::from_fn(|axis| match axis {
            0 | 1 => leading[axis],
            _ => sizes[axis + 1 - self.axes],
        })
    }

    /// The sum over taps and channels.
    fn loops(&self, weight: &[f64], x: &[f64], cotangent: &[f64]) -> Bilinear {
        let (outputs, [inputs, filters]) = (self.outputs(), self.channels);
        let [samples, taps, positions] =
            [self.size, self.kernel, outputs].map(|sizes| sizes.iter().product::<usize>());
        bilinear(weight, x, cotangent, |term| {
            for batch in 0..self.batch {
                for output in 0..self.groups * filters {
                    for input in 0..inputs {
                        let channel = output / filters * inputs + input;
                        for n in places(outputs) {
                            for t in places(self.kernel) {
                                let at: [usize; 3] = core::array::from_fn(|axis| {
                                    let padded =
                                        self.stride[axis] * n[axis] + self.dilation[axis] * t[axis];
                                    padded.wrapping_sub(self.padding[axis].0)
                                });
                                if (0..3).any(|axis| at[axis] >= self.size[axis]) {
                                    continue;
                                }
                                term(
                                    (batch * self.groups * filters + output) * positions
                                        + index(n, outputs),
                                    (output * inputs + input) * taps + index(t, self.kernel),
                                    (batch * self.groups * inputs + channel) * samples
                                        + index(at, self.size),
                                    1.0,
                                );
                            }
                        }
                    }
                }
            }
        })
    }

    /// Compares the layer with the loops of `expected`.
    pub fn compare(&self, expected: &Self) -> Result<(), String> {
        match self.axes {
            1 => self.compare_in::<3>(expected),
            2 => self.compare_in::<4>(expected),
            _ => self.compare_in::<5>(expected),
        }
    }

    fn compare_in<const D: usize>(&self, expected: &Self) -> Result<(), String> {
        let device = Device::flex().autodiff();
        let mut draw = Draw::new(self.seed);
        let [inputs, filters] = self.channels;
        let x_dims: [usize; D] = self.shape([self.batch, self.groups * inputs], self.size);
        let w_dims: [usize; D] = self.shape([self.groups * filters, inputs], self.kernel);
        let x = draw.values(x_dims.iter().product());
        let weight = draw.values(w_dims.iter().product());
        let bias = draw.values(self.groups * filters);
        let leaf = |layout: Layout, values: &[f64], dims| {
            let tensor = layout.tensor::<D>(values, dims, self.dtype, &device);
            tensor.require_grad()
        };
        let x_leaf = leaf(self.layouts[0], &x, x_dims);
        let w_leaf = leaf(self.layouts[1], &weight, w_dims);
        let b_leaf = self.bias.then(|| {
            let tensor = Layout::Contiguous.tensor::<1>(&bias, [bias.len()], self.dtype, &device);
            tensor.require_grad()
        });
        let result = self.call(x_leaf.clone(), w_leaf.clone(), b_leaf.clone());
        let y = match (result, self.fits()) {
            (Ok(y), true) => y,
            (Err(_), false) => return Ok(()),
            (Ok(_), false) => return Err("accepted, though the kernel does not fit".into()),
            (Err(error), true) => return Err(format!("refused: {error}")),
        };
        let y_dims: [usize; D] = self.shape([self.batch, self.groups * filters], self.outputs());
        if y.dims() != y_dims {
            return Err(format!(
                "the output has the shape {:?}, not {y_dims:?}",
                y.dims()
            ));
        }
        let cotangent = draw.values(y_dims.iter().product());
        let weights = self.layouts[2].tensor::<D>(&cotangent, y_dims, self.dtype, &device);
        let gradients = (y.clone() * weights).sum().backward();
        let positions: usize = self.outputs().iter().product();
        let mut want = expected.loops(&weight, &x, &cotangent);
        let mut bias_gradient = vec![0.0; bias.len()];
        for (at, value) in want.y.iter_mut().enumerate() {
            let channel = at / positions % bias.len();
            if self.bias {
                *value += bias[channel];
            }
            bias_gradient[channel] += cotangent[at];
        }
        let one = [1.0];
        let scale = [&weight[..], &[bias.len() as f64]].concat();
        compare(
            "y",
            &values(y),
            &want.y,
            [&scale, &[&x[..], &one].concat()],
            self.dtype,
        )?;
        let gradient = |leaf: &Tensor<D>| {
            leaf.grad(&gradients)
                .map(values)
                .ok_or("no gradient".to_string())
        };
        let factors = [&weight[..], &cotangent];
        compare(
            "x's gradient",
            &gradient(&x_leaf)?,
            &want.x_gradient,
            factors,
            self.dtype,
        )?;
        let factors = [&x[..], &cotangent];
        compare(
            "w's gradient",
            &gradient(&w_leaf)?,
            &want.weight_gradient,
            factors,
            self.dtype,
        )?;
        if let Some(leaf) = b_leaf {
            let got = leaf.grad(&gradients).map(values).ok_or("no gradient")?;
            let factors = [&cotangent[..], &[positions as f64]];
            compare(
                "the bias' gradient",
                &got,
                &bias_gradient,
                factors,
                self.dtype,
            )?;
        }
        Ok(())
    }

    /// The last `axes` entries.
    fn last<T: Copy>(&self, of: [T; 3]) -> Vec<T> {
        of[3 - self.axes..].to_vec()
    }

    fn call<const D: usize>(
        &self,
        x: Tensor<D>,
        weight: Tensor<D>,
        bias: Option<Tensor<1>>,
    ) -> Result<Tensor<D>, SpectralError> {
        match (self.through, self.axes) {
            (Function, _) => {
                let options = FftConvOptions {
                    stride: self.last(self.stride),
                    padding: self.last(self.padding),
                    dilation: self.last(self.dilation),
                    groups: self.groups,
                    algorithm: self.algorithm,
                    saved: self.saved,
                };
                try_fft_conv(x, weight, bias, &options)
            }
            (_, 1) => self.one(rank(x), weight, bias).map(rank),
            (_, 2) => self.two(rank(x), weight, bias).map(rank),
            _ => self.three(rank(x), weight, bias).map(rank),
        }
    }

    fn all_channels(&self) -> [usize; 2] {
        self.channels.map(|channels| channels * self.groups)
    }
}

/// Names the rank that `A` is known to be.
fn rank<const A: usize, const B: usize>(tensor: Tensor<A>) -> Tensor<B> {
    Tensor::from_dispatch(tensor.into_dispatch())
}

macro_rules! layer {
    ($name:ident, $rank:literal, $self:ident, $config:expr, $spatial:expr) => {
        fn $name<const D: usize>(
            &$self,
            x: Tensor<$rank>,
            weight: Tensor<D>,
            bias: Option<Tensor<1>>,
        ) -> Result<Tensor<$rank>, SpectralError> {
            let config = $config.with_groups($self.groups).with_bias($self.bias);
            let device = x.device();
            let weight = Param::from_tensor(rank(weight));
            let bias = bias.map(Param::from_tensor);
            if $self.through == Spatial {
                let mut layer = config.init(&device);
                (layer.weight, layer.bias) = (weight, bias);
                return $spatial(&layer, x);
            }
            let mut layer = config.init_fft(&device);
            (layer.weight, layer.bias) = (weight, bias);
            let layer = layer
                .with_algorithm($self.algorithm)
                .with_saved_spectrum($self.saved);
            layer.check(x.dims())?;
            Ok(layer.forward(x))
        }
    };
}

impl FftConv {
    layer!(
        one,
        3,
        self,
        {
            let [inputs, outputs] = self.all_channels();
            Conv1dConfig::new(inputs, outputs, self.kernel[2])
                .with_stride(self.stride[2])
                .with_dilation(self.dilation[2])
                .with_padding(PaddingConfig1d::Explicit(
                    self.padding[2].0,
                    self.padding[2].1,
                ))
        },
        |layer, x| spatial::try_conv1d_with(layer, Activation::Identity, x)
    );
    layer!(
        two,
        4,
        self,
        {
            let [(top, bottom), (left, right)] = [self.padding[1], self.padding[2]];
            Conv2dConfig::new(self.all_channels(), [self.kernel[1], self.kernel[2]])
                .with_stride([self.stride[1], self.stride[2]])
                .with_dilation([self.dilation[1], self.dilation[2]])
                .with_padding(PaddingConfig2d::Explicit(top, left, bottom, right))
        },
        |layer, x| spatial::try_conv2d_with(layer, Activation::Identity, x)
    );
    layer!(
        three,
        5,
        self,
        {
            let [depth, height, width] = self.padding.map(|pair| pair.0);
            Conv3dConfig::new(self.all_channels(), self.kernel)
                .with_stride(self.stride)
                .with_dilation(self.dilation)
                .with_padding(PaddingConfig3d::Explicit(depth, height, width))
        },
        |_, _| unreachable!("a layer of three axes is not drawn so")
    );
}
