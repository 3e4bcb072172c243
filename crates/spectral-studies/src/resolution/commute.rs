//! Whether the first filter of a network commutes with resampling.

use burn::module::Module;
use burn::nn::PixelUnshuffleConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::Tensor;
use burn_spectral::pool::spectral_resize2d;
use burn_spectral::spatial;
use serde::{Deserialize, Serialize};

use spectral_lab::model::{InputSpec, Network};

use crate::StudyError;
use crate::kit::comparison::Subject;
use crate::kit::images::{distance, energy, root_ratio, values};
use crate::kit::rate::seen;

/// How far filtering a resampled image is from resampling the filtered one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Apart {
    /// Height and width of the image, of which the filter sees half.
    pub(super) size: [usize; 2],
    /// `‖filter(resampled x) − resampled filter(x)‖/‖resampled filter(x)‖`; none where the filter does
    /// not take the size.
    pub(super) error: Option<f64>,
}

/// What the first filter of a network meets, and the filter; none of networks of other layers.
fn first(
    network: &Network,
    images: Tensor<4>,
) -> Option<(Tensor<4>, impl Fn(Tensor<4>) -> Tensor<4>)> {
    let x = match network {
        Network::Cnn(_) => {
            let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
            spatial::max_pool2d(&pool, images)
        }
        Network::SpectralBest(_) => PixelUnshuffleConfig::new(2).init().forward(images),
        _ => return None,
    };
    Some((x, move |x| match network {
        Network::Cnn(network) => network.stages[0].filter.forward(x),
        Network::SpectralBest(network) => network.stem.forward(x),
        _ => x,
    }))
}

/// Images without the highest frequency of even sizes, which a finer grid splits into two.
fn below_highest(images: Tensor<4>) -> Tensor<4> {
    let [.., height, width] = images.dims();
    let odd = [height, width].map(|side| side - usize::from(side.is_multiple_of(2)));
    spectral_resize2d(spectral_resize2d(images, odd), [height, width])
}

/// Resamples, by their spectra, what the first filter meets of the first `count` images, before and
/// after it, the highest frequency left out. None of networks of other layers.
pub(super) fn apart(
    of: &Subject,
    count: usize,
    sizes: &[[usize; 2]],
) -> Result<Option<Vec<Apart>>, StudyError> {
    let (network, images) = (of.network.valid(), &of.data.test);
    let mut sums = vec![(0.0, 0.0); sizes.len()];
    let takes = |size| {
        let input = InputSpec::new(images.channels, size, of.data.classes.len());
        network.check(&input).is_ok()
    };
    for batch in seen(images, count, &of.normalize, &of.device) {
        let (batch, _) = batch?;
        let Some((x, filter)) = first(&network, batch) else {
            return Ok(None);
        };
        let x = below_highest(x);
        let filtered = filter(x.clone());
        for (sum, &size) in sums.iter_mut().zip(sizes) {
            if !takes(size) {
                continue;
            }
            let half = size.map(|side| side / 2);
            let before = values(filter(spectral_resize2d(x.clone(), half)))?;
            let after = values(spectral_resize2d(filtered.clone(), half))?;
            sum.0 += distance(&before, &after);
            sum.1 += energy(&after);
        }
    }
    let found = sizes.iter().zip(sums).map(|(&size, (part, whole))| Apart {
        size,
        error: takes(size).then(|| root_ratio(part, whole)),
    });
    Ok(Some(found.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::{DataSet, Images};
    use std::rc::Rc;

    #[test]
    fn filters_on_modes_commute_and_those_on_samples_do_not() {
        let images = Images {
            pixels: (0..3 * 28 * 28).map(|i| (i * i * 7 % 253) as u8).collect(),
            channels: 1,
            height: 28,
            width: 28,
            labels: vec![0, 1, 2],
        };
        let data = Rc::new(DataSet {
            name: "made".into(),
            classes: ["a", "b", "c"].map(String::from).into(),
            train: images.clone(),
            test: images,
            list: None,
        });
        let sizes = [[28, 28], [41, 37], [56, 56]];
        let of = |name: &str| apart(&Subject::untrained(name, &data), 3, &sizes).unwrap();
        let errors = |name: &str| -> Vec<Option<f64>> {
            of(name).unwrap().iter().map(|apart| apart.error).collect()
        };
        for name in ["free-modes", "gaussian-modes"] {
            for error in errors(name) {
                assert!(error.unwrap() < 1e-4, "{name}: {error:?}");
            }
        }
        for name in ["cnn", "polynomial2", "spectral-best"] {
            let errors = errors(name);
            assert!(errors[0].unwrap() < 1e-6, "{name}: {errors:?}");
            assert!(errors[2].unwrap() > 0.05, "{name}: {errors:?}");
        }
        let bound = errors("free2");
        assert!(bound[0].is_some() && bound[1].is_none() && bound[2].is_none());
        assert!(of("lenet").is_none());
    }
}
