//! Transfers between the tile and kept bins in memory.

use spectral_lanes::{Scalar, Simd, copy};

use super::task::Task;

impl<T: Scalar> Task<'_, T> {
    /// Start addresses of an image's lines of kept bins.
    #[inline(always)]
    fn bins_of(&self, image: usize) -> [*mut T; 2] {
        let per_image = self.layout.kept.len() * self.layout.bins;
        self.spectrum
            .map(|part| part.at((self.first + image) * per_image))
    }

    /// Stores the kept bins from the tile; if bins 0 and n/2 share the first column, it is split.
    #[inline(always)]
    pub(super) fn spectra_out<S: Simd<T>>(&self, simd: S, tile: *const T) {
        let layout = self.layout;
        let (bins, columns, width) = (layout.bins, layout.columns, layout.width);
        let (half, two) = (layout.n / 2, T::of(0.5));
        for image in 0..self.count {
            let [mut re, mut im] = self.bins_of(image);
            for (&row, &mirrored) in layout.kept.iter().zip(&layout.mirror) {
                // SAFETY: a pair of rows of the tile and one line of each output plane, which is at least as long; with
                // a shared first column the line has an additional bin h = n/2.
                unsafe {
                    let from = tile.add(self.in_tile(image, row));
                    copy(simd, from, re, columns);
                    copy(simd, from.add(width), im, columns);
                    if layout.packed {
                        let other = tile.add(self.in_tile(image, mirrored));
                        let (x, y) = (*from, *from.add(width));
                        let (x2, y2) = (*other, *other.add(width));
                        *re = (x + x2) * two;
                        *im = (y - y2) * two;
                        *re.add(half) = (y + y2) * two;
                        *im.add(half) = (x2 - x) * two;
                    }
                }
                re = re.wrapping_add(bins);
                im = im.wrapping_add(bins);
            }
        }
    }

    /// Loads the kept bins into the tile. If bins 0 and n/2 share the first column, their Hermitian parts are stored
    /// there, which are all that the real samples depend on.
    #[inline(always)]
    pub(super) fn spectra_in<S: Simd<T>>(&self, simd: S, tile: *mut T) {
        let layout = self.layout;
        let (bins, columns, width) = (layout.bins, layout.columns, layout.width);
        let (half, two) = (layout.n / 2, T::of(0.5));
        for image in 0..self.count {
            let [image_re, image_im] = self.bins_of(image).map(<*mut T>::cast_const);
            for (i, &row) in layout.kept.iter().enumerate() {
                // SAFETY: one line of each input plane and a pair of rows of the tile, which is no longer; with a
                // shared first column all rows are kept, in order, and the line has a bin h = n/2.
                unsafe {
                    let (re, im) = (image_re.add(i * bins), image_im.add(i * bins));
                    let to = tile.add(self.in_tile(image, row));
                    copy(simd, re, to, columns);
                    copy(simd, im, to.add(width), columns);
                    if layout.packed {
                        let other = layout.mirror[i] * bins;
                        let (re2, im2) = (image_re.add(other), image_im.add(other));
                        *to = (*re + *re2 - (*im.add(half) - *im2.add(half))) * two;
                        *to.add(width) = (*im - *im2 + *re.add(half) + *re2.add(half)) * two;
                    }
                }
            }
        }
    }
}
