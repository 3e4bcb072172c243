//! Filters of images: learned ones with the channels last, and fixed ones.

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::{
    FilterUse, FixedFourierConv2dConfig, GlobalFilter2dConfig, KernelOrigin,
};

use super::Case;
use super::draw::{Draw, Layout, values};
use super::oracle::{angle, bilinear, compare, index, multiplicity, places};

#[derive(Clone, Copy, Debug)]
pub struct GlobalFilter {
    pub batch: usize,
    pub channels: usize,
    pub size: [usize; 2],
    pub dtype: DType,
    pub layouts: [Layout; 3],
    pub seed: u64,
}

impl Case for GlobalFilter {
    fn draw(draw: &mut Draw) -> Self {
        let most = draw.pick(&[4, 6, 8]);
        Self {
            batch: draw.size(3),
            channels: draw.pick(&[1, 2, 3, 7, 8, 9]),
            size: [draw.size(most), draw.size(most)],
            dtype: draw.dtype(),
            layouts: core::array::from_fn(|_| Layout::draw(draw)),
            seed: draw.bits(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let device = Device::flex().autodiff();
        let mut draw = Draw::new(self.seed);
        let ([height, width], channels) = (self.size, self.channels);
        let layer = GlobalFilter2dConfig::new(channels, self.size).try_init(&device);
        let mut layer = match (layer, self.size.contains(&0)) {
            (Ok(layer), false) => layer,
            (Err(_), true) => return Ok(()),
            (result, _) => return Err(format!("{:?}", result.map(|_| ()))),
        };
        let dims = [self.batch, height, width, channels];
        let w_dims = [height, width / 2 + 1, channels];
        let (x, each) = (draw.values(dims.iter().product()), w_dims.iter().product());
        let weight = draw.values(2 * each);
        let leaf = |part: usize| {
            let values = &weight[part * each..][..each];
            let tensor = self.layouts[1].tensor::<3>(values, w_dims, self.dtype, &device);
            tensor.require_grad()
        };
        let (re, im) = (leaf(0), leaf(1));
        layer.re = Param::from_tensor(re.clone());
        layer.im = Param::from_tensor(im.clone());
        let x_leaf = self.layouts[0]
            .tensor::<4>(&x, dims, self.dtype, &device)
            .require_grad();
        let y = layer.forward(x_leaf.clone());
        let cotangent = draw.values(x.len());
        let weights = self.layouts[2].tensor::<4>(&cotangent, dims, self.dtype, &device);
        let gradients = (y.clone() * weights).sum().backward();
        let (grid, bins) = ([1, height, width], [1, height, width / 2 + 1]);
        let samples = (height * width) as f64;
        let want = bilinear(&weight, &x, &cotangent, |term| {
            for (n, m) in places(grid).flat_map(|n| places(grid).map(move |m| (n, m))) {
                let place = core::array::from_fn(|axis| n[axis] + grid[axis] - m[axis]);
                for k in places(bins) {
                    let (sin, cos) = angle(k, place, grid).sin_cos();
                    let c = multiplicity(k[2], width) / samples;
                    for batch in 0..self.batch {
                        for channel in 0..channels {
                            let at = |place| {
                                (batch * height * width + index(place, grid)) * channels + channel
                            };
                            let w = index(k, bins) * channels + channel;
                            term(at(n), w, at(m), c * cos);
                            term(at(n), each + w, at(m), -c * sin);
                        }
                    }
                }
            }
        });
        compare("y", &values(y), &want.y, [&weight, &x], self.dtype)?;
        let got = x_leaf.grad(&gradients).map(values).ok_or("no gradient")?;
        compare(
            "x's gradient",
            &got,
            &want.x_gradient,
            [&weight, &cotangent],
            self.dtype,
        )?;
        let mut got = re.grad(&gradients).map(values).ok_or("no gradient")?;
        got.extend(im.grad(&gradients).map(values).ok_or("no gradient")?);
        compare(
            "w's gradient",
            &got,
            &want.weight_gradient,
            [&x, &cotangent],
            self.dtype,
        )
    }
}

/// Kernel images, or functions of frequency if there is no origin.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    pub batch: usize,
    pub channels: usize,
    pub filters: usize,
    pub filter_use: FilterUse,
    pub origin: Option<KernelOrigin>,
    pub size: [usize; 2],
    pub dtype: DType,
    pub layouts: [Layout; 2],
    pub seed: u64,
}

/// A response without any symmetry.
fn response(f_h: f64, f_w: f64) -> (f64, f64) {
    (0.3 + f_h - 2.0 * f_w * f_h, 0.7 * f_w + f_h * f_h)
}

impl Case for Fixed {
    fn draw(draw: &mut Draw) -> Self {
        let filter_use = draw.pick(&[
            FilterUse::EachChannel,
            FilterUse::PerChannel,
            FilterUse::ChannelSum,
        ]);
        let (channels, filters) = (draw.count(4), draw.count(3));
        let origin = draw.pick(&[None, Some(KernelOrigin::First), Some(KernelOrigin::Center)]);
        let most = match origin {
            None => 7,
            Some(_) => 10,
        };
        Self {
            batch: draw.size(3),
            channels,
            filters: match (filter_use, origin) {
                (FilterUse::PerChannel, _) => channels,
                _ => filters,
            },
            filter_use,
            origin,
            size: [draw.size(most), draw.size(most)],
            dtype: draw.dtype(),
            layouts: core::array::from_fn(|_| Layout::draw(draw)),
            seed: draw.bits(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let device = Device::flex().autodiff();
        let mut draw = Draw::new(self.seed);
        let (channels, filters, [height, width]) = (self.channels, self.filters, self.size);
        let samples = height * width;
        let kernels = match self.origin {
            Some(_) => draw.values(filters * samples),
            None => self.impulse_responses(),
        };
        let config = match self.origin {
            Some(origin) => {
                let dims = [filters, height, width];
                let kernels = Layout::Contiguous.tensor(&kernels, dims, self.dtype, &device);
                FixedFourierConv2dConfig::from_kernels(channels, kernels, origin)
            }
            None => {
                let scaled = |scale: f64| {
                    burn_spectral::conv::FixedFilter::function(move |f_h, f_w| {
                        let (re, im) = response(f_h, f_w);
                        (scale * re, scale * im)
                    })
                };
                let filters = (0..filters).map(|filter| scaled(1.0 + filter as f64));
                FixedFourierConv2dConfig::new(channels, self.size, filters.collect())
            }
        };
        let layer = config.with_filter_use(self.filter_use).try_init(&device);
        let layer = match (layer, samples == 0) {
            (Ok(layer), false) => layer,
            (Err(_), true) => return Ok(()),
            (result, _) => return Err(format!("{:?}", result.map(|_| ()))),
        };
        let dims = [self.batch, channels, height, width];
        let x = draw.values(dims.iter().product());
        let x_leaf = self.layouts[0]
            .tensor::<4>(&x, dims, self.dtype, &device)
            .require_grad();
        let y = layer.forward(x_leaf.clone());
        let outputs = layer.channels()[1];
        let dims = [self.batch, outputs, height, width];
        if y.dims() != dims {
            return Err(format!(
                "the output has the shape {:?}, not {dims:?}",
                y.dims()
            ));
        }
        let cotangent = draw.values(dims.iter().product());
        let weights: Tensor<4> = self.layouts[1].tensor(&cotangent, dims, self.dtype, &device);
        let gradients = (y.clone() * weights).sum().backward();
        let origin = match self.origin {
            Some(KernelOrigin::Center) => [0, height / 2, width / 2],
            _ => [0; 3],
        };
        let grid = [1, height, width];
        let want = bilinear(&kernels, &x, &cotangent, |term| {
            for batch in 0..self.batch {
                for output in 0..outputs {
                    let (inputs, filter) = match self.filter_use {
                        FilterUse::EachChannel => {
                            (output / filters..output / filters + 1, output % filters)
                        }
                        FilterUse::PerChannel => (output..output + 1, output),
                        FilterUse::ChannelSum => (0..channels, output),
                    };
                    for input in inputs {
                        for (n, t) in places(grid).flat_map(|n| places(grid).map(move |t| (n, t))) {
                            let m = core::array::from_fn(|axis| {
                                (n[axis] + origin[axis] + grid[axis] - t[axis]) % grid[axis]
                            });
                            term(
                                (batch * outputs + output) * samples + index(n, grid),
                                filter * samples + index(t, grid),
                                (batch * channels + input) * samples + index(m, grid),
                                1.0,
                            );
                        }
                    }
                }
            }
        });
        // The spectrum of a function is as large as the function, whatever its impulse response.
        let scale = [&kernels[..], &[1.0 + filters as f64]].concat();
        compare("y", &values(y), &want.y, [&scale, &x], self.dtype)?;
        let got = x_leaf.grad(&gradients).map(values).ok_or("no gradient")?;
        compare(
            "x's gradient",
            &got,
            &want.x_gradient,
            [&scale, &cotangent],
            self.dtype,
        )
    }
}

impl Fixed {
    /// The real part of the inverse transform of the functions of frequency.
    fn impulse_responses(&self) -> Vec<f64> {
        let [height, width] = self.size;
        let grid = [1, height, width];
        let signed = |k: usize, n: usize| match 2 * k < n {
            true => k as f64 / n as f64,
            false => k as f64 / n as f64 - 1.0,
        };
        let of_filter = |filter: usize| {
            places(grid).map(move |t| {
                let bin = |k: [usize; 3]| {
                    let (re, im) = response(signed(k[1], height), signed(k[2], width));
                    let (sin, cos) = angle(k, t, grid).sin_cos();
                    re * cos - im * sin
                };
                let scale = (1.0 + filter as f64) / (height * width) as f64;
                places(grid).map(bin).sum::<f64>() * scale
            })
        };
        (0..self.filters).flat_map(of_filter).collect()
    }
}
