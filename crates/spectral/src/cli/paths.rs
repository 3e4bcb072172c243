//! Paths in arguments and output.

use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serializer;

use super::error::CliError;

/// A path as text for JSON: bytes that are not valid Unicode are shown as `\xNN`.
pub(super) fn path_text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

/// For `serialize_with`: a path as [`path_text`].
pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path_text(path))
}

/// Parses a path that a TOML file can hold.
pub(super) fn unicode_path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

/// The length of what precedes a path in a word: nothing, `--option=`, `folder:` or `npz:`, or both.
fn before_path(word: &str) -> usize {
    let option = match word.starts_with("--") {
        true => word.find('=').map_or(0, |at| at + 1),
        false => 0,
    };
    let prefix = ["folder:", "npz:"]
        .into_iter()
        .find(|prefix| word[option..].starts_with(prefix));
    option + prefix.map_or(0, str::len)
}

/// Expands `~` and `~/` at the start of a path to the home folder. A shell expands them only at the
/// start of a word, so `--out=~/x` and `folder:~/x` would name a folder called `~`.
///
/// # Errors
///
/// [`CliError::Usage`] if the home folder is unknown.
pub(super) fn expand_home(
    words: Vec<OsString>,
    home: Option<PathBuf>,
) -> Result<Vec<OsString>, CliError> {
    let expand = |word: OsString| {
        let bytes = word.as_encoded_bytes();
        let start = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let at = before_path(start);
        match &bytes[at..] {
            [b'~'] | [b'~', b'/', ..] => {}
            _ => return Ok(word),
        }
        let known = home.as_ref().filter(|home| home.is_absolute());
        let Some(home) = known else {
            return Err(CliError::Usage(format!(
                "{}: cannot expand ~: the home folder is unknown; write the path out, or ./~ for a \
                    folder called ~",
                word.display()
            )));
        };
        let mut expanded = OsString::from(&start[..at]);
        expanded.push(home);
        expanded.push(after_tilde(&word, at + 1));
        Ok(expanded)
    };
    words.into_iter().map(expand).collect()
}

/// What follows the byte at `at`, which follows an ASCII character.
#[cfg(unix)]
fn after_tilde(word: &OsStr, at: usize) -> &OsStr {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(&word.as_bytes()[at..])
}

/// The same; text that is not valid Unicode is dropped.
#[cfg(not(unix))]
fn after_tilde(word: &OsStr, at: usize) -> &OsStr {
    word.to_str()
        .map_or(OsStr::new(""), |word| OsStr::new(&word[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_at_the_start_of_a_path_is_the_home_folder() {
        let expand = |word: &str| {
            let words = vec![OsString::from(word)];
            expand_home(words, Some("/home/me".into()))
                .unwrap()
                .remove(0)
        };
        for (word, expected) in [
            ("~/a", "/home/me/a"),
            ("~", "/home/me"),
            ("--run=~/a b", "--run=/home/me/a b"),
            ("folder:~/photos", "folder:/home/me/photos"),
            ("--data=folder:~/photos", "--data=folder:/home/me/photos"),
            // No start of a path, or another's home.
            ("./~", "./~"),
            ("a~/b", "a~/b"),
            ("x=~/b", "x=~/b"),
            ("~you/b", "~you/b"),
            ("folder:a/~/b", "folder:a/~/b"),
        ] {
            assert_eq!(expand(word), expected, "{word}");
        }
        let error = expand_home(vec!["--out=~/x".into()], None).unwrap_err();
        assert!(error.to_string().contains("--out=~/x"), "{error}");
        assert!(expand_home(vec!["x".into()], None).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn names_that_are_no_unicode_are_shown_escaped_and_expanded_whole() {
        use std::os::unix::ffi::OsStringExt;
        let name = OsString::from_vec(b"caf\xe9 \xc3\xa9".to_vec());
        assert_eq!(path_text(Path::new(&name)), "caf\\xE9 é");
        let word = OsString::from_vec(b"~/caf\xe9".to_vec());
        let expanded = expand_home(vec![word], Some("/home".into()))
            .unwrap()
            .remove(0);
        assert_eq!(expanded.into_vec(), b"/home/caf\xe9");
    }
}
