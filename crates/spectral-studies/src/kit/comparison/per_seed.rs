//! Figures of every seed of a network, and what they say together.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use spectral_lab::report::{Spread, chance::margin_of_mean};

use super::{Comparison, Subject};
use crate::{StudyError, StudyRun};

/// A figure of a network, seed by seed.
#[derive(Clone, Debug)]
pub(crate) struct PerSeed<T> {
    /// The name of the network.
    pub(crate) model: String,
    /// In the order of the seeds.
    pub(crate) seeds: Vec<T>,
}

impl<T> PerSeed<T> {
    /// The mean over the seeds.
    pub(crate) fn mean(&self, figure: impl Fn(&T) -> f64) -> f64 {
        self.seeds.iter().map(figure).sum::<f64>() / self.seeds.len().max(1) as f64
    }
}

impl Comparison {
    /// Measures a network after its training from each seed; a step.
    pub(crate) fn each_seed<T: Serialize + DeserializeOwned>(
        &self,
        run: &mut StudyRun<'_>,
        (step, model): (&str, &str),
        of: impl Serialize,
        work: impl Fn(&Subject) -> Result<T, StudyError>,
    ) -> Result<PerSeed<T>, StudyError> {
        let settings = json!({
            "data": self.part,
            "train": self.config,
            "seeds": self.seeds,
            "of": of,
        });
        let seeds = run.step(step, settings, |run| {
            let seeds = self.seeds.iter();
            let figures = seeds.map(|&seed| work(&self.subject_of(run, model, seed)?));
            figures.collect::<Result<Vec<T>, _>>()
        })?;
        Ok(PerSeed {
            model: model.into(),
            seeds,
        })
    }
}

/// A mean over seeds, which the macro `comparison.mean_points` shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Mean {
    pub(crate) mean: f64,
    /// The half-width of its 95 % interval, where there are several seeds.
    pub(crate) margin: Option<f64>,
}

impl Mean {
    /// Of one value per seed.
    pub(crate) fn of(values: &[f64]) -> Self {
        Self {
            mean: values.iter().sum::<f64>() / values.len().max(1) as f64,
            margin: Spread::of(values.iter().copied()).map(margin_of_mean),
        }
    }

    /// Whether it differs from 0 by more than chance; unknown with one seed.
    pub(crate) fn is_significant(&self) -> Option<bool> {
        self.margin.map(|margin| self.mean.abs() > margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Page;

    #[test]
    fn a_mean_is_significant_beyond_its_interval() {
        // Standard deviation 0.02, and 4.303 is Student's quantile with two degrees of freedom.
        let mean = Mean::of(&[0.10, 0.12, 0.14]);
        assert!((mean.mean - 0.12).abs() < 1e-12);
        assert!((mean.margin.unwrap() - 4.303 * 0.02 / 3.0_f64.sqrt()).abs() < 1e-4);
        assert_eq!(mean.is_significant(), Some(true));
        assert_eq!(Mean::of(&[-0.1, 0.12, 0.0]).is_significant(), Some(false));
        assert_eq!(Mean::of(&[0.1]).is_significant(), None);
    }

    #[test]
    fn a_mean_of_several_seeds_is_shown_with_its_interval() {
        let template = "# T\n{% import \"comparison\" as comparison %}\n\
                        {% set three = comparison.mean_points(three) ~ \" points\" %}\n\
                        {{ three }}; {{ comparison.mean_points(one) }}\n";
        let figures = json!({"three": Mean::of(&[0.1, 0.12, 0.14]), "one": Mean::of(&[-0.1])});
        let page = Page::new().fill(&crate::studies()[0], false, template, &figures);
        assert_eq!(page.unwrap().summary, ["+12.00 ± 4.97 points; −10.00"]);
    }
}
