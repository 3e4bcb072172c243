//! Objects that PyTorch's functions build.

use std::rc::Rc;

use super::{Containers, Storage, TensorView, Value};

impl Containers {
    /// What a function returns.
    pub(super) fn call(&mut self, function: &Value, arguments: &Value) -> Result<Value, String> {
        let (Value::Global(name), Some(arguments)) = (function, self.sequence(arguments)) else {
            return Ok(Value::Opaque);
        };
        match &**name {
            "collections OrderedDict" if arguments.is_empty() => Ok(self.add_dict()),
            "torch._utils _rebuild_parameter" => match arguments.first() {
                Some(tensor @ Value::Tensor(_)) => Ok(tensor.clone()),
                _ => Err("the pickle has a parameter without a tensor".into()),
            },
            "torch._utils _rebuild_tensor_v2" => self.tensor(arguments),
            name if name.starts_with("torch._utils _rebuild") => Err(format!(
                "the file has a tensor of a kind that is not supported ({})",
                name.trim_start_matches("torch._utils ")
            )),
            _ => Ok(Value::Opaque),
        }
    }

    /// The tensor of `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks[, bits])`.
    fn tensor(&self, arguments: &[Value]) -> Result<Value, String> {
        let bits = arguments.get(6).and_then(|bits| self.dict(bits));
        if bits.is_some_and(|bits| !bits.is_empty()) {
            let reason = "the file has a lazily conjugated or negated tensor; save \
                .resolve_conj().resolve_neg()";
            return Err(reason.into());
        }
        let view = match arguments {
            [
                Value::Storage(storage),
                Value::Int(offset),
                shape,
                strides,
                ..,
            ] => self.view(storage, *offset, shape, strides),
            _ => None,
        };
        let view = view.ok_or("the pickle has a tensor without storage or shape")?;
        Ok(Value::Tensor(Rc::new(view)))
    }

    fn view(
        &self,
        storage: &Rc<Storage>,
        offset: i64,
        shape: &Value,
        strides: &Value,
    ) -> Option<TensorView> {
        let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
        (shape.len() == strides.len()).then_some(TensorView {
            storage: storage.clone(),
            offset: usize::try_from(offset).ok()?,
            shape,
            strides,
        })
    }

    fn sizes(&self, value: &Value) -> Option<Vec<usize>> {
        let size = |item: &Value| match item {
            Value::Int(size) => usize::try_from(*size).ok(),
            _ => None,
        };
        self.sequence(value)?.iter().map(size).collect()
    }

    /// The storage of a persistent id `('storage', class, key, location, elements)`.
    pub(super) fn storage(&self, id: &Value) -> Option<Storage> {
        match self.sequence(id)? {
            [
                Value::Text(kind),
                Value::Global(class),
                Value::Text(key),
                ..,
            ] if &**kind == "storage" => Some(Storage {
                class: class.clone(),
                key: key.clone(),
            }),
            _ => None,
        }
    }
}
