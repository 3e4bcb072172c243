//! The filter in ordinary tensor ops.

use burn::tensor::Tensor;
use spectral_kernels::{BinWeight, Layout};

use crate::ComplexTensor;

use super::super::Empty;
use super::super::portable::{irfft, mix, rfft};
use super::super::spec::{Axes, MixSpec, RealTransform};
use super::FilterSpec;

/// See [`spectral_filter`](super::spectral_filter).
pub fn spectral_filter<const R: usize>(
    x: Tensor<4>,
    response: ComplexTensor<R>,
    spec: &FilterSpec,
) -> Tensor<4> {
    let outputs = spec.outputs(&response.re.shape());
    let [height, width] = spec.grid;
    let x = match spec.layout {
        Layout::Planes => x,
        Layout::ChannelsLast => x.permute([0, 3, 1, 2]),
    };
    let [batch, channels, rows, columns] = x.dims();
    if batch * rows * columns * spec.output.area() == 0 {
        let size = spec.output.size;
        let dims = match spec.layout {
            Layout::Planes => [batch, outputs, size[0], size[1]],
            Layout::ChannelsLast => [batch, size[0], size[1], outputs],
        };
        return Empty::of(x).and_parts(response).tensor(dims);
    }
    let summed = match channels / spec.groups {
        1 => x,
        terms => x
            .reshape([batch, spec.groups, terms, rows * columns])
            .sum_dim(2)
            .reshape([batch, spec.groups, rows, columns]),
    };
    let pairs: [(usize, usize); 4] = core::array::from_fn(|axis| match axis {
        0 | 1 => (0, 0),
        _ => {
            let before = spec.input.start[axis - 2];
            let size = spec.input.size[axis - 2];
            (before, spec.grid[axis - 2] - size - before)
        }
    });
    let padded = match pairs.iter().all(|pair| *pair == (0, 0)) {
        true => summed,
        false => summed.pad(pairs, 0.0),
    };

    let response = response.map(|part| match spec.layout {
        Layout::Planes => part.reshape([outputs, 1, height, width / 2 + 1]),
        Layout::ChannelsLast => part
            .reshape([1, height, width / 2 + 1, outputs])
            .permute([3, 0, 1, 2]),
    });
    let transform = RealTransform {
        axes: Axes::Last(2),
        length: width,
        scale: 1.0,
        weight: BinWeight::One,
    };
    let coupling = MixSpec {
        groups: spec.groups,
        conjugate: spec.conjugate,
    };
    let product = mix(rfft(padded, transform), response, coupling);
    let scale = 1.0 / (height * width) as f64;
    let whole = irfft(product, RealTransform { scale, ..transform });
    let [start, size] = [spec.output.start, spec.output.size];
    let kept = whole
        .narrow(2, start[0], size[0])
        .narrow(3, start[1], size[1]);
    match spec.layout {
        Layout::Planes => kept,
        Layout::ChannelsLast => kept.permute([0, 2, 3, 1]),
    }
}
