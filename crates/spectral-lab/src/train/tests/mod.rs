//! Whole runs on a small network and a small data set.

mod faults;
mod fit;
mod rebuild;
mod resume;
mod weights;

use std::ops::ControlFlow;

use burn::Tensor;
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::store::ModuleSnapshot;
use burn::tensor::Device;
use burn::tensor::activation::relu;

use super::*;
use crate::data::{DataSet, Images};

/// Convolution, batch normalization, and a linear layer on channel means.
#[derive(Module, Debug)]
struct Small {
    conv: Conv2d,
    norm: BatchNorm,
    linear: Linear,
}

impl Small {
    fn new(classes: usize) -> Self {
        Self::with_channels(4, classes)
    }

    fn with_channels(channels: usize, classes: usize) -> Self {
        let device = Device::flex();
        Self {
            conv: Conv2dConfig::new([1, channels], [3, 3])
                .with_padding(PaddingConfig2d::Same)
                .init(&device),
            norm: BatchNormConfig::new(channels).init(&device),
            linear: LinearConfig::new(channels, classes).init(&device),
        }
    }
}

impl Trainable for Small {}

impl Classifier for Small {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = relu(self.norm.forward(self.conv.forward(images)));
        let [batch, channels, _, _] = x.dims();
        let x = x.reshape([batch, channels, 64]).mean_dim(2);
        self.linear.forward(x.reshape([batch, channels]))
    }
}

/// Through `width` numbers back to 8×8 pixels, without bends.
#[derive(Module, Debug)]
struct Linear64 {
    encode: Linear,
    decode: Linear,
}

impl Linear64 {
    fn new(width: usize) -> Self {
        let device = Device::flex();
        Self {
            encode: LinearConfig::new(64, width).init(&device),
            decode: LinearConfig::new(width, 64).init(&device),
        }
    }
}

impl Trainable for Linear64 {}

impl Classifier for Linear64 {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let batch = images.dims()[0];
        let code = self.encode.forward(images.reshape([batch, 64]));
        self.decode.forward(code)
    }
}

/// The stripes to be told apart.
fn labels(loss: Loss) -> Task {
    Task {
        target: Target::Label,
        loss,
        classes: 3,
    }
}

/// 8×8 images of three classes: dark, stripes along rows, stripes along columns, each with noise.
fn images(count: usize, seed: u32) -> Images {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 / 4
    };
    let mut pixels = Vec::new();
    let labels: Vec<u16> = (0..count).map(|i| (i % 3) as u16).collect();
    for &label in &labels {
        for y in 0..8 {
            for x in 0..8 {
                let lit = match label {
                    0 => false,
                    1 => y % 2 == 0,
                    _ => x % 2 == 0,
                };
                pixels.push(noise() + if lit { 150 } else { 0 });
            }
        }
    }
    Images {
        pixels,
        channels: 1,
        height: 8,
        width: 8,
        labels,
    }
}

fn data() -> DataSet {
    DataSet {
        name: "stripes".into(),
        classes: ["dark", "rows", "columns"].map(String::from).to_vec(),
        train: images(90, 1),
        test: images(31, 2),
        list: None,
    }
}

/// Adam, a warm-up and a cosine in steps; the last of the batches is smaller.
fn config(epochs: usize) -> TrainConfig {
    TrainConfig {
        epochs,
        batch_size: 16,
        eval_batch_size: 10,
        seed: 5,
        learning_rate: 0.02,
        schedule: ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Steps(4),
                start: 0.1,
            }),
            decay: Decay::Cosine {
                over: Span::Steps(40),
                floor: 1e-3,
            },
        },
        optimizer: OptimizerConfig::Adam(AdamSettings {
            weight_decay: 5e-4,
            ..AdamSettings::default()
        }),
        clipping: Clipping::GlobalNorm { limit: 1.0 },
        ..TrainConfig::default()
    }
}

fn run_config(train: TrainConfig) -> RunConfig {
    let mut settings = toml::Table::new();
    settings.insert("channels".into(), 4.into());
    RunConfig {
        model: ModelDescription {
            name: "small".into(),
            settings,
        },
        data: DataDescription::of(&data()),
        train,
    }
}

/// Ends the run after an epoch.
struct StopAfter(usize);

impl Observer for StopAfter {
    fn epoch_finished(&mut self, metrics: &EpochMetrics) -> ControlFlow<()> {
        if metrics.epoch == self.0 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Every parameter and running statistic, by name, bit by bit.
fn bits<M: Module>(model: &M) -> Vec<(String, Vec<u32>)> {
    let tensors = model.valid().collect(None, None, false);
    tensors
        .into_iter()
        .map(|tensor| {
            let bytes = tensor.to_bytes().unwrap();
            let words = bytes.chunks_exact(4);
            let bits = words.map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]));
            (tensor.name.clone(), bits.collect())
        })
        .collect()
}

#[track_caller]
fn assert_same_history(left: &[EpochMetrics], right: &[EpochMetrics]) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert!(left.same_results(right), "{left:?}\nbut\n{right:?}");
    }
}
