//! The stack machine of pickles.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Containers, Value};

/// The most values on the stack, in the memo, and containers.
const MOST: usize = 1 << 22;

pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    containers: Containers,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            containers: Containers::default(),
        }
    }

    pub(super) fn into_containers(self) -> Containers {
        self.containers
    }

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
        if self.stack.len() + self.containers.count() >= MOST {
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

    fn push_sequence(&mut self, items: Vec<Value>) -> Result<(), String> {
        let value = self.containers.add_sequence(items);
        self.push(value)
    }

    fn push_dict(&mut self) -> Result<(), String> {
        let value = self.containers.add_dict();
        self.push(value)
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push_sequence(items)
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
        match *self.top()? {
            Value::Sequence(number) => self.containers.sequences[number].extend(items),
            Value::Opaque => {}
            _ => return Err("the pickle appends to what is no list".into()),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<Value>) -> Result<(), String> {
        match *self.top()? {
            Value::Dict(number) => {
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    self.containers.dicts[number].push((key, value));
                }
            }
            Value::Opaque => {}
            _ => return Err("the pickle sets an entry of what is no dict".into()),
        }
        Ok(())
    }

    /// Runs an instruction; the object if it was the last.
    pub(super) fn step(&mut self) -> Result<Option<Value>, String> {
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
            b')' | b']' => self.push_sequence(Vec::new())?,
            b'}' => self.push_dict()?,
            0x8f => self.push(Value::Opaque)?,
            b't' | b'l' => {
                let items = self.since_mark()?;
                self.push_sequence(items)?;
            }
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
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
                let value = self.containers.call(&function, &arguments)?;
                self.push(value)?;
            }
            // The attributes of an object: of a state dict, the versions of its modules.
            b'b' => self.pop().map(|_| ())?,
            b'Q' => {
                let id = self.pop()?;
                let storage = self.containers.storage(&id);
                let storage = storage.ok_or("the pickle refers to an unknown object")?;
                self.push(Value::Storage(Rc::new(storage)))?;
            }
            other => {
                return Err(format!(
                    "the pickle has the unknown instruction {other:#04x}"
                ));
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_integers_have_a_sign() {
        assert_eq!(long(&[]), Ok(0));
        assert_eq!(long(&[0xFF]), Ok(-1));
        assert_eq!(long(&[0x00, 0x80]), Ok(-32768));
        assert_eq!(long(&[0xFF, 0x00]), Ok(255));
        assert!(long(&[0; 9]).is_err());
    }
}
