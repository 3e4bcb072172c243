//! Darcy flow: the published setting of a neural operator, what else could be done, and other resolutions.

mod cholesky;
mod data;
mod five_point;
mod grids;
mod linear;
mod measure;
mod page;

use serde::{Deserialize, Serialize};

use spectral_lab::model::operator::{
    Architecture, ArchitectureRequest, OperatorInput, OperatorSpec, find_operator,
};
use spectral_lab::report::Report;
use spectral_lab::train::{
    AdamWSettings, Decay, Loss, OptimizerConfig, Recipe, ScheduleConfig, Span, TrainConfig, Warmup,
};

use crate::kit::Extents;
use crate::kit::field_network::Training;
use crate::{StudyError, StudyInfo, StudyRun};
use data::{COARSE, Lazy, SYMMETRY, Source};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "darcy",
    summary: "solution operator of Darcy flow: neural operators, convolutional networks, a coarse solver",
    question: "How well do neural operators and convolutional networks of equal size solve Darcy flow on \
               16×16 points, and at twice the resolution? What does a solver on the same points do?",
    source: "Kossaifi et al., A Library for Learning Neural Operators, 2024; Li et al., Fourier Neural \
             Operator for Parametric Partial Differential Equations, 2021",
    budget: None,
    make,
};

/// What is measured.
#[derive(Clone, Copy, Debug, Serialize)]
struct Extent {
    /// Training and test samples.
    train: usize,
    test: usize,
    /// Points per axis of the grid that the solver's samples are computed on.
    solver: usize,
    /// Training samples that the two numbers of the five-point scheme are fitted to.
    fitted: usize,
    seeds: u64,
    /// Epochs with the published settings.
    published_epochs: usize,
    /// Epochs with the study's own.
    epochs: usize,
}

const EXTENTS: Extents<Extent> = Extents {
    full: Extent {
        train: 1000,
        test: 50,
        solver: 128,
        fitted: 200,
        seeds: 3,
        published_epochs: 15,
        epochs: 120,
    },
    quick: Extent {
        train: 32,
        test: 8,
        solver: 64,
        fitted: 8,
        seeds: 1,
        published_epochs: 2,
        epochs: 1,
    },
};

impl Extent {
    #[cfg(test)]
    fn tiny() -> Self {
        EXTENTS.quick
    }
}

/// The parameters of neuraloperator's example.
const PARAMETERS: usize = 191_881;

/// A network of the comparison.
struct Contender {
    name: &'static str,
    /// Numbers of blocks or levels, one of which is taken.
    layers: &'static [usize],
    /// Modes per axis, as the network counts them.
    modes: usize,
    rate: f64,
}

const fn contender(
    name: &'static str,
    layers: &'static [usize],
    modes: usize,
    rate: f64,
) -> Contender {
    Contender {
        name,
        layers,
        modes,
        rate,
    }
}

/// The networks, of equal numbers of parameters; the first is that of neuraloperator.
const CONTENDERS: [Contender; 7] = [
    contender("fno-mlp", &[4], 8, 5e-3),
    contender("fno", &[3, 4, 5, 6], 4, 5e-3),
    contender("fno-local", &[3, 4, 5, 6], 4, 5e-3),
    contender("ffno", &[3, 4, 5, 6], 8, 2e-3),
    contender("resnet", &[4, 5, 6, 7, 8], 0, 2e-3),
    contender("dilated-resnet", &[1, 2, 3], 0, 2e-3),
    contender("unet", &[2, 3], 0, 2e-3),
];

/// A network with its size.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sized {
    name: String,
    spec: OperatorSpec,
    parameters: usize,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENTS.of(run);
    let source = data::choose(run, &extent)?;
    let data = Lazy::new(source, extent);
    let simple = measure::simple(run, &extent, &data)?;
    let example = measure::example(run, &extent, &data)?;
    let published = (0..extent.seeds)
        .map(|seed| {
            measure::trained(
                run,
                "published",
                &published_training(&extent, seed),
                &extent,
                &data,
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    let sized = run.step("networks", PARAMETERS, |_| sized())?;
    let mut networks = Vec::new();
    for (contender, sized) in CONTENDERS.iter().zip(sized) {
        let of_seed = |seed| Training {
            network: contender.name,
            spec: sized.spec.clone(),
            config: recipe(extent.epochs, contender.rate, seed),
        };
        let seeds = (0..extent.seeds)
            .map(|seed| measure::trained(run, contender.name, &of_seed(seed), &extent, &data))
            .collect::<Result<Vec<_>, _>>()?;
        networks.push(page::Network {
            name: contender.name,
            rate: contender.rate,
            architecture: sized.spec.architecture,
            seeds,
        });
    }
    let solver = match source {
        Source::Solver => data,
        Source::Published => Lazy::new(Source::Solver, extent),
    };
    let grids = grids::measured(run, &extent, &solver)?;
    page::page(
        run,
        page::Measured {
            extent,
            source,
            simple,
            example,
            published,
            networks,
            grids,
        },
    )
}

/// The network of neuraloperator's example, `fno-mlp` with 8 modes per axis and 24 channels.
fn published_spec() -> OperatorSpec {
    OperatorSpec {
        channels: [1, 1],
        sizes: vec![COARSE; 2],
        boundary: spectral_lab::data::fields::Boundary::Other,
        architecture: Architecture {
            width: 24,
            layers: 4,
            modes: 8,
        },
    }
}

fn published_training(extent: &Extent, seed: u64) -> Training {
    let config = Recipe::find("darcy").expect("a recipe of the lab").config();
    Training {
        network: "fno-mlp",
        spec: published_spec(),
        config: TrainConfig {
            epochs: extent.published_epochs,
            seed,
            ..config
        },
    }
}

/// The study's own settings: those of the example, but with samples moved by symmetries, batches half as
/// large, a warm-up, more epochs, and a cosine to zero.
fn recipe(epochs: usize, rate: f64, seed: u64) -> TrainConfig {
    let published = Recipe::find("darcy").expect("a recipe of the lab").config();
    TrainConfig {
        epochs,
        seed,
        learning_rate: rate,
        batch_size: 32,
        symmetry: SYMMETRY,
        optimizer: OptimizerConfig::AdamW(AdamWSettings {
            weight_decay: 1e-4,
            ..AdamWSettings::default()
        }),
        schedule: ScheduleConfig {
            warmup: Some(Warmup {
                over: Span::Epochs(1),
                start: 0.0,
            }),
            decay: Decay::Cosine {
                over: Span::Epochs((epochs as u64).saturating_sub(1).max(1)),
                floor: 0.0,
            },
        },
        loss: Loss::RelativeL2,
        ..published
    }
}

/// The contenders, each with the numbers of blocks and channels whose parameters are nearest to those of the
/// first.
fn sized() -> Result<Vec<Sized>, StudyError> {
    let input = OperatorInput {
        channels: [1, 1],
        sizes: vec![COARSE; 2],
        boundary: published_spec().boundary,
    };
    let size = |contender: &Contender| {
        let info = find_operator(contender.name)?;
        let mut best: Option<Sized> = None;
        for layers in contender.layers {
            let request = ArchitectureRequest {
                layers: Some(*layers),
                modes: Some(contender.modes),
                parameters: Some(PARAMETERS),
                ..ArchitectureRequest::default()
            };
            let spec = info.spec(&input, request)?;
            let parameters = info.parameters(&spec)?;
            let distance = |parameters: usize| parameters.abs_diff(PARAMETERS);
            if best
                .as_ref()
                .is_none_or(|best| distance(parameters) < distance(best.parameters))
            {
                best = Some(Sized {
                    name: contender.name.into(),
                    spec,
                    parameters,
                });
            }
        }
        best.ok_or_else(|| StudyError::Failed(format!("{} has no size", contender.name)))
    };
    CONTENDERS.iter().map(size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_equal_numbers_of_parameters() {
        for sized in sized().unwrap() {
            let share = sized.parameters as f64 / PARAMETERS as f64;
            // Channels double from level to level, so that sizes of U-Nets lie further apart.
            let apart = if sized.name == "unet" { 0.05 } else { 0.03 };
            assert!((share - 1.0).abs() < apart, "{sized:?}");
        }
        let published = find_operator("fno-mlp")
            .unwrap()
            .parameters(&published_spec());
        assert_eq!(published.unwrap(), PARAMETERS);
    }

    #[test]
    fn recipes_are_valid() {
        recipe(120, 1e-3, 0).validate().unwrap();
        recipe(1, 1e-3, 0).validate().unwrap();
        published_training(&EXTENTS.full, 2)
            .config
            .validate()
            .unwrap();
    }
}
