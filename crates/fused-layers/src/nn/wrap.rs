//! What all wrapped layers have in common: everything but `forward` is Burn's.

/// Makes `$layer`, a tuple struct of Burn's layer, a module that is Burn's layer in all respects: parameter names,
/// container type, printed form.
macro_rules! wrap {
    ($layer:ident, $inner:ty) => {
        impl burn::module::Module for $layer {
            fn collect_devices(&self, devices: burn::module::Devices) -> burn::module::Devices {
                self.0.collect_devices(devices)
            }

            fn fork(self, device: &burn::tensor::Device) -> Self {
                Self(self.0.fork(device))
            }

            fn to_device(self, device: &burn::tensor::Device) -> Self {
                Self(self.0.to_device(device))
            }

            fn train(self) -> Self {
                Self(self.0.train())
            }

            fn valid(&self) -> Self {
                Self(self.0.valid())
            }

            fn materialize(self) -> Self {
                Self(self.0.materialize())
            }

            fn num_params(&self) -> usize {
                burn::module::Module::num_params(&self.0)
            }

            fn visit<V: burn::module::ModuleVisitor>(&self, visitor: &mut V) {
                self.0.visit(visitor);
            }

            fn map<M: burn::module::ModuleMapper>(self, mapper: &mut M) -> Self {
                Self(self.0.map(mapper))
            }
        }

        impl core::fmt::Display for $layer {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl burn::module::ModuleDisplayDefault for $layer {
            fn content(&self, content: burn::module::Content) -> Option<burn::module::Content> {
                self.0.content(content)
            }

            fn num_params(&self) -> usize {
                burn::module::Module::num_params(self)
            }
        }

        impl burn::module::ModuleDisplay for $layer {
            fn format(&self, settings: burn::module::DisplaySettings) -> String {
                self.0.format(settings)
            }
        }

        impl core::ops::Deref for $layer {
            type Target = $inner;

            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl core::ops::DerefMut for $layer {
            fn deref_mut(&mut self) -> &mut $inner {
                &mut self.0
            }
        }

        impl From<$inner> for $layer {
            fn from(layer: $inner) -> Self {
                Self(layer)
            }
        }

        impl From<$layer> for $inner {
            fn from(layer: $layer) -> Self {
                layer.0
            }
        }
    };
}

/// Conversions between a configuration and Burn's, which has the same fields, all of them named here.
macro_rules! wrap_config {
    ($config:ident, $inner:ty, [$($field:ident),+]) => {
        impl From<$inner> for $config {
            fn from(config: $inner) -> Self {
                type Inner = $inner;
                let Inner { $($field),+ } = config;
                Self { $($field),+ }
            }
        }

        impl From<$config> for $inner {
            fn from(config: $config) -> Self {
                let $config { $($field),+ } = config;
                Self { $($field),+ }
            }
        }
    };
}

pub(super) use {wrap, wrap_config};
