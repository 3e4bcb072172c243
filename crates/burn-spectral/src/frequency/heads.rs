//! Dense layers on complex features.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor};

use crate::error::OrPanic;
use crate::{ComplexTensor, SpectralError, ops, spatial};

/// Configuration of a [`TwoBranchLinear`] or a [`ComplexLinear`].
#[derive(Config, Debug, PartialEq, Eq)]
pub struct ComplexLinearConfig {
    /// Input and output features, a complex number each.
    pub features: [usize; 2],
    /// Whether to add a bias; true by default.
    #[config(default = true)]
    pub bias: bool,
}

impl ComplexLinearConfig {
    fn check(&self) -> Result<(), SpectralError> {
        SpectralError::check_positive("the number of features", &self.features)?;
        SpectralError::check_elements("the weight", &self.features)
    }

    /// Creates a layer with one dense layer per part.
    ///
    /// # Errors
    /// If there are no features, or too many.
    pub fn try_init_branches(&self, device: &Device) -> Result<TwoBranchLinear, SpectralError> {
        self.check()?;
        let [inputs, outputs] = self.features;
        let config = LinearConfig::new(inputs, outputs).with_bias(self.bias);
        Ok(TwoBranchLinear {
            re: config.init(device),
            im: config.init(device),
        })
    }

    /// Creates a layer with one dense layer per part.
    ///
    /// # Panics
    /// If [`try_init_branches`](Self::try_init_branches) returns an error, with the same text.
    #[track_caller]
    pub fn init_branches(&self, device: &Device) -> TwoBranchLinear {
        self.try_init_branches(device).or_panic()
    }

    /// Creates a layer with a complex weight. Its parts are uniform within `±1/√(2·inputs)`, so that
    /// the outputs have the variance that a fresh `Linear` would give each part.
    ///
    /// # Errors
    /// If there are no features, or too many.
    pub fn try_init(&self, device: &Device) -> Result<ComplexLinear, SpectralError> {
        self.check()?;
        let [inputs, outputs] = self.features;
        let bound = (inputs as f64).recip().sqrt();
        let draw = |rows, bound: f64| {
            let distribution = Distribution::Uniform(-bound, bound);
            Param::from_tensor(Tensor::random([rows, outputs], distribution, device))
        };
        let half = bound * core::f64::consts::FRAC_1_SQRT_2;
        Ok(ComplexLinear {
            re: draw(inputs, half),
            im: draw(inputs, half),
            bias: self.bias.then(|| draw(2, bound)),
        })
    }

    /// Creates a layer with a complex weight.
    ///
    /// # Panics
    /// If [`try_init`](Self::try_init) returns an error, with the same text.
    #[track_caller]
    pub fn init(&self, device: &Device) -> ComplexLinear {
        self.try_init(device).or_panic()
    }
}

/// Checks the features on the last axis.
fn check<const D: usize>(weight: &Param<Tensor<2>>, dims: [usize; D]) -> Result<(), SpectralError> {
    let [expected, _] = weight.lazy_shape().dims();
    match dims.last() == Some(&expected) {
        true => Ok(()),
        false => Err(SpectralError::Features {
            expected,
            got: dims.to_vec(),
        }),
    }
}

/// A dense layer of the real parts and another of the imaginary parts, the two branches of Pan et
/// al. (2022): no product of a real with an imaginary part.
///
/// Created by [`ComplexLinearConfig::init_branches`].
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::ComplexTensor;
/// use burn_spectral::frequency::ComplexLinearConfig;
///
/// let device = Device::flex();
/// let layer = ComplexLinearConfig::new([120, 84]).init_branches(&device);
/// let features = ComplexTensor::from_real(Tensor::<2>::ones([4, 120], &device));
/// assert_eq!(layer.forward_joined(features).dims(), [4, 168]);
/// ```
#[derive(Module, Debug)]
pub struct TwoBranchLinear {
    /// Of the real parts.
    pub re: Linear,
    /// Of the imaginary parts.
    pub im: Linear,
}

impl TwoBranchLinear {
    /// Checks that the layer accepts features of shape `dims`.
    ///
    /// # Errors
    /// If there are others on the last axis.
    pub fn check<const D: usize>(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        check(&self.re.weight, dims)
    }

    /// Maps each part by its own layer.
    ///
    /// # Shapes
    /// - input: `[…, inputs]`; output: `[…, outputs]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward<const D: usize>(&self, features: ComplexTensor<D>) -> ComplexTensor<D> {
        self.check(features.dims()).or_panic();
        ComplexTensor::new(
            spatial::linear(&self.re, features.re),
            spatial::linear(&self.im, features.im),
        )
    }

    /// As [`forward`](Self::forward), both results side by side as real features, those of the real
    /// part first.
    ///
    /// # Shapes
    /// - input: `[…, inputs]`; output: `[…, 2·outputs]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward_joined<const D: usize>(&self, features: ComplexTensor<D>) -> Tensor<D> {
        let branches = self.forward(features);
        ops::cat(vec![branches.re, branches.im], D - 1)
    }
}

/// A dense layer with a complex weight, `y = x·W + b`: half the numbers of a real layer from all
/// parts to all parts, and what two branches lack.
///
/// Created by [`ComplexLinearConfig::init`].
#[derive(Module, Debug)]
pub struct ComplexLinear {
    /// Real part of the weight, `[inputs, outputs]`.
    pub re: Param<Tensor<2>>,
    /// Imaginary part of the weight, `[inputs, outputs]`.
    pub im: Param<Tensor<2>>,
    /// Real and imaginary part of the bias, `[2, outputs]`.
    pub bias: Option<Param<Tensor<2>>>,
}

impl ComplexLinear {
    /// Checks that the layer accepts features of shape `dims`.
    ///
    /// # Errors
    /// If there are others on the last axis.
    pub fn check<const D: usize>(&self, dims: [usize; D]) -> Result<(), SpectralError> {
        check(&self.re, dims)
    }

    /// Maps complex features.
    ///
    /// # Shapes
    /// - input: `[…, inputs]`; output: `[…, outputs]`
    ///
    /// # Panics
    /// If [`check`](Self::check) returns an error, with the same text.
    #[track_caller]
    pub fn forward<const D: usize>(&self, features: ComplexTensor<D>) -> ComplexTensor<D> {
        let mut dims = features.dims();
        self.check(dims).or_panic();
        let weight = ComplexTensor::new(self.re.val(), self.im.val());
        let rows = dims[..D - 1].iter().product::<usize>();
        let x = features.map(|part| part.reshape([rows, dims[D - 1]]));
        let y = x.matmul(weight);
        let y = match &self.bias {
            Some(bias) => {
                let row = |index| bias.val().narrow(0, index, 1);
                y + ComplexTensor::new(row(0), row(1))
            }
            None => y,
        };
        dims[D - 1] = y.dims()[1];
        y.map(|part| part.reshape(dims))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_the_parameters_that_their_form_says() {
        let device = Device::flex();
        let config = ComplexLinearConfig::new([120, 84]);
        assert_eq!(
            config.init_branches(&device).num_params(),
            2 * (120 * 84 + 84)
        );
        assert_eq!(config.init(&device).num_params(), 2 * (120 * 84 + 84));
        let plain = config.with_bias(false);
        assert_eq!(plain.init(&device).num_params(), 2 * 120 * 84);
        assert_eq!(plain.init_branches(&device).num_params(), 2 * 120 * 84);
    }

    #[test]
    fn other_features_are_refused() {
        let device = Device::flex();
        let config = ComplexLinearConfig::new([3, 2]);
        let text = "expected 3 features on the last axis, got an input of shape [5, 4]";
        let branches = config.init_branches(&device).check([5, 4]);
        assert_eq!(branches.unwrap_err().to_string(), text);
        let complex = config.init(&device).check([5, 4]);
        assert_eq!(complex.unwrap_err().to_string(), text);
        assert!(ComplexLinearConfig::new([3, 0]).try_init(&device).is_err());
    }
}
