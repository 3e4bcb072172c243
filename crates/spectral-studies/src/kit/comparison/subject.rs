//! A network of a comparison after its training, to be looked into.

use std::rc::Rc;

use burn::tensor::Device;

use spectral_lab::data::{DataSet, Normalize};
use spectral_lab::model::{InputSpec, Network};

use super::Comparison;
use crate::{StudyError, StudyRun};

/// A trained network with what it was trained on.
pub(crate) struct Subject {
    pub(crate) model: String,
    pub(crate) seed: u64,
    pub(crate) network: Network,
    pub(crate) data: Rc<DataSet>,
    /// As its images were normalized.
    pub(crate) normalize: Normalize,
    pub(crate) device: Device,
}

impl Subject {
    /// What its input is like.
    pub(crate) fn input(&self) -> InputSpec {
        let images = &self.data.train;
        let size = [images.height, images.width];
        InputSpec::new(images.channels, size, self.data.classes.len())
    }

    /// A network of the registry before any training.
    #[cfg(test)]
    pub(crate) fn untrained(model: &str, data: &Rc<DataSet>) -> Self {
        let device = Device::flex();
        let images = &data.train;
        let size = [images.height, images.width];
        let input = InputSpec::new(images.channels, size, data.classes.len());
        Self {
            model: model.into(),
            seed: 0,
            network: spectral_lab::model::build(model, &input, &device).unwrap(),
            data: data.clone(),
            normalize: Normalize::default(),
            device,
        }
    }
}

impl Comparison {
    /// The network of the first seed, whose training must be done.
    pub(crate) fn subject(
        &self,
        run: &mut StudyRun<'_>,
        model: &str,
    ) -> Result<Subject, StudyError> {
        self.subject_of(run, model, self.first_seed())
    }

    /// The network of that seed, whose training must be done.
    pub(super) fn subject_of(
        &self,
        run: &mut StudyRun<'_>,
        model: &str,
        seed: u64,
    ) -> Result<Subject, StudyError> {
        let data = run.data(&self.part)?;
        Ok(Subject {
            model: model.into(),
            seed,
            network: self.trained(run, &data, model, seed)?,
            normalize: self.config.normalize.clone().fitted(&data.train),
            data,
            device: run.device().clone(),
        })
    }
}
