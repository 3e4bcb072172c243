//! The fused optimizers beside Burn's own.

use burn::module::{Module, Param};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, RmsPropConfig, SgdConfig,
};
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::super::optimizer::{
    AdamSettings, AdamWSettings, OptimizerConfig, RmsPropSettings, SgdSettings,
};

/// Parameters of several ranks and awkward sizes, one of more than one block.
#[derive(Module, Debug)]
struct Weights {
    matrix: Param<Tensor<2>>,
    vector: Param<Tensor<1>>,
    kernel: Param<Tensor<4>>,
    long: Param<Tensor<1>>,
}

fn wave(count: usize, phase: f64) -> impl Iterator<Item = f64> {
    (0..count).map(move |i| (0.37 * i as f64 + phase).sin() * (1.0 + (i % 5) as f64))
}

fn data(shape: &[usize], phase: f64, dtype: DType) -> TensorData {
    let values: Vec<f64> = wave(shape.iter().product(), phase).collect();
    TensorData::new(values, shape).convert_dtype(dtype)
}

fn weights(dtype: DType) -> Weights {
    let device = Device::flex().autodiff();
    Weights {
        matrix: Param::from_tensor(Tensor::from_data(
            data(&[7, 5], 0.1, dtype),
            (&device, dtype),
        )),
        vector: Param::from_tensor(Tensor::from_data(data(&[1], 0.2, dtype), (&device, dtype))),
        kernel: Param::from_tensor(Tensor::from_data(
            data(&[3, 2, 3, 1], 0.3, dtype),
            (&device, dtype),
        )),
        long: Param::from_tensor(Tensor::from_data(
            data(&[16_411], 0.4, dtype),
            (&device, dtype),
        )),
    }
}

/// Gradients of step `t`; those of some weights are zero throughout.
fn gradients(model: &Weights, t: usize, dtype: DType) -> GradientsParams {
    let device = Device::flex();
    let phase = 0.7 * t as f64;
    let mut gradients = GradientsParams::new();
    let of = |shape: &[usize]| {
        let values = wave(shape.iter().product(), phase).enumerate();
        let values: Vec<f64> = values
            .map(|(i, g)| if i % 4 == 3 { 0.0 } else { 0.3 * g })
            .collect();
        TensorData::new(values, shape).convert_dtype(dtype)
    };
    let options = (&device, dtype);
    gradients.register(
        model.matrix.id,
        Tensor::<2>::from_data(of(&[7, 5]), options),
    );
    gradients.register(model.vector.id, Tensor::<1>::from_data(of(&[1]), options));
    gradients.register(
        model.kernel.id,
        Tensor::<4>::from_data(of(&[3, 2, 3, 1]), options),
    );
    gradients.register(
        model.long.id,
        Tensor::<1>::from_data(of(&[16_411]), options),
    );
    gradients
}

fn steps(
    optimizer: &mut ModuleOptimizer,
    mut model: Weights,
    times: core::ops::Range<usize>,
    dtype: DType,
) -> Weights {
    for t in times {
        let gradients = gradients(&model, t, dtype);
        model = optimizer.step(0.01 / (1.0 + t as f64), model, gradients);
    }
    model
}

#[track_caller]
fn assert_same(got: &Weights, expected: &Weights, limit: f64, what: &str) {
    fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f64> {
        param.val().inner().try_into_vec_as::<f64>().unwrap()
    }
    let all = |w: &Weights| {
        [
            values(&w.matrix),
            values(&w.vector),
            values(&w.kernel),
            values(&w.long),
        ]
        .concat()
    };
    for (got, expected) in all(got).into_iter().zip(all(expected)) {
        assert!(
            (got - expected).abs() <= limit,
            "{got} instead of {expected}: {what}"
        );
    }
}

/// Burn's optimizer of the same settings.
fn burns(config: OptimizerConfig) -> ModuleOptimizer {
    let l2 = |penalty: f64| (penalty > 0.0).then(|| WeightDecayConfig::new(penalty as f32));
    match config {
        OptimizerConfig::Adam(s) => AdamConfig::new()
            .with_beta_1(s.beta_1 as f32)
            .with_beta_2(s.beta_2 as f32)
            .with_epsilon(s.epsilon as f32)
            .with_amsgrad(s.amsgrad)
            .with_weight_decay(l2(s.weight_decay))
            .init(),
        OptimizerConfig::AdamW(s) => AdamWConfig::new()
            .with_beta_1(s.beta_1 as f32)
            .with_beta_2(s.beta_2 as f32)
            .with_epsilon(s.epsilon as f32)
            .with_amsgrad(s.amsgrad)
            .with_weight_decay(s.weight_decay as f32)
            .init(),
        OptimizerConfig::Sgd(s) => SgdConfig::new()
            .with_momentum((s.momentum > 0.0).then(|| {
                MomentumConfig::new()
                    .with_momentum(s.momentum)
                    .with_dampening(s.dampening)
                    .with_nesterov(s.nesterov)
            }))
            .with_weight_decay(l2(s.weight_decay))
            .init(),
        OptimizerConfig::RmsProp(s) => RmsPropConfig::new()
            .with_alpha(s.alpha as f32)
            .with_epsilon(s.epsilon as f32)
            .with_momentum(s.momentum as f32)
            .with_centered(s.centered)
            .with_weight_decay(l2(s.weight_decay))
            .init(),
    }
}

fn settings() -> Vec<OptimizerConfig> {
    let mut all = Vec::new();
    for weight_decay in [0.0, 0.1] {
        for amsgrad in [false, true] {
            all.push(OptimizerConfig::Adam(AdamSettings {
                beta_2: 0.95,
                amsgrad,
                weight_decay,
                ..AdamSettings::default()
            }));
            all.push(OptimizerConfig::AdamW(AdamWSettings {
                epsilon: 1e-3,
                amsgrad,
                weight_decay,
                ..AdamWSettings::default()
            }));
        }
        for (momentum, dampening, nesterov) in [
            (0.0, 0.0, false),
            (0.9, 0.0, false),
            (0.8, 0.25, false),
            (0.9, 0.0, true),
        ] {
            all.push(OptimizerConfig::Sgd(SgdSettings {
                momentum,
                dampening,
                nesterov,
                weight_decay,
            }));
        }
        for (momentum, centered) in [(0.0, false), (0.9, false), (0.0, true), (0.5, true)] {
            all.push(OptimizerConfig::RmsProp(RmsPropSettings {
                // Away from zero, where rounding of the variance decides its root.
                epsilon: 1e-2,
                momentum,
                centered,
                weight_decay,
                ..RmsPropSettings::default()
            }));
        }
    }
    all
}

#[test]
fn fifty_steps_are_those_of_burn() {
    for config in settings() {
        for (dtype, limit) in [(DType::F32, 5e-6), (DType::F64, 1e-13)] {
            let start = weights(dtype);
            let got = steps(&mut config.build(), start.clone(), 0..50, dtype);
            let expected = steps(&mut burns(config), start, 0..50, dtype);
            assert_same(&got, &expected, limit, &format!("{config:?}, {dtype:?}"));
        }
    }
}

#[test]
fn records_of_one_are_read_by_the_other() {
    for config in settings() {
        let start = weights(DType::F32);
        let mut ours = config.build();
        let mut theirs = burns(config);
        let middle = steps(&mut ours, start.clone(), 0..5, DType::F32);
        let middle_of_burn = steps(&mut theirs, start, 0..5, DType::F32);

        let (our_bytes, their_bytes) = (ours.into_bytes().unwrap(), theirs.into_bytes().unwrap());
        let mut theirs_goes_on = burns(config).from_bytes(our_bytes).unwrap();
        let mut ours_goes_on = config.build().from_bytes(their_bytes).unwrap();
        assert_eq!(names(&ours), names(&theirs), "{config:?}");

        let expected = steps(&mut theirs, middle_of_burn.clone(), 5..12, DType::F32);
        let what = format!("{config:?}");
        let got = steps(&mut theirs_goes_on, middle, 5..12, DType::F32);
        assert_same(&got, &expected, 5e-6, &what);
        let got = steps(&mut ours_goes_on, middle_of_burn, 5..12, DType::F32);
        assert_same(&got, &expected, 5e-6, &what);
    }
}

/// How many tensors and scalars a record has, in Burn's words.
fn names(optimizer: &ModuleOptimizer) -> String {
    format!("{:?}", optimizer.to_record())
}

#[test]
fn weights_of_one_owner_stay_where_they_are() {
    let address = |model: &Weights| {
        let long = model.long.val().inner();
        let long = long
            .try_into_primitive::<burn::backend::Flex>()
            .expect("a tensor of the CPU backend");
        long.bytes().as_ptr() as usize
    };
    let model = weights(DType::F32);
    let place = address(&model);
    let mut optimizer = OptimizerConfig::default().build();
    let model = steps(&mut optimizer, model, 0..2, DType::F32);
    assert_eq!(address(&model), place);
}
