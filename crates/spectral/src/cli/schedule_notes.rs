//! Checks of a learning rate schedule against the epochs to be trained.

use std::ops::Range;

use super::error::CliError;
use spectral_lab::train::{Scheduler, TrainConfig};

/// Notes about the epochs to come, counted from 0: those after the end of the schedule, or a
/// warm-up that does not finish. Epochs at a learning rate of 0 are an error.
pub(super) fn schedule_notes(
    config: &TrainConfig,
    images: usize,
    epochs: Range<usize>,
) -> Result<Vec<String>, CliError> {
    let steps_per_epoch = match config.drop_last {
        true => (images / config.batch_size).max(1),
        false => images.div_ceil(config.batch_size).max(1),
    } as u64;
    let scheduler = Scheduler::new(config.schedule, config.learning_rate, steps_per_epoch);
    let first_step = |epoch: usize| epoch as u64 * steps_per_epoch;
    let mut notes = Vec::new();
    if epochs.is_empty() {
        return Ok(notes);
    }
    let behind = |end: u64| epochs.clone().find(|epoch| first_step(*epoch) >= end);
    if let Some((end, epoch)) = scheduler.end().and_then(|end| Some((end, behind(end)?))) {
        let rate = scheduler.rate(first_step(epoch));
        let which = match epochs.end - epoch {
            1 => format!("epoch {}", epochs.end),
            _ => format!("epochs {} to {}", epoch + 1, epochs.end),
        };
        let over = end.div_ceil(steps_per_epoch);
        let schedule = format!("the learning rate schedule ends after epoch {over}");
        let remedy = format!(
            "use --schedule cosine to stretch it over {} epochs, or --schedule constant to train \
                at {}",
            epochs.end, config.learning_rate
        );
        if rate == 0.0 {
            return Err(CliError::Failed(format!(
                "{schedule} at a rate of 0: {which} would change nothing; {remedy}"
            )));
        }
        notes.push(format!(
            "{schedule}: {which} train at a rate of {rate:e}; {remedy}"
        ));
    }
    let rise = scheduler.rise();
    if rise >= first_step(epochs.end) {
        notes.push(format!(
            "the warm-up takes {} epochs but only {} are trained: the rate stays below {}",
            rise.div_ceil(steps_per_epoch),
            epochs.end,
            config.learning_rate
        ));
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::train::{Decay, ScheduleConfig, Span, Warmup};

    fn cosine(over: Span, floor: f64, warmup: Option<Span>) -> TrainConfig {
        TrainConfig {
            batch_size: 10,
            schedule: ScheduleConfig {
                warmup: warmup.map(|over| Warmup { over, start: 0.0 }),
                decay: Decay::Cosine { over, floor },
            },
            ..TrainConfig::default()
        }
    }

    #[test]
    fn epochs_behind_the_end_of_a_cosine_are_refused_at_rate_0_and_told_above() {
        let notes = |config: &TrainConfig, epochs| schedule_notes(config, 45, epochs);
        for over in [Span::Epochs(2), Span::Steps(10)] {
            let config = cosine(over, 0.0, None);
            assert!(notes(&config, 0..2).unwrap().is_empty());
            for begin in [0, 2, 3] {
                let error = notes(&config, begin..4).unwrap_err().to_string();
                assert!(error.contains("ends after epoch 2"), "{error}");
                assert!(error.contains("--schedule cosine"), "{error}");
            }
            let told = notes(&cosine(over, 1e-5, None), 0..4).unwrap();
            assert!(
                told[0].contains("epochs 3 to 4 train at a rate of 1e-5"),
                "{told:?}"
            );
            assert!(notes(&config, 4..4).unwrap().is_empty());
        }
    }

    #[test]
    fn a_warm_up_as_long_as_the_run_is_told() {
        let config = cosine(Span::Epochs(9), 0.0, Some(Span::Epochs(3)));
        let told = |epochs| schedule_notes(&config, 45, epochs).unwrap();
        assert!(told(0..3)[0].contains("the warm-up takes 3 epochs but only 3 are trained"));
        assert!(told(0..4).is_empty());
        // Its end counts from that of the warm-up.
        assert!(told(0..12).is_empty());
        assert!(schedule_notes(&config, 45, 0..13).is_err());
    }
}
