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
            .contains("divisible")
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
