//! Arrays in NumPy's format, read as float32 in C order.

use std::io::{self, Read};

use burn::tensor::f16;
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};

use super::error::FieldError;
use crate::limits;

/// Longest header, as in NumPy.
const HEADER: usize = 10_000;

/// Brackets in brackets of a header of numbers: a dictionary and a tuple.
const NESTING: usize = 4;

/// Values that are converted at a time.
const BLOCK: usize = 1 << 16;

/// An array in C order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NpyArray {
    /// Its file and name.
    pub place: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// A number type: its name in NumPy, its bytes, and the conversion of little-endian numbers.
struct Number {
    name: String,
    bytes: usize,
    decode: fn(&[u8], &mut Vec<f32>),
}

macro_rules! decode {
    ($number:ty, $value:ident => $float:expr) => {
        |bytes, values| {
            let (numbers, _) = bytes.as_chunks::<{ size_of::<$number>() }>();
            values.extend(numbers.iter().map(|number| {
                let $value = <$number>::from_le_bytes(*number);
                $float
            }));
        }
    };
}

impl Number {
    /// The type of that kind and number of bytes.
    fn new(kind: TypeChar, bytes: u64) -> Option<Self> {
        let decode: fn(&[u8], &mut Vec<f32>) = match (kind, bytes) {
            (TypeChar::Float, 2) => decode!(f16, value => value.to_f32()),
            (TypeChar::Float, 4) => decode!(f32, value => value),
            (TypeChar::Float, 8) => decode!(f64, value => value as f32),
            (TypeChar::Uint | TypeChar::Bool, 1) => decode!(u8, value => f32::from(value)),
            (TypeChar::Uint, 2) => decode!(u16, value => f32::from(value)),
            (TypeChar::Uint, 4) => decode!(u32, value => value as f32),
            (TypeChar::Uint, 8) => decode!(u64, value => value as f32),
            (TypeChar::Int, 1) => decode!(i8, value => f32::from(value)),
            (TypeChar::Int, 2) => decode!(i16, value => f32::from(value)),
            (TypeChar::Int, 4) => decode!(i32, value => value as f32),
            (TypeChar::Int, 8) => decode!(i64, value => value as f32),
            _ => return None,
        };
        Some(Self {
            name: type_name(kind, bytes),
            bytes: bytes as usize,
            decode,
        })
    }
}

/// The name in NumPy.
fn type_name(kind: TypeChar, bytes: u64) -> String {
    let bits = bytes.saturating_mul(8);
    match kind {
        TypeChar::Bool => "bool".into(),
        TypeChar::Int => format!("int{bits}"),
        TypeChar::Uint => format!("uint{bits}"),
        TypeChar::Float => format!("float{bits}"),
        TypeChar::Complex => format!("complex{bits}"),
        TypeChar::Object => "object".into(),
        TypeChar::ByteStr | TypeChar::UnicodeStr => "string".into(),
        TypeChar::DateTime => "datetime64".into(),
        TypeChar::TimeDelta => "timedelta64".into(),
        _ => "void".into(),
    }
}

impl NpyArray {
    /// Reads an array of at most `available` bytes, and to the end of the stream. Its memory in float32 is taken from
    /// `budget`, in bytes.
    pub(super) fn read(
        mut from: impl Read,
        place: &str,
        available: u64,
        budget: &mut u64,
    ) -> Result<Self, FieldError> {
        let damaged = |reason: String| FieldError::Damaged {
            place: place.into(),
            reason,
        };
        let header = read_header(&mut from).map_err(damaged)?;
        let shape: Vec<usize> = header.shape().iter().map(|&size| size as usize).collect();
        let (number, swapped) = number(&header.dtype()).map_err(|found| FieldError::Type {
            array: place.into(),
            found,
        })?;
        if shape.contains(&0) {
            return Err(FieldError::Empty {
                array: place.into(),
                shape,
            });
        }
        let count = limits::product(shape.iter().copied());
        let memory = count.saturating_mul(4);
        *budget = match budget.checked_sub(memory) {
            Some(left) => left,
            None => {
                return Err(FieldError::TooLarge {
                    array: place.into(),
                    shape,
                    memory: limits::floats(count),
                    most: limits::memory(limits::SET),
                });
            }
        };
        let expected = count.saturating_mul(number.bytes as u64);
        let truncated = |shape: &[usize], found| FieldError::Truncated {
            array: place.into(),
            shape: shape.to_vec(),
            type_name: number.name.clone(),
            expected,
            found,
        };
        if expected > available {
            return Err(truncated(&shape, available));
        }
        let mut values = Vec::with_capacity(count as usize);
        let mut block = vec![0; BLOCK.min(count as usize) * number.bytes];
        let mut read = 0;
        while read < expected {
            let want = (expected - read).min(block.len() as u64) as usize;
            let found =
                read_up_to(&mut from, &mut block[..want]).map_err(|e| damaged(e.to_string()))?;
            read += found as u64;
            if found < want {
                return Err(truncated(&shape, read));
            }
            if swapped {
                block[..want]
                    .chunks_exact_mut(number.bytes)
                    .for_each(<[u8]>::reverse);
            }
            (number.decode)(&block[..want], &mut values);
        }
        // At the end of an archive's entry its checksum is compared.
        match read_up_to(&mut from, &mut [0]).map_err(|e| damaged(e.to_string()))? {
            0 => {}
            _ => {
                return Err(FieldError::TooLong {
                    array: place.into(),
                    shape,
                });
            }
        }
        if header.order() == Order::Fortran {
            values = from_fortran(&values, &shape);
        }
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(Self {
                place: place.into(),
                shape,
                values,
            }),
            Some(at) => Err(FieldError::NotFinite {
                array: place.into(),
                index: index(at, &shape),
                value: values[at],
            }),
        }
    }
}

/// The number type, and whether its bytes are in the other order; else the name of the type.
fn number(dtype: &DType) -> Result<(Number, bool), String> {
    match dtype {
        DType::Plain(plain) => {
            let (kind, bytes) = (plain.type_char(), plain.size_field());
            let number = Number::new(kind, bytes).ok_or_else(|| type_name(kind, bytes))?;
            Ok((number, plain.endianness() == Endianness::Big))
        }
        _ => Err("record".into()),
    }
}

/// The header, once it is known that the parser takes it without deep recursion or an overflow.
fn read_header(from: &mut impl Read) -> Result<NpyHeader, String> {
    let mut bytes = vec![0; 10];
    let mut fill = |bytes: &mut [u8]| match read_up_to(from, bytes) {
        Ok(read) if read == bytes.len() => Ok(()),
        Ok(_) => Err("the header of an .npy array is incomplete".to_string()),
        Err(error) => Err(error.to_string()),
    };
    fill(&mut bytes)?;
    if bytes[..6] != *b"\x93NUMPY" {
        return Err("no .npy array: the first bytes are not \\x93NUMPY".into());
    }
    let length = match bytes[6] {
        1 => usize::from(u16::from_le_bytes([bytes[8], bytes[9]])),
        2 | 3 => {
            bytes.resize(12, 0);
            fill(&mut bytes[10..])?;
            u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize
        }
        version => {
            return Err(format!(
                "version {version} of the .npy format; accepted: 1 to 3"
            ));
        }
    };
    if length > HEADER {
        return Err(format!(
            "a header of {length} bytes; accepted: at most {HEADER}"
        ));
    }
    let start = bytes.len();
    bytes.resize(start + length, 0);
    fill(&mut bytes[start..])?;
    check_header(&bytes[start..])?;
    NpyHeader::from_reader(&bytes[..]).map_err(|error| format!("invalid header: {error}"))
}

fn check_header(text: &[u8]) -> Result<(), String> {
    let mut depth = 0usize;
    for byte in text {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING {
            return Err("a header of nested lists; accepted: one type for all numbers".into());
        }
    }
    // Of all numbers, and so of the sizes: the parser multiplies these without checking.
    let mut product = 1u64;
    for digits in text
        .split(|byte| !byte.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
    {
        let number = (digits.iter()).fold(0u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        product = product.saturating_mul(number.max(1));
    }
    match product < 1 << 60 {
        true => Ok(()),
        false => Err("the sizes in the header are beyond any memory".into()),
    }
}

/// Fills `buffer` unless the stream ends before; returns how many bytes were read.
fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The values in C order of an array in Fortran order.
fn from_fortran(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let Some((&last, leading)) = shape.split_last() else {
        return values.to_vec();
    };
    // Position in Fortran order of the current row, whose elements are `stride` apart.
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let stride = strides[shape.len() - 1];
    let mut at = vec![0; leading.len()];
    let mut ordered = Vec::with_capacity(values.len());
    for _ in 0..values.len() / last {
        let start: usize = at
            .iter()
            .zip(&strides)
            .map(|(at, stride)| at * stride)
            .sum();
        ordered.extend((0..last).map(|n| values[start + n * stride]));
        for axis in (0..leading.len()).rev() {
            at[axis] += 1;
            if at[axis] < leading[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
    ordered
}

/// The index along each axis of a position in C order.
fn index(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (axis, &size) in shape.iter().enumerate().rev() {
        index[axis] = at % size;
        at /= size;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array file with this header text.
    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<NpyArray, String> {
        let mut budget = 1 << 20;
        NpyArray::read(bytes, "a.npy", bytes.len() as u64, &mut budget).map_err(|e| e.to_string())
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n")
    }

    #[test]
    fn every_number_type_in_both_byte_orders() {
        let cases: [(&str, Vec<u8>); 12] = [
            (
                "<f2",
                [f16::from_f32(1.0), f16::from_f32(-2.0)]
                    .map(f16::to_le_bytes)
                    .concat(),
            ),
            (
                ">f2",
                [f16::from_f32(1.0), f16::from_f32(-2.0)]
                    .map(f16::to_be_bytes)
                    .concat(),
            ),
            ("<f4", [1f32, -2.0].map(f32::to_le_bytes).concat()),
            (">f4", [1f32, -2.0].map(f32::to_be_bytes).concat()),
            ("<f8", [1f64, -2.0].map(f64::to_le_bytes).concat()),
            (">f8", [1f64, -2.0].map(f64::to_be_bytes).concat()),
            ("|i1", [1i8, -2].map(i8::to_le_bytes).concat()),
            ("<i2", [1i16, -2].map(i16::to_le_bytes).concat()),
            (">i2", [1i16, -2].map(i16::to_be_bytes).concat()),
            ("<i4", [1i32, -2].map(i32::to_le_bytes).concat()),
            ("<i8", [1i64, -2].map(i64::to_le_bytes).concat()),
            (">i8", [1i64, -2].map(i64::to_be_bytes).concat()),
        ];
        for (descr, data) in cases {
            let array = read(&file(&header(descr, "False", "(2,)"), &data)).unwrap();
            assert_eq!(
                (array.shape, array.values),
                (vec![2], vec![1.0, -2.0]),
                "{descr}"
            );
        }
        let unsigned: [(&str, Vec<u8>); 5] = [
            ("|u1", vec![1, 200]),
            ("|b1", vec![1, 200]),
            ("<u2", vec![1, 0, 200, 0]),
            ("<u4", [1u32, 200].map(u32::to_le_bytes).concat()),
            (">u8", [1u64, 200].map(u64::to_be_bytes).concat()),
        ];
        for (descr, data) in unsigned {
            let array = read(&file(&header(descr, "False", "(2,)"), &data)).unwrap();
            assert_eq!(array.values, [1.0, 200.0], "{descr}");
        }
    }

    #[test]
    fn fortran_order_becomes_c_order() {
        // The element at [i, j, k] is 100 i + 10 j + k.
        let (shape, mut data) = ([2, 3, 4], Vec::new());
        for k in 0..4u8 {
            for j in 0..3 {
                for i in 0..2 {
                    data.push(100 * i + 10 * j + k);
                }
            }
        }
        let array = read(&file(&header("|u1", "True", "(2, 3, 4)"), &data)).unwrap();
        for (at, value) in array.values.iter().enumerate() {
            let index = index(at, &shape);
            assert_eq!(*value, (100 * index[0] + 10 * index[1] + index[2]) as f32);
        }
        let array = read(&file(&header("|u1", "True", "(5,)"), &[0, 1, 2, 3, 4])).unwrap();
        assert_eq!(array.values, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn what_is_not_an_array_of_numbers_is_named() {
        let deep = format!("{}1{}", "(".repeat(4000), ")".repeat(4000));
        let cases: [(Vec<u8>, &str); 14] = [
            (b"PK\x03\x04 and more".to_vec(), "\\x93NUMPY"),
            (b"\x93NUMPY".to_vec(), "incomplete"),
            (b"\x93NUMPY\x09\x00\x10\x00".to_vec(), "version 9"),
            (
                b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
                "at most 10000",
            ),
            (file("{'descr': '<f4'}\n", &[]), "fortran_order"),
            (file(&deep, &[]), "nested lists"),
            (
                file(&header("|O", "False", "(2,)"), &[0; 8]),
                "type object (pickled",
            ),
            (
                file(&header("<c8", "False", "(2,)"), &[0; 16]),
                "complex64 (save real",
            ),
            (
                file(&header("<f16", "False", "(1,)"), &[0; 16]),
                "type float128;",
            ),
            (file(&header("<f4", "False", "(2, 0)"), &[]), "is empty"),
            (
                file(&header("<f4", "False", "(3,)"), &[0; 8]),
                "shape [3] of float32 needs 12 bytes",
            ),
            (
                file(&header("<f4", "False", "(1,)"), &[0; 8]),
                "more content",
            ),
            (
                file(&header("<f4", "False", "(9999999, 9999)"), &[]),
                "at most 16.0 GB",
            ),
            (
                file(&header("<f4", "False", "(18446744073709551615, 2)"), &[]),
                "beyond any memory",
            ),
        ];
        for (bytes, part) in cases {
            let error = read(&bytes).unwrap_err();
            assert!(
                error.starts_with("a.npy: ") && error.contains(part),
                "{part}: {error}"
            );
        }
    }

    #[test]
    fn values_that_are_not_finite_are_named_with_their_place() {
        let data = [0.0, 1.0, 2.0, f64::NAN, f64::INFINITY, 0.0]
            .map(f64::to_le_bytes)
            .concat();
        let error = read(&file(&header("<f8", "False", "(2, 3)"), &data)).unwrap_err();
        assert!(error.contains("the value at [1, 0] is NaN"), "{error}");
        let error = read(&file(
            &header("<f8", "False", "(1,)"),
            &1e300f64.to_le_bytes(),
        ))
        .unwrap_err();
        assert!(
            error.contains("[0] is inf") && error.contains("range of float32"),
            "{error}"
        );
    }
}
