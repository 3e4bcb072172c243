//! The figures as a page.

use spectral_lab::report::{Picture, Report, SectionTable, Strip, Value, count};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::Compared;
use super::super::shown::note;
use super::Code;
use super::code::{Place, Stage};

/// Losses that the source's notebook printed after fifty epochs.
const SOURCE: [(&str, f64); 2] = [
    ("autoencoder-spatial", 0.0623),
    ("autoencoder-gaussian", 0.0809),
];

pub(super) fn page(
    study: &StudyInfo,
    compared: Compared,
    codes: &[Code],
    rebuilt: &[(String, Vec<Picture>)],
    images: usize,
) -> Report {
    let mut summary: Vec<String> = compared.against_baseline().into_iter().collect();
    summary.extend(code_finding(codes));
    let mut curves = compared.curves("Binary cross-entropy of unseen images", 1.0, |epoch| {
        epoch.test_loss
    });
    curves.note += " Lower is better; an image's own entropy is what no network gets below.";
    let mut differences = compared.differences();
    differences.charts.push(curves);
    let mut sections = vec![
        question(study, &compared),
        beside_source(&compared),
        differences,
        code(codes, images),
    ];
    if !rebuilt.is_empty() {
        sections.push(pictures(rebuilt, &compared.data.name));
    }
    Report {
        title: "What an encoder on spectra can rebuild".into(),
        summary,
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: vec![compared.into_data_set()],
        ..Report::default()
    }
}

fn epochs(compared: &Compared) -> usize {
    let runs = compared.models.iter().flat_map(|trained| &trained.runs);
    runs.map(|run| run.history.len()).max().unwrap_or(0)
}

fn question(study: &StudyInfo, compared: &Compared) -> Section {
    let data = &compared.data;
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "As in the source's notebook: an encoder of two layers of 32 channels, each halving the \
                 image by max-pool, a decoder of transposed convolutions, binary cross-entropy of \
                 pixels in 0..1, Adam at 0.001, mini-batches of 128. It trains for fifty epochs of \
                 60,000 digits; here it is {} of {} images of {}, {} to test on, {} seeds.",
                epochs(compared),
                data.train_count,
                data.name,
                data.test_count,
                compared.seeds.len()
            ),
            "The published spectral encoder transforms, filters the sum of its channels by rotated \
             Gaussians, rectifies real and imaginary part, and goes back to the image before it pools. \
             Repaired: stable Gaussian responses that couple all channels, with ReLU in the image."
                .into(),
        ],
        ..Section::default()
    }
}

/// A loss as the source prints it.
fn loss(value: f64) -> String {
    format!("{value:.4}")
}

fn beside_source(compared: &Compared) -> Section {
    let rows = compared.models.iter().map(|trained| -> Vec<Value> {
        let source = SOURCE.iter().find(|(model, _)| *model == trained.model);
        let mean = loss(trained.mean(|run| run.loss));
        vec![
            trained.model.as_str().into(),
            count(trained.runs.first().map_or(0, |run| run.params)).into(),
            source
                .map_or_else(|| "–".to_string(), |(_, value)| loss(*value))
                .into(),
            match trained.spread(|run| run.loss) {
                Some(spread) => format!("{mean} ± {}", loss(spread.std)).into(),
                None => mean.into(),
            },
        ]
    });
    Section {
        heading: "Beside the source's figures".into(),
        tables: vec![SectionTable {
            title: "Binary cross-entropy of unseen images".into(),
            columns: [
                "network".to_string(),
                "parameters".into(),
                "source, 50 epochs".into(),
                format!("here, {} epochs", epochs(compared)),
            ]
            .to_vec(),
            rows: rows.collect(),
            note: format!(
                "Lower is better. ±: standard deviation over the seeds. The source's are on MNIST, these \
                 on {}.",
                compared.data.name
            ),
        }],
        ..Section::default()
    }
}

/// Images in place of those of `set`, before and after.
fn pictures(rebuilt: &[(String, Vec<Picture>)], set: &str) -> Section {
    let strips = rebuilt.iter().map(|(name, pictures)| Strip {
        title: name.clone(),
        pictures: pictures.clone(),
        file: None,
    });
    Section {
        heading: "Images before and after".into(),
        text: note(set).into_iter().collect(),
        strips: strips.collect(),
        ..Section::default()
    }
}

/// The second layer's filters, which is where networks differ: one channel goes into the first.
fn second(code: &Code, place: Place) -> Option<&Stage> {
    let mut stages = code.stages.iter();
    stages.find(|stage| stage.layer == 2 && stage.place == place)
}

fn code_finding(codes: &[Code]) -> Option<String> {
    let each: Option<Vec<String>> = (codes.iter())
        .map(|code| {
            let stage = second(code, Place::Filtered)?;
            Some(format!(
                "{} {:.2} ({} of the energy beyond the first)",
                code.model,
                stage.numbers,
                percent(stage.beyond)
            ))
        })
        .collect();
    Some(format!(
        "Of the 32 channels that the second layer's filters give, independent complex numbers at a \
         frequency: {}. What rectification makes of one number is still decided by that number.",
        each?.join(", ")
    ))
}

fn percent(share: f64) -> String {
    format!("{} %", Value::from(100.0 * share).shown())
}

fn code(codes: &[Code], images: usize) -> Section {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for code in codes {
        for stage in &code.stages {
            rows.push(vec![
                code.model.as_str().into(),
                stage.layer.to_string().into(),
                match stage.place {
                    Place::Filtered => "filtered",
                    Place::Rectified => "rectified",
                    Place::Pooled => "pooled",
                }
                .into(),
                stage.numbers.into(),
                (100.0 * stage.beyond).into(),
                (100.0 * stage.dropped).into(),
            ]);
        }
    }
    Section {
        heading: "What a code can hold".into(),
        text: vec![format!(
            "The spectra of the channels after each part of the encoder, of {images} unseen images, \
             networks of the first seed. The published layer adds up its channels before it filters, so \
             its filters give multiples of one complex number at each frequency, and ReLU makes 64 \
             rectified projections of that number; where it goes back to the image, what no real image \
             has of the rectified spectrum is dropped."
        )],
        tables: vec![SectionTable {
            title: "Independent numbers at a frequency".into(),
            columns: [
                "network",
                "layer",
                "place",
                "numbers, of 32",
                "beyond the first (%)",
                "dropped (%)",
            ]
            .map(String::from)
            .to_vec(),
            rows,
            note: "Numbers: (Σλ)²/Σλ² of the eigenvalues λ of the channels' covariance over images at a \
                   frequency, the mean of all frequencies: 1 where all channels are multiples of one, 32 \
                   where all are independent and alike in size. It counts linearly: after ReLU, 64 \
                   functions of one number count as more than one. Beyond the first: energy that no \
                   multiple of one complex number holds. Dropped: energy of the rectified spectrum that \
                   the way back to the image loses. One channel goes into the first layer, so its \
                   filters give one number in every network, but for what offsets and zeros around the \
                   image add."
                .into(),
        }],
        ..Section::default()
    }
}
