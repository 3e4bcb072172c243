use std::f32::consts::TAU;

use super::*;
use crate::report::{Report, to_html, to_markdown, write_section_files};
use crate::rollout::{Accumulator, RolloutOptions};

/// Waves that travel; the prediction lags behind and grows, and is lost at `lost` if that is reached.
fn traveling(shape: &[usize], steps: usize, lost: usize, lag: f32) -> RolloutResults {
    let sizes = &shape[2..];
    let points: usize = sizes.iter().product();
    let state = |time: f32, growth: f32| -> Vec<f32> {
        let at = |index: usize| {
            let (sample, point) = (index / points, index % points);
            let last = sizes[sizes.len() - 1];
            let [x, y] = [point % last, point / last].map(|i| TAU * i as f32 / last as f32);
            let phase = 0.1 * time + sample as f32;
            let waves = (x + y - phase).sin() + 0.5 * (3.0 * x - 2.0 * y - 3.0 * phase).sin();
            growth * (waves + 0.05 * (9.0 * x + 4.0 * y - 9.0 * phase).cos())
        };
        (0..shape[0] * points).map(at).collect()
    };
    let options = RolloutOptions::new(shape, steps);
    let mut rollout = Accumulator::new(shape, &state(0.0, 1.0), options).unwrap();
    for step in 1..=steps {
        let time = step as f32;
        let mut prediction = state(lag * time, 1.0 + 0.001 * time);
        if step >= lost {
            prediction[0] = f32::NAN;
        }
        let truth = state(time, 1.0);
        rollout
            .push_with_reference(step, &truth, &prediction, &truth)
            .unwrap();
    }
    rollout.finish()
}

fn one(results: &RolloutResults) -> Vec<Section> {
    let run = Run {
        name: "fno",
        results,
    };
    report_sections(&[run], "exact propagator").unwrap()
}

fn paragraphs(sections: &[Section]) -> String {
    let blocks = sections.iter().flat_map(|section| &section.blocks);
    let texts = blocks.filter_map(|block| match block {
        Block::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_section_tells_errors_beside_persistence_and_the_reference() {
    let sections = one(&traveling(&[4, 1, 32], 120, 999, 0.9));
    assert_eq!(sections.len(), 1);
    assert_eq!(sections[0].heading, "Rollout of 120 steps");
    let text = paragraphs(&sections);
    for part in [
        "fno has a mean relative L2 error of ",
        " after 120 steps, over 4 test trajectories.",
        "The error first exceeds 1, that of predicting zero, at step ",
        "(persistence) has an error of ",
        "The exact propagator has an error of 0.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let Some(Block::Chart(chart)) =
        (sections[0].blocks.iter()).find(|block| matches!(block, Block::Chart(_)))
    else {
        panic!()
    };
    let ChartKind::Lines { lines, .. } = &chart.kind else {
        panic!()
    };
    let names: Vec<&str> = lines.iter().map(|line| &*line.name).collect();
    assert_eq!(
        names,
        ["fno", "fno, worst", "persistence"],
        "the exact one has no logarithm"
    );
    let titles: Vec<&str> = (sections[0].blocks.iter())
        .filter_map(|block| match block {
            Block::Chart(chart) => Some(&*chart.title),
            Block::Table(table) => {
                let widths = table.rows.iter().map(Vec::len);
                assert!(
                    widths.into_iter().all(|width| width == table.columns.len()),
                    "{table:?}"
                );
                assert!(!table.note.is_empty());
                Some(&*table.title)
            }
            Block::Pictures(table) => Some(&*table.title),
            Block::Text(_) | Block::Strip(_) => None,
        })
        .collect();
    assert_eq!(
        titles,
        [
            "Relative L2 error by step, logarithmic",
            "Energy by wavenumber, logarithmic",
            "Errors of the rollout",
            "Errors by frequency",
            "Truth and prediction over time",
        ]
    );
}

#[test]
fn a_rollout_that_diverges_says_when_and_how_many() {
    let results = traveling(&[2, 1, 16, 16], 20, 7, 1.0);
    let text = paragraphs(&one(&results));
    assert!(
        text.contains(
            "fno diverged: by step 20, 1 of 2 test trajectories has values that are not finite"
        ) && text.contains("first exceeds 1 at step 7."),
        "{text}"
    );
    assert!(!text.contains("inf") && !text.contains("NaN"), "{text}");
}

#[test]
fn several_networks_share_a_page_that_renders_in_every_format() {
    let good = traveling(&[2, 1, 16, 16], 12, 99, 1.0);
    let bad = traveling(&[2, 1, 16, 16], 12, 5, 0.5);
    let runs = [("fno", &good), ("resnet", &bad)].map(|(name, results)| Run { name, results });
    let mut report = Report {
        sections: report_sections(&runs, "exact propagator").unwrap(),
        ..Report::default()
    };
    let page = to_html(&report).unwrap();
    for text in [
        "resnet: sample 2",
        "<th scope=\"col\">step 12</th>",
        "low (0–2)",
        "background:var(--diverging)",
        "alt=\"fno: sample 1: difference, step 12\"",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // Two networks, two samples, three rows, six steps.
    assert_eq!(page.matches("<img").count(), 2 * 2 * 3 * 6);
    let folder = tempfile::tempdir().unwrap();
    write_section_files(&mut report, folder.path()).unwrap();
    let text = to_markdown(&report);
    assert_eq!(text.matches("](pictures/").count(), 2 + 4, "{text}");
    assert!(text.contains("From top to bottom: truth ("), "{text}");
    assert_eq!(
        std::fs::read_dir(folder.path().join("pictures"))
            .unwrap()
            .count(),
        6
    );
}

#[test]
fn pictures_of_one_of_several_channels_name_it() {
    let shape = [1, 2, 8];
    let options = RolloutOptions {
        channel: 1,
        ..RolloutOptions::new(&shape, 1)
    };
    let mut rollout = Accumulator::new(&shape, &[1.0; 16], options).unwrap();
    rollout.push(1, &[1.0; 16], &[1.5; 16]).unwrap();
    let sections = one(&rollout.finish());
    let Some(Block::Pictures(table)) = sections[0].blocks.last() else {
        panic!("{sections:?}")
    };
    assert_eq!(table.title, "Truth and prediction over time, channel 2");
    assert!(
        table.note.starts_with("Space runs from left to right"),
        "{}",
        table.note
    );
}

#[test]
fn nothing_is_said_of_nothing() {
    assert_eq!(report_sections(&[], "").unwrap(), []);
    assert_eq!(one(&RolloutResults::default()), []);
}
