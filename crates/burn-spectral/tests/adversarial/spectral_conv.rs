//! Circular convolutions by a kernel, a weight per frequency, or a weight per mode.

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{self, ConjugateFactor, SpectralConvConfig};
use burn_spectral::ops::SavedSpectrum;
use burn_spectral::response::{
    Coupling, FourierModesConfig, FrequencyResponse, FullSpectrumConfig, KernelConfig,
};

use super::Case;
use super::draw::{Draw, Layout, values};
use super::oracle::{Bilinear, angle, bilinear, compare, index, multiplicity, places};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// Taps along the axes.
    Kernel([usize; 3]),
    Free,
    /// Kept bins from 0 up and negative ones.
    Modes([[usize; 2]; 3]),
}

use Response::*;

/// Sizes along the last `axes` of three axes; the others are 1.
#[derive(Clone, Copy, Debug)]
pub struct SpectralConv {
    pub axes: usize,
    pub batch: usize,
    pub channels: [usize; 2],
    pub coupling: Coupling,
    pub conjugate: ConjugateFactor,
    pub size: [usize; 3],
    pub response: Response,
    pub bias: bool,
    pub saved: SavedSpectrum,
    pub dtype: DType,
    pub layouts: [Layout; 3],
    pub seed: u64,
}

impl Case for SpectralConv {
    fn draw(draw: &mut Draw) -> Self {
        let axes = draw.pick(&[1, 2, 2, 3]);
        let kind = draw.up_to(2);
        // A weight of a frequency meets every pair of samples.
        let most = match kind {
            0 => [200, 14, 6],
            _ => [24, 6, 3],
        };
        let mut size = [1; 3];
        for size in &mut size[3 - axes..] {
            *size = draw.size(most[axes - 1]);
        }
        let (coupling, channels) = match draw.up_to(3) {
            0 => (Coupling::Dense, [draw.count(4), draw.count(4)]),
            1 => (Coupling::Shared, [draw.count(4), draw.count(4)]),
            2 => {
                let channels = draw.count(5);
                (Coupling::Depthwise, [channels, channels * draw.count(3)])
            }
            _ => {
                let groups = draw.count(3);
                let channels = [groups * draw.count(3), groups * draw.count(3)];
                (Coupling::Grouped(groups), channels)
            }
        };
        let response = match kind {
            0 => Kernel(core::array::from_fn(|axis| match axis < 3 - axes {
                true => 1,
                // Now and then larger than the signal.
                false => 1 + draw.up_to(size[axis].min(9)),
            })),
            1 => Free,
            _ => Modes(core::array::from_fn(|axis| match axis {
                2 => {
                    // Now and then one more than there are.
                    let most = size[2] / 2 + usize::from(draw.one_in(9));
                    [1 + draw.up_to(most), 0]
                }
                _ if axis < 3 - axes => [1, 0],
                _ => {
                    let positive = 1 + draw.up_to(size[axis].saturating_sub(1));
                    [positive, draw.up_to(size[axis].saturating_sub(positive))]
                }
            })),
        };
        Self {
            axes,
            batch: draw.size(3),
            channels,
            coupling,
            conjugate: draw.pick(&[
                ConjugateFactor::None,
                ConjugateFactor::Response,
                ConjugateFactor::Input,
            ]),
            size,
            response,
            bias: draw.one_in(2),
            saved: draw.pick(&[SavedSpectrum::Keep, SavedSpectrum::Recompute]),
            dtype: draw.dtype(),
            layouts: core::array::from_fn(|_| Layout::draw(draw)),
            seed: draw.bits(),
        }
    }

    fn check(&self) -> Result<(), String> {
        match self.axes {
            1 => self.compare_in::<3>(),
            2 => self.compare_in::<4>(),
            _ => self.compare_in::<5>(),
        }
    }
}

impl SpectralConv {
    fn last<T: Copy>(&self, of: [T; 3]) -> Vec<T> {
        of[3 - self.axes..].to_vec()
    }

    /// Whether the input has the taps or the modes.
    fn fits(&self) -> bool {
        let [_, _, width] = self.size;
        let bins = [self.size[0], self.size[1], width / 2 + 1];
        !self.size.contains(&0)
            && match self.response {
                Kernel(taps) => (0..3).all(|axis| taps[axis] <= self.size[axis]),
                Free => true,
                Modes(modes) => (0..3).all(|axis| modes[axis].iter().sum::<usize>() <= bins[axis]),
            }
    }

    /// Values of a part of the response for a pair of channels along each axis.
    fn extents(&self) -> [usize; 3] {
        let [depth, height, width] = self.size;
        match self.response {
            Kernel(taps) => taps,
            Free => [depth, height, width / 2 + 1],
            Modes(modes) => modes.map(|kept| kept.iter().sum()),
        }
    }

    /// Input channels that an output meets.
    fn inputs(&self, output: usize) -> (core::ops::Range<usize>, usize) {
        let [inputs, outputs] = self.channels;
        let groups = self.coupling.groups(self.channels);
        match self.coupling {
            Coupling::Shared => (0..inputs, 1),
            _ => {
                let each = inputs / groups;
                let first = output / (outputs / groups) * each;
                (first..first + each, each)
            }
        }
    }

    fn loops(&self, weight: &[f64], x: &[f64], cotangent: &[f64]) -> Bilinear {
        let [inputs, outputs] = self.channels;
        let [samples, values] =
            [self.size, self.extents()].map(|sizes| sizes.iter().product::<usize>());
        let imaginary = weight.len() / 2;
        bilinear(weight, x, cotangent, |term| {
            for batch in 0..self.batch {
                for output in 0..outputs {
                    let (channels, each) = self.inputs(output);
                    for (nth, input) in channels.enumerate() {
                        let (from, to) = (
                            (batch * inputs + input) * samples,
                            (batch * outputs + output) * samples,
                        );
                        // With shared coupling all inputs meet one response.
                        let first = (output * each + nth % each) * values;
                        for n in places(self.size) {
                            let y = to + index(n, self.size);
                            for w in places(self.extents()) {
                                let at = first + index(w, self.extents());
                                match self.response {
                                    Kernel(_) => {
                                        let m = self.tap(n, w);
                                        term(y, at, from + index(m, self.size), 1.0);
                                    }
                                    _ => self.bin(n, w, |m, [re, im]| {
                                        let x = from + index(m, self.size);
                                        term(y, at, x, re);
                                        term(y, imaginary + at, x, im);
                                    }),
                                }
                            }
                        }
                    }
                }
            }
        })
    }

    /// The sample that tap `t` meets at output `n`.
    fn tap(&self, n: [usize; 3], t: [usize; 3]) -> [usize; 3] {
        core::array::from_fn(|axis| {
            let (n, t, size) = (n[axis], t[axis], self.size[axis]);
            match self.conjugate {
                ConjugateFactor::None => (n + size - t) % size,
                ConjugateFactor::Response => (n + t) % size,
                ConjugateFactor::Input => (t + size - n) % size,
            }
        })
    }

    /// For a kept bin and every sample `m`, the factors of the real and of the imaginary part of the weight:
    /// `c/N·Re(R·e^{iθ})` with `R` conjugated or not, `θ = 2π·⟨k, n ∓ m⟩/N`.
    fn bin(&self, n: [usize; 3], kept: [usize; 3], mut sample: impl FnMut([usize; 3], [f64; 2])) {
        let k: [usize; 3] = core::array::from_fn(|axis| match self.response {
            Modes(modes) if kept[axis] >= modes[axis][0] => {
                self.size[axis] - modes[axis].iter().sum::<usize>() + kept[axis]
            }
            _ => kept[axis],
        });
        let samples: usize = self.size.iter().product();
        let c = multiplicity(k[2], self.size[2]) / samples as f64;
        let sign = match self.conjugate {
            ConjugateFactor::Response => 1.0,
            _ => -1.0,
        };
        for m in places(self.size) {
            let place = core::array::from_fn(|axis| match self.conjugate {
                ConjugateFactor::Input => n[axis] + m[axis],
                _ => n[axis] + self.size[axis] - m[axis],
            });
            let (sin, cos) = angle(k, place, self.size).sin_cos();
            sample(m, [c * cos, sign * c * sin]);
        }
    }

    fn compare_in<const D: usize>(&self) -> Result<(), String> {
        let device = Device::flex().autodiff();
        let sizes = self.last(self.size);
        match self.response {
            Kernel(taps) => {
                let response = KernelConfig::new(self.last(taps));
                let config = SpectralConvConfig::<D, _>::new(self.channels, response);
                self.compare_layer(config, &device, |layer, [taps, _]| {
                    layer.response.weight = Param::from_tensor(taps.clone());
                })
            }
            Free => {
                let response = FullSpectrumConfig::new(sizes);
                let config = SpectralConvConfig::<D, _>::new(self.channels, response);
                self.compare_layer(config, &device, |layer, [re, im]| {
                    layer.response.re = Param::from_tensor(re.clone());
                    layer.response.im = Param::from_tensor(im.clone());
                })
            }
            Modes(modes) => {
                let mut response = FourierModesConfig::new(sizes);
                response.corners = self.last(modes);
                let config = SpectralConvConfig::<D, _>::new(self.channels, response);
                self.compare_layer(config, &device, |layer, [re, im]| {
                    layer.response.re = Param::from_tensor(re.clone());
                    layer.response.im = Param::from_tensor(im.clone());
                })
            }
        }
    }

    fn compare_layer<const D: usize, C, R>(
        &self,
        config: SpectralConvConfig<D, C>,
        device: &Device,
        set: impl Fn(&mut conv::SpectralConv<D, R>, [&Tensor<D>; 2]),
    ) -> Result<(), String>
    where
        C: burn_spectral::response::ResponseConfig<D, Response = R>,
        R: FrequencyResponse<D>,
    {
        let mut draw = Draw::new(self.seed);
        let layer = config
            .with_coupling(self.coupling)
            .with_conjugate(self.conjugate)
            .with_bias(self.bias)
            .try_init(device);
        let mut layer = match layer {
            Ok(layer) => layer.with_saved_spectrum(self.saved),
            Err(_) if !self.fits() => return Ok(()),
            Err(error) => return Err(format!("refused: {error}")),
        };
        let shape = |leading: [usize; 2], sizes: [usize; 3]| -> [usize; D] {
            core::array::from_fn(|axis| match axis {
                0 | 1 => leading[axis],
                _ => sizes[axis + 1 - self.axes],
            })
        };
        let [inputs, outputs] = self.channels;
        let (_, each) = self.inputs(0);
        let x_dims = shape([self.batch, inputs], self.size);
        let y_dims = shape([self.batch, outputs], self.size);
        let w_dims = shape([outputs, each], self.extents());
        match (layer.check(x_dims), self.fits()) {
            (Ok(_), true) => (),
            (Err(_), false) => return Ok(()),
            (got, _) => return Err(format!("the check gives {:?}", got.map(|_| ()))),
        }
        let x = draw.values(x_dims.iter().product());
        let parts = match self.response {
            Kernel(_) => 1,
            _ => 2,
        };
        let each: usize = w_dims.iter().product();
        let weight = draw.values(parts * each);
        let part = |part: usize| {
            let values = &weight[part * each..][..each];
            let tensor = self.layouts[1].tensor::<D>(values, w_dims, self.dtype, device);
            tensor.require_grad()
        };
        let leaves: Vec<Tensor<D>> = (0..parts).map(part).collect();
        set(&mut layer, [&leaves[0], &leaves[parts - 1]]);
        let bias = draw.values(outputs);
        if self.bias {
            let tensor = Layout::Contiguous.tensor::<1>(&bias, [outputs], self.dtype, device);
            layer.bias = Some(Param::from_tensor(tensor));
        }
        let x_leaf = self.layouts[0]
            .tensor::<D>(&x, x_dims, self.dtype, device)
            .require_grad();
        let y = layer.forward(x_leaf.clone());
        if y.dims() != y_dims {
            return Err(format!(
                "the output has the shape {:?}, not {y_dims:?}",
                y.dims()
            ));
        }
        let cotangent = draw.values(y_dims.iter().product());
        let weights = self.layouts[2].tensor::<D>(&cotangent, y_dims, self.dtype, device);
        let gradients = (y.clone() * weights).sum().backward();
        let mut want = self.loops(&weight, &x, &cotangent);
        let samples: usize = self.size.iter().product();
        if self.bias {
            for (at, value) in want.y.iter_mut().enumerate() {
                *value += bias[at / samples % outputs];
            }
        }
        let (w_scale, x_scale) = ([&weight[..], &[1.0]].concat(), [&x[..], &[1.0]].concat());
        compare("y", &values(y), &want.y, [&w_scale, &x_scale], self.dtype)?;
        let x_gradient = x_leaf.grad(&gradients).map(values).ok_or("no gradient")?;
        let factors = [&weight[..], &cotangent];
        compare(
            "x's gradient",
            &x_gradient,
            &want.x_gradient,
            factors,
            self.dtype,
        )?;
        let mut got = Vec::new();
        for leaf in &leaves {
            got.extend(leaf.grad(&gradients).map(values).ok_or("no gradient")?);
        }
        let factors = [&x[..], &cotangent];
        compare(
            "w's gradient",
            &got,
            &want.weight_gradient,
            factors,
            self.dtype,
        )
    }
}
