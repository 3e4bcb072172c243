//! Parameter IDs, which tie an optimizer's state to its parameters.
//!
//! A rebuilt network has new IDs, and safetensors files hold none, so they are stored beside the
//! weights, by path.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

/// IDs by path, as decimal text: they use all 64 bits, more than TOML's integers hold.
pub(super) type ParamIds = BTreeMap<String, String>;

/// The IDs of the parameters of `module`.
pub(super) fn param_ids<M: Module>(module: &M) -> ParamIds {
    let mut collect = Collect::default();
    module.visit(&mut collect);
    collect.ids
}

/// Assigns the IDs in `ids` to the parameters of `module`; `None` if one is missing.
pub(super) fn with_param_ids<M: Module>(module: M, ids: &ParamIds) -> Option<M> {
    let mut assign = Assign {
        ids,
        path: Vec::new(),
        complete: true,
    };
    let module = module.map(&mut assign);
    assign.complete.then_some(module)
}

#[derive(Default)]
struct Collect {
    path: Vec<String>,
    ids: ParamIds,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.ids
            .insert(self.path.join("."), param.id.val().to_string());
    }
}

struct Assign<'a> {
    ids: &'a ParamIds,
    path: Vec<String>,
    complete: bool,
}

impl ModuleMapper for Assign<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = self.ids.get(&self.path.join("."));
        match id.and_then(|id| id.parse::<u64>().ok()) {
            Some(id) => {
                let (_, tensor, mapper) = param.consume();
                Param::from_mapped_value(ParamId::from(id), tensor, mapper)
            }
            None => {
                self.complete = false;
                param
            }
        }
    }
}
