//! The commands on fields: operators trained, compared, evaluated and rolled out.

mod args;
mod compare;
mod evaluate;
mod loaded;
mod rollout;
mod settings;
mod train;
mod trial;

pub(super) use args::SizeArgs;
pub(super) use compare::compare;
pub(super) use evaluate::{TestFields, evaluate};
pub(super) use loaded::{is_operator_run, reject_operator};
pub(super) use rollout::{REFERENCE, RolloutArgs, run as rollout};
pub(super) use train::train;
pub(super) use trial::FieldTrial;

use super::error::CliError;
use spectral_lab::data::fields::is_field_set;
use spectral_lab::model::operator::find_operator;

/// Whether the commands are about fields.
///
/// # Errors
/// If an operator network meets images, or a network of images fields.
pub(super) fn is_about_fields(models: &[String], data: &str) -> Result<bool, CliError> {
    let on_fields = is_field_set(data);
    for model in models {
        match (find_operator(model).is_ok(), on_fields) {
            (true, false) => {
                return Err(CliError::Usage(format!(
                    "'{model}' maps fields to fields and {data} has images; give it npz:FILE or a set \
                     of fields listed by 'spectral data'"
                )));
            }
            (false, true) => {
                return Err(CliError::Usage(format!(
                    "'{model}' is a network of images and {data} has fields; 'spectral models' lists \
                     the operator networks"
                )));
            }
            _ => {}
        }
    }
    Ok(on_fields)
}
