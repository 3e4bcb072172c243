//! A resumed run draws the same dropout masks as an uninterrupted one.
//!
//! In a test binary of its own: the CPU backend has one random generator for the whole process.

use std::ops::ControlFlow;

use burn::Tensor;
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::Device;
use spectral_lab::data::{DataSet, Images};
use spectral_lab::train::{
    Classifier, DataDescription, EpochMetrics, ModelDescription, Observer, RunConfig, RunFolder,
    TrainConfig, Trainable, fit,
};

#[derive(Module, Debug)]
struct WithDropout {
    dropout: Dropout,
    linear: Linear,
}

impl WithDropout {
    fn new() -> Self {
        Self {
            dropout: DropoutConfig::new(0.5).init(),
            linear: LinearConfig::new(16, 2).init(&Device::flex()),
        }
    }

    fn weights(&self) -> Vec<f32> {
        self.linear.weight.val().try_into_vec_as().unwrap()
    }
}

impl Trainable for WithDropout {}

impl Classifier for WithDropout {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let batch = images.dims()[0];
        self.linear
            .forward(self.dropout.forward(images.reshape([batch, 16])))
    }
}

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

fn images(count: usize) -> Images {
    Images {
        pixels: (0..count * 16).map(|i| (i * i % 251) as u8).collect(),
        channels: 1,
        height: 4,
        width: 4,
        labels: (0..count).map(|i| (i % 2) as u16).collect(),
    }
}

#[test]
fn dropout_masks_do_not_depend_on_an_interruption() {
    let data = DataSet {
        name: "points".into(),
        classes: vec!["even".into(), "odd".into()],
        train: images(50),
        test: images(10),
        list: None,
    };
    let train = TrainConfig {
        epochs: 4,
        batch_size: 8,
        learning_rate: 0.01,
        ..TrainConfig::default()
    };
    let model = WithDropout::new();
    let straight = fit(model.clone(), &data, &train, None, &mut ()).unwrap();
    let again = fit(model.clone(), &data, &train, None, &mut ()).unwrap();
    assert_eq!(straight.model.weights(), again.model.weights());
    let other_seed = TrainConfig {
        seed: 1,
        ..train.clone()
    };
    let other = fit(model.clone(), &data, &other_seed, None, &mut ()).unwrap();
    assert_ne!(straight.model.weights(), other.model.weights());

    let folder = tempfile::tempdir().unwrap();
    let config = RunConfig {
        model: ModelDescription::default(),
        data: DataDescription::of(&data),
        train: train.clone(),
    };
    let run = RunFolder::create(folder.path(), config).unwrap();
    fit(model, &data, &train, Some(&run), &mut StopAfter(2)).unwrap();
    let resumed = fit(WithDropout::new(), &data, &train, Some(&run), &mut ()).unwrap();
    assert_eq!(straight.model.weights(), resumed.model.weights());
}
