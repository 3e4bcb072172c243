//! Which modes take part in products, and on how many points products are formed.

use spectral_kernels::half_bins;

use crate::error::PdeError;
use crate::grid::{Grid, check_elements};
use crate::transform::Transform;

/// How products are kept free of aliases.
///
/// The product of two fields with modes up to `K` has modes up to `2K`; on `n` points those above `n/2` would be
/// mistaken for lower ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dealiasing {
    /// Only the Nyquist modes are left out. For well resolved fields.
    None,
    /// Keeps the modes `|m| < n/3` of the factors and of the result, along every axis (Orszag, 1971, doi
    /// 10.1175/1520-0469(1971)028<1074:OTEOAI>2.0.CO;2): aliases fall on modes that are discarded.
    #[default]
    TwoThirds,
    /// Keeps all modes below the Nyquist ones and multiplies on a grid of `3/2` as many points.
    Padding,
    /// Keeps the modes `|m| ≤ cutoff` along every axis and multiplies on the grid itself.
    Cutoff(usize),
}

impl Dealiasing {
    /// The highest mode kept on an axis of `n` points, and the number of points on which products are formed.
    pub(crate) fn mode_and_points(self, axis: usize, n: usize) -> Result<(usize, usize), PdeError> {
        let below_nyquist = (n - 1) / 2;
        match self {
            Dealiasing::None => Ok((below_nyquist, n)),
            Dealiasing::TwoThirds => Ok(((n - 1) / 3, n)),
            Dealiasing::Padding => Ok((below_nyquist, (3 * n).div_ceil(2))),
            Dealiasing::Cutoff(cutoff) if cutoff <= below_nyquist => Ok((cutoff, n)),
            Dealiasing::Cutoff(cutoff) => Err(PdeError::Cutoff {
                cutoff,
                axis,
                points: n,
                most: below_nyquist,
            }),
        }
    }
}

/// The modes that the nonlinear function reads and writes, as rows of a half-spectrum of the grid.
pub(crate) struct Kept {
    /// First bin, in the half-spectrum, of each row of kept modes along the last axis.
    pub rows: Vec<usize>,
    /// Modes per row.
    pub width: usize,
}

impl Kept {
    /// Number of modes kept.
    pub fn modes(&self) -> usize {
        self.rows.len() * self.width
    }

    /// The bin of each kept mode.
    pub fn bins(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().flat_map(|&row| row..row + self.width)
    }
}

/// Kept modes of a grid, and the transform between them and the points on which products are formed.
pub(crate) struct Truncation {
    pub kept: Kept,
    pub transform: Transform,
}

impl Truncation {
    pub fn new(grid: &Grid, dealiasing: Dealiasing) -> Result<Self, PdeError> {
        let sizes = grid.sizes();
        let last = sizes.len() - 1;
        let (mut rows, mut width) = (vec![0], 0);
        let (mut work_sizes, mut highest) = (Vec::new(), Vec::new());
        for (axis, &n) in sizes.iter().enumerate() {
            let (most, points) = dealiasing.mode_and_points(axis, n)?;
            work_sizes.push(points);
            highest.push(most);
            let bins = if axis == last { half_bins(n) } else { n };
            if axis == last {
                width = most + 1;
                rows = rows.into_iter().map(|row| row * bins).collect();
            } else {
                rows = (rows.into_iter())
                    .flat_map(|row| {
                        (0..=most)
                            .chain(n - most..n)
                            .map(move |index| row * bins + index)
                    })
                    .collect();
            }
        }
        check_elements("the grid of products", &work_sizes)?;
        Ok(Truncation {
            kept: Kept { rows, width },
            transform: Transform::truncated(&work_sizes, &highest),
        })
    }
}
