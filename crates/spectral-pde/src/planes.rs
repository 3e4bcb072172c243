//! Planar complex data.

use spectral_kernels::{Planar, PlanarMut};

/// Complex values, as two arrays of equal length.
pub struct Planes {
    pub re: Vec<f64>,
    pub im: Vec<f64>,
}

impl Planes {
    /// Zeros.
    pub fn new(len: usize) -> Self {
        Planes {
            re: vec![0.0; len],
            im: vec![0.0; len],
        }
    }

    /// The first `len` values, to read.
    pub fn read(&self, len: usize) -> Planar<'_, f64> {
        Planar {
            re: &self.re[..len],
            im: &self.im[..len],
        }
    }

    /// The first `len` values, to write.
    pub fn write(&mut self, len: usize) -> PlanarMut<'_, f64> {
        PlanarMut {
            re: &mut self.re[..len],
            im: &mut self.im[..len],
        }
    }

    /// All values, to read.
    pub fn all(&self) -> Planar<'_, f64> {
        self.read(self.re.len())
    }

    /// All values, to write.
    pub fn all_mut(&mut self) -> PlanarMut<'_, f64> {
        self.write(self.re.len())
    }

    /// Copies `len` values from `from[start..]` to `self[target..]`.
    pub fn copy(&mut self, target: usize, from: &Planes, start: usize, len: usize) {
        self.re[target..target + len].copy_from_slice(&from.re[start..start + len]);
        self.im[target..target + len].copy_from_slice(&from.im[start..start + len]);
    }
}
