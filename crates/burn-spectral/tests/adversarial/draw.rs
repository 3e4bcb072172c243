//! Random numbers, and tensors of the same values in many layouts.

use burn::tensor::{DType, Device, Slice, Tensor, TensorData};

/// Draws from a seed; SplitMix64.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        let mut draw = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d);
        draw.bits();
        draw
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `most`.
    pub fn up_to(&mut self, most: usize) -> usize {
        (self.bits() % (most as u64 + 1)) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.up_to(n - 1) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.up_to(from.len() - 1)]
    }

    /// A size up to `most`: small ones, powers of two, primes and their neighbors more often than others; 0 seldom.
    pub fn size(&mut self, most: usize) -> usize {
        const NOTABLE: [usize; 18] = [1, 1, 2, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 32, 37, 64, 97];
        let size = match self.up_to(19) {
            0 if self.one_in(4) => 0,
            0..12 => self.pick(&NOTABLE),
            _ => 1 + self.up_to(most.max(1) - 1),
        };
        size.min(most)
    }

    /// As [`size`](Self::size), but not 0.
    pub fn count(&mut self, most: usize) -> usize {
        self.size(most).max(1)
    }

    pub fn dtype(&mut self) -> DType {
        self.pick(&[DType::F32, DType::F64])
    }

    /// Values within −1 and 1.
    pub fn values(&mut self, count: usize) -> Vec<f64> {
        let unit = |bits: u64| (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
        // Exact in f32, so that both precisions get the same values.
        (0..count)
            .map(|_| f64::from(unit(self.bits()) as f32))
            .collect()
    }
}

/// How the values of a tensor lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Contiguous,
    /// The last two axes changed places.
    Swapped,
    /// All axes in reverse order.
    Reversed,
    /// A part of a tensor that is NaN around it.
    Sliced,
    /// Every other sample along the last axis, NaN between them.
    Strided,
    /// Backwards along the last axis.
    Flipped,
}

use Layout::*;

impl Layout {
    pub fn draw(draw: &mut Draw) -> Self {
        draw.pick(&[
            Contiguous, Contiguous, Swapped, Reversed, Sliced, Strided, Flipped,
        ])
    }

    /// These values, row-major, as a tensor that lies so.
    pub fn tensor<const D: usize>(
        self,
        values: &[f64],
        dims: [usize; D],
        dtype: DType,
        device: &Device,
    ) -> Tensor<D> {
        let data = TensorData::new(values.to_vec(), dims).convert_dtype(dtype);
        let tensor = Tensor::<D>::from_data(data, (device, dtype));
        if values.is_empty() {
            return tensor;
        }
        let compact = |tensor: Tensor<D>| {
            let data = tensor.into_data();
            Tensor::<D>::from_data(data, (device, dtype))
        };
        let reversed: [usize; D] = core::array::from_fn(|axis| D - 1 - axis);
        match self {
            Contiguous => tensor,
            Swapped => compact(tensor.swap_dims(D - 2, D - 1)).swap_dims(D - 2, D - 1),
            Reversed => compact(tensor.permute(reversed.map(|axis| axis as isize)))
                .permute(reversed.map(|axis| axis as isize)),
            Sliced => {
                let around: [(usize, usize); D] = core::array::from_fn(|axis| (axis % 2, 1));
                let whole = tensor.pad(around, f32::NAN);
                let part: [Slice; D] = core::array::from_fn(|axis| {
                    let start = around[axis].0;
                    Slice::from(start..start + dims[axis])
                });
                whole.slice(part)
            }
            Strided => {
                let gaps = tensor.clone().full_like(f32::NAN);
                let pairs = Tensor::<D>::cat(vec![flat(tensor, dims), flat(gaps, dims)], D - 1);
                let mut doubled = dims;
                doubled[D - 1] *= 2;
                let part: [Slice; D] = core::array::from_fn(|axis| match axis + 1 == D {
                    true => Slice::new(0, None, 2),
                    false => Slice::full(),
                });
                pairs.reshape(doubled).slice(part)
            }
            Flipped => compact(tensor.flip([D as isize - 1])).flip([D as isize - 1]),
        }
    }
}

/// All values as a column, which a second one beside it puts gaps into.
fn flat<const D: usize>(tensor: Tensor<D>, dims: [usize; D]) -> Tensor<D> {
    let mut column = [1; D];
    column[D - 2] = dims.iter().product();
    tensor.reshape(column)
}

/// The values of a tensor, row-major.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data().convert_dtype(DType::F64);
    data.try_into_vec::<f64>().expect("the values are f64")
}
