//! How soon losses are reached, as a part of the page.

use spectral_lab::bench::median;
use spectral_lab::report::{ChartKind, Line, Point, SectionChart, SectionTable, Value};

use crate::kit::Parts as Section;

use super::pace::Reached;
use super::{Figures, LEVELS, NOTHING_LEARNED, Paced};

/// The squared error of the one answer that is best for all images, where classes are alike in number.
pub(super) fn nothing_learned(classes: usize) -> f64 {
    let share = 1.0 / classes.max(1) as f64;
    share * (1.0 - share)
}

/// A loss in three digits.
fn shown(loss: f64) -> String {
    Value::from(loss).shown()
}

impl Paced {
    /// When each seed reaches a loss.
    fn reaches(&self, loss: f64) -> Vec<Option<Reached>> {
        self.paces.iter().map(|pace| pace.reaches(loss)).collect()
    }

    /// The median of a figure over the seeds, none unless every seed reaches the loss.
    fn middle(&self, loss: f64, figure: impl Fn(Reached) -> f64) -> Option<f64> {
        let all: Option<Vec<f64>> = (self.reaches(loss).into_iter())
            .map(|reached| reached.map(&figure))
            .collect();
        median(&all?)
    }

    /// The last loss, the median over the seeds.
    fn last(&self) -> Option<f64> {
        let last: Option<Vec<f64>> = (self.paces.iter())
            .map(|pace| pace.losses.last().copied().flatten())
            .collect();
        median(&last?)
    }

    /// The time of a step, the median over the seeds.
    fn step_seconds(&self) -> Option<f64> {
        let all = self.paces.iter().filter_map(|pace| {
            let steps = *pace.steps.last()?;
            (steps > 0).then_some(pace.seconds.last()? / steps as f64)
        });
        median(&all.collect::<Vec<_>>())
    }

    fn line(&self, group: usize) -> Line {
        let readings = self.paces.iter().map(|pace| pace.steps.len()).min();
        let point = |at: usize| {
            let losses = self.paces.iter().map(|pace| pace.losses[at]);
            let sum: f64 = losses.map(|loss| loss.unwrap_or(f64::NAN)).sum();
            Point {
                x: self.paces[0].steps[at] as f64,
                y: sum / self.paces.len() as f64,
            }
        };
        Line {
            name: self.model.into(),
            group,
            dashed: false,
            points: (0..readings.unwrap_or(0)).map(point).collect(),
        }
    }
}

/// Who is first, and how long each takes to learn anything.
pub(super) fn findings(of: &Figures) -> Vec<String> {
    let nothing = nothing_learned(of.classes);
    let each = of.paced.iter().map(|paced| {
        let steps = paced.middle(nothing, |at| at.steps as f64);
        let seconds = paced.middle(nothing, |at| at.seconds);
        match (steps, seconds) {
            (Some(steps), Some(seconds)) => {
                format!("{} after {steps:.0} steps, {seconds:.2} s", paced.model)
            }
            _ => {
                let there = paced.reaches(nothing).iter().flatten().count();
                let seeds = paced.paces.len();
                format!("{} from {there} of {seeds} seeds", paced.model)
            }
        }
    });
    let mut findings = vec![format!(
        "Fast converging? A constant prediction has a training loss of {} without training; below \
         that a network has learned something. Steps and seconds until then: {}.",
        shown(nothing),
        each.collect::<Vec<_>>().join("; ")
    )];
    let mut firsts = Vec::new();
    for level in &LEVELS[NOTHING_LEARNED..] {
        let loss = level * nothing;
        let first = |figure: fn(Reached) -> f64| {
            let times = of.paced.iter().filter_map(|paced| {
                let time = paced.middle(loss, figure)?;
                Some((paced.model, time))
            });
            times.min_by(|a, b| a.1.total_cmp(&b.1))
        };
        match (first(|at| at.steps as f64), first(|at| at.seconds)) {
            (Some((by_steps, _)), Some((by_time, _))) if by_steps == by_time => {
                firsts.push(format!("{}, {by_steps} by steps and seconds", shown(loss)));
            }
            (Some((by_steps, _)), Some((by_time, _))) => firsts.push(format!(
                "{}, {by_steps} by steps and {by_time} by seconds",
                shown(loss)
            )),
            _ => {}
        }
    }
    findings.push(match firsts.is_empty() {
        true => "No network reaches it from every seed.".into(),
        false => format!(
            "First to a training loss, of those that reach it from every seed: {}.",
            firsts.join("; ")
        ),
    });
    findings
}

/// Losses by step, and when fixed ones are reached.
pub(super) fn section(of: &Figures) -> Section {
    let nothing = nothing_learned(of.classes);
    let losses: Vec<f64> = LEVELS.iter().map(|level| level * nothing).collect();
    let columns = |first: &str, last: &[&str]| {
        let all = [first.to_string()].into_iter();
        let all = all.chain(losses.iter().map(|loss| format!("to {}", shown(*loss))));
        all.chain(last.iter().map(ToString::to_string)).collect()
    };
    let dash = || "–".to_string();
    let steps = of.paced.iter().map(|paced| {
        let mut row: Vec<Value> = vec![paced.model.into()];
        for loss in &losses {
            let each = paced.reaches(*loss).into_iter();
            let each = each.map(|at| at.map_or_else(dash, |at| at.steps.to_string()));
            row.push(each.collect::<Vec<_>>().join(", ").into());
        }
        row.push(paced.last().into());
        row
    });
    let seconds = of.paced.iter().map(|paced| {
        let mut row: Vec<Value> = vec![paced.model.into()];
        for loss in &losses {
            let each = paced.reaches(*loss).into_iter();
            let each = each.map(|at| at.map_or_else(dash, |at| format!("{:.2}", at.seconds)));
            row.push(each.collect::<Vec<_>>().join(", ").into());
        }
        row.push(paced.step_seconds().map(|seconds| 1e3 * seconds).into());
        row
    });
    let [steps, seconds] = [steps.collect(), seconds.collect()];
    Section {
        heading: "Fast converging?".into(),
        text: vec![format!(
            "The same trainings, step by step. The loss is read before the first step and after every \
             {}, on {} training images that were turned and shifted once and are the same each time \
             and for all networks. The losses to be reached were fixed beforehand as {} times {}, \
             which is the squared error of the one answer that is best for all images: a network \
             above it knows less than nothing about the image.",
            match of.probing.every {
                1 => "step".into(),
                every => format!("{every} steps"),
            },
            of.probing.images,
            LEVELS.map(|level| level.to_string()).join(", "),
            shown(nothing)
        )],
        tables: vec![
            SectionTable {
                title: "Steps until a training loss is first read".into(),
                columns: columns("network", &["last loss"]),
                rows: steps,
                note: "Seed by seed; –: not within this training. A step is a mini-batch of the \
                       recipe's size. Last loss: the median over the seeds."
                    .into(),
            },
            SectionTable {
                title: "Seconds until then".into(),
                columns: columns("network", &["ms a step"]),
                rows: seconds,
                note:
                    "Forward, backward and update alone; to turn and shift the images, and to read \
                       the loss, counts for nothing. Wall-clock times of one machine: compare them \
                       with one another."
                        .into(),
            },
        ],
        charts: vec![SectionChart {
            title: "Training loss by step, logarithmic".into(),
            note: format!(
                "Means over the seeds. Whoever knows nothing about the image gets {} at best.",
                shown(nothing)
            ),
            kind: ChartKind::Lines {
                x: "step".into(),
                logarithmic: true,
                lines: (of.paced.iter().enumerate())
                    .map(|(group, paced)| paced.line(group))
                    .collect(),
            },
            file: None,
        }],
        ..Section::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::Pace;
    use super::*;

    fn paced() -> Paced {
        let pace = |losses: [f64; 3]| Pace {
            steps: vec![0, 2, 4],
            losses: losses.map(Some).to_vec(),
            seconds: vec![0.0, 1.0, 2.0],
        };
        Paced {
            model: "net",
            paces: vec![pace([0.5, 0.3, 0.2]), pace([0.5, 0.2, 0.1])],
        }
    }

    #[test]
    fn a_median_needs_every_seed() {
        let paced = paced();
        assert_eq!(paced.middle(0.2, |at| at.steps as f64), Some(3.0));
        assert_eq!(paced.middle(0.1, |at| at.seconds), None);
        assert_eq!(paced.step_seconds(), Some(0.5));
        assert!((paced.last().unwrap() - 0.15).abs() < 1e-12);
    }

    #[test]
    fn of_two_classes_half_is_the_best_answer_for_all() {
        assert_eq!(nothing_learned(2), 0.25);
        assert!((nothing_learned(10) - 0.09).abs() < 1e-12);
        let line = paced().line(1);
        assert!((line.points[1].y - 0.25).abs() < 1e-12);
        assert_eq!(line.points.len(), 3);
    }
}
