//! How far one image is from another.

use burn::tensor::Tensor;
use burn_spectral::frequency::SpectrumGrid;
use burn_spectral::spectrum::SpectrumExtent;
use burn_spectral::{ComplexTensor, Norm, fft};
use serde::{Deserialize, Serialize};

use crate::StudyError;
use crate::kit::images::{energy, relative, values};

/// Whose a stand-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    /// As a source publishes it.
    Published,
    /// Repaired, so that it is the operation itself.
    Repaired,
    /// Neither: for comparison.
    Other,
}

impl Form {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Repaired => "repaired",
            Self::Other => "for comparison",
        }
    }
}

/// One channel of one image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plane {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) values: Vec<f32>,
}

/// What stands for an operation, and how far it is from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) stand_in: String,
    pub(super) form: Form,
    /// `‖got − exact‖ / ‖exact‖` over all images.
    pub(super) error: f64,
    /// The least that error becomes when what was got is multiplied by one number.
    pub(super) scaled_error: f64,
    /// `‖got − exact‖ / ‖exact − input‖`: 1 is as far as doing nothing; none where sizes differ.
    pub(super) of_change: Option<f64>,
    /// Share of the energy that the imaginary part of the image has, which is thrown away.
    pub(super) imaginary: f64,
}

/// An operation and what stands for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
    /// The first image, the exact result, and what each row made of it; none where it is not shown.
    pub(super) planes: Vec<Plane>,
}

impl Operation {
    /// The figures alone.
    pub(super) fn without_planes(self) -> Self {
        Self {
            planes: Vec::new(),
            ..self
        }
    }
}

/// An image that may have an imaginary part.
pub(super) struct Image {
    pub(super) re: Tensor<4>,
    pub(super) im: Option<Tensor<4>>,
}

impl From<Tensor<4>> for Image {
    fn from(re: Tensor<4>) -> Self {
        Self { re, im: None }
    }
}

/// The image of a spectrum, with the imaginary part that only a full one can have.
pub(super) fn image_of(grid: SpectrumGrid, spectrum: ComplexTensor<4>) -> Image {
    match grid.extent {
        SpectrumExtent::Half => grid.image(spectrum).into(),
        SpectrumExtent::Full => {
            let image = fft::ifft2(spectrum, Norm::Backward);
            Image {
                re: image.re,
                im: Some(image.im),
            }
        }
    }
}

/// Σ a·b.
pub(super) fn inner(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .sum()
}

/// A quotient, 0 of nothing by nothing.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    match part == 0.0 {
        true => 0.0,
        // Never infinite: that has no place in a file of numbers.
        false => part / whole.max(f64::MIN_POSITIVE),
    }
}

/// Share of the energy in the imaginary part.
pub(super) fn imaginary_share(image: &Image) -> Result<f64, StudyError> {
    let Some(im) = &image.im else { return Ok(0.0) };
    let re = energy(&values(image.re.clone())?);
    let im = energy(&values(im.clone())?);
    Ok(ratio(im, re + im))
}

/// The first channel of the first image.
pub(super) fn plane(images: &Tensor<4>) -> Result<Plane, StudyError> {
    let [_, _, rows, cols] = images.dims();
    let first = images.clone().narrow(0, 0, 1).narrow(1, 0, 1);
    Ok(Plane {
        rows,
        cols,
        values: values(first)?,
    })
}

/// An operation in the image, to be filled with what stands for it.
pub(super) struct Exact {
    operation: Operation,
    exact: Vec<f32>,
    /// ‖exact − input‖, where they have one size.
    change: Option<f64>,
}

impl Exact {
    pub(super) fn new(
        name: &str,
        input: &Tensor<4>,
        exact: &Tensor<4>,
    ) -> Result<Self, StudyError> {
        let operation = Operation {
            name: name.into(),
            rows: Vec::new(),
            planes: vec![plane(input)?, plane(exact)?],
        };
        let is_same = input.dims() == exact.dims();
        let (input, exact) = (values(input.clone())?, values(exact.clone())?);
        let change = is_same.then(|| relative(&input, &exact) * energy(&exact).sqrt());
        Ok(Self {
            operation,
            exact,
            change,
        })
    }

    /// Adds what stands for it.
    pub(super) fn row(
        &mut self,
        stand_in: &str,
        form: Form,
        got: impl Into<Image>,
    ) -> Result<(), StudyError> {
        let got = got.into();
        let numbers = values(got.re.clone())?;
        let exact = &self.exact;
        let error = relative(&numbers, exact);
        let exact_norm = energy(exact).sqrt();
        let factor = ratio(inner(&numbers, exact), energy(&numbers));
        let scaled = numbers
            .iter()
            .map(|value| (factor * f64::from(*value)) as f32);
        let scaled_error = relative(&scaled.collect::<Vec<_>>(), exact).min(error);
        self.operation.rows.push(Row {
            stand_in: stand_in.into(),
            form,
            error,
            scaled_error,
            of_change: (self.change).map(|change| ratio(error * exact_norm, change)),
            imaginary: imaginary_share(&got)?,
        });
        self.operation.planes.push(plane(&got.re)?);
        Ok(())
    }

    pub(super) fn finish(self) -> Operation {
        self.operation
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    fn image(values: [f32; 4]) -> Tensor<4> {
        Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, 1, 2, 2])
    }

    #[test]
    fn errors_are_those_worked_by_hand() {
        let (input, exact) = (image([3.0, 4.0, 0.0, 0.0]), image([3.0, 0.0, 0.0, 0.0]));
        let mut measured = Exact::new("drop", &input, &exact).unwrap();
        measured.row("nothing", Form::Other, input).unwrap();
        measured.row("twice", Form::Other, exact * 2.0).unwrap();
        let rows = measured.finish().rows;
        // ‖(0, 4)‖/‖(3, 0)‖; the angle between (3, 4) and (1, 0) has the sine 4/5.
        assert!((rows[0].error - 4.0 / 3.0).abs() < 1e-12);
        assert!((rows[0].scaled_error - 0.8).abs() < 1e-6);
        assert_eq!(rows[0].of_change, Some(1.0));
        assert_eq!((rows[1].error, rows[1].scaled_error), (1.0, 0.0));
        assert_eq!(rows[1].of_change, Some(0.75));
    }

    #[test]
    fn the_share_of_the_imaginary_part_is_that_of_its_energy() {
        let image = Image {
            re: image([1.0, 0.0, 0.0, 0.0]),
            im: Some(image([0.0, 1.0, 1.0, 1.0])),
        };
        assert_eq!(imaginary_share(&image).unwrap(), 0.75);
    }

    #[test]
    fn a_full_spectrum_of_a_real_image_has_a_real_image() {
        let device = Device::flex();
        let images = Tensor::<1, burn::tensor::Int>::arange(0..35, &device)
            .float()
            .sin()
            .reshape([1, 1, 5, 7]);
        for grid in [SpectrumGrid::half([5, 7]), SpectrumGrid::full([5, 7])] {
            let back = image_of(grid, grid.spectrum(images.clone()));
            assert!(imaginary_share(&back).unwrap() < 1e-12);
            let error = relative(&values(back.re).unwrap(), &values(images.clone()).unwrap());
            assert!(error < 1e-6, "{error}");
        }
    }
}
