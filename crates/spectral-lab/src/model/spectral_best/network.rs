//! The network and its spatial twin.

use burn::module::Module;
use burn::nn::{
    BatchNorm, BatchNormConfig, Linear, LinearConfig, PixelUnshuffle, PixelUnshuffleConfig, Relu,
};
use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::pool::SpectralPool2d;
use burn_spectral::response::Coupling;
use burn_spectral::spatial::{self, Activation};
use burn_spectral::summary::Summary;

use super::super::info::{Create, ModelInfo};
use super::super::input::Domain;
use super::super::network::Family;
use super::super::{InputSpec, ModelError, Network};
use super::layers::halve;
use super::{BestFilter, FilterDomain, PointwiseMix};

pub(in crate::model) const MODELS: &[ModelInfo] = &[
    model(
        "spectral-best",
        "our own: depthwise filters of small support at frequencies, 1x1 mixing, spectral pooling",
        |domain, device| create(domain, FilterDomain::Frequency, device),
    ),
    model(
        "spectral-best-spatial",
        "spectral-best with depthwise 3x3 convolutions and 2x2 mean pooling instead",
        |domain, device| create(domain, FilterDomain::Space, device),
    ),
];

const fn model(name: &'static str, summary: &'static str, create: Create) -> ModelInfo {
    ModelInfo {
        name,
        summary,
        baseline: "cnn",
        input: InputSpec::new(1, [28, 28], 10),
        // 2×2 samples are left in the last stage.
        smallest: 8,
        recipe: "lab",
        create,
    }
}

fn create(domain: Domain, filters: FilterDomain, device: &Device) -> Result<Network, ModelError> {
    let net = SpectralBest::new(domain, filters, device)?;
    Ok(Network::SpectralBest(net))
}

/// Degree of the filters, which span `2·DEGREE + 1` samples.
const DEGREE: usize = 1;

/// Blocks of each of the two stages.
const BLOCKS: [usize; 2] = [2, 2];

/// A ConvMixer block (Trockman and Kolter, 2022): `y = x + norm(relu(filter(x)))`, the filter
/// depthwise, then `norm(relu(mix(y)))`.
#[derive(Module, Debug)]
pub struct BestBlock {
    /// Filters the neighborhood of each channel.
    pub filter: BestFilter,
    /// Batch normalization after the filter.
    pub filter_norm: BatchNorm,
    /// Mixes the channels.
    pub mix: PointwiseMix,
    /// Batch normalization after the mix.
    pub mix_norm: BatchNorm,
}

impl BestBlock {
    fn new(filters: FilterDomain, width: usize, device: &Device) -> Result<Self, ModelError> {
        let channels = [width, width];
        Ok(Self {
            filter: BestFilter::new(filters, channels, Coupling::Depthwise, DEGREE, device)?,
            filter_norm: BatchNormConfig::new(width).init(device),
            mix: PointwiseMix::new(channels, device),
            mix_norm: BatchNormConfig::new(width).init(device),
        })
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let relu = |images| spatial::activate_pool(Activation::RELU, None, images);
        let seen = relu(self.filter.forward(images.clone()));
        let images = images + spatial::batch_norm(&self.filter_norm, seen);
        spatial::batch_norm(&self.mix_norm, relu(self.mix.forward(images)))
    }
}

/// Batch normalization and ReLU after a filter or mix that widens, then blocks.
#[derive(Module, Debug)]
pub struct BestStage {
    /// Batch normalization.
    pub norm: BatchNorm,
    /// The blocks.
    pub blocks: Vec<BestBlock>,
}

impl BestStage {
    fn new(
        filters: FilterDomain,
        width: usize,
        blocks: usize,
        device: &Device,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            norm: BatchNormConfig::new(width).init(device),
            blocks: (0..blocks)
                .map(|_| BestBlock::new(filters, width, device))
                .collect::<Result<_, _>>()?,
        })
    }

    fn summary(&self, name: &str, summary: Summary) -> Result<Summary, SpectralError> {
        let mut summary = summary
            .layer(format!("{name} norm"), &self.norm)?
            .layer(format!("{name} relu"), &Relu)?;
        for (block, number) in self.blocks.iter().zip(1..) {
            let name = |part: &str| format!("{name} {number} {part}");
            summary = summary
                .layer(name("filter"), &block.filter)?
                .layer(name("relu"), &Relu)?
                .layer(name("norm"), &block.filter_norm)?;
            let shape = summary.output().clone();
            summary = summary
                .step(name("residual"), "Add", shape)
                .layer(name("mix"), &block.mix)?
                .layer(name("mix relu"), &Relu)?
                .layer(name("mix norm"), &block.mix_norm)?;
        }
        Ok(summary)
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let images = spatial::batch_norm_with(&self.norm, Activation::RELU, None, images);
        self.blocks
            .iter()
            .fold(images, |images, block| block.forward(images))
    }
}

/// `spectral-best` and `spectral-best-spatial`.
#[derive(Module, Debug)]
pub struct SpectralBest {
    /// The domain in which it filters neighborhoods.
    #[module(skip)]
    pub filters: FilterDomain,
    unshuffle: PixelUnshuffle,
    /// The first filter, with dense coupling.
    pub stem: BestFilter,
    /// The stage at half the images' size.
    pub fine: BestStage,
    /// Widens the channels between the stages.
    pub widen: PointwiseMix,
    /// The stage at a quarter of the images' size.
    pub coarse: BestStage,
    /// The head.
    pub head: Linear,
    #[module(skip)]
    domain: Domain,
}

impl SpectralBest {
    fn new(domain: Domain, filters: FilterDomain, device: &Device) -> Result<Self, ModelError> {
        let input = &domain.input;
        let [fine, coarse] = widths(input);
        let stem = [4 * input.channels, fine];
        Ok(Self {
            unshuffle: PixelUnshuffleConfig::new(2).init(),
            stem: BestFilter::new(filters, stem, Coupling::Dense, DEGREE, device)?,
            fine: BestStage::new(filters, fine, BLOCKS[0], device)?,
            widen: PointwiseMix::new([fine, coarse], device),
            coarse: BestStage::new(filters, coarse, BLOCKS[1], device)?,
            head: LinearConfig::new(coarse, input.classes).init(device),
            filters,
            domain,
        })
    }
}

impl Family for SpectralBest {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let [_, _, height, width] = images.dims();
        let images = match (height % 2, width % 2) {
            (0, 0) => images,
            (row, column) => images.pad([(0, row), (0, column)], PadMode::Edge),
        };
        let fine = self
            .fine
            .forward(self.stem.forward(self.unshuffle.forward(images)));
        let features = self
            .coarse
            .forward(self.widen.forward(halve(self.filters, fine)));
        let [batch, channels, height, width] = features.dims();
        let mean = features
            .reshape([batch, channels, height * width])
            .mean_dim(2);
        spatial::linear(&self.head, mean.squeeze_dim::<2>(2))
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        true
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let halves = input.size().map(|side| side.div_ceil(2));
        let quarters = halves.map(|side| side / 2);
        let shape = |channels, [height, width]: [usize; 2]| [channels, height, width];
        let summary = Summary::new(input.shape())
            .step(
                "unshuffle",
                "PixelUnshuffle",
                shape(4 * input.channels, halves),
            )
            .layer("stem", &self.stem)?;
        let summary = self.fine.summary("fine", summary)?;
        let summary = match self.filters {
            FilterDomain::Frequency => {
                summary.layer("pool", &SpectralPool2d::try_new(quarters)?)?
            }
            FilterDomain::Space => {
                let channels = summary.output().dims()[0];
                summary.step("pool", "AvgPool2d", shape(channels, quarters))
            }
        };
        let summary = summary.layer("widen", &self.widen)?;
        let summary = self.coarse.summary("coarse", summary)?;
        let channels = summary.output().dims()[0];
        summary
            .step("mean", "Mean", [channels])
            .layer("head", &self.head)
    }

    fn without_filters(&self) -> &'static str {
        "its filters act on rearranged pixels, with channel mixing between them"
    }
}

/// Channels of the two stages: the most with no more parameters than `cnn` at that input, the
/// second twice the first and then as wide as the rest allows.
fn widths(input: &InputSpec) -> [usize; 2] {
    let fits = |widths| parameters(widths, input) <= cnn_parameters(input);
    let fine = (2..).take_while(|fine| fits([*fine, 2 * fine])).last();
    let fine = fine.unwrap_or(1);
    let coarse = (2 * fine..).take_while(|coarse| fits([fine, *coarse]));
    [fine, coarse.last().unwrap_or(2 * fine)]
}

/// Trainable parameters of `cnn`.
fn cnn_parameters(input: &InputSpec) -> usize {
    let convolutions = 9 * (16 * input.channels + 16 * 32 + 32 * 64);
    let biases_and_norms = 3 * (16 + 32 + 64);
    convolutions + biases_and_norms + (64 + 1) * input.classes
}

/// Trainable parameters of a network of the given widths.
fn parameters([fine, coarse]: [usize; 2], input: &InputSpec) -> usize {
    let taps = (2 * DEGREE + 1) * (2 * DEGREE + 1);
    let stage = |width, blocks| 2 * width + blocks * (taps + 4 + width) * width;
    taps * 4 * input.channels * fine
        + stage(fine, BLOCKS[0])
        + fine * coarse
        + stage(coarse, BLOCKS[1])
        + (coarse + 1) * input.classes
}

#[cfg(test)]
mod tests {
    use burn::module::{ModuleVisitor, Param};
    use burn::tensor::Distribution;

    use super::super::super::{build, trainable};
    use super::*;
    use crate::train::Classifier;

    const NAMES: [&str; 2] = ["spectral-best", "spectral-best-spatial"];

    #[test]
    fn parameters_are_those_of_cnn_within_two_percent() {
        let device = Device::flex();
        for input in [InputSpec::default(), InputSpec::new(3, [32, 32], 10)] {
            let cnn = trainable(&build("cnn", &input, &device).unwrap());
            assert_eq!(cnn_parameters(&input), cnn);
            for name in NAMES {
                let net = build(name, &input, &device).unwrap();
                let got = trainable(&net);
                assert_eq!(net.summary(&input).unwrap().parameters().trainable, got);
                assert!(
                    got <= cnn && got as f64 >= 0.98 * cnn as f64,
                    "{name}: {got}, cnn: {cnn}"
                );
            }
        }
    }

    /// Which kinds of modules there are.
    struct Kinds(Vec<String>);

    impl ModuleVisitor for Kinds {
        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {}

        fn enter_module(&mut self, _name: &str, container_type: &str) {
            self.0.push(container_type.into());
        }
    }

    #[test]
    fn only_the_twin_has_convolutions_in_space() {
        for name in NAMES {
            let mut kinds = Kinds(Vec::new());
            let net = build(name, &InputSpec::default(), &Device::flex()).unwrap();
            net.visit(&mut kinds);
            let has_convolutions = kinds.0.iter().any(|kind| kind.contains("Conv2d"));
            assert_eq!(has_convolutions, name == NAMES[1], "{:?}", kinds.0);
        }
    }

    #[test]
    fn images_of_other_sizes_are_taken() {
        let device = Device::flex();
        for name in NAMES {
            let net = build(name, &InputSpec::default(), &device).unwrap();
            for [height, width] in [[8, 8], [28, 28], [33, 30], [9, 31]] {
                let images = Tensor::random([2, 1, height, width], Distribution::Default, &device);
                let logits = net.forward(images);
                assert_eq!(logits.dims(), [2, 10]);
                assert!(logits.sum().into_scalar::<f32>().is_finite());
            }
        }
    }

    #[test]
    fn circular_shifts_by_four_samples_change_nothing() {
        let device = Device::flex();
        for size in [[28, 28], [32, 36]] {
            let images =
                Tensor::<4>::random([1, 1, size[0], size[1]], Distribution::Default, &device);
            let shifted = images.clone().roll(&[4, 8], &[2, 3]);
            let net = build(NAMES[0], &InputSpec::new(1, size, 10), &device).unwrap();
            let net = net.valid();
            let error = (net.forward(images) - net.forward(shifted)).abs().max();
            assert!(error.into_scalar::<f32>() < 1e-4, "{size:?}");
        }
    }
}
