//! `spectral bench`.

use super::Lab;

#[test]
fn a_layer_of_ones_own_sizes_is_timed() {
    let lab = Lab::new();
    let line = "bench --layer dense --shape 2x3x8x7 --out 4 --seconds 0 --json";
    let reports = lab.json(line);
    let [report] = reports.as_array().unwrap().as_slice() else {
        panic!("{reports}")
    };
    assert_eq!(report["case"], "dense_2x3x8x7-4");
    for field in [
        "fwd_ms",
        "fwdbwd_ms",
        "limit_ms",
        "gflops_per_s",
        "gb_per_s",
    ] {
        assert!(report[field].as_f64().unwrap() > 0.0, "{field}: {report}");
    }
    assert!(report["peer_fwd_ms"].is_null() && report["peer_fwdbwd_ms"].is_null());
    assert_eq!(report["threads"], 2);
    assert_eq!(report["params"], 2 * 3 * 4 * 8 * 4);
    #[cfg(target_os = "linux")]
    assert!(report["peak_mb"].is_number(), "{report}");
}

#[test]
fn a_named_case_gives_a_table_that_fits() {
    let lab = Lab::new();
    let said = lab.ok("bench --case kk_flip_64x1-16_14 --seconds 0 --threads 1");
    assert!(
        said.stdout.contains("kk_flip_64x1-16_14"),
        "{}",
        said.stdout
    );
    assert!(said.stdout.contains("threads 1:"), "{}", said.stdout);
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_is_not_there_is_refused_with_what_is() {
    let lab = Lab::new();
    let said = lab.run("bench --case fno");
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("longconv_4x256_8192"),
        "{}",
        said.stderr
    );
    let listed = lab.ok("bench --list").stdout;
    assert!(listed.lines().any(|line| line == "longconv_4x256_8192"));

    let said = lab.run("bench --layer fno --shape 1x2x3x4");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("globalfilter"), "{}", said.stderr);
    assert_eq!(lab.run("bench --shape 1x2x3x4").code, 2);
    assert_eq!(lab.run("bench --layer kk --shape 1x2x3").code, 2);

    let said = lab.run("bench --list --peer torch --case x");
    assert_eq!(said.code, 2);
    let said = lab.run("bench --layer kk --shape 1x2x3x4 --peer torch --python ./no-python");
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("./no-python: cannot be started"),
        "{}",
        said.stderr
    );
}

/// A peer that answers by heart, the second of its processes faster than the first.
#[cfg(unix)]
const PEER: &str = r#"#!/bin/sh
echo '{"ready": "Fake 1"}'
ms=3000; test -n "$MALLOC_TRIM_THRESHOLD_" && ms=2000
while read -r line; do
  case "$line" in
    *flip_kk*) echo '{"missing": "some_package"}';;
    *'"time"'*) echo "{\"ms\": [$ms]}";;
    *'"peak"'*) echo '{"mb": 12.5}';;
    *) echo '{}';;
  esac
done
"#;

#[test]
#[cfg(unix)]
fn a_peer_runs_in_turns_and_its_better_half_counts() {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::new();
    let program = lab.path("peer");
    write(&program, PEER).unwrap();
    set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let line = "bench --layer kk --shape 2x3x5x4 --seconds 0 --json --peer torch --python ./peer";
    let said = lab.ok(line);
    let told = "kk_2x3x5x4: no flip_kk: ./peer has no package 'some_package'";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    let reports: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let report = &reports[0];
    assert_eq!(report["peer_fwd_ms"], 2000.0);
    assert_eq!(report["peer_peak_mb"], 12.5);
    assert_eq!(report["peers"].as_array().unwrap().len(), 2);
    let ratio = report["ratio_fwdbwd"].as_f64().unwrap();
    let ours = report["fwdbwd_ms"].as_f64().unwrap();
    assert!((ratio * ours / 2000.0 - 1.0).abs() < 1e-9, "{report}");

    // The longest name of all.
    let table =
        lab.ok("bench --case globalfilter_32x14x14x384 --seconds 0 --peer torch --python ./peer");
    for line in table.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
#[cfg(unix)]
fn a_peer_that_dies_takes_no_results_with_it() {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::new();
    let program = lab.path("peer");
    let text = "#!/bin/sh\necho '{\"ready\": \"Fake 1\"}'\nread -r line\nexit 7\n";
    write(&program, text).unwrap();
    set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let line = "bench --layer kk --shape 2x3x5x4 --seconds 0 --json --peer torch --python ./peer";
    let said = lab.ok(line);
    let told = "kk_2x3x5x4: timed without the peer: ./peer: ended early (exit status: 7)";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    let reports: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(reports[0]["fwd_ms"].as_f64().unwrap() > 0.0);
    assert!(reports[0]["peer_fwd_ms"].is_null());
}

#[test]
fn a_training_step_is_timed_with_its_parts() {
    let lab = Lab::new();
    let reports = lab.json("bench --step lenet --batch 2 --seconds 0 --json");
    let [report] = reports.as_array().unwrap().as_slice() else {
        panic!("{reports}")
    };
    assert_eq!(report["case"], "lenet");
    assert_eq!(report["shape"], serde_json::json!([2, 1, 28, 28]));
    assert_eq!(
        (&report["batch"], &report["recipe"]),
        (&2.into(), &"lab".into())
    );
    let number = |field: &str| report[field].as_f64().unwrap();
    for field in ["forward_ms", "loss_ms", "backward_ms", "optimizer_ms"] {
        assert!(number(field) > 0.0, "{field}: {report}");
    }
    let images = number("images_per_s") * number("fwdbwd_ms");
    assert!((images / 2e3 - 1.0).abs() < 1e-9, "{report}");
    for field in [
        "peer_fwdbwd_ms",
        "peer_images_per_s",
        "ratio",
        "peer_params",
    ] {
        assert!(report[field].is_null(), "{field}: {report}");
    }
    // 25·6 + 6, 25·6·16 + 16, batch norm 2·22, 3136·120 + 120, 120·84 + 84, 84·10 + 10.
    assert_eq!(report["params"], 390_070);
    #[cfg(target_os = "linux")]
    assert!(report["peak_mb"].is_number(), "{report}");
}

#[test]
fn steps_that_are_not_there_are_refused() {
    let lab = Lab::new();
    let said = lab.run("bench --step resnet");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("lenet"), "{}", said.stderr);
    let said = lab.run("bench --case kk_flip_64x1-16_14 --batch 3");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("--batch"), "{}", said.stderr);
    assert_eq!(lab.run("bench --step cnn --batch 0").code, 2);
    assert_eq!(lab.run("bench --step cnn --case x").code, 2);
}

/// A peer whose steps take 3 s, and those of the third form, channels last, 2 s.
#[cfg(unix)]
const STEP_PEER: &str = r#"#!/bin/sh
echo '{"ready": "Fake 1"}'
while read -r line; do
  ms=3000
  case "$line" in *'"key":2'*) ms=2000;; esac
  case "$line" in
    *'"time"'*) echo "{\"ms\": [$ms], \"parts\": [[1000, 1, 900, 99]]}";;
    *'"peak"'*) echo '{"mb": 12.5}';;
    *foreach*) echo '{"error": "no foreach"}';;
    *'"channels_last":true'*) echo '{"params": 7}';;
    *) echo '{"params": 6}';;
  esac
done
"#;

#[test]
#[cfg(unix)]
fn a_peers_step_runs_in_turns_and_the_fastest_form_counts() {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::new();
    let program = lab.path("peer");
    write(&program, STEP_PEER).unwrap();
    set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let with = "--seconds 0 --batch 2 --peer torch --python ./peer";
    let said = lab.ok(&format!("bench --step cnn --json {with}"));
    let told = "cnn: no cnn with the foreach optimizer: no foreach";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    let reports: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let report = &reports[0];
    assert_eq!(report["peer_fwdbwd_ms"], 2000.0);
    assert_eq!(report["peer_images_per_s"], 1.0);
    assert_eq!(report["peer_parts"]["backward_ms"], 900.0);
    assert_eq!(
        (&report["peer_peak_mb"], &report["peer_params"]),
        (&12.5.into(), &7.into())
    );
    let best = &report["peers"][0];
    assert_eq!(
        (&best["optimizer"], &best["channels_last"]),
        (&"fused".into(), &true.into())
    );

    let names = "--step cats-gaussian-deep --step autoencoder-gaussian-repaired";
    let said = lab.ok(&format!("bench {names} {with}"));
    let told = "autoencoder-gaussian-repaired: timed without the peer: no PyTorch port";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    for line in said.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_sweep_is_the_same_for_the_same_seed() {
    let lab = Lab::new();
    // One of a kind that is quick.
    let names = |line: &str| lab.json(line)[0]["case"].as_str().unwrap().to_string();
    let line = "bench --sweep 1 --seconds 0 --json --seed 5";
    assert_eq!(names(line), names(line));
}

#[test]
#[cfg(target_os = "linux")]
fn a_layer_takes_at_least_its_input_output_and_cotangent() {
    let lab = Lab::new();
    // 32 MB each. In a process of its own, where nothing else gives memory back.
    let peak = lab.json(
        r#"bench --peak-of {"layer":"round_trip","shape":[8,16,256,256]} --threads 1 --json"#,
    );
    // Where the system lets no process ask, there is none.
    assert!(peak.is_null() || peak.as_f64().unwrap() > 64.0, "{peak}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_step_takes_at_least_weights_gradients_and_two_moments() {
    let lab = Lab::new();
    let peak = lab.json("bench --peak-of-step vgg --batch 2 --threads 1 --json");
    let weights = 4e-6 * 4_181_514.0;
    assert!(
        peak.is_null() || peak.as_f64().unwrap() > 4.0 * weights,
        "{peak}"
    );
}
