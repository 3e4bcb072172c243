//! The pages of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The Markdown files at `path` or below it.
fn pages(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            pages(&entry.path(), found);
        }
    } else if path.extension().is_some_and(|kind| kind == "md") {
        found.push(path.into());
    }
}

/// Text without fenced blocks and spans of code.
fn without_code(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_fence && !is_code
    });
    let lines: Vec<&str> = lines.collect();
    let text = lines.join("\n");
    // Every second part lies between two backticks.
    text.split('`').step_by(2).collect()
}

/// Where links and images of a page lead: `[…](target)`, `[…]: target`, `src="…"` and `href="…"`.
fn targets(text: &str) -> Vec<String> {
    let text = without_code(text);
    let mut found = Vec::new();
    for (start, end) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        for rest in text.split(start).skip(1) {
            let target = rest.split(end).next().unwrap_or_default();
            // A title may come after the target.
            found.extend(target.split_whitespace().next().map(String::from));
        }
    }
    for line in text.lines().filter(|line| line.starts_with('[')) {
        if let Some((_, target)) = line.split_once("]: ") {
            found.push(target.trim().into());
        }
    }
    found
}

/// Links of a page to files that are not there.
fn broken(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let folder = page.parent().unwrap();
    let is_file = |target: &str| {
        let path = target.split('#').next().unwrap_or_default();
        path.is_empty() || folder.join(path).exists()
    };
    let is_relative = |target: &String| !target.contains("://") && !target.starts_with("mailto:");
    (targets(&text).into_iter().filter(is_relative))
        .filter(|target| !is_file(target))
        .collect()
}

/// The root of the repository; none where these sources stand alone.
fn repository() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("docs/results").is_dir().then_some(root)
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let Some(root) = repository() else { return };
    let mut found = Vec::new();
    for name in ["README.md", "CONTRIBUTING.md", "docs"] {
        pages(&root.join(name), &mut found);
    }
    assert!(found.len() > 10, "{found:?}");
    let broken: Vec<_> = (found.iter())
        .map(|page| (page, broken(page)))
        .filter(|(_, broken)| !broken.is_empty())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_picture_of_the_pages_is_shown_by_one() {
    let Some(root) = repository() else { return };
    let mut found = Vec::new();
    pages(&root.join("README.md"), &mut found);
    pages(&root.join("docs"), &mut found);
    let shown: Vec<PathBuf> = (found.iter())
        .flat_map(|page| {
            let folder = page.parent().unwrap().to_path_buf();
            let targets = targets(&fs::read_to_string(page).unwrap());
            let paths = targets.into_iter().map(move |target| folder.join(target));
            paths.filter_map(|path| path.canonicalize().ok())
        })
        .collect();
    for entry in fs::read_dir(root.join("docs/results")).unwrap().flatten() {
        let Ok(pictures) = fs::read_dir(entry.path()) else {
            continue;
        };
        for picture in pictures.flatten() {
            let path = picture.path().canonicalize().unwrap();
            assert!(shown.contains(&path), "{}", path.display());
        }
    }
}

#[test]
fn every_study_is_in_the_table_of_the_documentation() {
    let Some(root) = repository() else { return };
    let page = fs::read_to_string(root.join("docs/reference/study.md")).unwrap();
    for study in spectral_studies::studies() {
        let row = format!("| `{}` |", study.name);
        assert!(
            page.contains(&row),
            "docs/reference/study.md has no row {row}"
        );
    }
}

#[test]
fn links_are_found_outside_code_alone() {
    let text =
        "See [a](b.md#part) and ![c](d.png \"title\").\n\n[e]: f.md\n\n```\n[g](h)\n```\n`[i](j)`";
    assert_eq!(targets(text), ["b.md#part", "d.png", "f.md"]);
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    fs::write(
        &page,
        "[there](page.md#top) [gone](gone.md) [far](https://a.b/c)",
    )
    .unwrap();
    assert_eq!(broken(&page), ["gone.md"]);
}
