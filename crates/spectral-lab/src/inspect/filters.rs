//! The filters of a trained network.

use burn::tensor::{Device, Tensor};
use burn_spectral::ComplexTensor;
use burn_spectral::inspect::{Probe, before_real_part, kk_before_real_part};
use burn_spectral::summary::{FeatureShape, Summarize};

use super::subject::{Ready, Subject, Taken};
use super::{InspectError, Inspection, check_memory, inspect};
use crate::limits;
use crate::model::{Filter, InputSpec, Network, match_filter};

/// Inspects every trained filter of a network from images to images of the same size, at the sizes
/// of its inputs for images of the network's own size.
///
/// Activations, normalizations and pooling between the filters are left out, like the head.
///
/// # Errors
/// [`InspectError::NoFilters`] for a network that works on spectra or has no such filters.
pub fn inspect_network(
    name: &str,
    network: &Network,
    input: &InputSpec,
    seed: u64,
    device: &Device,
) -> Result<Vec<Inspection>, InspectError> {
    let filters = network.filters(input.size());
    let no_filters = |reason| {
        Err(InspectError::NoFilters {
            model: name.into(),
            reason,
        })
    };
    if filters.is_empty() {
        return no_filters(network.without_filters());
    }
    let mut inspections = Vec::new();
    for (label, filter, size) in filters {
        let channels = filter.channels_in();
        let [height, width] = size;
        let trace = filter.trace(&FeatureShape::new([channels, height, width]))?;
        if trace.output.dims()[1..] != size {
            continue;
        }
        let ends = [channels, trace.output.dims()[0]];
        check_memory(ends, size, limits::BATCH)?;
        let subject = ready(filter, trace.multiply_adds);
        let probe = Probe::new(channels, size, device)?.with_seed(seed);
        inspections.push(inspect(
            &label,
            &filter.kind(),
            subject.as_ref(),
            &probe,
            seed,
        )?);
    }
    match inspections.is_empty() {
        true => no_filters("its filters drop the border, or change the image size in another way"),
        false => Ok(inspections),
    }
}

fn ready(filter: &Filter, multiply_adds: u64) -> Box<dyn Subject> {
    let forward = |filter: &Filter, images: Tensor<4>| filter.forward(images);
    let ready = Ready::new(filter.clone(), forward, multiply_adds);
    match filter {
        Filter::Conv(_) | Filter::Flipped(_) => ready.boxed(),
        _ => ready.taking(Taken::RealPart, complex).boxed(),
    }
}

fn complex(filter: &Filter, images: Tensor<4>) -> ComplexTensor<4> {
    match_filter!(filter, {
        Filter::Conv(_) | Filter::Flipped(_) => ComplexTensor::from_real(filter.forward(images)),
        Filter::Kk(layer) => kk_before_real_part(layer, images),
    }, layer => before_real_part(layer, images))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{self, build};

    #[test]
    fn the_filters_of_a_network_are_inspected_where_they_stand() {
        let device = Device::flex();
        let input = InputSpec::new(1, [16, 16], 3);
        let network = build("kk2", &input, &device).unwrap();
        let inspections = inspect_network("kk2", &network, &input, 0, &device).unwrap();
        let names: Vec<_> = inspections
            .iter()
            .map(|i| (i.layer.as_str(), i.shape))
            .collect();
        assert_eq!(
            names,
            [
                ("filter 1", [1, 8, 8]),
                ("filter 2", [16, 4, 4]),
                ("filter 3", [32, 2, 2])
            ]
        );
        for kk in &inspections[..2] {
            assert_eq!(kk.equivalent.kind, "flip, then 1x1 convolution");
            assert!(kk.is_equal);
        }
        let dead: usize = inspections
            .iter()
            .flat_map(|i| &i.dead_parameters)
            .map(|d| d.count)
            .sum();
        // Of the 3×3 kernels on 2×2 pixels every tap meets one.
        assert_eq!(dead, network.dead_parameters());
    }

    #[test]
    fn every_network_says_dead_what_an_inspection_finds_dead() {
        let device = Device::flex();
        let mut inspected = std::collections::BTreeSet::new();
        // Sizes at which the last filters see a single sample, or two or three.
        let sizes =
            |info: &'static model::ModelInfo| [8, 9].map(|least| (info, info.smallest.max(least)));
        for (info, side) in model::models().iter().flat_map(sizes) {
            // Filters that are small enough to be quick.
            let input = InputSpec::new(1, [side, side + 3], 2);
            let network = model::build(info.name, &input, &device).unwrap();
            let weights = |(_, filter, [height, width]): &(String, &Filter, [usize; 2])| {
                let shape = FeatureShape::new([filter.channels_in(), *height, *width]);
                filter.trace(&shape).unwrap().output.dims()[0] * filter.channels_in()
            };
            if network.filters(input.size()).iter().map(weights).max() > Some(2048) {
                continue;
            }
            let Ok(inspections) = inspect_network(info.name, &network, &input, 0, &device) else {
                continue;
            };
            let found = inspections.iter().flat_map(|one| &one.dead_parameters);
            let found: usize = found.map(|dead| dead.count).sum();
            assert_eq!(found, network.dead_parameters(), "{} at {side}", info.name);
            inspected.insert(info.name);
        }
        assert!(inspected.len() > 20, "{inspected:?}");
    }

    #[test]
    fn a_network_on_spectra_says_what_it_is() {
        let device = Device::flex();
        let info = crate::model::find("fft-magnitude").unwrap();
        let network = build(info.name, &info.input, &device).unwrap();
        let error = inspect_network(info.name, &network, &info.input, 0, &device).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("fft-magnitude") && text.contains("spectr"),
            "{text}"
        );
    }
}
