//! Emulators of two-dimensional turbulence: Kolmogorov flow.

mod page;
mod plan;
mod record;
mod spectrum;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::data::fields::ScalingKind;
use spectral_lab::report::Report;
use spectral_lab::simulate::Request;
use spectral_lab::train::ScalingConfig;

use crate::kit::Extents;
use crate::kit::comparison::seeds;
use crate::kit::emulation::{
    Count, Emulated, Errors, Flow, Network, Parts, Rounds, Sized, emulator, linear, paced,
    persistence, train,
};
use crate::{StudyError, StudyInfo, StudyRun};
use plan::{Amount, Plan, amount};
use record::{Record, Recorder};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "navier-stokes",
    summary: "emulators of Kolmogorov flow, at equal parameters and at equal time",
    question: "Does an FNO predict two-dimensional turbulence better than a U-Net and a ResNet of as \
               many parameters or as much training time?",
    source: "Li et al., Fourier Neural Operator for Parametric Partial Differential Equations, 2021; \
             Koehler et al., APEBench: A Benchmark for Autoregressive Neural Emulators of PDEs, 2024",
    budget: Some(0.75),
    make,
};

/// Parameters of every network, but for what whole widths leave.
const PARAMETERS: usize = 66_300;

const NETWORKS: [Network; 3] = [
    network("resnet", 4, None),
    network("unet", 2, None),
    network("fno", 4, Some(8)),
];

const fn network(name: &'static str, layers: usize, modes: Option<usize>) -> Network {
    Network {
        name,
        layers: Some(layers),
        modes,
    }
}

/// Pairs of a mini-batch.
const BATCH: usize = 10;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Extent {
    /// Grid points along each axis.
    points: usize,
    parts: Parts,
    /// States that are left out.
    warm_up: usize,
    rounds: Rounds,
    /// Steps after which spectra and pictures are kept.
    kept: &'static [usize],
    /// From the most to the least.
    amounts: &'static [Amount],
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        points: 64,
        parts: Parts {
            train: Count::new(20, 50),
            validation: Count::new(2, 20),
            test: Count::new(8, 50),
        },
        warm_up: 60,
        rounds: rounds(1, 5),
        kept: &[1, 5, 10, 20, 50],
        amounts: &[
            amount(40, 3),
            amount(20, 3),
            amount(10, 3),
            amount(6, 3),
            amount(4, 3),
        ],
    },
    quick: Extent {
        points: 16,
        parts: Parts {
            train: Count::new(4, 5),
            validation: Count::new(1, 2),
            test: Count::new(2, 4),
        },
        warm_up: 2,
        rounds: rounds(2, 1),
        kept: &[1, 4],
        amounts: &[amount(2, 2)],
    },
};

const fn rounds(trajectories: usize, rounds: usize) -> Rounds {
    Rounds {
        trajectories,
        batch: BATCH,
        rounds,
    }
}

/// The flow itself, and models without training by gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Baselines {
    persistence: Errors,
    linear: Errors,
    truth: Record,
    /// Root mean square of the velocity.
    speed: f64,
}

/// A training, and what its predictions look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    emulated: Emulated,
    record: Record,
}

/// What a network came to.
struct Trained {
    /// After as many updates as the others, by seed.
    equal: Vec<Run>,
    /// After as much time as the slowest takes, by seed; the same runs where it is that one.
    longer: Vec<Run>,
}

/// All figures.
struct Figures {
    extent: Extent,
    flow: Flow,
    networks: Vec<Sized>,
    /// Seconds per update, by network.
    paces: Vec<f64>,
    plan: Plan,
    baselines: Baselines,
    trained: Vec<Trained>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let request = Request {
        points: Some(extent.points),
        seed: run.seed(),
        ..Request::new("kolmogorov", 1)
    };
    let flow = Flow::new(request, extent.warm_up, extent.parts)?;
    let networks: Vec<Sized> = (NETWORKS.iter())
        .map(|network| sized(network, &flow, &extent))
        .collect::<Result<_, _>>()?;
    let paces = paced(run, &flow, &networks, extent.rounds)?;
    let hours = run.budget();
    // Kept, so that a study which goes on does what it began with, however fast it is now.
    let settings = json!({"hours": hours.is_finite().then_some(hours)});
    let plan = run.step("plan", settings, |_| {
        Ok(Plan::within(hours, &paces, &extent))
    })?;
    let baselines = baselines(run, &flow, &extent)?;
    let mut trained: Vec<Trained> = (networks.iter())
        .map(|_| Trained {
            equal: Vec::new(),
            longer: Vec::new(),
        })
        .collect();
    for seed in seeds(run, plan.amount.seeds) {
        for (index, network) in networks.iter().enumerate() {
            let mut one = |epochs, suffix| {
                let settings = (epochs, seed, suffix);
                trained_from(run, &flow, &extent, network, settings)
            };
            let equal = one(plan.amount.epochs, "")?;
            trained[index].longer.push(match plan.epochs[index] {
                epochs if epochs > plan.amount.epochs => one(epochs, "-longer")?,
                _ => equal.clone(),
            });
            trained[index].equal.push(equal);
        }
    }
    page::page(
        run,
        &Figures {
            extent,
            flow,
            networks,
            paces,
            plan,
            baselines,
            trained,
        },
    )
}

/// A network of the common number of parameters; on a small grid with fewer levels and modes.
fn sized(network: &Network, flow: &Flow, extent: &Extent) -> Result<Sized, StudyError> {
    let small = Network {
        layers: network.layers.map(|layers| layers.min(2)),
        modes: network.modes.map(|modes| modes.min(4)),
        ..*network
    };
    match extent.points < EXTENT.full.points {
        true => small.sized(&flow.input(), PARAMETERS / 8),
        false => network.sized(&flow.input(), PARAMETERS),
    }
}

fn baselines(
    run: &mut StudyRun<'_>,
    flow: &Flow,
    extent: &Extent,
) -> Result<Baselines, StudyError> {
    let settings = json!({"flow": flow.settings(), "kept": extent.kept});
    run.step("baselines", settings, |run| {
        let (set, test) = (flow.set()?, flow.test()?);
        let mut recorder = Recorder::new(extent.points, extent.kept, run.device());
        let mut speeds = Vec::new();
        for time in 0..=test.steps() {
            let trajectories = 0..test.count();
            let states: Vec<f32> = trajectories
                .flat_map(|trajectory| test.state(trajectory, time).iter().copied())
                .collect();
            recorder.see(time, &states)?;
            speeds.push(spectrum::mean_square_speed(
                &states,
                extent.points,
                flow.length(),
                run.device(),
            )?);
        }
        Ok(Baselines {
            persistence: persistence(test)?,
            linear: linear::<4>(&set.train, test, run.device())?,
            truth: recorder.record,
            speed: (speeds.iter().sum::<f64>() / speeds.len() as f64).sqrt(),
        })
    })
}

/// A network trained from one seed, and for how many epochs.
fn trained_from(
    run: &mut StudyRun<'_>,
    flow: &Flow,
    extent: &Extent,
    network: &Sized,
    (epochs, seed, suffix): (usize, u64, &str),
) -> Result<Run, StudyError> {
    let mut config = emulator(epochs, extent.parts.train.pairs(), BATCH, seed)?;
    config.eval_batch_size = 2 * BATCH;
    config.scaling = ScalingConfig {
        inputs: ScalingKind::Channel,
        targets: ScalingKind::Channel,
    };
    let name = format!("{}{suffix}-seed-{seed}", network.name);
    let settings = json!({
        "flow": flow.settings(), "network": network.name, "spec": network.spec, "train": config,
        "kept": extent.kept,
    });
    run.step(&name, settings, |run| {
        let (set, test) = (flow.set()?, flow.test()?);
        let mut recorder = Recorder::new(extent.points, extent.kept, run.device());
        let mut failed = None;
        let emulated = train(
            network,
            (set, test),
            &config,
            run.device(),
            |step, states| {
                if let Err(error) = recorder.see(step, states) {
                    failed = Some(error);
                }
            },
        )?;
        match failed {
            Some(error) => Err(error),
            None => Ok(Run {
                emulated,
                record: recorder.record,
            }),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_networks_have_the_same_number_of_parameters_within_three_percent() {
        let extent = EXTENT.full;
        let request = Request {
            points: Some(extent.points),
            ..Request::new("kolmogorov", 1)
        };
        let flow = Flow::new(request, 0, extent.parts).unwrap();
        for network in &NETWORKS {
            let sized = sized(network, &flow, &extent).unwrap();
            let ratio = sized.parameters as f64 / PARAMETERS as f64;
            assert!(
                (ratio - 1.0).abs() <= 0.03,
                "{}: {}",
                network.name,
                sized.parameters
            );
        }
    }
}
