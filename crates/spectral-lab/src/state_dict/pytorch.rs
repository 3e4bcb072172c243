//! `.pt` files.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::rc::Rc;

use burn_spectral::operator::state_dict::{Argument, Arguments, Entry};
use zip::ZipArchive;

use super::number::{Number, entry};
use super::pickle::{self, Pickle, TensorView, Value};
use super::{StateFile, StateFileError};
use crate::limits;

/// Longer pickles are taken for damage.
const LONGEST_PICKLE: u64 = 1 << 26;

/// Arguments nested deeper are not read.
const DEEPEST: usize = 3;

/// Longer lists of arguments are not read.
const LONGEST_LIST: usize = 64;

/// The entry of a state dict with the arguments of the network.
const METADATA: &str = "_metadata";

/// Keys under which checkpoints keep a state dict beside other things.
const NESTED: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// How to save what cannot be read here.
const AS_SAFETENSORS: &str = "save it as safetensors instead: safetensors.torch.save_file({name: tensor \
     for name, tensor in model.state_dict().items() if name != '_metadata'}, 'model.safetensors')";

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<StateFile, StateFileError> {
    let file = File::open(path).map_err(StateFileError::io(path, "open"))?;
    parse(file).map_err(|reason| StateFileError::format(path, reason))
}

fn parse(file: impl Read + Seek) -> Result<StateFile, String> {
    let mut archive = Archive::open(file)?;
    let pickle = archive.entry("data.pkl", LONGEST_PICKLE)?;
    let pickle = pickle::read(&pickle).map_err(|reason| format!("{reason}; {AS_SAFETENSORS}"))?;
    let Some(entries) = state_dict(&pickle) else {
        return Err(format!(
            "the file holds no state dict (a dict of tensors); {AS_SAFETENSORS}"
        ));
    };
    let mut file = StateFile::default();
    for (name, value) in entries {
        match value {
            Value::Tensor(tensor) => {
                let entry = archive
                    .tensor(&tensor)
                    .map_err(|reason| format!("tensor '{name}': {reason}"))?;
                file.tensors.insert(name.to_string(), entry);
            }
            _ if &*name == METADATA => file.arguments = arguments(&pickle, &value),
            _ => {}
        }
    }
    Ok(file)
}

/// The entries of a dict whose keys are texts; none of anything else.
fn named(pickle: &Pickle, value: &Value) -> Vec<(Rc<str>, Value)> {
    let entries = pickle.dict(value).unwrap_or_default().iter();
    let named = entries.filter_map(|(key, value)| match key {
        Value::Text(name) => Some((name.clone(), value.clone())),
        _ => None,
    });
    named.collect()
}

/// The named entries of the dict that holds tensors.
fn state_dict(pickle: &Pickle) -> Option<Vec<(Rc<str>, Value)>> {
    let has_tensors = |entries: &Vec<(Rc<str>, Value)>| {
        let mut values = entries.iter().map(|(_, value)| value);
        values.any(|value| matches!(value, Value::Tensor(_)))
    };
    let outer = named(pickle, &pickle.root);
    if has_tensors(&outer) {
        return Some(outer);
    }
    let nested = outer.iter().filter(|(name, _)| NESTED.contains(&&**name));
    nested
        .map(|(_, value)| named(pickle, value))
        .find(has_tensors)
}

fn arguments(pickle: &Pickle, value: &Value) -> Arguments {
    let entries = named(pickle, value).into_iter();
    entries
        .map(|(name, value)| (name.to_string(), argument(pickle, &value, 0)))
        .collect()
}

fn argument(pickle: &Pickle, value: &Value, depth: usize) -> Argument {
    match value {
        Value::None => Argument::None,
        Value::Bool(value) => Argument::Bool(*value),
        Value::Int(value) => Argument::Number(*value as f64),
        Value::Float(value) => Argument::Number(*value),
        Value::Text(text) => Argument::Text(text.to_string()),
        Value::Global(name) => {
            let name = name.rsplit([' ', '.']).next().unwrap_or(name);
            Argument::Text(name.into())
        }
        Value::Sequence(_) => match pickle.sequence(value) {
            Some(items) if depth < DEEPEST && items.len() <= LONGEST_LIST => {
                let items = items.iter();
                Argument::List(
                    items
                        .map(|item| argument(pickle, item, depth + 1))
                        .collect(),
                )
            }
            _ => Argument::Dict,
        },
        _ => Argument::Dict,
    }
}

/// The archive that `torch.save` writes.
struct Archive<R> {
    zip: ZipArchive<R>,
    /// The folder in it that holds everything.
    root: String,
}

impl<R: Read + Seek> Archive<R> {
    fn open(file: R) -> Result<Self, String> {
        let zip = ZipArchive::new(file).map_err(|error| {
            format!("no archive of PyTorch 1.6 or later ({error}); {AS_SAFETENSORS}")
        })?;
        let mut names = zip.file_names().filter_map(Result::ok);
        let root = names.find_map(|name| Some(name.strip_suffix("data.pkl")?.to_string()));
        drop(names);
        let root = root.ok_or("an archive without data.pkl: not written by torch.save")?;
        let mut archive = Self { zip, root };
        match archive.entry("byteorder", 16) {
            Ok(order) if order != b"little" => Err(format!(
                "the numbers have big-endian bytes, which is not supported; {AS_SAFETENSORS}"
            )),
            _ => Ok(archive),
        }
    }

    /// The bytes of an entry of at most `most` bytes.
    fn entry(&mut self, name: &str, most: u64) -> Result<Vec<u8>, String> {
        let no = |error: &dyn std::fmt::Display| format!("entry '{name}' of the archive: {error}");
        let file = self.zip.by_name(&format!("{}{name}", self.root));
        let file = file.map_err(|error| no(&error))?;
        if file.size() > most {
            return Err(format!(
                "entry '{name}' of the archive has {} bytes, at most {most} are read",
                file.size()
            ));
        }
        let mut bytes = Vec::new();
        let mut bounded = file.take(most + 1);
        bounded
            .read_to_end(&mut bytes)
            .map_err(|error| no(&error))?;
        Ok(bytes)
    }

    /// The values of a tensor.
    fn tensor(&mut self, tensor: &TensorView) -> Result<Entry, String> {
        let class = tensor.storage.class.trim_start_matches("torch ");
        let number = number(class)
            .ok_or_else(|| format!("numbers of {class} are not supported; {AS_SAFETENSORS}"))?;
        let bytes = limits::WEIGHTS * number.bytes() as u64;
        let storage = self.entry(&format!("data/{}", tensor.storage.key), bytes)?;
        let gathered = gather(&storage, tensor, number.bytes())?;
        entry(tensor.shape.clone(), number, &gathered)
    }
}

/// The numbers of a storage class.
fn number(class: &str) -> Option<Number> {
    Some(match class {
        "HalfStorage" => Number::F16,
        "BFloat16Storage" => Number::BF16,
        "FloatStorage" => Number::F32,
        "DoubleStorage" => Number::F64,
        "ComplexFloatStorage" => Number::C64,
        "ComplexDoubleStorage" => Number::C128,
        "LongStorage" => Number::I64,
        _ => return None,
    })
}

/// The bytes of a view in C order.
fn gather(storage: &[u8], view: &TensorView, width: usize) -> Result<Vec<u8>, String> {
    let count = limits::product(view.shape.iter().copied());
    if count > limits::WEIGHTS {
        return Err(format!("the shape {:?} is too large", view.shape));
    }
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut steps = view.shape.iter().zip(&view.strides);
    let last = steps.try_fold(view.offset, |sum, (size, stride)| {
        sum.checked_add((size - 1).checked_mul(*stride)?)
    });
    let end = last.and_then(|last| last.checked_add(1)?.checked_mul(width));
    if end.is_none_or(|end| end > storage.len()) {
        return Err("the archive holds fewer values than its shape asks for".into());
    }
    let mut bytes = Vec::with_capacity(count as usize * width);
    let mut index = vec![0; view.shape.len()];
    for _ in 0..count {
        let steps = index.iter().zip(&view.strides);
        let at = view.offset + steps.map(|(index, stride)| index * stride).sum::<usize>();
        bytes.extend_from_slice(&storage[at * width..(at + 1) * width]);
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < view.shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, shape: &[usize], strides: &[usize]) -> TensorView {
        TensorView {
            storage: Rc::new(pickle::Storage {
                class: "torch ByteStorage".into(),
                key: "0".into(),
            }),
            offset,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
        }
    }

    #[test]
    fn views_are_gathered_in_their_order() {
        let storage: Vec<u8> = (0..12).collect();
        let gathered = |offset, shape: &[usize], strides: &[usize], width| {
            gather(&storage, &view(offset, shape, strides), width)
        };
        assert_eq!(
            gathered(1, &[2, 3], &[1, 3], 1).unwrap(),
            [1, 4, 7, 2, 5, 8]
        );
        assert_eq!(gathered(0, &[2], &[2], 2).unwrap(), [0, 1, 4, 5]);
        assert_eq!(gathered(5, &[], &[], 1).unwrap(), [5]);
        assert!(gathered(99, &[0, 3], &[3, 1], 1).unwrap().is_empty());
        for (offset, shape, strides) in [
            (1, [4, 3], [3, 1]),
            (12, [1, 1], [1, 1]),
            (0, [2, 2], [usize::MAX, 1]),
            (usize::MAX, [1, 1], [1, 1]),
            (0, [1 << 20, 1 << 20], [0, 0]),
        ] {
            assert!(gathered(offset, &shape, &strides, 1).is_err(), "{shape:?}");
        }
    }

    #[test]
    fn what_is_no_archive_says_how_to_save() {
        let error = parse(std::io::Cursor::new(b"\x80\x02}q\x00.")).unwrap_err();
        assert!(error.contains("save_file"), "{error}");
    }

    #[test]
    fn damaged_pickles_do_no_harm() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/state_dict/fno_2d.pt");
        let mut archive = Archive::open(File::open(path).unwrap()).unwrap();
        let whole = archive.entry("data.pkl", LONGEST_PICKLE).unwrap();
        assert!(state_dict(&pickle::read(&whole).unwrap()).is_some());
        let mut state = 1u32;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        for _ in 0..500 {
            let mut bytes = whole.clone();
            let at = draw(bytes.len());
            bytes[at] = draw(256) as u8;
            if let Ok(pickle) = pickle::read(&bytes) {
                for (_, value) in state_dict(&pickle).unwrap_or_default() {
                    argument(&pickle, &value, 0);
                    if let Value::Tensor(tensor) = value {
                        // A refusal is as good as a tensor.
                        let _ = archive.tensor(&tensor);
                    }
                }
            }
        }
    }
}
