//! Parametric responses with parameters of noise.
#![allow(dead_code)]

use burn::module::Param;
use burn::tensor::{DType, Device, Tensor};
use burn_spectral::response::{
    FrequencyResponse, Gaussian, GaussianConfig, ParametricForm, Polynomial, PolynomialConfig,
    Response, ResponseConfig,
};
use burn_spectral::{ComplexTensor, FrequencyGrid};

use crate::common::noise_tensor;

pub fn published(order: usize) -> PolynomialConfig {
    PolynomialConfig::new(order).with_form(ParametricForm::Published)
}

pub fn published_gaussian() -> GaussianConfig {
    GaussianConfig::new().with_form(ParametricForm::Published)
}

/// A response in f64 with parameters of noise.
pub trait Noisy: Sized {
    fn noisy(self, scale: f64) -> Self;
}

fn noisy(like: &Param<Tensor<3>>, scale: f64, seed: u64, device: &Device) -> Param<Tensor<3>> {
    Param::from_tensor(noise_tensor(like.dims(), seed, DType::F64, device) * scale)
}

macro_rules! noisy {
    ($($response:ty),*) => {$(
        impl Noisy for $response {
            fn noisy(self, scale: f64) -> Self {
                let device = Device::flex();
                Self {
                    re: noisy(&self.re, scale, 1, &device),
                    im: noisy(&self.im, scale, 2, &device),
                    ..self
                }
            }
        }
    )*};
}
noisy!(Polynomial, Gaussian);

pub fn stable_polynomial<const D: usize>(order: usize, channels: [usize; 2]) -> Polynomial {
    let response =
        ResponseConfig::<D>::try_init(&PolynomialConfig::new(order), channels, &Device::flex());
    response.unwrap().noisy(1.0)
}

pub fn stable_gaussian<const D: usize>(channels: [usize; 2]) -> Gaussian {
    let response = ResponseConfig::<D>::try_init(&GaussianConfig::new(), channels, &Device::flex());
    response.unwrap().noisy(1.0)
}

pub fn spectrum<const D: usize>(
    response: &impl FrequencyResponse<D>,
    size: &[usize],
) -> ComplexTensor<D> {
    let grid = FrequencyGrid::new(size).unwrap();
    response.check(&grid).unwrap();
    match response.response(&grid) {
        Response::Spectrum(spectrum) => spectrum,
        other => panic!("not a spectrum: {other:?}"),
    }
}
