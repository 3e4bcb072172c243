//! Shared code of the generated data sets: one random stream per image, balanced classes.

use rayon::prelude::*;

use super::error::DataError;
use super::images::Images;
use super::stream::{Part, Purpose, Stream, image_stream};

/// Maximum number of images generated at once (one part of one set).
pub(crate) const MAX_COUNT: usize = 10_000_000;

/// A generated set of gray images, drawn one at a time.
pub(crate) struct Synthetic {
    /// The purpose of its random stream.
    pub purpose: Purpose,
    /// Height and width of the square images.
    pub side: usize,
    /// The number of classes.
    pub classes: usize,
    /// Draws an image of a class into `side * side` bytes.
    pub draw: fn(usize, &mut Stream, &mut [u8]),
}

impl Synthetic {
    /// The first `count` images of a part. Image i has class i mod `classes` and depends only on
    /// seed, part and i: not on `count`, nor on the number of threads.
    pub(crate) fn generate(
        &self,
        seed: u64,
        part: Part,
        count: usize,
    ) -> Result<Images, DataError> {
        if count > MAX_COUNT {
            return Err(DataError::BadOption {
                option: "number of generated images",
                value: count.to_string(),
                accepted: "at most 10,000,000",
            });
        }
        let len = self.side * self.side;
        let mut pixels = vec![0; count * len];
        pixels
            .par_chunks_exact_mut(len)
            .enumerate()
            .for_each(|(index, image)| {
                let mut stream = image_stream(seed, self.purpose, part, index);
                (self.draw)(index % self.classes, &mut stream, image);
            });
        Ok(Images {
            pixels,
            channels: 1,
            height: self.side,
            width: self.side,
            labels: (0..count).map(|i| (i % self.classes) as u16).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::data::{glyphs, textures};

    fn sets() -> [Synthetic; 2] {
        [glyphs::synthetic(), textures::synthetic()]
    }

    #[test]
    fn no_image_is_in_both_training_and_test_part_or_twice_in_one() {
        for set in sets() {
            let train = set.generate(3, Part::Train, 2000).unwrap();
            let test = set.generate(3, Part::Test, 1000).unwrap();
            let distinct: HashSet<&[u8]> = (0..2000)
                .map(|i| train.image(i))
                .chain((0..1000).map(|i| test.image(i)))
                .collect();
            assert_eq!(distinct.len(), 3000);
        }
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        for set in sets() {
            let with = |threads| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap()
                    .install(|| set.generate(1, Part::Train, 200).unwrap())
            };
            assert_eq!(with(1), with(3));
        }
    }

    #[test]
    fn a_smaller_set_is_the_beginning_of_a_larger_one() {
        for set in sets() {
            let mut large = set.generate(1, Part::Test, 50).unwrap();
            large.truncate(20);
            assert_eq!(large, set.generate(1, Part::Test, 20).unwrap());
        }
    }

    #[test]
    fn another_seed_gives_other_images() {
        for set in sets() {
            let one = set.generate(1, Part::Train, 20).unwrap();
            let two = set.generate(2, Part::Train, 20).unwrap();
            for i in 0..20 {
                assert_ne!(one.image(i), two.image(i));
            }
        }
    }

    #[test]
    fn classes_are_balanced() {
        for set in sets() {
            let images = set.generate(0, Part::Train, 100).unwrap();
            assert_eq!(images.class_counts(10), vec![10; 10]);
        }
    }

    #[test]
    fn an_absurd_count_is_refused_before_anything_is_allocated() {
        for set in sets() {
            let error = set.generate(0, Part::Train, usize::MAX).unwrap_err();
            assert!(matches!(error, DataError::BadOption { .. }));
        }
    }
}
