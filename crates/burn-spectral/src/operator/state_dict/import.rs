//! A network from a state dict.

use burn::module::{Param, RunningState};
use burn::tensor::{Device, Tensor, TensorData};

use crate::operator::Fno;
use crate::response::FourierModes;

use super::expand::{self, Dense};
use super::walk::{self, Visitor};
use super::{Arguments, Entry, StateDict, StateDictError, Values, axes, config};

impl<const D: usize> Fno<D> {
    /// The network that a state dict of neuraloperator's `FNO` or `TFNO` is of; see
    /// [`state_dict`](crate::operator::state_dict). `arguments` may be empty.
    ///
    /// # Errors
    /// If tensors are missing, unknown or of another shape, the network has other spatial axes than `D − 2`, or an
    /// argument has no equivalent.
    pub fn from_state_dict(
        dict: &StateDict,
        arguments: &Arguments,
        device: &Device,
    ) -> Result<Self, StateDictError> {
        let got = axes(dict)?;
        let expected = D.saturating_sub(2);
        if got != expected {
            return Err(StateDictError::Axes { expected, got });
        }
        let mut fno = config(dict, arguments)?.try_init(device)?;
        let mut reader = Reader {
            dict,
            unused: dict.keys().map(String::as_str).collect(),
            device,
        };
        walk::network(&mut fno, &mut reader)?;
        match reader.unused.is_empty() {
            true => Ok(fno),
            false => Err(StateDictError::Unknown {
                names: reader.unused.iter().map(ToString::to_string).collect(),
            }),
        }
    }
}

struct Reader<'a> {
    dict: &'a StateDict,
    /// Names of the tensors that were not read yet.
    unused: std::collections::BTreeSet<&'a str>,
    device: &'a Device,
}

impl Reader<'_> {
    /// The values of a real tensor of this shape.
    fn real(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, StateDictError> {
        let entry = self.entry(name, shape)?;
        match &entry.values {
            Values::Real(values) => Ok(values.clone()),
            values => Err(StateDictError::Kind {
                name: name.into(),
                expected: "real",
                got: values.kind(),
            }),
        }
    }

    fn entry(&mut self, name: &str, shape: &[usize]) -> Result<&Entry, StateDictError> {
        self.unused.remove(name);
        match self.dict.get(name) {
            None => Err(StateDictError::Missing { name: name.into() }),
            Some(entry) if entry.shape != shape => Err(StateDictError::Shape {
                name: name.into(),
                expected: shape.to_vec(),
                got: entry.shape.clone(),
            }),
            Some(entry) => Ok(entry),
        }
    }

    fn tensor<const R: usize, T: burn::tensor::Element>(
        &self,
        values: Vec<T>,
        like: &Tensor<R>,
    ) -> Tensor<R> {
        let data = TensorData::new(values, like.dims());
        Tensor::from_data(data, (self.device, like.dtype()))
    }
}

/// Replaces the value of a parameter.
fn replace<const R: usize>(parameter: &mut Param<Tensor<R>>, value: Tensor<R>) {
    *parameter = parameter.clone().map(|_| value);
}

impl Visitor for Reader<'_> {
    fn parameter<const R: usize>(
        &mut self,
        name: String,
        parameter: &mut Param<Tensor<R>>,
        shape: &[usize],
    ) -> Result<(), StateDictError> {
        let values = self.real(&name, shape)?;
        let value = self.tensor(values, &parameter.val());
        replace(parameter, value);
        Ok(())
    }

    fn statistics(
        &mut self,
        name: String,
        state: &mut RunningState<Tensor<1>>,
    ) -> Result<(), StateDictError> {
        let current = state.value();
        let values = self.real(&name, &current.dims())?;
        *state = RunningState::new(self.tensor(values, &current));
        Ok(())
    }

    fn batches(&mut self, name: String) -> Result<(), StateDictError> {
        self.entry(&name, &[]).map(|_| ())
    }

    fn weights<const D: usize>(
        &mut self,
        name: String,
        response: &mut FourierModes<D>,
    ) -> Result<(), StateDictError> {
        for part in expand::names(self.dict, &name) {
            self.unused.remove(part.as_str());
        }
        let weight = expand::expand(self.dict, &name)?;
        let [re, im] = ours(&name, &weight, response.re.dims())?;
        let re = self.tensor(re, &response.re.val());
        let im = self.tensor(im, &response.im.val());
        replace(&mut response.re, re);
        replace(&mut response.im, im);
        Ok(())
    }

    fn absent(&mut self, name: String, shape: &[usize]) -> Result<(), StateDictError> {
        // A network from a configuration has every bias.
        self.entry(&name, shape).map(|_| ())
    }
}

/// Real and imaginary parts in our order, `[out, in, kept…]`.
fn ours<const D: usize>(
    name: &str,
    weight: &Dense,
    dims: [usize; D],
) -> Result<[Vec<f64>; 2], StateDictError> {
    let mut theirs = dims;
    theirs.swap(0, 1);
    if weight.shape != theirs {
        return Err(StateDictError::Shape {
            name: format!("{name}.tensor"),
            expected: theirs.to_vec(),
            got: weight.shape.clone(),
        });
    }
    let places = walk::places(dims);
    let part = |part: usize| places.iter().map(|at| weight.values[*at][part]).collect();
    Ok([part(0), part(1)])
}
