//! `spectral inspect RUN --bake`: replaces the filters of a trained network by ordinary
//! convolutions.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{Cell, CellAlignment};
use serde_json::{Value, json};

use super::checkpoint::Loaded;
use super::claims::check_output;
use super::context::Context;
use super::error::CliError;
use super::output::{print, print_json, table};
use super::paths::path_text;
use super::test_images::{TestArgs, TestImages, judge, test_images};
use spectral_lab::data::Images;
use spectral_lab::inspect::{
    Bake, BakedFilter, BakedLayer, InspectError, bake_network, shown_residual,
};
use spectral_lab::model::{self, Network};
use spectral_lab::train::{
    Evaluation, ModelDescription, TrainError, load_model_weights, save_model_weights,
    save_trained_weights,
};

/// Options of baking.
#[derive(Debug, Args)]
#[command(next_help_heading = "Baking")]
pub(super) struct BakeArgs {
    /// Replace each spectral filter of a trained network by
    /// the best-fitting KxK convolution, and report the
    /// resulting test accuracy; without K: 1, 3, 5, 7 and
    /// the largest that fits
    #[arg(
        long,
        value_name = "K",
        num_args = 0..=1,
        default_missing_value = "all",
        value_parser = kernels,
        verbatim_doc_comment,
        conflicts_with = "html"
    )]
    pub(super) bake: Option<Kernels>,
    /// Save the weights of the network with all filters
    /// replaced to this file
    #[arg(long, value_name = "FILE", verbatim_doc_comment, requires = "bake")]
    pub(super) save: Option<PathBuf>,
    #[command(flatten)]
    pub(super) test: TestArgs,
}

impl BakeArgs {
    /// Rejects `--bake` without a network, and options that need `--bake`.
    pub(super) fn check(&self, has_network: bool) -> Result<(), CliError> {
        if self.bake.is_some() && !has_network {
            let message = "--bake needs a trained network: pass a run folder or a checkpoint";
            return Err(CliError::Usage(message.into()));
        }
        let test = &self.test;
        let given = [
            ("--data", test.data.is_some()),
            ("--data-dir", test.data_dir.is_some()),
            ("--test-count", test.test_count.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) if self.bake.is_none() => Err(CliError::Usage(format!(
                "{name} sets the test data of --bake and needs it"
            ))),
            _ => Ok(()),
        }
    }
}

/// Kernel sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernels {
    /// The usual ones.
    All,
    /// One.
    One(usize),
}

fn kernels(text: &str) -> Result<Kernels, String> {
    match text.parse::<usize>() {
        _ if text == "all" => Ok(Kernels::All),
        Ok(taps) if taps % 2 == 1 => Ok(Kernels::One(taps)),
        _ => Err("expected an odd kernel size, such as 3".into()),
    }
}

/// A network with some filters replaced, and its test results.
struct Judged {
    label: String,
    bake: Option<Bake>,
    taps: String,
    flip: bool,
    evaluation: Evaluation,
}

pub(super) fn run(
    source: &Path,
    best: bool,
    kernels: Kernels,
    args: &BakeArgs,
    context: &Context,
) -> Result<(), CliError> {
    let taps = match kernels {
        Kernels::One(taps) => Some(taps),
        Kernels::All if args.save.is_some() => {
            let message = "--save writes a single network; pass its kernel size, such as --bake 3";
            return Err(CliError::Usage(message.into()));
        }
        Kernels::All => None,
    };
    if let Some(path) = &args.save {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(CliError::io(folder))?;
        }
        check_output(path)?;
    }
    let loaded = Loaded::from(source, best, context)?;
    let input = &loaded.settings.input;
    let layers = bake_network(
        &loaded.name,
        &loaded.network,
        input,
        taps,
        context.seed(),
        &context.device,
    )
    .map_err(|error| match error {
        InspectError::Taps { .. } => CliError::Usage(error.to_string()),
        error => CliError::Failed(error.to_string()),
    })?;
    let size = (input.height, input.width);
    let TestImages { data, images, .. } = test_images(&args.test, &loaded, size, context)?;
    let before = judge(&loaded.network, &loaded, &images)?;
    let rows = judged(&layers, &loaded, &images)?;
    let saved = match &args.save {
        Some(path) => Some(save(path, &layers, &loaded, &images, context)?),
        None => None,
    };
    if context.json {
        let rows: Vec<Value> = rows.iter().map(|row| row.json(&before)).collect();
        return print_json(&json!({
            "source": path_text(source),
            "model": loaded.name,
            "data": data,
            "images": images.len(),
            "loss": before.loss,
            "accuracy": accuracy(&before),
            "layers": layers.iter().map(|layer| json!({
                "layer": layer.layer,
                "summary": layer.summary,
                "shape": layer.shape,
            })).collect::<Vec<_>>(),
            "baked": rows,
            "saved": args.save,
            "saved_model": saved.as_ref().and_then(|saved| saved.model),
        }));
    }
    let mut text = format!(
        "{} on {} test images of {data}\noriginal: {}\n\n",
        loaded.name,
        images.len(),
        score(&before)
    );
    text += &described(&rows, &before);
    if let (Some(path), Some(saved)) = (&args.save, saved) {
        text += &format!("\n{}\n  {}\n", path.display(), saved.words);
    }
    print(&text)
}

/// Each layer alone at each kernel size, and all layers together.
fn judged(
    layers: &[BakedLayer],
    loaded: &Loaded,
    images: &Images,
) -> Result<Vec<Judged>, CliError> {
    let mut rows = Vec::new();
    for layer in layers {
        for BakedFilter { bake, filter } in &layer.baked {
            let network = loaded.network.clone();
            let network = network.with_filter(layer.index, filter.clone());
            rows.push(Judged {
                label: layer.layer.clone(),
                taps: format!("{0}x{0}", bake.taps),
                flip: bake.flip,
                bake: Some(bake.clone()),
                evaluation: judge(&network, loaded, images)?,
            });
        }
    }
    if layers.len() > 1 {
        let most = layers.iter().map(|layer| layer.baked.len()).max();
        for place in 0..most.unwrap_or(0) {
            let chosen: Vec<&BakedFilter> = (layers.iter())
                .map(|layer| &layer.baked[place.min(layer.baked.len() - 1)])
                .collect();
            let mut sizes: Vec<String> = chosen
                .iter()
                .map(|baked| format!("{0}x{0}", baked.bake.taps))
                .collect();
            sizes.dedup();
            rows.push(Judged {
                label: "all".into(),
                bake: None,
                taps: sizes.join(", "),
                flip: chosen.iter().any(|baked| baked.bake.flip),
                evaluation: judge(&replaced(layers, place, loaded), loaded, images)?,
            });
        }
    }
    Ok(rows)
}

/// The network with each filter replaced by its kernel at that position, or by its last one.
fn replaced(layers: &[BakedLayer], place: usize, loaded: &Loaded) -> Network {
    let network = loaded.network.clone();
    layers.iter().fold(network, |network, layer| {
        let baked = &layer.baked[place.min(layer.baked.len() - 1)];
        network.with_filter(layer.index, baked.filter.clone())
    })
}

fn accuracy(evaluation: &Evaluation) -> Option<f64> {
    evaluation.scores().map(|scores| scores.accuracy)
}

fn score(evaluation: &Evaluation) -> String {
    match accuracy(evaluation) {
        Some(accuracy) => format!(
            "accuracy {:.2} %, loss {:.4}",
            100.0 * accuracy,
            evaluation.loss
        ),
        None => format!("loss {:.4}", evaluation.loss),
    }
}

impl Judged {
    fn json(&self, before: &Evaluation) -> Value {
        let change = accuracy(&self.evaluation)
            .zip(accuracy(before))
            .map(|(after, before)| after - before);
        json!({
            "layer": self.label,
            "taps": self.taps,
            "flip": self.flip,
            "residual": self.bake.as_ref().map(|bake| bake.residual),
            "residual_inside": self.bake.as_ref().and_then(|bake| bake.residual_inside),
            "accuracy": accuracy(&self.evaluation),
            "accuracy_change": change,
            "loss": self.evaluation.loss,
            "loss_change": self.evaluation.loss - before.loss,
        })
    }
}

/// The table and its legend.
fn described(rows: &[Judged], before: &Evaluation) -> String {
    let mut shown = table([
        "filter", "kernel", "residual", "inside", "%", "change", "loss",
    ]);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let signed = |value: f64| match format!("{value:+.2}").as_str() {
        "+0.00" | "-0.00" => "0.00".to_string(),
        text => text.replace('-', "−"),
    };
    for row in rows {
        let short = |value: f64| match value < 1e-5 {
            true => "0".into(),
            false => shown_residual(value),
        };
        let bake = row.bake.as_ref();
        let after = accuracy(&row.evaluation);
        let change = after
            .zip(accuracy(before))
            .map(|(after, before)| after - before);
        let flip = if row.flip { " flipped" } else { "" };
        shown.add_row([
            Cell::new(&row.label),
            Cell::new(format!("{}{flip}", row.taps)),
            right(bake.map_or("–".into(), |bake| short(bake.residual))),
            right(
                bake.and_then(|bake| bake.residual_inside)
                    .map_or("–".into(), short),
            ),
            right(after.map_or("–".into(), |share| format!("{:.2}", 100.0 * share))),
            right(change.map_or("–".into(), |change| signed(100.0 * change))),
            right(format!("{:.4}", row.evaluation.loss)),
        ]);
    }
    let mut text = format!("{shown}\n");
    text += "
filter    the spectral filter replaced by an ordinary convolution, alone;
          all: every filter at once
kernel    kernel size; the kernel is fitted to the filter on random images, not
          to the data
residual  relative error of the convolution against the filter on random images;
          0: equal up to rounding
inside    the same away from the border: the convolution pads with zeros, a
          spectral filter wraps around
";
    text += match accuracy(before) {
        Some(_) => {
            "%         test accuracy of the whole network, and the change in percentage
          points; loss: its test loss
"
        }
        None => "loss      test loss of the whole network, which does not classify\n",
    };
    if rows.iter().any(|row| row.flip) {
        text += "flipped   the filter flips its images, which no convolution does: the kernel
          is applied to the image flipped about its first row and column
";
    }
    text
}

/// What was saved.
struct Saved {
    /// The network that the weights belong to, if it is in the registry.
    model: Option<&'static str>,
    /// The same in words.
    words: String,
}

/// Saves the network with all filters replaced: as its ordinary counterpart where possible,
/// otherwise as named weights.
fn save(
    path: &Path,
    layers: &[BakedLayer],
    loaded: &Loaded,
    images: &Images,
    context: &Context,
) -> Result<Saved, CliError> {
    let network = replaced(layers, 0, loaded);
    let expected = judge(&network, loaded, images)?.loss;
    let settings = toml::Table::try_from(&loaded.settings)
        .map_err(|error| CliError::Failed(format!("cannot write TOML: {error}")))?;
    let description = |name: String| ModelDescription {
        name,
        settings: settings.clone(),
    };
    let write = |description: &ModelDescription| match &loaded.trained_on {
        Some(trained_on) => save_trained_weights(path, &network, description, trained_on),
        None => save_model_weights(path, &network, description),
    };
    let flipped: Vec<&str> = (layers.iter())
        .filter(|layer| layer.baked[0].bake.flip)
        .map(|layer| layer.layer.as_str())
        .collect();
    let taps = layers[0].baked[0].bake.taps;
    let baked = format!("{} baked into {taps}x{taps}", loaded.name);
    if flipped.is_empty() {
        let twin = model::find(&loaded.name).and_then(|info| model::find(info.baseline))?;
        write(&description(twin.name.into()))?;
        let fresh = model::build(twin.name, &loaded.settings.input, &context.device)?;
        match load_model_weights(path, fresh) {
            Ok(twin_network) if judge(&twin_network, loaded, images)?.loss == expected => {
                let words = format!(
                    "weights of {}, an ordinary network, which loads them directly",
                    twin.name
                );
                return Ok(Saved {
                    model: Some(twin.name),
                    words,
                });
            }
            Ok(_) | Err(TrainError::WeightsDoNotFit { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    write(&description(baked))?;
    let mut words = format!(
        "all weights by name, with {taps}x{taps} kernels; no registered network has this\n  \
         structure, so they are for use elsewhere"
    );
    if !flipped.is_empty() {
        words += &format!("; flipped images in: {}", flipped.join(", "));
    }
    Ok(Saved { model: None, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_odd() {
        assert_eq!(kernels("5"), Ok(Kernels::One(5)));
        assert_eq!(kernels("all"), Ok(Kernels::All));
        for bad in ["0", "4", "-1", "3x3", "runs/kk1"] {
            assert!(kernels(bad).unwrap_err().contains("odd"), "{bad}");
        }
    }
}
