//! The responses of a network's filters, as numbers.

use burn_spectral::published::SharedStack2d;
use burn_spectral::response::{FrequencyResponse, Gaussian, Response};
use burn_spectral::{ComplexTensor, FrequencyGrid};

use spectral_lab::model::{Network, PublishedLayers};

use crate::StudyError;

/// What a rotated Gaussian of the published form is, as the source names its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Surface {
    pub(super) x0: f64,
    pub(super) y0: f64,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) s0: f64,
}

/// The filters of a network of spectra.
pub(super) struct Responses {
    /// Height and width of the images.
    pub(super) size: [usize; 2],
    /// By layer, `[filters, 1, height, width/2 + 1]`.
    pub(super) layers: Vec<ComplexTensor<4>>,
    /// By layer and filter, real and imaginary part; empty unless they are Gaussians.
    pub(super) surfaces: Vec<Vec<[Surface; 2]>>,
}

impl Responses {
    /// The filters of a network on images of that height and width.
    ///
    /// # Errors
    /// For a network of another family.
    pub(super) fn of(network: &Network, size: [usize; 2]) -> Result<Self, StudyError> {
        let Network::FrequencyStack(net) = network else {
            return Err(StudyError::Failed(
                "only networks on spectra have such responses".into(),
            ));
        };
        let grid = FrequencyGrid::new(&size)?;
        let mut layers = Vec::new();
        let mut surfaces = Vec::new();
        for group in &net.layers {
            match group {
                PublishedLayers::Fourier(stack) => layers.extend(spectra(stack, &grid)?),
                PublishedLayers::Linear(stack) => layers.extend(spectra(stack, &grid)?),
                PublishedLayers::Gaussian(stack) => {
                    layers.extend(spectra(stack, &grid)?);
                    for layer in &stack.layers {
                        surfaces.push(surfaces_of(&layer.response)?);
                    }
                }
            }
        }
        Ok(Self {
            size,
            layers,
            surfaces,
        })
    }
}

fn spectra<R: FrequencyResponse<4>>(
    stack: &SharedStack2d<R>,
    grid: &FrequencyGrid,
) -> Result<Vec<ComplexTensor<4>>, StudyError> {
    let layers = stack.layers.iter();
    let spectra = layers.map(|layer| match layer.response.response(grid) {
        Response::Spectrum(spectrum) => Ok(spectrum),
        other => Err(StudyError::Failed(format!(
            "a response is no spectrum but {other:?}"
        ))),
    });
    spectra.collect()
}

/// The parameters of each filter of a layer.
fn surfaces_of(response: &Gaussian) -> Result<Vec<[Surface; 2]>, StudyError> {
    let part = |values: burn::tensor::Tensor<3>| -> Result<Vec<Surface>, StudyError> {
        let [_, _, terms] = values.dims();
        let values = values
            .try_into_vec_as::<f32>()
            .map_err(|error| StudyError::Device(format!("{error:?}")))?;
        let surfaces = values.chunks(terms).map(|filter| match filter[..] {
            [x0, y0, a, b, c, s0] => {
                let [x0, y0, a, b, c, s0] = [x0, y0, a, b, c, s0].map(f64::from);
                Ok(Surface {
                    x0,
                    y0,
                    a,
                    b,
                    c,
                    s0,
                })
            }
            _ => Err(StudyError::Failed(format!(
                "a Gaussian has {terms} parameters, not six"
            ))),
        });
        surfaces.collect()
    };
    let [re, im] = [part(response.re.val())?, part(response.im.val())?];
    Ok(re.into_iter().zip(im).map(|(re, im)| [re, im]).collect())
}

impl Surface {
    /// Whether it falls away from its center in every direction, and does not grow in any.
    pub(super) fn is_bump(&self) -> bool {
        self.a > 0.0 && self.a * self.c > self.b * self.b
    }

    /// Where its center is, in cycles per sample along rows and columns of the image; the published
    /// coordinates count bins, from half the rows on.
    pub(super) fn center(&self, [_, width]: [usize; 2]) -> [f64; 2] {
        let down = 0.5 + self.x0;
        let bins = (width / 2 + 1) as f64;
        [down - down.round(), self.y0 * bins / width as f64]
    }

    /// By how many degrees its axes are turned, −45 to 45.
    pub(super) fn rotation(&self) -> f64 {
        let (across, difference) = (2.0 * self.b, self.a - self.c);
        match difference == 0.0 && across == 0.0 {
            true => 0.0,
            // The eigenvectors of [[a, −b], [−b, c]], the nearest to the axes.
            false => {
                let turn = 0.5 * (-across).atan2(difference).to_degrees();
                turn - 90.0 * (turn / 90.0).round()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use spectral_lab::model::{InputSpec, build};

    const ROUND: Surface = Surface {
        x0: 0.0,
        y0: 0.25,
        a: 2.0,
        b: 0.0,
        c: 2.0,
        s0: 1.0,
    };

    #[test]
    fn every_filter_of_every_layer_is_there() {
        let device = Device::flex();
        for name in super::super::MODELS {
            let network = build(name, &InputSpec::new(3, [9, 8], 2), &device).unwrap();
            let responses = Responses::of(&network, [9, 8]).unwrap();
            assert_eq!(responses.layers.len(), 4);
            for layer in &responses.layers {
                assert_eq!(layer.dims(), [6, 1, 9, 5], "{name}");
            }
            let gaussians = responses.surfaces.iter().map(Vec::len).sum::<usize>();
            assert_eq!(gaussians, if name == "cats-gaussian" { 24 } else { 0 });
        }
        let network = build("cats-spatial", &InputSpec::new(3, [9, 8], 2), &device).unwrap();
        assert!(Responses::of(&network, [9, 8]).is_err());
    }

    #[test]
    fn a_surface_is_a_bump_while_its_form_is_definite() {
        assert!(ROUND.is_bump());
        assert!(!Surface { a: -1.0, ..ROUND }.is_bump());
        assert!(!Surface { b: 3.0, ..ROUND }.is_bump());
    }

    #[test]
    fn centers_are_frequencies_and_rows_start_at_the_highest() {
        // 0.25 of five bins of eight samples.
        let [down, across] = ROUND.center([9, 8]);
        assert_eq!((down.abs(), across), (0.5, 0.25 * 5.0 / 8.0));
        let [down, _] = Surface { x0: 0.2, ..ROUND }.center([9, 8]);
        assert!((down + 0.3).abs() < 1e-12);
    }

    #[test]
    fn rotations_are_those_of_the_axes() {
        assert_eq!(ROUND.rotation(), 0.0);
        let turned = Surface { b: 0.5, ..ROUND };
        assert!((turned.rotation().abs() - 45.0).abs() < 1e-9);
        let flat = Surface { c: 9.0, ..ROUND };
        assert!(flat.rotation().abs() < 1e-9);
    }
}
