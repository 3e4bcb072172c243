use super::*;
use crate::data::Normalise;

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

/// Mean squared distance of the test pixels, in 0..1, from their means over the training images: what
/// the best constant leaves.
fn variance() -> f64 {
    let data = data();
    let at = |images: &Images, pixel: usize| -> Vec<f64> {
        let values = images.pixels.iter().skip(pixel).step_by(64);
        values.map(|&value| f64::from(value) / 255.0).collect()
    };
    let squares = (0..64).map(|pixel| {
        let train = at(&data.train, pixel);
        let mean = train.iter().sum::<f64>() / train.len() as f64;
        let test = at(&data.test, pixel);
        test.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / test.len() as f64
    });
    squares.sum::<f64>() / 64.0
}

#[test]
fn a_linear_autoencoder_learns_the_subspace_of_the_stripes() {
    let config = rebuilding(40, Loss::MeanSquaredError);
    let outcome = fit(Linear64::new(2), &data(), &config, None, &mut ()).unwrap();
    let last = outcome.history.last().unwrap();
    // Two dimensions hold three means; what is left is the noise, uniform on 0 to 63 of 255:
    // (64² − 1)/12/255² = 0.00525.
    assert!(variance() > 0.05, "{}", variance());
    assert!(last.test_loss < 0.007, "{last:?}");
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
fn rebuilt_images_are_the_outputs_in_bytes_and_their_loss_is_the_evaluated_one() {
    let config = rebuilding(40, Loss::MeanSquaredError);
    let outcome = fit(Linear64::new(2), &data(), &config, None, &mut ()).unwrap();
    let test = data().test;
    for batch_size in [1, 31] {
        let feeding = Feeding {
            normalise: &config.normalise,
            batch_size,
        };
        let rebuilt = reconstruct(&outcome.model, &test, config.loss, feeding).unwrap();
        assert_eq!(
            (rebuilt.shape(), &rebuilt.labels),
            (test.shape(), &test.labels)
        );
        let squares = rebuilt.pixels.iter().zip(&test.pixels).map(|(a, b)| {
            let difference = (f64::from(*a) - f64::from(*b)) / 255.0;
            difference * difference
        });
        let mean = squares.sum::<f64>() / test.pixels.len() as f64;
        let loss = outcome.evaluation.as_ref().unwrap().loss;
        // Rounding to bytes adds at most (1/2)²/3/255² on average; cutting at 0 and 255 takes away.
        assert!((mean - loss).abs() < 1e-4, "{mean} {loss}");
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
        normalise: &Normalise::ZeroOne,
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
