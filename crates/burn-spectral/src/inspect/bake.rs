//! The ordinary convolution nearest to a layer.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::tensor::{Tensor, TensorData};

use crate::{SpectralError, ops};

use super::equivalence::conv2d;
use super::probe::{Images, Operator, Probe, relative};
use super::sweep::{LARGEST_WINDOW, Sweep};

/// Random images that the residual is measured on.
const IMAGES: usize = 8;

/// An ordinary convolution in the place of a layer.
#[derive(Clone, Debug)]
pub struct Baked {
    /// The convolution, of `k × k` taps with zeros around the image and an offset.
    pub conv: Conv2d,
    /// Whether it takes the circularly reversed image, because the layer reverses.
    pub flip: bool,
    /// `‖f(x) − g(x)‖ / ‖f(x) − f(0)‖` for random images.
    pub residual: f64,
    /// The same over the pixels that no border can reach through the taps; none where there are
    /// no such pixels. It tells what the zeros around the image cost from what the size of the
    /// kernel does.
    pub residual_inside: Option<f64>,
}

impl Baked {
    /// Applies the convolution, to the reversed image where the layer reverses.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, height, width]`
    /// - output: `[batch, channels_out, height, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        match self.flip {
            true => self.conv.forward(ops::circular_reverse(images, 2)),
            false => self.conv.forward(images),
        }
    }
}

/// The best `Conv2d` of `k × k` taps for a map from images to images, `k` odd: least squares over
/// white noise, with zeros around the image as `Conv2d` has them.
///
/// A map that reverses its images, as KKLayer does, is far from every convolution; then the result
/// is that of the reversed image and says so.
///
/// # Errors
/// [`SpectralError::Taps`] for an even `k` or one beyond the image or 15,
/// [`SpectralError::NotSameSize`] when the map changes the size of its images.
///
/// # Example
/// ```
/// use burn::tensor::Device;
/// use burn_spectral::conv::SpectralConv2dConfig;
/// use burn_spectral::inspect::{Probe, to_conv};
/// use burn_spectral::response::KernelConfig;
///
/// let device = Device::flex();
/// let layer = SpectralConv2dConfig::new([2, 3], KernelConfig::new([1, 1])).init(&device);
/// let baked = to_conv(|x| layer.forward(x), &Probe::new(2, [8, 8], &device)?, 1)?;
/// assert_eq!(baked.conv.weight.dims(), [3, 2, 1, 1]);
/// assert!(baked.residual < 1e-6);
/// # Ok::<(), burn_spectral::SpectralError>(())
/// ```
pub fn to_conv(
    map: impl Fn(Tensor<4>) -> Tensor<4>,
    probe: &Probe,
    k: usize,
) -> Result<Baked, SpectralError> {
    let most = probe.size[0].min(probe.size[1]).min(LARGEST_WINDOW);
    if k.is_multiple_of(2) || k > most {
        return Err(SpectralError::Taps { got: k, most });
    }
    let operator = Operator::new(&map, probe)?;
    let sweep = Sweep::of(&operator);
    let images = probe.noise(IMAGES, &mut probe.generator(23));
    let answers = operator.apply(&images);
    // A row of offsets, one a channel: the mean of what comes out of an image of zeros.
    let offsets: Vec<f64> = (operator.offset.values.chunks(probe.pixels()))
        .map(|plane| plane.iter().sum::<f64>() / plane.len() as f64)
        .collect();
    let inside = inside(probe.size, k);
    let baked = [false, true].map(|flip| {
        let kernel = sweep.padded[usize::from(flip)].cut(k, [0, 0]);
        let mut baked = Baked {
            conv: conv2d(&kernel, k, &probe.device, probe.dtype),
            flip,
            residual: 0.0,
            residual_inside: None,
        };
        let data = TensorData::new(offsets.clone(), [offsets.len()]).convert_dtype(probe.dtype);
        let bias = Tensor::from_data(data, (&probe.device, probe.dtype));
        baked.conv.bias = Some(Param::from_tensor(bias));
        let mut got = Images::read(baked.forward(probe.tensor(&images, &probe.device)));
        for image in got.values.chunks_mut(operator.offset.values.len()) {
            let offset = image.iter_mut().zip(&operator.offset.values);
            offset.for_each(|(value, offset)| *value -= offset);
        }
        baked.residual = relative(&got.values, &answers.values);
        let only = |images: &Images| -> Vec<f64> {
            let planes = images.values.chunks(probe.pixels());
            planes
                .flat_map(|plane| inside.iter().map(|&index| plane[index]))
                .collect()
        };
        baked.residual_inside =
            (!inside.is_empty()).then(|| relative(&only(&got), &only(&answers)));
        baked
    });
    let [straight, flipped] = baked;
    // A point is its own mirror image, so that the straight one is taken where they are level.
    Ok(match flipped.residual < straight.residual * 0.999 {
        true => flipped,
        false => straight,
    })
}

/// The pixels at least `k/2` away from every border.
fn inside([height, width]: [usize; 2], k: usize) -> Vec<usize> {
    let reach = k / 2;
    (reach..height.saturating_sub(reach))
        .flat_map(|row| {
            (reach..width.saturating_sub(reach)).map(move |column| row * width + column)
        })
        .collect()
}
