//! The registry of operator networks.

use burn::tensor::Device;
use burn_spectral::summary::count_parameters;

use super::build::{Kind, create};
use super::{Architecture, ArchitectureRequest, OperatorNetwork, OperatorSpec, nearest_width};
use crate::data::fields::Boundary;
use crate::limits;
use crate::model::ModelError;

/// An operator network of the registry.
#[derive(Clone, Copy, Debug)]
pub struct OperatorInfo {
    /// The name.
    pub name: &'static str,
    /// A one-line description.
    pub summary: &'static str,
    /// Its source.
    pub source: &'static str,
    /// Its size by default in one, two and three dimensions.
    pub architectures: [Architecture; 3],
    pub(super) kind: Kind,
}

const fn size(width: usize, layers: usize, modes: usize) -> Architecture {
    Architecture {
        width,
        layers,
        modes,
    }
}

const OPERATORS: [OperatorInfo; 10] = [
    OperatorInfo {
        name: "resnet",
        summary: "residual network of 3-tap convolutions",
        source: "He et al. 2016; as an emulator, Koehler et al. 2024 (APEBench)",
        architectures: [size(26, 8, 0), size(26, 8, 0), size(16, 4, 0)],
        kind: Kind::ResNet,
    },
    OperatorInfo {
        name: "dilated-resnet",
        summary: "residual network of convolutions with dilations 1, 2, 4, 2, 1",
        source: "Stachenfeld et al. 2022; as an emulator, Koehler et al. 2024 (APEBench)",
        architectures: [size(32, 2, 0), size(32, 2, 0), size(16, 1, 0)],
        kind: Kind::DilatedResNet,
    },
    OperatorInfo {
        name: "unet",
        summary: "U-Net of double convolutions with group norm",
        source: "Ronneberger et al. 2015; as an emulator, Koehler et al. 2024 (APEBench)",
        architectures: [size(12, 2, 0), size(16, 3, 0), size(8, 2, 0)],
        kind: Kind::UNet,
    },
    OperatorInfo {
        name: "unet-modern",
        summary: "U-Net of residual blocks with group norm",
        source: "Gupta and Brandstetter 2022 (PDEArena)",
        architectures: [size(12, 2, 0), size(16, 3, 0), size(8, 2, 0)],
        kind: Kind::ModernUNet,
    },
    OperatorInfo {
        name: "fno",
        summary: "Fourier neural operator: spectral plus 1x1 convolutions",
        source: "Li et al. 2021",
        architectures: [size(32, 4, 16), size(32, 4, 12), size(16, 4, 6)],
        kind: Kind::Fno,
    },
    OperatorInfo {
        name: "fno-mlp",
        summary: "Fourier neural operator with a channel MLP per block and coordinates as inputs",
        source: "Kossaifi et al. 2024 (neuraloperator)",
        architectures: [size(32, 4, 32), size(24, 4, 16), size(16, 4, 8)],
        kind: Kind::FnoMlp,
    },
    OperatorInfo {
        name: "fno-local",
        summary: "Fourier neural operator with a differential kernel per block",
        source: "Liu-Schiaffini et al. 2024",
        architectures: [size(32, 4, 16), size(32, 4, 12), size(16, 4, 6)],
        kind: Kind::FnoLocal,
    },
    OperatorInfo {
        name: "tfno",
        summary: "Fourier neural operator with Tucker-factorized weights, a tenth of the dense ones",
        source: "Kossaifi et al. 2023",
        architectures: [size(32, 4, 32), size(32, 4, 24), size(16, 4, 8)],
        kind: Kind::Tfno,
    },
    OperatorInfo {
        name: "ffno",
        summary: "factorized Fourier neural operator: one axis at a time",
        source: "Tran et al. 2023",
        architectures: [size(32, 4, 16), size(32, 4, 16), size(16, 4, 8)],
        kind: Kind::Ffno,
    },
    OperatorInfo {
        name: "uno",
        summary: "U-shaped neural operator",
        source: "Rahman et al. 2023",
        architectures: [size(16, 2, 16), size(12, 2, 12), size(8, 1, 6)],
        kind: Kind::Uno,
    },
];

/// All operator networks, the spatial baselines first.
pub fn operators() -> &'static [OperatorInfo] {
    &OPERATORS
}

/// The operator network of that name.
///
/// # Errors
/// [`ModelError::Unknown`] with the available names.
pub fn find_operator(name: &str) -> Result<&'static OperatorInfo, ModelError> {
    OPERATORS
        .iter()
        .find(|info| info.name == name)
        .ok_or_else(|| {
            let known: Vec<&str> = OPERATORS.iter().map(|info| info.name).collect();
            ModelError::Unknown {
                name: name.into(),
                known: known.join(", "),
            }
        })
}

/// Fields on a grid, before and after an operator.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorInput {
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    /// Grid points along each of one to three axes.
    pub sizes: Vec<usize>,
    /// The boundary of the domain.
    pub boundary: Boundary,
}

impl OperatorInfo {
    /// The network for such fields, at its own size or at the one asked for.
    ///
    /// Modes are its own only where the grid has them: a grid of few points keeps half of its frequencies.
    ///
    /// # Errors
    /// If a size that is asked for is zero or does not fit the grid, or no width comes near to the number
    /// of parameters.
    pub fn spec(
        &self,
        input: &OperatorInput,
        request: ArchitectureRequest,
    ) -> Result<OperatorSpec, ModelError> {
        let axes = input.sizes.len();
        if !(1..=3).contains(&axes) {
            return Err(ModelError::Axes { got: axes });
        }
        let own = self.architectures[axes - 1];
        let smallest = input.sizes.iter().copied().min().unwrap_or(0);
        let mut spec = OperatorSpec {
            channels: input.channels,
            sizes: input.sizes.clone(),
            boundary: input.boundary,
            architecture: Architecture {
                width: request.width.unwrap_or(own.width),
                layers: request.layers.unwrap_or(own.layers),
                modes: request
                    .modes
                    .unwrap_or(own.modes.min(self.kind.most_modes(smallest))),
            },
        };
        if let (Some(wanted), None) = (request.parameters, request.width) {
            spec.architecture.width = self.width_for(&spec, wanted)?;
        }
        self.check(&spec)?;
        Ok(spec)
    }

    fn check(&self, spec: &OperatorSpec) -> Result<(), ModelError> {
        let Architecture {
            width,
            layers,
            modes,
        } = spec.architecture;
        for (what, count) in [("width", width), ("layers", layers)] {
            if count == 0 {
                return Err(ModelError::Zero { what });
            }
        }
        if spec.channels.contains(&0) {
            return Err(ModelError::Zero {
                what: "the number of channels",
            });
        }
        let smallest = spec.sizes.iter().copied().min().unwrap_or(0);
        let least = self.kind.smallest(layers);
        if smallest < least {
            return Err(ModelError::SmallGrid {
                model: self.name,
                smallest: least,
                got: spec.sizes.clone(),
            });
        }
        let most = self.kind.most_modes(smallest);
        if self.kind.is_spectral() && !(1..=most).contains(&modes) {
            return Err(ModelError::ModeCount {
                model: self.name,
                most,
                got: modes,
                sizes: spec.sizes.clone(),
            });
        }
        let weights = limits::product([
            width,
            width,
            layers,
            modes.max(9).saturating_pow(spec.sizes.len() as u32),
        ]);
        if weights > limits::WEIGHTS {
            return Err(ModelError::TooLarge {
                what: format!("the weights of {} with {width} channels", self.name),
                memory: format!("about {}", limits::floats(weights)),
                most: limits::floats(limits::WEIGHTS),
            });
        }
        Ok(())
    }

    /// The width whose number of parameters is nearest to the one wanted.
    fn width_for(&self, spec: &OperatorSpec, wanted: usize) -> Result<usize, ModelError> {
        let at = |width: usize| {
            let mut spec = spec.clone();
            spec.architecture.width = width;
            spec
        };
        // Errors other than of size show at any width. A network that cannot be built is too narrow for its form.
        self.check(&at(1))?;
        let wanted = wanted as u64;
        let count = |width: usize| match self.check(&at(width)) {
            Ok(()) => self.parameters(&at(width)).map_or(0, |count| count as u64),
            Err(_) => u64::MAX,
        };
        // Counting draws the weights, so nothing much larger than what is wanted is built.
        let mut most = 1;
        while count(most) < wanted {
            most *= 2;
        }
        Ok(nearest_width(wanted, |width| match width > most {
            true => u64::MAX,
            false => count(width),
        }))
    }

    /// The number of parameters of the network; a complex one counts as two.
    ///
    /// # Errors
    /// If it cannot be built.
    pub fn parameters(&self, spec: &OperatorSpec) -> Result<usize, ModelError> {
        let device = Device::flex();
        Ok(match spec.sizes.len() {
            1 => count_parameters(&create::<3>(self.kind, spec, &device)?),
            2 => count_parameters(&create::<4>(self.kind, spec, &device)?),
            _ => count_parameters(&create::<5>(self.kind, spec, &device)?),
        }
        .trainable)
    }

    /// Creates the network with fresh weights, drawn from the device's seed. `D` is two more than the axes of
    /// `spec`.
    ///
    /// # Errors
    /// If it cannot be built, or `spec` has another number of axes.
    pub fn build<const D: usize>(
        &self,
        spec: &OperatorSpec,
        device: &Device,
    ) -> Result<OperatorNetwork<D>, ModelError> {
        if spec.sizes.len() + 2 != D {
            return Err(ModelError::Axes {
                got: spec.sizes.len(),
            });
        }
        self.check(spec)?;
        create(self.kind, spec, device)
    }
}
