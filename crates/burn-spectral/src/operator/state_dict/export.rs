//! A state dict of a network.

use burn::module::{Param, RunningState};
use burn::tensor::Tensor;

use crate::operator::Fno;
use crate::response::FourierModes;

use super::walk::{self, Visitor};
use super::{Arguments, Entry, StateDict, StateDictError, Values, describe};

impl<const D: usize> Fno<D> {
    /// A state dict that neuraloperator's `FNO` takes, and the arguments that build that model; see
    /// [`state_dict`](crate::operator::state_dict). Values become float32.
    ///
    /// A network whose lifting is a single layer needs release 2.0.0, where a `lifting_channel_ratio` of 0 means that.
    ///
    /// # Errors
    /// If neuraloperator has no equivalent of the network, with the part that it lacks, or values cannot be read from
    /// the device.
    pub fn to_state_dict(&self) -> Result<(StateDict, Arguments), StateDictError> {
        let arguments = describe::arguments(self)?;
        let mut writer = Writer::default();
        walk::network(&mut self.clone(), &mut writer)?;
        Ok((writer.dict, arguments))
    }
}

#[derive(Default)]
struct Writer {
    dict: StateDict,
}

impl Writer {
    fn add(&mut self, name: String, shape: &[usize], values: Values) {
        let shape = shape.to_vec();
        self.dict.insert(name, Entry { shape, values });
    }
}

/// The values of a tensor in C order.
fn values<const R: usize>(name: &str, tensor: Tensor<R>) -> Result<Vec<f32>, StateDictError> {
    let data = tensor.into_data().convert::<f32>();
    data.try_to_vec().map_err(|error| StateDictError::Read {
        name: name.into(),
        reason: format!("{error:?}"),
    })
}

impl Visitor for Writer {
    fn parameter<const R: usize>(
        &mut self,
        name: String,
        parameter: &mut Param<Tensor<R>>,
        shape: &[usize],
    ) -> Result<(), StateDictError> {
        let values = values(&name, parameter.val())?;
        self.add(name, shape, Values::Real(values));
        Ok(())
    }

    fn statistics(
        &mut self,
        name: String,
        state: &mut RunningState<Tensor<1>>,
    ) -> Result<(), StateDictError> {
        let value = state.value_sync();
        let shape = value.dims();
        let values = values(&name, value)?;
        self.add(name, &shape, Values::Real(values));
        Ok(())
    }

    fn batches(&mut self, name: String) -> Result<(), StateDictError> {
        self.add(name, &[], Values::Integer(vec![0]));
        Ok(())
    }

    fn weights<const D: usize>(
        &mut self,
        name: String,
        response: &mut FourierModes<D>,
    ) -> Result<(), StateDictError> {
        let dims = response.re.dims();
        let re = values(&name, response.re.val())?;
        let im = values(&name, response.im.val())?;
        let mut theirs = vec![[0.0; 2]; re.len()];
        for (index, at) in walk::places(dims).into_iter().enumerate() {
            theirs[at] = [re[index], im[index]];
        }
        let mut shape = dims;
        shape.swap(0, 1);
        self.add(format!("{name}.tensor"), &shape, Values::Complex(theirs));
        Ok(())
    }

    fn absent(&mut self, name: String, shape: &[usize]) -> Result<(), StateDictError> {
        let count = shape.iter().product();
        self.add(name, shape, Values::Real(vec![0.0; count]));
        Ok(())
    }
}
