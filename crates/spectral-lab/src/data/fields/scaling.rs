//! Scaling of fields to zero mean and unit variance.

use burn::tensor::{Tensor, TensorData};
use burn_spectral::ops;
use burn_spectral::spatial::Activation;
use serde::{Deserialize, Serialize};

use super::error::FieldError;
use super::samples::{Fields, Samples};
use super::statistics::FieldStatistics;
use crate::data::DataError;

/// What statistics fields are scaled by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScalingKind {
    /// None: values stay as they are.
    None,
    /// One mean and one standard deviation per channel.
    #[default]
    Channel,
    /// One per channel and grid point, as in the code of the FNO paper (Li et al., 2021). Such a scaling fits one grid only.
    Point,
}

/// A scaling with its constants: `(x − mean) / std`.
///
/// In a file, `"none"`, `{ per-channel = { mean = […], std = […] } }`, or `{ per-point = { shape = […], mean = […],
/// std = […] } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FieldScaling {
    /// Values stay as they are.
    #[default]
    None,
    /// One mean and one standard deviation per channel.
    PerChannel {
        /// Mean of each channel.
        mean: Vec<f32>,
        /// Standard deviation of each channel, above zero.
        std: Vec<f32>,
    },
    /// One per channel and grid point.
    PerPoint {
        /// `[channel, space…]`.
        shape: Vec<usize>,
        /// Mean of each value.
        mean: Vec<f32>,
        /// Standard deviation of each value, above zero.
        std: Vec<f32>,
    },
}

impl FieldScaling {
    /// The scalings of inputs and of targets, fitted to training samples; of trajectories both are of all states. What is
    /// constant is centered but not scaled.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use spectral_lab::data::fields::{FieldScaling, Fields, Samples, ScalingKind};
    ///
    /// let states = Fields {
    ///     values: vec![1.0, 3.0, 1.0, 3.0],
    ///     shape: vec![1, 2, 1, 2],
    /// };
    /// let samples = Samples::Trajectories(states);
    /// let [inputs, targets] = FieldScaling::fit([ScalingKind::Channel; 2], &samples);
    /// assert_eq!(inputs, FieldScaling::PerChannel { mean: vec![2.0], std: vec![1.0] });
    /// let x = Tensor::<3>::from_floats([[[1.0, 5.0]]], &Device::flex());
    /// let y = targets.invert(inputs.apply(x.clone()));
    /// y.into_data().assert_eq(&x.into_data(), true);
    /// ```
    pub fn fit(kinds: [ScalingKind; 2], samples: &Samples) -> [Self; 2] {
        let [input, target] = match samples {
            Samples::Pairs { inputs, targets } => [inputs, targets],
            Samples::Trajectories(states) => [states, states],
        };
        let shape = [samples.input_shape(), samples.target_shape()];
        [
            Self::fit_one(kinds[0], input, &shape[0]),
            Self::fit_one(kinds[1], target, &shape[1]),
        ]
    }

    fn fit_one(kind: ScalingKind, fields: &Fields, shape: &[usize]) -> Self {
        let of = |groups, points| {
            let statistics = FieldStatistics::of(&fields.values, groups, points);
            let std = statistics
                .std
                .into_iter()
                .map(|std| if std > 0.0 { std } else { 1.0 });
            (statistics.mean, std.collect())
        };
        match kind {
            ScalingKind::None => Self::None,
            ScalingKind::Channel => {
                let (mean, std) = of(shape[0], shape[1..].iter().product());
                Self::PerChannel { mean, std }
            }
            ScalingKind::Point => {
                let (mean, std) = of(shape.iter().product(), 1);
                let shape = shape.to_vec();
                Self::PerPoint { shape, mean, std }
            }
        }
    }

    /// The kind.
    pub fn kind(&self) -> ScalingKind {
        match self {
            Self::None => ScalingKind::None,
            Self::PerChannel { .. } => ScalingKind::Channel,
            Self::PerPoint { .. } => ScalingKind::Point,
        }
    }

    /// Checks the constants, and that they fit samples of this shape, `[channel, space…]`.
    ///
    /// # Errors
    /// With both shapes and what is accepted.
    pub fn check(&self, samples: &[usize]) -> Result<(), DataError> {
        let (shape, mean, std) = match self {
            Self::None => return Ok(()),
            Self::PerChannel { mean, std } => (vec![mean.len()], mean, std),
            Self::PerPoint { shape, mean, std } => (shape.clone(), mean, std),
        };
        let count = crate::limits::product(shape.iter().copied());
        let valid = mean.len() == std.len()
            && count == mean.len() as u64
            && mean.iter().all(|mean| mean.is_finite())
            && std.iter().all(|std| std.is_finite() && *std > 0.0);
        let accepted = match self {
            _ if !valid => "one finite mean and one standard deviation above zero for each",
            Self::PerPoint { .. } if shape != samples => {
                "the same channels and grid; scale per channel to use other grids"
            }
            Self::PerChannel { .. } if shape.first() != samples.first() => "the same channels",
            _ => return Ok(()),
        };
        Err(FieldError::Scaling {
            scaling: shape,
            samples: samples.to_vec(),
            accepted,
        }
        .into())
    }

    /// The scaled values, `(x − mean) / std`.
    ///
    /// # Shapes
    /// - `x`: `[batch, channel, space…]`
    /// - output: as `x`
    ///
    /// # Panics
    /// If `x` has other channels or, per point, another grid; see [`check`](Self::check).
    pub fn apply<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::None => x,
            Self::PerChannel { mean, std } => {
                let scale: Vec<f32> = std.iter().map(|std| 1.0 / std).collect();
                affine(x, [mean, &scale, &vec![0.0; mean.len()]])
            }
            Self::PerPoint { shape, mean, std } => {
                let [mean, std] = [mean, std].map(|of| grid(of, shape, &x));
                (x - mean) / std
            }
        }
    }

    /// The values before scaling, `x · std + mean`.
    ///
    /// # Shapes
    /// - `x`: `[batch, channel, space…]`
    /// - output: as `x`
    ///
    /// # Panics
    /// As [`apply`](Self::apply).
    pub fn invert<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::None => x,
            Self::PerChannel { mean, std } => affine(x, [&vec![0.0; mean.len()], std, mean]),
            Self::PerPoint { shape, mean, std } => {
                let [mean, std] = [mean, std].map(|of| grid(of, shape, &x));
                x * std + mean
            }
        }
    }
}

/// `(x − center) · scale + shift` per channel.
fn affine<const D: usize>(x: Tensor<D>, coefficients: [&Vec<f32>; 3]) -> Tensor<D> {
    let options = (&x.device(), x.dtype());
    let coefficients =
        coefficients.map(|of| Tensor::from_data(TensorData::new(of.clone(), [of.len()]), options));
    ops::channel_affine(
        x,
        coefficients,
        ops::ChannelSpec {
            activation: Activation::Identity,
            pool: None,
        },
    )
}

/// Constants of each point, with a batch of one.
fn grid<const D: usize>(of: &[f32], shape: &[usize], like: &Tensor<D>) -> Tensor<D> {
    let shape = [&[1], shape].concat();
    Tensor::from_data(
        TensorData::new(of.to_vec(), shape),
        (&like.device(), like.dtype()),
    )
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tolerance};

    use super::*;

    fn pairs() -> Samples {
        let field = |shape: &[usize], start: f32| Fields {
            values: (0..shape.iter().product::<usize>())
                .map(|v| start + (v * v) as f32)
                .collect(),
            shape: shape.to_vec(),
        };
        Samples::Pairs {
            inputs: field(&[3, 2, 2, 2], 5.0),
            targets: field(&[3, 1, 2, 2], -7.0),
        }
    }

    #[test]
    fn scaled_training_samples_have_zero_mean_and_unit_variance() {
        let samples = pairs();
        for kind in [ScalingKind::Channel, ScalingKind::Point] {
            let [inputs, targets] = FieldScaling::fit([kind, ScalingKind::None], &samples);
            assert_eq!((inputs.kind(), targets), (kind, FieldScaling::None));
            inputs.check(&[2, 2, 2]).unwrap();
            let (mut x, mut y) = (Vec::new(), Vec::new());
            samples.fill(&[0, 1, 2], &mut x, &mut y).unwrap();
            let x = Tensor::<4>::from_data(TensorData::new(x, [3, 2, 2, 2]), &Device::flex());
            let scaled = inputs.apply(x.clone());
            inputs
                .invert(scaled.clone())
                .into_data()
                .assert_approx_eq::<f32>(&x.into_data(), Tolerance::default());
            let groups = match kind {
                ScalingKind::Channel => scaled.swap_dims(0, 1).reshape([2, 12]),
                _ => scaled.reshape([3, 8]).swap_dims(0, 1),
            };
            for moment in [
                groups.clone().mean_dim(1),
                groups.powi_scalar(2).mean_dim(1) - 1.0,
            ] {
                assert!(moment.abs().max().into_scalar::<f32>() < 1e-5);
            }
        }
    }

    #[test]
    fn constant_values_are_only_centered() {
        let states = Samples::Trajectories(Fields {
            values: vec![4.0; 6],
            shape: vec![1, 3, 1, 2],
        });
        let [scaling, _] = FieldScaling::fit([ScalingKind::Channel; 2], &states);
        assert_eq!(
            scaling,
            FieldScaling::PerChannel {
                mean: vec![4.0],
                std: vec![1.0]
            }
        );
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct File {
        scaling: FieldScaling,
    }

    #[test]
    fn every_form_survives_a_file() {
        let kinds = [ScalingKind::None, ScalingKind::Channel, ScalingKind::Point];
        for scaling in kinds
            .map(|kind| FieldScaling::fit([kind; 2], &pairs()))
            .concat()
        {
            let file = File { scaling };
            let text = toml::to_string(&file).unwrap();
            assert_eq!(toml::from_str::<File>(&text).unwrap(), file, "{text}");
            let text = serde_json::to_string(&file).unwrap();
            assert_eq!(serde_json::from_str::<File>(&text).unwrap(), file, "{text}");
        }
        let error = toml::from_str::<File>("scaling = 'batch'")
            .unwrap_err()
            .to_string();
        assert!(error.contains("per-channel"), "{error}");
    }

    #[test]
    fn other_samples_and_invalid_constants_are_refused() {
        let [channel, _] = FieldScaling::fit([ScalingKind::Channel; 2], &pairs());
        channel.check(&[2, 9, 9]).unwrap();
        let error = channel.check(&[3, 2, 2]).unwrap_err().to_string();
        assert!(
            error.contains("[2]") && error.contains("[3, 2, 2]"),
            "{error}"
        );
        let [point, _] = FieldScaling::fit([ScalingKind::Point; 2], &pairs());
        let error = point.check(&[2, 2, 4]).unwrap_err().to_string();
        assert!(error.contains("scale per channel"), "{error}");
        for (mean, std) in [
            (vec![0.0], vec![0.0]),
            (vec![f32::NAN], vec![1.0]),
            (vec![0.0], vec![]),
        ] {
            let error = FieldScaling::PerChannel { mean, std }
                .check(&[1, 4])
                .unwrap_err();
            assert!(error.to_string().contains("above zero"), "{error}");
        }
        let shape = vec![usize::MAX, 2];
        let overflow = FieldScaling::PerPoint {
            shape,
            mean: vec![],
            std: vec![],
        };
        assert!(overflow.check(&[usize::MAX, 2]).is_err());
    }
}
