//! A fresh FFT convolution draws the weights that Burn's own layer would.
//!
//! In a test binary of its own: the CPU backend has one random generator for the whole process.

use burn::nn::conv::Conv2dConfig;
use burn::tensor::Device;
use burn_spectral::conv::InitFft;

#[test]
fn a_fresh_layer_starts_where_burns_would() {
    let device = Device::flex();
    let config = Conv2dConfig::new([6, 4], [3, 5]).with_groups(2);
    device.seed(7);
    let burn = config.init(&device);
    let expected = (burn.weight.to_data(), burn.bias.unwrap().to_data());
    device.seed(7);
    let fft = config.init_fft(&device);
    assert_eq!(
        (fft.weight.to_data(), fft.bias.unwrap().to_data()),
        expected
    );
}
