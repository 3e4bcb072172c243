//! Trajectories as rows of pictures: truth, prediction and difference.

use super::{Frame, Frames, RolloutResults};
use crate::report::{Block, ColorScale, Picture, PictureRow, PictureTable, ReportError, count};

/// Space-time images are at least this large in both directions, by repeating rows and columns.
const LARGE: usize = 128;

/// Signals are averaged until they have no more points than this.
const WIDE: usize = 320;

/// A table of pictures with what its words need.
pub(super) struct Shown {
    /// The number of the sample, from 1; of the first one if there are several.
    pub(super) sample: usize,
    /// The first step.
    pub(super) first: usize,
    /// The last step.
    pub(super) end: usize,
    /// Whether a prediction has values that are not finite.
    pub(super) unknown: bool,
    /// The pictures.
    pub(super) block: Block,
}

/// In one dimension one table with a column per sample, each a space-time image; otherwise one table
/// per sample with a column per step.
pub(super) fn shown(results: &RolloutResults) -> Result<Vec<Shown>, ReportError> {
    let frames = &results.frames;
    let samples: Vec<(usize, Vec<&Frame>)> = (frames.samples().into_iter())
        .map(|sample| (sample, frames.of(sample)))
        .collect();
    if samples.is_empty() {
        return Ok(Vec::new());
    }
    if frames.rows == 1 && results.sizes.len() == 1 {
        let columns: Vec<Column> = samples
            .iter()
            .map(|(sample, of)| Column {
                caption: format!("sample {}", sample + 1),
                frames: of.clone(),
            })
            .collect();
        return Ok(vec![table(frames, samples[0].0, &columns, true)?]);
    }
    let per_sample = samples.iter().map(|(sample, of)| {
        let columns: Vec<Column> = of
            .iter()
            .map(|frame| Column {
                caption: format!("step {}", count(frame.step)),
                frames: vec![*frame],
            })
            .collect();
        table(frames, *sample, &columns, false)
    });
    per_sample.collect()
}

/// A column of pictures.
struct Column<'a> {
    caption: String,
    /// One frame, or all of a space-time image.
    frames: Vec<&'a Frame>,
}

fn table(
    sizes: &Frames,
    sample: usize,
    columns: &[Column<'_>],
    is_space_time: bool,
) -> Result<Shown, ReportError> {
    let frames = || {
        columns
            .iter()
            .flat_map(|column| column.frames.iter().copied())
    };
    // Of the truth alone, so that a prediction that grows does not hide it.
    let scale = ColorScale::of(frames().map(|frame| &*frame.truth));
    let differences: Vec<Vec<Vec<f32>>> = (columns.iter())
        .map(|column| column.frames.iter().copied().map(difference).collect())
        .collect();
    let own = difference_scale(scale, differences.iter().flatten().map(Vec::as_slice));
    let draw = |scale: &ColorScale, states: Vec<&[f32]>, label: String| match is_space_time {
        true => space_time(scale, &states, sizes.cols, label),
        false => scale.picture(states[0], sizes.rows, sizes.cols, label),
    };
    let row = |name: &str, scale: ColorScale, states: Vec<Vec<&[f32]>>| {
        let pictures = columns
            .iter()
            .zip(states)
            .map(|(column, states)| draw(&scale, states, format!("{name}, {}", column.caption)));
        Ok::<_, ReportError>(PictureRow {
            name: name.into(),
            scale: Some(scale),
            pictures: pictures.collect::<Result<_, _>>()?,
        })
    };
    let rows = vec![
        row("truth", scale, states(columns, |frame| &frame.truth))?,
        row(
            "prediction",
            scale,
            states(columns, |frame| &frame.prediction),
        )?,
        row(
            "difference",
            own,
            (differences.iter())
                .map(|column| column.iter().map(Vec::as_slice).collect())
                .collect(),
        )?,
    ];
    Ok(Shown {
        sample: sample + 1,
        first: frames().map(|frame| frame.step).min().unwrap_or(0),
        end: frames().map(|frame| frame.step).max().unwrap_or(0),
        unknown: frames().any(|frame| frame.prediction.iter().any(|value| !value.is_finite())),
        block: Block::Pictures(PictureTable {
            columns: columns
                .iter()
                .map(|column| column.caption.clone())
                .collect(),
            rows,
            ..PictureTable::default()
        }),
    })
}

/// Truths or predictions, column by column.
fn states<'a>(columns: &[Column<'a>], of: fn(&Frame) -> &Vec<f32>) -> Vec<Vec<&'a [f32]>> {
    let column = |column: &Column<'a>| {
        let frames = column.frames.iter().copied();
        frames
            .map(|frame: &'a Frame| of(frame).as_slice())
            .collect()
    };
    columns.iter().map(column).collect()
}

fn difference(frame: &Frame) -> Vec<f32> {
    let values = frame.prediction.iter().zip(&frame.truth);
    values
        .map(|(prediction, truth)| prediction - truth)
        .collect()
}

/// The scale of differences, up to twice that of the truth (as far as two states of its size can
/// differ), so that what is wrong early shows beside what has diverged.
fn difference_scale<'a>(
    truth: ColorScale,
    differences: impl Iterator<Item = &'a [f32]>,
) -> ColorScale {
    let own = ColorScale::symmetric(differences);
    let widest = 2.0 * truth.low.abs().max(truth.high.abs());
    match own.high > widest && widest > 0.0 {
        true => ColorScale {
            low: -widest,
            high: widest,
            ..own
        },
        false => own,
    }
}

/// Signals below one another, time downward.
fn space_time(
    scale: &ColorScale,
    states: &[&[f32]],
    points: usize,
    label: String,
) -> Result<Picture, ReportError> {
    let block = points.div_ceil(WIDE);
    let width = points.div_ceil(block);
    let [down, across] = [states.len(), width].map(|size| LARGE.div_ceil(size.max(1)).max(1));
    let mut values = Vec::with_capacity(states.len() * down * width * across);
    for state in states {
        let line: Vec<f32> = (state.chunks(block))
            .map(|block| block.iter().sum::<f32>() / block.len() as f32)
            .flat_map(|value| std::iter::repeat_n(value, across))
            .collect();
        for _ in 0..down {
            values.extend_from_slice(&line);
        }
    }
    scale.picture(&values, states.len() * down, width * across, label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ColorMap;
    use crate::rollout::{Accumulator, RolloutOptions};

    fn pixel(picture: &Picture, row: usize, col: usize) -> [u8; 3] {
        let at = (row * picture.cols + col) * 3;
        picture.pixels[at..at + 3].try_into().unwrap()
    }

    /// A pulse that moves by one point per step; the prediction lags by one point and is lost at the
    /// last step.
    fn moving(shape: &[usize], steps: usize) -> RolloutResults {
        let points = *shape.last().unwrap();
        let lines: usize = shape.iter().product::<usize>() / points;
        let state = |at: usize| -> Vec<f32> {
            let line = (0..points).map(|x| if x == at % points { 1.0 } else { -0.5 });
            line.collect::<Vec<f32>>().repeat(lines)
        };
        let mut rollout =
            Accumulator::new(shape, &state(0), RolloutOptions::new(shape, steps)).unwrap();
        for step in 1..=steps {
            let mut prediction = state(step - 1);
            if step == steps {
                prediction[0] = f32::NAN;
            }
            rollout.push(step, &state(step), &prediction).unwrap();
        }
        rollout.finish()
    }

    fn rows(shown: &Shown) -> &[PictureRow] {
        let Block::Pictures(table) = &shown.block else {
            panic!()
        };
        assert!(
            table
                .rows
                .iter()
                .all(|row| row.pictures.len() == table.columns.len())
        );
        &table.rows
    }

    #[test]
    fn signals_become_images_with_time_downward() {
        let shown = shown(&moving(&[2, 1, 8], 3)).unwrap();
        assert_eq!(shown.len(), 1);
        assert_eq!(
            (shown[0].first, shown[0].end, shown[0].unknown),
            (0, 3, true)
        );
        let [truth, prediction, difference] = rows(&shown[0]) else {
            panic!()
        };
        assert_eq!((&*truth.name, truth.pictures.len()), ("truth", 2));
        let map = ColorMap::Diverging;
        for picture in &truth.pictures {
            // Four states of 8 points, 32 rows and 16 columns of pixels each.
            assert_eq!((picture.rows, picture.cols), (128, 128));
            for step in 0..4 {
                assert_eq!(
                    pixel(picture, 32 * step + 31, 16 * step),
                    map.at(1.0),
                    "{step}"
                );
                assert_eq!(
                    pixel(picture, 32 * step, 16 * step + 16),
                    map.at(0.25),
                    "{step}"
                );
            }
        }
        let lagging = &prediction.pictures[1];
        assert_eq!(pixel(lagging, 32, 0), map.at(1.0));
        assert_eq!(pixel(lagging, 32, 16), map.at(0.25));
        // The difference of step 1: +1.5 where the pulse was.
        assert_eq!(difference.scale.unwrap().high, 1.5);
        assert_eq!(pixel(&difference.pictures[0], 32, 0), map.at(1.0));
        assert_eq!(pixel(&difference.pictures[0], 32, 16), map.at(0.0));
        assert_eq!(pixel(&difference.pictures[0], 32, 32), [255; 3]);
    }

    #[test]
    fn planes_become_one_table_per_sample_with_a_column_per_step() {
        let shown = shown(&moving(&[2, 1, 4, 4], 10)).unwrap();
        assert_eq!(
            shown.iter().map(|one| one.sample).collect::<Vec<_>>(),
            [1, 2]
        );
        let [truth, prediction, _] = rows(&shown[0]) else {
            panic!()
        };
        assert_eq!(truth.pictures.len(), 6);
        assert_eq!(truth.scale, prediction.scale);
        assert_eq!(truth.pictures[1].label, "truth, step 2");
        assert_eq!((truth.pictures[0].rows, truth.pictures[0].cols), (128, 128));
        // The sample that is lost has a gray pixel in its last frame.
        assert_eq!(pixel(&prediction.pictures[5], 0, 0), [0x9A; 3]);
        assert!(shown[0].unknown && !shown[1].unknown);
    }

    #[test]
    fn a_prediction_that_grows_does_not_widen_the_scales() {
        let shape = [1, 1, 4];
        let truth = [1.0, -1.0, 0.5, 0.0];
        let mut rollout = Accumulator::new(&shape, &truth, RolloutOptions::new(&shape, 1)).unwrap();
        rollout.push(1, &truth, &[1e30, -1e30, 0.5, 0.0]).unwrap();
        let shown = shown(&rollout.finish()).unwrap();
        let scales: Vec<f32> = (rows(&shown[0]).iter())
            .map(|row| row.scale.unwrap().high)
            .collect();
        assert_eq!(scales, [1.0, 1.0, 2.0]);
    }

    #[test]
    fn long_signals_are_averaged_and_small_differences_have_their_own_scale() {
        let shape = [1, 1, 1000];
        let state =
            |size: f32| -> Vec<f32> { (0..1000).map(|x| size * (x as f32).sin()).collect() };
        let mut rollout =
            Accumulator::new(&shape, &state(1.0), RolloutOptions::new(&shape, 2)).unwrap();
        for step in 1..=2 {
            rollout.push(step, &state(1.0), &state(1.01)).unwrap();
        }
        let shown = shown(&rollout.finish()).unwrap();
        let rows = rows(&shown[0]);
        assert_eq!(
            (rows[0].pictures[0].rows, rows[0].pictures[0].cols),
            (129, 250)
        );
        assert!((rows[2].scale.unwrap().high - 0.01).abs() < 1e-4);
    }
}
