//! How large the gradient of each layer is beside its weights.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use spectral_lab::data::{DataSet, fill_batch};
use spectral_lab::model::Network;
use spectral_lab::train::{Classifier, TrainConfig, Trainable};

use crate::StudyError;

/// The weights of a layer and their gradient.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LayerGradient {
    /// Which layer, such as `conv 1`.
    pub(super) layer: String,
    /// Root mean square of its weights, offsets and normalization left out.
    pub(super) weight: f64,
    /// Root mean square of their gradient.
    pub(super) gradient: f64,
}

impl LayerGradient {
    /// The one over the other.
    pub(super) fn relative(&self) -> f64 {
        self.gradient / self.weight
    }
}

/// Gradients of what training makes small, over the first `count` training images at once, in
/// training mode.
pub(super) fn gradients(
    network: Network,
    data: &DataSet,
    config: &TrainConfig,
    count: usize,
    device: &Device,
) -> Result<Vec<LayerGradient>, StudyError> {
    let images = &data.train;
    let size = [images.height, images.width];
    let network = network.train();
    let indices: Vec<u32> = (0..count.min(images.len()) as u32).collect();
    let mut pixels = Vec::new();
    let normalize = config.normalize.clone().fitted(images);
    fill_batch(images, &indices, &normalize, &mut pixels)?;
    let dims = [indices.len(), images.channels, size[0], size[1]];
    let batch = Tensor::from_data(TensorData::new(pixels, dims), &device.clone().autodiff());
    let labels = &images.labels[..indices.len()];
    let loss = config.loss.of_labels(network.forward(batch), labels);
    let loss = match network.penalty() {
        Some(penalty) => loss + penalty,
        None => loss,
    };
    Ok(by_layer(&network, loss))
}

fn by_layer(network: &Network, loss: Tensor<1>) -> Vec<LayerGradient> {
    let mut visitor = Layers {
        gradients: GradientsParams::from_grads(loss.backward(), network),
        path: Vec::new(),
        layers: Vec::new(),
    };
    network.visit(&mut visitor);
    let layers = visitor.layers.into_iter().map(|sums| LayerGradient {
        layer: sums.layer,
        weight: (sums.weight / sums.count).sqrt(),
        gradient: (sums.gradient / sums.count).sqrt(),
    });
    layers.collect()
}

/// Squares of one layer, its parts together.
struct Sums {
    layer: String,
    weight: f64,
    gradient: f64,
    count: f64,
}

struct Layers {
    gradients: GradientsParams,
    path: Vec<String>,
    layers: Vec<Sums>,
}

/// The layer that a parameter belongs to, by the names on the way to it.
fn layer_of(path: &[String]) -> Option<String> {
    let (at, kind) = path.iter().enumerate().find_map(|(at, name)| {
        let kind = match name.as_str() {
            "stages" | "blocks" => "conv",
            "hidden" => "dense",
            "output" => "output",
            _ => return None,
        };
        Some((at, kind))
    })?;
    match path
        .get(at + 1)
        .and_then(|index| index.parse::<usize>().ok())
    {
        Some(index) => Some(format!("{kind} {}", index + 1)),
        None => Some(kind.into()),
    }
}

impl ModuleVisitor for Layers {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Offsets and normalization have one axis.
        if D < 2 {
            return;
        }
        let (Some(layer), Some(gradient)) =
            (layer_of(&self.path), self.gradients.get::<D>(param.id))
        else {
            return;
        };
        let squares = |tensor: Tensor<D>| f64::from(tensor.square().sum().into_scalar::<f32>());
        let weights = param.val().inner();
        let count = weights.shape().num_elements() as f64;
        let (weight, gradient) = (squares(weights), squares(gradient));
        match self.layers.iter_mut().find(|sums| sums.layer == layer) {
            Some(sums) => {
                sums.weight += weight;
                sums.gradient += gradient;
                sums.count += count;
            }
            None => self.layers.push(Sums {
                layer,
                weight,
                gradient,
                count,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use spectral_lab::model;

    #[test]
    fn a_layer_is_named_by_its_place_whatever_its_parts_are() {
        let path = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (names, layer) in [
            (
                vec!["Cem", "blocks", "1", "conv", "weight", "FullSpectrum", "re"],
                "conv 2",
            ),
            (
                vec!["head", "Branches", "hidden", "0", "dense", "im", "weight"],
                "dense 1",
            ),
            (vec!["output", "weight"], "output"),
        ] {
            assert_eq!(layer_of(&path(&names)).as_deref(), Some(layer), "{names:?}");
        }
        assert_eq!(layer_of(&path(&["norm", "gamma"])), None);
    }

    #[test]
    fn every_convolution_and_dense_layer_has_a_gradient_that_scales_with_the_loss() {
        let device = Device::flex();
        for (name, is_noisy) in [
            ("lenet", false),
            ("cemnet-mnist-repaired", false),
            ("cemnet-mnist", true),
        ] {
            let input = model::find(name).unwrap().input.clone();
            let network = model::build(name, &input, &device).unwrap().train();
            let dims = [4, input.channels, input.height, input.width];
            let learning = device.clone().autodiff();
            let images = Tensor::<4>::random(dims, Distribution::Default, &learning);
            let layers = |factor: f64| {
                let loss = network.forward(images.clone()).square().mean();
                by_layer(&network, loss * factor)
            };
            let (one, two) = (layers(1.0), layers(2.0));
            // Two convolutions, two hidden layers and the last one.
            assert_eq!(one.len(), 5, "{name}: {one:?}");
            for (one, two) in one.iter().zip(&two) {
                assert!(one.weight > 0.0 && one.gradient > 0.0, "{name}: {one:?}");
                // A factor of two is exact, but noise is drawn anew.
                let factor = two.relative() / one.relative();
                assert!(is_noisy || (factor - 2.0).abs() < 1e-4, "{name}: {factor}");
            }
        }
    }
}
