//! What a map is probed with, and its linear part.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::SpectralError;

/// Numbers that a map takes or gives at once, above which a batch is cut.
const BATCH_ELEMENTS: usize = 1 << 22;

/// The images that a map is probed with: their channels and size, where they live, and the seed of
/// the random ones.
///
/// Probes draw from a generator of their own, so that inspection leaves the device's seed alone and
/// gives the same figures every time.
#[derive(Clone, Debug)]
pub struct Probe {
    pub(super) channels: usize,
    pub(super) size: [usize; 2],
    pub(super) device: Device,
    pub(super) dtype: DType,
    pub(super) seed: u64,
}

impl Probe {
    /// Images of so many channels, of the given height and width, on a device without autodiff, in
    /// f32 and with seed 0.
    ///
    /// # Errors
    /// [`SpectralError::Zero`] when the channels or a size are zero, [`SpectralError::TooLarge`] when
    /// they are too large.
    pub fn new(channels: usize, size: [usize; 2], device: &Device) -> Result<Self, SpectralError> {
        SpectralError::check_positive("the number of channels", &[channels])?;
        SpectralError::check_positive("the size of an image", &size)?;
        SpectralError::check_elements("an image", &[channels, size[0], size[1]])?;
        Ok(Self {
            channels,
            size,
            device: device.clone(),
            dtype: DType::F32,
            seed: 0,
        })
    }

    /// Sets the seed of the random images.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the precision of the images, f32 or f64. The map has to take it: see
    /// [`with_dtype`](super::with_dtype) for modules.
    #[must_use]
    pub fn with_dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Where the images live.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Channels of the images.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Relative size below which a difference is taken for rounding.
    pub(super) fn rounding(&self) -> f64 {
        match self.dtype {
            DType::F64 => 1e-10,
            _ => 1e-5,
        }
    }

    /// What is left of a column of length one, below which it depends on others.
    pub(super) fn dependent(&self) -> f64 {
        match self.dtype {
            DType::F64 => 1e-9,
            _ => 1e-4,
        }
    }

    pub(super) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    pub(super) fn generator(&self, stream: u64) -> Generator {
        Generator::new(self.seed, stream)
    }

    /// Standard normal images.
    pub(super) fn noise(&self, count: usize, generator: &mut Generator) -> Images {
        let mut images = Images::zeros(count, self.channels, self.size);
        images.values.fill_with(|| generator.normal());
        images
    }

    pub(super) fn tensor(&self, images: &Images, device: &Device) -> Tensor<4> {
        let data = TensorData::new(images.values.clone(), images.dims()).convert_dtype(self.dtype);
        Tensor::from_data(data, (device, self.dtype))
    }
}

/// Images in row-major order, `[count, channels, height, width]`.
#[derive(Clone, Debug)]
pub(super) struct Images {
    pub(super) count: usize,
    pub(super) channels: usize,
    pub(super) size: [usize; 2],
    pub(super) values: Vec<f64>,
}

impl Images {
    pub(super) fn zeros(count: usize, channels: usize, size: [usize; 2]) -> Self {
        Self {
            count,
            channels,
            size,
            values: vec![0.0; count * channels * size[0] * size[1]],
        }
    }

    pub(super) fn read(tensor: Tensor<4>) -> Self {
        let [count, channels, height, width] = tensor.dims();
        Self {
            count,
            channels,
            size: [height, width],
            values: tensor.into_data().iter::<f64>().collect(),
        }
    }

    pub(super) fn dims(&self) -> [usize; 4] {
        [self.count, self.channels, self.size[0], self.size[1]]
    }

    pub(super) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// One channel of one image.
    pub(super) fn plane(&self, image: usize, channel: usize) -> &[f64] {
        let start = (image * self.channels + channel) * self.pixels();
        &self.values[start..start + self.pixels()]
    }

    pub(super) fn plane_mut(&mut self, image: usize, channel: usize) -> &mut [f64] {
        let pixels = self.pixels();
        let start = (image * self.channels + channel) * pixels;
        &mut self.values[start..start + pixels]
    }

    /// All images moved circularly, `y[n] = x[n − shift]`.
    pub(super) fn shifted(&self, shift: [usize; 2]) -> Self {
        let [height, width] = self.size;
        self.moved(|row, column| {
            [
                (row + height - shift[0]) % height,
                (column + width - shift[1]) % width,
            ]
        })
    }

    /// All images reversed circularly, `y[n] = x[−n]`.
    pub(super) fn reversed(&self) -> Self {
        let [height, width] = self.size;
        self.moved(|row, column| [(height - row) % height, (width - column) % width])
    }

    fn moved(&self, source: impl Fn(usize, usize) -> [usize; 2]) -> Self {
        let [height, width] = self.size;
        let mut moved = self.clone();
        let planes = moved.values.chunks_mut(height * width);
        for (to, from) in planes.zip(self.values.chunks(height * width)) {
            for row in 0..height {
                for column in 0..width {
                    let [y, x] = source(row, column);
                    to[row * width + column] = from[y * width + x];
                }
            }
        }
        moved
    }
}

/// Sum of squares.
pub(super) fn energy(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum()
}

/// Length of a difference relative to that of the second; the first's where the second is zero.
pub(super) fn relative(got: &[f64], want: &[f64]) -> f64 {
    let difference: f64 = got.iter().zip(want).map(|(a, b)| (a - b) * (a - b)).sum();
    match energy(want) {
        0.0 => difference.sqrt(),
        norm => (difference / norm).sqrt(),
    }
}

/// A map without its offset: `f(x) − f(0)`.
pub(super) struct Operator<'a> {
    map: &'a dyn Fn(Tensor<4>) -> Tensor<4>,
    pub(super) probe: &'a Probe,
    /// Channels that come out.
    pub(super) outputs: usize,
    /// `f(0)`, one image.
    pub(super) offset: Images,
}

impl<'a> Operator<'a> {
    /// # Errors
    /// [`SpectralError::NotSameSize`] when the map changes the size of its images.
    pub(super) fn new(
        map: &'a dyn Fn(Tensor<4>) -> Tensor<4>,
        probe: &'a Probe,
    ) -> Result<Self, SpectralError> {
        let silent = Images::zeros(1, probe.channels, probe.size);
        let offset = Images::read(map(probe.tensor(&silent, &probe.device)));
        if offset.size != probe.size || offset.count != 1 {
            return Err(SpectralError::NotSameSize {
                from: probe.size,
                to: offset.size,
            });
        }
        Ok(Self {
            map,
            probe,
            outputs: offset.channels,
            offset,
        })
    }

    /// `f(x) − f(0)`.
    pub(super) fn apply(&self, images: &Images) -> Images {
        let [inputs, outputs] = [images.channels, self.outputs].map(|c| c * images.pixels());
        let most = (BATCH_ELEMENTS / inputs.max(outputs)).max(1);
        let mut result = Images::zeros(0, self.outputs, images.size);
        for batch in images.values.chunks(most * inputs) {
            let batch = Images {
                count: batch.len() / inputs,
                values: batch.to_vec(),
                ..*images
            };
            let tensor = self.probe.tensor(&batch, &self.probe.device);
            let mut output = Images::read((self.map)(tensor));
            for image in output.values.chunks_mut(outputs) {
                for (value, offset) in image.iter_mut().zip(&self.offset.values) {
                    *value -= offset;
                }
            }
            result.count += output.count;
            result.values.append(&mut output.values);
        }
        result
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(super) struct Generator(u64);

impl Generator {
    fn new(seed: u64, stream: u64) -> Self {
        let mut generator = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        generator.next();
        generator
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in (0, 1].
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// Standard normal (Box and Muller, 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (core::f64::consts::TAU * self.uniform()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reversal_and_shifts_are_circular() {
        let images = Images {
            count: 1,
            channels: 1,
            size: [1, 4],
            values: vec![0.0, 1.0, 2.0, 3.0],
        };
        assert_eq!(images.reversed().values, [0.0, 3.0, 2.0, 1.0]);
        assert_eq!(images.shifted([0, 1]).values, [3.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut generator = Generator::new(0, 1);
        let draws: Vec<f64> = (0..20_000).map(|_| generator.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = energy(&draws) / draws.len() as f64;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05,
            "{mean} {variance}"
        );
    }

    #[test]
    fn a_map_that_changes_the_size_is_refused() {
        let probe = Probe::new(1, [4, 6], &Device::flex()).unwrap();
        let error = Operator::new(&|x| x.narrow(3, 0, 3), &probe).err().unwrap();
        assert_eq!(
            error.to_string(),
            "inspection needs a map that keeps the image size, got one from [4, 6] to [4, 3]"
        );
        assert!(Probe::new(0, [4, 4], &Device::flex()).is_err());
    }
}
