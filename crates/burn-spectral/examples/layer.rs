//! A spectral convolution in a module of one's own: trained, saved, loaded.
//!
//! ```sh
//! cargo run --release -p burn-spectral --example layer
//! ```
//!
//! A program of its own needs `burn-spectral`, and `burn` with the features `flex`, `autodiff`,
//! `optim`, `store` and `safetensors`.

use std::error::Error;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use burn_spectral::conv::{SpectralConv2d, SpectralConv2dConfig};
use burn_spectral::response::{FullSpectrum2d, FullSpectrumConfig};

/// Height and width of the images: any number, and here a prime.
const SIZE: usize = 23;

/// Kinds of stripes: cycles down and across an image.
const CLASSES: [[f32; 2]; 4] = [[3.0, 0.0], [0.0, 3.0], [2.0, 2.0], [5.0, 1.0]];

const FILTERS: usize = 8;
const STEPS: usize = 60;
const BATCH: usize = 32;
const LEARNING_RATE: f64 = 0.01;

/// Filters with one free complex weight per frequency, and a linear head on the mean of what passes
/// each.
#[derive(Module, Debug)]
struct StripeNet {
    filter: SpectralConv2d<FullSpectrum2d>,
    norm: BatchNorm,
    head: Linear,
}

impl StripeNet {
    fn new(device: &Device) -> Self {
        let response = FullSpectrumConfig::new([SIZE, SIZE]);
        Self {
            filter: SpectralConv2dConfig::new([1, FILTERS], response).init(device),
            norm: BatchNormConfig::new(FILTERS).init(device),
            head: LinearConfig::new(FILTERS, CLASSES.len()).init(device),
        }
    }

    /// `[batch, 1, height, width]` to `[batch, classes]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = relu(self.norm.forward(self.filter.forward(images)));
        let means: Tensor<3> = features.flatten::<3>(2, 3).mean_dim(2);
        self.head.forward(means.squeeze_dim::<2>(2))
    }
}

/// Stripes with random phases under noise, and their classes.
fn stripes(batch: usize, device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
    let phases = Tensor::<1>::random(
        [batch],
        Distribution::Uniform(0.0, core::f64::consts::TAU),
        device,
    );
    let phases: Vec<f32> = phases.into_data().iter::<f32>().collect();
    let mut pixels = Vec::with_capacity(batch * SIZE * SIZE);
    for (image, phase) in phases.iter().enumerate() {
        let [down, across] = CLASSES[image % CLASSES.len()];
        for row in 0..SIZE {
            for column in 0..SIZE {
                let cycles = (down * row as f32 + across * column as f32) / SIZE as f32;
                pixels.push((core::f32::consts::TAU * cycles + phase).sin());
            }
        }
    }
    let shape = [batch, 1, SIZE, SIZE];
    let images = Tensor::from_data(TensorData::new(pixels, shape), device);
    let noise = Tensor::random(shape, Distribution::Normal(0.0, 1.0), device);
    let labels: Vec<i64> = (0..batch)
        .map(|image| (image % CLASSES.len()) as i64)
        .collect();
    (
        images + noise,
        Tensor::from_data(TensorData::new(labels, [batch]), device),
    )
}

/// The share of fresh images whose class is classified correctly.
fn accuracy(network: &StripeNet, device: &Device) -> f32 {
    let (images, labels) = stripes(200, device);
    let right = network
        .forward(images)
        .argmax(1)
        .squeeze_dim::<1>(1)
        .equal(labels);
    right.float().mean().into_scalar()
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    // The same numbers each time.
    device.seed(1);
    let learning = device.clone().autodiff();
    let loss = CrossEntropyLossConfig::new().init(&learning);

    let mut network = StripeNet::new(&device).train();
    let mut optimizer = AdamConfig::new().init();
    let mut losses = Vec::new();
    for step in 1..=STEPS {
        let (images, labels) = stripes(BATCH, &learning);
        let loss = loss.forward(network.forward(images), labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(LEARNING_RATE, network, gradients);
        losses.push(loss.into_scalar::<f32>());
        if step == 1 || step % 20 == 0 {
            println!("step {step:>2}  loss {:.3}", losses[step - 1]);
        }
    }
    let network = network.valid();
    println!(
        "accuracy on fresh images: {:.1} %",
        100.0 * accuracy(&network, &device)
    );

    // Weights are ordinary tensors, real and imaginary parts by name, for PyTorch as well.
    let folder = std::env::temp_dir().join(format!("stripes-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("stripes.safetensors");
    network.save_into(&mut SafetensorsStore::from_file(&path))?;
    let mut loaded = StripeNet::new(&device);
    loaded.load_from(&mut SafetensorsStore::from_file(&path))?;
    std::fs::remove_dir_all(&folder)?;
    let (images, _) = stripes(8, &device);
    let difference = network.forward(images.clone()) - loaded.valid().forward(images);
    let difference: f32 = difference.abs().max().into_scalar();
    println!("largest difference after saving and loading: {difference}");

    if losses[STEPS - 1] > losses[0] / 4.0 || difference != 0.0 {
        return Err("the network did not learn, or its weights did not come back".into());
    }
    Ok(())
}
