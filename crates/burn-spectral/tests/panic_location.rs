//! `init` and `forward` panic with the text of `try_init` and `check`, at the line of their caller.

use std::panic::{Location, catch_unwind, set_hook, take_hook};
use std::sync::Mutex;

use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Tensor};
use burn_spectral::conv::{InitFft, LongConv1dConfig, SpectralConv2dConfig};
use burn_spectral::frequency::ModReluConfig;
use burn_spectral::published::KkLayerConfig;
use burn_spectral::response::{FullSpectrum2d, FullSpectrumConfig, ResponseConfig};

/// File and line of the last panic.
static LAST: Mutex<Option<(String, u32)>> = Mutex::new(None);

/// The place that called this function.
#[track_caller]
fn place() -> (String, u32) {
    let place = Location::caller();
    (place.file().into(), place.line())
}

/// Where and with what text `work` panics.
fn panic_of<T>(work: impl FnOnce() -> T) -> ((String, u32), String) {
    let outcome = catch_unwind(std::panic::AssertUnwindSafe(work));
    let payload = outcome.err().expect("a panic");
    let text = match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast::<&str>().unwrap().to_string(),
    };
    (LAST.lock().unwrap().take().unwrap(), text)
}

// One test: the panic hook is that of the whole process.
#[test]
fn panics_name_the_callers_line() {
    let before = take_hook();
    set_hook(Box::new(|info| {
        let place = info.location().unwrap();
        *LAST.lock().unwrap() = Some((place.file().into(), place.line()));
    }));
    let device = Device::flex();
    let full = FullSpectrumConfig::new([4, 6]);
    let layer = SpectralConv2dConfig::new([2, 3], full.clone()).init(&device);
    let images = || Tensor::<4>::zeros([1, 2, 5, 6], &device);
    let text = layer.check([1, 2, 5, 6]).unwrap_err().to_string();

    let found = [
        (panic_of(|| layer.forward(images())), place(), text),
        {
            let config = SpectralConv2dConfig::new([0, 3], full.clone());
            let text = config.try_init(&device).unwrap_err().to_string();
            (panic_of(|| config.init(&device)), place(), text)
        },
        {
            let config = FullSpectrumConfig::new([4]);
            let made: Result<FullSpectrum2d, _> = config.try_init([1, 1], &device);
            let text = made.unwrap_err().to_string();
            let init = || -> FullSpectrum2d { config.init([1, 1], &device) };
            let line = place().1 - 1;
            (panic_of(init), (file!().into(), line), text)
        },
        {
            let config = Conv2dConfig::new([2, 3], [0, 3]);
            let text = config.try_init_fft(&device).unwrap_err().to_string();
            (panic_of(|| config.init_fft(&device)), place(), text)
        },
        {
            let layer = KkLayerConfig::new([1, 2]).init(&device);
            let text = layer.check([1, 2, 5, 6]).unwrap_err().to_string();
            (panic_of(|| layer.forward(images())), place(), text)
        },
        {
            let layer = LongConv1dConfig::new(2, 3).init(&device);
            let text = layer.check([1, 1, 5]).unwrap_err().to_string();
            let signal = Tensor::zeros([1, 1, 5], &device);
            (panic_of(|| layer.forward(signal)), place(), text)
        },
        {
            let layer = ModReluConfig::new(3).init(&device);
            let text = layer.check([1, 2, 5, 6]).unwrap_err().to_string();
            let spectrum = burn_spectral::ComplexTensor::from_real(images());
            (panic_of(|| layer.forward(spectrum)), place(), text)
        },
    ];
    set_hook(before);
    for ((at, text), expected_at, expected_text) in found {
        assert_eq!(text, expected_text);
        assert_eq!(at, expected_at, "{text}");
    }
}
