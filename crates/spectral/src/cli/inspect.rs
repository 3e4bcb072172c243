//! `spectral inspect`: explains what a layer computes.

use std::path::PathBuf;

use clap::Args;
use comfy_table::Cell;
use serde_json::json;

use super::args::positive;
use super::bake::{self, BakeArgs};
use super::checkpoint::Loaded;
use super::context::Context;
use super::error::CliError;
use super::fields::reject_operator;
use super::layout::{keep_names_whole, prose_width};
use super::output::{print, print_json, say, table};
use super::paths::path_text;
use spectral_lab::inspect::{
    InspectError, Inspection, LAYERS, Request, describe, inspect_layer, inspect_network, overview,
    page,
};
use spectral_lab::report::{check_writable, write_layers_html};

/// Explain what a layer computes and what it costs
#[derive(Debug, Args)]
#[command(
    after_help = "Probes a layer with single pixels, waves and noise, and reports the ordinary
operation it is equivalent to, its receptive field, dead parameters, discarded
information, and cost. For a saved network, inspects every trained filter from
images to images, or with --bake replaces them by ordinary convolutions and
evaluates the network again.

Examples:
  spectral inspect --layer kk
  spectral inspect --layer free --shape 1x28x28 --html free.html
  spectral inspect --layer all
  spectral inspect runs/cnn-glyphs-0 --json
  spectral inspect runs/free1-glyphs-0 --bake
  spectral inspect runs/free1-glyphs-0 --bake 3 --save baked.safetensors"
)]
pub(super) struct InspectArgs {
    /// Run folder, or the model.safetensors of one
    #[arg(value_name = "RUN_OR_CHECKPOINT", conflicts_with_all = ["layer", "list"])]
    source: Option<PathBuf>,
    /// Inspect a layer with fresh weights, or all
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    layer: Option<String>,
    /// List the layers
    #[arg(long)]
    list: bool,
    /// Channels, height and width of the images
    /// [default: the layer's own, 2x28x28 for most]
    #[arg(long, value_name = "CxHxW", value_parser = shape, verbatim_doc_comment, requires = "layer")]
    shape: Option<[usize; 3]>,
    /// Output channels [default: input channels]
    #[arg(long, value_name = "N", value_parser = positive, requires = "layer")]
    out: Option<usize>,
    /// Write an HTML page with pictures to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Use the weights of the best epoch, if the run kept them
    #[arg(long, requires = "source")]
    best: bool,
    #[command(flatten)]
    bake: BakeArgs,
}

/// Parses three sizes, as in `3x32x32`.
fn shape(text: &str) -> Result<[usize; 3], String> {
    let accepted = || "expected CHANNELSxHEIGHTxWIDTH, such as 3x32x32".to_string();
    let sizes: Vec<usize> = text
        .split('x')
        .map(|size| positive(size).map_err(|_| accepted()))
        .collect::<Result<_, _>>()?;
    sizes.try_into().map_err(|_| accepted())
}

pub(super) fn run(args: &InspectArgs, context: &Context) -> Result<(), CliError> {
    if args.list {
        return list(context);
    }
    args.bake.check(args.source.is_some())?;
    if let Some(source) = &args.source {
        reject_operator(source, "inspect")?;
    }
    if let Some(path) = &args.html {
        check_writable(path)?;
    }
    if let (Some(source), Some(kernels)) = (&args.source, args.bake.bake) {
        return bake::run(source, args.best, kernels, &args.bake, context);
    }
    match (&args.source, &args.layer) {
        (Some(source), _) => network(source, args, context),
        (None, Some(layer)) if layer == "all" => all(args, context),
        (None, Some(layer)) => one(layer, args, context),
        (None, None) => Err(CliError::Usage(
            "nothing to inspect: pass a run folder, a checkpoint, or --layer with a name from \
                --list"
                .into(),
        )),
    }
}

fn list(context: &Context) -> Result<(), CliError> {
    if context.json {
        let layers = LAYERS.iter().map(
            |layer| json!({ "layer": layer.name, "summary": layer.summary, "shape": layer.shape }),
        );
        return print_json(&layers.collect::<Vec<_>>());
    }
    let mut rows = table(["layer", "description"]);
    keep_names_whole(&mut rows);
    for layer in LAYERS {
        rows.add_row([Cell::new(layer.name), Cell::new(layer.summary)]);
    }
    print(&format!("{rows}\n"))
}

fn request(layer: &str, args: &InspectArgs, context: &Context) -> Request {
    Request {
        layer: layer.into(),
        shape: args.shape,
        out: args.out,
        seed: context.seed(),
    }
}

/// An invalid request: an error in the command line.
fn usage(error: InspectError) -> CliError {
    CliError::Usage(error.to_string())
}

fn one(layer: &str, args: &InspectArgs, context: &Context) -> Result<(), CliError> {
    let request = request(layer, args, context);
    let inspection = inspect_layer(&request, &context.device).map_err(usage)?;
    let title = format!("What the layer {} computes", inspection.layer);
    write_page(&title, std::slice::from_ref(&inspection), args, context)?;
    match context.json {
        true => print_json(&inspection),
        false => print(&describe(&inspection, prose_width())),
    }
}

fn all(args: &InspectArgs, context: &Context) -> Result<(), CliError> {
    if args.shape.is_some() || args.out.is_some() {
        let message = "--shape and --out need a single layer; with 'all', each layer uses its \
            default sizes";
        return Err(CliError::Usage(message.into()));
    }
    let inspections = LAYERS
        .iter()
        .map(|layer| {
            say(layer.name);
            inspect_layer(&request(layer.name, args, context), &context.device).map_err(usage)
        })
        .collect::<Result<Vec<_>, _>>()?;
    write_page("What the layers compute", &inspections, args, context)?;
    match context.json {
        true => print_json(&inspections),
        false => print(&overview(&inspections, prose_width())),
    }
}

fn network(
    source: &std::path::Path,
    args: &InspectArgs,
    context: &Context,
) -> Result<(), CliError> {
    let loaded = Loaded::from(source, args.best, context)?;
    let (network, input) = (&loaded.network, &loaded.settings.input);
    let inspections = inspect_network(
        &loaded.name,
        network,
        input,
        context.seed(),
        &context.device,
    )
    .map_err(|error| CliError::Failed(error.to_string()))?;
    let title = format!("What the filters of {} compute", loaded.name);
    write_page(&title, &inspections, args, context)?;
    if context.json {
        return print_json(&json!({
            "source": path_text(source),
            "model": loaded.name,
            "layers": inspections,
        }));
    }
    let mut text = format!(
        "{}: its trained filters,\nwithout activations, normalization, pooling and head\n",
        loaded.name
    );
    let width = prose_width();
    text += &overview(&inspections, width);
    for inspection in &inspections {
        let text_of = describe(inspection, width);
        text += &format!("\n{}\n{text_of}", "─".repeat(width));
    }
    print(&text)
}

fn write_page(
    title: &str,
    inspections: &[Inspection],
    args: &InspectArgs,
    context: &Context,
) -> Result<(), CliError> {
    let Some(path) = &args.html else {
        return Ok(());
    };
    let provenance = context.provenance(context.seed());
    write_layers_html(&page(title, inspections, provenance), path)?;
    say(&format!("page: {}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_three_sizes() {
        assert_eq!(shape("3x28x30"), Ok([3, 28, 30]));
        for bad in ["", "3x28", "3x0x1", "1x1x1x1", "axbxc"] {
            assert!(shape(bad).is_err(), "{bad}");
        }
    }
}
