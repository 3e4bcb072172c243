//! `inspect`.

use super::Lab;

const TRAIN: &str = "--data glyphs --train-count 200 --test-count 100 --epochs 1 --json";

#[test]
fn the_published_kk_layer_is_a_flip_and_a_pointwise_convolution() {
    let lab = Lab::new();
    let kk = lab.json("inspect --layer kk --shape 3x9x8 --out 4 --json --html pages/kk.html");
    assert_eq!(kk["layer"], "kk");
    assert_eq!(kk["equivalent"]["kind"], "flip, then 1x1 convolution");
    assert!(kk["equivalent"]["residual"].as_f64().unwrap() < 1e-6);
    assert_eq!(kk["dead_parameters"][0]["name"], "conv.response.beta");
    assert_eq!(kk["dead_parameters"][0]["count"], 12);
    let share = kk["discarded_energy"].as_f64().unwrap();
    assert!(share > 0.2 && share < 0.8, "{share}");
    assert_eq!(kk["cost"]["parameters"], 24);
    assert_eq!(kk["cost"]["multiply_adds"], 3 * 4 * 72);
    let page = std::fs::read_to_string(lab.path("pages/kk.html")).unwrap();
    assert!(page.contains("flip, then 1x1 convolution") && page.contains("data:image/png"));

    let text = lab.ok("inspect --layer kk --shape 3x9x8 --out 4").stdout;
    assert!(
        text.contains("flip, then 1x1 convolution, residual 0"),
        "{text}"
    );
    assert!(text.contains("conv.response.beta: 12"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn layers_are_listed_and_bad_requests_refused() {
    let lab = Lab::new();
    let list = lab.json("inspect --list --json");
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["layer"].clone())
        .collect();
    assert!(names.contains(&"kk".into()) && names.contains(&"cemnet".into()));
    let text = lab.ok("inspect --list").stdout;
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(lab.fails("inspect --layer kkk", 2).contains("'kkk'"));
    assert!(lab.fails("inspect", 2).contains("--layer"));
    assert!(
        lab.fails("inspect --layer free --shape 0x1x1", 2)
            .contains("CHANNELSxHEIGHTxWIDTH")
    );
    assert!(
        lab.fails("inspect --layer depthwise --out 3", 2)
            .contains("multiples of")
    );
}

#[test]
fn the_filters_of_a_trained_network_are_inspected() {
    let lab = Lab::new();
    lab.json(&format!("train --model kk1 {TRAIN} --run run"));
    let found = lab.json("inspect run --json");
    assert_eq!(found["model"], "kk1");
    let layers = found["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 3);
    assert_eq!(
        layers[0]["equivalent"]["kind"],
        "flip, then 1x1 convolution"
    );
    assert_eq!(
        layers[1]["equivalent"]["kind"],
        "3x3 zero-padded convolution"
    );
    let text = lab.ok("inspect run/model.safetensors").stdout;
    assert!(
        text.contains("filter 2") && text.contains("KkLayer"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );

    lab.json(&format!(
        "train --model fft-magnitude {TRAIN} --run spectrum"
    ));
    assert!(lab.fails("inspect spectrum", 1).contains("spectra"));
}

#[test]
fn spectral_filters_are_baked_into_convolutions_and_the_network_judged_again() {
    let lab = Lab::new();
    let trained = lab.json(&format!("train --model kk1 {TRAIN} --run kk"));
    let kk = lab.json("inspect kk --bake --json");
    assert_eq!(kk["accuracy"], trained["accuracy"]);
    assert_eq!(kk["layers"].as_array().unwrap().len(), 1);
    let point = &kk["baked"][0];
    assert_eq!(
        (&point["taps"], &point["flip"]),
        (&"1x1".into(), &true.into())
    );
    assert!(point["residual"].as_f64().unwrap() < 1e-6);
    assert_eq!(point["accuracy"], trained["accuracy"]);
    assert_eq!(point["accuracy_change"], 0.0);
    let taps = kk["baked"].as_array().unwrap().iter();
    let taps: Vec<_> = taps.map(|row| row["taps"].as_str().unwrap()).collect();
    assert_eq!(taps, ["1x1", "3x3", "5x5", "7x7", "13x13"]);
    let said = lab.ok("inspect kk --bake 1 --save kk.safetensors").stdout;
    assert!(
        said.contains("1x1 flipped") && said.contains("flipped images in: filter 1"),
        "{said}"
    );
    assert!(
        said.lines().all(|line| line.chars().count() <= 80),
        "{said}"
    );
    let said = lab.fails("evaluate kk.safetensors --data glyphs", 1);
    assert!(said.contains("'kk1 baked into 1x1'"), "{said}");
}

#[test]
fn a_network_baked_without_a_flip_is_an_ordinary_one_and_loads_as_such() {
    let lab = Lab::new();
    lab.json(&format!("train --model free2 {TRAIN} --run free"));
    let free = lab.json("inspect free --bake 3 --save out/free.safetensors --json");
    let rows = free["baked"].as_array().unwrap();
    let labels: Vec<_> = rows
        .iter()
        .map(|row| row["layer"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["filter 1", "filter 2", "all"]);
    assert!(rows[0]["residual"].as_f64().unwrap() > 0.1);
    assert_eq!(free["saved_model"], "cnn");
    let file = "evaluate out/free.safetensors --data glyphs --test-count 100 --json";
    let alone = lab.json(file);
    assert_eq!(alone["model"], "cnn");
    assert_eq!(alone["accuracy"], rows[2]["accuracy"]);
    // Evaluated in other batches, sums round otherwise.
    let losses = [&alone, &rows[2]].map(|row| row["loss"].as_f64().unwrap());
    assert!((losses[0] - losses[1]).abs() < 1e-6, "{losses:?}");

    lab.json(&format!("train --model cnn {TRAIN} --run cnn"));
    for (line, code, part) in [
        ("inspect free --bake 4", 2, "odd kernel size, such as 3"),
        ("inspect free --bake 9", 2, "filter 2 meets images of 7x7"),
        ("inspect free --bake --save x", 2, "--bake 3"),
        (
            "inspect --layer kk --bake",
            2,
            "a run folder or a checkpoint",
        ),
        ("inspect free --data glyphs", 2, "needs it"),
        ("inspect free --save x", 2, "--bake"),
        ("inspect cnn --bake", 1, "ordinary convolutions already"),
    ] {
        let said = lab.fails(line, code);
        assert!(said.contains(part), "{line}\n{said}");
    }
}
