//! Whole training steps of the cats-vs-dogs networks of Wood and Larson (2021): batch 64 of 3×150×150, mean squared
//! error on one-hot labels, Adam. One JSON object a line, medians, as `peers/torch_steps.py` prints them.
//!
//! `RAYON_NUM_THREADS=2 cargo bench -p burn-spectral --bench cats_vs_dogs -- [--budget SECONDS] [CASE …]`

use std::time::Instant;

use burn::module::{Module, ModuleDisplay};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{MseLoss, Reduction};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::frequency::{
    FourierDomainConv2dConfig, SharedStack2d, SharedStack2dConfig, SpectralMix2d,
};
use burn_spectral::response::{
    FrequencyResponse, GaussianConfig, ParametricForm, PolynomialConfig,
};

const BATCH: usize = 64;
const SIZE: usize = 150;
const BINS: usize = 76;
const FOUR: [usize; 4] = [6; 4];
const WIDE: [usize; 6] = [6, 6, 12, 12, 24, 24];

trait Network: Module + ModuleDisplay {
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;
}

#[derive(Module, Debug)]
struct Spectral<R: Module> {
    stack: SharedStack2d<R>,
    head: Linear,
}

impl<R: FrequencyResponse<4>> Spectral<R> {
    fn new(stack: SharedStack2d<R>, filters: &[usize], device: &Device) -> Self {
        let features = 2 * filters[filters.len() - 1] * SIZE * BINS;
        let head = LinearConfig::new(features, 2).init(device);
        Self { stack, head }
    }
}

impl<R: FrequencyResponse<4> + ModuleDisplay> Network for Spectral<R> {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.stack.forward_dense(images, &self.head)
    }
}

#[derive(Module, Debug)]
struct Spatial {
    layers: Vec<Conv2d>,
    head: Linear,
}

impl Spatial {
    fn new(device: &Device) -> Self {
        let layer = |(&inputs, &outputs): (&usize, &usize)| {
            Conv2dConfig::new([inputs, outputs], [3, 3])
                .with_padding(PaddingConfig2d::Same)
                .init(device)
        };
        Self {
            layers: [3, 6, 6, 6].iter().zip(&FOUR).map(layer).collect(),
            head: LinearConfig::new(FOUR[3] * SIZE * SIZE, 2).init(device),
        }
    }
}

impl Network for Spatial {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let layer = |x, layer: &Conv2d| relu(layer.forward(x));
        let y = self.layers.iter().fold(images, layer);
        self.head.forward(y.flatten(1, 3))
    }
}

fn fourier(device: &Device) -> Spectral<burn_spectral::response::Free<4>> {
    let layers = [3, 6, 6, 6].map(|inputs| -> SpectralMix2d<_> {
        let config = FourierDomainConv2dConfig::published([inputs, 6], [SIZE, SIZE]);
        config.init(device).mix
    });
    let stack = SharedStack2d::from_layers(layers.into()).expect("shared layers");
    Spectral::new(stack, &FOUR, device)
}

fn linear(device: &Device) -> Spectral<burn_spectral::response::Polynomial> {
    let response = PolynomialConfig::new(1).with_form(ParametricForm::Published);
    let stack = SharedStack2dConfig::new(3, FOUR, response).init(device);
    Spectral::new(stack, &FOUR, device)
}

fn gaussian(filters: &[usize], device: &Device) -> Spectral<burn_spectral::response::Gaussian> {
    let response = GaussianConfig::new().with_form(ParametricForm::Published);
    let stack = SharedStack2dConfig::new(3, filters, response).init(device);
    Spectral::new(stack, filters, device)
}

/// Median over as many calls as fit into `budget` seconds, at least 3 and at most 40.
fn median_ms(budget: f64, mut work: impl FnMut()) -> f64 {
    let mut once = || {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    once();
    let count = ((budget / once()) as usize).clamp(3, 40);
    let mut samples: Vec<f64> = (0..count).map(|_| once()).collect();
    samples.sort_by(f64::total_cmp);
    let middle = (samples[(count - 1) / 2] + samples[count / 2]) / 2.0;
    (middle * 1e6).round() / 1e3
}

fn measure<N: Network>(case: &str, budget: f64, model: N, device: &Device) {
    let parameters = Module::num_params(&model);
    let images = [BATCH, 3, SIZE, SIZE];
    let images = Tensor::<4>::random(images, Distribution::Uniform(0.0, 1.0), device);
    let classes = Tensor::<2>::random([BATCH, 1], Distribution::Bernoulli(0.5), device);
    let targets = Tensor::cat(vec![classes.clone(), 1.0 - classes], 1);
    let loss = |model: &N, images: &Tensor<4>, targets: &Tensor<2>| {
        let sums = model.forward(images.clone());
        MseLoss::new().forward(sums, targets.clone(), Reduction::Mean)
    };

    let forward = median_ms(budget, || {
        loss(&model, &images, &targets).into_scalar::<f32>();
    });
    let (images, targets) = (images.autodiff(), targets.autodiff());
    let mut model = model.train();
    let both = median_ms(budget, || {
        let gradients = loss(&model, &images, &targets).backward();
        GradientsParams::from_grads(gradients, &model);
    });
    let mut optimizer: ModuleOptimizer = AdamConfig::new().with_epsilon(1e-7).init();
    let step = median_ms(budget, || {
        let gradients = loss(&model, &images, &targets).backward();
        let gradients = GradientsParams::from_grads(gradients, &model);
        model = optimizer.step(1e-3, model.clone(), gradients);
    });
    println!(
        "{{\"case\": \"{case}\", \"fwd_ms\": {forward}, \"fwdbwd_ms\": {both}, \"step_ms\": {step}, \"params\": {parameters}}}"
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut cases, mut budget) = (Vec::new(), 1.0);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--budget" => {
                let seconds = arguments.next().expect("--budget takes seconds");
                budget = seconds.parse().expect("--budget takes a number of seconds");
            }
            _ => cases.push(argument),
        }
    }
    let all = ["spatial", "fourier", "linear", "gaussian", "gaussian_wide"];
    if cases.is_empty() {
        cases = all.map(String::from).to_vec();
    }
    let device = &Device::flex();
    for case in &cases {
        match case.as_str() {
            "spatial" => measure(case, budget, Spatial::new(device), device),
            "fourier" => measure(case, budget, fourier(device), device),
            "linear" => measure(case, budget, linear(device), device),
            "gaussian" => measure(case, budget, gaussian(&FOUR, device), device),
            "gaussian_wide" => measure(case, budget, gaussian(&WIDE, device), device),
            other => panic!("no case {other}; there are {all:?}"),
        }
    }
}
