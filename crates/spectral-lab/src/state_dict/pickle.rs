//! Reads pickles of plain data and tensors.
//!
//! A pickle is a program for a stack machine. This one knows containers, numbers, texts and the few
//! functions by which PyTorch rebuilds tensors; any other function or class is kept as its name, and
//! what it would build as [`Value::Opaque`]. Nothing is imported or executed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The most values on the stack and in the memo.
const MOST: usize = 1 << 22;

/// A list, shared by all that refer to it.
pub(super) type List = Rc<RefCell<Vec<Value>>>;
/// A dict in its order, shared by all that refer to it.
pub(super) type Dict = Rc<RefCell<Vec<(Value, Value)>>>;

/// A Python object.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Rc<str>),
    Tuple(Rc<[Value]>),
    List(List),
    Dict(Dict),
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
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    loop {
        if let Some(value) = machine.step()? {
            return Ok(value);
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        self.at = self.at.saturating_add(count);
        taken.ok_or_else(|| "the pickle ends early".into())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn size(&mut self) -> Result<usize, String> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        let line = self.take(length.ok_or("the pickle ends early")?)?;
        self.at += 1;
        text(line)
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        if self.stack.len() >= MOST {
            return Err("the pickle holds too many objects".into());
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, String> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len() > floor {
            true => self.stack.pop().ok_or_else(underflow),
            false => Err(underflow()),
        }
    }

    fn top(&self) -> Result<&Value, String> {
        self.stack.last().ok_or_else(underflow)
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.marks.pop().ok_or_else(underflow)?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Value::Tuple(items.into()))
    }

    fn remember(&mut self, index: u32) -> Result<(), String> {
        if self.memo.len() >= MOST {
            return Err("the pickle holds too many objects".into());
        }
        let value = self.top()?.clone();
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), String> {
        let value = self.memo.get(&index).cloned();
        self.push(value.ok_or("the pickle refers to an object that it does not have")?)
    }

    fn push_text(&mut self, length: usize) -> Result<(), String> {
        let text = text(self.take(length)?)?;
        self.push(Value::Text(text.into()))
    }

    fn append(&mut self, items: Vec<Value>) -> Result<(), String> {
        match self.top()? {
            Value::List(list) => list.borrow_mut().extend(items),
            Value::Opaque => {}
            _ => return Err("the pickle appends to what is no list".into()),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<Value>) -> Result<(), String> {
        match self.top()? {
            Value::Dict(dict) => {
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    dict.borrow_mut().push((key, value));
                }
            }
            Value::Opaque => {}
            _ => return Err("the pickle sets an entry of what is no dict".into()),
        }
        Ok(())
    }

    /// Runs an instruction; the object if it was the last.
    fn step(&mut self) -> Result<Option<Value>, String> {
        match self.byte()? {
            b'.' => return self.pop().map(Some),
            0x80 => self.take(1).map(|_| ())?,
            0x95 => self.take(8).map(|_| ())?,
            b'(' => {
                if self.marks.len() >= MOST {
                    return Err("the pickle holds too many objects".into());
                }
                self.marks.push(self.stack.len());
            }
            b'0' => self.pop().map(|_| ())?,
            b'1' => self.since_mark().map(|_| ())?,
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' => {
                let value = self.byte()?;
                self.push(Value::Int(value.into()))?;
            }
            b'M' => {
                let value = u16::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()))?;
            }
            b'J' => {
                let value = i32::from_le_bytes(self.array()?);
                self.push(Value::Int(value.into()))?;
            }
            0x8a => {
                let length = self.byte()?;
                let value = long(self.take(length.into())?)?;
                self.push(Value::Int(value))?;
            }
            b'G' => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(value))?;
            }
            b'X' => {
                let length = self.size()?;
                self.push_text(length)?;
            }
            0x8c => {
                let length = self.byte()?;
                self.push_text(length.into())?;
            }
            b'B' => {
                let length = self.size()?;
                self.take(length)?;
                self.push(Value::Opaque)?;
            }
            b'C' => {
                let length = self.byte()?;
                self.take(length.into())?;
                self.push(Value::Opaque)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(format!("{module} {name}").into()))?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => {
                    self.push(Value::Global(format!("{module} {name}").into()))?;
                }
                _ => return Err("the pickle names a function by what is no text".into()),
            },
            b')' => self.push(Value::Tuple([].into()))?,
            b']' => self.push(Value::List(List::default()))?,
            b'}' => self.push(Value::Dict(Dict::default()))?,
            0x8f => self.push(Value::Opaque)?,
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items.into()))?;
            }
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b'l' => {
                let items = self.since_mark()?;
                self.push(Value::List(Rc::new(RefCell::new(items))))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            0x90 => self.since_mark().map(|_| ())?,
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(items)?;
            }
            b'q' => {
                let index = self.byte()?;
                self.remember(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.array()?);
                self.remember(index)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let index = self.byte()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.array()?);
                self.recall(index)?;
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let value = call(&function, &arguments)?;
                self.push(value)?;
            }
            // The attributes of an object: of a state dict, the versions of its modules.
            b'b' => self.pop().map(|_| ())?,
            b'Q' => {
                let id = self.pop()?;
                let storage = storage(&id).ok_or("the pickle refers to an unknown object")?;
                self.push(Value::Storage(Rc::new(storage)))?;
            }
            other => return Err(format!("the pickle has the unknown instruction {other:#04x}")),
        }
        Ok(None)
    }
}

fn underflow() -> String {
    "the pickle takes more objects than it has".into()
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "the pickle has a text that is not UTF-8".into())
}

/// A little-endian integer of up to eight bytes.
fn long(bytes: &[u8]) -> Result<i64, String> {
    if bytes.len() > 8 {
        return Err("the pickle has an integer of more than 64 bits".into());
    }
    let negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
    let mut all = [if negative { 0xFF } else { 0 }; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Ok(i64::from_le_bytes(all))
}

/// What a function returns.
fn call(function: &Value, arguments: &Value) -> Result<Value, String> {
    let (Value::Global(name), Value::Tuple(arguments)) = (function, arguments) else {
        return Ok(Value::Opaque);
    };
    match &**name {
        "collections OrderedDict" if arguments.is_empty() => Ok(Value::Dict(Dict::default())),
        "torch._utils _rebuild_parameter" => match arguments.first() {
            Some(tensor @ Value::Tensor(_)) => Ok(tensor.clone()),
            _ => Err("the pickle has a parameter without a tensor".into()),
        },
        "torch._utils _rebuild_tensor_v2" => tensor(arguments),
        name if name.starts_with("torch._utils _rebuild") => Err(format!(
            "the file has a tensor of a kind that is not supported ({})",
            name.trim_start_matches("torch._utils ")
        )),
        _ => Ok(Value::Opaque),
    }
}

/// The tensor of `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, bits])`.
fn tensor(arguments: &[Value]) -> Result<Value, String> {
    if let Some(Value::Dict(bits)) = arguments.get(6)
        && !bits.borrow().is_empty()
    {
        return Err("the file has a lazily conjugated or negated tensor; save .resolve_conj().resolve_neg()".into());
    }
    let parsed = match arguments {
        [Value::Storage(storage), Value::Int(offset), shape, strides, ..] => {
            let offset = usize::try_from(*offset).ok();
            offset.zip(sizes(shape).zip(sizes(strides))).map(|parts| (storage, parts))
        }
        _ => None,
    };
    match parsed {
        Some((storage, (offset, (shape, strides)))) if shape.len() == strides.len() => {
            Ok(Value::Tensor(Rc::new(TensorView {
                storage: storage.clone(),
                offset,
                shape,
                strides,
            })))
        }
        _ => Err("the pickle has a tensor without storage or shape".into()),
    }
}

fn sizes(value: &Value) -> Option<Vec<usize>> {
    let Value::Tuple(items) = value else {
        return None;
    };
    let size = |item: &Value| match item {
        Value::Int(size) => usize::try_from(*size).ok(),
        _ => None,
    };
    items.iter().map(size).collect()
}

/// The storage of a persistent id `('storage', class, key, location, elements)`.
fn storage(id: &Value) -> Option<Storage> {
    let Value::Tuple(items) = id else {
        return None;
    };
    match &items[..] {
        [Value::Text(kind), Value::Global(class), Value::Text(key), ..] if &**kind == "storage" => {
            Some(Storage {
                class: class.clone(),
                key: key.clone(),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_shared_and_filled_after_they_are_remembered() {
        // {'a': l, 'b': l} with l = [1, -2, 0.5], whose list is remembered while empty.
        let pickle = b"\x80\x02}q\x00(X\x01\x00\x00\x00a]q\x01(K\x01J\xfe\xff\xff\xffG?\xe0\0\0\0\0\0\0eX\x01\x00\x00\x00bh\x01u.";
        let Value::Dict(dict) = read(pickle).unwrap() else {
            panic!("no dict");
        };
        let dict = dict.borrow();
        assert_eq!(dict.len(), 2);
        for (_, value) in dict.iter() {
            let Value::List(list) = value else {
                panic!("no list");
            };
            assert!(matches!(
                list.borrow()[..],
                [Value::Int(1), Value::Int(-2), Value::Float(0.5)]
            ));
        }
    }

    #[test]
    fn unknown_functions_are_not_called() {
        let value = read(b"cos\nsystem\nX\x02\x00\x00\x00ls\x85R.").unwrap();
        assert!(matches!(value, Value::Opaque));
        let Value::Global(name) = read(b"ctorch._C._nn\ngelu\n.").unwrap() else {
            panic!("no function");
        };
        assert_eq!(&*name, "torch._C._nn gelu");
    }

    #[test]
    fn long_integers_have_a_sign() {
        assert_eq!(long(&[]), Ok(0));
        assert_eq!(long(&[0xFF]), Ok(-1));
        assert_eq!(long(&[0x00, 0x80]), Ok(-32768));
        assert_eq!(long(&[0xFF, 0x00]), Ok(255));
        assert!(long(&[0; 9]).is_err());
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
}
