//! Which images of a folder a network was trained on, so that it is not judged by them.

use std::sync::Arc;

use super::checkpoint::Loaded;
use super::error::CliError;
use super::output::say;
use super::run_settings::DataSettings;
use spectral_lab::data::{
    self, DataOptions, DataSet, Division, ImageList, ImagePart, KnownImages, Origin,
};
use spectral_lab::train::{DataDescription, RunFolder};

/// Whether the set of that name is a folder of photographs.
pub(super) fn is_folder(name: &str) -> bool {
    data::info(name).is_none_or(|info| info.origin == Origin::Folder)
}

/// How the folder of a run is divided when the run goes on.
pub(super) fn division_of(run: &RunFolder) -> Result<Division, CliError> {
    Ok(match run.images()? {
        Some(list) => list.division,
        // A run of before lists were kept; one without a checkpoint begins anew.
        None if run.finished_epochs()? > 0 => Division::ByPosition,
        None => Division::default(),
    })
}

/// Says what training should know of the images of `data`.
pub(super) fn say_left_out(data: &DataSet) {
    if let Some(note) = data.list.as_ref().and_then(left_out) {
        say(&format!("{}: {note}", data.name));
    }
}

fn left_out(list: &ImageList) -> Option<String> {
    match list.left_out {
        0 => None,
        1 => Some("1 test image is left out: it is a training image, too".into()),
        count => Some(format!(
            "{count} test images are left out: they are training images, too"
        )),
    }
}

/// What is known of the images that a network was trained on.
pub(super) struct Parts {
    kept: Kept,
    /// Whether the set asked for is that of the run.
    is_same: bool,
}

enum Kept {
    /// By the run: every image.
    List(ImageList),
    /// By the weights: the training images.
    Weights,
    /// Not at all, by a run of before that was kept.
    Run(DataDescription),
    /// Not at all, by weights of before that was kept or of another origin.
    Nothing,
    /// Nothing: it was not trained on photographs.
    Other,
}

impl Parts {
    /// Those of a network; `options` are set to keep the images in their parts. `is_same` if the set
    /// asked for is that of the run.
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

    /// What there is to say of the images that were loaded so; refused if images may be among them
    /// that the network was trained on and no one can tell which.
    pub(super) fn notes(&self, set: &DataSet) -> Result<Vec<String>, CliError> {
        let mut notes = Vec::new();
        let Some(list) = &set.list else {
            return Ok(notes);
        };
        match &self.kept {
            Kept::List(then) => {
                let changes = list.changes_since(then);
                // Another folder altogether is no change of this one.
                let is_related = self.is_same || changes.added.len() < list.images.len();
                if is_related && !changes.is_none() {
                    notes.push(format!(
                        "not what the network was trained with: {changes}; no image that it was \
                         trained on is tested"
                    ));
                }
            }
            Kept::Run(run) => notes.push(self.by_position(run, set, list)?),
            Kept::Nothing => notes.push(
                "the weights do not say which images they were trained on; if they are of this \
                 folder, some of them are tested"
                    .into(),
            ),
            Kept::Weights | Kept::Other => {}
        }
        notes.extend(left_out(list));
        Ok(notes)
    }

    /// A run that keeps no list was divided by position: that is right if nothing changed, and the
    /// numbers of images show some of the changes.
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
                "the run keeps no list of its images; divided by position as it was, which is right \
                 if no image was added, removed or renamed since"
                    .into(),
            ),
            (false, true) => Err(CliError::Failed(format!(
                "{}: the run was trained on {} and tested on {} images, which are now {} and {}, and \
                 it keeps no list of them: nobody can tell which images it was trained on",
                set.name, then[0], then[1], now[0], now[1]
            ))),
            (false, false) => Ok(
                "the run keeps no list of its images; if they are in this folder, some of them are \
                 tested"
                    .into(),
            ),
        }
    }
}
