//! Blocks and networks against the golden vectors: outputs and all gradients.

mod common;

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Gradients, Tensor};
use burn_spectral::operator::{
    BlockForm, BlockLocal, BlockMlp, Boundary, ChannelMlp, DomainPadding, Fno, FnoBlock,
    FnoBlockConfig, FnoConfig, GridEmbedding, ModeCounting, OperatorNorm, OperatorNormKind,
    SkipConnection, SkipKind, Uno, UnoConfig, UnoLayer,
};
use common::golden::{Case, load};
use common::{DTYPES, assert_close, tolerance, values};
use serde_json::Value;

/// The parameters of a module by the names of the golden file.
#[derive(Default)]
struct Names {
    /// Of each parameter its name, in the order in which a visit meets them.
    names: Vec<String>,
}

impl Names {
    fn add(&mut self, name: String) {
        self.names.push(name);
    }

    fn mlp<const D: usize>(&mut self, prefix: &str, mlp: &ChannelMlp<D>) {
        for (index, layer) in mlp.layers.iter().enumerate() {
            self.add(format!("{prefix}.{index}.weight"));
            if layer.bias.is_some() {
                self.add(format!("{prefix}.{index}.bias"));
            }
        }
    }

    fn skip<const D: usize>(&mut self, prefix: &str, skip: Option<&SkipConnection<D>>) {
        if let Some(SkipConnection::Linear(_) | SkipConnection::SoftGating(_)) = skip {
            self.add(format!("{prefix}.weight"));
        }
    }

    fn norm(&mut self, prefix: &str, norm: Option<&OperatorNorm>) {
        if let Some(OperatorNorm::Group(_) | OperatorNorm::Batch(_)) = norm {
            self.add(format!("{prefix}.gamma"));
            self.add(format!("{prefix}.beta"));
        }
    }

    fn block<const D: usize>(&mut self, prefix: &str, block: &FnoBlock<D>) {
        self.add(format!("{prefix}response.re"));
        self.add(format!("{prefix}response.im"));
        self.add(format!("{prefix}bias"));
        self.skip(&format!("{prefix}skip"), block.skip.as_ref());
        if block.local.is_some() {
            self.add(format!("{prefix}local"));
        }
        self.norm(&format!("{prefix}norm"), block.norm.as_ref());
        if let Some(mlp) = &block.mlp {
            self.mlp(&format!("{prefix}mlp"), mlp);
        }
        self.skip(&format!("{prefix}mlp_skip"), block.mlp_skip.as_ref());
        self.norm(&format!("{prefix}mlp_norm"), block.mlp_norm.as_ref());
    }
}

/// Puts the golden values in place of the parameters of their names; running statistics stay.
struct Fill<'a> {
    case: &'a Case,
    names: std::vec::IntoIter<String>,
    dtype: DType,
    device: &'a Device,
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.is_require_grad() {
            return param;
        }
        let name = self.names.next().expect("a name for each parameter");
        let tensor = self.case.tensor::<D>(&name, self.dtype, self.device);
        assert_eq!(tensor.dims(), param.dims(), "{} {name}", self.case.name);
        Param::from_tensor(tensor)
    }
}

/// Compares the gradient of each parameter.
struct Compare<'a> {
    case: &'a Case,
    names: std::vec::IntoIter<String>,
    gradients: &'a Gradients,
    dtype: DType,
    compared: usize,
}

impl ModuleVisitor for Compare<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        let name = self.names.next().expect("a name for each parameter");
        let gradient = param.grad(self.gradients).expect("a gradient");
        check(
            self.case,
            &format!("grad.{name}"),
            Tensor::from_inner(gradient),
            self.dtype,
        );
        self.compared += 1;
    }
}

/// Relative L2 error below 1e-11 in f64 and 1e-4 in f32, whose rounding grows on the way through several layers.
/// A gradient that is zero but for rounding, as that of a bias before a normalization, has no scale of its own.
#[track_caller]
fn check<const D: usize>(case: &Case, key: &str, got: Tensor<D>, dtype: DType) {
    assert_eq!(got.dims().to_vec(), case.shape(key), "{} {key}", case.name);
    let what = format!("{} {key} {dtype:?}", case.name);
    let limit = tolerance(dtype, 1e-4, 1e-11);
    let (got, want) = (values(got), case.values(key));
    let largest = |values: &[f64]| values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    match largest(want) < 1e-13 {
        true => assert!(largest(&got) < limit, "{what}: {got:?} for zeros"),
        false => {
            assert_close(&what, &got, want, limit);
        }
    }
}

/// Runs a module with the golden parameters, and compares its output and every gradient.
fn check_module<const D: usize, M: Module>(
    case: &Case,
    dtype: DType,
    module: M,
    names: impl Fn(&mut Names, &M),
    forward: impl Fn(&M, Tensor<D>) -> Tensor<D>,
) {
    let device = Device::flex().autodiff();
    let mut list = Names::default();
    names(&mut list, &module);
    let count = list.names.len();
    let mut fill = Fill {
        case,
        names: list.names.clone().into_iter(),
        dtype,
        device: &device,
    };
    let module = module.map(&mut fill);
    assert_eq!(fill.names.next(), None, "{}", case.name);
    let x = case.leaf::<D>("input", dtype, &device);
    let y = forward(&module, x.clone());
    check(case, "output", y.clone(), dtype);
    let gradients = (y * case.tensor("cotangent", dtype, &device))
        .sum()
        .backward();
    check(
        case,
        "grad.input",
        Tensor::<D>::from_inner(x.grad(&gradients).unwrap()),
        dtype,
    );
    let mut compare = Compare {
        case,
        names: list.names.into_iter(),
        gradients: &gradients,
        dtype,
        compared: 0,
    };
    module.visit(&mut compare);
    assert_eq!(compare.compared, count, "{}", case.name);
}

fn pair(value: &Value) -> [usize; 2] {
    serde_json::from_value(value.clone()).unwrap()
}

fn optional<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn form(case: &Case) -> BlockForm {
    let p = &case.parameters;
    let skip = |name: &str| serde_json::from_value::<Option<SkipKind>>(p[name].clone()).unwrap();
    let boundary: Option<Boundary> = optional(&p["local"]);
    BlockForm::default()
        .with_counting(optional::<ModeCounting>(&p["counting"]).unwrap())
        .with_skip(skip("skip").unwrap())
        .with_mlp(skip("mlp").map(|skip| BlockMlp {
            expansion: 0.5,
            skip,
        }))
        .with_norm(optional::<OperatorNormKind>(&p["norm"]))
        .with_local(boundary.map(|boundary| BlockLocal {
            points: case.number("points"),
            boundary,
        }))
}

fn check_block<const D: usize>(case: &Case, dtype: DType) {
    let block: FnoBlock<D> =
        FnoBlockConfig::new(pair(&case.parameters["channels"]), case.numbers("modes"))
            .with_form(form(case))
            .with_activation(optional(&case.parameters["activation"]).unwrap())
            .init(&Device::flex().autodiff());
    let sizes = case.numbers("sizes");
    check_module(
        case,
        dtype,
        block,
        |names, block| names.block("", block),
        |block, x| match x.dims()[2..] == sizes {
            true => block.forward(x),
            false => block.forward_to(x, &sizes),
        },
    );
}

fn padding(case: &Case) -> Option<DomainPadding> {
    optional(&case.parameters["padding"])
}

fn check_fno<const D: usize>(case: &Case, dtype: DType) {
    let p = &case.parameters;
    let fno: Fno<D> = FnoConfig::new(
        pair(&p["channels"]),
        case.numbers("modes"),
        case.number("hidden"),
        case.number("layers"),
    )
    .with_grid(optional::<GridEmbedding>(&p["grid"]))
    .with_lifting(optional(&p["lifting"]))
    .with_projection(optional(&p["projection"]))
    .with_padding(padding(case))
    .with_form(form(case))
    .init(&Device::flex().autodiff());
    check_module(
        case,
        dtype,
        fno,
        |names, fno| {
            names.mlp("lifting", &fno.lifting);
            for (index, block) in fno.blocks.iter().enumerate() {
                names.block(&format!("blocks.{index}."), block);
            }
            names.mlp("projection", &fno.projection);
        },
        |fno, x| fno.forward(x),
    );
}

fn check_uno<const D: usize>(case: &Case, dtype: DType) {
    let p = &case.parameters;
    let layers: Vec<UnoLayer> = serde_json::from_value(p["layers"].clone()).unwrap();
    let uno: Uno<D> = UnoConfig::new(
        pair(&p["channels"]),
        case.numbers("size"),
        case.number("hidden"),
        0,
    )
    .with_layers(layers)
    .with_connections(serde_json::from_value(p["connections"].clone()).unwrap())
    .with_connection(optional(&p["connection"]).unwrap())
    .with_grid(optional(&p["grid"]))
    .with_lifting(optional(&p["lifting"]))
    .with_projection(optional(&p["projection"]))
    .with_padding(padding(case))
    .with_form(form(case))
    .with_activation(optional(&p["activation"]).unwrap())
    .init(&Device::flex().autodiff());
    check_module(
        case,
        dtype,
        uno,
        |names, uno| {
            names.mlp("lifting", &uno.lifting);
            for (index, block) in uno.blocks.iter().enumerate() {
                names.block(&format!("blocks.{index}."), block);
            }
            for (index, connection) in uno.connections.iter().enumerate() {
                names.skip(&format!("connections.{index}"), Some(connection));
            }
            names.mlp("projection", &uno.projection);
        },
        |uno, x| uno.forward(x),
    );
}

/// One check for each rank of a file's cases; fails if a rank has no case.
fn check_file(file: &str, checks: [fn(&Case, DType); 3]) {
    let mut met = HashMap::new();
    for case in &load(file) {
        for dtype in DTYPES {
            let axes = case.numbers("size").len();
            checks[axes - 1](case, dtype);
            *met.entry(axes).or_insert(0) += 1;
        }
    }
    assert_eq!(met.len(), 3, "{file}: {met:?}");
}

#[test]
fn blocks_and_their_gradients_are_those_of_pytorch() {
    check_file(
        "operator_blocks",
        [check_block::<3>, check_block::<4>, check_block::<5>],
    );
}

#[test]
fn fourier_neural_operators_and_their_gradients_are_those_of_pytorch() {
    check_file("fno", [check_fno::<3>, check_fno::<4>, check_fno::<5>]);
}

#[test]
fn u_shaped_operators_and_their_gradients_are_those_of_pytorch() {
    check_file("uno", [check_uno::<3>, check_uno::<4>, check_uno::<5>]);
}
