//! Every parser meets damaged files: valid ones with bits flipped, pieces cut, doubled or swapped, and
//! lengths and numbers made extreme. The files are the same at every run; `SPECTRAL_CASES=10` makes
//! ten times as many of them. Files that once were found to do harm lie in `fuzz/TARGET/` and are
//! read as they are, too.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use spectral::fuzz::{TARGETS, Target};

/// Damaged files for each parser, unless `SPECTRAL_CASES` multiplies them.
const CASES: usize = 400;

/// The files kept for a parser.
fn kept(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz")
        .join(target.name);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let file = |path: PathBuf| (path.display().to_string(), fs::read(path).unwrap());
    paths.into_iter().map(file).collect()
}

/// Valid files: those of the target and those kept whose names do not say that they were found.
fn seeds(target: &Target, folder: &Path) -> Vec<Vec<u8>> {
    let mut seeds = target.seeds(folder);
    let kept = kept(target).into_iter();
    seeds.extend(
        kept.filter(|(name, _)| !is_found(name))
            .map(|(_, bytes)| bytes),
    );
    seeds
}

fn is_found(name: &str) -> bool {
    Path::new(name)
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("found-"))
}

/// Numbers that lengths are often not prepared for.
const EXTREMES: [u64; 12] = [
    0,
    1,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0xFFFF_FFFF_FFFF_FFFF,
];

/// Words that take the place of a number in a text.
const WORDS: [&str; 14] = [
    "0",
    "-1",
    "1e999",
    "nan",
    "-inf",
    "9223372036854775807",
    "4000000000000000000",
    "9000000",
    "18446744073709551616",
    "0.5",
    "[]",
    "\"\"",
    "{}",
    "true",
];

/// A damaged copy of one of the seeds.
fn damaged(seeds: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = seeds.choose(random).unwrap().clone();
    for _ in 0..random.random_range(1..=4) {
        damage(&mut bytes, seeds, random);
    }
    // Checksums keep most damage from the decoder of a PNG.
    if random.random_bool(0.7) {
        mend_png(&mut bytes);
    }
    bytes.truncate(1 << 20);
    bytes
}

fn damage(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        bytes.push(random.random());
    }
    // Headers are short and decide most.
    let most = match random.random_bool(0.5) {
        true => bytes.len().min(64),
        false => bytes.len(),
    };
    let at = random.random_range(0..most);
    match random.random_range(0..10) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << random.random_range(0..8),
        2 => bytes[at] = random.random(),
        3 | 4 => {
            let width = *[1, 2, 4, 8].choose(random).unwrap();
            let value = *EXTREMES.choose(random).unwrap();
            let number = match random.random_bool(0.5) {
                true => value.to_le_bytes()[..width].to_vec(),
                false => value.to_be_bytes()[8 - width..].to_vec(),
            };
            let end = (at + width).min(bytes.len());
            bytes.splice(at..end, number);
        }
        5 => {
            let end = (at + random.random_range(1..=64)).min(bytes.len());
            bytes.drain(at..end);
        }
        6 => {
            let end = (at + random.random_range(1..=64)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = random.random_range(0..=bytes.len());
            bytes.splice(to..to, piece);
        }
        7 => {
            let other = seeds.choose(random).unwrap();
            let from = random.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        8 => {
            let mut piece = vec![0; random.random_range(1..=16)];
            random.fill_bytes(&mut piece);
            bytes.splice(at..at, piece);
        }
        _ => replace_number(bytes, at, random),
    }
}

/// Puts a word in the place of the next number of a text.
fn replace_number(bytes: &mut Vec<u8>, at: usize, random: &mut ChaCha8Rng) {
    let Some(start) = (at..bytes.len()).find(|&i| bytes[i].is_ascii_digit()) else {
        return;
    };
    let is_number = |byte: &u8| byte.is_ascii_digit() || b".e-+".contains(byte);
    let length = bytes[start..]
        .iter()
        .take_while(|byte| is_number(byte))
        .count();
    let word = WORDS.choose(random).unwrap().bytes();
    bytes.splice(start..start + length, word);
}

/// Gives the chunks of a PNG their checksums again.
fn mend_png(bytes: &mut [u8]) {
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return;
    }
    let mut at = 8;
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let (start, end) = (at + 4, (at + 8).saturating_add(length));
        let Some(chunk) = bytes.get(start..end) else {
            return;
        };
        let mut sum = flate2::Crc::new();
        sum.update(chunk);
        let sum = sum.sum().to_be_bytes();
        let Some(place) = bytes.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&sum);
        at = end + 4;
    }
}

fn times() -> usize {
    let times = std::env::var("SPECTRAL_CASES").ok();
    times.and_then(|times| times.parse().ok()).unwrap_or(1)
}

/// Feeds one file; a panic names it and leaves it to be kept.
fn feed(target: &Target, folder: &Path, bytes: &[u8], name: &str) -> bool {
    // Kept where an abort leaves it too.
    let last = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", target.name));
    fs::write(&last, bytes).unwrap();
    let run = AssertUnwindSafe(|| target.run(folder, bytes));
    match catch_unwind(run) {
        Ok(accepted) => accepted,
        Err(_) => panic!(
            "{} panics on {name}, now in {}",
            target.name,
            last.display()
        ),
    }
}

fn fuzz(name: &str) {
    let target = Target::named(name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in kept(target) {
        feed(target, folder.path(), &bytes, &name);
    }
    let seeds = seeds(target, folder.path());
    for (index, seed) in seeds.iter().enumerate() {
        assert!(
            feed(target, folder.path(), seed, &format!("seed {index}")),
            "{name}: seed {index} is valid and not accepted"
        );
    }
    let mut random = ChaCha8Rng::seed_from_u64(15);
    let mut accepted = 0;
    let cases = CASES * times();
    for case in 0..cases {
        let bytes = damaged(&seeds, &mut random);
        accepted += usize::from(feed(target, folder.path(), &bytes, &format!("case {case}")));
    }
    println!("{name}: {cases} damaged files, {accepted} of them accepted");
}

#[test]
fn every_parser_is_fuzzed() {
    let here = include_str!("fuzz.rs");
    for target in &TARGETS {
        assert!(
            here.contains(&format!("fuzz(\"{}\")", target.name)),
            "{}",
            target.name
        );
    }
}

#[test]
fn damaged_idx_files_are_refused_or_read() {
    fuzz("idx-images");
    fuzz("idx-labels");
}

#[test]
fn damaged_compressed_files_are_refused_or_read() {
    fuzz("packed");
}

#[test]
fn damaged_cifar_files_are_refused_or_read() {
    fuzz("cifar");
    fuzz("cifar-archive");
}

#[test]
fn damaged_arrays_are_refused_or_read() {
    fuzz("fields");
}

#[test]
fn damaged_images_are_refused_or_read() {
    fuzz("image");
}

#[test]
fn damaged_settings_are_refused_or_read() {
    fuzz("config");
}

#[test]
fn a_damaged_training_state_is_refused_or_read() {
    fuzz("state");
}

#[test]
fn damaged_weights_are_refused_or_read() {
    fuzz("weights");
}

#[test]
fn a_damaged_record_of_an_optimizer_is_refused_or_read() {
    fuzz("optimizer");
}
