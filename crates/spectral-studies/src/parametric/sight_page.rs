//! What networks can tell apart, as a part of the page.

use spectral_lab::report::{SectionTable, Strip, Value};

use crate::kit::Parts as Section;

use super::super::shown::{is_shown, note, one_image};
use super::{Figures, PUBLISHED, Sight};

/// Networks whose change by frequency is drawn.
const DRAWN: [&str; 4] = [
    "cats-spatial",
    "cats-fourier",
    "cats-gaussian",
    "cats-gaussian-repaired",
];

/// Which of the frequencies is drawn.
const DRAWN_FREQUENCY: usize = 2;

impl Sight {
    fn elsewhere(&self) -> f64 {
        let shares = self.leaks.iter().map(|leak| leak.elsewhere);
        shares.sum::<f64>() / self.leaks.len().max(1) as f64
    }

    fn most_elsewhere(&self) -> f64 {
        let shares = self.leaks.iter().map(|leak| leak.elsewhere);
        shares.fold(0.0, f64::max)
    }

    fn changed(&self) -> f64 {
        let counts = self.leaks.iter().map(|leak| leak.changed as f64);
        counts.sum::<f64>() / self.leaks.len().max(1) as f64
    }

    /// Whether it is a published network of spectra.
    fn is_published(&self) -> bool {
        PUBLISHED[1..].contains(&self.model.as_str())
    }
}

/// The least and the largest of a figure.
fn range(sights: &[&Sight], figure: fn(&Sight) -> f64) -> [f64; 2] {
    let all = sights.iter().map(|sight| figure(sight));
    all.fold([f64::INFINITY, 0.0], |[low, high], value| {
        [low.min(value), high.max(value)]
    })
}

fn number(value: f64) -> String {
    Value::from(value).shown()
}

/// What published networks cannot see, and the others can.
pub(super) fn findings(of: &Figures) -> Vec<String> {
    let (published, others): (Vec<&Sight>, Vec<&Sight>) =
        of.sights.iter().partition(|sight| sight.is_published());
    if published.is_empty() || others.is_empty() {
        return Vec::new();
    }
    let [_, elsewhere] = range(&published, Sight::most_elsewhere);
    let [least, most] = range(&others, Sight::elsewhere);
    let mut findings = vec![format!(
        "Per frequency? One frequency of the image changed, the share of the change before the head \
         that falls on other frequencies is {} at most in the published spectral networks, and {} to \
         {} in the others.",
        number(elsewhere),
        number(least),
        number(most)
    )];
    let [_, permuted] = range(&published, |sight| {
        sight.colors.permuted.max(sight.colors.exchanged)
    });
    let [least, most] = range(&others, |sight| {
        sight.colors.permuted.max(sight.colors.exchanged)
    });
    let [_, contrast] = range(&published, |sight| sight.contrast);
    let [_, other_contrast] = range(&others, |sight| sight.contrast);
    findings.push(format!(
        "Color-blind? With colors permuted, or exchanged for others of the same sum of red, green \
         and blue, the published networks' answers change by {} of themselves at most, those of the \
         others by {} to {}. At a tenth and at ten times the contrast the published networks' answers are \
         as much less or more, but for {} of themselves; those of the others but for up to {}.",
        number(permuted),
        number(least),
        number(most),
        number(contrast),
        number(other_contrast)
    ));
    findings
}

pub(super) fn section(of: &Figures) -> Section {
    let rows = of.sights.iter().map(|sight| -> Vec<Value> {
        let all = sight.leaks.first().map_or(0, |leak| leak.of);
        vec![
            sight.model.as_str().into(),
            (100.0 * sight.elsewhere()).into(),
            format!("{:.0} of {all}", sight.changed()).into(),
            sight.colors.permuted.into(),
            sight.colors.exchanged.into(),
            sight.contrast.into(),
        ]
    });
    let rows = rows.collect();
    let answers = of.sights.iter().map(|sight| -> Vec<Value> {
        let answers = sight.answers.iter();
        let answers = answers.map(|answer| format!("{answer:+.4}").replace('-', "−").into());
        [sight.model.as_str().into()]
            .into_iter()
            .chain(answers)
            .collect()
    });
    let labels = of.pictures.iter().map(|picture| picture.label.clone());
    let mut tables = vec![SectionTable {
        title: "What changes".into(),
        columns: [
            "network",
            "elsewhere (%)",
            "frequencies changed",
            "permuted",
            "equal sum",
            "contrast",
        ]
        .map(String::from)
        .to_vec(),
        rows,
        note: "Elsewhere: of the energy by which the features before the head change when a wave of one \
               frequency, a tenth of the image in strength, is added to it, the share at other \
               frequencies; changed are frequencies with more than a millionth of it; means of four \
               waves. Permuted, equal sum, contrast: by what the answers, without the head's offset, \
               change over what they are, with colors in another order, with others of the same sum \
               (both after scaling), and at a tenth and ten times the contrast, where as much less or \
               more is no change; the largest of all images. Below about 1e−5 is rounding."
            .into(),
    }];
    let set = &of.compared.data.name;
    let class = of.compared.data.classes.first();
    tables.push(SectionTable {
        title: format!(
            "Answers for '{}' to {}",
            class.map_or("", String::as_str),
            match is_shown(set) {
                true => "the pictures below",
                false => "the first test image in its own and in other colors",
            }
        ),
        columns: ["network".to_string()].into_iter().chain(labels).collect(),
        rows: answers.collect(),
        note: "The first output without the head's offset.".into(),
    });
    let drawn = DRAWN.iter().filter_map(|name| {
        let sight = of.sights.iter().find(|sight| sight.model == *name)?;
        let mut picture = sight.leaks.get(DRAWN_FREQUENCY)?.picture.clone();
        picture.label = (*name).into();
        Some(picture)
    });
    let mut text = vec![
        "Measured on networks of the first seed, as trained, on test images. A published spectral network \
         multiplies each frequency by numbers and rectifies it alone; it adds up the colors before that, \
         and has no offset before its head. The repaired ones go back to the image after every filter \
         and couple all channels."
            .into(),
    ];
    if !of.has_colors {
        text.push(
            "These images are gray. For what is said of colors, three of them stand for one image of \
             three colors, and fresh networks for the trained ones."
                .into(),
        );
    }
    text.extend(note(set));
    Section {
        heading: "What the networks see".into(),
        text,
        tables,
        strips: vec![
            Strip {
                title: "Where features before the head change when one frequency of the image does: \
                        half-spectra, frequency zero at the left in the middle; white the most, black \
                        nothing or 8 decades less"
                    .into(),
                pictures: drawn.collect(),
                file: None,
            },
            Strip {
                title: format!(
                    "{}, and others of the same sum of red, green and blue (values that no pixel can have \
                     are cut off here, not for the networks)",
                    one_image(set)
                ),
                pictures: of.pictures.clone(),
                file: None,
            },
        ],
        ..Section::default()
    }
}
