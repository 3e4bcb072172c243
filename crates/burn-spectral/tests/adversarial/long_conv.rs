//! Causal convolutions with kernels as long as the signal.

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::conv::try_long_conv;

use super::Case;
use super::draw::{Draw, Layout, values};
use super::oracle::{bilinear, compare};

#[derive(Clone, Copy, Debug)]
pub struct LongConv {
    pub batch: usize,
    pub channels: usize,
    pub length: usize,
    pub taps: usize,
    pub skip: bool,
    pub dtype: DType,
    pub layouts: [Layout; 3],
    pub seed: u64,
}

impl Case for LongConv {
    fn draw(draw: &mut Draw) -> Self {
        let most = draw.pick(&[20, 130, 700]);
        Self {
            batch: draw.size(4),
            channels: draw.count(20),
            length: draw.size(most),
            taps: draw.size(most + most / 4),
            skip: draw.one_in(2),
            dtype: draw.dtype(),
            layouts: core::array::from_fn(|_| Layout::draw(draw)),
            seed: draw.bits(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let device = Device::flex().autodiff();
        let mut draw = Draw::new(self.seed);
        let (dims, samples) = (
            [self.batch, self.channels, self.length],
            self.batch * self.channels * self.length,
        );
        let (x, kernel) = (draw.values(samples), draw.values(self.channels * self.taps));
        let (skip, cotangent) = (draw.values(self.channels), draw.values(samples));
        let x_leaf = self.layouts[0]
            .tensor::<3>(&x, dims, self.dtype, &device)
            .require_grad();
        let k_leaf = self.layouts[1]
            .tensor::<2>(&kernel, [self.channels, self.taps], self.dtype, &device)
            .require_grad();
        let skip_leaf = self.skip.then(|| {
            let tensor = Tensor::<1>::from_data(&skip[..], (&device, self.dtype));
            tensor.require_grad()
        });
        let result = try_long_conv(x_leaf.clone(), k_leaf.clone(), skip_leaf.clone());
        let y = match (result, self.length > 0 && self.taps > 0) {
            (Ok(y), true) => y,
            (Err(_), false) => return Ok(()),
            (result, _) => return Err(format!("{:?}", result.map(|y| y.dims()))),
        };
        let weights = self.layouts[2].tensor::<3>(&cotangent, dims, self.dtype, &device);
        let gradients = (y.clone() * weights).sum().backward();
        let all = [&kernel[..], &skip].concat();
        let want = bilinear(&all, &x, &cotangent, |term| {
            for batch in 0..self.batch {
                for channel in 0..self.channels {
                    let first = (batch * self.channels + channel) * self.length;
                    for t in 0..self.length {
                        for s in 0..self.taps.min(t + 1) {
                            term(first + t, channel * self.taps + s, first + t - s, 1.0);
                        }
                        if self.skip {
                            term(first + t, kernel.len() + channel, first + t, 1.0);
                        }
                    }
                }
            }
        });
        compare("y", &values(y), &want.y, [&all, &x], self.dtype)?;
        let got = x_leaf.grad(&gradients).map(values).ok_or("no gradient")?;
        compare(
            "x's gradient",
            &got,
            &want.x_gradient,
            [&all, &cotangent],
            self.dtype,
        )?;
        let mut got = k_leaf.grad(&gradients).map(values).ok_or("no gradient")?;
        let factors = [&x[..], &cotangent];
        let of_kernel = &want.weight_gradient[..kernel.len()];
        compare(
            "the kernel's gradient",
            &got,
            of_kernel,
            factors,
            self.dtype,
        )?;
        if let Some(leaf) = skip_leaf {
            got = leaf.grad(&gradients).map(values).ok_or("no gradient")?;
            let of_skip = &want.weight_gradient[kernel.len()..];
            compare("the skip's gradient", &got, of_skip, factors, self.dtype)?;
        }
        Ok(())
    }
}
