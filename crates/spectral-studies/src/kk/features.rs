//! What the first layer of a trained network makes of an image.

use burn::tensor::{Tensor, TensorData};

use spectral_lab::data::fill_batch;
use spectral_lab::model::Network;
use spectral_lab::report::Picture;

use crate::StudyError;
use crate::kit::comparison::Subject;
use crate::kit::images::{images, signed_picture, values};
use crate::kit::shown::Shown;

/// Channels that are shown.
const SHOWN: usize = 8;

/// The first image to be shown, and the first channels that the first layer makes of it, each in
/// colors of its own scale.
pub(super) fn feature_maps(of: &Subject, shown: &Shown) -> Result<Vec<Picture>, StudyError> {
    let Network::Cnn(network) = &of.network else {
        return Ok(Vec::new());
    };
    let source = &shown.data().test;
    let mut pictures = vec![shown.picture("image", &images(source, 0..1, &of.device)?)?];
    let mut pixels = Vec::new();
    fill_batch(source, &[0], &of.normalize, &mut pixels)?;
    let dims = [1, source.channels, source.height, source.width];
    let image = Tensor::from_data(TensorData::new(pixels, dims), &of.device);
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
