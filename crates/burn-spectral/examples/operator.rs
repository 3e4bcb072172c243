//! A small Fourier neural operator (Li et al., 2021): trained on 48 points, evaluated on 192, beside the
//! simple way to get there: run it on 48 points and interpolate what it gives.
//!
//! ```sh
//! cargo run --release -p burn-spectral --example operator
//! ```
//!
//! From the start of a wave to what Burgers' equation `u_t + u·u_x = ν·u_xx` makes of it on a
//! circle.

use std::error::Error;
use std::f32::consts::TAU;

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::gelu;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use burn_spectral::conv::{SpectralConv1d, SpectralConv1dConfig};
use burn_spectral::response::{FourierModes1d, FourierModesConfig};
use burn_spectral::{HalfSpectrum, Norm, fft};

const WIDTH: usize = 16;
const MODES: usize = 12;
const BLOCKS: usize = 3;
const COARSE: usize = 48;
const FINE: usize = 192;
const STEPS: usize = 300;
const WAVES: usize = 256;
const BATCH: usize = 16;
const VISCOSITY: f32 = 0.05;
const TIME: f32 = 0.6;

/// What passes the lowest modes, plus what a pointwise convolution makes of all.
#[derive(Module, Debug)]
struct Block {
    modes: SpectralConv1d<FourierModes1d>,
    local: Conv1d,
}

#[derive(Module, Debug)]
struct Operator {
    lift: Conv1d,
    blocks: Vec<Block>,
    project: Conv1d,
}

impl Operator {
    fn new(device: &Device) -> Self {
        let pointwise = |ends: [usize; 2]| Conv1dConfig::new(ends[0], ends[1], 1).init(device);
        let block = |_| Block {
            modes: SpectralConv1dConfig::new([WIDTH, WIDTH], FourierModesConfig::new([MODES]))
                .init(device),
            local: pointwise([WIDTH, WIDTH]),
        };
        Self {
            lift: pointwise([1, WIDTH]),
            blocks: (0..BLOCKS).map(block).collect(),
            project: pointwise([WIDTH, 1]),
        }
    }

    /// `[batch, 1, points]` to the same, for any number of points.
    fn forward(&self, start: Tensor<3>) -> Tensor<3> {
        let features = self
            .blocks
            .iter()
            .fold(self.lift.forward(start), |x, block| {
                gelu(block.modes.forward(x.clone()) + block.local.forward(x))
            });
        self.project.forward(features)
    }
}

/// Waves of a few random modes and what becomes of them, on so many points.
fn waves(count: usize, points: usize, device: &Device) -> [Tensor<3>; 2] {
    let draws = Tensor::<1>::random([count * 6], Distribution::Normal(0.0, 1.0), device);
    let draws: Vec<f32> = draws.into_data().iter::<f32>().collect();
    let mut sides = [Vec::new(), Vec::new()];
    for weights in draws.chunks(6) {
        // Solved on the fine grid, whatever is asked for.
        let start: Vec<f32> = (0..FINE)
            .map(|point| {
                let x = TAU * point as f32 / FINE as f32;
                let modes = weights.chunks(2).zip(1..);
                modes
                    .map(|(pair, mode)| {
                        let angle = mode as f32 * x;
                        (pair[0] * angle.sin() + pair[1] * angle.cos()) / (mode * mode) as f32
                    })
                    .sum()
            })
            .collect();
        let end = burgers(start.clone());
        for (side, values) in sides.iter_mut().zip([start, end]) {
            side.extend(values.into_iter().step_by(FINE / points));
        }
    }
    sides.map(|side| Tensor::from_data(TensorData::new(side, [count, 1, points]), device))
}

/// Burgers' equation by small steps of central differences.
fn burgers(mut u: Vec<f32>) -> Vec<f32> {
    let (n, dx) = (u.len(), TAU / u.len() as f32);
    let steps = (TIME * VISCOSITY / (0.2 * dx * dx)).ceil().max(600.0) as usize;
    let dt = TIME / steps as f32;
    for _ in 0..steps {
        let at = |index: usize| u[index % n];
        u = (0..n)
            .map(|i| {
                let (left, here, right) = (at(i + n - 1), at(i), at(i + 1));
                let flux = (right * right - left * left) / (4.0 * dx);
                here + dt * (VISCOSITY * (right - 2.0 * here + left) / (dx * dx) - flux)
            })
            .collect();
    }
    u
}

/// Relative L2 error on new waves, of what `run` predicts for their starts.
fn error(run: impl Fn(Tensor<3>) -> Tensor<3>, points: usize, device: &Device) -> f32 {
    device.seed(99);
    let [start, end] = waves(64, points, device);
    let wrong: f32 = (run(start) - end.clone()).square().mean().into_scalar();
    let size: f32 = end.square().mean().into_scalar();
    (wrong / size).sqrt()
}

/// Trigonometric interpolation to more points.
fn interpolated(signal: Tensor<3>, points: usize) -> Tensor<3> {
    // Under this norm the coefficients are amplitudes, which do not depend on the grid.
    let spectrum = fft::rfft(signal, -1, Norm::Forward).into_complex();
    let [batch, channels, bins] = spectrum.dims();
    // The highest frequency of an even number of points has no partner to share its amplitude with.
    let zeros = Tensor::zeros([batch, channels, points / 2 + 2 - bins], &spectrum.device());
    let padded = spectrum.map(|part| {
        let kept = part.narrow(2, 0, bins - 1);
        Tensor::cat(vec![kept, zeros.clone()], 2)
    });
    fft::irfft(HalfSpectrum::new(padded, points), Norm::Forward)
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    device.seed(1);
    let learning = device.clone().autodiff();
    let [starts, ends] = waves(WAVES, COARSE, &learning);
    let mut operator = Operator::new(&device).train();
    let mut optimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for step in 1..=STEPS {
        let first = step * BATCH % WAVES;
        let [start, end] = [&starts, &ends].map(|all| all.clone().narrow(0, first, BATCH));
        let loss = (operator.forward(start) - end).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &operator);
        let rate = 4e-3 * (1.0 - step as f64 / (STEPS + 1) as f64);
        operator = optimizer.step(rate, operator, gradients);
        losses.push(loss.into_scalar::<f32>());
        if step % 75 == 0 {
            // Over all waves once.
            let last = &losses[step.saturating_sub(WAVES / BATCH)..];
            let mean = last.iter().sum::<f32>() / last.len() as f32;
            println!("step {step:>3}  loss {mean:.4}");
        }
    }
    let operator = operator.valid();
    let [coarse, fine] =
        [COARSE, FINE].map(|points| error(|start| operator.forward(start), points, &device));
    let baseline = error(
        |start| {
            let every = (0..COARSE as i32).map(|point| point * (FINE / COARSE) as i32);
            let every =
                Tensor::from_data(TensorData::from(&every.collect::<Vec<_>>()[..]), &device);
            interpolated(operator.forward(start.select(2, every)), FINE)
        },
        FINE,
        &device,
    );
    println!("relative error on new waves: {coarse:.3} on {COARSE} points, {fine:.3} on {FINE}");
    println!("run on {COARSE} points and interpolated to {FINE}: {baseline:.3}");
    if coarse > 0.2 || fine > 1.5 * coarse {
        return Err("the operator did not learn, or not for another number of points".into());
    }
    Ok(())
}
