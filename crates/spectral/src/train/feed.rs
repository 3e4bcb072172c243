//! Mini-batches made ahead of time on a thread of their own.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use burn::Tensor;
use burn::tensor::{Device, TensorData};

use crate::data::{Batches, DataError, Images, Normalise, batch_labels, fill_batch};

/// Batches waiting for their turn; more would only take memory.
const AHEAD: usize = 2;

/// One mini-batch on the host.
pub(super) struct HostBatch {
    pixels: Vec<f32>,
    shape: [usize; 4],
    pub(super) labels: Vec<u16>,
}

impl HostBatch {
    fn new(images: &Images, indices: &[u32], normalise: &Normalise) -> Result<Self, DataError> {
        let mut pixels = Vec::new();
        fill_batch(images, indices, normalise, &mut pixels)?;
        let [channels, height, width] = images.shape();
        Ok(Self {
            pixels,
            shape: [indices.len(), channels, height, width],
            labels: batch_labels(images, indices)?,
        })
    }

    /// Moves the images into a tensor `[batch, channels, height, width]`.
    pub(super) fn take_images(&mut self, device: &Device) -> Tensor<4> {
        let pixels = std::mem::take(&mut self.pixels);
        Tensor::from_data(TensorData::new(pixels, self.shape), device)
    }
}

/// Starts a thread that makes the batches in order. It ends after the last one, after an error, or
/// when the receiver is dropped.
pub(super) fn feed<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    images: &'env Images,
    batches: &'env Batches,
    normalise: &'env Normalise,
) -> Receiver<Result<HostBatch, DataError>> {
    let (sender, receiver) = sync_channel(AHEAD);
    scope.spawn(move || {
        for indices in batches {
            let batch = HostBatch::new(images, indices, normalise);
            let failed = batch.is_err();
            if sender.send(batch).is_err() || failed {
                break;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

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
            for batch in feed(scope, &images, &batches, &Normalise::ZeroOne) {
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
            let receiver = feed(scope, &images, &batches, &Normalise::ZeroOne);
            receiver.iter().take(3).count()
        });
        assert_eq!(taken, 3);
    }

    #[test]
    fn an_error_is_the_last_thing_received() {
        let images = images(4);
        let normalise = Normalise::PerChannel {
            mean: vec![0.0; 3],
            std: vec![1.0; 3],
        };
        let batches = Batches::in_order(4, 2).unwrap();
        let received: Vec<_> =
            thread::scope(|scope| feed(scope, &images, &batches, &normalise).iter().collect());
        assert_eq!(received.len(), 1);
        assert!(received[0].is_err());
    }
}
