#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    spectral_fuzz::run("fields", bytes);
});
