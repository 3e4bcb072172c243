//! One complex weight for all frequencies.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::{FrequencyGrid, SpectralError, SpectralInitializer};

use super::{FrequencyResponse, Response, ResponseConfig, check_weight, conv_variance};

/// Configuration of a [`Constant`] response.
#[derive(Config, Debug, Default, PartialEq)]
pub struct ConstantConfig {
    /// How the weights start: with variance `1 / (3·C_in)`, standard normal as KKLayer was published,
    /// or normal.
    #[config(default = "SpectralInitializer::Conv")]
    pub initializer: SpectralInitializer,
}

/// The same complex weight `α + iβ` at every frequency of the full spectrum.
///
/// A layer with a real result keeps `(R(k) + conj R(−k)) / 2 = α` of it. So `β` has no effect and
/// no gradient: it is kept because the published layer has it, and
/// [reported dead](FrequencyResponse::dead_parameters).
#[derive(Module, Debug)]
pub struct Constant {
    /// Real part, `[out, in / groups]`.
    pub alpha: Param<Tensor<2>>,
    /// Imaginary part, `[out, in / groups]`; without effect.
    pub beta: Param<Tensor<2>>,
}

impl<const D: usize> ResponseConfig<D> for ConstantConfig {
    type Response = Constant;

    fn try_init(&self, channels: [usize; 2], device: &Device) -> Result<Constant, SpectralError> {
        super::check_axes(D.saturating_sub(2))?;
        check_weight(channels, &[])?;
        let noise = match self.initializer {
            SpectralInitializer::Conv => Distribution::Normal(0.0, conv_variance(channels).sqrt()),
            SpectralInitializer::Published => Distribution::Normal(0.0, 1.0),
            SpectralInitializer::Normal(deviation) => SpectralInitializer::normal(deviation)?,
            other => return Err(other.unsupported("Constant", "Conv, Published or Normal")),
        };
        let draw = || Param::from_tensor(Tensor::random(channels, noise, device));
        Ok(Constant {
            alpha: draw(),
            beta: draw(),
        })
    }
}

impl<const D: usize> FrequencyResponse<D> for Constant {
    fn channels(&self) -> [usize; 2] {
        self.alpha.dims()
    }

    fn response(&self, _grid: &FrequencyGrid) -> Response<D> {
        Response::Constant(self.alpha.val())
    }

    fn is_constant(&self) -> bool {
        true
    }

    fn dead_parameters(&self, _grid: &FrequencyGrid) -> Vec<(&'static str, usize)> {
        vec![("beta", self.beta.dims().iter().product())]
    }
}
