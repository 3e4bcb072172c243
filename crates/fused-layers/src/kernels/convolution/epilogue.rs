//! Bias and activation after a convolution, and the first step of their backward pass.

use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::{InstructionSet, Kernel, MAX_LANES, Scalar, Simd, count, with_scratch};

use crate::kernels::activation::{Activation, Form};

/// Images per task if maps are small.
const IMAGES: usize = 16;
/// Maps with fewer positions are summed over images first, so that vectors are full.
const SMALL_MAP: usize = 64;

/// Applied to each output while it is in registers or cache: `f(sum + bias[channel])`.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a, T> {
    /// Added to the sums, one value per output channel.
    pub bias: Option<&'a [T]>,
    /// Applied after the bias.
    pub activation: Activation,
}

impl<T: Scalar> Epilogue<'_, T> {
    /// No bias and no activation.
    pub const fn none() -> Self {
        Epilogue {
            bias: None,
            activation: Activation::Identity,
        }
    }

    /// The epilogue for one channel, or `None` if there is nothing to do.
    #[inline(always)]
    pub(crate) fn finish(&self, channel: usize) -> Option<Finish<T>> {
        if self.bias.is_none() && self.activation == Activation::Identity {
            return None;
        }
        Some(Finish {
            bias: self.bias.map_or(T::of(0.0), |bias| bias[channel]),
            form: self.activation.form(),
        })
    }
}

/// The epilogue for one channel.
#[derive(Clone, Copy)]
pub(crate) struct Finish<T> {
    bias: T,
    form: Form<T>,
}

impl<T: Scalar> Finish<T> {
    /// Applies the epilogue to `sums`, if there is one.
    #[inline(always)]
    pub fn through<S: Simd<T>>(finish: Option<Self>, simd: S, sums: S::V) -> S::V {
        match finish {
            Some(finish) => finish.apply(simd, sums),
            None => sums,
        }
    }

    #[inline(always)]
    fn apply<S: Simd<T>>(self, simd: S, sums: S::V) -> S::V {
        self.form.apply(simd, sums + simd.splat(self.bias))
    }
}

/// The backward pass of a bias and an activation, `y[b,o,n] = f(sum[b,o,n] + bias[o])`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelEpilogue {
    /// Batch size.
    pub batch: usize,
    /// Number of channels.
    pub channels: usize,
    /// Positions per channel.
    pub positions: usize,
    /// Applied after the bias.
    pub activation: Activation,
}

impl ChannelEpilogue {
    /// Computes, from the gradient `g` of the output `y`, the gradient of the sums, `gy = f'·g`, and its sum over
    /// images and positions, which is the gradient with respect to the bias.
    ///
    /// Both results are optional. For the identity, the first equals `g`, and `y` is not read and may be empty.
    ///
    /// # Panics
    /// If the length of a slice is not `batch · channels · positions` or, for the bias gradient, `channels`; or if the
    /// slope is negative or not finite, since the output's sign then does not determine the argument's.
    pub fn adjoint<T: Scalar>(
        &self,
        y: &[T],
        g: &[T],
        gy: Option<&mut [T]>,
        bias: Option<&mut [T]>,
    ) {
        assert!(
            self.activation.is_valid(),
            "activation slope must be finite and nonnegative, got {:?}",
            self.activation
        );
        let len = count(&[self.batch, self.channels, self.positions]);
        let y = if self.activation == Activation::Identity {
            g
        } else {
            y
        };
        for (what, got, expected) in [
            ("output", y.len(), len),
            ("output gradient", g.len(), len),
            ("gradient", gy.as_ref().map_or(len, |gy| gy.len()), len),
            (
                "bias gradient",
                bias.as_ref().map_or(self.channels, |bias| bias.len()),
                self.channels,
            ),
        ] {
            assert!(
                got == expected,
                "convolution epilogue {what}: expected {expected} elements, got {got}"
            );
        }
        T::enter::<EpilogueEntry>(EpilogueGradient {
            batch: self.batch,
            channels: self.channels,
            positions: self.positions,
            form: self.activation.form(),
            y,
            g,
            gy: gy.map(Shared::new),
            bias,
        });
    }
}

/// The gradient before bias and activation, and its per-channel sums; `y`, `g` and `gy` have the same length.
pub struct EpilogueGradient<'a, T> {
    batch: usize,
    channels: usize,
    positions: usize,
    form: Form<T>,
    y: &'a [T],
    g: &'a [T],
    gy: Option<Shared<T>>,
    bias: Option<&'a mut [T]>,
}

spectral_lanes::entry!(EpilogueEntry, EpilogueGradient);

impl<T: Scalar> EpilogueGradient<'_, T> {
    pub fn run(mut self) {
        let bias = self.bias.take();
        if self.g.is_empty() || (bias.is_none() && self.gy.is_none()) {
            if let Some(bias) = bias {
                bias.fill(T::of(0.0));
            }
            return;
        }
        let set = InstructionSet::current();
        let small = self.positions < SMALL_MAP;
        let images = if small { IMAGES } else { 1 };
        let parts = self.batch.div_ceil(images);
        // Each part has separate sums, so that they do not depend on the number of threads.
        let mut partial = vec![0.0; parts * self.channels];
        let sums = Shared::new(&mut partial);
        let image = self.channels * self.positions;
        for_each(parts, self.g.len() / 4, |part| {
            let images = part * images..self.batch.min((part + 1) * images);
            // SAFETY: no other task accesses this part, and it is within the partial sums.
            let sums = unsafe {
                std::slice::from_raw_parts_mut(sums.at(part * self.channels), self.channels)
            };
            with_scratch([if small { image } else { 0 }], |[total]| {
                let total = &mut total[..if small { image } else { 0 }];
                T::dispatch(
                    set,
                    Task {
                        pass: &self,
                        images,
                        total,
                        sums,
                    },
                );
            });
        });
        if let Some(bias) = bias {
            for (channel, bias) in bias.iter_mut().enumerate() {
                let sums = partial.iter().skip(channel).step_by(self.channels);
                *bias = T::of(sums.sum());
            }
        }
    }
}

struct Task<'a, T> {
    pass: &'a EpilogueGradient<'a, T>,
    images: std::ops::Range<usize>,
    /// Sums over the images if maps are small, `[channel][position]`.
    total: &'a mut [T],
    /// Per-channel sums.
    sums: &'a mut [f64],
}

impl<T: Scalar> Kernel<T> for Task<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd<T>>(self, simd: S) {
        let (channels, positions) = (self.pass.channels, self.pass.positions);
        let image = channels * positions;
        if self.total.is_empty() {
            for image in self.images {
                for channel in 0..channels {
                    let start = (image * channels + channel) * positions;
                    self.sums[channel] += self.pass.plane(simd, start, positions);
                }
            }
            return;
        }
        self.total.fill(T::of(0.0));
        for start in self.images.map(|nth| nth * image) {
            self.pass.add(simd, start, self.total);
        }
        for (sum, total) in self.sums.iter_mut().zip(self.total.chunks_exact(positions)) {
            *sum = total.iter().map(|total| total.widen()).sum();
        }
    }
}

impl<T: Scalar> EpilogueGradient<'_, T> {
    /// The gradient of up to one vector of elements from `at` on, stored if requested.
    ///
    /// # Safety
    /// The slices must hold `count` elements from `at` on.
    #[inline(always)]
    unsafe fn vector<S: Simd<T>>(&self, simd: S, at: usize, count: usize) -> S::V {
        // SAFETY: guaranteed by the caller; all slices have the same length.
        unsafe {
            let (y, g) = (self.y.as_ptr().add(at), self.g.as_ptr().add(at));
            if count == S::LANES {
                let v = self.form.gradient(simd, simd.load(y), simd.load(g));
                if let Some(to) = self.gy {
                    simd.store(to.at(at), v);
                }
                v
            } else {
                let (y, g) = (simd.load_part(y, count), simd.load_part(g, count));
                let v = self.form.gradient(simd, y, g);
                if let Some(to) = self.gy {
                    simd.store_part(to.at(at), v, count);
                }
                v
            }
        }
    }

    /// The gradient of `count` elements from `start` on, and their sum.
    #[inline(always)]
    fn plane<S: Simd<T>>(&self, simd: S, start: usize, count: usize) -> f64 {
        assert!(start + count <= self.g.len() && self.y.len() >= self.g.len());
        let mut sums = [simd.splat(T::of(0.0)); 4];
        let step = 4 * S::LANES;
        let mut at = 0;
        // SAFETY: the slices hold these elements, as asserted.
        unsafe {
            while at + step <= count {
                for n in 0..4 {
                    sums[n] = sums[n] + self.vector(simd, start + at + n * S::LANES, S::LANES);
                }
                at += step;
            }
            while at < count {
                let part = S::LANES.min(count - at);
                sums[0] = sums[0] + self.vector(simd, start + at, part);
                at += part;
            }
        }
        let mut lanes = [T::of(0.0); MAX_LANES];
        // SAFETY: the array holds the widest vector.
        unsafe {
            simd.store(
                lanes.as_mut_ptr(),
                (sums[0] + sums[1]) + (sums[2] + sums[3]),
            )
        };
        lanes[..S::LANES].iter().map(|lane| lane.widen()).sum()
    }

    /// Adds the gradient of as many elements as `total` holds, from `start` on.
    #[inline(always)]
    fn add<S: Simd<T>>(&self, simd: S, start: usize, total: &mut [T]) {
        let count = total.len();
        assert!(start + count <= self.g.len() && self.y.len() >= self.g.len());
        let mut at = 0;
        while at < count {
            let part = S::LANES.min(count - at);
            // SAFETY: the slices hold these elements, as asserted, and `total` holds `part` elements from `at` on.
            unsafe {
                let v = self.vector(simd, start + at, part);
                let to = total.as_mut_ptr().add(at);
                if part == S::LANES {
                    simd.store(to, simd.load(to) + v);
                } else {
                    simd.store_part(to, simd.load_part(to, part) + v, part);
                }
            }
            at += part;
        }
    }
}
