//! Directions in parameter space without effect.

use std::collections::BTreeMap;

use serde::Serialize;

use super::parameters::{Gradient, ParameterFinding};
use super::probe::Images;
use super::rank::rank;

/// Rows beyond the columns of a block: with fewer a rank might be that of the rows.
const SPARE_ROWS: usize = 12;

/// The largest block whose rank is computed, in coordinates.
const LARGEST_BLOCK: usize = 1600;

/// Pairs of channels that are told apart at most.
const MOST_PAIRS: usize = 4096;

/// Arithmetic that ranks may take, in multiply-adds.
const WORK: f64 = 6e9;

/// How many of a layer's parameters are independent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Redundancy {
    /// Coordinates of the parameters.
    pub coordinates: usize,
    /// The rank of the Jacobian: directions that change the output.
    pub rank: usize,
    /// Directions that change nothing, dead coordinates among them.
    pub redundant: usize,
    /// Each parameter for itself: its coordinates and the rank of its own columns.
    pub parameters: Vec<OwnRank>,
    /// Blocks of coordinates that do not meet, and how many of them were computed; the others are
    /// as one of the same make.
    pub blocks: [usize; 2],
    /// The least independent column that counts; 1 would be orthogonal to all others.
    pub smallest_kept: f64,
    /// The most independent column that does not.
    pub largest_dropped: f64,
}

/// The rank of one parameter's columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnRank {
    /// Path of the parameter in the module.
    pub name: String,
    /// Its coordinates.
    pub coordinates: usize,
    /// The directions among them that change the output.
    pub rank: usize,
}

/// Coordinates that are looked at together.
type Block = Vec<usize>;

/// Counts them, where the layer is not too large.
///
/// A linear map's Jacobian falls into blocks: coordinates that act between different pairs of
/// channels, and offsets, do not meet. One random image in all channels gives a row of each block.
pub(super) fn count(
    losses: &dyn Gradient,
    parameters: &[ParameterFinding],
    is_live: &[bool],
    is_linear: bool,
) -> Option<Redundancy> {
    let blocks = match is_linear {
        true => blocks(losses, is_live)?,
        false => vec![(0..is_live.len()).filter(|&index| is_live[index]).collect()],
    };
    let owner: Vec<usize> = (parameters.iter().enumerate())
        .flat_map(|(index, parameter)| std::iter::repeat_n(index, parameter.count))
        .collect();

    // Blocks of the same make: as many coordinates of each parameter.
    let mut makes: BTreeMap<Vec<usize>, Vec<Block>> = BTreeMap::new();
    let total = blocks.len();
    for block in blocks {
        let mut make = vec![0; parameters.len()];
        block.iter().for_each(|&index| make[owner[index]] += 1);
        makes.entry(make).or_default().push(block);
    }
    let largest = makes
        .keys()
        .map(|make| make.iter().sum())
        .max()
        .unwrap_or(0);
    if largest > LARGEST_BLOCK {
        return None;
    }
    let share = WORK / makes.len().max(1) as f64;
    let rows = largest + SPARE_ROWS;
    let mut chosen: Vec<(&Vec<usize>, &[Block], usize)> = Vec::new();
    for (make, blocks) in &makes {
        let size: usize = make.iter().sum();
        // Once for the block, and about as much again for its parameters alone.
        let work = 4.0 * rows as f64 * (size * size) as f64;
        let affordable = ((share / work.max(1.0)) as usize).clamp(1, blocks.len());
        chosen.push((make, &blocks[..affordable], blocks.len()));
    }
    let wanted: Vec<usize> = (chosen.iter())
        .flat_map(|(_, blocks, _)| blocks.iter().flatten().copied())
        .collect();
    let columns = columns(losses, &wanted, rows);
    let column = |index: usize| columns[&index].clone();

    let tolerance = losses.probe().dependent();
    let mut own: Vec<OwnRank> = (parameters.iter())
        .map(|parameter| OwnRank {
            name: parameter.name.clone(),
            coordinates: parameter.count,
            rank: 0,
        })
        .collect();
    let mut found = Redundancy {
        coordinates: is_live.len(),
        rank: 0,
        redundant: 0,
        parameters: Vec::new(),
        blocks: [total, 0],
        smallest_kept: 1.0,
        largest_dropped: 0.0,
    };
    for (make, blocks, count) in chosen {
        // Where not all were computed, the last one stands for the rest.
        for (place, block) in blocks.iter().enumerate() {
            let times = match place + 1 == blocks.len() {
                true => count - place,
                false => 1,
            };
            let whole = rank(block.iter().copied().map(column).collect(), tolerance);
            found.rank += times * whole.rank;
            found.blocks[1] += 1;
            found.smallest_kept = found.smallest_kept.min(whole.smallest_kept);
            found.largest_dropped = found.largest_dropped.max(whole.largest_dropped);
            for (index, coordinates) in make.iter().enumerate().filter(|(_, count)| **count > 0) {
                let is_whole = *coordinates == block.len();
                let alone = || block.iter().copied().filter(|&at| owner[at] == index);
                own[index].rank += times
                    * match is_whole || whole.rank == block.len() {
                        true if is_whole => whole.rank,
                        true => *coordinates,
                        false => rank(alone().map(column).collect(), tolerance).rank,
                    };
            }
        }
    }
    found.redundant = found.coordinates - found.rank;
    found.parameters = own;
    Some(found)
}

/// Gradients of random losses: a column for every coordinate wanted.
fn columns(losses: &dyn Gradient, wanted: &[usize], rows: usize) -> BTreeMap<usize, Vec<f64>> {
    let mut columns: BTreeMap<usize, Vec<f64>> = wanted
        .iter()
        .map(|&index| (index, Vec::with_capacity(rows)))
        .collect();
    let mut generator = losses.probe().generator(13);
    for _ in 0..rows {
        let images = losses.probe().noise(1, &mut generator);
        let cotangent = losses.cotangent(&mut generator);
        let gradient = losses.gradient(&images, &cotangent);
        for (&index, column) in &mut columns {
            column.push(gradient[index]);
        }
    }
    columns
}

/// The live coordinates in sets that share no pair of channels; none for too many pairs.
fn blocks(losses: &dyn Gradient, is_live: &[bool]) -> Option<Vec<Vec<usize>>> {
    let probe = losses.probe();
    let (inputs, outputs) = (probe.channels, losses.outputs());
    if inputs * outputs > MOST_PAIRS {
        return None;
    }
    let mut sets = Sets((0..is_live.len()).collect());
    let mut generator = probe.generator(17);
    let silent = Images::zeros(1, inputs, probe.size);
    let mut is_offset = vec![false; is_live.len()];
    let mut is_linear = vec![false; is_live.len()];
    for output in 0..outputs {
        let all = losses.cotangent(&mut generator);
        let mut cotangent = Images::zeros(1, outputs, probe.size);
        cotangent
            .plane_mut(0, output)
            .copy_from_slice(all.plane(0, output));
        let offset = losses.gradient(&silent, &cotangent);
        let limit = losses.limit(&offset);
        (is_offset.iter_mut().zip(&offset)).for_each(|(is, value)| *is |= value.abs() > limit);
        for input in 0..inputs {
            let all = probe.noise(1, &mut generator);
            let mut images = silent.clone();
            images
                .plane_mut(0, input)
                .copy_from_slice(all.plane(0, input));
            let mut gradient = losses.gradient(&images, &cotangent);
            (gradient.iter_mut().zip(&offset)).for_each(|(value, offset)| *value -= offset);
            let limit = losses.limit(&gradient);
            let active = (0..gradient.len()).filter(|&i| gradient[i].abs() > limit);
            let active: Vec<usize> = active.filter(|&index| is_live[index]).collect();
            active.iter().for_each(|&index| is_linear[index] = true);
            active
                .windows(2)
                .for_each(|pair| sets.join(pair[0], pair[1]));
        }
    }
    // Offsets are a block of their own, unless they act on the image too.
    let offsets: Vec<usize> = (0..is_live.len())
        .filter(|&i| is_offset[i] && is_live[i])
        .collect();
    offsets
        .windows(2)
        .for_each(|pair| sets.join(pair[0], pair[1]));
    let mut blocks: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in (0..is_live.len()).filter(|&index| is_live[index]) {
        blocks.entry(sets.root(index)).or_default().push(index);
    }
    Some(blocks.into_values().collect())
}

/// Disjoint sets, each with a root.
struct Sets(Vec<usize>);

impl Sets {
    fn root(&mut self, mut index: usize) -> usize {
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
