//! Which images the page of a study may show.
//!
//! Pages are made to be published, so that they show images only of sets whose
//! [license](spectral_lab::data::License) is known to allow it. Where figures are measured on another set,
//! images of this program's own are treated the same way and shown in their place. Only a
//! [`Shown`] makes pictures of images, and it holds no others.

use std::rc::Rc;

use burn::tensor::Tensor;
use serde::Serialize;

use spectral_lab::data::{self, DataOptions, DataSet, Images};
use spectral_lab::report::{DataSetReport, Picture};

use super::images::values;
use super::run::Part;
use super::scene::scenes;
use crate::StudyError;

/// Images drawn in place of others, at most.
const MOST: usize = 500;

/// What is shown in place of images that may not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StandIn {
    /// The embedded digits: gray, and 28×28 as they are.
    Glyphs,
    /// Landscapes of any size, in color.
    Scenes,
}

/// What stands for a set; nothing for one whose own images may be published.
fn stand_in(set: &str) -> Option<StandIn> {
    if data::license(set).may_be_published() {
        return None;
    }
    let is_digits =
        data::info(set).is_some_and(|info| (info.channels, info.height, info.width) == (1, 28, 28));
    Some(match is_digits {
        true => StandIn::Glyphs,
        false => StandIn::Scenes,
    })
}

/// Whether images of that set may be shown.
pub(crate) fn is_shown(set: &str) -> bool {
    stand_in(set).is_none()
}

/// What the pictures of the study of a set show: its own name, or that of what stands for it.
pub(crate) fn shown_name(set: &str) -> &str {
    match stand_in(set) {
        None => set,
        Some(StandIn::Glyphs) => "glyphs",
        Some(StandIn::Scenes) => "drawn landscapes",
    }
}

/// Whose images the pictures of a page show, for the macros in `pictures.md.jinja`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pictured {
    set: String,
    /// What is shown in place of the set's own images.
    stand_in: Option<&'static str>,
}

/// Whose images stand for those of a set.
pub(crate) fn pictured(set: &str) -> Pictured {
    Pictured {
        set: set.into(),
        stand_in: stand_in(set).map(|stand_in| match stand_in {
            StandIn::Glyphs => "glyphs",
            StandIn::Scenes => "landscapes",
        }),
    }
}

/// Images that a page may show.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    data: Rc<DataSet>,
}

impl Shown {
    /// The set of `part`, which `own` loads, or what stands for it.
    pub(crate) fn of(
        part: &Part,
        own: impl FnOnce() -> Result<Rc<DataSet>, StudyError>,
    ) -> Result<Self, StudyError> {
        let count = part.test.clamp(1, MOST);
        let data = match stand_in(&part.name) {
            None => own()?,
            Some(StandIn::Glyphs) => {
                let options = DataOptions {
                    train_count: Some(1),
                    test_count: Some(count),
                    ..DataOptions::default()
                };
                Rc::new(data::load("glyphs", &options)?)
            }
            Some(StandIn::Scenes) => {
                let info = data::info(&part.name);
                let own = info.map_or((32, 32), |info| (info.height, info.width));
                let (height, width) = part.size.unwrap_or(own);
                let test = scenes(count, [height, width]);
                Rc::new(DataSet {
                    name: shown_name(&part.name).into(),
                    classes: vec!["landscape".into()],
                    train: Images::default(),
                    test,
                    list: None,
                })
            }
        };
        Ok(Self { data })
    }

    /// Images of a test.
    #[cfg(test)]
    pub(crate) fn of_test(images: Images) -> Self {
        Self {
            data: Rc::new(DataSet {
                name: "test".into(),
                classes: Vec::new(),
                train: Images::default(),
                test: images,
                list: None,
            }),
        }
    }

    /// The set that is shown, its images among the test images.
    pub(crate) fn data(&self) -> &DataSet {
        &self.data
    }

    /// A picture of the first image of `images`, which are these or what was made of them: gray, or
    /// in color where it has three channels.
    pub(crate) fn picture(&self, label: &str, images: &Tensor<4>) -> Result<Picture, StudyError> {
        let [_, channels, rows, cols] = images.dims();
        let shown = if channels == 3 { 3 } else { 1 };
        let first = images.clone().narrow(0, 0, 1).narrow(1, 0, shown);
        let planes = values(first)?;
        let byte = |place: usize| (0..shown).map(move |channel| channel * rows * cols + place);
        let pixels = (0..rows * cols).flat_map(byte);
        Ok(Picture {
            label: label.into(),
            rows,
            cols,
            channels: shown,
            pixels: pixels
                .map(|at| (255.0 * planes[at].clamp(0.0, 1.0)).round() as u8)
                .collect(),
        })
    }
}

/// Takes images that may not be published out of the report of a set, and says so.
pub(crate) fn without_unlicensed(report: &mut DataSetReport, set: &str) {
    if is_shown(set) {
        return;
    }
    if !report.samples.is_empty() {
        let gap = if report.description.is_empty() {
            ""
        } else {
            " "
        };
        report.description.push_str(gap);
        report.description.push_str(
            "None of its images are shown: no license is stated that lets them be published.",
        );
    }
    report.samples.clear();
    for model in &mut report.models {
        model.rebuilt.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    use spectral_lab::report::ModelReport;

    fn shown(set: &str) -> Shown {
        let part = Part {
            name: set.into(),
            train: 20,
            test: 3,
            ..Part::default()
        };
        let own = || {
            let images = Images {
                pixels: vec![7; 3 * 4],
                channels: 1,
                height: 2,
                width: 2,
                labels: vec![0; 3],
            };
            Ok(Rc::new(DataSet {
                name: set.into(),
                classes: Vec::new(),
                train: images.clone(),
                test: images,
                list: None,
            }))
        };
        Shown::of(&part, own).unwrap()
    }

    #[test]
    fn images_without_a_license_are_never_shown() {
        for info in data::catalog() {
            let shown = shown(info.name);
            let shows_itself = shown.data().name == info.name;
            assert_eq!(
                shows_itself,
                info.license.may_be_published(),
                "{}",
                info.name
            );
            assert_eq!(is_shown(info.name), shows_itself);
            assert_eq!(pictured(info.name).stand_in.is_none(), shows_itself);
            assert_eq!(shown_name(info.name), shown.data().name);
        }
        for set in ["folder:photos", "imagenet"] {
            assert_eq!(shown(set).data().name, "drawn landscapes");
        }
    }

    #[test]
    fn what_stands_for_a_set_has_its_size_and_its_channels() {
        for set in ["mnist", "cifar-10", "cats-vs-dogs"] {
            let info = data::info(set).unwrap();
            let shown = shown(set);
            let expected = [info.channels, info.height, info.width];
            assert_eq!(shown.data().test.shape(), expected, "{set}");
            assert_eq!(shown.data().test.len(), 3);
        }
        let part = Part {
            name: "cats-vs-dogs".into(),
            size: Some((20, 30)),
            ..Part::default()
        };
        let shown = Shown::of(&part, || unreachable!("its own images are not loaded")).unwrap();
        assert_eq!(shown.data().test.shape(), [3, 20, 30]);
    }

    #[test]
    fn reports_of_sets_without_a_license_lose_their_images_and_say_so() {
        let picture = Picture::default();
        let whole = DataSetReport {
            description: "Digits.".into(),
            samples: vec![picture.clone()],
            models: vec![ModelReport {
                rebuilt: vec![picture],
                ..ModelReport::default()
            }],
            ..DataSetReport::default()
        };
        let mut open = whole.clone();
        without_unlicensed(&mut open, "fashion-mnist");
        assert_eq!(open, whole);
        let mut closed = whole;
        for _ in 0..2 {
            without_unlicensed(&mut closed, "mnist");
            assert!(closed.samples.is_empty() && closed.models[0].rebuilt.is_empty());
            assert_eq!(closed.description.matches("None of its images").count(), 1);
        }
    }

    #[test]
    fn colors_stand_side_by_side_and_are_cut_off_at_both_ends() {
        let values = vec![0.0f32, 1.0, 0.2, -3.0, 1.0, 9.0];
        let image = Tensor::from_data(TensorData::new(values, [1, 3, 1, 2]), &Device::flex());
        let picture = shown("textures").picture("x", &image).unwrap();
        assert_eq!((picture.channels, picture.cols), (3, 2));
        assert_eq!(picture.pixels, [0, 51, 255, 255, 0, 255]);
    }
}
