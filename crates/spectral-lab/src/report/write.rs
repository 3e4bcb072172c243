//! Writes a file atomically: readers see the old one or the new one, never half of it.

use std::path::Path;

use super::ReportError;
use crate::files;

/// Writes `text` to `path` through a temporary file beside it; missing folders are created.
///
/// # Errors
/// [`ReportError::Write`] naming `path`.
pub fn write(path: &Path, text: &str) -> Result<(), ReportError> {
    write_bytes(path, text.as_bytes())
}

/// The same for bytes.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    files::write_with_folders(path, bytes).map_err(ReportError::write(path))
}

/// Rejects a path that could not be [written](write()), before there is anything to write; missing
/// folders are created.
///
/// # Errors
/// [`ReportError::Write`] naming `path`.
pub fn check_writable(path: &Path) -> Result<(), ReportError> {
    let folders = path.parent().map_or(Ok(()), files::create_folders);
    folders
        .and_then(|()| files::check_writable(path))
        .map_err(ReportError::write(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_failed_write_names_the_path_before_there_is_anything_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let path = file.join("report.html");
        for outcome in [write(&path, "text"), check_writable(&path)] {
            let message = outcome.unwrap_err().to_string();
            assert!(message.contains(path.to_str().unwrap()), "{message}");
        }
        let path = folder.path().join("new/report.html");
        check_writable(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            write(folder.path(), "text"),
            Err(ReportError::Write { .. })
        ));
        assert!(folder.path().is_dir());
    }
}
