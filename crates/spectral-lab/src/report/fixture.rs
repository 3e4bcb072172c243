//! A made-up report for tests.

use std::f32::consts::PI;

use super::{
    ColorScale, DataSetReport, EpochReport, FilterReport, Goal, Grid, ModelReport, Picture,
    Provenance, Report, SeedReport,
};

/// A model whose accuracy climbs to `accuracy` in eight epochs.
pub(crate) fn model(name: &str, accuracy: f64) -> ModelReport {
    let history = (1..=8)
        .map(|epoch| {
            let progress = 1.0 - (-0.7 * epoch as f64).exp();
            EpochReport {
                epoch,
                seconds: 2.0 + 0.1 * (epoch as f64).sin(),
                train_loss: 2.2 * (1.0 - progress) + (1.0 - accuracy) * 2.0,
                train_accuracy: 0.1 + (accuracy - 0.08) * progress,
                test_loss: 2.2 * (1.0 - progress) + (1.0 - accuracy) * 2.4,
                test_accuracy: 0.1 + (accuracy - 0.1) * progress,
                learning_rate: 1e-3,
                images_per_s: 2500.0,
                ..EpochReport::default()
            }
        })
        .collect();
    ModelReport {
        model: name.into(),
        summary: "Three convolutions, batch norm, pooling, one linear layer.".into(),
        data: "glyphs".into(),
        params: 23_946,
        dead_params: 0,
        accuracy,
        precision: accuracy,
        recall: accuracy,
        f1: accuracy - 0.002,
        loss: (1.0 - accuracy) * 2.4,
        epoch_s: 2.0,
        images_per_s: 2500.0,
        history,
        notes: Vec::new(),
        ..ModelReport::default()
    }
}

/// A model that reconstructs images with that loss.
pub(crate) fn rebuilding(name: &str, loss: f64) -> ModelReport {
    let mut model = model(name, 0.9);
    model.goal = Goal::Rebuild;
    for share in [
        &mut model.accuracy,
        &mut model.precision,
        &mut model.recall,
        &mut model.f1,
    ] {
        *share = f64::NAN;
    }
    model.loss = loss;
    for epoch in &mut model.history {
        (epoch.train_accuracy, epoch.test_accuracy) = (f64::NAN, f64::NAN);
    }
    model
}

/// Results of seeds from 0 on.
pub(crate) fn seeds(accuracies: &[f64]) -> Vec<SeedReport> {
    let seed = |(seed, &accuracy): (usize, &f64)| SeedReport {
        seed: seed as u64,
        accuracy,
        loss: 1.0 - accuracy,
        epoch_s: 2.0,
        ..SeedReport::default()
    };
    accuracies.iter().enumerate().map(seed).collect()
}

/// A model that predicts fields with that relative L2 error, and twice as large an H1 error.
pub(crate) fn predicting(name: &str, l2: f64) -> ModelReport {
    let mut model = rebuilding(name, 2.0 * l2);
    model.goal = Goal::Predict;
    (model.l2, model.h1) = (Some(l2), Some(2.0 * l2));
    for epoch in &mut model.history {
        let error = l2 * (1.0 + 8.0 * (-0.9 * epoch.epoch as f64).exp());
        (epoch.l2, epoch.h1) = (Some(error), Some(2.0 * error));
    }
    model
}

/// Results of seeds from 0 on of a model that predicts fields.
pub(crate) fn error_seeds(errors: &[f64]) -> Vec<SeedReport> {
    let seed = |(seed, &error): (usize, &f64)| SeedReport {
        seed: seed as u64,
        accuracy: f64::NAN,
        loss: 2.0 * error,
        l2: Some(error),
        h1: Some(2.0 * error),
        epoch_s: 2.0,
    };
    errors.iter().enumerate().map(seed).collect()
}

/// A report on models that predict the pressure of a Darcy flow.
pub(crate) fn prediction() -> Report {
    let mut report = report();
    report.summary = vec!["On darcy fno has the lowest error, 0.0842.".into()];
    report.data_sets.truncate(1);
    let fields = |phase: f32, size: f32| -> Vec<Vec<f32>> {
        let field = |sample: usize| {
            let at = sample as f32 + phase;
            grid(16, |y, x| {
                size * ((0.3 * y + at).sin() + (0.2 * x - at).cos())
            })
            .values
        };
        (0..4).map(field).collect()
    };
    let pictures = |fields: &[Vec<f32>], scale: ColorScale| -> Vec<Picture> {
        let label = scale.describe();
        let picture = |field: &Vec<f32>| scale.picture(field, 16, 16, label.as_str()).unwrap();
        fields.iter().map(picture).collect()
    };
    let common = |fields: &[Vec<f32>]| ColorScale::of(fields.iter().map(Vec::as_slice));
    let (inputs, truth) = (fields(0.0, 3.0), fields(1.0, 1.0));
    let data = &mut report.data_sets[0];
    (data.name, data.description) = ("darcy".into(), "Steady flow on 16×16 points.".into());
    (data.train_count, data.test_count) = (1000, 100);
    data.classes = Vec::new();
    data.samples = pictures(&inputs, common(&inputs));
    data.targets = pictures(&truth, common(&truth));
    data.models = [("fno", 0.0842), ("resnet", 0.231), ("unet", 0.117)]
        .map(|(name, l2)| {
            let predicted = fields(1.0 + l2 as f32, 1.0);
            let differences: Vec<Vec<f32>> = (predicted.iter().zip(&truth))
                .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect())
                .collect();
            let own = ColorScale::symmetric(differences.iter().map(Vec::as_slice));
            ModelReport {
                summary: "Four Fourier layers of 24 channels.".into(),
                rebuilt: pictures(&predicted, common(&truth)),
                differences: pictures(&differences, own),
                ..predicting(name, l2)
            }
        })
        .to_vec();
    report
}

/// A report on models that reconstruct digits.
pub(crate) fn reconstruction() -> Report {
    let mut report = report();
    report.summary = vec!["On glyphs cnn has the lowest loss, 0.0623.".into()];
    report.data_sets.truncate(1);
    let data = &mut report.data_sets[0];
    let losses = [0.0623, 0.0809, 0.0712, 0.0655];
    for (model, loss) in data.models.iter_mut().zip(losses) {
        let name = model.model.clone();
        *model = ModelReport {
            filters: std::mem::take(&mut model.filters),
            summary: std::mem::take(&mut model.summary),
            rebuilt: data.samples.clone(),
            ..rebuilding(&name, loss)
        };
    }
    report
}

fn grid(size: usize, value: impl Fn(f32, f32) -> f32) -> Grid {
    let half = (size / 2) as f32;
    let values = (0..size * size)
        .map(|i| value((i / size) as f32 - half, (i % size) as f32 - half))
        .collect();
    Grid {
        rows: size,
        cols: size,
        values,
    }
}

fn filters(names: usize, size: usize, width: f32) -> Vec<FilterReport> {
    (0..names)
        .map(|i| {
            let (s, c) = (i as f32 * PI / names as f32).sin_cos();
            let wave = move |y: f32, x: f32| (1.2 * (c * x + s * y) + i as f32).cos();
            FilterReport {
                label: format!("layer 1, filter {}", i + 1),
                kernel: grid(size, |y, x| {
                    wave(y, x) * (-(y * y + x * x) / (2.0 * width * width)).exp()
                }),
                magnitude: grid(28, |y, x| {
                    let bump = |sign: f32| {
                        let (dy, dx) = (y - sign * 5.35 * s, x - sign * 5.35 * c);
                        (-(dy * dy + dx * dx) * width * width / 40.0).exp()
                    };
                    bump(1.0) + bump(-1.0)
                }),
                phase: (size > 3).then(|| grid(28, |y, x| (0.4 * x - 0.2 * y).sin() * PI)),
            }
        })
        .collect()
}

fn confusion(classes: usize, each: u64, accuracy: f64) -> Vec<Vec<u64>> {
    (0..classes)
        .map(|row| {
            let wrong = ((1.0 - accuracy) * each as f64 * (0.6 + 0.08 * row as f64)).round() as u64;
            let mut counts = vec![0; classes];
            for part in 0..wrong {
                let column = (row + [3, 1, 3, 3, 7, 1, 3, 5][(part % 8) as usize]) % classes;
                counts[column] += 1;
            }
            counts[row] = each - counts.iter().sum::<u64>();
            counts
        })
        .collect()
}

fn samples(classes: &[String], size: usize) -> Vec<Picture> {
    (classes.iter().enumerate())
        .map(|(class, label)| {
            let image = grid(size, |y, x| {
                let (s, c) = (class as f32 * 0.314).sin_cos();
                127.5 + 110.0 * ((0.3 + 0.06 * class as f32) * (c * x + s * y)).sin()
            });
            let pixels = image.values.iter().map(|&value| value as u8).collect();
            Picture {
                label: label.clone(),
                rows: size,
                cols: size,
                channels: 1,
                pixels,
            }
        })
        .collect()
}

fn data_set(name: &str, description: &str, classes: Vec<String>, shift: f64) -> DataSetReport {
    let variant = |name: &str,
                   summary: &str,
                   params: usize,
                   dead_params: usize,
                   accuracy: f64,
                   epoch_s: f64| {
        let mut model = model(name, accuracy);
        model.summary = summary.into();
        model.data = description
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_lowercase();
        (model.params, model.dead_params, model.epoch_s) = (params, dead_params, epoch_s);
        model.images_per_s = 6000.0 / epoch_s;
        for (i, epoch) in model.history.iter_mut().enumerate() {
            epoch.seconds = epoch_s;
            epoch.test_accuracy += 0.01 * ((i as f64 + epoch_s) * 1.7).sin() / (i + 1) as f64;
        }
        model.confusion = confusion(classes.len(), 200, accuracy);
        model
    };
    let mut models = vec![
        variant(
            "cnn",
            "Three 3×3 convolutions with batch norm and pooling: the spatial baseline.",
            23_946,
            0,
            0.963 - shift,
            2.31,
        ),
        variant(
            "kk1",
            "The first convolution replaced by a Kramers–Kronig layer as published.",
            23_818,
            16,
            0.921 - shift,
            1.92,
        ),
        variant(
            "kk1-repaired",
            "The same with the imaginary part tied to the real one, which makes the filter causal.",
            30_122,
            0,
            0.957 - shift,
            2.84,
        ),
        variant(
            "free1",
            "The first convolution replaced by one free complex weight per frequency.",
            36_074,
            464,
            0.9645 - shift,
            3.05,
        ),
    ];
    models[0].filters = filters(6, 3, 1.0);
    models[2].filters = filters(6, 28, 4.0);
    models[3].filters = filters(6, 28, 2.5);
    models[1].notes = vec![
        "16 parameters are dead: the imaginary parts of the response have no effect on the output."
            .into(),
    ];
    for model in &mut models {
        model.data = name.into();
    }
    DataSetReport {
        name: name.into(),
        description: description.into(),
        samples: samples(&classes, if shift > 0.0 { 32 } else { 28 }),
        classes,
        train_count: 6000,
        test_count: 2000,
        models,
        ..DataSetReport::default()
    }
}

/// A report on two data sets of ten classes, four models each.
pub(crate) fn report() -> Report {
    let digits = (0..10).map(|digit| digit.to_string()).collect();
    let textures = [
        "horizontal",
        "vertical",
        "diagonal",
        "plaid",
        "fine noise",
        "coarse noise",
        "rings",
        "dots",
        "edges",
        "bars",
    ];
    let textures = textures.map(String::from).to_vec();
    Report {
        sections: Vec::new(),
        title: "Spectral and spatial networks compared".into(),
        summary: vec![
            "On glyphs the free spectral network reaches 96.4 % test accuracy (2,000 images), no \
             significant difference from the plain convolutional network; it has 1.5 times as many \
             parameters and takes 1.3 times as long per epoch."
                .into(),
            "The Kramers–Kronig layer as published is worse: the imaginary half of its response \
             has no effect. The repaired layer closes most of the gap."
                .into(),
        ],
        provenance: Provenance {
            command: "spectral demo --seed 7".into(),
            commit: Some("841c25d0c1".into()),
            seed: 7,
            machine: "8-core example processor".into(),
            threads: 8,
            versions: vec![
                ("spectral".into(), "0.1.0".into()),
                ("burn".into(), "0.22.1".into()),
            ],
            date: "2026-11-21 02:10 UTC".into(),
            elapsed_s: 148.2,
        },
        data_sets: vec![
            data_set(
                "glyphs",
                "Digits drawn as strokes, bent, shifted and made noisy at random; 28×28 gray pixels.",
                digits,
                0.0,
            ),
            data_set(
                "textures",
                "Patterns that differ only in direction, fineness or regularity; 32×32 gray pixels.",
                textures,
                0.05,
            ),
        ],
    }
}

/// A report in which every text and number is hostile: markup in names, and no finite metric in its
/// last model.
pub(crate) fn hostile() -> Report {
    let mut report = report();
    let evil = "<script>alert(1)</script>|`*_\"'&\n# x";
    report.title = evil.into();
    report.summary = vec![evil.into()];
    report.provenance.command = evil.into();
    report.provenance.commit = None;
    report.provenance.versions = vec![(evil.into(), evil.into())];
    let data = &mut report.data_sets[0];
    (data.name, data.description, data.classes[3]) = (evil.into(), evil.into(), evil.into());
    data.samples[3].label = evil.into();
    let model = &mut data.models[3];
    (model.model, model.summary, model.data, model.notes) =
        (evil.into(), evil.into(), evil.into(), vec![evil.into()]);
    model.filters[0].label = evil.into();
    model.filters[0].kernel.values[3] = f32::NAN;
    for value in [
        &mut model.accuracy,
        &mut model.precision,
        &mut model.recall,
        &mut model.f1,
        &mut model.loss,
        &mut model.epoch_s,
        &mut model.images_per_s,
    ] {
        *value = f64::NAN;
    }
    for (i, epoch) in model.history.iter_mut().enumerate().skip(2) {
        (epoch.train_loss, epoch.test_loss, epoch.test_accuracy) =
            (f64::INFINITY, f64::NAN, f64::NAN);
        epoch.seconds = if i == 4 { f64::NAN } else { 1.0 };
    }
    report
}
