//! The prose of the repository: American spelling, and the field's own words.

use std::fs;
use std::path::{Path, PathBuf};

/// British spellings, as parts of words.
const BRITISH: [&str; 24] = [
    "normalis",
    "colour",
    "centre",
    "behaviour",
    "neighbour",
    "initialis",
    "parameteris",
    "optimis",
    "generalis",
    "regularis",
    "factoris",
    "vectoris",
    "standardis",
    "symmetris",
    "penalis",
    "minimis",
    "summaris",
    "visualis",
    "serialis",
    "catalogue",
    "labelled",
    "modelling",
    "favour",
    "artefact",
];

/// Phrases of ours with what the field says.
const PHRASES: [(&str, &str); 6] = [
    ("names rightly", "accuracy"),
    ("named rightly", "accuracy"),
    (
        "told apart from it by so few seeds",
        "no significant difference with N seeds",
    ),
    (
        "a path in ordinary tensor operations",
        "a fallback built from Burn tensor ops",
    ),
    ("weight a frequency", "weight per frequency"),
    ("asked for ahead of use", "software prefetch"),
];

/// Kept for files written before the spelling changed.
const ALLOWED: [&str; 4] = [
    "alias = \"normalise\"",
    "normalise=zero-one",
    "(\"normalise\", \"normalize\")",
    "\"normalise\": \"zero-one\"",
];

fn texts(path: &Path, found: &mut Vec<PathBuf>) {
    let name = path.file_name().unwrap_or_default();
    if path.is_dir() && name != "target" {
        for entry in fs::read_dir(path).unwrap().flatten() {
            texts(&entry.path(), found);
        }
    } else if path.extension().is_some_and(|kind| {
        ["md", "rs", "jinja", "py"]
            .iter()
            .any(|known| kind == *known)
    }) && name != "prose.rs"
    {
        found.push(path.into());
    }
}

#[test]
fn pages_and_sources_keep_to_american_spelling_and_the_words_of_the_field() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join("docs/results").is_dir() {
        return;
    }
    let mut files = Vec::new();
    for place in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs",
        "crates",
        "fuzz",
    ] {
        texts(&root.join(place), &mut files);
    }
    assert!(files.len() > 100, "{} files", files.len());
    let mut findings = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            if ALLOWED.iter().any(|allowed| line.contains(allowed)) {
                continue;
            }
            let lower = line.to_lowercase();
            let british = BRITISH.iter().filter(|word| lower.contains(**word));
            let phrases = PHRASES.iter().filter(|(phrase, _)| lower.contains(phrase));
            let place = format!("{}:{}", file.display(), number + 1);
            findings.extend(british.map(|word| format!("{place}: {word}…")));
            findings
                .extend(phrases.map(|(ours, plain)| format!("{place}: {ours:?}; say {plain:?}")));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
