//! Progress on stderr: a bar on a terminal, a line per epoch elsewhere.

use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::history::EpochMetrics;
use super::observer::{EpochProgress, Observer};

/// Shows a bar with images per second while an epoch runs and a line when it is over.
pub struct ProgressReporter {
    name: String,
    epochs: usize,
    bar: ProgressBar,
}

impl ProgressReporter {
    /// A reporter for one run; `name` begins each line.
    pub fn new(name: impl Into<String>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let template = "{prefix} {wide_bar} {pos}/{len} images, {rate}, {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", write_rate));
        }
        Self {
            name: name.into(),
            epochs: 0,
            bar,
        }
    }

    fn say(&self, line: String) {
        // A hidden bar drops what it is told to print.
        if self.bar.is_hidden() {
            // A closed stderr must not end the run.
            let _ = writeln!(io::stderr(), "{line}");
        } else {
            self.bar.println(line);
        }
    }
}

fn write_rate(state: &ProgressState, to: &mut dyn fmt::Write) {
    // Writing to a string cannot fail.
    let _ = write!(to, "{:.0} images/s", state.per_sec());
}

impl Observer for ProgressReporter {
    fn epoch_started(&mut self, progress: EpochProgress) {
        self.epochs = progress.epochs;
        self.bar.reset();
        self.bar.set_length(progress.images_in_epoch as u64);
        self.bar.set_prefix(format!(
            "{} epoch {}/{}",
            self.name, progress.epoch, progress.epochs
        ));
        self.bar.set_message("");
    }

    fn batch_finished(&mut self, progress: EpochProgress) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("loss {:.4}", progress.loss));
            self.bar.set_position(progress.images as u64);
        }
    }

    fn evaluation_started(&mut self, _epoch: usize) {
        self.bar.set_message("evaluating");
    }

    fn epoch_finished(&mut self, metrics: &EpochMetrics) -> ControlFlow<()> {
        self.say(epoch_line(&self.name, self.epochs, metrics));
        if metrics.epoch == self.epochs {
            self.bar.finish_and_clear();
        }
        ControlFlow::Continue(())
    }
}

impl Drop for ProgressReporter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A loss with four decimals, or if it is small with three digits.
fn loss(value: f64) -> String {
    match value.abs() < 0.01 && value != 0.0 {
        true => format!("{value:.2e}"),
        false => format!("{value:.4}"),
    }
}

fn epoch_line(name: &str, epochs: usize, metrics: &EpochMetrics) -> String {
    let accuracy = |share: Option<f64>| {
        share.map_or_else(String::new, |share| {
            format!(", accuracy {:.2} %", 100.0 * share)
        })
    };
    let (errors, unit) = match metrics.errors {
        Some(errors) => (
            format!(", relative L2 error {}", loss(errors.l2)),
            "samples",
        ),
        None => (String::new(), "images"),
    };
    format!(
        "{name} epoch {}/{epochs}: loss {}{}; test loss {}{}{errors}; {:.1} s, {:.0} {unit}/s",
        metrics.epoch,
        loss(metrics.train_loss),
        accuracy(metrics.train_accuracy),
        loss(metrics.test_loss),
        accuracy(metrics.test_accuracy()),
        metrics.timing.train_seconds,
        metrics.timing.images_per_second,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{EpochTiming, Scores};

    #[test]
    fn the_line_of_an_epoch_says_what_matters() {
        let mut metrics = EpochMetrics {
            epoch: 2,
            step: 100,
            learning_rate: 1e-3,
            train_loss: 0.5,
            train_accuracy: Some(0.8125),
            test_loss: 0.25,
            test: Some(Scores {
                accuracy: 0.9,
                ..Scores::default()
            }),
            errors: None,
            timing: EpochTiming {
                train_seconds: 12.34,
                test_seconds: 1.0,
                images_per_second: 1234.5,
            },
        };
        assert_eq!(
            epoch_line("cnn", 5, &metrics),
            "cnn epoch 2/5: loss 0.5000, accuracy 81.25 %; test loss 0.2500, accuracy 90.00 %; \
             12.3 s, 1234 images/s"
        );
        (metrics.train_accuracy, metrics.test) = (None, None);
        assert_eq!(
            epoch_line("cnn", 5, &metrics),
            "cnn epoch 2/5: loss 0.5000; test loss 0.2500; 12.3 s, 1234 images/s"
        );
    }
}
