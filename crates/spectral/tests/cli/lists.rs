//! `models` and `data`.

use super::Lab;

#[test]
fn networks_are_listed_with_their_parameters() {
    let lab = Lab::new();
    let list = lab.json("models --json");
    let params = |name: &str| {
        let entries = list.as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["name"] == name);
        entry.unwrap_or_else(|| panic!("{name}"))["params"]
            .as_u64()
            .unwrap()
    };
    // 16·9 + 16, 32·16·9 + 32, 64·32·9 + 64; batch norm 2·112; the head 650.
    assert_eq!(params("cnn"), 160 + 4640 + 18_496 + 224 + 650);
    for name in [
        "kk1",
        "kk2",
        "kk1-repaired",
        "kk2-repaired",
        "free1",
        "free2",
    ] {
        assert!(params(name) > 20_000, "{name}");
    }
    // Running mean and variance of batch norm.
    let one = lab.json("models cnn --json");
    assert_eq!(one[0]["fixed_params"], 224);
    let layers = one[0]["network"]["layers"].as_array().unwrap();
    let sum: u64 = layers
        .iter()
        .map(|layer| layer["trainable"].as_u64().unwrap())
        .sum();
    assert_eq!(Some(sum), one[0]["params"].as_u64());
    assert_eq!(list[0].get("network"), None);
    let text = lab.ok("models").stdout;
    assert!(text.contains("kk2-repaired"));
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    let text = lab.ok("models kk2").stdout;
    for part in [
        "528 are dead (cannot change the output)",
        "KkLayer",
        "multiply-adds",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn data_sets_are_listed_with_where_they_are() {
    let lab = Lab::new();
    let available = |line: &str, name: &str| {
        let list = lab.json(line);
        let entries = list.as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["name"] == name).unwrap();
        entry["available"].as_bool().unwrap()
    };
    assert!(available("data --json", "glyphs"));
    assert!(!available("data --json", "mnist"));
    std::fs::create_dir_all(lab.path("sets/cats-vs-dogs")).unwrap();
    assert!(available("data --data-dir sets --json", "cats-vs-dogs"));
    let text = lab.ok("data").stdout;
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn the_license_of_every_data_set_is_shown() {
    let lab = Lab::new();
    let list = lab.json("data --json");
    let license = |name: &str| {
        let mut entries = list.as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["name"] == name).unwrap();
        entry["license"].as_str().unwrap().to_string()
    };
    assert_eq!(license("fashion-mnist"), "MIT");
    assert_eq!(license("glyphs"), "MIT OR Apache-2.0");
    for name in ["mnist", "cifar-10", "cats-vs-dogs"] {
        assert_eq!(license(name), "none stated", "{name}");
    }
    let text = lab.ok("data").stdout;
    assert_eq!(text.matches("license: ").count(), 7, "{text}");
}

#[test]
fn a_contact_sheet_shows_a_row_a_class() {
    let lab = Lab::new();
    lab.ok("data show glyphs --out sheet.png");
    let sheet = image::open(lab.path("sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (12 * 29 + 1, 10 * 29 + 1));
}
