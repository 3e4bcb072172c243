//! Which images of a folder a network was trained on, so that it is not tested on them.

use std::sync::Arc;

use super::checkpoint::Loaded;
use super::error::CliError;
use super::output::say;
use super::run_settings::DataSettings;
use spectral_lab::data::{
    self, DataOptions, DataSet, Division, ImageList, ImagePart, KnownImages, Origin,
};
use spectral_lab::train::{DataDescription, RunFolder};

/// Whether the data set of that name is a folder of photographs.
pub(super) fn is_folder(name: &str) -> bool {
    data::info(name).is_none_or(|info| info.origin == Origin::Folder)
}

/// How the folder is split when a run is resumed.
pub(super) fn division_of(run: &RunFolder) -> Result<Division, CliError> {
    Ok(match run.images()? {
        Some(list) => list.division,
        // A run from before image lists were kept; one without a checkpoint starts over.
        None if run.finished_epochs()? > 0 => Division::ByPosition,
        None => Division::default(),
    })
}

/// Prints notes about the images of `data` that concern training.
pub(super) fn say_left_out(data: &DataSet) {
    if let Some(note) = data.list.as_ref().and_then(left_out) {
        say(&format!("{}: {note}", data.name));
    }
}

fn left_out(list: &ImageList) -> Option<String> {
    match list.left_out {
        0 => None,
        1 => Some("1 test image is left out because it is also a training image".into()),
        count => Some(format!(
            "{count} test images are left out because they are also training images"
        )),
    }
}

/// What is known about the images that a network was trained on.
pub(super) struct Parts {
    kept: Kept,
    /// Whether the requested data set is that of the run.
    is_same: bool,
}

enum Kept {
    /// The run lists every image.
    List(ImageList),
    /// The weights list the training images.
    Weights,
    /// No list: a run from before lists were kept.
    Run(DataDescription),
    /// No list: weights from before lists were kept, or of other origin.
    Nothing,
    /// Nothing to know: not trained on photographs.
    Other,
}

impl Parts {
    /// The images of a network; sets `options` to keep them in their parts. `is_same` if the
    /// requested data set is that of the run.
    pub(super) fn of(
        loaded: &Loaded,
        is_same: bool,
        given_seed: Option<u64>,
        options: &mut DataOptions,
    ) -> Result<Self, CliError> {
        let list = match &loaded.run {
            Some(run) => run.images()?,
            None => None,
        };
        let kept = match (list, &loaded.trained_on, &loaded.run) {
            (Some(list), ..) => {
                options.known = Some(Arc::new(KnownImages::of(&list)));
                options.division = list.division;
                options.seed = given_seed.unwrap_or(list.seed);
                Kept::List(list)
            }
            (None, Some(trained_on), _) => {
                options.known = trained_on.known_images(&loaded.weights)?.map(Arc::new);
                options.seed = given_seed.or(trained_on.seed).unwrap_or(options.seed);
                Kept::Weights
            }
            (None, None, Some(run)) if is_folder(&run.config().data.name) => {
                options.division = Division::ByPosition;
                Kept::Run(run.config().data.clone())
            }
            (None, None, Some(_)) => Kept::Other,
            (None, None, None) => Kept::Nothing,
        };
        Ok(Self { kept, is_same })
    }

    /// Notes about the loaded images; an error if they may include training images and nobody can
    /// tell which.
    pub(super) fn notes(&self, set: &DataSet) -> Result<Vec<String>, CliError> {
        let mut notes = Vec::new();
        let Some(list) = &set.list else {
            return Ok(notes);
        };
        match &self.kept {
            Kept::List(then) => {
                let changes = list.changes_since(then);
                // An entirely different folder is not a change of this one.
                let is_related = self.is_same || changes.added.len() < list.images.len();
                if is_related && !changes.is_none() {
                    notes.push(format!(
                        "the folder differs from the training run: {changes}; no training image is \
                         tested"
                    ));
                }
            }
            Kept::Run(run) => notes.push(self.by_position(run, set, list)?),
            Kept::Nothing => notes.push(
                "the weights do not record their training images; if those are in this folder, \
                 some of them are tested"
                    .into(),
            ),
            Kept::Weights | Kept::Other => {}
        }
        notes.extend(left_out(list));
        Ok(notes)
    }

    /// A run without a list was split by position: this is right if nothing changed, and the
    /// numbers of images reveal some of the changes.
    fn by_position(
        &self,
        run: &DataDescription,
        set: &DataSet,
        list: &ImageList,
    ) -> Result<String, CliError> {
        let wanted = DataSettings::of(run).unwrap_or_default().wanted;
        let loaded = |part, most: Option<usize>| {
            let count = list.count(part);
            most.map_or(count, |most| most.min(count))
        };
        let now = [
            loaded(ImagePart::Train, wanted.train_count),
            loaded(ImagePart::Test, wanted.test_count),
        ];
        let then = [run.train_images, run.test_images];
        let fits = now == then && run.classes == set.classes;
        match (fits, self.is_same) {
            (true, _) => Ok(
                "the run has no image list; splitting by position as it did, which is right only \
                 if no image was added, removed or renamed since"
                    .into(),
            ),
            (false, true) => Err(CliError::Failed(format!(
                "{}: the run was trained on {} and tested on {} images, but the folder now gives \
                 {} and {}, and the run has no image list: its training images cannot be \
                 identified",
                set.name, then[0], then[1], now[0], now[1]
            ))),
            (false, false) => Ok(
                "the run has no image list; if its images are in this folder, some training images \
                 are tested"
                    .into(),
            ),
        }
    }
}
