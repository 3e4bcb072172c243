//! Padding and sizes of convolutions.

use burn::nn::{PaddingConfig1d, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::Tensor;

use crate::LayerError;

/// Zeros before and after an axis so that its output has `⌈length / stride⌉` samples, the odd one
/// after. Dilation does not enter, as in Burn's `Same`.
pub fn same(length: usize, kernel: usize, stride: usize) -> (usize, usize) {
    // A stride or a kernel that no layer takes is for the layer to refuse.
    let stride = stride.max(1);
    let steps = length.div_ceil(stride).saturating_sub(1);
    let total = (steps * stride)
        .saturating_add(kernel)
        .saturating_sub(length);
    (total / 2, total - total / 2)
}

/// Burn's padding of `N` spatial axes.
pub trait Pairs<const N: usize> {
    /// The zeros before and after each axis, none for a padding that keeps the size.
    fn pairs(&self) -> Option<[(usize, usize); N]>;
}

impl Pairs<1> for PaddingConfig1d {
    fn pairs(&self) -> Option<[(usize, usize); 1]> {
        match self {
            Self::Same => None,
            Self::Valid => Some([(0, 0)]),
            Self::Explicit(left, right) => Some([(*left, *right)]),
        }
    }
}

impl Pairs<2> for PaddingConfig2d {
    fn pairs(&self) -> Option<[(usize, usize); 2]> {
        match self {
            Self::Same => None,
            Self::Valid => Some([(0, 0); 2]),
            Self::Explicit(top, left, bottom, right) => Some([(*top, *bottom), (*left, *right)]),
        }
    }
}

impl Pairs<3> for PaddingConfig3d {
    fn pairs(&self) -> Option<[(usize, usize); 3]> {
        match self {
            Self::Same => None,
            Self::Valid => Some([(0, 0); 3]),
            Self::Explicit(depth, height, width) => {
                Some([*depth, *height, *width].map(|zeros| (zeros, zeros)))
            }
        }
    }
}

/// Samples that a dilated kernel of at least one tap spans.
pub fn extent(kernel: usize, dilation: usize) -> usize {
    dilation * (kernel - 1) + 1
}

/// Checks that an input `[batch, channels, spatial…]` and a weight `[out, in / groups, taps…]` of these shapes can be
/// convolved, and changes stride and dilation to those that act: a step beyond the last output is one to there, and a
/// single tap has no step.
///
/// # Errors
/// If a number is zero or too large, the groups do not divide the channels, the input has other channels than the weight,
/// or the padded input is smaller than the dilated kernel.
///
/// # Panics
/// If the shapes have different ranks, or a list has not one entry per spatial axis.
pub fn check_convolution(
    x: &[usize],
    weight: &[usize],
    stride: &mut [usize],
    padding: &[(usize, usize)],
    dilation: &mut [usize],
    groups: usize,
) -> Result<(), LayerError> {
    let axes = x.len() - 2;
    assert!(
        [
            weight.len() - 2,
            stride.len(),
            padding.len(),
            dilation.len()
        ] == [axes; 4],
        "one entry per spatial axis"
    );
    LayerError::check_positive("the stride", stride)?;
    LayerError::check_positive("the dilation", dilation)?;
    LayerError::check_positive("every size of a kernel", &weight[2..])?;
    LayerError::check_positive("the number of groups", &[groups])?;
    LayerError::check_sizes("a size of the input", x)?;
    LayerError::check_sizes("the number of channels", &weight[..2])?;
    let inputs = LayerError::checked_product("the number of channels", [weight[1], groups])?;
    LayerError::check_positive("the number of channels", &[inputs, weight[0]])?;
    if !weight[0].is_multiple_of(groups) {
        return Err(LayerError::Groups {
            groups,
            channels_in: inputs,
            channels_out: weight[0],
        });
    }
    if x[1] != inputs {
        return Err(LayerError::Channels {
            expected: inputs,
            got: x.to_vec(),
        });
    }
    let (mut signal, mut output) = (Vec::new(), vec![x[0], weight[0]]);
    for axis in 0..axes {
        let (kernel, (before, after)) = (weight[axis + 2], padding[axis]);
        if kernel == 1 {
            dilation[axis] = 1;
        }
        let what = format!("the padded length of spatial axis {axis}");
        let padded = LayerError::checked_sum(&what, &[before, x[axis + 2], after])?;
        let what = format!("the span of the dilated kernel along spatial axis {axis}");
        let extent = LayerError::checked_product(&what, [dilation[axis], kernel - 1])? + 1;
        if padded < extent {
            return Err(LayerError::Extent {
                extent,
                padded,
                axis,
                got: x.to_vec(),
            });
        }
        let outputs = padded + 1 - extent;
        signal.push(padded);
        output.push(outputs.div_ceil(stride[axis]));
        stride[axis] = stride[axis].min(outputs);
    }
    LayerError::check_elements("a padded signal", &signal)?;
    LayerError::check_result("the output", &output)
}

/// Checks that weight and bias have the precision of the input, and the bias a value for each output channel.
///
/// # Errors
/// If they do not.
pub fn check_factors<const D: usize>(
    x: &Tensor<D>,
    weight: &Tensor<D>,
    bias: Option<&Tensor<1>>,
) -> Result<(), LayerError> {
    let input = ("input", x.dtype());
    LayerError::check_dtypes(input, ("weight", weight.dtype()))?;
    let Some(bias) = bias else { return Ok(()) };
    LayerError::check_dtypes(input, ("bias", bias.dtype()))?;
    let (channels, got) = (weight.dims()[0], bias.dims()[0]);
    match got == channels {
        true => Ok(()),
        false => Err(LayerError::Bias { channels, got }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(x: &[usize], weight: &[usize], groups: usize) -> Result<(), String> {
        let checked = check_convolution(x, weight, &mut [1], &[(0, 0)], &mut [1], groups);
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_sizes() {
        assert_eq!(check(&[1, 4, 5], &[6, 2, 5], 2), Ok(()));
        let refused = |x, weight, groups| check(x, weight, groups).unwrap_err();
        assert_eq!(
            refused(&[1, 4, 5], &[5, 2, 5], 2),
            "grouped coupling needs input and output channels that are multiples of 2, got 4 and 5"
        );
        assert_eq!(
            refused(&[1, 3, 5], &[6, 2, 5], 2),
            "expected 4 channels, got an input of shape [1, 3, 5]"
        );
        assert_eq!(
            refused(&[1, 4, 4], &[6, 2, 5], 2),
            "the dilated kernel, which spans 5 samples, is larger than the padded input, of 4 samples, on \
             spatial axis 0 (input shape [1, 4, 4])"
        );
    }

    #[test]
    fn steps_that_change_nothing_are_shortened() {
        let (mut stride, mut dilation) = ([usize::MAX >> 40, 2], [9, 2]);
        let (x, weight, padding) = ([1, 1, 4, 9], [1, 1, 1, 3], [(0, 0), (1, 1)]);
        check_convolution(&x, &weight, &mut stride, &padding, &mut dilation, 1).unwrap();
        assert_eq!((stride, dilation), ([4, 2], [1, 2]));
    }
}
