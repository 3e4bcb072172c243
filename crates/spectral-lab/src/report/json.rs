//! Reports as JSON: complete, or one flat object per model.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{Report, ReportError, SeedReport, Spread, write};

/// The complete report on one line of JSON; numbers that are not finite become `null`.
///
/// # Errors
/// [`ReportError::Json`] if the report cannot be serialized.
pub fn to_json(report: &Report) -> Result<String, ReportError> {
    Ok(serde_json::to_string(report)?)
}

/// Writes [`to_json`] to a file, atomically.
///
/// # Errors
/// The errors of [`to_json`], and [`ReportError::Write`].
pub fn write_json(report: &Report, path: impl AsRef<Path>) -> Result<(), ReportError> {
    write::write(path.as_ref(), &(to_json(report)? + "\n"))
}

/// The results of every model as a list of flat objects, in the order of the report: `model`,
/// `data`, `params`, `dead_params`, `goal`, `accuracy`, `precision`, `recall`, `f1` (0 to 1),
/// `relative_l2`, `relative_h1` (of models that predict fields), `loss`, `epoch_s` (seconds),
/// `images_per_s` (or samples), `epochs`, `diverged`. Numbers that are not finite or do not exist are
/// `null`.
///
/// With several seeds the results are means; `seeds` then holds one object each, and
/// `accuracy_std`, `accuracy_min`, `accuracy_max` and likewise those of `loss`, `relative_l2` and
/// `relative_h1` give their spread.
pub fn compare_json(report: &Report) -> Value {
    let models = report.data_sets.iter().flat_map(|data| &data.models);
    models
        .map(|model| {
            let mut object = json!({
                "model": model.model,
                "data": model.data,
                "params": model.params,
                "dead_params": model.dead_params,
                "goal": model.goal,
                "accuracy": model.accuracy,
                "precision": model.precision,
                "recall": model.recall,
                "f1": model.f1,
                "relative_l2": model.l2,
                "relative_h1": model.h1,
                "loss": model.loss,
                "epoch_s": model.epoch_s,
                "images_per_s": model.images_per_s,
                "epochs": model.history.len(),
                "diverged": model.diverged(),
            });
            if !model.seeds.is_empty() {
                object["seeds"] = json!(model.seeds);
                let spread =
                    |figure: fn(&SeedReport) -> f64| Spread::of(model.seeds.iter().map(figure));
                for (name, spread) in [
                    ("accuracy", spread(|seed| seed.accuracy)),
                    ("loss", spread(|seed| seed.loss)),
                    ("relative_l2", spread(|seed| seed.l2.unwrap_or(f64::NAN))),
                    ("relative_h1", spread(|seed| seed.h1.unwrap_or(f64::NAN))),
                ] {
                    object[format!("{name}_std")] = json!(spread.map(|spread| spread.std));
                    object[format!("{name}_min")] = json!(spread.map(|spread| spread.min));
                    object[format!("{name}_max")] = json!(spread.map(|spread| spread.max));
                }
            }
            object
        })
        .collect()
}

/// Reads a number, `null` as NaN: the inverse of how JSON stores numbers that are not finite.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Reads a list of numbers, each `null` as NaN.
pub(super) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    let values = Vec::<Option<f32>>::deserialize(deserializer)?;
    Ok(values
        .into_iter()
        .map(|value| value.unwrap_or(f32::NAN))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    /// Equal, but for the last bit that serde_json's fast reading of decimals may miss.
    fn alike(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(name, value)| b.get(name).is_some_and(|other| alike(value, other)))
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
            }
            _ if a.is_f64() && b.is_f64() => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() <= 2.0 * f64::EPSILON * a.abs()
            }
            _ => a == b,
        }
    }

    #[test]
    fn a_finite_report_survives_json() {
        let report = fixture::report();
        let back: Report = serde_json::from_str(&to_json(&report).unwrap()).unwrap();
        assert!(alike(&json!(back), &json!(report)));
    }

    #[test]
    fn what_is_not_finite_is_null_and_comes_back_as_nan() {
        let mut report = fixture::report();
        let model = &mut report.data_sets[0].models[2];
        model.loss = f64::INFINITY;
        model.history[0].train_loss = f64::NAN;
        model.filters[0].kernel.values[0] = f32::NEG_INFINITY;
        let text = to_json(&report).unwrap();
        assert!(text.contains("\"loss\":null") && text.contains("\"train_loss\":null"));
        let back: Report = serde_json::from_str(&text).unwrap();
        let model = &back.data_sets[0].models[2];
        assert!(model.loss.is_nan() && model.history[0].train_loss.is_nan() && model.diverged());
        assert!(model.filters[0].kernel.values[0].is_nan());
    }

    #[test]
    fn the_comparison_is_one_flat_object_a_model() {
        let mut report = fixture::report();
        report.data_sets[0].models[1].epoch_s = f64::NAN;
        let list = compare_json(&report);
        let list = list.as_array().unwrap();
        assert_eq!(
            list.len(),
            report
                .data_sets
                .iter()
                .map(|data| data.models.len())
                .sum::<usize>()
        );
        for object in list {
            for name in ["model", "data"] {
                assert!(object[name].is_string(), "{name}");
            }
            for name in ["params", "dead_params", "epochs"] {
                assert!(object[name].is_u64(), "{name}");
            }
        }
        let (object, model) = (&list[0], &report.data_sets[0].models[0]);
        assert_eq!(object["accuracy"], model.accuracy);
        assert_eq!(object["f1"], model.f1);
        assert_eq!(object["precision"], model.precision);
        assert_eq!(object["recall"], model.recall);
        assert_eq!(object["loss"], model.loss);
        assert_eq!(object["images_per_s"], model.images_per_s);
        assert!(list[1]["epoch_s"].is_null());
    }

    #[test]
    fn relative_errors_are_in_the_comparison_and_null_elsewhere() {
        let mut report = fixture::prediction();
        let model = &mut report.data_sets[0].models[0];
        model.seeds = fixture::error_seeds(&[0.25, 0.75]);
        let list = compare_json(&report);
        assert_eq!(list[0]["goal"], "predict");
        assert_eq!(list[0]["relative_l2"], 0.0842);
        assert_eq!(list[0]["relative_h1"], 0.1684);
        assert_eq!(list[0]["relative_l2_min"], 0.25);
        assert_eq!(list[0]["relative_h1_max"], 1.5);
        assert_eq!(list[0]["seeds"][1]["relative_l2"], 0.75);
        assert!(list[0]["accuracy"].is_null() && list[0]["accuracy_std"].is_null());
        let images = compare_json(&fixture::report());
        assert!(images[0]["relative_l2"].is_null() && images[0]["relative_h1"].is_null());
    }

    #[test]
    fn reports_without_relative_errors_load_and_those_with_them_come_back() {
        let images = to_json(&fixture::report()).unwrap();
        assert!(!images.contains("relative_l2"), "as before there were any");
        let back: Report = serde_json::from_str(&images).unwrap();
        assert_eq!(back.data_sets[0].models[0].l2, None);

        let mut report = fixture::prediction();
        report.data_sets[0].models[1].l2 = Some(f64::INFINITY);
        let back: Report = serde_json::from_str(&to_json(&report).unwrap()).unwrap();
        assert!(alike(
            &json!(back.data_sets[0].models[0]),
            &json!(report.data_sets[0].models[0])
        ));
        assert!(back.data_sets[0].models[1].diverged());
    }

    #[test]
    fn a_file_holds_the_same_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write_json(&fixture::report(), &path).unwrap();
        let back: Report = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(alike(&json!(back), &json!(fixture::report())));
    }
}
