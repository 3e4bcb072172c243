//! What commutes with the Fourier transform, and the error of what stands for operations that do not.

mod features;
mod measure;
mod operations;
mod page;
mod pictures;
mod random;
mod symmetry;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use spectral_lab::report::Report;

use crate::kit::run::Part;
use crate::kit::shown::shown_name;
use crate::kit::{Extents, Sets};
use crate::{StudyError, StudyInfo, StudyRun};
use features::Features;
use measure::Operation;
use operations::{Aliasing, Pooling};
use random::{Chain, Spread};
use symmetry::{Branches, Leak};

pub(super) const STUDY: StudyInfo = StudyInfo {
    name: "commute",
    summary: "what commutes with the Fourier transform, and the error of published substitutes",
    question: "Which operations of an image network can be done on spectra instead, and how large is \
               the error of what is published in their place?",
    source: "Pan et al., Learning Convolutional Neural Networks in the Frequency Domain, 2022",
    budget: None,
    make,
};

const SETS: Sets = Sets {
    wanted: &["mnist", "fashion-mnist", "cifar-10"],
    embedded: &["glyphs", "textures"],
    quick: 1,
};

/// How much is measured.
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

const EXTENT: Extents<Extent> = Extents {
    full: Extent {
        images: 500,
        alias_images: 50,
        drawn_images: 20,
        draws: 200,
    },
    quick: Extent {
        images: 100,
        alias_images: 10,
        drawn_images: 10,
        draws: 50,
    },
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

impl Figures {
    fn all_operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().chain([&self.pooling.operation])
    }
}

fn make(run: &mut StudyRun<'_>) -> Result<Report, StudyError> {
    let extent = EXTENT.of(run);
    let sets = SETS.choose(run)?;
    let figures = sets.iter().enumerate();
    // One set is enough to look at.
    let figures = figures.map(|(index, set)| measured(run, set, &extent, index == 0));
    let figures = figures.collect::<Result<Vec<_>, _>>()?;
    page::page(run, &extent, figures)
}

fn measured(
    run: &mut StudyRun<'_>,
    set: &str,
    extent: &Extent,
    is_pictured: bool,
) -> Result<Figures, StudyError> {
    let mut steps = Steps {
        run,
        part: Part {
            name: set.into(),
            train: 1,
            test: extent.images,
            ..Part::default()
        },
        images: extent.images,
        draws: 1,
    };
    let plain = Operation::without_planes;
    let mut operations = steps.step("convolution", |of| {
        let operations = operations::convolution(of)?;
        Ok(operations.into_iter().map(plain).collect::<Vec<_>>())
    })?;
    operations.push(steps.step("normalization", |of| {
        operations::normalization(of).map(plain)
    })?);
    operations.push(steps.step("activation", |of| operations::activation(of).map(plain))?);
    let pooling = steps.step("pooling", |of| {
        let pooling = operations::pooling(of)?;
        Ok(Pooling {
            operation: pooling.operation.without_planes(),
            ..pooling
        })
    })?;
    let pictured = match is_pictured {
        true => steps.pictured()?,
        false => Vec::new(),
    };
    let leaks = steps.step("symmetry", symmetry::leaks)?;
    let branches = steps.step("branches", symmetry::branches)?;
    steps.images = extent.alias_images;
    let aliasing = steps.step("aliasing", operations::aliasing)?;
    (steps.images, steps.draws) = (extent.drawn_images, extent.draws);
    let dropout = steps.step("dropout", |of| random::dropout(of, extent.draws))?;
    let chains = steps.step("combination", |of| random::combination(of, extent.draws))?;
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

/// Steps on the first images of a set.
struct Steps<'a, 'b> {
    run: &'a mut StudyRun<'b>,
    part: Part,
    images: usize,
    draws: usize,
}

impl Steps<'_, '_> {
    fn step<T: Serialize + DeserializeOwned>(
        &mut self,
        name: &str,
        work: impl FnOnce(&Features) -> Result<T, StudyError>,
    ) -> Result<T, StudyError> {
        let (part, images, draws) = (&self.part, self.images, self.draws);
        let name = format!("{}-{name}", part.name);
        let shown = shown_name(&part.name);
        let settings = json!({"data": part, "images": images, "draws": draws, "shown": shown});
        self.run.step(&name, settings, |run| {
            let data = run.data(part)?;
            work(&Features::new(run, (part, &data.test), images, &name)?)
        })
    }

    /// All operations on images that may be shown.
    fn pictured(&mut self) -> Result<Vec<Operation>, StudyError> {
        let (part, images) = (&self.part, self.images);
        let name = format!("{}-pictures", part.name);
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
