//! Reports as one self-contained HTML page.

use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};

use super::{Report, ReportError, view, write};

/// The page: style, script, drawings and images are embedded, and it is readable without the
/// script.
///
/// # Errors
/// [`ReportError`] naming the grid, picture, confusion matrix or chart that is wrong.
pub fn to_html(report: &Report) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    // All text comes from the caller, so everything is escaped unless the template says otherwise.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_template("report", include_str!("report.html.jinja"))?;
    Ok(environment
        .get_template("report")?
        .render(Serde(view::page(report)?))?)
}

/// Writes [`to_html`] to a file, atomically.
///
/// # Errors
/// The errors of [`to_html`], and [`ReportError::Write`].
pub fn write_html(report: &Report, path: impl AsRef<Path>) -> Result<(), ReportError> {
    write::write(path.as_ref(), &to_html(report)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{DataSetReport, ModelReport, fixture};

    #[test]
    fn the_page_needs_nothing_from_outside() {
        let page = to_html(&fixture::report()).unwrap();
        for outside in [
            "http:", "https:", "<link", "@import", "<iframe", "srcset", "url(",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        let sources: Vec<_> = page.split(" src=\"").skip(1).collect();
        assert!(sources.len() > 20);
        assert!(
            sources
                .iter()
                .all(|source| source.starts_with("data:image/png;base64,"))
        );
        let links = page.split(" href=\"").skip(1);
        assert!(links.into_iter().all(|link| link.starts_with('#')));
    }

    #[test]
    fn every_model_class_and_finding_is_on_the_page() {
        let report = fixture::report();
        let page = to_html(&report).unwrap();
        for text in &report.summary {
            assert!(page.contains(text.as_str()), "{text}");
        }
        for data in &report.data_sets {
            for class in &data.classes {
                assert!(page.contains(&format!(">{class}<")), "{class}");
            }
            assert!(data.models.iter().all(|model| page.contains(&model.model)));
            assert!(page.contains(&data.description));
        }
        assert!(page.contains("spectral demo --seed 7") && page.contains("2 min 28 s"));
    }

    #[test]
    fn rebuilt_images_stand_below_the_unseen_and_no_accuracy_is_told() {
        let report = fixture::reconstruction();
        let page = to_html(&report).unwrap();
        let data = &report.data_sets[0];
        let (original, rebuilt) = (
            page.find(">test image<").unwrap(),
            page.find("reconstructed by cnn\"").unwrap(),
        );
        assert!(original < rebuilt);
        assert_eq!(
            page.matches("reconstructed by ").count(),
            data.models.len() * data.samples.len()
        );
        assert!(page.contains("Test loss") && page.contains("0.0623"));
        for word in ["Accuracy", "highest accuracy", "F1 ", "Confusion m"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn predicted_fields_stand_below_the_truth_and_no_image_is_told_of() {
        let report = fixture::prediction();
        let page = to_html(&report).unwrap();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(at("\"true output 1\"") < at("\"prediction of fno 1\""));
        assert!(at("\"prediction of fno 1\"") < at("\"error of fno 1\""));
        assert_eq!(page.matches("\"error of ").count(), 12);
        for text in [
            "lowest relative L2 error: fno",
            "1,000 training samples, 100 test samples.",
            "L2 error <small>relative</small>",
            "Samples<small>/s</small>",
            "0.0842",
            "0.168",
            "−2.00 to 2.00",
            "Relative L2 error by epoch",
        ] {
            assert!(page.contains(text), "{text}");
        }
        for word in ["ccuracy", "F1 ", "onfusion m", "image", "Image", "classes"] {
            // The style sheet is that of all pages.
            let body = &page[at("<body>")..];
            assert!(!body.replace("data:image/png", "").contains(word), "{word}");
        }
    }

    #[test]
    fn several_seeds_show_their_spread() {
        let mut report = fixture::report();
        for model in &mut report.data_sets[0].models {
            model.seeds = fixture::seeds(&[0.9, 0.92, 0.91]);
        }
        let page = to_html(&report).unwrap();
        assert!(page.contains(" ± 1.0") && page.contains("90.0–92.0"));
        assert!(page.contains("deviation over 3 seeds"));
    }

    #[test]
    fn markup_in_any_text_stays_text() {
        let page = to_html(&fixture::hostile()).unwrap();
        assert!(!page.contains("<script>alert"));
        assert_eq!(page.matches("<script").count(), 1, "our own alone");
        assert!(page.contains("&lt;script&gt;alert"));
    }

    #[test]
    fn a_diverged_model_is_shown_as_such_and_its_numbers_as_missing() {
        let page = to_html(&fixture::hostile()).unwrap();
        assert!(page.contains("diverged in epoch 3"));
        for (at, _) in page.match_indices("NaN") {
            // Base64 may spell anything.
            let start = page[..at].rfind(['"', '>', ' ', ',']).unwrap();
            assert!(
                page[..=start].ends_with("base64,"),
                "{}",
                &page[start..at + 3]
            );
        }
    }

    #[test]
    fn a_report_of_nothing_is_still_a_page() {
        for report in [
            Report::default(),
            Report {
                data_sets: vec![DataSetReport::default()],
                ..Report::default()
            },
            Report {
                data_sets: vec![DataSetReport {
                    models: vec![ModelReport::default()],
                    ..DataSetReport::default()
                }],
                ..Report::default()
            },
        ] {
            assert!(to_html(&report).unwrap().trim_end().ends_with("</html>"));
        }
    }

    #[test]
    fn wrong_shapes_are_errors_that_name_the_culprit() {
        let mut report = fixture::report();
        report.data_sets[0].models[2].filters[1].magnitude.rows += 1;
        let message = to_html(&report).unwrap_err().to_string();
        assert!(message.contains("layer 1, filter 2"), "{message}");
    }

    #[test]
    fn a_written_page_is_the_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        write_html(&fixture::report(), &path).unwrap();
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            to_html(&fixture::report()).unwrap()
        );
    }
}
