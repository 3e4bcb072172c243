//! Replaces the spectral filters of a trained network by ordinary convolutions.

use burn::tensor::Device;
use burn_spectral::inspect::{Probe, to_conv};
use burn_spectral::summary::{FeatureShape, Summarize};

use super::{BAKED, Bake, InspectError};
use crate::model::{Filter, InputSpec, Network};

/// The largest kernel size to try.
const MOST: usize = 15;

/// A baked filter of a network.
#[derive(Clone, Debug)]
pub struct BakedLayer {
    /// Its name.
    pub layer: String,
    /// A description.
    pub summary: String,
    /// Its index among the network's filters.
    pub index: usize,
    /// Channels, height and width of its input images.
    pub shape: [usize; 3],
    /// The best-fitting convolutions, from the smallest kernel to the largest.
    pub baked: Vec<BakedFilter>,
}

/// A convolution in place of a filter.
#[derive(Clone, Debug)]
pub struct BakedFilter {
    /// How well it fits the filter.
    pub bake: Bake,
    /// The convolution, for [`Network::with_filter`].
    pub filter: Filter,
}

/// The best-fitting `k×k` convolution with zero padding for each spectral filter of a network, for
/// kernel size `taps`, or for 1, 3, 5, 7 and the largest `k` that fits the filter's images. Filters
/// that are ordinary convolutions are left unchanged.
///
/// # Errors
/// [`InspectError::NoFilters`] for a network without filters from images to images of the same
/// size, [`InspectError::NothingToBake`] if all of them are convolutions already, and
/// [`InspectError::Taps`] for a kernel size that is even or larger than a filter's images.
pub fn bake_network(
    name: &str,
    network: &Network,
    input: &InputSpec,
    taps: Option<usize>,
    seed: u64,
    device: &Device,
) -> Result<Vec<BakedLayer>, InspectError> {
    let no_filters = |reason| InspectError::NoFilters {
        model: name.into(),
        reason,
    };
    let filters = network.filters(input.size());
    if filters.is_empty() {
        return Err(no_filters(network.without_filters()));
    }
    let (mut layers, mut others) = (Vec::new(), 0);
    for (index, (layer, filter, size)) in filters.into_iter().enumerate() {
        let channels = filter.channels_in();
        let shape = [channels, size[0], size[1]];
        let trace = filter.trace(&FeatureShape::new(shape))?;
        if filter.is_conv() || trace.output.dims()[1..] != size {
            others += usize::from(!filter.is_conv());
            continue;
        }
        let most = largest(size);
        let wanted = match taps {
            Some(taps) if taps.is_multiple_of(2) || taps > most => {
                return Err(InspectError::Taps {
                    layer,
                    taps,
                    size,
                    most,
                });
            }
            Some(taps) => vec![taps],
            None => sizes(most),
        };
        let probe = Probe::new(channels, size, device)?.with_seed(seed);
        let baked = wanted.into_iter().map(|taps| {
            let baked = to_conv(|images| filter.forward(images), &probe, taps)?;
            Ok(BakedFilter {
                bake: Bake {
                    taps,
                    flip: baked.flip,
                    residual: baked.residual,
                    residual_inside: baked.residual_inside,
                },
                filter: match baked.flip {
                    true => Filter::Flipped(baked.conv),
                    false => Filter::Conv(baked.conv),
                },
            })
        });
        layers.push(BakedLayer {
            baked: baked.collect::<Result<_, InspectError>>()?,
            summary: filter.kind(),
            layer,
            index,
            shape,
        });
    }
    match (layers.is_empty(), others) {
        (false, _) => Ok(layers),
        (true, 0) => Err(InspectError::NothingToBake { model: name.into() }),
        (true, _) => Err(no_filters("its filters change the size of their images")),
    }
}

/// The largest odd kernel size within images of that size, up to the limit.
fn largest(size: [usize; 2]) -> usize {
    let most = size[0].min(size[1]).min(MOST);
    most - usize::from(most.is_multiple_of(2))
}

/// The usual kernel sizes up to `most`, and `most`.
fn sizes(most: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = BAKED.into_iter().filter(|taps| *taps < most).collect();
    sizes.push(most);
    sizes
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Distribution, Tensor, TensorData};
    use burn_spectral::{Norm, fft::rfft2};

    use super::*;
    use crate::model::build;
    use crate::train::Classifier;

    fn largest_difference(a: Tensor<2>, b: Tensor<2>) -> f32 {
        (a - b).abs().max().into_scalar()
    }

    #[test]
    fn the_published_kk_layer_is_a_flip_and_a_pointwise_convolution_in_its_network_too() {
        let device = Device::flex();
        let input = InputSpec::new(1, [20, 18], 3);
        let network = build("kk1", &input, &device).unwrap();
        let layers = bake_network("kk1", &network, &input, None, 0, &device).unwrap();
        assert_eq!(layers.len(), 1, "the other filters are convolutions");
        let sizes: Vec<usize> = layers[0].baked.iter().map(|b| b.bake.taps).collect();
        assert_eq!(sizes, [1, 3, 5, 7, 9]);
        let baked = &layers[0].baked[0];
        assert!(baked.bake.flip && baked.bake.residual < 1e-6);
        assert!(matches!(baked.filter, Filter::Flipped(_)));
        let images = Tensor::random([4, 1, 20, 18], Distribution::Default, &device);
        let expected = network.forward(images.clone());
        let got = network.with_filter(0, baked.filter.clone()).forward(images);
        assert!(largest_difference(expected, got) < 1e-5);
    }

    #[test]
    fn the_spectrum_of_a_small_kernel_is_baked_back_into_it() {
        let device = Device::flex();
        let input = InputSpec::new(1, [28, 28], 3);
        let mut network = build("free1", &input, &device).unwrap();
        let mut filter = network.filters([28, 28])[0].1.clone();
        let Filter::FullSpectrum(layer) = &mut filter else {
            panic!("free1 begins with a free filter")
        };
        // A kernel of 3×3 around the origin of 14×14 images, one a channel, as its spectrum.
        let tap = |channel: usize, row: usize, column: usize| {
            ((channel * 9 + row * 3 + column) as f32).sin()
        };
        let mut kernels = vec![0.0; 16 * 14 * 14];
        for channel in 0..16 {
            for (row, column) in (0..9).map(|index| (index / 3, index % 3)) {
                let at = |tap: usize| (14 + 1 - tap) % 14;
                kernels[(channel * 14 + at(row)) * 14 + at(column)] = tap(channel, row, column);
            }
        }
        let kernels = Tensor::<4>::from_data(TensorData::new(kernels, [16, 1, 14, 14]), &device);
        let spectrum = rfft2(kernels, Norm::Backward).into_complex();
        layer.response.re = Param::from_tensor(spectrum.re);
        layer.response.im = Param::from_tensor(spectrum.im);
        network = network.with_filter(0, filter);
        let layers = bake_network("free1", &network, &input, Some(3), 0, &device).unwrap();
        let baked = &layers[0].baked[0];
        assert!(!baked.bake.flip);
        assert!(
            baked.bake.residual_inside.unwrap() < 1e-5,
            "{:?}",
            baked.bake
        );
        let Filter::Conv(conv) = &baked.filter else {
            panic!("no flip")
        };
        for (index, weight) in (conv.weight.val().into_data().iter::<f32>()).enumerate() {
            let expected = tap(index / 9, index / 3 % 3, index % 3);
            assert!(
                (weight - expected).abs() < 1e-5,
                "{index}: {weight} {expected}"
            );
        }
        // With zeros around what the circular filter sees, both are the same network.
        let shape = [1, 1, 28, 28];
        let inner = Tensor::<4>::random([1, 1, 20, 20], Distribution::Default, &device);
        let images =
            Tensor::<4>::zeros(shape, &device).slice_assign([0..1, 0..1, 4..24, 4..24], inner);
        let expected = network.forward(images.clone());
        let got = network.with_filter(0, baked.filter.clone()).forward(images);
        assert!(largest_difference(expected, got) < 1e-5);
    }

    #[test]
    fn what_cannot_be_baked_says_why() {
        let device = Device::flex();
        let error = |name: &str, taps| {
            let info = crate::model::find(name).unwrap();
            let network = build(name, &info.input, &device).unwrap();
            bake_network(name, &network, &info.input, taps, 0, &device)
                .unwrap_err()
                .to_string()
        };
        assert!(error("cnn", None).contains("cnn are ordinary convolutions already"));
        assert!(error("fft-magnitude", None).contains("spectra"));
        assert!(error("spectral-best", None).contains("rearranged pixels"));
        let even = error("kk1", Some(4));
        assert!(
            even.contains("filter 1") && even.contains("got 4"),
            "{even}"
        );
        let large = error("kk2", Some(9));
        assert!(
            large.contains("filter 2") && large.contains("up to 7"),
            "{large}"
        );
    }

    #[test]
    fn a_convolution_in_the_place_of_another_is_the_network_with_it() {
        let device = Device::flex();
        let input = InputSpec::new(1, [16, 16], 3);
        let network = build("cnn", &input, &device).unwrap();
        let zero = Conv2dConfig::new([1, 16], [1, 1])
            .with_padding(PaddingConfig2d::Valid)
            .with_initializer(burn::nn::Initializer::Zeros)
            .init(&device);
        let silent = network.with_filter(0, Filter::Conv(zero));
        let images = Tensor::random([2, 1, 16, 16], Distribution::Default, &device);
        let rows: Vec<f32> = silent.forward(images).into_data().iter::<f32>().collect();
        assert_eq!(rows[..3], rows[3..], "all images are alike to it");
    }
}
