//! Mini-batches prepared ahead of time on a separate thread.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use burn::Tensor;
use burn::tensor::{Device, TensorData};

use super::target::Target;
use crate::data::{
    Augmenter, Batches, DataError, Images, Normalize, batch_labels, fill_augmented, fill_batch,
};

/// Batches in the queue; more would only use memory.
const AHEAD: usize = 2;

/// Preprocessing of images.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preparation<'a> {
    /// Normalization of pixel values.
    pub(super) normalize: &'a Normalize,
    /// Augmentation of training images.
    pub(super) augmenter: Option<Augmenter<'a>>,
    /// Target of the outputs.
    pub(super) target: Target,
}

impl<'a> Preparation<'a> {
    /// Without augmentation.
    pub(super) fn plain(normalize: &'a Normalize, target: Target) -> Self {
        Self {
            normalize,
            augmenter: None,
            target,
        }
    }

    fn fill(
        &self,
        images: &Images,
        indices: &[u32],
        normalize: &Normalize,
    ) -> Result<Vec<f32>, DataError> {
        let mut pixels = Vec::new();
        match self.augmenter {
            Some(augmenter) => {
                fill_augmented(images, indices, augmenter, normalize, &mut pixels)?;
            }
            None => fill_batch(images, indices, normalize, &mut pixels)?,
        }
        Ok(pixels)
    }
}

/// One mini-batch on the host.
pub(super) struct HostBatch {
    pixels: Vec<f32>,
    /// The same images with pixels in 0..1, if they are the target.
    targets: Option<Vec<f32>>,
    shape: [usize; 4],
    pub(super) labels: Vec<u16>,
}

impl HostBatch {
    pub(super) fn new(
        images: &Images,
        indices: &[u32],
        preparation: &Preparation<'_>,
    ) -> Result<Self, DataError> {
        let pixels = preparation.fill(images, indices, preparation.normalize)?;
        let targets = match preparation.target {
            Target::Label | Target::Field => None,
            Target::Image if *preparation.normalize == Normalize::ZeroOne => Some(pixels.clone()),
            // The same seed gives the same augmentation.
            Target::Image => Some(preparation.fill(images, indices, &Normalize::ZeroOne)?),
        };
        let [channels, height, width] = images.shape();
        Ok(Self {
            pixels,
            targets,
            shape: [indices.len(), channels, height, width],
            labels: batch_labels(images, indices)?,
        })
    }

    /// Moves the images into a tensor `[batch, channels, height, width]`.
    pub(super) fn take_images(&mut self, device: &Device) -> Tensor<4> {
        let pixels = std::mem::take(&mut self.pixels);
        Tensor::from_data(TensorData::new(pixels, self.shape), device)
    }

    /// Moves the target pixels into a tensor `[batch, channels·height·width]`; none if the target
    /// are labels.
    pub(super) fn take_targets(&mut self, device: &Device) -> Option<Tensor<2>> {
        let [batch, channels, height, width] = self.shape;
        let targets = TensorData::new(self.targets.take()?, [batch, channels * height * width]);
        Some(Tensor::from_data(targets, device))
    }
}

/// Starts a thread that prepares the batches in order. It ends after the last one, after an error,
/// or when the receiver is dropped.
pub(super) fn feed_with<'scope, 'env, B: Send + 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    batches: &'env Batches,
    load: impl Fn(&[u32]) -> Result<B, DataError> + Send + 'scope,
) -> Receiver<Result<B, DataError>> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        for indices in batches {
            let batch = load(indices);
            let failed = batch.is_err();
            if sender.send(batch).is_err() || failed {
                break;
            }
        }
    });
    receiver
}

/// Feeds images.
pub(super) fn feed<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    images: &'env Images,
    batches: &'env Batches,
    preparation: Preparation<'env>,
) -> Receiver<Result<HostBatch, DataError>> {
    feed_with(scope, batches, move |indices| {
        HostBatch::new(images, indices, &preparation)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Augment;
    use std::thread;

    const ZERO_ONE: Preparation<'static> = Preparation {
        normalize: &Normalize::ZeroOne,
        augmenter: None,
        target: Target::Label,
    };

    fn images(count: usize) -> Images {
        Images {
            pixels: (0..count * 6).map(|i| (i / 6) as u8).collect(),
            channels: 1,
            height: 2,
            width: 3,
            labels: (0..count as u16).collect(),
        }
    }

    #[test]
    fn batches_come_in_order_with_their_labels() {
        let images = images(10);
        let batches = Batches::shuffled(10, 4, 7, 3).unwrap();
        let device = Device::flex();
        let mut seen = Vec::new();
        thread::scope(|scope| {
            for batch in feed(scope, &images, &batches, ZERO_ONE) {
                let mut batch = batch.unwrap();
                let tensor = batch.take_images(&device);
                assert_eq!(tensor.dims(), [batch.labels.len(), 1, 2, 3]);
                let pixels = tensor.try_into_vec_as::<f32>().unwrap();
                for (pixels, &label) in pixels.chunks(6).zip(&batch.labels) {
                    assert_eq!(pixels, [f32::from(label) / 255.0; 6]);
                }
                seen.extend(batch.labels.iter().map(|&label| u32::from(label)));
            }
        });
        assert_eq!(seen, crate::data::epoch_order(10, 7, 3));
    }

    #[test]
    fn dropping_the_receiver_ends_the_thread() {
        let images = images(50);
        let batches = Batches::in_order(50, 1).unwrap();
        // The scope would wait forever for a thread blocked on a full channel.
        let taken = thread::scope(|scope| {
            let receiver = feed(scope, &images, &batches, ZERO_ONE);
            receiver.iter().take(3).count()
        });
        assert_eq!(taken, 3);
    }

    #[test]
    fn an_error_is_the_last_thing_received() {
        let images = images(4);
        let normalize = Normalize::PerChannel {
            mean: vec![0.0; 3],
            std: vec![1.0; 3],
        };
        let batches = Batches::in_order(4, 2).unwrap();
        let received: Vec<_> = thread::scope(|scope| {
            let plain = Preparation::plain(&normalize, Target::Label);
            feed(scope, &images, &batches, plain).iter().collect()
        });
        assert_eq!(received.len(), 1);
        assert!(received[0].is_err());
    }

    #[test]
    fn targets_are_the_pixels_that_the_network_sees_in_0_to_1() {
        let images = images(10);
        let batches = Batches::shuffled(10, 4, 7, 3).unwrap();
        let device = Device::flex();
        let augment = Augment {
            shift_width: 0.5,
            brightness: 0.3,
            ..Augment::default()
        };
        let augmenter = Augmenter {
            augment: &augment,
            seed: 3,
            epoch: 2,
        };
        for augmenter in [None, Some(augmenter)] {
            let preparation = Preparation {
                normalize: &Normalize::SymmetricOne,
                augmenter,
                target: Target::Image,
            };
            thread::scope(|scope| {
                for batch in feed(scope, &images, &batches, preparation) {
                    let mut batch = batch.unwrap();
                    let targets = batch.take_targets(&device).unwrap();
                    assert_eq!(targets.dims(), [batch.labels.len(), 6]);
                    let targets = targets.try_into_vec_as::<f32>().unwrap();
                    let inputs = batch.take_images(&device);
                    let inputs = inputs.try_into_vec_as::<f32>().unwrap();
                    for (target, input) in targets.into_iter().zip(inputs) {
                        assert!((2.0 * target - 1.0 - input).abs() < 1e-6);
                    }
                }
            });
        }
    }
}
