//! The layers of this crate.

mod conv;
mod fft;
mod frequency;
mod network;
mod operator;
mod pool;
mod spectrum;

/// The name of a type without its path and its parameters.
fn short_name<T>() -> &'static str {
    let name = core::any::type_name::<T>();
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}
