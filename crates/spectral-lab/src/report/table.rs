//! Results as a terminal table.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::{Goal, Report, format, rank};

/// One line under the header and one at the end.
const STYLE: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// One table per data set, at most `width` columns wide (if all of its columns fit, about 60): the
/// models by falling accuracy or rising loss or error, the best marked with a star, times also relative to
/// the first model given. With several seeds: mean ± standard deviation.
pub fn table(report: &Report, width: usize) -> String {
    let tables = report.data_sets.iter().map(|data| {
        let baseline = data
            .models
            .first()
            .map_or_else(String::new, |model| plain(&model.model));
        let mut table = Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX))
            .set_header(match data.goal() {
                Goal::Classify => vec![
                    "model", "params", "dead", "acc %", "F1 %", "s/epoch", "×", "images/s",
                ],
                Goal::Rebuild => {
                    vec![
                        "model", "params", "dead", "loss", "s/epoch", "×", "images/s",
                    ]
                }
                Goal::Predict => vec![
                    "model",
                    "params",
                    "dead",
                    "rel. L2",
                    "rel. H1",
                    "s/epoch",
                    "×",
                    "samples/s",
                ],
            });
        let decimals = rank::decimals(data);
        for row in rank::rows(data) {
            let model = row.model;
            let star = if row.best { " *" } else { "" };
            let ratio = if row.index == 0 {
                "1×".into()
            } else {
                format::ratio(row.time_ratio)
            };
            let score = match rank::deviation(model, decimals) {
                _ if model.diverged() => "diverged".into(),
                Some(std) => format!("{} ± {std}", rank::score(model, decimals)),
                None => rank::score(model, decimals),
            };
            let mut cells = vec![
                Cell::new(plain(&model.model) + star),
                Cell::new(format::count(model.params)),
                Cell::new(if model.dead_params == 0 {
                    "–".into()
                } else {
                    format::count(model.dead_params)
                }),
                Cell::new(score),
            ];
            cells.extend(rank::second(model, decimals).map(Cell::new));
            cells.extend([
                Cell::new(format::significant(model.epoch_s)),
                Cell::new(ratio),
                Cell::new(format::significant(model.images_per_s)),
            ]);
            table.add_row(cells);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let best = match data.goal() {
            Goal::Classify => "best accuracy",
            Goal::Rebuild => "lowest loss",
            Goal::Predict => "lowest L2 error",
        };
        let seeds = data.models.iter().map(|model| model.seeds.len()).max();
        let spread = match seeds {
            Some(seeds @ 2..) => format!("±: standard deviation over {seeds} seeds\n"),
            _ => String::new(),
        };
        let legend = format!("*: {best}; dead: parameters without effect;");
        let time = format!("×: time relative to {baseline}");
        let whole = legend.chars().count() + 1 + time.chars().count();
        let gap = if whole > width { "\n" } else { " " };
        format!(
            "{}: {} training and {} test {}\n{table}\n{legend}{gap}{time}\n{spread}",
            plain(&data.name),
            format::count(data.train_count),
            format::count(data.test_count),
            data.goal().examples(),
        )
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// Text without control characters.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn widest(text: &str) -> usize {
        // All characters used here are one column wide.
        text.lines().map(|line| line.chars().count()).max().unwrap()
    }

    #[test]
    fn a_table_fits_eighty_columns() {
        assert!(
            widest(&table(&fixture::report(), 80)) <= 80,
            "{}",
            table(&fixture::report(), 80)
        );
    }

    #[test]
    fn long_names_and_large_numbers_still_fit() {
        let mut report = fixture::report();
        let model = &mut report.data_sets[0].models[2];
        model.model = "a-name-much-longer-than-any-network-should-ever-have".into();
        (model.params, model.dead_params) = (123_456_789_012, 98_765_432_109);
        (model.epoch_s, model.images_per_s) = (123_456.0, 12_345_678.0);
        assert!(widest(&table(&report, 80)) <= 80, "{}", table(&report, 80));
    }

    #[test]
    fn models_are_sorted_and_the_best_has_a_star() {
        let text = table(&fixture::report(), 80);
        let at = |name: &str| {
            text.find(name)
                .unwrap_or_else(|| panic!("{name} is missing:\n{text}"))
        };
        assert!(at("free1 *") < at("kk1-repaired") && at("kk1-repaired") < at("kk1 "));
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        let mut report = fixture::report();
        report.data_sets[0].name = "a\u{1b}[2Jb\nc".into();
        report.data_sets[0].models[0].model = "x\ry\u{7}".into();
        let text = table(&report, 80);
        assert!(text.starts_with("a [2Jb c: "));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn models_that_rebuild_show_their_loss_and_no_accuracy() {
        let text = table(&fixture::reconstruction(), 80);
        assert!(!text.contains("acc") && !text.contains("F1"), "{text}");
        assert!(text.contains("cnn *") && text.contains("0.0623"), "{text}");
        assert!(text.contains("*: lowest loss"), "{text}");
    }

    #[test]
    fn models_that_predict_show_both_relative_errors_within_eighty_columns() {
        let mut report = fixture::prediction();
        for model in &mut report.data_sets[0].models {
            model.seeds = fixture::error_seeds(&[0.08, 0.09, 0.085]);
        }
        let text = table(&report, 80);
        assert!(!text.contains("acc") && !text.contains("image"), "{text}");
        assert!(
            text.starts_with("darcy: 1,000 training and 100 test samples\n"),
            "{text}"
        );
        for part in [
            "fno *",
            "0.0842",
            "0.168",
            "*: lowest L2 error",
            "samples/s",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(widest(&text) <= 80, "{text}");
    }

    #[test]
    fn several_seeds_show_mean_and_deviation_within_eighty_columns() {
        let mut report = fixture::report();
        for model in &mut report.data_sets[0].models {
            model.seeds = fixture::seeds(&[0.9, 0.92, 0.91]);
        }
        let text = table(&report, 80);
        assert!(
            text.contains(" ± 1.0") && text.contains("over 3 seeds"),
            "{text}"
        );
        assert!(widest(&text) <= 80, "{text}");
    }

    #[test]
    fn a_diverged_model_is_called_so() {
        let mut report = fixture::report();
        report.data_sets[0].models[1].accuracy = f64::NAN;
        let text = table(&report, 80);
        assert!(text.contains("diverged") && !text.contains("NaN"), "{text}");
    }
}
