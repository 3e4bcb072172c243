//! How a convolution chooses its algorithm, on any number of axes and for any length.

use burn::nn::conv::{Conv1dConfig, Conv3dConfig};
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::conv::{
    ConvEstimate, ConvShape, FftConvAlgorithm, FftConvOptions, InitFft, try_fft_conv,
};

fn largest<const D: usize>(tensor: Tensor<D>) -> f32 {
    tensor.abs().max().into_scalar()
}

#[test]
fn a_grouped_one_dimensional_convolution_plans_without_a_second_axis() {
    let device = Device::flex();
    let config = Conv1dConfig::new(3, 3, 3).with_groups(3);
    let x = Tensor::<3>::ones([1, 3, 9], &device);
    assert_eq!(config.init_fft(&device).forward(x).dims(), [1, 3, 7]);
    let config = Conv3dConfig::new([3, 3], [2, 3, 1]).with_groups(3);
    let x = Tensor::<5>::ones([1, 3, 4, 5, 6], &device);
    assert_eq!(config.init_fft(&device).forward(x).dims(), [1, 3, 3, 3, 6]);
    // Every number of axes, dense and depthwise, agrees with the direct sum.
    for (groups, axes) in [1, 4]
        .into_iter()
        .flat_map(|groups| (1..=3).map(move |a| (groups, a)))
    {
        fn compare<const D: usize>(groups: usize, device: &Device) {
            let sizes = |leading: [usize; 2], size| {
                core::array::from_fn(|axis| if axis < 2 { leading[axis] } else { size })
            };
            let noise = |dims: [usize; D]| Tensor::<D>::random(dims, Distribution::Default, device);
            let (x, weight) = (noise(sizes([2, 4], 8)), noise(sizes([4, 4 / groups], 3)));
            let by = |algorithm| {
                let mut options = FftConvOptions::new(D - 2);
                (options.groups, options.algorithm) = (groups, algorithm);
                try_fft_conv(x.clone(), weight.clone(), None, &options).unwrap()
            };
            let difference = by(FftConvAlgorithm::Auto) - by(FftConvAlgorithm::Direct);
            assert!(largest(difference) < 1e-4, "{D} {groups}");
        }
        match axes {
            1 => compare::<3>(groups, &device),
            2 => compare::<4>(groups, &device),
            _ => compare::<5>(groups, &device),
        }
    }
}

#[test]
fn a_convolution_of_no_axis_or_of_four_is_refused() {
    let device = Device::flex();
    let error = try_fft_conv(
        Tensor::<2>::ones([1, 1], &device),
        Tensor::ones([1, 1], &device),
        None,
        &FftConvOptions::new(0),
    );
    let expected = "expected 1 to 3 spatial axes, got 0";
    assert_eq!(error.unwrap_err().to_string(), expected);
    let (x, weight) = (
        Tensor::<6>::ones([1; 6], &device),
        Tensor::ones([1; 6], &device),
    );
    assert!(try_fft_conv(x, weight, None, &FftConvOptions::new(4)).is_err());
    for (x, weight) in [
        (&[1, 1, 4][..], &[1, 1][..]),
        (&[][..], &[][..]),
        (&[1], &[1]),
    ] {
        assert!(ConvShape::new(x, weight, &FftConvOptions::new(1)).is_err());
    }
}

fn shape(sizes: &[usize], kernel: usize, channels: [usize; 2]) -> ConvShape {
    let mut x = vec![2, channels[0]];
    x.extend(sizes);
    let mut weight = vec![channels[1], channels[0]];
    weight.extend(sizes.iter().map(|_| kernel));
    ConvShape::new(&x, &weight, &FftConvOptions::new(sizes.len())).unwrap()
}

/// Looking at every tile would take hours.
#[test]
fn a_signal_of_a_billion_samples_is_planned() {
    for length in [64_000, 1 << 20, 1_000_000_007] {
        let shape = shape(&[length], 64, [1, 2]);
        assert_eq!(shape.choose(false), shape.choose(false));
        let tile = shape
            .estimates()
            .into_iter()
            .find_map(|estimate| match estimate {
                ConvEstimate {
                    algorithm: FftConvAlgorithm::Tiled { tile },
                    ..
                } => Some(tile),
                _ => None,
            });
        assert!(
            tile.is_some_and(|tile| (64..length).contains(&tile)),
            "{tile:?}"
        );
    }
    shape(&[40_000, 3], 3, [1, 1]).choose(true);
}

/// Whether there is no prime factor above 7.
fn is_smooth(n: usize) -> bool {
    let without = |n: usize, factor: usize| {
        let divided = |n: &usize| n.is_multiple_of(factor).then(|| n / factor);
        core::iter::successors(Some(n), divided).last()
    };
    [2, 3, 5, 7].into_iter().try_fold(n, without) == Some(1)
}

#[test]
fn the_tile_that_is_found_is_within_two_percent_of_the_best_of_all() {
    for shape in [
        shape(&[1_000], 9, [1, 2]),
        shape(&[3_001], 64, [4, 4]),
        shape(&[2_000], 500, [16, 16]),
        shape(&[130, 130], 9, [8, 8]),
        shape(&[257, 64], 5, [3, 16]),
        shape(&[300, 300], 31, [32, 32]),
    ] {
        let found = shape.estimates();
        let found = found
            .iter()
            .find(|estimate| matches!(estimate.algorithm, FftConvAlgorithm::Tiled { .. }));
        let most = shape.signal.iter().max().unwrap();
        let all = (shape.kernel[0] + 1..*most)
            .filter(|tile| is_smooth(*tile))
            .map(|tile| shape.estimate(FftConvAlgorithm::Tiled { tile }).both_ms);
        let best = all.fold(f64::INFINITY, f64::min);
        let found = found.unwrap().both_ms;
        assert!(found <= 1.02 * best, "{shape:?}: {found} {best}");
    }
}
