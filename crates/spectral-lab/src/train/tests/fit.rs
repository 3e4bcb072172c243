use super::*;

#[test]
fn a_small_network_learns_the_stripes() {
    let outcome = fit(Small::new(3), &data(), &config(8), None, &mut ()).unwrap();
    assert_eq!(outcome.ending, Ending::Completed);
    assert_eq!(outcome.history.len(), 8);
    let last = outcome.history.last().unwrap();
    assert!(last.test_accuracy().unwrap() > 0.9, "{last:?}");
    assert!(last.train_loss < outcome.history[0].train_loss);
    assert_eq!(last.step, 48);
    let evaluation = outcome.evaluation.unwrap();
    assert_eq!(evaluation.confusion.as_ref().unwrap().total(), 31);
    assert_eq!(evaluation.scores(), last.test);
    let best = outcome.best.unwrap();
    let accuracies = outcome.history.iter().filter_map(|m| m.test_accuracy());
    assert_eq!(best.test_accuracy, Some(accuracies.fold(0.0, f64::max)));
}

#[test]
fn two_runs_from_the_same_weights_agree_bit_by_bit() {
    let model = Small::new(3);
    let mut runs = (0..2).map(|_| fit(model.clone(), &data(), &config(2), None, &mut ()).unwrap());
    let (first, second) = (runs.next().unwrap(), runs.next().unwrap());
    assert_eq!(bits(&first.model), bits(&second.model));
    assert_same_history(&first.history, &second.history);
    assert_ne!(bits(&first.model), bits(&model));
}

#[test]
fn the_seed_changes_the_order_and_with_it_the_weights() {
    let model = Small::new(3);
    let other = TrainConfig {
        seed: 6,
        ..config(1)
    };
    let first = fit(model.clone(), &data(), &config(1), None, &mut ()).unwrap();
    let second = fit(model, &data(), &other, None, &mut ()).unwrap();
    assert_ne!(bits(&first.model), bits(&second.model));
}

#[test]
fn evaluation_uses_running_statistics_and_leaves_the_network_alone() {
    let model = fit(Small::new(3), &data(), &config(4), None, &mut ())
        .unwrap()
        .model;
    let training = model.clone().train();
    let before = bits(&model);
    let normalize = config(1).normalize;
    let by = |batch_size| {
        let feeding = Feeding {
            normalize: &normalize,
            batch_size,
        };
        evaluate(&training, &data().test, labels(Loss::default()), feeding).unwrap()
    };
    // Statistics of the batch would make the results depend on its size.
    let (one, all) = (by(1), by(31));
    assert_eq!(one.confusion, all.confusion);
    assert!((one.loss - all.loss).abs() < 1e-6, "{one:?}, {all:?}");
    assert_eq!(bits(&training), before);
}

#[test]
fn probabilities_sum_to_one_and_agree_with_the_confusion_matrix() {
    let outcome = fit(Small::new(3), &data(), &config(4), None, &mut ()).unwrap();
    let normalize = config(1).normalize;
    let feeding = Feeding {
        normalize: &normalize,
        batch_size: 7,
    };
    let probabilities = predict(&outcome.model, &data().test, feeding).unwrap();
    assert_eq!(probabilities.rows().len(), 31);
    let mut confusion = ConfusionMatrix::new(3);
    for (index, row) in probabilities.rows().enumerate() {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        let top = probabilities.top(index, 2);
        assert_eq!(top.len(), 2);
        assert!(top[0].1 >= top[1].1);
        confusion.add(usize::from(data().test.labels[index]), top[0].0);
    }
    assert_eq!(Some(confusion), outcome.evaluation.unwrap().confusion);
}

#[test]
fn a_run_that_diverges_says_where() {
    // The first step moves the outputs to about 1e29, whose square no f32 holds.
    let wild = TrainConfig {
        learning_rate: 1e30,
        loss: Loss::MeanSquaredError,
        optimizer: OptimizerConfig::Sgd(SgdSettings::default()),
        schedule: ScheduleConfig::default(),
        clipping: Clipping::None,
        ..config(3)
    };
    let outcome = fit(Small::new(3), &data(), &wild, None, &mut ()).unwrap();
    let Ending::Diverged { epoch, step, loss } = outcome.ending else {
        panic!("{:?}", outcome.ending);
    };
    assert_eq!((epoch, step), (1, 2));
    assert!(!loss.is_finite());
    assert_eq!(outcome.evaluation, None);
    assert!(outcome.history.is_empty());
}

#[test]
fn every_loss_and_optimizer_trains() {
    let losses = [Loss::MeanSquaredError, Loss::BinaryCrossEntropy];
    let optimizers = [
        OptimizerConfig::AdamW(AdamWSettings::default()),
        OptimizerConfig::RmsProp(RmsPropSettings::default()),
    ];
    for (loss, optimizer) in losses.into_iter().zip(optimizers) {
        let config = TrainConfig {
            loss,
            optimizer,
            ..config(4)
        };
        let history = fit(Small::new(3), &data(), &config, None, &mut ())
            .unwrap()
            .history;
        assert!(history[3].test_loss < history[0].test_loss, "{history:?}");
    }
}

#[test]
fn the_observer_hears_of_every_image_and_may_end_the_run() {
    #[derive(Default)]
    struct Count {
        images: usize,
        epochs: usize,
    }
    impl Observer for Count {
        fn epoch_started(&mut self, progress: EpochProgress) {
            assert_eq!((progress.images, progress.images_in_epoch), (0, 90));
            self.images = 0;
        }
        fn batch_finished(&mut self, progress: EpochProgress) {
            assert!(progress.images > self.images);
            self.images = progress.images;
        }
        fn epoch_finished(&mut self, _: &EpochMetrics) -> ControlFlow<()> {
            assert_eq!(self.images, 90);
            self.epochs += 1;
            if self.epochs == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
    let mut count = Count::default();
    let outcome = fit(Small::new(3), &data(), &config(9), None, &mut count).unwrap();
    assert_eq!(count.epochs, 2);
    assert_eq!(outcome.ending, Ending::Stopped { epoch: 2 });
}

#[test]
fn leaving_out_the_last_batch_leaves_out_its_images() {
    let config = TrainConfig {
        drop_last: true,
        ..config(1)
    };
    let outcome = fit(Small::new(3), &data(), &config, None, &mut ()).unwrap();
    assert_eq!(outcome.history[0].step, 5);
}

#[test]
fn data_that_cannot_be_trained_on_is_refused_with_a_reason() {
    let refused = |data: &DataSet, model: Small| {
        fit(model, data, &config(1), None, &mut ())
            .unwrap_err()
            .to_string()
    };
    let mut empty = data();
    empty.test.truncate(0);
    let message = refused(&empty, Small::new(3));
    assert_eq!(message, "the test set of stripes is empty");

    let mut wrong = data();
    wrong.train.labels[7] = 3;
    let message = refused(&wrong, Small::new(3));
    assert_eq!(
        message,
        "training image 7 has label 3, but there are only 3 classes"
    );

    let message = refused(&data(), Small::new(5));
    assert!(message.contains("5 outputs"), "{message}");
}
