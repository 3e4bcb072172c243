//! The golden cases under `tests/golden`; its README says what is in them.

use std::collections::HashMap;

use burn::tensor::{DType, Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::response::Coupling;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use super::{assert_close, noise, tensor, tolerance, values};

/// One case: its parameters and its tensors.
pub struct Case {
    pub name: String,
    pub parameters: Value,
    tensors: HashMap<String, (Vec<usize>, Vec<f64>)>,
}

/// All cases of a file, by name.
pub fn load(file: &str) -> Vec<Case> {
    let path = format!(
        "{}/tests/golden/{file}.safetensors",
        env!("CARGO_MANIFEST_DIR")
    );
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut cases: Vec<Case> = header
        .metadata()
        .as_ref()
        .unwrap()
        .iter()
        .map(|(name, parameters)| Case {
            name: name.clone(),
            parameters: serde_json::from_str(parameters).unwrap(),
            tensors: HashMap::new(),
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    for (name, view) in file.tensors() {
        let (case, key) = name.split_once('/').unwrap();
        let numbers = match view.dtype() {
            Dtype::F32 => view
                .data()
                .chunks_exact(4)
                .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
                .collect(),
            Dtype::F64 => view
                .data()
                .chunks_exact(8)
                .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
                .collect(),
            other => panic!("{name}: no golden tensor is {other:?}"),
        };
        let index = cases
            .binary_search_by(|c| c.name.as_str().cmp(case))
            .unwrap();
        cases[index]
            .tensors
            .insert(key.into(), (view.shape().to_vec(), numbers));
    }
    cases.iter_mut().for_each(Case::draw);
    cases
}

/// A list of sizes in the parameters.
fn sizes(list: &Value) -> Vec<usize> {
    let list = list.as_array().unwrap();
    list.iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

impl Case {
    /// Adds the inputs of which the seed alone is stored, as a real and as a complex tensor.
    fn draw(&mut self) {
        let Some(seeds) = self.parameters["seeds"].as_object() else {
            return;
        };
        for (key, drawn) in seeds {
            let (seed, shape) = (drawn["seed"].as_u64().unwrap(), sizes(&drawn["shape"]));
            for (suffix, offset) in [("", 0), (".re", 0), (".im", 1)] {
                let numbers = noise(shape.iter().product(), seed + offset);
                let name = format!("{key}{suffix}");
                self.tensors.insert(name, (shape.clone(), numbers));
            }
        }
    }

    /// The elements of a result that are stored: all, or every so manieth.
    fn stored<const D: usize>(&self, key: &str, got: Tensor<D>) -> Vec<f64> {
        let stride = self.parameters["strides"][key]["stride"].as_u64();
        let step = stride.map_or(1, |stride| stride as usize);
        values(got).into_iter().step_by(step).collect()
    }

    pub fn text(&self, parameter: &str) -> &str {
        self.parameters[parameter].as_str().unwrap()
    }

    pub fn number(&self, parameter: &str) -> usize {
        self.parameters[parameter].as_u64().unwrap() as usize
    }

    pub fn numbers(&self, parameter: &str) -> Vec<usize> {
        sizes(&self.parameters[parameter])
    }

    pub fn coupling(&self) -> Coupling {
        match self.text("coupling") {
            "dense" => Coupling::Dense,
            "depthwise" => Coupling::Depthwise,
            "grouped" => Coupling::Grouped(self.number("groups")),
            "shared" => Coupling::Shared,
            other => panic!("{}: unknown coupling {other}", self.name),
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.tensors.contains_key(key)
    }

    /// The shape of a tensor, however much of it is stored.
    pub fn shape(&self, key: &str) -> Vec<usize> {
        match &self.parameters["strides"][key]["shape"] {
            Value::Null => self.tensors[key].0.clone(),
            shape => sizes(shape),
        }
    }

    pub fn values(&self, key: &str) -> &[f64] {
        &self.tensors[key].1
    }

    pub fn tensor<const D: usize>(&self, key: &str, dtype: DType, device: &Device) -> Tensor<D> {
        let (shape, numbers) = &self.tensors[key];
        tensor(numbers, shape.clone().try_into().unwrap(), dtype, device)
    }

    /// An input whose gradient is asked for.
    pub fn leaf<const D: usize>(&self, key: &str, dtype: DType, device: &Device) -> Tensor<D> {
        self.tensor(key, dtype, device).require_grad()
    }

    pub fn complex<const D: usize>(
        &self,
        key: &str,
        dtype: DType,
        device: &Device,
    ) -> ComplexTensor<D> {
        ComplexTensor::new(
            self.tensor(&format!("{key}.re"), dtype, device),
            self.tensor(&format!("{key}.im"), dtype, device),
        )
    }

    /// A complex input whose gradient is asked for.
    pub fn complex_leaf<const D: usize>(
        &self,
        key: &str,
        dtype: DType,
        device: &Device,
    ) -> ComplexTensor<D> {
        self.complex(key, dtype, device).map(Tensor::require_grad)
    }

    /// Asserts that a result is the stored one: relative L2 error below 1e-12 in f64, 2e-6 in f32.
    #[track_caller]
    pub fn check<const D: usize>(&self, key: &str, got: Tensor<D>, how: &str) {
        let limit = tolerance(got.dtype(), 2e-6, 1e-12);
        let what = format!("{} {key} {how} {:?}", self.name, got.dtype());
        assert_eq!(got.dims().to_vec(), self.shape(key), "{what}");
        assert_close(&what, &self.stored(key, got), self.values(key), limit);
    }

    #[track_caller]
    pub fn check_complex<const D: usize>(&self, key: &str, got: ComplexTensor<D>, how: &str) {
        let limit = tolerance(got.re.dtype(), 2e-6, 1e-12);
        let what = format!("{} {key} {how} {:?}", self.name, got.re.dtype());
        let parts = ["re", "im"].map(|part| format!("{key}.{part}"));
        assert_eq!(got.dims().to_vec(), self.shape(&parts[0]), "{what}");
        // As one vector: a part that should vanish has no scale of its own.
        let want = parts.each_ref().map(|part| self.values(part)).concat();
        let [re, im] = &parts;
        let got = [self.stored(re, got.re), self.stored(im, got.im)].concat();
        assert_close(&what, &got, &want, limit);
    }
}
