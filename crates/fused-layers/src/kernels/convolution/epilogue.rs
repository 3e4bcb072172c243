//! What follows a convolution's sums, bias and activation, and what its backward pass starts with.

use crate::kernels::activation::{Activation, Form};
use spectral_lanes::Scalar;
use spectral_lanes::count;
use spectral_lanes::parallel::{Shared, for_each};
use spectral_lanes::with_scratch;
use spectral_lanes::{InstructionSet, Kernel, MAX_LANES, Simd};

/// Images of a task where maps are small.
const IMAGES: usize = 16;
/// Maps of fewer positions are summed over images first, so that vectors are full.
const SMALL_MAP: usize = 64;

/// What is done to each output while it is at hand: `f(sum + bias[channel])`.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a, T> {
    /// Added to the sums, one a channel of the output.
    pub bias: Option<&'a [T]>,
    /// Applied after the bias.
    pub activation: Activation,
}

impl<T: Scalar> Epilogue<'_, T> {
    /// The sums as they are.
    pub const fn none() -> Self {
        Epilogue {
            bias: None,
            activation: Activation::Identity,
        }
    }

    /// Of one channel; none if nothing is to be done.
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

/// The epilogue of one channel.
#[derive(Clone, Copy)]
pub(crate) struct Finish<T> {
    bias: T,
    form: Form<T>,
}

impl<T: Scalar> Finish<T> {
    /// `sums`, finished if there is anything to be done.
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

/// Bias and activation, `y[b,o,n] = f(sum[b,o,n] + bias[o])`, as the backward pass sees them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelEpilogue {
    /// Entries of the batch.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// Positions of a channel.
    pub positions: usize,
    /// Applied after the bias.
    pub activation: Activation,
}

impl ChannelEpilogue {
    /// From the gradient `g` of the output `y`: the gradient of the sums, `gy = f'·g`, and its sum over images and
    /// positions, the bias' gradient. Either is optional; with the identity the first is `g`, and `y` is not read and may
    /// be empty.
    ///
    /// Panics when a slice has another length than `batch · channels · positions` or, the last, `channels`, and when the
    /// slope is negative or not finite, since the output then does not tell the argument's sign.
    pub fn adjoint<T: Scalar>(
        &self,
        y: &[T],
        g: &[T],
        gy: Option<&mut [T]>,
        bias: Option<&mut [T]>,
    ) {
        assert!(
            self.activation.is_valid(),
            "the slope of an activation must be finite and not negative, got {:?}",
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
                "the epilogue's {what} must have {expected} elements, got {got}"
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

/// The gradient before bias and activation, and its sums by channel; all of `y`, `g` and `gy` have one length.
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
        // Each part has sums of its own, so that they do not depend on the threads.
        let mut partial = vec![0.0; parts * self.channels];
        let sums = Shared::new(&mut partial);
        let image = self.channels * self.positions;
        for_each(parts, self.g.len() / 4, |part| {
            let images = part * images..self.batch.min((part + 1) * images);
            // SAFETY: no other task has this part, and the partial sums hold it.
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
    /// Sums over the images where maps are small, `[channel][position]`.
    total: &'a mut [T],
    /// By channel.
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
    /// The gradient of up to a vector of elements from `at` on, written if it is asked for.
    ///
    /// # Safety
    /// `count` elements must be there.
    #[inline(always)]
    unsafe fn vector<S: Simd<T>>(&self, simd: S, at: usize, count: usize) -> S::V {
        // SAFETY: by the caller's promise; all slices have the same length.
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
        // SAFETY: the elements are there, as asserted.
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
        // SAFETY: there is room for the widest vector.
        unsafe {
            simd.store(
                lanes.as_mut_ptr(),
                (sums[0] + sums[1]) + (sums[2] + sums[3]),
            )
        };
        lanes[..S::LANES].iter().map(|lane| lane.widen()).sum()
    }

    /// Adds the gradient of as many elements as `total` has, from `start` on.
    #[inline(always)]
    fn add<S: Simd<T>>(&self, simd: S, start: usize, total: &mut [T]) {
        let count = total.len();
        assert!(start + count <= self.g.len() && self.y.len() >= self.g.len());
        let mut at = 0;
        while at < count {
            let part = S::LANES.min(count - at);
            // SAFETY: the elements are there, as asserted, and `part` of the total from `at` on.
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
