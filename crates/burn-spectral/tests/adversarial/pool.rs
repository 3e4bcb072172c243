//! Changes of resolution.

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::pool::{SpectralPool2d, SpectralUpsample2d, spectral_resize2d};

use super::Case;
use super::draw::{Draw, Layout, values};
use super::oracle::{bilinear, compare};

#[derive(Clone, Copy, Debug)]
pub struct Resample {
    pub batch: usize,
    pub channels: usize,
    pub from: [usize; 2],
    pub to: [usize; 2],
    pub dtype: DType,
    pub layouts: [Layout; 2],
    pub seed: u64,
}

/// The interpolation of `n` samples at `m` points as a matrix `[m, n]`: a sum over frequencies.
fn matrix(n: usize, m: usize) -> Vec<f64> {
    let nyquist = n.min(m).is_multiple_of(2).then(|| n.min(m) / 2);
    let entry = |(j, i): (usize, usize)| {
        let turn = |k: usize| {
            let [there, here] = [(k * j % m) as f64 / m as f64, (k * i % n) as f64 / n as f64];
            core::f64::consts::TAU * (there - here)
        };
        let below = (1..=(n.min(m) - 1) / 2).map(|k| 2.0 * turn(k).cos());
        let edge = nyquist.map_or(0.0, |k| match m < n {
            // The two old bins at ±k become the one of the new grid.
            true => 2.0 * turn(k).cos(),
            // The one old bin stays, or becomes two of half its size at ±k.
            false => turn(k).cos(),
        });
        (1.0 + below.sum::<f64>() + edge) / n as f64
    };
    (0..m)
        .flat_map(|j| (0..n).map(move |i| (j, i)))
        .map(entry)
        .collect()
}

impl Case for Resample {
    fn draw(draw: &mut Draw) -> Self {
        let most = draw.pick(&[6, 14, 20]);
        let from = [draw.size(most), draw.size(most)];
        Self {
            batch: draw.size(3),
            channels: draw.size(3),
            from,
            to: match draw.up_to(3) {
                0 => from,
                1 => [from[0], draw.size(most)],
                _ => [draw.size(most), draw.size(most)],
            },
            dtype: draw.dtype(),
            layouts: core::array::from_fn(|_| Layout::draw(draw)),
            seed: draw.bits(),
        }
    }

    fn check(&self) -> Result<(), String> {
        let device = Device::flex().autodiff();
        let mut draw = Draw::new(self.seed);
        let (from, to) = (self.from, self.to);
        let dims = [self.batch, self.channels, from[0], from[1]];
        let x = draw.values(dims.iter().product());
        let x_leaf = self.layouts[0]
            .tensor::<4>(&x, dims, self.dtype, &device)
            .require_grad();
        let is_empty = from.contains(&0) || to.contains(&0);
        let fits = |smaller: [usize; 2], larger: [usize; 2]| {
            !is_empty && smaller[0] <= larger[0] && smaller[1] <= larger[1]
        };
        let pool = SpectralPool2d::try_new(to).and_then(|layer| {
            layer.check(dims)?;
            Ok(layer.forward(x_leaf.clone()))
        });
        let upsampled = SpectralUpsample2d::try_new(to).and_then(|layer| {
            layer.check(dims)?;
            Ok(layer.forward(x_leaf.clone()))
        });
        if (pool.is_ok(), upsampled.is_ok()) != (fits(to, from), fits(from, to)) {
            return Err("a pooling takes or refuses other sizes than it says".into());
        }
        let y = match (pool, upsampled) {
            (Ok(y), _) | (_, Ok(y)) => y,
            _ if is_empty => return Ok(()),
            _ => spectral_resize2d(x_leaf.clone(), to),
        };
        let dims = [self.batch, self.channels, to[0], to[1]];
        if y.dims() != dims {
            return Err(format!(
                "the output has the shape {:?}, not {dims:?}",
                y.dims()
            ));
        }
        let cotangent = draw.values(dims.iter().product());
        let weights: Tensor<4> = self.layouts[1].tensor(&cotangent, dims, self.dtype, &device);
        let gradients = (y.clone() * weights).sum().backward();
        let (rows, columns) = (matrix(from[0], to[0]), matrix(from[1], to[1]));
        let want = bilinear(&[1.0], &x, &cotangent, |term| {
            for plane in 0..self.batch * self.channels {
                for (row, column) in (0..to[0]).flat_map(|r| (0..to[1]).map(move |c| (r, c))) {
                    for i in 0..from[0] {
                        for j in 0..from[1] {
                            let c = rows[row * from[0] + i] * columns[column * from[1] + j];
                            let y = (plane * to[0] + row) * to[1] + column;
                            term(y, 0, (plane * from[0] + i) * from[1] + j, c);
                        }
                    }
                }
            }
        });
        // An interpolation is as large as its samples, whatever the number of points.
        let grown = [((to[0] * to[1]) as f64).sqrt()];
        compare("y", &values(y), &want.y, [&grown, &x], self.dtype)?;
        let got = x_leaf.grad(&gradients).map(values).ok_or("no gradient")?;
        compare(
            "x's gradient",
            &got,
            &want.x_gradient,
            [&grown, &cotangent],
            self.dtype,
        )
    }
}
