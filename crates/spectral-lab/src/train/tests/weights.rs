use std::fs;

use super::*;

fn description() -> ModelDescription {
    run_config(config(1)).model
}

#[test]
fn weights_come_back_bit_by_bit_with_their_description() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = fit(Small::new(3), &data(), &config(1), None, &mut ())
        .unwrap()
        .model;
    save_model_weights(&path, &model, &description()).unwrap();
    let loaded = load_model_weights(&path, Small::new(3)).unwrap();
    assert_eq!(bits(&loaded), bits(&model));
    assert_eq!(read_model_description(&path).unwrap(), Some(description()));
}

#[test]
fn a_network_saved_while_training_has_the_statistics_of_its_last_batch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = Small::new(3).train();
    let device = Device::flex().autodiff();
    let images = Tensor::<4>::ones([4, 1, 8, 8], &device);
    model.forward(images);
    save_model_weights(&path, &model, &description()).unwrap();
    let loaded = load_model_weights(&path, Small::new(3)).unwrap();
    let variance = loaded.norm.running_var.value().try_into_vec_as::<f32>();
    assert!(variance.unwrap().iter().all(|&v| v != 1.0));
}

#[test]
fn names_and_layouts_are_those_of_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    save_model_weights(&path, &Small::new(3), &description()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut shapes: Vec<(String, serde_json::Value)> = header
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "__metadata__")
        .map(|(name, tensor)| (name.clone(), tensor["shape"].clone()))
        .collect();
    shapes.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("conv.bias", serde_json::json!([4])),
        ("conv.weight", serde_json::json!([4, 1, 3, 3])),
        ("linear.bias", serde_json::json!([3])),
        ("linear.weight", serde_json::json!([3, 4])),
        ("norm.bias", serde_json::json!([4])),
        ("norm.running_mean", serde_json::json!([4])),
        ("norm.running_var", serde_json::json!([4])),
        ("norm.weight", serde_json::json!([4])),
    ]
    .map(|(name, shape)| (name.to_string(), shape));
    assert_eq!(shapes, expected);
}

#[test]
fn weights_of_another_network_are_refused_by_name() {
    #[derive(Module, Debug)]
    struct Half {
        conv: Conv2d,
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    save_model_weights(&path, &Small::new(3), &description()).unwrap();

    let message = load_model_weights(&path, Small::with_channels(5, 3))
        .unwrap_err()
        .to_string();
    assert!(message.contains("conv.weight"), "{message}");

    let half = Half {
        conv: Small::new(3).conv,
    };
    let message = load_model_weights(&path, half.clone())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("the network lacks linear.bias"),
        "{message}"
    );

    save_model_weights(&path, &half, &description()).unwrap();
    let message = load_model_weights(&path, Small::new(3))
        .unwrap_err()
        .to_string();
    assert!(message.contains("the file lacks linear.bias"), "{message}");
}

#[test]
fn files_that_are_no_weights_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let load = || load_model_weights(&path, Small::new(3)).unwrap_err();
    assert!(matches!(load(), TrainError::Io { .. }));

    save_model_weights(&path, &Small::new(3), &description()).unwrap();
    let whole = fs::read(&path).unwrap();
    let cuts = [0, 4, 20, whole.len() / 2, whole.len() - 1];
    for end in cuts {
        fs::write(&path, &whole[..end]).unwrap();
        let error = load();
        assert!(
            matches!(error, TrainError::Damaged { .. }),
            "{end}: {error}"
        );
    }
    fs::write(&path, "PK\u{3}\u{4} and so on, but not at all safetensors").unwrap();
    assert!(matches!(load(), TrainError::Damaged { .. }));
}

#[test]
fn enum_variants_leave_no_trace_in_the_names() {
    #[derive(Module, Debug)]
    #[allow(clippy::large_enum_variant)]
    enum Either {
        Small(Small),
        Other(Linear),
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let small = Small::new(3);
    save_model_weights(&path, &Either::Small(small.clone()), &description()).unwrap();
    let alone = load_model_weights(&path, Small::new(3)).unwrap();
    assert_eq!(bits(&alone), bits(&small));
    let Either::Small(loaded) = load_model_weights(&path, Either::Small(Small::new(3))).unwrap()
    else {
        panic!("another variant");
    };
    assert_eq!(bits(&loaded), bits(&small));
    let other = Either::Other(LinearConfig::new(2, 2).init(&Device::flex()));
    assert!(load_model_weights(&path, other).is_err());
}
