//! Confusion matrices as tables of shaded cells.

use serde::Serialize;

use super::{ColorMap, DataSetReport, Grid, ModelReport, ReportError, format, pictures};

/// With more classes than this the matrix is shown as a picture, since counts would not be legible.
const LARGEST_TABLE: usize = 20;

/// Class names up to this length fit above a column as they are.
const SHORT: usize = 3;

/// Number of most frequent confusions to list.
const NAMED: usize = 3;

/// A confusion matrix, ready to be shown.
#[derive(Debug, Serialize)]
pub(super) struct Confusion {
    /// The rows, one per true class; empty if shown as a picture.
    pub rows: Vec<Row>,
    /// Whether all class names are short.
    pub short: bool,
    /// The URL of a picture of it, for many classes.
    pub image: Option<String>,
    /// The most frequent confusions, most frequent first.
    pub mistakes: Vec<Mistake>,
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub name: String,
    pub cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub count: u64,
    /// Share of the row, in whole percent.
    pub percent: u32,
    /// Color intensity, 0 to 100.
    pub depth: u32,
}

/// One kind of confusion.
#[derive(Debug, Serialize)]
pub(super) struct Mistake {
    pub truth: String,
    pub taken_for: String,
    pub count: String,
}

/// Checks and prepares a model's matrix; none if there is none.
///
/// # Errors
/// [`ReportError::Confusion`] if it does not have one row and one column per class.
pub(super) fn confusion(
    data: &DataSetReport,
    model: &ModelReport,
) -> Result<Option<Confusion>, ReportError> {
    let matrix = &model.confusion;
    if matrix.is_empty() {
        return Ok(None);
    }
    let classes = data.classes.len();
    let wrong = matrix.iter().position(|row| row.len() != classes);
    if wrong.is_some() || matrix.len() != classes {
        let row = wrong.unwrap_or(0);
        return Err(ReportError::Confusion {
            model: model.model.clone(),
            classes,
            rows: matrix.len(),
            row,
            cols: matrix[row].len(),
        });
    }
    let shares: Vec<Vec<f64>> = matrix.iter().map(|row| shares(row)).collect();
    let mut mistakes: Vec<_> = (0..classes)
        .flat_map(|truth| (0..classes).map(move |guess| (truth, guess)))
        .filter(|&(truth, guess)| truth != guess && matrix[truth][guess] > 0)
        .collect();
    mistakes.sort_by_key(|&(truth, guess)| std::cmp::Reverse(matrix[truth][guess]));
    let mistakes = (mistakes.into_iter().take(NAMED))
        .map(|(truth, guess)| Mistake {
            truth: data.classes[truth].clone(),
            taken_for: data.classes[guess].clone(),
            count: format::count(matrix[truth][guess] as usize),
        })
        .collect();

    if classes > LARGEST_TABLE {
        let values = shares
            .iter()
            .flatten()
            .map(|&share| share.sqrt() as f32)
            .collect();
        let grid = Grid {
            rows: classes,
            cols: classes,
            values,
        };
        let image = pictures::grid_uri(&grid, ColorMap::Sequential, &model.model)?;
        return Ok(Some(Confusion {
            rows: Vec::new(),
            short: false,
            image: Some(image),
            mistakes,
        }));
    }
    let rows = (data.classes.iter().zip(matrix).zip(&shares))
        .map(|((name, counts), shares)| Row {
            name: name.clone(),
            cells: (counts.iter().zip(shares))
                .map(|(&count, &share)| Cell {
                    count,
                    percent: (share * 100.0).round() as u32,
                    // The square root makes rare mistakes visible beside the many correct
                    // predictions.
                    depth: (share.sqrt() * 100.0).round() as u32,
                })
                .collect(),
        })
        .collect();
    Ok(Some(Confusion {
        rows,
        short: data
            .classes
            .iter()
            .all(|name| name.chars().count() <= SHORT),
        image: None,
        mistakes,
    }))
}

/// Each count divided by its row's sum; zeros for an empty row.
fn shares(row: &[u64]) -> Vec<f64> {
    let sum: f64 = row.iter().map(|&count| count as f64).sum();
    row.iter()
        .map(|&count| if sum > 0.0 { count as f64 / sum } else { 0.0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(classes: usize) -> DataSetReport {
        let classes = (0..classes).map(|class| format!("c{class}")).collect();
        DataSetReport {
            classes,
            ..DataSetReport::default()
        }
    }

    fn model(confusion: Vec<Vec<u64>>) -> ModelReport {
        ModelReport {
            model: "net".into(),
            confusion,
            ..ModelReport::default()
        }
    }

    #[test]
    fn cells_are_shares_of_their_row_and_empty_rows_are_zero() {
        let seen = confusion(&data(2), &model(vec![vec![75, 25], vec![0, 0]]))
            .unwrap()
            .unwrap();
        let percents: Vec<Vec<_>> = seen
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| cell.percent).collect())
            .collect();
        assert_eq!(percents, [[75, 25], [0, 0]]);
        assert_eq!(
            seen.rows[0].cells[1].depth, 50,
            "the square root of a quarter"
        );
    }

    #[test]
    fn the_most_frequent_mistakes_are_named_in_order() {
        let matrix = vec![vec![9, 1, 5], vec![0, 9, 2], vec![0, 7, 9]];
        let seen = confusion(&data(3), &model(matrix)).unwrap().unwrap();
        let named: Vec<_> = seen
            .mistakes
            .iter()
            .map(|m| (m.truth.as_str(), m.taken_for.as_str(), m.count.as_str()))
            .collect();
        assert_eq!(
            named,
            [("c2", "c1", "7"), ("c0", "c2", "5"), ("c1", "c2", "2")]
        );
    }

    #[test]
    fn many_classes_become_a_picture() {
        let seen = confusion(&data(30), &model(vec![vec![1; 30]; 30]))
            .unwrap()
            .unwrap();
        assert!(seen.rows.is_empty());
        assert!(seen.image.unwrap().starts_with("data:image/png;base64,"));
    }

    #[test]
    fn wrong_shapes_name_the_model_and_an_absent_matrix_is_fine() {
        assert!(confusion(&data(2), &model(vec![])).unwrap().is_none());
        for matrix in [vec![vec![1, 2]], vec![vec![1, 2], vec![3]]] {
            let message = confusion(&data(2), &model(matrix)).unwrap_err().to_string();
            assert!(
                message.contains("`net`") && message.contains("2×2"),
                "{message}"
            );
        }
    }
}
