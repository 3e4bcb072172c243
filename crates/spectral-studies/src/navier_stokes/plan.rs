//! How much can be trained in the time there is.

use serde::{Deserialize, Serialize};

use super::{BATCH, Extent};

/// Hours that are planned for of every hour there is.
const RESERVE: f64 = 0.85;

/// The most times as many epochs that a faster network is given at equal time.
const MOST_LONGER: f64 = 40.0;

/// Epochs and seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amount {
    pub(super) epochs: usize,
    pub(super) seeds: u64,
}

pub(super) const fn amount(epochs: usize, seeds: u64) -> Amount {
    Amount { epochs, seeds }
}

/// What is going to be trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) amount: Amount,
    /// Epochs of each network in the time that the slowest takes for those of `amount`.
    pub(super) epochs: Vec<usize>,
    /// What all of it should take.
    pub(super) hours: f64,
}

impl Plan {
    /// The largest plan that fits into a number of hours, or the smallest one.
    pub(super) fn within(hours: f64, paces: &[f64], extent: &Extent) -> Self {
        let plans = || {
            let amounts = extent.amounts.iter();
            amounts.map(|amount| Self::of(*amount, paces, extent))
        };
        let fitting = plans().find(|plan| plan.hours <= RESERVE * hours);
        let least = || Self::of(amount(1, 1), paces, extent);
        fitting.or(plans().next_back()).unwrap_or_else(least)
    }

    fn of(amount: Amount, paces: &[f64], extent: &Extent) -> Self {
        let slowest = paces.iter().copied().fold(0.0, f64::max);
        let epochs: Vec<usize> = (paces.iter())
            .map(|pace| ((slowest / pace).min(MOST_LONGER) * amount.epochs as f64) as usize)
            .collect();
        let updates = extent.parts.train.pairs().div_ceil(BATCH) as f64;
        let seconds = (paces.iter().zip(&epochs)).map(|(pace, &epochs)| {
            let longer = match epochs > amount.epochs {
                true => epochs,
                false => 0,
            };
            pace * (amount.epochs + longer) as f64
        });
        Self {
            hours: seconds.sum::<f64>() * updates * amount.seeds as f64 / 3600.0,
            amount,
            epochs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::EXTENT;
    use super::*;

    #[test]
    fn every_network_gets_the_time_of_the_slowest() {
        let plan = Plan::of(amount(10, 2), &[0.4, 0.1, 0.001], &EXTENT.full);
        assert_eq!(plan.epochs, [10, 40, 400]);
        // 100 updates per epoch: 4 + (1 + 4) + (0.01 + 0.4) seconds for each update of ten epochs.
        assert!((plan.hours - 9.41 * 100.0 * 2.0 / 3600.0).abs() < 1e-9);
    }

    #[test]
    fn a_plan_fits_into_its_hours() {
        let paces = [0.3, 0.05, 0.02];
        for hours in [0.4, 0.75, 3.0] {
            let plan = Plan::within(hours, &paces, &EXTENT.full);
            assert!(plan.hours <= hours, "{hours}: {plan:?}");
        }
        let plan = Plan::within(1e-9, &paces, &EXTENT.full);
        assert_eq!(Some(&plan.amount), EXTENT.full.amounts.last());
    }
}
