//! Pseudo-spectral evaluation of nonlinear functions: to points, multiply, and back, without aliasing.

use num_complex::Complex64;
use spectral_kernels::{BinWeight, Modes, Planar, PlanarMut, PrunedFft, half_bins};

use crate::error::{PdeError, expect_finite};
use crate::grid::{Grid, check_elements};
use crate::pde::Nonlinear;
use crate::table::Table;

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
    fn mode_and_points(self, axis: usize, n: usize) -> Result<(usize, usize), PdeError> {
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
struct Truncation {
    kept: Kept,
    fft: PrunedFft,
    points: usize,
}

impl Truncation {
    fn new(grid: &Grid, dealiasing: Dealiasing) -> Result<Self, PdeError> {
        let sizes = grid.sizes();
        let last = sizes.len() - 1;
        let (mut rows, mut width) = (vec![0], 0);
        let (mut work_sizes, mut modes) = (Vec::new(), Vec::new());
        for (axis, &n) in sizes.iter().enumerate() {
            let (most, points) = dealiasing.mode_and_points(axis, n)?;
            work_sizes.push(points);
            let bins = if axis == last { half_bins(n) } else { n };
            if axis == last {
                width = most + 1;
                modes.push(Modes::new(most + 1, 0));
                rows = rows.into_iter().map(|row| row * bins).collect();
            } else {
                modes.push(Modes::new(most + 1, most));
                rows = (rows.into_iter())
                    .flat_map(|row| {
                        (0..=most)
                            .chain(n - most..n)
                            .map(move |index| row * bins + index)
                    })
                    .collect();
            }
        }
        let points = check_elements("the grid of products", &work_sizes)?;
        Ok(Truncation {
            kept: Kept { rows, width },
            fft: PrunedFft::new(&work_sizes).with_modes(&modes),
            points,
        })
    }
}

/// A nonlinear function on a grid, with its symbols tabulated.
pub(crate) struct PseudoSpectral {
    truncation: Truncation,
    /// Channel and symbol.
    fields: Vec<(usize, Table)>,
    /// Channel, product and symbol.
    outputs: Vec<(usize, usize, Table)>,
    /// Channel and spectrum on the kept modes.
    forces: Vec<(usize, Vec<Complex64>)>,
    nonlinear: Nonlinear,
    channels: usize,
    bins: usize,
    /// Points of the state's grid.
    grid_points: usize,
}

impl PseudoSpectral {
    pub fn new(
        nonlinear: Nonlinear,
        channels: usize,
        grid: &Grid,
        dealiasing: Dealiasing,
    ) -> Result<Self, PdeError> {
        let truncation = Truncation::new(grid, dealiasing)?;
        let table = |symbol: &crate::pde::Symbol| {
            Table::new(
                (truncation.kept.bins())
                    .map(|bin| symbol(&grid.wavenumber(bin)))
                    .collect(),
            )
        };
        let fields = (nonlinear.fields.iter())
            .map(|(channel, symbol)| (*channel, table(symbol)))
            .collect();
        let outputs = (nonlinear.outputs.iter())
            .map(|(channel, product, symbol)| (*channel, *product, table(symbol)))
            .collect();
        let mut forces = Vec::new();
        for (channel, force) in &nonlinear.forces {
            let samples = grid.sample(force);
            for &value in &samples {
                expect_finite("a value of the force", value)?;
            }
            let (mut re, mut im) = (vec![0.0; grid.bins()], vec![0.0; grid.bins()]);
            let to = PlanarMut {
                re: &mut re,
                im: &mut im,
            };
            spectral_kernels::rfftn(1, grid.sizes(), 1.0, BinWeight::One, &samples, to);
            let spectrum = (truncation.kept.bins())
                .map(|bin| Complex64::new(re[bin], im[bin]))
                .collect();
            forces.push((*channel, spectrum));
        }
        Ok(PseudoSpectral {
            truncation,
            fields,
            outputs,
            forces,
            nonlinear,
            channels,
            bins: grid.bins(),
            grid_points: grid.points(),
        })
    }

    /// The modes that the function reads and writes.
    pub fn kept(&self) -> &Kept {
        &self.truncation.kept
    }

    /// Memory for a batch.
    pub fn workspace(&self, batch: usize) -> Workspace {
        let modes = self.kept().modes();
        let spectra = batch * modes * self.fields.len().max(self.nonlinear.products);
        let points = batch * self.truncation.points;
        Workspace {
            re: vec![0.0; spectra],
            im: vec![0.0; spectra],
            fields: vec![0.0; points * self.fields.len()],
            products: vec![0.0; points * self.nonlinear.products],
        }
    }

    /// Computes `N(u)` from spectra `[batch, channels, bins]`, on the kept modes: `[batch, channels, modes]`.
    pub fn evaluate(
        &self,
        batch: usize,
        u: Planar<'_, f64>,
        output: PlanarMut<'_, f64>,
        work: &mut Workspace,
    ) {
        self.to_points(batch, u, work);
        self.multiply(batch, work);
        let (fft, points) = (&self.truncation.fft, self.truncation.points);
        let (modes, products) = (self.kept().modes(), self.nonlinear.products);
        let spectra = batch * products * modes;
        let scale = self.grid_points as f64 / points as f64;
        if products > 0 {
            let to = PlanarMut {
                re: &mut work.re[..spectra],
                im: &mut work.im[..spectra],
            };
            fft.rfftn(batch * products, scale, BinWeight::One, &work.products, to);
        }
        output.re.fill(0.0);
        output.im.fill(0.0);
        for item in 0..batch {
            for (channel, product, table) in &self.outputs {
                let to = span(item * self.channels + channel, modes);
                let from = span(item * products + product, modes);
                table.add_product(
                    &work.re[from.clone()],
                    &work.im[from],
                    &mut output.re[to.clone()],
                    &mut output.im[to],
                    0,
                );
            }
            for (channel, force) in &self.forces {
                let to = span(item * self.channels + channel, modes);
                let parts = output.re[to.clone()].iter_mut().zip(&mut output.im[to]);
                for ((re, im), f) in parts.zip(force) {
                    *re += f.re;
                    *im += f.im;
                }
            }
        }
    }

    /// The values of the fields.
    fn to_points(&self, batch: usize, u: Planar<'_, f64>, work: &mut Workspace) {
        let Kept { rows, width } = self.kept();
        let (modes, fields) = (self.kept().modes(), self.fields.len());
        if fields == 0 {
            return;
        }
        for item in 0..batch {
            for (f, (channel, table)) in self.fields.iter().enumerate() {
                let state = (item * self.channels + channel) * self.bins;
                let field = (item * fields + f) * modes;
                for (r, row) in rows.iter().enumerate() {
                    let from = state + row..state + row + width;
                    let to = span(r, *width);
                    let to = field + to.start..field + to.end;
                    table.set_product(
                        &u.re[from.clone()],
                        &u.im[from],
                        &mut work.re[to.clone()],
                        &mut work.im[to],
                        r * width,
                    );
                }
            }
        }
        let spectra = batch * fields * modes;
        let from = Planar {
            re: &work.re[..spectra],
            im: &work.im[..spectra],
        };
        let scale = 1.0 / self.grid_points as f64;
        let fft = &self.truncation.fft;
        fft.irfftn(
            batch * fields,
            scale,
            BinWeight::One,
            from,
            &mut work.fields,
        );
    }

    /// The values of the products.
    fn multiply(&self, batch: usize, work: &mut Workspace) {
        let points = self.truncation.points;
        let (fields, products) = (self.fields.len(), self.nonlinear.products);
        for item in 0..batch {
            let inputs: Vec<&[f64]> = work.fields[span(item, fields * points)]
                .chunks_exact(points)
                .collect();
            let mut outputs: Vec<&mut [f64]> = work.products[span(item, products * points)]
                .chunks_exact_mut(points)
                .collect();
            (self.nonlinear.pointwise)(&inputs, &mut outputs);
        }
    }
}

/// The `index`-th range of `len` elements.
pub(crate) fn span(index: usize, len: usize) -> std::ops::Range<usize> {
    index * len..(index + 1) * len
}

/// Memory of a [`PseudoSpectral`] evaluation.
pub(crate) struct Workspace {
    re: Vec<f64>,
    im: Vec<f64>,
    fields: Vec<f64>,
    products: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use spectral_kernels::rfftn;

    /// The spectrum of the square of a field, on the kept modes, divided by the number of points.
    fn square(grid: &Grid, u: &[f64], dealiasing: Dealiasing) -> Vec<Complex64> {
        let nonlinear = Nonlinear::new(1, |fields, products| {
            for (p, u) in products[0].iter_mut().zip(fields[0]) {
                *p = u * u;
            }
        })
        .field(0, |_| Complex64::ONE)
        .output(0, 0, |_| Complex64::ONE);
        let function = PseudoSpectral::new(nonlinear, 1, grid, dealiasing).unwrap();
        let (mut re, mut im) = (vec![0.0; grid.bins()], vec![0.0; grid.bins()]);
        let to = PlanarMut {
            re: &mut re,
            im: &mut im,
        };
        rfftn(1, grid.sizes(), 1.0, BinWeight::One, u, to);
        let modes = function.kept().modes();
        let (mut out_re, mut out_im) = (vec![0.0; modes], vec![0.0; modes]);
        let to = PlanarMut {
            re: &mut out_re,
            im: &mut out_im,
        };
        let from = Planar { re: &re, im: &im };
        function.evaluate(1, from, to, &mut function.workspace(1));
        let points = grid.points() as f64;
        (out_re.iter().zip(&out_im))
            .map(|(re, im)| Complex64::new(*re, *im) / points)
            .collect()
    }

    #[test]
    fn dealiased_products_have_no_aliases() {
        for n in [8, 9, 12, 15, 16, 31] {
            let grid = Grid::cube(1, n, 1.0).unwrap();
            for dealiasing in [Dealiasing::TwoThirds, Dealiasing::Padding] {
                let (most, _) = dealiasing.mode_and_points(0, n).unwrap();
                let u = grid.sample(|x| (TAU * most as f64 * x[0]).cos());
                let spectrum = square(&grid, &u, dealiasing);
                assert_eq!(spectrum.len(), most + 1);
                for (k, value) in spectrum.iter().enumerate() {
                    let expected = if k == 0 { 0.5 } else { 0.0 };
                    assert!((value - expected).norm() < 1e-14, "{n} {dealiasing:?} {k}");
                }
            }
        }
        // Without it, the wave 2m appears as n − 2m.
        let grid = Grid::cube(1, 16, 1.0).unwrap();
        let u = grid.sample(|x| (TAU * 6.0 * x[0]).cos());
        let spectrum = square(&grid, &u, Dealiasing::None);
        assert!((spectrum[4] - 0.25).norm() < 1e-14);
    }

    #[test]
    fn products_agree_on_all_grids_in_several_dimensions() {
        for sizes in [vec![12, 15], vec![9, 10, 12]] {
            let lengths = vec![1.0; sizes.len()];
            let grid = Grid::new(&sizes, &lengths).unwrap();
            let wave = |x: &[f64]| {
                let last = x[x.len() - 1];
                (TAU * (x[0] - last)).cos() + 0.5 * (TAU * (x[0] + x[1])).sin() + 0.1
            };
            let u = grid.sample(wave);
            // All modes of the square are kept, so every choice gives the exact result.
            let squares = grid.sample(|x| wave(x).powi(2));
            let (mut re, mut im) = (vec![0.0; grid.bins()], vec![0.0; grid.bins()]);
            let to = PlanarMut {
                re: &mut re,
                im: &mut im,
            };
            let scale = 1.0 / grid.points() as f64;
            rfftn(1, grid.sizes(), scale, BinWeight::One, &squares, to);
            for dealiasing in [
                Dealiasing::None,
                Dealiasing::TwoThirds,
                Dealiasing::Padding,
                Dealiasing::Cutoff(2),
            ] {
                let truncation = Truncation::new(&grid, dealiasing).unwrap();
                let spectrum = square(&grid, &u, dealiasing);
                assert_eq!(spectrum.len(), truncation.kept.modes());
                for (value, bin) in spectrum.iter().zip(truncation.kept.bins()) {
                    let expected = Complex64::new(re[bin], im[bin]);
                    assert!((value - expected).norm() < 1e-14, "{dealiasing:?} {bin}");
                }
            }
        }
    }
}
