//! A network of the registry.

use burn::module::Module;
use burn::tensor::Tensor;
use burn_spectral::SpectralError;
use burn_spectral::summary::Summary;

use crate::train::{Classifier, Trainable};

use super::input::Domain;
use super::{
    Autoencoder, CemNet, Cnn, ConvNet, FeatureNet, Filter, FixedNet, FrequencyStack, ImageStack,
    InputSpec, ModelError, SpectralBest, SpectrumNet,
};

/// The interface of every family of networks.
pub(super) trait Family {
    /// The input it was built for.
    fn domain(&self) -> &Domain;

    /// Outputs `[batch, outputs]` for images `[batch, channels, height, width]`.
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;

    /// Whether it accepts images of that height and width, which are not too small.
    fn takes(&self, size: [usize; 2]) -> bool;

    /// Its layers, for an input that it accepts.
    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError>;

    /// Whether its outputs are the classes of [`InputSpec`].
    fn classifies(&self) -> bool {
        true
    }

    /// See [`Network::first_filter`].
    fn first_filter(&self, _image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        None
    }

    /// See [`Network::filters`].
    fn filters(&self, image: [usize; 2]) -> Vec<(String, &Filter, [usize; 2])> {
        let first = self.first_filter(image).into_iter();
        first
            .map(|(filter, size)| ("filter 1".into(), filter, size))
            .collect()
    }

    /// The filters of [`filters`](Self::filters), in the same order, for replacement.
    fn filters_mut(&mut self) -> Vec<&mut Filter> {
        Vec::new()
    }

    /// See [`Network::without_filters`].
    fn without_filters(&self) -> &'static str {
        "its layers are of another kind"
    }

    /// See [`Network::dead_parameters`]. By default, those of the filters.
    fn dead_parameters(&self) -> usize {
        let filters = self.filters(self.domain().input.size());
        let dead =
            |(_, filter, size): &(String, &Filter, [usize; 2])| filter.dead_parameters(*size);
        filters.iter().map(dead).sum()
    }
}

/// The enum of all types of networks, and its view as a [`Family`].
macro_rules! networks {
    ($($(#[$doc:meta])* $name:ident($net:ty),)*) => {
        /// A network of the registry.
        #[derive(Module, Debug)]
        #[allow(clippy::large_enum_variant)]
        pub enum Network {
            $($(#[$doc])* $name($net),)*
        }

        impl Network {
            fn family(&self) -> &dyn Family {
                match self {
                    $(Self::$name(net) => net,)*
                }
            }

            fn family_mut(&mut self) -> &mut dyn Family {
                match self {
                    $(Self::$name(net) => net,)*
                }
            }
        }
    };
}

networks! {
    /// The small convolutional network and its spectral variants.
    Cnn(Cnn),
    /// Convolution stages with pooling, and dense layers.
    Conv(ConvNet),
    /// `spectral-best` and its spatial twin.
    SpectralBest(SpectralBest),
    /// Filters of images, and a dense head.
    ImageStack(ImageStack),
    /// Filters of one spectrum, and a dense head.
    FrequencyStack(FrequencyStack),
    /// From images to images.
    Autoencoder(Autoencoder),
    /// One layer that may be fixed, and a linear head.
    Fixed(FixedNet),
    /// The spectrum of the whole image, and a dense head.
    Spectrum(SpectrumNet),
    /// Filtered or local features, and a linear head.
    Features(FeatureNet),
    /// Products of spectra from the first layer to the last.
    Cem(CemNet),
}

impl Network {
    /// Checks that the network, as built, accepts such images and has that many classes.
    ///
    /// # Errors
    /// If the channels or classes differ, the images are too small, or they have another size and
    /// some weights belong to single pixels or frequencies.
    pub fn check(&self, input: &InputSpec) -> Result<(), ModelError> {
        let (family, size) = (self.family(), input.size());
        let domain = family.domain();
        domain.check_channels(input)?;
        if family.classifies() {
            domain.check_classes(input)?;
        }
        domain.check_smallest(size)?;
        match domain.input.size() == size || family.takes(size) {
            true => Ok(()),
            false => Err(domain.other_size(size)),
        }
    }

    /// The layers for such images, with shapes, parameters and multiply-adds.
    ///
    /// # Errors
    /// As for [`check`](Self::check).
    pub fn summary(&self, input: &InputSpec) -> Result<Summary, ModelError> {
        self.check(input)?;
        Ok(self.family().summary(input)?)
    }

    /// The first layer from images to images for images of the given height and width, and the size
    /// of its input; none if a spectrum comes first, or if the first layer is not linear.
    pub fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        self.family().first_filter(image)
    }

    /// Its layers from images to images in place of a convolution, by their names in the
    /// [summary](Self::summary), each with the size of its input for images of the given height and
    /// width.
    pub fn filters(&self, image: [usize; 2]) -> Vec<(String, &Filter, [usize; 2])> {
        self.family().filters(image)
    }

    /// The network with another layer, of the same channels, in place of the filter at that index
    /// of [`filters`](Self::filters).
    ///
    /// # Panics
    /// If there is no such filter.
    pub fn with_filter(mut self, index: usize, filter: Filter) -> Self {
        let filters = self.family_mut().filters_mut();
        let count = filters.len();
        match filters.into_iter().nth(index) {
            Some(place) => *place = filter,
            None => panic!("the network has {count} filters, got the index {index}"),
        }
        self
    }

    /// Why a network has no [`filters`](Self::filters), as a clause.
    pub fn without_filters(&self) -> &'static str {
        self.family().without_filters()
    }

    /// Number of parameters that cannot change the output on images of the size it was built for.
    pub fn dead_parameters(&self) -> usize {
        self.family().dead_parameters()
    }
}

impl Classifier for Network {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.family().forward(images)
    }
}

impl Trainable for Network {
    fn penalty(&self) -> Option<Tensor<1>> {
        match self {
            Self::Cem(net) => net.penalty(),
            _ => None,
        }
    }

    fn after_step(self) -> Self {
        match self {
            Self::Cem(net) => Self::Cem(net.after_step()),
            net => net,
        }
    }
}
