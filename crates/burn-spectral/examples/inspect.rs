//! What a layer of one's own really does, asked rather than read.
//!
//! ```sh
//! cargo run --release -p burn-spectral --example inspect
//! ```

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn_spectral::inspect::{
    Probe, energy_discarded_by_real_part, inspect_map, inspect_parameters, to_conv,
};
use burn_spectral::{ComplexTensor, Norm, SpectralError, fft};

/// A layer as it is often written: the spectrum times one learned complex number a channel, and the
/// real part of what comes back.
#[derive(Module, Debug)]
struct ComplexGain {
    re: Param<Tensor<4>>,
    im: Param<Tensor<4>>,
}

impl ComplexGain {
    fn new(channels: usize, device: &Device) -> Self {
        let draw = || {
            let shape = [1, channels, 1, 1];
            Param::from_tensor(Tensor::random(shape, Distribution::Default, device))
        };
        Self {
            re: draw(),
            im: draw(),
        }
    }

    /// The complex images, before their imaginary part is dropped.
    fn complex(&self, images: Tensor<4>) -> ComplexTensor<4> {
        let spectrum = fft::fft2(ComplexTensor::from_real(images), Norm::Backward);
        let gain = ComplexTensor::new(self.re.val(), self.im.val());
        fft::ifft2(spectrum * gain, Norm::Backward)
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        self.complex(images).re
    }
}

fn main() -> Result<(), SpectralError> {
    let device = Device::flex();
    device.seed(0);
    let layer = ComplexGain::new(3, &device);
    // Images of three channels, of a size that is no power of two.
    let probe = Probe::new(3, [12, 10], &device)?;

    let map = inspect_map(|images| layer.forward(images), &probe)?;
    let equivalence = &map.equivalence;
    println!(
        "it does the same as a {} (misses {:.0e} of 1)",
        equivalence.equivalent.kind, equivalence.equivalent.residual
    );
    println!("it mixes {}", map.mixing.words());

    // In double precision a rank is beyond doubt.
    let exact = probe.clone().with_dtype(DType::F64);
    let parameters = inspect_parameters(&layer, ComplexGain::forward, &exact)?;
    for dead in parameters.dead() {
        println!("dead parameters: {} of {}", dead.count, dead.name);
    }
    let share = energy_discarded_by_real_part(|images| layer.complex(images), &probe);
    println!("energy computed and thrown away: {:.0} %", 100.0 * share);

    // What runs anywhere in its place.
    let baked = to_conv(|images| layer.forward(images), &probe, 1)?;
    println!(
        "baked into a Conv2d with weights {:?}, it misses {:.0e} of 1",
        baked.conv.weight.dims(),
        baked.residual
    );

    assert!(equivalence.is_equal && baked.residual < 1e-5);
    assert_eq!(parameters.dead()[0].name, "im");
    Ok(())
}
