//! The layers of `fused_layers::nn` against Burn's of the same name.

mod tensors;

use std::path::PathBuf;

use burn::module::{Module, ModuleDisplay, ModuleVisitor, Param};
use burn::tensor::{DType, Device, FloatDType, Gradients, Tensor};
use fused_layers::nn::PaddingConfig2d;
use fused_layers::spatial::{self, Activation};
use tensors::{assert_close, noise_tensor, seeded, values};

/// The same network from the layers of one module or the other.
macro_rules! network {
    ($name:ident, $($nn:ident)::+) => {
        mod $name {
            use super::*;
            use $($nn)::+::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig};
            use $($nn)::+::pool::{MaxPool2d, MaxPool2dConfig};
            use $($nn)::+::{BatchNorm, BatchNormConfig, Linear, LinearConfig, LinearLayout};

            #[derive(Module, Debug)]
            pub struct Network {
                pub signal: Conv1d,
                pub conv: Conv2d,
                pub norm: BatchNorm,
                pub pool: MaxPool2d,
                pub head: Linear,
            }

            impl Network {
                pub fn new(device: &Device) -> Self {
                    Self {
                        signal: Conv1dConfig::new(2, 3, 5).with_stride(2).init(device),
                        conv: Conv2dConfig::new([3, 6], [3, 3])
                            .with_padding(PaddingConfig2d::Same)
                            .with_groups(3)
                            .init(device),
                        norm: BatchNormConfig::new(6).init(device),
                        pool: MaxPool2dConfig::new([2, 2]).init(),
                        head: LinearConfig::new(24, 4)
                            .with_layout(LinearLayout::Col)
                            .init(device),
                    }
                }

                /// With the default layout of the head: a file of the other one does not load in Burn 0.22.1.
                pub fn with_rows(device: &Device) -> Self {
                    Self {
                        head: LinearConfig::new(24, 4).init(device),
                        ..Self::new(device)
                    }
                }

                /// `x`: `[batch, 2, 35]`.
                pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
                    let signals = self.signal.forward(x);
                    let batch = signals.dims()[0];
                    let images = self.conv.forward(signals.reshape([batch, 3, 4, 4]));
                    let images = self.pool.forward(self.norm.forward(images));
                    self.head.forward(images.flatten::<2>(1, 3))
                }
            }

            pub fn configs() -> Vec<String> {
                vec![
                    Conv1dConfig::new(2, 3, 5).to_string(),
                    Conv2dConfig::new([3, 6], [3, 2]).to_string(),
                    BatchNormConfig::new(6).to_string(),
                    MaxPool2dConfig::new([2, 3]).to_string(),
                    LinearConfig::new(24, 4).to_string(),
                ]
            }
        }
    };
}

network!(fused, fused_layers::nn);
network!(burns, burn::nn);

/// Names and container types, as stores and adapters see them.
#[derive(Default, PartialEq, Debug)]
struct Paths(Vec<String>);

impl ModuleVisitor for Paths {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.0.push(format!("{name} in {container}"));
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(format!("{:?}", param.lazy_shape()));
    }
}

fn paths(module: &impl Module) -> Paths {
    let mut paths = Paths::default();
    module.visit(&mut paths);
    paths
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()))
}

fn signals(dtype: DType, device: &Device) -> Tensor<3> {
    noise_tensor([5, 2, 35], 3, dtype, device)
}

#[test]
fn configurations_have_the_fields_and_the_defaults_of_burn() {
    assert_eq!(fused::configs(), burns::configs());
    let theirs = burn::nn::conv::Conv2dConfig::new([3, 6], [3, 2]).with_stride([2, 1]);
    let ours = fused_layers::nn::conv::Conv2dConfig::from(theirs.clone());
    assert_eq!(ours.to_string(), theirs.to_string());
    let back = burn::nn::conv::Conv2dConfig::from(ours);
    assert_eq!(back.to_string(), theirs.to_string());
}

#[test]
fn parameter_names_types_and_printed_form_are_those_of_burn() {
    let (device, _lock) = seeded(1);
    let (ours, theirs) = (fused::Network::new(&device), burns::Network::new(&device));
    assert_eq!(paths(&ours), paths(&theirs));
    assert_eq!(ours.num_params(), theirs.num_params());
    assert_eq!(ours.to_string(), theirs.to_string());
    let settings = || burn::module::DisplaySettings::new().with_show_all_attributes(true);
    assert_eq!(ours.conv.format(settings()), theirs.conv.format(settings()));
}

#[test]
fn the_same_seed_initializes_the_same_layers() {
    let (device, _lock) = seeded(2);
    let x = signals(DType::F32, &device);
    let theirs = burns::Network::new(&device).forward(x.clone());
    device.seed(2);
    let ours = fused::Network::new(&device).forward(x);
    assert_close("output", &values(ours), &values(theirs), 1e-6);
}

#[test]
fn checkpoints_of_either_load_into_the_other() {
    let (device, _lock) = seeded(3);
    let x = signals(DType::F32, &device);
    let theirs = burns::Network::with_rows(&device.clone().autodiff());
    // Running statistics that are not the initial ones.
    theirs.forward(signals(DType::F32, &device.clone().autodiff()));
    let theirs = theirs.valid();
    let want = values(theirs.forward(x.clone()));

    let path = file("burn");
    theirs.clone().save_file(&path).unwrap();
    let ours = fused::Network::with_rows(&device);
    assert_ne!(values(ours.forward(x.clone())), want);
    let ours = ours.load_file(&path);
    assert_close(
        "Burn's in ours",
        &values(ours.forward(x.clone())),
        &want,
        1e-6,
    );

    let path = file("fused");
    ours.save_file(&path).unwrap();
    let back = burns::Network::with_rows(&device).load_file(&path);
    assert_eq!(values(back.forward(x)), want);
}

fn gradient<const D: usize>(param: &Param<Tensor<D>>, gradients: &Gradients) -> Vec<f64> {
    values(param.val().grad(gradients).unwrap())
}

#[test]
fn outputs_gradients_and_statistics_are_those_of_burn() {
    let (device, _lock) = seeded(4);
    let device = device.autodiff();
    for (dtype, tolerance) in [(DType::F32, 2e-5), (DType::F64, 1e-12)] {
        /// Parameters of another precision.
        struct Cast(FloatDType);
        impl burn::module::ModuleMapper for Cast {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|tensor| {
                    let learns = tensor.is_require_grad();
                    let values = tensor.without_autodiff().cast(self.0);
                    Tensor::from_inner(values).set_require_grad(learns)
                })
            }
        }
        let theirs = burns::Network::new(&device);
        let ours = fused::Network::new(&device).load_record(theirs.clone().into_record());
        let mut cast = Cast(FloatDType::from(dtype));
        let (ours, theirs) = (ours.map(&mut cast), theirs.map(&mut cast));
        let run = |forward: &dyn Fn(Tensor<3>) -> Tensor<2>| {
            let x = signals(dtype, &device).require_grad();
            let y = forward(x.clone());
            let weights = noise_tensor(y.dims(), 5, dtype, &device);
            let gradients = (y.clone() * weights).sum().backward();
            let gx = values(x.grad(&gradients).unwrap());
            (values(y), gx, gradients)
        };
        let (y, gx, gradients) = run(&|x| ours.forward(x));
        let (want_y, want_gx, want) = run(&|x| theirs.forward(x));
        let close = |what: &str, got: &[f64], want: &[f64]| {
            assert_close(&format!("{what} in {dtype:?}"), got, want, tolerance);
        };
        close("output", &y, &want_y);
        close("gradient of the input", &gx, &want_gx);
        macro_rules! same {
            ($($layer:ident . $param:ident),+) => {
                $(close(
                    concat!(stringify!($layer), ".", stringify!($param)),
                    &gradient(&ours.$layer.$param, &gradients),
                    &gradient(&theirs.$layer.$param, &want),
                );)+
            };
        }
        same!(
            signal.weight,
            conv.weight,
            norm.gamma,
            norm.beta,
            head.weight
        );
        let bias = |bias: &Option<Param<Tensor<1>>>, gradients| {
            gradient(bias.as_ref().unwrap(), gradients)
        };
        close(
            "head.bias",
            &bias(&ours.head.bias, &gradients),
            &bias(&theirs.head.bias, &want),
        );
        for (what, ours, theirs) in [
            ("mean", &ours.norm.running_mean, &theirs.norm.running_mean),
            ("variance", &ours.norm.running_var, &theirs.norm.running_var),
        ] {
            close(what, &values(ours.value()), &values(theirs.value()));
        }
    }
}

#[test]
fn functions_of_burns_layers_take_the_layers() {
    let (device, _lock) = seeded(5);
    let mut layer = fused::Network::new(&device).conv;
    let x = Tensor::<4>::ones([1, 3, 4, 4], &device);
    assert_eq!(layer.stride, [1, 1]);
    layer.bias = None;
    let fused = spatial::conv2d_with(&layer, Activation::RELU, x.clone());
    let theirs = burn::nn::conv::Conv2d::from(layer).forward(x);
    let relu = burn::tensor::activation::relu(theirs);
    assert_close("relu", &values(fused), &values(relu), 1e-6);
}

#[test]
fn half_precision_is_within_its_rounding() {
    let (device, _lock) = seeded(6);
    let layer = fused::Network::new(&device).conv;
    let x: Tensor<4> = noise_tensor([2, 3, 4, 4], 7, DType::F32, &device);
    let want = values(layer.forward(x.clone()));
    for dtype in [FloatDType::F16, FloatDType::BF16] {
        let mut half = layer.clone();
        half.0.weight = half.0.weight.map(|weight| weight.cast(dtype));
        half.0.bias = half.0.bias.map(|bias| bias.map(|bias| bias.cast(dtype)));
        let y = half.forward(x.clone().cast(dtype));
        assert_eq!(y.dtype(), DType::from(dtype));
        assert_close(&format!("{dtype:?}"), &values(y), &want, 1e-2);
    }
}
