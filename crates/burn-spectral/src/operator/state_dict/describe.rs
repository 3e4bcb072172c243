//! The arguments that build a network's equivalent in neuraloperator.

use crate::operator::{
    Fno, FnoBlock, GridEmbedding, OperatorNorm, OperatorNormKind, SkipConnection, SkipKind,
};

use super::config::{NORMS, SKIPS};
use super::{Argument, Arguments, StateDictError};

/// Arguments of `neuralop.models.FNO`.
///
/// # Errors
/// If there is no equivalent.
pub(super) fn arguments<const D: usize>(fno: &Fno<D>) -> Result<Arguments, StateDictError> {
    let lacks = |what: String| StateDictError::NotThere { what };
    let first = fno.blocks.first();
    let first = first.ok_or_else(|| lacks("network without blocks".into()))?;
    for block in &fno.blocks {
        representable(block)?;
    }
    let [inputs, outputs] = fno.channels();
    let hidden = first.channels()[0];
    let lifting = match &fno.lifting.layers[..] {
        [first, _] => first.channels()[1],
        // Release 2.0.0 makes one layer of it.
        [_] => 0,
        layers => return Err(lacks(format!("lifting of {} layers", layers.len()))),
    };
    let projection = match &fno.projection.layers[..] {
        [first, _] => first.channels()[1],
        layers => return Err(lacks(format!("projection of {} layers", layers.len()))),
    };
    let embedding = match fno.grid {
        Some(GridEmbedding::HalfOpen) => Argument::Text("grid".into()),
        None => Argument::None,
        Some(other) => return Err(lacks(format!("grid embedding {other:?}"))),
    };
    let padding = match &fno.padding {
        None => Argument::None,
        Some(padding) if padding.symmetric => {
            let fractions = padding.fractions.iter();
            Argument::List(fractions.map(|value| Argument::Number(*value)).collect())
        }
        Some(_) => return Err(lacks("domain padding at one end".into())),
    };
    let mlp = first
        .mlp
        .as_ref()
        .map_or(0, |mlp| mlp.layers[0].channels()[1]);
    let number = |value: usize| Argument::Number(value as f64);
    let pairs = [
        ("n_modes", modes(first.spectral.corners())),
        ("in_channels", number(inputs)),
        ("out_channels", number(outputs)),
        ("hidden_channels", number(hidden)),
        ("n_layers", number(fno.blocks.len())),
        (
            "lifting_channel_ratio",
            Argument::Number(ratio(lifting, hidden)),
        ),
        (
            "projection_channel_ratio",
            Argument::Number(ratio(projection, hidden)),
        ),
        ("positional_embedding", embedding),
        ("norm", norm(first.norm.as_ref())),
        (
            "channel_mlp_expansion",
            Argument::Number(mlp as f64 / hidden as f64),
        ),
        ("channel_mlp_skip", skip(first.mlp_skip.as_ref())),
        ("fno_skip", skip(first.skip.as_ref())),
        ("domain_padding", padding),
    ];
    Ok(pairs.map(|(name, value)| (name.into(), value)).into())
}

/// A ratio whose product with `hidden` truncates to `channels`.
fn ratio(channels: usize, hidden: usize) -> f64 {
    let exact = channels as f64 / hidden as f64;
    match (exact * hidden as f64) as usize == channels {
        true => exact,
        false => (channels as f64 + 0.5) / hidden as f64,
    }
}

/// Refuses a block with parts that there are not.
fn representable<const D: usize>(block: &FnoBlock<D>) -> Result<(), StateDictError> {
    let lacks = |what: String| Err(StateDictError::NotThere { what });
    let [inputs, outputs] = block.channels();
    if inputs != outputs {
        return lacks(format!("block from {inputs} to {outputs} channels"));
    }
    if block.local.is_some() {
        return lacks("local branch".into());
    }
    match block.mlp.as_ref().map(|mlp| mlp.layers.len()) {
        Some(2) => {}
        Some(layers) => return lacks(format!("channel MLP of {layers} layers")),
        None => return lacks("block without a channel MLP and with one activation".into()),
    }
    let corners = block.spectral.corners();
    let last = corners.len() - 1;
    let fits = |(axis, &[positive, negative]): (usize, &[usize; 2])| match axis == last {
        true => negative == 0,
        false => negative == (positive + negative) / 2,
    };
    match corners.iter().enumerate().all(fits) {
        true => Ok(()),
        false => lacks(format!(
            "choice of modes {corners:?} (non-negative and negative per axis)"
        )),
    }
}

fn modes(corners: &[[usize; 2]]) -> Argument {
    let last = corners.len() - 1;
    let corners = corners.iter().enumerate();
    let counts = corners.map(|(axis, &[positive, negative])| match axis == last {
        true => 2 * (positive - 1),
        false => positive + negative,
    });
    Argument::List(counts.map(|count| Argument::Number(count as f64)).collect())
}

fn skip<const D: usize>(skip: Option<&SkipConnection<D>>) -> Argument {
    let kind = match skip {
        None => return Argument::None,
        Some(SkipConnection::Identity(_)) => SkipKind::Identity,
        Some(SkipConnection::Linear(_)) => SkipKind::Linear,
        Some(SkipConnection::SoftGating(_)) => SkipKind::SoftGating,
    };
    named(
        SKIPS
            .iter()
            .find(|(_, other)| *other == kind)
            .map(|(name, _)| *name),
    )
}

fn norm(norm: Option<&OperatorNorm>) -> Argument {
    let kind = match norm {
        None => return Argument::None,
        Some(OperatorNorm::Instance(_)) => OperatorNormKind::Instance,
        Some(OperatorNorm::Group(_)) => OperatorNormKind::Group,
        Some(OperatorNorm::Batch(_)) => OperatorNormKind::Batch,
    };
    named(
        NORMS
            .iter()
            .find(|(_, other)| *other == kind)
            .map(|(name, _)| *name),
    )
}

fn named(name: Option<&str>) -> Argument {
    name.map_or(Argument::None, |name| Argument::Text(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_give_the_channels_back() {
        for hidden in 1..200 {
            for channels in 1..=2 * hidden {
                let product = ratio(channels, hidden) * hidden as f64;
                assert_eq!(product as usize, channels, "{hidden}");
            }
        }
    }
}
