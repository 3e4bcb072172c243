//! The impulse response of a layer, measured by probing.

use burn::tensor::{Device, Tensor};
use burn_spectral::{Norm, fft};

use super::Filter;

/// The response of one output channel to a unit impulse in the middle of input channel 0.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterProbe {
    /// Output channel.
    pub channel: usize,
    /// Rows of the grids.
    pub rows: usize,
    /// Columns of the grids.
    pub columns: usize,
    /// The impulse response, centered on the impulse.
    pub kernel: Vec<f32>,
    /// The magnitude of its spectrum, frequency zero in the middle.
    pub magnitude: Vec<f32>,
    /// The phase of its spectrum in radians, relative to the impulse.
    pub phase: Vec<f32>,
}

/// Probes the first `count` output channels of a layer on images of the given size.
pub fn probe_filters(
    filter: &Filter,
    channels_in: usize,
    size: [usize; 2],
    count: usize,
    device: &Device,
) -> Vec<FilterProbe> {
    let silent = Tensor::<4>::zeros([1, channels_in, size[0], size[1]], device);
    let [row, column] = size.map(|side| side / 2);
    let point = silent
        .clone()
        .slice_fill([0..1, 0..1, row..row + 1, column..column + 1], 1.0);
    // The response to a zero image is the bias; subtracting it leaves the linear part.
    let response = filter.forward(point) - filter.forward(silent);
    let [_, _, rows, columns] = response.dims();

    let centered = fft::ifftshift(response.clone(), &[2, 3]);
    let spectrum = fft::fft2(
        burn_spectral::ComplexTensor::from_real(centered),
        Norm::Backward,
    );
    let shifted = |part| values(fft::fftshift(part, &[2, 3]));
    let magnitude = shifted(spectrum.clone().abs());
    let phase = shifted(spectrum.arg());
    let kernel = values(response);

    let pixels = rows * columns;
    let channels = (kernel.len() / pixels).min(count);
    (0..channels)
        .map(|channel| {
            let of = |grid: &[f32]| grid[channel * pixels..(channel + 1) * pixels].to_vec();
            FilterProbe {
                channel,
                rows,
                columns,
                kernel: of(&kernel),
                magnitude: of(&magnitude),
                phase: of(&phase),
            }
        })
        .collect()
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor
        .into_data()
        .convert::<f32>()
        .try_into_vec()
        .expect("data just converted to f32")
}

#[cfg(test)]
mod tests {
    use super::super::{InputSpec, build};
    use super::*;

    fn probe(model: &str) -> Vec<FilterProbe> {
        let device = Device::flex();
        let net = build(model, &InputSpec::default(), &device).unwrap();
        let (filter, size) = net.first_filter([28, 28]).unwrap();
        probe_filters(filter, 1, size, 3, &device)
    }

    #[test]
    fn a_convolution_answers_within_its_kernel() {
        for probe in probe("cnn") {
            for (i, value) in probe.kernel.iter().enumerate() {
                let (row, column) = (i / 14, i % 14);
                let near = row.abs_diff(7) <= 1 && column.abs_diff(7) <= 1;
                assert_eq!(*value != 0.0, near, "row {row}, column {column}");
            }
        }
    }

    #[test]
    fn a_published_kk_layer_answers_with_one_point_and_a_flat_spectrum() {
        for probe in probe("kk1") {
            let points = probe.kernel.iter().filter(|v| v.abs() > 0.0).count();
            assert_eq!(points, 1);
            let first = probe.magnitude[0];
            assert!(
                probe
                    .magnitude
                    .iter()
                    .all(|m| (m - first).abs() < 1e-5 * first)
            );
        }
    }
}
