//! The minimum work of a layer.
//!
//! **Arithmetic**, forward and backward together:
//! - A real transform of `N = n·m` points takes `2.5·N·log₂ N`, half of the `5·N·log₂ N` of a
//!   complex one. If only `k` of `n` inputs or outputs of a line count, because the others are zero
//!   or dropped, `log₂ k` replaces `log₂ n` for that line, and lines that do not count at all are
//!   left out: the split of a pruned transform.
//! - Each of the three products of a layer (output, input gradient, parameter gradient) takes 8
//!   flops per complex multiply-add and bin, 2 per real one.
//! - A layer from `i` to `o` channels transforms `i + o` channels per image forward and as many
//!   backward. If a response is made of taps, they are transformed too, and the gradient back.
//! - A convolution takes the minimum of direct evaluation (2 flops per tap and output, three times)
//!   and of transforms in square tiles of any size (overlap-save) up to the whole padded image.
//!
//! Evaluating a response from a few parameters, biases and sums of channels are left out.
//!
//! **Memory**: input, output and parameters once forward; input, parameters and the gradients of
//! output, input and parameters once backward; four bytes per number. Spectra are left out: a layer
//! could keep them in cache or recompute them.

use super::spec::{Layer, Spec};

/// Arithmetic and memory traffic of a forward and a backward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// Floating-point operations.
    pub flops: f64,
    /// Bytes read and written.
    pub bytes: f64,
}

/// Products of a forward and a backward pass.
const PRODUCTS: f64 = 3.0;

/// Flops of a complex multiply-add.
const COMPLEX: f64 = 8.0;

/// Bytes per number.
const NUMBER: f64 = 4.0;

impl Work {
    /// The minimum work of a layer.
    pub fn of(spec: &Spec) -> Self {
        let [input, output] = spec.elements().map(|elements| elements as f64);
        let numbers = match spec.layer {
            Layer::RoundTrip => 2.0 * (input + output),
            _ => 3.0 * input + 2.0 * output + 3.0 * parameters(spec),
        };
        Self {
            flops: flops(spec),
            bytes: NUMBER * numbers,
        }
    }
}

/// Trainable parameters that have an effect.
pub(super) fn parameters(spec: &Spec) -> f64 {
    let (inputs, outputs) = (spec.channels() as f64, spec.outputs() as f64);
    match spec.layer {
        Layer::Conv {
            kernel,
            groups,
            bias,
            ..
        } => {
            let taps = inputs * outputs / groups as f64 * (kernel * kernel) as f64;
            taps + if bias { outputs } else { 0.0 }
        }
        Layer::Kk { .. } => inputs * outputs,
        Layer::Dense { .. } => 2.0 * inputs * outputs * bins(spec.sizes()),
        Layer::Depthwise | Layer::GlobalFilter => 2.0 * inputs * bins(spec.sizes()),
        Layer::Modes { rows, columns, .. } => 4.0 * inputs * outputs * (rows * columns) as f64,
        Layer::Gaussian { .. } => 12.0 * outputs,
        Layer::LongConv => inputs * spec.shape[2] as f64,
        Layer::RoundTrip => 0.0,
    }
}

fn flops(spec: &Spec) -> f64 {
    let batch = spec.shape[0] as f64;
    let (inputs, outputs) = (spec.channels() as f64, spec.outputs() as f64);
    let sizes = spec.sizes();
    // Both passes transform every input and output channel.
    let transforms = 2.0 * batch * (inputs + outputs);
    let mixed = |terms: f64, bins: f64| PRODUCTS * COMPLEX * batch * terms * bins;
    match spec.layer {
        Layer::Conv { kernel, groups, .. } => {
            let pairs = inputs * outputs / groups as f64;
            conv(spec, kernel, pairs)
        }
        Layer::Kk { .. } => {
            PRODUCTS * 2.0 * batch * inputs * outputs * (sizes[0] * sizes[1]) as f64
        }
        Layer::Dense { .. } => transforms * real(sizes) + mixed(inputs * outputs, bins(sizes)),
        Layer::Depthwise | Layer::GlobalFilter => {
            transforms * real(sizes) + mixed(inputs, bins(sizes))
        }
        Layer::Modes { rows, columns, .. } => {
            transforms * pruned(sizes, sizes[0], [2 * rows, columns])
                + mixed(inputs * outputs, (2 * rows * columns) as f64)
        }
        // The input channels are summed first.
        Layer::Gaussian { .. } => {
            2.0 * batch * (1.0 + outputs) * real(sizes) + mixed(outputs, bins(sizes))
        }
        Layer::LongConv => {
            let length = sizes[0];
            let kernels = 2.0 * inputs;
            (transforms + kernels) * half_of(line(2 * length, length))
                + mixed(inputs, bins(&[2 * length]))
        }
        Layer::RoundTrip => transforms * real(sizes),
    }
}

/// A complex line of `n` points of which `k` inputs or outputs count.
fn line(n: usize, k: usize) -> f64 {
    5.0 * n as f64 * (n.min(k) as f64).log2()
}

/// A real line takes half of a complex one.
fn half_of(line: f64) -> f64 {
    line / 2.0
}

/// A real transform over all axes.
fn real(sizes: &[usize]) -> f64 {
    let points: usize = sizes.iter().product();
    half_of(line(points, points))
}

/// A real transform of `height × width` points of which `rows` are not zero, with `kept` rows and
/// columns of its spectrum.
fn pruned(sizes: &[usize], rows: usize, kept: [usize; 2]) -> f64 {
    let [height, width] = [sizes[0], sizes[1]];
    let columns = kept[1].min(width / 2 + 1);
    // A kept column is two real outputs; all of them together count as the whole line.
    let along_rows = rows as f64 * half_of(line(width, 2 * columns));
    let along_columns = (columns as f64).min(width as f64 / 2.0) * line(height, kept[0].min(rows));
    along_rows + along_columns
}

/// Bins of a half-spectrum.
fn bins(sizes: &[usize]) -> f64 {
    let last = sizes.len() - 1;
    let leading: usize = sizes[..last].iter().product();
    (leading * (sizes[last] / 2 + 1)) as f64
}

/// A convolution of `pairs` kernels by the cheapest known algorithm.
fn conv(spec: &Spec, kernel: usize, pairs: f64) -> f64 {
    let batch = spec.shape[0] as f64;
    let channels = (spec.channels() + spec.outputs()) as f64;
    let [height, width] = [spec.sizes()[0], spec.sizes()[1]];
    let direct = PRODUCTS * 2.0 * batch * pairs * (kernel * kernel * height * width) as f64;
    let largest = height.max(width) + kernel - 1;
    (kernel..=largest)
        .map(|tile| {
            let tile_of = |size: usize| tile.min(size + kernel - 1);
            let sizes = [tile_of(height), tile_of(width)];
            let count_of = |axis: usize| spec.sizes()[axis].div_ceil(sizes[axis] - kernel + 1);
            let tiles = (count_of(0) * count_of(1)) as f64;
            let kernels =
                2.0 * pairs * pruned(&sizes, kernel.min(sizes[0]), [sizes[0], sizes[1] / 2 + 1]);
            let signals = 2.0 * batch * channels * real(&sizes);
            let products = PRODUCTS * COMPLEX * batch * pairs * bins(&sizes);
            tiles * (signals + products) + kernels
        })
        .fold(direct, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(layer: Layer, shape: &[usize]) -> Work {
        Work::of(&Spec::new(layer, shape).unwrap())
    }

    fn close(got: f64, want: f64) {
        assert!((got / want - 1.0).abs() < 1e-9, "{got} for {want}");
    }

    #[test]
    fn a_dense_layer_by_hand() {
        // 2 images of 3 → 5 channels of 4×8: 2·2·8 transforms of 2.5·32·5, 20 bins, 15 pairs.
        let work = work(Layer::Dense { out: 5 }, &[2, 3, 4, 8]);
        close(work.flops, 32.0 * 400.0 + 3.0 * 8.0 * 2.0 * 15.0 * 20.0);
        // Input 192, output 320, parameters 600 numbers.
        close(work.bytes, 4.0 * (3.0 * 192.0 + 2.0 * 320.0 + 3.0 * 600.0));
    }

    #[test]
    fn a_constant_response_is_a_matrix_product() {
        close(
            work(Layer::Kk { out: 32 }, &[64, 16, 7, 7]).flops,
            6.0 * 64.0 * 512.0 * 49.0,
        );
    }

    #[test]
    fn a_round_trip_is_four_transforms_and_no_product() {
        let work = work(Layer::RoundTrip, &[3, 2, 16]);
        close(work.flops, 4.0 * 6.0 * 2.5 * 16.0 * 4.0);
        close(work.bytes, 4.0 * 4.0 * 96.0);
    }

    #[test]
    fn kept_modes_prune_lines_and_columns() {
        // 16×16, 2·2 rows and 4 columns kept: 16 lines of 16 real points of which 8 count, then 4
        // columns of 16 complex points of which 4 count.
        let transform = 16.0 * 2.5 * 16.0 * 3.0 + 4.0 * 5.0 * 16.0 * 2.0;
        let layer = Layer::Modes {
            out: 1,
            rows: 2,
            columns: 4,
        };
        close(
            work(layer, &[1, 1, 16, 16]).flops,
            4.0 * transform + 24.0 * 16.0,
        );
        // All of them: the whole transform.
        close(pruned(&[16, 16], 16, [16, 9]), real(&[16, 16]));
    }

    #[test]
    fn a_long_convolution_is_padded_to_twice_its_length() {
        // 2·2·(2 + 2) signals and 2·2 kernels of 16 points, 8 of which count; 9 bins.
        let flops = work(Layer::LongConv, &[2, 2, 8]).flops;
        close(
            flops,
            (16.0 + 4.0) * 2.5 * 16.0 * 3.0 + 24.0 * 2.0 * 2.0 * 9.0,
        );
    }

    #[test]
    fn a_shared_filter_adds_up_its_inputs_first() {
        let flops = work(Layer::Gaussian { out: 2 }, &[1, 3, 4, 4]).flops;
        close(flops, 2.0 * 3.0 * 2.5 * 16.0 * 4.0 + 24.0 * 2.0 * 12.0);
    }

    #[test]
    fn a_small_kernel_is_direct_and_a_large_one_is_not() {
        let conv = |kernel| Layer::Conv {
            out: 1,
            kernel,
            groups: 1,
            bias: false,
        };
        close(work(conv(3), &[1, 1, 8, 8]).flops, 6.0 * 9.0 * 64.0);
        let direct = |kernel: f64| 6.0 * kernel * kernel * 64.0 * 64.0;
        let large = work(conv(31), &[1, 1, 64, 64]).flops;
        assert!(large < direct(31.0) / 10.0 && large > 0.0, "{large}");
    }
}
