//! Numbers in files.

use burn::tensor::{bf16, f16};
use burn_spectral::operator::state_dict::{Entry, Values};

/// How a number is stored, in little-endian bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    F16,
    BF16,
    F32,
    F64,
    /// Two F32.
    C64,
    /// Two F64.
    C128,
    I64,
}

impl Number {
    /// Bytes of a number.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 | Self::C64 | Self::I64 => 8,
            Self::C128 => 16,
        }
    }
}

/// A tensor of these bytes. Real and complex numbers become float32.
///
/// # Errors
/// If the number of bytes is not that of the shape.
pub(super) fn entry(shape: Vec<usize>, number: Number, bytes: &[u8]) -> Result<Entry, String> {
    let mut sizes = shape.iter();
    let count = sizes.try_fold(1usize, |product, size| product.checked_mul(*size));
    if count.and_then(|count| count.checked_mul(number.bytes())) != Some(bytes.len()) {
        return Err(format!(
            "{} bytes do not make the shape {shape:?} of {number:?}",
            bytes.len()
        ));
    }
    let values = match number {
        Number::F16 => Values::Real(each(bytes, |b| f16::from_le_bytes(b).to_f32())),
        Number::BF16 => Values::Real(each(bytes, |b| bf16::from_le_bytes(b).to_f32())),
        Number::F32 => Values::Real(each(bytes, f32::from_le_bytes)),
        Number::F64 => Values::Real(each(bytes, |b| f64::from_le_bytes(b) as f32)),
        Number::C64 => Values::Complex(pairs(&each(bytes, f32::from_le_bytes))),
        Number::C128 => Values::Complex(pairs(&each(bytes, |b| f64::from_le_bytes(b) as f32))),
        Number::I64 => Values::Integer(each(bytes, i64::from_le_bytes)),
    };
    Ok(Entry { shape, values })
}

/// The number of each `N` bytes.
fn each<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (whole, _) = bytes.as_chunks::<N>();
    whole.iter().map(|chunk| number(*chunk)).collect()
}

fn pairs(parts: &[f32]) -> Vec<[f32; 2]> {
    parts.as_chunks::<2>().0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_becomes_float32_or_a_pair_of_them() {
        let real = |number, bytes: &[u8]| entry(vec![1], number, bytes).unwrap().values;
        assert_eq!(real(Number::F16, &[0x00, 0xC1]), Values::Real(vec![-2.5]));
        assert_eq!(real(Number::BF16, &[0x20, 0xC0]), Values::Real(vec![-2.5]));
        let half = (-2.5f64).to_le_bytes();
        assert_eq!(real(Number::F64, &half), Values::Real(vec![-2.5]));
        assert_eq!(
            real(Number::I64, &[7, 0, 0, 0, 0, 0, 0, 0]),
            Values::Integer(vec![7])
        );
        let single = [1.5f32.to_le_bytes(), (-2.0f32).to_le_bytes()].concat();
        assert_eq!(
            real(Number::C64, &single),
            Values::Complex(vec![[1.5, -2.0]])
        );
        let double = [1.5f64.to_le_bytes(), (-2.0f64).to_le_bytes()].concat();
        assert_eq!(
            real(Number::C128, &double),
            Values::Complex(vec![[1.5, -2.0]])
        );
    }

    #[test]
    fn bytes_that_do_not_fill_the_shape_are_refused() {
        let error = entry(vec![2, 3], Number::F32, &[0; 20]).unwrap_err();
        assert_eq!(error, "20 bytes do not make the shape [2, 3] of F32");
        assert!(entry(vec![usize::MAX, 2], Number::F32, &[]).is_err());
    }
}
