//! Every parser of files, for fuzzing: the result does not matter, only that parsing finishes soon
//! and in little memory.

use std::fs;
use std::path::Path;

use crate::cli;
use spectral_lab::train::{ModelDescription, RunConfig};
use spectral_lab::{data, train};

/// A parser: its name, a function of a file's bytes, and valid files to start from.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    run: fn(&Path, &[u8]) -> bool,
    seeds: fn(&Path) -> Vec<Vec<u8>>,
}

/// Every parser.
pub const TARGETS: [Target; 11] = [
    Target {
        name: "idx-images",
        run: |_, bytes| data::fuzzing::idx_images(bytes),
        seeds: |_| vec![idx_images()],
    },
    Target {
        name: "idx-labels",
        run: |_, bytes| data::fuzzing::idx_labels(bytes),
        seeds: |_| vec![[&[0, 0, 8, 1, 0, 0, 0, 3][..], &[0, 9, 4]].concat()],
    },
    Target {
        name: "packed",
        run: |folder, bytes| {
            let read = |name| through_file(&folder.join(name), bytes, data::fuzzing::packed);
            // Both, whatever the first returns.
            read("file.gz") | read("file.xz")
        },
        seeds: |_| vec![data::fuzzing::gzip(&idx_images()), XZ.to_vec()],
    },
    Target {
        name: "cifar",
        run: |_, bytes| data::fuzzing::cifar(bytes),
        seeds: |_| vec![data::fuzzing::small_cifar()],
    },
    Target {
        name: "cifar-archive",
        run: |folder, bytes| {
            through_file(&folder.join("file.tar.gz"), bytes, data::fuzzing::archive)
        },
        seeds: |_| vec![data::fuzzing::small_archive()],
    },
    Target {
        name: "image",
        run: |_, bytes| data::fuzzing::image(bytes),
        // The files beside this module's test.
        seeds: |_| Vec::new(),
    },
    Target {
        name: "fields",
        run: |_, bytes| data::fuzzing::fields(bytes),
        // The files beside this module's test, which NumPy wrote.
        seeds: |_| Vec::new(),
    },
    Target {
        name: "config",
        run: |_, bytes| {
            let config = train::fuzzing::config(&String::from_utf8_lossy(bytes));
            config.is_some_and(|run| cli::takes_settings(&run.model, &run.data))
        },
        seeds: |_| vec![CONFIG.into()],
    },
    Target {
        name: "state",
        run: |_, bytes| train::fuzzing::state(&String::from_utf8_lossy(bytes)),
        seeds: |_| vec![STATE.into()],
    },
    Target {
        name: "weights",
        run: |folder, bytes| {
            through_file(&folder.join("file.safetensors"), bytes, |path| {
                let (accepted, model) = train::fuzzing::weights(path);
                let data = train::DataDescription::default();
                accepted & model.is_none_or(|model| cli::takes_settings(&model, &data))
            })
        },
        seeds: |folder| {
            let path = folder.join("seed.safetensors");
            let description: ModelDescription = toml::from_str::<RunConfig>(CONFIG)
                .map(|config| config.model)
                .unwrap_or_default();
            train::fuzzing::write_weights(&path, &description);
            fs::read(path).into_iter().collect()
        },
    },
    Target {
        name: "optimizer",
        run: |folder, bytes| {
            through_file(&folder.join("file.bpk"), bytes, train::fuzzing::optimizer)
        },
        seeds: |folder| {
            let path = folder.join("seed.bpk");
            train::fuzzing::write_optimizer(&path);
            fs::read(path).into_iter().collect()
        },
    },
];

impl Target {
    /// The parser of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Parses a file with these bytes, created in `folder`; returns whether it is accepted.
    pub fn run(&self, folder: &Path, bytes: &[u8]) -> bool {
        (self.run)(folder, bytes)
    }

    /// Valid files, created with the help of `folder`.
    pub fn seeds(&self, folder: &Path) -> Vec<Vec<u8>> {
        (self.seeds)(folder)
    }
}

fn through_file(path: &Path, bytes: &[u8], read: impl Fn(&Path) -> bool) -> bool {
    fs::write(path, bytes).is_ok() && read(path)
}

fn idx_images() -> Vec<u8> {
    let header = [0x803u32, 2, 3, 4].map(u32::to_be_bytes).concat();
    header.into_iter().chain(0..24).collect()
}

/// An xz stream of the IDX file of [`idx_images`], created with XZ Utils.
const XZ: &[u8] = &[
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00, 0x27, 0x00, 0x25, 0x5d, 0x00, 0x00,
    0x60, 0x1e, 0x86, 0xcb, 0xd5, 0x91, 0x5d, 0x1c, 0xc1, 0x6b, 0x4e, 0x03, 0x41, 0x75, 0x5a, 0xde,
    0xd5, 0x1d, 0x3e, 0xaf, 0x62, 0x89, 0x5f, 0x2c, 0x58, 0xce, 0x21, 0x36, 0xd2, 0x76, 0x47, 0xf1,
    0x09, 0x92, 0xf9, 0x34, 0x00, 0x00, 0x00, 0x00, 0x85, 0x6a, 0x8e, 0x96, 0xf3, 0x96, 0xbe, 0x14,
    0x00, 0x01, 0x41, 0x28, 0x95, 0x63, 0x51, 0xfc, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x04, 0x59, 0x5a,
];

const CONFIG: &str = r#"
[model]
name = "free2"

[model.settings]
class_names = ["0", "1", "2"]

[model.settings.input]
channels = 1
height = 12
width = 14
classes = 3

[model.settings.normalize.per-channel]
mean = [0.5]
std = [0.25]

[model.settings.loss]
kind = "cross-entropy"

[data]
name = "glyphs"
classes = ["0", "1", "2"]
image_shape = [1, 12, 14]
train_images = 100
test_images = 10

[data.settings]
seed = 3
train_count = 100
size = [12, 14]

[train]
epochs = 3
batch_size = 16
seed = 7
learning_rate = 0.001

[train.optimizer]
kind = "adam"
beta_1 = 0.9
epsilon = 1e-8
"#;

const STATE: &str = r#"
format = 1

[run]
step = 30

[run.best]
epoch = 2
test_accuracy = 0.5

[[run.history]]
epoch = 1
step = 15
learning_rate = 0.001
train_loss = 2.5
train_accuracy = 0.25
test_loss = 2.25

[run.history.timing]
train_seconds = 1.5
test_seconds = 0.5
images_per_second = 100.0

[parameters]
"linear.weight" = "18446744073709551615"

[files."model.safetensors"]
bytes = 1000
sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
"#;
