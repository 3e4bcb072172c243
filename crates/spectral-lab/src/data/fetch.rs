//! Downloads a data set's official files with the system's curl, checks them, and puts them into
//! the cache.

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

/// The environment variable that names a mirror, for those who cannot or should not reach the
/// official servers.
pub const MIRROR_VARIABLE: &str = "SPECTRAL_MIRROR";

/// How often a running download is looked at.
const PACE: Duration = Duration::from_millis(50);

/// How to download.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// The folder that gets a folder named after the set; `None` for the
    /// [cache](super::cache_dir).
    pub dest: Option<PathBuf>,
    /// A base URL (`http://`, `https://` or `file://`) that holds each file as `SET/FILE` and is
    /// asked in place of the official servers; `None` for the environment's
    /// [`SPECTRAL_MIRROR`](MIRROR_VARIABLE), or else the official servers.
    pub mirror: Option<String>,
}

/// What a running [`fetch`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchEvent<'a> {
    /// A right file is there already.
    Present(&'a Path),
    /// A download begins.
    Started {
        /// Where from.
        url: &'a str,
    },
    /// A download goes on.
    Progress {
        /// Where from.
        url: &'a str,
        /// Bytes written so far.
        bytes: u64,
    },
    /// A file has been downloaded, checked and put in its place.
    Done(&'a Path),
}

/// Downloads the official files of a set into `dest/NAME/` and returns their paths.
///
/// A file that is there and has the right sha256 is kept; a wrong one is replaced. Each download
/// goes to a temporary file beside its place, is checked, and only then renamed: at no time is
/// there a wrong or partial file under the name. `report` is told what happens.
///
/// The sums of IDX files cover the uncompressed content, because mirrors recompress them.
///
/// # Errors
///
/// [`DataError::UnknownSet`], [`DataError::NotFetchable`] for a set that is not downloaded,
/// [`DataError::Downloader`] if there is no curl, [`DataError::Download`] with what curl said,
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
            reason: "no cache folder is known (HOME and XDG_CACHE_HOME are unset); name a folder"
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
            super::Origin::Embedded => "it is made on the fly and needs no files".into(),
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
            accepted: "a URL that begins with http://, https:// or file://",
        })
    }
}

/// How the name of a file begins that is on its way.
const PARTIAL: &str = ".partial-";

/// A folder to fill.
struct Download {
    /// The curl program.
    program: PathBuf,
    /// The URL before a file's name.
    base: String,
    /// Where the files go.
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
        // Removed when dropped, so that no failure leaves anything behind. The ending tells how
        // the file is packed.
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("bin");
        let suffix = format!(".{ending}");
        // What a killed download left; one that goes on elsewhere has its file locked.
        files::remove_stale(&self.folder, PARTIAL, &suffix);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL).suffix(&suffix);
        // Temporary files are private by default; data are for whom the umask allows.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (lock, partial) = builder
            .tempfile_in(&self.folder)
            .map_err(DataError::io(&self.folder))?
            .into_parts();
        // A system without locks has none to look for either.
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

    /// Runs curl to its end.
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
            // Under 1 kB/s for a minute counts as dead.
            .args(["--speed-limit", "1000", "--speed-time", "60"]);
        if url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost") {
            // A mirror on this machine is never behind a proxy.
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
            // What curl said is a courtesy: its exit status already tells that it failed.
            let _ = pipe.read_to_string(&mut stderr);
        }
        Err(DataError::Download {
            url: url.into(),
            status: status.to_string(),
            stderr: stderr.trim().into(),
        })
    }
}

/// A child that does not outlive its owner, whatever happens in between.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a child that has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The sha256 of a file or of its unpacked content, hexadecimal. Reading stops one byte after
/// the known length, so that a hostile archive cannot keep it busy.
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
