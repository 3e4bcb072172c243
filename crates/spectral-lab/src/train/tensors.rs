//! Reads and checks the header of a safetensors file before any tensor is created.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use super::error::TrainError;

/// Longer headers are taken for damage; the format allows no more.
const LONGEST_HEADER: u64 = 100_000_000;

/// The header of a safetensors file.
pub(super) struct Header {
    /// The metadata.
    pub(super) metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorInfo>,
    /// Offset of the tensor data in the file.
    data: u64,
}

/// A tensor as the header describes it.
#[derive(Deserialize)]
struct TensorInfo {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// A floating-point format.
#[derive(Clone, Copy, PartialEq)]
enum Float {
    F16,
    BF16,
    F32,
    F64,
}

impl Float {
    fn named(dtype: &str) -> Option<Self> {
        match dtype {
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::BF16),
            "F32" => Some(Self::F32),
            "F64" => Some(Self::F64),
            _ => None,
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Whether a number, given as little-endian bytes, has a finite value in F32; if not, a
    /// description of it.
    fn fault(self, bytes: &[u8]) -> Option<String> {
        let half = || u16::from_le_bytes([bytes[0], bytes[1]]);
        let is_finite = match self {
            Self::F16 => half() & 0x7C00 != 0x7C00,
            Self::BF16 => half() & 0x7F80 != 0x7F80,
            Self::F32 => f32::from_le_bytes(bytes.try_into().unwrap_or_default()).is_finite(),
            Self::F64 => {
                let value = f64::from_le_bytes(bytes.try_into().unwrap_or_default());
                if value.is_finite() && !(value as f32).is_finite() {
                    return Some(format!("{value:e}, out of range of F32"));
                }
                value.is_finite()
            }
        };
        let words = || String::from("NaN or infinite");
        (!is_finite).then(words)
    }
}

impl Header {
    /// Reads and checks the header: the tensors fill the rest of the file without gaps, and each
    /// has the length given by its shape and dtype.
    ///
    /// # Errors
    ///
    /// [`TrainError::Io`] if the file cannot be read, [`TrainError::Damaged`] if it is not a
    /// complete safetensors file.
    pub(super) fn read(path: &Path) -> Result<Self, TrainError> {
        let mut file = File::open(path).map_err(TrainError::io(path, "open"))?;
        let length = file.metadata().map_err(TrainError::io(path, "read"))?.len();
        Self::parse(&mut file, length).map_err(|fault| match fault {
            Fault::Io(error) => TrainError::io(path, "read")(error),
            Fault::Format(reason) => TrainError::damaged(path, reason),
        })
    }

    /// The header of a file of `file_length` bytes.
    fn parse(file: &mut impl Read, file_length: u64) -> Result<Self, Fault> {
        let mut length = [0; 8];
        file.read_exact(&mut length)
            .map_err(|_| Fault::format("shorter than a safetensors header"))?;
        let length = u64::from_le_bytes(length);
        if length > LONGEST_HEADER {
            return Err(Fault::format("not a safetensors file"));
        }
        let mut text = Vec::new();
        file.take(length)
            .read_to_end(&mut text)
            .map_err(Fault::Io)?;
        if text.len() as u64 != length {
            return Err(Fault::format("the header is truncated"));
        }
        let no = |error| Fault::Format(format!("not a safetensors file: {error}"));
        let mut entries: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&text).map_err(no)?;
        let metadata = match entries.remove("__metadata__") {
            Some(value) => serde_json::from_value(value).map_err(no)?,
            None => BTreeMap::new(),
        };
        let mut tensors = BTreeMap::new();
        for (name, entry) in entries {
            let info: TensorInfo = serde_json::from_value(entry)
                .map_err(|error| Fault::Format(format!("tensor '{name}': {error}")))?;
            tensors.insert(name, info);
        }
        let header = Self {
            metadata,
            tensors,
            data: 8 + length,
        };
        header.check_extents(file_length.saturating_sub(header.data))?;
        Ok(header)
    }

    /// Checks that the tensors fill `data` bytes without gaps.
    fn check_extents(&self, data: u64) -> Result<(), Fault> {
        let mut extents: Vec<_> = self.tensors.iter().collect();
        extents.sort_by_key(|(_, info)| info.data_offsets);
        let mut end = 0;
        for (name, info) in extents {
            let [from, to] = info.data_offsets;
            let length = to.checked_sub(from).filter(|_| from == end && to <= data);
            let Some(length) = length else {
                return Err(Fault::Format(format!(
                    "tensor '{name}' is at bytes {from} to {to}; it must start at {end} and end by \
                     {data}"
                )));
            };
            let shape = || format!("{:?} of {}", info.shape, info.dtype);
            let elements = info
                .shape
                .iter()
                .try_fold(1u64, |product, &size| product.checked_mul(size));
            let elements = elements.ok_or_else(|| {
                Fault::Format(format!("tensor '{name}' is too large: {}", shape()))
            })?;
            if let Some(float) = Float::named(&info.dtype)
                && elements.checked_mul(float.bytes() as u64) != Some(length)
            {
                return Err(Fault::Format(format!(
                    "tensor '{name}' has {length} bytes, expected {}",
                    shape()
                )));
            }
            end = to;
        }
        match end == data {
            true => Ok(()),
            false => Err(Fault::Format(format!(
                "the tensors take {end} bytes, but the file holds {data}"
            ))),
        }
    }

    /// Rejects tensors that are not floating-point, except those whose name ends in `ignored`.
    ///
    /// # Errors
    ///
    /// [`TrainError::Dtype`] for the first.
    pub(super) fn check_dtypes(&self, path: &Path, ignored: &str) -> Result<(), TrainError> {
        let mut others = self
            .tensors
            .iter()
            .filter(|(name, info)| Float::named(&info.dtype).is_none() && !name.ends_with(ignored));
        match others.next() {
            None => Ok(()),
            Some((name, info)) => Err(TrainError::Dtype {
                path: path.to_path_buf(),
                tensor: name.clone(),
                dtype: info.dtype.clone(),
            }),
        }
    }

    /// The dtypes of its floating-point tensors other than F32, without duplicates.
    pub(super) fn other_precisions(&self) -> Vec<&str> {
        let floats = self.tensors.values().map(|info| info.dtype.as_str());
        let mut others: Vec<&str> = floats
            .filter(|dtype| Float::named(dtype).is_some_and(|float| float != Float::F32))
            .collect();
        others.sort_unstable();
        others.dedup();
        others
    }

    /// The number of values in all floating-point tensors.
    pub(super) fn values(&self) -> u64 {
        let values = self.tensors.values().filter_map(|info| {
            let bytes = Float::named(&info.dtype)?.bytes() as u64;
            Some((info.data_offsets[1] - info.data_offsets[0]) / bytes)
        });
        values.sum()
    }

    /// Rejects numbers that are NaN, infinite, or too large for F32.
    ///
    /// # Errors
    ///
    /// [`TrainError::NotFinite`] for the first such tensor; [`TrainError::Io`].
    pub(super) fn check_finite(&self, path: &Path) -> Result<(), TrainError> {
        let mut file = File::open(path).map_err(TrainError::io(path, "open"))?;
        for (name, info) in &self.tensors {
            let Some(float) = Float::named(&info.dtype) else {
                continue;
            };
            let [from, to] = info.data_offsets;
            file.seek(SeekFrom::Start(self.data + from))
                .map_err(TrainError::io(path, "read"))?;
            let mut bytes = BufReader::with_capacity(1 << 16, (&mut file).take(to - from));
            let mut number = [0; 8];
            let number = &mut number[..float.bytes()];
            for index in 0..(to - from) / float.bytes() as u64 {
                bytes
                    .read_exact(number)
                    .map_err(TrainError::io(path, "read"))?;
                if let Some(value) = float.fault(number) {
                    return Err(TrainError::NotFinite {
                        path: path.to_path_buf(),
                        tensor: name.clone(),
                        index,
                        value,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Checks that every weight in a file of weights is finite, also in F32.
///
/// # Errors
///
/// [`TrainError::NotFinite`] naming file, tensor and value; [`TrainError::Io`] and
/// [`TrainError::Damaged`].
pub fn check_finite_weights(path: &Path) -> Result<(), TrainError> {
    Header::read(path)?.check_finite(path)
}

/// The dtypes other than F32 in a file of weights, which are converted on loading: `F64`, `F16`,
/// `BF16`.
///
/// # Errors
///
/// [`TrainError::Io`] and [`TrainError::Damaged`].
pub fn converted_precisions(path: &Path) -> Result<Vec<String>, TrainError> {
    let header = Header::read(path)?;
    Ok(header
        .other_precisions()
        .iter()
        .map(ToString::to_string)
        .collect())
}

/// The error of a header that cannot be read.
enum Fault {
    Io(std::io::Error),
    Format(String),
}

impl Fault {
    fn format(reason: &str) -> Self {
        Self::Format(reason.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of that header and so many bytes of data.
    fn parse(header: &str, data: u64) -> Result<Header, String> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        let length = bytes.len() as u64 + data;
        Header::parse(&mut &bytes[..], length).map_err(|fault| match fault {
            Fault::Io(error) => error.to_string(),
            Fault::Format(reason) => reason,
        })
    }

    fn tensor(dtype: &str, shape: &str, from: u64, to: u64) -> String {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    }

    #[test]
    fn a_header_that_the_file_does_not_bear_out_is_refused_with_the_tensor() {
        let one = |dtype, shape, from, to| format!(r#"{{"w":{}}}"#, tensor(dtype, shape, from, to));
        assert_eq!(parse(&one("F32", "[2,3]", 0, 24), 24).unwrap().values(), 6);
        for (header, data, part) in [
            (one("F32", "[2,3]", 0, 24), 23, "'w' is at bytes 0 to 24"),
            (one("F32", "[2,3]", 0, 24), 25, "the file holds 25"),
            (one("F32", "[2,3]", 1, 25), 25, "'w' is at bytes 1 to 25"),
            (one("F32", "[2,3]", 24, 0), 24, "'w' is at bytes 24 to 0"),
            (one("F32", "[2,4]", 0, 24), 24, "'w' has 24 bytes"),
            (one("F64", "[2,3]", 0, 24), 24, "[2, 3] of F64"),
            (
                one("F32", "[9223372036854775807,4]", 0, 24),
                24,
                "too large",
            ),
            (one("F32", "[-1]", 0, 24), 24, "'w'"),
            ("[]".into(), 0, "not a safetensors file"),
        ] {
            let error = parse(&header, data).err().unwrap();
            assert!(error.contains(part), "{part} in: {error}");
        }
        let overlapping = format!(
            r#"{{"a":{},"b":{}}}"#,
            tensor("F32", "[2]", 0, 8),
            tensor("F32", "[2]", 4, 12)
        );
        assert!(parse(&overlapping, 12).is_err());
    }

    #[test]
    fn numbers_that_are_not_finite_in_single_precision_are_told() {
        assert!(Float::F32.fault(&f32::MAX.to_le_bytes()).is_none());
        assert!(Float::F32.fault(&f32::NAN.to_le_bytes()).is_some());
        assert!(Float::F64.fault(&1e30f64.to_le_bytes()).is_none());
        assert!(Float::F64.fault(&f64::NEG_INFINITY.to_le_bytes()).is_some());
        let told = Float::F64.fault(&1e300f64.to_le_bytes()).unwrap();
        assert!(told.contains("1e300"), "{told}");
        // 65504 and infinity in F16; the largest BF16 and NaN.
        assert!(Float::F16.fault(&0x7BFFu16.to_le_bytes()).is_none());
        assert!(Float::F16.fault(&0x7C00u16.to_le_bytes()).is_some());
        assert!(Float::BF16.fault(&0x7F7Fu16.to_le_bytes()).is_none());
        assert!(Float::BF16.fault(&0xFFC0u16.to_le_bytes()).is_some());
    }
}
