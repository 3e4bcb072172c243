//! Networks that stay on spectra: CEMNet (Pan et al., *Learning Convolutional Neural Networks in
//! the Frequency Domain*, 2022) and TFDMNet (Pan et al., 2024), as published and repaired.
//!
//! Each follows the plan of its spatial baseline: [`lenet`](super::ConvNet) for digits, `vgg` for
//! color images. As published, convolutions are products of **full** spectra, activations and
//! normalizations act on real and imaginary parts, and two branches of dense layers, one per part,
//! are joined in the last layer. Repaired, every spectrum stays that of a real image, half of it is
//! kept, and normalization, activation and pooling are those of the image.

mod block;
mod head;
mod network;

pub use block::{CemBlock, ImageSteps, PublishedSteps, Steps};
pub use head::{BranchLayer, Branches, CemHead, JoinedHead};
pub use network::{CemNet, Fixation};

use burn::tensor::Device;
use burn_spectral::published::{ElementwiseForm, ElementwiseWeights};

use super::info::ModelInfo;
use super::input::Domain;
use super::{InputSpec, ModelError, Network};

/// The layers of a network.
#[derive(Clone, Copy, Debug)]
struct Plan {
    /// Kernel size.
    taps: usize,
    /// Output channels of each block.
    widths: &'static [usize],
    /// How many of the first blocks pool.
    pooled: usize,
    /// How many of the first blocks are convolutions of images.
    spatial: usize,
    /// Units of the hidden dense layers.
    hidden: &'static [usize],
    /// Dropout rates, after blocks and after dense layers.
    dropout: [f64; 2],
}

/// The kind of blocks.
#[derive(Clone, Copy, Debug)]
struct Form {
    product: ElementwiseForm,
    weights: ElementwiseWeights,
    fixation: Fixation,
    /// Whether images are zero-padded before the transform, so that convolutions do not wrap
    /// around.
    padded: bool,
}

const MNIST: Plan = Plan {
    taps: 5,
    widths: &[6, 16],
    pooled: 1,
    spatial: 0,
    hidden: &[120, 84],
    dropout: [0.4, 0.5],
};

const CIFAR: Plan = Plan {
    taps: 3,
    widths: &[64, 128, 256, 512, 512],
    pooled: 5,
    spatial: 0,
    hidden: &[512],
    dropout: [0.5, 0.5],
};

const CIFAR_HALF: Plan = Plan {
    widths: &[32, 64, 128, 256, 256],
    hidden: &[256],
    ..CIFAR
};

const CIFAR_QUARTER: Plan = Plan {
    widths: &[16, 32, 64, 128, 128],
    hidden: &[128],
    ..CIFAR
};

const TFDM: Plan = Plan {
    spatial: 3,
    ..CIFAR
};

/// Free weights on full spectra, projected onto small kernels after every step.
const PROJECTED: Form = Form {
    product: ElementwiseForm::Published,
    weights: ElementwiseWeights::Free,
    fixation: Fixation::Projection,
    padded: false,
};

const UNFIXED: Form = Form {
    fixation: Fixation::None,
    ..PROJECTED
};

const PENALIZED: Form = Form {
    fixation: Fixation::Penalty,
    ..PROJECTED
};

/// The memory-saving version: the taps are learned.
const TAPS: Form = Form {
    weights: ElementwiseWeights::Taps,
    fixation: Fixation::None,
    ..PROJECTED
};

const REPAIRED: Form = Form {
    product: ElementwiseForm::Repaired,
    ..TAPS
};

/// Zero padding as in the baselines.
const PADDED: Form = Form {
    padded: true,
    ..REPAIRED
};

/// The layer of Pratt et al. (2017) with activations in the image.
const FREE: Form = Form {
    weights: ElementwiseWeights::Free,
    ..REPAIRED
};

pub(super) const MODELS: &[ModelInfo] = &[
    mnist(
        "cemnet-mnist",
        "lenet on full spectra as published: weights projected onto 5x5 kernels after every step",
        |domain, device| create(domain, &MNIST, PROJECTED, device),
    ),
    mnist(
        "cemnet-mnist-unfixed",
        "cemnet-mnist with free weights",
        |domain, device| create(domain, &MNIST, UNFIXED, device),
    ),
    mnist(
        "cemnet-mnist-penalty",
        "cemnet-mnist with a penalty on the energy outside 5x5 kernels",
        |domain, device| create(domain, &MNIST, PENALIZED, device),
    ),
    mnist(
        "cemnet-mnist-taps",
        "cemnet-mnist that learns the 5x5 taps directly",
        |domain, device| create(domain, &MNIST, TAPS, device),
    ),
    mnist(
        "cemnet-mnist-repaired",
        "lenet on half-spectra of real images, otherwise as in the image, 5x5 taps",
        |domain, device| create(domain, &MNIST, REPAIRED, device),
    ),
    mnist(
        "cemnet-mnist-padded",
        "cemnet-mnist-repaired with zero padding: the same function as lenet",
        |domain, device| create(domain, &MNIST, PADDED, device),
    ),
    mnist(
        "cemnet-mnist-free",
        "cemnet-mnist-repaired with one free weight per frequency, the layer of Pratt et al.",
        |domain, device| create(domain, &MNIST, FREE, device),
    ),
    cifar(
        "cemnet-cifar",
        "vgg",
        "vgg on full spectra as published, in its memory-saving form: 3x3 taps",
        |domain, device| create(domain, &CIFAR, TAPS, device),
    ),
    cifar(
        "cemnet-cifar-projected",
        "vgg",
        "cemnet-cifar with free weights, projected onto 3x3 kernels after every step",
        |domain, device| create(domain, &CIFAR, PROJECTED, device),
    ),
    cifar(
        "cemnet-cifar-unfixed",
        "vgg",
        "cemnet-cifar with free weights",
        |domain, device| create(domain, &CIFAR, UNFIXED, device),
    ),
    cifar(
        "cemnet-cifar-penalty",
        "vgg",
        "cemnet-cifar with free weights and a penalty on the energy outside 3x3 kernels",
        |domain, device| create(domain, &CIFAR, PENALIZED, device),
    ),
    cifar(
        "cemnet-cifar-repaired",
        "vgg",
        "vgg on half-spectra of real images, otherwise as in the image, 3x3 taps",
        |domain, device| create(domain, &CIFAR, REPAIRED, device),
    ),
    cifar(
        "cemnet-cifar-padded",
        "vgg",
        "cemnet-cifar-repaired with zero padding: the same function as vgg",
        |domain, device| create(domain, &CIFAR, PADDED, device),
    ),
    cifar(
        "tfdmnet-cifar",
        "vgg",
        "vgg with its last two blocks on full spectra as published, 3x3 taps",
        |domain, device| create(domain, &TFDM, TAPS, device),
    ),
    cifar(
        "cemnet-cifar-half",
        "vgg-half",
        "cemnet-cifar with half the channels",
        |domain, device| create(domain, &CIFAR_HALF, TAPS, device),
    ),
    cifar(
        "cemnet-cifar-repaired-half",
        "vgg-half",
        "cemnet-cifar-repaired with half the channels",
        |domain, device| create(domain, &CIFAR_HALF, REPAIRED, device),
    ),
    cifar(
        "cemnet-cifar-padded-half",
        "vgg-half",
        "cemnet-cifar-padded with half the channels",
        |domain, device| create(domain, &CIFAR_HALF, PADDED, device),
    ),
    cifar(
        "cemnet-cifar-padded-quarter",
        "vgg-quarter",
        "cemnet-cifar-padded with a quarter of the channels",
        |domain, device| create(domain, &CIFAR_QUARTER, PADDED, device),
    ),
    cifar(
        "cemnet-cifar-quarter",
        "vgg-quarter",
        "cemnet-cifar with a quarter of the channels",
        |domain, device| create(domain, &CIFAR_QUARTER, TAPS, device),
    ),
    cifar(
        "cemnet-cifar-projected-quarter",
        "vgg-quarter",
        "cemnet-cifar-projected with a quarter of the channels",
        |domain, device| create(domain, &CIFAR_QUARTER, PROJECTED, device),
    ),
    cifar(
        "cemnet-cifar-unfixed-quarter",
        "vgg-quarter",
        "cemnet-cifar-unfixed with a quarter of the channels",
        |domain, device| create(domain, &CIFAR_QUARTER, UNFIXED, device),
    ),
    cifar(
        "cemnet-cifar-penalty-quarter",
        "vgg-quarter",
        "cemnet-cifar-penalty with a quarter of the channels",
        |domain, device| create(domain, &CIFAR_QUARTER, PENALIZED, device),
    ),
    cifar(
        "cemnet-cifar-repaired-quarter",
        "vgg-quarter",
        "cemnet-cifar-repaired with a quarter of the channels",
        |domain, device| create(domain, &CIFAR_QUARTER, REPAIRED, device),
    ),
];

const fn mnist(
    name: &'static str,
    summary: &'static str,
    create: super::info::Create,
) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "lenet",
        input: InputSpec::new(1, [28, 28], 10),
        // A kernel of 5 fits after halving once.
        smallest: 10,
        recipe: "lab",
        create,
    }
}

const fn cifar(
    name: &'static str,
    baseline: &'static str,
    summary: &'static str,
    create: super::info::Create,
) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline,
        input: InputSpec::new(3, [32, 32], 10),
        // Two samples are left after halving four times.
        smallest: 32,
        recipe: "lab",
        create,
    }
}

fn create(domain: Domain, plan: &Plan, form: Form, device: &Device) -> Result<Network, ModelError> {
    Ok(Network::Cem(CemNet::new(domain, plan, form, device)?))
}

#[cfg(test)]
mod tests;
