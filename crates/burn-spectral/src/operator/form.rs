//! What the blocks of a network have in common.

use serde::{Deserialize, Serialize};

use crate::SpectralInitializer;
use crate::response::FourierModesConfig;

use super::{Boundary, LowRank, OperatorNormKind, SkipKind};

/// How a number of modes per axis is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModeCounting {
    /// As in Li et al. (2021): `m` frequencies from 0 up, and on every axis but the last `m` negative ones.
    #[default]
    Lowest,
    /// As in neuraloperator: `n` of all frequencies around 0, of which the last axis needs `n/2 + 1`.
    Centered,
}

impl ModeCounting {
    /// The response of a block with these numbers of modes.
    pub fn modes(self, modes: impl AsRef<[usize]>) -> FourierModesConfig {
        match self {
            Self::Lowest => FourierModesConfig::new(modes),
            Self::Centered => FourierModesConfig::centered(modes),
        }
    }
}

/// The channel MLP of a block.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockMlp {
    /// Hidden channels as a multiple of the block's output channels, rounded (halves to even).
    pub expansion: f64,
    /// What passes around it, from the block's input.
    pub skip: SkipKind,
}

/// The local branch of a block, see [`LocalConv`](super::LocalConv).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockLocal {
    /// Points along the last axis of the training grid.
    pub points: usize,
    /// What lies beyond the ends of the domain.
    pub boundary: Boundary,
}

/// The form of an [`FnoBlock`](super::FnoBlock), whatever its channels and modes.
///
/// [`published`](Self::published), the default, is the layer of Li et al. (2021), and
/// [`neuraloperator`](Self::neuraloperator) that of the neuraloperator library, version 2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlockForm {
    /// How the numbers of modes are read.
    pub counting: ModeCounting,
    /// How the spectral weights start; see [`FnoBlock`](super::FnoBlock) for the bias.
    pub initializer: SpectralInitializer,
    /// What passes around the spectral convolution.
    pub skip: SkipKind,
    /// The channel MLP after the activation.
    pub mlp: Option<BlockMlp>,
    /// The normalization of the spectral branch and, with a channel MLP, of the output.
    pub norm: Option<OperatorNormKind>,
    /// The local branch beside the spectral convolution.
    pub local: Option<BlockLocal>,
    /// The form of low-rank weights (Kossaifi et al., 2023); none for dense ones.
    pub low_rank: Option<LowRank>,
}

impl Default for BlockForm {
    fn default() -> Self {
        Self {
            counting: ModeCounting::Lowest,
            initializer: SpectralInitializer::Conv,
            skip: SkipKind::Linear,
            mlp: None,
            norm: None,
            local: None,
            low_rank: None,
        }
    }
}

impl BlockForm {
    /// Spectral convolution plus pointwise convolution, with the mode count and the initial weights of Li et al.
    /// (2021).
    pub fn published() -> Self {
        Self {
            initializer: SpectralInitializer::Published,
            ..Self::default()
        }
    }

    /// The defaults of `neuralop.layers.FNOBlocks`, version 2: a linear skip, a channel MLP of half as many hidden
    /// channels with a soft-gated skip, and normal spectral weights and bias of variance `2/(in + out)`.
    ///
    /// A soft-gated skip keeps the number of channels; where a block changes it, use a linear one.
    pub fn neuraloperator() -> Self {
        Self {
            counting: ModeCounting::Centered,
            initializer: SpectralInitializer::Glorot,
            mlp: Some(BlockMlp {
                expansion: 0.5,
                skip: SkipKind::SoftGating,
            }),
            ..Self::default()
        }
    }

    /// Sets how the numbers of modes are read.
    pub fn with_counting(mut self, counting: ModeCounting) -> Self {
        self.counting = counting;
        self
    }

    /// Sets how the spectral weights start.
    pub fn with_initializer(mut self, initializer: SpectralInitializer) -> Self {
        self.initializer = initializer;
        self
    }

    /// Sets what passes around the spectral convolution.
    pub fn with_skip(mut self, skip: SkipKind) -> Self {
        self.skip = skip;
        self
    }

    /// Sets the channel MLP.
    pub fn with_mlp(mut self, mlp: Option<BlockMlp>) -> Self {
        self.mlp = mlp;
        self
    }

    /// Sets the normalization.
    pub fn with_norm(mut self, norm: Option<OperatorNormKind>) -> Self {
        self.norm = norm;
        self
    }

    /// Sets the form of low-rank weights.
    pub fn with_low_rank(mut self, low_rank: Option<LowRank>) -> Self {
        self.low_rank = low_rank;
        self
    }

    /// Sets the local branch.
    pub fn with_local(mut self, local: Option<BlockLocal>) -> Self {
        self.local = local;
        self
    }
}
