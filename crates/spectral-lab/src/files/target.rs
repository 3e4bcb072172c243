//! Where a write ends up.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Links followed before they are taken for a circle, as many as Linux follows.
const MOST_LINKS: usize = 40;

/// The path of the file that `path` stands for: links followed, also one to a file that is not
/// there yet. What is there and is no regular file is refused.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        // What /dev/stdout and its like lead to: an open file, whatever it is.
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
            // A relative link counts from the folder that it lies in.
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
        "the links lead in a circle",
    ))
}

fn refused(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("this is {what}; name a regular file, which is replaced as a whole"),
    )
}
