//! The networks of the CIFAR-10 notebook of Wood and Larson (2021).
//!
//! Six layers of 32 to 128 channels without pooling, dropout 0.2 after every second one, a dense
//! layer of 128. Its spectral network has the same plan; its residual one, which the notebook
//! defines and then overwrites, has a layer of 64 channels, ten more with residual connections
//! after ReLU, and a linear head. The notebook has no spatial twin of that; the one here has 3×3
//! convolutions and the initial weights of the notebook's other spatial network.

use super::frequency_stack::PublishedKind;
use super::info::{Create, ModelInfo};
use super::keras::KerasInit;
use super::plan::Plan;
use super::{FilterKind, InputSpec, frequency_stack, image_stack};

const PLAIN: Plan = Plan {
    widths: &[32, 32, 64, 64, 128, 128],
    residual: false,
    dropout: Some(0.2),
    hidden: Some(128),
    init: KerasInit::He,
};

const RESIDUAL: Plan = Plan {
    widths: &[64; 11],
    residual: true,
    dropout: None,
    hidden: None,
    init: KerasInit::He,
};

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "cifar-spatial",
        "cifar-spatial",
        "CIFAR-10: six 3x3 convolutions of 32 to 128 channels, dense 128, dropout (the baseline)",
        |domain, device| image_stack::create(domain, FilterKind::Conv, &PLAIN, device),
    ),
    model(
        "cifar-linear",
        "cifar-spatial",
        "cifar-spatial on spectra, linear responses, as published",
        |domain, device| frequency_stack::create(domain, PublishedKind::Linear, &PLAIN, device),
    ),
    model(
        "cifar-linear-repaired",
        "cifar-spatial",
        "cifar-spatial with linear responses, dense coupling, back to the image after each layer",
        |domain, device| image_stack::create(domain, FilterKind::Polynomial(1), &PLAIN, device),
    ),
    model(
        "cifar-residual-spatial",
        "cifar-residual-spatial",
        "CIFAR-10: a 3x3 convolution of 64 channels, ten more with residual connections (the \
            baseline)",
        |domain, device| image_stack::create(domain, FilterKind::Conv, &RESIDUAL, device),
    ),
    model(
        "cifar-residual-linear",
        "cifar-residual-spatial",
        "cifar-residual-spatial on spectra, linear responses, as published",
        |domain, device| frequency_stack::create(domain, PublishedKind::Linear, &RESIDUAL, device),
    ),
];

const fn model(
    name: &'static str,
    baseline: &'static str,
    summary: &'static str,
    create: Create,
) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline,
        input: InputSpec::new(3, [32, 32], 10),
        smallest: 1,
        recipe: "cifar-10-notebook",
        create,
    }
}
