//! Safetensors files.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use burn_spectral::operator::state_dict::{Entry, Values};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, serialize};

use super::number::{Number, entry};
use super::{StateFile, StateFileError, arguments};
use crate::files;

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<StateFile, StateFileError> {
    let bytes = fs::read(path).map_err(StateFileError::io(path, "read"))?;
    parse(&bytes).map_err(|reason| StateFileError::format(path, reason))
}

/// Writes a file.
pub(super) fn write(path: &Path, file: &StateFile) -> Result<(), StateFileError> {
    let bytes = contents(file).map_err(|reason| StateFileError::format(path, reason))?;
    files::write(path, &bytes).map_err(StateFileError::io(path, "write"))
}

fn parse(bytes: &[u8]) -> Result<StateFile, String> {
    let no = |error| format!("not a safetensors file: {error}");
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(no)?;
    let text = metadata.metadata().as_ref();
    let text = text.and_then(|entries| entries.get(arguments::KEY));
    let mut file = StateFile {
        arguments: text.map_or(Ok(Default::default()), |text| arguments::parse(text))?,
        ..Default::default()
    };
    for (name, view) in SafeTensors::deserialize(bytes).map_err(no)?.iter() {
        let number = number(view.dtype()).ok_or_else(|| {
            format!(
                "tensor '{name}' is of {:?}; accepted: F16, BF16, F32, F64, C64, I64",
                view.dtype()
            )
        })?;
        let entry = entry(view.shape().to_vec(), number, view.data());
        let entry = entry.map_err(|reason| format!("tensor '{name}': {reason}"))?;
        file.tensors.insert(name.into(), entry);
    }
    Ok(file)
}

fn number(dtype: Dtype) -> Option<Number> {
    Some(match dtype {
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        Dtype::F32 => Number::F32,
        Dtype::F64 => Number::F64,
        Dtype::C64 => Number::C64,
        Dtype::I64 => Number::I64,
        _ => return None,
    })
}

fn contents(file: &StateFile) -> Result<Vec<u8>, String> {
    let bytes: Vec<(&str, &Entry, Dtype, Vec<u8>)> = file
        .tensors
        .iter()
        .map(|(name, entry)| {
            let (dtype, bytes) = bytes(&entry.values);
            (name.as_str(), entry, dtype, bytes)
        })
        .collect();
    let mut views = Vec::new();
    for (name, entry, dtype, bytes) in &bytes {
        let view = TensorView::new(*dtype, entry.shape.clone(), bytes);
        views.push((
            *name,
            view.map_err(|error| format!("tensor '{name}': {error}"))?,
        ));
    }
    let metadata = (!file.arguments.is_empty()).then(|| {
        let text = arguments::text(&file.arguments);
        HashMap::from([(arguments::KEY.to_string(), text)])
    });
    serialize(views, metadata).map_err(|error| error.to_string())
}

fn bytes(values: &Values) -> (Dtype, Vec<u8>) {
    match values {
        Values::Real(values) => {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            (Dtype::F32, bytes.collect())
        }
        Values::Complex(values) => {
            let parts = values.iter().flatten();
            (
                Dtype::C64,
                parts.flat_map(|part| part.to_le_bytes()).collect(),
            )
        }
        Values::Integer(values) => {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            (Dtype::I64, bytes.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use burn_spectral::operator::state_dict::Argument;

    use super::*;

    fn file() -> StateFile {
        let mut file = StateFile::default();
        let mut add = |name: &str, entry| file.tensors.insert(name.into(), entry);
        add("a.bias", Entry::real([2, 1], vec![1.0, -2.5]));
        add(
            "a.weight",
            Entry::complex([2], vec![[0.5, -1.0], [2.0, 3.0]]),
        );
        add(
            "count",
            Entry {
                shape: vec![],
                values: Values::Integer(vec![7]),
            },
        );
        file.arguments
            .insert("n_layers".into(), Argument::Number(3.0));
        file
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(parse(&contents(&file()).unwrap()), Ok(file()));
        let bare = StateFile {
            arguments: Default::default(),
            ..file()
        };
        assert_eq!(parse(&contents(&bare).unwrap()), Ok(bare));
    }

    #[test]
    fn damage_and_unknown_numbers_are_named() {
        let good = contents(&file()).unwrap();
        for bytes in [&good[..good.len() - 1], &good[..20], b"PK\x03\x04", b""] {
            let error = parse(bytes).unwrap_err();
            assert!(error.starts_with("not a safetensors file"), "{error}");
        }
        let view = TensorView::new(Dtype::U8, vec![1], &[1]).unwrap();
        let bytes = serialize([("mask", view)], None).unwrap();
        assert!(
            parse(&bytes)
                .unwrap_err()
                .starts_with("tensor 'mask' is of U8")
        );
    }
}
