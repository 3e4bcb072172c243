//! Plain, gzip and xz files as one kind of byte stream that never trusts a claimed length.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::error::DataError;

/// Maximum expansion of a Deflate stream.
const DEFLATE_RATIO: u64 = 1032;

/// Maximum memory of an xz stream's dictionary; `xz -9` uses 64 MiB.
const XZ_MEMORY_KIB: u32 = 256 * 1024;

/// Suffixes of files that can replace the plain one, plain first.
pub(crate) const SUFFIXES: [&str; 3] = ["", ".gz", ".xz"];

/// The decompressed content of a file, read from beginning to end.
pub(crate) struct Content<'a> {
    path: PathBuf,
    reader: Box<dyn Read + 'a>,
    packed: bool,
    /// An upper bound on the remaining content, if the file's length gives one.
    bound: Option<u64>,
    consumed: u64,
}

impl Content<'static> {
    /// Opens a file; its extension (`.gz`, `.xz` or other) tells the compression.
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::io(path))?;
        let metadata = file.metadata().map_err(DataError::io(path))?;
        if metadata.is_dir() {
            return Err(DataError::io(path)(ErrorKind::IsADirectory.into()));
        }
        let len = metadata.len();
        let file = BufReader::with_capacity(1 << 16, file);
        let ending = path.extension().and_then(|e| e.to_str());
        let (reader, bound): (Box<dyn Read>, _) = match ending {
            Some("gz") => (
                Box::new(MultiGzDecoder::new(file)),
                Some(len.saturating_mul(DEFLATE_RATIO)),
            ),
            Some("xz") => (
                Box::new(XzReader::new_mem_limit(file, true, XZ_MEMORY_KIB)),
                None,
            ),
            _ => (Box::new(file), Some(len)),
        };
        Ok(Self {
            path: path.to_path_buf(),
            reader,
            packed: matches!(ending, Some("gz" | "xz")),
            bound,
            consumed: 0,
        })
    }
}

impl<'a> Content<'a> {
    /// The content of a reader that decompresses the file `path`.
    pub(crate) fn unpacked(path: &Path, reader: impl Read + 'a) -> Self {
        Self {
            path: path.to_path_buf(),
            reader: Box::new(reader),
            packed: true,
            bound: None,
            consumed: 0,
        }
    }

    /// The path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The next `N` big-endian 32-bit numbers.
    pub(crate) fn header<const N: usize>(&mut self) -> Result<[u32; N], DataError> {
        let bytes = self.take(4 * N as u64)?;
        if bytes.len() < 4 * N {
            return Err(DataError::Truncated {
                path: self.path.clone(),
                expected: self.consumed - bytes.len() as u64 + 4 * N as u64,
                found: self.consumed,
            });
        }
        Ok(std::array::from_fn(|i| {
            let at = 4 * i;
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        }))
    }

    /// The rest, which must be exactly `count` bytes.
    ///
    /// Memory grows with the actual content, not with `count`.
    pub(crate) fn rest(mut self, count: u64) -> Result<Vec<u8>, DataError> {
        let expected = self.consumed.saturating_add(count);
        if let Some(bound) = self.bound
            && expected > bound
            && self.packed
        {
            return Err(DataError::ImpossibleCount {
                path: self.path,
                detail: format!(
                    "the header says {expected} bytes of content, but a gzip file of this size \
                        holds at most {bound}"
                ),
            });
        }
        let bytes = self.take(count)?;
        if (bytes.len() as u64) < count {
            return Err(DataError::Truncated {
                path: self.path,
                expected,
                found: self.consumed,
            });
        }
        if !self.take(1)?.is_empty() {
            return Err(DataError::TooLong {
                path: self.path,
                expected,
            });
        }
        Ok(bytes)
    }

    /// Passes everything to `sink` in pieces, up to `limit` bytes; returns the number of bytes.
    pub(crate) fn drain(
        mut self,
        limit: u64,
        mut sink: impl FnMut(&[u8]),
    ) -> Result<u64, DataError> {
        let mut buffer = vec![0; 1 << 16];
        while self.consumed < limit {
            let room = buffer.len().min((limit - self.consumed) as usize);
            match self.reader.read(&mut buffer[..room]) {
                Ok(0) => break,
                Ok(read) => {
                    sink(&buffer[..read]);
                    self.consumed += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure(error)),
            }
        }
        Ok(self.consumed)
    }

    /// Up to `count` bytes; fewer at the end of the content.
    fn take(&mut self, count: u64) -> Result<Vec<u8>, DataError> {
        let known = self.bound.unwrap_or(0).min(count);
        // The bound of a compressed file is far above its usual content, so it is not reserved.
        let mut bytes = Vec::with_capacity(if self.packed { 0 } else { known as usize });
        let read = (&mut self.reader).take(count).read_to_end(&mut bytes);
        self.consumed += bytes.len() as u64;
        match read {
            Ok(_) => Ok(bytes),
            Err(error) => Err(self.failure(error)),
        }
    }

    fn failure(&self, source: std::io::Error) -> DataError {
        let path = self.path.clone();
        if self.packed {
            DataError::Unpack { path, source }
        } else {
            DataError::Io { path, source }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    /// `bytes` as a gzip stream.
    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// An xz stream of the twelve bytes `hello world\n`, made by XZ Utils.
    const XZ_HELLO: &str = "fd377a585a000004e6d6b4460200210116000000742fe5a301000b68656c6c6f20\
        776f726c640a00a1f2ffc46a7fbfcf0001240ca618d8d81fb6f37d010000000004595a";

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect()
    }

    fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn plain_gzip_and_xz_give_the_same_content() {
        let plain = b"hello world\n";
        for (name, bytes) in [
            ("a", plain.to_vec()),
            ("a.gz", gzip(plain)),
            ("a.xz", unhex(XZ_HELLO)),
        ] {
            let (_folder, path) = file(name, &bytes);
            assert_eq!(Content::open(&path).unwrap().rest(12).unwrap(), plain);
        }
    }

    #[test]
    fn content_that_is_too_short_or_too_long_is_refused() {
        for (name, bytes) in [("a", vec![7; 10]), ("a.gz", gzip(&[7; 10]))] {
            let (_folder, path) = file(name, &bytes);
            let short = Content::open(&path).unwrap().rest(11).unwrap_err();
            assert!(matches!(
                short,
                DataError::Truncated {
                    expected: 11,
                    found: 10,
                    ..
                }
            ));
            let long = Content::open(&path).unwrap().rest(9).unwrap_err();
            assert!(matches!(long, DataError::TooLong { expected: 9, .. }));
        }
    }

    #[test]
    fn a_damaged_archive_is_an_unpack_error_that_names_the_file() {
        let mut cut = gzip(&(0..=255).collect::<Vec<u8>>());
        cut.truncate(cut.len() - 9);
        let mut flipped = unhex(XZ_HELLO);
        flipped[30] ^= 1;
        for (name, bytes) in [
            ("cut.gz", cut),
            ("flipped.xz", flipped),
            ("none.gz", vec![1; 50]),
        ] {
            let (_folder, path) = file(name, &bytes);
            let error = Content::open(&path).unwrap().rest(256).unwrap_err();
            assert!(matches!(error, DataError::Unpack { .. }), "{name}: {error}");
            assert!(error.to_string().contains(name));
        }
    }

    #[test]
    fn a_promise_no_gzip_file_of_that_size_can_keep_is_refused_unread() {
        let (_folder, path) = file("a.gz", &gzip(&[0; 100]));
        let error = Content::open(&path)
            .unwrap()
            .rest(u64::MAX / 2)
            .unwrap_err();
        assert!(
            matches!(error, DataError::ImpossibleCount { .. }),
            "{error}"
        );
    }

    #[test]
    fn a_folder_in_place_of_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Content::open(folder.path()),
            Err(DataError::Io { .. })
        ));
    }

    #[test]
    fn draining_stops_at_the_limit() {
        let (_folder, path) = file("a.gz", &gzip(&vec![3; 200_000]));
        let mut sum = 0usize;
        let read = Content::open(&path)
            .unwrap()
            .drain(70_000, |b| sum += b.len());
        assert_eq!((read.unwrap(), sum), (70_000, 70_000));
    }
}
