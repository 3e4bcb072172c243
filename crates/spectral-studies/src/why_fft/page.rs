//! The figures as a page.

use spectral_lab::report::{Report, SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::Figures;
use super::complaints::{Complaint, Verdict, complaints};
use super::sections::{cost, gradients, locality, phase};

/// The five complaints in the words of this page.
const COMPLAINTS: [&str; 5] = [
    "no learnable parameters",
    "the phase is lost",
    "the cost",
    "gradients hard to compute and unstable",
    "the whole signal at once",
];

pub(super) fn page(study: &StudyInfo, figures: Figures) -> Report {
    let complaints = complaints(&figures);
    let mut summary: Vec<String> = (1..=COMPLAINTS.len())
        .filter_map(|number| finding(number, &complaints))
        .collect();
    summary.extend(figures.compared.against_baseline());
    let sections = vec![
        question(study, &figures),
        answers(&complaints),
        figures.compared.differences(),
        phase(&figures),
        cost(&figures),
        gradients(&figures),
        locality(&figures),
    ];
    Report {
        title: "Five complaints about a Fourier transform as a layer".into(),
        summary,
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: vec![figures.compared.into_data_set()],
        ..Report::default()
    }
}

fn question(study: &StudyInfo, of: &Figures) -> Section {
    let [train, test, epochs] = of.extent.images;
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "The source gives three examples of a transform in a Keras network (the complex spectrum, its \
                 magnitude, and a gate on each frequency computed from all) for images of 64×64, leaves the \
                 rest of the networks open and reports no figures. Here they stand before a linear head: \
                 fft-only, of which a real head keeps the real part, fft-magnitude and fft-gate. Beside \
                 them: a small convolutional network (the baseline), and three repairs and a local \
                 transform with nearly as many parameters as it has. Trained on {} {}, up to {train} images \
                 of it, tested on up to {test}: {epochs} epochs of mini-batches of {}, Adam at {} under a \
                 weight decay of 0.0005, no augmentation.",
                of.set,
                match of.set.as_str() {
                    "glyphs" => "(drawn by this program; Fashion-MNIST is not there)",
                    _ => "(28×28)",
                },
                of.batch_size,
                of.learning_rate,
            ),
        ],
        ..Section::default()
    }
}

fn answers(complaints: &[Complaint]) -> Section {
    let row = |complaint: &Complaint| -> Vec<Value> {
        vec![
            COMPLAINTS[complaint.number - 1].into(),
            complaint.claim.into(),
            complaint.verdict.word().into(),
            complaint.about.into(),
            complaint.mended_by.into(),
            complaint.figure.as_str().into(),
        ]
    };
    let rule = |complaint: &Complaint| -> Vec<Value> {
        vec![
            complaint.claim.into(),
            complaint.rule.as_str().into(),
            complaint.verdict.word().into(),
        ]
    };
    Section {
        heading: "What holds".into(),
        tables: vec![
            SectionTable {
                title: "The complaints, split into what can be measured".into(),
                columns: ["complaint", "claim", "holds?", "for", "mended by", "figure"]
                    .map(String::from)
                    .to_vec(),
                rows: complaints.iter().map(row).collect(),
                note: "Read from the figures below by the rules of the next table. Differences of accuracy \
                       are means of differences seed by seed with their 95 % interval; undecided where \
                       that takes in zero."
                    .into(),
            },
            SectionTable {
                title: "When a claim is said to hold".into(),
                columns: ["claim", "holds where", "does it?"].map(String::from).to_vec(),
                rows: complaints.iter().map(rule).collect(),
                note: String::new(),
            },
        ],
        ..Section::default()
    }
}

/// What came of a complaint, in a sentence.
fn finding(number: usize, complaints: &[Complaint]) -> Option<String> {
    let parts = complaints
        .iter()
        .filter(|complaint| complaint.number == number);
    let words: Vec<String> = parts
        .map(|part| {
            let verdict = match part.verdict {
                Verdict::Holds => "holds",
                Verdict::Fails => "does not hold",
                Verdict::Open => "is undecided",
            };
            format!("that {} {verdict} ({})", part.claim, part.figure)
        })
        .collect();
    let name = COMPLAINTS[number - 1];
    let name: String = name[..1].to_uppercase() + &name[1..];
    (!words.is_empty()).then(|| format!("{name}: {}.", words.join("; ")))
}
