//! What the first layer of a trained network makes of an image.

use burn::tensor::Tensor;

use spectral_lab::data::{DataSet, Normalize, fill_batch};
use spectral_lab::model::Network;
use spectral_lab::report::Picture;

use super::super::comparison::Comparison;
use super::super::images::{images, signed_picture, values};
use super::super::shown::Shown;
use super::super::{StudyError, StudyRun};

/// Channels that are shown.
const SHOWN: usize = 8;

/// The first image to be shown, and the first channels that the first layer makes of it, each in
/// colors of its own scale.
pub(super) fn feature_maps(
    run: &StudyRun<'_>,
    comparison: &Comparison,
    data: &DataSet,
    shown: &Shown,
    model: &str,
) -> Result<Vec<Picture>, StudyError> {
    let network = comparison.trained(run, data, model, comparison.first_seed())?;
    let Network::Cnn(network) = network else {
        return Ok(Vec::new());
    };
    let device = run.device();
    let mut pictures = vec![shown.picture("image", &images(&shown.data().test, 0..1, device)?)?];
    let mut pixels = Vec::new();
    let normalize: Normalize = (comparison.config.normalize.clone()).fitted(&data.train);
    let of = &shown.data().test;
    fill_batch(of, &[0], &normalize, &mut pixels)?;
    let dims = [1, of.channels, of.height, of.width];
    let image = Tensor::from_data(burn::tensor::TensorData::new(pixels, dims), device);
    let features = network.first_features(image);
    for channel in 0..features.dims()[1].min(SHOWN) {
        let one = features.clone().narrow(1, channel, 1);
        let largest = values(one.clone())?
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        pictures.push(signed_picture(&(channel + 1).to_string(), &one, largest)?);
    }
    Ok(pictures)
}
