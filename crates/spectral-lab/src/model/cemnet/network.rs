//! A network of blocks that work on spectra.

use burn::module::Module;
use burn::nn::activation::Activation;
use burn::nn::{BatchNormConfig, Relu};
use burn::tensor::{Device, Tensor};
use burn_spectral::frequency::{Projection, SpectrumGrid};
use burn_spectral::published::ElementwiseForm;
use burn_spectral::summary::{FeatureShape, Summary};
use burn_spectral::{SpectralError, ops};

use super::super::input::Domain;
use super::super::keras::{self, KerasInit};
use super::super::network::Family;
use super::super::stage::{Stage, halving};
use super::super::{Filter, InputSpec, ModelError};
use super::block::{CemBlock, Place};
use super::head::CemHead;
use super::{Form, Plan};

/// Weight of the penalty on the energy outside the small kernels.
const PENALTY: f64 = 1e-3;

/// How free weights are kept to small kernels (*weight fixation*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixation {
    /// Not at all.
    None,
    /// The orthogonal projection, after every step.
    Projection,
    /// A thousandth of the energy outside the kernel, added to the loss.
    Penalty,
}

/// Convolutions as products of spectra, one transform at the start, and dense layers at the end.
#[derive(Module, Debug)]
pub struct CemNet {
    /// Convolutions of images, if any.
    pub stages: Vec<Stage>,
    /// Blocks on spectra.
    pub blocks: Vec<CemBlock>,
    /// The head.
    pub head: CemHead,
    #[module(skip)]
    fixation: Fixation,
    #[module(skip)]
    domain: Domain,
}

impl CemNet {
    pub(super) fn new(
        domain: Domain,
        plan: &Plan,
        form: Form,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let (mut size, mut channels) = (domain.input.size(), domain.input.channels);
        let (mut stages, mut blocks) = (Vec::new(), Vec::new());
        for (index, &width) in plan.widths.iter().enumerate() {
            let (ends, pools) = ([channels, width], index < plan.pooled);
            match index < plan.spatial {
                true => stages.push(Stage {
                    filter: Filter::Conv(keras::conv2d(ends, plan.taps, KerasInit::He, device)),
                    norm: BatchNormConfig::new(width).init(device),
                    activation: Activation::Relu(Relu::new()),
                    pool: pools.then(halving),
                }),
                false => {
                    let last = index + 1 == plan.widths.len();
                    let place = Place { size, pools, last };
                    blocks.push(CemBlock::new(ends, place, plan, form, device)?);
                }
            }
            if pools {
                size = size.map(|samples| samples / 2);
            }
            channels = width;
        }
        let grid = form.product.grid(size);
        let classes = domain.input.classes;
        let head = match form.product {
            ElementwiseForm::Published => CemHead::branches(channels, grid, classes, plan, device)?,
            ElementwiseForm::Repaired => CemHead::joined(channels, grid, classes, plan, device),
        };
        Ok(Self {
            stages,
            blocks,
            head,
            fixation: form.fixation,
            domain,
        })
    }

    /// The input spectra of the first block.
    fn input_grid(&self) -> Option<SpectrumGrid> {
        self.blocks.first().map(|block| block.conv.grid())
    }

    /// The network with the weight constraint of [`Fixation`] applied after a step.
    pub(in crate::model) fn after_step(self) -> Self {
        if self.fixation != Fixation::Projection {
            return self;
        }
        let blocks = self.blocks.into_iter().map(|block| CemBlock {
            conv: block.conv.project(Projection::Orthogonal),
            ..block
        });
        Self {
            blocks: blocks.collect(),
            ..self
        }
    }

    /// The penalty added to the loss, `[1]`.
    pub(in crate::model) fn penalty(&self) -> Option<Tensor<1>> {
        if self.fixation != Fixation::Penalty {
            return None;
        }
        let energies = self.blocks.iter().map(|block| block.conv.energy_outside());
        Some(energies.reduce(|sum, energy| sum + energy)? * PENALTY)
    }
}

impl Family for CemNet {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let stages = self.stages.iter();
        let images = stages.fold(images, |images, stage| stage.forward(images));
        let grid = self.input_grid().expect("a network has at least one block");
        let blocks = self.blocks.iter();
        // Larger than the images where convolutions are zero-padded.
        let images = ops::zero_pad(images, &grid.size);
        let spectrum = blocks.fold(grid.spectrum(images), |spectrum, block| {
            block.forward(spectrum)
        });
        self.head.forward(spectrum)
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape());
        for (stage, number) in self.stages.iter().zip(1..) {
            summary = stage.summary(summary, number)?;
        }
        let grid = self.input_grid().expect("a network has at least one block");
        let channels = summary.output().dims()[0];
        let [height, bins] = grid.bins();
        let spectrum = match bins == grid.size[1] {
            true => FeatureShape::complex([channels, height, bins]),
            false => FeatureShape::half_spectrum([channels, height, bins], grid.size[1])?,
        };
        summary = summary.step("transform", "Fft2", spectrum);
        for (block, number) in self.blocks.iter().zip(self.stages.len() + 1..) {
            summary = block.summary(summary, number)?;
        }
        self.head.summary(summary)
    }

    fn dead_parameters(&self) -> usize {
        match &self.head {
            CemHead::Joined(head) => head.dead_parameters(),
            CemHead::Branches(_) => 0,
        }
    }

    fn without_filters(&self) -> &'static str {
        "it works on spectra from the first layer to the head"
    }
}
