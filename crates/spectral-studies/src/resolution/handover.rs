//! Where in a network another size of its images begins to matter.

use burn::module::Module;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::Tensor;
use burn_spectral::pool::spectral_resize2d;
use burn_spectral::spatial;
use serde::{Deserialize, Serialize};

use spectral_lab::model::{Cnn, Network};

use crate::StudyError;
use crate::kit::comparison::Subject;
use crate::kit::images::{distance, energy, root_ratio, values};
use crate::kit::rate::{hits, seen};

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Nothing: the image.
    Image,
    MaxPool,
    Filter,
    /// Batch normalization and leaky ReLU.
    Activation,
}

impl Kind {
    /// Those that can lose something.
    pub(super) const LAYERS: [Self; 3] = [Self::MaxPool, Self::Filter, Self::Activation];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::MaxPool => "max-pool",
            Self::Filter => "filter",
            Self::Activation => "activation",
        }
    }
}

/// What is left after a layer, where it and all before it ran at another size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct After {
    pub(super) layer: String,
    pub(super) kind: Kind,
    /// `‖features there, resampled − features at the own size‖/‖those‖`, both at the own size.
    pub(super) error: f64,
    /// Share of images classified correctly when the features there are resampled to the size they have in
    /// training, and go on from there.
    pub(super) accuracy: f64,
}

/// A layer of the network, in order.
#[derive(Clone, Copy, Debug)]
enum Layer {
    Image,
    Pool,
    Filter(usize),
    Activation(usize),
}

impl Layer {
    fn kind(self) -> Kind {
        match self {
            Self::Image => Kind::Image,
            Self::Pool => Kind::MaxPool,
            Self::Filter(_) => Kind::Filter,
            Self::Activation(_) => Kind::Activation,
        }
    }

    fn apply(self, network: &Cnn, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Image => x,
            Self::Pool => {
                let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
                spatial::max_pool2d(&pool, x)
            }
            Self::Filter(stage) => network.stages[stage].filter.forward(x),
            Self::Activation(stage) => {
                let stage = &network.stages[stage];
                stage
                    .activation
                    .forward(spatial::batch_norm(&stage.norm, x))
            }
        }
    }
}

/// The layers by name.
fn layers(network: &Cnn) -> Vec<(String, Layer)> {
    let mut layers = vec![
        ("image".to_string(), Layer::Image),
        ("pool 0".to_string(), Layer::Pool),
    ];
    for (index, stage) in network.stages.iter().enumerate() {
        let number = index + 1;
        layers.push((format!("filter {number}"), Layer::Filter(index)));
        layers.push((format!("activation {number}"), Layer::Activation(index)));
        if stage.pool.is_some() {
            layers.push((format!("pool {number}"), Layer::Pool));
        }
    }
    layers
}

/// Classes that the head finds in the features of the last layer.
fn classes(network: &Cnn, features: Tensor<4>) -> Result<Vec<usize>, StudyError> {
    let [batch, channels, height, width] = features.dims();
    let mean = features
        .reshape([batch, channels, height * width])
        .mean_dim(2);
    let scores = spatial::linear(&network.head, mean.squeeze_dim::<2>(2));
    let [images, classes] = scores.dims();
    let scores = values(scores.reshape([1, 1, images, classes]))?;
    let best = |row: &[f32]| {
        let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    };
    Ok(scores.chunks_exact(classes.max(1)).map(best).collect())
}

/// Runs the first layers on images resampled to `size`, hands their features over at their usual size
/// and lets the other layers go on, for every layer to hand over at. None of networks of other layers.
pub(super) fn handovers(
    of: &Subject,
    size: [usize; 2],
    count: usize,
) -> Result<Option<Vec<After>>, StudyError> {
    let Network::Cnn(network) = of.network.valid() else {
        return Ok(None);
    };
    let layers = layers(&network);
    let mut sums = vec![(0.0, 0.0, 0); layers.len()];
    let mut total = 0;
    for batch in seen(&of.data.test, count, &of.normalize, &of.device) {
        let (batch, labels) = batch?;
        let mut own = batch.clone();
        let mut other = spectral_resize2d(batch, size);
        for (at, (_, layer)) in layers.iter().enumerate() {
            own = layer.apply(&network, own);
            other = layer.apply(&network, other);
            let [.., height, width] = own.dims();
            let handed = spectral_resize2d(other.clone(), [height, width]);
            let (got, wanted) = (values(handed.clone())?, values(own.clone())?);
            let rest = layers[at + 1..].iter();
            let last = rest.fold(handed, |x, (_, layer)| layer.apply(&network, x));
            let sum = &mut sums[at];
            sum.0 += distance(&got, &wanted);
            sum.1 += energy(&wanted);
            sum.2 += hits(&classes(&network, last)?, &labels);
        }
        total += labels.len();
    }
    let found = layers.into_iter().zip(sums);
    Ok(Some(
        found
            .map(|((name, layer), (apart, whole, right))| After {
                layer: name,
                kind: layer.kind(),
                error: root_ratio(apart, whole),
                accuracy: right as f64 / total.max(1) as f64,
            })
            .collect(),
    ))
}

/// Of what is lost from the image to the last layer, the points lost at layers of a kind.
pub(super) fn lost(after: &[After], kind: Kind) -> f64 {
    let steps = after.windows(2).filter(|pair| pair[1].kind == kind);
    steps.map(|pair| pair[0].accuracy - pair[1].accuracy).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::rate::named;
    use spectral_lab::data::{DataOptions, load};
    use std::rc::Rc;

    fn after(kind: Kind, accuracy: f64) -> After {
        After {
            layer: String::new(),
            kind,
            error: 0.0,
            accuracy,
        }
    }

    #[test]
    fn losses_are_counted_by_kind() {
        let all = [
            after(Kind::Image, 0.9),
            after(Kind::MaxPool, 0.7),
            after(Kind::Filter, 0.75),
            after(Kind::MaxPool, 0.5),
        ];
        assert!((lost(&all, Kind::MaxPool) - 0.45).abs() < 1e-12);
        assert!((lost(&all, Kind::Filter) + 0.05).abs() < 1e-12);
        assert_eq!(lost(&all, Kind::Activation), 0.0);
    }

    #[test]
    fn layers_in_order_are_the_network_and_filters_on_modes_commute() {
        let options = DataOptions {
            train_count: Some(1),
            test_count: Some(40),
            ..DataOptions::default()
        };
        let data = Rc::new(load("glyphs", &options).unwrap());
        let own = [data.test.height, data.test.width];
        let of = Subject::untrained("free-modes", &data);
        let same = handovers(&of, own, 40).unwrap().unwrap();
        let mut right = 0;
        for batch in seen(&data.test, 40, &of.normalize, &of.device) {
            let (batch, labels) = batch.unwrap();
            right += hits(&named(&of.network, batch).unwrap(), &labels);
        }
        for after in &same {
            assert!(after.error < 1e-6, "{after:?}");
            assert!(
                (after.accuracy - right as f64 / 40.0).abs() < 1e-9,
                "{after:?}"
            );
        }
        let finer = handovers(&of, [56, 56], 40).unwrap().unwrap();
        // Max-pool changes the features, the filter behind it no more than they are changed already.
        assert!(finer[0].error < 1e-6 && finer[1].error > 0.05, "{finer:?}");
        let other = Subject::untrained("lenet", &data);
        assert!(handovers(&other, own, 40).unwrap().is_none());
    }
}
