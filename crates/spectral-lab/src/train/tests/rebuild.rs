use super::*;
use crate::data::Normalize;

fn rebuilding(epochs: usize, loss: Loss) -> TrainConfig {
    TrainConfig {
        target: Target::Image,
        loss,
        learning_rate: 0.01,
        schedule: ScheduleConfig::default(),
        clipping: Clipping::None,
        optimizer: OptimizerConfig::default(),
        ..config(epochs)
    }
}

/// What the best linear autoencoder of `width` numbers leaves of the training images: the mean
/// squared distance of pixels in 0..1 from the plane of the first principal components, found by
/// power iteration on the covariance in f64.
fn residual(width: usize) -> f64 {
    let train = data().train;
    let count = train.len() as f64;
    let mut rows: Vec<Vec<f64>> = (0..train.len())
        .map(|i| {
            train
                .image(i)
                .iter()
                .map(|p| f64::from(*p) / 255.0)
                .collect()
        })
        .collect();
    for pixel in 0..64 {
        let mean = rows.iter().map(|row| row[pixel]).sum::<f64>() / count;
        rows.iter_mut().for_each(|row| row[pixel] -= mean);
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    for component in 0..width {
        let mut axis: Vec<f64> = (0..64)
            .map(|i| ((i * 7 + component) % 5) as f64 - 1.5)
            .collect();
        for _ in 0..500 {
            let mut next = vec![0.0; 64];
            for row in &rows {
                let along = dot(row, &axis);
                next.iter_mut().zip(row).for_each(|(n, r)| *n += along * r);
            }
            let norm = dot(&next, &next).sqrt();
            axis = next.into_iter().map(|n| n / norm).collect();
        }
        for row in &mut rows {
            let along = dot(row, &axis);
            row.iter_mut().zip(&axis).for_each(|(r, a)| *r -= along * a);
        }
    }
    rows.iter().map(|row| dot(row, row)).sum::<f64>() / (64.0 * count)
}

#[test]
fn a_linear_autoencoder_comes_down_to_the_principal_components() {
    let config = TrainConfig {
        // Down to nothing, so that the last steps do not scatter.
        schedule: ScheduleConfig {
            warmup: None,
            decay: Decay::Cosine {
                over: Span::Epochs(150),
                floor: 0.0,
            },
        },
        ..rebuilding(150, Loss::MeanSquaredError)
    };
    let outcome = fit(Linear64::new(2), &data(), &config, None, &mut ()).unwrap();
    let (first, last) = (&outcome.history[0], &outcome.history[149]);
    let best = residual(2);
    assert!(first.train_loss > 5.0 * best, "{first:?}, {best}");
    let ratio = last.train_loss / best;
    assert!((0.999..1.03).contains(&ratio), "{last:?}, {best}");
    assert_eq!((last.train_accuracy, last.test), (None, None));
    let evaluation = outcome.evaluation.unwrap();
    assert_eq!(
        (evaluation.confusion.clone(), evaluation.scores()),
        (None, None)
    );
}

#[test]
fn the_best_epoch_is_that_of_the_least_test_loss() {
    let config = rebuilding(6, Loss::BinaryCrossEntropy);
    let outcome = fit(Linear64::new(2), &data(), &config, None, &mut ()).unwrap();
    let best = outcome.best.unwrap();
    assert_eq!(best.test_accuracy, None);
    let losses: Vec<f64> = outcome.history.iter().map(|m| m.test_loss).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[best.epoch - 1], least);
    assert!(losses[5] < losses[0]);
}

#[test]
fn rebuilt_images_are_the_outputs_in_bytes() {
    let config = rebuilding(3, Loss::MeanSquaredError);
    let model = fit(Linear64::new(2), &data(), &config, None, &mut ())
        .unwrap()
        .model;
    let test = data().test;
    let inputs: Vec<f32> = test
        .pixels
        .iter()
        .map(|&p| f32::from(p) / 127.5 - 1.0)
        .collect();
    let inputs = Tensor::<1>::from_floats(inputs.as_slice(), &Device::flex());
    let outputs = model.forward(inputs.reshape([31, 1, 8, 8]));
    let outputs = outputs.try_into_vec_as::<f32>().unwrap();
    for batch_size in [1, 31] {
        let feeding = Feeding {
            normalize: &config.normalize,
            batch_size,
        };
        let rebuilt = reconstruct(&model, &test, config.loss, feeding).unwrap();
        assert_eq!(
            (rebuilt.shape(), &rebuilt.labels),
            (test.shape(), &test.labels)
        );
        for (byte, output) in rebuilt.pixels.iter().zip(&outputs) {
            let exact = (255.0 * output).clamp(0.0, 255.0);
            assert!((f32::from(*byte) - exact).abs() <= 0.501, "{byte} {output}");
        }
    }
}

#[test]
fn binary_cross_entropy_is_rebuilt_through_its_sigmoid() {
    let mut model = Linear64::new(1);
    model.encode.weight = model.encode.weight.map(|w| w.zeros_like());
    model.decode.weight = model.decode.weight.map(|w| w.zeros_like());
    model.encode.bias = None;
    model.decode.bias = None;
    let feeding = Feeding {
        normalize: &Normalize::ZeroOne,
        batch_size: 8,
    };
    let rebuild = |loss| {
        reconstruct(&model, &data().test, loss, feeding)
            .unwrap()
            .pixels
    };
    assert!(rebuild(Loss::BinaryCrossEntropy).iter().all(|p| *p == 128));
    assert!(rebuild(Loss::MeanSquaredError).iter().all(|p| *p == 0));
}

#[test]
fn a_network_of_classes_cannot_rebuild_and_the_other_way_round() {
    let config = rebuilding(1, Loss::MeanSquaredError);
    let error = fit(Small::new(3), &data(), &config, None, &mut ()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("3 outputs") && message.contains("1x8x8"),
        "{message}"
    );
    let config = TrainConfig {
        target: Target::Label,
        ..config
    };
    let error = fit(Linear64::new(2), &data(), &config, None, &mut ()).unwrap_err();
    assert!(error.to_string().contains("64 outputs"), "{error}");
}

#[test]
fn labels_do_not_matter_to_what_is_rebuilt() {
    let mut data = data();
    data.train.labels.fill(999);
    data.test.labels.fill(999);
    let config = rebuilding(1, Loss::MeanSquaredError);
    fit(Linear64::new(2), &data, &config, None, &mut ()).unwrap();
}
