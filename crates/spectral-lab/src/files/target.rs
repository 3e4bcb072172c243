//! Resolves the target of a write.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Maximum number of links to follow, as in Linux.
const MOST_LINKS: usize = 40;

/// Resolves `path` to the path of a file: links are followed, also to files that do not exist yet.
/// An existing target that is not a regular file is rejected.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        // The target of /dev/stdout and the like: an open file, whatever it is.
        if target.starts_with("/proc") {
            return Err(refused("an open file of a process"));
        }
        let metadata = match fs::symlink_metadata(&target) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(target),
            Err(error) => return Err(error),
        };
        let kind = metadata.file_type();
        if kind.is_symlink() {
            // A relative link is resolved against the folder that contains it.
            target = super::parent(&target).join(fs::read_link(&target)?);
        } else if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        } else if kind.is_file() {
            return Ok(target);
        } else {
            return Err(refused("a device, a pipe or a socket"));
        }
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the links form a circle",
    ))
}

fn refused(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("this is {what}; choose a regular file, which is replaced as a whole"),
    )
}
