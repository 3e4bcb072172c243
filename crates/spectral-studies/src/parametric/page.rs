//! The figures as a page.

use spectral_lab::report::{Report, SectionTable, Value};

use crate::kit::Parts as Section;

use super::super::StudyInfo;
use super::super::comparison::{Compared, percent};
use super::{Figures, pace_page, scale_page, sight_page, thumbnails};

/// Accuracies that the source's notebook printed, of one trial.
const SOURCE: [(&str, f64); 2] = [("cats-spatial", 0.506), ("cats-fourier", 0.652)];

pub(super) fn page(study: &StudyInfo, of: Figures) -> Report {
    let mut summary = Vec::new();
    summary.extend(thumbnails::finding(&of.thumbnails, &of.compared));
    summary.extend(of.compared.against_baseline());
    summary.extend(of.deep.against_baseline());
    summary.extend(pace_page::findings(&of));
    summary.extend(scale_page::findings(&of));
    summary.extend(sight_page::findings(&of));
    let sections = vec![
        question(study, &of),
        thumbnails::section(&of.thumbnails),
        pace_page::section(&of),
        scale_page::section(&of),
        sight_page::section(&of),
        beside_source(&of.compared),
        of.compared.differences(),
        of.deep.differences(),
    ];
    let mut data_set = of.compared.into_data_set();
    data_set.models.extend(of.deep.into_data_set().models);
    Report {
        title: "Are parametric spectral filters fast converging and scalable?".into(),
        summary,
        sections: sections.into_iter().map(Into::into).collect(),
        data_sets: vec![data_set],
        ..Report::default()
    }
}

fn question(study: &StudyInfo, of: &Figures) -> Section {
    let data = &of.compared.data;
    let epochs = of.compared.models.iter().flat_map(|trained| &trained.runs);
    let epochs = epochs.map(|run| run.history.len()).max().unwrap_or(0);
    Section {
        heading: "The question".into(),
        text: vec![
            study.question.into(),
            format!("Source: {}.", study.source),
            format!(
                "The source's benchmark: four layers of six filters on photographs of cats and dogs, \
                 the published ones on one spectrum from the image to a dense head; squared error on a \
                 linear head, Adam at 0.001, mini-batches of 64, images turned by up to 20°, shifted by \
                 up to a fifth and mirrored, 3 epochs, 23,262 photographs of 150×150 of which two thirds \
                 train, one trial. Here: {epochs} epochs on {} images of {}, {} to test on, {} seeds \
                 (repaired and deep networks may have fewer: the tables tell); test images are scaled \
                 like those that train, which the source leaves out. The deep networks have the \
                 6, 6, 12, 12, 24, 24 filters that the source's Gaussian network has beside four of \
                 six for all others.",
                data.train_count,
                data.name,
                data.test_count,
                of.compared.seeds.len()
            ),
            "Repaired: the same responses with a real impulse response, which couple all channels and \
             lead back to the image after every filter, so that ReLU mixes frequencies."
                .into(),
        ],
        ..Section::default()
    }
}

/// The source's own figures beside ours.
fn beside_source(compared: &Compared) -> Section {
    let rows = compared.models.iter().map(|trained| -> Vec<Value> {
        let source = SOURCE.iter().find(|(model, _)| *model == trained.model);
        let mean = percent(trained.mean(|run| run.accuracy));
        let spread = trained.spread(|run| run.accuracy);
        vec![
            trained.model.as_str().into(),
            source
                .map_or_else(|| "–".into(), |(_, accuracy)| percent(*accuracy))
                .into(),
            match spread {
                Some(spread) => format!("{mean} ± {}", percent(spread.std)).into(),
                None => mean.into(),
            },
            trained.runs.len().to_string().into(),
        ]
    });
    Section {
        heading: "Beside the source's figures".into(),
        tables: vec![SectionTable {
            title: "Accuracy on unseen images (%)".into(),
            columns: ["network", "source, one trial", "here", "seeds"]
                .map(String::from)
                .to_vec(),
            rows: rows.collect(),
            note: format!(
                "±: standard deviation over the seeds. The source printed figures of two networks alone, \
                 on its own photographs; here on {}, where chance is {:.0}.",
                compared.data.name,
                100.0 / compared.data.classes.len().max(1) as f64
            ),
        }],
        ..Section::default()
    }
}
