//! Transforms over any dims, by kernels that transform one dim anywhere or the last one to three.

use burn::tensor::Tensor;

use crate::ComplexTensor;
use crate::ops::{self, Axes, ComplexTransform, Direction, RealTransform};

/// The most dims that a kernel transforms at once.
const MOST: usize = 3;

/// Where the dims of one kernel call lie.
struct Layout<const D: usize> {
    axes: Axes,
    /// The order of all dims that puts those of the transform last, unless they are last already.
    order: Option<[usize; D]>,
}

impl<const D: usize> Layout<D> {
    /// The layout for at most [`MOST`] dims, of which the last one stays last.
    fn of(dims: &[usize]) -> Self {
        if let [dim] = *dims {
            let axes = match dim == D - 1 {
                true => Axes::Last(1),
                false => Axes::One(dim),
            };
            return Self { axes, order: None };
        }
        let mut order = [0; D];
        let batch = (0..D).filter(|dim| !dims.contains(dim));
        let all = batch.chain(dims.iter().copied());
        order.iter_mut().zip(all).for_each(|(to, dim)| *to = dim);
        let is_identity = order.iter().enumerate().all(|(at, &dim)| at == dim);
        Self {
            axes: Axes::Last(dims.len()),
            order: (!is_identity).then_some(order),
        }
    }

    /// Puts the dims of the transform last.
    fn arrange(&self, tensor: Tensor<D>) -> Tensor<D> {
        match self.order {
            Some(order) => tensor.permute(order),
            None => tensor,
        }
    }

    /// Undoes [`arrange`](Self::arrange).
    fn restore(&self, tensor: Tensor<D>) -> Tensor<D> {
        match self.order {
            Some(order) => {
                let mut inverse = [0; D];
                (0..D).for_each(|at| inverse[order[at]] = at);
                tensor.permute(inverse)
            }
            None => tensor,
        }
    }
}

/// Complex transform over `dims` in any order.
pub(super) fn complex<const D: usize>(
    input: ComplexTensor<D>,
    mut dims: Vec<usize>,
    direction: Direction,
    scale: f64,
) -> ComplexTensor<D> {
    dims.sort_unstable();
    let (mut z, mut scale) = (input, scale);
    for chunk in dims.rchunks(MOST) {
        let layout = Layout::of(chunk);
        let transform = ComplexTransform {
            axes: layout.axes,
            direction,
            scale,
        };
        let arranged = z.map(|part| layout.arrange(part));
        z = ops::fft(arranged, transform).map(|part| layout.restore(part));
        scale = 1.0;
    }
    z
}

/// The dims of a real transform, which is halved along the last of them: those of the real kernel,
/// and the others, which a complex transform has to do.
fn split(mut dims: Vec<usize>) -> (Vec<usize>, Vec<usize>) {
    let half = dims.pop().expect("a transform has a dim");
    dims.sort_unstable();
    let mut real = dims.split_off(dims.len().saturating_sub(MOST - 1));
    real.push(half);
    (real, dims)
}

/// Half-spectrum over `dims`, halved along the last of them.
pub(super) fn real<const D: usize>(
    signal: Tensor<D>,
    dims: Vec<usize>,
    scale: f64,
) -> ComplexTensor<D> {
    let (real, others) = split(dims);
    let length = signal.dims()[real[real.len() - 1]];
    let layout = Layout::of(&real);
    let transform = RealTransform::new(layout.axes, length, scale);
    let half = ops::rfft(layout.arrange(signal), transform).map(|part| layout.restore(part));
    complex(half, others, Direction::Forward, 1.0)
}

/// Real signal of `length` samples along the last of `dims`.
pub(super) fn real_inverse<const D: usize>(
    spectrum: ComplexTensor<D>,
    length: usize,
    dims: Vec<usize>,
    scale: f64,
) -> Tensor<D> {
    let (real, others) = split(dims);
    let layout = Layout::of(&real);
    let transform = RealTransform::new(layout.axes, length, scale);
    let half = complex(spectrum, others, Direction::Inverse, 1.0);
    layout.restore(ops::irfft(half.map(|part| layout.arrange(part)), transform))
}
