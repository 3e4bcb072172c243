//! The spectral branch of a block, whatever form its weights have.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

use crate::conv::SpectralConv;
use crate::response::FourierModes;
use crate::{FrequencyGrid, SpectralError};

use super::LowRankModes;

/// A spectral convolution on the lowest modes.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum SpectralBranch<const D: usize> {
    /// With one free complex weight per mode and pair of channels.
    Dense(SpectralConv<D, FourierModes<D>>),
    /// With low-rank weights, which are never expanded.
    LowRank(LowRankModes<D>),
}

impl<const D: usize> SpectralBranch<D> {
    /// The dense form; none if the weights are low-rank.
    pub fn dense(&self) -> Option<&SpectralConv<D, FourierModes<D>>> {
        match self {
            Self::Dense(conv) => Some(conv),
            Self::LowRank(_) => None,
        }
    }

    /// The dense form, to be changed; none if the weights are low-rank.
    pub fn dense_mut(&mut self) -> Option<&mut SpectralConv<D, FourierModes<D>>> {
        match self {
            Self::Dense(conv) => Some(conv),
            Self::LowRank(_) => None,
        }
    }

    /// Input and output channels.
    pub fn channels(&self) -> [usize; 2] {
        match self {
            Self::Dense(conv) => [conv.channels_in, conv.response.re.dims()[0]],
            Self::LowRank(conv) => conv.channels(),
        }
    }

    /// The modes kept of each axis, non-negative and negative ones.
    pub fn corners(&self) -> &[[usize; 2]] {
        match self {
            Self::Dense(conv) => &conv.response.corners,
            Self::LowRank(conv) => &conv.corners,
        }
    }

    /// The bias of each output channel.
    pub fn bias(&self) -> Option<&Param<Tensor<1>>> {
        match self {
            Self::Dense(conv) => conv.bias.as_ref(),
            Self::LowRank(conv) => conv.bias.as_ref(),
        }
    }

    /// The number of modes kept along each axis.
    pub fn kept(&self) -> Vec<usize> {
        self.corners().iter().map(|[p, n]| p + n).collect()
    }

    /// Checks that the branch accepts inputs of shape `dims` for outputs on a grid of `sizes`.
    ///
    /// # Errors
    /// If the channels are not the branch's, an axis is empty, or a grid has fewer frequencies than the modes.
    pub fn check_to(&self, dims: [usize; D], sizes: &[usize]) -> Result<(), SpectralError> {
        match self {
            Self::Dense(conv) => conv.check_to(dims, sizes).map(|_: FrequencyGrid| ()),
            Self::LowRank(conv) => conv.check(dims, sizes),
        }
    }

    /// The convolution without the bias, on a grid of `sizes`.
    pub(super) fn convolve(&self, x: Tensor<D>, sizes: &[usize]) -> Tensor<D> {
        match self {
            Self::Dense(conv) => conv.convolve(x, sizes),
            Self::LowRank(conv) => conv.convolve(x, sizes),
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;
    use crate::operator::{BlockForm, FnoBlock, FnoBlockConfig, LowRank};
    use crate::pool::spectral_resize;

    #[test]
    fn a_low_rank_block_adds_its_branches_as_a_dense_one_does() {
        let device = Device::flex();
        let form = BlockForm::default().with_low_rank(Some(LowRank::Tucker { rank: 0.5 }));
        let block: FnoBlock<4> = FnoBlockConfig::new([3, 4], [2, 3])
            .with_form(form)
            .with_activation(false)
            .init(&device);
        assert!(block.spectral.dense().is_none());
        assert_eq!(block.channels(), [3, 4]);
        assert_eq!(block.spectral.kept(), [4, 3]);
        let SpectralBranch::LowRank(low_rank) = &block.spectral else {
            panic!("low-rank weights were asked for")
        };
        let x = Tensor::<4>::random([2, 3, 7, 8], Distribution::Default, &device);
        for sizes in [[7, 8], [9, 6]] {
            let around = spectral_resize(x.clone(), &sizes);
            let skip = block.skip.as_ref().unwrap().forward(around);
            let sum = low_rank.forward_to(x.clone(), &sizes) + skip;
            let difference = block.forward_to(x.clone(), &sizes) - sum;
            let largest: f32 = difference.abs().max().into_scalar();
            assert!(largest < 1e-5, "{largest}");
        }
        // As the dense layer, on a grid without its modes: an error.
        assert!(block.check([2, 3, 3, 8]).is_err());
    }
}
