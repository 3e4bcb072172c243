//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{ModelReport, Picture, Report, Value, count};

use super::code::{Place, Stage};
use super::{Code, Extent};
use crate::kit::comparison::{Compared, Standing, Trained};
use crate::kit::shown::{Pictured, pictured};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

/// Losses that the source's notebook printed after fifty epochs.
const SOURCE: [(&str, f64); 2] = [
    ("autoencoder-spatial", 0.0623),
    ("autoencoder-gaussian", 0.0809),
];

#[derive(Serialize)]
struct Figures {
    standing: Standing,
    epochs: usize,
    train: usize,
    test: usize,
    /// Test images whose codes are examined.
    coded: usize,
    codes: Vec<Filtered>,
    pictured: Pictured,
    /// Names of the rows of rebuilt images, where others stand in for those of the set.
    rebuilt: Vec<String>,
}

/// What the filters of the second layer give: one channel goes into the first, so that networks
/// differ here.
#[derive(Serialize)]
struct Filtered {
    model: String,
    channels: usize,
    /// Independent complex numbers per frequency.
    numbers: f64,
    /// The share of the energy beyond the first.
    beyond: f64,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    extent: &Extent,
    compared: Compared,
    codes: &[Code],
    rebuilt: Vec<(String, Vec<Picture>)>,
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    page.table("source", compared.models.iter().map(source_row));
    page.chart("loss", curves(&compared));
    page.table("codes", codes.iter().flat_map(code_rows));
    let mut rows = Vec::new();
    for (name, pictures) in rebuilt {
        page.strip(&name, pictures);
        rows.push(name);
    }
    let data = &compared.data;
    let figures = Figures {
        epochs: extent.images[2],
        train: data.train_count,
        test: data.test_count,
        coded: extent.coded,
        codes: codes.iter().filter_map(filtered).collect(),
        pictured: pictured(&data.name),
        rebuilt: rows,
        standing: page.comparison("networks", compared),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// A loss as the source prints it.
fn loss(value: f64) -> String {
    format!("{value:.4}")
}

fn source_row(trained: &Trained) -> Vec<Value> {
    let source = SOURCE.iter().find(|(model, _)| *model == trained.model);
    let params = trained.runs.first().map_or(0, |run| run.params);
    row![
        trained.model.as_str(),
        count(params),
        source.map_or("–".into(), |(_, value)| loss(*value)),
        trained.mean_and_std(ModelReport::score, loss),
    ]
}

fn curves(compared: &Compared) -> Chart {
    let lines = compared.models.iter().enumerate().map(|(color, trained)| {
        line(
            &trained.model,
            color,
            trained.curve(|epoch| epoch.test_loss),
        )
    });
    Chart::lines(lines)
}

fn filtered(code: &Code) -> Option<Filtered> {
    let mut stages = code.stages.iter();
    let second = stages.find(|stage| stage.layer == 2 && stage.place == Place::Filtered)?;
    Some(Filtered {
        model: code.model.clone(),
        channels: second.channels,
        numbers: second.numbers,
        beyond: second.beyond,
    })
}

fn code_rows(code: &Code) -> impl Iterator<Item = Vec<Value>> {
    code.stages.iter().map(|stage: &Stage| {
        row![
            code.model.as_str(),
            stage.layer.to_string(),
            match stage.place {
                Place::Filtered => "filtered",
                Place::Rectified => "rectified",
                Place::Pooled => "pooled",
            },
            stage.numbers,
            100.0 * stage.beyond,
            100.0 * stage.dropped,
        ]
    })
}
