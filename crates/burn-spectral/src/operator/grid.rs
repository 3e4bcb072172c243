//! Coordinates of the grid as channels.

use burn::tensor::{DType, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::ops;

use super::with_channels;

/// The coordinates of the points of a grid on the unit interval, square or cube, as further channels.
///
/// # Example
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_spectral::operator::GridEmbedding;
///
/// let x = Tensor::<3>::zeros([1, 1, 4], &Device::flex());
/// let y = GridEmbedding::HalfOpen.append(x).into_data().try_to_vec::<f32>()?;
/// assert_eq!(y, [0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.5, 0.75]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GridEmbedding {
    /// `i/n` for `n` points: 0 is a point and 1 is not, as on a periodic grid and as in neuraloperator.
    HalfOpen,
    /// `i/(n − 1)`: both ends are points, as in the code of Li et al. (2021); 0 for a single point.
    Closed,
}

impl GridEmbedding {
    /// The coordinate of point `index` of `points`.
    fn coordinate(self, index: usize, points: usize) -> f64 {
        let steps = match self {
            Self::HalfOpen => points,
            Self::Closed => (points - 1).max(1),
        };
        index as f64 / steps as f64
    }

    /// The coordinates, one channel per spatial axis.
    ///
    /// # Shapes
    /// - output: `[1, sizes.len(), sizes…]`
    pub fn coordinates<const D: usize>(
        self,
        sizes: &[usize],
        dtype: DType,
        device: &Device,
    ) -> Tensor<D> {
        let samples: usize = sizes.iter().product();
        let mut values = Vec::with_capacity(sizes.len() * samples);
        for (axis, &points) in sizes.iter().enumerate() {
            let inner: usize = sizes[axis + 1..].iter().product();
            values.extend((0..samples).map(|n| self.coordinate(n / inner % points, points)));
        }
        let shape = [&[1, sizes.len()], sizes].concat();
        Tensor::from_data(TensorData::new(values, shape), (device, dtype))
    }

    /// Appends the coordinates to the channels of `x`.
    ///
    /// # Shapes
    /// - input: `[batch, channels, spatial…]`
    /// - output: `[batch, channels + D − 2, spatial…]`
    pub fn append<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        let mut dims = x.dims();
        if dims[0] == 0 || dims[2..].contains(&0) {
            let channels = dims[1] + D - 2;
            return ops::Empty::of(x).tensor(with_channels(dims, channels));
        }
        let grid = self.coordinates::<D>(&dims[2..], x.dtype(), &x.device());
        dims[1] = D - 2;
        ops::cat(vec![x, grid.expand(dims)], 1)
    }
}
