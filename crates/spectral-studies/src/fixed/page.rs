//! The figures of the page.

use serde::Serialize;

use spectral_lab::report::{Bar, ModelReport, Report, Value};

use super::controls::Control;
use super::cost::{FILTERS, Timed};
use super::example::{Example, SIDE};
use super::{Controlled, Extent, Group, Timing};
use crate::kit::comparison::{Difference, Standing, Trained, percent, points};
use crate::kit::{Chart, Page, row};
use crate::{StudyError, StudyRun};

/// Differences below this are those of single precision.
const EXACT: f64 = 1e-4;

/// Fixed filters count as what makes a layer fast if trainable ones take this much longer forward.
const MUCH_LONGER: f64 = 1.5;

#[derive(Serialize)]
struct Figures {
    sets: Vec<SetFigures>,
    accuracy: Accuracy,
    cost: Cost,
    /// Without its pictures.
    example: Example,
    /// Images that are shown.
    shown: usize,
    /// Height and width of the example.
    side: usize,
    /// Whether the product of the example is a convolution with its sinc.
    example_holds: bool,
}

#[derive(Serialize)]
struct SetFigures {
    standing: Standing,
    extent: Extent,
}

/// What the first set shows of the claims about accuracy; none is undecided.
#[derive(Serialize)]
struct Accuracy {
    /// Parameters in the filters of fixed-sinc when trainable, and how far they moved at least.
    filter_parameters: usize,
    moved: f64,
    has_none: bool,
    /// What training the filters gains: sinc, sine, planes.
    gains: Vec<Difference>,
    learning_helps: Option<bool>,
    /// Against a head on the pixels alone.
    over_pixels: Vec<Difference>,
    beats_random: Option<bool>,
}

#[derive(Serialize)]
struct Cost {
    timing: Timing,
    filters: usize,
    /// The time forward of a fixed filter relative to those of convolutions.
    convolutions: Vec<(String, f64)>,
    is_faster: bool,
    /// The time of trainable filters relative to fixed ones: forward; forward and backward.
    trainable: [f64; 2],
    is_saved: bool,
    /// Above this, forward, being fixed counts as what saves time.
    limit: f64,
}

/// A network of either kind.
struct Net {
    trained: Trained,
    filters: &'static str,
    filter_parameters: usize,
    /// How far training moved its filters, relative to their norm.
    moved: Option<f64>,
    color: usize,
}

pub(super) fn page(
    run: &StudyRun<'_>,
    groups: Vec<Group>,
    mut example: Example,
    (timing, timed): (Timing, &[Timed]),
) -> Result<Report, StudyError> {
    let mut page = Page::new();
    let (mut accuracy, mut sets) = (None, Vec::new());
    for group in groups {
        let nets = nets(&group);
        if accuracy.is_none() {
            accuracy = Some(claims(&nets, &group.controls)?);
        }
        let set = &group.compared.data.name;
        let baseline = &nets[0].trained;
        page.chart(format!("{set}/accuracy"), Chart::bars(nets.iter().map(bar)));
        let rows = nets.iter().map(|net| net_row(net, baseline));
        page.table(format!("{set}/accuracy"), rows);
        sets.push(SetFigures {
            standing: page.comparison(set.clone(), group.compared),
            extent: group.extent,
        });
    }
    let Some(accuracy) = accuracy else {
        return Err(StudyError::Failed("fixed: nothing was measured".into()));
    };
    let fixed = of(timed, "Fourier, fixed")?;
    page.chart(
        "cost",
        Chart::bars((timed.iter().enumerate()).map(|(index, timed)| Bar {
            name: name(timed),
            value: timed.seconds[0] / fixed.seconds[0],
            group: index.min(2),
        }))
        .logarithmic(),
    );
    page.table("cost", timed.iter().map(|timed| cost_row(timed, fixed)));
    let strips = std::mem::take(&mut example.strips);
    let shown = strips.len();
    for (pictures, number) in strips.into_iter().zip(1..) {
        page.strip(format!("example/{number}"), pictures);
    }
    let figures = Figures {
        sets,
        accuracy,
        cost: cost(timing, timed)?,
        shown,
        side: SIDE,
        example_holds: example.as_published < EXACT,
        example,
    };
    page.render(run, include_str!("page.md.jinja"), &figures)
}

/// All networks of a set: the published ones, the baseline first, and the controls.
fn nets(group: &Group) -> Vec<Net> {
    let published = group.compared.models.iter().zip(&group.filters);
    let published = published.map(|(trained, &filter_parameters)| Net {
        trained: trained.clone(),
        filters: match filter_parameters {
            0 => "given",
            _ => "trainable",
        },
        filter_parameters,
        moved: None,
        color: usize::from(filter_parameters == 0),
    });
    let controls = group.controls.iter().filter_map(|control| {
        let first = control.runs.first()?;
        let is_trainable = control.control.released().is_some();
        let moved = control.runs.iter().map(|run| run.moved).sum::<f64>();
        Some(Net {
            trained: control.trained(),
            filters: control.control.filters(),
            filter_parameters: first.filter_parameters,
            moved: is_trainable.then(|| moved / control.runs.len() as f64),
            color: if is_trainable { 2 } else { 3 },
        })
    });
    published.chain(controls).collect()
}

impl Controlled {
    /// As a network of the comparison.
    fn trained(&self) -> Trained {
        let model = self.control.name();
        let runs = self.runs.iter().map(|run| ModelReport {
            model: model.into(),
            accuracy: run.accuracy,
            params: run.parameters,
            ..ModelReport::default()
        });
        Trained {
            model: model.into(),
            runs: runs.collect(),
        }
    }
}

fn accuracy(trained: &Trained) -> f64 {
    trained.mean(|run| run.accuracy)
}

/// Whether a difference is above zero; none where that is not significant or unknown.
fn is_above(difference: &Difference) -> Option<bool> {
    (difference.is_significant()?).then_some(difference.mean > 0.0)
}

fn claims(nets: &[Net], controls: &[Controlled]) -> Result<Accuracy, StudyError> {
    let find = |name: &str| {
        let net = nets.iter().find(|net| net.trained.model == name);
        let net = net.ok_or_else(|| StudyError::Failed(format!("{name} was not trained")));
        net.map(|net| &net.trained)
    };
    let (mut gains, mut filter_parameters, mut moved) = (Vec::new(), 0, 0.0);
    for control in controls {
        let Some(fixed) = control.control.released() else {
            continue;
        };
        gains.push(Difference::between(&control.trained(), find(fixed)?));
        if control.control == Control::ReleasedSinc {
            let runs = control.runs.iter();
            filter_parameters = control.runs.first().map_or(0, |run| run.filter_parameters);
            moved = runs.map(|run| run.moved).fold(f64::INFINITY, f64::min);
        }
    }
    let above: Vec<_> = gains.iter().map(is_above).collect();
    let learning_helps = match above.iter().all(|above| *above == Some(true)) {
        true => Some(true),
        false if above.contains(&Some(false)) => Some(false),
        false => None,
    };
    let (sinc, sine) = (find("fixed-sinc")?, find("fixed-sine")?);
    let untrained = find(Control::Untrained.name())?;
    let random = find(Control::Random.name())?;
    let pixels = find(Control::Nothing.name())?;
    let best = if accuracy(sinc) > accuracy(sine) {
        sinc
    } else {
        sine
    };
    Ok(Accuracy {
        filter_parameters,
        moved,
        has_none: filter_parameters == 0 || moved == 0.0,
        gains,
        learning_helps,
        over_pixels: [sinc, sine, untrained, random]
            .map(|one| Difference::between(one, pixels))
            .into(),
        beats_random: is_above(&Difference::between(best, untrained)),
    })
}

fn with_margin(difference: &Difference) -> String {
    let mean = points(difference.mean);
    match difference.margin {
        Some(margin) => format!("{mean} ± {:.2}", 100.0 * margin),
        None => mean,
    }
}

fn net_row(net: &Net, baseline: &Trained) -> Vec<Value> {
    let trained = &net.trained;
    let mean = percent(accuracy(trained));
    row![
        trained.model.as_str(),
        net.filters,
        net.filter_parameters.to_string(),
        (trained.runs.first()).map_or_else(String::new, |run| run.params.to_string()),
        match trained.spread(|run| run.accuracy) {
            Some(spread) => format!("{mean} ± {}", percent(spread.std)),
            None => mean,
        },
        match trained.model == baseline.model {
            true => "–".into(),
            false => with_margin(&Difference::between(trained, baseline)),
        },
        net.moved.map(|moved| 100.0 * moved),
    ]
}

fn bar(net: &Net) -> Bar {
    Bar {
        name: net.trained.model.clone(),
        value: 100.0 * accuracy(&net.trained),
        group: net.color,
    }
}

fn of<'a>(timed: &'a [Timed], layer: &str) -> Result<&'a Timed, StudyError> {
    let found = timed.iter().find(|timed| timed.layer == layer);
    found.ok_or_else(|| StudyError::Failed(format!("{layer} was not timed")))
}

/// The name of a layer as the page has it; results keep "released".
fn name(timed: &Timed) -> String {
    timed.layer.replace("released", "trainable")
}

fn cost(timing: Timing, timed: &[Timed]) -> Result<Cost, StudyError> {
    let fixed = of(timed, "Fourier, fixed")?.seconds;
    let released = of(timed, "Fourier, released")?.seconds;
    let convolutions = timed
        .iter()
        .filter(|timed| timed.layer.contains("convolution"));
    let convolutions = convolutions.map(|timed| (name(timed), fixed[0] / timed.seconds[0]));
    let trainable = [0, 1].map(|pass| released[pass] / fixed[pass]);
    Ok(Cost {
        timing,
        filters: FILTERS,
        convolutions: convolutions.collect(),
        is_faster: fixed[0] < of(timed, "3×3 convolution")?.seconds[0],
        trainable,
        is_saved: trainable[0] > MUCH_LONGER,
        limit: MUCH_LONGER,
    })
}

fn cost_row(timed: &Timed, fixed: &Timed) -> Vec<Value> {
    let [forward, both] = timed.seconds;
    row![
        name(timed),
        timed.parameters.to_string(),
        1e3 * forward,
        1e3 * both,
        forward / fixed.seconds[0],
        both / fixed.seconds[1],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained(model: &str, accuracies: &[f64]) -> Trained {
        let run = |accuracy: &f64| ModelReport {
            accuracy: *accuracy,
            ..ModelReport::default()
        };
        Trained {
            model: model.into(),
            runs: accuracies.iter().map(run).collect(),
        }
    }

    #[test]
    fn differences_are_above_zero_by_more_than_their_interval() {
        let of = |accuracies: &[f64]| {
            let zeros = vec![0.0; accuracies.len()];
            Difference::between(&trained("x", accuracies), &trained("y", &zeros))
        };
        assert_eq!(is_above(&of(&[0.01, 0.01, 0.01])), Some(true));
        assert_eq!(is_above(&of(&[-0.01, -0.011, -0.012])), Some(false));
        // 0.01 ± 12.706·0.0141/√2.
        assert_eq!(is_above(&of(&[0.0, 0.02])), None);
        assert_eq!(is_above(&of(&[0.5])), None);
        assert_eq!(with_margin(&of(&[0.01, 0.01])), "+1.00 ± 0.00");
        assert_eq!(with_margin(&of(&[-0.01])), "−1.00");
    }
}
