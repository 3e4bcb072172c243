//! What is left of images after a pooling.

use std::rc::Rc;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use spectral_lab::data::{DataSet, Images};
use spectral_lab::report::Picture;

use super::ways::{Pool, Up, Upsampler, moved, nearest};
use crate::StudyError;
use crate::kit::closed_form::{Rows, classify};
use crate::kit::images::{distance, energy, images, relative, root_ratio, values};
use crate::kit::shown::Shown;

/// Images in memory at a time.
const BATCH: usize = 100;

/// Images of a set, and how many of them count.
pub(super) struct Source {
    pub(super) data: Rc<DataSet>,
    pub(super) device: Device,
    /// Test images to pool and bring back.
    pub(super) images: usize,
    /// Training images to fit ways back on.
    pub(super) fitted_on: usize,
    /// The most numbers an image that are given to a classifier.
    pub(super) numbers: usize,
}

/// What a pooling keeps, by one way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) pool: Pool,
    pub(super) up: Up,
    /// Height and width after pooling.
    pub(super) size: [usize; 2],
    /// Share of the values that is kept.
    pub(super) share: f64,
    /// `‖x̂ − x‖/‖x‖`, the mean over images.
    pub(super) error: f64,
    /// Its deviation among images.
    pub(super) deviation: f64,
    /// `‖x̂ − x‖/‖x − mean‖`, all images together, the mean that of each channel of each image.
    pub(super) of_variation: f64,
}

/// How well classes are told apart by pooled images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Told {
    /// None of images as they are.
    pub(super) pool: Option<Pool>,
    pub(super) size: [usize; 2],
    /// Numbers an image.
    pub(super) numbers: usize,
    /// Share of test images classified correctly by the nearest class mean.
    pub(super) nearest_mean: f64,
    /// The same by ridge regression.
    pub(super) ridge: f64,
}

/// What a shift of the image by one pixel does after pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Shifted {
    pub(super) pool: Pool,
    pub(super) size: [usize; 2],
    /// `‖y′ − y‖/‖y‖`.
    pub(super) change: f64,
    /// `‖y′ − y shifted‖/‖y′ − y‖`: 0 where the output is shifted, by a share of its pixels.
    pub(super) unexplained: f64,
}

/// One image brought back by several ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gallery {
    pub(super) size: [usize; 2],
    pub(super) pictures: Vec<Picture>,
}

/// The squares of an image: of the error, of the pixels, of the pixels less their mean.
struct Squares {
    error: f64,
    whole: f64,
    variation: f64,
}

/// Factors by which both sides can be made smaller, the least first.
pub(super) fn factors([height, width]: [usize; 2]) -> Vec<usize> {
    let is_factor = |k: &usize| height.is_multiple_of(*k) && width.is_multiple_of(*k);
    (2..=height.min(width)).filter(is_factor).collect()
}

impl Source {
    pub(super) fn size(&self) -> [usize; 2] {
        [self.data.test.height, self.data.test.width]
    }

    fn share(&self, size: [usize; 2]) -> f64 {
        let [height, width] = self.size();
        (size[0] * size[1]) as f64 / (height * width) as f64
    }

    fn divided(&self, factor: usize) -> [usize; 2] {
        self.size().map(|side| side / factor)
    }

    /// Some images at a time.
    fn batches<'a>(
        &'a self,
        of: &'a Images,
        count: usize,
    ) -> impl Iterator<Item = Result<Tensor<4>, StudyError>> + 'a {
        let count = count.min(of.len());
        (0..count)
            .step_by(BATCH)
            .map(move |start| images(of, start..count.min(start + BATCH), &self.device))
    }

    /// The way back for images pooled by a whole factor.
    fn way_back(
        &self,
        pool: Pool,
        up: Up,
        factor: usize,
    ) -> Result<impl Fn(Tensor<4>) -> Tensor<4> + use<>, StudyError> {
        let (size, block) = (self.divided(factor), [factor; 2]);
        let way = match up {
            Up::Nearest => None,
            Up::Fourier => Some(Upsampler::interpolation(pool, size, block, &self.device)),
            Up::Fitted => {
                let pairs = self.batches(&self.data.train, self.fitted_on);
                let pairs = pairs.map(|batch| {
                    let batch = batch?;
                    Ok((batch.clone(), pool.apply(batch, size)))
                });
                Upsampler::fitted(pairs, block)?
            }
        };
        Ok(move |pooled: Tensor<4>| match &way {
            None => nearest(pooled, block),
            Some(way) => way.forward(pooled),
        })
    }

    /// What is kept of the test images by a pooling and a way back.
    fn kept(
        &self,
        (pool, up): (Pool, Up),
        size: [usize; 2],
        back: impl Fn(Tensor<4>) -> Tensor<4>,
    ) -> Result<Kept, StudyError> {
        let mut all = Vec::new();
        for batch in self.batches(&self.data.test, self.images) {
            let batch = batch?;
            let got = back(pool.apply(batch.clone(), size));
            all.extend(squares(batch, got)?);
        }
        let errors = all.iter().filter(|image| image.whole > 0.0);
        let errors: Vec<f64> = errors
            .map(|image| root_ratio(image.error, image.whole))
            .collect();
        let count = errors.len().max(1) as f64;
        let error = errors.iter().sum::<f64>() / count;
        let variance = errors.iter().map(|one| (one - error).powi(2)).sum::<f64>() / count;
        let sum = |part: fn(&Squares) -> f64| all.iter().map(part).sum::<f64>();
        Ok(Kept {
            pool,
            up,
            size,
            share: self.share(size),
            error,
            deviation: variance.sqrt(),
            of_variation: root_ratio(sum(|image| image.error), sum(|image| image.variation)),
        })
    }

    /// Every pooling by a whole factor, every way back.
    pub(super) fn by_factor(&self, factor: usize) -> Result<Vec<Kept>, StudyError> {
        let pairs = Pool::ALL.iter();
        let pairs = pairs.flat_map(|pool| pool.ways_back().iter().map(|up| (*pool, *up)));
        pairs
            .map(|(pool, up)| {
                let back = self.way_back(pool, up, factor)?;
                self.kept((pool, up), self.divided(factor), back)
            })
            .collect()
    }

    /// Spectral pooling to `rows` rows and as many columns in proportion.
    pub(super) fn spectral(&self, rows: usize) -> Result<Kept, StudyError> {
        let [height, width] = self.size();
        let size = [rows, ((width * rows + height / 2) / height).max(1)];
        let full = [height, width];
        self.kept((Pool::Spectral, Up::Fourier), size, |pooled| {
            burn_spectral::pool::spectral_resize2d(pooled, full)
        })
    }

    /// How well classes are told apart; the images as they are first, if they are small enough.
    pub(super) fn classes(&self, factors: &[usize]) -> Result<Vec<Told>, StudyError> {
        let classes = self.data.classes.len();
        let ways = factors
            .iter()
            .flat_map(|factor| Pool::ALL.map(|pool| (Some(pool), self.divided(*factor))));
        let ways = std::iter::once((None, self.size())).chain(ways);
        let numbers = |size: [usize; 2]| self.data.test.channels * size[0] * size[1];
        ways.filter(|(_, size)| numbers(*size) <= self.numbers)
            .map(|(pool, size)| {
                let train = self.rows(&self.data.train, pool, size)?;
                let test = self.rows(&self.data.test, pool, size)?;
                let found = classify(train, test, classes);
                Ok(Told {
                    pool,
                    size,
                    numbers: numbers(size),
                    nearest_mean: found.nearest_mean,
                    ridge: found.ridge,
                })
            })
            .collect()
    }

    fn rows(&self, of: &Images, pool: Option<Pool>, size: [usize; 2]) -> Result<Rows, StudyError> {
        let mut all = Vec::new();
        for batch in self.batches(of, of.len()) {
            let batch = batch?;
            let pooled = pool.map_or(batch.clone(), |pool| pool.apply(batch, size));
            all.extend(values(pooled)?.into_iter().map(f64::from));
        }
        Ok(Rows {
            width: of.channels * size[0] * size[1],
            values: all,
            labels: of.labels.iter().map(|&label| label.into()).collect(),
        })
    }

    /// What a shift of the images by a pixel, wrapped around, does after each pooling.
    pub(super) fn shifts(&self, factors: &[usize]) -> Result<Vec<Shifted>, StudyError> {
        let mut found = Vec::new();
        for &factor in factors {
            let size = self.divided(factor);
            for pool in Pool::ALL {
                found.push(self.shifted(pool, size)?);
            }
            // An odd side has no Nyquist frequency, whose two signs cannot be told apart.
            if size.iter().all(|side| side.is_multiple_of(2)) {
                found.push(self.shifted(Pool::Spectral, size.map(|side| side - 1))?);
            }
        }
        Ok(found)
    }

    fn shifted(&self, pool: Pool, size: [usize; 2]) -> Result<Shifted, StudyError> {
        let full = self.size();
        let (mut change, mut rest, mut whole) = (0.0, 0.0, 0.0);
        for batch in self.batches(&self.data.test, self.images) {
            let batch = batch?;
            let before = pool.apply(batch.clone(), size);
            for axis in [2, 3] {
                let after = values(pool.apply(batch.clone().roll_dim(1, axis), size))?;
                let by = size[axis - 2] as f64 / full[axis - 2] as f64;
                let expected = values(moved(before.clone(), axis, by))?;
                let before = values(before.clone())?;
                change += distance(&after, &before);
                rest += distance(&after, &expected);
                whole += energy(&before);
            }
        }
        Ok(Shifted {
            pool,
            size,
            change: root_ratio(change, whole),
            unexplained: root_ratio(rest, change),
        })
    }

    /// One image that may be shown, brought back by the natural way of each pooling, and by the best of
    /// the mean's.
    pub(super) fn gallery(
        &self,
        shown: &Shown,
        image: usize,
        factor: usize,
    ) -> Result<Gallery, StudyError> {
        let size = self.divided(factor);
        let original = images(&shown.data().test, image..image + 1, &self.device)?;
        let whole = values(original.clone())?;
        let mut pictures = vec![shown.picture("original", &original)?];
        for (pool, up) in [
            (Pool::Spectral, Up::Fourier),
            (Pool::Max, Up::Nearest),
            (Pool::Mean, Up::Nearest),
            (Pool::Mean, Up::Fitted),
            (Pool::Stride, Up::Nearest),
        ] {
            let back = self.way_back(pool, up, factor)?;
            let got = back(pool.apply(original.clone(), size));
            let error = relative(&values(got.clone())?, &whole);
            let label = format!("{}, {}: error {error:.3}", pool.name(), up.name());
            pictures.push(shown.picture(&label, &got)?);
        }
        Ok(Gallery { size, pictures })
    }
}

/// The squares of each image of a batch.
fn squares(batch: Tensor<4>, got: Tensor<4>) -> Result<Vec<Squares>, StudyError> {
    let [_, channels, height, width] = batch.dims();
    let plane = (height * width).max(1);
    let (batch, got) = (values(batch)?, values(got)?);
    let images = batch
        .chunks(plane * channels)
        .zip(got.chunks(plane * channels));
    let squares = images.map(|(image, got)| {
        let variation = image.chunks(plane).map(|channel| {
            let mean = channel.iter().map(|&x| f64::from(x)).sum::<f64>() / plane as f64;
            let squares = channel.iter().map(|&x| (f64::from(x) - mean).powi(2));
            squares.sum::<f64>()
        });
        Squares {
            error: distance(got, image),
            whole: energy(image),
            variation: variation.sum(),
        }
    });
    Ok(squares.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pixel: impl Fn(usize, usize) -> u8) -> Source {
        let pixels = (0..2 * 64).map(|at| pixel(at % 64 / 8, at % 8));
        let images = Images {
            pixels: pixels.collect(),
            channels: 1,
            height: 8,
            width: 8,
            labels: vec![0, 1],
        };
        Source {
            data: Rc::new(DataSet {
                name: "x".into(),
                classes: vec!["a".into(), "b".into()],
                train: images.clone(),
                test: images,
                list: None,
            }),
            device: Device::flex(),
            images: 2,
            fitted_on: 2,
            numbers: 64,
        }
    }

    fn error(rows: &[Kept], pool: Pool, up: Up) -> f64 {
        let mut rows = rows.iter().filter(|row| (row.pool, row.up) == (pool, up));
        rows.next().unwrap().error
    }

    #[test]
    fn constant_images_lose_nothing() {
        for row in source(|_, _| 100).by_factor(4).unwrap() {
            assert!(row.error < 1e-6, "{row:?}");
            assert_eq!((row.size, row.share), ([2, 2], 1.0 / 16.0));
        }
    }

    #[test]
    fn columns_in_pairs_come_back_from_blocks_and_not_from_low_frequencies() {
        // Pairs of black and white columns: blocks of 2 × 2 are of one color.
        let rows = source(|_, column| 255 * (column / 2 % 2) as u8)
            .by_factor(2)
            .unwrap();
        for pool in [Pool::Max, Pool::Mean, Pool::Stride] {
            assert!(error(&rows, pool, Up::Nearest) < 1e-6);
            assert!(error(&rows, pool, Up::Fitted) < 1e-5);
        }
        // A square wave of period 4 has frequencies 0, ±2 and nothing at the Nyquist frequency of 8
        // samples: x = ½ − ½cos − ½sin. Of ±2, which is the Nyquist frequency of 4 samples, the
        // cosine alone is kept: 1/8 of the mean square 1/2 is lost.
        let lost = error(&rows, Pool::Spectral, Up::Fourier);
        assert!((lost - 0.5).abs() < 1e-5, "{lost}");
    }

    #[test]
    fn spectral_pooling_to_the_same_size_keeps_everything_and_to_one_the_mean() {
        let source = source(|row, column| (20 * row + 3 * column) as u8);
        let whole = source.spectral(8).unwrap();
        assert!(whole.error < 1e-6 && whole.share == 1.0);
        let mean = source.spectral(1).unwrap();
        assert!((mean.of_variation - 1.0).abs() < 1e-5, "{mean:?}");
    }

    #[test]
    fn a_shift_is_a_shift_after_spectral_pooling_to_odd_sizes() {
        let source =
            source(|row, column| ((row * row * 31 + column * 57 + row * column * 7) % 256) as u8);
        for row in source.shifts(&[2]).unwrap() {
            assert!(row.change > 0.0, "{row:?}");
            match (row.pool, row.size[0] % 2) {
                (Pool::Spectral, 1) => assert!(row.unexplained < 1e-4, "{row:?}"),
                (Pool::Spectral, _) => (),
                _ => assert!(row.unexplained > 0.1, "{row:?}"),
            }
        }
    }

    #[test]
    fn factors_divide_both_sides() {
        assert_eq!(factors([12, 8]), [2, 4]);
        assert_eq!(factors([7, 7]), [7]);
    }
}
