//! The figures as a page.

use spectral_lab::report::{Report, SectionTable, Spread, Value, chance::margin_of_mean};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::points;
use super::controls::Control;
use super::cost::Timed;
use super::example::Example;
use super::sections::{accuracy, costs, pictures};
use super::{Group, Timing, Trained};

/// Differences below this are those of single precision.
const EXACT: f64 = 1e-4;

/// A claim of the article as it can be measured.
struct Claim {
    claim: &'static str,
    /// None within chance.
    holds: Option<bool>,
    figure: String,
    rule: &'static str,
}

impl Claim {
    fn word(&self) -> &'static str {
        match self.holds {
            Some(true) => "yes",
            Some(false) => "no",
            None => "undecided",
        }
    }
}

/// A mean with its 95 % interval where there are several figures, in points.
pub(super) fn mean_points(values: &[f64]) -> String {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    match Spread::of(values.iter().copied()) {
        Some(spread) => format!("{} ± {:.2}", points(mean), 100.0 * margin_of_mean(spread)),
        None => points(mean),
    }
}

/// Whether figures are above zero by more than their interval; none where it takes in zero.
fn is_above(values: &[f64]) -> Option<bool> {
    let spread = Spread::of(values.iter().copied())?;
    let margin = margin_of_mean(spread);
    (spread.mean.abs() > margin).then_some(spread.mean > 0.0)
}

impl Group {
    /// What each seed of a control came to.
    pub(super) fn control(&self, control: Control) -> Option<&[Trained]> {
        let mut all = self.controls.iter();
        let found = all.find(|found| found.control == control)?;
        Some(&found.seeds)
    }

    /// A control minus a network, seed by seed.
    pub(super) fn minus(&self, control: Control, model: &str) -> Option<Vec<f64>> {
        let (control, model) = (self.control(control)?, self.compared.find(model)?);
        let pairs = control.iter().zip(&model.runs);
        Some(
            pairs
                .map(|(one, other)| one.accuracy - other.accuracy)
                .collect(),
        )
    }
}

pub(super) fn page(
    study: &StudyInfo,
    groups: Vec<Group>,
    example: Example,
    (timing, timed): (Timing, Vec<Timed>),
) -> Report {
    let mut claims = Vec::new();
    if let Some(first) = groups.first() {
        claims.extend(inherent(first));
        claims.extend(flexible(first));
        claims.extend(random(first));
    }
    claims.extend(faster(&timed));
    claims.extend(saved(&timed));
    claims.push(in_place(&example));
    let mut summary: Vec<String> = claims
        .iter()
        .map(|claim| {
            let verdict = match claim.holds {
                Some(true) => "Holds",
                Some(false) => "Does not hold",
                None => "Undecided",
            };
            format!("{verdict}: {}. {}.", claim.claim, claim.figure)
        })
        .collect();
    summary.extend(
        groups
            .iter()
            .filter_map(|group| group.compared.against_baseline()),
    );
    let mut sections = vec![question(study, &groups), answers(&claims)];
    for group in &groups {
        sections.push(accuracy(group));
    }
    sections.push(costs(timing, &timed));
    sections.push(pictures(&example));
    Report {
        title: "Fourier filters that never learn".into(),
        summary,
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: (groups.into_iter())
            .map(|group| group.compared.into_data_set())
            .collect(),
        ..Report::default()
    }
}

fn question(study: &StudyInfo, groups: &[Group]) -> Section {
    let sets = groups.iter().map(|group| {
        let [train, test, epochs] = group.extent.images;
        format!(
            "{} (up to {train} images to train on, {test} to test on, {epochs} epochs, {} seeds)",
            group.compared.data.name,
            group.compared.seeds.len()
        )
    });
    let sets: Vec<String> = sets.collect();
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "The source shows a network with one 3×3 convolution of 32 channels (fixed-conv), a function \
                 that multiplies the spectra of an image and of a sinc, and a layer that takes any fixed \
                 function such as a sine; it reports no figures. Here the fixed filters stand where the \
                 convolution stands: 32 sinc or sine functions of frequency, or the two planes of the \
                 example. Beside them are controls: no layer, the convolution with the weights it begins \
                 with, kernels of random numbers as large as the image, and the published filters set free \
                 to learn. All before ReLU, max-pool and a linear head, trained alike with Adam at 0.001 \
                 and weight decay 0.0005 in mini-batches of 64, on {}.",
                sets.join(" and ")
            ),
        ],
        ..Section::default()
    }
}

fn answers(claims: &[Claim]) -> Section {
    Section {
        heading: "What holds".into(),
        tables: vec![SectionTable {
            title: "Claims about fixed Fourier filters".into(),
            columns: ["claim", "holds?", "figure", "said to hold where"].map(String::from).to_vec(),
            rows: (claims.iter())
                .map(|claim| -> Vec<Value> {
                    vec![
                        claim.claim.into(),
                        claim.word().into(),
                        claim.figure.as_str().into(),
                        claim.rule.into(),
                    ]
                })
                .collect(),
            note: "Read from the figures below, those of accuracy from the first set; ±: the 95 % interval of \
                   the mean of differences seed by seed. Undecided where that takes in zero, or there is one \
                   seed."
                .into(),
        }],
        ..Section::default()
    }
}

fn inherent(group: &Group) -> Option<Claim> {
    let sinc = group.control(Control::ReleasedSinc)?;
    let count = sinc.first()?.filter_parameters;
    let moved = sinc
        .iter()
        .map(|seed| seed.moved)
        .fold(f64::INFINITY, f64::min);
    let gain = group.minus(Control::ReleasedSinc, "fixed-sinc")?;
    Some(Claim {
        claim: "a Fourier convolution has no trainable parameters, inherently",
        holds: Some(count == 0 || moved == 0.0),
        figure: format!(
            "The same filters set free have {count}, move by {:.0} % of their length at least and name {} \
             points more",
            100.0 * moved,
            mean_points(&gain)
        ),
        rule: "The filters of fixed-sinc, set free, have no parameters or stay where they are.",
    })
}

fn flexible(group: &Group) -> Option<Claim> {
    let parts = [
        (Control::ReleasedSinc, "fixed-sinc"),
        (Control::ReleasedSine, "fixed-sine"),
        (Control::ReleasedPlanes, "fixed-sinc-planes"),
    ];
    let mut all = Vec::new();
    let mut words = Vec::new();
    for (control, model) in parts {
        let gain = group.minus(control, model)?;
        words.push(format!("{model} {}", mean_points(&gain)));
        all.push(is_above(&gain));
    }
    let holds = match all.iter().all(|above| *above == Some(true)) {
        true => Some(true),
        false if all.contains(&Some(false)) => Some(false),
        false => None,
    };
    Some(Claim {
        claim: "filters that learn name more images rightly",
        holds,
        figure: format!("Points gained by learning: {}", words.join(", ")),
        rule: "Set free, each published layer is better than fixed.",
    })
}

fn random(group: &Group) -> Option<Claim> {
    let nothing = group.control(Control::Nothing)?;
    let over = |accuracies: Vec<f64>| -> Vec<f64> {
        let pairs = accuracies.iter().zip(nothing);
        pairs.map(|(one, nothing)| one - nothing.accuracy).collect()
    };
    let of_model = |model: &str| -> Option<Vec<f64>> {
        let runs = group.compared.find(model)?.runs.iter();
        Some(over(runs.map(|run| run.accuracy).collect()))
    };
    let of_control = |control| -> Option<Vec<f64>> {
        let seeds = group.control(control)?.iter();
        Some(over(seeds.map(|seed| seed.accuracy).collect()))
    };
    let (sinc, sine) = (of_model("fixed-sinc")?, of_model("fixed-sine")?);
    let (untrained, random) = (
        of_control(Control::Untrained)?,
        of_control(Control::Random)?,
    );
    let best = [&sinc, &sine].into_iter().max_by(|a, b| {
        let sum = |values: &[f64]| values.iter().sum::<f64>();
        sum(a).total_cmp(&sum(b))
    })?;
    let pairs = best.iter().zip(&untrained);
    let ahead: Vec<f64> = pairs.map(|(one, other)| one - other).collect();
    Some(Claim {
        claim: "given filters are worth more than random ones",
        holds: is_above(&ahead),
        figure: format!(
            "Over a head on the pixels alone, in points: fixed-sinc {}, fixed-sine {}, an untrained \
             convolution {}, random kernels {}",
            mean_points(&sinc),
            mean_points(&sine),
            mean_points(&untrained),
            mean_points(&random)
        ),
        rule: "The better one of fixed-sinc and fixed-sine is ahead of the convolution with its initial \
               weights.",
    })
}

fn of<'a>(timed: &'a [Timed], layer: &str) -> Option<&'a Timed> {
    timed.iter().find(|timed| timed.layer == layer)
}

fn faster(timed: &[Timed]) -> Option<Claim> {
    let fixed = of(timed, "Fourier, fixed")?;
    let mut words = Vec::new();
    for other in timed
        .iter()
        .filter(|timed| timed.layer.contains("convolution"))
    {
        words.push(format!(
            "{} {:.2}",
            other.layer,
            fixed.seconds[0] / other.seconds[0]
        ));
    }
    let three = of(timed, "3×3 convolution")?;
    Some(Claim {
        claim: "a fixed Fourier filter is faster than a convolution",
        holds: Some(fixed.seconds[0] < three.seconds[0]),
        figure: format!("Its time forward over that of a {}", words.join(", of a ")),
        rule: "Forward it takes less than a 3×3 convolution of as many channels.",
    })
}

fn saved(timed: &[Timed]) -> Option<Claim> {
    let (fixed, free) = (
        of(timed, "Fourier, fixed")?,
        of(timed, "Fourier, released")?,
    );
    let [forward, both] = [0, 1].map(|pass| free.seconds[pass] / fixed.seconds[pass]);
    Some(Claim {
        claim: "what makes it fast is that it is fixed",
        holds: Some(forward > 1.5),
        figure: format!(
            "Set free it takes {forward:.2} times as long forward, and {both:.2} times with the backward pass"
        ),
        rule: "Forward, filters that may learn take more than one and a half times as long.",
    })
}

fn in_place(example: &Example) -> Claim {
    Claim {
        claim: "the example's product of spectra is a convolution with its sinc",
        holds: Some(example.as_published < EXACT),
        figure: format!(
            "Its result differs by {:.2} from that of the sinc around its peak; moved back by half the image, \
             by {}",
            example.as_published,
            Value::from(example.moved_by_half).shown()
        ),
        rule: "The result is that of a kernel whose peak is its origin.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_above_zero_by_more_than_their_interval() {
        assert_eq!(is_above(&[0.01, 0.01, 0.01]), Some(true));
        assert_eq!(is_above(&[-0.01, -0.011, -0.012]), Some(false));
        // 0.01 ± 12.706·0.0141/√2.
        assert_eq!(is_above(&[0.0, 0.02]), None);
        assert_eq!(is_above(&[0.5]), None);
        assert_eq!(mean_points(&[0.01, 0.01]), "+1.00 ± 0.00");
        assert_eq!(mean_points(&[-0.01]), "−1.00");
    }
}
