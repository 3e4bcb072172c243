//! Combines the results of one network over several seeds.

use super::{ModelReport, SeedReport};

/// Means over the seeds, with the results of each; the confusion matrix, epochs and pictures are
/// those of the first. A single report is returned unchanged.
pub fn combine_seeds(runs: Vec<(u64, ModelReport)>) -> ModelReport {
    let seeds: Vec<SeedReport> = runs
        .iter()
        .map(|(seed, run)| SeedReport {
            seed: *seed,
            accuracy: run.accuracy,
            loss: run.loss,
            l2: run.l2,
            h1: run.h1,
            epoch_s: run.epoch_s,
        })
        .collect();
    // The mean is missing if any value is missing.
    let mean = |figure: fn(&ModelReport) -> f64| {
        let sum: f64 = runs.iter().map(|(_, run)| figure(run)).sum();
        sum / runs.len() as f64
    };
    // None if no run has it.
    let mean_of_some = |figure: fn(&ModelReport) -> Option<f64>| {
        let sum: f64 = (runs.iter())
            .map(|(_, run)| figure(run).unwrap_or(f64::NAN))
            .sum();
        (runs.iter().any(|(_, run)| figure(run).is_some())).then(|| sum / runs.len() as f64)
    };
    let means = ModelReport {
        accuracy: mean(|run| run.accuracy),
        precision: mean(|run| run.precision),
        recall: mean(|run| run.recall),
        f1: mean(|run| run.f1),
        l2: mean_of_some(|run| run.l2),
        h1: mean_of_some(|run| run.h1),
        loss: mean(|run| run.loss),
        epoch_s: mean(|run| run.epoch_s),
        images_per_s: mean(|run| run.images_per_s),
        ..ModelReport::default()
    };
    let several = runs.len() > 1;
    let notes: Vec<String> = runs
        .iter()
        .flat_map(|(seed, run)| run.notes.iter().map(move |note| (seed, note)))
        .map(|(seed, note)| format!("Seed {seed}: {note}"))
        .collect();
    let Some((_, first)) = runs.into_iter().next() else {
        return ModelReport::default();
    };
    if !several {
        return first;
    }
    ModelReport {
        model: first.model,
        summary: first.summary,
        data: first.data,
        goal: first.goal,
        params: first.params,
        dead_params: first.dead_params,
        confusion: first.confusion,
        history: first.history,
        filters: first.filters,
        rebuilt: first.rebuilt,
        differences: first.differences,
        seeds,
        notes,
        ..means
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Goal;

    fn run(accuracy: f64, note: &str) -> ModelReport {
        ModelReport {
            model: "cnn".into(),
            accuracy,
            loss: 1.0 - accuracy,
            epoch_s: 2.0,
            notes: vec![note.into()],
            confusion: vec![vec![1]],
            ..ModelReport::default()
        }
    }

    #[test]
    fn one_seed_changes_nothing() {
        let one = run(0.5, "x");
        assert_eq!(combine_seeds(vec![(3, one.clone())]), one);
    }

    #[test]
    fn several_seeds_are_averaged_and_each_is_kept() {
        let both = combine_seeds(vec![(3, run(0.5, "a")), (4, run(0.75, "b"))]);
        assert_eq!(
            (both.accuracy, both.loss, both.epoch_s),
            (0.625, 0.375, 2.0)
        );
        assert_eq!(both.seeds.len(), 2);
        assert_eq!((both.seeds[1].seed, both.seeds[1].accuracy), (4, 0.75));
        assert_eq!(both.notes, ["Seed 3: a", "Seed 4: b"]);
        assert_eq!(both.confusion, [[1]]);
    }

    #[test]
    fn relative_errors_are_averaged_where_there_are_any() {
        let error = |l2, h1| ModelReport {
            goal: Goal::Predict,
            l2,
            h1,
            ..run(f64::NAN, "")
        };
        let both = combine_seeds(vec![
            (0, error(Some(0.25), None)),
            (1, error(Some(0.5), None)),
        ]);
        assert_eq!(
            (both.l2, both.h1, both.goal),
            (Some(0.375), None, Goal::Predict)
        );
        assert_eq!(both.seeds[1].l2, Some(0.5));
        let lost = combine_seeds(vec![(0, error(Some(0.25), None)), (1, error(None, None))]);
        assert!(lost.l2.unwrap().is_nan() && lost.diverged());
        assert_eq!(
            combine_seeds(vec![(0, run(0.5, "")), (1, run(0.5, ""))]).l2,
            None
        );
    }

    #[test]
    fn a_mean_with_a_diverged_run_is_no_number() {
        let both = combine_seeds(vec![(3, run(0.5, "a")), (4, run(f64::NAN, "b"))]);
        assert!(both.accuracy.is_nan() && both.diverged());
    }
}
