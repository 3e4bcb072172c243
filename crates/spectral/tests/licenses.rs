//! The licenses of everything that is compiled: each dependency may be used under permissive terms.

use std::collections::BTreeSet;
use std::process::Command;

/// Licenses that ask for no more than a notice, and one that covers changes to its own files alone.
const ACCEPTED: [&str; 10] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Whether an SPDX expression without nesting allows one of [`ACCEPTED`]; the old `/` is an `OR`.
fn is_accepted(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain
        .split(" AND ")
        .all(|all| all.split(" OR ").any(|any| ACCEPTED.contains(&any.trim())))
}

/// A line `name version|license` for each package that is compiled here, or `None` where cargo cannot tell without a
/// network.
fn compiled() -> Option<BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--offline"])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let lines = text.lines().filter(|line| !line.is_empty());
    let lines = lines.map(|line| line.trim_end_matches(" (*)").into());
    output.status.success().then(|| lines.collect())
}

#[test]
fn every_dependency_has_a_permissive_license() {
    let Some(packages) = compiled() else {
        eprintln!("skipped: cargo tree is not available offline");
        return;
    };
    assert!(packages.len() > 100, "{} packages", packages.len());
    let refused: Vec<&String> = packages
        .iter()
        .filter(|line| {
            !line
                .split_once('|')
                .is_some_and(|(_, license)| is_accepted(license))
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn an_expression_is_accepted_if_every_part_has_a_choice_that_is() {
    for accepted in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
    ] {
        assert!(is_accepted(accepted), "{accepted}");
    }
    for refused in ["GPL-3.0-only", "MIT AND LGPL-2.1", "", "MIT-Modern-Variant"] {
        assert!(!is_accepted(refused), "{refused}");
    }
}
