//! Parsers of data files, for fuzzing.

use std::io::Write as _;
use std::path::Path;

use super::unpack::Content;
use super::{cifar, fields, idx, photo};

/// Records per CIFAR-10 file here.
const RECORDS: usize = 2;

/// Images of an IDX file.
pub fn idx_images(bytes: &[u8]) -> bool {
    idx::parse_images(Content::unpacked(Path::new("bytes"), bytes)).is_ok()
}

/// Labels of an IDX file.
pub fn idx_labels(bytes: &[u8]) -> bool {
    idx::parse_labels(Content::unpacked(Path::new("bytes"), bytes), 10).is_ok()
}

/// A compressed file of IDX images.
pub fn packed(path: &Path) -> bool {
    Content::open(path).and_then(idx::parse_images).is_ok()
}

/// Two records of CIFAR-10.
pub fn cifar(bytes: &[u8]) -> bool {
    cifar::parse(Content::unpacked(Path::new("bytes"), bytes), RECORDS).is_ok()
}

/// The archive of CIFAR-10, with two records per file.
pub fn archive(path: &Path) -> bool {
    let extent = cifar::Extent {
        records: RECORDS,
        train_files: 5,
    };
    cifar::load(&cifar::Location::Archive(path.to_path_buf()), extent).is_ok()
}

/// A photograph, as a network receives it.
pub fn image(bytes: &[u8]) -> bool {
    let picture = photo::decode(bytes).map(|picture| photo::fit(picture, (9, 7)));
    picture.is_ok_and(|picture| picture.width() == 7)
}

/// An archive of fields.
pub fn fields(bytes: &[u8]) -> bool {
    fields::file::fuzz(bytes)
}

/// Bytes as a gzip stream.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// A valid archive of CIFAR-10, with two records per file.
pub fn small_archive() -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for name in cifar::FILES {
        let data = small_cifar();
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        let name = format!("{}/{name}", cifar::ARCHIVE_FOLDER);
        // See above.
        let _ = builder.append_data(&mut header, name, &data[..]);
    }
    gzip(&builder.into_inner().unwrap_or_default())
}

/// Two valid records of CIFAR-10.
pub fn small_cifar() -> Vec<u8> {
    let record = |label: u8| std::iter::once(label).chain((0..3072u32).map(|i| (i / 12) as u8));
    record(3).chain(record(9)).collect()
}
