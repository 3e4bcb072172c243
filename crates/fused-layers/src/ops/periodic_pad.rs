//! Periodic padding, as one operation.

use std::ops::AddAssign;

use burn::backend::TensorMetadata;
use burn::tensor::{Shape, Tensor};
use rayon::prelude::*;
use spectral_lanes::parallel::worth_sharing;

use crate::operation::flex::{Contiguous, filled};
use crate::operation::{Forward, Gradients, KernelOperation, Names, Tensors, apply};

/// Samples before and after each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PeriodicPad(Vec<(usize, usize)>);

/// Pads each spatial axis with the samples of a periodic signal; padding may be longer than the axis:
///
/// ```text
/// y[…, n, …] = x[…, (n − before) mod N, …]
/// ```
///
/// A convolution of the result without padding is a circular one. On the kernels each axis is padded in the same pass;
/// elsewhere by concatenation.
///
/// # Shapes
/// - `x`: `[batch, channels, spatial…]`
/// - `padding`: samples before and after, one pair per spatial axis
/// - output: `[batch, channels, before + spatial + after, …]`
///
/// # Panics
/// If `padding` has not one entry per spatial axis, or a spatial axis is empty.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use fused_layers::ops::periodic_pad;
///
/// let x = Tensor::<3>::from_floats([[[1.0, 2.0, 3.0]]], &Device::flex());
/// let y = periodic_pad(x, &[(1, 2)]);
/// y.into_data().assert_eq(&[[[3.0f32, 1.0, 2.0, 3.0, 1.0, 2.0]]].into(), true);
/// ```
pub fn periodic_pad<const D: usize>(x: Tensor<D>, padding: &[(usize, usize)]) -> Tensor<D> {
    let dims = x.dims();
    assert!(
        D >= 3 && padding.len() == D - 2 && !dims[2..].contains(&0),
        "periodic padding of one pair per spatial axis, got {padding:?} for a shape of {dims:?}"
    );
    if padding.iter().all(|pair| *pair == (0, 0)) {
        return x;
    }
    let pad = PeriodicPad(padding.to_vec());
    apply(pad, x, |pad, x| fallback(x, &pad.0))
}

/// [`periodic_pad`] by concatenation.
pub fn fallback<const D: usize>(mut x: Tensor<D>, padding: &[(usize, usize)]) -> Tensor<D> {
    for (axis, &(before, after)) in (2..).zip(padding) {
        if (before, after) == (0, 0) {
            continue;
        }
        let size = x.dims()[axis];
        let mut parts = Vec::new();
        let mut at = start(size, before);
        let mut left = before + size + after;
        while left > 0 {
            let count = left.min(size - at);
            parts.push(x.clone().narrow(axis, at, count));
            (at, left) = (0, left - count);
        }
        x = Tensor::cat(parts, axis);
    }
    x
}

/// The sample that comes first after padding.
fn start(size: usize, before: usize) -> usize {
    (size - before % size) % size
}

/// Rows of one channel, before and after padding.
struct Rows {
    /// Samples of a row.
    size: usize,
    /// Samples of a padded row.
    padded: usize,
    /// The sample that a padded row starts with.
    start: usize,
    /// The row that each padded row is a copy of.
    sources: Vec<usize>,
    /// Rows before padding.
    rows: usize,
}

impl Rows {
    fn new(sizes: &[usize], padding: &[(usize, usize)]) -> Self {
        let (last, outer) = (sizes.len() - 1, &sizes[..sizes.len() - 1]);
        let mut sources = vec![0];
        for (&size, &(before, after)) in outer.iter().zip(padding) {
            let first = start(size, before);
            let along = |row: &usize| {
                let row = row * size;
                (0..before + size + after).map(move |at| row + (first + at) % size)
            };
            sources = sources.iter().flat_map(along).collect();
        }
        let (before, after) = padding[last];
        Self {
            size: sizes[last],
            padded: before + sizes[last] + after,
            start: start(sizes[last], before),
            sources,
            rows: outer.iter().product(),
        }
    }

    /// Where pieces of a padded row lie in it, and in the row before padding, with their lengths.
    fn pieces(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let mut done = 0;
        std::iter::from_fn(move || {
            let from = if done == 0 { self.start } else { 0 };
            let count = (self.padded - done).min(self.size - from);
            let piece = (done, from, count);
            done += count;
            (count > 0).then_some(piece)
        })
    }

    fn pad<E: Copy>(&self, x: &[E], y: &mut [E]) {
        for (row, &source) in y.chunks_exact_mut(self.padded).zip(&self.sources) {
            let source = &x[source * self.size..][..self.size];
            for (to, from, count) in self.pieces() {
                row[to..to + count].copy_from_slice(&source[from..from + count]);
            }
        }
    }

    /// Adds each padded row to the one that it is a copy of.
    fn unpad<E: Copy + Default + AddAssign>(&self, grad: &[E], gx: &mut [E]) {
        gx.fill(E::default());
        for (row, &source) in grad.chunks_exact(self.padded).zip(&self.sources) {
            let source = &mut gx[source * self.size..][..self.size];
            for (from, to, count) in self.pieces() {
                for (to, from) in source[to..to + count].iter_mut().zip(&row[from..]) {
                    *to += *from;
                }
            }
        }
    }
}

/// Calls `task` with each channel of `from` and of `to`, in parallel if there is enough to do.
fn each_channel<E: Send + Sync>(
    from: &[E],
    to: &mut [E],
    sizes: [usize; 2],
    task: impl Fn(&[E], &mut [E]) + Send + Sync,
) {
    match worth_sharing(from.len().max(to.len())) {
        true => (from.par_chunks_exact(sizes[0]))
            .zip(to.par_chunks_exact_mut(sizes[1]))
            .for_each(|(from, to)| task(from, to)),
        false => (from.chunks_exact(sizes[0]))
            .zip(to.chunks_exact_mut(sizes[1]))
            .for_each(|(from, to)| task(from, to)),
    }
}

/// Saved is the shape of the input.
impl KernelOperation<1, 1> for PeriodicPad {
    const INPUTS: Names = &["input"];
    type Saved = Shape;

    fn forward(&self, [x]: Tensors<1>, _: [bool; 1]) -> Forward<Shape, 1> {
        let shape = x.shape();
        let rows = Rows::new(&shape[2..], &self.0);
        let sizes = [rows.rows * rows.size, rows.sources.len() * rows.padded];
        let mut padded: Vec<usize> = shape.to_vec();
        for (size, (before, after)) in padded[2..].iter_mut().zip(&self.0) {
            *size += before + after;
        }
        let x = Contiguous::new(x);
        let y = filled!(x, E, &Shape::from(padded), |y| {
            each_channel(x.slice::<E>(), y, sizes, |x, y| rows.pad(x, y));
        });
        Forward::new([y], shape)
    }

    fn adjoint(self, shape: Shape, [grad]: Tensors<1>, _: [bool; 1]) -> Gradients<1> {
        let rows = Rows::new(&shape[2..], &self.0);
        let sizes = [rows.sources.len() * rows.padded, rows.rows * rows.size];
        let grad = Contiguous::new(grad);
        let gx = filled!(grad, E, &shape, |gx| {
            each_channel(grad.slice::<E>(), gx, sizes, |grad, gx| {
                rows.unpad(grad, gx)
            });
        });
        [Some(gx)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::close::assert_close;
    use burn::tensor::{DType, Device, Distribution};

    fn check<const D: usize>(dims: [usize; D], padding: &[(usize, usize)]) {
        let device = Device::flex().autodiff();
        for dtype in [DType::F32, DType::F64] {
            let uniform = Distribution::Uniform(-1.0, 1.0);
            let x = Tensor::<D>::random(dims, uniform, (&device, dtype)).require_grad();
            let y = periodic_pad(x.clone(), padding);
            let expected = fallback(x.clone(), padding);
            assert_eq!(y.dims(), expected.dims());
            assert_close(y.clone(), expected.clone());
            let weights = Tensor::<D>::random(y.dims(), uniform, (&device, dtype));
            let gradient = |y: Tensor<D>| x.grad(&(y * weights.clone()).sum().backward()).unwrap();
            let scale =
                y.dims().iter().product::<usize>() as f64 / dims.iter().product::<usize>() as f64;
            assert_close(gradient(y) / scale, gradient(expected) / scale);
        }
    }

    #[test]
    fn every_axis_is_padded_and_summed_as_by_concatenation() {
        check([2, 3, 7], &[(1, 1)]);
        check([1, 2, 5], &[(0, 3)]);
        // Longer than the axis, and longer than twice the axis.
        check([2, 1, 3], &[(8, 4)]);
        check([1, 1, 1], &[(2, 2)]);
        check([2, 3, 4, 5], &[(1, 1), (2, 0)]);
        check([2, 2, 3, 2], &[(4, 7), (0, 0)]);
        check([1, 2, 3, 4, 5], &[(1, 2), (0, 1), (3, 0)]);
        // Enough for several threads.
        check([4, 8, 40, 40], &[(1, 1), (1, 1)]);
    }

    #[test]
    fn samples_are_those_of_the_periodic_signal() {
        let (sizes, padding) = ([3usize, 4], [(5usize, 2usize), (1, 6)]);
        let x = Tensor::<1, burn::tensor::Int>::arange(0..12, &Device::flex()).float();
        let y = periodic_pad(x.reshape([1, 1, 3, 4]), &padding);
        let values = y
            .clone()
            .into_data()
            .convert::<f32>()
            .try_to_vec::<f32>()
            .unwrap();
        let width = y.dims()[3];
        for (at, value) in values.into_iter().enumerate() {
            let along = |at: usize, axis: usize| {
                (at as isize - padding[axis].0 as isize).rem_euclid(sizes[axis] as isize)
            };
            let expected = along(at / width, 0) * 4 + along(at % width, 1);
            assert_eq!(value, expected as f32, "at {at}");
        }
    }

    #[test]
    #[should_panic(expected = "one pair per spatial axis")]
    fn a_missing_pair_is_refused() {
        let x = Tensor::<4>::zeros([1, 1, 2, 2], &Device::flex());
        periodic_pad(x, &[(1, 1)]);
    }
}
