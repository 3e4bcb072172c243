//! Periodic grids and their wavenumbers.

use std::f64::consts::TAU;

use num_complex::Complex64;
use spectral_kernels::half_bins;

use crate::error::{PdeError, expect_positive};

/// Largest number of values in a result.
const MOST_ELEMENTS: usize = 1 << 31;
/// Largest number of points of a grid.
const MOST_POINTS: usize = 1 << 27;

/// A periodic grid of one to three axes: point `i` of an axis with `n` points and length `L` is at `x = i·L/n`.
///
/// Fields on it are `[points…]`, row-major, the last axis contiguous. Their spectra are unnormalized half-spectra along
/// the last axis, as NumPy's `rfftn`.
///
/// ```
/// use spectral_pde::Grid;
///
/// let grid = Grid::new(&[64, 32], &[1.0, 2.0])?;
/// assert_eq!((grid.points(), grid.bins()), (64 * 32, 64 * 17));
/// assert_eq!(grid.coordinate(33), [1.0 / 64.0, 2.0 / 32.0, 0.0]);
/// # Ok::<(), spectral_pde::PdeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    sizes: Vec<usize>,
    lengths: Vec<f64>,
}

impl Grid {
    /// A grid with these numbers of points and lengths, one per axis.
    ///
    /// # Errors
    /// If there are no axes or more than three, an axis has fewer than 2 points, there are more than 2²⁷ points in all,
    /// or a length is not positive.
    pub fn new(sizes: &[usize], lengths: &[f64]) -> Result<Self, PdeError> {
        if !(1..=3).contains(&sizes.len()) {
            return Err(PdeError::Axes { axes: sizes.len() });
        }
        if lengths.len() != sizes.len() {
            return Err(PdeError::PerAxis {
                what: "grid lengths",
                expected: sizes.len(),
                actual: lengths.len(),
            });
        }
        for (axis, &points) in sizes.iter().enumerate() {
            if !(2..=MOST_POINTS).contains(&points) {
                return Err(PdeError::Points {
                    axis,
                    points,
                    least: 2,
                    most: MOST_POINTS,
                });
            }
        }
        check_at_most("a grid", sizes, MOST_POINTS)?;
        for &length in lengths {
            expect_positive("a grid length", length)?;
        }
        Ok(Grid {
            sizes: sizes.to_vec(),
            lengths: lengths.to_vec(),
        })
    }

    /// A grid of `axes` axes with the same number of points and length each.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn cube(axes: usize, points: usize, length: f64) -> Result<Self, PdeError> {
        if !(1..=3).contains(&axes) {
            return Err(PdeError::Axes { axes });
        }
        Grid::new(&vec![points; axes], &vec![length; axes])
    }

    /// Number of axes.
    pub fn dimensions(&self) -> usize {
        self.sizes.len()
    }

    /// Number of points per axis.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Length per axis.
    pub fn lengths(&self) -> &[f64] {
        &self.lengths
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Number of bins of a half-spectrum.
    pub fn bins(&self) -> usize {
        let (last, leading) = self.sizes.split_last().expect("at least one axis");
        leading.iter().product::<usize>() * half_bins(*last)
    }

    /// Coordinates of a point, by its index in a field; zero beyond the grid's axes.
    pub fn coordinate(&self, mut index: usize) -> [f64; 3] {
        let mut x = [0.0; 3];
        for axis in (0..self.dimensions()).rev() {
            let n = self.sizes[axis];
            x[axis] = (index % n) as f64 * self.lengths[axis] / n as f64;
            index /= n;
        }
        x
    }

    /// Values of a function at all points.
    pub fn sample(&self, mut function: impl FnMut(&[f64]) -> f64) -> Vec<f64> {
        (0..self.points())
            .map(|index| function(&self.coordinate(index)[..self.dimensions()]))
            .collect()
    }

    /// The wavenumber of a bin of a half-spectrum.
    pub(crate) fn wavenumber(&self, mut bin: usize) -> Wavenumber {
        let mut modes = [0; 3];
        for axis in (0..self.dimensions()).rev() {
            let n = self.sizes[axis];
            let bins = if axis + 1 == self.dimensions() {
                half_bins(n)
            } else {
                n
            };
            modes[axis] = signed(bin % bins, n);
            bin /= bins;
        }
        self.mode(modes)
    }

    /// The wavenumber of a mode, by its signed number of waves per axis.
    pub(crate) fn mode(&self, modes: [isize; 3]) -> Wavenumber {
        let mut wavenumber = Wavenumber {
            k: [0.0; 3],
            nyquist: [false; 3],
        };
        let axes = self.sizes.iter().zip(&self.lengths);
        for (axis, ((&n, length), mode)) in axes.zip(modes).enumerate() {
            wavenumber.k[axis] = TAU * mode as f64 / length;
            wavenumber.nyquist[axis] = 2 * mode.unsigned_abs() == n;
        }
        wavenumber
    }
}

/// The signed frequency of bin `k` of `n`.
pub(crate) fn signed(k: usize, n: usize) -> isize {
    if 2 * k <= n {
        k as isize
    } else {
        k as isize - n as isize
    }
}

/// Checks a number of elements, the product of `sizes`.
pub(crate) fn check_elements(what: &'static str, sizes: &[usize]) -> Result<usize, PdeError> {
    check_at_most(what, sizes, MOST_ELEMENTS)
}

fn check_at_most(what: &'static str, sizes: &[usize], most: usize) -> Result<usize, PdeError> {
    let elements = sizes
        .iter()
        .try_fold(1_usize, |all, &size| all.checked_mul(size))
        .unwrap_or(usize::MAX);
    if elements > most {
        return Err(PdeError::TooLarge {
            what,
            elements,
            most,
        });
    }
    Ok(elements)
}

/// The wavenumber `k = 2π·m/L` of a mode `exp(i k·x)`, with the symbols of derivatives.
///
/// Odd derivatives of the Nyquist mode (`m = n/2` of an even number of points) are zero: the samples `(−1)^j` cannot
/// tell `exp(ikx)` from `exp(−ikx)`, and the interpolant of least oscillation, a cosine, has a zero slope at the points
/// (Trefethen, *Spectral Methods in MATLAB*, 2000, chapter 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wavenumber {
    k: [f64; 3],
    nyquist: [bool; 3],
}

impl Wavenumber {
    /// The component along an axis (0 to 2), in radians per unit length; 0 beyond the axes of the grid.
    pub fn k(&self, axis: usize) -> f64 {
        self.k[axis]
    }

    /// `|k|²`.
    pub fn squared(&self) -> f64 {
        self.k.iter().map(|k| k * k).sum()
    }

    /// Whether this is the mean, `k = 0`.
    pub fn is_mean(&self) -> bool {
        self.k == [0.0; 3]
    }

    /// The symbol of `∂^order/∂x_axis^order`, `(ik)^order`, for an axis from 0 to 2.
    pub fn derivative(&self, axis: usize, order: u32) -> Complex64 {
        if order % 2 == 1 && self.nyquist[axis] {
            return Complex64::ZERO;
        }
        let power = self.k[axis].powi(order as i32);
        match order % 4 {
            0 => Complex64::new(power, 0.0),
            1 => Complex64::new(0.0, power),
            2 => Complex64::new(-power, 0.0),
            _ => Complex64::new(0.0, -power),
        }
    }

    /// The symbol of the Laplacian, `−|k|²`.
    pub fn laplacian(&self) -> f64 {
        -self.squared()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wavenumbers_follow_the_half_spectrum() {
        let grid = Grid::new(&[4, 5], &[TAU, TAU]).unwrap();
        let k: Vec<_> = (0..grid.bins())
            .map(|bin| {
                let w = grid.wavenumber(bin);
                (w.k(0), w.k(1))
            })
            .collect();
        let expected: Vec<_> = [0.0, 1.0, 2.0, -1.0]
            .iter()
            .flat_map(|&a| [0.0, 1.0, 2.0].map(|b| (a, b)))
            .collect();
        assert_eq!(k, expected);
    }

    #[test]
    fn odd_derivatives_of_the_nyquist_mode_vanish() {
        let grid = Grid::cube(1, 4, TAU).unwrap();
        let w = grid.wavenumber(2);
        assert_eq!(w.derivative(0, 1), Complex64::ZERO);
        assert_eq!(w.derivative(0, 2), Complex64::new(-4.0, 0.0));
        let w = grid.wavenumber(1);
        assert_eq!(w.derivative(0, 3), Complex64::new(0.0, -1.0));
        assert_eq!(w.derivative(0, 4), Complex64::new(1.0, 0.0));
    }

    #[test]
    fn bad_grids_are_named() {
        let text =
            |sizes: &[usize], lengths: &[f64]| Grid::new(sizes, lengths).unwrap_err().to_string();
        assert_eq!(text(&[], &[]), "a grid has 0 axes; 1 to 3 are accepted");
        assert_eq!(
            text(&[8, 1], &[1.0, 1.0]),
            "axis 1 has 1 points; 2 to 134217728 are accepted"
        );
        assert_eq!(
            text(&[8], &[-1.0]),
            "a grid length is -1; finite numbers above 0 are accepted"
        );
        assert!(text(&[1 << 20, 1 << 20], &[1.0, 1.0]).contains("at most 134217728"));
        assert!(text(&[8], &[1.0, 1.0]).contains("2 values for 1 axes"));
    }
}
