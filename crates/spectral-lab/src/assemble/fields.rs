//! Reports of operators on fields.

use burn::tensor::Device;

use crate::data::fields::{Boundary, FieldSet, Samples};
use crate::operate::FieldNetwork;
use crate::report::{ColorScale, DataSetReport, ModelReport, Picture, ReportError};
use crate::train::{Scaling, TrainError};

/// Samples that are shown.
const SHOWN: usize = 4;

/// The largest picture drawn, in points.
const LARGEST: usize = 1 << 16;

/// A set of fields without models yet.
///
/// # Errors
/// If a picture cannot be drawn.
pub fn field_report(data: &FieldSet) -> Result<DataSetReport, ReportError> {
    let samples = &data.train;
    let grid: Vec<String> = samples.sizes().iter().map(usize::to_string).collect();
    let kind = match samples.steps() {
        1 => "Pairs of fields".to_string(),
        steps => format!("Trajectories of {steps} steps"),
    };
    let boundary = match data.boundary {
        Boundary::Periodic => "periodic",
        Boundary::Other => "not periodic",
    };
    let equation = match &data.equation {
        Some(equation) => format!(" Equation: {}.", equation.name),
        None => String::new(),
    };
    let tested = &data.tests[0].samples;
    let sizes = tested.sizes();
    let (inputs, targets): (Vec<&[f32]>, Vec<&[f32]>) = shown(tested)
        .into_iter()
        .map(|index| tested.pair(index))
        .unzip();
    Ok(DataSetReport {
        name: data.name.clone(),
        description: format!(
            "{kind} on {} grid points, {boundary}.{equation}",
            grid.join("×")
        ),
        train_count: samples.len(),
        test_count: tested.len(),
        samples: pictures(&inputs, &sizes, ColorScale::of(first(&inputs, &sizes)))?,
        targets: pictures(&targets, &sizes, ColorScale::of(first(&targets, &sizes)))?,
        ..DataSetReport::default()
    })
}

/// Adds the network's predictions of the samples that [`field_report`] shows.
///
/// # Errors
/// If the network does not accept them, or a picture cannot be drawn.
pub fn show_predictions(
    report: &mut ModelReport,
    network: &FieldNetwork,
    (data, scaling): (&FieldSet, &Scaling),
    device: &Device,
) -> Result<(), ShowError> {
    let samples = &data.tests[0].samples;
    let indices = shown(samples);
    let mut inputs = Vec::new();
    let mut targets: Vec<&[f32]> = Vec::new();
    for &index in &indices {
        let (input, target) = samples.pair(index);
        inputs.extend_from_slice(input);
        targets.push(target);
    }
    if indices.is_empty() {
        return Ok(());
    }
    let shape = [&[indices.len()], &samples.input_shape()[..]].concat();
    let predicted = network.predict(scaling, inputs, shape, device)?;
    let length: usize = samples.target_shape().iter().product();
    let predicted: Vec<&[f32]> = predicted.chunks_exact(length).collect();
    let differences: Vec<Vec<f32>> = predicted
        .iter()
        .zip(&targets)
        .map(|(predicted, target)| predicted.iter().zip(*target).map(|(p, t)| p - t).collect())
        .collect();
    let differences: Vec<&[f32]> = differences.iter().map(Vec::as_slice).collect();
    let sizes = samples.sizes();
    let scale = ColorScale::of(first(&targets, &sizes));
    report.rebuilt = pictures(&predicted, &sizes, scale)?;
    let scale = ColorScale::symmetric(first(&differences, &sizes));
    report.differences = pictures(&differences, &sizes, scale)?;
    Ok(())
}

/// Why predictions cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// The network did not predict.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A picture could not be drawn.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// Indices of the pairs that are shown: of trajectories the first step of each. None of volumes and of fields too
/// large to draw.
fn shown(samples: &Samples) -> Vec<usize> {
    let sizes = samples.sizes();
    if sizes.len() > 2 || sizes.iter().product::<usize>() > LARGEST {
        return Vec::new();
    }
    (0..samples.count().min(SHOWN))
        .map(|sample| sample * samples.steps())
        .collect()
}

/// The first channel of each field.
fn first<'a>(fields: &[&'a [f32]], sizes: &[usize]) -> Vec<&'a [f32]> {
    let points: usize = sizes.iter().product();
    fields.iter().map(|field| &field[..points]).collect()
}

/// A picture of the first channel of each field, all on one scale.
fn pictures(
    fields: &[&[f32]],
    sizes: &[usize],
    scale: ColorScale,
) -> Result<Vec<Picture>, ReportError> {
    let (rows, columns) = match *sizes {
        [rows, columns] => (rows, columns),
        [columns] => (1, columns),
        _ => return Ok(Vec::new()),
    };
    first(fields, sizes)
        .iter()
        .map(|field| scale.picture(field, rows, columns, scale.describe()))
        .collect()
}
