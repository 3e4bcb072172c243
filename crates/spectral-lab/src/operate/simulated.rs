//! Fields straight from a solver.

use crate::data::fields::{Boundary, FieldEquation, FieldSet, Fields, NamedSamples, Samples};
use crate::simulate::{Array, Request, SimulateError, Simulation, Values};

/// Solves an equation and splits the samples: the last `test` of them are for testing. The same fields as a file of
/// `spectral data make` with these settings holds.
///
/// # Errors
/// If the settings are not accepted, a solution diverges, or no samples are left for training.
pub fn simulated(request: &Request, test: usize) -> Result<FieldSet, SimulateError> {
    let simulation = Simulation::new(request)?;
    if test == 0 || test >= request.count {
        return Err(SimulateError::BadOption {
            option: "test samples".into(),
            value: test.to_string(),
            equation: simulation.settings().equation,
            accepted: format!("1 to {}", request.count.saturating_sub(1)),
        });
    }
    let arrays = simulation.run(&|_done| {})?;
    let mut fields = arrays.into_iter().map(fields);
    let mut train = match (fields.next(), fields.next()) {
        (Some(inputs), Some(targets)) => Samples::Pairs { inputs, targets },
        (states, _) => Samples::Trajectories(states.unwrap_or_default()),
    };
    let samples = train.split_off(request.count - test);
    let settings = simulation.settings();
    let length = settings.length.unwrap_or(1.0);
    Ok(FieldSet {
        name: settings.equation.into(),
        train,
        tests: vec![NamedSamples {
            name: "test".into(),
            samples,
        }],
        boundary: match settings.time {
            Some(_) => Boundary::Periodic,
            None => Boundary::Other,
        },
        lengths: Some(vec![length; settings.dimensions]),
        equation: Some(FieldEquation {
            name: settings.equation,
            length,
            interval: settings.time.map(|time| time.dt * time.every as f64),
            parameters: (settings.parameters.iter())
                .map(|(name, value)| (name.to_string(), *value))
                .collect(),
        }),
    })
}

fn fields(array: Array) -> Fields {
    Fields {
        values: match array.values {
            Values::F32(values) => values,
            Values::F64(values) => values.into_iter().map(|value| value as f32).collect(),
        },
        shape: array.shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_trajectories_are_split_at_the_end() {
        let request = Request {
            points: Some(16),
            ..Request::new("advection", 5)
        };
        let all = Simulation::new(&request).unwrap().run(&|_| {}).unwrap();
        let set = simulated(&request, 2).unwrap();
        assert_eq!((set.train.count(), set.tests[0].samples.count()), (3, 2));
        assert_eq!(set.boundary, Boundary::Periodic);
        let Values::F32(values) = &all[0].values else {
            panic!("float32 by default")
        };
        let states: usize = all[0].shape[1..].iter().product();
        assert_eq!(
            set.tests[0].samples.state(0, 0),
            &values[3 * states..][..16]
        );
        let pairs = Request {
            frames: Some(1),
            ..request
        };
        let set = simulated(&pairs, 1).unwrap();
        assert!(matches!(set.train, Samples::Pairs { .. }));
    }

    #[test]
    fn no_training_samples_are_refused() {
        let error = simulated(&Request::new("kdv", 3), 3)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("test samples = 3") && error.contains("1 to 2"),
            "{error}"
        );
    }
}
