//! What stands between the paragraphs of a page.

use spectral_lab::report::{Bar, ChartKind, Line, Picture, Point, Value, significant};

/// Exhibits by the template function that places them and by name.
pub(super) type Exhibits = std::collections::BTreeMap<(&'static str, String), Exhibit>;

/// What a template can place.
#[derive(Clone, Debug)]
pub(super) enum Exhibit {
    Table(Table),
    Chart(Chart),
    Strip(Vec<Picture>),
}

impl Exhibit {
    /// The template function that places it.
    pub(super) fn function(&self) -> &'static str {
        match self {
            Self::Table(_) => "table",
            Self::Chart(_) => "chart",
            Self::Strip(_) => "strip",
        }
    }
}

/// Rows of a table; the template names the columns.
pub(crate) type Table = Vec<Vec<Value>>;

/// A row of a table: texts, and numbers that are shown with three significant digits.
macro_rules! row {
    ($($cell:expr),* $(,)?) => {
        vec![$(spectral_lab::report::Value::from($cell)),*]
    };
}
pub(crate) use row;

/// Figures of several seeds as a cell: the mean, with the standard deviation where there are two or more.
pub(crate) fn spread(values: &[f64]) -> Value {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return mean.into();
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    format!("{} ± {}", significant(mean), significant(deviation)).into()
}

/// Bars or lines.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(super) kind: ChartKind,
}

impl Chart {
    /// One bar per name, from top to bottom.
    pub(crate) fn bars(bars: impl IntoIterator<Item = Bar>) -> Self {
        Self {
            kind: ChartKind::Bars {
                logarithmic: false,
                bars: bars.into_iter().collect(),
            },
        }
    }

    /// Lines over a common axis, which the template names: `chart("name", x="epoch")`.
    pub(crate) fn lines(lines: impl IntoIterator<Item = Line>) -> Self {
        Self {
            kind: ChartKind::Lines {
                x: String::new(),
                logarithmic: false,
                x_logarithmic: false,
                lines: lines.into_iter().collect(),
            },
        }
    }

    /// The values on a logarithmic scale.
    pub(crate) fn logarithmic(mut self) -> Self {
        match &mut self.kind {
            ChartKind::Bars { logarithmic, .. } | ChartKind::Lines { logarithmic, .. } => {
                *logarithmic = true;
            }
        }
        self
    }

    /// Both scales of a chart of lines logarithmic.
    pub(crate) fn double_logarithmic(self) -> Self {
        let mut chart = self.logarithmic();
        if let ChartKind::Lines { x_logarithmic, .. } = &mut chart.kind {
            *x_logarithmic = true;
        }
        chart
    }
}

/// A line of a chart through `(x, y)`, in the color of its group.
pub(crate) fn line(
    name: impl Into<String>,
    group: usize,
    points: impl IntoIterator<Item = (f64, f64)>,
) -> Line {
    Line {
        name: name.into(),
        group,
        dashed: false,
        points: (points.into_iter()).map(|(x, y)| Point { x, y }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_summed_up_as_mean_and_deviation() {
        assert_eq!(spread(&[0.25]), Value::Number(Some(0.25)));
        assert_eq!(spread(&[1.0, 3.0]), Value::from("2.00 ± 1.41"));
    }
}
