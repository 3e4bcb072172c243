//! Energies of fields by radial wavenumber.

use spectral_kernels::{BinWeight, PlanarMut, half_bins, rfftn};

/// The wavenumbers of a grid's Fourier modes, rounded to whole numbers.
///
/// A mode with `k_a` waves along axis `a` of a domain has the radial wavenumber `|k| = √(Σ k_a²)` and
/// belongs to the shell of the nearest whole number.
#[derive(Debug, Clone)]
pub(super) struct Shells {
    channels: usize,
    sizes: Vec<usize>,
    /// The shell of each bin of the half-spectrum.
    shell: Vec<usize>,
    /// The number of modes that each bin stands for, halved.
    weight: Vec<f64>,
}

impl Shells {
    /// # Shapes
    /// Fields are `[channels, sizes…]` with one to three sizes, none of them 0.
    pub(super) fn new(channels: usize, sizes: &[usize]) -> Self {
        let (last, leading) = sizes.split_last().expect("at least one axis");
        // Squared wavenumbers, axis by axis, with how often each bin counts.
        let mut modes: Vec<(usize, f64)> = vec![(0, 0.5)];
        for &size in leading {
            let along = |k: usize| k.min(size - k).pow(2);
            let axis = |&(square, weight)| (0..size).map(move |k| (square + along(k), weight));
            modes = modes.iter().flat_map(axis).collect();
        }
        let axis = |&(square, weight): &(usize, f64)| {
            (0..half_bins(*last)).map(move |k| {
                let is_own_mirror = k == 0 || 2 * k == *last;
                let twice = if is_own_mirror { 1.0 } else { 2.0 };
                (square + k * k, weight * twice)
            })
        };
        modes = modes.iter().flat_map(axis).collect();
        Self {
            channels,
            sizes: sizes.to_vec(),
            shell: (modes.iter())
                .map(|&(square, _)| (square as f64).sqrt().round() as usize)
                .collect(),
            weight: modes.iter().map(|&(_, weight)| weight).collect(),
        }
    }

    /// The number of values of a field.
    pub(super) fn values(&self) -> usize {
        self.channels * self.sizes.iter().product::<usize>()
    }

    /// The highest shell; in two and three dimensions that of the corners of the spectrum.
    pub(super) fn highest(&self) -> usize {
        self.shell.iter().copied().max().unwrap_or(0)
    }

    /// The highest wavenumber that the grid resolves in every direction.
    pub(super) fn resolved(&self) -> usize {
        self.sizes.iter().map(|size| size / 2).min().unwrap_or(0)
    }

    /// The energy of each shell, summed over channels: `½ Σ |û_k|²` with `û = FFT(u)/N`, so that the
    /// energies sum to half the mean square of the field.
    pub(super) fn energies(&self, field: &[f64]) -> Vec<f64> {
        let bins = self.shell.len();
        let points: usize = self.sizes.iter().product();
        let (mut re, mut im) = (
            vec![0.0; self.channels * bins],
            vec![0.0; self.channels * bins],
        );
        rfftn(
            self.channels,
            &self.sizes,
            1.0 / points as f64,
            BinWeight::One,
            field,
            PlanarMut {
                re: &mut re,
                im: &mut im,
            },
        );
        let mut energies = vec![0.0; self.highest() + 1];
        for (re, im) in re.chunks(bins).zip(im.chunks(bins)) {
            for (((re, im), &shell), weight) in re.iter().zip(im).zip(&self.shell).zip(&self.weight)
            {
                energies[shell] += weight * (re * re + im * im);
            }
        }
        energies
    }
}

#[cfg(test)]
mod tests {
    use spectral_kernels::oracle;

    use super::*;

    fn noise(count: usize) -> Vec<f64> {
        let mut state = 7u64;
        let next = || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 40) as f64 / (1u64 << 23) as f64 - 1.0
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    /// Every mode of the full spectrum by the naive transform, axis after axis.
    fn naive(sizes: &[usize], field: &[f64]) -> Vec<f64> {
        let points: usize = sizes.iter().product();
        let mut spectrum = (field.to_vec(), vec![0.0; points]);
        for (axis, &size) in sizes.iter().enumerate() {
            let outer: usize = sizes[..axis].iter().product();
            let inner: usize = sizes[axis + 1..].iter().product();
            spectrum = oracle::dft_axis(outer, size, inner, false, &spectrum.0, &spectrum.1);
        }
        let mut energies = Vec::new();
        for index in 0..points {
            let (mut rest, mut square) = (index, 0.0);
            for &size in sizes.iter().rev() {
                let k = rest % size;
                let signed = if 2 * k > size {
                    k as f64 - size as f64
                } else {
                    k as f64
                };
                square += signed * signed;
                rest /= size;
            }
            let shell = f64::sqrt(square).round() as usize;
            if energies.len() <= shell {
                energies.resize(shell + 1, 0.0);
            }
            let size = spectrum.0[index].hypot(spectrum.1[index]) / points as f64;
            energies[shell] += 0.5 * size * size;
        }
        energies
    }

    #[test]
    fn energies_agree_with_the_naive_transform() {
        for sizes in [
            &[16][..],
            &[15],
            &[1],
            &[8, 6],
            &[5, 9],
            &[1, 4],
            &[4, 5, 6],
        ] {
            let points: usize = sizes.iter().product();
            let field = noise(2 * points);
            let energies = Shells::new(2, sizes).energies(&field);
            let parts = field.chunks(points).map(|part| naive(sizes, part));
            let sum = parts.reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect());
            let sum = sum.unwrap();
            assert_eq!(energies.len(), sum.len(), "{sizes:?}");
            for (shell, (a, b)) in energies.iter().zip(&sum).enumerate() {
                assert!((a - b).abs() < 1e-13, "{sizes:?} {shell}: {a} {b}");
            }
            let square: f64 = field.iter().map(|value| value * value).sum();
            let total: f64 = energies.iter().sum();
            assert!(
                (total - 0.5 * square / points as f64).abs() < 1e-12,
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn a_wave_has_its_energy_in_one_shell() {
        let shells = Shells::new(1, &[16, 16]);
        assert_eq!(
            (shells.resolved(), shells.highest(), shells.values()),
            (8, 11, 256)
        );
        let wave = |index: usize| {
            let angle = std::f64::consts::TAU * (3 * (index / 16) + 4 * (index % 16)) as f64 / 16.0;
            angle.cos()
        };
        let energies = shells.energies(&(0..256).map(wave).collect::<Vec<_>>());
        for (shell, energy) in energies.iter().enumerate() {
            let expected = if shell == 5 { 0.25 } else { 0.0 };
            assert!((energy - expected).abs() < 1e-14, "{shell}: {energy}");
        }
    }
}
