//! Layers of networks that live on spectra.

use crate::SpectralError;
use crate::frequency::{
    CLeakyRelu, ComplexBatchNorm, ComplexLinear, FlattenParts, SpectrumGrid, ThroughImage,
    ToSpectrum, TwoBranchLinear,
};
use crate::published::{
    ElementwiseConv2d, ElementwiseForm, ElementwiseWeight, SpatialMaxPool, SpectralNoise,
};
use crate::spectrum::SpectrumExtent;

use super::super::cost::{complex_transform, product, real_transform};
use super::super::{Domain, FeatureShape, Summarize, Trace};

/// Channels of a spectrum on a grid.
fn channels(grid: SpectrumGrid, input: &FeatureShape) -> Result<usize, SpectralError> {
    let dims @ [_, channels, _, _] = input.spectrum()?;
    let width = grid.size[1];
    match (grid.extent, input.domain()) {
        (SpectrumExtent::Half, Domain::HalfSpectrum { length }) if length != width => {
            // Two widths may have the same bins.
            Err(SpectralError::Bins {
                expected: grid.bins().to_vec(),
                size: grid.size.to_vec(),
                got: vec![dims[2], length / 2 + 1],
            })
        }
        (SpectrumExtent::Half, Domain::Complex) => {
            input.length()?;
            Ok(channels)
        }
        _ => grid.check(dims).map(|()| channels),
    }
}

/// The shape of spectra on a grid.
fn shape(grid: SpectrumGrid, channels: usize) -> Result<FeatureShape, SpectralError> {
    let [height, bins] = grid.bins();
    let dims = [channels, height, bins];
    match grid.extent {
        SpectrumExtent::Half => FeatureShape::half_spectrum(dims, grid.size[1]),
        SpectrumExtent::Full => Ok(FeatureShape::complex(dims)),
    }
}

/// A transform between an image and its spectrum.
fn transform(grid: SpectrumGrid) -> u64 {
    match grid.extent {
        SpectrumExtent::Half => real_transform(grid.samples()),
        SpectrumExtent::Full => complex_transform(grid.samples()),
    }
}

impl Summarize for ToSpectrum {
    fn kind(&self) -> String {
        "ToSpectrum".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims @ [_, channels, _, _] = input.real()?;
        self.check(dims)?;
        Ok(Trace {
            output: shape(self.grid, channels)?,
            multiply_adds: channels as u64 * transform(self.grid),
        })
    }
}

impl Summarize for ElementwiseConv2d {
    /// `ElementwiseConv2d(Published)`, with `taps` if it holds those.
    fn kind(&self) -> String {
        let form = match self.form {
            ElementwiseForm::Repaired => "repaired",
            ElementwiseForm::Published => "published",
        };
        let weight = match self.weight {
            ElementwiseWeight::Free(_) => "free",
            ElementwiseWeight::Taps(_) => "taps",
        };
        format!("ElementwiseConv2d({form}, {weight})")
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        self.check(input.spectrum()?)?;
        channels(self.grid(), input)?;
        let [outputs, inputs] = self.channels();
        Ok(Trace {
            output: shape(self.grid(), outputs)?,
            multiply_adds: 4 * product(&[outputs, inputs]) * product(&self.grid().bins()),
        })
    }
}

impl Summarize for ComplexBatchNorm {
    /// `ComplexBatchNorm(per part)`.
    fn kind(&self) -> String {
        let form = match self {
            Self::PerPart(_) => "per part",
            Self::Magnitude(_) => "magnitude",
            Self::Whitening(_) => "whitening",
            Self::Image(_) => "image",
        };
        format!("ComplexBatchNorm({form})")
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        match input.dims().len() {
            1 => self.check(input.spectrum::<2>()?)?,
            _ => self.check(input.spectrum::<4>()?)?,
        }
        let each = match self {
            Self::Whitening(_) => 4,
            _ => 2,
        };
        Ok(Trace {
            output: input.clone(),
            multiply_adds: each * input.elements() as u64,
        })
    }
}

macro_rules! pointwise {
    ($($layer:ident),*) => {
        $(impl Summarize for $layer {
            fn kind(&self) -> String {
                stringify!($layer).into()
            }

            fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
                input.require_complex()?;
                Ok(Trace::free(input.clone()))
            }
        })*
    };
}

pointwise!(CLeakyRelu, SpectralNoise);

impl Summarize for ThroughImage {
    /// `ThroughImage(Relu)`, with `×2` if anti-aliased, `pool` if it pools and `margins` if it has them.
    fn kind(&self) -> String {
        let fine = match self.factor {
            1 => String::new(),
            factor => format!(", ×{factor}"),
        };
        let pool = self.pool.as_ref().map_or("", |_| ", pool");
        let margins = match (self.margin, self.output_margin) {
            ([0, 0], [0, 0]) => "",
            _ => ", margins",
        };
        let activation = self.activation.kind();
        format!("ThroughImage({activation}{fine}{pool}{margins})")
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let channels = channels(self.grid, input)?;
        let [height, width] = self.grid.size.map(|samples| samples * self.factor);
        let inner = self
            .activation
            .trace(&FeatureShape::new([channels, height, width]))?;
        let (own, output) = (transform(self.grid), transform(self.output_grid()));
        let is_half = self.grid.extent == SpectrumExtent::Half;
        let half = real_transform(self.grid.samples());
        let each = match self.factor {
            1 => own + output,
            _ => {
                let fine = 2 * real_transform(height * width);
                let into_half = if is_half { 0 } else { own + half };
                let stays = is_half && self.pool.is_none() && self.dropout.prob == 0.0;
                into_half + fine + if stays { 0 } else { half + output }
            }
        };
        Ok(Trace {
            output: shape(self.output_grid(), channels)?,
            multiply_adds: inner.multiply_adds + channels as u64 * each,
        })
    }
}

impl Summarize for SpatialMaxPool {
    fn kind(&self) -> String {
        "SpatialMaxPool".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let channels = channels(self.grid, input)?;
        let each = transform(self.grid) + transform(self.output_grid());
        Ok(Trace {
            output: shape(self.output_grid(), channels)?,
            multiply_adds: channels as u64 * each,
        })
    }
}

impl Summarize for FlattenParts {
    fn kind(&self) -> String {
        "FlattenParts".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        input.spectrum::<4>()?;
        Ok(Trace::free(FeatureShape::complex([input.elements()])))
    }
}

/// The trace of a dense layer on complex features, so many multiply-adds a weight.
fn dense(
    check: Result<(), SpectralError>,
    outputs: usize,
    each: u64,
    input: &FeatureShape,
) -> Result<Trace, SpectralError> {
    check?;
    Ok(Trace {
        output: FeatureShape::complex([outputs]),
        multiply_adds: each * product(&[input.elements(), outputs]),
    })
}

impl Summarize for TwoBranchLinear {
    fn kind(&self) -> String {
        "TwoBranchLinear".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims = input.spectrum::<2>()?;
        let [_, outputs] = self.re.weight.lazy_shape().dims::<2>();
        dense(self.check(dims), outputs, 2, input)
    }
}

impl Summarize for ComplexLinear {
    fn kind(&self) -> String {
        "ComplexLinear".into()
    }

    fn trace(&self, input: &FeatureShape) -> Result<Trace, SpectralError> {
        let dims = input.spectrum::<2>()?;
        let [_, outputs] = self.re.lazy_shape().dims::<2>();
        dense(self.check(dims), outputs, 4, input)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Flatten, Summary};
    use super::*;
    use crate::frequency::{
        ComplexBatchNormConfig, ComplexLinearConfig, ComplexNormForm, ThroughImageConfig,
    };
    use crate::published::{ElementwiseConv2dConfig, SpatialMaxPoolConfig, SpectralNoiseConfig};
    use burn::nn::LinearConfig;
    use burn::nn::activation::ActivationConfig;
    use burn::tensor::Device;

    #[test]
    fn the_published_network_has_the_published_number_of_weights() {
        let device = Device::flex();
        let grid = SpectrumGrid::full([28, 28]);
        let pool = SpatialMaxPoolConfig::new(grid).init();
        let norm = |channels| {
            ComplexBatchNormConfig::new(channels, ComplexNormForm::PerPart).init(&device)
        };
        let conv = |channels, size| {
            ElementwiseConv2dConfig::published(channels, [5, 5], size).init(&device)
        };
        let dense = |features| ComplexLinearConfig::new(features).init_branches(&device);
        let summary = Summary::new([1, 28, 28])
            .layer("transform", &ToSpectrum::new(grid))
            .and_then(|summary| summary.layer("conv1", &conv([1, 6], [28, 28])))
            .and_then(|summary| summary.layer("norm1", &norm(6)))
            .and_then(|summary| {
                summary.layer("noise1", &SpectralNoiseConfig::activation(0.4).init())
            })
            .and_then(|summary| summary.layer("pool", &pool))
            .and_then(|summary| summary.layer("conv2", &conv([6, 16], [14, 14])))
            .and_then(|summary| summary.layer("norm2", &norm(16)))
            .and_then(|summary| summary.layer("flatten", &FlattenParts))
            .and_then(|summary| summary.layer("dense1", &dense([14 * 14 * 16, 120])))
            .and_then(|summary| summary.layer("norm3", &norm(120)))
            .and_then(|summary| summary.layer("relu", &CLeakyRelu::default()))
            .and_then(|summary| summary.layer("dense2", &dense([120, 84])))
            .and_then(|summary| summary.layer("norm4", &norm(84)))
            .and_then(|summary| summary.layer("join", &Flatten))
            .and_then(|summary| summary.layer("head", &LinearConfig::new(168, 10).init(&device)))
            .unwrap();
        assert_eq!(summary.parameters().trainable, 822_842);
        assert_eq!(summary.output().dims(), [10]);
        let rows = summary.layers();
        assert_eq!(rows[1].kind, "ElementwiseConv2d(published, free)");
        assert_eq!(rows[1].multiply_adds, 4 * 6 * 28 * 28);
        assert_eq!(rows[4].output.to_string(), "6×14×14 complex");
    }

    #[test]
    fn layers_on_half_spectra_hand_them_on() {
        let device = Device::flex();
        let grid = SpectrumGrid::half([8, 6]);
        let conv = ElementwiseConv2dConfig::new([2, 3], [3, 3], [8, 6]).init(&device);
        let through = ThroughImageConfig::new(grid, ActivationConfig::Relu)
            .with_pool(Some([2, 2]))
            .init(&device);
        let norm = ComplexBatchNormConfig::new(3, ComplexNormForm::Image(grid)).init(&device);
        let summary = Summary::new([2, 8, 6])
            .layer("transform", &ToSpectrum::new(grid))
            .and_then(|summary| summary.layer("conv", &conv))
            .and_then(|summary| summary.layer("norm", &norm))
            .and_then(|summary| summary.layer("act", &through))
            .unwrap();
        assert_eq!(
            summary.output(),
            &FeatureShape::half_spectrum([3, 4, 2], 3).unwrap()
        );
        let rows = summary.layers();
        assert_eq!(rows[1].multiply_adds, 4 * 6 * 8 * 4);
        assert_eq!(rows[2].parameters.trainable, 6);
        assert_eq!(rows[3].kind, "ThroughImage(Relu, pool)");
        assert_eq!(
            rows[3].multiply_adds,
            3 * (real_transform(48) + real_transform(12))
        );
    }

    #[test]
    fn what_a_layer_does_not_take_is_refused() {
        let device = Device::flex();
        let conv = ElementwiseConv2dConfig::new([2, 3], [3, 3], [8, 6]).init(&device);
        let grid = conv.grid();
        let pool = SpatialMaxPoolConfig::new(grid).init();
        let through = ThroughImageConfig::new(grid, ActivationConfig::Relu).init(&device);
        let norm = ComplexBatchNormConfig::new(2, ComplexNormForm::Image(grid)).init(&device);
        let layers: [&dyn Summarize; 4] = [&conv, &pool, &through, &norm];
        let images = FeatureShape::new([2, 8, 6]);
        let other = FeatureShape::half_spectrum([2, 6, 4], 6).unwrap();
        // Seven samples have the bins of six.
        let odd = FeatureShape::half_spectrum([2, 8, 4], 7).unwrap();
        let full = FeatureShape::complex([2, 8, 4]);
        for layer in layers {
            assert!(layer.trace(&images).is_err(), "{}", layer.kind());
            assert!(layer.trace(&other).is_err(), "{}", layer.kind());
        }
        for layer in &layers[..3] {
            assert!(layer.trace(&odd).is_err(), "{}", layer.kind());
            assert!(layer.trace(&full).is_err(), "{}", layer.kind());
        }
        let dense = ComplexLinearConfig::new([3, 2]).init(&device);
        assert!(dense.trace(&FeatureShape::complex([4])).is_err());
        assert!(dense.trace(&FeatureShape::new([3])).is_err());
        let got = dense.trace(&FeatureShape::complex([3])).unwrap();
        assert_eq!(got.multiply_adds, 24);
    }
}
