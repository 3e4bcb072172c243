//! Weights in safetensors files that PyTorch can read as well.

use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::store::{
    ApplyResult, BurnToPyTorchAdapter, FloatCastAdapter, ModuleAdapter, ModuleSnapshot,
    PyTorchToBurnAdapter, SafetensorsStore,
};
use burn::tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::error::TrainError;
use super::files::write_atomically;
use super::tensors::Header;
use super::trained_on::{self, TrainedOn};

const NAME_KEY: &str = "model";
const SETTINGS_KEY: &str = "settings";

/// Counters of PyTorch's batch normalization that Burn's does not have.
const UNUSED_BY_BURN: &str = "num_batches_tracked";

/// What is needed to rebuild a network: its name in the registry and its settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDescription {
    /// The name in the registry.
    pub name: String,
    /// All other settings, by name.
    #[serde(default)]
    pub settings: toml::Table,
}

/// Writes every parameter and the running statistics of batch normalization, with PyTorch's names
/// and layouts (`weight` and `bias` in normalization layers, linear weights `[outputs, inputs]`),
/// and the description in the file's metadata. An existing file is replaced atomically.
///
/// # Errors
///
/// [`TrainError::Save`] if the weights cannot be read from the device, [`TrainError::Io`] if the
/// file cannot be written.
pub fn save_model_weights<M: Module>(
    path: &Path,
    model: &M,
    description: &ModelDescription,
) -> Result<(), TrainError> {
    write_atomically(path, &weights_file(path, model, description, None)?)
}

/// Like [`save_model_weights`], and records the training data, for
/// [`read_trained_on`](super::read_trained_on).
///
/// # Errors
///
/// The errors of [`save_model_weights`].
pub fn save_trained_weights<M: Module>(
    path: &Path,
    model: &M,
    description: &ModelDescription,
    trained_on: &TrainedOn,
) -> Result<(), TrainError> {
    write_atomically(
        path,
        &weights_file(path, model, description, Some(trained_on))?,
    )
}

/// The contents for `path`.
pub(super) fn weights_file<M: Module>(
    path: &Path,
    model: &M,
    description: &ModelDescription,
    trained_on: Option<&TrainedOn>,
) -> Result<Vec<u8>, TrainError> {
    let settings =
        toml::to_string(&description.settings).map_err(|error| TrainError::save(path, error))?;
    let mut store = SafetensorsStore::from_bytes(None)
        .skip_enum_variants(true)
        .with_to_adapter(BurnToPyTorchAdapter)
        .metadata(NAME_KEY, &description.name)
        .metadata(SETTINGS_KEY, settings);
    if let Some(trained_on) = trained_on {
        store = store.metadata(trained_on::KEY, trained_on.text(path)?);
    }
    // In a module in training mode, running statistics lag one batch behind.
    model
        .valid()
        .save_into(&mut store)
        .and_then(|()| store.get_bytes())
        .map_err(|error| TrainError::save(path, error))
}

/// Reads weights written by [`save_model_weights`] into a network of the same shape, bit for bit,
/// and returns it in evaluation mode. Weights in F64, F16 or BF16 are converted to F32; see
/// [`converted_precisions`](super::converted_precisions).
///
/// # Errors
///
/// [`TrainError::Io`] if there is no such file, [`TrainError::Damaged`] if it is not a complete
/// safetensors file, [`TrainError::Dtype`] for weights that are not floating-point,
/// [`TrainError::WeightsDoNotFit`] naming tensors that are missing, unknown or of another shape.
pub fn load_model_weights<M: Module>(path: &Path, model: M) -> Result<M, TrainError> {
    // Checked first for a clear error, since the store maps the file without naming it.
    let header = Header::read(path)?;
    header.check_dtypes(path, UNUSED_BY_BURN)?;
    check_extent(path, &header, &model)?;
    let mut store = SafetensorsStore::from_file(path)
        .skip_enum_variants(true)
        .with_from_adapter(PyTorchToBurnAdapter.chain(FloatCastAdapter::to(DType::F32)))
        .allow_partial(true)
        .validate(false);
    let mut model = model.valid();
    let result = model
        .load_from(&mut store)
        .map_err(|error| TrainError::damaged(path, error))?;
    match misfits(&result) {
        reasons if reasons.is_empty() => Ok(model),
        reasons => Err(TrainError::WeightsDoNotFit {
            path: path.to_path_buf(),
            reason: reasons.join("; "),
        }),
    }
}

/// A network with this many more values than its file is rejected by the number alone, before any
/// memory is allocated for it.
const FAR_LARGER: u64 = 1 << 24;

/// Rejects a network far larger than the contents of the file.
fn check_extent<M: Module>(path: &Path, header: &Header, model: &M) -> Result<(), TrainError> {
    let mut values = Values(0);
    model.visit(&mut values);
    let held = header.values();
    match values.0 > held.saturating_add(FAR_LARGER) {
        false => Ok(()),
        true => Err(TrainError::WeightsDoNotFit {
            path: path.to_path_buf(),
            reason: format!(
                "the network has {} values, but the file has {held}",
                values.0
            ),
        }),
    }
}

/// Counts values by their shapes, without allocating them.
struct Values(u64);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let dims = param.lazy_shape().dims::<D>();
        let elements = dims
            .iter()
            .fold(1u64, |product, &size| product.saturating_mul(size as u64));
        self.0 = self.0.saturating_add(elements);
    }
}

fn misfits(result: &ApplyResult) -> Vec<String> {
    let mut reasons = Vec::new();
    let missing: Vec<&str> = result.missing.iter().map(|(p, _)| p.as_str()).collect();
    if !missing.is_empty() {
        reasons.push(format!("the file lacks {}", missing.join(", ")));
    }
    let known = |path: &&String| !path.ends_with(UNUSED_BY_BURN);
    let unused: Vec<&str> = result
        .unused
        .iter()
        .filter(known)
        .map(String::as_str)
        .collect();
    if !unused.is_empty() {
        reasons.push(format!("the network lacks {}", unused.join(", ")));
    }
    reasons.extend(result.errors.iter().map(ToString::to_string));
    reasons
}

/// The description in the metadata of a file written by [`save_model_weights`]; `None` in a
/// safetensors file of other origin.
///
/// # Errors
///
/// [`TrainError::Io`] if the file cannot be read, [`TrainError::Damaged`] if it is not a
/// safetensors file.
pub fn read_model_description(path: &Path) -> Result<Option<ModelDescription>, TrainError> {
    let damaged = |reason: String| TrainError::damaged(path, reason);
    let header = Header::read(path)?;
    let Some(name) = header.metadata.get(NAME_KEY) else {
        return Ok(None);
    };
    let settings = match header.metadata.get(SETTINGS_KEY) {
        Some(text) => toml::from_str(text)
            .map_err(|error| damaged(format!("the settings of the model: {error}")))?,
        None => toml::Table::new(),
    };
    Ok(Some(ModelDescription {
        name: name.clone(),
        settings,
    }))
}
