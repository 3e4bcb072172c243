//! Explains what a layer computes and what it costs.
//!
//! [`inspect_layer`] inspects one of the [`LAYERS`] by name, [`inspect_network`] the filters of a
//! trained network; both return an [`Inspection`], which serializes to JSON; [`describe`] gives
//! text and [`page`] an HTML page.

mod baked;
mod cost;
mod entries;
mod filters;
mod layers;
mod page;
mod subject;
mod text;

use burn::tensor::{DType, Device};
use burn_spectral::SpectralError;
use burn_spectral::inspect::{
    DeadParameters, Equivalent, MapReport, ParameterReport, Probe, inspect_map, to_conv,
};
use serde::Serialize;

pub use baked::{BakedFilter, BakedLayer, bake_network};
pub use cost::Cost;
pub use entries::{Entry, Section, residual as shown_residual};
pub use filters::inspect_network;
pub use layers::{LAYERS, LayerInfo};
pub use page::page;
pub use text::{describe, overview};

use crate::limits;
use layers::Sizes;
use subject::{Subject, Taken};

/// Kernel sizes to bake a layer into, where they fit.
const BAKED: [usize; 4] = [1, 3, 5, 7];

/// The results for one layer.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Its name.
    pub layer: String,
    /// A description.
    pub summary: String,
    /// Seed of its weights, if they are fresh, and of the random images.
    pub seed: u64,
    /// Channels, height and width of the images.
    pub shape: [usize; 3],
    /// Output channels.
    pub outputs: usize,
    /// The simplest equivalent ordinary operation, or the nearest one.
    pub equivalent: Equivalent,
    /// Whether it is equivalent up to rounding.
    pub is_equal: bool,
    /// Parameters that cannot change the output.
    pub dead_parameters: Vec<DeadParameters>,
    /// The share of the energy that it computes and discards.
    pub discarded_energy: f64,
    /// What it keeps: `real part` or `magnitude`; none if it computes nothing complex.
    pub discarded_by: Option<&'static str>,
    /// The function that it computes.
    pub map: MapReport,
    /// The analysis of its parameters.
    pub parameters: ParameterReport,
    /// The best-fitting ordinary convolutions.
    pub bake: Vec<Bake>,
    /// Its cost.
    pub cost: Cost,
}

/// How well a baked convolution fits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bake {
    /// Kernel size.
    pub taps: usize,
    /// Whether it is applied to the flipped image.
    pub flip: bool,
    /// Relative error on random images.
    pub residual: f64,
    /// The same away from the border.
    pub residual_inside: Option<f64>,
}

/// A layer to inspect, and its sizes.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The layer's name.
    pub layer: String,
    /// Channels, height and width of the images; default: the layer's.
    pub shape: Option<[usize; 3]>,
    /// Output channels; default: the layer's, usually the input channels.
    pub out: Option<usize>,
    /// Seed of the weights and of the random images.
    pub seed: u64,
}

/// Inspects a layer with fresh weights.
///
/// # Errors
/// [`InspectError`] for an unknown name, and for sizes that the layer does not accept.
pub fn inspect_layer(request: &Request, device: &Device) -> Result<Inspection, InspectError> {
    let info = layers::find(&request.layer).ok_or_else(|| InspectError::Unknown {
        name: request.layer.clone(),
        known: LAYERS
            .iter()
            .map(|layer| layer.name)
            .collect::<Vec<_>>()
            .join(", "),
    })?;
    let [channels, height, width] = request.shape.unwrap_or(info.shape);
    let outputs = request
        .out
        .unwrap_or(channels.saturating_mul(info.widening));
    if info.keeps_channels && outputs != channels {
        return Err(InspectError::KeepsChannels {
            name: info.name,
            channels,
            got: outputs,
        });
    }
    let sizes = Sizes {
        channels: [channels, outputs],
        size: [height, width],
    };
    check_memory([channels, outputs], [height, width], limits::INSPECTED)?;
    device.seed(request.seed);
    let probe = Probe::new(channels, sizes.size, device)?.with_seed(request.seed);
    let subject = (info.create)(sizes, device)?;
    Ok(inspect(
        info.name,
        info.summary,
        subject.as_ref(),
        &probe,
        request.seed,
    )?)
}

/// Rejects images of more than `most` values, and layers whose impulse responses need too much
/// memory.
fn check_memory(channels: [usize; 2], size: [usize; 2], most: u64) -> Result<(), InspectError> {
    let [height, width] = size;
    let [inputs, outputs] = channels;
    for (what, values, most) in [
        ("images", limits::product([inputs, height, width]), most),
        (
            "impulse responses",
            limits::product([inputs, outputs, height, width]),
            limits::RESPONSES,
        ),
    ] {
        if values > most {
            return Err(InspectError::TooLarge {
                what,
                channels,
                size,
                values,
                most,
            });
        }
    }
    Ok(())
}

/// Why a layer could not be inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// An unknown layer.
    #[error("no layer named '{name}'; available: {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The available names.
        known: String,
    },
    /// A number of output channels for a layer that always has as many as inputs.
    #[error(
        "{name} has as many output channels as input channels, {channels} here, got --out {got}"
    )]
    KeepsChannels {
        /// The layer.
        name: &'static str,
        /// Its number of input channels.
        channels: usize,
        /// The number given.
        got: usize,
    },
    /// Sizes that would need too much memory and time.
    #[error(
        "{} to {} channels of {}x{}: the {what} have {values} values; at most {most} are accepted",
        channels[0], channels[1], size[0], size[1]
    )]
    TooLarge {
        /// The tensors that are too large.
        what: &'static str,
        /// Input and output channels.
        channels: [usize; 2],
        /// Height and width of the images.
        size: [usize; 2],
        /// Their number of values.
        values: u64,
        /// The limit.
        most: u64,
    },
    /// A network without filters from images to images.
    #[error(
        "{model} has no layer from images to images of the same size that can be inspected on its \
            own: {reason}"
    )]
    NoFilters {
        /// The network.
        model: String,
        /// The reason.
        reason: &'static str,
    },
    /// A network whose filters are already ordinary convolutions.
    #[error("the filters of {model} are ordinary convolutions already: there is nothing to bake")]
    NothingToBake {
        /// The network.
        model: String,
    },
    /// A kernel size that is even or too large.
    #[error(
        "{layer} meets images of {}x{}: the kernel size must be odd and up to {most}, got {taps}",
        size[0], size[1]
    )]
    Taps {
        /// The filter.
        layer: String,
        /// The kernel size given.
        taps: usize,
        /// The size of its images.
        size: [usize; 2],
        /// The largest kernel size.
        most: usize,
    },
    /// Sizes that a layer does not accept.
    #[error(transparent)]
    Layer(#[from] SpectralError),
}

/// Inspects a layer.
fn inspect(
    name: &str,
    summary: &str,
    subject: &dyn Subject,
    probe: &Probe,
    seed: u64,
) -> Result<Inspection, SpectralError> {
    let device = probe.device().clone();
    let map = inspect_map(|images| subject.forward(images), probe)?;
    // Ranks are only reliable in double precision.
    let parameters = subject.parameters(&probe.clone().with_dtype(DType::F64))?;
    let discarded = subject.discarded(probe);
    let most = map.size[0].min(map.size[1]);
    let bake = BAKED
        .into_iter()
        .filter(|taps| *taps <= most)
        .map(|taps| {
            let baked = to_conv(|images| subject.forward(images), probe, taps)?;
            Ok(Bake {
                taps,
                flip: baked.flip,
                residual: baked.residual,
                residual_inside: baked.residual_inside,
            })
        })
        .collect::<Result<_, SpectralError>>()?;
    let [height, width] = map.size;
    Ok(Inspection {
        layer: name.into(),
        summary: summary.into(),
        seed,
        shape: [map.channels[0], height, width],
        outputs: map.channels[1],
        equivalent: map.equivalence.equivalent.clone(),
        is_equal: map.equivalence.is_equal,
        dead_parameters: parameters.dead(),
        discarded_energy: discarded.map_or(0.0, |(_, share)| share),
        discarded_by: discarded.map(|(taken, _)| match taken {
            Taken::RealPart => "real part",
            Taken::Magnitude => "magnitude",
        }),
        cost: Cost::of(subject, &map, &device),
        parameters,
        map,
        bake,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(layer: &str) -> Inspection {
        let info = layers::find(layer).unwrap();
        let request = Request {
            layer: layer.into(),
            shape: Some(match info.shape[1] {
                1 => [2, 1, 12],
                6 => [1, 4, 4],
                _ => [2, 8, 7],
            }),
            ..Request::default()
        };
        inspect_layer(&request, &Device::flex()).unwrap_or_else(|error| panic!("{layer}: {error}"))
    }

    #[test]
    fn every_layer_is_inspected_and_described_in_eighty_columns() {
        for info in LAYERS {
            let inspection = small(info.name);
            let text = describe(&inspection, 80);
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", info.name);
            }
            for line in describe(&inspection, 50).lines() {
                assert!(line.chars().count() <= 50, "{}: {line}", info.name);
            }
            let json = serde_json::to_value(&inspection).unwrap();
            assert_eq!(json["layer"], info.name);
            assert!(json["equivalent"]["kind"].is_string());
            assert!(json["dead_parameters"].is_array());
            assert!(json["discarded_energy"].is_number());
        }
    }

    #[test]
    fn the_published_kk_layer_is_seen_through() {
        let kk = small("kk");
        assert_eq!(kk.equivalent.kind, "flip, then 1x1 convolution");
        assert!(kk.is_equal && kk.equivalent.residual < 1e-6);
        assert_eq!(kk.dead_parameters[0].name, "conv.response.beta");
        assert_eq!(kk.dead_parameters[0].count, 4);
        assert!(kk.discarded_energy > 0.1 && kk.discarded_energy < 0.9);
        let text = describe(&kk, 80);
        assert!(
            text.contains("flip, then 1x1 convolution, residual 0"),
            "{text}"
        );
    }

    #[test]
    fn layers_are_what_their_sources_say() {
        assert_eq!(small("conv").equivalent.kind, "3x3 zero-padded convolution");
        assert_eq!(small("depthwise").map.mixing.words(), "neither");
        let published = small("gaussian-published");
        assert_eq!(published.map.mixing.combinations, Some(1));
        assert!(published.is_equal && published.map.shift_error < 1e-5);
        // The last axis is the causal one.
        assert!(small("kk-repaired").map.ahead[1] < 1e-9);
        assert!(small("longconv").map.ahead[1] < 1e-9);
        assert!(!small("fixed-magnitude").map.is_linear);
        assert!(!small("frequency-gate").map.is_linear);
        let modrelu = small("modrelu");
        assert!(!modrelu.map.is_linear && !modrelu.map.mixing.frequencies);
        // Below its offset a single point has no magnitude that passes.
        let text = describe(&modrelu, 80);
        assert!(
            text.contains("kernel            none") && !text.contains("NaN"),
            "{text}"
        );
        assert_eq!(
            small("cemnet-repaired").equivalent.kind,
            "5x5 circular convolution"
        );
        assert!(small("cemnet").equivalent.flip);
        assert_eq!(
            small("free").parameters.redundancy.unwrap().redundant,
            4 * (2 * 8 * 4 - 56)
        );
    }

    #[test]
    fn what_cannot_be_is_refused_by_value() {
        let error = |layer: &str, shape, out| {
            let request = Request {
                layer: layer.into(),
                shape,
                out,
                seed: 0,
            };
            inspect_layer(&request, &Device::flex())
                .unwrap_err()
                .to_string()
        };
        let most = usize::MAX;
        for (shape, out) in [
            ([most, 8, 8], None),
            ([1, most, 8], None),
            ([most, most, most], Some(most)),
            ([1, 8, 8], Some(most)),
            ([1, 1000, 1000], None),
            ([256, 16, 16], Some(257)),
        ] {
            for layer in LAYERS
                .iter()
                .filter(|layer| !layer.keeps_channels || out.is_none())
            {
                let error = error(layer.name, Some(shape), out);
                assert!(error.contains("are accepted"), "{}: {error}", layer.name);
            }
        }
        assert!(error("kkk", None, None).contains("'kkk'; available: conv, "));
        assert!(error("globalfilter", None, Some(3)).contains("2 here, got --out 3"));
        assert!(error("longconv", Some([1, 2, 8]), None).contains("[1, 2, 8]"));
        assert!(error("depthwise", None, Some(3)).contains("multiples of 2"));
    }
}
