//! Reads pickles of plain data and tensors.
//!
//! A pickle is a program for a stack machine. This one knows containers, numbers, texts and the few
//! functions by which PyTorch rebuilds tensors; any other function or class is kept as its name, and
//! what it would build as [`Value::Opaque`]. Nothing is imported or executed.

mod machine;
mod rebuild;

use std::rc::Rc;

use machine::Machine;

/// What a pickle holds.
///
/// Containers refer to each other by number, so that neither cycles nor deep nesting need care.
pub(super) struct Pickle {
    /// The object.
    pub(super) root: Value,
    containers: Containers,
}

/// Containers by number.
#[derive(Default)]
struct Containers {
    sequences: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
}

impl Pickle {
    /// The items of a tuple or list.
    pub(super) fn sequence(&self, value: &Value) -> Option<&[Value]> {
        self.containers.sequence(value)
    }

    /// The entries of a dict in their order.
    pub(super) fn dict(&self, value: &Value) -> Option<&[(Value, Value)]> {
        self.containers.dict(value)
    }
}

impl Containers {
    fn sequence(&self, value: &Value) -> Option<&[Value]> {
        match value {
            Value::Sequence(number) => self.sequences.get(*number).map(Vec::as_slice),
            _ => None,
        }
    }

    fn dict(&self, value: &Value) -> Option<&[(Value, Value)]> {
        match value {
            Value::Dict(number) => self.dicts.get(*number).map(Vec::as_slice),
            _ => None,
        }
    }

    fn add_sequence(&mut self, items: Vec<Value>) -> Value {
        self.sequences.push(items);
        Value::Sequence(self.sequences.len() - 1)
    }

    fn add_dict(&mut self) -> Value {
        self.dicts.push(Vec::new());
        Value::Dict(self.dicts.len() - 1)
    }

    fn count(&self) -> usize {
        self.sequences.len() + self.dicts.len()
    }
}

/// A Python object.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    /// A tuple or list.
    Sequence(usize),
    Dict(usize),
    /// A function or class, by module and name.
    Global(Rc<str>),
    /// The values of one or more tensors.
    Storage(Rc<Storage>),
    Tensor(Rc<TensorView>),
    /// Anything else.
    Opaque,
}

/// Where the values of tensors are kept.
#[derive(Debug)]
pub(super) struct Storage {
    /// Its class: `torch FloatStorage`.
    pub(super) class: Rc<str>,
    /// Its name in the archive.
    pub(super) key: Rc<str>,
}

/// A tensor as a view of a storage, in elements.
#[derive(Debug)]
pub(super) struct TensorView {
    pub(super) storage: Rc<Storage>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// Runs a pickle and returns its object.
///
/// # Errors
/// If it ends early, or does what is not supported.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, String> {
    let mut machine = Machine::new(bytes);
    loop {
        if let Some(root) = machine.step()? {
            return Ok(Pickle {
                root,
                containers: machine.into_containers(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_shared_and_filled_after_they_are_remembered() {
        // {'a': l, 'b': l} with l = [1, -2, 0.5], whose list is remembered while empty.
        let pickle = b"\x80\x02}q\x00(X\x01\x00\x00\x00a]q\x01(K\x01J\xfe\xff\xff\xffG?\xe0\0\0\0\0\0\0eX\x01\x00\x00\x00bh\x01u.";
        let pickle = read(pickle).unwrap();
        let dict = pickle.dict(&pickle.root).unwrap();
        assert_eq!(dict.len(), 2);
        for (_, value) in dict {
            let list = pickle.sequence(value).unwrap();
            assert!(matches!(
                list,
                [Value::Int(1), Value::Int(-2), Value::Float(half)] if *half == 0.5
            ));
        }
    }

    #[test]
    fn unknown_functions_are_not_called() {
        let value = read(b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R.").unwrap();
        assert!(matches!(value.root, Value::Opaque));
        let Value::Global(name) = read(b"ctorch._C._nn\ngelu\n.").unwrap().root else {
            panic!("no function");
        };
        assert_eq!(&*name, "torch._C._nn gelu");
    }

    #[test]
    fn damaged_pickles_are_refused() {
        for pickle in [
            &b""[..],
            b"(",
            b".",
            b"h\x07.",
            b"X\xff\xff\xff\xffa",
            b"K\x01K\x02s.",
            b"(K\x01R.",
            b"ctorch",
            b"\xfe",
            b"K\x01Q.",
            b"ctorch._utils\n_rebuild_tensor_v2\n)R.",
            b"ctorch._utils\n_rebuild_sparse_tensor\n)R.",
            b"X\x01\x00\x00\x00\xff.",
        ] {
            assert!(read(pickle).is_err(), "{pickle:?}");
        }
    }

    #[test]
    fn deep_nesting_and_cycles_are_no_trouble() {
        let deep = [b"N".to_vec(), vec![0x85; 1 << 20], b".".to_vec()].concat();
        assert!(read(&deep).is_ok());
        // A list that holds itself.
        assert!(read(b"]q\x00h\x00a.").is_ok());
        let many = [vec![b')'; 1 << 23], b".".to_vec()].concat();
        assert!(read(&many).is_err());
    }
}
