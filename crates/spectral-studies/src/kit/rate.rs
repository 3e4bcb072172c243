//! What networks name images that no file holds.

use burn::tensor::{Device, Tensor, TensorData};

use spectral_lab::data::{Images, Normalize, fill_batch};
use spectral_lab::train::Classifier;

use crate::StudyError;

/// Images in memory at a time.
const BATCH: usize = 500;

/// The first `count` images as a network sees them, some at a time, with their classes.
pub(crate) fn seen<'a>(
    of: &'a Images,
    count: usize,
    normalize: &'a Normalize,
    device: &'a Device,
) -> impl Iterator<Item = Result<(Tensor<4>, Vec<usize>), StudyError>> + 'a {
    let count = count.min(of.len());
    (0..count).step_by(BATCH).map(move |start| {
        let end = count.min(start + BATCH);
        let indices: Vec<u32> = (start as u32..end as u32).collect();
        let mut numbers = Vec::new();
        fill_batch(of, &indices, normalize, &mut numbers)?;
        let dims = [end - start, of.channels, of.height, of.width];
        let labels = of.labels[start..end]
            .iter()
            .map(|&label| usize::from(label));
        let images = Tensor::from_data(TensorData::new(numbers, dims), device);
        Ok((images, labels.collect()))
    })
}

/// The class that a network finds likeliest for each image, in evaluation mode.
pub(crate) fn named<M: Classifier>(
    network: &M,
    images: Tensor<4>,
) -> Result<Vec<usize>, StudyError> {
    let scores = network.valid().forward(images);
    let [_, classes] = scores.dims();
    let scores = scores.try_into_vec_as::<f32>();
    let scores = scores.map_err(|error| StudyError::Device(format!("{error:?}")))?;
    let rows = scores.chunks_exact(classes.max(1));
    let best = |row: &[f32]| {
        let scores = row.iter().enumerate();
        let best = scores.max_by(|a, b| a.1.total_cmp(b.1));
        best.map_or(0, |(class, _)| class)
    };
    Ok(rows.map(best).collect())
}

/// How many of the answers are right.
pub(crate) fn hits(answers: &[usize], labels: &[usize]) -> usize {
    let pairs = answers.iter().zip(labels);
    pairs.filter(|(answer, label)| answer == label).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::{DataOptions, load};
    use spectral_lab::model::{InputSpec, build};
    use spectral_lab::train::{Feeding, Loss, Target, Task, evaluate};

    #[test]
    fn answers_are_those_that_an_evaluation_counts() {
        let options = DataOptions {
            train_count: Some(1),
            test_count: Some(600),
            ..DataOptions::default()
        };
        let data = load("glyphs", &options).unwrap();
        let (images, device) = (&data.test, Device::flex());
        let classes = data.classes.len();
        let input = InputSpec::new(images.channels, [images.height, images.width], classes);
        let network = build("fft-only", &input, &device).unwrap();
        let normalize = Normalize::default();
        let mut right = 0;
        for batch in seen(images, 10_000, &normalize, &device) {
            let (batch, labels) = batch.unwrap();
            right += hits(&named(&network, batch).unwrap(), &labels);
        }
        let task = Task {
            target: Target::Label,
            loss: Loss::default(),
            classes,
        };
        let feeding = Feeding {
            normalize: &normalize,
            batch_size: 64,
        };
        let found = evaluate(&network, images, task, feeding).unwrap();
        let accuracy = found.scores().unwrap().accuracy;
        assert!((accuracy - right as f64 / images.len() as f64).abs() < 1e-9);
    }
}
