//! The figures of each complaint.

mod arithmetic;
mod images;

use spectral_lab::report::{ChartKind, Line, Spread, Value};

use super::super::comparison::percent;
use super::OfModel;

pub(super) use arithmetic::{cost, gradients};
pub(super) use images::{locality, phase};

pub(super) fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

pub(super) fn square(side: usize) -> String {
    format!("{side}×{side}")
}

/// A share in per cent, with its deviation where there are several seeds.
pub(super) fn share<T>(of: &OfModel<T>, figure: impl Fn(&T) -> f64) -> Value {
    let mean = percent(of.mean(&figure));
    match Spread::of(of.seeds.iter().map(&figure)) {
        Some(spread) => format!("{mean} ± {}", percent(spread.std)).into(),
        None => mean.into(),
    }
}

pub(super) fn lines(lines: Vec<Line>, x: &str, logarithmic: bool) -> ChartKind {
    ChartKind::Lines {
        x: x.into(),
        logarithmic,
        lines,
    }
}
