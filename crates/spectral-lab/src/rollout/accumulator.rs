//! Accumulates the results of a rollout step by step.

use super::bands::{BandAccumulator, is_finite};
use super::curve::CurveBuilder;
use super::{Frames, RolloutError, RolloutOptions, RolloutResults, StepSpectrum};

/// Accumulates the results of a rollout, one step at a time ([module documentation](super)).
#[derive(Debug, Clone)]
pub struct Accumulator {
    samples: usize,
    channels: usize,
    sizes: Vec<usize>,
    initial: Vec<f32>,
    options: RolloutOptions,
    /// Bands without any sample, to start each spectrum from.
    bands: BandAccumulator,
    steps: Vec<usize>,
    prediction: CurveBuilder,
    persistence: CurveBuilder,
    reference: CurveBuilder,
    has_reference: bool,
    spectra: Vec<StepSpectrum>,
    frames: Frames,
}

impl Accumulator {
    /// Starts from the initial states.
    ///
    /// # Shapes
    /// `shape`: `[samples, channels, space…]` with one to three axes of space, that of `initial` and of
    /// all states.
    ///
    /// # Errors
    /// [`RolloutError`] naming a shape, a number of values, an initial state that is not finite, or a
    /// sample or channel to keep that does not exist.
    pub fn new(
        shape: &[usize],
        initial: &[f32],
        options: RolloutOptions,
    ) -> Result<Self, RolloutError> {
        let wrong = || RolloutError::Shape {
            shape: shape.into(),
        };
        let [samples, channels, sizes @ ..] = shape else {
            return Err(wrong());
        };
        if *samples == 0 {
            return Err(wrong());
        }
        let bands = BandAccumulator::new(&shape[1..], options.kept).map_err(|_| wrong())?;
        let chosen = (options.samples.iter()).map(|&sample| ("sample", sample, *samples));
        for (option, value, count) in chosen.chain([("channel", options.channel, *channels)]) {
            if value >= count {
                return Err(RolloutError::Option {
                    option,
                    value,
                    count,
                });
            }
        }
        let mut rollout = Self {
            samples: *samples,
            channels: *channels,
            sizes: sizes.to_vec(),
            initial: initial.to_vec(),
            bands,
            steps: Vec::new(),
            prediction: CurveBuilder::new(*samples),
            persistence: CurveBuilder::new(*samples),
            reference: CurveBuilder::new(*samples),
            has_reference: false,
            spectra: Vec::new(),
            frames: Frames::new(sizes, options.channel),
            options,
        };
        rollout.check(0, "the initial state", initial)?;
        rollout.check_truth(0, initial)?;
        rollout.keep(0, initial, initial);
        Ok(rollout)
    }

    /// Adds a step. Steps count from 1 and must increase; some may be left out.
    ///
    /// # Shapes
    /// Both `[samples, channels, space…]`.
    ///
    /// # Errors
    /// [`RolloutError`] naming a wrong number of values, a step that does not increase, or a true state
    /// that is not finite. Predictions need not be finite.
    pub fn push(
        &mut self,
        step: usize,
        truth: &[f32],
        prediction: &[f32],
    ) -> Result<(), RolloutError> {
        let previous = self.steps.last().copied().unwrap_or(0);
        if step <= previous {
            return Err(RolloutError::Order { step, previous });
        }
        self.check(step, "the true state", truth)?;
        self.check(step, "the predicted state", prediction)?;
        self.check_truth(step, truth)?;
        self.steps.push(step);
        self.prediction.push(truth, prediction);
        self.persistence.push(truth, &self.initial);
        if self.options.spectra.contains(&step) {
            let mut bands = self.bands.clone();
            let values = truth.len() / self.samples;
            for (truth, prediction) in truth.chunks(values).zip(prediction.chunks(values)) {
                bands.add(truth, prediction);
            }
            self.spectra.push(StepSpectrum::of(step, &bands));
        }
        self.keep(step, truth, prediction);
        Ok(())
    }

    /// Adds a step with the states of a reference; at every step or at none.
    ///
    /// # Shapes
    /// All `[samples, channels, space…]`.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_with_reference(
        &mut self,
        step: usize,
        truth: &[f32],
        prediction: &[f32],
        reference: &[f32],
    ) -> Result<(), RolloutError> {
        self.check(step, "the reference", reference)?;
        self.push(step, truth, prediction)?;
        self.reference.push(truth, reference);
        self.has_reference = true;
        Ok(())
    }

    /// The results.
    pub fn finish(self) -> RolloutResults {
        RolloutResults {
            samples: self.samples,
            channels: self.channels,
            sizes: self.sizes,
            prediction: self.prediction.finish(&self.steps),
            persistence: self.persistence.finish(&self.steps),
            reference: (self.has_reference).then(|| self.reference.finish(&self.steps)),
            steps: self.steps,
            spectra: self.spectra,
            kept: self.bands.kept(),
            frames: self.frames,
        }
    }

    fn check(&self, step: usize, what: &'static str, state: &[f32]) -> Result<(), RolloutError> {
        let expected = self.samples * self.bands.shells.values();
        match state.len() == expected {
            true => Ok(()),
            false => Err(RolloutError::Length {
                what,
                step,
                expected,
                found: state.len(),
            }),
        }
    }

    fn check_truth(&self, step: usize, truth: &[f32]) -> Result<(), RolloutError> {
        let mut samples = truth.chunks(truth.len() / self.samples);
        match samples.position(|sample| !is_finite(sample)) {
            Some(sample) => Err(RolloutError::Truth { sample, step }),
            None => Ok(()),
        }
    }

    fn keep(&mut self, step: usize, truth: &[f32], prediction: &[f32]) {
        if !self.options.frames.contains(&step) {
            return;
        }
        let values = truth.len() / self.samples;
        for &sample in &self.options.samples {
            let own = sample * values..(sample + 1) * values;
            let states = [&truth[own.clone()], &prediction[own]];
            self.frames.keep((sample, step), states, self.channels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(shape: &[usize]) -> RolloutOptions {
        RolloutOptions::new(shape, 4)
    }

    fn started(shape: &[usize]) -> Accumulator {
        let initial = vec![1.0; shape.iter().product()];
        Accumulator::new(shape, &initial, options(shape)).unwrap()
    }

    #[test]
    fn persistence_and_a_reference_stand_beside_the_prediction() {
        let mut rollout = started(&[1, 2, 3]);
        for step in 1..=4 {
            let truth = [1.0 + step as f32; 6];
            let prediction = truth.map(|value| 1.5 * value);
            rollout
                .push_with_reference(step, &truth, &prediction, &truth)
                .unwrap();
        }
        let results = rollout.finish();
        assert_eq!(results.prediction.mean, [0.5; 4]);
        assert_eq!(results.prediction.geometric_mean, Some(0.5));
        assert_eq!(results.persistence.mean, [0.5, 2.0 / 3.0, 0.75, 0.8]);
        assert_eq!(results.persistence.above_half, Some(2));
        assert_eq!(results.reference.as_ref().unwrap().worst, [0.0; 4]);
        assert_eq!(results.last(), Some(4));
        let json = serde_json::to_value(&results).unwrap();
        assert_eq!(json["persistence"]["mean"][2], 0.75);
        assert_eq!(json["spectra"][0]["errors"]["thirds"][0]["name"], "middle");
        assert!(json.get("frames").is_none());
    }

    #[test]
    fn spectra_are_those_of_the_chosen_steps_alone() {
        let mut rollout = started(&[2, 1, 4]);
        for step in 1..=4 {
            // The first wave, twice as large in the prediction; the second sample is lost at step 4.
            let truth = [1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0];
            let mut prediction = truth.map(|value| 2.0 * value);
            if step == 4 {
                prediction[7] = f32::NAN;
            }
            rollout.push(step, &truth, &prediction).unwrap();
        }
        let results = rollout.finish();
        let steps: Vec<usize> = results
            .spectra
            .iter()
            .map(|spectrum| spectrum.step)
            .collect();
        assert_eq!(steps, [1, 2, 4]);
        assert_eq!(results.spectra[0].truth, [0.0, 0.25, 0.0]);
        for spectrum in &results.spectra {
            assert_eq!(spectrum.prediction, [0.0, 1.0, 0.0], "{}", spectrum.step);
        }
        assert_eq!(results.spectra[0].errors.thirds[1].relative, 1.0);
        assert_eq!(results.spectra[2].errors.diverged, 1);
        assert_eq!(results.prediction.diverged, [0, 0, 0, 1]);
        assert!(serde_json::to_string(&results).unwrap().contains("null"));
    }

    #[test]
    fn frames_begin_with_the_initial_state() {
        let mut rollout = started(&[2, 1, 2, 2]);
        for step in 1..=4 {
            let states: Vec<f32> = (0..8).map(|i| (10 * step + i) as f32).collect();
            rollout.push(step, &states, &[0.5; 8]).unwrap();
        }
        let frames = rollout.finish().frames;
        let second = frames.of(1);
        let steps: Vec<usize> = second.iter().map(|frame| frame.step).collect();
        assert_eq!(steps, [0, 1, 2, 3, 4]);
        assert_eq!(
            (&second[0].truth, &second[0].prediction),
            (&vec![1.0; 4], &vec![1.0; 4])
        );
        assert_eq!(second[2].truth, [24.0, 25.0, 26.0, 27.0]);
        assert_eq!(second[2].prediction, [0.5; 4]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for shape in [
            &[][..],
            &[1, 1],
            &[0, 1, 4],
            &[1, 0, 4],
            &[1, 1, 1, 1, 1, 1],
        ] {
            let error = Accumulator::new(shape, &[], options(shape)).unwrap_err();
            assert_eq!(
                error,
                RolloutError::Shape {
                    shape: shape.into()
                }
            );
        }
        let shape = [2, 1, 4];
        let with = |change: fn(&mut RolloutOptions)| {
            let mut options = options(&shape);
            change(&mut options);
            Accumulator::new(&shape, &[0.0; 8], options)
                .unwrap_err()
                .to_string()
        };
        assert!(with(|options| options.samples = vec![0, 2]).starts_with("sample 2: there are 2"));
        assert!(with(|options| options.channel = 1).starts_with("channel 1: there are 1"));
        let mut rollout = started(&shape);
        let error = |step, truth: &[f32], prediction: &[f32]| {
            let mut rollout = rollout.clone();
            rollout
                .push(step, truth, prediction)
                .unwrap_err()
                .to_string()
        };
        assert!(error(1, &[0.0; 8], &[0.0; 7]).contains("predicted state at step 1: expected 8"));
        assert!(error(3, &[0.0; 9], &[0.0; 8]).contains("true state at step 3: expected 8"));
        assert!(error(0, &[0.0; 8], &[0.0; 8]).contains("step 0 after step 0"));
        let mut unknown = [0.0; 8];
        unknown[5] = f32::NAN;
        assert!(error(2, &unknown, &[0.0; 8]).contains("sample 1 at step 2"));
        rollout.push(2, &[1.0; 8], &[1.0; 8]).unwrap();
        assert!(rollout.push(2, &[1.0; 8], &[1.0; 8]).is_err());
    }
}
