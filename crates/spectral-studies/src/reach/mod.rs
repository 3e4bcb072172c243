//! Which networks emulate a flow whose information travels far in a step.

mod cases;
mod page;
mod plan;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::report::Report;

use crate::kit::Extents;
use crate::kit::comparison::seeds;
use crate::kit::emulation::{
    Count, Emulated, Errors, Network, Parts, Rounds, Sized, emulator, linear, paced, persistence,
    train,
};
use crate::{StudyError, StudyInfo, StudyRun};
use cases::{Case, cases};
use plan::{Amount, Plan, amount};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "reach",
    summary: "networks that emulate a flow, by how far information travels in a step",
    question: "Which networks of equal size, or of equal training time, emulate a flow when information \
               must travel far in a step, and does any beat a linear map fitted to the same data?",
    source: "Koehler et al., APEBench: A Benchmark for Autoregressive Neural Emulators of PDEs, 2024",
    budget: Some(12.0),
    make,
};

/// Parameters of every network, but for what whole widths leave.
const PARAMETERS: usize = 32_500;

/// Depths and modes of the source, where it has the network; those of `fno-local` are those of `fno`.
const NETWORKS: [Network; 5] = [
    network("resnet", 8, None),
    network("dilated-resnet", 2, None),
    network("unet", 2, None),
    network("fno", 4, Some(12)),
    network("fno-local", 4, Some(12)),
];

/// Pairs of a mini-batch.
const BATCH: usize = 20;

/// The networks that are compared at equal time, by their place.
const PAIR: [usize; 2] = [0, 3];

const fn network(name: &'static str, layers: usize, modes: Option<usize>) -> Network {
    Network {
        name,
        layers: Some(layers),
        modes,
    }
}

const fn rounds(trajectories: usize, rounds: usize) -> Rounds {
    Rounds {
        trajectories,
        batch: BATCH,
        rounds,
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Extent {
    /// Grid cells that the solution of the advection equation moves in a step.
    cells: &'static [f64],
    parts: Parts,
    /// States of the Kuramoto-Sivashinsky equation that are left out.
    warm_up: usize,
    /// What the time per update is measured on.
    rounds: Rounds,
    /// From the most to the least.
    amounts: &'static [Amount],
}

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        cells: &[0.5, 1.0, 2.5, 5.0, 10.5, 20.0],
        parts: Parts {
            train: Count::new(50, 50),
            validation: Count::new(5, 40),
            test: Count::new(30, 200),
        },
        warm_up: 200,
        rounds: rounds(10, 7),
        amounts: &[
            amount(80, 5),
            amount(80, 3),
            amount(40, 3),
            amount(24, 3),
            amount(16, 3),
            amount(12, 3),
            amount(8, 3),
            amount(8, 2),
            amount(8, 1),
        ],
    },
    quick: Extent {
        cells: &[0.5, 10.5],
        parts: Parts {
            train: Count::new(4, 10),
            validation: Count::new(1, 4),
            test: Count::new(2, 12),
        },
        warm_up: 10,
        rounds: rounds(2, 1),
        amounts: &[amount(3, 2)],
    },
};

/// Models without training by gradients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Baselines {
    persistence: Errors,
    linear: Errors,
}

/// What was measured on one flow.
struct Measured {
    case: Case,
    baselines: Baselines,
    /// By network and seed.
    trained: Vec<Vec<Emulated>>,
    /// The slower network of the pair, stopped at the time of the other one, by seed; empty if it has time for all.
    stopped: Vec<Emulated>,
}

/// All figures.
struct Figures {
    extent: Extent,
    networks: Vec<Sized>,
    /// Seconds per update, by network.
    paces: Vec<f64>,
    plan: Plan,
    measured: Vec<Measured>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let cases = cases(&extent, run.seed())?;
    let Some(first) = cases.first() else {
        return Err(StudyError::Failed("no flow to emulate".into()));
    };
    let input = first.flow.input();
    let networks: Vec<Sized> = (NETWORKS.iter())
        .map(|network| network.sized(&input, PARAMETERS))
        .collect::<Result<_, _>>()?;
    let paces = paced(run, &first.flow, &networks, extent.rounds)?;
    let hours = run.budget();
    let settings = json!({"hours": hours.is_finite().then_some(hours), "cases": cases.len()});
    // Kept, so that a study which goes on does what it began with, however fast it is now.
    let plan = run.step("plan", settings, |_| {
        Ok(Plan::within(hours, &paces, cases.len(), &extent))
    })?;
    let mut measured = cases
        .into_iter()
        .map(|case| {
            Ok(Measured {
                baselines: baselines(run, &case)?,
                case,
                trained: vec![Vec::new(); networks.len()],
                stopped: Vec::new(),
            })
        })
        .collect::<Result<Vec<_>, StudyError>>()?;
    let slower = PAIR[plan.slower];
    for seed in seeds(run, plan.amount.seeds) {
        for of in &mut measured {
            for (network, trained) in networks.iter().zip(&mut of.trained) {
                let epochs = plan.amount.epochs;
                trained.push(trained_from(run, &of.case, network, epochs, seed, "")?);
            }
            if plan.epochs < plan.amount.epochs {
                let (network, epochs) = (&networks[slower], plan.epochs);
                let stopped = trained_from(run, &of.case, network, epochs, seed, "-stopped")?;
                of.stopped.push(stopped);
            }
        }
    }
    page::page(
        run,
        &Figures {
            extent,
            networks,
            paces,
            plan,
            measured,
        },
    )
}

fn baselines(run: &mut StudyRun<'_>, case: &Case) -> Result<Baselines, StudyError> {
    let name = format!("{}-baselines", case.name);
    run.step(&name, json!({"flow": case.flow.settings()}), |run| {
        let (set, test) = (case.flow.set()?, case.flow.test()?);
        Ok(Baselines {
            persistence: persistence(test)?,
            linear: linear::<3>(&set.train, test, run.device())?,
        })
    })
}

/// A network, and for how many epochs it is trained.
fn trained_from(
    run: &mut StudyRun<'_>,
    case: &Case,
    network: &Sized,
    epochs: usize,
    seed: u64,
    suffix: &str,
) -> Result<Emulated, StudyError> {
    let config = emulator(epochs, case.parts.train.pairs(), BATCH, seed)?;
    let name = format!("{}-{}{suffix}-seed-{seed}", case.name, network.name);
    let settings = json!({
        "flow": case.flow.settings(), "network": network.name, "spec": network.spec, "train": config,
    });
    run.step(&name, settings, |run| {
        let (set, test) = (case.flow.set()?, case.flow.test()?);
        train(network, (set, test), &config, run.device(), |_, _| {})
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::data::fields::Boundary;
    use spectral_lab::model::operator::OperatorInput;

    #[test]
    fn all_networks_have_the_same_number_of_parameters_within_three_percent() {
        let input = OperatorInput {
            channels: [1, 1],
            sizes: vec![cases::POINTS],
            boundary: Boundary::Periodic,
        };
        for network in NETWORKS {
            let sized = network.sized(&input, PARAMETERS).unwrap();
            let ratio = sized.parameters as f64 / PARAMETERS as f64;
            assert!(
                (ratio - 1.0).abs() <= 0.03,
                "{}: {}",
                network.name,
                sized.parameters
            );
        }
        assert_eq!(PAIR.map(|at| NETWORKS[at].name), ["resnet", "fno"]);
    }
}
