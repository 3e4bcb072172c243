//! What a training step costs by the size of the image.

use burn::tensor::{Device, Distribution, Tensor};
use serde::{Deserialize, Serialize};

use spectral_lab::bench::median;
use spectral_lab::model::{self, InputSpec, trainable};
use spectral_lab::train::TrainConfig;

use super::stepper::Stepper;
use crate::StudyError;

/// Channels and classes of the source's images.
const CHANNELS: usize = 3;
const CLASSES: usize = 2;

/// A network at one size of image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cost {
    pub(super) model: String,
    /// Height and width.
    pub(super) side: usize,
    /// Numbers that are learned.
    pub(super) params: usize,
    /// Of them, those before the head.
    pub(super) filter_params: usize,
    /// Multiply-adds of an image, forward.
    pub(super) multiply_adds: u64,
    /// The median of the steps.
    pub(super) seconds: f64,
}

/// Times steps of the networks on random images of one size, in turns.
pub(super) fn costs(
    models: &[&str],
    side: usize,
    rounds: usize,
    config: &TrainConfig,
    device: &Device,
) -> Result<Vec<Cost>, StudyError> {
    let input = InputSpec::new(CHANNELS, [side; 2], CLASSES);
    let batch = config.batch_size;
    let images = Tensor::<4>::random(
        [batch, CHANNELS, side, side],
        Distribution::Normal(0.0, 1.0),
        &device.clone().autodiff(),
    );
    let labels: Vec<u16> = (0..batch).map(|image| (image % CLASSES) as u16).collect();
    let mut costs = Vec::new();
    let mut steppers = Vec::new();
    for name in models {
        let network = model::build(name, &input, device)?;
        let summary = network.summary(&input)?;
        let layers = summary.layers();
        let head = layers.iter().filter(|row| row.name == "head");
        let head: usize = head.map(|row| row.parameters.trainable).sum();
        let params = trainable(&network);
        costs.push(Cost {
            model: (*name).into(),
            side,
            params,
            filter_params: params - head,
            multiply_adds: summary.multiply_adds(),
            seconds: 0.0,
        });
        steppers.push(Stepper::new(network, config, device));
    }
    let mut seconds = vec![Vec::new(); steppers.len()];
    // The first round warms up.
    for round in 0..=rounds {
        for (stepper, seconds) in steppers.iter_mut().zip(&mut seconds) {
            let taken = stepper.step_on(images.clone(), &labels);
            if round > 0 {
                seconds.push(taken);
            }
        }
    }
    for (cost, seconds) in costs.iter_mut().zip(&seconds) {
        cost.seconds = median(seconds).unwrap_or_default();
    }
    Ok(costs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::train::Recipe;

    #[test]
    fn parametric_filters_keep_their_parameters_at_every_size_and_heads_do_not() {
        let config = TrainConfig {
            batch_size: 2,
            ..Recipe::find("cats-vs-dogs").unwrap().config()
        };
        let of = |side| {
            let models = ["cats-linear", "cats-fourier"];
            costs(&models, side, 1, &config, &Device::flex()).unwrap()
        };
        let [small, large] = [of(8), of(13)];
        assert_eq!(small[0].filter_params, 192);
        assert_eq!(large[0].filter_params, 192);
        // Two parts of four layers of six filters.
        assert_eq!(large[1].filter_params, 2 * 24 * 13 * 7);
        assert_eq!(large[0].params, 192 + 2 * 6 * 13 * 7 * 2 + 2);
        for (small, large) in small.iter().zip(&large) {
            assert!(small.params < large.params && small.multiply_adds < large.multiply_adds);
            assert!(small.seconds > 0.0 && large.seconds > 0.0);
        }
    }
}
