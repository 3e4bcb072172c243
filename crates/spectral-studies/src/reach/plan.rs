//! How much can be trained in the time there is.

use serde::{Deserialize, Serialize};

use super::{BATCH, Extent, PAIR};
use crate::kit::emulation::equal_time;

/// Hours that are planned for of every hour there is.
const RESERVE: f64 = 0.85;

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
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) amount: Amount,
    /// Which network of the pair takes more time per update.
    pub(super) slower: usize,
    /// Its epochs in the time that the other one takes.
    pub(super) epochs: usize,
    /// What all of it should take.
    pub(super) hours: f64,
}

impl Plan {
    /// The largest plan that fits into a number of hours, or the smallest one.
    pub(super) fn within(hours: f64, paces: &[f64], cases: usize, extent: &Extent) -> Self {
        let plans = || {
            let amounts = extent.amounts.iter();
            amounts.map(|amount| Self::of(*amount, paces, cases, extent))
        };
        let fitting = plans().find(|plan| plan.hours <= RESERVE * hours);
        fitting.or(plans().next_back()).unwrap_or(Self {
            amount: amount(1, 1),
            slower: 0,
            epochs: 1,
            hours: f64::INFINITY,
        })
    }

    fn of(amount: Amount, paces: &[f64], cases: usize, extent: &Extent) -> Self {
        let (slower, epochs) = equal_time(PAIR.map(|network| paces[network]), amount.epochs);
        let mut seconds = amount.epochs as f64 * paces.iter().sum::<f64>();
        if epochs < amount.epochs {
            seconds += epochs as f64 * paces[PAIR[slower]];
        }
        let updates = extent.parts.train.pairs().div_ceil(BATCH);
        Self {
            amount,
            slower,
            epochs,
            hours: seconds * (updates * cases) as f64 * amount.seeds as f64 / 3600.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::EXTENT;
    use super::*;

    #[test]
    fn a_plan_fits_into_its_hours_and_a_larger_budget_trains_no_less() {
        let paces = [8e-3, 7e-3, 5e-3, 3e-3, 4e-3];
        let mut before = 0;
        for hours in [0.4, 1.0, 3.0, 12.0] {
            let plan = Plan::within(hours, &paces, 8, &EXTENT.full);
            assert!(plan.hours <= hours, "{hours}: {plan:?}");
            let work = plan.amount.epochs * plan.amount.seeds as usize;
            assert!(work > before, "{hours}: {plan:?}");
            before = work;
            assert_eq!(plan.slower, 0);
            assert_eq!(plan.epochs, plan.amount.epochs * 3 / 8);
        }
        assert_eq!(before, 400);
        let plan = Plan::within(1e-9, &paces, 8, &EXTENT.full);
        assert_eq!(Some(&plan.amount), EXTENT.full.amounts.last());
    }

    #[test]
    fn hours_are_those_of_all_updates() {
        let mut extent = EXTENT.full;
        extent.parts.train.trajectories = 20;
        // 50 updates per epoch, 2 cases, 3 seeds; 5 networks of 1 s, all at the same pace.
        let plan = Plan::of(amount(2, 3), &[1.0; 5], 2, &extent);
        assert_eq!(plan.epochs, 2);
        assert!((plan.hours - 2.0 * 50.0 * 2.0 * 3.0 * 5.0 / 3600.0).abs() < 1e-12);
        // The slower one once more, for one of two epochs.
        let plan = Plan::of(amount(2, 3), &[2.0, 1.0, 1.0, 1.0, 1.0], 2, &extent);
        assert_eq!(plan.epochs, 1);
        assert!((plan.hours - (12.0 + 2.0) * 50.0 * 2.0 * 3.0 / 3600.0).abs() < 1e-12);
    }
}
