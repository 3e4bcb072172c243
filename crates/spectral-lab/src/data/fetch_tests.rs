//! Downloads from a server on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::*;
use crate::data::unpack::tests::gzip;

/// The sha256 of "hello world\n", as `sha256sum` prints it.
const HELLO_SUM: &str = "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447";

const HELLO: &[u8] = b"hello world\n";

/// Serves `(path, body)` pairs over HTTP for as long as the tests run, 404 for other paths, and
/// returns its base URL.
fn serve(pages: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while !lines.next().unwrap().unwrap().is_empty() {}
            let path = request.split(' ').nth(1).unwrap();
            let (status, body) = match pages.iter().find(|(page, _)| *page == path) {
                Some((_, body)) => ("200 OK", &body[..]),
                None => ("404 Not Found", &b"no"[..]),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            connection.write_all(head.as_bytes()).unwrap();
            connection.write_all(body).unwrap();
        }
    });
    base
}

fn curl_is_there() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no curl on this machine");
    }
    found
}

fn file(name: &'static str, covers: Covers) -> RemoteFile {
    RemoteFile {
        name,
        covers,
        bytes: HELLO.len() as u64,
        sha256: HELLO_SUM,
    }
}

/// Downloads the files into a new folder.
fn download(
    base: &str,
    files: &[RemoteFile],
    folder: &Path,
) -> (Result<Vec<PathBuf>, DataError>, usize) {
    let download = Download {
        program: PathBuf::from("curl"),
        base: format!("{base}/set/"),
        folder: folder.to_path_buf(),
    };
    let mut started = 0;
    let result = download.all(files, &mut |event| {
        started += usize::from(matches!(event, FetchEvent::Started { .. }));
    });
    (result, started)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn right_files_are_put_in_place_and_not_downloaded_again() {
    if !curl_is_there() {
        return;
    }
    let base = serve(vec![("/set/a", HELLO.to_vec()), ("/set/b.gz", gzip(HELLO))]);
    let files = [file("a", Covers::File), file("b.gz", Covers::Unpacked)];
    let folder = tempfile::tempdir().unwrap();
    let (paths, started) = download(&base, &files, folder.path());
    assert_eq!(started, 2);
    assert_eq!(fs::read(&paths.unwrap()[0]).unwrap(), HELLO);
    assert_eq!(names(folder.path()), ["a", "b.gz"]);
    let (again, started) = download(&base, &files, folder.path());
    assert_eq!((again.unwrap().len(), started), (2, 0));
}

#[test]
fn a_wrong_file_that_is_there_is_replaced() {
    if !curl_is_there() {
        return;
    }
    let base = serve(vec![("/set/b.gz", gzip(HELLO))]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("b.gz"), b"half a file").unwrap();
    let files = [file("b.gz", Covers::Unpacked)];
    let (paths, started) = download(&base, &files, folder.path());
    assert_eq!(started, 1);
    assert_eq!(fs::read(&paths.unwrap()[0]).unwrap(), gzip(HELLO));
}

#[test]
fn a_file_with_the_wrong_sum_is_discarded() {
    if !curl_is_there() {
        return;
    }
    let longer = [HELLO, b"and more"].concat();
    let base = serve(vec![
        ("/set/a", b"hello there\n".to_vec()),
        ("/set/longer", longer),
        ("/set/b.gz", b"not gzip".to_vec()),
    ]);
    for (name, covers) in [
        ("a", Covers::File),
        ("longer", Covers::File),
        ("b.gz", Covers::Unpacked),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (result, _) = download(&base, &[file(name, covers)], folder.path());
        let error = result.unwrap_err();
        assert!(matches!(error, DataError::WrongChecksum { .. }), "{error}");
        assert!(error.to_string().contains(&format!("{base}/set/{name}")));
        assert_eq!(names(folder.path()), [""; 0]);
    }
}

#[test]
fn a_missing_page_is_reported_in_curls_words() {
    if !curl_is_there() {
        return;
    }
    let base = serve(vec![]);
    let folder = tempfile::tempdir().unwrap();
    let (result, _) = download(&base, &[file("a", Covers::File)], folder.path());
    let error = result.unwrap_err();
    assert!(matches!(error, DataError::Download { .. }));
    assert!(error.to_string().contains("404"), "{error}");
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_missing_curl_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let download = Download {
        program: PathBuf::from("no-such-curl"),
        base: "http://127.0.0.1:9/".into(),
        folder: folder.path().to_path_buf(),
    };
    let error = download
        .all(&[file("a", Covers::File)], &mut |_| {})
        .unwrap_err();
    assert!(matches!(error, DataError::Downloader { .. }));
    assert!(error.to_string().contains("no-such-curl"));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_mirror_is_asked_in_place_of_the_official_server_and_held_to_the_official_sums() {
    if !curl_is_there() {
        return;
    }
    let base = serve(vec![("/mnist/train-images-idx3-ubyte.gz", gzip(HELLO))]);
    let dest = tempfile::tempdir().unwrap();
    let options = FetchOptions {
        dest: Some(dest.path().to_path_buf()),
        mirror: Some(format!("{base}/")),
    };
    let error = fetch("mnist", &options, &mut |_| {}).unwrap_err();
    let DataError::WrongChecksum { url, found, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(url, format!("{base}/mnist/train-images-idx3-ubyte.gz"));
    assert_eq!(found, HELLO_SUM);
}

#[test]
fn sets_without_files_to_fetch_say_why() {
    let text = |name: &str| {
        let options = FetchOptions::default();
        fetch(name, &options, &mut |_| {}).unwrap_err().to_string()
    };
    assert!(text("glyphs").contains("it is generated"));
    assert!(text("cats-vs-dogs").contains("train/cat"));
    assert!(text("imagenet").contains("mnist, fashion-mnist, cifar-10"));
}

#[test]
fn a_mirror_that_is_no_url_is_refused() {
    let options = FetchOptions {
        dest: Some(PathBuf::from("unused")),
        mirror: Some("-o/etc/passwd".into()),
    };
    let error = fetch("mnist", &options, &mut |_| {}).unwrap_err();
    assert!(matches!(error, DataError::BadOption { .. }));
}
