//! Downloads the official files of a data set with the system's curl, verifies them, and puts them
//! into the cache.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::catalog::info;
use super::error::DataError;
use super::locate::cache_dir;
use super::sources::{Covers, RemoteFile, SOURCES, Source};
use super::unpack::Content;
use crate::files;

/// The environment variable that sets a mirror, for use where the official servers cannot or should
/// not be reached.
pub const MIRROR_VARIABLE: &str = "SPECTRAL_MIRROR";

/// Interval at which a running download is checked.
const PACE: Duration = Duration::from_millis(50);

/// Download options.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// The folder in which to create a folder named after the data set; `None` for the
    /// [cache](super::cache_dir).
    pub dest: Option<PathBuf>,
    /// A base URL (`http://`, `https://` or `file://`) with each file at `SET/FILE`, used instead
    /// of the official servers; `None` for the environment's [`SPECTRAL_MIRROR`](MIRROR_VARIABLE),
    /// or else the official servers.
    pub mirror: Option<String>,
}

/// Events of a running [`fetch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchEvent<'a> {
    /// A correct file already exists.
    Present(&'a Path),
    /// A download starts.
    Started {
        /// Its URL.
        url: &'a str,
    },
    /// Progress of a download.
    Progress {
        /// Its URL.
        url: &'a str,
        /// Bytes downloaded so far.
        bytes: u64,
    },
    /// A file was downloaded, verified and put in place.
    Done(&'a Path),
}

/// Downloads the official files of a data set into `dest/NAME/` and returns their paths.
///
/// Existing files with the right SHA-256 are kept, others replaced. Each download goes to a
/// temporary file, is verified, and only then renamed: there is never a wrong or partial file under
/// the final name. `report` receives the events.
///
/// The checksums of IDX files are those of the uncompressed content, since mirrors recompress them.
///
/// # Errors
///
/// [`DataError::UnknownSet`], [`DataError::NotFetchable`] for a data set without a download,
/// [`DataError::Downloader`] if there is no curl, [`DataError::Download`] with curl's error,
/// [`DataError::WrongChecksum`], and [`DataError::Io`].
pub fn fetch(
    name: &str,
    options: &FetchOptions,
    report: &mut dyn FnMut(FetchEvent<'_>),
) -> Result<Vec<PathBuf>, DataError> {
    let source = find(name)?;
    let root = match &options.dest {
        Some(dest) => dest.clone(),
        None => cache_dir().ok_or_else(|| DataError::NotFetchable {
            set: name.into(),
            reason: "the cache folder is unknown (HOME and XDG_CACHE_HOME are unset); use --dest"
                .into(),
        })?,
    };
    let mirror = options
        .mirror
        .clone()
        .or_else(|| std::env::var(MIRROR_VARIABLE).ok())
        .filter(|mirror| !mirror.is_empty());
    let base = match mirror {
        Some(mirror) => mirror_base(&mirror, source.set)?,
        None => source.base.to_string(),
    };
    let download = Download {
        program: PathBuf::from("curl"),
        base,
        folder: root.join(source.set),
    };
    download.all(source.files, report)
}

fn find(name: &str) -> Result<&'static Source, DataError> {
    if let Some(source) = SOURCES.iter().find(|source| source.set == name) {
        return Ok(source);
    }
    let Some(set) = info(name) else {
        return Err(DataError::UnknownSet {
            name: name.into(),
            accepted: SOURCES.iter().map(|source| source.set).collect(),
        });
    };
    Err(DataError::NotFetchable {
        set: name.into(),
        reason: match set.origin {
            super::Origin::Embedded => "it is generated and needs no files".into(),
            _ => super::folder_hint(name),
        },
    })
}

fn mirror_base(mirror: &str, set: &str) -> Result<String, DataError> {
    let accepted = ["http://", "https://", "file://"];
    if accepted.iter().any(|scheme| mirror.starts_with(scheme)) {
        Ok(format!("{}/{set}/", mirror.trim_end_matches('/')))
    } else {
        Err(DataError::BadOption {
            option: "mirror",
            value: mirror.into(),
            accepted: "a URL starting with http://, https:// or file://",
        })
    }
}

/// Prefix of the names of incomplete files.
const PARTIAL: &str = ".partial-";

/// A folder to download into.
struct Download {
    /// The curl program.
    program: PathBuf,
    /// The URL prefix of the files.
    base: String,
    /// The target folder.
    folder: PathBuf,
}

impl Download {
    fn all(
        &self,
        files: &[RemoteFile],
        report: &mut dyn FnMut(FetchEvent<'_>),
    ) -> Result<Vec<PathBuf>, DataError> {
        fs::create_dir_all(&self.folder).map_err(DataError::io(&self.folder))?;
        let mut paths = Vec::with_capacity(files.len());
        for file in files {
            let path = self.folder.join(file.name);
            if path.is_file() && sum(&path, file).is_ok_and(|sum| sum == file.sha256) {
                report(FetchEvent::Present(&path));
            } else {
                self.one(file, &path, report)?;
                report(FetchEvent::Done(&path));
            }
            paths.push(path);
        }
        Ok(paths)
    }

    fn one(
        &self,
        file: &RemoteFile,
        path: &Path,
        report: &mut dyn FnMut(FetchEvent<'_>),
    ) -> Result<(), DataError> {
        let url = format!("{}{}", self.base, file.name);
        report(FetchEvent::Started { url: &url });
        // Removed when dropped, so that a failure leaves nothing behind. The extension tells the
        // compression.
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("bin");
        let suffix = format!(".{ending}");
        // Leftovers of a killed download; one still running has its file locked.
        files::remove_stale(&self.folder, PARTIAL, &suffix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL).suffix(&suffix);
        // Temporary files are private by default; data files follow the umask.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (lock, partial) = builder
            .tempfile_in(&self.folder)
            .map_err(DataError::io(&self.folder))?
            .into_parts();
        // A file system without locks cannot check for leftovers either.
        let _ = lock.lock();
        self.run(&url, &partial, report)?;
        let found = match sum(&partial, file) {
            Ok(found) => found,
            Err(DataError::Unpack { source, .. }) => format!("none ({source})"),
            Err(error) => return Err(error),
        };
        if found != file.sha256 {
            return Err(DataError::WrongChecksum {
                url,
                expected: file.sha256.into(),
                found,
            });
        }
        partial.persist(path).map_err(|error| DataError::Io {
            path: path.to_path_buf(),
            source: error.error,
        })
    }

    /// Runs curl to completion.
    fn run(
        &self,
        url: &str,
        target: &Path,
        report: &mut dyn FnMut(FetchEvent<'_>),
    ) -> Result<(), DataError> {
        let mut command = Command::new(&self.program);
        command
            .args(["--fail", "--location", "--silent", "--show-error"])
            .args(["--proto", "=http,https,file"])
            .args(["--proto-redir", "=http,https"])
            .args(["--connect-timeout", "30", "--retry", "2"])
            // Less than 1 kB/s for a minute counts as a failure.
            .args(["--speed-limit", "1000", "--speed-time", "60"]);
        if url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost") {
            // A local mirror is never behind a proxy.
            command.args(["--noproxy", "*"]);
        }
        command.arg("--output").arg(target).arg("--").arg(url);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let failure = |source| DataError::Downloader {
            program: self.program.clone(),
            source,
        };
        let mut child = Running(command.spawn().map_err(failure)?);
        let status = loop {
            if let Some(status) = child.0.try_wait().map_err(failure)? {
                break status;
            }
            thread::sleep(PACE);
            let bytes = fs::metadata(target).map_or(0, |metadata| metadata.len());
            report(FetchEvent::Progress { url, bytes });
        };
        if status.success() {
            return Ok(());
        }
        let mut stderr = String::new();
        if let Some(mut pipe) = child.0.stderr.take() {
            // The stderr of curl is informative only: its exit status already tells that it failed.
            let _ = pipe.read_to_string(&mut stderr);
        }
        Err(DataError::Download {
            url: url.into(),
            status: status.to_string(),
            stderr: stderr.trim().into(),
        })
    }
}

/// A child process that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the child has already exited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The SHA-256 of a file or of its decompressed content, in hexadecimal. Reading stops one byte
/// after the known length, so that a hostile archive cannot keep it busy.
fn sum(path: &Path, file: &RemoteFile) -> Result<String, DataError> {
    let mut hasher = Sha256::new();
    let content = match file.covers {
        Covers::Unpacked => Content::open(path)?,
        Covers::File => Content::unpacked(path, fs::File::open(path).map_err(DataError::io(path))?),
    };
    content.drain(file.bytes + 1, |bytes| hasher.update(bytes))?;
    Ok(hexadecimal(&hasher.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
