//! A stack of filters of images, each with ReLU, and a dense head.

use burn::module::Module;
use burn::nn::{Dropout, Relu};
use burn::tensor::{Device, Tensor};
use burn_spectral::SpectralError;
use burn_spectral::spatial::Activation;
use burn_spectral::summary::{Flatten, Summary};

use super::input::Domain;
use super::network::Family;
use super::plan::{Head, Plan, drop, flatten};
use super::{Filter, FilterKind, InputSpec, ModelError, Network, keras};

/// Filters from images to images of the same size, each with ReLU, flattened into a dense head: the
/// spatial baselines of Wood and Larson (2021), and the repaired form of their spectral networks.
/// The latter return to the image after every filter, so that ReLU mixes frequencies, and couple
/// all channels.
#[derive(Module, Debug)]
pub struct ImageStack {
    /// The filters.
    pub filters: Vec<Filter>,
    /// The head.
    pub head: Head,
    dropout: Option<Dropout>,
    residual: bool,
    #[module(skip)]
    domain: Domain,
}

impl ImageStack {
    fn new(
        domain: Domain,
        kind: FilterKind,
        plan: &Plan,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let [height, width] = domain.input.size();
        let filter = |channels| match kind {
            FilterKind::Conv => Ok(Filter::Conv(keras::conv2d(channels, 3, plan.init, device))),
            _ => Filter::new(kind, channels, [height, width], device),
        };
        let filters = plan.channels(domain.input.channels).map(filter);
        let ends = [plan.last() * height * width, domain.input.classes];
        Ok(Self {
            filters: filters.collect::<Result<_, _>>()?,
            head: Head::new(ends, plan.hidden, plan.init, device),
            dropout: plan.dropout(),
            residual: plan.residual,
            domain,
        })
    }
}

/// A stack of filters of one kind, as a network.
pub(super) fn create(
    domain: Domain,
    kind: FilterKind,
    plan: &Plan,
    device: &Device,
) -> Result<Network, ModelError> {
    let stack = ImageStack::new(domain, kind, plan, device)?;
    Ok(Network::ImageStack(stack))
}

impl Family for ImageStack {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut features = images;
        for (index, filter) in self.filters.iter().enumerate() {
            let output = filter.forward_with(Activation::RELU, features.clone());
            features = match self.residual && index > 0 {
                true => output + features,
                false => output,
            };
            if index % 2 == 1 {
                features = drop(&self.dropout, features);
            }
        }
        self.head.forward(flatten(features), &self.dropout)
    }

    fn takes(&self, _size: [usize; 2]) -> bool {
        false
    }

    fn summary(&self, input: &InputSpec) -> Result<Summary, SpectralError> {
        let mut summary = Summary::new(input.shape());
        for (index, filter) in self.filters.iter().enumerate() {
            let number = index + 1;
            summary = summary
                .layer(format!("filter {number}"), filter)?
                .layer(format!("relu {number}"), &Relu)?;
            if self.residual && index > 0 {
                let shape = summary.output().clone();
                summary = summary.step(format!("residual {index}"), "Add", shape);
            }
            if let (1, Some(dropout)) = (index % 2, &self.dropout) {
                summary = summary.layer(format!("dropout {}", number / 2), dropout)?;
            }
        }
        self.head
            .summary(summary.layer("flatten", &Flatten)?, &self.dropout)
    }

    fn first_filter(&self, image: [usize; 2]) -> Option<(&Filter, [usize; 2])> {
        Some((&self.filters[0], image))
    }

    fn filters(&self, image: [usize; 2]) -> Vec<(String, &Filter, [usize; 2])> {
        let filters = self.filters.iter().zip(1..);
        filters
            .map(|(filter, number)| (format!("filter {number}"), filter, image))
            .collect()
    }

    fn filters_mut(&mut self) -> Vec<&mut Filter> {
        self.filters.iter_mut().collect()
    }
}
