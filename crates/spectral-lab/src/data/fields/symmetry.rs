//! Training samples moved by the symmetries of a problem.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::data::stream::{Purpose, stream};

/// Which symmetries of the domain leave the equation as it is, so that a pair of fields moved by one is another
/// pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldSymmetry {
    /// None.
    #[default]
    None,
    /// Reflections along each axis and exchanges of axes of equal size, of scalar fields: eight of a square. Holds for
    /// equations without a direction, such as Darcy flow with a constant source, on grids that have both ends of an
    /// axis or neither: point `i` of `n` becomes `n − 1 − i`.
    Square,
    /// The same on grids of the points `i/n`, which have one end of each axis: point `i` becomes `n − i`, and point 0
    /// stays. Exact for periodic fields, and for others whose values at both ends are equal; otherwise the values at
    /// one end stand in for those at the other.
    SquareHalfOpen,
}

/// One reflection or exchange of axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The axis that becomes each axis.
    axes: Vec<usize>,
    /// Which axes, as they were, are reflected.
    reflected: Vec<bool>,
    /// Whether reflections leave point 0 where it is.
    half_open: bool,
}

impl FieldSymmetry {
    /// The random move of a sample in an epoch; none without symmetries.
    pub fn draw(self, sizes: &[usize], seed: u64, epoch: u64, index: u32) -> Option<Move> {
        match self {
            Self::None => None,
            Self::Square | Self::SquareHalfOpen => {
                let mut stream = stream(seed, Purpose::Symmetry, epoch << 32 | u64::from(index));
                let reflected = sizes.iter().map(|_| stream.random()).collect();
                let mut axes: Vec<usize> = (0..sizes.len()).collect();
                for last in (1..axes.len()).rev() {
                    let other = stream.random_range(0..=last);
                    if sizes[axes[last]] == sizes[axes[other]] {
                        axes.swap(last, other);
                    }
                }
                Some(Move {
                    axes,
                    reflected,
                    half_open: self == Self::SquareHalfOpen,
                })
            }
        }
    }
}

impl Move {
    /// Moves each channel of a field `[channel, space…]`.
    ///
    /// # Panics
    /// If the values are not whole channels of `sizes`, or the move is one of another number of axes.
    pub fn apply(&self, values: &mut [f32], sizes: &[usize]) {
        assert_eq!(self.axes.len(), sizes.len(), "axes of the move");
        let points: usize = sizes.iter().product();
        assert!(
            points > 0 && values.len().is_multiple_of(points),
            "whole channels"
        );
        let mut strides = vec![1; sizes.len()];
        for axis in (1..sizes.len()).rev() {
            strides[axis - 1] = strides[axis] * sizes[axis];
        }
        let mut moved = vec![0.0; points];
        for channel in values.chunks_exact_mut(points) {
            for (target, value) in moved.iter_mut().enumerate() {
                let source: usize = (0..sizes.len())
                    .map(|axis| {
                        let from = self.axes[axis];
                        let at = target / strides[axis] % sizes[axis];
                        let at = match (self.reflected[from], self.half_open) {
                            (false, _) => at,
                            (true, false) => sizes[from] - 1 - at,
                            (true, true) => (sizes[from] - at) % sizes[from],
                        };
                        at * strides[from]
                    })
                    .sum();
                *value = channel[source];
            }
            channel.copy_from_slice(&moved);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_square_has_eight_moves_and_a_rectangle_four() {
        for (sizes, moves) in [([3, 3], 8), ([2, 3], 4)] {
            let seen: BTreeSet<Vec<u32>> = (0..200)
                .map(|index| {
                    let points = sizes[0] * sizes[1];
                    let mut values: Vec<f32> = (0..points).map(|value| value as f32).collect();
                    let drawn = FieldSymmetry::Square.draw(&sizes, 1, 2, index);
                    drawn.unwrap().apply(&mut values, &sizes);
                    values.into_iter().map(|value| value as u32).collect()
                })
                .collect();
            assert_eq!(seen.len(), moves, "{sizes:?}");
        }
    }

    #[test]
    fn neighbors_stay_neighbors() {
        let sizes = [4, 4];
        for index in 0..20 {
            let drawn = FieldSymmetry::Square.draw(&sizes, 3, 0, index).unwrap();
            let mut values: Vec<f32> = (0..32).map(|value| value as f32).collect();
            drawn.apply(&mut values, &sizes);
            for pair in values[..16].chunks(4).flat_map(|row| row.windows(2)) {
                let apart = (pair[0] - pair[1]).abs();
                assert!(apart == 1.0 || apart == 4.0, "{values:?}");
            }
            // All channels move alike.
            let shifted = values[..16].iter().map(|value| value + 16.0);
            assert!(values[16..].iter().copied().eq(shifted));
        }
    }

    #[test]
    fn a_half_open_grid_keeps_the_points_of_its_end() {
        let sizes = [4, 4];
        let seen: BTreeSet<Vec<u32>> = (0..200)
            .map(|index| {
                // Zero at the points 0 of both axes, and another value at each of the others.
                let value = |p: usize| if p / 4 * (p % 4) == 0 { 0.0 } else { p as f32 };
                let mut values: Vec<f32> = (0..16).map(value).collect();
                let drawn = FieldSymmetry::SquareHalfOpen.draw(&sizes, 1, 0, index);
                drawn.unwrap().apply(&mut values, &sizes);
                for p in 0..16 {
                    assert_eq!(values[p] == 0.0, p / 4 * (p % 4) == 0, "{values:?}");
                }
                values.into_iter().map(|value| value as u32).collect()
            })
            .collect();
        assert_eq!(seen.len(), 8);
        let drawn = Move {
            axes: vec![0],
            reflected: vec![true],
            half_open: true,
        };
        let mut values = [0.0, 1.0, 2.0, 3.0, 4.0];
        drawn.apply(&mut values, &[5]);
        assert_eq!(values, [0.0, 4.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn without_symmetries_nothing_moves() {
        assert_eq!(FieldSymmetry::None.draw(&[4], 0, 0, 0), None);
    }
}
