//! Arrays in files: `.npz` archives and `.npy` files.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::error::FieldError;
use super::npy::NpyArray;
use crate::data::DataError;
use crate::limits;

/// The most bytes that deflate packs into one.
const RATIO: u64 = 1032;

/// The arrays of a file that have a known name, and the names of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Arrays {
    /// Names and arrays, in the order of the file.
    arrays: Vec<(String, NpyArray)>,
    /// The names of all arrays.
    pub names: Vec<String>,
}

impl Arrays {
    /// Takes out the array of that name.
    pub(super) fn take(&mut self, name: &str) -> Option<NpyArray> {
        let at = self.arrays.iter().position(|(key, _)| key == name)?;
        Some(self.arrays.swap_remove(at).1)
    }

    /// Reads the arrays of `keys` from an `.npz` file, or a `.npy` file as an array named `u`.
    pub(super) fn open(path: &Path, keys: &[&str]) -> Result<Self, DataError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let archive = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("npz") => true,
            Some("npy") => false,
            _ => {
                let path = path.to_path_buf();
                return Err(FieldError::FileType { path }.into());
            }
        };
        let file = File::open(path).map_err(DataError::io(path))?;
        let length = file.metadata().map_err(DataError::io(path))?.len();
        let file = BufReader::new(file);
        let place = path.display().to_string();
        match archive {
            true => Ok(Self::from_archive(file, length, &place, keys)?),
            false => {
                let array = NpyArray::read(file, &place, length, &mut limits::SET.clone())?;
                Ok(Self {
                    arrays: vec![("u".into(), array)],
                    names: vec!["u".into()],
                })
            }
        }
    }

    /// Reads the arrays of `keys` from an archive of `length` bytes.
    pub(super) fn from_archive(
        file: impl Read + Seek,
        length: u64,
        place: &str,
        keys: &[&str],
    ) -> Result<Self, FieldError> {
        let damaged = |error: ZipError| FieldError::Damaged {
            place: place.into(),
            reason: error.to_string(),
        };
        let mut zip = ZipArchive::new(file).map_err(damaged)?;
        let mut found = Self::default();
        let mut budget = limits::SET;
        for index in 0..zip.len() {
            let name = match zip.name_for_index(index) {
                Some(name) => name.map_err(damaged)?.into_owned(),
                None => continue,
            };
            let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else {
                continue;
            };
            found.names.push(name.clone());
            let known = keys.contains(&name.as_str());
            if !known || found.arrays.iter().any(|(other, _)| *other == name) {
                continue;
            }
            let array = format!("{place}: '{name}'");
            let entry = zip.by_index(index).map_err(|error| match error {
                ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
                    FieldError::Packing {
                        array: array.clone(),
                        reason: error.to_string(),
                    }
                }
                error => FieldError::Damaged {
                    place: array.clone(),
                    reason: error.to_string(),
                },
            })?;
            // The sizes in an archive can be wrong.
            let packed = entry.compressed_size().min(length);
            let available = entry.size().min(packed.saturating_mul(RATIO));
            let values = NpyArray::read(entry, &array, available, &mut budget)?;
            found.arrays.push((name, values));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn npy(shape: &str, values: &[f32]) -> Vec<u8> {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    fn archive(entries: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            let options = SimpleFileOptions::default().compression_method(method);
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn read(bytes: Vec<u8>) -> Result<Arrays, String> {
        let length = bytes.len() as u64;
        let read = Arrays::from_archive(Cursor::new(bytes), length, "a.npz", &["x", "y"]);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn known_arrays_are_read_and_all_are_named() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let entries = [
                ("note.txt", b"text".to_vec()),
                ("other.npy", b"not even an array".to_vec()),
                ("y.npy", npy("(2,)", &[3.0, 4.0])),
                ("x.npy", npy("(1, 2)", &[1.0, 2.0])),
            ];
            let mut arrays = read(archive(&entries, method)).unwrap();
            assert_eq!(arrays.names, ["other", "y", "x"]);
            let x = arrays.take("x").unwrap();
            assert_eq!((x.shape, x.values), (vec![1, 2], vec![1.0, 2.0]));
            assert_eq!(arrays.take("y").unwrap().values, [3.0, 4.0]);
            assert!(arrays.take("other").is_none());
        }
    }

    #[test]
    fn every_truncation_and_changed_byte_of_the_data_is_an_error() {
        let values: Vec<f32> = (0..50).map(|value| (value as f32).sin()).collect();
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = archive(&[("x.npy", npy("(50,)", &values))], method);
            for length in 0..bytes.len() {
                let error = read(bytes[..length].to_vec()).unwrap_err();
                assert!(
                    error.starts_with("a.npz: damaged or truncated"),
                    "{length}: {error}"
                );
            }
            // Within the data: the checksum tells.
            for at in [120, 200] {
                let mut changed = bytes.clone();
                changed[at] ^= 4;
                let error = read(changed).unwrap_err();
                // Deflated data may also end too early.
                let told = error.contains("damaged") || error.contains("truncated");
                assert!(told && error.starts_with("a.npz: 'x': "), "{at}: {error}");
            }
        }
    }
}
