//! Choices of an algorithm that were made before, and the tiles that a choice looks at.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::algorithm::{ConvShape, FftConvAlgorithm};
use super::lengths::good_length;

/// Choices that are kept. A network meets one a layer and size; when there are more, all are made anew.
const MOST_KEPT: usize = 512;

/// What a choice depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    shape: ConvShape,
    learns: bool,
    threads: usize,
}

/// Choices, by what they depend on.
pub(super) struct Choices {
    kept: Mutex<Option<HashMap<Key, FftConvAlgorithm>>>,
}

impl Choices {
    pub(super) const fn new() -> Self {
        Self {
            kept: Mutex::new(None),
        }
    }

    /// The choice for a shape, made by `choose` where it was not before. Nothing is locked while that runs, so two threads
    /// may make one choice twice, which does no harm.
    pub(super) fn get(
        &self,
        shape: &ConvShape,
        learns: bool,
        choose: impl FnOnce() -> FftConvAlgorithm,
    ) -> FftConvAlgorithm {
        let key = Key {
            shape: shape.clone(),
            learns,
            threads: spectral_kernels::threads(),
        };
        if let Some(found) = self.with(|kept| kept.get(&key).copied()) {
            return found;
        }
        let chosen = choose();
        self.with(|kept| {
            if kept.len() >= MOST_KEPT {
                kept.clear();
            }
            kept.insert(key, chosen);
        });
        chosen
    }

    fn with<R>(&self, f: impl FnOnce(&mut HashMap<Key, FftConvAlgorithm>) -> R) -> R {
        // Whole entries are moved in, so a panic elsewhere leaves nothing half done.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        f(kept.get_or_insert_default())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.with(|kept| kept.len())
    }
}

/// Numbers of tiles for which the shortest tile is looked at.
const FEW_TILES: usize = 32;
/// Tiles looked at in each doubling of their length.
const TILES_AN_OCTAVE: f64 = 12.0;

/// Tiles worth considering along axes of `(outputs, extent)`, no shorter than `least` and shorter than `most`: the shortest
/// that cut an axis into 2, 3, … parts, and lengths a few percent apart. There are some `log(most)` of them.
pub(super) fn tiles(axes: &[(usize, usize)], least: usize, most: usize) -> Vec<usize> {
    let ratio = (1.0 / TILES_AN_OCTAVE).exp2();
    let next = |n: &usize| Some(((*n as f64 * ratio) as usize).max(*n + 1));
    let apart = core::iter::successors(Some(least), next).take_while(|n| *n < most);
    let parts = axes.iter().flat_map(|&(outputs, extent)| {
        (2..=FEW_TILES).map(move |parts| outputs.div_ceil(parts) + extent - 1)
    });
    let mut tiles: Vec<usize> = apart
        .chain(parts)
        .map(|n| good_length(n.max(least)))
        .filter(|n| *n < most)
        .collect();
    tiles.sort_unstable();
    tiles.dedup();
    tiles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::FftConvOptions;

    fn shape(batch: usize) -> ConvShape {
        ConvShape::new(&[batch, 1, 30], &[1, 1, 3], &FftConvOptions::new(1)).unwrap()
    }

    #[test]
    fn a_choice_is_made_once_and_the_number_of_those_kept_is_bounded() {
        let choices = Choices::new();
        let tiled = FftConvAlgorithm::Tiled { tile: 8 };
        assert_eq!(choices.get(&shape(1), true, || tiled), tiled);
        let again = || panic!("it is kept");
        assert_eq!(choices.get(&shape(1), true, again), tiled);
        let direct = || FftConvAlgorithm::Direct;
        assert_eq!(
            choices.get(&shape(1), false, direct),
            FftConvAlgorithm::Direct
        );
        for batch in 1..2 * MOST_KEPT {
            choices.get(&shape(batch), true, direct);
            assert!(choices.len() <= MOST_KEPT);
        }
    }

    #[test]
    fn a_choice_may_ask_for_another() {
        let choices = Choices::new();
        let chosen = choices.get(&shape(1), true, || {
            choices.get(&shape(2), true, || FftConvAlgorithm::Whole)
        });
        assert_eq!(chosen, FftConvAlgorithm::Whole);
    }

    #[test]
    fn a_long_axis_has_few_tiles() {
        for length in [1 << 10, 1 << 20, 1 << 30] {
            let tiles = tiles(&[(length, 64)], 65, length);
            assert!(
                (20..400).contains(&tiles.len()),
                "{length}: {}",
                tiles.len()
            );
            assert!(tiles.iter().all(|tile| (65..length).contains(tile)));
        }
    }
}
