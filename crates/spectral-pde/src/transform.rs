//! Real transforms over all axes of a grid, truncated to the lowest modes.
//!
//! They go axis by axis, each line by itself. The kernels' transforms over several axes are faster on large grids, but
//! choose between algorithms by the number of threads and the size of the batch, which changes the last bits.

use spectral_kernels::{
    Axis, BinWeight, Direction, Planar, PlanarMut, fft_axis, half_bins, irfft_axis, rfft_axis,
};

use crate::planes::Planes;

/// A transform of real fields `[points…]` to and from the modes `|m_a| ≤ most_a`, `[modes…]`: along leading axes
/// `0, …, most, −most, …, −1` (or all), along the last one `0, …, most`.
pub struct Transform {
    sizes: Vec<usize>,
    /// Kept bins per axis: from 0 on, and negative ones.
    kept: Vec<(usize, usize)>,
}

/// Memory for a transform, two buffers.
pub struct Scratch([Planes; 2]);

impl Transform {
    /// All bins of a half-spectrum.
    pub fn whole(sizes: &[usize]) -> Self {
        let last = sizes.len() - 1;
        let kept = |(axis, &n)| {
            if axis == last {
                (half_bins(n), 0)
            } else {
                (n, 0)
            }
        };
        Transform {
            sizes: sizes.to_vec(),
            kept: sizes.iter().enumerate().map(kept).collect(),
        }
    }

    /// The modes up to `most` per axis, below half the number of points.
    pub fn truncated(sizes: &[usize], most: &[usize]) -> Self {
        let last = sizes.len() - 1;
        let kept = |(axis, &most)| (most + 1, if axis == last { 0 } else { most });
        Transform {
            sizes: sizes.to_vec(),
            kept: most.iter().enumerate().map(kept).collect(),
        }
    }

    /// Number of points.
    pub fn points(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Number of kept bins.
    #[cfg(test)]
    pub fn bins(&self) -> usize {
        (0..self.sizes.len()).map(|axis| self.kept(axis)).product()
    }

    /// Memory for `fields` fields.
    pub fn scratch(&self, fields: usize) -> Scratch {
        let (last, leading) = self.sizes.split_last().expect("at least one axis");
        let most = fields * leading.iter().product::<usize>() * half_bins(*last);
        Scratch([Planes::new(most), Planes::new(most)])
    }

    fn kept(&self, axis: usize) -> usize {
        self.kept[axis].0 + self.kept[axis].1
    }

    /// The last axis of `fields` fields.
    fn lines(&self, fields: usize) -> Axis {
        let (last, leading) = self.sizes.split_last().expect("at least one axis");
        Axis {
            outer: fields * leading.iter().product::<usize>(),
            len: *last,
            inner: 1,
        }
    }

    /// A leading axis, when the axes after it have been truncated and those before it have not.
    fn leading(&self, fields: usize, axis: usize) -> Axis {
        Axis {
            outer: fields * self.sizes[..axis].iter().product::<usize>(),
            len: self.sizes[axis],
            inner: (axis + 1..self.sizes.len()).map(|a| self.kept(a)).product(),
        }
    }

    /// `output[k] = scale·Σ_j input[j] exp(−ik·x_j)`
    pub fn forward(
        &self,
        fields: usize,
        scale: f64,
        input: &[f64],
        output: PlanarMut<'_, f64>,
        scratch: &mut Scratch,
    ) {
        let last = self.sizes.len() - 1;
        let [a, b] = &mut scratch.0;
        let lines = self.lines(fields);
        let to = a.write(lines.half_elements());
        rfft_axis(lines, scale, BinWeight::One, input, to);
        // Bins of an axis are dropped as soon as it has been transformed.
        let bins = half_bins(self.sizes[last]);
        let outer = lines.outer;
        let mut len = outer * self.kept(last);
        select(a, b, outer, bins, 1, self.kept[last]);
        for axis in (0..last).rev() {
            let line = self.leading(fields, axis);
            let from = b.read(len);
            fft_axis(line, Direction::Forward, 1.0, from, a.write(len));
            len = line.outer * self.kept(axis) * line.inner;
            select(a, b, line.outer, line.len, line.inner, self.kept[axis]);
        }
        output.re.copy_from_slice(&b.re[..len]);
        output.im.copy_from_slice(&b.im[..len]);
    }

    /// `output[j] = scale·Σ_k input[k] exp(ik·x_j)`, over the kept bins and their conjugates.
    pub fn inverse(
        &self,
        fields: usize,
        scale: f64,
        input: Planar<'_, f64>,
        output: &mut [f64],
        scratch: &mut Scratch,
    ) {
        let last = self.sizes.len() - 1;
        let [a, b] = &mut scratch.0;
        a.re[..input.re.len()].copy_from_slice(input.re);
        a.im[..input.im.len()].copy_from_slice(input.im);
        for axis in 0..last {
            let line = self.leading(fields, axis);
            spread(a, b, line.outer, line.len, line.inner, self.kept[axis]);
            let len = line.elements();
            fft_axis(line, Direction::Inverse, 1.0, b.read(len), a.write(len));
        }
        let lines = self.lines(fields);
        let bins = half_bins(lines.len);
        spread(a, b, lines.outer, bins, 1, self.kept[last]);
        let from = b.read(lines.half_elements());
        irfft_axis(lines, scale, BinWeight::One, from, output);
    }
}

/// Copies the kept elements of an axis, `[outer, len, inner]` to `[outer, kept, inner]`.
fn select(
    from: &Planes,
    to: &mut Planes,
    outer: usize,
    len: usize,
    inner: usize,
    (positive, negative): (usize, usize),
) {
    let kept = positive + negative;
    for o in 0..outer {
        let (start, target) = (o * len * inner, o * kept * inner);
        let head = positive * inner;
        to.copy(target, from, start, head);
        let tail = (len - negative) * inner;
        to.copy(target + head, from, start + tail, negative * inner);
    }
}

/// The reverse of [`select`], with zeros for the other elements.
fn spread(
    from: &Planes,
    to: &mut Planes,
    outer: usize,
    len: usize,
    inner: usize,
    (positive, negative): (usize, usize),
) {
    let kept = positive + negative;
    for o in 0..outer {
        let (start, target) = (o * kept * inner, o * len * inner);
        let head = positive * inner;
        let tail = (len - negative) * inner;
        to.copy(target, from, start, head);
        to.re[target + head..target + tail].fill(0.0);
        to.im[target + head..target + tail].fill(0.0);
        to.copy(target + tail, from, start + head, negative * inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spectral_kernels::{Modes, PrunedFft};

    #[test]
    fn it_agrees_with_the_kernels_transform_over_several_axes() {
        for (sizes, most) in [
            (vec![12], vec![3]),
            (vec![9, 10], vec![4, 2]),
            (vec![5, 6, 7], vec![1, 2, 3]),
        ] {
            let last = sizes.len() - 1;
            let modes: Vec<Modes> = (most.iter().enumerate())
                .map(|(axis, &most)| Modes::new(most + 1, if axis == last { 0 } else { most }))
                .collect();
            let pairs = [
                (
                    Transform::truncated(&sizes, &most),
                    PrunedFft::new(&sizes).with_modes(&modes),
                ),
                (Transform::whole(&sizes), PrunedFft::new(&sizes)),
            ];
            for (transform, oracle) in pairs {
                assert_eq!(transform.bins(), oracle.bins());
                let fields = 3;
                let (points, bins) = (fields * transform.points(), fields * oracle.bins());
                let x: Vec<f64> = (0..points).map(|i| (i * i % 31) as f64 - 15.0).collect();
                let mut scratch = transform.scratch(fields);
                let (mut ours, mut theirs) = (Planes::new(bins), Planes::new(bins));
                transform.forward(fields, 0.5, &x, ours.write(bins), &mut scratch);
                oracle.rfftn(fields, 0.5, BinWeight::One, &x, theirs.write(bins));
                let close =
                    |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-11);
                assert!(close(&ours.re, &theirs.re) && close(&ours.im, &theirs.im));
                let (mut a, mut b) = (vec![0.0; points], vec![0.0; points]);
                transform.inverse(fields, 0.25, theirs.read(bins), &mut a, &mut scratch);
                oracle.irfftn(fields, 0.25, BinWeight::One, theirs.read(bins), &mut b);
                assert!(close(&a, &b), "{sizes:?}");
            }
        }
    }
}
