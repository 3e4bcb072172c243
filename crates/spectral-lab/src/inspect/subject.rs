//! A layer ready to be inspected.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use burn_spectral::inspect::{
    ParameterReport, Probe, energy_discarded_by_magnitude, energy_discarded_by_real_part,
    inspect_parameters,
};
use burn_spectral::summary::{Parameters, count_parameters};
use burn_spectral::{ComplexTensor, SpectralError};

/// How a layer makes its complex results real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Takes the real part.
    RealPart,
    /// Takes the magnitude.
    Magnitude,
}

/// A layer from images to images.
pub(super) trait Subject {
    /// Applies the layer.
    fn forward(&self, images: Tensor<4>) -> Tensor<4>;

    /// The analysis of its parameters.
    fn parameters(&self, probe: &Probe) -> Result<ParameterReport, SpectralError>;

    /// Their number.
    fn count(&self) -> Parameters;

    /// Multiply-adds per image.
    fn multiply_adds(&self) -> u64;

    /// The share of the energy that it discards, and how; none if it computes nothing complex.
    fn discarded(&self, probe: &Probe) -> Option<(Taken, f64)>;

    /// Seconds of a forward pass and of a forward and backward pass, with the gradients of images
    /// and parameters, on a batch of random images.
    fn time(&self, images: [usize; 4], device: &Device, seconds: f64) -> [f64; 2];
}

/// How a layer computes complex numbers, and how it makes them real.
pub(super) type Complex<M> = (Taken, fn(&M, Tensor<4>) -> ComplexTensor<4>);

/// A module and how to apply it.
pub(super) struct Ready<M> {
    module: M,
    forward: fn(&M, Tensor<4>) -> Tensor<4>,
    complex: Option<Complex<M>>,
    multiply_adds: u64,
}

impl<M: Module + 'static> Ready<M> {
    pub(super) fn new(
        module: M,
        forward: fn(&M, Tensor<4>) -> Tensor<4>,
        multiply_adds: u64,
    ) -> Self {
        Self {
            module,
            forward,
            complex: None,
            multiply_adds,
        }
    }

    /// The same, with its complex result before the real part or magnitude is taken.
    pub(super) fn taking(
        mut self,
        taken: Taken,
        complex: fn(&M, Tensor<4>) -> ComplexTensor<4>,
    ) -> Self {
        self.complex = Some((taken, complex));
        self
    }

    pub(super) fn boxed(self) -> Box<dyn Subject> {
        Box::new(self)
    }
}

impl<M: Module> Subject for Ready<M> {
    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        (self.forward)(&self.module, images)
    }

    fn parameters(&self, probe: &Probe) -> Result<ParameterReport, SpectralError> {
        inspect_parameters(&self.module, self.forward, probe)
    }

    fn count(&self) -> Parameters {
        count_parameters(&self.module)
    }

    fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }

    fn discarded(&self, probe: &Probe) -> Option<(Taken, f64)> {
        self.complex.map(|(taken, complex)| {
            let map = |images| complex(&self.module, images);
            let share = match taken {
                Taken::RealPart => energy_discarded_by_real_part(map, probe),
                Taken::Magnitude => energy_discarded_by_magnitude(map, probe),
            };
            (taken, share)
        })
    }

    fn time(&self, images: [usize; 4], device: &Device, seconds: f64) -> [f64; 2] {
        let draw = |device: &Device| Tensor::random(images, Distribution::Default, device);
        let images: Tensor<4> = draw(device);
        let forward = median_seconds(seconds, || {
            (self.forward)(&self.module, images.clone());
        });
        let learning = device.clone().autodiff();
        let tracked = self.module.clone().train();
        let images: Tensor<4> = draw(&learning).require_grad();
        let both = median_seconds(seconds, || {
            (self.forward)(&tracked, images.clone()).sum().backward();
        });
        [forward, both]
    }
}

/// The median of at least three runs, after one warm-up run.
fn median_seconds(seconds: f64, mut run: impl FnMut()) -> f64 {
    run();
    let (mut times, start) = (Vec::new(), Instant::now());
    while times.len() < 3 || start.elapsed().as_secs_f64() < seconds && times.len() < 100 {
        let before = Instant::now();
        run();
        times.push(before.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
