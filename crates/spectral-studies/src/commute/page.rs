//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Bar, Report, Value};

use super::measure::{Form, Operation, Row};
use super::operations::{Aliasing, RATE};
use super::pictures::pictures;
use super::random::{Chain, Spread};
use super::symmetry::{Branches, Leak};
use super::{Extent, Figures};
use crate::kit::shown::{Pictured, pictured};
use crate::kit::{Chart, Page, row};
use crate::{StudyError, StudyRun};

/// Errors below this are those of single precision.
const EXACT: f64 = 1e-5;

#[derive(Serialize)]
struct PageFigures {
    images: usize,
    drawn_images: usize,
    draws: usize,
    /// The published rate of dropout.
    rate: f64,
    sets: Vec<SetFigures>,
}

#[derive(Serialize)]
struct SetFigures {
    set: String,
    pictured: Pictured,
    /// Repaired substitutes that equal the operation, with its name.
    exact: Vec<String>,
    /// Errors of the published product, and of the same reversed back.
    product: Option<f64>,
    reversed_back: Option<f64>,
    /// Share of the outputs of max-pooling that differ on a reversed image.
    reversed_differ: f64,
    /// Errors of what is published for a leaky ReLU, of the change it makes.
    activation_per_part: Option<f64>,
    activation_noise: Option<f64>,
    /// Systematic errors of noise as activation, and of the same with noise as dropout.
    noise_alone: Option<f64>,
    noise_both: Option<f64>,
    /// Error of batch normalization per part, up to a factor.
    norm_per_part: Option<f64>,
    branches: Branches,
    /// Rows of pictures, with the names of their operations.
    strips: Vec<(String, String)>,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    extent: &Extent,
    sets: Vec<Figures>,
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    let figures = PageFigures {
        images: extent.images,
        drawn_images: extent.drawn_images,
        draws: extent.draws,
        rate: RATE,
        sets: sets.into_iter().map(|of| set(&mut page, &of)).collect(),
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// The exhibits of a set, and what the sentences say.
fn set(page: &mut Page, of: &Figures) -> SetFigures {
    let set = &of.set;
    let bars = of.all_operations().flat_map(|operation| &operation.rows);
    page.chart(
        format!("{set}/errors"),
        Chart::bars(bars.map(bar)).logarithmic(),
    );
    let errors = of.all_operations().flat_map(operation_rows);
    page.table(format!("{set}/errors"), errors);
    page.table(format!("{set}/aliases"), of.aliasing.iter().map(alias_row));
    page.table(format!("{set}/dropout"), of.dropout.iter().map(spread_row));
    page.table(format!("{set}/chains"), of.chains.iter().map(chain_row));
    page.table(format!("{set}/leaks"), of.leaks.iter().map(leak_row));
    let mut strips = Vec::new();
    for (operation, shown) in of.all_operations().zip(&of.pictured) {
        let name = format!("{set}/{}", operation.name);
        page.strip(&name, pictures(operation, &shown.planes));
        strips.push((name, operation.name.clone()));
    }
    let rows = || of.all_operations().flat_map(|operation| &operation.rows);
    let find = |substitute: &str| rows().find(|row| row.stand_in == substitute);
    let error = |substitute| find(substitute).map(|row| row.error);
    let of_change = |substitute| find(substitute).and_then(|row| row.of_change);
    let systematic = |name: &str| {
        let chain = of.chains.iter().find(|chain| chain.name == name);
        chain.map(|chain| chain.systematic)
    };
    let exact = of.all_operations().flat_map(|operation| {
        let rows = operation.rows.iter();
        rows.filter(|row| row.form == Form::Repaired && row.error < EXACT)
            .map(move |row| format!("{} ({})", row.stand_in, operation.name))
    });
    SetFigures {
        pictured: pictured(set),
        exact: exact.collect(),
        product: error("product conj(X)·W"),
        reversed_back: error("conj(X)·W, reversed back"),
        reversed_differ: of.pooling.reversed_differ,
        activation_per_part: of_change("leaky ReLU per part"),
        activation_noise: of_change("noise N(1, rate/6)"),
        noise_alone: systematic("noise as activation"),
        noise_both: systematic("both as noise"),
        norm_per_part: find("norm per part").map(|row| row.scaled_error),
        branches: of.branches.clone(),
        strips,
        set: set.clone(),
    }
}

/// The error in the color of its form.
fn bar(row: &Row) -> Bar {
    Bar {
        name: row.stand_in.clone(),
        value: row.scaled_error,
        group: match row.form {
            Form::Published => 2,
            Form::Repaired => 1,
            Form::Other => 0,
        },
    }
}

fn operation_rows(operation: &Operation) -> impl Iterator<Item = Vec<Value>> {
    operation.rows.iter().map(|row| {
        row![
            operation.name.as_str(),
            row.stand_in.as_str(),
            row.form.name(),
            row.error,
            row.scaled_error,
            row.of_change,
            100.0 * row.imaginary,
        ]
    })
}

fn alias_row(found: &Aliasing) -> Vec<Value> {
    let grid = match found.factor {
        1 => "that of the image".to_string(),
        factor => format!("{factor} times as fine"),
    };
    row![grid, 100.0 * found.energy]
}

fn spread_row(row: &Spread) -> Vec<Value> {
    row![
        row.name.as_str(),
        row.form.name(),
        row.bias,
        row.deviation,
        row.map_correlation,
        row.neighbors,
        100.0 * row.imaginary,
    ]
}

fn chain_row(row: &Chain) -> Vec<Value> {
    row![row.name.as_str(), row.systematic, row.random, row.distance]
}

fn leak_row(row: &Leak) -> Vec<Value> {
    row![
        row.step.as_str(),
        100.0 * row.alone,
        row.together.map(|share| 100.0 * share),
    ]
}
