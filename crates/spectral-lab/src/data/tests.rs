//! Loading by name, and the real sets where they are.

use super::*;

fn options() -> DataOptions {
    DataOptions {
        data_dir: Some(PathBuf::from("no-such-folder")),
        train_count: Some(30),
        test_count: Some(20),
        ..DataOptions::default()
    }
}

#[test]
fn embedded_sets_have_the_shape_the_catalog_says() {
    for name in ["glyphs", "textures"] {
        let set = load(name, &options()).unwrap();
        let known = info(name).unwrap();
        assert_eq!(set.name, name);
        assert_eq!(set.classes, known.classes);
        assert_eq!((set.train.len(), set.test.len()), (30, 20));
        for part in [&set.train, &set.test] {
            assert_eq!(part.shape(), [known.channels, known.height, known.width]);
            assert_eq!(part.pixels.len(), part.len() * part.image_len());
        }
    }
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let text = load("imagenet", &options()).unwrap_err().to_string();
    for set in catalog() {
        assert!(text.contains(set.name), "{text}");
    }
    assert!(text.contains("folder:PATH"), "{text}");
}

#[test]
fn counts_of_zero_and_sizes_that_do_not_apply_are_refused() {
    let none = DataOptions {
        test_count: Some(0),
        ..options()
    };
    let sized = DataOptions {
        size: Some((10, 10)),
        ..options()
    };
    let flat = DataOptions {
        size: Some((0, 10)),
        ..options()
    };
    for (name, options) in [("glyphs", &none), ("glyphs", &sized), ("folder:x", &flat)] {
        let error = load(name, options).unwrap_err();
        assert!(matches!(error, DataError::BadOption { .. }), "{error}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let error = load("folder:no/such/photographs", &options()).unwrap_err();
    assert!(error.to_string().contains("no/such/photographs"));
}

/// A set of the folder in the environment variable; says so and gives none without one.
fn real(name: &str) -> Option<DataSet> {
    match std::env::var_os(DATA_VARIABLE) {
        Some(root) if Path::new(&root).join(name).is_dir() => {
            Some(load(name, &DataOptions::default()).unwrap())
        }
        _ => {
            eprintln!("skipped: {name} is not in the folder of {DATA_VARIABLE}");
            None
        }
    }
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 6e-5, "{found} {expected}");
    }
}

#[test]
fn mnist_has_its_published_counts_and_statistics() {
    let Some(set) = real("mnist") else { return };
    let train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    let test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009];
    assert_eq!(set.train.class_counts(10), train);
    assert_eq!(set.test.class_counts(10), test);
    assert_eq!(set.train.shape(), [1, 28, 28]);
    let statistics = set.train.channel_statistics();
    close(&statistics.mean, &[33.318 / 255.0]);
    close(&statistics.std, &[78.567 / 255.0]);
}

#[test]
fn fashion_mnist_has_its_published_counts_and_statistics() {
    let Some(set) = real("fashion-mnist") else {
        return;
    };
    assert_eq!(set.train.class_counts(10), [6000; 10]);
    assert_eq!(set.test.class_counts(10), [1000; 10]);
    assert_eq!(set.classes[9], "ankle boot");
    let statistics = set.train.channel_statistics();
    close(&statistics.mean, &[72.940 / 255.0]);
    close(&statistics.std, &[90.021 / 255.0]);
}

#[test]
fn cifar_10_has_its_published_counts_and_statistics() {
    let Some(set) = real("cifar-10") else { return };
    assert_eq!(set.train.class_counts(10), [5000; 10]);
    assert_eq!(set.test.class_counts(10), [1000; 10]);
    assert_eq!(set.train.shape(), [3, 32, 32]);
    let first = [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981];
    let mut batch = set.train.clone();
    batch.truncate(10_000);
    assert_eq!(batch.class_counts(10), first);
    let statistics = set.train.channel_statistics();
    close(&statistics.mean, &[0.4914, 0.4822, 0.4465]);
    close(&statistics.std, &[0.2470, 0.2435, 0.2616]);
}

#[test]
fn cats_and_dogs_are_all_there() {
    let Some(set) = real("cats-vs-dogs") else {
        return;
    };
    assert_eq!(set.classes, ["cat", "dog"]);
    assert_eq!(set.train.class_counts(2), [1481, 1484]);
    assert_eq!(set.test.class_counts(2), [499, 500]);
    assert_eq!(set.train.shape(), [3, 150, 150]);
}
