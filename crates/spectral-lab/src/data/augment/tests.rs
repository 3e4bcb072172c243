use super::*;
use crate::data::fill_batch;

fn images(count: usize, side: usize) -> Images {
    let len = count * 3 * side * side;
    Images {
        pixels: (0..len).map(|i| (i * i % 253) as u8).collect(),
        channels: 3,
        height: side,
        width: side,
        labels: vec![0; count],
    }
}

fn augmented(augment: &Augment, epoch: u64, indices: &[u32]) -> Vec<f32> {
    let augmenter = Augmenter {
        augment,
        seed: 5,
        epoch,
    };
    let mut out = Vec::new();
    let images = images(6, 9);
    fill_augmented(&images, indices, augmenter, &Normalize::ZeroOne, &mut out).unwrap();
    out
}

#[test]
fn without_settings_images_stay_as_they_are() {
    let (images, indices) = (images(6, 9), [4, 0, 5]);
    for normalize in [
        Normalize::ZeroOne,
        Normalize::SymmetricOne,
        Normalize::per_channel_of(&images),
    ] {
        let (mut plain, mut changed) = (Vec::new(), vec![7.0; 3]);
        fill_batch(&images, &indices, &normalize, &mut plain).unwrap();
        let augment = Augment::default();
        assert!(augment.is_none());
        let augmenter = Augmenter {
            augment: &augment,
            seed: 1,
            epoch: 1,
        };
        fill_augmented(&images, &indices, augmenter, &normalize, &mut changed).unwrap();
        assert_eq!(plain.len(), changed.len());
        for (p, c) in plain.iter().zip(&changed) {
            assert!((p - c).abs() < 1e-6, "{p} {c}");
        }
    }
}

#[test]
fn an_image_is_changed_alike_wherever_it_stands_and_otherwise_in_another_epoch() {
    let augment = Augment::preset("cats-vs-dogs").unwrap();
    let len = 3 * 81;
    let (first, second) = (
        augmented(&augment, 1, &[2, 3]),
        augmented(&augment, 1, &[3]),
    );
    assert_eq!(first[len..], second[..]);
    assert_ne!(augmented(&augment, 2, &[3]), second);
    assert_ne!(first[..len], first[len..]);
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let augment = Augment::preset("cifar").unwrap();
    let with = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| augmented(&augment, 1, &[0, 1, 2, 3, 4, 5]))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn values_stay_within_those_of_bytes() {
    for name in Augment::presets() {
        let augment = Augment::preset(name).unwrap();
        augment.validate().unwrap();
        let values = augmented(&augment, 3, &[0, 1, 2, 3, 4, 5]);
        // Up to the rounding of the scale 1/255.
        assert!(
            values.iter().all(|v| (0.0..=1.0 + 1e-6).contains(v)),
            "{name}"
        );
    }
    assert_eq!(Augment::preset("all"), None);
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let bad = |change: fn(&mut Augment)| {
        let mut augment = Augment::default();
        change(&mut augment);
        augment.validate().unwrap_err().to_string()
    };
    for (text, part) in [
        (bad(|a| a.rotation = 181.0), "augment.rotation"),
        (bad(|a| a.shift_width = -0.1), "augment.shift_width"),
        (bad(|a| a.shift_height = f64::NAN), "augment.shift_height"),
        (bad(|a| a.hue = 0.6), "augment.hue"),
        (bad(|a| a.crop_padding = 5000), "5000"),
        (bad(|a| a.contrast = f64::INFINITY), "augment.contrast"),
    ] {
        assert!(text.contains(part) && text.contains("0 to"), "{text}");
    }
}

#[test]
fn settings_survive_a_file_and_unknown_ones_are_refused() {
    for name in Augment::presets() {
        let augment = Augment::preset(name).unwrap();
        let text = toml::to_string(&augment).unwrap();
        assert_eq!(toml::from_str::<Augment>(&text).unwrap(), augment);
    }
    assert!(toml::from_str::<Augment>("zoom = 0.1").is_err());
    assert!(toml::from_str::<Augment>("fill = 'reflect'").is_err());
}
