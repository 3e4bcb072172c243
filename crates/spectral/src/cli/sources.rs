//! Fingerprint of the source files, at build time and at run time.
//!
//! The build script includes this file as well.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program's sources, relative to the crate's folder.
pub(crate) const PLACES: [&str; 10] = [
    "src",
    "../spectral-studies/src",
    "../spectral-lab/src",
    "../spectral-lab/peers",
    "../burn-spectral/src",
    "../spectral-pde/src",
    "../spectral-kernels/src",
    "../fused-layers/src",
    "../spectral-lanes/src",
    "../../Cargo.lock",
];

/// A hash that changes with the name or contents of any source file; missing paths are left out.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn fingerprint(folder: &Path) -> io::Result<u64> {
    let mut files = Vec::new();
    for place in PLACES {
        let path = folder.join(place);
        if path.exists() {
            collect(&path, place, &mut files)?;
        }
    }
    files.sort();
    let mut hash = Fnv::new();
    for (name, path) in files {
        hash.write(name.as_bytes());
        hash.write(&fs::read(path)?);
    }
    Ok(hash.0)
}

/// The commit of the checkout that a folder belongs to, with `-dirty` if files were changed since;
/// none if it is not a checkout.
pub(crate) fn commit(folder: &Path) -> Option<String> {
    let describe = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=10",
        "--exclude=*",
    ];
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(describe)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_string()).filter(|text| !text.is_empty())
}

/// Collects all files in a folder, recursively, or the file itself, by name.
fn collect(path: &Path, name: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if !path.is_dir() {
        files.push((name.into(), path.to_path_buf()));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        collect(&entry.path(), &name, files)?;
    }
    Ok(())
}

/// The 64-bit FNV-1a hash of Fowler, Noll and Vo, each part preceded by its length. The standard
/// library's hash may change between compilers.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.add(&(bytes.len() as u64).to_le_bytes());
        self.add(bytes);
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_name_or_of_contents_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("crates/spectral");
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "one");
        let first = fingerprint(&folder).unwrap();
        assert_eq!(fingerprint(&folder).unwrap(), first);
        write("README.md", "of no account");
        assert_eq!(fingerprint(&folder).unwrap(), first);
        let mut seen = vec![first];
        for (name, text) in [
            ("src/lib.rs", "two"),
            ("src/a/b.rs", ""),
            ("src/a/c.rs", ""),
            ("../burn-spectral/src/lib.rs", "one"),
            ("../../Cargo.lock", "version = 4"),
        ] {
            write(name, text);
            let now = fingerprint(&folder).unwrap();
            assert!(!seen.contains(&now), "{name}");
            seen.push(now);
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        for (text, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            let mut hash = Fnv::new();
            hash.add(text.as_bytes());
            assert_eq!(hash.0, expected, "{text}");
        }
    }
}
