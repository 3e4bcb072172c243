//! The configuration of a network from its state dict.

use crate::SpectralError;
use crate::operator::{
    BlockForm, BlockMlp, DomainPadding, FnoConfig, GridEmbedding, OperatorNormKind, SkipKind,
};

use super::arguments::{Reader, refused};
use super::expand::{self, Factorization};
use super::{Argument, Arguments, Entry, StateDict, StateDictError};

/// Skip connections by their names in neuraloperator.
pub(super) const SKIPS: [(&str, SkipKind); 3] = [
    ("linear", SkipKind::Linear),
    ("identity", SkipKind::Identity),
    ("soft-gating", SkipKind::SoftGating),
];

/// Normalizations by their names in neuraloperator.
pub(super) const NORMS: [(&str, OperatorNormKind); 3] = [
    ("instance_norm", OperatorNormKind::Instance),
    ("group_norm", OperatorNormKind::Group),
    ("batch_norm", OperatorNormKind::Batch),
];

/// The number of spatial axes of the network that a state dict is of.
///
/// # Errors
/// If it has no first spectral convolution.
pub fn axes(dict: &StateDict) -> Result<usize, StateDictError> {
    let bias = tensor(dict, "fno_blocks.convs.0.bias")?;
    Ok(bias.shape.len().saturating_sub(1))
}

/// The configuration of the network that a state dict is of.
///
/// # Errors
/// If tensors that tell sizes are missing or contradict the arguments, or an argument or its value has no equivalent.
pub fn config(dict: &StateDict, arguments: &Arguments) -> Result<FnoConfig, StateDictError> {
    let mut reader = Reader::new(arguments);
    let told = Told::by(dict)?;
    supported(&mut reader)?;
    let axes = told.kept.len();

    let hidden = agreed(&mut reader, "hidden_channels", told.hidden)?;
    let layers = agreed(&mut reader, "n_layers", told.layers)?;
    let outputs = agreed(&mut reader, "out_channels", told.outputs)?;
    let grid = match reader.choice("positional_embedding", &["grid"], "'grid' or None")? {
        None if told.inputs <= axes => None,
        None | Some(Some(_)) => Some(GridEmbedding::HalfOpen),
        Some(None) => None,
    };
    let coordinates = grid.map_or(0, |_| axes);
    let inputs = told.inputs.checked_sub(coordinates).filter(|n| *n > 0);
    let inputs = inputs.ok_or_else(|| StateDictError::Shape {
        name: "lifting.fcs.0.weight".into(),
        expected: vec![told.lifting.unwrap_or(hidden), coordinates + 1, 1],
        got: tensor(dict, "lifting.fcs.0.weight").map_or_else(|_| Vec::new(), |t| t.shape.clone()),
    })?;
    let inputs = agreed(&mut reader, "in_channels", inputs)?;
    let modes = modes(&mut reader, &told.kept)?;

    let skip = skip(&mut reader, dict, "fno_skip", "fno_blocks.fno_skips.0")?;
    let mlp_skip = skip_of_mlp(&mut reader, dict)?;
    let norm = norm(&mut reader, dict)?;
    let padding = padding(&mut reader, axes)?;
    // Ratios round to numbers of channels, which the shapes tell.
    reader.ignore(&[
        "lifting_channel_ratio",
        "projection_channel_ratio",
        "channel_mlp_expansion",
        "channel_mlp_dropout",
        // Low-rank weights are multiplied out.
        "factorization",
        "rank",
        "fixed_rank_modes",
        "implementation",
        "decomposition_kwargs",
        // What a GPU needs to compute the same.
        "enforce_hermitian_symmetry",
    ]);
    reader.finish()?;

    let mlp = BlockMlp {
        expansion: told.mlp as f64 / hidden.max(1) as f64,
        skip: mlp_skip,
    };
    let form = BlockForm::neuraloperator()
        .with_skip(skip)
        .with_mlp(Some(mlp))
        .with_norm(norm);
    Ok(
        FnoConfig::neuraloperator([inputs, outputs], modes, hidden, layers)
            .with_grid(grid)
            .with_lifting(told.lifting)
            .with_projection(Some(told.projection))
            .with_padding(padding)
            .with_form(form),
    )
}

/// Sizes that shapes tell.
struct Told {
    hidden: usize,
    layers: usize,
    /// Kept modes of each axis.
    kept: Vec<usize>,
    /// Input channels of the lifting.
    inputs: usize,
    outputs: usize,
    /// Hidden channels.
    lifting: Option<usize>,
    projection: usize,
    /// Hidden channels of a block's channel MLP.
    mlp: usize,
}

impl Told {
    fn by(dict: &StateDict) -> Result<Self, StateDictError> {
        let weight = "fno_blocks.convs.0.weight";
        let axes = axes(dict)?;
        SpectralError::check_positive("the number of spatial axes of a state dict", &[axes])?;
        let shape = expand::shape(dict, weight).ok_or_else(|| StateDictError::Missing {
            name: format!("{weight}.tensor"),
        })?;
        if shape.len() == axes + 1 {
            return Err(refused("separable", &Argument::Bool(true), "False"));
        }
        if shape.len() != axes + 2 {
            return Err(StateDictError::Shape {
                name: format!("{weight}.tensor"),
                expected: vec![0; axes + 2],
                got: shape,
            });
        }
        let layers = (0..).take_while(|index| {
            Factorization::of(dict, &format!("fno_blocks.convs.{index}.weight")).is_some()
        });
        let [lifting, inputs] = pair(dict, "lifting.fcs.0.weight")?;
        let [projection, _] = pair(dict, "projection.fcs.0.weight")?;
        let [outputs, _] = pair(dict, "projection.fcs.1.weight")?;
        let block = "fno_blocks.channel_mlp.0.fcs.0.weight";
        let [mlp, _] = match dict.contains_key(block) {
            true => pair(dict, block)?,
            // There blocks without it apply norm and activation twice.
            false => return Err(refused("use_channel_mlp", &Argument::Bool(false), "True")),
        };
        Ok(Self {
            hidden: shape[1],
            layers: layers.count(),
            kept: shape[2..].to_vec(),
            inputs,
            outputs,
            lifting: dict.contains_key("lifting.fcs.1.weight").then_some(lifting),
            projection,
            mlp,
        })
    }
}

fn tensor<'a>(dict: &'a StateDict, name: &str) -> Result<&'a Entry, StateDictError> {
    dict.get(name)
        .ok_or_else(|| StateDictError::Missing { name: name.into() })
}

/// Output and input channels of a pointwise layer.
fn pair(dict: &StateDict, name: &str) -> Result<[usize; 2], StateDictError> {
    let shape = &tensor(dict, name)?.shape;
    match shape[..] {
        [outputs, inputs, 1] => Ok([outputs, inputs]),
        _ => Err(StateDictError::Shape {
            name: name.into(),
            expected: vec![0, 0, 1],
            got: shape.clone(),
        }),
    }
}

/// A size that shapes tell, which the argument must not contradict.
fn agreed(reader: &mut Reader, name: &'static str, told: usize) -> Result<usize, StateDictError> {
    match reader.count(name)? {
        Some(given) if given != told => Err(StateDictError::Contradiction {
            name,
            given: given.to_string(),
            told: told.to_string(),
        }),
        _ => Ok(told),
    }
}

/// Refuses what networks here do not have.
fn supported(reader: &mut Reader) -> Result<(), StateDictError> {
    let name = |text: &str| Argument::Text(text.into());
    let (no, none) = (&[Argument::Bool(false)], &[Argument::None]);
    reader.only("complex_data", no, "False")?;
    reader.only("separable", no, "False")?;
    reader.only("preactivation", no, "False")?;
    reader.only("use_channel_mlp", &[Argument::Bool(true)], "True")?;
    reader.only("stabilizer", none, "None")?;
    reader.only("resolution_scaling_factor", none, "None")?;
    reader.only("max_n_modes", none, "None")?;
    reader.only("fno_block_precision", &[name("full")], "'full'")?;
    reader.only("non_linearity", &[name("gelu")], "gelu")?;
    reader.only("conv_module", &[name("SpectralConv")], "SpectralConv")?;
    reader.only("norm_groups", &[Argument::Number(1.0)], "1")?;
    reader.only("conv_bias_kernel", &[Argument::Number(1.0)], "1")
}

/// The number of modes per axis. Shapes tell what is kept; of the last axis, `n/2 + 1`.
fn modes(reader: &mut Reader, kept: &[usize]) -> Result<Vec<usize>, StateDictError> {
    let last = kept.len() - 1;
    let of_shape: Vec<usize> = kept
        .iter()
        .enumerate()
        .map(|(axis, kept)| match axis == last {
            true => 2 * kept.saturating_sub(1),
            false => *kept,
        })
        .collect();
    let Some(given) = reader.counts("n_modes")? else {
        return Ok(of_shape);
    };
    let agree = |given: &[usize]| {
        let mut pairs = given.iter().zip(kept).enumerate();
        given.len() == kept.len()
            && pairs.all(|(axis, (given, kept))| match axis == last {
                true => given / 2 + 1 == *kept,
                false => given == kept,
            })
    };
    match agree(&given) {
        true => Ok(given),
        false => Err(StateDictError::Contradiction {
            name: "n_modes",
            given: format!("{given:?}"),
            told: format!("{of_shape:?}"),
        }),
    }
}

/// A skip connection, by its tensors and its argument.
fn skip(
    reader: &mut Reader,
    dict: &StateDict,
    argument: &'static str,
    tensors: &'static str,
) -> Result<SkipKind, StateDictError> {
    let has = |part: &str| dict.contains_key(&format!("{tensors}.{part}"));
    let told = match () {
        () if has("conv.weight") => Some(SkipKind::Linear),
        () if has("weight") => Some(SkipKind::SoftGating),
        () => None,
    };
    let accepted = "'linear', 'identity', 'soft-gating' or None";
    let given = reader.choice(argument, &SKIPS.map(|(name, _)| name), accepted)?;
    let given = given.map(|index| index.map_or(SkipKind::None, |index| SKIPS[index].1));
    match (told, given) {
        (Some(told), None) => Ok(told),
        (Some(told), Some(given)) if told == given => Ok(told),
        (None, Some(given @ (SkipKind::Identity | SkipKind::None))) => Ok(given),
        (None, None) => Err(StateDictError::Untold { tensors, argument }),
        (told, Some(given)) => Err(StateDictError::Contradiction {
            name: argument,
            given: format!("{given:?}"),
            told: told.map_or("no tensors".into(), |told| format!("{told:?}")),
        }),
    }
}

fn skip_of_mlp(reader: &mut Reader, dict: &StateDict) -> Result<SkipKind, StateDictError> {
    let tensors = "fno_blocks.channel_mlp_skips.0";
    skip(reader, dict, "channel_mlp_skip", tensors)
}

/// The normalization, by its tensors and its argument.
fn norm(reader: &mut Reader, dict: &StateDict) -> Result<Option<OperatorNormKind>, StateDictError> {
    let has = |part: &str| dict.contains_key(&format!("fno_blocks.norm.0.{part}"));
    let told = match () {
        () if has("norm.running_mean") => Some(OperatorNormKind::Batch),
        () if has("mlp.0.weight") => {
            let value = Argument::Text("ada_in".into());
            return Err(refused("norm", &value, NORM_ACCEPTED));
        }
        () if has("weight") => Some(OperatorNormKind::Group),
        () => None,
    };
    let given = reader.choice("norm", &NORMS.map(|(name, _)| name), NORM_ACCEPTED)?;
    let given = given.map(|index| index.map(|index| NORMS[index].1));
    match (told, given) {
        (told, None) => Ok(told),
        (told, Some(given)) if told == given => Ok(told),
        (None, Some(given @ Some(OperatorNormKind::Instance))) => Ok(given),
        (told, Some(given)) => Err(StateDictError::Contradiction {
            name: "norm",
            given: format!("{given:?}"),
            told: told.map_or("no tensors".into(), |told| format!("{told:?}")),
        }),
    }
}

const NORM_ACCEPTED: &str = "'instance_norm', 'group_norm', 'batch_norm' or None";

fn padding(reader: &mut Reader, axes: usize) -> Result<Option<DomainPadding>, StateDictError> {
    let Some(given) = reader.numbers("domain_padding")? else {
        return Ok(None);
    };
    let fractions = match given[..] {
        [one] => vec![one; axes],
        _ => given,
    };
    match fractions.iter().all(|fraction| *fraction == 0.0) {
        true => Ok(None),
        false => Ok(Some(DomainPadding::symmetric(fractions))),
    }
}
