//! The networks of the cats-vs-dogs benchmark of Wood and Larson (2021).
//!
//! Blocks of a filter and ReLU, flattened into a linear head with one output per class, at 150×150.
//! The source's Gaussian network has other widths than the rest; it is here in both widths, the
//! second with a spatial baseline of its own.

use super::frequency_stack::PublishedKind;
use super::info::{Create, ModelInfo};
use super::keras::KerasInit;
use super::plan::Plan;
use super::{FilterKind, InputSpec, frequency_stack, image_stack};

const BLOCKS: Plan = Plan {
    widths: &[6, 6, 6, 6],
    residual: false,
    dropout: None,
    hidden: None,
    init: KerasInit::Glorot,
};

const DEEP: Plan = Plan {
    widths: &[6, 6, 12, 12, 24, 24],
    ..BLOCKS
};

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "cats-spatial",
        "cats-spatial",
        "cats and dogs: four 3x3 convolutions of 6 channels, linear head (the baseline)",
        |domain, device| image_stack::create(domain, FilterKind::Conv, &BLOCKS, device),
    ),
    model(
        "cats-fourier",
        "cats-spatial",
        "cats-spatial on spectra, one free weight per frequency, as published",
        |domain, device| frequency_stack::create(domain, PublishedKind::Fourier, &BLOCKS, device),
    ),
    model(
        "cats-linear",
        "cats-spatial",
        "cats-spatial on spectra, linear responses, as published",
        |domain, device| frequency_stack::create(domain, PublishedKind::Linear, &BLOCKS, device),
    ),
    model(
        "cats-gaussian",
        "cats-spatial",
        "cats-spatial on spectra, Gaussian responses, as published",
        |domain, device| frequency_stack::create(domain, PublishedKind::Gaussian, &BLOCKS, device),
    ),
    model(
        "cats-fourier-repaired",
        "cats-spatial",
        "cats-spatial with one free weight per frequency, dense coupling, back to the image after \
            each layer",
        |domain, device| image_stack::create(domain, FilterKind::FullSpectrum, &BLOCKS, device),
    ),
    model(
        "cats-linear-repaired",
        "cats-spatial",
        "cats-spatial with linear responses, dense coupling, back to the image after each layer",
        |domain, device| image_stack::create(domain, FilterKind::Polynomial(1), &BLOCKS, device),
    ),
    model(
        "cats-gaussian-repaired",
        "cats-spatial",
        "cats-spatial with stable Gaussian responses, dense coupling, back to the image after each \
         layer",
        |domain, device| image_stack::create(domain, FilterKind::Gaussian, &BLOCKS, device),
    ),
    model(
        "cats-spatial-deep",
        "cats-spatial-deep",
        "cats and dogs: six 3x3 convolutions of 6, 6, 12, 12, 24, 24 channels (the baseline)",
        |domain, device| image_stack::create(domain, FilterKind::Conv, &DEEP, device),
    ),
    model(
        "cats-gaussian-deep",
        "cats-spatial-deep",
        "cats-spatial-deep on spectra, Gaussian responses, as published",
        |domain, device| frequency_stack::create(domain, PublishedKind::Gaussian, &DEEP, device),
    ),
    model(
        "cats-gaussian-deep-repaired",
        "cats-spatial-deep",
        "cats-spatial-deep with stable Gaussian responses, dense coupling, back to the image after \
         each layer",
        |domain, device| image_stack::create(domain, FilterKind::Gaussian, &DEEP, device),
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
        input: InputSpec::new(3, [150, 150], 2),
        smallest: 1,
        recipe: "cats-vs-dogs",
        create,
    }
}
