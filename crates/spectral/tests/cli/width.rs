//! Text that fits the terminal.

use super::{Lab, Said};

fn assert_fits(said: &Said, width: usize, line: &str) {
    assert_eq!(said.code, 0, "{line}\n{}", said.stderr);
    assert!(!said.stdout.is_empty(), "{line}");
    for text in said.stdout.lines() {
        assert!(text.chars().count() <= width, "{line}: {text}");
    }
}

/// A processor whose name is longer than a line.
const LONG_NAME: &str = "Intel(R) Xeon(R) Platinum 8481C CPU with a good many words in its name \
                         @ 2.70 GHz (engineering sample)";

#[test]
fn a_machine_with_a_long_name_keeps_to_eighty_columns() {
    let lab = Lab::new();
    for line in [
        "bench --case kk_flip_64x1-16_14 --seconds 0 --threads 1",
        "bench --step lenet --batch 2 --seconds 0 --threads 1",
    ] {
        let said = lab.run_with(&[("SPECTRAL_MACHINE_NAME", LONG_NAME)], line);
        assert_fits(&said, 80, line);
        let words: Vec<&str> = said.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(LONG_NAME), "{}", said.stdout);
    }
    let line = "bench --layer kk --shape 2x3x5x4 --seconds 0 --json";
    let said = lab.run_with(&[("SPECTRAL_MACHINE_NAME", LONG_NAME)], line);
    let reports: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let machine = reports[0]["machine"].as_str().unwrap();
    assert!(machine.starts_with(LONG_NAME), "{machine}");
}

#[test]
fn tables_follow_the_width_there_is() {
    let lab = Lab::new();
    for line in [
        "models",
        "models kk2",
        "data",
        "data make --list",
        "inspect --list",
        "inspect --layer kk --shape 2x6x5",
        "study --list",
        "advise --shape 1x2x6x5 --kernel 3 --threads 1",
        "bench --case kk_flip_64x1-16_14 --seconds 0 --threads 1",
        "bench --step lenet --batch 2 --seconds 0 --threads 1",
    ] {
        let said = lab.run_with(&[("COLUMNS", "50")], line);
        assert_fits(&said, 50, line);
    }
    // With room, a line holds more than 80 columns.
    let said = lab.run_with(&[("COLUMNS", "160")], "models");
    assert_fits(&said, 160, "models");
    assert!(said.stdout.lines().any(|line| line.chars().count() > 80));
}
