//! Transfers between the tile and spectra in memory.

use spectral_lanes::{Scalar, Simd, copy, copy_scaled};

use super::Task;
use crate::shape::half_bins;

impl<T: Scalar> Task<'_, T> {
    /// Stores complex lines from the tile, scaled.
    #[inline(always)]
    pub(super) fn complex_out<S: Simd<T>>(&self, simd: S, tile: *const T) {
        let images = self.images;
        let (n, scale) = (images.n, images.scales.ends);
        for image in 0..self.count {
            for row in 0..images.rows {
                let from = tile.wrapping_add(self.in_tile(image, row));
                let to = self.in_plane(image * images.rows + row, n);
                // SAFETY: two rows of the tile and one line of each output plane, of `n` elements each.
                unsafe {
                    copy_scaled(simd, from, self.output[0].at(to), n, scale);
                    copy_scaled(
                        simd,
                        from.wrapping_add(images.width),
                        self.output[1].at(to),
                        n,
                        scale,
                    );
                }
            }
        }
    }

    /// Stores half-spectra from the tile; if bins 0 and n/2 share the first column, it is split.
    #[inline(always)]
    pub(super) fn half_out<S: Simd<T>>(&self, simd: S, tile: *const T) {
        let images = self.images;
        let (columns, width) = (images.columns, images.width);
        let (bins, half, two) = (half_bins(images.n), images.n / 2, T::of(0.5));
        let shared = images.twiddles.is_some();
        for image in 0..self.count {
            let (mut re, mut im) = {
                let first = self.in_plane(image * images.rows, bins);
                (self.output[0].at(first), self.output[1].at(first))
            };
            let mut from = tile.wrapping_add(self.in_tile(image, 0));
            for &mirrored in &images.mirror {
                // SAFETY: a pair of rows of the tile and one line of each output plane, which is at least as long; with
                // a shared first column the line has an additional bin h = n/2.
                unsafe {
                    copy(simd, from, re, columns);
                    copy(simd, from.add(width), im, columns);
                    if shared {
                        let other = tile.add(self.in_tile(image, mirrored));
                        let (x, y) = (*from, *from.add(width));
                        let (x2, y2) = (*other, *other.add(width));
                        *re = (x + x2) * two;
                        *im = (y - y2) * two;
                        *re.add(half) = (y + y2) * two;
                        *im.add(half) = (x2 - x) * two;
                    }
                }
                from = from.wrapping_add(2 * width);
                re = re.wrapping_add(bins);
                im = im.wrapping_add(bins);
            }
        }
    }

    /// Loads half-spectra into the tile. If bins 0 and n/2 share the first column, their Hermitian parts are stored
    /// there, which are all that the real samples depend on.
    #[inline(always)]
    pub(super) fn half_in<S: Simd<T>>(&self, simd: S, tile: *mut T) {
        let images = self.images;
        let (columns, width) = (images.columns, images.width);
        let (bins, half, two) = (half_bins(images.n), images.n / 2, T::of(0.5));
        let shared = images.twiddles.is_some();
        for image in 0..self.count {
            let first = self.in_plane(image * images.rows, bins);
            let image_re = self.input[0].at(first).cast_const();
            let image_im = self.input[1].at(first).cast_const();
            let mut to = tile.wrapping_add(self.in_tile(image, 0));
            for (row, mirrored) in images.mirror.iter().enumerate() {
                let (re, im) = (
                    image_re.wrapping_add(row * bins),
                    image_im.wrapping_add(row * bins),
                );
                // SAFETY: one line of each input plane and a pair of rows of the tile, which is no longer; with a
                // shared first column the line has a bin h = n/2.
                unsafe {
                    copy(simd, re, to, columns);
                    copy(simd, im, to.add(width), columns);
                    if shared {
                        let (re2, im2) =
                            (image_re.add(mirrored * bins), image_im.add(mirrored * bins));
                        *to = (*re + *re2 - (*im.add(half) - *im2.add(half))) * two;
                        *to.add(width) = (*im - *im2 + *re.add(half) + *re2.add(half)) * two;
                    }
                }
                to = to.wrapping_add(2 * width);
            }
        }
    }
}
