//! `spectral data make`: data sets of solutions of partial differential equations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use comfy_table::Cell;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::args::positive;
use super::claims::check_output;
use super::context::Context;
use super::error::CliError;
use super::layout::{keep_names_whole, wrapped};
use super::output::{print, print_json, table};
use super::paths::path_text;
use spectral_lab::files;
use spectral_lab::limits;
use spectral_lab::simulate::{
    Equation, Force, Law, Precision, Request, Settings, SimulateError, Simulation, equation,
    equations, write_npz,
};

/// Solve a differential equation many times, as data for
/// learning its solution operator
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, after_help = help())]
pub(super) struct MakeArgs {
    /// Name of the equation
    #[arg(value_parser = equation_name, required_unless_present = "list")]
    equation: Option<String>,
    /// List the equations with defaults and sources
    #[arg(long, conflicts_with_all = ["equation", "out"])]
    list: bool,
    /// The .npz file to write; settings go to a .toml file
    /// beside it
    #[arg(long, value_name = "FILE", value_parser = npz, required_unless_present = "list", verbatim_doc_comment)]
    out: Option<PathBuf>,
    /// Number of samples
    #[arg(long, value_name = "N", default_value = "1000", value_parser = positive)]
    count: usize,
    /// Grid points per axis
    #[arg(long, value_name = "N", value_parser = positive)]
    points: Option<usize>,
    /// Spatial dimensions (burgers: 1 to 3)
    #[arg(long, value_name = "N", value_parser = positive)]
    dimensions: Option<usize>,
    /// Length of the domain along each axis
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    length: Option<f64>,
    /// Law of the initial states (darcy: of the field whose
    /// sign gives the permeability)
    #[arg(long, value_name = "LAW", verbatim_doc_comment)]
    initial: Option<Law>,
    /// Number type of the values, f32 or f64
    #[arg(
        long,
        value_name = "TYPE",
        default_value = "f32",
        hide_possible_values = true
    )]
    dtype: Dtype,
    #[command(flatten)]
    time: TimeArgs,
    #[command(flatten)]
    parameters: ParameterArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Time")]
struct TimeArgs {
    /// Time step of the solver
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    dt: Option<f64>,
    /// Recorded states after the initial one; 1 gives pairs
    #[arg(long, value_name = "N", value_parser = positive)]
    frames: Option<usize>,
    /// Time steps from one recorded state to the next
    #[arg(long, value_name = "N", value_parser = positive)]
    every: Option<usize>,
}

/// One option per name in [`PARAMETERS`](spectral_lab::simulate::PARAMETERS).
#[derive(Debug, Args)]
#[command(next_help_heading = "Parameters of the equations")]
struct ParameterArgs {
    /// Speed of advection
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    speed: Option<f64>,
    /// Diffusivity
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    diffusivity: Option<f64>,
    /// Factor of the third derivative
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    dispersivity: Option<f64>,
    /// Viscosity
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    viscosity: Option<f64>,
    /// kdv: factor of the nonlinear term
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    convection: Option<f64>,
    /// Linear drag
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    drag: Option<f64>,
    /// kolmogorov: waves of the force along axis 1
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    waves: Option<f64>,
    /// kolmogorov: amplitude of the force
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    amplitude: Option<f64>,
    /// darcy: low permeability
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    low: Option<f64>,
    /// darcy: high permeability
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    high: Option<f64>,
    /// navier-stokes: the force, none or diagonal
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    force: Option<ForceName>,
}

impl ParameterArgs {
    /// The parameters given.
    fn given(&self) -> BTreeMap<&'static str, f64> {
        let all = [
            ("speed", self.speed),
            ("diffusivity", self.diffusivity),
            ("dispersivity", self.dispersivity),
            ("viscosity", self.viscosity),
            ("convection", self.convection),
            ("drag", self.drag),
            ("waves", self.waves),
            ("amplitude", self.amplitude),
            ("low", self.low),
            ("high", self.high),
        ];
        let given = all
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        given.collect()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dtype {
    F32,
    F64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ForceName {
    None,
    Diagonal,
}

/// Parses the name of an equation.
fn equation_name(text: &str) -> Result<String, SimulateError> {
    equation(text).map(|equation| equation.name.to_string())
}

/// Parses the path of an `.npz` file.
fn npz(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(extension) if extension == "npz" => Ok(path),
        _ => Err("expected a file name that ends in .npz".into()),
    }
}

/// The equations with their defaults, and examples.
fn help() -> String {
    let mut text = String::from("Equations and defaults:\n");
    for equation in equations() {
        text += &format!("  {}: {}\n", equation.name, equation.formula);
        let settings = defaults(equation).join(", ");
        for line in wrapped(&settings, 74).lines() {
            text += &format!("      {line}\n");
        }
    }
    text += "
Laws of initial states:
  fourier:MODES,MAXIMUM
      Fourier series of random amplitudes and phases, scaled to a maximum
  gaussian:SCALE,INVERSE_LENGTH,POWER
      Gaussian random field N(0, σ²(−Δ + τ²I)^−α)
  burgers, vorticity, vorticity-as-generated
      Gaussian laws of Li et al. (2021, arXiv 2010.08895)

Writes x and y, [sample, channel, space...], if one state is recorded after the
initial one, else u, [sample, time, channel, space...].

Examples:
  spectral data make burgers --count 1000 --points 1024 --out burgers.npz
  spectral data make advection --speed 2.5 --frames 200 --out advection.npz
  spectral data make navier-stokes --count 20 --force none --out decay.npz";
    text
}

/// The defaults of an equation, one text per option.
fn defaults(equation: &Equation) -> Vec<String> {
    let mut texts: Vec<String> = (equation.parameters.iter())
        .map(|parameter| {
            format!(
                "{} {} = {}",
                parameter.name,
                parameter.symbol,
                short(parameter.default)
            )
        })
        .collect();
    texts.extend(
        equation
            .force
            .map(|force| format!("force f = {}", force.name())),
    );
    let sizes = vec![equation.points.to_string(); equation.dimensions[0]];
    texts.push(format!("points {}", sizes.join("x")));
    texts.extend(
        equation
            .length
            .map(|length| format!("length {}", short(length))),
    );
    if let Some(time) = equation.time {
        texts.push(format!("dt {}", short(time.dt)));
        texts.push(format!("frames {}", time.frames));
        texts.push(format!("every {}", time.every));
    }
    texts.push(format!("initial {}", equation.initial));
    texts
}

/// A number in up to five digits.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    match text.parse::<f64>() {
        Ok(rounded) if value == rounded => value.to_string(),
        _ if value.abs() >= 1e-3 => text,
        _ => format!("{value:e}"),
    }
}

pub(super) fn run(args: &MakeArgs, context: &Context) -> Result<(), CliError> {
    match (&args.equation, &args.out) {
        (Some(equation), Some(out)) if !args.list => make(equation, out, args, context),
        _ => list(context),
    }
}

fn list(context: &Context) -> Result<(), CliError> {
    if context.json {
        return print_json(&equations());
    }
    let mut table = table(["name", "equation, note, defaults, source"]);
    keep_names_whole(&mut table);
    for equation in equations() {
        let Equation {
            name,
            formula,
            note,
            source,
            ..
        } = equation;
        let defaults = defaults(equation).join(", ");
        let about = format!("{formula}\n{note}\n{defaults}\n{source}");
        table.add_row([Cell::new(name), Cell::new(about)]);
    }
    print(&format!("{table}\n"))
}

/// The file of settings beside the data.
#[derive(Serialize)]
struct Record<'a> {
    command: String,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(flatten)]
    settings: &'a Settings,
    arrays: Vec<ArrayRecord<'a>>,
}

#[derive(Serialize)]
struct ArrayRecord<'a> {
    name: &'static str,
    shape: &'a [usize],
    axes: Vec<&'static str>,
}

fn make(name: &str, out: &Path, args: &MakeArgs, context: &Context) -> Result<(), CliError> {
    let started = Instant::now();
    let request = Request {
        equation: name.into(),
        count: args.count,
        seed: context.seed(),
        dimensions: args.dimensions,
        points: args.points,
        length: args.length,
        dt: args.time.dt,
        frames: args.time.frames,
        every: args.time.every,
        initial: args.initial,
        force: args.parameters.force.map(|force| match force {
            ForceName::None => Force::None,
            ForceName::Diagonal => Force::Diagonal,
        }),
        parameters: args.parameters.given(),
        precision: match args.dtype {
            Dtype::F32 => Precision::F32,
            Dtype::F64 => Precision::F64,
        },
    };
    let settings_path = out.with_extension("toml");
    check_output(out)?;
    check_output(&settings_path)?;
    let simulation = Simulation::new(&request)?;
    let settings = simulation.settings();
    let provenance = context.provenance(settings.seed);
    let arrays: Vec<ArrayRecord<'_>> = (simulation.arrays().iter())
        .map(|(name, shape)| ArrayRecord {
            name,
            shape,
            axes: axes(shape.len() - settings.dimensions, settings.dimensions),
        })
        .collect();
    let record = Record {
        command: provenance.command,
        version: env!("CARGO_PKG_VERSION"),
        commit: provenance.commit,
        settings,
        arrays,
    };
    let text = toml::to_string(&record)
        .map_err(|error| CliError::file(&settings_path, format!("cannot write: {error}")))?;

    let bar = progress(settings.count, context.json);
    let outcome = simulation.run(&|done| bar.inc(done as u64));
    bar.finish_and_clear();
    write_npz(out, &outcome?).map_err(CliError::io(out))?;
    files::write(&settings_path, text.as_bytes()).map_err(CliError::io(&settings_path))?;

    let seconds = started.elapsed().as_secs_f64();
    if context.json {
        return print_json(&serde_json::json!({
            "file": path_text(out),
            "settings_file": path_text(&settings_path),
            "seconds": seconds,
            "settings": settings,
            "arrays": record.arrays,
        }));
    }
    let shapes: Vec<String> = (record.arrays.iter())
        .map(|array| format!("{} {:?}", array.name, array.shape))
        .collect();
    let bytes = std::fs::metadata(out).map_or(0, |metadata| metadata.len());
    print(&format!(
        "{}: {}, {}, {} in {seconds:.1} s\nsettings: {}\n",
        out.display(),
        shapes.join(" and "),
        settings.dtype,
        limits::memory(bytes),
        settings_path.display()
    ))
}

/// The names of the axes: those before space, then of space.
fn axes(leading: usize, dimensions: usize) -> Vec<&'static str> {
    let mut axes = vec!["sample"];
    if leading == 3 {
        axes.push("time");
    }
    axes.push("channel");
    axes.extend(&["x", "y", "z"][..dimensions]);
    axes
}

/// A bar on stderr; none for JSON or where stderr is no terminal.
fn progress(count: usize, json: bool) -> ProgressBar {
    let target = match json {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(),
    };
    let bar = ProgressBar::with_draw_target(Some(count as u64), target);
    let template = "{wide_bar} {pos}/{len} samples, {elapsed}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_lab::simulate::PARAMETERS;

    #[test]
    fn there_is_an_option_for_every_parameter() {
        let some = Some(1.0);
        let all = ParameterArgs {
            speed: some,
            diffusivity: some,
            dispersivity: some,
            viscosity: some,
            convection: some,
            drag: some,
            waves: some,
            amplitude: some,
            low: some,
            high: some,
            force: None,
        };
        let given = all.given();
        assert_eq!(given.len(), PARAMETERS.len());
        assert!(PARAMETERS.iter().all(|name| given.contains_key(name)));
    }

    #[test]
    fn defaults_are_written_in_few_digits() {
        for (value, text) in [
            (0.025, "0.025"),
            (1e-3, "0.001"),
            (2.5e-4, "2.5e-4"),
            (std::f64::consts::TAU, "6.2832"),
            (60.0, "60"),
            (0.0, "0"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn data_go_to_npz_files() {
        assert!(npz("a/b.npz").is_ok());
        for bad in ["b", "b.npy", ".npz", "npz"] {
            assert!(npz(bad).is_err(), "{bad}");
        }
    }
}
