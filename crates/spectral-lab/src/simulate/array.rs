//! Arrays, and their files.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use npyz::{AutoSerialize, Serialize as Npy, WriterBuilder};
use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::files;

/// The number type of an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// 64 bits.
    F64,
}

impl Precision {
    /// Bytes per value.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The name in NumPy.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }
}

/// A named array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The name.
    pub name: &'static str,
    /// The shape.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Values,
}

/// Values of one of the number types.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32 bits.
    F32(Vec<f32>),
    /// 64 bits.
    F64(Vec<f64>),
}

impl Array {
    /// An array without values yet, with memory for all of them.
    pub(super) fn reserve(name: &'static str, shape: Vec<usize>, precision: Precision) -> Self {
        let elements = shape.iter().product();
        let values = match precision {
            Precision::F32 => Values::F32(Vec::with_capacity(elements)),
            Precision::F64 => Values::F64(Vec::with_capacity(elements)),
        };
        Self {
            name,
            shape,
            values,
        }
    }

    /// Appends values, rounded to the array's type.
    pub(super) fn extend(&mut self, more: &[f64]) {
        match &mut self.values {
            Values::F32(values) => values.extend(more.iter().map(|value| *value as f32)),
            Values::F64(values) => values.extend_from_slice(more),
        }
    }
}

/// From this size on, an entry needs the fields of ZIP64. Headers have a kilobyte at most.
const LARGE: u64 = u32::MAX as u64 - 1024;

/// Writes arrays to an uncompressed `.npz` file, as NumPy's `savez`; replaces an existing one atomically. The bytes
/// depend on the arrays alone.
///
/// # Errors
///
/// The system's.
pub fn write_npz(path: &Path, arrays: &[Array]) -> io::Result<()> {
    files::write_with(path, |file| {
        let mut zip = ZipWriter::new(BufWriter::new(file));
        for array in arrays {
            let bytes = match &array.values {
                Values::F32(values) => 4 * values.len() as u64,
                Values::F64(values) => 8 * values.len() as u64,
            };
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(bytes >= LARGE);
            zip.start_file(format!("{}.npy", array.name), options)?;
            match &array.values {
                Values::F32(values) => write_npy(&mut zip, &array.shape, values)?,
                Values::F64(values) => write_npy(&mut zip, &array.shape, values)?,
            }
        }
        zip.finish()?.flush()
    })
}

fn write_npy<T>(to: &mut impl Write, shape: &[usize], values: &[T]) -> io::Result<()>
where
    T: AutoSerialize + Npy + Copy,
{
    let shape: Vec<u64> = shape.iter().map(|&size| size as u64).collect();
    let mut to = BufWriter::with_capacity(1 << 16, to);
    let mut npy = npyz::WriteOptions::<T>::new()
        .default_dtype()
        .shape(&shape)
        .writer(&mut to)
        .begin_nd()?;
    npy.extend(values.iter().copied())?;
    npy.finish()?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::*;

    fn array(precision: Precision) -> Array {
        let mut array = Array::reserve("u", vec![2, 1, 3], precision);
        array.extend(&[0.1, -1.0, 2.0]);
        array.extend(&[3.0, 4.5, 1e-3]);
        array
    }

    #[test]
    fn arrays_are_read_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let mut other = array(Precision::F64);
        other.name = "x";
        let arrays = [array(Precision::F32), other];
        write_npz(&path, &arrays).unwrap();
        let first = fs::read(&path).unwrap();
        write_npz(&path, &arrays).unwrap();
        assert!(fs::read(&path).unwrap() == first);
        let mut zip = zip::ZipArchive::new(io::Cursor::new(first)).unwrap();
        assert_eq!(zip.len(), 2);
        for array in arrays {
            let entry = zip.by_name(&format!("{}.npy", array.name)).unwrap();
            let file = npyz::NpyFile::new(entry).unwrap();
            assert_eq!(file.shape(), [2, 1, 3]);
            assert_eq!(file.order(), npyz::Order::C);
            match array.values {
                Values::F32(values) => assert_eq!(file.into_vec::<f32>().unwrap(), values),
                Values::F64(values) => assert_eq!(file.into_vec::<f64>().unwrap(), values),
            }
        }
    }

    /// The layout of <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
    #[test]
    fn the_header_is_that_of_numpys_format() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        write_npz(&path, &[array(Precision::F32)]).unwrap();
        let mut zip = zip::ZipArchive::new(fs::File::open(&path).unwrap()).unwrap();
        let mut npy = Vec::new();
        zip.by_name("u.npy").unwrap().read_to_end(&mut npy).unwrap();
        assert_eq!(npy[..8], *b"\x93NUMPY\x01\x00");
        let header = 10 + usize::from(u16::from_le_bytes([npy[8], npy[9]]));
        assert_eq!((header % 64, npy[header - 1]), (0, b'\n'));
        let text = std::str::from_utf8(&npy[10..header]).unwrap();
        for part in [
            "'descr': '<f4'",
            "'fortran_order': False",
            "'shape': (2, 1, 3",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(npy.len() - header, 6 * 4);
        assert_eq!(npy[header..header + 4], 0.1_f32.to_le_bytes());
    }
}
