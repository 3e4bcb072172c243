//! What commutes with the Fourier transform, and what only stands for something that does not.

mod features;
mod measure;
mod operations;
mod page;
mod pictures;
mod random;
mod symmetry;

use serde::{Deserialize, Serialize};
use serde_json::json;

use spectral_lab::report::Report;

use super::run::Part;
use super::shown::shown_name;
use super::{StudyError, StudyInfo, StudyRun};
use features::Features;
use measure::Operation;
use operations::{Aliasing, Pooling};
use random::{Chain, Spread};
use symmetry::{Branches, Leak};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "commute",
    summary: "what commutes with the Fourier transform, and how far stand-ins are off",
    question: "Which operations of an image network can be done on spectra instead, and how far \
               from the operation is what is published in its place?",
    source: "Pan et al., Learning Convolutional Neural Networks in the Frequency Domain, 2022",
    budget: None,
    make,
};

/// Sets measured on where their files are there; of a quick look, the first.
const SETS: [&str; 3] = ["mnist", "fashion-mnist", "cifar-10"];

/// Sets in their place where none is.
const EMBEDDED: [&str; 2] = ["glyphs", "textures"];

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Extent {
    /// Images.
    images: usize,
    /// Images for aliasing, whose grids are 64 times as large.
    alias_images: usize,
    /// Images whose pixels are drawn often.
    drawn_images: usize,
    /// How often.
    draws: usize,
}

const FULL: Extent = Extent {
    images: 500,
    alias_images: 50,
    drawn_images: 20,
    draws: 200,
};

const QUICK: Extent = Extent {
    images: 100,
    alias_images: 10,
    drawn_images: 10,
    draws: 50,
};

/// All figures of one set of images.
struct Figures {
    set: String,
    operations: Vec<Operation>,
    pooling: Pooling,
    aliasing: Vec<Aliasing>,
    dropout: Vec<Spread>,
    chains: Vec<Chain>,
    leaks: Vec<Leak>,
    branches: Branches,
    /// The operations with pictures, of the set that is shown.
    pictured: Vec<Operation>,
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let mut sets = run.present("sets", &SETS)?;
    if sets.is_empty() {
        sets = EMBEDDED.map(String::from).to_vec();
    }
    let extent = match run.quick() {
        true => {
            sets.truncate(1);
            QUICK
        }
        false => FULL,
    };
    let figures = sets.iter().enumerate();
    // One set is enough to look at.
    let figures = figures.map(|(index, set)| measured(run, set, extent, index == 0));
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    Ok(page::page(&STUDY, &extent, &figures))
}

fn measured(
    run: &mut StudyRun<'_>,
    set: &str,
    extent: Extent,
    is_pictured: bool,
) -> Result<Figures, StudyError> {
    let part = Part {
        name: set.into(),
        train: 1,
        test: extent.images,
        ..Part::default()
    };
    let mut step = Stepper {
        run,
        part: &part,
        images: extent.images,
    };
    let plain = Operation::without_planes;
    let mut operations = step.step("convolution", |of| {
        let operations = operations::convolution(of)?;
        Ok(operations.into_iter().map(plain).collect::<Vec<_>>())
    })?;
    operations.push(step.step("normalization", |of| {
        operations::normalization(of).map(plain)
    })?);
    operations.push(step.step("activation", |of| operations::activation(of).map(plain))?);
    let pooling = step.step("pooling", |of| {
        let pooling = operations::pooling(of)?;
        Ok(Pooling {
            operation: pooling.operation.without_planes(),
            ..pooling
        })
    })?;
    let pictured = match is_pictured {
        true => step.pictured()?,
        false => Vec::new(),
    };
    let leaks = step.step("symmetry", symmetry::leaks)?;
    let branches = step.step("branches", symmetry::branches)?;
    step.images = extent.alias_images;
    let aliasing = step.step("aliasing", operations::aliasing)?;
    step.images = extent.drawn_images;
    let draws = extent.draws;
    let dropout = step.drawn("dropout", draws, random::dropout)?;
    let chains = step.drawn("combination", draws, random::combination)?;
    Ok(Figures {
        set: set.into(),
        operations,
        pooling,
        aliasing,
        dropout,
        chains,
        leaks,
        branches,
        pictured,
    })
}

/// Steps on one set of images.
struct Stepper<'a, 'b> {
    run: &'a mut StudyRun<'b>,
    part: &'a Part,
    images: usize,
}

impl Stepper<'_, '_> {
    fn step<T: Serialize + serde::de::DeserializeOwned>(
        &mut self,
        name: &str,
        work: impl FnOnce(&Features) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        self.drawn(name, 1, |features, _| work(features))
    }

    fn drawn<T: Serialize + serde::de::DeserializeOwned>(
        &mut self,
        name: &str,
        draws: usize,
        work: impl FnOnce(&Features, usize) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        let name = format!("{}-{name}", self.part.name);
        let (part, images) = (self.part, self.images);
        let shown = shown_name(&part.name);
        let settings = json!({"data": part, "images": images, "draws": draws, "shown": shown});
        self.run.step(&name, settings, |run| {
            let data = run.data(part)?;
            work(
                &Features::new(run, (part, &data.test), images, &name)?,
                draws,
            )
        })
    }

    /// All operations on images that may be shown.
    fn pictured(&mut self) -> Result<Vec<Operation>, StudyError> {
        let name = format!("{}-pictures", self.part.name);
        let (part, images) = (self.part, self.images);
        let shown = shown_name(&part.name);
        let settings = json!({"data": part, "images": images, "shown": shown});
        self.run.step(&name, settings, |run| {
            let shown = run.shown(part)?;
            let of = Features::new(run, (part, &shown.data().test), images, &name)?;
            let mut all = operations::convolution(&of)?;
            all.push(operations::normalization(&of)?);
            all.push(operations::activation(&of)?);
            all.push(operations::pooling(&of)?.operation);
            Ok(all)
        })
    }
}
