//! The operations in ordinary tensor ops: right at any size on any backend, and differentiable by
//! themselves.
//!
//! A short transform is a product with the DFT matrix. A longer one is split into factors
//! (Cooley and Tukey, 1965), and a long prime becomes a convolution of a power-of-two length
//! (Bluestein, 1970), so that no matrix outgrows 256 by 256. Half precision is computed in f32.

use burn::tensor::activation::relu;
use burn::tensor::{Bool, DType, Tensor, TensorData};
use spectral_kernels::{BinWeight, Conjugate, Direction};

use crate::ComplexTensor;

pub use super::filter::spectral_filter_fallback as spectral_filter;
use super::spec::{ComplexTransform, ConvSpec, MixSpec, RealTransform, StackSpec};
use fused_layers::operation::{Empty, Half, TensorGroup, cat};

/// Longest factor that is transformed by its DFT matrix when a length has several.
const DIRECT: usize = 64;

/// Longest prime that is transformed by its DFT matrix.
const DIRECT_PRIME: usize = 256;

/// Half-spectrum of a real signal; see [`crate::fft::rfftn`].
///
/// # Shapes
/// - input: `[…, n, …]`; output: `[…, n/2 + 1, …]` on the half-spectrum axis
pub fn rfft<const D: usize>(signal: Tensor<D>, transform: RealTransform) -> ComplexTensor<D> {
    if let Some(half) = Half::of(&signal) {
        return half.round(rfft(half.widen(signal), transform));
    }
    let half = transform.axes.half_axis(D);
    let mut dims = signal.dims();
    if dims.contains(&0) {
        dims[half] = transform.length / 2 + 1;
        return empty(signal, dims);
    }
    let zeros = signal.zeros_like();
    let full = dft_axis(ComplexTensor::new(signal, zeros), half, Direction::Forward);
    let mut spectrum = full.narrow(half, 0, transform.length / 2 + 1);
    for axis in transform.axes.range(D).filter(|axis| *axis != half) {
        spectrum = dft_axis(spectrum, axis, Direction::Forward);
    }
    weighted(spectrum, transform).mul_scalar(transform.scale)
}

/// Real signal of a half-spectrum; see [`crate::fft::irfftn`].
///
/// # Shapes
/// - input: `[…, n/2 + 1, …]` on the half-spectrum axis; output: `[…, n, …]`
pub fn irfft<const D: usize>(
    mut spectrum: ComplexTensor<D>,
    transform: RealTransform,
) -> Tensor<D> {
    if let Some(half) = Half::of(&spectrum.re) {
        return half.round(irfft(half.widen(spectrum), transform));
    }
    let half = transform.axes.half_axis(D);
    let mut dims = spectrum.dims();
    if dims.contains(&0) {
        dims[half] = transform.length;
        return Empty::of(spectrum).tensor(dims);
    }
    dims[half] = transform.length;
    spectrum = weighted(spectrum, transform);
    // A bin that is its own conjugate is real, whatever its imaginary part holds: not even a NaN
    // there counts. It goes before the transforms, which would spread it to every sample.
    let all: Vec<usize> = transform.axes.range(D).collect();
    spectrum.im = without_self_conjugate(spectrum.im, &all, &dims);
    if all.len() > 1 {
        for axis in all.iter().filter(|axis| **axis != half) {
            spectrum = dft_axis(spectrum, *axis, Direction::Inverse);
        }
        spectrum.im = without_self_conjugate(spectrum.im, &[half], &dims);
    }
    // Bin n − k is the conjugate of bin k.
    let mirrored = (transform.length - 1) / 2;
    if mirrored > 0 {
        let tail = spectrum.clone().narrow(half, 1, mirrored).flip(half);
        spectrum = ComplexTensor::cat(vec![spectrum, tail.conj()], half);
    }
    dft_axis(spectrum, half, Direction::Inverse).re * transform.scale
}

/// A complex tensor without elements that depends on its parents.
fn empty<const D: usize>(parents: impl TensorGroup, dims: [usize; D]) -> ComplexTensor<D> {
    let part = Empty::of(parents).tensor(dims);
    ComplexTensor {
        re: part.clone(),
        im: part,
    }
}

/// The imaginary part with zeros at the bins that are their own conjugates over `axes` of a signal of
/// shape `dims`: those of index 0 or half the length on each.
pub(crate) fn without_self_conjugate<const D: usize>(
    im: Tensor<D>,
    axes: &[usize],
    dims: &[usize; D],
) -> Tensor<D> {
    let mut sizes = [1; D];
    for axis in axes {
        sizes[*axis] = im.dims()[*axis];
    }
    let is_self_conjugate = |mut bin: usize| {
        axes.iter().rev().all(|axis| {
            let index = bin % sizes[*axis];
            bin /= sizes[*axis];
            index == 0 || 2 * index == dims[*axis]
        })
    };
    let mask: Vec<bool> = (0..sizes.iter().product()).map(is_self_conjugate).collect();
    let mask = Tensor::<D, Bool>::from_data(TensorData::new(mask, sizes), &im.device());
    let mask = mask.expand(im.dims());
    im.mask_fill(mask, 0.0)
}

/// The bins times their weights.
fn weighted<const D: usize>(
    spectrum: ComplexTensor<D>,
    transform: RealTransform,
) -> ComplexTensor<D> {
    let interior = match transform.weight {
        BinWeight::One => return spectrum,
        BinWeight::Double => 2.0,
        BinWeight::Halve => 0.5,
    };
    let half = transform.axes.half_axis(D);
    let weight = |k: usize| match k == 0 || 2 * k == transform.length {
        true => 1.0,
        false => interior,
    };
    let values: Vec<f64> = (0..spectrum.dims()[half]).map(weight).collect();
    let mut dims = [1; D];
    dims[half] = values.len();
    let dtype = spectrum.re.dtype();
    let data = TensorData::new(values, dims).convert_dtype(dtype);
    let weights = Tensor::from_data(data, (&spectrum.device(), dtype));
    spectrum.mul_real(weights)
}

/// Complex transform; see [`crate::fft::fftn`].
pub fn fft<const D: usize>(
    mut input: ComplexTensor<D>,
    transform: ComplexTransform,
) -> ComplexTensor<D> {
    if let Some(half) = Half::of(&input.re) {
        return half.round(fft(half.widen(input), transform));
    }
    for axis in transform.axes.range(D) {
        input = dft_axis(input, axis, transform.direction);
    }
    input.mul_scalar(transform.scale)
}

/// BinwiseMatmul of a spectrum with a response, bin by bin; see [`crate::ops::mix`].
pub fn mix<const D: usize>(
    x: ComplexTensor<D>,
    response: ComplexTensor<D>,
    mix: MixSpec,
) -> ComplexTensor<D> {
    if let Some(half) = Half::of(&x.re) {
        let y = self::mix(half.widen(x), half.widen(response), mix);
        return half.round(y);
    }
    let (mut dims, response_dims) = (x.dims(), response.dims());
    let contraction = mix.contraction(dims[0], &response_dims.into());
    let (groups, bins) = (contraction.groups, contraction.bins);
    let (inputs, outputs) = (contraction.in_per_group, contraction.out_per_group);
    if dims.contains(&0) {
        dims[1] = response_dims[0];
        return empty((x, response), dims);
    }
    let (x, response) = match mix.conjugate {
        Conjugate::None => (x, response),
        Conjugate::Response => (x, response.conj()),
        Conjugate::Input => (x.conj(), response),
    };

    // One matrix product a frequency: [groups, bins, batch, in] · [groups, bins, in, out].
    let x = x.map(|part| {
        part.reshape([dims[0], groups, inputs, bins])
            .permute([1, 3, 0, 2])
    });
    let response = response.map(|part| {
        part.reshape([groups, outputs, inputs, bins])
            .permute([0, 3, 2, 1])
    });
    let re = x.re.clone().matmul(response.re.clone()) - x.im.clone().matmul(response.im.clone());
    let im = x.re.matmul(response.im) + x.im.matmul(response.re);

    dims[1] = response_dims[0];
    ComplexTensor::new(re, im).map(|part| part.permute([2, 0, 3, 1]).reshape(dims))
}

/// Spectral convolution; see [`crate::ops::spectral_conv`].
pub fn spectral_conv<const D: usize>(
    x: Tensor<D>,
    response: ComplexTensor<D>,
    conv: ConvSpec,
) -> Tensor<D> {
    if let Some(half) = Half::of(&x) {
        let y = spectral_conv(half.widen(x), half.widen(response), conv);
        return half.round(y);
    }
    let shape = x.shape();
    let spectrum = rfft(x, conv.analysis(&shape));
    irfft(mix(spectrum, response, conv.mix), conv.synthesis(&shape))
}

/// A rectified stack; see [`crate::ops::rectified_stack`].
pub fn rectified_stack<const D: usize>(
    mut s: ComplexTensor<D>,
    responses: ComplexTensor<D>,
    stack: &StackSpec,
) -> Tensor<D> {
    let mut start = 0;
    let mut filtered = |s: ComplexTensor<D>, filters| {
        let own = responses.clone().narrow(0, start, filters);
        start += filters;
        (s * own.map(|part| part.swap_dims(0, 1))).map(relu)
    };
    let (last, hidden) = stack.filters.split_last().expect("a stack has a layer");
    for filters in hidden {
        s = filtered(s, *filters).map(|part| part.sum_dim(1));
    }
    let y = filtered(s, *last);
    cat(vec![y.re, y.im], 1)
}

/// A dense head on a rectified stack; see [`crate::ops::rectified_stack_dense`].
pub fn rectified_stack_dense<const D: usize>(
    s: ComplexTensor<D>,
    responses: ComplexTensor<D>,
    weight: Tensor<2>,
    stack: &StackSpec,
) -> Tensor<2> {
    let (batch, [features, units]) = (s.dims()[0], weight.dims());
    if batch * units == 0 {
        return Empty::of((s, responses, weight)).tensor([batch, units]);
    }
    if features == 0 {
        return Tensor::zeros([batch, units], (&s.device(), s.re.dtype()));
    }
    let y = rectified_stack(s, responses, stack);
    y.reshape([batch, features]).matmul(weight)
}

/// Circular reversal; see [`crate::ops::circular_reverse`].
pub fn circular_reverse<const D: usize>(x: Tensor<D>, spatial: usize) -> Tensor<D> {
    if x.dims().contains(&0) {
        return x;
    }
    (D - spatial..D).fold(x, |x, axis| match x.dims()[axis] {
        0..=2 => x,
        n => {
            let rest = x.clone().narrow(axis, 1, n - 1).flip([axis]);
            Tensor::cat(vec![x.narrow(axis, 0, 1), rest], axis)
        }
    })
}

/// Channels mixed at every sample; see [`crate::ops::mix_constant`].
pub fn mix_constant<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    groups: usize,
    reversed: bool,
) -> Tensor<D> {
    let mut dims = x.dims();
    let [outputs, inputs] = weight.dims();
    let samples: usize = dims[2..].iter().product();
    if dims.contains(&0) {
        // Burn's CPU matrix product reads out of bounds when a broadcast batch is empty.
        dims[1] = outputs;
        return Empty::of((x, weight)).tensor(dims);
    }
    // Reversal commutes with mixing, so it runs on the side that has fewer channels.
    let reverse_input = reversed && dims[1] <= outputs;
    let reverse_output = reversed && !reverse_input;

    let x = match reverse_input {
        true => circular_reverse(x, D - 2),
        false => x,
    };
    let x = x.reshape([dims[0], groups, inputs, samples]);
    let weight = weight.reshape([1, groups, outputs / groups, inputs]);
    dims[1] = outputs;
    let y = weight.matmul(x).reshape(dims);
    match reverse_output {
        true => circular_reverse(y, D - 2),
        false => y,
    }
}

/// Unscaled transform over one axis.
fn dft_axis<const D: usize>(
    input: ComplexTensor<D>,
    axis: usize,
    direction: Direction,
) -> ComplexTensor<D> {
    let last = D - 1;
    let mut dims = input.dims();
    dims.swap(axis, last);
    let count = dims[..last].iter().product::<usize>();
    // Burn's reshape takes a zero for "as before", so an empty array must not reach it.
    if count == 0 || dims[last] == 1 {
        return input;
    }
    let moved = input.map(|part| part.swap_dims(axis, last));
    let rows = moved.map(|part| part.reshape([count, dims[last]]));
    dft_rows(rows, direction).map(|part| part.reshape(dims).swap_dims(axis, last))
}

/// Unscaled transform of every row.
fn dft_rows(rows: ComplexTensor<2>, direction: Direction) -> ComplexTensor<2> {
    let n = rows.dims()[1];
    match largest_divisor(n) {
        Some(first) if n > DIRECT => split(rows, first, direction),
        None if n > DIRECT_PRIME => bluestein(rows, direction),
        _ => {
            let matrix = roots(n, n, n, &rows.re, direction, |j, k| j * k);
            rows.matmul(matrix)
        }
    }
}

/// The largest proper divisor up to [`DIRECT`], else the smallest one, else none for a prime.
fn largest_divisor(n: usize) -> Option<usize> {
    let divides = |d: &usize| n.is_multiple_of(*d);
    (2..=DIRECT.min(n / 2))
        .rev()
        .find(divides)
        .or_else(|| (DIRECT + 1..).take_while(|d| d * d <= n).find(divides))
}

/// Cooley–Tukey: with `n = n1·n2` and `j = n2·j1 + j2`, `k = k1 + n1·k2`.
fn split(rows: ComplexTensor<2>, n1: usize, direction: Direction) -> ComplexTensor<2> {
    let [count, n] = rows.dims();
    let n2 = n / n1;
    let columns = rows.map(|part| {
        part.reshape([count, n1, n2])
            .swap_dims(1, 2)
            .reshape([count * n2, n1])
    });
    let inner = dft_rows(columns, direction).map(|part| part.reshape([count, n2, n1]));
    let twiddles = roots(n2, n1, n, &inner.re, direction, |j2, k1| j2 * k1);
    let twiddled = inner * twiddles.map(|part| part.unsqueeze());
    let columns = twiddled.map(|part| part.swap_dims(1, 2).reshape([count * n1, n2]));
    dft_rows(columns, direction).map(|part| {
        part.reshape([count, n1, n2])
            .swap_dims(1, 2)
            .reshape([count, n])
    })
}

/// Bluestein: `jk = (j² + k² − (k − j)²) / 2` makes the transform a convolution with a chirp.
fn bluestein(rows: ComplexTensor<2>, direction: Direction) -> ComplexTensor<2> {
    let [_, n] = rows.dims();
    let m = (2 * n - 1).next_power_of_two();
    // The chirp's period in j² is 2n; squares are reduced before they become angles.
    let chirp = roots(1, n, 2 * n, &rows.re, direction, |_, j| j * j % (2 * n));
    let pad = |part: Tensor<2>| part.pad((0, m - n, 0, 0), 0.0);
    let tail = chirp.clone().narrow(1, 1, n - 1).flip(1);
    let gap = chirp
        .re
        .zeros_like()
        .repeat_dim(1, 2)
        .narrow(1, 0, m + 1 - 2 * n);
    let gap = ComplexTensor::new(gap.clone(), gap);
    let kernel = ComplexTensor::cat(vec![chirp.clone(), gap, tail], 1).conj();

    let signal = (rows * chirp.clone()).map(pad);
    let product = dft_rows(signal, Direction::Forward) * dft_rows(kernel, Direction::Forward);
    let kept = dft_rows(product, Direction::Inverse).narrow(1, 0, n);
    kept * chirp * (1.0 / m as f64)
}

/// `exp(∓2πi·exponent(r, c)/n)` as a `[rows, columns]` array, computed in f64.
fn roots<const D: usize>(
    rows: usize,
    columns: usize,
    n: usize,
    like: &Tensor<D>,
    direction: Direction,
    exponent: impl Fn(usize, usize) -> usize,
) -> ComplexTensor<2> {
    let sign = match direction {
        Direction::Forward => -1.0,
        Direction::Inverse => 1.0,
    };
    let angle = |i: usize| {
        let turns = exponent(i / columns, i % columns) % n;
        sign * core::f64::consts::TAU * turns as f64 / n as f64
    };
    // Exact at the quarters of a turn, where the sine and the cosine of a rounded angle are not zero.
    let clean = |value: f64| match value.abs() < 1e-15 {
        true => 0.0,
        false => value,
    };
    let tensor = |value: fn(f64) -> f64| {
        let values: Vec<f64> = (0..rows * columns)
            .map(|i| clean(value(angle(i))))
            .collect();
        let dtype: DType = like.dtype();
        Tensor::from_data(
            TensorData::new(values, [rows, columns]).convert_dtype(dtype),
            (&like.device(), dtype),
        )
    };
    ComplexTensor::new(tensor(f64::cos), tensor(f64::sin))
}
