//! Burn's `Config` for the types that its derive does not serve.

/// Implements [`Config`](burn::config::Config) and `Display`, as Burn's derive does beside the
/// builder: for configurations with parameters, and those whose `new` takes more than its fields.
///
/// `impl_config!([generics] Type)`.
macro_rules! impl_config {
    ([$($generics:tt)*] $name:ty) => {
        impl<$($generics)*> burn::config::Config for $name {}

        impl<$($generics)*> core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&burn::config::config_to_json(self))
            }
        }
    };
}

pub(crate) use impl_config;
