//! `spectral data`: lists, downloads, shows and makes data sets.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::{Cell, CellAlignment, Table};
use image::{Rgb, RgbImage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::args::{DataArgs, data_name};
use super::claims::check_output;
use super::context::Context;
use super::data_fields::{self, FieldsInspectArgs};
use super::data_make::{self, MakeArgs};
use super::error::CliError;
use super::layout::{prose_width, wrapped};
use super::output::{print, print_json, say, table, tell_notes};
use super::paths::path_text;
use spectral_lab::data::fields::{FieldInfo, field_sets, locate_fields};
use spectral_lab::data::{
    DataInfo, FetchEvent, FetchOptions, Images, Origin, catalog, fetch, load, locate,
};
use spectral_lab::files;

/// Images per class on a contact sheet.
const PER_CLASS: usize = 12;

/// Maximum number of classes on a contact sheet.
const MAX_CLASSES: usize = 50;

/// List, download, preview or make data sets
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Examples:
  spectral data
  spectral data fetch fashion-mnist
  spectral data show glyphs --out glyphs.png
  spectral data make burgers --out burgers.npz
  spectral data inspect npz:burgers.npz"
)]
pub(super) struct DataCommandArgs {
    #[command(subcommand)]
    command: Option<DataCommand>,
    /// Folder with one subfolder per data set, searched first
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Download the official files of a data set into the cache
    #[command(
        after_help = "Uses the system's curl, verifies SHA-256, and keeps files that are correct.

Example:
  spectral data fetch fashion-mnist --dest ~/data"
    )]
    Fetch {
        /// Name of the data set
        #[arg(value_parser = data_name)]
        name: String,
        /// Folder in which to create a folder named after
        /// the data set [default: the cache]
        #[arg(long, value_name = "DIR", verbatim_doc_comment)]
        dest: Option<PathBuf>,
    },
    /// Write sample images as one PNG, one row per class
    #[command(after_help = "Example:
  spectral data show textures --out textures.png")]
    Show {
        /// Data set or folder:PATH
        #[arg(value_parser = data_name)]
        name: String,
        /// PNG file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        data_args: Box<DataArgs>,
    },
    Inspect(Box<FieldsInspectArgs>),
    Make(Box<MakeArgs>),
}

pub(super) fn run(args: &DataCommandArgs, context: &Context) -> Result<(), CliError> {
    match &args.command {
        None => list(args.data_dir.as_deref(), context),
        Some(DataCommand::Fetch { name, dest }) => download(name, dest.clone(), context),
        Some(DataCommand::Show {
            name,
            out,
            data_args,
        }) => show(name, out, data_args, context),
        Some(DataCommand::Inspect(args)) => data_fields::run(args, context),
        Some(DataCommand::Make(args)) => data_make::run(args, context),
    }
}

#[derive(Serialize)]
struct Entry<T: Serialize + 'static> {
    #[serde(flatten)]
    info: &'static T,
    /// Whether all its files were found, or none are needed.
    available: bool,
    /// The folder where they were found.
    folder: Option<String>,
}

fn list(data_dir: Option<&Path>, context: &Context) -> Result<(), CliError> {
    let entries: Vec<Entry<DataInfo>> = catalog()
        .iter()
        .map(|info| {
            let folder = locate(info, data_dir).map(|folder| path_text(&folder));
            Entry {
                info,
                available: info.origin == Origin::Embedded || folder.is_some(),
                folder,
            }
        })
        .collect();
    let fields: Vec<Entry<FieldInfo>> = field_sets()
        .iter()
        .map(|info| {
            let folder = locate_fields(info, data_dir).map(|folder| path_text(&folder));
            Entry {
                info,
                available: folder.is_some(),
                folder,
            }
        })
        .collect();
    if context.json {
        let images = entries.iter().map(serde_json::to_value);
        let all = images.chain(fields.iter().map(serde_json::to_value));
        let all: Result<Vec<_>, _> = all.collect();
        let failed = |error| CliError::Failed(format!("cannot write JSON: {error}"));
        return print_json(&all.map_err(failed)?);
    }
    let mut table = table(["name", "classes", "train", "test", "pixels", "description"]);
    for Entry { info, folder, .. } in &entries {
        let place = match folder {
            _ if info.origin == Origin::Embedded => "generated".into(),
            Some(folder) => folder.clone(),
            None if info.fetchable => format!("not found; run: spectral data fetch {}", info.name),
            None => "missing".into(),
        };
        let color = if info.channels == 1 { "gray" } else { "color" };
        let number = |value: usize| Cell::new(value).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(info.name),
            number(info.classes.len()),
            number(info.train),
            number(info.test),
            Cell::new(format!("{}x{}\n{color}", info.height, info.width)),
            Cell::new(format!(
                "{}\n{place}\nlicense: {}",
                info.summary,
                info.license.name()
            )),
        ]);
    }
    let other = "folder:PATH loads any folder of photographs with one subfolder per class.";
    let other = wrapped(other, prose_width());
    let files =
        "npz:FILE loads any .npz file of pairs or trajectories, or .npy file of trajectories.";
    let files = wrapped(files, prose_width());
    let sets = field_table(&fields);
    print(&format!("{table}\n{other}\n\n{sets}\n{files}\n"))
}

/// The sets of fields.
fn field_table(entries: &[Entry<FieldInfo>]) -> Table {
    let mut table = table(["fields", "train", "test", "grid", "description"]);
    let number = |value: usize| Cell::new(value).set_alignment(CellAlignment::Right);
    for Entry { info, folder, .. } in entries {
        let grid: Vec<String> = info.input[1..].iter().map(usize::to_string).collect();
        table.add_row([
            Cell::new(info.name),
            number(info.train),
            number(info.tests.iter().map(|(_, count)| count).sum()),
            Cell::new(grid.join("x")),
            Cell::new(format!(
                "{}\n{}\nlicense: {}",
                info.summary,
                folder.as_deref().unwrap_or("missing"),
                info.license.name()
            )),
        ]);
    }
    table
}

fn download(name: &str, dest: Option<PathBuf>, context: &Context) -> Result<(), CliError> {
    let options = FetchOptions { dest, mirror: None };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {bytes}, {bytes_per_sec}  {msg}") {
        bar.set_style(style);
    }
    let files = fetch(name, &options, &mut |event| match event {
        FetchEvent::Present(path) => {
            bar.suspend(|| say(&format!("already downloaded: {}", path.display())))
        }
        FetchEvent::Started { url } => {
            bar.reset();
            bar.suspend(|| say(&format!("downloading {url}")));
        }
        FetchEvent::Progress { bytes, .. } => bar.set_position(bytes),
        FetchEvent::Done(path) => bar.suspend(|| say(&format!("downloaded {}", path.display()))),
    });
    bar.finish_and_clear();
    let files = files?;
    if context.json {
        let files: Vec<String> = files.iter().map(|file| path_text(file)).collect();
        return print_json(&serde_json::json!({ "name": name, "files": files }));
    }
    let lines: Vec<String> = files
        .iter()
        .map(|file| format!("{}\n", file.display()))
        .collect();
    print(&lines.concat())
}

fn show(name: &str, out: &Path, data_args: &DataArgs, context: &Context) -> Result<(), CliError> {
    check_output(out)?;
    let mut options = data_args.options(context.seed());
    options.train_count = options.train_count.or(Some(MAX_CLASSES * PER_CLASS));
    options.test_count = options.test_count.or(Some(1));
    let data = load(name, &options)?;
    tell_notes(name, &options);
    let sheet = contact_sheet(&data.train, data.classes.len().min(MAX_CLASSES));
    let mut png = Cursor::new(Vec::new());
    sheet
        .write_to(&mut png, image::ImageFormat::Png)
        .map_err(|error| CliError::file(out, error))?;
    files::write(out, png.get_ref()).map_err(CliError::io(out))?;
    if context.json {
        return print_json(
            &serde_json::json!({ "name": name, "file": path_text(out), "classes": data.classes }),
        );
    }
    print(&format!(
        "{}: rows are {}\n",
        out.display(),
        data.classes.join(", ")
    ))
}

/// The first images of each class, one row per class, one pixel apart.
fn contact_sheet(images: &Images, classes: usize) -> RgbImage {
    let (height, width) = (images.height + 1, images.width + 1);
    let mut sheet = RgbImage::from_pixel(
        (PER_CLASS * width + 1) as u32,
        (classes * height + 1) as u32,
        Rgb([0x80; 3]),
    );
    let mut filled = vec![0; classes];
    for (index, label) in images.labels.iter().enumerate() {
        let class = usize::from(*label);
        let Some(column) = filled.get_mut(class).filter(|column| **column < PER_CLASS) else {
            continue;
        };
        let planes = images.image(index);
        let plane = images.height * images.width;
        for pixel in 0..plane {
            let at = |channel: usize| planes[channel.min(images.channels - 1) * plane + pixel];
            let x = *column * width + 1 + pixel % images.width;
            let y = class * height + 1 + pixel / images.width;
            sheet.put_pixel(x as u32, y as u32, Rgb([at(0), at(1), at(2)]));
        }
        *column += 1;
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_sheet_has_a_row_a_class() {
        let images = Images {
            pixels: vec![10, 20, 30],
            channels: 1,
            height: 1,
            width: 1,
            labels: vec![1, 0, 1],
        };
        let sheet = contact_sheet(&images, 2);
        assert_eq!(sheet.height(), 5);
        let gray = |x, y| sheet.get_pixel(x, y).0[0];
        assert_eq!(
            (gray(1, 1), gray(1, 3), gray(3, 3), gray(5, 3)),
            (20, 10, 30, 0x80)
        );
    }
}
