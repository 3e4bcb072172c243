//! The factors of low-rank weights, and their contraction with a spectrum.

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::ComplexTensor;
use crate::ops::{self, Conjugate, MixSpec};

/// A complex parameter: its real and its imaginary part.
#[derive(Module, Debug)]
pub struct ComplexParam<const R: usize> {
    /// Real part.
    pub re: Param<Tensor<R>>,
    /// Imaginary part.
    pub im: Param<Tensor<R>>,
}

impl<const R: usize> ComplexParam<R> {
    /// A parameter of these values.
    pub fn new(value: ComplexTensor<R>) -> Self {
        Self {
            re: Param::from_tensor(value.re),
            im: Param::from_tensor(value.im),
        }
    }

    /// The value.
    pub fn val(&self) -> ComplexTensor<R> {
        ComplexTensor::new(self.re.val(), self.im.val())
    }

    /// Complex normal values of this mean square.
    fn normal(dims: [usize; R], mean_square: f64, device: &Device) -> Self {
        let spread = Distribution::Normal(0.0, (mean_square / 2.0).sqrt());
        let draw = || Tensor::random(dims, spread, device);
        Self::new(ComplexTensor::new(draw(), draw()))
    }
}

/// The factors of a CP weight, `W[o,i,k…] = Σ_r λ[r]·V[o,r]·U[i,r]·Π_a K_a[k_a,r]`.
#[derive(Module, Debug)]
pub struct CpFactors {
    /// `λ`, `[rank]`; ones at first.
    pub scale: ComplexParam<1>,
    /// `V`, `[out, rank]`.
    pub outputs: ComplexParam<2>,
    /// `U`, `[in, rank]`.
    pub inputs: ComplexParam<2>,
    /// `K_a`, `[kept, rank]`, one for each spatial axis.
    pub modes: Vec<ComplexParam<2>>,
}

impl CpFactors {
    /// Factors of a weight of shape `dense` = `[out, in, kept…]` whose elements have this mean square.
    pub(super) fn new(dense: &[usize], rank: usize, mean_square: f64, device: &Device) -> Self {
        let each = (mean_square / rank as f64).powf(1.0 / dense.len() as f64);
        let factor = |&size: &usize| ComplexParam::normal([size, rank], each, device);
        let ones = Tensor::ones([rank], device);
        Self {
            scale: ComplexParam::new(ComplexTensor::from_real(ones)),
            outputs: factor(&dense[0]),
            inputs: factor(&dense[1]),
            modes: dense[2..].iter().map(factor).collect(),
        }
    }

    /// Channels mixed down to the rank, each of these multiplied by its modes, and mixed up.
    pub(super) fn mix<const D: usize>(&self, x: ComplexTensor<D>) -> ComplexTensor<D> {
        let [rank] = self.scale.re.dims();
        let mut shape = [1; D];
        shape[0] = rank;
        let mut modes = self.scale.val().map(|part| part.reshape(shape));
        for (a, factor) in self.modes.iter().enumerate() {
            let mut dims = shape;
            dims[a + 2] = factor.re.dims()[0];
            modes = modes * factor.val().map(|part| part.transpose().reshape(dims));
        }
        let reduced = mix_channels(x, self.inputs.val().map(Tensor::transpose));
        let filtered = ops::mix(reduced, modes, product(rank));
        mix_channels(filtered, self.outputs.val())
    }
}

/// The factors of a Tucker weight, `W[o,i,k…] = Σ_{p,q,e…} C[p,q,e…]·V[o,p]·U[i,q]·Π_a K_a[k_a,e_a]`.
#[derive(Module, Debug)]
pub struct TuckerFactors<const D: usize> {
    /// `C`, `[rank of out, rank of in, rank of each axis…]`.
    pub core: ComplexParam<D>,
    /// `V`, `[out, rank]`.
    pub outputs: ComplexParam<2>,
    /// `U`, `[in, rank]`.
    pub inputs: ComplexParam<2>,
    /// `K_a`, `[kept, rank]`, one for each spatial axis.
    pub modes: Vec<ComplexParam<2>>,
}

impl<const D: usize> TuckerFactors<D> {
    /// Factors of a weight of shape `dense` = `[out, in, kept…]` whose elements have this mean square.
    pub(super) fn new(dense: &[usize], ranks: &[usize], mean_square: f64, device: &Device) -> Self {
        let terms: f64 = ranks.iter().map(|&rank| rank as f64).product();
        let each = (mean_square / terms).powf(1.0 / (dense.len() + 1) as f64);
        let factor = |a: usize| ComplexParam::normal([dense[a], ranks[a]], each, device);
        let core: [usize; D] = core::array::from_fn(|a| ranks[a]);
        Self {
            core: ComplexParam::normal(core, each, device),
            outputs: factor(0),
            inputs: factor(1),
            modes: (2..D).map(factor).collect(),
        }
    }

    /// The channels are mixed down before they meet the core, whose axes of modes alone are expanded.
    pub(super) fn mix(&self, x: ComplexTensor<D>) -> ComplexTensor<D> {
        let modes = self.modes.iter().enumerate();
        let core = modes.fold(self.core.val(), |core, (a, factor)| {
            expand(core, a + 2, factor.val())
        });
        let reduced = mix_channels(x, self.inputs.val().map(Tensor::transpose));
        let filtered = ops::mix(reduced, core, product(1));
        mix_channels(filtered, self.outputs.val())
    }
}

/// A product without conjugation.
fn product(groups: usize) -> MixSpec {
    MixSpec {
        groups,
        conjugate: Conjugate::None,
    }
}

/// `y[b,o,k…] = Σ_i weight[o,i]·x[b,i,k…]`.
fn mix_channels<const D: usize>(x: ComplexTensor<D>, weight: ComplexTensor<2>) -> ComplexTensor<D> {
    let mixed = |part: &Tensor<D>, weight: &Tensor<2>| {
        ops::mix_constant(part.clone(), weight.clone(), 1, false)
    };
    ComplexTensor {
        re: mixed(&x.re, &weight.re) - mixed(&x.im, &weight.im),
        im: mixed(&x.re, &weight.im) + mixed(&x.im, &weight.re),
    }
}

/// `y[…,k,…] = Σ_e factor[k,e]·x[…,e,…]` along an axis.
fn expand<const D: usize>(
    x: ComplexTensor<D>,
    axis: usize,
    factor: ComplexTensor<2>,
) -> ComplexTensor<D> {
    let mut dims = x.dims();
    let [kept, rank] = factor.dims();
    let outer = dims[..axis].iter().product();
    let inner = dims[axis + 1..].iter().product();
    let x = x.map(|part| part.reshape([outer, rank, inner]));
    dims[axis] = kept;
    let factor = factor.map(|part| part.reshape([1, kept, rank]));
    factor.matmul(x).map(|part| part.reshape(dims))
}
