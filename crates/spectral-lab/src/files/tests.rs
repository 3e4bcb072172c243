use std::fs;

use super::*;

fn names_in(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_write_replaces_the_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/file");
    write_with_folders(&path, b"one").unwrap();
    write_with_folders(&path, b"two").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(names_in(&folder.path().join("new")), ["file"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays_a_link() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("deep")).unwrap();
    fs::write(at("deep/file"), "old").unwrap();
    symlink("deep/link", at("link")).unwrap();
    symlink("file", at("deep/link")).unwrap();
    write(&at("link"), b"new").unwrap();
    assert_eq!(fs::read(at("deep/file")).unwrap(), b"new");
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(at("deep/link")).unwrap().is_symlink());
    symlink("deep/later", at("dangling")).unwrap();
    write(&at("dangling"), b"made").unwrap();
    assert_eq!(fs::read(at("deep/later")).unwrap(), b"made");
    symlink("circle", at("circle")).unwrap();
    let error = write(&at("circle"), b"").unwrap_err().to_string();
    assert!(error.contains("circle"), "{error}");
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_and_stays_as_it_is() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::os::unix::net::UnixListener;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).unwrap();
    // In a folder of its own, so that even a failing test replaces nothing outside.
    let at = |name: &str| folder.path().join(name);
    symlink("socket", at("link")).unwrap();
    symlink("/proc/self/fd/1", at("stdout")).unwrap();
    for path in [socket.clone(), at("link"), at("stdout")] {
        for outcome in [write(&path, b"text"), check_writable(&path)] {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains("regular file"), "{error}");
        }
    }
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
    assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert!(write(folder.path(), b"text").is_err());
    assert!(folder.path().is_dir());
}

#[cfg(unix)]
#[test]
fn a_new_file_has_the_permissions_of_the_umask_and_an_old_one_keeps_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (plain, ours) = (folder.path().join("plain"), folder.path().join("ours"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::write(&plain, "").unwrap();
    write(&ours, b"").unwrap();
    assert_eq!(mode(&ours), mode(&plain));
    fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).unwrap();
    write(&ours, b"again").unwrap();
    assert_eq!(mode(&ours), 0o640);
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_another_works_on_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at(".spectral-1-0.tmp"), "left").unwrap();
    fs::write(at(".spectral-notes"), "mine").unwrap();
    let busy = File::create(at(".spectral-2-0.tmp")).unwrap();
    busy.lock().unwrap();
    write(&at("file"), b"text").unwrap();
    assert_eq!(
        names_in(folder.path()),
        [".spectral-2-0.tmp", ".spectral-notes", "file"]
    );
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, b"old").unwrap();
    fault::inject(None);
    write(&path, b"old").unwrap();
    for call in 1..=fault::calls() {
        fault::inject(Some((call, fault::Kind::Once)));
        let outcome = write(&path, b"newer");
        fault::inject(None);
        assert!(outcome.is_err(), "{call}");
        let held = fs::read(&path).unwrap();
        assert!(held == b"old" || held == b"newer", "{call}");
        assert_eq!(names_in(folder.path()), ["file"]);
    }
}

#[test]
fn contents_that_could_not_be_written_leave_the_old_file() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write_with(&path, |file| file.write_all(b"old")).unwrap();
    let outcome = write_with(&path, |file| {
        file.write_all(b"new")?;
        Err(io::Error::other("no more"))
    });
    assert_eq!(outcome.unwrap_err().to_string(), "no more");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names_in(folder.path()), ["file"]);
}

#[test]
fn a_locked_folder_names_its_holder_until_the_lock_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::folder(folder.path()).unwrap();
    let Err(LockError::Held(holder)) = Lock::folder(folder.path()) else {
        panic!("locked twice")
    };
    assert_eq!(holder, format!("process {}", std::process::id()));
    drop(lock);
    Lock::folder(folder.path()).unwrap();
}
