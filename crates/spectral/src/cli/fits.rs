//! Whether a trained network runs on images of another size.
//!
//! The one place that looks into networks for it: a check of [`Network`]'s own would replace it.

use super::error::CliError;
use crate::model::{Filter, InputSpec, ModelError, Network};

/// Refuses images that a layer of the network cannot take, by that layer's own error.
pub(super) fn check(network: &Network, input: &InputSpec) -> Result<(), CliError> {
    let Network::Cnn(net) = network;
    let mut size = [input.height, input.width];
    let mut channels = input.channels;
    for stage in &net.stages {
        size = size.map(|side| side / 2);
        if size.contains(&0) {
            return Err(CliError::Failed(format!(
                "images of {}x{} pixels are too small for the network's pooling",
                input.height, input.width
            )));
        }
        let dims = [1, channels, size[0], size[1]];
        match &stage.filter {
            Filter::KramersKronig(layer) => layer.check(dims).map(drop),
            Filter::Free(layer) => layer.check(dims).map(drop),
            Filter::Conv(_) | Filter::Kk(_) => Ok(()),
        }
        .map_err(ModelError::from)?;
        channels = stage.norm.gamma.val().dims()[0];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::model::build;

    fn checked(model: &str, height: usize, width: usize) -> Result<(), String> {
        let network = build(model, &InputSpec::default(), &Device::flex()).unwrap();
        let input = InputSpec {
            height,
            width,
            ..InputSpec::default()
        };
        check(&network, &input).map_err(|error| error.message().unwrap())
    }

    #[test]
    fn only_layers_bound_to_a_size_refuse_another() {
        for (height, width) in [(28, 28), (56, 56), (41, 37)] {
            checked("cnn", height, width).unwrap();
            checked("kk2", height, width).unwrap();
        }
        checked("free1", 28, 28).unwrap();
        for model in ["free1", "kk2-repaired"] {
            let error = checked(model, 56, 56).unwrap_err();
            assert!(error.contains("28"), "{error}");
        }
        let error = checked("cnn", 4, 28).unwrap_err();
        assert!(error.contains("4x28"), "{error}");
    }
}
