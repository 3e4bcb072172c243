//! Arguments as JSON.

use burn_spectral::operator::state_dict::{Argument, Arguments};
use serde_json::{Map, Value};

/// The metadata entry of safetensors files that holds the arguments.
pub(super) const KEY: &str = "neuraloperator";

/// Reads a JSON object.
pub(super) fn parse(text: &str) -> Result<Arguments, String> {
    let object: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| format!("the metadata entry '{KEY}' is no JSON object: {error}"))?;
    let pairs = object.into_iter();
    Ok(pairs.map(|(name, value)| (name, of_json(value))).collect())
}

/// Writes a JSON object.
pub(super) fn text(arguments: &Arguments) -> String {
    let pairs = arguments.iter();
    let object: Map<String, Value> = pairs
        .map(|(name, value)| (name.clone(), to_json(value)))
        .collect();
    Value::Object(object).to_string()
}

fn of_json(value: Value) -> Argument {
    match value {
        Value::Null => Argument::None,
        Value::Bool(value) => Argument::Bool(value),
        Value::Number(value) => Argument::Number(value.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Argument::Text(text),
        Value::Array(items) => Argument::List(items.into_iter().map(of_json).collect()),
        Value::Object(_) => Argument::Dict,
    }
}

fn to_json(argument: &Argument) -> Value {
    match argument {
        Argument::None => Value::Null,
        Argument::Bool(value) => Value::Bool(*value),
        // An int in Python, where counts and ranks must not be floats.
        Argument::Number(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
            Value::from(*value as i64)
        }
        Argument::Number(value) => Value::from(*value),
        Argument::Text(text) => Value::String(text.clone()),
        Argument::List(items) => Value::Array(items.iter().map(to_json).collect()),
        Argument::Dict => Value::Object(Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_json() {
        let given =
            r#"{"fno_skip":null,"n_modes":[8,6],"norm":"group_norm","rank":0.5,"separable":false}"#;
        assert_eq!(text(&parse(given).unwrap()), given);
        assert!(
            parse("[1]")
                .unwrap_err()
                .contains("'neuraloperator' is no JSON object")
        );
    }
}
