//! Modes of a periodic grid from low to high frequencies, and the sum of their waves.

use num_complex::Complex64;
use spectral_kernels::half_bins;

use crate::grid::Grid;
use crate::planes::Planes;
use crate::transform::Transform;

/// Signed numbers of waves per axis.
pub type Mode = [isize; 3];

/// Calls `visit` with one of each pair of modes `±m` with `max |m_a| ≤ most`, without the mean, by increasing
/// `max |m_a|`: so that the modes of a smaller `most` are a prefix.
pub fn for_each_mode(dimensions: usize, most: usize, mut visit: impl FnMut(Mode)) {
    let side = |axis, shell: isize| if axis < dimensions { shell } else { 0 };
    for shell in 1..=most as isize {
        let (a, b, c) = (side(0, shell), side(1, shell), side(2, shell));
        for x in -a..=a {
            for y in -b..=b {
                // Inside the shell's cube only its two faces along the last axis are part of the shell.
                let inner = x.abs() < shell && y.abs() < shell;
                let step = if inner && c > 0 { 2 * shell } else { 1 };
                if inner && c == 0 {
                    continue;
                }
                for z in (-c..=c).step_by(step as usize) {
                    let first = [z, y, x].into_iter().find(|&m| m != 0);
                    if first.is_some_and(|m| m > 0) {
                        visit([x, y, z]);
                    }
                }
            }
        }
    }
}

/// Whether all components of a mode are below the Nyquist mode of a grid.
pub fn is_resolved(grid: &Grid, mode: Mode) -> bool {
    (grid.sizes().iter().zip(mode)).all(|(&n, m)| 2 * m.unsigned_abs() < n)
}

/// A sum of waves on a grid, `Σ Re(c_m exp(i k_m·x))`.
pub struct Waves<'a> {
    grid: &'a Grid,
    planes: Planes,
}

impl<'a> Waves<'a> {
    pub fn new(grid: &'a Grid) -> Self {
        Waves {
            grid,
            planes: Planes::new(grid.bins()),
        }
    }

    /// Adds a constant.
    pub fn add_mean(&mut self, mean: f64) {
        self.planes.re[0] += mean;
    }

    /// Adds `Re(c exp(i k_m·x))`, where `m` is from [`for_each_mode`] and resolved.
    pub fn add(&mut self, mode: Mode, c: Complex64) {
        let last = self.grid.dimensions() - 1;
        self.add_bin(mode, c / 2.0);
        if mode[last] == 0 {
            self.add_bin(mode.map(|m| -m), c.conj() / 2.0);
        } else if mode[last] < 0 {
            unreachable!("modes have a positive last component, or none");
        }
    }

    fn add_bin(&mut self, mode: Mode, c: Complex64) {
        let sizes = self.grid.sizes();
        let mut bin = 0;
        for (axis, &n) in sizes.iter().enumerate() {
            let last = axis + 1 == sizes.len();
            let bins = if last { half_bins(n) } else { n };
            bin = bin * bins + mode[axis].rem_euclid(n as isize) as usize;
        }
        self.planes.re[bin] += c.re;
        self.planes.im[bin] += c.im;
    }

    /// Writes the sum at all points.
    pub fn write(&self, output: &mut [f64]) {
        let transform = Transform::whole(self.grid.sizes());
        let mut scratch = transform.scratch(1);
        transform.inverse(1, 1.0, self.planes.all(), output, &mut scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(dimensions: usize, most: usize) -> Vec<Mode> {
        let mut modes = Vec::new();
        for_each_mode(dimensions, most, |mode| modes.push(mode));
        modes
    }

    #[test]
    fn each_pair_of_modes_appears_once_and_in_shells() {
        for dimensions in 1..=3_usize {
            let all = modes(dimensions, 3);
            assert_eq!(all.len(), (7_usize.pow(dimensions as u32) - 1) / 2);
            let mut both: Vec<Mode> = (all.iter())
                .flat_map(|&mode| [mode, mode.map(|m| -m)])
                .collect();
            both.sort_unstable();
            both.dedup();
            assert_eq!(both.len(), 7_usize.pow(dimensions as u32) - 1);
            assert_eq!(all[..modes(dimensions, 2).len()], modes(dimensions, 2));
            assert!(all.iter().all(|m| m[dimensions - 1] >= 0));
        }
    }

    #[test]
    fn waves_are_summed_at_the_points() {
        let grid = Grid::new(&[6, 7], &[1.0, 2.0]).unwrap();
        let mut waves = Waves::new(&grid);
        let terms = [
            ([1, 2, 0], Complex64::new(0.3, -0.2)),
            ([-2, 1, 0], Complex64::new(1.0, 0.5)),
            ([2, 0, 0], Complex64::new(-0.7, 0.1)),
        ];
        waves.add_mean(0.25);
        for (mode, c) in terms {
            waves.add(mode, c);
        }
        let mut output = vec![0.0; grid.points()];
        waves.write(&mut output);
        let expected = grid.sample(|x| {
            let wave = |(mode, c): (Mode, Complex64)| {
                let k = grid.mode(mode);
                (c * Complex64::cis(k.k(0) * x[0] + k.k(1) * x[1])).re
            };
            0.25 + terms.into_iter().map(wave).sum::<f64>()
        });
        for (a, b) in output.iter().zip(&expected) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }
}
