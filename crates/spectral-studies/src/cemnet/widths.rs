//! The sweep of widths.

use super::train_accuracy;
use crate::kit::comparison::Compared;

/// One network of the sweep.
pub(super) struct Width {
    pub(super) model: String,
    pub(super) width: String,
    pub(super) params: usize,
    pub(super) accuracy: f64,
    pub(super) train_accuracy: f64,
    pub(super) epoch_s: f64,
}

/// The networks of the sweep; those of other widths than `kept` leave the comparison.
pub(super) fn take_widths(
    compared: &mut Compared,
    swept: &[&str],
    widths: &[&str],
    kept: &str,
) -> Vec<Width> {
    let mut found = Vec::new();
    for base in swept {
        for width in widths {
            let name = format!("{base}{width}");
            let mut models = compared.models.iter();
            let Some(at) = models.position(|trained| trained.model == name) else {
                continue;
            };
            let trained = &compared.models[at];
            found.push(Width {
                model: (*base).into(),
                width: match width.trim_start_matches('-') {
                    "" => "whole".into(),
                    width => width.into(),
                },
                params: trained.runs.first().map_or(0, |run| run.params),
                accuracy: trained.mean(|run| run.accuracy),
                train_accuracy: trained.mean(train_accuracy),
                epoch_s: trained.mean(|run| run.epoch_s),
            });
            if *width != kept {
                compared.models.remove(at);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::comparison::tests::compared;

    #[test]
    fn a_network_of_the_sweep_alone_leaves_the_comparison() {
        let mut compared = compared();
        let widths = take_widths(&mut compared, &["net"], &["", "-half"], "");
        assert_eq!(widths.len(), 2);
        assert_eq!(widths[1].width, "half");
        let left = compared.models.iter().map(|trained| &*trained.model);
        assert_eq!(left.collect::<Vec<_>>(), ["twin", "net"]);
    }
}
