//! Parameters without effect, alone or in combination.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Gradients, Tensor, TensorData};
use serde::Serialize;

use crate::SpectralError;
use crate::summary::trains;

use super::map::linearity;
use super::probe::{Generator, Images, Operator, Probe, energy};
use super::redundancy::{Redundancy, count};

/// Random images and random losses for which a gradient has to be zero.
const LOSSES: usize = 8;

/// A parameter of a module, and what its gradients say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterFinding {
    /// Its path in the module, such as `conv.response.beta`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Numbers it holds.
    pub count: usize,
    /// How many of them have no gradient.
    pub dead: usize,
    /// Root mean square of its gradients for a random loss.
    pub gradient: f64,
}

/// Numbers of one parameter that cannot change the output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadParameters {
    /// Path of the parameter in the module.
    pub name: String,
    /// How many of its numbers.
    pub count: usize,
}

/// What the parameters of a layer do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParameterReport {
    /// The parameters that training moves, in the order of the module.
    pub parameters: Vec<ParameterFinding>,
    /// Directions that change nothing; none where the layer is too large to count them.
    pub redundancy: Option<Redundancy>,
}

impl ParameterReport {
    /// Trainable numbers.
    pub fn count(&self) -> usize {
        self.parameters.iter().map(|p| p.count).sum()
    }

    /// The parameters with numbers that cannot change the output, named.
    pub fn dead(&self) -> Vec<DeadParameters> {
        let dead = self.parameters.iter().filter(|p| p.dead > 0);
        dead.map(|p| DeadParameters {
            name: p.name.clone(),
            count: p.dead,
        })
        .collect()
    }
}

/// Looks for parameters that cannot change the output of a layer.
///
/// **Dead** is a number whose gradient is zero, up to rounding and relative to the largest of the
/// layer, for random images and random losses, at the present weights and at weights a hundredth away: near a stationary
/// point, such as the width of a Gaussian centered on the only frequency, a gradient may be small but is not zero
/// everywhere. **Redundant** are directions: all coordinates less
/// the rank of the Jacobian of the outputs for all images, each row of which is the gradient of one
/// random loss.
///
/// `forward` is the layer as a function of the module; the module may live on a plain device. The
/// figures are those at its present weights. With a [`Probe`] of f64 the module is cast, so that a
/// rank is beyond doubt; not every module takes that.
///
/// # Errors
/// [`SpectralError::NotSameSize`] when the layer changes the size of its images.
///
/// # Example
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_spectral::published::{KkLayer, KkLayerConfig};
/// use burn_spectral::inspect::{Probe, inspect_parameters};
///
/// let device = Device::flex();
/// let layer = KkLayerConfig::new([2, 3]).init(&device);
/// let probe = Probe::new(2, [6, 6], &device)?.with_dtype(DType::F64);
/// let report = inspect_parameters(&layer, KkLayer::forward, &probe)?;
/// assert_eq!(report.dead()[0].name, "conv.response.beta");
/// assert_eq!(report.dead()[0].count, 6);
/// assert_eq!(report.redundancy.unwrap().rank, 6);
/// # Ok::<(), burn_spectral::SpectralError>(())
/// ```
pub fn inspect_parameters<M: Module>(
    module: &M,
    forward: impl Fn(&M, Tensor<4>) -> Tensor<4>,
    probe: &Probe,
) -> Result<ParameterReport, SpectralError> {
    let plain = with_dtype(module.valid(), probe.dtype);
    let map = |images: Tensor<4>| forward(&plain, images);
    let operator = Operator::new(&map, probe)?;
    let at = |step: Option<Generator>| {
        let dtype = probe.dtype;
        Losses {
            tracked: module.clone().map(&mut Track { dtype, step }),
            forward: &forward,
            probe,
            outputs: operator.outputs,
        }
    };
    let losses = at(None);
    let mut names = Names::default();
    losses.tracked.visit(&mut names);
    let total: usize = names.found.iter().map(|parameter| parameter.count).sum();
    if total == 0 {
        return Ok(ParameterReport {
            parameters: names.found,
            redundancy: None,
        });
    }
    let is_linear = linearity(&operator) <= probe.rounding();

    let here = sizes(&losses, total);
    let mut is_live = here.is_live;
    if is_live.contains(&false) {
        let moved = sizes(&at(Some(probe.generator(12))), total).is_live;
        for (live, moved) in is_live.iter_mut().zip(moved) {
            *live |= moved;
        }
    }
    let mut start = 0;
    for parameter in &mut names.found {
        let range = start..start + parameter.count;
        parameter.dead = is_live[range.clone()].iter().filter(|live| !**live).count();
        let squares = here.squares[range].iter().sum::<f64>();
        parameter.gradient = (squares / parameter.count.max(1) as f64).sqrt();
        start += parameter.count;
    }
    let redundancy = count(&losses, &names.found, &is_live, is_linear);
    Ok(ParameterReport {
        parameters: names.found,
        redundancy,
    })
}

/// The sizes of the gradients of some losses, one for each number.
struct Sizes {
    /// Whether one of them is not zero.
    is_live: Vec<bool>,
    /// Their mean square.
    squares: Vec<f64>,
}

fn sizes(losses: &dyn Gradient, total: usize) -> Sizes {
    let mut generator = losses.probe().generator(11);
    let mut largest = vec![0.0f64; total];
    let mut squares = vec![0.0f64; total];
    for _ in 0..LOSSES {
        let images = losses.probe().noise(1, &mut generator);
        let cotangent = losses.cotangent(&mut generator);
        for (index, value) in losses.gradient(&images, &cotangent).iter().enumerate() {
            largest[index] = largest[index].max(value.abs());
            squares[index] += value * value / LOSSES as f64;
        }
    }
    let limit = losses.limit(&largest);
    Sizes {
        is_live: largest.iter().map(|value| *value > limit).collect(),
        squares,
    }
}

/// The module with every float parameter in the given precision, on its device. Parameters that learn still do.
pub fn with_dtype<M: Module>(module: M, dtype: DType) -> M {
    struct Cast(DType);
    impl ModuleMapper for Cast {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|tensor| {
                if !tensor.is_autodiff() {
                    return tensor.cast(self.0);
                }
                // Cast on the graph it would be no leaf, and have no gradient.
                let learns = tensor.is_require_grad();
                let inner = tensor.without_autodiff().cast(self.0);
                Tensor::from_inner(inner).set_require_grad(learns)
            })
        }
    }
    module.map(&mut Cast(dtype))
}

/// Gradients of random losses `Σ v·f(x)` by all parameters that learn.
pub(super) struct Losses<'a, M, F> {
    tracked: M,
    forward: &'a F,
    pub(super) probe: &'a Probe,
    pub(super) outputs: usize,
}

/// What [`Redundancy`] is counted from.
pub(super) trait Gradient {
    fn probe(&self) -> &Probe;
    fn outputs(&self) -> usize;
    fn cotangent(&self, generator: &mut Generator) -> Images;
    fn gradient(&self, images: &Images, cotangent: &Images) -> Vec<f64>;

    /// What counts as zero beside gradients of that size.
    fn limit(&self, gradients: &[f64]) -> f64 {
        let largest = gradients
            .iter()
            .fold(0.0f64, |most, value| most.max(value.abs()));
        largest * self.probe().rounding()
    }
}

impl<M: Module, F: Fn(&M, Tensor<4>) -> Tensor<4>> Gradient for Losses<'_, M, F> {
    fn probe(&self) -> &Probe {
        self.probe
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn cotangent(&self, generator: &mut Generator) -> Images {
        let mut cotangent = Images::zeros(1, self.outputs, self.probe.size);
        cotangent.values.fill_with(|| generator.normal());
        cotangent
    }

    fn gradient(&self, images: &Images, cotangent: &Images) -> Vec<f64> {
        let device = self.probe.device.clone().autodiff();
        let output = (self.forward)(&self.tracked, self.probe.tensor(images, &device));
        let loss = (output * self.probe.tensor(cotangent, &device)).sum();
        let mut row = Row {
            gradients: loss.backward(),
            values: Vec::new(),
        };
        self.tracked.visit(&mut row);
        row.values
    }
}

/// How far weights are moved, relative to the root mean square of their parameter.
const STEP: f64 = 1e-2;

/// Puts the parameters where gradients are kept, in the given precision, those that learn moved at random where asked.
struct Track {
    dtype: DType,
    step: Option<Generator>,
}

impl Track {
    fn moved<const D: usize>(&mut self, tensor: Tensor<D>) -> Tensor<D> {
        let Some(generator) = &mut self.step else {
            return tensor;
        };
        let mut values: Vec<f64> = tensor.to_data().iter::<f64>().collect();
        let size = (energy(&values) / values.len().max(1) as f64).sqrt();
        let step = STEP * if size > 0.0 { size } else { 1.0 };
        for value in &mut values {
            *value += step * generator.normal();
        }
        let data = TensorData::new(values, tensor.shape()).convert_dtype(self.dtype);
        Tensor::from_data(data, (&tensor.device(), self.dtype))
    }
}

impl ModuleMapper for Track {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let learns = trains(&param);
        param.map(|tensor| {
            let inner = tensor.without_autodiff().cast(self.dtype);
            let inner = match learns {
                true => self.moved(inner),
                false => inner,
            };
            Tensor::from_inner(inner).set_require_grad(learns)
        })
    }
}

/// Paths and shapes of the parameters that learn.
#[derive(Default)]
struct Names {
    path: Vec<String>,
    found: Vec<ParameterFinding>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if !tensor.is_require_grad() {
            return;
        }
        let shape = tensor.dims().to_vec();
        self.found.push(ParameterFinding {
            name: self.path.join("."),
            count: shape.iter().product(),
            shape,
            dead: 0,
            gradient: 0.0,
        });
    }
}

/// The gradients of one loss, one after the other; zeros where a parameter was not met.
struct Row {
    gradients: Gradients,
    values: Vec<f64>,
}

impl ModuleVisitor for Row {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        if !tensor.is_require_grad() {
            return;
        }
        match tensor.grad(&self.gradients) {
            Some(gradient) => self.values.extend(gradient.into_data().iter::<f64>()),
            None => self.values.resize(
                self.values.len() + tensor.dims().iter().product::<usize>(),
                0.0,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::summary::count_parameters;

    #[test]
    fn parameters_of_another_precision_learn_as_before() {
        let plain = Device::flex();
        for device in [plain.clone(), plain.clone().autodiff()] {
            let mut linear: Linear = LinearConfig::new(3, 2).init(&device);
            linear.bias = linear.bias.map(|bias| bias.set_require_grad(false));
            let norm: BatchNorm = BatchNormConfig::new(2).init(&device);
            let both = (linear, norm);
            let cast = with_dtype(both.clone(), DType::F64);
            assert_eq!(count_parameters(&cast), count_parameters(&both));
            assert_eq!(cast.0.weight.val().dtype(), DType::F64);
            if !device.is_autodiff() {
                continue;
            }
            let (linear, _) = cast;
            let shape = [4, 3];
            let x = Tensor::<2>::random(shape, Distribution::Default, (&device, DType::F64));
            let gradients = linear.forward(x.clone()).sum().backward();
            let got = linear.weight.val().grad(&gradients).unwrap();
            let want = x.inner().sum_dim(0).reshape([3, 1]).expand([3, 2]);
            assert!((got - want).abs().max().into_scalar::<f64>() < 1e-12);
            let bias = linear.bias.unwrap().val();
            assert!(bias.grad(&gradients).is_none());
        }
    }
}
