//! The effective kernel of a map: its impulse response, averaged over positions.

use burn::tensor::{Device, Tensor, TensorData};
use serde::Serialize;

use crate::{ComplexTensor, Norm, fft};

/// Taps of a circular convolution from every input to every output channel,
/// `y_o[n] = Σ_i Σ_d h[o,i,d]·x_i[n − d]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectiveKernel {
    /// Output and input channels.
    pub channels: [usize; 2],
    /// Height and width of the image.
    pub size: [usize; 2],
    /// Taps `[out, in, height, width]`, offset `d` modulo the size.
    #[serde(skip)]
    pub taps: Vec<f64>,
}

/// The frequency response of a kernel, one value per bin of the full spectrum.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredResponse {
    /// Output and input channels.
    pub channels: [usize; 2],
    /// Height and width.
    pub size: [usize; 2],
    /// Real parts, `[out, in, height, width]`.
    pub re: Vec<f64>,
    /// Imaginary parts, `[out, in, height, width]`.
    pub im: Vec<f64>,
}

impl EffectiveKernel {
    pub(super) fn zeros(channels: [usize; 2], size: [usize; 2]) -> Self {
        let count = channels[0] * channels[1] * size[0] * size[1];
        Self {
            channels,
            size,
            taps: vec![0.0; count],
        }
    }

    /// The taps from one input to one output channel.
    pub fn pair(&self, output: usize, input: usize) -> &[f64] {
        let pixels = self.size[0] * self.size[1];
        let start = (output * self.channels[1] + input) * pixels;
        &self.taps[start..start + pixels]
    }

    /// The tap at an offset along height and width, of either sign.
    pub fn tap(&self, output: usize, input: usize, offset: [isize; 2]) -> f64 {
        let [row, column] = [0, 1].map(|axis| wrapped(offset[axis], self.size[axis]));
        self.pair(output, input)[row * self.size[1] + column]
    }

    /// The taps of a pair with offset zero in the middle, at `[height/2, width/2]`: a picture.
    pub fn centered(&self, output: usize, input: usize) -> Vec<f64> {
        let [height, width] = self.size;
        let at = |row: usize, column: usize| {
            let offset = [
                row as isize - height as isize / 2,
                column as isize - width as isize / 2,
            ];
            self.tap(output, input, offset)
        };
        let rows = (0..height).flat_map(|row| (0..width).map(move |column| [row, column]));
        rows.map(|[row, column]| at(row, column)).collect()
    }

    /// Energy at every offset, summed over all pairs of channels.
    pub(super) fn energies(&self) -> Vec<f64> {
        let mut sum = vec![0.0; self.size[0] * self.size[1]];
        for pair in self.taps.chunks(sum.len()) {
            for (sum, tap) in sum.iter_mut().zip(pair) {
                *sum += tap * tap;
            }
        }
        sum
    }

    /// Offset of an index, each axis from `−n/2` to `(n − 1)/2`, rounded down.
    pub(super) fn offset(&self, index: usize) -> [isize; 2] {
        let place = [index / self.size[1], index % self.size[1]];
        [0, 1].map(|axis| {
            let (place, size) = (place[axis] as isize, self.size[axis] as isize);
            match place > (size - 1) / 2 {
                true => place - size,
                false => place,
            }
        })
    }

    /// The share of the energy at offsets that `keep` takes; 0 for a kernel of zeros.
    fn share(&self, keep: impl Fn([isize; 2]) -> f64) -> f64 {
        let energies = self.energies();
        let total: f64 = energies.iter().sum();
        let kept = energies.iter().enumerate();
        let kept: f64 = kept.map(|(index, e)| e * keep(self.offset(index))).sum();
        match total {
            0.0 => 0.0,
            total => kept / total,
        }
    }

    /// `√(Σ h²·|d|² / Σ h²)`: how far from a pixel the energy of its answer lies, in pixels.
    pub fn energy_radius(&self) -> f64 {
        self.share(|[row, column]| (row * row + column * column) as f64)
            .sqrt()
    }

    /// The share of the energy within the `k × k` taps around offset zero, `k` odd.
    pub fn share_within(&self, k: usize) -> f64 {
        let reach = (k / 2) as isize;
        self.share(|offset| f64::from(offset.iter().all(|d| d.abs() <= reach)))
    }

    /// The smallest odd `k` with at least `share` of the energy within `k × k`.
    pub fn smallest_window(&self, share: f64) -> usize {
        let most = self.size[0].max(self.size[1]) + 1;
        (1..=most)
            .step_by(2)
            .find(|&k| self.share_within(k) >= share)
            .unwrap_or(most)
    }

    /// The share of the energy that samples further down (axis 0), or further right (axis 1),
    /// contribute: 0 for a kernel that is causal along that axis. The offset of half an even size
    /// counts for neither side.
    pub fn share_ahead(&self, axis: usize) -> f64 {
        let half = self.size[axis.min(1)];
        self.share(|offset| {
            let d = offset[axis.min(1)];
            f64::from(d < 0 && 2 * d.unsigned_abs() != half)
        })
    }

    /// The share of the energy that reaches an image of noise by way of its border: at offset `d`
    /// that of `1 − (1 − |d_h|/h)·(1 − |d_w|/w)` of the pixels.
    pub fn share_wrapped(&self) -> f64 {
        self.share(|offset| {
            let inside = [0, 1]
                .map(|axis| 1.0 - offset[axis].unsigned_abs() as f64 / self.size[axis] as f64);
            1.0 - inside[0] * inside[1]
        })
    }

    /// The same with only the `k × k` taps around `center` left, `k` odd.
    pub(super) fn cut(&self, k: usize, center: [isize; 2]) -> Self {
        let reach = (k / 2) as isize;
        let mut cut = Self::zeros(self.channels, self.size);
        let pixels = self.size[0] * self.size[1];
        for row in -reach..=reach {
            for column in -reach..=reach {
                let place = [row + center[0], column + center[1]];
                let [y, x] = [0, 1].map(|axis| wrapped(place[axis], self.size[axis]));
                let index = y * self.size[1] + x;
                let planes = cut.taps.chunks_mut(pixels).zip(self.taps.chunks(pixels));
                planes.for_each(|(to, from)| to[index] = from[index]);
            }
        }
        cut
    }

    /// Its spectrum in f64.
    pub fn response(&self) -> MeasuredResponse {
        let spectrum = self.spectrum();
        MeasuredResponse {
            channels: self.channels,
            size: self.size,
            re: spectrum.re.into_data().iter::<f64>().collect(),
            im: spectrum.im.into_data().iter::<f64>().collect(),
        }
    }

    pub(super) fn spectrum(&self) -> ComplexTensor<4> {
        let device = Device::flex();
        let [outputs, inputs] = self.channels;
        let dims = [outputs, inputs, self.size[0], self.size[1]];
        let data = TensorData::new(self.taps.clone(), dims);
        let taps = Tensor::from_data(data, (&device, burn::tensor::DType::F64));
        fft::fft2(ComplexTensor::from_real(taps), Norm::Backward)
    }
}

impl MeasuredResponse {
    fn pair(&self, output: usize, input: usize) -> impl Iterator<Item = (f64, f64)> {
        let pixels = self.size[0] * self.size[1];
        let start = (output * self.channels[1] + input) * pixels;
        let range = start..start + pixels;
        let re = self.re[range.clone()].iter().copied();
        re.zip(self.im[range].iter().copied())
    }

    /// Magnitudes of a pair of channels, `[height, width]`, frequency zero first.
    pub fn magnitude(&self, output: usize, input: usize) -> Vec<f64> {
        self.pair(output, input)
            .map(|(re, im)| re.hypot(im))
            .collect()
    }

    /// Phases of a pair of channels in radians.
    pub fn phase(&self, output: usize, input: usize) -> Vec<f64> {
        self.pair(output, input)
            .map(|(re, im)| im.atan2(re))
            .collect()
    }

    /// How much a wave of each frequency is amplified, `√(Σ_oi |H_oi|² / C_in)`: the root mean
    /// square over inputs of independent channels.
    pub fn gain(&self) -> Vec<f64> {
        let pixels = self.size[0] * self.size[1];
        let mut sums = vec![0.0; pixels];
        for (re, im) in self.re.chunks(pixels).zip(self.im.chunks(pixels)) {
            for (sum, (re, im)) in sums.iter_mut().zip(re.iter().zip(im)) {
                *sum += re * re + im * im;
            }
        }
        let inputs = self.channels[1] as f64;
        sums.into_iter().map(|sum| (sum / inputs).sqrt()).collect()
    }

    /// A grid with frequency zero moved to the middle: a picture.
    pub fn centered(&self, grid: &[f64]) -> Vec<f64> {
        let [height, width] = self.size;
        let places = (0..height).flat_map(|row| (0..width).map(move |column| [row, column]));
        places
            .map(|[row, column]| {
                let y = (row + height - height / 2) % height;
                let x = (column + width - width / 2) % width;
                grid[y * width + x]
            })
            .collect()
    }
}

/// An offset of either sign as an index.
pub(super) fn wrapped(offset: isize, size: usize) -> usize {
    offset.rem_euclid(size as isize) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kernel of one pair with the given taps.
    fn kernel(size: [usize; 2], taps: &[([isize; 2], f64)]) -> EffectiveKernel {
        let mut kernel = EffectiveKernel::zeros([1, 1], size);
        for (offset, value) in taps {
            let [y, x] = [0, 1].map(|axis| wrapped(offset[axis], size[axis]));
            kernel.taps[y * size[1] + x] = *value;
        }
        kernel
    }

    #[test]
    fn energies_by_hand() {
        // A quarter of the energy at offset zero, three quarters at (−3, 4), five pixels away.
        let kernel = kernel([8, 10], &[([0, 0], 1.0), ([-3, 4], 3f64.sqrt())]);
        assert!((kernel.energy_radius() - 0.75f64.sqrt() * 5.0).abs() < 1e-12);
        assert!((kernel.share_within(1) - 0.25).abs() < 1e-12);
        assert!((kernel.share_within(7) - 0.25).abs() < 1e-12);
        assert!((kernel.share_within(9) - 1.0).abs() < 1e-12);
        assert_eq!(kernel.smallest_window(0.99), 9);
        assert!((kernel.share_ahead(0) - 0.75).abs() < 1e-12);
        assert_eq!(kernel.share_ahead(1), 0.0);
        // Of the far tap 1 − 5/8·6/10 = 62.5 % comes over the border.
        assert!((kernel.share_wrapped() - 0.75 * 0.625).abs() < 1e-12);
        assert_eq!(kernel.centered(0, 0)[5 + 4 * 10], 1.0);
    }

    #[test]
    fn the_response_of_a_shift_is_a_phase() {
        let response = kernel([4, 8], &[([0, 1], 1.0)]).response();
        assert!(
            response
                .magnitude(0, 0)
                .iter()
                .all(|m| (m - 1.0).abs() < 1e-12)
        );
        let phase = response.phase(0, 0)[1];
        assert!(
            (phase + core::f64::consts::TAU / 8.0).abs() < 1e-12,
            "{phase}"
        );
        assert!(
            response
                .gain()
                .iter()
                .all(|gain| (gain - 1.0).abs() < 1e-12)
        );
    }

    #[test]
    fn half_of_an_even_size_lies_on_neither_side() {
        assert_eq!(kernel([4, 1], &[([2, 0], 1.0)]).share_ahead(0), 0.0);
        assert_eq!(kernel([5, 1], &[([-2, 0], 1.0)]).share_ahead(0), 1.0);
    }
}
