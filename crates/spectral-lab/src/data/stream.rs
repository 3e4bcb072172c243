//! Independent random streams drawn from one seed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator behind all data: portable and seekable, so equal seeds give equal data on every
/// machine and for any number of threads.
pub(crate) type Stream = ChaCha8Rng;

/// The purpose of the numbers. Different purposes never share a stream, even with the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Pixels of a digit.
    Glyphs,
    /// Pixels of a texture.
    Textures,
    /// The order of an epoch.
    Shuffle,
    /// The division of a folder into training and test part.
    Split,
    /// Augmentation of a training image.
    Augment,
    /// The move of a training field.
    Symmetry,
}

impl Purpose {
    fn tag(self) -> [u8; 8] {
        *match self {
            Self::Glyphs => b"glyphs..",
            Self::Textures => b"textures",
            Self::Shuffle => b"shuffle.",
            Self::Split => b"split...",
            Self::Augment => b"augment.",
            Self::Symmetry => b"symmetry",
        }
    }
}

/// The part of a generated set that an image belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Train,
    Test,
}

/// Stream `index` of `purpose` under `seed`: the key holds seed and purpose, the ChaCha stream
/// number the index, so that no two (seed, purpose, index) share numbers.
pub(crate) fn stream(seed: u64, purpose: Purpose, index: u64) -> Stream {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&purpose.tag());
    let mut stream = ChaCha8Rng::from_seed(key);
    stream.set_stream(index);
    stream
}

/// The stream of image `index` of a part: even stream numbers for training, odd ones for testing.
pub(crate) fn image_stream(seed: u64, purpose: Purpose, part: Part, index: usize) -> Stream {
    stream(seed, purpose, (index as u64) << 1 | part as u64)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn equal_arguments_give_equal_numbers_and_different_ones_do_not() {
        let draw = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        assert_eq!(draw(1, Purpose::Glyphs, 2), draw(1, Purpose::Glyphs, 2),);
        let others = [
            draw(1, Purpose::Glyphs, 2),
            draw(2, Purpose::Glyphs, 2),
            draw(1, Purpose::Textures, 2),
            draw(1, Purpose::Glyphs, 3),
        ];
        for (i, a) in others.iter().enumerate() {
            assert!(others[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn training_and_test_images_never_share_a_stream() {
        let train = image_stream(5, Purpose::Glyphs, Part::Train, 7).get_stream();
        let test = image_stream(5, Purpose::Glyphs, Part::Test, 7).get_stream();
        assert_eq!((train, test), (14, 15));
    }
}
