//! Training on fields: operators from functions to functions, both on grids.

use burn::Tensor;
use burn::tensor::{Device, TensorData};
use burn_spectral::operator::{Derivative, RelativeH1, relative_l2};
use burn_spectral::ops::mean_squared_error;

use super::config::TrainConfig;
use super::error::TrainError;
use super::evaluate::{Evaluation, evaluate_problem};
use super::fit::{TrainOutcome, fit_problem};
use super::loss::{DerivativeKind, Loss};
use super::observer::Observer;
use super::problem::{Outputs, Part, Problem};
use super::run_folder::RunFolder;
use super::tally::Tally;
use super::trainable::Trainable;
use super::trained_on::TrainedOn;
use crate::data::DataError;
use crate::data::fields::{Boundary, FieldScaling, FieldSet, Samples};

/// A network from fields to fields, `[batch, channels, space…]`.
pub trait Operator<const D: usize>: Trainable {
    /// Fields of the output channels on the grid of the input.
    fn forward(&self, fields: Tensor<D>) -> Tensor<D>;
}

/// How fields are scaled before and after a network.
#[derive(Clone, Debug, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Scaling {
    /// Of the inputs.
    pub inputs: FieldScaling,
    /// Of the targets.
    pub targets: FieldScaling,
}

/// A network with the scaling that it was trained with: a map between fields in their own units.
#[derive(Clone, Copy, Debug)]
pub struct Scaled<'a, M> {
    /// The network.
    pub model: &'a M,
    /// The scaling.
    pub scaling: &'a Scaling,
}

impl<M> Scaled<'_, M> {
    /// Predicted fields.
    pub fn forward<const D: usize>(&self, fields: Tensor<D>) -> Tensor<D>
    where
        M: Operator<D>,
    {
        let outputs = self.model.forward(self.scaling.inputs.apply(fields));
        self.scaling.targets.invert(outputs)
    }
}

/// Trains `model` on the training samples of `data`, evaluating it on the first test part after each
/// epoch, as [`fit`](super::fit) does on images. The loss compares scaled fields in training, and
/// fields in their own units in evaluation.
///
/// # Errors
///
/// Those of [`fit`](super::fit); [`TrainError::WrongField`] if the network returns fields of another
/// shape than the targets'.
pub fn fit_fields<const D: usize, M: Operator<D>>(
    model: M,
    (data, scaling): (&FieldSet, &Scaling),
    config: &TrainConfig,
    run: Option<&RunFolder>,
    observer: &mut dyn Observer,
) -> Result<TrainOutcome<M>, TrainError> {
    config.validate()?;
    let problem = FieldProblem::<D> {
        data,
        test: &data.tests[0].samples,
        scaling,
        config,
    };
    fit_problem(model, &problem, config, run, observer)
}

/// Loss and relative errors of `model` on `samples`, in evaluation mode.
///
/// # Errors
///
/// [`TrainError::WrongField`] if the network returns fields of another shape than the targets'.
pub fn evaluate_fields<const D: usize, M: Operator<D>>(
    model: &M,
    (data, samples): (&FieldSet, &Samples),
    scaling: &Scaling,
    config: &TrainConfig,
) -> Result<Evaluation, TrainError> {
    let problem = FieldProblem::<D> {
        data,
        test: samples,
        scaling,
        config,
    };
    problem.reported_h1().check(&samples.sizes())?;
    evaluate_problem(model, &problem, config.eval_batch_size)
}

/// A set of fields on `D - 2` axes, and how they are compared.
struct FieldProblem<'a, const D: usize> {
    data: &'a FieldSet,
    test: &'a Samples,
    scaling: &'a Scaling,
    config: &'a TrainConfig,
}

/// A mini-batch on the host.
struct FieldBatch {
    inputs: TensorData,
    targets: TensorData,
}

impl<const D: usize> FieldProblem<'_, D> {
    fn part(&self, part: Part) -> &Samples {
        match part {
            Part::Train { .. } => &self.data.train,
            Part::Test => self.test,
        }
    }

    /// Moves each pair of a training batch by a symmetry.
    fn move_fields(&self, indices: &[u32], epoch: usize, sides: [&mut Vec<f32>; 2]) {
        let (config, sizes) = (self.config, self.data.train.sizes());
        for side in sides {
            let length = side.len() / indices.len().max(1);
            for (field, index) in side.chunks_exact_mut(length.max(1)).zip(indices) {
                let drawn = config
                    .symmetry
                    .draw(&sizes, config.seed, epoch as u64, *index);
                if let Some(drawn) = drawn {
                    drawn.apply(field, &sizes);
                }
            }
        }
    }

    /// The relative H1 norm, on a domain of the lengths of the data or of length 1 along each axis.
    fn h1(&self, kind: DerivativeKind) -> RelativeH1 {
        let periodic = self.data.boundary == Boundary::Periodic;
        let derivative = match kind {
            DerivativeKind::Auto if periodic => Derivative::Spectral,
            DerivativeKind::Auto | DerivativeKind::Differences => {
                Derivative::FiniteDifference { periodic: false }
            }
            DerivativeKind::Spectral => Derivative::Spectral,
            DerivativeKind::PeriodicDifferences => Derivative::FiniteDifference { periodic: true },
        };
        let h1 = RelativeH1::new(derivative);
        match &self.data.lengths {
            Some(lengths) => h1.with_lengths(lengths.clone()),
            None => h1,
        }
    }

    /// The relative H1 norm in which errors are given: that of the loss, if it is one.
    fn reported_h1(&self) -> RelativeH1 {
        self.h1(match self.config.loss {
            Loss::RelativeH1 { derivative } => derivative,
            _ => DerivativeKind::Auto,
        })
    }

    fn loss(&self, outputs: Tensor<D>, targets: Tensor<D>) -> Tensor<1> {
        match self.config.loss {
            Loss::RelativeH1 { derivative } => self.h1(derivative).forward(outputs, targets),
            Loss::RelativeL2 => relative_l2(outputs, targets),
            _ => mean_squared_error(outputs, targets),
        }
    }

    /// The mean relative errors of a batch, `[2]`.
    fn errors(&self, outputs: Tensor<D>, targets: Tensor<D>) -> Tensor<1> {
        let l2 = relative_l2(outputs.clone(), targets.clone());
        let h1 = self.reported_h1().forward(outputs, targets);
        Tensor::cat(vec![l2, h1], 0)
    }
}

impl<const D: usize, M: Operator<D>> Problem<M> for FieldProblem<'_, D> {
    type Batch = FieldBatch;

    fn check(&self) -> Result<(), TrainError> {
        for (part, samples) in [("training", &self.data.train), ("test", self.test)] {
            if samples.is_empty() {
                return Err(TrainError::NoSamples {
                    data: self.data.name.clone(),
                    part,
                });
            }
            self.reported_h1().check(&samples.sizes())?;
        }
        Ok(())
    }

    fn keep(&self, _run: &RunFolder) -> Result<(), TrainError> {
        Ok(())
    }

    fn trained_on(&self) -> TrainedOn {
        TrainedOn::named(&self.data.name)
    }

    fn samples(&self, part: Part) -> usize {
        self.part(part).len()
    }

    fn load(&self, part: Part, indices: &[u32]) -> Result<FieldBatch, DataError> {
        let samples = self.part(part);
        let (mut inputs, mut targets) = (Vec::new(), Vec::new());
        samples.fill(indices, &mut inputs, &mut targets)?;
        if let Part::Train { epoch } = part {
            self.move_fields(indices, epoch, [&mut inputs, &mut targets]);
        }
        let data = |values, shape: Vec<usize>| {
            TensorData::new(values, [&[indices.len()], &shape[..]].concat())
        };
        Ok(FieldBatch {
            inputs: data(inputs, samples.input_shape()),
            targets: data(targets, samples.target_shape()),
        })
    }

    fn run(
        &self,
        model: &M,
        part: Part,
        batch: FieldBatch,
        device: &Device,
    ) -> Result<Outputs, TrainError> {
        let [inputs, targets] =
            [batch.inputs, batch.targets].map(|data| Tensor::<D>::from_data(data, device));
        let samples = inputs.dims()[0];
        let outputs = model.forward(self.scaling.inputs.apply(inputs));
        if outputs.dims() != targets.dims() {
            return Err(TrainError::WrongField {
                outputs: outputs.dims()[1..].to_vec(),
                targets: targets.dims()[1..].to_vec(),
            });
        }
        Ok(match part {
            Part::Train { .. } => Outputs {
                loss: self.loss(outputs, self.scaling.targets.apply(targets)),
                samples,
                classes: None,
                errors: None,
            },
            Part::Test => {
                let outputs = self.scaling.targets.invert(outputs);
                Outputs {
                    loss: self.loss(outputs.clone(), targets.clone()),
                    samples,
                    classes: None,
                    errors: Some(self.errors(outputs, targets)),
                }
            }
        })
    }

    fn tally(&self) -> Tally {
        Tally::new(None)
    }
}
