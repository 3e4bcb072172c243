//! What is known about fields beside their values: the boundary, and the settings that the solver wrote.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::FieldError;
use crate::data::DataError;
use crate::simulate;

/// The boundary of the domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Periodic along every axis; the grid holds each point once.
    Periodic,
    /// Any other, or unknown.
    #[default]
    Other,
}

impl Boundary {
    /// The name in files and options.
    pub fn name(self) -> &'static str {
        match self {
            Self::Periodic => "periodic",
            Self::Other => "other",
        }
    }
}

/// The equation that fields solve, as `spectral data make` wrote it into the file of settings beside the data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldEquation {
    /// Its name, see [`simulate::equations`].
    pub name: &'static str,
    /// Length of the domain along each axis.
    pub length: f64,
    /// Time from one state to the next; none for a steady equation.
    pub interval: Option<f64>,
    /// Parameters by name.
    pub parameters: BTreeMap<String, f64>,
}

/// The entries of a file of settings that matter here.
#[derive(Deserialize)]
struct Entries {
    #[serde(default)]
    dimensions: Option<usize>,
    #[serde(default)]
    length: Option<f64>,
    #[serde(default)]
    dt: Option<f64>,
    #[serde(default)]
    every: Option<u32>,
    #[serde(default)]
    parameters: BTreeMap<String, f64>,
}

/// What the settings say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldSettings {
    pub equation: FieldEquation,
    pub boundary: Boundary,
    /// The number of spatial axes.
    pub axes: Option<usize>,
}

impl FieldSettings {
    /// Reads the settings beside a data file: the file of its name with the extension `.toml`. None if there is no such
    /// file, or if it does not name a known equation.
    pub(super) fn beside(data: &Path) -> Result<Option<Self>, DataError> {
        let path = data.with_extension("toml");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DataError::io(&path)(error)),
        };
        let parsed = Self::parse(&text);
        Ok(parsed.map_err(|reason| FieldError::Settings { path, reason })?)
    }

    fn parse(text: &str) -> Result<Option<Self>, String> {
        let table: toml::Table = text
            .parse()
            .map_err(|e: toml::de::Error| e.message().to_string())?;
        let name = table.get("equation").and_then(toml::Value::as_str);
        let Some(equation) = name.and_then(|name| simulate::equation(name).ok()) else {
            return Ok(None);
        };
        let entries: Entries = table
            .try_into()
            .map_err(|e: toml::de::Error| e.message().to_string())?;
        let length = entries.length.or(equation.length).unwrap_or(1.0);
        let interval = match (equation.time, entries.dt) {
            (Some(_), Some(dt)) => Some(dt * f64::from(entries.every.unwrap_or(1))),
            _ => None,
        };
        for (name, value) in [("length", Some(length)), ("time step", interval)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value > 0.0)) {
                return Err(format!(
                    "{name} = {value}; accepted: a finite number above 0"
                ));
            }
        }
        Ok(Some(Self {
            boundary: match equation.is_periodic() {
                true => Boundary::Periodic,
                false => Boundary::Other,
            },
            axes: entries.dimensions,
            equation: FieldEquation {
                name: equation.name,
                length,
                interval,
                parameters: entries.parameters,
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_equation_boundary_length_and_interval() {
        let text = "command = 'spectral data make'\nequation = 'burgers'\nseed = 3\ndimensions = 2\nlength = 4\ndt = \
                    0.5\nevery = 3\n[parameters]\nviscosity = 0.1\n[[arrays]]\nname = 'u'\n";
        let settings = FieldSettings::parse(text).unwrap().unwrap();
        assert_eq!(
            (settings.boundary, settings.axes),
            (Boundary::Periodic, Some(2))
        );
        let equation = settings.equation;
        assert_eq!(
            (equation.name, equation.length, equation.interval),
            ("burgers", 4.0, Some(1.5))
        );
        assert_eq!(equation.parameters["viscosity"], 0.1);
        let darcy = FieldSettings::parse("equation = 'darcy'").unwrap().unwrap();
        assert_eq!(
            (darcy.boundary, darcy.equation.interval),
            (Boundary::Other, None)
        );
        assert_eq!(darcy.equation.length, 1.0);
    }

    #[test]
    fn other_files_are_ignored_and_invalid_ones_named() {
        for other in ["", "name = 'mine'", "equation = 'wave'", "equation = 4"] {
            assert_eq!(FieldSettings::parse(other), Ok(None), "{other}");
        }
        for (bad, part) in [
            ("equation = 'kdv'\nlength = 'long'", "f64"),
            ("equation = 'kdv'\nlength = -1.0", "length = -1"),
            ("equation = 'kdv'\ndt = nan", "time step = NaN"),
            ("equation = ", "string"),
        ] {
            let error = FieldSettings::parse(bad).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn every_equation_of_the_solver_is_known() {
        for equation in simulate::equations() {
            let text = format!("equation = '{}'", equation.name);
            let settings = FieldSettings::parse(&text).unwrap().unwrap();
            assert_eq!(settings.equation.name, equation.name);
            assert_eq!(
                settings.boundary == Boundary::Other,
                equation.name == "darcy"
            );
        }
    }
}
