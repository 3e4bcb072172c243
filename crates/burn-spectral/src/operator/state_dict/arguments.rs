//! Arguments of neuraloperator's constructors.

use std::collections::BTreeMap;
use std::fmt;

use super::StateDictError;

/// Arguments by name, as neuraloperator's `FNO(…)` and `TFNO(…)` take them.
pub type Arguments = BTreeMap<String, Argument>;

/// The value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// Python's `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text, or the name of a function or class.
    Text(String),
    /// A list or tuple.
    List(Vec<Argument>),
    /// A dict with anything in it.
    Dict,
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Dict => f.write_str("a dict"),
        }
    }
}

/// The parameters of neuraloperator's `FNO`, in their order, of which a call may give the first without names.
const ORDER: [&str; 30] = [
    "n_modes",
    "in_channels",
    "out_channels",
    "hidden_channels",
    "n_layers",
    "lifting_channel_ratio",
    "projection_channel_ratio",
    "positional_embedding",
    "non_linearity",
    "norm",
    "complex_data",
    "use_channel_mlp",
    "channel_mlp_dropout",
    "channel_mlp_expansion",
    "channel_mlp_skip",
    "fno_skip",
    "resolution_scaling_factor",
    "domain_padding",
    "fno_block_precision",
    "stabilizer",
    "max_n_modes",
    "factorization",
    "rank",
    "fixed_rank_modes",
    "implementation",
    "decomposition_kwargs",
    "separable",
    "preactivation",
    "conv_module",
    "norm_groups",
];

/// Names that a state dict's metadata hold besides arguments.
const OTHERS: [&str; 4] = ["_name", "_version", "args", "verbose"];

/// A reader of arguments that remembers which were read.
pub(super) struct Reader {
    arguments: Arguments,
}

impl Reader {
    /// Arguments with those that were given by position, under `args`, moved to their names.
    pub(super) fn new(arguments: &Arguments) -> Self {
        let mut named = arguments.clone();
        // Metadata fill in defaults even for what was given by position.
        if let Some(Argument::List(values)) = named.remove("args") {
            for (name, value) in ORDER.iter().zip(values) {
                named.insert((*name).into(), value);
            }
        }
        for other in OTHERS {
            named.remove(other);
        }
        Self { arguments: named }
    }

    /// Takes an argument out.
    fn take(&mut self, name: &str) -> Option<Argument> {
        self.arguments.remove(name)
    }

    /// A number of at least zero.
    pub(super) fn count(&mut self, name: &'static str) -> Result<Option<usize>, StateDictError> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => whole(&value)
                .map(Some)
                .ok_or_else(|| refused(name, &value, "a whole number")),
        }
    }

    /// Numbers of at least zero, or a single one.
    pub(super) fn counts(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<usize>>, StateDictError> {
        let numbers = |value: &Argument| match value {
            Argument::List(items) => items.iter().map(whole).collect(),
            one => whole(one).map(|one| vec![one]),
        };
        match self.take(name) {
            None | Some(Argument::None) => Ok(None),
            Some(value) => numbers(&value)
                .map(Some)
                .ok_or_else(|| refused(name, &value, "whole numbers")),
        }
    }

    /// A number, or one per axis.
    pub(super) fn numbers(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<f64>>, StateDictError> {
        let number = |value: &Argument| match value {
            Argument::Number(value) => Some(*value),
            _ => None,
        };
        let numbers = |value: &Argument| match value {
            Argument::List(items) => items.iter().map(number).collect(),
            one => number(one).map(|one| vec![one]),
        };
        match self.take(name) {
            None | Some(Argument::None) => Ok(None),
            Some(value) => numbers(&value)
                .map(Some)
                .ok_or_else(|| refused(name, &value, "a number, or one per axis")),
        }
    }

    /// One of a few names, compared in lower case, or `None`; the index of the name.
    pub(super) fn choice(
        &mut self,
        name: &'static str,
        names: &[&str],
        accepted: &'static str,
    ) -> Result<Option<Option<usize>>, StateDictError> {
        let index = |text: &str| names.iter().position(|n| n.eq_ignore_ascii_case(text));
        match self.take(name) {
            None => Ok(None),
            Some(Argument::None) => Ok(Some(None)),
            Some(Argument::Text(text)) if index(&text).is_some() => Ok(Some(index(&text))),
            Some(value) => Err(refused(name, &value, accepted)),
        }
    }

    /// Checks that an argument is absent or one of these.
    pub(super) fn only(
        &mut self,
        name: &'static str,
        values: &[Argument],
        accepted: &'static str,
    ) -> Result<(), StateDictError> {
        match self.take(name) {
            Some(value) if !values.contains(&value) => Err(refused(name, &value, accepted)),
            _ => Ok(()),
        }
    }

    /// Drops arguments that change nothing about what a trained network computes.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.take(name);
        }
    }

    /// Checks that every argument was read.
    pub(super) fn finish(self) -> Result<(), StateDictError> {
        match self.arguments.into_iter().next() {
            None => Ok(()),
            Some((name, value)) => Err(StateDictError::UnknownArgument {
                name,
                value: value.to_string(),
            }),
        }
    }
}

fn whole(value: &Argument) -> Option<usize> {
    match value {
        Argument::Number(value) if *value >= 0.0 && value.fract() == 0.0 && *value < 9e15 => {
            Some(*value as usize)
        }
        _ => None,
    }
}

pub(super) fn refused(
    name: &'static str,
    value: &Argument,
    accepted: &'static str,
) -> StateDictError {
    StateDictError::Argument {
        name,
        value: value.to_string(),
        accepted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(pairs: &[(&str, Argument)]) -> Arguments {
        let pairs = pairs.iter().cloned();
        pairs.map(|(name, value)| (name.into(), value)).collect()
    }

    #[test]
    fn arguments_by_position_count_more_than_filled_in_defaults() {
        let modes = Argument::List(vec![Argument::Number(8.0), Argument::Number(6.0)]);
        let given = arguments(&[
            ("n_layers", Argument::Number(4.0)),
            ("_name", Argument::Text("FNO".into())),
            (
                "args",
                Argument::List(vec![
                    modes,
                    Argument::Number(1.0),
                    Argument::Number(2.0),
                    Argument::Number(16.0),
                    Argument::Number(3.0),
                ]),
            ),
        ]);
        let mut reader = Reader::new(&given);
        assert_eq!(reader.counts("n_modes").unwrap(), Some(vec![8, 6]));
        assert_eq!(reader.count("n_layers").unwrap(), Some(3));
        assert_eq!(reader.count("hidden_channels").unwrap(), Some(16));
        reader.ignore(&["in_channels", "out_channels"]);
        assert!(reader.finish().is_ok());
    }

    #[test]
    fn a_value_that_is_not_accepted_is_named() {
        let given = arguments(&[
            ("separable", Argument::Bool(true)),
            ("norm", Argument::Text("layer_norm".into())),
            ("n_layers", Argument::Number(2.5)),
            ("temperature", Argument::None),
        ]);
        let mut reader = Reader::new(&given);
        let error = reader.only("separable", &[Argument::Bool(false)], "False");
        assert_eq!(
            error.unwrap_err().to_string(),
            "the argument separable = True is not supported; accepted: False"
        );
        let error = reader.choice("norm", &["group_norm"], "'group_norm' or None");
        assert!(error.unwrap_err().to_string().contains("'layer_norm'"));
        let error = reader.count("n_layers").unwrap_err().to_string();
        assert!(error.contains("n_layers = 2.5"), "{error}");
        let error = reader.finish().unwrap_err().to_string();
        assert!(error.contains("temperature = None"), "{error}");
    }
}
