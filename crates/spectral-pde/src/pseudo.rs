//! Pseudo-spectral evaluation of nonlinear functions: to points, multiply, and back, without aliasing.

use num_complex::Complex64;
use spectral_kernels::{Planar, PlanarMut};

use crate::dealiasing::{Dealiasing, Kept, Truncation};
use crate::error::{PdeError, expect_finite};
use crate::grid::Grid;
use crate::pde::Nonlinear;
use crate::planes::Planes;
use crate::table::Table;
use crate::transform::{Scratch, Transform};

/// Lines of one dimension that are processed together, a multiple of the lanes of a vector register.
const LINES_TOGETHER: usize = 16;

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
            let mut planes = Planes::new(grid.bins());
            let transform = Transform::whole(grid.sizes());
            let mut scratch = transform.scratch(1);
            transform.forward(1, 1.0, &samples, planes.all_mut(), &mut scratch);
            let spectrum = (truncation.kept.bins())
                .map(|bin| Complex64::new(planes.re[bin], planes.im[bin]))
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

    /// Entries of a batch that are processed together: lines of one dimension share vector registers, larger grids
    /// fill them alone and are better kept in cache.
    fn group(&self, batch: usize) -> usize {
        if self.truncation.kept.rows.len() == 1 {
            batch.clamp(1, LINES_TOGETHER)
        } else {
            1
        }
    }

    /// Memory for a batch.
    pub fn workspace(&self, batch: usize) -> Workspace {
        let batch = self.group(batch);
        let modes = self.kept().modes();
        let planes = batch * self.fields.len().max(self.nonlinear.products);
        let points = batch * self.truncation.transform.points();
        Workspace {
            spectra: Planes::new(planes * modes),
            scratch: self.truncation.transform.scratch(planes),
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
        let (state, slope) = (
            self.channels * self.bins,
            self.channels * self.kept().modes(),
        );
        let group = self.group(batch);
        for first in (0..batch).step_by(group) {
            let count = group.min(batch - first);
            let from = first * state..(first + count) * state;
            let to = first * slope..(first + count) * slope;
            let u = Planar {
                re: &u.re[from.clone()],
                im: &u.im[from],
            };
            let output = PlanarMut {
                re: &mut output.re[to.clone()],
                im: &mut output.im[to],
            };
            self.evaluate_group(count, u, output, work);
        }
    }

    fn evaluate_group(
        &self,
        batch: usize,
        u: Planar<'_, f64>,
        output: PlanarMut<'_, f64>,
        work: &mut Workspace,
    ) {
        self.to_points(batch, u, work);
        self.multiply(batch, work);
        let transform = &self.truncation.transform;
        let (modes, products) = (self.kept().modes(), self.nonlinear.products);
        let spectra = batch * products * modes;
        let scale = self.grid_points as f64 / transform.points() as f64;
        if products > 0 {
            let to = work.spectra.write(spectra);
            let planes = batch * products;
            let products = &work.products[..planes * transform.points()];
            transform.forward(planes, scale, products, to, &mut work.scratch);
        }
        output.re.fill(0.0);
        output.im.fill(0.0);
        for item in 0..batch {
            for (channel, product, table) in &self.outputs {
                let to = span(item * self.channels + channel, modes);
                let from = span(item * products + product, modes);
                table.add_product(
                    &work.spectra.re[from.clone()],
                    &work.spectra.im[from],
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
                        &mut work.spectra.re[to.clone()],
                        &mut work.spectra.im[to],
                        r * width,
                    );
                }
            }
        }
        let from = work.spectra.read(batch * fields * modes);
        let scale = 1.0 / self.grid_points as f64;
        let transform = &self.truncation.transform;
        let values = &mut work.fields[..batch * fields * transform.points()];
        let scratch = &mut work.scratch;
        transform.inverse(batch * fields, scale, from, values, scratch);
    }

    /// The values of the products.
    fn multiply(&self, batch: usize, work: &mut Workspace) {
        let points = self.truncation.transform.points();
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
    spectra: Planes,
    scratch: Scratch,
    fields: Vec<f64>,
    products: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use spectral_kernels::{BinWeight, rfftn};

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
