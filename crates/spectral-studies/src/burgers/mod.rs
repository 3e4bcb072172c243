//! Burgers' equation in one dimension: the benchmark of the FNO paper, from a solver.

mod data;
mod exact;
mod measure;
mod page;

use serde::{Deserialize, Serialize};

use spectral_lab::data::fields::{Boundary, ScalingKind};
use spectral_lab::model::operator::{
    ArchitectureRequest, OperatorInput, OperatorSpec, find_operator,
};
use spectral_lab::report::Report;
use spectral_lab::train::{
    AdamSettings, Decay, OptimizerConfig, Recipe, ScalingConfig, ScheduleConfig, Span, TrainConfig,
    Warmup,
};

use crate::kit::Extents;
use crate::kit::field_network::Training;
use crate::{StudyError, StudyInfo, StudyRun};
use data::Lazy;

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "burgers",
    summary: "solution operator of Burgers' equation: FNO, convolutional networks, closed forms",
    question: "How well does an FNO learn the map from the initial state of Burgers' equation to the state at \
               time 1, compared with convolutional networks, linear maps and the closed form, and at other \
               resolutions?",
    source: "Li et al., Fourier Neural Operator for Parametric Partial Differential Equations, 2021",
    budget: None,
    make,
};

/// What is measured.
#[derive(Clone, Copy, Debug, Serialize)]
struct Extent {
    /// Training and test samples.
    train: usize,
    test: usize,
    /// Points that the solver computes training samples on.
    solver: usize,
    /// Points that it computes test samples on.
    finest: usize,
    /// Points that networks are trained on: every few of the solver's.
    points: usize,
    /// Points that networks are evaluated on, not fewer than they are trained on.
    grids: &'static [usize],
    /// Points that the closed form is evaluated on.
    closed: &'static [usize],
    seeds: u64,
    epochs: usize,
}

const EXTENTS: Extents<Extent> = Extents {
    full: Extent {
        train: 1000,
        test: 200,
        solver: 1024,
        finest: 2048,
        points: 128,
        grids: &[128, 256, 512, 1024, 2048],
        closed: &[16, 32, 64, 128],
        seeds: 3,
        epochs: 100,
    },
    quick: Extent {
        train: 40,
        test: 8,
        solver: 128,
        finest: 256,
        points: 64,
        grids: &[64, 128, 256],
        closed: &[16, 64],
        seeds: 1,
        epochs: 1,
    },
};

/// Channels and modes of the FNO of the paper.
const WIDTH: usize = 64;
const MODES: usize = 16;

/// A network of the comparison.
struct Contender {
    name: &'static str,
    /// Numbers of blocks or levels, one of which is taken.
    layers: &'static [usize],
    rate: f64,
}

/// The networks; the first is that of the paper, the others have as many parameters.
const CONTENDERS: [Contender; 3] = [
    Contender {
        name: "fno",
        layers: &[4],
        rate: 2e-3,
    },
    Contender {
        name: "resnet",
        layers: &[5, 6, 7, 8],
        rate: 1e-3,
    },
    Contender {
        name: "unet",
        layers: &[3, 4],
        rate: 1e-3,
    },
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
    let data = Lazy::new(extent);
    let simple = measure::simple(run, &extent, &data)?;
    let sized = run.step("networks", extent.points, |_| sized(extent.points))?;
    let mut networks = Vec::new();
    for (contender, sized) in CONTENDERS.iter().zip(sized) {
        let of_seed = |seed| Training {
            network: contender.name,
            spec: sized.spec.clone(),
            config: recipe(extent.epochs, contender.rate, seed),
        };
        let seeds = (0..extent.seeds)
            .map(|seed| measure::trained(run, &of_seed(seed), &extent, &data))
            .collect::<Result<Vec<_>, _>>()?;
        networks.push(page::Network {
            name: contender.name,
            rate: contender.rate,
            architecture: sized.spec.architecture,
            seeds,
        });
    }
    page::page(run, &extent, &simple, &networks)
}

/// The settings of the paper's program in its later version, but with scaled fields, without weight decay, with a
/// warm-up and a cosine to zero, and fewer epochs.
fn recipe(epochs: usize, rate: f64, seed: u64) -> TrainConfig {
    let published = Recipe::find("burgers")
        .expect("a recipe of the lab")
        .config();
    TrainConfig {
        epochs,
        seed,
        learning_rate: rate,
        optimizer: OptimizerConfig::Adam(AdamSettings::default()),
        scaling: ScalingConfig {
            inputs: ScalingKind::Channel,
            targets: ScalingKind::Channel,
        },
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
        ..published
    }
}

/// The FNO of the paper, and the others with the numbers of blocks and channels whose parameters are nearest to its.
fn sized(points: usize) -> Result<Vec<Sized>, StudyError> {
    let input = OperatorInput {
        channels: [1, 1],
        sizes: vec![points],
        boundary: Boundary::Periodic,
    };
    let mut all: Vec<Sized> = Vec::new();
    for contender in &CONTENDERS {
        let info = find_operator(contender.name)?;
        let wanted = all.first().map(|first| first.parameters);
        let mut best: Option<Sized> = None;
        for layers in contender.layers {
            let request = ArchitectureRequest {
                layers: Some(*layers),
                modes: wanted.is_none().then_some(MODES),
                width: wanted.is_none().then_some(WIDTH),
                parameters: wanted,
            };
            let spec = info.spec(&input, request)?;
            let parameters = info.parameters(&spec)?;
            let distance = |parameters: usize| parameters.abs_diff(wanted.unwrap_or(parameters));
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
        all.extend(best);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_equal_numbers_of_parameters() {
        let all = sized(128).unwrap();
        assert_eq!(all.len(), CONTENDERS.len());
        for sized in &all {
            let share = sized.parameters as f64 / all[0].parameters as f64;
            assert!((share - 1.0).abs() < 0.03, "{sized:?}");
        }
        assert_eq!(
            (
                all[0].spec.architecture.width,
                all[0].spec.architecture.modes
            ),
            (WIDTH, MODES)
        );
    }

    #[test]
    fn recipes_are_valid() {
        recipe(1, 1e-3, 0).validate().unwrap();
        recipe(EXTENTS.full.epochs, 1e-3, 2).validate().unwrap();
    }
}
