//! `spectral evaluate` on fields.

use std::path::Path;

use serde_json::json;

use super::super::args::DataArgs;
use super::super::context::Context;
use super::super::error::CliError;
use super::super::field_args::FieldArgs;
use super::super::output::{print, print_json};
use super::super::paths::path_text;
use super::loaded::LoadedOperator;
use spectral_lab::operate;
use spectral_lab::train::TrainConfig;

/// What to evaluate on; what is not given is that of the run.
pub(in crate::cli) struct TestFields<'a> {
    pub(in crate::cli) data: Option<&'a String>,
    pub(in crate::cli) data_args: DataArgs,
    pub(in crate::cli) fields: &'a FieldArgs,
}

/// Evaluates a saved operator network on each set of test samples.
pub(in crate::cli) fn evaluate(
    source: &Path,
    best: bool,
    test: &TestFields<'_>,
    context: &Context,
) -> Result<(), CliError> {
    let loaded = LoadedOperator::from(source, best, context)?;
    let data = loaded.data(test.data, &test.data_args, test.fields)?;
    let config = TrainConfig {
        loss: loaded.settings.loss,
        ..TrainConfig::default()
    };
    let mut rows = Vec::new();
    let mut text = format!("{} on {}\n", loaded.name, data.name);
    for named in &data.tests {
        let samples = &named.samples;
        loaded.check(samples)?;
        let scaling = &loaded.settings.scaling;
        let found = operate::evaluate(&loaded.network, (&data, samples), scaling, &config)?;
        if !found.loss.is_finite() {
            return Err(CliError::Failed(format!(
                "the loss on {} is {}: the network's outputs are not finite",
                named.name, found.loss
            )));
        }
        let errors = found.errors.unwrap_or_default();
        let grid: Vec<String> = samples.sizes().iter().map(usize::to_string).collect();
        text.push_str(&format!(
            "  {}: {} samples on {} points\n    loss               {:.6}\n    \
             relative L2 error  {:.6}\n    relative H1 error  {:.6}\n",
            named.name,
            samples.len(),
            grid.join("x"),
            found.loss,
            errors.l2,
            errors.h1
        ));
        rows.push(json!({
            "test": named.name,
            "samples": samples.len(),
            "size": samples.sizes(),
            "loss": found.loss,
            "relative_l2": errors.l2,
            "relative_h1": errors.h1,
            "seconds": found.seconds,
        }));
    }
    if context.json {
        return print_json(&json!({
            "source": path_text(source),
            "model": loaded.name,
            "data": data.name,
            "trained_size": loaded.settings.operator.sizes,
            "tests": rows,
        }));
    }
    print(&text)
}
