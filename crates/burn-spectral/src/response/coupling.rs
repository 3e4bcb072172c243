//! Which input channels an output channel depends on.

use serde::{Deserialize, Serialize};

use crate::SpectralError;

/// How a spectral layer couples channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Coupling {
    /// Every output depends on every input through its own response, as in `Conv2d`.
    #[default]
    Dense,
    /// Every input channel has its own `out / in` filters and no other, as `Conv2d` with as many
    /// groups as channels.
    Depthwise,
    /// Independent groups of channels, as `Conv2d` with `groups`.
    Grouped(usize),
    /// Every output filters the **sum** of the inputs: one filter an output, what the layers of
    /// Wood and Larson (2021) compute. One transform serves all inputs.
    Shared,
}

impl Coupling {
    /// Groups of the contraction of a layer of `channels` = `[in, out]`.
    pub fn groups(&self, channels: [usize; 2]) -> usize {
        match self {
            Coupling::Dense | Coupling::Shared => 1,
            Coupling::Depthwise => channels[0],
            Coupling::Grouped(groups) => *groups,
        }
    }

    /// `[out, in / groups]`: the channels of the response of a layer of `channels` = `[in, out]`.
    ///
    /// # Errors
    /// If a number of channels is zero, or the groups do not divide it.
    pub fn response_channels(&self, channels: [usize; 2]) -> Result<[usize; 2], SpectralError> {
        SpectralError::check_positive("the number of channels", &channels)?;
        let [inputs, outputs] = channels;
        let groups = self.groups(channels);
        SpectralError::check_positive("the number of groups", &[groups])?;
        if !inputs.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            return Err(SpectralError::Coupling {
                coupling: match self {
                    Coupling::Depthwise => "depthwise",
                    _ => "grouped",
                },
                groups,
                channels_in: inputs,
                channels_out: outputs,
            });
        }
        Ok(match self {
            Coupling::Shared => [outputs, 1],
            _ => [outputs, inputs / groups],
        })
    }

    /// Checks that a response of channels `response` = `[out, in / groups]` serves a layer of
    /// `channels` = `[in, out]`.
    ///
    /// # Errors
    /// If it does not, or where [`response_channels`](Self::response_channels) gives one.
    pub(crate) fn check_response(
        &self,
        channels: [usize; 2],
        response: [usize; 2],
    ) -> Result<(), SpectralError> {
        let expected = self.response_channels(channels)?;
        match response == expected {
            true => Ok(()),
            false => Err(SpectralError::ResponseChannels {
                expected,
                got: response,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_channels_follow_the_coupling() {
        let of = |coupling: Coupling, channels| coupling.response_channels(channels).unwrap();
        assert_eq!(of(Coupling::Dense, [4, 6]), [6, 4]);
        assert_eq!(of(Coupling::Depthwise, [4, 8]), [8, 1]);
        assert_eq!(of(Coupling::Grouped(2), [4, 6]), [6, 2]);
        assert_eq!(of(Coupling::Shared, [4, 6]), [6, 1]);
    }

    #[test]
    fn groups_that_do_not_divide_are_refused_by_name() {
        let error = Coupling::Depthwise.response_channels([4, 6]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "depthwise coupling needs input and output channels that are multiples of 4, got 4 and 6"
        );
        assert!(Coupling::Grouped(0).response_channels([4, 6]).is_err());
        assert!(Coupling::Dense.response_channels([0, 6]).is_err());
    }
}
