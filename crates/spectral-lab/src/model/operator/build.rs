//! How the networks of the registry are built.

use burn::tensor::Device;
use burn_spectral::operator::{
    self, BlockForm, BlockLocal, FfnoConfig, FnoConfig, LowRank, UnoConfig,
};

use super::{
    DilatedResNetConfig, ModernUNetConfig, OperatorNetwork, OperatorSpec, ResNetConfig, UNetConfig,
};
use crate::data::fields::Boundary;
use crate::model::ModelError;

/// Parameters of Tucker factors as a share of those of the dense weights, as in neuraloperator.
const RANK: f64 = 0.1;

/// The kinds of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    ResNet,
    DilatedResNet,
    UNet,
    ModernUNet,
    Fno,
    FnoMlp,
    FnoLocal,
    Tfno,
    Ffno,
    Uno,
}

impl Kind {
    /// Whether it keeps modes.
    pub(super) fn is_spectral(self) -> bool {
        !matches!(
            self,
            Self::ResNet | Self::DilatedResNet | Self::UNet | Self::ModernUNet
        )
    }

    /// The maximum number of modes per axis on a grid of `points` points along each.
    pub(super) fn most_modes(self, points: usize) -> usize {
        match self {
            // Counted over the whole spectrum.
            Self::FnoMlp | Self::Tfno => points,
            _ => points / 2,
        }
    }

    /// The fewest points along each axis.
    pub(super) fn smallest(self, layers: usize) -> usize {
        match self {
            Self::UNet | Self::ModernUNet => {
                1usize.checked_shl(layers as u32).unwrap_or(usize::MAX)
            }
            _ if self.is_spectral() => 2,
            _ => 3,
        }
    }
}

/// Channel multipliers of a U-Net with `levels` coarser grids, each relative to the next finer grid: 1 for the full grid,
/// 2 for each of the others.
fn factors(levels: usize) -> Vec<usize> {
    (0..=levels.min(16))
        .map(|level| 1 + usize::from(level > 0))
        .collect()
}

/// Creates a network.
pub(super) fn create<const D: usize>(
    kind: Kind,
    spec: &OperatorSpec,
    device: &Device,
) -> Result<OperatorNetwork<D>, ModelError> {
    let channels = spec.channels;
    let (width, layers) = (spec.architecture.width, spec.architecture.layers);
    let modes = vec![spec.architecture.modes; D - 2];
    let periodic = spec.boundary == Boundary::Periodic;
    // Coordinates tell nothing where every point is like every other.
    let fno = match periodic {
        true => FnoConfig::new(channels, &modes, width, layers).with_grid(None),
        false => FnoConfig::new(channels, &modes, width, layers),
    };
    Ok(match kind {
        Kind::ResNet => OperatorNetwork::ResNet(
            ResNetConfig::new(channels, width)
                .with_blocks(layers)
                .with_periodic(periodic)
                .try_init(device)?,
        ),
        Kind::DilatedResNet => OperatorNetwork::DilatedResNet(
            DilatedResNetConfig::new(channels, width)
                .with_blocks(layers)
                .with_periodic(periodic)
                .try_init(device)?,
        ),
        Kind::UNet => OperatorNetwork::UNet(
            UNetConfig::new(channels, width)
                .with_levels(layers)
                .with_periodic(periodic)
                .try_init(device)?,
        ),
        Kind::ModernUNet => OperatorNetwork::ModernUNet(
            ModernUNetConfig::new(channels, width)
                .with_factors(factors(layers))
                .with_periodic(periodic)
                .try_init(device)?,
        ),
        Kind::Fno => OperatorNetwork::Fno(fno.try_init(device)?),
        Kind::FnoLocal => {
            let local = BlockLocal {
                points: spec.sizes[spec.sizes.len() - 1],
                boundary: match periodic {
                    true => operator::Boundary::Periodic,
                    false => operator::Boundary::Zeros,
                },
            };
            let form = BlockForm::default().with_local(Some(local));
            OperatorNetwork::Fno(fno.with_form(form).try_init(device)?)
        }
        Kind::FnoMlp => OperatorNetwork::Fno(
            FnoConfig::neuraloperator(channels, &modes, width, layers).try_init(device)?,
        ),
        Kind::Tfno => {
            let form =
                BlockForm::neuraloperator().with_low_rank(Some(LowRank::Tucker { rank: RANK }));
            let tfno = FnoConfig::neuraloperator(channels, &modes, width, layers).with_form(form);
            OperatorNetwork::Fno(tfno.try_init(device)?)
        }
        Kind::Ffno => {
            let ffno = FfnoConfig::new(channels, &modes, width, layers);
            let ffno = match periodic {
                true => ffno.with_grid(None),
                false => ffno,
            };
            OperatorNetwork::Ffno(ffno.try_init(device)?)
        }
        Kind::Uno => {
            let uno = UnoConfig::new(channels, &modes, width, layers);
            let uno = match periodic {
                true => uno.with_grid(None),
                false => uno,
            };
            OperatorNetwork::Uno(uno.try_init(device)?)
        }
    })
}
