//! Moving the zero frequency to the middle and back.

use burn::tensor::{AsIndex, Tensor};

use crate::dims::dim_indices;

/// Moves the zero frequency from the start to the middle of the given dims, as NumPy's `fftshift`:
/// `y[k] = x[(k − ⌊n/2⌋) mod n]`.
///
/// Do not shift the halved dim of a [`HalfSpectrum`](crate::HalfSpectrum): it has no negative
/// frequencies.
///
/// # Shapes
/// - input and output: the same
///
/// # Panics
/// When the list is empty, or a dim is out of range or repeated.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::fft::{fftshift, ifftshift};
///
/// let x = Tensor::<1>::from_floats([0.0, 1.0, 2.0, -2.0, -1.0], &Device::flex());
/// let centered = fftshift(x, &[-1]);
/// let values = centered.clone().into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(values, vec![-2.0, -1.0, 0.0, 1.0, 2.0]);
/// let back = ifftshift(centered, &[-1]).into_data().try_to_vec::<f32>().unwrap();
/// assert_eq!(back, vec![0.0, 1.0, 2.0, -2.0, -1.0]);
/// ```
#[track_caller]
pub fn fftshift<const D: usize, I: AsIndex>(tensor: Tensor<D>, dims: &[I]) -> Tensor<D> {
    let dims = dim_indices("fftshift", dims, D);
    roll(tensor, &dims, |n| n / 2)
}

/// Inverse of [`fftshift`]; the two differ for odd lengths.
///
/// # Shapes
/// - input and output: the same
///
/// # Panics
/// When the list is empty, or a dim is out of range or repeated.
#[track_caller]
pub fn ifftshift<const D: usize, I: AsIndex>(tensor: Tensor<D>, dims: &[I]) -> Tensor<D> {
    let dims = dim_indices("ifftshift", dims, D);
    roll(tensor, &dims, |n| n - n / 2)
}

/// Rolls every dim by `shift(length)`.
fn roll<const D: usize>(
    tensor: Tensor<D>,
    dims: &[usize],
    shift: impl Fn(usize) -> usize,
) -> Tensor<D> {
    dims.iter().fold(tensor, |tensor, &dim| {
        let n = tensor.dims()[dim];
        match n {
            0 | 1 => tensor,
            _ => tensor.roll_dim(shift(n) as isize, dim),
        }
    })
}
