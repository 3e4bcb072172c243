//! Conversions between full spectra and half-spectra, and the Hermitian part of a spectrum.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, Scalar, Simd, Vector, count};

use crate::shape::{Planar, PlanarMut, half_bins};

/// Spectra of images, full `[count, height, width]` or half `[count, height, width/2 + 1]`.
///
/// # Panics
/// All methods panic if the length of a slice does not match its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HermitianSpectra {
    /// Number of images.
    pub count: usize,
    /// Height and width of each image in samples.
    pub size: [usize; 2],
}

impl HermitianSpectra {
    /// Bins of all full spectra together.
    pub fn full_len(&self) -> usize {
        count(&[self.count, self.size[0], self.size[1]])
    }

    /// Bins of all half-spectra together.
    pub fn half_len(&self) -> usize {
        count(&[self.count, self.size[0], half_bins(self.size[1])])
    }

    /// Computes `h_k = w·(x_k + conj(x_{−k}))` for the bins of the half-spectra, where `w` is `factor` for bins whose
    /// mirror bin is not part of the half-spectrum and 1/2 for the other columns.
    ///
    /// With a factor of 1/2 this is the spectrum of the real part of the image; with 1 it is the adjoint of
    /// [`Self::complete`] with factor 1.
    pub fn symmetrize<T: Scalar>(&self, factor: T, x: Planar<'_, T>, h: PlanarMut<'_, T>) {
        x.expect("full spectra", self.full_len());
        h.expect("half-spectra", self.half_len());
        T::enter::<WorkEntry>(Work {
            spectra: *self,
            factor,
            from: x,
            to: [Shared::new(h.re), Shared::new(h.im)],
            to_half: true,
        });
    }

    /// Expands half-spectra to full spectra: `x_k = w·h_k` and `x_{−k} = w·conj(h_k)` with `w = factor`. Columns whose
    /// mirror bins are part of the half-spectrum become their Hermitian part `(h_k + conj(h_{−k}))/2`.
    ///
    /// With a factor of 1 this fills in the bins that a real transform omits; with 1/2 it is the adjoint of
    /// [`Self::symmetrize`] with factor 1/2.
    pub fn complete<T: Scalar>(&self, factor: T, h: Planar<'_, T>, x: PlanarMut<'_, T>) {
        h.expect("half-spectra", self.half_len());
        x.expect("full spectra", self.full_len());
        T::enter::<WorkEntry>(Work {
            spectra: *self,
            factor,
            from: h,
            to: [Shared::new(x.re), Shared::new(x.im)],
            to_half: false,
        });
    }
}

/// One of the two maps, over all images.
pub struct Work<'a, T> {
    spectra: HermitianSpectra,
    factor: T,
    from: Planar<'a, T>,
    to: [Shared<T>; 2],
    to_half: bool,
}

spectral_lanes::entry!(WorkEntry, Work);

impl<T: Scalar> Work<'_, T> {
    /// Runs the computation, in parallel if it is large enough.
    pub fn run(self) {
        /// Approximate number of bins per task.
        const BINS: usize = 1 << 14;
        let HermitianSpectra { count, size } = self.spectra;
        let samples = size[0] * size[1];
        if count * samples == 0 {
            return;
        }
        let set = InstructionSet::current();
        let each = BINS.div_ceil(samples);
        for_each(count.div_ceil(each), count * samples / 2, |task| {
            let first = task * each;
            T::dispatch(
                set,
                Task {
                    work: &self,
                    first,
                    count: each.min(count - first),
                },
            );
        });
    }
}

/// A range of images, starting with `first`.
struct Task<'a, T> {
    work: &'a Work<'a, T>,
    first: usize,
    count: usize,
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let Work {
            spectra: HermitianSpectra { size, .. },
            factor,
            from,
            to,
            to_half,
        } = *self.work;
        let [height, width] = size;
        let (full, half) = (height * width, height * half_bins(width));
        let (input, output) = match to_half {
            true => (full, half),
            false => (half, full),
        };
        for image in self.first..self.first + self.count {
            for (part, (from, to)) in [(from.re, to[0]), (from.im, to[1])].into_iter().enumerate() {
                let from = &from[image * input..(image + 1) * input];
                // SAFETY: the output holds `output` elements per image, and each task writes only those of its own
                // images.
                let to = unsafe { std::slice::from_raw_parts_mut(to.at(image * output), output) };
                // The sign of the mirror bin's part: conjugation negates the imaginary part.
                let sign = T::of(if part == 0 { 1.0 } else { -1.0 });
                match to_half {
                    true => symmetrize(simd, size, factor, sign, from, to),
                    false => complete(simd, size, factor, sign, from, to),
                }
            }
        }
    }
}

/// The mirror image of a row index. Avoids a division, which would take longer than everything else.
#[inline(always)]
fn opposite(row: usize, height: usize) -> usize {
    match row {
        0 => 0,
        row => height - row,
    }
}

/// The columns whose mirror bins are not part of the half-spectrum are 1 up to this, exclusive.
#[inline(always)]
fn paired(width: usize) -> usize {
    width.div_ceil(2).max(1)
}

#[inline(always)]
fn symmetrize<T: Scalar, S: Simd<T>>(
    simd: S,
    [height, width]: [usize; 2],
    factor: T,
    sign: T,
    from: &[T],
    to: &mut [T],
) {
    let (bins, paired) = (half_bins(width), paired(width));
    let half = T::of(0.5);
    let (factors, signs) = (simd.splat(factor), simd.splat(sign));
    for (row, to) in to.chunks_exact_mut(bins).enumerate() {
        let line = &from[row * width..(row + 1) * width];
        let opposite = opposite(row, height) * width;
        to[0] = half * (line[0] + sign * from[opposite]);
        for start in (1..paired).step_by(S::LANES) {
            let count = S::LANES.min(paired - start);
            let to = &mut to[start..start + count];
            let line = &line[start..start + count];
            // Position of the mirror bin of the first of them; those of the others precede it.
            let last = opposite + width - start;
            match turned(simd, from, last) {
                Some(mirror) => {
                    let sum = mirror.mul_add(signs, read(simd, line));
                    write(simd, to, sum * factors);
                }
                None => {
                    for (at, (to, line)) in to.iter_mut().zip(line).enumerate() {
                        *to = factor * (*line + sign * from[last - at]);
                    }
                }
            }
        }
        if paired < bins {
            to[paired] = half * (line[paired] + sign * from[opposite + paired]);
        }
    }
}

#[inline(always)]
fn complete<T: Scalar, S: Simd<T>>(
    simd: S,
    [height, width]: [usize; 2],
    factor: T,
    sign: T,
    from: &[T],
    to: &mut [T],
) {
    let (bins, paired) = (half_bins(width), paired(width));
    let half = T::of(0.5);
    let factors = simd.splat(factor * sign);
    for (row, to) in to.chunks_exact_mut(width).enumerate() {
        let line = &from[row * bins..(row + 1) * bins];
        let opposite = opposite(row, height) * bins;
        to[0] = half * (line[0] + sign * from[opposite]);
        for start in (1..paired).step_by(S::LANES) {
            let end = paired.min(start + S::LANES);
            let scaled = read(simd, &line[start..end]) * simd.splat(factor);
            write(simd, &mut to[start..end], scaled);
        }
        if paired < bins {
            to[paired] = half * (line[paired] + sign * from[opposite + paired]);
        }
        let images = paired - 1;
        for start in (0..images).step_by(S::LANES) {
            let count = S::LANES.min(images - start);
            let to = &mut to[bins + start..bins + start + count];
            let last = opposite + images - start;
            match turned(simd, from, last) {
                Some(mirror) => write(simd, to, mirror * factors),
                None => {
                    for (at, to) in to.iter_mut().enumerate() {
                        *to = factor * sign * from[last - at];
                    }
                }
            }
        }
    }
}

/// A vector of elements of a plane from `last` backwards, or `None` if fewer than a vector remain.
#[inline(always)]
fn turned<T: Scalar, S: Simd<T>>(simd: S, from: &[T], last: usize) -> Option<S::V> {
    let first = (last + 1).checked_sub(S::LANES)?;
    let numbers = &from[first..=last];
    // SAFETY: the slice is one vector long.
    Some(unsafe { simd.load(numbers.as_ptr()) }.reversed())
}

/// Loads at most one vector of elements.
#[inline(always)]
fn read<T: Scalar, S: Simd<T>>(simd: S, from: &[T]) -> S::V {
    // SAFETY: at most `from.len()` elements are read, and a whole vector only if the slice holds one.
    unsafe {
        match from.len() == S::LANES {
            true => simd.load(from.as_ptr()),
            false => simd.load_part(from.as_ptr(), from.len()),
        }
    }
}

/// Stores the first elements of a vector, as many as `to` holds.
#[inline(always)]
fn write<T: Scalar, S: Simd<T>>(simd: S, to: &mut [T], numbers: S::V) {
    // SAFETY: as in `read`.
    unsafe {
        match to.len() == S::LANES {
            true => simd.store(to.as_mut_ptr(), numbers),
            false => simd.store_part(to.as_mut_ptr(), numbers, to.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle;

    const SIZES: [[usize; 2]; 10] = [
        [1, 1],
        [1, 2],
        [2, 1],
        [1, 7],
        [7, 1],
        [4, 6],
        [5, 5],
        [28, 28],
        [3, 34],
        [13, 37],
    ];

    fn noise(len: usize, seed: u64) -> Vec<f64> {
        let mut state = seed;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as f64 / f64::from(1u32 << 30) - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    fn parts(len: usize, seed: u64) -> [Vec<f64>; 2] {
        [noise(len, seed), noise(len, seed + 100)]
    }

    fn planar(parts: &[Vec<f64>; 2]) -> Planar<'_, f64> {
        Planar {
            re: &parts[0],
            im: &parts[1],
        }
    }

    fn filled(len: usize, fill: impl FnOnce(PlanarMut<'_, f64>)) -> [Vec<f64>; 2] {
        let (mut re, mut im) = (vec![f64::NAN; len], vec![f64::NAN; len]);
        fill(PlanarMut {
            re: &mut re,
            im: &mut im,
        });
        [re, im]
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10)
    }

    #[test]
    fn a_half_spectrum_of_a_real_image_becomes_its_full_spectrum() {
        for size in SIZES {
            let spectra = HermitianSpectra { count: 3, size };
            let images = noise(spectra.full_len(), 1);
            let zeros = vec![0.0; images.len()];
            let (re, im) = oracle::dft_nd(3, &size, false, &images, &zeros);
            let (half_re, half_im) = oracle::real_dft_nd(3, &size, &images);
            let half = [half_re, half_im];
            let full = filled(spectra.full_len(), |x| {
                spectra.complete(1.0, planar(&half), x)
            });
            assert!(close(&full[0], &re) && close(&full[1], &im), "{size:?}");
            let again = filled(spectra.half_len(), |h| {
                spectra.symmetrize(0.5, planar(&full), h)
            });
            assert!(
                close(&again[0], &half[0]) && close(&again[1], &half[1]),
                "{size:?}"
            );
        }
    }

    #[test]
    fn a_symmetrized_spectrum_is_that_of_the_real_part() {
        for size in SIZES {
            let spectra = HermitianSpectra { count: 2, size };
            let [re, im] = parts(spectra.full_len(), 3);
            let half = filled(spectra.half_len(), |h| {
                spectra.symmetrize(0.5, Planar { re: &re, im: &im }, h);
            });
            let (image, _) = oracle::dft_nd(2, &size, true, &re, &im);
            let samples = (size[0] * size[1]) as f64;
            let image: Vec<f64> = image.iter().map(|x| x / samples).collect();
            let (want_re, want_im) = oracle::real_dft_nd(2, &size, &image);
            assert!(
                close(&half[0], &want_re) && close(&half[1], &want_im),
                "{size:?}"
            );
        }
    }

    #[test]
    fn each_is_the_adjoint_of_the_other() {
        let dot = |a: &[Vec<f64>; 2], b: &[Vec<f64>; 2]| -> f64 {
            a.iter()
                .flatten()
                .zip(b.iter().flatten())
                .map(|(a, b)| a * b)
                .sum()
        };
        for size in SIZES {
            let spectra = HermitianSpectra { count: 2, size };
            let (full, half) = (parts(spectra.full_len(), 5), parts(spectra.half_len(), 6));
            for factor in [0.5, 1.0] {
                let down = filled(spectra.half_len(), |h| {
                    spectra.symmetrize(factor, planar(&full), h)
                });
                let up = filled(spectra.full_len(), |x| {
                    spectra.complete(factor, planar(&half), x)
                });
                let (left, right) = (dot(&down, &half), dot(&full, &up));
                assert!(
                    (left - right).abs() < 1e-10 * (1.0 + left.abs()),
                    "{size:?} {factor}"
                );
            }
        }
    }

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() {
        let spectra = HermitianSpectra {
            count: 300,
            size: [17, 14],
        };
        let full = parts(spectra.full_len(), 7);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                filled(spectra.half_len(), |h| {
                    spectra.symmetrize(0.5, planar(&full), h)
                })
            })
        };
        assert_eq!(run(1), run(3));
    }
}
