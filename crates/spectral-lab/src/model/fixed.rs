//! A learned convolution, and fixed Fourier filters in its place.

use core::f64::consts::TAU;

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, Relu};
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::conv::{
    ConvolveOutput, FixedFilter, FixedFourierConv2d, FixedFourierConv2dConfig, KernelOrigin,
    sinc_planes,
};
use burn_spectral::spatial::{self, Activation};
use burn_spectral::summary::{Flatten, Summary};

use super::info::{Create, ModelInfo};
use super::input::Domain;
use super::keras::{self, KerasInit};
use super::network::Family;
use super::plan::flatten;
use super::{Filter, InputSpec, ModelError, Network};

/// Channels of the convolution.
const WIDTH: usize = 32;

/// Directions of the filter banks, along height and width.
const DIRECTIONS: [[f64; 2]; 4] = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]];

pub(super) const MODELS: &[ModelInfo] = &[
    model(
        "fixed-conv",
        "a 3x3 convolution of 32 channels, max-pooling, linear head (the baseline)",
        [28, 28],
        |domain, device| {
            let channels = [domain.input.channels, WIDTH];
            let conv = keras::valid_conv2d(channels, KerasInit::Glorot, device);
            let size = domain.input.size().map(|side| side - 2);
            let first = FirstLayer::Conv(Filter::Conv(conv));
            Ok(FixedNet::network(domain, first, WIDTH, size, device))
        },
    ),
    model(
        "fixed-sinc",
        "fixed-conv with 32 fixed sinc filters of frequency in place of the convolution",
        [28, 28],
        |domain, device| bank(domain, sinc, device),
    ),
    model(
        "fixed-sine",
        "fixed-conv with 32 fixed sine filters of frequency in place of the convolution",
        [28, 28],
        |domain, device| bank(domain, f64::sin, device),
    ),
    model(
        "fixed-sinc-planes",
        "fixed-conv with the sinc of the image coordinates in place of the convolution",
        [128, 128],
        |domain, device| {
            let kernels = sinc_planes(domain.input.size(), device);
            let config = FixedFourierConv2dConfig::from_kernels(
                domain.input.channels,
                kernels,
                KernelOrigin::First,
            );
            fixed(domain, config, device)
        },
    ),
];

const fn model(
    name: &'static str,
    summary: &'static str,
    size: [usize; 2],
    create: Create,
) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "fixed-conv",
        input: InputSpec::new(1, size, 10),
        // Two borders and max-pooling.
        smallest: 4,
        recipe: "lab",
        create,
    }
}

/// `sin(x)/x`.
fn sinc(x: f64) -> f64 {
    match x == 0.0 {
        true => 1.0,
        false => x.sin() / x,
    }
}

/// Filters `function(2πk·f)` of the frequency `f` along each direction, for `k` from 1 to 8.
fn bank(domain: Domain, function: fn(f64) -> f64, device: &Device) -> Result<Network, ModelError> {
    let filters = DIRECTIONS.into_iter().flat_map(|[height, width]| {
        (1..=WIDTH / DIRECTIONS.len()).map(move |k| {
            let scale = TAU * k as f64;
            FixedFilter::function(move |f_h, f_w| {
                (function(scale * (height * f_h + width * f_w)), 0.0)
            })
        })
    });
    let input = &domain.input;
    let config = FixedFourierConv2dConfig::new(input.channels, input.size(), filters.collect());
    fixed(domain, config, device)
}

fn fixed(
    domain: Domain,
    config: FixedFourierConv2dConfig,
    device: &Device,
) -> Result<Network, ModelError> {
    let layer = config
        .with_output(ConvolveOutput::Magnitude)
        .try_init(device)?;
    let [_, channels] = layer.channels();
    let (first, size) = (FirstLayer::Fixed(layer), domain.input.size());
    Ok(FixedNet::network(domain, first, channels, size, device))
}

/// The layer under comparison.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum FirstLayer {
    /// A 3×3 convolution without padding.
    Conv(Filter),
    /// Fixed filters of every channel, followed by the magnitude.
    Fixed(FixedFourierConv2d),
}

/// One layer, ReLU, a 2×2 max-pooling and a linear head.
///
/// The layer is a convolution, or a bank of fixed filters followed by the magnitude. A filter
/// `sin(2πk·f)` of frequency is real and odd, so the result for a real image is imaginary, and its
/// magnitude is the central difference `|x[n+k] − x[n−k]|/2`: edges at a scale of `k` samples. A
/// filter `sinc`, the same over its argument, is the mean over `2k` samples. The published examples
/// name the functions but neither the number of filters nor a network around them: here there are
/// as many as the convolution has channels, eight scales `k` along each of four directions, and the
/// rest is the network of the example with the convolution. Being circular, they keep the two
/// borders that the convolution loses, which makes the head larger.
///
/// The sinc of the two coordinates of an image, used as a filter of that shape, has a kernel that
/// is constant along one axis: it only keeps the sums of rows and of columns.
#[derive(Module, Debug)]
pub struct FixedNet {
    /// The layer under comparison.
    pub first: FirstLayer,
    /// The head.
    pub head: Linear,
    pool: MaxPool2d,
    #[module(skip)]
    domain: Domain,
}

impl FixedNet {
    /// A network whose first layer gives `channels` channels of the given height and width.
    fn network(
        domain: Domain,
        first: FirstLayer,
        channels: usize,
        size: [usize; 2],
        device: &Device,
    ) -> Network {
        let ends = [
            channels * (size[0] / 2) * (size[1] / 2),
            domain.input.classes,
        ];
        Network::Fixed(Self {
            first,
            head: keras::linear(ends, KerasInit::Glorot, device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            domain,
        })
    }
}

impl Family for FixedNet {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = match &self.first {
            FirstLayer::Conv(filter) => filter.forward(images),
            FirstLayer::Fixed(layer) => layer.forward(images),
        };
        let features = spatial::activate_pool(Activation::RELU, Some(&self.pool), features);
        spatial::linear(&self.head, flatten(features))
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let summary = Summary::new(input.shape());
        let summary = match &self.first {
            FirstLayer::Conv(filter) => summary.layer("first", filter)?,
            FirstLayer::Fixed(layer) => summary.layer("first", layer)?,
        };
        summary
            .layer("relu", &Relu)?
            .layer("pool", &self.pool)?
            .layer("flatten", &Flatten)?
            .layer("head", &self.head)
    }

    fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        match &self.first {
            FirstLayer::Conv(filter) => Some((filter, image)),
            FirstLayer::Fixed(_) => None,
        }
    }

    fn filters_mut(&mut self) -> Vec<&mut Filter> {
        match &mut self.first {
            FirstLayer::Conv(filter) => vec![filter],
            FirstLayer::Fixed(_) => Vec::new(),
        }
    }

    fn without_filters(&self) -> &'static str {
        "its filters are fixed; see the layer fixed-magnitude"
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;
    use burn::tensor::Distribution;
    use core::f64::consts::PI;

    /// The outputs of the fixed filters of a network.
    fn filtered(name: &str, images: Tensor<4>) -> Tensor<4> {
        let [_, channels, height, width] = images.dims();
        let input = InputSpec::new(channels, [height, width], 10);
        let Network::Fixed(net) = build(name, &input, &images.device()).unwrap() else {
            panic!("{name} is of another family");
        };
        let FirstLayer::Fixed(layer) = net.first else {
            panic!("{name} has no fixed filters");
        };
        layer.forward(images)
    }

    fn assert_close(got: Tensor<4>, want: Tensor<4>) {
        let difference = (got - want).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn sine_filters_are_central_differences_along_four_directions() {
        let images = Tensor::random([2, 1, 20, 22], Distribution::Default, &Device::flex());
        let bank = filtered("fixed-sine", images.clone());
        assert_eq!(bank.dims(), [2, 32, 20, 22]);
        for (direction, [height, width]) in DIRECTIONS.into_iter().enumerate() {
            for k in [1, 8] {
                let at = |sign: f64| {
                    let steps = [height, width].map(|step| (sign * step * k as f64) as i64);
                    images.clone().roll(&steps, &[2, 3])
                };
                let want = (at(1.0) - at(-1.0)).abs() * 0.5;
                // At an even size sin(2πkf) is zero at f = ½, as the difference is.
                assert_close(bank.clone().narrow(1, 8 * direction + k - 1, 1), want);
            }
        }
    }

    #[test]
    fn sinc_filters_keep_the_mean_and_smooth_along_one_direction() {
        let device = Device::flex();
        let ramp = Tensor::<1, burn::tensor::Int>::arange(0..24, &device).float();
        let rows = (ramp * (TAU / 24.0) * 3.0).sin() + 2.0;
        let images = rows.reshape([1, 1, 24, 1]).expand([1, 1, 24, 24]);
        let bank = filtered("fixed-sinc", images.clone());
        // Along the width nothing changes, so the second eight filters leave the image alone.
        assert_close(bank.clone().narrow(1, 12, 1), images.clone());
        // At three periods in 24 rows, sinc(2π·2/8) = 2/π of the wave is left.
        let want = (images - 2.0) * (2.0 / PI) + 2.0;
        assert_close(bank.narrow(1, 1, 1), want);
    }

    #[test]
    fn the_call_with_a_filter_of_two_planes_gives_the_planes_for_a_point() {
        let device = Device::flex();
        let point =
            Tensor::<4>::zeros([1, 1, 128, 128], &device).slice_fill([0..1, 0..1, 0..1, 0..1], 1.0);
        let sinc = |row: usize| super::sinc(PI * (row as f64 - 64.0) / 64.0).abs() as f32;
        let planes = filtered("fixed-sinc-planes", point);
        assert_eq!(planes.dims(), [1, 2, 128, 128]);
        let values = planes.into_data().try_into_vec::<f32>().unwrap();
        for (index, value) in values.iter().enumerate() {
            let (plane, row, column) = (index >> 14, index >> 7 & 127, index & 127);
            let want = sinc([row, column][plane]);
            assert!(
                (value - want).abs() < 1e-5,
                "{plane} {row} {column}: {value}"
            );
        }
    }
}
