//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Line, Report, Value};

use super::Figures;
use super::measure::{Kept, Shifted, Told};
use super::ways::{Pool, Up};
use crate::kit::shown::{Pictured, pictured};
use crate::kit::{Chart, Page, line, row};
use crate::{StudyError, StudyRun};

/// What the chart shows beside spectral pooling, with the color of each.
const LINES: [(Pool, Up, usize); 5] = [
    (Pool::Max, Up::Nearest, 2),
    (Pool::Mean, Up::Nearest, 3),
    (Pool::Mean, Up::Fourier, 5),
    (Pool::Mean, Up::Fitted, 4),
    (Pool::Stride, Up::Nearest, 0),
];

#[derive(Serialize)]
struct SetFigures {
    set: String,
    size: [usize; 2],
    channels: usize,
    /// Test images, and training images that reconstructions are fitted on.
    images: usize,
    fitted_on: usize,
    pictured: Pictured,
    errors: Option<Errors>,
    as_good: Option<Size>,
    ridge: Option<Ridge>,
    /// None of photographs.
    classes: Option<Classes>,
    galleries: Vec<Gallery>,
}

/// Reconstruction errors at the least factor.
#[derive(Serialize)]
struct Errors {
    /// The share of the values that is kept.
    share: f64,
    spectral: f64,
    max: f64,
    mean: f64,
    fitted: f64,
}

/// What is kept of an image.
#[derive(Serialize)]
struct Size {
    size: [usize; 2],
    share: f64,
}

/// A row of pictures, and what is kept of its image.
#[derive(Serialize)]
struct Gallery {
    name: String,
    #[serde(flatten)]
    kept: Size,
}

/// Test accuracies of ridge regression at one size.
#[derive(Serialize)]
struct Ridge {
    numbers: usize,
    size: [usize; 2],
    spectral: f64,
    max: f64,
    mean: f64,
    stride: f64,
}

#[derive(Serialize)]
struct Classes {
    train: usize,
    test: usize,
    /// Sizes with more are left out.
    numbers: usize,
    /// The largest of the accuracies.
    standard_error: f64,
}

pub(super) fn page(run: &StudyRun<'_>, sets: Vec<Figures>) -> Result<Report, StudyError> {
    let mut page = Page::new();
    let sets: Vec<SetFigures> = sets.into_iter().map(|of| set(&mut page, of)).collect();
    let figures = serde_json::json!({"sets": sets});
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// The exhibits of a set, and what the sentences say.
fn set(page: &mut Page, of: Figures) -> SetFigures {
    let set = &of.set;
    page.table(format!("{set}/errors"), of.by_factor.iter().map(error_row));
    page.chart(format!("{set}/errors"), chart(&of));
    page.table(format!("{set}/shifts"), of.shifted.iter().map(shift_row));
    if !of.told.is_empty() {
        page.table(format!("{set}/classes"), of.told.iter().map(class_row));
    }
    let errors = errors(&of);
    let as_good = errors.as_ref().and_then(|errors| as_good(&of, errors.max));
    let (ridge, classes) = (ridge(&of), classes(&of));
    let all = (of.size[0] * of.size[1]) as f64;
    let galleries = of
        .galleries
        .into_iter()
        .enumerate()
        .map(|(index, gallery)| {
            let name = format!("{set}/{index}");
            page.strip(&name, gallery.pictures);
            Gallery {
                name,
                kept: Size {
                    size: gallery.size,
                    share: (gallery.size[0] * gallery.size[1]) as f64 / all,
                },
            }
        });
    SetFigures {
        size: of.size,
        channels: of.channels,
        images: of.extent.images,
        fitted_on: of.extent.fitted_on,
        pictured: pictured(set),
        errors,
        as_good,
        ridge,
        classes,
        galleries: galleries.collect(),
        set: of.set.clone(),
    }
}

fn errors(of: &Figures) -> Option<Errors> {
    // The least factor comes first.
    let get = |pool, up| {
        let mut rows = of.by_factor.iter();
        rows.find(|row| (row.pool, row.up) == (pool, up))
    };
    let spectral = get(Pool::Spectral, Up::Fourier)?;
    Some(Errors {
        share: spectral.share,
        spectral: spectral.error,
        max: get(Pool::Max, Up::Nearest)?.error,
        mean: get(Pool::Mean, Up::Nearest)?.error,
        fitted: get(Pool::Mean, Up::Fitted)?.error,
    })
}

/// The least spectral pooling with no larger error.
fn as_good(of: &Figures, error: f64) -> Option<Size> {
    let good = of.spectral.iter().filter(|row| row.error <= error);
    let least = good.min_by(|a, b| a.share.total_cmp(&b.share))?;
    Some(Size {
        size: least.size,
        share: least.share,
    })
}

fn ridge(of: &Figures) -> Option<Ridge> {
    let pooled = || of.told.iter().filter(|row| row.pool.is_some());
    // The second size where there are two: there the poolings differ more.
    let first = pooled().next()?.size;
    let size = pooled().map(|row| row.size).find(|size| *size != first);
    let size = size.unwrap_or(first);
    let [spectral, max, mean, stride] = Pool::ALL.map(|pool| {
        let mut rows = pooled();
        rows.find(|row| row.size == size && row.pool == Some(pool))
    });
    Some(Ridge {
        numbers: spectral?.numbers,
        size,
        spectral: spectral?.ridge,
        max: max?.ridge,
        mean: mean?.ridge,
        stride: stride?.ridge,
    })
}

fn classes(of: &Figures) -> Option<Classes> {
    let [train, test] = of.extent.classes;
    let errors = of.told.iter().map(|told| {
        let share = told.ridge;
        (share * (1.0 - share) / test as f64).sqrt()
    });
    (!of.told.is_empty()).then(|| Classes {
        train,
        test,
        numbers: of.extent.numbers,
        standard_error: errors.fold(0.0, f64::max),
    })
}

fn size([height, width]: [usize; 2]) -> String {
    format!("{height}×{width}")
}

fn error_row(kept: &Kept) -> Vec<Value> {
    row![
        kept.pool.name(),
        kept.up.name(),
        size(kept.size),
        100.0 * kept.share,
        kept.error,
        kept.deviation,
        kept.of_variation,
    ]
}

fn class_row(told: &Told) -> Vec<Value> {
    row![
        told.pool.map_or("none", Pool::name),
        size(told.size),
        told.numbers.to_string(),
        100.0 * told.ridge,
        100.0 * told.nearest_mean,
    ]
}

fn shift_row(shifted: &Shifted) -> Vec<Value> {
    row![
        shifted.pool.name(),
        size(shifted.size),
        shifted.change,
        shifted.unexplained,
    ]
}

fn chart(of: &Figures) -> Chart {
    let height = of.size[0] as f64;
    let point = |kept: &Kept| (100.0 * kept.size[0] as f64 / height, kept.error);
    let spectral = line("spectral", 1, of.spectral.iter().map(point));
    let others = LINES.iter().map(|&(pool, up, color)| {
        let rows = of.by_factor.iter().rev();
        let rows = rows.filter(|row| (row.pool, row.up) == (pool, up));
        let name = format!("{}, {}", pool.name(), up.name());
        Line {
            dashed: up != Up::Nearest,
            ..line(name, color, rows.map(point))
        }
    });
    Chart::lines(std::iter::once(spectral).chain(others))
}
