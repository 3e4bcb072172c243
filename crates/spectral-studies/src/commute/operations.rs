//! Convolution, normalization, activation and pooling, and what stands for them on spectra.

use burn::module::Param;
use burn::nn::LeakyReluConfig;
use burn::nn::activation::ActivationConfig;
use burn::tensor::Tensor;
use burn::tensor::activation::leaky_relu;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn_spectral::ComplexTensor;
use burn_spectral::conv::KernelOrigin;
use burn_spectral::frequency::{
    CLeakyRelu, ComplexBatchNormConfig, ComplexNormForm, SpectrumGrid, ThroughImageConfig,
};
use burn_spectral::pool::{SpectralPool2d, spectral_resize2d};
use burn_spectral::published::{
    ElementwiseConv2d, ElementwiseConv2dConfig, ElementwiseWeight, ElementwiseWeights,
    SpatialMaxPoolConfig, SpectralNoiseConfig, TapWeight,
};
use serde::{Deserialize, Serialize};

use super::features::{CHANNELS, Features, TAPS, batch_norm, circular, correlate, on, reversed};
use super::measure::{Exact, Form, Operation, image_of};
use crate::StudyError;
use crate::kit::images::{relative, values};

/// Slope of the leaky ReLU below zero, as published.
pub(super) const SLOPE: f64 = 0.2;

/// The published rate of the blocks on digits.
pub(super) const RATE: f64 = 0.4;

/// A layer of the given taps in place of those it starts with.
fn with_taps(
    config: ElementwiseConv2dConfig,
    taps: &Tensor<4>,
) -> Result<ElementwiseConv2d, StudyError> {
    let config = config.with_weights(ElementwiseWeights::Taps);
    let mut layer = config.try_init(&taps.device())?;
    layer.weight = ElementwiseWeight::Taps(TapWeight {
        taps: Param::from_tensor(taps.clone()),
    });
    Ok(layer)
}

/// Cross-correlation of images continued periodically, and with zeros around them.
pub(super) fn convolution(of: &Features) -> Result<Vec<Operation>, StudyError> {
    let channels = [of.images.dims()[1], CHANNELS];
    let published = ElementwiseConv2dConfig::published(channels, [TAPS; 2], of.size());
    let published = with_taps(published, &of.taps)?;
    let product = published.forward(of.full().spectrum(of.images.clone()));
    let product = image_of(of.full(), product);

    let mut periodic = Exact::new(
        "cross-correlation, circular",
        &of.images,
        &circular(of.images.clone(), of.taps.clone(), 0),
    )?;
    let back = reversed(product.re.clone());
    periodic.row("product conj(X)·W", Form::Published, product)?;
    periodic.row("conj(X)·W, reversed back", Form::Other, back)?;
    let repaired = ElementwiseConv2dConfig::new(channels, [TAPS; 2], of.size());
    let first = with_taps(repaired.clone().with_origin(KernelOrigin::First), &of.taps)?;
    let product = first.forward(of.half().spectrum(of.images.clone()));
    periodic.row(
        "product X·conj(W)",
        Form::Repaired,
        image_of(of.half(), product),
    )?;

    let margin = TAPS / 2;
    let padded = correlate(of.images.clone(), of.taps.clone(), margin);
    let centered = with_taps(repaired, &of.taps)?;
    let product = centered.forward(of.half().spectrum(of.images.clone()));
    let product = of.half().image(product);
    let mut linear = Exact::new("cross-correlation, zero padding", &of.images, &padded)?;
    linear.row("X·conj(W), circular", Form::Other, product.clone())?;
    let size = of.size().map(|samples| samples + 2 * margin);
    let wide = zeros_around(of.images.clone(), margin);
    let roomy = ElementwiseConv2dConfig::new(channels, [TAPS; 2], size);
    let roomy = with_taps(roomy, &of.taps)?;
    let grid = SpectrumGrid::half(size);
    let product_of_padded = grid.image(roomy.forward(grid.spectrum(wide)));
    linear.row(
        "X·conj(W) of padded images",
        Form::Repaired,
        inside(product_of_padded, margin),
    )?;

    let mut border = Exact::new(
        "cross-correlation, zero padding, outer 2 pixels only",
        &of.images,
        &frame(padded, margin),
    )?;
    border.row(
        "X·conj(W), outer pixels",
        Form::Other,
        frame(product, margin),
    )?;
    Ok(vec![periodic.finish(), linear.finish(), border.finish()])
}

fn zeros_around(images: Tensor<4>, margin: usize) -> Tensor<4> {
    [2, 3].into_iter().fold(images, |images, axis| {
        let mut dims = images.dims();
        dims[axis] = margin;
        let zeros = Tensor::zeros(dims, &images.device());
        Tensor::cat(vec![zeros.clone(), images, zeros], axis)
    })
}

fn inside(images: Tensor<4>, margin: usize) -> Tensor<4> {
    [2, 3].into_iter().fold(images, |images, axis| {
        let length = images.dims()[axis] - 2 * margin;
        images.narrow(axis, margin, length)
    })
}

/// Images whose inside is zero.
fn frame(images: Tensor<4>, margin: usize) -> Tensor<4> {
    images.clone() - zeros_around(inside(images, margin), margin)
}

/// Batch normalization of filtered images.
pub(super) fn normalization(of: &Features) -> Result<Operation, StudyError> {
    // Statistics of the batch, as in training.
    let device = of.images.device().autodiff();
    let images = on(&device, &of.filtered);
    let (half, full) = (of.half(), of.full());
    let mut measured = Exact::new(
        "batch normalization",
        &of.filtered,
        &batch_norm(of.filtered.clone()),
    )?;
    for (name, form, norm, grid) in [
        ("per part", Form::Published, ComplexNormForm::PerPart, full),
        (
            "magnitude",
            Form::Other,
            ComplexNormForm::Magnitude(half),
            half,
        ),
        (
            "magnitude, centered",
            Form::Other,
            ComplexNormForm::CenteredMagnitude(half),
            half,
        ),
        ("whitening", Form::Other, ComplexNormForm::Whitening, full),
        (
            "of the image",
            Form::Repaired,
            ComplexNormForm::Image(half),
            half,
        ),
    ] {
        let norm = ComplexBatchNormConfig::new(CHANNELS, norm).try_init(&device)?;
        let spectrum = norm.forward(grid.spectrum(images.clone()));
        let spectrum = spectrum.map(Tensor::inner);
        measured.row(&format!("norm {name}"), form, image_of(grid, spectrum))?;
    }
    Ok(measured.finish())
}

/// Leaky ReLU of normalized images.
pub(super) fn activation(of: &Features) -> Result<Operation, StudyError> {
    let (half, full) = (of.half(), of.full());
    let images = of.normed.clone();
    let mut measured = Exact::new("leaky ReLU", &images, &leaky_relu(images.clone(), SLOPE))?;
    let spectrum = full.spectrum(images.clone());
    let per_part = CLeakyRelu::new(SLOPE).forward(spectrum.clone());
    measured.row(
        "leaky ReLU per part",
        Form::Published,
        image_of(full, per_part),
    )?;
    let noise = SpectralNoiseConfig::activation(RATE).try_init()?;
    let noisy = noise.forward(spectrum);
    measured.row("noise N(1, rate/6)", Form::Published, image_of(full, noisy))?;
    for (name, form, factor) in [
        ("through the image", Form::Repaired, 1),
        ("through an image twice as fine", Form::Other, 2),
    ] {
        let layer = through(half, factor).try_init(&images.device())?;
        let spectrum = layer.forward(half.spectrum(images.clone()));
        measured.row(name, form, image_of(half, spectrum))?;
    }
    measured.row("no activation", Form::Other, images)?;
    Ok(measured.finish())
}

fn through(grid: SpectrumGrid, factor: usize) -> ThroughImageConfig {
    let activation = ActivationConfig::LeakyRelu(LeakyReluConfig {
        negative_slope: SLOPE,
    });
    ThroughImageConfig::new(grid, activation).with_factor(factor)
}

/// What an activation folds back, on a grid of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Aliasing {
    /// How many times finer the grid is on which it acts.
    pub(super) factor: usize,
    /// Energy of the difference to the activation of the continuous image, of that one's.
    pub(super) energy: f64,
}

/// The grid that stands for a continuous image.
const FINEST: usize = 8;

/// Aliases of a leaky ReLU, against one on a grid eight times as fine.
pub(super) fn aliasing(of: &Features) -> Result<Vec<Aliasing>, StudyError> {
    let (grid, images) = (of.half(), of.normed.clone());
    let finest = of.size().map(|samples| samples * FINEST);
    let fine = leaky_relu(spectral_resize2d(images.clone(), finest), SLOPE);
    let exact = values(spectral_resize2d(fine, of.size()))?;
    let mut found = Vec::new();
    for factor in [1, 2, 4] {
        let layer = through(grid, factor).try_init(&images.device())?;
        let got = grid.image(layer.forward(grid.spectrum(images.clone())));
        found.push(Aliasing {
            factor,
            energy: relative(&values(got)?, &exact).powi(2),
        });
    }
    Ok(found)
}

/// Max-pooling and what it does not commute with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pooling {
    pub(super) operation: Operation,
    /// Share of the outputs that differ when the image is reversed before and after the pooling.
    pub(super) reversed_differ: f64,
}

/// Pooling of activated images over windows of 2 × 2.
pub(super) fn pooling(of: &Features) -> Result<Pooling, StudyError> {
    let images = leaky_relu(of.normed.clone(), SLOPE);
    let pool = |images| {
        let options = MaxPoolOptions::new([2, 2]).with_stride([2, 2]);
        max_pool2d(images, options)
    };
    let exact = pool(images.clone());
    let mut measured = Exact::new("max-pooling", &images, &exact)?;
    let full = of.full();
    let layer = SpatialMaxPoolConfig::new(full).try_init()?;
    let pooled = layer.forward(full.spectrum(images.clone()));
    let output = full.with_size(of.size().map(|samples| samples / 2));
    measured.row(
        "pooling through the image",
        Form::Published,
        image_of(output, pooled),
    )?;
    let turned = reversed(pool(reversed(images.clone())));
    measured.row(
        "pooling of the reversed image",
        Form::Published,
        turned.clone(),
    )?;
    let low = SpectralPool2d::try_new(output.size)?.forward(images.clone());
    measured.row("spectral pooling", Form::Other, low)?;
    let average = avg_pool2d(images, AvgPoolOptions::new([2, 2]).with_stride([2, 2]));
    measured.row("average pooling", Form::Other, average)?;
    let (turned, exact) = (values(turned)?, values(exact)?);
    let differ = turned.iter().zip(&exact).filter(|(a, b)| a != b).count();
    Ok(Pooling {
        operation: measured.finish(),
        reversed_differ: differ as f64 / exact.len().max(1) as f64,
    })
}

/// The spectrum with its imaginary part shifted by a share of its root mean square.
pub(super) fn shifted(spectrum: ComplexTensor<4>, share: f64) -> ComplexTensor<4> {
    let energy = spectrum.clone().norm_sqr().mean().sqrt();
    let shift = (energy * share).reshape([1, 1, 1, 1]);
    ComplexTensor::new(spectrum.re, spectrum.im + shift)
}
