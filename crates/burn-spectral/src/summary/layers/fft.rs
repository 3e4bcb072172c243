//! The transforms as layers.

use crate::fft::{FromStacked, IntoStacked, Irfft2, Rfft2, ToMagnitudePhase};
use crate::{FrequencyGrid, SpectralError};

use super::super::cost::real_transform;
use super::super::{FeatureShape, Summarize, Trace};

impl Summarize for Rfft2 {
    fn kind(&self) -> String {
        "Rfft2".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, width] = input.real()?;
        let bins = FrequencyGrid::new(&[height, width])?.bins();
        Ok(Trace {
            output: FeatureShape::half_spectrum([channels, bins[0], bins[1]], width)?,
            multiply_adds: channels as u64 * real_transform(height * width),
        })
    }
}

impl Summarize for Irfft2 {
    fn kind(&self) -> String {
        "Irfft2".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, _] = input.spectrum()?;
        let width = input.length()?;
        FrequencyGrid::new(&[height, width])?;
        Ok(Trace {
            output: FeatureShape::new([channels, height, width]),
            multiply_adds: channels as u64 * real_transform(height * width),
        })
    }
}

impl Summarize for ToMagnitudePhase {
    fn kind(&self) -> String {
        "ToMagnitudePhase".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, bins] = input.spectrum()?;
        let output = FeatureShape::new([2 * channels, height, bins]);
        Ok(Trace::free(output))
    }
}

impl Summarize for IntoStacked {
    fn kind(&self) -> String {
        "IntoStacked".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, bins] = input.spectrum()?;
        Ok(Trace::free(FeatureShape::new([channels, height, bins, 2])))
    }
}

impl Summarize for FromStacked {
    fn kind(&self) -> String {
        "FromStacked".into()
    }

    /// The output is complex, without the length of a signal.
    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let [_, channels, height, bins, parts] = input.real()?;
        match parts {
            2 => Ok(Trace::free(FeatureShape::complex([channels, height, bins]))),
            _ => Err(SpectralError::Features {
                expected: 2,
                got: input.with_batch(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Summary;
    use super::*;

    #[test]
    fn a_round_trip_ends_where_it_began() {
        let summary = Summary::new([3, 8, 9])
            .layer("forward", &Rfft2::default())
            .and_then(|summary| summary.layer("stack", &IntoStacked))
            .and_then(|summary| summary.layer("split", &FromStacked))
            .unwrap();
        // `HalfSpectrum::new(_, 9)`.
        let half = FeatureShape::half_spectrum([3, 8, 5], 9).unwrap();
        let summary = summary
            .step("half", "HalfSpectrum", half)
            .layer("back", &Irfft2::default())
            .unwrap();
        assert_eq!(summary.output(), summary.input());
        assert_eq!(summary.multiply_adds(), 2 * 3 * real_transform(72));
        let shapes: Vec<String> = summary
            .layers()
            .iter()
            .map(|row| row.output.to_string())
            .collect();
        assert_eq!(
            shapes,
            [
                "3×8×5 complex",
                "3×8×5×2",
                "3×8×5 complex",
                "3×8×5 complex",
                "3×8×9"
            ]
        );
    }

    #[test]
    fn wrong_bins_and_wrong_numbers_are_refused() {
        let spectrum = FeatureShape::half_spectrum([3, 8, 5], 9).unwrap();
        let bare = FeatureShape::complex([3, 8, 5]);
        let error = Irfft2::default().trace(&bare).unwrap_err();
        assert!(error.to_string().contains("a half-spectrum"), "{error}");
        assert!(Rfft2::default().trace(&spectrum).is_err());
        assert!(
            Rfft2::default()
                .trace(&FeatureShape::new([3, 0, 5]))
                .is_err()
        );
        let shape = ToMagnitudePhase.trace(&spectrum).unwrap().output;
        assert_eq!(shape, FeatureShape::new([6, 8, 5]));
        assert!(FromStacked.trace(&FeatureShape::new([3, 8, 5, 3])).is_err());
    }
}
