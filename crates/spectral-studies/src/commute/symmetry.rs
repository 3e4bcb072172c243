//! What is left of the symmetry that makes the image of a spectrum real.

use burn::tensor::{Distribution, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::frequency::{CLeakyRelu, ComplexBatchNormConfig, ComplexNormForm};
use burn_spectral::published::{
    ElementwiseConv2dConfig, NoiseTime, SpatialMaxPoolConfig, SpectralNoiseConfig,
};
use serde::{Deserialize, Serialize};

use super::features::{CHANNELS, Features, TAPS};
use super::measure::{image_of, imaginary_share, ratio};
use super::operations::{RATE, SLOPE, shifted};
use crate::StudyError;
use crate::kit::images::{energy, relative, values};

/// Weights that training has moved off the symmetry, by this share of their root mean square.
const MOVED: f64 = 0.01;

/// A shift of the imaginary part that normalization has learned, as a share of the root mean square.
const SHIFT: f64 = 0.1;

/// Share of the energy that the imaginary part of the image has after a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Leak {
    pub(super) step: String,
    /// Of the step alone, on the spectrum of a real image.
    pub(super) alone: f64,
    /// After all steps so far, those that a block takes one after the other; none for others.
    pub(super) together: Option<f64>,
}

/// What each of two branches, one for the real and one for the imaginary part, has of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Branches {
    /// Share of the energy in the real part: that of the even part of the image.
    pub(super) real: f64,
    /// Change of the real part, over its norm, when the image moves by one pixel.
    pub(super) real_moved: f64,
    /// Of the imaginary part.
    pub(super) imaginary_moved: f64,
}

/// Real and imaginary parts of the spectra of normalized images, and of the same moved circularly by
/// one pixel to the right.
pub(super) fn branches(of: &Features) -> Result<Branches, StudyError> {
    let full = of.full();
    let parts = |images: Tensor<4>| {
        let spectrum = full.spectrum(images);
        Ok::<_, StudyError>((values(spectrum.re)?, values(spectrum.im)?))
    };
    let (re, im) = parts(of.normed.clone())?;
    let (moved_re, moved_im) = parts(of.normed.clone().roll_dim(1, 3))?;
    let (real, imaginary) = (energy(&re), energy(&im));
    Ok(Branches {
        real: ratio(real, real + imaginary),
        real_moved: relative(&moved_re, &re),
        imaginary_moved: relative(&moved_im, &im),
    })
}

/// The steps of a published block on full spectra.
pub(super) fn leaks(of: &Features) -> Result<Vec<Leak>, StudyError> {
    let full = of.full();
    let device = of.images.device();
    let spectrum = full.spectrum(of.images.clone());
    let share = |spectrum| imaginary_share(&image_of(full, spectrum));
    let channels = [of.images.dims()[1], CHANNELS];
    let conv = ElementwiseConv2dConfig::published(channels, [TAPS; 2], of.size());
    let conv = conv.try_init(&device)?;
    let product = conv.forward(spectrum.clone());

    let learning = device.clone().autodiff();
    let norm = ComplexBatchNormConfig::new(CHANNELS, ComplexNormForm::PerPart);
    let norm = norm.try_init(&learning)?;
    let normalize = |spectrum: ComplexTensor<4>| {
        let spectrum = spectrum.map(|part| super::features::on(&learning, &part));
        norm.forward(spectrum).map(Tensor::inner)
    };
    let activate = |spectrum| CLeakyRelu::new(SLOPE).forward(spectrum);
    let dropping = SpectralNoiseConfig::dropout(RATE).with_time(NoiseTime::Always);
    let dropping = dropping.try_init()?;
    let activating = SpectralNoiseConfig::activation(RATE).try_init()?;

    let mut leaks = vec![Leak {
        step: "spectrum of the image".into(),
        alone: share(spectrum.clone())?,
        together: Some(share(spectrum.clone())?),
    }];
    let real = full.spectrum(of.normed.clone());
    let mut so_far = product.clone();
    leaks.push(Leak {
        step: "product with fresh weights".into(),
        alone: share(product.clone())?,
        together: Some(share(product)?),
    });
    type Step<'a> = &'a dyn Fn(ComplexTensor<4>) -> ComplexTensor<4>;
    let block: [(&str, Step<'_>); 3] = [
        ("norm per part", &normalize),
        ("leaky ReLU per part", &activate),
        ("noise as dropout", &|spectrum| dropping.forward(spectrum)),
    ];
    for (step, act) in block {
        so_far = act(so_far);
        leaks.push(Leak {
            step: step.into(),
            alone: share(act(real.clone()))?,
            together: Some(share(so_far.clone())?),
        });
    }
    let pool = SpatialMaxPoolConfig::new(full).try_init()?;
    let output = full.with_size(of.size().map(|samples| samples / 2));
    let pooled = |spectrum| imaginary_share(&image_of(output, pool.forward(spectrum)));
    leaks.push(Leak {
        step: "max-pooling of the real part".into(),
        alone: pooled(real.clone())?,
        together: Some(pooled(so_far)?),
    });

    let weight = conv.spectrum();
    let free = ElementwiseConv2dConfig::published(channels, [TAPS; 2], of.size());
    let mut moved = free.try_init(&device)?;
    let size = weight
        .clone()
        .norm_sqr()
        .mean()
        .sqrt()
        .reshape([1, 1, 1, 1])
        * MOVED;
    let off = |part: Tensor<4>| {
        let noise = Tensor::random(part.dims(), Distribution::Normal(0.0, 1.0), &device);
        burn::module::Param::from_tensor(part + noise * size.clone())
    };
    moved.weight =
        burn_spectral::published::ElementwiseWeight::Free(burn_spectral::published::FreeWeight {
            re: off(weight.re),
            im: off(weight.im),
        });
    for (step, alone) in [
        ("product, weights moved by 1 %", moved.forward(spectrum)),
        (
            "norm, imaginary part shifted by 10 %",
            shifted(real.clone(), SHIFT),
        ),
        ("noise as activation", activating.forward(real)),
    ] {
        leaks.push(Leak {
            step: step.into(),
            alone: share(alone)?,
            together: None,
        });
    }
    Ok(leaks)
}
