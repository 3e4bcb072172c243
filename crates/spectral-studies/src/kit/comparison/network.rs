//! The networks of a comparison, fresh or trained.

use spectral_lab::data::DataSet;
use spectral_lab::model::{self, InputSpec, Network};
use spectral_lab::train::load_model_weights;

use super::Comparison;
use crate::{StudyError, StudyRun};

impl Comparison {
    /// The network as the training from that seed began with it.
    pub(crate) fn fresh(
        &self,
        run: &StudyRun<'_>,
        data: &DataSet,
        model: &str,
        seed: u64,
    ) -> Result<Network, StudyError> {
        let images = &data.train;
        let size = [images.height, images.width];
        let input = InputSpec::new(images.channels, size, data.classes.len());
        run.device().seed(seed);
        Ok(model::build(model, &input, run.device())?)
    }

    /// The network as the training from that seed, which must be done, left it.
    pub(crate) fn trained(
        &self,
        run: &StudyRun<'_>,
        data: &DataSet,
        model: &str,
        seed: u64,
    ) -> Result<Network, StudyError> {
        let network = self.fresh(run, data, model, seed)?;
        let folder = run.run_folder(&self.run_name(model, seed));
        Ok(load_model_weights(
            &folder.join("model.safetensors"),
            network,
        )?)
    }
}
