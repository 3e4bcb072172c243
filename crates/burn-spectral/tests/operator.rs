//! Neural operators apart from their golden vectors: parameter counts, resolution, errors, rollouts.

mod common;

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::operator::{
    BlockForm, BlockLocal, BlockMlp, Boundary, DomainPadding, Fno, Fno1d, Fno2d, Fno3d, FnoBlock,
    FnoBlockConfig, FnoConfig, GridEmbedding, OperatorNormKind, SkipKind, rollout,
};
use burn_spectral::pool::spectral_resize;
use common::{assert_close, noise_tensor, values};

#[test]
fn parameters_are_those_that_the_python_packages_count() {
    let device = Device::flex();
    // neuralop.models.FNO(n_modes=(8, 8), in_channels=1, out_channels=1, hidden_channels=24), complex weights as two.
    let config = FnoConfig::neuraloperator([1, 1], [8, 8], 24, 4);
    let fno: Fno2d = config.init(&device);
    assert_eq!(fno.num_params(), 191_881);
    // FNO2d(12, 12, 32) of the paper's fourier_2d.py: complex weights as two.
    let fno: Fno2d = FnoConfig::published([1, 1], [12, 12], 32).init(&device);
    assert_eq!(
        fno.num_params(),
        4 * 32 + 4 * (2 * 2 * 32 * 32 * 144 + 32 * 32 + 32) + 33 * 128 + 129
    );
}
