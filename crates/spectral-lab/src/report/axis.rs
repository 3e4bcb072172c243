//! Axes of charts: ranges with round marks.

use std::ops::Range;

use plotters::coord::ranged1d::{
    KeyPointHint, KeyPointWeight, NoDefaultFormatting, Ranged, ValueFormatter,
};

use super::format;

/// A range with its tick marks.
pub(super) struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
    /// Whether the values are decimal logarithms of the labeled values.
    log: bool,
}

impl Axis {
    /// An axis whose ends are round tick marks beyond the given ends.
    pub(super) fn linear((low, high): (f64, f64)) -> Self {
        // Far beyond any metric, and small enough for sums and differences to stay finite.
        let (low, high) = (low.clamp(-1e300, 1e300), high.clamp(-1e300, 1e300));
        let span = high - low;
        // Equal values still need an axis of some length; so do values that are too close together.
        let (low, high) = if span > low.abs().max(high.abs()) * 1e-9 && span.is_normal() {
            (low, high)
        } else {
            (
                low - low.abs().max(1e-3) * 0.1,
                high + high.abs().max(1e-3) * 0.1,
            )
        };
        let step = step(high - low, 5.0);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        let ticks: Vec<_> = (0..=(last - first).min(50.0) as usize)
            .map(|i| (first + i as f64) * step)
            .collect();
        Axis {
            low: first * step,
            high: last * step,
            ticks,
            log: false,
        }
    }

    /// An axis of integers, such as epochs.
    pub(super) fn whole((low, high): (f64, f64)) -> Self {
        let step = step((high - low).max(1.0), 8.0).max(1.0).ceil();
        let first = if step > 1.0 {
            (low / step).ceil() * step
        } else {
            low
        };
        let count = ((high - first) / step).floor().max(0.0) as usize;
        let margin = if high > low { 0.0 } else { 0.5 };
        Axis {
            low: low - margin,
            high: high + margin,
            ticks: (0..=count).map(|i| first + i as f64 * step).collect(),
            log: false,
        }
    }

    /// An axis in log10 with tick marks at 1, 2 and 5 of each decade, or fewer over many decades;
    /// where these are too few, at round steps.
    pub(super) fn logarithmic((low, high): (f64, f64)) -> Self {
        let margin = if high > low { 0.05 } else { 0.15 };
        let (from, to) = (low.log10() - margin, high.log10() + margin);
        let decades = high.log10() - low.log10();
        let every = (decades / 6.0).ceil().max(1.0) as i32;
        let marks: &[f64] = if decades > 3.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let mut ticks: Vec<f64> = (from.floor() as i32..=to.ceil() as i32)
            .filter(|decade| decade.rem_euclid(every) == 0)
            .flat_map(|decade| {
                marks
                    .iter()
                    .map(move |mark| mark.log10() + f64::from(decade))
            })
            .filter(|&at| at >= from && at <= to)
            .collect();
        if ticks.len() < 3 {
            let (low, high) = (10f64.powf(from), 10f64.powf(to));
            let step = step(high - low, 4.0);
            let first = (low / step).ceil() as i64;
            let last = (high / step).floor() as i64;
            ticks = (first..=last)
                .map(|mark| (mark as f64 * step).log10())
                .collect();
        }
        Axis {
            low: from,
            high: to,
            ticks,
            log: true,
        }
    }

    /// An axis of `rows` rows, each of length one, without tick marks.
    pub(super) fn rows(count: usize) -> Self {
        Axis {
            low: 0.0,
            high: count as f64,
            ticks: Vec::new(),
            log: false,
        }
    }

    /// Its lower end, as a logarithm if it is logarithmic.
    pub(super) fn start(&self) -> f64 {
        self.low
    }

    fn label(&self, value: f64) -> String {
        tick(if self.log { 10f64.powf(value) } else { value })
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        // Halved, so that no difference of two finite numbers overflows.
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        from + (f64::from(to - from) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.clone(),
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}

/// The step, a 1, 2 or 5 of some decade, that divides `span` into at most `parts`.
fn step(span: f64, parts: f64) -> f64 {
    let rough = span / parts;
    let decade = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * decade)
        .find(|&s| s >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

/// A tick label without needless digits.
fn tick(value: f64) -> String {
    // Tick marks are multiples of round steps; anything beyond five digits is rounding.
    let value: f64 = format!("{value:.4e}").parse().unwrap_or(value);
    let size = value.abs();
    let text = match size {
        0.0 => "0".into(),
        _ if !(1e-3..1e6).contains(&size) => format!("{value:e}"),
        _ if size >= 1e4 => return format::count(size.round() as usize),
        _ => format!("{value}"),
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|&value| axis.label(value)).collect()
    }

    #[test]
    fn linear_axes_have_round_marks_that_enclose_the_values() {
        assert_eq!(
            labels(&Axis::linear((71.2, 93.8))),
            ["70", "75", "80", "85", "90", "95"]
        );
        assert_eq!(
            labels(&Axis::linear((0.0, 2.31))),
            ["0", "0.5", "1", "1.5", "2", "2.5"]
        );
        assert_eq!(
            labels(&Axis::linear((0.0, 31_000.0))).last().unwrap(),
            "40,000"
        );
    }

    #[test]
    fn axes_exist_for_equal_and_for_extreme_values() {
        for (low, high) in [
            (0.0, 0.0),
            (100.0, 100.0),
            (1e-300, 1e-300),
            (-1e300, 1e300),
            (f64::MIN, f64::MAX),
        ] {
            let axis = Axis::linear((low, high));
            assert!(
                axis.low < axis.high && axis.high.is_finite() && axis.low.is_finite(),
                "{low} {high}"
            );
            assert!((2..=60).contains(&axis.ticks.len()), "{low} {high}");
        }
    }

    #[test]
    fn logarithmic_axes_mark_one_two_and_five_of_a_decade() {
        assert_eq!(
            labels(&Axis::logarithmic((0.09, 2.3))),
            ["0.1", "0.2", "0.5", "1", "2"]
        );
        assert_eq!(
            labels(&Axis::logarithmic((1e-3, 1e12))).len(),
            6,
            "every third power of ten"
        );
    }

    #[test]
    fn logarithmic_axes_of_less_than_a_decade_have_marks_all_the_same() {
        assert_eq!(
            labels(&Axis::logarithmic((3.1, 4.2))),
            ["3", "3.5", "4", "4.5"]
        );
        assert_eq!(
            labels(&Axis::logarithmic((3.1e-4, 4.2e-4))),
            ["3e−4", "3.5e−4", "4e−4", "4.5e−4"]
        );
        let equal = Axis::logarithmic((0.5, 0.5));
        assert_eq!(labels(&equal), ["0.4", "0.5", "0.6", "0.7"]);
        assert!(equal.low < 0.5f64.log10() && equal.high > 0.5f64.log10());
        assert_eq!(
            labels(&Axis::logarithmic((1e-7, 1e-3))),
            ["1e−7", "1e−6", "1e−5", "1e−4", "0.001"]
        );
    }

    #[test]
    fn epochs_are_marked_by_whole_numbers() {
        assert_eq!(labels(&Axis::whole((1.0, 5.0))), ["1", "2", "3", "4", "5"]);
        assert_eq!(labels(&Axis::whole((1.0, 1.0))), ["1"]);
        assert_eq!(
            labels(&Axis::whole((1.0, 60.0))),
            ["10", "20", "30", "40", "50", "60"]
        );
    }
}
