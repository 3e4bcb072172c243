//! Moving the zero frequency to the middle and back.

use burn::tensor::Tensor;

/// Moves the zero frequency from the start to the middle of the given axes, as NumPy's `fftshift`.
///
/// Do not shift the half-spectrum axis of a real transform: it has no negative half.
///
/// # Panics
/// When an axis does not exist.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::fft::{fftshift, ifftshift};
///
/// let x = Tensor::<1>::from_floats([0.0, 1.0, 2.0, -2.0, -1.0], &Device::flex());
/// let centered = fftshift(x, &[0]);
/// let values = centered.clone().into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(values, vec![-2.0, -1.0, 0.0, 1.0, 2.0]);
/// let back = ifftshift(centered, &[0]).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(back, vec![0.0, 1.0, 2.0, -2.0, -1.0]);
/// ```
pub fn fftshift<const D: usize>(tensor: Tensor<D>, axes: &[usize]) -> Tensor<D> {
    roll("fftshift", tensor, axes, |n| n / 2)
}

/// Undoes [`fftshift`]; the two differ for odd lengths.
///
/// # Panics
/// When an axis does not exist.
pub fn ifftshift<const D: usize>(tensor: Tensor<D>, axes: &[usize]) -> Tensor<D> {
    roll("ifftshift", tensor, axes, |n| n - n / 2)
}

/// Rolls every axis by `shift(length)`.
fn roll<const D: usize>(
    name: &str,
    tensor: Tensor<D>,
    axes: &[usize],
    shift: impl Fn(usize) -> usize,
) -> Tensor<D> {
    axes.iter().fold(tensor, |tensor, &axis| {
        assert!(
            axis < D,
            "{name}: axis {axis} of a tensor of rank {D} (accepted: 0 to {})",
            D - 1
        );
        let n = tensor.dims()[axis];
        match n {
            0 | 1 => tensor,
            _ => tensor.roll_dim(shift(n) as isize, axis),
        }
    })
}
